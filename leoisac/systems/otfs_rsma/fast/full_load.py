"""Fast route at full load: all trials and all forms of a scheme at once on the batched engine.

A scheme that may take several forms (who has the second stream, who is the weak user) is designed in each, and the best
counts. A trial that misses a ceiling is INFEASIBLE where even all power towards the target would, else
NO_FEASIBLE_POINT.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status, nonfinite_where
from leoisac.optim.batched.engine import best_start, solve_multistart
from leoisac.optim.options import EngineOptions
from leoisac.systems.otfs_rsma.judge.evaluate import evaluate
from leoisac.systems.otfs_rsma.model import Channels, Decoding, LoadedDesign, Parameters
from leoisac.systems.otfs_rsma.problem.full_load import (
    LoadProgram,
    LoadShape,
    decodings,
    formulate_load,
    headroom,
    max_min_load,
    step_rates_of,
    unit_beams,
)

FEASIBILITY = 1e-6
OPTIONS = EngineOptions(penalty=0.5, feasibility=FEASIBILITY, lanes=8, quick_restoration=True)
MAX_STARTS = 8
MAX_CELLS = 256
"""Cells of the largest frame: designs and judge hold matrices of its square."""
_NOISE = 0.3


class _Ready(NamedTuple):
    program: LoadProgram
    starts: Leaf


class _Found(NamedTuple):
    x: Leaf
    program: LoadProgram
    decoding: Decoding
    status: Leaf
    iterations: Leaf
    history: Leaf


def solve(scheme: str, parameters: Parameters, channels: Channels, *, starts: int = 2) -> Solution[LoadedDesign]:
    """Max-min precoders at full load for a batch of trials.

    Args:
        scheme: a name of ``problem.full_load.decodings``.
        parameters, channels: as everywhere; channels with a leading trial axis.
        starts: points per trial and form, 1 to 8.

    Returns:
        Precoders that spend the budget; objective (bit/s/Hz) and violation are the judge's; ``history`` holds the least
        rate after each round of the augmented Lagrangian.

    Raises:
        ValueError: if ``starts`` is out of range.
        ConfigError: for frames that are too large, and for a number of users that the scheme has no form for.
    """
    if not 1 <= starts <= MAX_STARTS:
        raise ValueError(f"starts = {starts}: must be 1 to {MAX_STARTS}.")
    frame, (count, n_users, n_tx) = parameters.frame, np.shape(channels.path_gains)[:3]
    if frame.n_cells > MAX_CELLS:
        raise ConfigError(
            f"n_delay, n_doppler = {frame.n_delay}, {frame.n_doppler}: designs at full load take frames of at most "
            f"{MAX_CELLS} cells."
        )
    try:
        forms = decodings(scheme, n_users)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    steps, streams = forms[0].states.shape
    shape = LoadShape(
        replace(frame, user_dopplers=None),
        n_users,
        n_tx,
        streams,
        steps,
        parameters.is_time_frequency,
        parameters.is_joint,
    )
    tables = [_repeated(form, count) for form in forms]
    found = [_designed(shape, parameters, channels, table, starts) for table in tables]
    best = best_start(
        np.stack([-result.objective for result in found], axis=1),
        np.stack([result.violation for result in found], axis=1),
        FEASIBILITY,
    )
    found = _with_equal_histories(found)
    chosen = jax.tree.map(lambda *leaves: np.stack(leaves, axis=1)[np.arange(count), best], *found)
    missed = np.asarray(chosen.violation) > FEASIBILITY
    searched = missed & (np.asarray(chosen.status) < int(Status.INFEASIBLE))
    out_of_reach = bool(np.min(in_double(headroom)(parameters)) < 1.0)
    ending = Status.INFEASIBLE if out_of_reach else Status.NO_FEASIBLE_POINT
    status = np.where(searched, int(ending), chosen.status).astype(np.int32)
    return replace(chosen, status=status)


def _designed(
    shape: LoadShape, parameters: Parameters, channels: Channels, table: Decoding, starts: int
) -> Solution[Any]:
    ready: _Ready = by_lanes(_partial(_formulate, shape))(parameters, (channels, table))
    program = partial(max_min_load, shape=shape)
    result = solve_multistart(program, ready.starts[:, :starts], ready.program, OPTIONS)
    found = _Found(result.x, ready.program, table, result.status, result.ticks, -result.objective_history)
    return by_lanes(_partial(_finish, shape))(parameters, (channels, found))


def _with_equal_histories(found: list[Solution[Any]]) -> list[Solution[Any]]:
    """A batch's history is as long as its longest: all are filled up to the longest of the forms."""
    rounds = max(result.history.shape[1] for result in found)
    filled = [
        np.pad(result.history, ((0, 0), (0, rounds - result.history.shape[1])), constant_values=np.nan)
        for result in found
    ]
    return [replace(result, history=history) for result, history in zip(found, filled, strict=True)]


def _repeated(form: Decoding, count: int) -> Decoding:
    return jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf)[None], count, axis=0), form)


_partials: dict[tuple[Any, LoadShape], Any] = {}


def _partial(function: Any, shape: LoadShape) -> Any:
    """The same object for the same arguments: ``by_lanes`` compiles per object."""
    return _partials.setdefault((function, shape), partial(function, shape))


def _formulate(shape: LoadShape, parameters: Parameters, given: tuple[Channels, Decoding]) -> _Ready:
    channels, decoding = given
    program = formulate_load(parameters, channels, decoding)
    return _Ready(program, _start_points(program, shape))


def _start_points(program: LoadProgram, shape: LoadShape) -> Float[Array, "start n"]:
    """Beams that are regularised against other streams' users, with noise; every second point is noise alone."""
    gains = program.gains[..., 0] + 1j * program.gains[..., 1]
    # What every stream's own steps see, conjugated as precoders see it, and what all others see.
    of_step = jnp.einsum("eap,ebp->eab", jnp.conj(gains), gains)
    own = jnp.einsum("es,eab->sab", program.wanted, of_step)
    others = jnp.einsum("es,eab->sab", (program.weights > 0.5) * (1.0 - program.wanted), of_step)
    first = jnp.asarray(_noise(shape)[0])
    beams = first[0] + 1j * first[1]
    for _ in range(8):
        beams = jnp.linalg.solve(others + np.eye(shape.n_tx), jnp.einsum("sab,sb->sa", own, beams)[..., None])[..., 0]
        norm = jnp.sqrt(jnp.sum(jnp.abs(beams) ** 2, axis=-1, keepdims=True))
        beams = beams / jnp.where(norm > 0.0, norm, 1.0)
    aligned = np.sqrt(2.0 * shape.n_tx) * jnp.stack([beams.real, beams.imag])
    kind = (np.arange(MAX_STARTS) % 2 == 0)[:, None, None, None]
    points = jnp.where(kind, aligned + np.sqrt(_NOISE) * _noise(shape), _noise(shape))
    return jax.lax.map(lambda point: _with_rates(point.ravel(), program, shape), points)


def _with_rates(numbers: Float[Array, " beam"], program: LoadProgram, shape: LoadShape) -> Float[Array, " n"]:
    """Precoders, equal parts of stream 0's rate, and the least rate that both give."""
    rates = step_rates_of(unit_beams(numbers, program, shape), program, shape)
    decodable = jnp.min(jnp.where(program.wanted[:, 0] > 0.5, rates, jnp.inf))
    parts = program.owners * jnp.where(jnp.isfinite(decodable), decodable, 0.0)
    parts = parts / jnp.maximum(jnp.sum(program.owners), 1.0)
    least = jnp.min(program.credits @ rates + program.shared_part * parts)
    return jnp.concatenate([numbers, parts, least[None]])


@functools.cache
def _noise(shape: LoadShape) -> Float[np.ndarray, "start 2 stream tx"]:
    size = (MAX_STARTS, 2, shape.n_streams, shape.n_tx)
    return np.random.default_rng(20250602).standard_normal(size)


def _finish(shape: LoadShape, parameters: Parameters, given: tuple[Channels, _Found]) -> Solution[LoadedDesign]:
    channels, found = given
    x, program = jnp.asarray(found.x), found.program
    share = jnp.asarray(found.decoding.frame_share)
    precoders = jnp.sqrt(parameters.total_power / share) * unit_beams(x, program, shape).T
    parts = jnp.maximum(jnp.where(program.owners > 0.5, x[shape.n_beams : -1], 0.0), 0.0)
    total = jnp.sum(parts)
    # Of an own stream, or one that no part was left of, shares are those of its owners.
    even = found.decoding.owners[:, 0] / jnp.maximum(jnp.sum(found.decoding.owners[:, 0]), 1.0)
    shares = jnp.where(total > 0.0, parts / jnp.where(total > 0.0, total, 1.0), even)
    design = LoadedDesign(precoders, shares, found.decoding)
    metrics = evaluate(parameters, channels, design)
    objective = metrics["load_min_rate_joint" if parameters.is_joint else "load_min_rate"]
    margins = jnp.stack([metrics[f"margin_{name}"] for name in ("power", "crb_delay", "crb_doppler")])
    violation = jnp.maximum(-jnp.min(margins), 0.0)
    return Solution(
        value=design,
        status=nonfinite_where(found.status, objective, violation),
        objective=objective,
        violation=violation,
        iterations=found.iterations,
        history=found.history,
    )


solve_rsma = partial(solve, "rsma")
solve_sdma = partial(solve, "sdma")
solve_sdma_k = partial(solve, "sdma-k")
solve_noma = partial(solve, "noma")
solve_oma = partial(solve, "oma")
