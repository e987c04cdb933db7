"""Time of the hot kernels (pytest-benchmark): ``make bench``. Compiled and warmed up before the clock starts."""

from __future__ import annotations

import numpy as np
import pytest

import leoisac as li
from leoisac.catalogue import find
from leoisac.experiment.trials.blocks import parameters_of
from leoisac.foundation.lanes import by_lanes
from leoisac.problems.given import search
from leoisac.systems.self_backhaul.fast import pa1 as fast

TRIALS = 64


@pytest.fixture(scope="module")
def setting():
    config = li.config("self-backhaul")
    channels = li.draw(config, trials=TRIALS)
    return config, channels, parameters_of(find("self-backhaul"), config)


def levels(parameters, channels):
    """Least power levels, with the channels as known."""
    return by_lanes(fast.least_power, effort=1)(parameters, channels, np.zeros(TRIALS))


def test_draw(benchmark, setting):
    config, _, _ = setting
    benchmark(lambda: li.draw(config, trials=TRIALS))


def test_evaluate(benchmark, setting):
    config, channels, _ = setting
    design = li.design(config, channels, scheme="ibs").value
    li.evaluate(config, channels, design)
    benchmark(lambda: li.evaluate(config, channels, design))


def test_formulate_joint_design(benchmark, setting):
    _, channels, parameters = setting
    level = levels(parameters, channels)
    by_lanes(fast._formulate)(parameters, channels, level)
    benchmark(lambda: by_lanes(fast._formulate)(parameters, channels, level))


def test_engine_on_the_joint_design(benchmark, setting):
    """One start per trial; the objective is stored beside the time."""
    _, channels, parameters = setting
    ready = by_lanes(fast._formulate)(parameters, channels, levels(parameters, channels))

    def run():
        return search(fast.JOINT, ready.program, ready.starts, 1)

    result = run()
    benchmark.extra_info["mean_sum_rate"] = float(np.mean(result.objective[result.violation <= 1e-6]))
    benchmark.extra_info["feasible_share"] = float(np.mean(result.violation <= 1e-6))
    benchmark.pedantic(run, rounds=3)


def test_feasibility_certificates(benchmark, setting):
    _, channels, parameters = setting
    level = levels(parameters, channels)
    benchmark.extra_info["infeasible_share"] = float(np.mean(level.lower > 1.0))
    benchmark.pedantic(lambda: levels(parameters, channels), rounds=3)


@pytest.mark.parametrize("scheme", ["das", "tdma"])
def test_baselines(benchmark, setting, scheme):
    config, channels, _ = setting
    li.design(config, channels, scheme=scheme)
    benchmark.pedantic(lambda: li.design(config, channels, scheme=scheme), rounds=3)
