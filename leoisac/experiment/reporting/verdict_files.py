"""Verdicts as files: JSON that is kept beside a system's documentation, and a Markdown table for people.

A file is continued. A verdict is replaced by a newer one, never by "too few trials": stores come and go, and what they
once showed still stands, with the version and the number of trials that it is of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from leoisac.experiment.errors import StoreError
from leoisac.experiment.reporting.claims import INSUFFICIENT, ClaimResult

SCHEMA = 1
FORMATS = (".json", ".md")


@dataclass(frozen=True)
class VerdictRow:
    """What became of one published claim.

    Attributes:
        claim, statement, published: what was published.
        measured: what was found, in words and numbers.
        verdict: one of the outcomes (``contracts.OUTCOMES``).
        trials: on which it rests; 0 where it needs none.
        criterion: what it takes to be reproduced.
        studies: that it reads.
        version: of leoisac, which judged.
    """

    claim: str
    statement: str
    published: str
    measured: str
    verdict: str
    trials: int
    criterion: str
    studies: tuple[str, ...]
    version: str


def rows_of(results: Sequence[ClaimResult], version: str) -> list[VerdictRow]:
    """A row per claim, those without a verdict included."""
    return [
        VerdictRow(
            *(item.claim.name, item.claim.statement, item.claim.published, item.measured),
            *(item.verdict.outcome, item.verdict.trials, item.verdict.criterion, item.claim.studies, version),
        )
        for item in results
    ]


def merged(old: Sequence[VerdictRow], new: Sequence[VerdictRow]) -> list[VerdictRow]:
    """The new rows, and the old verdict of a claim that now has too few trials; claims that are gone are left out."""
    before = {row.claim: row for row in old if row.verdict != INSUFFICIENT}
    return [before.get(row.claim, row) if row.verdict == INSUFFICIENT else row for row in new]


def read_verdicts(file: Path, system: str | None = None) -> list[VerdictRow]:
    """The rows of a JSON file, which must be of ``system`` where that is given.

    Raises:
        StoreError: if it is none of these files, or that of another system.
    """
    try:
        data: Any = json.loads(file.read_text("utf-8"))
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {data['schema']!r} and not {SCHEMA}")
        of, rows = data.get("system"), [_row(row) for row in data["verdicts"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{file}: is no file of verdicts ({error}); move it away, or name another one.") from None
    if system is not None and of != system:
        raise StoreError(f"{file}: has the verdicts of {of}, and {system} would take their place; name another file.")
    return rows


def _row(data: dict[str, Any]) -> VerdictRow:
    fields: dict[str, Any] = {**data, "studies": tuple(data["studies"])}
    return VerdictRow(**fields)


def write_verdicts(file: Path, system: str, rows: Sequence[VerdictRow]) -> None:
    """Write JSON, or Markdown where the name ends in ``.md``. Only claims with a verdict are kept in JSON."""
    if file.suffix == ".md":
        text = markdown(rows)
    else:
        kept = [asdict(row) for row in rows if row.verdict != INSUFFICIENT]
        data: Mapping[str, Any] = {"schema": SCHEMA, "system": system, "verdicts": kept}
        text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def markdown(rows: Sequence[VerdictRow]) -> str:
    """A table: claim, published, measured, verdict, trials and criterion."""
    titles = ("claim", "published", "here", "verdict", "trials", "reproduced if")
    lines = ["| " + " | ".join(titles) + " |", "| " + " | ".join("---" for _ in titles) + " |"]
    for row in rows:
        cells = (f"{row.claim} {row.statement}", row.published, row.measured, row.verdict, str(row.trials or "–"))
        lines.append("| " + " | ".join(cell_text(cell) for cell in (*cells, row.criterion)) + " |")
    return "\n".join(lines) + "\n"


def cell_text(text: str) -> str:
    """Text as it may stand in a cell."""
    return " ".join(text.split()).replace("|", "\\|")
