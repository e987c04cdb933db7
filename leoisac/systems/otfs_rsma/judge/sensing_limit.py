"""What any frame can do for sensing: the least delay bound under a Doppler ceiling, and whether ceilings are reachable.

The Fisher information is linear in the energy map ``q[n, i]``, so this is convex and has nothing to do with channels or
users (the paper asks a genetic algorithm). Inverse bounds are Schur complements: ``1 / CRB`` is the
least energy-weighted square of a sensitivity over all multiples of the nuisance sensitivities, hence the lower envelope
of linear functions of q. Cutting planes over these multiples end within a relative gap of 1e-6, every step a linear
programme of ``M N`` variables, whose value no energy map exceeds: a proof.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import optimize

from leoisac.foundation.axes import Leaf
from leoisac.systems.otfs_rsma.model import Frame, Parameters

_GAP = 1e-6
_MAX_CUTS = 200
_NO_POINT = 2
"""SciPy's word for a linear programme without a feasible point."""


@dataclass(frozen=True)
class SensingLimit:
    """The best that energy maps can do.

    Attributes:
        crb_delay: least bound of the delay, s^2; infinite if the Doppler ceiling is out of reach.
        crb_doppler: bound of the Doppler shift there, Hz^2.
        energy: an energy map that attains both, W, shape ``(slot, subcarrier)``.
        proven: no energy map has a delay bound below this, s^2: the cutting planes' own bound, whatever was attained;
            infinite if they prove the Doppler ceiling out of reach.
    """

    crb_delay: float
    crb_doppler: float
    energy: Float[np.ndarray, "slot subcarrier"]
    proven: float


@dataclass(frozen=True)
class _Sensitivities:
    """Derivatives of the unit echo of every cell: rows of parameters (delay, Doppler, nuisances), real."""

    rows: Leaf  # (part, parameter, cell): information on a cell is the sum over parts of row row^T

    def inverse_bound(self, energy: np.ndarray, wanted: int) -> tuple[float, np.ndarray]:
        """``1 / CRB`` of a parameter, and the multiples of the others at which the cut through it is taken."""
        information = np.einsum("pac,pbc,c->ab", self.rows, self.rows, energy)
        others = [index for index in range(information.shape[0]) if index != wanted]
        multiples = np.linalg.lstsq(information[np.ix_(others, others)], -information[others, wanted], rcond=1e-12)[0]
        direction = np.zeros(information.shape[0])
        direction[wanted], direction[others] = 1.0, multiples
        return float(direction @ information @ direction), direction

    def cut(self, direction: np.ndarray) -> np.ndarray:
        """Coefficients of the linear function of the energy map that bounds the inverse bound from above."""
        return np.sum(np.einsum("pac,a->pc", self.rows, direction) ** 2, axis=0)


def sensing_limit(parameters: Parameters, crb_doppler_max: float = np.inf) -> SensingLimit:
    """Least delay bound over all energy maps of the power budget under a ceiling on the Doppler bound.

    For a known or unknown echo amplitude, as the configuration says.

    Args:
        parameters: of the configuration.
        crb_doppler_max: ceiling, Hz^2.
    """
    cells, scale = _sensitivities(parameters), _units(parameters)
    best, energy, above = _maximise(cells, wanted=0, other=1, floor=scale[1] / crb_doppler_max)
    proven = float(scale[0] / above) if above > 0.0 else np.inf
    if energy is None:
        return SensingLimit(np.inf, np.inf, np.zeros((parameters.frame.n_doppler, parameters.frame.n_delay)), proven)
    inverse_doppler, _ = cells.inverse_bound(energy, 1)
    grid = energy.reshape(parameters.frame.n_doppler, parameters.frame.n_delay) * float(parameters.total_power)
    doppler = scale[1] / inverse_doppler if inverse_doppler > 0.0 else np.inf
    return SensingLimit(float(scale[0] / best), float(doppler), grid, proven)


def are_ceilings_reachable(parameters: Parameters) -> bool:
    """Whether some energy map may meet both ceilings; False is proven by the cutting planes."""
    limit = sensing_limit(parameters, float(parameters.crb_doppler_max))
    return limit.proven <= float(parameters.crb_delay_max) * (1.0 + 10.0 * _GAP)


def _maximise(
    cells: _Sensitivities, wanted: int, other: int, floor: float
) -> tuple[float, Float[np.ndarray, " cell"] | None, float]:
    """Largest inverse bound of one parameter with that of the other at least ``floor``, over shares of the energy.

    What was attained, by which shares, and what nothing exceeds: infinite where a linear programme failed, 0 where one
    proves that no shares reach the floor.
    """
    above = np.inf
    count = cells.rows.shape[-1]
    energy = np.full(count, 1.0 / count)
    rows, limits = list[np.ndarray](), list[float]()
    best, best_energy = 0.0, None
    for _ in range(_MAX_CUTS):
        value, direction = cells.inverse_bound(energy, wanted)
        reached, other_direction = cells.inverse_bound(energy, other)
        if reached >= floor * (1.0 - _GAP) and value > best:
            best, best_energy = value, energy
        # z <= cut . q, floor <= other cut . q; the last variable is z.
        rows += [np.append(-cells.cut(direction), 1.0), np.append(-cells.cut(other_direction), 0.0)]
        limits += [0.0, -floor]
        answer = optimize.linprog(
            np.append(np.zeros(count), -1.0),
            A_ub=np.array(rows),
            b_ub=np.array(limits),
            A_eq=np.append(np.ones(count), 0.0)[None],
            b_eq=[1.0],
            bounds=[(0.0, None)] * (count + 1),
        )
        if answer.status == _NO_POINT:
            return 0.0, None, 0.0
        if not answer.success:
            break
        above = min(above, float(answer.x[-1]))
        if best > 0.0 and answer.x[-1] <= best * (1.0 + _GAP):
            break
        energy = np.maximum(answer.x[:-1], 0.0)
        energy = energy / np.sum(energy)
    return best, best_energy, above


def _sensitivities(parameters: Parameters) -> _Sensitivities:
    """In units of ``1 / (2 pi df)`` and ``1 / (2 pi T)``, per root of twice the echo-to-noise ratio."""
    frame = parameters.frame
    n, i = (axis.ravel().astype(float) for axis in np.meshgrid(*_axes(frame), indexing="ij"))
    zero, one = np.zeros_like(n), np.ones_like(n)
    if float(parameters.is_amplitude_unknown) > 0.5:
        return _Sensitivities(np.stack([np.stack([-i, n, one])]))
    gain = 1.0 / (np.pi * frame.spacing_hz * float(parameters.target_delay))
    return _Sensitivities(np.stack([np.stack([-i, n]), np.stack([gain * one, zero])]))


def _axes(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(frame.n_doppler), np.arange(frame.n_delay)


def _units(parameters: Parameters) -> Float[np.ndarray, "2"]:
    """Bounds in s^2 and Hz^2 times the inverse bounds of the sensitivities."""
    information = 2.0 * float(parameters.echo_to_noise) * float(parameters.total_power)
    turn = 2.0 * np.pi
    return 1.0 / (information * np.array([turn * parameters.frame.spacing_hz, turn * parameters.frame.slot_s]) ** 2)
