r"""Least power with which a base station senses all its targets: no users, the satellite at a given power.

Receive filters and beams take turns; each turn lowers the power. For fixed filters ``w_i`` the problem

.. math::
    \min\sum_k\lVert f_k\rVert^2\quad\text{s.t.}\quad
    |r_{kk}f_k|^2\ge\gamma\Big(\sum_sf_s^HQ_{ks}f_s+n_k\Big)

is solved exactly through the duality of downlink and uplink (``optim.batched.sinr_duality``). With ``b_ij = w_i v_ij``
the row of link ``i`` to target ``j`` is ``r_ij = b_ij t_j``; ``Q_ik`` holds the echoes of stream ``k`` from other
targets (``k = i``: each by itself; else all targets coherently, ``r_i = sum_j r_ij``) and the clutter.

A power above the budget is the sensing failure of J. Jee, J. G. Andrews, arXiv:2511.15947. The turns end where no
filter and no beam improves alone; that this is the least power of all is not proven (``proofs`` has what is).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.optim.batched.sinr_duality import downlink_powers, uplink
from leoisac.systems.coexistence.problem.cell_program import CellProblem, Received, echo_covariances, echo_signals
from leoisac.systems.coexistence.problem.direct_program import reduce_receivers, span_basis

_TURNS = 150
_FIXED_POINT_STEPS = 6
_TOLERANCE = 1e-8
"""Relative change of the power between two turns at which they end."""
_CEILING = 1e6
"""Uplink powers, in budgets, that count as unlimited."""
_TINY = 1e-300


class LeastPower(NamedTuple):
    """Least-power sensing design; for a batch with the cell axis first."""

    power: Leaf  # share of the budget; infinite where no power is enough, NaN where numbers overflowed
    beamformer: Leaf  # complex (tx, stream); the data columns are zero
    converged: Leaf
    iterations: Leaf  # turns of filters and beams


class _Turn(NamedTuple):
    beams: Array  # (dimension, target)
    uplink: Array  # (target,)
    power: Array
    change: Array
    turns: Array


def least_sensing_power(problem: CellProblem, q: Float[np.ndarray, " cell"] | float) -> LeastPower:
    """Least sensing power of a batch of cells at satellite amplitudes ``q`` (0 to 1, one or one per cell)."""
    cells = len(np.asarray(problem.min_scnr))
    found: LeastPower = by_lanes(_one_cell)(None, problem, np.broadcast_to(np.asarray(q, dtype=float), (cells,)))
    return found


def least_power_design(problem: CellProblem, q: Float[Array, ""]) -> LeastPower:
    """As ``least_sensing_power`` for one cell; traceable."""
    users, targets = problem.h_tut.shape[0], problem.target_tx.shape[0]
    if not targets:  # nothing to sense takes nothing
        silent = jnp.zeros((problem.h_tut.shape[1], users), dtype=complex)
        return LeastPower(jnp.zeros(()), silent, jnp.asarray(True), jnp.asarray(0))
    small = reduce_receivers(problem)
    rows = jnp.concatenate([problem.target_tx, problem.clutter_tx])
    basis = span_basis(rows)
    rows = rows @ basis
    matched = jnp.conj(rows[:targets]).T
    start = _Turn(
        beams=matched / jnp.linalg.norm(matched),
        uplink=jnp.zeros(targets),
        power=jnp.asarray(jnp.inf),
        change=jnp.asarray(jnp.inf),
        turns=jnp.asarray(0),
    )

    def unfinished(turn: _Turn) -> Array:
        return (turn.change > _TOLERANCE) & (turn.turns < _TURNS)

    end = jax.lax.while_loop(unfinished, lambda turn: _next_turn(small, rows, q, turn), start)
    idle = jnp.zeros((problem.h_tut.shape[1], users), dtype=rows.dtype)
    beamformer = jnp.concatenate([idle, basis @ end.beams], axis=1)
    return LeastPower(end.power, beamformer, end.change <= _TOLERANCE, end.turns)


def _one_cell(_: None, problem: CellProblem, q: Leaf) -> LeastPower:
    return least_power_design(problem, q)


def _next_turn(problem: CellProblem, rows: Complex[Array, "row dimension"], q: Leaf, turn: _Turn) -> _Turn:
    targets = problem.target_tx.shape[0]
    signal, clutter = _links(problem, rows, q, turn.beams)
    towards, scatterers = rows[:targets], rows[targets:]
    together = signal @ towards

    def loaded(powers: Float[Array, " target"]) -> Complex[Array, "target dimension dimension"]:
        """``I + sum_i l_i Q_ik`` of every stream."""
        by_clutter = jnp.einsum("l,la,lb->ab", powers @ clutter, jnp.conj(scatterers), scatterers)
        coherent = jnp.einsum("i,ia,ib->iab", powers, jnp.conj(together), together)
        single = (powers[:, None] * jnp.abs(signal) ** 2) * (1.0 - jnp.eye(targets))
        own = jnp.einsum("kj,ja,jb->kab", single, jnp.conj(towards), towards)
        return jnp.eye(rows.shape[1]) + by_clutter + jnp.sum(coherent, axis=0) - coherent + own

    wanted = jnp.diagonal(signal)[:, None] * towards
    found = uplink(wanted, loaded, problem.min_scnr, turn.uplink, steps=_FIXED_POINT_STEPS, ceiling=_CEILING)
    beams = found.directions.T
    powers = _downlink_powers(problem.min_scnr, signal, clutter, towards @ beams, scatterers @ beams)
    enough = jnp.all(powers > 0.0) & jnp.all(jnp.isfinite(powers))
    # No power is enough for links that are numbers; of others nothing is known.
    known = jnp.all(jnp.isfinite(signal)) & jnp.all(jnp.isfinite(clutter)) & jnp.all(jnp.isfinite(found.powers))
    power = jnp.where(enough, jnp.sum(powers), jnp.where(known, jnp.inf, jnp.nan))
    change = jnp.abs(power - turn.power) / jnp.maximum(power, _TINY)
    # Where these filters cannot do it at any power the uplink powers shape the next ones.
    beams = beams * jnp.sqrt(jnp.where(enough, powers, found.powers))
    return _Turn(beams, found.powers, power, jnp.where(enough, change, jnp.inf), turn.turns + 1)


def _links(
    problem: CellProblem, rows: Complex[Array, "row dimension"], q: Leaf, beams: Complex[Array, "dimension target"]
) -> tuple[Complex[Array, "target target"], Float[Array, "target clutter"]]:
    """Amplitudes ``b_ij`` of the links and their clutter powers behind the best filters, in units of the noise."""
    targets, users = problem.target_tx.shape[0], problem.h_tut.shape[0]
    arriving = jnp.concatenate([jnp.zeros((rows.shape[0], users)), rows @ beams], axis=1)
    at = Received(arriving[:0], arriving[0], arriving[:targets], arriving[targets:])
    # Up to a factor, the filter of least error is that of the largest ratio.
    best = jnp.linalg.solve(echo_covariances(problem, at, q), echo_signals(problem, at)[..., None])[..., 0]
    filters = jnp.conj(best)
    satellite = q * jnp.abs(jnp.sum(filters * problem.g_rad, axis=1))
    noise = jnp.sqrt(satellite**2 + jnp.sum(jnp.abs(filters) ** 2, axis=1))
    filters = filters / jnp.maximum(noise, _TINY)[:, None]
    signal = jnp.einsum("ir,ijr->ij", filters, problem.target_echo)
    return signal, jnp.abs(jnp.einsum("ir,ilr->il", filters, problem.clutter_echo)) ** 2


def _downlink_powers(
    ratio: Leaf,
    signal: Complex[Array, "target target"],
    clutter: Float[Array, "target clutter"],
    at_targets: Complex[Array, "target stream"],
    at_clutter: Complex[Array, "clutter stream"],
) -> Float[Array, " stream"]:
    """Powers of unit beams with which every link has the ratio exactly."""
    own = jnp.eye(signal.shape[0])
    # (i, s): power of stream s behind filter i
    coherent = jnp.abs(signal @ at_targets) ** 2 * (1.0 - own)
    single = jnp.sum(jnp.abs(signal) ** 2 * (1.0 - own) * jnp.abs(at_targets.T) ** 2, axis=1)
    interference = coherent + clutter @ jnp.abs(at_clutter) ** 2 + jnp.diag(single)
    useful = jnp.abs(jnp.diagonal(signal) * jnp.diagonal(at_targets)) ** 2
    return downlink_powers(useful, interference, ratio)
