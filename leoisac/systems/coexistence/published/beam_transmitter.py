r"""Transmitter update of the WMMSE algorithm for all cells of one beam: one second-order cone program.

.. math::
    \min_{F_c,q}\ \sum_{c,k}\tilde\mu_{ck}\tilde\epsilon_{ck}+\bar\mu\bar\epsilon\quad\text{s.t.}\quad
    \bar\epsilon\le2^{-R_{min}},\ \epsilon_{ci}\le(1+SCNR_{min})^{-1},\ \lVert F_c\rVert\le1,\ 0\le q\le1

As ``transmitter`` for a single cell (J. Jee, J. G. Andrews, arXiv:2511.15947, (43)); every cell has further rows, to
the users of the others and, behind their filters, to the others' radar receivers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Complex

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.problem import ParametricProblem, parametric_problem, per_shape
from leoisac.optim.conic.solving import solve_with_retries
from leoisac.systems.coexistence.problem.beam_program import BeamProblem
from leoisac.systems.coexistence.published.beam_filters import beam_errors, beam_filters
from leoisac.systems.coexistence.published.error_cones import echo_errors, norm, signed_root, stacked
from leoisac.systems.coexistence.published.printed_filters import CORRECTED
from leoisac.systems.coexistence.published.transmitter import TransmitterUpdate


@in_double
def update_beam(
    problem: BeamProblem,
    beamformer: Complex[np.ndarray, "cell tx stream"],
    q: float,
    power_is_fixed: bool,
    filters: str = CORRECTED,
) -> TransmitterUpdate:
    """Filters and weights at a design, then the best transmitters for them.

    Args:
        problem: one beam.
        beamformer, q: the design so far.
        power_is_fixed: keep ``q`` (stage P3).
        filters: ``corrected``: the paper prints none for a beam.
    """
    if filters != CORRECTED:
        raise ValueError(f"filters = {filters!r}: cells of one beam have {CORRECTED!r} only.")
    values = {name: np.asarray(value) for name, value in _coefficients(problem, beamformer, jnp.asarray(q)).items()}
    if power_is_fixed:
        values["given_q"] = np.asarray(q)
    cells, users, tx = problem.cells.h_tut.shape
    targets, clutter = problem.cells.target_tx.shape[1], problem.cells.clutter_tx.shape[1]
    conic = _program(cells, tx, users, targets, clutter, power_is_fixed)
    conic.assign(
        {f"{name}_{c}": part for name, value in values.items() if name in _BY_CELL for c, part in enumerate(value)}
        | {name: value for name, value in values.items() if name not in _BY_CELL}
    )
    report = solve_with_retries(conic)
    if not report.has_point:
        return TransmitterUpdate(None, None, report)
    found = conic.values()
    beams = np.stack([found[f"real_{c}"] + 1j * found[f"imaginary_{c}"] for c in range(cells)])
    lengths = np.linalg.norm(beams, axis=(1, 2), keepdims=True)
    return TransmitterUpdate(
        beams / np.maximum(1.0, lengths), q if power_is_fixed else float(np.clip(found["q"], 0.0, 1.0)), report
    )


_BY_CELL = (
    "rows_real",
    "rows_imaginary",
    "tut_gain",
    "tut_wanted_real",
    "tut_wanted_imaginary",
    "weighted_sut_gain",
    "sut_gain",
    "echo_real",
    "echo_imaginary",
    "echo_gain",
    "echo_wanted_real",
    "echo_wanted_imaginary",
    "clutter_gain",
    "target_satellite",
    "target_room",
    "cross_gain",
    "echo_cross_gain",
)


@jax.jit
def _coefficients(problem: BeamProblem, beamformer: jax.Array, q: jax.Array) -> dict[str, jax.Array]:
    """Parameters of the conic problem at a design; the weights are one over the errors there: (40), (41)."""
    cells = problem.cells
    filters = beam_filters(problem, beamformer, q)
    errors = beam_errors(problem, beamformer, q, filters)
    count, users, tx = cells.h_tut.shape
    targets, streams = cells.target_tx.shape[1], beamformer.shape[2]
    # Rows of a base station: users, satellite user, targets, clutter, users of others, radar receivers of others.
    to_users = jnp.swapaxes(problem.cross_tut, 0, 1).reshape(count, count * users, tx)
    behind = jnp.einsum("cir,cfirt->fcit", filters.target, problem.cross_radar).reshape(count, count * targets, tx)
    rows = jnp.concatenate(
        [cells.h_tut, cells.h_sut[:, None], cells.target_tx, cells.clutter_tx, to_users, behind], axis=1
    )
    lengths = jnp.linalg.norm(rows, axis=2)
    unit = rows / jnp.where(lengths > 0.0, lengths, 1.0)[..., None]
    first, last = users + 1, users + 1 + targets
    clutter_end = last + cells.clutter_tx.shape[1]
    by_user, by_sut, by_target, by_clutter = (
        lengths[:, :users],
        lengths[:, users],
        lengths[:, first:last],
        lengths[:, last:clutter_end],
    )
    by_cross = lengths[:, clutter_end : clutter_end + count * users]
    by_behind = lengths[:, clutter_end + count * users :]

    weights = jnp.ones((count, users + 1)) if cells.rate_weights is None else cells.rate_weights
    tut_weights = jnp.sqrt(weights[:, :-1] / errors.tut)
    tut_gains = filters.tut * by_user * tut_weights
    phases = jnp.conj(tut_gains) / jnp.maximum(jnp.abs(tut_gains), 1e-300)
    wanted = jnp.eye(users, streams) * (tut_weights * phases)[..., None]
    sut_weight = jnp.sqrt(weights[0, -1] / errors.sut)
    sut_link = filters.sut * jnp.sqrt(cells.g_sut[0])

    echoes = jnp.einsum("cir,cijr->cij", filters.target, cells.target_echo) * by_target[:, None]
    clutter = jnp.abs(jnp.einsum("cir,cilr->cil", filters.target, cells.clutter_echo)) * by_clutter[:, None]
    own_echo = jnp.diagonal(echoes, axis1=1, axis2=2)
    echo_phases = jnp.conj(own_echo) / jnp.maximum(jnp.abs(own_echo), 1e-300)
    room = 1.0 / (1.0 + cells.min_scnr[:, None]) - jnp.sum(jnp.abs(filters.target) ** 2, axis=2)
    # What the rows of a cell put on users of others enters behind their filters, with their weights.
    loud = (jnp.abs(filters.tut) * tut_weights).reshape(-1) * by_cross
    return {
        "rows_real": unit.real,
        "rows_imaginary": unit.imag,
        "tut_gain": jnp.broadcast_to(jnp.abs(tut_gains)[..., None], (count, users, streams)),
        "tut_wanted_real": wanted.real,
        "tut_wanted_imaginary": wanted.imag,
        "tut_satellite": jnp.sqrt(jnp.sum(jnp.abs(tut_weights * filters.tut) ** 2 * cells.g_tut)),
        "sut_weight": sut_weight,
        "weighted_sut_link": sut_weight * sut_link,
        "weighted_sut_gain": sut_weight * filters.sut * by_sut,
        "sut_link": sut_link,
        "sut_gain": filters.sut * by_sut,
        "sut_room": signed_root(2.0 ** -cells.min_sut_rate[0] - filters.sut**2),
        "echo_real": echoes.real,
        "echo_imaginary": echoes.imag,
        "echo_gain": jnp.abs(echoes),
        "echo_wanted_real": jnp.eye(targets) * echo_phases.real[..., None],
        "echo_wanted_imaginary": jnp.eye(targets) * echo_phases.imag[..., None],
        "clutter_gain": clutter,
        "target_satellite": jnp.abs(jnp.sum(filters.target * cells.g_rad, axis=2)),
        "target_room": signed_root(room),
        "cross_gain": jnp.broadcast_to(loud[..., None], (count, count * users, streams)),
        "echo_cross_gain": by_behind,
    }


@per_shape
def _program(cells: int, tx: int, users: int, targets: int, clutter: int, power_is_fixed: bool) -> ParametricProblem:
    """The second-order cone program, built once per sizes."""
    cp = cvxpy_module()
    streams, clutter_end = users + targets, users + 1 + targets + clutter
    cross_end = clutter_end + cells * users
    rows = cross_end + cells * targets
    shapes = {
        "rows_real": (rows, tx),
        "rows_imaginary": (rows, tx),
        "tut_gain": (users, streams),
        "tut_wanted_real": (users, streams),
        "tut_wanted_imaginary": (users, streams),
        "weighted_sut_gain": (),
        "sut_gain": (),
        "echo_real": (targets, targets),
        "echo_imaginary": (targets, targets),
        "echo_gain": (targets, targets),
        "echo_wanted_real": (targets, targets),
        "echo_wanted_imaginary": (targets, targets),
        "clutter_gain": (targets, clutter),
        "target_satellite": (targets,),
        "target_room": (targets,),
        "cross_gain": (cells * users, streams),
        "echo_cross_gain": (cells * targets,),
    }
    parameters = {f"{n}_{c}": cp.Parameter(shape, name=f"{n}_{c}") for n, shape in shapes.items() for c in range(cells)}
    scalars = ("tut_satellite", "sut_weight", "weighted_sut_link", "sut_link", "sut_room")
    parameters |= {name: cp.Parameter(name=name) for name in scalars}
    q = cp.Variable()
    variables, constraints = {"q": q}, dict[str, Any]()
    weighted: list[Any] = [parameters["tut_satellite"] * q]
    weighted.append(parameters["sut_weight"] - parameters["weighted_sut_link"] * q)
    at_sut: list[Any] = [1.0 - parameters["sut_link"] * q]
    amplitudes = list[tuple[Any, Any]]()
    for c in range(cells):
        p = {name: parameters[f"{name}_{c}"] for name in shapes}
        real, imaginary = cp.Variable((tx, streams)), cp.Variable((tx, streams))
        re, im = cp.Variable((rows, streams)), cp.Variable((rows, streams))
        variables |= {f"real_{c}": real, f"imaginary_{c}": imaginary}
        amplitudes.append((re, im))
        constraints[f"amplitude_real_{c}"] = re == p["rows_real"] @ real - p["rows_imaginary"] @ imaginary
        constraints[f"amplitude_imaginary_{c}"] = im == p["rows_real"] @ imaginary + p["rows_imaginary"] @ real
        constraints[f"power_{c}"] = norm([real, imaginary]) <= 1.0
        weighted += [
            cp.multiply(p["tut_gain"], re[:users]) - p["tut_wanted_real"],
            cp.multiply(p["tut_gain"], im[:users]) - p["tut_wanted_imaginary"],
            cp.multiply(p["cross_gain"], re[clutter_end:cross_end]),
            cp.multiply(p["cross_gain"], im[clutter_end:cross_end]),
        ]
        leakage = cp.hstack([re[users], im[users]])
        weighted.append(p["weighted_sut_gain"] * leakage)
        at_sut.append(p["sut_gain"] * leakage)
    constraints["sut_rate"] = norm(at_sut) <= parameters["sut_room"]
    for c, (re, im) in enumerate(amplitudes):
        p = {name: parameters[f"{name}_{c}"] for name in shapes}
        for i in range(targets):
            terms = echo_errors(p, i, re, im, q, users)
            place = c * targets + i
            for other, both in enumerate(amplitudes):
                if other != c:
                    gain = parameters[f"echo_cross_gain_{other}"][place]
                    terms += [gain * part[cross_end + place] for part in both]
            constraints[f"scnr_{c}_{i}"] = norm(terms) <= p["target_room"][i]
    if power_is_fixed:
        parameters["given_q"] = cp.Parameter(name="given_q")
        constraints["amplitude"] = q == parameters["given_q"]
    else:
        constraints |= {"least_amplitude": q >= 0.0, "largest_amplitude": q <= 1.0}
    objective = cp.Minimize(cp.sum_squares(stacked(weighted)))
    return parametric_problem("transmitter of a beam", objective, constraints, parameters, variables)


__all__ = ["update_beam"]
