"""Fisher information: textbook bounds, the derivative by automatic differentiation, nuisance parameters."""

import numpy as np
import pytest

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_derivatives, steering_vector
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.metrics.fisher import (
    array_information,
    cramer_rao_bounds,
    effective_information,
    fisher_information,
    point_target_derivatives,
    response_information,
)


def test_bound_of_a_mean_and_of_an_amplitude():
    # N observations of a real mean in CN(0, s) noise: variance s / (2 N).
    information = fisher_information(np.ones((25, 1), dtype=complex), 4.0)
    np.testing.assert_allclose(cramer_rao_bounds(information), 4.0 / 50)


def test_single_source_on_a_linear_array_is_the_textbook_value():
    # One source at 20 degrees, ten half-wavelength elements, 100 snapshots, 0 dB: deterministic bound 6.95415998e-6.
    # It holds for an unknown complex amplitude in every snapshot, whose energy is known: the projected information.
    count, angle, snapshots = 10, np.deg2rad(20.0), 100
    phase = np.pi * np.arange(count)
    steering = np.exp(1j * phase * np.sin(angle))
    derivative = 1j * phase * np.cos(angle) * steering
    information = array_information(derivative[None], steering, float(snapshots), amplitude_known=False)
    np.testing.assert_allclose(cramer_rao_bounds(information), 6.95415998e-6, rtol=1e-8)


def test_array_information_is_the_full_jacobians():
    positions = jnp.asarray(upa(3, 4).positions)
    waveform = np.random.default_rng(0).standard_normal(7) + 1j * np.random.default_rng(1).standard_normal(7)
    noise, amplitude = 0.3, 0.8 - 0.5j

    def mean(parameters):
        azimuth, elevation, real, imaginary = parameters
        steering = steering_vector(positions, azimuth, elevation)
        return ((real + 1j * imaginary) * jnp.outer(steering, waveform)).ravel()

    point = jnp.array([0.7, 0.9, amplitude.real, amplitude.imag])
    real, imaginary = (jax.jit(jax.jacfwd(lambda p, part=part: part(mean(p))))(point) for part in (jnp.real, jnp.imag))
    information = fisher_information(real + 1j * imaginary, noise)
    derivatives = jnp.stack(steering_derivatives(positions, 0.7, 0.9))
    steering = steering_vector(positions, 0.7, 0.9)
    snr = abs(amplitude) ** 2 * np.sum(np.abs(waveform) ** 2) / noise
    known = array_information(derivatives, steering, snr, amplitude_known=True)
    unknown = array_information(derivatives, steering, snr, amplitude_known=False)
    np.testing.assert_allclose(known, information[:2, :2], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(unknown, effective_information(information, 2), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(cramer_rao_bounds(information)[:2], cramer_rao_bounds(unknown), rtol=1e-9)
    # Not knowing the amplitude never helps.
    assert np.linalg.eigvalsh(known - unknown).min() > -1e-9


def test_reference_point_matters_only_for_a_known_amplitude():
    layout = upa(4, 4).positions
    bounds = {}
    for shift in (0.0, 3.7):
        moved = layout + np.array([shift, 0.0, 0.0])
        arrays = np.stack(steering_derivatives(moved, 0.4, 0.8)), steering_vector(moved, 0.4, 0.8)
        for known in (True, False):
            bounds[shift, known] = cramer_rao_bounds(array_information(*arrays, 10.0, amplitude_known=known))
    np.testing.assert_allclose(bounds[0.0, False], bounds[3.7, False], rtol=1e-9)
    assert not np.allclose(bounds[0.0, True], bounds[3.7, True], rtol=0.05)
    for shift in (0.0, 3.7):
        assert np.all(bounds[shift, True] <= bounds[shift, False] * (1 + 1e-12))


def test_bounds_survive_wildly_different_units():
    information = np.array([[4.0, 1.0], [1.0, 2.0]])
    scale = np.array([1e12, 1e-6])
    plain = cramer_rao_bounds(information)
    np.testing.assert_allclose(cramer_rao_bounds(information * np.outer(scale, scale)) * scale**2, plain, rtol=1e-12)
    np.testing.assert_allclose(plain, np.diag(np.linalg.inv(information)), rtol=1e-12)


def test_noise_and_energy_scale_the_bound():
    jacobian = np.random.default_rng(3).standard_normal((20, 2)).astype(complex)
    ratio = cramer_rao_bounds(fisher_information(jacobian, 2.0)) / cramer_rao_bounds(fisher_information(jacobian, 1.0))
    assert ratio == pytest.approx([2.0, 2.0])


def test_a_response_that_is_illuminated_is_a_mean_that_is_observed():
    rng = np.random.default_rng(11)
    derivatives = rng.standard_normal((6, 4, 3, 5)) + 1j * rng.standard_normal((6, 4, 3, 5))
    waveform = rng.standard_normal((6, 5, 9)) + 1j * rng.standard_normal((6, 5, 9))
    observed = np.moveaxis((derivatives @ waveform[:, None]).reshape(6, 4, -1), 1, 2)
    covariance = waveform @ waveform.conj().swapaxes(-1, -2)
    np.testing.assert_allclose(
        response_information(derivatives, covariance, 0.3), fisher_information(observed, 0.3), rtol=1e-10, atol=1e-9
    )


def test_bounds_do_not_depend_on_the_units_they_are_computed_in():
    factor = np.random.default_rng(12).standard_normal((4, 9))
    information = factor @ factor.T
    scale = np.array([3.0, 0.1, 1.0, 20.0])
    np.testing.assert_allclose(cramer_rao_bounds(information, scale), cramer_rao_bounds(information), rtol=1e-10)


def test_derivatives_of_a_batch_of_targets_are_those_of_each():
    rng = np.random.default_rng(13)
    amplitudes, b, a, db, da = (
        rng.standard_normal((5, *shape)) + 0j for shape in ((2,), (2, 4), (2, 3), (1, 2, 4), (1, 2, 3))
    )
    together = point_target_derivatives(amplitudes, b, a, db, da)
    assert together.shape == (5, 6, 4, 3)
    one = point_target_derivatives(amplitudes[3], b[3], a[3], db[3], da[3])
    np.testing.assert_allclose(together[3], one)
    by_hand = amplitudes[3, 1] * (np.outer(db[3, 0, 1], a[3, 1]) + np.outer(b[3, 1], da[3, 0, 1]))
    np.testing.assert_allclose(one[1], by_hand)
    np.testing.assert_allclose(one[5], 1j * np.outer(b[3, 1], a[3, 1]))
