"""The record of a bench as a file: written as it grows, and gone on with where it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from leoisac.experiment.running.bench import BenchResult, save
from leoisac.experiment.running.bench_batches import BatchResult
from leoisac.experiment.trials.provenance import machine, versions
from leoisac.foundation.config import ConfigError


@dataclass
class BenchRecord:
    """What has been measured, and the file that holds it.

    Attributes:
        path: of the file.
        batches: of fast routes by themselves.
        results: of routes side by side.
    """

    path: Path
    batches: list[BatchResult] = field(default_factory=list[BatchResult])
    results: list[BenchResult] = field(default_factory=list[BenchResult])

    def add(self, row: BatchResult | BenchResult) -> None:
        """Keep a row, in the file too: whoever is stopped loses one measurement."""
        if isinstance(row, BatchResult):
            self.batches.append(row)
        else:
            self.results.append(row)
        save(self.results, self.path, self.batches)

    def schemes_of(self, system: str) -> set[str]:
        """Schemes of a system whose fast route has been measured by itself."""
        return {row.scheme for row in self.batches if row.system == system}

    def cases_of(self, system: str, trials: int | None) -> set[str]:
        """Cases of a system that have been measured, with a given number of trials where one is given.

        Rows of older records do not say their system; names of cases tell it.
        """
        rows = (row for row in self.results if row.system in ("", system))
        return {row.case for row in rows if trials in (None, row.trials)}


def read_record(path: Path) -> BenchRecord:
    """The record of a file, to go on with; an empty one where there is no file.

    Raises:
        ConfigError: it was measured on another machine or with other versions, or is no record of a bench.
    """
    if not path.exists():
        return BenchRecord(path)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        batches = [_batch(row) for row in kept["batches"]]
        results = [_row(BenchResult, row) for row in kept["results"]]
        before, now = {**kept["machine"], **kept["versions"]}, {**machine(), **versions(("fast", "reference"))}
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"out = {str(path)!r}: is no record of a bench ({error}); name another file.") from error
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    if changed:
        what = ", ".join(f"{name} {before.get(name)} there, {now.get(name)} here" for name in changed)
        raise ConfigError(
            f"out = {str(path)!r}: was measured elsewhere ({what}); a record is gone on with where it was begun: name "
            "another file, or leave out --resume to begin anew."
        )
    return BenchRecord(path, batches, results)


def _row(kind: type[Any], row: Mapping[str, Any]) -> Any:
    return kind(**{each.name: row[each.name] for each in fields(kind) if each.name in row})


def _batch(row: Mapping[str, Any]) -> BatchResult:
    """JSON has lists for tuples, and text for sizes."""
    per_design = {int(size): seconds for size, seconds in row["per_design_s"].items()}
    return _row(BatchResult, {**row, "per_design_s": per_design, "one_s": tuple(row["one_s"])})
