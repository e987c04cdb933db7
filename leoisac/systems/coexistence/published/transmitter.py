r"""Transmitter update of the WMMSE algorithm: beams and satellite amplitude for fixed receive filters and weights.

.. math::
    \min_{F,q}\ \sum_k\tilde\mu_k\tilde\epsilon_k+\bar\mu\bar\epsilon\quad\text{s.t.}\quad
    \bar\epsilon\le2^{-R_{min}},\ \epsilon_i\le(1+SCNR_{min})^{-1},\ \lVert F\rVert\le1,\ 0\le q\le1

J. Jee, J. G. Andrews, arXiv:2511.15947, problem (43), with the amplitude ``q`` in place of the power: the satellite
user's error is a convex quadratic in the amplitude only. The problem is a second-order cone program in beams ``F`` and
received amplitudes ``A = rows F``; every error is sparse in ``A``. Rows have unit norm, so that all numbers are of a
similar size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Complex

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.problem import ParametricProblem, parametric_problem, per_shape
from leoisac.optim.conic.solving import SolveReport, solve_with_retries
from leoisac.systems.coexistence.problem.cell_program import CellProblem, filter_errors
from leoisac.systems.coexistence.problem.direct_program import span_basis
from leoisac.systems.coexistence.published.error_cones import echo_errors, norm, signed_root, stacked
from leoisac.systems.coexistence.published.printed_filters import CORRECTED, filters_by


@dataclass(frozen=True)
class TransmitterUpdate:
    """Outcome of one update; beams and amplitude are ``None`` where the solver gave no point."""

    beamformer: Complex[np.ndarray, "*cell tx stream"] | None
    q: float | None
    report: SolveReport


@in_double
def update_transmitter(
    problem: CellProblem,
    beamformer: Complex[np.ndarray, "tx stream"],
    q: float,
    power_is_fixed: bool,
    filters: str = CORRECTED,
) -> TransmitterUpdate:
    """Filters and weights at a design, then the best transmitter for them.

    Args:
        problem: one cell.
        beamformer, q: the design so far.
        power_is_fixed: keep ``q`` (stage P3).
        filters: rule of the receive filters (``printed_filters``).
    """
    numbers, basis = _coefficients(problem, beamformer, jnp.asarray(q), rule=filters)
    values = {name: np.asarray(value) for name, value in numbers.items()}
    if power_is_fixed:
        values["given_q"] = np.asarray(q)
    users, targets, clutter = (len(part) for part in (problem.h_tut, problem.target_tx, problem.clutter_tx))
    conic = transmitter_program(basis.shape[1], users, targets, clutter, power_is_fixed)
    conic.assign(values)
    report = solve_with_retries(conic)
    if not report.has_point:
        return TransmitterUpdate(None, None, report)
    found = conic.values()
    beams = np.asarray(basis) @ (found["real"] + 1j * found["imaginary"])
    beams = beams / max(1.0, float(np.linalg.norm(beams)))
    return TransmitterUpdate(beams, q if power_is_fixed else float(np.clip(found["q"], 0.0, 1.0)), report)


@partial(jax.jit, static_argnames="rule")
def _coefficients(
    problem: CellProblem, beamformer: jax.Array, q: jax.Array, rule: str
) -> tuple[dict[str, jax.Array], jax.Array]:
    """Parameters of the conic problem at a design, and the basis of its beams.

    The weights are one over the errors at the design: (40), (41). Those of the targets (42) occur in no objective.
    """
    filters = filters_by(rule, problem, beamformer, q)
    errors = filter_errors(problem, beamformer, q, filters)
    users, streams = problem.h_tut.shape[0], beamformer.shape[1]
    rows = jnp.concatenate([problem.h_tut, problem.h_sut[None], problem.target_tx, problem.clutter_tx])
    basis = span_basis(rows)
    lengths = jnp.linalg.norm(rows, axis=1)
    lengths = jnp.where(lengths > 0.0, lengths, 1.0)
    unit = (rows / lengths[:, None]) @ basis
    first, last = users + 1, users + 1 + problem.target_tx.shape[0]
    by_user, by_sut, by_target, by_clutter = jnp.split(lengths, [users, first, last])

    weights = jnp.ones(users + 1) if problem.rate_weights is None else problem.rate_weights
    tut_weights = jnp.sqrt(weights[:-1] / errors.tut)
    tut_gains = filters.tut * by_user * tut_weights
    own = jnp.eye(users, streams)
    wanted = own * (tut_weights * jnp.conj(tut_gains) / jnp.maximum(jnp.abs(tut_gains), 1e-300))[:, None]
    sut_weight = jnp.sqrt(weights[-1] / errors.sut)
    sut_link = filters.sut * jnp.sqrt(problem.g_sut)

    echoes = jnp.einsum("ir,ijr->ij", filters.target, problem.target_echo) * by_target
    clutter = jnp.abs(jnp.einsum("ir,ilr->il", filters.target, problem.clutter_echo)) * by_clutter
    own_echo = jnp.diagonal(echoes)
    phases = jnp.conj(own_echo) / jnp.maximum(jnp.abs(own_echo), 1e-300)
    satellite = jnp.abs(jnp.sum(filters.target * problem.g_rad, axis=1))
    target_room = 1.0 / (1.0 + problem.min_scnr) - jnp.sum(jnp.abs(filters.target) ** 2, axis=1)
    return {
        "rows_real": unit.real,
        "rows_imaginary": unit.imag,
        "tut_gain": jnp.broadcast_to(jnp.abs(tut_gains)[:, None], (users, streams)),
        "tut_wanted_real": wanted.real,
        "tut_wanted_imaginary": wanted.imag,
        "tut_satellite": jnp.sqrt(jnp.sum(jnp.abs(tut_weights * filters.tut) ** 2 * problem.g_tut)),
        "sut_weight": sut_weight,
        "weighted_sut_link": sut_weight * sut_link,
        "weighted_sut_gain": sut_weight * filters.sut * by_sut[0],
        "sut_link": sut_link,
        "sut_gain": filters.sut * by_sut[0],
        "sut_room": signed_root(2.0**-problem.min_sut_rate - filters.sut**2),
        "echo_real": echoes.real,
        "echo_imaginary": echoes.imag,
        "echo_gain": jnp.abs(echoes),
        "echo_wanted_real": jnp.diag(phases.real),
        "echo_wanted_imaginary": jnp.diag(phases.imag),
        "clutter_gain": clutter,
        "target_satellite": satellite,
        "target_room": signed_root(target_room),
    }, basis


@per_shape
def transmitter_program(
    dimension: int, users: int, targets: int, clutter: int, power_is_fixed: bool
) -> ParametricProblem:
    """The second-order cone program, built once per sizes."""
    cp = cvxpy_module()
    streams, rows = users + targets, users + 1 + targets + clutter
    shapes = {
        "rows_real": (rows, dimension),
        "rows_imaginary": (rows, dimension),
        "tut_gain": (users, streams),
        "tut_wanted_real": (users, streams),
        "tut_wanted_imaginary": (users, streams),
        "echo_real": (targets, targets),
        "echo_imaginary": (targets, targets),
        "echo_gain": (targets, targets),
        "echo_wanted_real": (targets, targets),
        "echo_wanted_imaginary": (targets, targets),
        "clutter_gain": (targets, clutter),
        "target_satellite": (targets,),
        "target_room": (targets,),
    }
    scalars = ("tut_satellite", "sut_weight", "weighted_sut_link", "weighted_sut_gain", "sut_link", "sut_gain")
    parameters = {name: cp.Parameter(shape, name=name) for name, shape in shapes.items()}
    parameters |= {name: cp.Parameter(name=name) for name in (*scalars, "sut_room")}
    real, imaginary = cp.Variable((dimension, streams)), cp.Variable((dimension, streams))
    at_real, at_imaginary = cp.Variable((rows, streams)), cp.Variable((rows, streams))
    q = cp.Variable()
    p = parameters

    sut = users
    tut_real = cp.multiply(p["tut_gain"], at_real[:users]) - p["tut_wanted_real"]
    tut_imaginary = cp.multiply(p["tut_gain"], at_imaginary[:users]) - p["tut_wanted_imaginary"]
    at_sut = cp.hstack([at_real[sut], at_imaginary[sut]])
    weighted = [tut_real, tut_imaginary, p["tut_satellite"] * q, p["weighted_sut_gain"] * at_sut]
    weighted.append(p["sut_weight"] - p["weighted_sut_link"] * q)
    constraints = {
        "amplitude_real": at_real == p["rows_real"] @ real - p["rows_imaginary"] @ imaginary,
        "amplitude_imaginary": at_imaginary == p["rows_real"] @ imaginary + p["rows_imaginary"] @ real,
        "power": norm([real, imaginary]) <= 1.0,
        "sut_rate": norm([1.0 - p["sut_link"] * q, p["sut_gain"] * at_sut]) <= p["sut_room"],
    }
    for i in range(targets):
        constraints[f"scnr_{i}"] = norm(echo_errors(p, i, at_real, at_imaginary, q, users)) <= p["target_room"][i]
    if power_is_fixed:
        parameters["given_q"] = cp.Parameter(name="given_q")
        constraints["amplitude"] = q == parameters["given_q"]
    else:
        constraints |= {"least_amplitude": q >= 0.0, "largest_amplitude": q <= 1.0}
    objective = cp.Minimize(cp.sum_squares(stacked(weighted)))
    variables = {"real": real, "imaginary": imaginary, "q": q}
    return parametric_problem("transmitter", objective, constraints, parameters, variables)
