"""Several targets: exact without noise, as the bounds say with little, which estimate is whose."""

from __future__ import annotations

import math

import numpy as np
import pytest

from leoisac.estimation import several_targets
from leoisac.estimation.sampled_echo_ml import SearchWindow
from leoisac.estimation.several_targets import associated, estimate_targets
from leoisac.metrics.multi_target_fisher import multi_target_bounds
from leoisac.waveforms.otfs import modulate
from leoisac.waveforms.sampled_echo import sampled_echo

M, N, SPACING = 4, 8, 7500.0
SAMPLE_S = 1.0 / (M * SPACING)
WINDOW = SearchWindow(1e-4, 4687.5, 1.0 / SPACING, SPACING)
TARGETS = np.array([[1.03e-4, 4711.0, 0.2], [6.1e-5, 2600.0, -0.5], [1.4e-4, 6900.0, 0.7]])


def _frame(n_tx: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_tx, M * N)) + 1j * rng.standard_normal((n_tx, M * N))
    return modulate(x / np.linalg.norm(x), M)


def _received(samples: np.ndarray, targets: np.ndarray, amplitudes, n_rx: int) -> np.ndarray:
    """Echo after echo, antenna after antenna."""
    total = np.zeros((n_rx, M * N), dtype=complex)
    for (delay, doppler, angle), amplitude in zip(targets, amplitudes, strict=True):
        phase = math.pi * math.sin(angle)
        sent = np.exp(-1j * phase * np.arange(len(samples))) @ samples / math.sqrt(len(samples))
        echo = sampled_echo(sent, delay, doppler, sample_time_s=SAMPLE_S)
        total += amplitude * np.exp(1j * phase * np.arange(n_rx))[:, None] * echo
    return total


def _ordered(found, truth=TARGETS) -> np.ndarray:
    cells = np.array([SAMPLE_S, 1.0 / (M * N * SAMPLE_S), 1.0])
    places = np.stack(found[:3], axis=-1)
    return places[associated(places / cells, truth / cells)]


@pytest.mark.parametrize(("n_tx", "n_rx", "count"), [(1, 1, 2), (1, 4, 3), (3, 4, 3)])
def test_without_noise_all_are_found(n_tx: int, n_rx: int, count: int) -> None:
    samples, truth = _frame(n_tx), TARGETS[:count]
    received = _received(samples, truth, [1.0, 0.5j, -0.4][:count], n_rx)
    angles = truth[:, 2] if n_rx == 1 else None
    found = estimate_targets(received, samples, WINDOW, count, sample_time_s=SAMPLE_S, angles_rad=angles)
    np.testing.assert_allclose(_ordered(found, truth), truth, rtol=1e-5)
    np.testing.assert_allclose(sorted(np.abs(found.amplitude)), sorted([1.0, 0.5, 0.4][:count]), rtol=1e-5)


def test_slopes_are_those_of_the_echoes() -> None:
    """By differences, in resolution cells; a search with wrong slopes still ends, only later."""
    samples, cells = _frame(3), np.array([SAMPLE_S, 1.0 / (M * N * SAMPLE_S), 0.5])
    scene = several_targets._Scene(np.zeros(1), samples, 4, SAMPLE_S, cells, -cells, cells, finds_angles=True)
    places = np.column_stack([TARGETS[:, 0], TARGETS[:, 1], np.sin(TARGETS[:, 2])])
    slopes = several_targets._echoes(scene, places, with_slopes=True)[1]
    step = 1e-4
    for kind, cell in enumerate(cells):
        shift = np.zeros(3)
        shift[kind] = step * cell
        ahead, behind = (several_targets._echoes(scene, places + s, with_slopes=False)[0] for s in (shift, -shift))
        difference = (ahead - behind) / (2.0 * step)
        np.testing.assert_allclose(slopes[:, kind], difference, atol=1e-6 * np.abs(difference).max())


def test_errors_are_those_of_the_joint_bounds() -> None:
    """Noises over one frame, three targets at four antennas, well above threshold."""
    samples, powers = _frame(2), np.array([1.0, 0.7, 0.5])
    noise, trials, rng = 1e-5, 40, np.random.default_rng(3)
    squares = np.zeros((3, 3))
    for _ in range(trials):
        turns = np.exp(2j * np.pi * rng.random(3))
        white = rng.standard_normal((4, M * N, 2)) @ [1.0, 1.0j] * math.sqrt(0.5 * noise)
        received = _received(samples, TARGETS, np.sqrt(powers) * turns, 4) + white
        squares += (_ordered(estimate_targets(received, samples, WINDOW, 3, sample_time_s=SAMPLE_S)) - TARGETS) ** 2
    bounds = multi_target_bounds(
        samples[None],
        delays_s=TARGETS[:, 0],
        dopplers_hz=TARGETS[:, 1],
        angles_rad=TARGETS[:, 2],
        echo_to_noise=powers / noise,
        n_rx=4,
        sample_time_s=SAMPLE_S,
    )
    # A mean of 40 squares errs by 22 %; phases leave bounds as they are up to the targets' overlap.
    ratio = squares / trials / np.stack(bounds, axis=-1)
    assert np.all(np.abs(10.0 * np.log10(ratio)) < 2.0), ratio
    assert np.all(np.abs(10.0 * np.log10(np.mean(ratio, axis=0))) < 1.0), ratio


def test_one_target_is_the_top_of_its_correlation() -> None:
    """In noise: no place nearby, and none of a fine grid of the window, correlates better."""
    samples, rng = _frame(1), np.random.default_rng(4)
    received = _received(samples, TARGETS[:1], [1.0], 1)
    received = received + 0.01 * (rng.standard_normal((1, M * N)) + 1j * rng.standard_normal((1, M * N)))
    found = estimate_targets(received, samples, WINDOW, 1, sample_time_s=SAMPLE_S, angles_rad=np.zeros(1))

    def height(delay, doppler):
        return np.abs(np.conj(sampled_echo(samples[0], delay, doppler, sample_time_s=SAMPLE_S)) @ received[0])

    top = height(found.delay_s, found.doppler_hz)[0]
    for delay, doppler in ((1e-8, 0.0), (-1e-8, 0.0), (0.0, 1.0), (0.0, -1.0)):
        assert height(found.delay_s + delay, found.doppler_hz + doppler)[0] < top
    delays, dopplers = np.meshgrid(np.linspace(3.4e-5, 1.66e-4, 80), np.linspace(940.0, 8430.0, 80))
    assert np.max(height(delays.ravel(), dopplers.ravel())) < top


def test_a_close_pair_is_told_apart() -> None:
    """Half a cell of delay and of Doppler shift apart, which one peak covers."""
    truth = np.array([[1.0e-4, 4687.5, 0.0], [1.17e-4, 5150.0, 0.0]])
    samples = _frame(1)
    received = _received(samples, truth, [1.0, 0.8j], 1)
    found = estimate_targets(received, samples, WINDOW, 2, sample_time_s=SAMPLE_S, angles_rad=np.zeros(2))
    np.testing.assert_allclose(_ordered(found, truth)[:, :2], truth[:, :2], rtol=1e-4)


def test_association_is_the_cheapest_assignment() -> None:
    """The nearest estimate of both targets is the same one; together they take it otherwise."""
    assert list(associated(np.array([[0.0], [10.0]]), np.array([[1.0], [0.4]]))) == [1, 0]


def test_one_antenna_needs_the_angles() -> None:
    samples = _frame(1)
    with pytest.raises(ValueError, match="tells no angles"):
        estimate_targets(samples, samples, WINDOW, 1, sample_time_s=SAMPLE_S)
    with pytest.raises(ValueError, match="one each"):
        estimate_targets(samples, samples, WINDOW, 1, sample_time_s=SAMPLE_S, angles_rad=np.zeros(2))
