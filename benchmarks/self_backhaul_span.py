"""PA1 with large arrays at the base station: the published algorithm on the span of its channels beside the fast route.

``python benchmarks/self_backhaul_span.py [--trials 64]``; figures go to ``benchmarks/history/self-backhaul-span.json``.
With 25 antennas a semidefinite program of the published algorithm takes half a minute. Where the pattern is the
satellite's alone, power outside the span of the channels ``h_m``, ``h_s`` reaches nobody, so that covariances on that
span (four dimensions for three users) have the same optimum: this sets the routes side by side on many trials. Times of
the algorithm as published: ``leoisac bench``.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from leoisac import catalogue
from leoisac.experiment.running.bench import bench_cases, compared, timed
from leoisac.experiment.trials.blocks import design_trials, draw_trials, evaluate_trials, parameters_of
from leoisac.experiment.trials.judge import Outcome, judge
from leoisac.experiment.trials.provenance import machine, versions
from leoisac.foundation.config import replace_fields
from leoisac.optim.conic.loop import LoopOptions
from leoisac.systems.self_backhaul.published.batch import (
    Ended,
    Trial,
    finished,
    missing,
    normalised_instance,
    solve_batch,
)
from leoisac.systems.self_backhaul.published.lifted import Instance
from leoisac.systems.self_backhaul.published.pa1 import ENFORCES, pa1_reference
from leoisac.systems.self_backhaul.published.recovery import polish, recover

HISTORY = Path(__file__).parent / "history/self-backhaul-span.json"
CASE = "M = 3"


def on_span(instance: Instance) -> tuple[Instance, np.ndarray]:
    """The instance in an orthonormal basis of its terrestrial channels, and the basis ``(bs_antenna, dimension)``."""
    basis, _ = np.linalg.qr(np.concatenate([instance.h_users, instance.h_es[None, :]]).T)
    seen = {name: getattr(instance, name) @ np.conj(basis) for name in ("h_users", "h_es", "bs_targets")}
    return replace(instance, **seen), basis


def design(trial: Trial) -> Ended:
    """As the reference route designs a trial, on the span."""
    instance, basis = on_span(normalised_instance(trial.parameters, trial.channels))
    found = pa1_reference(instance, options=trial.options)
    if found.lifted is None:
        return missing(trial, found.status, found.power_level - 1.0)
    beams = polish(instance, recover(instance, found.lifted))
    whole = replace(beams, w=beams.w @ basis.T)
    return finished(trial, whole, found.status, found.iterations, found.history)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=64)
    count = parser.parse_args().trials
    system = catalogue.find("self-backhaul")
    case = next(case for case in bench_cases(system) if CASE in case.name)
    config = replace_fields(system.config(), dict(case.overrides))
    channels, parameters = draw_trials(system, config, case.seed, count), parameters_of(system, config)

    def judged(solution: Any) -> Outcome:
        metrics = evaluate_trials(system, config, channels, solution.value)
        return judge(system.scheme(case.scheme), solution, metrics, system.tolerance)

    span_s, solution = timed(
        lambda: solve_batch(
            parameters, channels, design, ENFORCES, objective="sum_rate", options=LoopOptions(), workers=1
        )
    )
    theirs = judged(solution)
    ours = judged(design_trials(system, config, channels, case.scheme))
    many = judged(design_trials(system, config, channels, case.scheme, starts=case.best_of))
    best = np.fmax(np.fmax(ours.objective, theirs.objective), many.objective)
    record = {
        "case": case.name,
        "trials": count,
        "span_s": span_s / count,
        **compared(ours, theirs, best),
        "versions": versions(("fast", "reference")),
        "machine": machine(),
    }
    HISTORY.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
