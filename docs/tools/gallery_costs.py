"""What the studies of the gallery cost: measured on a few trials, kept in docs/gallery/costs.json.

A figure costs what its studies cost. Where a study has not been measured, its number of designs stands in, which is
good enough to begin with the small ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from leoisac import __version__
from leoisac.experiment.contracts import Figure, System
from leoisac.experiment.running.estimating import estimate
from leoisac.experiment.scenario.scenarios import Scenario, study_scenario
from leoisac.foundation.number_text import duration_text

FILE = Path(__file__).parents[1] / "gallery" / "costs.json"
GUESS_S = 0.02
"""Of a design by a fast route, where nothing is known."""
SLOW_S = 10.0
"""Of one by a published or reference route."""


def read() -> dict[str, Any]:
    """What is known: ``SYSTEM/STUDY/PRESET`` -> seconds of one process, trials and more."""
    return json.loads(FILE.read_text("utf-8")) if FILE.is_file() else {}


def measure(system: System, study: str, preset: str, item: Scenario, known: dict[str, Any], renew: bool) -> None:
    """Measure a study unless that is known, and write it down at once: an interrupted estimate goes on."""
    key = f"{system.name}/{study}/{preset}"
    if key in known and not renew:
        return
    found = estimate(system, [item], probe_s=0.5)
    known[key] = {
        "designs": found.trials,
        "seconds": round(found.seconds(), 1),
        "processor_seconds": round(found.seconds() * found.busy, 1),
        "compile_seconds": round(found.compile_s, 1),
        "memory_mb": round(found.peak_bytes / 1e6),
        "version": __version__,
    }
    print(f"{key}: {known[key]['processor_seconds']:.0f} s of processor time", flush=True)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", "utf-8")


def cost(system: System, figure: Figure, preset: str, known: dict[str, Any]) -> float:
    """Seconds of one process for a figure from nothing."""
    return sum(_study_cost(system, name, preset, known) for name in figure.studies)


def _study_cost(system: System, name: str, preset: str, known: dict[str, Any]) -> float:
    found = known.get(f"{system.name}/{name}/{preset}")
    if found:
        return float(found["processor_seconds"])
    study = system.study(name).preset(preset)
    points = len(study_scenario(system, study).points())
    each = sum(SLOW_S if entry.partition(":")[2] not in ("", "echo", "coded") else GUESS_S for entry in study.schemes)
    return points * study.trials * each


def table(wanted: Iterable[tuple[System, Figure]], preset: str, known: dict[str, Any], workers: int) -> str:
    """A line per figure, in the order in which they are drawn; studies that an earlier one computes cost no more."""
    lines = [f"{'figure':<32} {'designs':>9} {'alone':>9} {'in turn':>9} {'so far':>9}  memory"]
    seen: set[str] = set()
    total = 0.0
    for system, figure in wanted:
        keys = [f"{system.name}/{name}/{preset}" for name in figure.studies]
        new = [name for name, key in zip(figure.studies, keys) if key not in seen]
        seen.update(keys)
        here = sum(_study_cost(system, name, preset, known) for name in new) / workers
        total += here
        alone = cost(system, figure, preset, known) / workers
        designs = sum(known.get(key, {}).get("designs", 0) for key in keys)
        memory = max((known.get(key, {}).get("memory_mb", 0) for key in keys), default=0)
        guessed = "" if all(key in known for key in keys) else "  (guessed)"
        times = f"{duration_text(alone):>9} {duration_text(here):>9} {duration_text(total):>9}"
        lines.append(f"{system.name + '/' + figure.name:<32} {designs:>9} {times}  {memory} MB{guessed}")
    lines.append(f"in all: {duration_text(total)} by {workers} process{'es' if workers > 1 else ''}")
    return "\n".join(lines)
