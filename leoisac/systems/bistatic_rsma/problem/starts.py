"""Where both routes start, and the correction that lets every design meet power and floor exactly.

All of it is traceable and takes the mode as numbers, so that one program serves the eight modes. Precoders are reduced
and normalised (``problem``): power budget 1, noise 1, the target ``t`` of unit norm.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Array, Complex, Float, Int

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.systems.bistatic_rsma.model import Mode
from leoisac.systems.bistatic_rsma.problem.normalised import Problem

MAX_STARTS = 16

_LEAST_COMMON_SHARE = 0.3
"""Power share of the common stream where the floor does not ask for more."""
_OMITTING_COMMON_SHARE = 0.5
"""The same in a start that leaves out a private beam."""
_SPREAD = 0.5
"""Standard deviation of the logarithm of the streams' amplitudes among the starts after the first."""
_NOISE = 0.02
"""Relative disturbance of a start: a stream that is exactly zero or collinear with another is a stationary point."""
_TINY = 1e-300


def default_starts(mode: Mode) -> int:
    """Points per trial unless told otherwise, of the fast and of the reference route alike."""
    return 3 if mode.common else 2


def published_start(problem: Problem, mode: Mode) -> Complex[Array, "dimension stream"]:
    """Regularised zero forcing for the users, and enough power towards the target.

    The common stream has the share ``max(floor, 0.3)`` of the power: along the target, or along target and users
    together where the floor is below 0.3. Without it a radar sequence has the share ``floor``; without either an equal
    multiple of the target's direction is added to every private beam.
    """
    users, target, floor = problem.users, problem.target, jnp.minimum(problem.floor, 1.0)
    count = users.shape[0]
    beams = users.T @ jnp.linalg.inv(jnp.conj(users) @ users.T + count * jnp.eye(count))
    beams = _unit(beams)
    common_share = jnp.asarray(mode.common * jnp.maximum(floor, _LEAST_COMMON_SHARE))
    radar_share = (1.0 - mode.common) * mode.radar * floor
    beams = _tilted(beams, target, (1.0 - mode.common) * (1.0 - mode.radar) * floor)
    beams = beams * jnp.sqrt(1.0 - common_share - radar_share) / jnp.maximum(jnp.linalg.norm(beams), _TINY)
    both = _unit((target + jnp.mean(_unit(users.T), axis=1))[:, None])[:, 0]
    common = jnp.where(floor < _LEAST_COMMON_SHARE, both, target)
    columns = jnp.stack([jnp.sqrt(common_share) * common, jnp.sqrt(radar_share) * target], axis=1)
    return jnp.concatenate([beams, columns], axis=1)


def start_points(problem: Problem, mode: Mode) -> Complex[Array, "start dimension stream"]:
    """``MAX_STARTS`` points of unit power, the same disturbances for every trial and mode.

    The published start comes first. Under rate splitting users may end with the common stream alone, and which ones do
    is what local optima differ in: the next K starts each leave out one private beam, the user's that zero forcing
    serves worst first. All further starts, and without a common stream all after the first, have other amplitudes of
    the streams. A little noise is on all of them.
    """
    point = published_start(problem, mode)
    users = problem.users.shape[0]
    rng = np.random.default_rng(0)
    factors = np.exp(_SPREAD * rng.standard_normal((MAX_STARTS, 1, point.shape[1])))
    factors[0] = 1.0
    points = point * factors
    omitted = jnp.stack([_without(problem, point, user) for user in _hardest_first(problem)[: MAX_STARTS - 1]])
    points = points.at[1 : 1 + users].set(jnp.where(mode.common > 0.5, omitted, points[1 : 1 + users]))
    shape = (MAX_STARTS, *point.shape)
    noise = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    points = (points + _NOISE / np.sqrt(2.0 * point.size) * noise) * problem.stream_mask
    return points / jnp.maximum(jnp.linalg.norm(points, axis=(1, 2), keepdims=True), _TINY)


def _hardest_first(problem: Problem) -> Int[Array, " user"]:
    """Users in descending order of the noise that zero forcing them costs."""
    count = problem.users.shape[0]
    gram = jnp.conj(problem.users) @ problem.users.T + count * jnp.eye(count)
    return jnp.argsort(-jnp.real(jnp.diagonal(jnp.linalg.inv(gram))))


def _without(
    problem: Problem, point: Complex[Array, "dimension stream"], user: Int[Array, ""]
) -> Complex[Array, "dimension stream"]:
    """The point without a user's private beam, and with at least half of the power in the common stream."""
    count = problem.users.shape[0]
    share = jnp.clip(problem.floor, _OMITTING_COMMON_SHARE, 1.0)
    private = jnp.where(jnp.arange(count) == user, 0.0, point[:, :count])
    private = private * jnp.sqrt(1.0 - share) / jnp.maximum(jnp.linalg.norm(private), _TINY)
    common = jnp.sqrt(share) * _unit(point[:, count : count + 1])
    return jnp.concatenate([private, common, point[:, count + 1 :]], axis=1)


def meet_power_and_floor(
    problem: Problem, precoder: Complex[Array, "dimension stream"]
) -> Complex[Array, "dimension stream"]:
    """The precoder with all of the power, and as little more of it towards the target as the floor asks for.

    The part along the target and the rest are scaled by a factor each, the same one where the floor is met. More power
    at equal shares lowers no rate, so nothing is lost.
    """
    if problem.clutter is not None:
        return _over_clutter(problem, precoder)
    along = jnp.conj(problem.target) @ precoder
    rest = precoder - problem.target[:, None] * along
    gain, other = _power(along), _power(rest)
    natural = gain / jnp.maximum(gain + other, _TINY)
    share = jnp.where(other > 0.0, jnp.minimum(jnp.maximum(natural, problem.floor), 1.0), 1.0)
    towards = problem.target[:, None] * along * jnp.sqrt(share / jnp.maximum(gain, _TINY))
    return towards + rest * jnp.sqrt((1.0 - share) / jnp.maximum(other, _TINY))


def _over_clutter(problem: Problem, precoder: Complex[Array, "dimension stream"]) -> Complex[Array, "dimension stream"]:
    """The same where clutter raises the floor: more power along the beam of the largest echo over noise and clutter.

    Between the precoder as it is and that beam alone a place is found that meets the floor, by bisection; the beam
    alone does wherever anything does.
    """
    assert problem.clutter is not None
    rows = jnp.conj(problem.clutter)
    loaded = jnp.eye(rows.shape[1]) + jnp.conj(rows).T @ rows
    beam = jnp.linalg.solve(loaded, problem.target)
    beam = beam / jnp.maximum(jnp.linalg.norm(beam), _TINY)
    along = jnp.conj(beam) @ precoder
    rest = precoder - beam[:, None] * along
    gain, other = _power(along), _power(rest)
    towards = beam[:, None] * along / jnp.sqrt(jnp.maximum(gain, _TINY))
    rest = rest / jnp.sqrt(jnp.maximum(other, _TINY))

    def mixed(share: Any) -> Any:
        return towards * jnp.sqrt(share) + rest * jnp.sqrt(1.0 - share)

    def margin(share: Any) -> Any:
        point = mixed(share)
        return _power(jnp.conj(problem.target) @ point) - problem.floor * (1.0 + _power(rows @ point))

    def halve(ends: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], None]:
        low, high = ends
        middle = 0.5 * (low + high)
        enough = margin(middle) >= 0.0
        return (jnp.where(enough, low, middle), jnp.where(enough, middle, high)), None

    natural = jnp.where(other > 0.0, gain / jnp.maximum(gain + other, _TINY), 1.0)
    (_, high), _ = jax.lax.scan(halve, (natural, jnp.ones_like(natural)), None, length=50)
    return mixed(jnp.where(margin(natural) >= 0.0, natural, high))


def _tilted(
    beams: Complex[Array, "dimension user"], target: Complex[Array, " dimension"], floor: Float[Array, ""]
) -> Complex[Array, "dimension user"]:
    """Unit-norm beams plus the multiple of the target at which their gain is ``floor`` times their power."""
    along = jnp.conj(target) @ beams
    floor = jnp.minimum(floor, 1.0 - 1e-6)
    count, linear = beams.shape[1], jnp.sum(jnp.abs(along))
    # sum (|y_k| + m)^2 = floor sum (1 + 2 m |y_k| + m^2) for the multiple m
    constant = (_power(along) - floor * count) / (1.0 - floor)
    multiple = (jnp.sqrt(jnp.maximum(linear**2 - count * constant, 0.0)) - linear) / count
    phase = along / jnp.maximum(jnp.abs(along), _TINY)
    return beams + jnp.maximum(multiple, 0.0) * target[:, None] * phase


def _unit(columns: Complex[Array, "dimension column"]) -> Complex[Array, "dimension column"]:
    return columns / jnp.maximum(jnp.linalg.norm(columns, axis=0), _TINY)


def _power(values: Complex[Array, "..."]) -> Float[Array, ""]:
    return jnp.sum(jnp.real(values) ** 2 + jnp.imag(values) ** 2)
