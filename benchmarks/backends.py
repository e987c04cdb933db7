"""Both backends of the engine on the same trials: time of a batch and of one design, and quality.

``python benchmarks/backends.py [--trials 64] [--case TEXT]``; figures are kept in ``history/backends.json``. Times are
processor time of one core, compiled; ``first_s`` is the first call of a process with an empty cache of programs, the
compiler's processes included. Quality is of the native designs against those of JAX on common usable trials.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from one_case_each import CASES

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.trials.blocks import design_trials, draw_trials, evaluate_trials
from leoisac.experiment.trials.judge import Outcome, judge
from leoisac.experiment.trials.provenance import machine, versions
from leoisac.foundation.backend import using
from leoisac.foundation.lanes import take

HISTORY = Path(__file__).parent / "history/backends.json"
SINGLE = 20
"""Trials designed one by one."""


def outcome(system_name: str, scheme: str, backend: str, trials: int) -> tuple[dict[str, float], Outcome]:
    """Times of a backend and what it designed."""
    system = catalogue.find(system_name)
    config = system.config()
    channels = draw_trials(system, config, 0, trials)
    with using(backend):
        design_trials(system, config, channels, scheme)
        batch = [_timed(lambda: design_trials(system, config, channels, scheme))[0] for _ in range(3)]
        singles = [take(channels, slice(k, k + 1)) for k in range(min(SINGLE, trials))]
        one = [_timed(lambda one=one: design_trials(system, config, one, scheme))[0] for one in singles]
        solution = design_trials(system, config, channels, scheme)
        metrics = evaluate_trials(system, config, channels, solution.value)
    times = {
        "batch_ms": 1e3 * min(batch) / trials,
        "one_p50_ms": 1e3 * float(np.quantile(one, 0.5)),
        "one_p90_ms": 1e3 * float(np.quantile(one, 0.9)),
        "ticks": float(np.mean(solution.iterations)),
    }
    return times, judge(system.scheme(scheme), solution, metrics, system.tolerance)


def first_call_s(system: str, scheme: str, backend: str) -> float:
    """Processor time of a process that designs 8 trials with an empty cache."""
    program = (
        "import leoisac as li, sys; c = li.config(sys.argv[1]); "
        "li.design(c, li.draw(c, seed=0, trials=8), sys.argv[2], backend=sys.argv[3])"
    )
    with tempfile.TemporaryDirectory() as cache:
        before = os.times()
        environment = {**os.environ, "LEOISAC_CACHE_DIR": cache}
        subprocess.run([sys.executable, "-c", program, system, scheme, backend], env=environment, check=True)
        after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def row(name: str, system: str, scheme: str, trials: int) -> dict[str, Any]:
    """Both backends on one case."""
    (jax_times, by_jax), (native_times, native) = (outcome(system, scheme, b, trials) for b in ("jax", "native"))
    both = by_jax.usable & native.usable
    change = native.objective[both] / by_jax.objective[both] - 1.0
    return {
        "case": name,
        "trials": trials,
        "jax": {**jax_times, "first_s": first_call_s(system, scheme, "jax")},
        "native": {**native_times, "first_s": first_call_s(system, scheme, "native")},
        "mean_gain": float(np.mean(native.objective[both]) / np.mean(by_jax.objective[both]) - 1.0),
        "p99_shortfall": float(np.quantile(np.maximum(0.0, -change), 0.99)),
        "violation": float(np.max(native.violation[native.usable], initial=0.0)),
        "usable": [float(np.mean(by_jax.usable)), float(np.mean(native.usable))],
    }


def _timed(work: Any) -> tuple[float, Any]:
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--case", default="")
    given = parser.parse_args()
    record = json.loads(HISTORY.read_text(encoding="utf-8")) if HISTORY.exists() else {"cases": {}}
    for name, system, scheme in CASES:
        if given.case in name:
            found = row(name, system, scheme, given.trials)
            record["cases"][name] = found
            print(json.dumps(found), flush=True)
    record |= {"versions": versions(), "machine": machine(), "leoisac": li.__version__}
    HISTORY.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
