"""Verdicts as files: what is kept, and that the tables of READMEs are those of the files."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from leoisac import catalogue, cli
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.errors import StoreError
from leoisac.experiment.reading.verdicts import LEAST_TRIALS
from leoisac.experiment.reporting.verdict_files import VerdictRow, markdown, merged, read_verdicts, write_verdicts
from leoisac.experiment.running.campaign import run_studies
from leoisac.experiment.scenario.scenarios import study_scenario

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "docs" / "verdicts").glob("*.json"))
ROW = VerdictRow("T-1", "Best.", "yes", "1.0 [0.9, 1.1]", "reproduced", 100, "above 0", ("power",), "0.2.0")


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "tools"))
    return importlib.import_module("verdicts")


def call(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, [str(item) for item in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.output


def test_a_verdict_is_never_replaced_by_too_few_trials() -> None:
    poor = replace(ROW, verdict="insufficient", measured="3 of 100", trials=3)
    other = replace(ROW, verdict="partly", measured="0.5")
    assert merged([ROW], [poor]) == [ROW]
    assert merged([ROW], [other]) == [other]
    assert merged([poor], [replace(poor, trials=7)]) == [replace(poor, trials=7)]
    assert merged([ROW], []) == []


def test_files_read_back_and_others_are_refused(tmp_path: Path) -> None:
    poor = replace(ROW, claim="T-2", verdict="insufficient")
    write_verdicts(tmp_path / "a.json", "toy", [ROW, poor])
    assert read_verdicts(tmp_path / "a.json") == [ROW]
    for number, text in enumerate(("", "[]", '{"schema": 9, "verdicts": []}', '{"schema": 1, "verdicts": [{}]}')):
        (tmp_path / f"{number}.json").write_text(text)
        with pytest.raises(StoreError, match="is no file of verdicts"):
            read_verdicts(tmp_path / f"{number}.json")
    table = markdown([replace(ROW, measured="a | b")])
    assert table.splitlines()[2] == "| T-1 Best. | yes | a \\| b | reproduced | 100 | above 0 |"


def test_the_command_writes_and_continues(toy: System, tmp_path: Path) -> None:
    study = study_scenario(toy, toy.study("power").preset("paper"))
    run_studies(toy, {"power": study}, tmp_path / "runs" / "power")
    target = tmp_path / "new" / "toy.json"
    arguments = ("verify", "toy-downlink", "--runs", tmp_path / "runs", "--to", target)
    assert "Verdicts: " in call(*arguments)
    (row,) = read_verdicts(target)  # the other claim has no data, and hence no verdict
    assert (row.claim, row.verdict) == ("T-1", "reproduced")
    call("verify", "toy-downlink", "--runs", tmp_path / "none", "--to", target)
    assert read_verdicts(target) == [row]
    call("verify", "toy-downlink", "--runs", tmp_path / "runs", "--to", tmp_path / "toy.md")
    assert "| T-2 More users, more rate. |" in (tmp_path / "toy.md").read_text()
    assert "must end in .json or .md" in call("verify", "toy-downlink", "--to", "toy.txt", code=2)
    assert "verdicts of one system" in call("verify", "toy-downlink", "otfs-rsma", "--to", tmp_path / "x.json", code=2)
    target.write_text(target.read_text().replace('"toy-downlink"', '"another"'))
    before = target.read_text()
    assert "has the verdicts of another" in call(*arguments, code=2)
    assert target.read_text() == before
    target.write_text("{}")
    assert "is no file of verdicts" in call(*arguments, code=2)


def test_tables_take_what_the_file_says(tables: Any) -> None:
    text = "# T\n\n| claim | published | ours | verdict | drops |\n| --- | --- | --- | --- | --- |\n"
    text += "| T-1 best, in our words | yes | old \\| x | partly | 3 |\n| T-9 kept | no | 1 | partly | 4 |\n\nEnd.\n"
    made = tables.updated(text, [ROW, replace(ROW, claim="T-2", trials=0)])
    assert made.splitlines()[4:7] == [
        "| T-1 best, in our words | yes | 1.0 [0.9, 1.1] | reproduced | 100 |",
        "| T-9 kept | no | 1 | partly | 4 |",
        "| T-2 Best. | yes | 1.0 [0.9, 1.1] | reproduced | – |",
    ]
    assert tables.updated(made, [ROW, replace(ROW, claim="T-2", trials=0)]) == made
    assert made.endswith("|\n\nEnd.\n")
    narrow = "| claim | published | measured | verdict |\n| --- | --- | --- | --- |\n| T-1 | yes | x | partly (3) |\n"
    assert tables.updated(narrow, [ROW]).endswith("| T-1 | yes | 1.0 [0.9, 1.1] | reproduced (100) |\n")
    assert tables.updated("no table\n", [ROW]) == "no table\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_readmes_have_the_verdicts_of_the_files(file: Path, tables: Any) -> None:
    system, rows = catalogue.find(file.stem), read_verdicts(file)
    assert {row.claim for row in rows} <= {claim.name for claim in resolve(system.claims)}
    for row in rows:  # how many trials a claim wants is of those that are run; verdicts are over common usable ones
        assert row.verdict != "insufficient", row.claim
        assert not row.studies or row.trials >= LEAST_TRIALS, row.claim
    readme = tables.readme_of(file.stem).read_text("utf-8")
    assert tables.updated(readme, rows) == readme, "run python docs/tools/verdicts.py"
