"""Draws the gallery: every figure of every system, its numbers as CSV, and what becomes of the claims that it serves.

    python docs/tools/gallery.py --preset quick                 # all figures whose studies run by fast routes
    python docs/tools/gallery.py --preset paper --workers 2     # full statistics; run it again and it continues
    python docs/tools/gallery.py --preset paper --slow          # those that need published and reference routes
    python docs/tools/gallery.py --only otfs-rsma/fading

Results lie in ``runs/gallery/PRESET/SYSTEM``, a store that is continued. Pictures, numbers and a note of what they are
go to ``docs/gallery/SYSTEM``; pages are built from these alone. Nothing of higher statistics is replaced by less.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import PAPER, PRESETS, QUICK, Figure, System, resolve
from leoisac.experiment.reading.statistics import summary
from leoisac.experiment.reporting.claims import check_claims
from leoisac.experiment.running import campaign
from leoisac.experiment.running.placement import placement
from leoisac.experiment.scenario.scenarios import study_scenario

GALLERY = Path(__file__).parents[1] / "gallery"
SLOW_ROUTES = {"published", "reference", "ga", "ga-sensing"}
MOST_ROWS = 400
"""Rows of a CSV: of larger results (maps, many entries of an axis) the gallery keeps the picture."""


def figures() -> Iterator[tuple[System, Figure]]:
    """Every figure of the systems that leoisac brings."""
    for name in catalogue.systems():
        system = catalogue.find(name)
        for figure in resolve(system.figures):
            yield system, figure


def is_slow(system: System, figure: Figure, preset: str) -> bool:
    """Whether it takes a route that costs seconds to minutes a trial."""
    entries = [entry for name in figure.studies for entry in system.study(name).preset(preset).schemes]
    return any(entry.partition(":")[2] in SLOW_ROUTES for entry in entries)


def draw(system: System, figure: Figure, preset: str, runs: Path, workers: int | None) -> None:
    """Compute what is missing of a figure's studies, and write picture, numbers and note."""
    began, spent = time.time(), time.process_time()
    datasets: dict[str, Any] = {}
    if figure.studies:
        studies = {
            name: study_scenario(system, system.study(name).preset(preset), {}, seed=0) for name in figure.studies
        }
        place = placement(workers, None, catalogue.find_with, catalogue.plugin_files(), None, None, None, None)
        datasets = campaign.run_studies(system, studies, runs / preset / system.name, place=place)
    folder = GALLERY / system.name
    folder.mkdir(parents=True, exist_ok=True)
    drawn = li.figure(system.name, figure.name, datasets)
    _save(drawn, folder / f"{figure.name}.png")
    rows = [row for name, dataset in datasets.items() for row in _numbers(system, name, dataset)]
    target = folder / f"{figure.name}.csv"
    target.unlink(missing_ok=True)
    if rows:
        _write(target, rows)
    note = {
        "preset": preset if datasets else "closed form",
        "caption": drawn.get_label() or "",
        "trials": {name: _trials(dataset) for name, dataset in datasets.items()},
        "version": li.__version__,
        "processor_seconds": round(time.process_time() - spent, 1),
        "claims": _claims(system, figure, datasets),
    }
    (folder / f"{figure.name}.json").write_text(json.dumps(note, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{system.name}/{figure.name}: {time.time() - began:.0f} s", flush=True)


def _save(drawn: Any, path: Path) -> None:
    """A picture of at most 256 colours: a third of the size, and nothing of it is lost to the eye."""
    from io import BytesIO

    from PIL import Image

    raw = BytesIO()
    drawn.savefig(raw, format="png", dpi=130)
    raw.seek(0)
    Image.open(raw).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def _numbers(system: System, study: str, dataset: Any) -> list[dict[str, Any]]:
    """Means with intervals of the number that the study's table shows, and of what stands beside it."""
    rows: list[dict[str, Any]] = []
    for metric in dict.fromkeys((system.headline_of(study), *system.beside)):
        if metric not in dataset:
            continue
        view = {} if metric == system.headline_of(study) else {"view": "all"}
        table = summary(dataset, metric, **view).to_dataframe().reset_index()
        wanted = [name for name in table.columns if name not in ("scheme_label",)]
        for entry in table[wanted].to_dict("records"):
            values = {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in entry.items()}
            rows.append({"study": study, "metric": metric, **values})
    return rows if len(rows) <= MOST_ROWS else []


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _claims(system: System, figure: Figure, datasets: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Verdicts on the claims that rest on this figure's studies alone."""
    wanted = {claim.name for claim in resolve(system.claims) if claim.studies and set(claim.studies) <= set(datasets)}
    return [
        {
            "claim": result.claim.name,
            "statement": result.claim.statement,
            "published": result.claim.published,
            "ours": result.measured,
            "verdict": result.verdict.outcome,
        }
        for result in check_claims(system, datasets)
        if result.claim.name in wanted
    ]


def _trials(dataset: Any) -> int:
    return int((dataset["status"] >= 0).sum("trial").max())


def _has_more(system: System, figure: Figure, preset: str) -> bool:
    """Whether the gallery shows the figure at full statistics, which a quick run does not replace."""
    note = GALLERY / system.name / f"{figure.name}.json"
    return preset == QUICK and note.is_file() and json.loads(note.read_text("utf-8"))["preset"] == PAPER


def main() -> int:
    """Draw what the command line asks for; a figure that fails is named, and the others go on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default=QUICK)
    parser.add_argument("--slow", action="store_true", help="figures with published and reference routes, instead")
    parser.add_argument("--only", action="append", metavar="SYSTEM/FIGURE", default=[])
    parser.add_argument("--workers", type=int)
    parser.add_argument("--runs", type=Path, default=Path("runs") / "gallery")
    options = parser.parse_args()
    failed: list[str] = []
    for system, figure in figures():
        name = f"{system.name}/{figure.name}"
        chosen = name in options.only if options.only else is_slow(system, figure, options.preset) == options.slow
        if not chosen or _has_more(system, figure, options.preset):
            continue
        try:
            draw(system, figure, options.preset, options.runs, options.workers)
        except Exception as error:
            failed.append(name)
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    import matplotlib as mpl

    mpl.use("Agg")
    sys.exit(main())
