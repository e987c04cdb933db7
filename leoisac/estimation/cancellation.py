"""Cancellation of a strong known signal, and of its echoes, before weak ones are looked for. NumPy.

All are linear in the samples. Powers and losses are for the caller to measure, by applying them to parts.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Complex

LOADING = 1e-9
"""Of the mean diagonal of the normal equations, so that taps that are alike do not blow up."""


def delay_doppler_taps(
    reference: Complex[np.ndarray, " window"],
    *,
    taps: int,
    dopplers: int = 0,
    doppler_hz: float = 0.0,
    step_hz: float = 0.0,
    sample_time_s: float = 1.0,
) -> Complex[np.ndarray, "tap window"]:
    """The reference at whole delays 0 to ``taps - 1`` and at Doppler shifts around its own.

    Args:
        reference: the direct path's waveform over the window.
        taps: delays.
        dopplers: shifts on either side.
        doppler_hz: shift of the middle one against the reference.
        step_hz: distance between shifts.
        sample_time_s: sampling interval.
    """
    window = reference.shape[0]
    delayed = np.stack([np.concatenate([np.zeros(k, reference.dtype), reference[: window - k]]) for k in range(taps)])
    shifts = doppler_hz + step_hz * np.arange(-dopplers, dopplers + 1)
    turns = np.exp(2j * math.pi * sample_time_s * shifts[:, None] * np.arange(window))
    return (turns[:, None] * delayed).reshape(-1, window)


def cancel_taps(
    samples: Complex[np.ndarray, "rx window"], taps: Complex[np.ndarray, "tap window"], batches: int = 1
) -> Complex[np.ndarray, "rx window"]:
    """Subtract from every channel what a least-squares fit of the taps explains.

    The extensive cancellation algorithm, in batches of time if more than one (F. Colone et al., IEEE Trans. Aerosp.
    Electron. Syst. 45(2), 2009; F. Colone et al., the same 52(3), 2016): ``y - X (X^H X + eta I)^-1 X^H y``. The noise
    of a reference is subtracted with the signal: the residual is no weaker than the signal by the reference's SNR.
    """
    cleaned = np.empty_like(samples)
    for part in np.array_split(np.arange(samples.shape[1]), batches):
        piece, x = samples[:, part[0] : part[-1] + 1], taps[:, part[0] : part[-1] + 1].astype(np.complex128)
        fitted = np.linalg.solve(_loaded(x.conj() @ x.T), x.conj()).T  # (window, tap): X (X^H X + eta)^-1, conjugated
        cleaned[:, part[0] : part[-1] + 1] = piece - _narrow(piece @ fitted, samples) @ _narrow(x, samples)
    return cleaned


def cancel_direction(
    samples: Complex[np.ndarray, "rx window"],
    directions: Complex[np.ndarray, "rx column"],
    taps: Complex[np.ndarray, "tap window"] | None = None,
) -> Complex[np.ndarray, "rx window"]:
    """Project out what arrives from some directions; with ``taps`` only what also looks like one of them.

    ``Y - P_B Y`` with the projector on the columns of ``directions`` (a steering vector, with its derivatives if it is
    not sure), and ``Y - P_B Y P_X`` with that on the taps, which leaves other delays from there alone.
    """
    basis, _ = np.linalg.qr(directions.astype(np.complex128))
    seen = _narrow(basis.conj().T, samples) @ samples
    if taps is not None:
        x = taps.astype(np.complex128)
        fitted = np.linalg.solve(_loaded(x.conj() @ x.T), x.conj()).T
        seen = _narrow(seen.astype(np.complex128) @ fitted, samples) @ _narrow(x, samples)
    return samples - _narrow(basis, samples) @ seen


def null_constrained_weights(
    steering: Complex[np.ndarray, " rx"],
    nulls: Complex[np.ndarray, "rx null"],
    covariance: Complex[np.ndarray, "rx rx"] | None = None,
) -> Complex[np.ndarray, " rx"]:
    """Beam of least variance with ``w^H b = 1`` and ``w^H b_i = 0``: ``R^-1 C (C^H R^-1 C)^-1 e_1``.

    Linearly constrained minimum variance (O. L. Frost, Proc. IEEE 60(8), 1972); white noise without a covariance.
    """
    constraints = np.concatenate([steering[:, None], nulls], axis=1)
    solved = constraints if covariance is None else np.linalg.solve(covariance, constraints)
    wanted = np.zeros(constraints.shape[1])
    wanted[0] = 1.0
    return solved @ np.linalg.solve(constraints.conj().T @ solved, wanted)


def _loaded(gram: Complex[np.ndarray, "tap tap"]) -> Complex[np.ndarray, "tap tap"]:
    mean = np.real(np.trace(gram)) / len(gram)
    return gram + LOADING * mean * np.eye(len(gram))


def _narrow(matrix: np.ndarray, like: np.ndarray) -> np.ndarray:
    return matrix.astype(like.dtype)
