# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false
"""Random numbers that change with time: what ``keys.uniforms`` draws, moved along a stationary process.

Every number is the value at clock 0 of an Ornstein-Uhlenbeck process, the continuous first-order autoregressive one: a
standard normal variable at all times, with correlation ``exp(-|s - s'|)`` between two readings of its clock (Doob, "The
Brownian movement and stochastic equations", Ann. Math. 43, 1942). A uniform number is moved as a normal one and mapped
back, so that at every instant it has the distribution that it was drawn with.

The value at a clock reading depends on (key, reading) and on nothing else: not on which instants are asked for, nor in
which order. Knots of the process stand every four units of the clock, each made from the innovations of the last ten;
between two knots the process is halved again and again, by its distribution given both ends (Lévy's construction). A
reading costs at most some thirty numbers, however late it is.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp

STILL = ""
"""Process of what does not change."""
SPACING = 4.0
"""Clock units between knots."""
LEVELS = 22
"""Halvings between knots: a clock is read to the ``4 / 2^22``-th part of its unit, a correlation to 1e-6."""
MOST_KNOTS = 2**32 - 2
_TERMS = 10
"""Innovations that a knot remembers; what is older weighs less than 1e-17."""
_SHARE = math.exp(-SPACING)
_NEW = math.sqrt(1.0 - _SHARE**2)
_TAG = zlib.crc32(b"evolution")

Process = str | tuple[str, ...]
"""Name of the process of a purpose's numbers; or one name for every row of them."""


class Reading(NamedTuple):
    """A clock: knots passed, the fraction of the way to the next in ``2^-22``, halvings that this fraction needs."""

    knot: np.int64
    fraction: np.int64
    levels: np.int64


class _Motion(NamedTuple):
    processes: Mapping[str, Process]
    readings: Mapping[str, Reading]


_motion: ContextVar[_Motion | None] = ContextVar("motion of random numbers", default=None)


def reading(clock: float) -> Reading:
    """What a clock shows, in units of the decorrelation time, 0 or more.

    Raises:
        ValueError: for readings that are negative, not finite or beyond ``4 * (2^32 - 2)``.
    """
    if not 0.0 <= clock <= SPACING * MOST_KNOTS:
        raise ValueError(f"clock is {clock}; allowed are 0 to {SPACING * MOST_KNOTS:g} decorrelation times.")
    ticks = round(clock / SPACING * 2**LEVELS)
    knot, fraction = divmod(ticks, 2**LEVELS)
    levels = LEVELS - ((fraction & -fraction).bit_length() - 1) if fraction else 0
    return Reading(np.int64(knot), np.int64(fraction), np.int64(levels))


@contextmanager
def moving(processes: Mapping[str, Process], readings: Mapping[str, Reading] | None) -> Generator[None]:
    """While a draw is traced: numbers of a purpose belong to the clock readings of its process; None for no time."""
    token = _motion.set(None if readings is None else _Motion(processes, readings))
    try:
        yield
    finally:
        _motion.reset(token)


def moved(key: Any, purpose: str, uniform: Any) -> Any:
    """The uniform numbers of a purpose at the instant at hand; as they are where nothing moves.

    Args:
        key: of the entity and purpose.
        purpose: name.
        uniform: what stands at clock 0.
    """
    motion = _motion.get()
    process = motion.processes.get(purpose, STILL) if motion else STILL
    if motion is None or process == STILL:
        return uniform
    if isinstance(process, str):
        return _at(key, uniform, motion.readings[process])
    rows = [
        row if name == STILL else _at(jax.random.fold_in(key, index), row, motion.readings[name])
        for index, (name, row) in enumerate(zip(process, uniform, strict=True))
    ]
    return jnp.stack(rows)


def _at(key: Any, uniform: Any, clock: Reading) -> Any:
    start = jax.scipy.special.ndtri(uniform)
    moving_on = (clock.knot > 0) | (clock.fraction > 0)
    own = jax.random.fold_in(key, _TAG)

    def innovation(knot: Any, place: Any) -> Any:
        drawn = jax.random.fold_in(jax.random.fold_in(own, knot), place)
        flat = jax.random.uniform(drawn, (uniform.size,), dtype=jnp.float64) + 2.0**-54
        return jax.scipy.special.ndtri(flat).reshape(uniform.shape)

    first = jnp.maximum(clock.knot - _TERMS, 0)
    # Before the first knot that is remembered stands the drawn number itself, or nothing that still counts.
    begin = jnp.where(first == 0, start, jnp.zeros_like(start))
    left = jax.lax.fori_loop(
        first + 1, clock.knot + 1, lambda knot, value: _SHARE * value + _NEW * innovation(knot, 0), begin
    )
    right = jax.lax.cond(
        clock.levels > 0, lambda: _SHARE * left + _NEW * innovation(clock.knot + 1, 0), lambda: jnp.zeros_like(left)
    )

    def halve(level: Any, ends: tuple[Any, Any]) -> tuple[Any, Any]:
        low, high = ends
        distance = SPACING * 0.5**level
        # Mean and variance of the middle given both ends: (a + b) / (2 cosh(d/2)), tanh(d/2).
        mean = (low + high) / (2.0 * jnp.cosh(0.5 * distance))
        place = (1 << (level + 1)) | (clock.fraction >> (LEVELS - level))
        middle = mean + jnp.sqrt(jnp.tanh(0.5 * distance)) * innovation(clock.knot, place)
        beyond = ((clock.fraction >> (LEVELS - 1 - level)) & 1) == 1
        return jnp.where(beyond, middle, low), jnp.where(beyond, high, middle)

    value, _ = jax.lax.fori_loop(0, clock.levels, halve, (left, right))
    return jnp.where(moving_on, jax.scipy.special.ndtr(value), uniform)


__all__ = ["STILL", "Process", "Reading", "moved", "moving", "reading"]
