# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Lanes: the compiled programs of a problem, and the host loop that passes a queue of instances through them.

A lane holds one instance at a time. One compiled program hands new instances to free lanes and advances all lanes by a
block of ticks; a second one restores finished instances, as many as there are lanes. Widths never change: where the
queue does not fill them, lanes idle.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int

from leoisac.foundation.environment import compiles_quickly
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import compiler_options
from leoisac.foundation.status import Status
from leoisac.optim.batched.augmented_lagrangian import RUNNING, Instance, Outer, start, tick
from leoisac.optim.batched.restoration import Restored, restore
from leoisac.optim.begin import Begin
from leoisac.optim.options import EngineOptions
from leoisac.optim.problem import Keywords, Path, Problem, at_stage, key_of


class Programs(NamedTuple):
    """What is compiled for one problem and one set of options; each once per set of shapes."""

    idle: Callable[..., Instance]
    """Shapes of ``(x, data)`` of one instance, and path, to the state of lanes that hold nothing."""
    advance: Callable[..., tuple[Instance, Any]]
    """``(state, data, path, fresh, begin, fresh_data)`` to state and data after ``fresh`` lanes' refill and a block."""
    restore: Callable[..., Restored]
    """``(x, multipliers, data, path)`` to the restored points of the last stage."""

    def compilations(self) -> int:
        """Number of compiled variants so far."""
        return sum(program._cache_size() for program in (self.advance, self.restore))  # type: ignore[attr-defined]


class Ended(NamedTuple):
    """The part of an instance's state that outlives its lane; lane or, on the host, queue position first."""

    x: Float[Array | np.ndarray, "instance n"]
    outer: Outer
    ticks: Int[Array | np.ndarray, " instance"]
    status: Int[Array | np.ndarray, " instance"]


def programs_of(fc: Problem, options: EngineOptions) -> Programs:
    """Programs of a problem. Partials of one function with equal arguments share them.

    Raises:
        TypeError: a bound argument cannot be hashed.
    """
    return _programs(*key_of(fc), options, compiles_quickly())


@functools.lru_cache(maxsize=128)
def _programs(
    function: Callable[..., Any],
    arguments: tuple[Hashable, ...],
    keywords: Keywords,
    options: EngineOptions,
    quick: bool,
) -> Programs:
    del quick  # part of the key: compiler_options looks at the same
    fc = functools.partial(function, *arguments, **dict(keywords))
    step = jax.vmap(functools.partial(tick, fc, options), in_axes=(0, 0, None, None))

    rows: dict[Any, int] = {}

    def constraints(x: Any, data: Any, path: Path) -> int:
        leaves, structure = jax.tree.flatten((x, data, path))
        shapes = (structure, *((leaf.shape, leaf.dtype) for leaf in leaves))
        if shapes not in rows:  # to run the problem on shapes takes as long as some solves
            rows[shapes] = jax.eval_shape(at_stage(fc, path, 0), x, data)[1].size
        return rows[shapes]

    def advance(
        state: Instance, data: Any, path: Path, fresh: Any, begin: tuple[Any, Any], fresh_data: Any
    ) -> tuple[Instance, Any]:
        data = _refill(fresh, fresh_data, data)
        state = _refill(fresh, jax.vmap(functools.partial(start, options=options))(*begin), state)

        def more(carry: tuple[Any, Instance]) -> Any:
            return (carry[0] < options.block_ticks) & jnp.any(carry[1].status == RUNNING)

        def one(carry: tuple[Any, Instance]) -> tuple[Any, Instance]:
            return carry[0] + 1, step(carry[1], data, path, carry[0] % options.memory)

        return jax.lax.while_loop(more, one, (jnp.zeros((), jnp.int32), state))[1], data

    def restore_one(x: Any, multipliers: Any, data: Any, path: Path) -> Restored:
        return restore(at_stage(fc, path, -1), options, x, multipliers, data)

    def idle(x: Any, data: Any, path: Path) -> Instance:
        multipliers = jax.ShapeDtypeStruct((constraints(x, data, path),), x.dtype)
        begun = jax.eval_shape(functools.partial(start, options=options), x, multipliers)
        blank = jax.tree.map(lambda leaf: np.zeros((options.lanes, *leaf.shape), leaf.dtype), begun)
        return blank._replace(status=np.full_like(blank.status, int(Status.CONVERGED)))

    return Programs(
        idle=idle,
        advance=jax.jit(advance, donate_argnums=(0, 1), compiler_options=compiler_options(None)),
        restore=jax.jit(
            jax.vmap(restore_one, in_axes=(0, 0, 0, None)),
            compiler_options=compiler_options(0 if options.quick_restoration else None),
        ),
    )


def run_queue(
    programs: Programs,
    begin: Begin,
    data: Any,
    path: Path,
    index: Int[np.ndarray, " queue"],
    options: EngineOptions,
) -> Ended:
    """Solve every start with the data of the instance that ``index`` names for it, before restoration."""
    total = len(begin.x)
    state = jax.device_put(programs.idle(_one(begin.x), jax.tree.map(_one, data), path))
    begun = begin.filled(state.outer.multipliers.shape[1])
    ended = jax.tree.map(lambda leaf: np.zeros((total, *leaf.shape[1:]), leaf.dtype), _outcome(state))
    # From the host: `jnp.zeros` would be compiled for every shape.
    lane_data = jax.device_put(jax.tree.map(lambda leaf: np.zeros((options.lanes, *leaf.shape[1:]), leaf.dtype), data))
    occupant, handed = np.full(options.lanes, -1), 0
    while handed < total or np.any(occupant >= 0):
        free = np.flatnonzero(occupant < 0)[: total - handed]
        fresh = np.zeros(options.lanes, bool)
        fresh[free] = True
        occupant[free] = np.arange(handed, handed + len(free))
        handed += len(free)
        queued = np.where(fresh, occupant, 0)
        state, lane_data = programs.advance(
            state, lane_data, path, fresh, _rows(begun, queued), _rows(data, index[queued])
        )
        done = np.flatnonzero((occupant >= 0) & (np.asarray(state.status) != RUNNING))
        if len(done):
            _store(ended, occupant[done], _outcome(state), done)
            occupant[done] = -1
    return ended


def restore_queue(
    programs: Programs, ended: Ended, data: Any, path: Path, index: Int[np.ndarray, " queue"], lanes: int
) -> Restored:
    """Restore every final point, ``lanes`` at a time; the last group is filled up by repetition."""
    total = len(ended.x)
    blank: Any = (np.zeros_like(ended.x), np.zeros(total), np.zeros(total))
    restored = Restored(*blank)
    for first in range(0, total, lanes):
        queued = np.minimum(np.arange(first, first + lanes), total - 1)
        group = programs.restore(ended.x[queued], ended.outer.multipliers[queued], _rows(data, index[queued]), path)
        kept = np.arange(min(lanes, total - first))
        _store(restored, first + kept, group, kept)
    return restored


def _refill(fresh: Any, new: Any, old: Any) -> Any:
    """``new`` in the lanes that are ``fresh``, leaf by leaf."""
    return jax.tree.map(lambda a, b: jnp.where(fresh.reshape(-1, *(1,) * (b.ndim - 1)), a, b), new, old)


def _outcome(state: Instance) -> Ended:
    return Ended(state.x, state.outer, state.ticks, state.status)


def _one(leaf: np.ndarray) -> jax.ShapeDtypeStruct:
    """Shape and type of one instance's share of an array."""
    return jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype)


def _rows(data: Any, index: Int[np.ndarray, " lane"]) -> Any:
    return jax.tree.map(lambda leaf: leaf[index], data)


def _store(results: Any, places: Int[np.ndarray, " row"], lanes: Any, rows: Int[np.ndarray, " row"]) -> None:
    """Copy ``rows`` of the lanes into ``places`` of the results, leaf by leaf."""

    def copy(result: np.ndarray, lane: Any) -> None:
        result[places] = np.asarray(lane)[rows]

    jax.tree.map(copy, results, lanes)
