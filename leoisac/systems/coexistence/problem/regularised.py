r"""Regularised zero forcing with least-power sensing streams: a baseline in closed form that does not collapse.

Zero forcing gives a target that the base station sees beside another one, or beside a user, a beam of hardly any gain,
and with it all power. Here every beam weighs what it disturbs by the noise of whoever is disturbed, so that nothing is
nulled at any price:

* data beams ``(sum_j w_j r_j^H r_j + c I)^-1 h_k^H`` of largest signal-to-leakage-plus-noise ratio (M. Sadek,
  A. Tarighat, A. H. Sayed, IEEE Trans. Wireless Commun. 6(5), 2007) over the rows ``r_j`` of users, satellite user,
  targets and clutter, in units of the noise where they are received;
* sensing beams of the least-power sensing design (``least_power``), turned away from the users by the same matrix to a
  degree that is searched;
* powers as in ``zero_forcing``: the sensing streams what the targets need, the users the rest by water-filling.

As with ZF-EPS the satellite power is searched, together with that degree; zero forcing itself is among the designs.
Where the targets can be sensed at all, the least-power beams do so with power to spare: the users always keep some.
"""

from __future__ import annotations

from jaxtyping import Array, Complex, Float

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.systems.coexistence.problem.cell_program import CellProblem, cell_metrics
from leoisac.systems.coexistence.problem.least_power import least_power_design
from leoisac.systems.coexistence.problem.starts import shared_out
from leoisac.systems.coexistence.problem.zero_forcing import PowerSearch, best_of_grid, power_grid, zero_forcing

_AWAY = (0.0, 1.0)
"""How much sensing beams are turned away from users and satellite user; 0: the least-power beams themselves."""
_SPARED = 0.1
"""Weight of the radar receivers in the leakage of the data beams."""
_POWER_STEPS = 20
_EXCESS = 1.01
"""SCNR that is aimed at, over the least one: what the steps leave open."""
SEARCH_POINTS = 13
_TINY = 1e-300


def regularised_search(problem: CellProblem) -> PowerSearch:
    """RZF-EPS: the satellite power and the degree with the best sum rate under all floors, as ``power_search``."""
    return _searched(problem, power_grid(problem, SEARCH_POINTS))


def regularised_at(problem: CellProblem, q: Float[Array, ""]) -> PowerSearch:
    """The same at a given satellite power: the degree alone is searched."""
    return _searched(problem, q[None])


def _searched(problem: CellProblem, grid: Float[Array, " point"]) -> PowerSearch:
    """The best of both degrees, and of zero forcing itself, at all satellite amplitudes."""
    sensing = _sensing_beams(problem)
    points = jnp.repeat(grid, len(_AWAY)), jnp.tile(jnp.asarray(_AWAY), len(grid))

    def design(point: tuple[Float[Array, ""], Float[Array, ""]]) -> Complex[Array, "tx stream"]:
        return _regularised(problem, sensing, *point)

    # One after the other: side by side all points together need much memory.
    beamformers = jax.lax.map(design, points)
    plain = jax.lax.map(lambda q: zero_forcing(problem, q), grid)
    return best_of_grid(problem, jnp.concatenate([beamformers, plain]), jnp.concatenate([points[0], grid]))


def _sensing_beams(problem: CellProblem) -> Complex[Array, "tx target"]:
    """Radar beams of the least-power design under the whole satellite power, which is the worst case."""
    found = least_power_design(problem, jnp.ones(())).beamformer[:, problem.h_tut.shape[0] :]
    return _unit(jnp.where(jnp.isfinite(found), found, 0.0))


def _regularised(
    problem: CellProblem,
    sensing: Complex[Array, "tx target"],
    q: Float[Array, ""],
    away: Float[Array, ""],
) -> Complex[Array, "tx stream"]:
    users, targets = problem.h_tut.shape[0], problem.target_tx.shape[0]
    loud = 1.0 + problem.g_tut * q**2
    heard_by_users = _gram(problem.h_tut, 1.0 / loud) + _gram(problem.h_sut[None], jnp.ones(1))
    by_target, by_clutter = (
        jnp.sum(jnp.abs(echo) ** 2, axis=(0, 2)) for echo in (problem.target_echo, problem.clutter_echo)
    )
    heard_by_radar = _gram(problem.target_tx, by_target) + _gram(problem.clutter_tx, by_clutter)
    noise = max(users, 1) * jnp.eye(problem.h_tut.shape[1])
    data = _unit(jnp.linalg.solve(heard_by_users + _SPARED * heard_by_radar + noise, jnp.conj(problem.h_tut).T))
    radar = _unit(jnp.linalg.solve(away * heard_by_users + noise, sensing))
    gains = jnp.abs(jnp.sum(problem.h_tut * data.T, axis=1)) ** 2 / loud

    def beams(powers: Float[Array, " target"]) -> Complex[Array, "tx stream"]:
        rest = shared_out(gains, jnp.maximum(0.0, 1.0 - jnp.sum(powers)))
        return jnp.concatenate([data * jnp.sqrt(rest), radar * jnp.sqrt(powers)], axis=1)

    def improve(_: Array, powers: Float[Array, " target"]) -> Float[Array, " target"]:
        scnr = cell_metrics(problem, beams(powers), q).scnr
        moved = powers * jnp.clip(jnp.sqrt(_EXCESS * problem.min_scnr / jnp.maximum(scnr, _TINY)), 0.1, 10.0)
        return moved / jnp.maximum(1.0, jnp.sum(moved))

    return beams(jax.lax.fori_loop(0, _POWER_STEPS, improve, jnp.full(targets, 0.01 / max(targets, 1))))


def _gram(rows: Complex[Array, "row tx"], weights: Float[Array, " row"]) -> Complex[Array, "tx tx"]:
    return jnp.einsum("r,ra,rb->ab", weights, jnp.conj(rows), rows)


def _unit(columns: Complex[Array, "tx column"]) -> Complex[Array, "tx column"]:
    return columns / jnp.maximum(jnp.linalg.norm(columns, axis=0), _TINY)


__all__ = ["SEARCH_POINTS", "regularised_at", "regularised_search"]
