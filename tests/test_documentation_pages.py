"""The documentation, as far as a test can hold it cheaply: blocks that parse, commands and names that exist, links that
lead somewhere, pages that are listed. ``make docs`` builds it, ``make docs-test`` runs every block."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import PRESETS, resolve

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def tools() -> Any:
    """The modules of docs/tools by name."""
    sys.path.insert(0, str(DOCS / "tools"))
    try:
        yield {name: importlib.import_module(name) for name in ("blocks", "pages", "truths")}
    finally:
        sys.path.remove(str(DOCS / "tools"))


def _pages() -> list[Path]:
    systems = (ROOT / "leoisac" / "systems").glob("*/README.md")
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md"), *systems]


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_blocks_parse_commands_exist_links_lead_somewhere(page: Path, tools: Any) -> None:
    blocks = tools["blocks"]
    wrong = [text for block in blocks.blocks_of(page) for text in blocks.problems_of(block)]
    assert wrong + blocks.not_given(page) + blocks.broken_links(page) == []
    compile(blocks.program_of(page), str(page), "exec")


def test_blocks_use_what_their_page_defines(tmp_path: Path, tools: Any) -> None:
    for page in _pages():
        file = tmp_path / "_".join(page.relative_to(ROOT).with_suffix(".py").parts)
        file.write_text(tools["blocks"].python_of(page), "utf-8")
    look = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", "--output-format", "concise"]
    found = subprocess.run([*look, str(tmp_path)], capture_output=True, text=True, check=False)
    assert found.stdout.splitlines()[-1] == "All checks passed!", found.stdout


def test_lines_of_blocks_fit_a_page(tools: Any) -> None:
    """What a page on a laptop shows of a line; the rest is clipped."""
    widest = 92
    long = [
        f"{page.relative_to(ROOT).as_posix()}:{number}: {len(line)} characters, at most {widest}"
        for page in _pages()
        for block in tools["blocks"].blocks_of(page)
        for number, line in enumerate(block.text.splitlines(), block.line + 1)
        if len(line) > widest
    ]
    assert long == []


def test_what_is_wrong_with_a_block_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: Any) -> None:
    blocks = tools["blocks"]
    monkeypatch.setattr(blocks, "ROOT", tmp_path)
    (tmp_path / "Makefile").write_text("demo:\n")
    page = tmp_path / "page.md"
    parts = [
        "```python\nli.dessign(1)\n```",
        "```python\nfor\n```",
        "```sh\nleoisac runn x\nleoisac run x --trial 3\n```",
    ]
    parts += [
        "```sh\nmake demmo\nfoo\n```",
        "```toml\na = \n```",
        "[x](nowhere.md) [y](page.md#none) [z](#a-b)",
        "# A b",
    ]
    page.write_text("\n\n".join(parts))
    wrong = [text.partition(": ")[2] for block in blocks.blocks_of(page) for text in blocks.problems_of(block)]
    assert wrong[0] == "leoisac has no `dessign`"
    assert wrong[2:6] == [
        "leoisac has no verb `runn`",
        "leoisac run has no option --trial",
        "make has no target `demmo`",
        "`foo`: is no command that these pages know",
    ]
    assert len(wrong) == 7
    assert blocks.broken_links(page) == ["page.md: nowhere.md", "page.md: page.md#none"]


def test_folders_that_blocks_read_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: Any) -> None:
    blocks = tools["blocks"]
    monkeypatch.setattr(blocks, "ROOT", tmp_path)
    (tmp_path / "scenarios").mkdir()
    page = tmp_path / "page.md"
    given = '<!-- docs-test: given\nshutil.copytree(ROOT / "scenarios", "scenarios") -->\n'
    read = "```sh\nleoisac run ./scenarios/x.toml  # as others/y\nmake x  # scenarios/\n```\n"
    ours = '```python\nli.load("scenarios/x.toml")\nli.load("mine/x.toml")\n```\n'
    for text, wrong in ((read, [1]), (ours, [1]), (given + read + ours, []), (read + given + ours, [1])):
        page.write_text(text)
        assert blocks.not_given(page) == [f"page.md:{line}: scenarios is not given" for line in wrong]
    for before in ("<!-- docs-test: read, long -->\n" + given + ours, given + "```toml\n```\n"):
        page.write_text(before + "\n" + read)
        assert len(blocks.not_given(page)) == 1  # what is not run gives nothing


def test_comments_before_a_block_say_how_it_runs(tmp_path: Path, tools: Any) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- docs-test: read, long -->\n```sh\nleoisac list\n```\n\n<!-- docs-test: given\nx = 'a \"b' -->\n"
        "<!-- docs-test: with --trials 2 -->\n```sh\nleoisac run a > b  # c\nleoisac list\npip install x\n```\n"
    )
    first, second = tools["blocks"].blocks_of(page)
    assert first.is_read_only
    assert (second.given, second.more) == ("x = 'a \"b'", ("--trials", "2"))
    assert list(tools["blocks"]._runnable(second)) == ["run a --trials 2 > b", "list"]


def test_a_page_that_hangs_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: Any) -> None:
    blocks = tools["blocks"]
    monkeypatch.setattr(blocks, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```python\nimport time\n\ntime.sleep(1000)\n```\n")
    went, output, _ = blocks.run_page(page, 1.0)
    assert not went
    assert output.endswith("\nended after 1 s")


def test_every_page_is_listed() -> None:
    text = "\n".join(page.read_text("utf-8") for page in DOCS.glob("*.md"))
    trees = "\n".join(re.findall(r"```\{toctree\}(.*?)```", text, re.DOTALL))
    listed = re.findall(r"^([\w-]+)$", trees, re.MULTILINE)
    assert sorted(listed) == sorted({page.stem for page in DOCS.glob("*.md")} - {"index"})
    assert "generated/systems/*" in trees


def test_pages_that_follow_from_the_code_can_be_written(tools: Any) -> None:
    pages = tools["pages"]
    assert set(pages.glance()) <= set(catalogue.systems())
    for name in pages.glance():
        page = pages.system_page(catalogue.find(name))
        for word in [*(scheme.name for scheme in catalogue.find(name).schemes), *catalogue.find(name).metrics]:
            assert f"`{word}`" in page
    named = "\n".join(pages.api_pages().values())
    for name in set(li.__all__) - {"__version__", "systems", "terms"}:
        assert re.search(rf"\.{name}$", named, re.MULTILINE) or f".{name}\n" in named, name


@pytest.mark.parametrize("name", ["choosing", "validation"])
def test_tables_of_pages_are_those_of_the_code(name: str, tools: Any) -> None:
    """So that they can be read in a clone, without a build."""
    page = (DOCS / f"{name}.md").read_text("utf-8")
    assert tools["pages"].with_table(page, name, tools["pages"].tables()[name]) == page, "python docs/tools/pages.py"


def test_outside_values_are_within_their_tolerance(tools: Any) -> None:
    assert all(near for _, _, near in tools["truths"].rows())


def test_the_gallery_shows_figures_that_there_are() -> None:
    for note in (DOCS / "gallery").glob("*/*.json"):
        system = catalogue.find(note.parent.name)
        assert system.figure(note.stem) in resolve(system.figures)
        told = json.loads(note.read_text("utf-8"))
        assert told["preset"] in (*PRESETS, "closed form")
        assert set(told["trials"]) == set(system.figure(note.stem).studies)
        assert note.with_suffix(".png").stat().st_size < 200_000


def test_one_version_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_cards_of_the_systems_carry_the_names_of_the_rows(tools: Any) -> None:
    """On a phone the table of all systems is a card for each, labelled by the style sheet."""
    pages, style = tools["pages"], (DOCS / "_static" / "site.css").read_text("utf-8")
    labels = dict(re.findall(r'tr:nth-child\((\d+)\) td::before \{ content: "([^"]+)"; \}', style))
    assert labels == {str(row): pages.GLANCE_TITLES[key] for row, key in enumerate(pages.GLANCE, 1)}
    orders = re.findall(r":is\(th, td\):nth-child\((\d+)\) \{ order: (\d+); \}", style)
    assert [(column, column) for column, _ in orders] == orders
    assert len(orders) > len(pages.glance()), "columns from the second on"
    for name, row in pages.glance().items():
        assert set(row) == set(pages.GLANCE), name


def test_at_a_glance_names_schemes_that_there_are(tools: Any) -> None:
    """Every scheme, route and field that it names exists, and rivals on equal terms enforce the same."""
    glance = tools["pages"].glance()
    equal = {
        "self-backhaul": ("pa1", ["tdma-fair"]),
        "bistatic-rsma": ("rsma-noradar", ["sdma-noradar", "rsma-radar-sic"]),
        "coexistence": ("proposed", ["rzf-eps", "zf-eps"]),
        "otfs-rsma": (
            "no-common-floor",
            ["sdma", "full-load-sdma", "full-load-noma", "full-load-oma", "full-load-rsma"],
        ),
    }
    for name, row in glance.items():
        system = catalogue.find(name)
        schemes = {scheme.name: scheme for scheme in system.schemes}
        fields = {*type(system.config()).model_fields, *system.metrics}
        for word in re.findall(r"`([^`…]+)`", row["begin"] + row["rivals"] + row["knows"] + row["constraints"]):
            scheme, _, route = word.partition(":")
            if word.startswith(":") or word in fields:
                continue
            assert scheme in schemes, f"{name}: {word}"
            assert not route or route in schemes[scheme].routes, f"{name}: {word}"
        ours, rivals = equal[name]
        for rival in rivals:
            assert set(schemes[rival].enforces) == set(schemes[ours].enforces), (ours, rival)
            assert f"`{rival}`" in row["rivals"] + row["begin"]
    weak = catalogue.find("self-backhaul").scheme("ibs-aware").enforces
    assert "min_rate" not in weak, "then the page must not say that it does not promise the least rate"
