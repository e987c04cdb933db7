"""The verb bench: fast routes by themselves, and what it keeps of them."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from typer.testing import CliRunner

from leoisac import catalogue, cli
from leoisac.cli.bench import _with_case  # pyright: ignore[reportPrivateUsage]
from leoisac.experiment.contracts import BenchCase, resolve
from leoisac.experiment.running.bench import BenchResult, save
from leoisac.experiment.running.bench_batches import bench_batches
from leoisac.experiment.running.bench_record import read_record
from leoisac.foundation.config import ConfigError
from leoisac.plots.bench import draw_bench

TOY = catalogue.find("toy-downlink")


def test_fast_routes_by_themselves(tmp_path: Path) -> None:
    out, picture = tmp_path / "bench.json", tmp_path / "bench.png"
    arguments = ["bench", TOY.name, "--batches", "--longest", "1", "--out", str(out), "--plot", str(picture)]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 0, result.output
    kept = json.loads(out.read_text(encoding="utf-8"))
    assert kept["machine"]["processor"]
    assert [row["scheme"] for row in kept["batches"]] == [scheme.name for scheme in TOY.schemes]
    assert all(scheme.name in result.output for scheme in TOY.schemes)
    for row in kept["batches"]:
        p50, p90, p99 = row["one_s"]
        assert 0.0 < p50 <= p90 <= p99
        assert {int(size) for size in row["per_design_s"]} >= {1, 64}
    assert matplotlib.image.imread(picture).std() > 0.0


def _case(system: str, trials: int) -> BenchResult:
    numbers: dict[str, Any] = {each.name: 1.0 for each in fields(BenchResult) if each.type == "float"}
    counts: dict[str, Any] = dict.fromkeys(("trials", "fast_trials", "best_of"), trials)
    return BenchResult(case="a case", rival="another", sizes={"user": 2}, starts="", system=system, **numbers, **counts)


def test_a_record_is_gone_on_with(tmp_path: Path) -> None:
    """Only the scheme that is missing is measured; rows that are there stay as they are."""
    out = tmp_path / "bench.json"
    first, *others = [scheme.name for scheme in TOY.schemes if "fast" in scheme.routes]
    record = read_record(out)
    for row in bench_batches(TOY, schemes=others, batches=(1, 64)):
        record.add(row)
    record.add(_case(TOY.name, trials=4))
    before = json.loads(out.read_text(encoding="utf-8"))
    again = read_record(out)
    assert (again.batches, again.results) == (record.batches, record.results)
    assert again.cases_of(TOY.name, None) == again.cases_of(TOY.name, 4) == {"a case"}
    assert again.cases_of(TOY.name, 5) == again.cases_of("another", None) == set()
    arguments = ["bench", TOY.name, "--batches", "--longest", "1", "--out", str(out)]
    result = CliRunner().invoke(cli.app, [*arguments, "--resume"])
    assert result.exit_code == 0, result.output
    after = json.loads(out.read_text(encoding="utf-8"))
    assert after["batches"][: len(others)] == before["batches"]
    assert [row["scheme"] for row in after["batches"][len(others) :]] == [first]
    assert after["results"] == before["results"]


def test_a_record_of_another_machine_is_not_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    save([], out)
    kept = json.loads(out.read_text(encoding="utf-8"))
    kept["machine"]["processor"] = "abacus"
    out.write_text(json.dumps(kept), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"processor abacus there.*name another file"):
        read_record(out)
    out.write_text("[]", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no record of a bench"):
        read_record(out)


def test_cases_are_found_in_any_system() -> None:
    every = [catalogue.find(name) for name in catalogue.systems()]
    assert _with_case(every, "pa1") == ["self-backhaul"]
    assert _with_case(every, "") == [system.name for system in every if system.benches]
    with pytest.raises(ConfigError, match=r"(?s)--case nosuch: no case has this.*\n  self-backhaul: PA1, M = 8, 3x3; "):
        _with_case(every, "nosuch")
    alone = dataclasses.replace(TOY, benches="")
    with pytest.raises(ConfigError, match="has no scheme with both a fast and a reference route"):
        _with_case([alone], "")


def test_what_takes_too_long_is_left_out() -> None:
    (row,) = bench_batches(TOY, schemes=["equal"], batches=(1, 64, 10**9), longest_s=5.0)
    assert set(row.per_design_s) == {1, 64}
    assert row.starts == ""
    assert row.p99_shortfall is None


@pytest.mark.parametrize("name", [name for name in catalogue.systems() if catalogue.find(name).benches])
def test_cases_say_what_they_are_measured_against(name: str) -> None:
    system = catalogue.find(name)
    cases: tuple[BenchCase, ...] = resolve(system.benches)
    for case in cases:
        assert case.route in system.scheme(case.scheme).routes
        assert len(case.rival) > len("reference"), f"{case.name}: say in words what the route `{case.route}` is"


def test_ratios_are_drawn_as_they_are(tmp_path: Path) -> None:
    cases = [{"case": name, "rival": "another", "ratio": ratio} for name, ratio in (("a", 100.0), ("b", 1e4))]
    draw_bench([], cases, tmp_path / "ratios.png")
    image = matplotlib.image.imread(tmp_path / "ratios.png")[..., :3]
    blue = (np.abs(image - np.array([0x00, 0x72, 0xB2]) / 255) < 0.02).all(axis=2)
    lengths = sorted({int(row.sum()) for row in blue if row.sum() > 20})
    assert lengths[-1] / lengths[0] == pytest.approx(2.0, rel=0.05)  # logarithms from 1
