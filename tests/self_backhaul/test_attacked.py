"""The attacked route: promises that hold are told apart from broken ones."""

from __future__ import annotations

import numpy as np
import pytest
from cases import deterministic

import leoisac as li
from leoisac.foundation.status import Solution, Status
from leoisac.systems.self_backhaul.fast import attacked
from leoisac.systems.self_backhaul.judge import evaluate
from leoisac.systems.self_backhaul.judge.adversary import attack_designs, check_design
from leoisac.systems.self_backhaul.model import JointDesign


def matched(channels):
    """Beams along the channels: no proper design, but a design."""
    h, g = channels.h_users, channels.g_es
    return JointDesign(
        bs_beams=0.2 * h / np.linalg.norm(h, axis=(1, 2), keepdims=True),
        satellite_beam=0.9 * g / np.linalg.norm(g, axis=1, keepdims=True),
        sensing_covariance=1e-3 * np.eye(g.shape[1])[None] + 0j,
    )


def case(min_sinr_db, claims=0.0):
    """Configuration, channels, design and a solver that claims the design meets everything within ``claims``."""
    config, channels, _ = deterministic("R1", error_model="relative", error_radius=0.05)
    config, design = config.replace(min_sinr_db=min_sinr_db), matched(channels)
    guaranteed = li.evaluate(config, channels, design)["guaranteed_sum_rate"]
    solution = Solution(
        value=design,
        status=np.array([int(Status.CONVERGED)]),
        objective=guaranteed,
        violation=np.array([claims]),
        iterations=np.array([7]),
        history=np.zeros((1, 3)),
    )
    return config, channels, solution


def solved(monkeypatch, config, channels, solution):
    monkeypatch.setattr(attacked.pa2, "solve_pa2", lambda parameters, channels: solution)
    return attacked.solve_pa2(evaluate.parameters(config), channels, random=50)


def test_promises_that_hold(monkeypatch):
    config, channels, solution = case(-20.0)
    found = solved(monkeypatch, config, channels, solution)
    attack = check_design(config, channels, solution.value, random=50)
    assert attack.holds().all()
    assert found.status[0] == Status.CONVERGED
    assert found.violation[0] <= 1e-9
    assert found.history[0, 0] == solution.objective[0]
    assert found.history[0, 1] == pytest.approx(min(attack.rate[0].sum(), attack.backhaul_rate[0]))
    assert found.history[0, 1] >= found.history[0, 0]
    assert found.iterations[0] == 7


def test_a_least_rate_that_an_error_undercuts(monkeypatch):
    config, channels, solution = case(20.0)
    found = solved(monkeypatch, config, channels, solution)
    attack = attack_designs(evaluate.parameters(config), channels, solution.value, random=50)
    assert not attack.holds().any()
    assert found.status[0] == Status.INACCURATE
    assert found.violation[0] == pytest.approx(-attack.margin_min_rate[0])


def test_designs_that_promise_nothing_are_left_alone(monkeypatch):
    config, channels, solution = case(-20.0, claims=0.3)
    found = solved(monkeypatch, config, channels, solution)
    assert found.violation[0] == 0.3
    assert np.isnan(found.history).all()
