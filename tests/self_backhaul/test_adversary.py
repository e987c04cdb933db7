"""The adversary breaks designs that promise too much, and none that keep to their guarantee."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases import deterministic

import leoisac as li
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Status
from leoisac.optim.conic.loop import LoopOptions
from leoisac.systems.self_backhaul.judge.adversary import check_design, perturbed
from leoisac.systems.self_backhaul.judge.evaluate import parameters
from leoisac.systems.self_backhaul.model import DirectDesign
from leoisac.systems.self_backhaul.published.pa1 import solve_pa1
from leoisac.systems.self_backhaul.published.pa2 import solve_pa2

RADIUS = 0.08
# The least rate binds in the relative model.
SINR_DB = 8.9


@pytest.fixture(scope="module", params=["relative", "noise-normalised"])
def case(request):
    config, channels, _ = deterministic("R2", error_model=request.param, error_radius=RADIUS)
    config = config.replace(min_sinr_db=SINR_DB)
    return config, channels, solve_pa2(parameters(config), channels).value


@pytest.fixture(params=["relative", "noise-normalised"])
def fast_case(request):
    """R1, whose programs the other tests of the fast route share; its least rate binds in the relative model, too."""
    config, channels, _ = deterministic("R1", error_model=request.param, error_radius=RADIUS)
    return config.replace(min_sinr_db=7.0), channels


def test_a_robust_design_keeps_its_promises(case):
    config, channels, design = case
    attack = check_design(config, channels, design)
    metrics = li.evaluate(config, channels, design)
    assert attack.holds().all()
    assert attack.margin_min_rate[0] >= metrics["margin_guaranteed_min_rate"][0] - 1e-12
    assert attack.margin_backhaul[0] >= metrics["margin_guaranteed_backhaul"][0] - 1e-12
    assert np.all(attack.rate >= metrics["guaranteed_rate"] - 1e-12)
    # Signal and interference are attacked by one error, but hardly the better for it: the promise is not wasteful.
    assert attack.margin_backhaul[0] < 0.01
    assert attack.margin_promise[0] < 0.03


def test_the_errors_lie_in_the_balls_and_do_what_is_reported(case):
    config, channels, design = case
    attack = check_design(config, channels, design, random=50)
    metrics = li.evaluate(config, perturbed(channels, attack.errors), design)
    np.testing.assert_allclose(metrics["rate"], attack.rate, rtol=1e-9)
    np.testing.assert_allclose(metrics["backhaul_rate"], attack.backhaul_rate, rtol=1e-9)
    for name, error in vars(attack.errors).items():
        known = np.linalg.norm(getattr(channels, name), axis=-1)
        limit = RADIUS * (known if config.error_model == "relative" else np.ones_like(known))
        assert np.all(np.linalg.norm(error, axis=-1) <= limit * (1 + 1e-9)), name


def test_a_design_for_perfect_channels_is_broken(case):
    config, channels, _ = case
    design = solve_pa1(parameters(config), channels).value
    promised = li.evaluate(config, channels, design)["rate"]
    attack = check_design(config, channels, design, promised_rate=promised)
    assert not attack.holds().any()
    assert attack.margin_backhaul[0] < -0.005
    assert attack.margin_promise[0] < -0.005


def test_the_fast_design_keeps_its_promises(fast_case):
    config, channels = fast_case
    solution = li.design(config, channels, scheme="pa2")
    assert solution.status[0] == Status.CONVERGED
    attack = check_design(config, channels, solution.value, random=5000)
    assert attack.holds().all()
    assert attack.margin_min_rate[0] >= -1e-9


def test_a_fast_design_for_a_tenth_smaller_errors_is_broken(fast_case):
    config, channels = fast_case
    smaller = config.replace(error_radius=0.9 * RADIUS)
    solution = li.design(smaller, channels, scheme="pa2")
    promised = li.evaluate(smaller, channels, solution)["guaranteed_rate"]
    assert check_design(smaller, channels, solution.value, promised_rate=promised).holds().all()
    attack = check_design(config, channels, solution.value, promised_rate=promised)
    assert not attack.holds().any()
    assert attack.margin_backhaul[0] < -1e-4


@pytest.mark.parametrize(("name", "model"), [("R1", "relative"), ("R2", "noise-normalised")])
def test_a_design_for_a_tenth_smaller_errors_is_broken(name, model):
    """Not in every case: taking signal and interference apart can leave a reserve that covers a tenth."""
    config, channels, _ = deterministic(name, error_model=model, error_radius=RADIUS)
    smaller = config.replace(error_radius=0.9 * RADIUS)
    design = solve_pa2(parameters(smaller), channels, LoopOptions(max_iterations=3)).value
    promised = li.evaluate(smaller, channels, design)["guaranteed_rate"]
    assert check_design(smaller, channels, design, promised_rate=promised).holds().all()
    attack = check_design(config, channels, design, promised_rate=promised)
    assert not attack.holds().any()
    assert attack.margin_backhaul[0] < -1e-4


def test_no_search_beats_the_global_minimum_of_the_ratio(case):
    """Gradient descent and random errors alone come close to, and never below, what the whole search finds."""
    config, channels, design = case
    whole = check_design(config, channels, design, random=200)
    other = check_design(config, channels, design, random=200, seed=1)
    np.testing.assert_allclose(whole.rate, other.rate, rtol=1e-9)
    np.testing.assert_allclose(whole.backhaul_rate, other.backhaul_rate, rtol=1e-9)
    assert {source for one in whole.found_by for source in one} <= {"descent", "separate", "fractional", "aligned"}


def test_a_trial_is_attacked_alike_in_any_company(case):
    config, channels, design = case
    pair = [type(x)(*(np.concatenate([part, 1.1 * part]) for part in vars(x).values())) for x in (channels, design)]
    together = check_design(config, pair[0], pair[1], random=20)
    alone = check_design(config, channels, design, random=20)
    np.testing.assert_array_equal(take(together.errors.g_es, 0), take(alone.errors.g_es, 0))


def test_designs_without_promises_are_refused(case):
    config, channels, design = case
    direct = DirectDesign(design.satellite_beam[:, None], design.sensing_covariance)
    with pytest.raises(ValueError, match="DirectDesign"):
        check_design(config, channels, direct)
    with pytest.raises(ValueError, match="random = -1"):
        check_design(config, channels, replace(design), random=-1)
