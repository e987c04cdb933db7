"""A track by an extended Kalman filter: exact without noise, consistent with it."""

import numpy as np
import pytest

from leoisac.estimation.tracking import Fix, measured, track_target

WAVELENGTH, GAP = 0.15, 1.0
START, VELOCITY = np.array([3e3, 3e3, 5e3]), np.array([-80.0, 60.0, 5.0])
SATELLITE, FAST = np.array([-30e3, -30e3, 340e3]), np.array([7.4e3, 500.0, 0.0])
SIGMAS = np.array([9e-4, 8e-4, 3.0, 22.0])


def _fixes(count, rng, scale=1.0):
    fixes = []
    for index in range(count):
        time = GAP * index
        fix = Fix(time, SATELLITE + time * FAST, FAST, np.zeros(4), (scale * SIGMAS) ** 2)
        truth = measured(fix, np.concatenate([START + time * VELOCITY, VELOCITY]), WAVELENGTH)
        fixes.append(fix._replace(values=truth + scale * SIGMAS * rng.standard_normal(4)))
    return fixes


def _truth(count):
    return np.array([np.concatenate([START + GAP * i * VELOCITY, VELOCITY]) for i in range(1, count)])


def test_a_target_of_constant_velocity_is_followed_exactly_without_noise():
    track = track_target(_fixes(8, np.random.default_rng(0), 1e-6), WAVELENGTH, 1e-6)
    np.testing.assert_allclose(track.states[:, :3], _truth(8)[:, :3], atol=1e-2)
    np.testing.assert_allclose(track.states[:, 3:], _truth(8)[:, 3:], atol=1e-2)


def test_errors_are_what_the_filter_believes_and_smaller_than_those_of_fixes():
    rng, count, distances, errors = np.random.default_rng(1), 15, [], []
    for _ in range(60):
        track = track_target(_fixes(count, rng), WAVELENGTH, 1e-6)
        error = track.states - _truth(count)
        distances.append([e @ np.linalg.solve(p, e) for e, p in zip(error, track.covariances, strict=True)])
        errors.append(np.linalg.norm(error[:, :3], axis=1))
    # Normalised squared errors of six coordinates average six.
    assert np.mean(np.array(distances)[:, -1]) == pytest.approx(6.0, abs=1.5)
    assert np.mean(distances) == pytest.approx(6.0, abs=1.2)
    rms = np.sqrt(np.mean(np.square(errors), axis=0))
    assert rms[-1] < 0.7 * rms[0]


def test_what_is_no_track_is_refused():
    fixes = _fixes(3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="starts from two"):
        track_target(fixes[:1], WAVELENGTH, 1.0)
    with pytest.raises(ValueError, match="times must grow"):
        track_target([fixes[1], fixes[0]], WAVELENGTH, 1.0)
