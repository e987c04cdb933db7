"""Time, ticks and memory of a design against users, antennas, targets and grid, each by itself, with fitted exponents.

``python benchmarks/scaling.py [--trials 8] [--case TEXT] [--plot docs/images/scaling.png]``; figures are kept in
``history/scaling.json``. Every point is a process of its own, by the backend that users get; milliseconds of processor
time a design in a batch, compiled. Exponents are slopes of logarithms over
the points of an axis at which designs converge.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import leoisac as li
from leoisac.experiment.trials.provenance import machine, versions

HISTORY = Path(__file__).parent / "history/scaling.json"


class Axis(NamedTuple):
    """One quantity of a system that grows while all others stay."""

    system: str
    scheme: str
    quantity: str
    field: str
    values: tuple[Any, ...]
    others: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.system}: {self.quantity}"


_EASY: dict[str, Any] = {"min_sinr_db": -10.0}
"""A least rate that all sizes can have."""
AXES = (
    Axis("self-backhaul", "pa1", "users", "num_users", (2, 4, 8, 16, 32), {"bs_array": [6, 6], **_EASY}),
    Axis(
        *("self-backhaul", "pa1", "base station antennas", "bs_array"),
        ([2, 2], [3, 3], [4, 4], [6, 6], [8, 8]),
        {"num_users": 4, **_EASY},
    ),
    Axis("self-backhaul", "pa1", "feeds", "num_feeds", (7, 14, 28), _EASY),
    Axis("bistatic-rsma", "rsma-noradar", "users", "num_users", (2, 4, 8, 16), {}),
    Axis("bistatic-rsma", "rsma-noradar", "antennas", "satellite_array", ([4, 4], [8, 8], [16, 16], [32, 32]), {}),
    Axis("coexistence", "proposed", "users", "num_users", (3, 5, 10, 15), {}),
    Axis("coexistence", "proposed", "antennas", "num_tx", (15, 30, 60, 120), {}),
    Axis("coexistence", "proposed", "targets", "num_targets", (2, 4, 8), {}),
    Axis("otfs-rsma", "rsma", "users", "n_users", (2, 3, 4, 6), {"n_tx": 8}),
    Axis("otfs-rsma", "rsma", "antennas", "n_tx", (4, 8, 16), {}),
    Axis("otfs-rsma", "rsma", "grid cells", "n_doppler", (4, 8, 16, 32), {}),
)


_POINT = """
import json, resource, sys, time
import numpy as np
import leoisac as li
system, scheme, changes, trials = json.loads(sys.argv[1])
config = li.config(system, **changes)
channels = li.draw(config, seed=0, trials=trials)
began = time.process_time()
li.design(config, channels, scheme)
first = time.process_time() - began
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.process_time()
solution = li.design(config, channels, scheme)
took = time.process_time() - began
usable = np.asarray(solution.status) == 0
print(json.dumps({
    "ms": 1e3 * took / trials, "first_s": first, "peak_mib": before / 1024,
    "ticks": float(np.mean(solution.iterations)), "converged": float(np.mean(usable)),
}))
"""


def size_of(value: Any) -> int:
    """Size of a field: a number, or the elements of an array."""
    return math.prod(value) if isinstance(value, list) else int(value)


def point(axis: Axis, value: Any, trials: int) -> dict[str, Any]:
    """One size, in a process of its own."""
    asked = json.dumps([axis.system, axis.scheme, {**axis.others, axis.field: value}, trials])
    done = subprocess.run([sys.executable, "-c", _POINT, asked], capture_output=True, text=True, check=False)
    if done.returncode:
        return {"size": size_of(value), "error": done.stderr.strip().splitlines()[-1][:300]}
    return {"size": size_of(value), **json.loads(done.stdout.splitlines()[-1])}


def solved(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The points at which most designs converge: an infeasible size ends at once, and says nothing."""
    return [p for p in points if p.get("converged", 0.0) > 0.5]


def exponent(points: list[dict[str, Any]], quantity: str) -> float:
    """Slope of the logarithm over that of the size."""
    known = [(p["size"], p[quantity]) for p in solved(points)]
    if len(known) < 2:
        return float("nan")
    sizes, values = np.log(np.array(known, dtype=float)).T
    return float(np.polyfit(sizes, values, 1)[0])


def draw(record: dict[str, Any], path: Path) -> None:
    """Milliseconds, ticks and memory against the size relative to the smallest, a line for each axis."""
    from leoisac.plots.saving import save
    from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles

    labels = {"ms": "ms a design", "ticks": "evaluations", "peak_mib": "peak memory [MiB]"}
    with house_style() as drawing:
        figure = drawing.Figure(figsize=(1.9 * COLUMN_WIDTH_IN, 3.6), layout="constrained")
        panels = figure.subplots(1, 3)
        styles = series_styles(list(record["axes"]))
        for panel, (quantity, label) in zip(panels, labels.items(), strict=True):
            for name, axis in record["axes"].items():
                points = solved(axis["points"])
                sizes = [p["size"] / points[0]["size"] for p in points]
                values = [p[quantity] for p in points]
                style = styles[name]
                text = f"{name}: {axis['exponents']['ms']:.1f}"
                panel.plot(sizes, values, style.line, color=style.colour, marker=style.marker, ms=3, label=text)
            panel.set(xscale="log", yscale="log", xlabel="size over the smallest", ylabel=label)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize=7, title="exponent of the time")
        save(figure, path, {"shows": "time, evaluations and memory of designs against size"})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--case", default="", help="only axes with this in their name")
    parser.add_argument("--plot", type=Path, help="draw what is on record")
    given = parser.parse_args()
    record: dict[str, Any] = json.loads(HISTORY.read_text(encoding="utf-8")) if HISTORY.exists() else {"axes": {}}
    for axis in AXES:
        if given.case in axis.name:
            points = [point(axis, value, given.trials) for value in axis.values]
            exponents = {quantity: exponent(points, quantity) for quantity in ("ms", "ticks", "peak_mib")}
            record["axes"][axis.name] = {"scheme": axis.scheme, "points": points, "exponents": exponents}
            print(axis.name, json.dumps(record["axes"][axis.name]), flush=True)
            record |= {"versions": versions(), "machine": machine(), "leoisac": li.__version__}
            HISTORY.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if given.plot:
        draw(record, given.plot)


if __name__ == "__main__":
    main()
