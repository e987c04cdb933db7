"""Tables of verdicts in the systems' READMEs, from docs/verdicts/SYSTEM.json.

    leoisac verify SYSTEM --runs runs/gallery/paper --to docs/verdicts/SYSTEM.json
    python docs/tools/verdicts.py            # writes what was measured, verdicts and trials into the READMEs' tables
    python docs/tools/verdicts.py --check    # says which rows are not those of the files

Words of a claim stay as the README has them; a claim that its table lacks is added below. Claims without a verdict in
the file keep their row.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from leoisac.experiment.reporting.verdict_files import VerdictRow, cell_text, read_verdicts

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "verdicts"
_MEASURED = ("ours", "measured", "here")
_TRIALS = ("drops", "trials", "draws")


def readme_of(system: str) -> Path:
    """The README of a system."""
    return ROOT / "leoisac" / "systems" / system.replace("-", "_") / "README.md"


def updated(text: str, rows: Sequence[VerdictRow]) -> str:
    """A README with the rows of its table of claims as the verdicts are; as it is where it has no such table."""
    lines = text.splitlines()
    head = next((at for at, line in enumerate(lines) if re.match(r"\|\s*claim\s*\|", line)), None)
    if head is None:
        return text
    end = next((at for at in range(head, len(lines)) if not lines[at].startswith("|")), len(lines))
    titles = _cells(lines[head])
    known = {row.claim: row for row in rows}
    for at in range(head + 2, end):
        cells = _cells(lines[at])
        row = known.pop(cells[0].split()[0].strip("`*"), None)
        if row is not None:
            lines[at] = _line(titles, cells, row)
    for row in known.values():
        blank = [f"{row.claim} {row.statement}", row.published, *("" for _ in titles[2:])]
        lines.insert(end, _line(titles, [cell_text(cell) for cell in blank], row))
        end += 1
    return "\n".join(lines) + ("\n" if text.endswith("\n") else "")


def _line(titles: Sequence[str], cells: Sequence[str], row: VerdictRow) -> str:
    made = list(cells)
    has_trials = any(title in _TRIALS for title in titles)
    for at, title in enumerate(titles):
        if title in _MEASURED:
            made[at] = cell_text(row.measured)
        elif title == "verdict":
            made[at] = row.verdict if has_trials or not row.trials else f"{row.verdict} ({row.trials})"
        elif title in _TRIALS:
            made[at] = str(row.trials) if row.trials else "–"
    return "| " + " | ".join(made) + " |"


def _cells(line: str) -> list[str]:
    """Cells of a row; a bar behind a backslash is text."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def main() -> int:
    """Update, or check, all READMEs that have a file of verdicts."""
    wrong: list[str] = []
    for file in sorted(FOLDER.glob("*.json")):
        readme = readme_of(file.stem)
        before = readme.read_text("utf-8")
        after = updated(before, read_verdicts(file))
        if after == before:
            continue
        wrong.append(readme.relative_to(ROOT).as_posix())
        if "--check" not in sys.argv[1:]:
            readme.write_text(after, "utf-8")
    print("\n".join(wrong) or "all tables agree with their files")
    return 1 if wrong and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
