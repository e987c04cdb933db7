"""The simpler schemes against the specification's values and what must hold for them."""

import numpy as np
import pytest
from cases import SHAPE_OF_R1, deterministic, seeded

import leoisac as li
from leoisac.foundation.status import Status

BASELINES = ("das", "tdma", "tdma-half", "ibs", "ibs-matched")


@pytest.mark.parametrize(
    ("name", "ibs", "das", "tdma"),
    [("R1", 9.06230, 2.05114, 5.35934), pytest.param("R2", 7.16730, 1.92532, 3.89633, marks=pytest.mark.further)],
)
def test_deterministic_values(name, ibs, das, tdma):
    config, channels, _ = deterministic(name)
    value = {
        scheme: li.evaluate(config, channels, li.design(config, channels, scheme=scheme).value)["sum_rate"][0]
        for scheme in ("ibs", "das", "tdma")
    }
    assert value == pytest.approx({"ibs": ibs, "das": das, "tdma": tdma}, abs=1e-2)


def test_time_division_parts():
    config, channels, _ = deterministic("R1")
    design = li.design(config, channels, scheme="tdma").value
    metrics = li.evaluate(config, channels, design)
    share = design.time_share[0]
    assert metrics["access_rate"][0] / (1 - share) == pytest.approx(10.09425, abs=1e-2)
    assert metrics["backhaul_rate"][0] / share == pytest.approx(11.42544, abs=1e-2)
    assert metrics["access_rate"][0] == pytest.approx(metrics["backhaul_rate"][0], rel=1e-9)


@pytest.mark.further
def test_seeded_values():
    config, channels = seeded(0, 3)
    expected = {"ibs": 0.167, "tdma": 8.921, "das": 9.889}
    for scheme, value in expected.items():
        metrics = li.evaluate(config, channels, li.design(config, channels, scheme=scheme).value)
        assert metrics["sum_rate"][0] == pytest.approx(value, abs=1e-2), scheme


@pytest.mark.parametrize("scheme", BASELINES)
@pytest.mark.parametrize(
    "sizes", [SHAPE_OF_R1, pytest.param({"num_users": 3}, marks=pytest.mark.further)], ids=["R1", "default"]
)
def test_constraints_and_order(sizes, scheme):
    config = li.config("self-backhaul", **sizes)
    channels = li.draw(config, seed=0, trials=6)
    solution = li.design(config, channels, scheme=scheme)
    assert np.all(solution.status == Status.CONVERGED)
    metrics = li.evaluate(config, channels, solution.value)
    for margin in ("margin_pattern", "margin_satellite_power", "margin_bs_power"):
        assert np.all(metrics[margin] >= -1e-9), margin
    np.testing.assert_allclose(solution.objective, metrics["sum_rate"], rtol=1e-12)
    if scheme == "tdma":
        half = li.evaluate(config, channels, li.design(config, channels, scheme="tdma-half").value)
        assert np.all(metrics["sum_rate"] >= half["sum_rate"] - 1e-9)


def test_a_pattern_beyond_the_budget_is_infeasible():
    config, channels, _ = deterministic("R1")
    config = config.replace(pattern_min_w=2.0)
    for scheme in BASELINES:
        assert li.design(config, channels, scheme=scheme).status[0] == Status.INFEASIBLE


@pytest.mark.parametrize(("scheme", "status"), [("das", Status.INFEASIBLE), ("ibs", Status.NO_FEASIBLE_POINT)])
def test_the_proof_does_not_reach_patterns_that_the_base_station_shares(scheme, status):
    config, channels, _ = deterministic("R1")
    shared = config.replace(pattern_min_w=2.0, pattern_mode="joint")
    assert li.design(shared, channels, scheme=scheme).status[0] == status
