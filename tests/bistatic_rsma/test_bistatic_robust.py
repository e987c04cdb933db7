"""Designs for what is known of places: predicted targets with ellipsoids, reported users with averaged powers."""

import numpy as np
import pytest
from bistatic_cases import configured, draw, evaluate
from scipy import stats

from leoisac.experiment.trials.blocks import design_trials, parameters_of
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import double_precision, jnp
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Status
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.fast.robust import worst_place
from leoisac.systems.bistatic_rsma.world.link import link_budget, target_steering
from leoisac.systems.bistatic_rsma.world.prediction import beams_at, floors_at, prediction_of

SMALL = {"num_users": 2, "satellite_array": (3, 3), "crb_threshold_rad2": 4.5e-6, "transmit_power_dbw": 22.0}
UNSURE = {**SMALL, "position_std_m": 200.0}


@pytest.mark.parametrize("amplitude", ["known", "unknown"])
@pytest.mark.parametrize("law", ["constant", "cos-half-beta", "sin-half-beta"])
@pytest.mark.parametrize("target", [(3.0, 3.0, 5.0), (-4.0, 2.0, 6.0)])
def test_floor_and_beam_at_any_place_are_those_of_the_link(amplitude, law, target):
    config = configured(
        target_amplitude=amplitude,
        rcs_model=law,
        receiver_array=(6, 9),
        target_position_km=target,
        crb_threshold_rad2=(1e-6, 3e-6),
    )
    with double_precision():
        prediction, place = prediction_of(config), 1e3 * jnp.asarray(target)
        assert float(floors_at(prediction, place)) == pytest.approx(link_budget(config).gain_floor, rel=1e-10)
        np.testing.assert_allclose(beams_at(prediction, place), target_steering(config), atol=1e-9)


@pytest.fixture(scope="module")
def designs():
    """Plain and robust designs of the same trials."""
    found = {}
    for robustness in ("none", "ellipsoid"):
        config = configured(**UNSURE, robustness=robustness)
        drawn = draw(config, trials=48)
        solution = design_trials(SYSTEM, config, drawn, "rsma-noradar")
        found[robustness] = config, drawn, solution, evaluate(config, drawn, solution.value)
    return found


def test_predictions_are_drawn_beside_the_sky(designs):
    _, drawn, _, _ = designs["none"]
    plain = draw(configured(**SMALL), trials=48)
    np.testing.assert_array_equal(drawn.user_steering, plain.user_steering)
    np.testing.assert_array_equal(drawn.echo.doppler_hz, plain.echo.doppler_hz)
    errors = drawn.knowledge.target_m - np.array([3e3, 3e3, 5e3])
    assert np.std(errors) == pytest.approx(200.0, rel=0.15)
    assert abs(np.mean(errors)) < 100.0


def test_robust_designs_meet_the_requirement_at_the_true_target(designs):
    plain, robust = designs["none"][3], designs["ellipsoid"][3]
    assert 0.2 < np.mean(plain["margin_crb"] >= -1e-6) < 0.8
    solved = designs["ellipsoid"][2].status == Status.CONVERGED
    # The others need more than all of the power somewhere in the ellipsoid.
    assert (designs["ellipsoid"][2].status[~solved] == Status.INFEASIBLE).all()
    assert np.mean(solved) > 0.8
    assert np.mean(robust["margin_crb"][solved] >= -1e-6) >= 0.95
    # Safety costs rate, but not much of it.
    assert 0.7 < np.mean(robust["min_rate"][solved]) / np.mean(plain["min_rate"][solved]) < 1.0


def test_no_place_of_the_ellipsoid_is_missed(designs):
    config, drawn, solution, _ = designs["ellipsoid"]
    parameters = parameters_of(SYSTEM, config)
    rng = np.random.default_rng(0)
    radius = np.sqrt(stats.chi2.ppf(0.95, 3))
    directions = rng.standard_normal((4000, 3))
    directions *= (rng.uniform(size=4000) ** (1 / 3) / np.linalg.norm(directions, axis=1))[:, None]
    for trial in range(3):
        channels, precoder = take(drawn, trial), solution.value.precoder[trial]
        places = channels.knowledge.target_m + 200.0 * radius * directions
        with double_precision():
            prediction = parameters.prediction
            assert float(prediction.radius) == pytest.approx(radius)
            gains = np.sum(np.abs(np.conj(beams_at(prediction, jnp.asarray(places))) @ precoder) ** 2, axis=1)
            ratios = gains / np.asarray(floors_at(prediction, jnp.asarray(places)))
            place, least = worst_place(prediction, channels, take(solution.value, trial))
        assert float(least) <= ratios.min() + 1e-9
        assert float(least) > 1.0 - 1.1e-4
        assert np.linalg.norm(np.asarray(place) - channels.knowledge.target_m) <= 200.0 * radius * (1.0 + 1e-9)


def test_averaged_powers_tend_to_plain_ones_and_differ_where_users_are_unsure():
    def rates(scheme="rsma-noradar", **changes):
        config = configured(**{**SMALL, "satellite_array": (6, 6), **changes})
        drawn = draw(config, trials=16)
        return evaluate(config, drawn, design_trials(SYSTEM, config, drawn, scheme).value)

    exact = rates()["min_rate"]
    sure = rates(user_position_std_m=0.1, user_robustness="statistical")
    np.testing.assert_allclose(sure["min_rate"], exact, rtol=5e-3)
    plain, averaged = (rates(user_position_std_m=1e4, user_robustness=way) for way in ("none", "statistical"))
    assert np.mean(plain["min_rate"]) < np.mean(exact)
    assert np.mean(averaged["min_rate"]) > np.mean(plain["min_rate"])
    assert averaged["margin_common_rate"].min() > -1e-9


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ConfigError, match="there is no ellipsoid"):
        configured(robustness="ellipsoid")
    with pytest.raises(ConfigError, match="nothing is uncertain"):
        configured(user_robustness="statistical")
    config = configured(**UNSURE, robustness="ellipsoid")
    with pytest.raises(ConfigError, match="Algorithm 1 knows neither"):
        design_trials(SYSTEM, config, draw(config), "rsma-noradar", route="published")
