"""Channel estimation from embedded pilots: sizes of the zone, exact recovery among data, variances."""

from __future__ import annotations

import numpy as np
import pytest

from leoisac.estimation.pilot_dictionary import (
    channel_errors,
    doppler_fit,
    expected_error,
    fitted_gains,
    pilot_responses,
    read_columns,
    ridge,
)
from leoisac.estimation.pilots import (
    PilotLayout,
    detected_paths,
    gain_error,
    pilot_layout,
    pilot_vectors,
    read_gains,
    shrunk,
)
from leoisac.waveforms.delay_doppler_channel import (
    apply_in_time,
    apply_paths,
    path_matrices,
    path_operators,
    time_operators,
)

DELAYS, DOPPLERS = (0, 1, 2, 3), (0, 2, -1, 3)
_PLACES = (np.array(DELAYS), np.array(DOPPLERS) + 3)
"""Where the paths are in what is read."""


def _complex(rng, *shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)


def test_sizes_of_the_zone():
    one = pilot_layout(32, 16, 1, DELAYS, DOPPLERS)
    assert one.zone == (7, 13)
    assert one.overhead == pytest.approx(91 / 512)
    four = pilot_layout(32, 16, 4, DELAYS, DOPPLERS)
    assert four.zone == (19, 13)
    assert four.overhead == pytest.approx(247 / 512)
    assert len(four.data_cells()) == 512 - 247
    default = pilot_layout(4, 8, 4, DELAYS, DOPPLERS)
    assert not default.fits
    assert (default.overhead, default.frames) == (1.0, 4)


@pytest.mark.parametrize(("shape", "n_tx"), [((32, 16), 1), ((32, 16), 4), ((64, 32), 4), ((4, 8), 3)])
def test_gains_are_exact_without_noise(shape, n_tx):
    """Data of 30 dB above the pilot around the zone do not matter: none of it arrives where pilots are read."""
    rng, layout = np.random.default_rng(0), pilot_layout(*shape, n_tx, DELAYS, DOPPLERS)
    gains = _complex(rng, n_tx, 4)
    frames = pilot_vectors(layout, 2.0)
    frames[:, layout.data_cells()] = 60.0 * _complex(rng, n_tx, len(layout.data_cells()))
    arrived = apply_paths(path_operators(DELAYS, DOPPLERS, *shape), gains, frames)
    received = np.broadcast_to(arrived.sum(axis=0), arrived.shape) if layout.fits else arrived
    found = read_gains(layout, received, 2.0)
    np.testing.assert_allclose(found[:, *_PLACES], gains, atol=1e-12)
    rest = found.copy()
    rest[:, *_PLACES] = 0.0
    np.testing.assert_allclose(rest, 0.0, atol=1e-12)


def test_errors_are_those_of_the_formulas():
    """Rayleigh gains of power 1/4 at 10 dB: variances of both estimators, and of what is left of no path."""
    rng, layout = np.random.default_rng(1), pilot_layout(4, 8, 1, DELAYS, DOPPLERS)
    count, variance = 20_000, 0.1
    gains = 0.5 * _complex(rng, count, 1, 4)
    arrived = apply_paths(path_operators(DELAYS, DOPPLERS, 4, 8), gains, pilot_vectors(layout, 1.0))
    read = read_gains(layout, arrived + np.sqrt(variance) * _complex(rng, *arrived.shape), 1.0)[:, :, *_PLACES]
    for estimator, found in (("least-squares", read), ("lmmse", shrunk(read, variance, 0.25))):
        errors = np.abs(found - gains) ** 2
        assert errors.mean() == pytest.approx(float(gain_error(variance, 0.25, estimator)), rel=0.02)
    # The best linear estimate errs at a right angle to itself.
    assert abs(np.mean((shrunk(read, variance, 0.25) - gains) * read.conj())) < 2e-3


def test_paths_are_found_above_the_noise():
    rng, layout = np.random.default_rng(2), pilot_layout(32, 16, 1, DELAYS, DOPPLERS)
    gains = np.exp(2j * np.pi * rng.random((200, 1, 4))) / 2
    arrived = apply_paths(path_operators(DELAYS, DOPPLERS, 32, 16), gains, pilot_vectors(layout, 1.0))
    read = read_gains(layout, arrived + 0.05 * _complex(rng, *arrived.shape), 1.0)[:, 0]
    found = detected_paths(read, 0.05**2)
    assert found[:, *_PLACES].all()
    # exp(-9) of the empty cells.
    false = found.sum() - found[:, *_PLACES].sum()
    assert false <= 5


@pytest.mark.parametrize(("delays", "dopplers"), [((0, 1), (0.0, 3.5)), ((0, 4), (0, 1)), ((0, 1), (0, 4))])
def test_layouts_that_cannot_be_read_are_refused(delays, dopplers):
    with pytest.raises(ValueError, match="dopplers="):
        pilot_layout(4, 8, 1, delays, dopplers)


def test_other_estimators_are_refused():
    with pytest.raises(ValueError, match="estimator"):
        gain_error(0.1, 0.25, "mmse")
    assert PilotLayout(8, 8, 1, 1, 1).places == [(1, 2)]


FRACTIONAL = (0.0, 1.6, -0.3, 2.45)


def _dictionary_trial(layout, gains, noise, seed, estimator):
    """Fitted gains of one antenna's pilot of amplitude 2 over paths of fractional Doppler."""
    rng = np.random.default_rng(seed)
    operators = time_operators(DELAYS, FRACTIONAL, layout.n_delay, layout.n_doppler)
    arrived = apply_in_time(operators, gains, pilot_vectors(layout, 2.0), layout.n_delay)
    received = arrived + np.sqrt(noise) * _complex(rng, *arrived.shape)
    fit = doppler_fit(layout)
    variance = noise / 4.0
    columns = read_columns(layout, received, 2.0)[..., 0, :, :]
    return fit, fitted_gains(fit, columns, ridge(fit, variance, 4, estimator)), variance


def test_atoms_reach_to_the_largest_shift_and_no_further():
    layout = pilot_layout(16, 16, 1, DELAYS, FRACTIONAL)
    dopplers = doppler_fit(layout).dopplers
    assert dopplers[0] == -layout.max_doppler
    assert dopplers[-1] == pytest.approx(layout.max_doppler)


def test_fractional_paths_leave_their_delay():
    """The closed form of a pilot's column is the channel's."""
    layout = pilot_layout(16, 16, 1, DELAYS, FRACTIONAL)
    assert layout.zone == (7, 16)
    for delay, doppler in zip(DELAYS, FRACTIONAL, strict=True):
        operators = time_operators([delay], [doppler], 16, 16)
        arrived = apply_in_time(operators, np.ones(1), pilot_vectors(layout, 1.0)[0], 16).reshape(16, 16)
        row = layout.places[0][0] + delay
        np.testing.assert_allclose(arrived[:, row], pilot_responses(layout, 0, [doppler])[0], atol=1e-12)
        np.testing.assert_allclose(np.delete(arrived, row, axis=1), 0.0, atol=1e-12)


def test_errors_on_the_dictionary_are_those_of_the_matrices():
    layout = pilot_layout(8, 8, 1, DELAYS, FRACTIONAL)
    gains = 0.5 * _complex(np.random.default_rng(4), 4)
    fit, found, _ = _dictionary_trial(layout, gains, 0.05, 4, "lmmse")
    true = np.einsum("p,pij->ij", gains, path_matrices(DELAYS, FRACTIONAL, 8, 8))
    estimate = sum(
        np.einsum("p,pij->ij", found[delay], path_matrices([delay] * len(fit.dopplers), fit.dopplers.tolist(), 8, 8))
        for delay in range(4)
    )
    twin = np.sum(np.abs(estimate - true) ** 2) / 64
    np.testing.assert_allclose(channel_errors(layout, fit, found, gains, DELAYS, FRACTIONAL), twin, rtol=1e-9)


@pytest.mark.parametrize("estimator", ["least-squares", "lmmse"])
def test_expected_errors_on_the_dictionary(estimator):
    layout = pilot_layout(8, 8, 1, DELAYS, FRACTIONAL)
    gains = 0.5 * _complex(np.random.default_rng(5), 4000, 1, 4)
    fit, found, variance = _dictionary_trial(layout, gains, 0.05, 5, estimator)
    errors = channel_errors(layout, fit, found, gains[:, 0], DELAYS, FRACTIONAL)
    expected = expected_error(layout, fit, DELAYS, FRACTIONAL, variance, ridge(fit, variance, 4, estimator))
    assert abs(errors.mean() - expected) < 4 * errors.std() / np.sqrt(errors.size)


def test_the_dictionary_beats_cells():
    """Reading the nearest cells loses what has spread; the LMMSE fit errs less than least squares."""
    layout = pilot_layout(16, 16, 1, DELAYS, FRACTIONAL)
    gains = 0.5 * _complex(np.random.default_rng(6), 200, 1, 4)
    errors = {}
    for estimator in ("least-squares", "lmmse"):
        fit, found, _ = _dictionary_trial(layout, gains, 0.05, 6, estimator)
        errors[estimator] = channel_errors(layout, fit, found, gains[:, 0], DELAYS, FRACTIONAL).mean()
    fit = doppler_fit(layout)
    rounded = np.zeros((200, 4, len(fit.dopplers)), dtype=complex)
    for path, doppler in enumerate(FRACTIONAL):
        rounded[:, path, int(np.argmin(np.abs(fit.dopplers - round(doppler))))] = gains[:, 0, path]
    by_cells = channel_errors(layout, fit, rounded, gains[:, 0], DELAYS, FRACTIONAL).mean()
    assert errors["lmmse"] < errors["least-squares"] < by_cells
