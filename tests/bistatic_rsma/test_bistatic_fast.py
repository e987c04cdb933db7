"""The fast route: reference values, closed forms, exact relations between modes, bit identity, one compilation."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from bistatic_cases import CASE_A, CASE_B, configured, draw, evaluate

from leoisac.experiment.trials.blocks import design_trials
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Status
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.fast import max_min as fast
from leoisac.systems.bistatic_rsma.model import MODES

ISAC = tuple(name for name in MODES if not name.endswith("comm"))
CASES = {"A": CASE_A, "B": CASE_B}
COLUMNS = ("rsma-noradar", "sdma-radar-sic", "sdma-noradar", "rsma-comm", "sdma-comm")
RATES = {
    ("A", 20.0): (5.3158, 4.6569, 1.5305, 6.5909, 6.4015),
    ("A", 25.0): (8.1342, 7.7563, 4.8507, 8.2253, 8.0326),
    ("A", 30.0): (9.8776, 9.6793, 9.6793, 9.8776, 9.6839),
    ("B", 20.0): (4.9800, 3.5797, 2.6256, 5.7330, 5.1400),
    ("B", 25.0): (7.3227, 6.4812, 6.4121, 7.3254, 6.7235),
}
K, TRIALS = 4, 12


@cache
def designed(mode, power, trials=TRIALS, **changes):
    """Channels and solution of random trials."""
    config = configured(transmit_power_dbw=power, **changes)
    drawn = draw(config, trials=trials)
    return config, drawn, design_trials(SYSTEM, config, drawn, mode)


@pytest.mark.parametrize(("case", "power"), RATES)
def test_reference_rates(case, power):
    config = configured(user_positions_km=CASES[case], transmit_power_dbw=power)
    drawn = draw(config)
    for mode, expected in zip(COLUMNS, RATES[case, power]):
        solution = design_trials(SYSTEM, config, drawn, mode)
        assert solution.objective[0] == pytest.approx(expected, abs=3e-4), mode
        assert solution.status[0] == Status.CONVERGED


def test_reference_power_shares():
    config = configured(user_positions_km=CASE_A)
    drawn = draw(config)
    shares = {
        "rsma-noradar": (0.060, 0.075, 0.019, 0.086, 0.760, 0.0),
        "sdma-radar-sic": (0.067, 0.065, 0.051, 0.096, 0.0, 0.721),
    }
    for mode, expected in shares.items():
        precoder = design_trials(SYSTEM, config, drawn, mode).value.precoder[0]
        np.testing.assert_allclose(np.sum(np.abs(precoder) ** 2, axis=0) / 100.0, expected, atol=0.01)


@pytest.mark.parametrize("mode", MODES)
def test_designs_meet_power_floor_and_common_rate_to_rounding(mode):
    config, drawn, solution = designed(mode, 20.0)
    metrics = evaluate(config, drawn, solution.value)
    assert solution.violation.max() <= 1e-9
    np.testing.assert_allclose(metrics["total_power"], 100.0, rtol=1e-12)
    np.testing.assert_allclose(solution.objective, metrics["min_rate"], rtol=1e-12)
    assert metrics["margin_common_rate"].min() >= -1e-9
    if mode in ISAC:
        assert metrics["margin_crb"].min() >= -1e-9
    # An optimum gives all users that its common rate reaches the same rate.
    shared = metrics["common_rate"] > 1e-3
    level = np.broadcast_to(metrics["min_rate"][:, None], shared.shape)
    np.testing.assert_allclose(metrics["rate"][shared], level[shared], rtol=1e-9)


def one_beam(drawn):
    """Largest share of the power that reaches the first user while the floor is met, and that user's SNR at all of it.

    One beam in the plane of user and target: the floor turns it away from the user no further than needed.
    """
    a, t = drawn.user_steering[:, 0], drawn.target_steering
    cosine = np.abs(np.sum(np.conj(a) * t, axis=1)) / 64.0
    floor = drawn.gain_floor / 6400.0
    turned = cosine * np.sqrt(floor) + np.sqrt((1.0 - cosine**2) * (1.0 - floor))
    return np.where(cosine**2 >= floor, 1.0, turned**2), 6400.0 / drawn.user_noise_ratio[:, 0]


@pytest.mark.parametrize("place", [(30.0, -30.0), (55.0, -20.0), (10.0, -65.0), (5.0, 0.0)])
def test_users_at_one_place_in_closed_form(place):
    """Then only the received powers matter, a radar sequence never helps, and a common stream shares one capacity."""
    config = configured(user_positions_km=(place,) * K)
    drawn = draw(config)
    share, snr = one_beam(drawn)
    for mode in MODES:
        received = snr * (share if mode in ISAC else 1.0)
        common = np.log2(1.0 + received) / K
        private = np.log2(1.0 + received / K / (received * (K - 1) / K + 1.0))
        found = design_trials(SYSTEM, config, drawn, mode)
        best = common if MODES[mode].common else private
        # Private rates saturate at log2(K / (K - 1)): how the power is spent hardly matters then.
        np.testing.assert_allclose(found.objective, best, atol=1e-3, err_msg=mode)
        assert np.all(found.objective <= best + 1e-9), mode


@pytest.mark.slow
def test_one_user_in_closed_form():
    """Rank one reaches any two quadratic forms of a covariance: neither common stream nor radar sequence helps."""
    config = configured(num_users=1)
    drawn = draw(config, trials=TRIALS)
    share, snr = one_beam(drawn)
    assert 2 <= np.sum(share == 1.0) < TRIALS
    for mode in MODES:
        found = design_trials(SYSTEM, config, drawn, mode)
        expected = np.log2(1.0 + snr * (share if mode in ISAC else 1.0))
        np.testing.assert_allclose(found.objective, expected, atol=2e-4, err_msg=mode)
        assert np.all(found.objective <= expected + 1e-9), mode


@pytest.mark.parametrize("power", [20.0, 27.0])
def test_exact_relations_between_modes(power):
    rate = {mode: designed(mode, power)[2].objective for mode in MODES}
    equal = {"rtol": 1e-3, "atol": 1e-3}
    np.testing.assert_allclose(rate["rsma-radar-sic"], rate["rsma-noradar"], **equal)
    np.testing.assert_allclose(rate["rsma-radar-nosic"], rate["rsma-noradar"], **equal)
    np.testing.assert_allclose(rate["sdma-radar-nosic"], rate["sdma-noradar"], **equal)
    ascending = ("sdma-noradar", "sdma-radar-sic", "rsma-radar-sic", "rsma-comm")
    for lower, higher in (*pairwise(ascending), ("sdma-radar-sic", "sdma-comm"), ("sdma-comm", "rsma-comm")):
        assert np.all(rate[lower] <= rate[higher] * (1.0 + 1e-3)), (lower, higher)


def test_rates_grow_with_power_and_fall_with_the_requirement():
    for mode in MODES:
        assert np.all(designed(mode, 27.0)[2].objective > designed(mode, 20.0)[2].objective)
    for mode in ISAC:
        loose = designed(mode, 20.0, crb_threshold_rad2=2e-6)[2].objective
        assert np.all(loose >= designed(mode, 20.0)[2].objective * (1.0 - 1e-3))


def test_order_of_users_does_not_matter():
    config, drawn, solution = designed("sdma-radar-sic", 20.0)
    order = np.array([2, 0, 3, 1])
    users = {name: getattr(drawn, name)[:, order] for name in ("user_steering", "user_noise_ratio", "user_fading")}
    permuted = design_trials(SYSTEM, config, replace(drawn, **users), "sdma-radar-sic")
    np.testing.assert_allclose(permuted.objective, solution.objective, rtol=1e-3)
    shares = [evaluate(config, drawn, found.value)["power_share"] for found in (permuted, solution)]
    np.testing.assert_allclose(*shares, atol=0.02)


def test_a_floor_beyond_the_power_is_infeasible_and_costs_the_others_nothing():
    config, drawn, solution = designed("sdma-radar-sic", 20.0)
    floor = drawn.gain_floor.copy()
    floor[3:9] = [6400.0 * (1.0 + 1e-6), 1e4, 6400.0 * (1.0 - 1e-9), 6400.0 * 0.999, 1e-9, 1.0]
    found = design_trials(SYSTEM, config, replace(drawn, gain_floor=floor), "sdma-radar-sic")
    infeasible = floor > 6400.0
    np.testing.assert_array_equal(found.status == Status.INFEASIBLE, infeasible)
    np.testing.assert_allclose(found.violation, np.maximum(1.0 - 6400.0 / np.maximum(floor, 1.0), 0.0), atol=1e-9)
    untouched = np.delete(np.arange(TRIALS), np.arange(3, 9))
    np.testing.assert_array_equal(found.value.precoder[untouched], solution.value.precoder[untouched])
    np.testing.assert_array_equal(found.objective[untouched], solution.objective[untouched])
    assert found.objective[5] < found.objective[6] < solution.objective[6]
    np.testing.assert_allclose(found.objective[7], designed("sdma-comm", 20.0)[2].objective[7], rtol=1e-3)
    printed = configured(rcs_model="cos-half-beta")
    for mode in MODES:
        status = design_trials(SYSTEM, printed, draw(printed, trials=2), mode).status
        assert np.all(status == (Status.INFEASIBLE if mode in ISAC else Status.CONVERGED))


def test_a_trial_gives_the_same_bits_alone_and_in_any_company():
    config, drawn, solution = designed("rsma-radar-nosic", 20.0)
    order = np.random.default_rng(0).permutation(TRIALS)
    for rows in (order, np.array([7])):
        other = design_trials(SYSTEM, config, take(drawn, rows), "rsma-radar-nosic")
        for one, all_of_it in zip(jax.tree_util.tree_leaves(other), jax.tree_util.tree_leaves(solution), strict=True):
            np.testing.assert_array_equal(np.asarray(one), np.asarray(all_of_it)[rows])


def test_more_starts_never_lower_a_rate():
    config, drawn, three = designed("rsma-comm", 27.0)
    one = design_trials(SYSTEM, config, drawn, "rsma-comm", starts=1)
    many = design_trials(SYSTEM, config, drawn, "rsma-comm", starts=8)
    assert np.all(one.objective <= three.objective + 1e-9)
    assert np.all(three.objective <= many.objective + 1e-9)
    assert np.all(one.iterations < three.iterations)
    with pytest.raises(ValueError, match="starts = 17"):
        design_trials(SYSTEM, config, drawn, "rsma-comm", starts=17)


def test_modes_powers_and_thresholds_share_one_program():
    designed("rsma-noradar", 20.0)
    programs = (fast.RATES, by_lanes(fast._formulate), by_lanes(fast._finish))
    before = [program.compilations() for program in programs]
    assert before[0] > 0
    for mode in MODES:
        config = configured(transmit_power_dbw=31.0, crb_threshold_rad2=1e-6)
        design_trials(SYSTEM, config, draw(config, seed=5, trials=2), mode)
    assert before == [program.compilations() for program in programs]


def test_missing_channels_are_reported():
    config, drawn, _ = designed("rsma-noradar", 20.0)
    noise = drawn.user_noise_ratio.copy()
    noise[4, 1] = np.nan
    found = design_trials(SYSTEM, config, replace(drawn, user_noise_ratio=noise), "rsma-noradar")
    assert found.status[4] == Status.NONFINITE
    assert np.all(np.delete(found.status, 4) == Status.CONVERGED)


@pytest.mark.further
@pytest.mark.parametrize("users", [2, 8])
def test_other_numbers_of_users(users):
    config = configured(num_users=users, transmit_power_dbw=25.0)
    drawn = draw(config, trials=4)
    rate = {}
    for mode in MODES:
        solution = design_trials(SYSTEM, config, drawn, mode)
        assert solution.violation.max() <= 1e-9
        rate[mode] = solution.objective
    np.testing.assert_allclose(rate["rsma-radar-nosic"], rate["rsma-noradar"], rtol=5e-3)
    assert np.all(rate["sdma-noradar"] <= rate["sdma-radar-sic"] * (1.0 + 1e-3))
    assert np.all(rate["sdma-radar-sic"] <= rate["rsma-radar-sic"] * (1.0 + 1e-3))


def test_many_users_are_designed_to_the_end():
    """More than ``MANY_USERS`` have settings of their own; every user has the least rate, all power is spent."""
    mode = "rsma-noradar"
    config = configured(num_users=fast.MANY_USERS + 1, transmit_power_dbw=30.0)
    drawn = draw(config, trials=2)
    solution = design_trials(SYSTEM, config, drawn, mode, starts=1)
    assert np.all(solution.status == Status.CONVERGED)
    assert np.all(solution.violation <= 1e-6)
    metrics = evaluate(config, drawn, solution.value)
    assert metrics["rate"].shape == (2, fast.MANY_USERS + 1)
    np.testing.assert_allclose(np.min(metrics["rate"], axis=1), solution.objective, rtol=1e-9)
