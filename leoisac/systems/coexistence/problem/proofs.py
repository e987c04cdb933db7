"""What proves that no design meets the constraints; whatever a search misses without such a proof is NO_FEASIBLE_POINT.

Satellite user: its rate is largest undisturbed, so that ``(2^R_min - 1) sigma^2 / g`` is a lower bound on its beam's
power; where beams hear each other, so are the least powers that give all of them their rates. Targets: with
``R_i >= q^2 g_i g_i^H + I`` every filter has ``SCNR_i <= ||t_i||^2 ||f_{K+i}||^2 v_i^H (I + q^2 g_i g_i^H)^-1 v_i``,
where neither clutter nor any other echo counts. The stream of target ``i`` thus takes at least ``SCNR_min`` over that
gain, and the sum over the targets is a lower bound on the base station's power. Both bounds grow with the satellite's
power, so that the least useful one is put in.

Least sensing powers (``least_power``) are a search's and prove nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from leoisac.foundation.status import Status
from leoisac.systems.coexistence.model import Channels, Parameters
from leoisac.systems.coexistence.problem.cell_program import CellProblem

_ROUNDING = 1e-9
_TINY = 1e-300
_PARTS = 1e-28
"""Of a squared length: above the rounding of a hundred terms, squared."""


def beyond_reach(
    problem: CellProblem, least_q: Float[np.ndarray, " cell"], largest_q: Float[np.ndarray, " cell"]
) -> Bool[np.ndarray, " cell"]:
    """Cells in which no design with this association and an amplitude of this range meets the floors, for sure.

    False where a number is NaN: it proves nothing.
    """
    unreachable = np.log2(1.0 + problem.g_sut * largest_q**2) < problem.min_sut_rate - _ROUNDING
    return (sensing_power_bound(problem, least_q) > 1.0 + _ROUNDING) | unreachable


def sensing_power_bound(problem: CellProblem, q: Float[np.ndarray, " cell"]) -> Float[np.ndarray, " cell"]:
    """Lower bound on the share of the base station's budget that the targets take at satellite amplitudes ``q``."""
    echo = np.diagonal(np.asarray(problem.target_echo), axis1=-3, axis2=-2)  # (cell, rx, target)
    gain = _filtered(np.moveaxis(echo, -1, -2), np.asarray(problem.g_rad), np.asarray(q)[..., None] ** 2)
    gain = np.sum(np.abs(np.asarray(problem.target_tx)) ** 2, axis=-1) * gain
    return np.sum(np.asarray(problem.min_scnr)[..., None] / np.maximum(gain, _TINY), axis=-1)


def impossible(parameters: Parameters, channels: Channels, *, coupled: bool = True) -> Bool[np.ndarray, " trial"]:
    """Trials of which it is proven that no design meets the floors: for no association, no beams and no powers.

    ``coupled=False``: in the ideal without coupling, which has no floor of the satellite users' rates.
    """
    noise, share = np.asarray(channels.noise_power), parameters.cells_per_beam
    wanted = (2.0 ** float(parameters.min_sut_rate) - 1.0) if coupled else 0.0
    least = _least_beam_powers(channels, wanted, share)
    too_loud = np.sum(least, axis=1) > float(parameters.satellite_power) * (1.0 + _ROUNDING)
    least = np.where(np.isfinite(least), least, 0.0)
    power = np.repeat(least, share, axis=1)
    echo = np.asarray(channels.target_amplitude)[..., None] * np.asarray(channels.target_rx)
    radar = np.asarray(channels.g_rad)[:, :, None]
    gain = _filtered(echo, radar, (power / noise)[:, :, None, None])
    lit = np.sum(np.abs(np.asarray(channels.target_tx)) ** 2, axis=-1)[..., None]
    best = np.max(lit * gain, axis=-1) / noise[:, :, None]
    needed = np.sum(float(parameters.min_scnr) / float(parameters.doppler_loss) / np.maximum(best, _TINY), axis=-1)
    return too_loud | np.any(needed > float(parameters.bs_power) * (1.0 + _ROUNDING), axis=1)


def _least_beam_powers(channels: Channels, wanted: float, share: int) -> Float[np.ndarray, "trial beam"]:
    """Least powers that give every satellite user the SINR ``wanted`` if no base station disturbs; infinite: none do.

    Where beams of one colour hear each other, ``p_b = wanted (sum_c g_bc p_c + noise_b) / g_b``: the smallest of all
    powers that suffice, which exist if and only if the matrix of the gains has a spectral radius below 1 (G. J.
    Foschini, Z. Miljanic, IEEE Trans. Veh. Technol. 42(4), 1993).
    """
    noise = np.asarray(channels.noise_power)
    if channels.other_satellites is not None:
        noise = noise + np.asarray(channels.other_satellites.at_sut)
    scale = (wanted / np.maximum(np.asarray(channels.g_sut), _TINY))[:, ::share]
    alone = scale * noise[:, ::share]
    if channels.other_beams is None or not wanted:
        return alone
    heard = scale[..., None] * np.asarray(channels.other_beams.to_sut)[:, ::share]
    possible = np.max(np.abs(np.linalg.eigvals(heard)), axis=1) < 1.0
    beams = heard.shape[1]
    heard = np.where(possible[:, None, None], heard, 0.0)
    together = np.linalg.solve(np.eye(beams) - heard, alone[..., None])[..., 0]
    return np.where(possible[:, None], together, np.inf)


def ended(
    parameters: Parameters,
    channels: Channels,
    cell_status: Int[np.ndarray, "trial cell"],
    *,
    missed: Bool[np.ndarray, " trial"] | None = None,
    coupled: bool = True,
) -> Int[np.ndarray, " trial"]:
    """Status of trials: that of their worst cell; INFEASIBLE only with a proof for the trial, else NO_FEASIBLE_POINT.

    Args:
        parameters, channels: of the trials.
        cell_status: codes; a cell's own proof holds for its association and satellite power alone.
        missed: trials without a design for another reason.
        coupled: as of ``impossible``.
    """
    hopeless = np.isin(cell_status, [int(Status.INFEASIBLE), int(Status.NO_FEASIBLE_POINT)])
    worst = np.max(np.where(hopeless, int(Status.INFEASIBLE), cell_status), axis=1)
    if missed is not None:
        worst = np.where(missed, np.maximum(worst, int(Status.INFEASIBLE)), worst)
    without_proof = (worst == int(Status.INFEASIBLE)) & ~impossible(parameters, channels, coupled=coupled)
    return np.where(without_proof, int(Status.NO_FEASIBLE_POINT), worst).astype(np.int32)


def _filtered(echo: Shaped[np.ndarray, "*#batch rx"], satellite: Shaped[np.ndarray, "*#batch rx"], power: Any) -> Any:
    """At least ``v^H (I + power g g^H)^-1 v``: what of ``v`` is beside ``g`` and ``1 / (1 + power |g|^2)`` of the rest.

    As a difference (Sherman, Morrison) a satellite 160 dB above the noise would leave nothing but rounding, and prove
    what is not so. What is added covers the rounding of the parts.
    """
    size = np.max(np.abs(satellite), axis=-1, keepdims=True)
    direction = satellite / np.where(size > 0.0, size, 1.0)
    length = np.sum(np.abs(direction) ** 2, axis=-1)
    along = np.sum(np.conj(direction) * echo, axis=-1) / np.where(length > 0.0, length, 1.0)
    parallel = along[..., None] * direction
    beside = np.sum(np.abs(echo - parallel) ** 2, axis=-1)
    with np.errstate(over="ignore"):
        loud = power * length * size[..., 0] ** 2
    rounding = _PARTS * np.sum(np.abs(echo) ** 2, axis=-1)
    return beside + np.sum(np.abs(parallel) ** 2, axis=-1) / (1.0 + loud) + rounding


__all__ = ["beyond_reach", "ended", "impossible", "sensing_power_bound"]
