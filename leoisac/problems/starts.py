# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Where the solver starts: directions from the data, random ones beside them, magnitudes by trial.

Nothing is known of what an array of the data means. But beams want to look like channels: for a variable whose columns
have N antennas, complex arrays of the data with rows of N elements are taken for channels (the one with the most rows
up to the number of streams) and for other directions (the rest). Starts null the interference between the streams of
that channel (regularised zero forcing) or are matched to it, leave out a user, and are mixed with random beams
(``_KINDS``). Random numbers depend on the start alone, so that a trial has the same starts in any company.

Magnitudes are found by trial over thirty decades: the ones with the least violation, among feasible ones with the best
objective. That is what lets units be the user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.problems.formulation import constraint_rows, rows_of
from leoisac.problems.problem import Layout, Problem
from leoisac.problems.statement import ProblemError
from leoisac.problems.trial_data import TrialData
from leoisac.problems.variables import Beams, Covariance, Phases, Real, Split, Variable, parts_of

DEFAULT_STARTS = 8
_LEFT_OUT = 1e-3
"""Amplitude of the beam of a user that is left out: it may come back."""


_SHUFFLE = 0.7
"""Random shift of a user's place in the order of those who are left out, as a share of the users."""


class _Kind(NamedTuple):
    """How the beams of one start are made."""

    regularisation: float | None
    """Of zero forcing between channels of unit norm; None for beams matched to them."""
    random: float
    """Share of random beams."""
    spare: float
    """Amplitude of streams that no user has, relative to those of users."""
    kept: float = 1.0
    """Share of the users that have a beam: the ones with most left of their channels after those before."""


_KINDS = (
    _Kind(0.03, 1e-3, 0.1),
    _Kind(0.5, 0.5, 0.1, kept=0.8),
    _Kind(None, 0.2, 0.1, kept=0.8),
    _Kind(0.5, 0.5, 0.1),
    _Kind(None, 0.5, 1.0),
    _Kind(0.03, 0.5, 0.1, kept=0.65),
    _Kind(0.5, 0.2, 1.0),
    _Kind(None, 1e-3, 0.1),
)
"""The first starts. Later ones keep other shares of the users, and are mixed with more random beams."""


def _kind_of(start: int) -> _Kind:
    if start < len(_KINDS):
        return _KINDS[start]
    later = start - len(_KINDS)
    return _Kind(
        regularisation=(0.03, None, 0.5)[later % 3],
        random=(0.1, 0.2, 0.4)[later // 3 % 3],
        spare=(0.1, 1.0)[later % 2],
        kept=(1.0, 0.9, 0.75, 1.0)[later % 4],
    )


_PROPORTIONS = 0.7
"""Decades, up and down, between the amplitudes of several variables."""
DECADES = np.arange(-15.0, 15.5)
"""Magnitudes tried first, in decades; then finer steps between two of them."""
FINE_DECADES = np.linspace(-0.5, 0.5, len(DECADES))


def directions(problem: Problem, data: TrialData, count: int, seed: int) -> np.ndarray:
    """Coordinates of all starts before their magnitudes are known, shape ``(trial, start, coordinate)``."""
    parts: list[np.ndarray] = []
    several = sum(kind.is_amplitude for kind in problem.variables.values()) > 1
    for number, kind in enumerate(problem.variables.values()):
        columns: list[np.ndarray] = []
        for start in range(count):
            rng = np.random.default_rng((seed, start, number))
            # Amplitudes beside others (a common beam beside private ones) start at several proportions.
            share = 10.0 ** rng.uniform(-_PROPORTIONS, _PROPORTIONS) if start and kind.is_amplitude and several else 1.0
            columns.append(share * _start(kind, data, start, rng))
        parts.append(np.stack(columns, axis=1))
    return np.concatenate(parts, axis=-1)


def _start(kind: Variable, data: TrialData, start: int, rng: np.random.Generator) -> np.ndarray:
    """Coordinates of one variable at one start, shape ``(trial, coordinate)``."""
    if isinstance(kind, Beams):
        return kind.locate(_beams(kind, data, start, rng))
    if kind.is_amplitude:
        random = rng.standard_normal(kind.coordinates)
        if isinstance(kind, Covariance) and start == 0:
            random = parts_of(np.eye(*kind.factor_shape), 2) + 0.1 * random / np.sqrt(kind.shape[0])
        return np.broadcast_to(random / np.linalg.norm(random), (data.trials, kind.coordinates))
    if isinstance(kind, Phases):
        return np.broadcast_to(rng.uniform(-np.pi, np.pi, kind.coordinates), (data.trials, kind.coordinates))
    if isinstance(kind, Split):
        shares = np.full(kind.elements, 1.0 / kind.elements)
        if start % 2:  # nearly all to one of them
            shares = 0.1 * shares + 0.9 * (np.arange(kind.elements) == start // 2 % kind.elements)
        elif start:
            shares = rng.dirichlet(np.ones(kind.elements))
        return np.broadcast_to(shares, (data.trials, kind.coordinates))
    assert isinstance(kind, Real)
    return np.broadcast_to(_between(kind, start, rng), (data.trials, kind.coordinates))


def _between(kind: Real, start: int, rng: np.random.Generator) -> np.ndarray:
    share = np.full(kind.elements, 0.5) if start == 0 else rng.uniform(0.05, 0.95, kind.elements)
    if kind.lower is not None and kind.upper is not None:
        return kind.lower + share * (kind.upper - kind.lower)
    if kind.lower is not None:
        return kind.lower + 2.0 * share
    return (kind.upper or 0.0) - 2.0 * share if kind.upper is not None else 2.0 * share


def _beams(kind: Beams, data: TrialData, start: int, rng: np.random.Generator) -> np.ndarray:
    """Beams of unit norm in all, shape ``(trial, antenna, stream)``."""
    antennas, streams = kind.shape
    random = (rng.standard_normal((antennas, streams)) + 1j * rng.standard_normal((antennas, streams))) / np.sqrt(2.0)
    random = np.broadcast_to(random / np.sqrt(antennas), (data.trials, antennas, streams))
    channel, others = channel_of(kind, data)
    if channel is None:
        return _unit_norm(random)
    users = channel.shape[1]
    how = _kind_of(start)
    rank = _rank_of(channel)
    if start >= len(_KINDS):  # other users may be the ones to leave out
        rank = np.argsort(np.argsort(rank + _SHUFFLE * users * rng.uniform(size=users), axis=1), axis=1)
    weights = np.where(rank < np.ceil(how.kept * users), 1.0, _LEFT_OUT)
    rows = channel / np.maximum(np.linalg.norm(channel, axis=-1, keepdims=True), 1e-300)
    matched = np.swapaxes(rows, 1, 2)
    beams = matched if how.regularisation is None else _zero_forcing(rows * weights[..., None], how.regularisation)
    beams = beams / np.maximum(np.linalg.norm(beams, axis=1, keepdims=True), 1e-300) * weights[:, None, :]
    spare = random[:, :, users:] * how.spare
    if streams > users and others is not None:
        aimed = others[:, np.arange(streams - users) % others.shape[1]]
        spare = 0.5 * spare + how.spare * np.swapaxes(aimed, 1, 2)
    return _unit_norm(np.concatenate([beams, spare], axis=2) + how.random * random)


def _rank_of(channel: np.ndarray) -> np.ndarray:
    """Place of each user ``(trial, user)`` in a selection that takes whoever has most left of its channel, next to the
    span of those before."""
    trials, users, _ = channel.shape
    left = np.array(channel)
    rank = np.full((trials, users), users)
    everywhere = np.arange(trials)
    for place in range(users):
        strength = np.where(rank == users, np.linalg.norm(left, axis=-1), -1.0)
        chosen = np.argmax(strength, axis=1)
        rank[everywhere, chosen] = place
        best = left[everywhere, chosen]
        best = best / np.maximum(np.linalg.norm(best, axis=-1, keepdims=True), 1e-300)
        left = left - np.sum(left * np.conj(best)[:, None, :], axis=-1, keepdims=True) * best[:, None, :]
    return rank


def channel_of(kind: Beams, data: TrialData) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What is taken for the streams' channels, ``(trial, user, antenna)``, and unit rows of all other directions."""
    antennas, streams = kind.shape
    found: list[np.ndarray] = []
    for leaf in jax.tree.leaves(data.arrays):
        if leaf.dtype.kind == "c" and leaf.ndim in (2, 3) and leaf.shape[-1] == antennas:
            rows = leaf.reshape(data.trials, -1, antennas)
            found.append(np.where(np.isfinite(rows), rows, 0.0))
    fitting = [array for array in found if array.shape[1] <= streams]
    if not fitting:
        return None, None
    channel = max(fitting, key=lambda array: array.shape[1])
    rest = [array / np.maximum(np.linalg.norm(array, axis=(1, 2), keepdims=True), 1e-300) for array in found]
    rest = [array for array, raw in zip(rest, found, strict=True) if raw is not channel]
    if not rest:
        return channel, None
    # Rows of a response matrix say the same many times: their principal directions, the strongest first.
    _, strength, rows = np.linalg.svd(np.concatenate(rest, axis=1), full_matrices=False)
    return channel, rows * (strength > 1e-6 * strength[:, :1])[..., None]


def _zero_forcing(rows: np.ndarray, regularisation: float) -> np.ndarray:
    """Beams ``(trial, antenna, user)`` that leave little of each other's channels."""
    gram = rows @ np.conj(np.swapaxes(rows, 1, 2)) + regularisation * np.eye(rows.shape[1])
    # Amplitudes are conj(h) @ w: the beams are combinations of the rows as columns.
    return np.swapaxes(rows, 1, 2) @ np.conj(np.linalg.inv(gram))


def _unit_norm(beams: np.ndarray) -> np.ndarray:
    return beams / np.maximum(np.linalg.norm(beams, axis=(1, 2), keepdims=True), 1e-300)


def amplitudes(problem: Problem) -> np.ndarray:
    """Coordinates of each variable that is an amplitude, shape ``(variable, coordinate)``."""
    kinds = list(problem.variables.values())
    owner = np.repeat(np.arange(len(kinds)), [kind.coordinates for kind in kinds])
    found = [owner == number for number, kind in enumerate(kinds) if kind.is_amplitude]
    return np.array(found, bool).reshape(-1, problem.coordinates)


def groups(problem: Problem) -> np.ndarray:
    """Coordinates whose magnitude is tried together, shape ``(group, coordinate)``: all amplitudes, then each alone."""
    free: list[np.ndarray] = []
    amplitudes = np.zeros(problem.coordinates, bool)
    first = 0
    for kind in problem.variables.values():
        own = np.zeros(problem.coordinates, bool)
        own[first : first + kind.coordinates] = True
        first += kind.coordinates
        if kind.is_amplitude:
            amplitudes |= own
            free.append(own)
        elif isinstance(kind, Real) and (kind.lower in (None, 0.0)) and kind.upper is None:
            free.append(own)
    joint = [amplitudes] if amplitudes.any() else []
    alone = free if len(free) > 1 or not joint else []
    return np.array([*joint, *alone], bool).reshape(-1, problem.coordinates)


def magnitude(problem: Problem, layout: Layout, scan: Any, x: Any, trial: Any) -> Any:
    """Coordinates with each group's magnitude as good as its trials tell; for one instance.

    ``scan`` has ``groups`` and the ``decades`` to try, relative to the present magnitudes.
    """

    def sweep(x: Any, which: Any) -> tuple[Any, None]:
        group, joint = which

        def judged(decade: Any) -> tuple[Any, Any]:
            quantities = problem.quantities(problem.values(jnp.where(group, x * 10.0**decade, x)), trial)
            return _merit(layout, quantities)

        violation, cost = jax.lax.map(judged, scan["decades"])
        # Where nothing is feasible the violation creeps on towards extremes: among nearly the least, cost decides.
        least = jnp.min(violation)
        good = (violation <= 1.1 * least) & jnp.isfinite(violation)
        best = jnp.argmin(jnp.where(good, cost, jnp.inf))
        # An objective that is best at no magnitude at all has no gradient there: with a ceiling, start below that.
        count = len(scan["decades"])
        largest = count - 1 - jnp.argmax(good[::-1])
        range_of_cost = jnp.max(jnp.where(good, cost, -jnp.inf)) - cost[best]
        collapsed = good[0] & (jnp.abs(cost[best] - cost[0]) <= 1e-6 * range_of_cost) & (largest < count - 1)
        best = jnp.where(collapsed, largest, best)
        # One variable by itself only to come closer to the constraints: greed would silence the others.
        kept = ~joint & (least >= 0.9 * judged(0.0)[0])
        decade = jnp.where(kept, 0.0, scan["decades"][best])
        return jnp.where(group, x * 10.0**decade, x), None

    together = jnp.arange(len(scan["groups"])) == 0
    return jax.lax.scan(sweep, x, (scan["groups"], together))[0]


def _merit(layout: Layout, quantities: Any) -> tuple[Any, Any]:
    """Largest relative violation, zero where all is met, and what is to be made small; infinite where not finite."""
    larger, smaller = rows_of(layout, quantities, -jnp.inf)
    count = constraint_rows(layout)
    larger, smaller = larger[:count], smaller[:count]
    # By logarithms, so that a budget missed by decades weighs more than a floor missed by one.
    both = (larger > 0.0) & (smaller > 0.0)
    decades = jnp.log(jnp.where(both, smaller, 1.0)) - jnp.log(jnp.where(both, larger, 1.0))
    size = jnp.maximum(jnp.abs(larger), jnp.abs(smaller))
    relative = (smaller - larger) / jnp.where(size > 0.0, size, 1.0)
    short = jnp.maximum(jnp.where(both, decades, relative), 0.0)
    violation = jnp.max(jnp.where(jnp.isfinite(larger + smaller), short, jnp.inf), initial=0.0)
    objective = jnp.min(quantities.objective)
    cost = objective if layout.sense == "minimise" else -objective
    finite = jnp.isfinite(objective)
    return jnp.where(finite, jnp.where(violation < 1e-9, 0.0, violation), jnp.inf), jnp.where(finite, cost, jnp.inf)


def own_starts(problem: Problem, trials: int, start: Mapping[str, Any] | None) -> dict[str, np.ndarray] | None:
    """The user's own starts as ``(trial, start, *shape)`` by variable name.

    Raises:
        ProblemError: an unknown variable, a shape that does not fit, numbers that are not finite.
    """
    if start is None:
        return None
    if not isinstance(start, Mapping) or not start:
        raise ProblemError('start must be a mapping of variable names to arrays, such as {"w": w0}.')
    found: dict[str, np.ndarray] = {}
    for name, values in start.items():
        if name not in problem.variables:
            raise ProblemError(f"start has {name!r}; the variables are {', '.join(problem.variables)}.")
        shape, array = problem.variables[name].shape, np.asarray(values)
        if array.shape[-len(shape) :] != shape and shape:
            array = array.reshape(-1)[:0]
        extra = array.ndim - len(shape)
        if array.dtype.kind not in "iufc" or extra not in (0, 1, 2) or (extra and array.shape[0] not in (1, trials)):
            raise ProblemError(
                f"start[{name!r}] has shape {np.shape(values)}; it must be (trial, *{shape}) or (trial, start, "
                f"*{shape}) for {trials} trials."
            )
        if isinstance(problem.variables[name], Real | Split) and np.any(np.imag(array)):
            raise ProblemError(
                f"start[{name!r}] is complex; {name} is a {type(problem.variables[name]).__name__}, whose values are "
                "real: give jnp.real of what is real by construction, or make it a Complex."
            )
        if not np.isfinite(array).all():
            raise ProblemError(f"start[{name!r}] has NaN or infinite elements.")
        array = array.reshape((1,) * (2 - extra) + array.shape) if extra < 2 and extra == 0 else array
        array = array[:, None] if extra == 1 else array
        found[name] = np.broadcast_to(array, (trials, *array.shape[1:]))
    counts = {name: array.shape[1] for name, array in found.items()}
    if len(set(counts.values())) > 1:
        raise ProblemError(f"The arrays of start disagree on the number of starts: {counts}.")
    return found
