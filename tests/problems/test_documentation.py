"""The page on stating problems: its program runs and prints what it says, its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leoisac as li
import leoisac.problems

PAGE = (Path(__file__).parents[2] / "docs" / "problems.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_the_tables_have_every_term_and_every_kind() -> None:
    named = set(re.findall(r"`(\w+)\(", _section("Terms")))
    assert named >= set(li.terms.__all__) - {"RsmaRates"}
    kinds = set(re.findall(r"^\| `(\w+)\(", _section("Variables"), re.MULTILINE))
    assert kinds == {name for name in leoisac.problems.__all__ if name[0].isupper()} - {"Problem", "ProblemError"}
    statuses = set(re.findall(r"`([A-Z_]+)`", _section("What comes back")))
    assert statuses == {status.name for status in li.Status}


@pytest.mark.further
def test_the_first_program_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    program = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    names: dict[str, Any] = {}
    exec(program, names)
    said, rate, price = (line.split() for line in capsys.readouterr().out.splitlines())
    assert " ".join(said) in program
    assert round(float(rate[0]), 2) == float(re.findall(r"# ([\d.]+) bit/s/Hz;", program)[0])
    assert round(float(price[0]), 2) == float(re.findall(r"# ([\d.]+) bit/s/Hz for another W", program)[0])
    solution, data = names["solution"], names["data"]
    more = li.solve(names["problem"], {**data, "power": data["power"] + 0.01})
    slope = (more.objective - solution.objective) / 0.01
    np.testing.assert_allclose(slope, solution.multipliers["power"], rtol=3e-3)
