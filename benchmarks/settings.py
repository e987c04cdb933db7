"""Settings of the fast solvers against each other: time and quality of the same trials, before a default is moved.

``python benchmarks/settings.py [--trials 256] [--case TEXT]``; figures are kept in ``history/settings.json``. A default
may move where the mean objective is not lower by more than 0.02 %, the p99 of the shortfall against the best
design known is at most 0.5 %, the violation at most 1e-6 and the usable share the same. Times are processor time per
trial on one core, compiled. The first row of a case is the setting that others are compared with; the best design known
is the best of all rows and of a run from many starts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from leoisac import catalogue
from leoisac.experiment.running.bench import timed
from leoisac.experiment.trials.blocks import design_trials, draw_trials, evaluate_trials
from leoisac.experiment.trials.judge import Outcome, judge
from leoisac.experiment.trials.provenance import machine, versions
from leoisac.foundation.config import replace_fields
from leoisac.optim.options import EngineOptions
from leoisac.systems.coexistence.fast import cell
from leoisac.systems.otfs_rsma.fast import max_min as otfs
from leoisac.systems.self_backhaul.fast import pa1

HISTORY = Path(__file__).parent / "history/settings.json"


@dataclass(frozen=True)
class Setting:
    """Engine options that differ from the module's, and options of the solver."""

    name: str
    engine: Mapping[str, Any] = field(default_factory=dict[str, Any])
    solver: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Case:
    """A scheme with its settings; ``module`` holds the engine's ``OPTIONS``, ``many`` starts give the best known."""

    name: str
    system: str
    scheme: str
    module: Any
    settings: tuple[Setting, ...]
    overrides: Mapping[str, Any] = field(default_factory=dict[str, Any])
    many: int = 8


_TIGHT = {"value_tolerance": 1e-5, "gradient_floor": 1e-3}
_MEDIUM = {"value_tolerance": 1e-4, "gradient_floor": 1e-2}
_LOOSE = {"value_tolerance": 3e-4, "gradient_floor": 3e-2}
PA1 = (
    Setting("3 starts, 1e-5 / 1e-3", _TIGHT, {"starts": 3}),
    Setting("2 starts, 1e-5 / 1e-3", _TIGHT, {"starts": 2}),
    Setting("3 starts, 1e-4 / 1e-2", _MEDIUM, {"starts": 3}),
    Setting("2 starts, 1e-4 / 1e-2", _MEDIUM, {"starts": 2}),
    Setting("2 starts, 3e-4 / 3e-2", _LOOSE, {"starts": 2}),
)
OTFS = (
    Setting("64 lanes", {"lanes": 64, "quick_restoration": False}),
    Setting("16 lanes", {"lanes": 16, "quick_restoration": False}),
    Setting("16 lanes, restoration quick to compile", {"lanes": 16, "quick_restoration": True}),
    Setting("32 lanes, restoration quick to compile", {"lanes": 32, "quick_restoration": True}),
)
COEXISTENCE = (Setting("2 starts", {}, {"starts": 2}), Setting("1 start", {}, {"starts": 1}))
CASES = (
    Case("PA1, M = 8, 3x3", "self-backhaul", "pa1", pa1, PA1),
    Case("PA1, M = 4, 4x4", "self-backhaul", "pa1", pa1, PA1, {"num_users": 4, "bs_array": [4, 4]}),
    Case("PA1, M = 3, 5x5", "self-backhaul", "pa1", pa1, PA1, {"num_users": 3, "bs_array": [5, 5]}),
    Case("OTFS, 10 % common power", "otfs-rsma", "rsma", otfs, OTFS),
    Case("OTFS, free split", "otfs-rsma", "rsma", otfs, OTFS, {"common_power_fraction": "free"}),
    Case("coexistence, proposed", "coexistence", "proposed", cell, COEXISTENCE, many=4),
    Case("coexistence, P3 at equal powers", "coexistence", "coop-uniform", cell, COEXISTENCE, many=4),
)


def rows_of(case: Case, trials: int) -> list[dict[str, Any]]:
    """A row per setting: time, mean against the first row, shortfall against the best known, violation, usable."""
    system = catalogue.find(case.system)
    config = replace_fields(system.config(), dict(case.overrides))
    channels = draw_trials(system, config, 0, trials)
    kept: EngineOptions = case.module.OPTIONS

    def outcome(setting: Setting) -> tuple[float, Outcome]:
        case.module.OPTIONS = replace(kept, **setting.engine)
        design_trials(system, config, channels, case.scheme, **setting.solver)
        runs = [timed(lambda: design_trials(system, config, channels, case.scheme, **setting.solver)) for _ in range(3)]
        seconds, solution = min(runs, key=lambda run: run[0])
        metrics = evaluate_trials(system, config, channels, solution.value)
        return seconds / trials, judge(system.scheme(case.scheme), solution, metrics, system.tolerance)

    try:
        found = [outcome(setting) for setting in case.settings]
        first = case.settings[0]
        _, many = outcome(Setting("many", first.engine, {"starts": case.many}))
    finally:
        case.module.OPTIONS = kept
    best = np.fmax.reduce([np.where(one.usable, one.objective, np.nan) for _, one in [*found, (0.0, many)]])
    rows: list[dict[str, Any]] = []
    for setting, (seconds, one) in zip(case.settings, found):
        both = one.usable & found[0][1].usable
        shortfall = 1.0 - one.objective[one.usable] / best[one.usable]
        rows.append(
            {
                "setting": setting.name,
                "ms": 1e3 * seconds,
                "mean_gain": float(np.mean(one.objective[both]) / np.mean(found[0][1].objective[both]) - 1.0),
                "p99_shortfall": float(np.quantile(shortfall, 0.99)),
                "worst_shortfall": float(np.max(shortfall)),
                "violation": float(np.max(one.violation[one.usable], initial=0.0)),
                "usable": float(np.mean(one.usable)),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=256)
    parser.add_argument("--case", default="")
    given = parser.parse_args()
    record = json.loads(HISTORY.read_text(encoding="utf-8")) if HISTORY.exists() else {"cases": {}}
    for case in CASES:
        if given.case in case.name:
            rows = rows_of(case, given.trials)
            record["cases"][case.name] = {"trials": given.trials, "rows": rows}
            print(case.name)
            for row in rows:
                print("  " + ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else str(v) for k, v in row.items()))
    record |= {"versions": versions(), "machine": machine()}
    HISTORY.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
