"""The simulated echo and the receiver's estimates, through the judge."""

import time

import numpy as np
import pytest
from bistatic_cases import configured, draw, evaluate

from leoisac.experiment.trials.blocks import parameters_of
from leoisac.foundation.config import ConfigError
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Solution, Status
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.fast.echo import with_estimates
from leoisac.systems.bistatic_rsma.judge.sensing import estimate_target, observe
from leoisac.systems.bistatic_rsma.model import Design
from leoisac.systems.bistatic_rsma.world.link import link_budget, target_steering

SMALL = {"receiver_array": (12, 12), "num_samples": 1024, "max_delay_samples": 96}


def _floor_met(config, trials):
    """Designs that put just the gain floor on the target: part of the power on it, the rest where it does not show."""
    link, steering = link_budget(config), target_steering(config)
    rng = np.random.default_rng(0)
    other = rng.standard_normal((config.num_tx, 2)) + 1j * rng.standard_normal((config.num_tx, 2))
    other -= np.outer(steering, steering.conj() @ other) / config.num_tx
    precoder = np.zeros((trials, config.num_tx, config.num_users + 2), dtype=complex)
    precoder[:, :, :2] = other
    precoder[:, :, -1] = steering * np.sqrt(link.gain_floor) / config.num_tx
    return Design(precoder, np.zeros((trials, config.num_users)), np.zeros(trials))


def _solution(config, trials):
    blank = np.zeros(trials)
    status = np.full(trials, int(Status.CONVERGED))
    return Solution(_floor_met(config, trials), status, blank, blank, blank, np.zeros((trials, 0)))


def _threshold(config, eigenvalue):
    """The bound's threshold at which the signal eigenvalue over noise is this one with the floor just met."""
    link = link_budget(config)
    window = config.num_samples + config.max_delay_samples
    per_gain = config.num_samples / window * config.num_rx * link.alpha_squared / link.noise_power
    return link.kappa_azimuth * per_gain / eigenvalue


def _sensed(trials, eigenvalue, **changes):
    base = configured(**{**SMALL, **changes})
    config = base.replace(crb_threshold_rad2=_threshold(base, eigenvalue), transmit_power_dbw=40.0)
    drawn = draw(config, seed=1, trials=trials)
    solution = with_estimates(parameters_of(SYSTEM, config), drawn, _solution(config, trials))
    return config, drawn, evaluate(config, drawn, solution.value)


def test_eigenvalue_of_the_published_setting():
    # The signal eigenvalue over noise is 0.408 when the bound of 8e-7 rad^2 is met exactly.
    assert _threshold(configured(), 0.408) == pytest.approx(8e-7, rel=2e-3)


def test_delay_is_exact_and_departure_close_wherever_arrival_is_found():
    # Around the threshold of MUSIC: some trials find the angle of arrival, some do not.
    _, _, metrics = _sensed(32, 0.3)
    found = metrics["aoa_error"] < np.deg2rad(2.0)
    assert 8 < np.sum(found) < 32
    np.testing.assert_array_equal(metrics["delay_error"][found], 0.0)
    assert np.rad2deg(np.abs(metrics["aod_azimuth_error"][found])).max() < 0.3
    assert np.rad2deg(np.abs(metrics["aod_off_nadir_error"][found])).max() < 0.3
    assert metrics["echo_detected"][found].all()


def test_a_wrong_angle_of_arrival_gives_no_peak():
    _, _, metrics = _sensed(12, 3.0, aoa_offset_deg=(34.0, 11.0))
    assert metrics["echo_detected"].sum() <= 1
    assert np.median(metrics["prominence"]) < 5.5
    np.testing.assert_allclose(np.rad2deg(metrics["aoa_azimuth_error"]), 34.0, atol=1.0)
    _, _, right = _sensed(12, 3.0)
    assert right["prominence"].min() > 2.5 * metrics["prominence"].max()


def test_doppler_and_position_errors():
    config, drawn, metrics = _sensed(12, 4.0)
    bin_hz = config.bandwidth_hz / (4 * config.num_samples)
    assert np.abs(metrics["doppler_error"]).max() < 0.5 * bin_hz
    assert np.abs(drawn.echo.doppler_hz).max() > 5e3
    # The rounding of the delay alone costs 40 m.
    assert metrics["position_error"].max() < 250.0


def test_trials_without_a_design_have_no_estimate_and_maps_are_kept_on_request():
    base = configured(**SMALL, pattern_points=9)
    config = base.replace(crb_threshold_rad2=_threshold(base, 4.0), transmit_power_dbw=40.0)
    drawn, solution = draw(config, trials=2), _solution(config, 2)
    solution.status[1] = int(Status.INFEASIBLE)
    estimate = with_estimates(parameters_of(SYSTEM, config), drawn, solution).value.estimate
    assert estimate.prominence[1] == 0.0
    assert estimate.prominence[0] > 5.0
    assert estimate.music_spectrum.shape == (2, 9, 9)
    assert estimate.delay_doppler_map.shape == (2, 96, 33)
    assert estimate.delay_doppler_map[0].max() == 1.0
    assert np.unravel_index(np.argmax(estimate.delay_doppler_map[0]), (96, 33))[0] == 53  # delays count from 1


def test_the_same_trial_has_the_same_echo_in_any_company():
    config = configured(**SMALL)
    parameters = parameters_of(SYSTEM, config)
    alone, together = draw(config, trials=[3]), draw(config, trials=[1, 3])
    first, second = (
        with_estimates(parameters, drawn, _solution(config, len(drawn.gain_floor))).value.estimate
        for drawn in (alone, together)
    )
    assert first.doppler_hz[0] == second.doppler_hz[1]
    assert first.aoa_azimuth[0] == second.aoa_azimuth[1]


def test_a_window_that_ends_before_the_echo_is_refused():
    config = configured(**{**SMALL, "max_delay_samples": 32})
    with pytest.raises(ConfigError, match="max_delay_samples = 32: the echo arrives 54 samples"):
        with_estimates(parameters_of(SYSTEM, config), draw(config), _solution(config, 1))


@pytest.mark.slow
def test_a_full_size_estimate_takes_less_than_a_second():
    config = configured(crb_threshold_rad2=4e-7, transmit_power_dbw=23.0)
    scene, drawn = parameters_of(SYSTEM, config).scene, draw(config)
    precoder = _floor_met(config, 1).precoder[0]
    observation = observe(scene, precoder, take(drawn.echo, 0))
    assert observation.samples.shape == (1024, 4352)
    seconds = []
    for _ in range(3):
        start = time.thread_time()
        estimate = estimate_target(scene, precoder, observation)
        seconds.append(time.thread_time() - start)
    assert estimate.delay == 54
    assert min(seconds) < 1.0
