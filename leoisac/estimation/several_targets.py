"""Joint maximum-likelihood delays, Doppler shifts and angles of several targets from sampled echoes at an array. NumPy.

Antenna r of a half-wavelength line array receives ``y_r[q] = sum_t a_t b_r(theta_t) e_t[q] + n`` with unknown complex
amplitudes, ``e_t`` being the sampled echo of what the known frame sends towards target t; the bounds of this model are
those of ``metrics.multi_target_fisher``. Targets are found one after the other, each where the likelihood of all found
so far and this one is highest on a grid; after each find all of them are refined together by damped Gauss-Newton steps.
Then every target is taken out and looked for once more, which stays where it raises the likelihood.

Sources: S. Chen, S. A. Billings, W. Luo, Int. J. Control 50(5), 1989 (orthogonal least squares); J. Li, P. Stoica, IEEE
Trans. Signal Process. 44(2), 1996 (looking again: RELAX); G. Golub, V. Pereyra, SIAM J. Numer. Anal. 10(2), 1973
(amplitudes as linear unknowns).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float, Int
from scipy.optimize import linear_sum_assignment

from leoisac.antennas.steering import ula_steering_vector
from leoisac.estimation.sampled_echo_ml import SearchWindow
from leoisac.waveforms.sampled_echo import baseband_frequencies, sampled_echo

_PAD = 4
"""Points of the grid per sample of delay and per ``1 / (Q T_s)`` of Doppler shift."""
_PER_BEAM = 3
"""Points of the grid per beam of the larger array."""
_STEPS = 30
_MOST_MOVE = 0.3
"""Of a resolution cell in one step."""
_LEAST_FRESH = 0.05
"""Share of an echo that must lie outside those found so far for a place to count as another target's."""
_SETTLED = 1e-5
"""Move of a resolution cell below which places stand: far below their errors."""
_MOST_DAMPING = 1e3


class TargetEstimates(NamedTuple):
    """What the radar makes of the echoes, in the order in which targets were found; shapes ``(target,)``.

    Attributes:
        delay_s, doppler_hz: of the targets.
        angle_rad: from the broadside of both arrays; where the angles are known, these.
        amplitude: complex, at one antenna.
    """

    delay_s: Float[np.ndarray, " target"]
    doppler_hz: Float[np.ndarray, " target"]
    angle_rad: Float[np.ndarray, " target"]
    amplitude: Complex[np.ndarray, " target"]


class _Scene(NamedTuple):
    received: np.ndarray  # (rx cell,)
    samples: np.ndarray  # (tx, cell)
    n_rx: int
    sample_s: float
    cells: np.ndarray  # resolution cells of delay, Doppler shift and sine of the angle
    low: np.ndarray
    high: np.ndarray
    finds_angles: bool


def estimate_targets(
    received: Complex[np.ndarray, "rx cell"],
    samples: Complex[np.ndarray, "tx cell"],
    window: SearchWindow,
    n_targets: int,
    *,
    sample_time_s: float,
    angles_rad: Float[np.ndarray, " target"] | None = None,
) -> TargetEstimates:
    """Places of a known number of targets.

    Args:
        received: samples of the echoes at every receive antenna, prefix removed.
        samples: of the frame at every transmit antenna of a half-wavelength line array, which the radar knows; one
            antenna radiates the same everywhere.
        window: estimates are inside.
        n_targets: how many to find.
        sample_time_s: ``T_s``.
        angles_rad: of the targets, where they are known; needed with one receive antenna, which tells no angle.

    Raises:
        ValueError: without angles for one antenna, or with another number of them.
    """
    n_rx, count = received.shape
    if angles_rad is None and n_rx == 1:
        raise ValueError("angles_rad: one receive antenna tells no angles; give those of the targets.")
    if angles_rad is not None and len(angles_rad) != n_targets:
        raise ValueError(f"angles_rad has {len(angles_rad)} entries for {n_targets} targets: one each.")
    beams = max(n_rx, len(samples))
    units = np.array([sample_time_s, 1.0 / (count * sample_time_s), 2.0 / beams])
    middle = np.array([float(window.delay_s), float(window.doppler_hz), 0.0])
    half = 0.5 * np.array([window.delay_span_s, window.doppler_span_hz, 2.0])
    scene = _Scene(
        received.ravel(), samples, n_rx, sample_time_s, units, middle - half, middle + half, angles_rad is None
    )
    left = [] if angles_rad is None else list(np.sin(angles_rad))
    places = np.zeros((0, 3))
    for _ in range(n_targets):
        places = np.concatenate([places, _search(scene, places, left)[None]])
        if left:
            left.remove(places[-1, 2])
        places = _refined(scene, places)
    for index in range(n_targets if n_targets > 1 else 0):
        others = np.delete(places, index, axis=0)
        again = _search(scene, others, [] if scene.finds_angles else [places[index, 2]])
        if np.max(np.abs(again - places[index]) / scene.cells) < 1.0:
            continue  # where it was
        trial = _refined(scene, np.insert(others, index, again, axis=0))
        if _fit(scene, trial)[1] < _fit(scene, places)[1]:
            places = trial
    amplitudes, _ = _fit(scene, places)
    return TargetEstimates(places[:, 0], places[:, 1], np.arcsin(np.clip(places[:, 2], -1.0, 1.0)), amplitudes)


def associated(
    estimates: Float[np.ndarray, "estimate parameter"], truth: Float[np.ndarray, "target parameter"]
) -> Int[np.ndarray, " target"]:
    """Which estimate is which target's: the assignment of the least sum of squared distances.

    Args:
        estimates, truth: places in units in which distances of all parameters weigh alike (resolution cells).
    """
    distance = np.sum((truth[:, None] - estimates[None]) ** 2, axis=-1)
    rows, columns = linear_sum_assignment(np.where(np.isfinite(distance), distance, 1e300))
    return columns[np.argsort(rows)]


def _transmitted(scene: _Scene, sine: np.ndarray) -> np.ndarray:
    """The frame as it leaves in directions, ``(..., cell)``: a beam w reaches the target as ``a^H w / sqrt(n_tx)``."""
    n_tx = len(scene.samples)
    steering = ula_steering_vector(np.arcsin(np.clip(sine, -1.0, 1.0)), n_tx)
    return np.conj(steering) @ scene.samples / math.sqrt(n_tx)


def _echoes(scene: _Scene, places: np.ndarray, *, with_slopes: bool) -> tuple[np.ndarray, np.ndarray]:
    """Unit-amplitude echoes ``(target, rx cell)`` and their slopes by the parameters in resolution cells."""
    n_tx, n_rx, count = len(scene.samples), scene.n_rx, scene.samples.shape[-1]
    delays, dopplers, sines = places.T
    receive = np.exp(1j * np.pi * np.arange(n_rx) * sines[:, None])

    def moved(sent: np.ndarray) -> np.ndarray:
        return sampled_echo(sent, delays, dopplers, sample_time_s=scene.sample_s)

    def seen(vectors: np.ndarray, echoes: np.ndarray) -> np.ndarray:
        return (vectors[:, :, None] * echoes[:, None]).reshape(len(places), n_rx * count)

    sent = _transmitted(scene, sines)
    echo = moved(sent)
    if not with_slopes:
        return seen(receive, echo), np.zeros((len(places), 0, n_rx * count))
    frequencies = baseband_frequencies(count, scene.sample_s)
    late = moved(np.fft.ifft(-2j * np.pi * frequencies * np.fft.fft(sent, axis=-1), axis=-1))
    by_delay = late - 2j * np.pi * dopplers[:, None] * echo
    by_doppler = 2j * np.pi * (np.arange(count) * scene.sample_s - delays[:, None]) * echo
    slopes = [seen(receive, by_delay), seen(receive, by_doppler)]
    if scene.finds_angles:
        turned = -1j * np.pi * np.arange(n_tx) * np.conj(np.exp(1j * np.pi * np.arange(n_tx) * sines[:, None]))
        by_sent = moved(turned @ scene.samples / math.sqrt(n_tx))
        slopes.append(seen(1j * np.pi * np.arange(n_rx) * receive, echo) + seen(receive, by_sent))
    return seen(receive, echo), scene.cells[: len(slopes), None] * np.stack(slopes, axis=1)


def _fit(scene: _Scene, places: np.ndarray) -> tuple[np.ndarray, float]:
    """Amplitudes of least squares, and what they leave."""
    echoes, _ = _echoes(scene, places, with_slopes=False)
    amplitudes = np.linalg.lstsq(echoes.T, scene.received, rcond=None)[0]
    return amplitudes, float(np.sum(np.abs(scene.received - amplitudes @ echoes) ** 2))


def _search(scene: _Scene, found: np.ndarray, sines: list[float]) -> np.ndarray:
    """Place of the grid where one more echo explains most of what those found leave; sines: the known ones."""
    count = scene.samples.shape[-1]
    echoes, _ = _echoes(scene, found, with_slopes=False)
    basis = np.linalg.qr(echoes.T)[0] if len(found) else np.zeros((scene.received.size, 0))
    residual = scene.received - basis @ (basis.conj().T @ scene.received)
    signals = np.concatenate([residual[None], basis.T]).reshape(-1, scene.n_rx, count)
    widths = (scene.high - scene.low)[:2] / scene.cells[:2]
    delays = scene.low[0] + np.arange(int(np.ceil(_PAD * widths[0]))) * scene.cells[0] / _PAD
    bins = int(np.ceil(_PAD * widths[1]))
    turns = np.exp(2j * np.pi * (delays / scene.sample_s)[:, None] * np.arange(bins) / (_PAD * count))
    best, place = -np.inf, np.zeros(3)
    for sine in dict.fromkeys(sines) or _sines(scene):
        sent = _transmitted(scene, np.asarray(sine))
        beam = np.einsum("r,srq->sq", np.exp(-1j * np.pi * np.arange(scene.n_rx) * sine), signals)
        moved = sampled_echo(sent, delays, np.full(len(delays), scene.low[1]), sample_time_s=scene.sample_s)
        # One zero-padded FFT per delay has all Doppler shifts of the window among its first points.
        cells = np.fft.fft(np.conj(moved) * beam[:, None], _PAD * count, axis=-1)[..., :bins] * turns
        energy = scene.n_rx * np.sum(np.abs(sent) ** 2)
        fresh = energy - np.sum(np.abs(cells[1:]) ** 2, axis=0)
        heights = np.abs(cells[0]) ** 2 / np.maximum(fresh, _LEAST_FRESH * max(energy, 1e-300))
        row, column = np.unravel_index(np.argmax(heights), heights.shape)
        if heights[row, column] > best:
            best = heights[row, column]
            place = np.array([delays[row], scene.low[1] + column * scene.cells[1] / _PAD, sine])
    return place


def _sines(scene: _Scene) -> list[float]:
    count = _PER_BEAM * max(scene.n_rx, len(scene.samples))
    return list((2.0 * np.arange(count) + 1.0) / count - 1.0)


def _refined(scene: _Scene, places: np.ndarray) -> np.ndarray:
    """All places together, beside where they are: amplitudes and places as unknowns of one linear problem per step."""
    n_places, n_kinds = len(places), 3 if scene.finds_angles else 2
    amplitudes, cost = _fit(scene, places)
    damping = 1e-3
    for _ in range(_STEPS):
        echoes, slopes = _echoes(scene, places, with_slopes=True)
        columns = (amplitudes[:, None, None] * slopes).reshape(n_places * n_kinds, -1)
        # What a change of amplitudes can do as well is no reason to move.
        basis = np.linalg.qr(echoes.T)[0]
        columns = columns - (columns @ basis.conj()) @ basis.T
        residual = scene.received - amplitudes @ echoes
        matrix = np.real(np.conj(columns) @ columns.T)
        pull = np.real(np.conj(columns) @ residual)
        diagonal = np.diag(matrix) + 1e-12 * max(float(np.trace(matrix)), 1e-300)
        move = np.linalg.solve(matrix + damping * np.diag(diagonal), pull)
        move = move * min(1.0, _MOST_MOVE / max(float(np.max(np.abs(move))), 1e-300))
        trial = places.copy()
        trial[:, :n_kinds] += move.reshape(n_places, n_kinds) * scene.cells[:n_kinds]
        trial = np.clip(trial, scene.low, scene.high)
        reached, after = _fit(scene, trial)
        if after < cost:
            places, amplitudes, cost, damping = trial, reached, after, 0.1 * damping
        else:
            damping *= 10.0
        if np.max(np.abs(move)) < _SETTLED or damping > _MOST_DAMPING:
            break
    return places


__all__ = ["TargetEstimates", "associated", "estimate_targets"]
