"""P1 of the coexistence system alone: the fast solver against WMMSE with and without the search of the satellite power,
and as published, one start each.

``python benchmarks/coexistence_p1.py [--cells 12]``; figures are kept in ``benchmarks/history/coexistence-p1.json``.
Times are processor time per cell with everything compiled; the fast solver runs on a campaign's smallest batch, whose
first cells are the common ones.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.running.bench import timed
from leoisac.experiment.running.runner import UNIT_TRIALS
from leoisac.experiment.trials.blocks import draw_trials, parameters_of
from leoisac.experiment.trials.provenance import machine, versions
from leoisac.foundation.lanes import by_lanes, take
from leoisac.systems.coexistence.fast import cell as fast
from leoisac.systems.coexistence.problem.normalised import flatten, predicted_problem
from leoisac.systems.coexistence.problem.selecting import select_association
from leoisac.systems.coexistence.published import cell as reference
from leoisac.systems.coexistence.published import turns

HISTORY = Path(__file__).parent / "history/coexistence-p1.json"
BEST_OF = 8
TOLERANCE = 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cells", type=int, default=12)
    count = parser.parse_args().cells
    system, config = catalogue.find("coexistence"), li.config("coexistence")
    channels, parameters = draw_trials(system, config, 0, max(count, UNIT_TRIALS)), parameters_of(system, config)
    chosen = select_association(parameters, channels, None)
    problem = flatten(by_lanes(predicted_problem)(parameters, channels, chosen))

    def cell(number: int) -> Any:
        return take(problem, slice(number, number + 1))

    fast.solve_p1(problem)
    fast_s, ours = min((timed(lambda: fast.solve_p1(problem)) for _ in range(3)), key=lambda pair: pair[0])
    best = np.fmax(_rates(ours), _rates(fast.solve_p1(problem, starts=BEST_OF)))
    record: dict[str, Any] = {
        "versions": versions(("fast", "reference")),
        "machine": machine(),
        "fast_s": fast_s / len(best),
        "fast_cells": len(best),
        "cells": count,
    }
    reference.solve_p1(cell(0))
    ways = {
        "line_search": turns.REFERENCE,
        "plain": turns.Wmmse(line_search=False),
        "published": turns.PUBLISHED,
    }
    for name, settings in ways.items():
        runs = [
            timed(lambda number=number, settings=settings: reference.solve_p1(cell(number), settings=settings))
            for number in range(count)
        ]
        theirs = np.array([_rates(solution)[0] for _, solution in runs])
        seconds = statistics.median(seconds for seconds, _ in runs)
        both = np.isfinite(theirs) & np.isfinite(_rates(ours)[:count])
        best[:count] = np.fmax(best[:count], theirs)
        record[name] = {
            "reference_s": seconds,
            "ratio": seconds / record["fast_s"],
            "reference_mean": float(np.mean(theirs[both])),
            "fast_mean": float(np.mean(_rates(ours)[:count][both])),
            "worst_gain": float(np.min((_rates(ours)[:count] / theirs - 1.0)[both])),
            "common_cells": int(both.sum()),
        }
    shortfall = 1.0 - _rates(ours) / best
    record["p99_shortfall"] = float(np.nanquantile(shortfall, 0.99))
    record["fast_violation"] = float(np.max(np.asarray(ours.violation)[np.isfinite(_rates(ours))]))
    record["fast_usable"] = float(np.mean(np.isfinite(_rates(ours))))
    HISTORY.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=1))


def _rates(solution: Any) -> np.ndarray:
    """Sum rates of designs that meet the floors, NaN for the others."""
    return np.where(np.asarray(solution.violation) <= TOLERANCE, np.asarray(solution.objective), np.nan)


if __name__ == "__main__":
    main()
