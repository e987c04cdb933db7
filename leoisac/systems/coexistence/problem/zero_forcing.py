"""Zero-forcing designs of one normalised cell: the baselines' beams, and the exhaustive power search of ZF-EPS."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Array, Bool, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.systems.coexistence.problem.beam_program import (
    BeamProblem,
    as_cells_hear,
    beam_metrics,
    beam_violation,
)
from leoisac.systems.coexistence.problem.cell_program import CellMetrics, CellProblem, cell_metrics
from leoisac.systems.coexistence.problem.starts import shared_out, zero_forcing_directions

POWER_STEPS = 30
SEARCH_POINTS = 25
_TOLERANCE = 1e-3
_COMPANY_ROUNDS = 4
_TINY = 1e-300


class PowerSearch(NamedTuple):
    """Outcome of an exhaustive search in one cell."""

    beamformer: Leaf  # complex (tx, stream)
    q: Leaf  # satellite amplitude
    feasible: Leaf  # whether any point of the search meets the floors


def zero_forcing(
    problem: CellProblem, q: Float[Array, ""] | float, *, equal_powers: bool = False
) -> Complex[Array, "tx stream"]:
    """Zero-forcing beams: least power for the targets' SCNR, the rest for the users (specification of the baselines).

    Directions are columns of the pseudo-inverse of the unit rows of users, targets and satellite user (no null where
    ``h_sut`` is zero). The sensing powers follow ``pi_i <- pi_i sqrt(SCNR_min / SCNR_i)`` in steps within 0.1 and 10,
    their sum at most 1; users get what is left by water-filling over ``|h_k d_k|^2 / (1 + g_k q^2)``, or equal parts.
    Where targets are nearly collinear the SCNR is missed.
    """
    directions = zero_forcing_directions(problem)
    users, targets = problem.h_tut.shape[0], problem.target_tx.shape[0]
    amplitude = jnp.sum(problem.h_tut * directions[:, :users].T, axis=1)
    gains = (amplitude.real**2 + amplitude.imag**2) / (1.0 + problem.g_tut * q**2)

    def beams(sensing: Float[Array, " target"]) -> Complex[Array, "tx stream"]:
        rest = jnp.maximum(0.0, 1.0 - jnp.sum(sensing))
        data = jnp.full(users, rest / max(users, 1)) if equal_powers else shared_out(gains, rest)
        return directions * jnp.sqrt(jnp.concatenate([data, sensing]))

    def improve(_: Array, sensing: Float[Array, " target"]) -> Float[Array, " target"]:
        scnr = cell_metrics(problem, beams(sensing), q).scnr
        moved = sensing * jnp.clip(jnp.sqrt(problem.min_scnr / jnp.maximum(scnr, _TINY)), 0.1, 10.0)
        return moved / jnp.maximum(1.0, jnp.sum(moved))

    return beams(jax.lax.fori_loop(0, POWER_STEPS, improve, jnp.full(targets, 0.01 / max(targets, 1))))


def power_search(problem: CellProblem) -> PowerSearch:
    """ZF-EPS: zero forcing with a null at the satellite user, and the satellite power with the best sum rate."""
    grid = power_grid(problem, SEARCH_POINTS)
    return best_of_grid(problem, jax.vmap(lambda q: zero_forcing(problem, q))(grid), grid)


def power_grid(problem: CellProblem, points: int) -> Float[Array, " point"]:
    """Geometric satellite amplitudes from the one that just gives the least rate undisturbed up to the largest.

    Without a floor the grid starts at a hundredth of the amplitude.
    """
    least = jnp.sqrt((2.0**problem.min_sut_rate - 1.0) / jnp.maximum(problem.g_sut, _TINY))
    steps = jnp.linspace(1.0, 0.0, points)
    if problem.max_q is None:
        return jnp.clip(least, 1e-2, 1.0) ** steps
    return problem.max_q * jnp.clip(least / problem.max_q, 1e-2, 1.0) ** steps


def best_of_grid(
    problem: CellProblem, beamformers: Complex[Array, "point tx stream"], grid: Float[Array, " point"]
) -> PowerSearch:
    """The design with the best sum rate; where none meets the floors the one that misses them least."""

    def score(beamformer: Complex[Array, "tx stream"], q: Float[Array, ""]) -> tuple[Float[Array, ""], Bool[Array, ""]]:
        metrics = cell_metrics(problem, beamformer, q)
        missed = _missed(problem, metrics)
        return jnp.where(missed <= _TOLERANCE, metrics.sum_rate, -1.0 - missed), missed <= _TOLERANCE

    scores, feasible = jax.vmap(score)(beamformers, grid)
    best = jnp.argmax(scores)
    return PowerSearch(beamformers[best], grid[best], feasible[best])


def in_company(
    problem: BeamProblem, form: Callable[..., Complex[Array, "tx stream"]], q: Float[Array, ""] | float
) -> Complex[Array, "cell tx stream"]:
    """Beams of all cells of a beam by ``form(cell, q)``, each with what it hears of the others as noise, in rounds."""

    def formed(cells: CellProblem) -> Complex[Array, "cell tx stream"]:
        return jax.vmap(lambda cell: form(cell, q))(cells)

    def again(_: Array, beamformer: Complex[Array, "cell tx stream"]) -> Complex[Array, "cell tx stream"]:
        return formed(as_cells_hear(problem, beamformer))

    return jax.lax.fori_loop(0, _COMPANY_ROUNDS, again, formed(problem.cells))


def beam_power_search(
    problem: BeamProblem, form: Callable[..., Complex[Array, "tx stream"]], points: int
) -> PowerSearch:
    """The same for all cells of a beam: common powers on a grid, beams by ``form``, the sum rate of all."""
    grid = power_grid(jax.tree.map(lambda leaf: leaf[0], problem.cells), points)

    def attempt(q: Float[Array, ""]) -> tuple[Complex[Array, "cell tx stream"], Float[Array, ""], Bool[Array, ""]]:
        beamformer = in_company(problem, form, q)
        metrics = beam_metrics(problem, beamformer, q)
        missed = beam_violation(problem, metrics)
        return beamformer, jnp.where(missed <= _TOLERANCE, metrics.sum_rate, -1.0 - missed), missed <= _TOLERANCE

    beamformers, scores, feasible = jax.lax.map(attempt, grid)
    best = jnp.argmax(scores)
    return PowerSearch(beamformers[best], grid[best], feasible[best])


def _missed(problem: CellProblem, metrics: CellMetrics) -> Float[Array, ""]:
    """Largest relative shortfall of SCNR and satellite rate."""
    rate_floor = jnp.maximum(problem.min_sut_rate, _TINY)
    scnr = 1.0 - jnp.min(metrics.scnr, initial=jnp.inf) / problem.min_scnr
    rate = jnp.where(problem.min_sut_rate > 0.0, 1.0 - metrics.sut_rate / rate_floor, 0.0)
    worst = jnp.maximum(jnp.maximum(scnr, rate), 0.0)
    if problem.max_sut_leakage is not None:
        worst = jnp.maximum(worst, metrics.sut_leakage / problem.max_sut_leakage - 1.0)
    return worst
