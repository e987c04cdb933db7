"""Fuzz the scenario loader: ``python benchmarks/fuzz_scenarios.py [--cases 10000] [--seed 0] [--system NAME]``.

Every case is a scenario file with something wrong, odd or extreme in it. The loader must answer with a scenario that
can be run, or with a message that a person can use. Everything else is a finding, printed with the file that caused it.
"""

from __future__ import annotations

import argparse
import collections
import functools
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "experiment"))

import scenario_fuzz as fuzz  # pyright: ignore[reportMissingImports]

from leoisac import catalogue

SLOW_S = 3.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--system", action="append", help="default: all that are installed")
    chosen = parser.parse_args()
    names = chosen.system or catalogue.systems()
    fuzz.harsh = True
    book = _Book()
    for number, name in enumerate(names):
        system = catalogue.find(name)
        written = st.one_of(fuzz.scenarios(system).map(fuzz.file_text), fuzz.texts(system))
        with tempfile.TemporaryDirectory() as folder:
            _many(
                functools.partial(book.examine, name, Path(folder) / "case.toml"), written, chosen, number, len(names)
            )
    return book.report()


class _Book:
    """Counts and findings."""

    def __init__(self) -> None:
        self._findings: dict[str, str] = {}
        self._counts: collections.Counter[str] = collections.Counter()
        self._slowest = (0.0, "")

    def examine(self, name: str, file: Path, text: str) -> None:
        start = time.process_time()
        try:
            item = fuzz.load(text, file)
            if item is not None:
                fuzz.check_accepted(item)
            self._counts[f"{name}: {'refused' if item is None else 'accepted'}"] += 1
        except Exception as error:
            self._counts[f"{name}: FINDING"] += 1
            self._findings.setdefault(_place(error), f"{type(error).__name__}: {str(error)[:600]}\n{text[:3000]}")
        self._slowest = max(self._slowest, (time.process_time() - start, text))

    def report(self) -> int:
        for place, text in self._findings.items():
            print(f"--- {place}\n{text}\n")
        for name, count in sorted(self._counts.items()):
            print(f"{name}: {count}")
        if self._slowest[0] > SLOW_S:
            print(f"--- slowest case\n{self._slowest[1][:3000]}\n")
        print(f"{len(self._findings)} kinds of findings; slowest case {self._slowest[0]:.2f} s of processor time")
        return 1 if self._findings else 0


def _many(examine: Any, written: st.SearchStrategy[str], chosen: argparse.Namespace, number: int, parts: int) -> None:
    settings = hypothesis.settings(
        max_examples=chosen.cases // parts,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),  # pyright: ignore[reportArgumentType]
    )

    def case(text: str) -> None:
        examine(text)

    hypothesis.seed(chosen.seed + number)(settings(hypothesis.given(written)(case)))()


def _place(error: Exception) -> str:
    """Innermost line of the package or of the checks that raised."""
    import traceback

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    last = frames[-1]
    return f"{Path(last.filename).name}:{last.lineno} {type(error).__name__}"


if __name__ == "__main__":
    sys.exit(main())
