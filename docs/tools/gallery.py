"""Draws the gallery: every figure of every system, its numbers as CSV, and what becomes of the claims that it serves.

    python docs/tools/gallery.py --preset quick                 # all figures whose studies run by fast routes
    python docs/tools/gallery.py --preset paper --workers 2     # full statistics; run it again and it continues
    python docs/tools/gallery.py --preset paper --slow          # those that need published and reference routes
    python docs/tools/gallery.py --preset paper --estimate      # what each would take, measured on a few trials
    python docs/tools/gallery.py --only otfs-rsma/fading
    python docs/tools/gallery.py --preset paper --draw-only     # of what is stored; nothing is computed

Results lie in ``runs/gallery/PRESET/SYSTEM``, a store that is continued: an interrupted run loses the blocks in hand.
Pictures, the numbers that they draw (``FIGURE.csv``), means of their studies (``FIGURE.means.csv``) and a note of what
they are go to ``docs/gallery/SYSTEM``; pages are built from these alone. Figures come in the order of what they cost
(``docs/gallery/costs.json``, which ``--estimate`` writes), so that a run that is cut short leaves as many pictures as
it can. Nothing of higher statistics is replaced by less, and a picture that is up to date is not drawn again.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import drawn_numbers
import gallery_costs

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import PAPER, PRESETS, QUICK, Figure, System, resolve
from leoisac.experiment.errors import StoreError
from leoisac.experiment.reading.progress import store_state
from leoisac.experiment.reading.statistics import summary, trials_run
from leoisac.experiment.reading.studies import open_studies
from leoisac.experiment.reporting.claims import check_claims
from leoisac.experiment.running import campaign
from leoisac.experiment.running.interruption import Stop, orderly_stop
from leoisac.experiment.running.placement import placement
from leoisac.experiment.scenario.files import scenario_toml
from leoisac.experiment.scenario.scenarios import Scenario, study_scenario
from leoisac.experiment.store.folders import open_store

GALLERY = Path(__file__).parents[1] / "gallery"
SLOW_ROUTES = {"published", "reference", "ga", "ga-sensing"}
SEED = 0
MOST_ROWS = 400
"""Rows of a CSV: longer curves are thinned out, and of maps the gallery keeps the picture."""
MOST_BYTES = 150_000
"""Of a picture; a larger one gets fewer colours."""


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


def scenarios(system: System, figure: Figure, preset: str, least_trials: int = 0) -> dict[str, Scenario]:
    """What a figure reads, by study."""
    made: dict[str, Scenario] = {}
    for name in figure.studies:
        study = system.study(name).preset(preset)
        made[name] = study_scenario(system, study, {}, trials=max(study.trials, least_trials), seed=SEED)
    return made


def mark_of(wanted: Mapping[str, Scenario]) -> str:
    """What a picture is of, in a few letters: other settings, trials or versions have another mark."""
    text = "".join(f"{name}\n{scenario_toml(item)}" for name, item in wanted.items())
    return hashlib.sha256(f"{li.__version__}\n{text}".encode()).hexdigest()[:16]


def is_drawn(system: System, figure: Figure, preset: str, wanted: Mapping[str, Scenario]) -> bool:
    """Whether the gallery shows just this already, or more of it: full statistics are not replaced by a quick run."""
    file = GALLERY / system.name / f"{figure.name}.json"
    if not file.is_file():
        return False
    note = json.loads(file.read_text("utf-8"))
    return note.get("mark") == mark_of(wanted) or (preset == QUICK and note["preset"] == PAPER)


def stored(system: System, wanted: Mapping[str, Scenario], folder: Path) -> dict[str, Any] | None:
    """The datasets of a figure where all of them are stored in full; None where something is missing."""
    if not wanted:
        return {}
    try:
        held = open_store(folder, catalogue.find).manifest.studies
        left = _left(folder)
    except StoreError:
        return None
    if any(name not in held or left[name] or held[name].trials < item.trials for name, item in wanted.items()):
        return None
    return open_studies(folder, catalogue.find, wanted)


@cache
def _left(folder: Path) -> dict[str, int]:
    """Trials that each study of a store lacks; nothing is computed while pictures are drawn of what is there."""
    return {item.name: item.left for item in store_state(folder, catalogue.find).studies}


def compute(
    system: System, wanted: Mapping[str, Scenario], folder: Path, workers: int | None, stop: Stop | None = None
) -> dict[str, Any]:
    """The datasets, computed as far as the store lacks them."""
    if not wanted:
        return {}
    place = placement(workers, None, catalogue.find_with, catalogue.plugin_files(), None, None, None, None)
    return campaign.run_studies(system, wanted, folder, place=place, stop=stop)


def draw(
    system: System, figure: Figure, preset: str, wanted: Mapping[str, Scenario], datasets: Mapping[str, Any]
) -> dict[str, Any]:
    """Write picture, numbers and note; the note."""
    folder = GALLERY / system.name
    folder.mkdir(parents=True, exist_ok=True)
    drawn = li.figure(system.name, figure.name, dict(datasets))
    size = preset if datasets else "closed form"
    note = {
        "preset": size,
        "command": f"leoisac run {system.name}/{figure.name}" + (f" --preset {preset}" if datasets else ""),
        "seed": SEED,
        "caption": drawn.get_label() or "",
        "trials": {name: _trials(dataset) for name, dataset in datasets.items()},
        "version": li.__version__,
        "mark": mark_of(wanted),
        "claims": _claims(system, figure, datasets),
    }
    facts = {
        "Title": figure.title,
        "Description": f"{size}; trials {note['trials']}; seed {SEED}",
        "Source": note["command"],
    }
    _save(drawn, folder / f"{figure.name}.png", {**facts, "Software": f"leoisac {li.__version__}"})
    _write(folder / f"{figure.name}.csv", drawn_numbers.drawn_rows(drawn, MOST_ROWS))
    _write(folder / f"{figure.name}.means.csv", _rows(system, datasets))
    (folder / f"{figure.name}.json").write_text(json.dumps(note, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return note


def _save(drawn: Any, path: Path, facts: Mapping[str, str]) -> None:
    """A picture of at most 256 colours: a third of the size, and nothing of it is lost to the eye."""
    from io import BytesIO

    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    raw = BytesIO()
    drawn.savefig(raw, format="png", dpi=130)
    raw.seek(0)
    info = PngInfo()
    for name, text in facts.items():
        info.add_itxt(name, text)
    picture = Image.open(raw).convert("RGB")
    for colours in (256, 64, 32):
        picture.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True, pnginfo=info)
        if path.stat().st_size <= MOST_BYTES:
            break


def _rows(system: System, datasets: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Means of all studies; only the headline's where that would be too many, none where those still are."""
    for metrics in (system.beside, ()):
        rows = [row for name, dataset in datasets.items() for row in _numbers(system, name, dataset, metrics)]
        if len(rows) <= MOST_ROWS:
            return rows
    return []


def _numbers(system: System, study: str, dataset: Any, beside: Sequence[str]) -> list[dict[str, Any]]:
    """Means with intervals of the number that the study's table shows, and of what stands beside it."""
    rows: list[dict[str, Any]] = []
    for metric in dict.fromkeys((system.headline_of(study), *beside)):
        if metric not in dataset:
            continue
        view = {} if metric == system.headline_of(study) else {"view": "all"}
        table = summary(dataset, metric, **view).to_dataframe().reset_index()
        wanted = [name for name in table.columns if name not in ("scheme_label",)]
        for entry in table[wanted].to_dict("records"):
            values = {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in entry.items()}
            rows.append({"study": study, "metric": metric, **values})
    return rows


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.unlink(missing_ok=True)
    if not rows:
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _claims(system: System, figure: Figure, datasets: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Verdicts on the claims that this figure shows."""
    return [
        {
            "claim": result.claim.name,
            "statement": result.claim.statement,
            "published": result.claim.published,
            "ours": result.measured,
            "verdict": result.verdict.outcome,
        }
        for result in check_claims(system, datasets)
        if figure.shows(result.claim)
    ]


def _trials(dataset: Any) -> list[int]:
    """Least and most trials of a point."""
    run = trials_run(dataset)
    return [int(run.min()), int(run.max())]


def chosen(options: argparse.Namespace) -> list[tuple[System, Figure]]:
    """What the command line asks for, cheapest first."""
    known = gallery_costs.read()
    wanted = [
        (system, figure)
        for system, figure in figures()
        if (
            f"{system.name}/{figure.name}" in options.only
            if options.only
            else is_slow(system, figure, options.preset) == options.slow
        )
    ]
    return sorted(wanted, key=lambda item: gallery_costs.cost(*item, options.preset, known))


def estimate(options: argparse.Namespace) -> int:
    """Measure every study that has no picture yet, write what was found, print a table."""
    known = gallery_costs.read()
    names = [f"{system.name}/{figure.name}" for system, figure in figures()]
    for name in options.only:
        if name not in names:
            print(f"{name}: there is no such figure", file=sys.stderr)
            return 1
    for system, figure in chosen(options):
        for name, item in scenarios(system, figure, options.preset, options.least_trials).items():
            gallery_costs.measure(system, name, options.preset, item, known, renew=options.renew)
    print(gallery_costs.table(chosen(options), options.preset, known, max(options.workers or 1, 1)))
    return 0


def main() -> int:
    """Draw what the command line asks for; a figure that fails is named, and the others go on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default=QUICK)
    parser.add_argument("--slow", action="store_true", help="figures with published and reference routes, instead")
    parser.add_argument("--only", action="append", metavar="SYSTEM/FIGURE", default=[])
    parser.add_argument("--workers", type=int)
    parser.add_argument("--runs", type=Path, default=Path("runs") / "gallery")
    parser.add_argument("--least-trials", type=int, default=0, help="where a study has fewer, as with slow routes")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing that would last longer")
    parser.add_argument("--estimate", action="store_true", help="measure what each figure costs; draw nothing")
    parser.add_argument("--renew", action="store_true", help="measure, or draw, also what has been")
    parser.add_argument("--draw-only", action="store_true", help="draw what is stored in full; compute nothing")
    options = parser.parse_args()
    if options.estimate:
        return estimate(options)
    again = " ".join(["python docs/tools/gallery.py", *sys.argv[1:]])
    began = time.monotonic()
    failed, left = [], []
    known = gallery_costs.read()
    with orderly_stop(lambda _: print("stopping after the blocks in hand", flush=True), lambda _: None) as stop:
        for system, figure in chosen(options):
            name = f"{system.name}/{figure.name}"
            wanted = scenarios(system, figure, options.preset, options.least_trials)
            if not options.renew and is_drawn(system, figure, options.preset, wanted):
                continue
            folder = options.runs / options.preset / system.name
            start = time.monotonic()
            cost = gallery_costs.cost(system, figure, options.preset, known) / max(options.workers or 1, 1)
            if (start - began) / 60 + cost / 60 > options.minutes:
                left.append(name)
                continue
            try:
                found = stored(system, wanted, folder) if options.draw_only else None
                if options.draw_only and found is None:
                    left.append(name)
                    continue
                datasets = found if found is not None else compute(system, wanted, folder, options.workers, stop)
                draw(system, figure, options.preset, wanted, datasets)
                print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
            except KeyboardInterrupt:
                print(f"Interrupted at {name}. What is computed is kept; continue with: {again}", file=sys.stderr)
                return 130
            except Exception as error:
                failed.append(name)
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    for title, names in (("not drawn", left), ("FAILED", failed)):
        if names:
            print(f"{title}: {', '.join(names)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    import matplotlib as mpl

    mpl.use("Agg")
    sys.exit(main())
