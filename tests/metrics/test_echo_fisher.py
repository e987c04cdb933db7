"""Information of a bistatic echo against numerical derivatives of simulated blocks."""

import numpy as np
import pytest

from leoisac.metrics.echo_fisher import EchoShape, echo_information, unknown_waveform_factor
from leoisac.metrics.fisher import cramer_rao_bounds, fisher_information
from leoisac.waveforms.echo import complex_noise, fractional_delay

SHAPE, TICK, DELAY, DOPPLER = EchoShape(4, 3, 48, 1e-6), 1e-6, 41.3, 9e3
AT = np.array([0.3, -0.4, DELAY, DOPPLER])
SLOPES = np.array([[0.3 - 0.1j, 0.2j], [0.1j, -0.4], [0.01, 0.02j], [0.0, 0.0]])
WEIGHTS = np.array([1.0 + 0.5j, -0.7])
ALPHA = 0.8 - 0.3j


def _mean(point, streams):
    """The noise-free samples of an echo, one row per element."""
    row, column = np.indices((4, 3)).reshape(2, -1)
    steering = np.exp(1j * np.pi * (point[0] * row + point[1] * column))
    weights = WEIGHTS + (point - AT) @ SLOPES
    window = 160
    moved = fractional_delay(weights @ streams, point[2], window)
    turned = moved * np.exp(2j * np.pi * point[3] * TICK * (np.arange(window) - point[2] + 1.0))
    return ALPHA * steering[:, None] * turned


def _jacobian(streams):
    """Derivatives by the four parameters, and by both parts of the amplitude."""
    columns = []
    for index, step in enumerate((1e-5, 1e-5, 1e-4, 1e-1)):
        shift = step * np.eye(4)[index]
        columns.append((_mean(AT + shift, streams) - _mean(AT - shift, streams)) / (2.0 * step))
    unit = _mean(AT, streams) / ALPHA
    return np.stack([column.ravel() for column in [*columns, unit, 1j * unit]], axis=1)


def test_information_is_the_mean_of_numerical_ones():
    rng, total = np.random.default_rng(0), np.zeros((6, 6))
    draws = 400
    for _ in range(draws):
        total = total + fisher_information(_jacobian(complex_noise(rng, (2, 48), dtype=np.complex128)), 0.5) / draws
    setting = (SHAPE, WEIGHTS, SLOPES, abs(ALPHA) ** 2 / 0.5, DOPPLER)
    known = echo_information(*setting, amplitude_known=True)
    scale = np.sqrt(np.diag(known))
    np.testing.assert_allclose(known / np.outer(scale, scale), total[:4, :4] / np.outer(scale, scale), atol=0.03)
    unknown = echo_information(*setting, amplitude_known=False)
    numerical = total[:4, :4] - total[:4, 4:] @ np.linalg.solve(total[4:, 4:], total[4:, :4])
    np.testing.assert_allclose(unknown / np.outer(scale, scale), numerical / np.outer(scale, scale), atol=0.03)


def test_bounds_of_one_stream_are_the_textbook_ones():
    """Delay and Doppler shift alone: ``6 / (SNR (2 pi B)^2)`` and ``6 / (SNR (2 pi T)^2 (L^2 - 1))``."""
    still = np.zeros((4, 1), dtype=complex)
    information = echo_information(SHAPE, np.ones(1, dtype=complex), still, 2.0, 0.0, amplitude_known=False)
    variance, snr = cramer_rao_bounds(information), 2.0 * 48 * 12
    assert variance[2] == pytest.approx(6.0 / (snr * (2.0 * np.pi) ** 2))
    assert variance[3] == pytest.approx(6.0 / (snr * (2.0 * np.pi * TICK) ** 2 * (48**2 - 1)))
    assert unknown_waveform_factor(0.4335) == pytest.approx(1.82**2, rel=2e-3)
