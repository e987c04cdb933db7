"""Delay-Doppler bounds: reference values, full Jacobians, what they depend on and what they do not."""

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.metrics.delay_doppler_fisher import (
    delay_doppler_bounds,
    delay_doppler_information,
    energy_moments,
    expected_energy,
    least_variance,
    realised_energy,
)
from leoisac.metrics.fisher import cramer_rao_bounds, effective_information, fisher_information
from leoisac.waveforms.delay_doppler_echo import delay_doppler_echo, echo_gain_at
from leoisac.waveforms.otfs import sfft, time_frequency_image
from tests.oracles.otfs_frame import reference_streams

SPACING_HZ = 7500.0
GRID = {"slot_s": 1.0 / SPACING_HZ, "spacing_hz": SPACING_HZ}
PAPER = {"delay_s": 1e-4, "echo_to_noise": 10.0, **GRID}
DOPPLER_HZ, GAIN, NOISE = 4687.5, 0.1, 1e-3


def _frame(seed=0, *shape):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((*shape, 8, 4)) + 1j * rng.standard_normal((*shape, 8, 4))


def test_uniform_energy_has_the_reference_bounds():
    uniform = np.full((8, 4), 1 / 32)
    np.testing.assert_allclose(
        delay_doppler_bounds(uniform, amplitude_known=True, **PAPER),
        [1.0695707866644617e-11, 7116.710349663543],
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        delay_doppler_bounds(uniform, amplitude_known=False, **PAPER),
        [1.8012654869748937e-11, 13569.801380670237],
        rtol=1e-12,
    )


def test_two_cells_have_the_reference_bounds():
    energy = np.zeros((8, 4))
    energy[7, 0], energy[0, 3] = 0.3, 0.7
    bounds = delay_doppler_bounds(energy, amplitude_known=True, **PAPER)
    np.testing.assert_allclose(bounds, [3.474595506427551e-12, 4846.357635953656], rtol=1e-12)


def test_reference_streams():
    energy = expected_energy(time_frequency_image(reference_streams(0.3), 4))
    information = delay_doppler_information(energy, amplitude_known=True, **PAPER)
    np.testing.assert_allclose(
        information,
        [[81569458425.73483, -2245.3508116999137], [-2245.3508116999137, 3.057031734716366e-4]],
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        delay_doppler_bounds(energy, amplitude_known=True, **PAPER),
        [1.536626023426393e-11, 4100.112900705977],
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        delay_doppler_bounds(energy, amplitude_known=False, **PAPER),
        [1.9250233330634386e-11, 29208.608688566197],
        rtol=1e-12,
    )


def _mean_echo(x_tf, delay, doppler, amplitude):
    """The paper's echo on the delay-Doppler grid."""
    return sfft(delay_doppler_echo(x_tf, delay, doppler, amplitude, **GRID)).ravel()


def test_the_information_is_the_full_jacobians():
    x_tf, delay = _frame(), 1e-4
    # Delay and Doppler shift in units of a bin: their own differ by eight orders of magnitude.
    units = np.array([1e-4, 1e3, 1.0, 1.0])

    def echo(parameters):
        tau, nu = parameters[0] * units[0], parameters[1] * units[1]
        return _mean_echo(x_tf, tau, nu, echo_gain_at(tau, GAIN, delay) * (parameters[2] + 1j * parameters[3]))

    point, step = np.array([1.0, DOPPLER_HZ / 1e3, 1.0, 0.0]), 1e-5
    central = np.stack([(echo(point + h) - echo(point - h)) / (2 * step) for h in step * np.eye(4)], axis=-1)
    jacobian = np.asarray(jax.jit(jax.jacfwd(echo))(jnp.asarray(point)))
    np.testing.assert_allclose(jacobian, central, atol=1e-8)
    energy = np.abs(x_tf) ** 2
    setting = {**PAPER, "echo_to_noise": GAIN**2 / NOISE}
    for parameters, amplitude_known in ((2, True), (4, False)):
        full = fisher_information((jacobian / units)[:, :parameters], NOISE)
        ours = delay_doppler_information(energy, amplitude_known=amplitude_known, **setting)
        scale = np.sqrt(np.outer(np.diagonal(ours), np.diagonal(ours)))
        wanted = full if amplitude_known else effective_information(full, 2)
        np.testing.assert_allclose(ours / scale, wanted / scale, atol=1e-12)
        bounds = delay_doppler_bounds(energy, amplitude_known=amplitude_known, **setting)
        np.testing.assert_allclose(cramer_rao_bounds(full)[:2], bounds, rtol=1e-9)


def test_only_the_energy_matters():
    x_tf = _frame(1)
    phases = np.exp(2j * np.pi * np.random.default_rng(2).uniform(size=(8, 4)))
    energy = [realised_energy(x[None], np.ones(1, dtype=complex)) for x in (x_tf, x_tf * phases)]
    for known in (True, False):
        one, other = (delay_doppler_information(q, amplitude_known=known, **PAPER) for q in energy)
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("known", [True, False])
def test_origin_of_the_indices(known):
    # The same energy, three slots and two subcarriers further on a larger grid.
    energy = np.abs(_frame(3)) ** 2
    moved, plain = np.zeros((12, 8)), np.zeros((12, 8))
    plain[:8, :4], moved[3:11, 2:6] = energy, energy
    here, there = (delay_doppler_bounds(q, amplitude_known=known, **PAPER) for q in (plain, moved))
    if known:
        assert there.delay < 0.9 * here.delay
    else:
        np.testing.assert_allclose(there, here, rtol=1e-12)


def test_not_knowing_the_amplitude_never_helps_and_noise_scales():
    energy = np.abs(_frame(4, 50)) ** 2
    known, unknown = (np.asarray(delay_doppler_bounds(energy, amplitude_known=k, **PAPER)) for k in (True, False))
    assert np.all(unknown > known)
    louder = delay_doppler_bounds(4 * energy, amplitude_known=True, **PAPER)
    np.testing.assert_allclose(np.asarray(louder), known / 4, rtol=1e-12)
    # Symmetric energy: the centred moments are those of the textbook, (N^2 - 1) / 12.
    moments = energy_moments(np.ones((8, 4)), centred=True)
    np.testing.assert_allclose(moments, [32, 32 * 63 / 12, 32 * 15 / 12, 0], atol=1e-12)


def test_expected_energy_is_the_mean_of_realised_ones():
    rng = np.random.default_rng(5)
    images = time_frequency_image(reference_streams(0.3), 4)
    symbols = np.exp(0.5j * np.pi * rng.integers(4, size=(4000, 3)))
    realised = realised_energy(images, symbols)
    expected = expected_energy(images)
    np.testing.assert_allclose(realised.mean(0), expected, atol=5 * realised.std(0).max() / np.sqrt(4000))
    # Bounds are convex in the energy: the mean of the realised ones is above that of the mean (Jensen).
    fair = np.asarray(delay_doppler_bounds(realised, amplitude_known=True, **PAPER)).mean(axis=1)
    ratio = fair / np.asarray(delay_doppler_bounds(expected, amplitude_known=True, **PAPER))
    assert np.all((ratio > 1.0) & (ratio < 1.3))


def test_degenerate_energy_is_infinite_and_not_a_number_nowhere():
    one_cell = np.zeros((8, 4))
    one_cell[7, 3] = 1.0
    unknown = delay_doppler_bounds(one_cell, amplitude_known=False, **PAPER)
    assert np.all(np.isinf(unknown))
    known = delay_doppler_bounds(one_cell, amplitude_known=True, **PAPER)
    # A single cell tells one combination by its phase; the gain tells the delay: tau^2 / 80.
    assert known.delay == pytest.approx(1e-8 / 80)
    first_slot = np.zeros((8, 4))
    first_slot[0] = 1.0
    assert np.isinf(delay_doppler_bounds(first_slot, amplitude_known=True, **PAPER).doppler)
    slope = jax.jit(jax.grad(lambda q: delay_doppler_bounds(q, amplitude_known=True, **PAPER).delay))
    assert np.all(np.isfinite(slope(jnp.asarray(first_slot))))


def test_one_parameter_beside_another_is_a_schur_complement_in_any_units():
    for unit in (1.0, 1e-9):
        information = unit * np.array([[4.0, 1.0], [1.0, 2.0]])
        found = least_variance(np, information[0, 0], information[1, 1], information[0, 1])
        np.testing.assert_allclose(found, np.linalg.inv(information)[0, 0])
    assert least_variance(np, 1.0, 0.0, 0.0) == 1.0
    assert least_variance(np, 0.5, 2.0, 1.0) == np.inf
