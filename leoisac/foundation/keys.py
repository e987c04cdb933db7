# pyright: reportUnknownMemberType=false
"""Random keys and numbers: every draw depends on (seed, trial, entity, purpose) and on nothing else.

A key never sees scheme, batch, sweep index or worker, so that all of them meet the same sky; and entities (users,
paths, feeds) are numbered, so that the first four users of eight are the four users of four.

All numbers of an entity come from one call (``uniforms``): each hash of JAX's generator costs a third of a second of
compilation, whatever its size.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leoisac.foundation.evolution import moved
from leoisac.foundation.jax_setup import in_double, jax, jnp

Key = Any

_HALF_STEP = 2.0**-54
"""Shift of the uniform numbers off zero, so that every normal number is finite."""


@in_double
def trial_key(seed: Any, trial: Any) -> Key:
    """Key of one trial. ``seed`` and ``trial`` are non-negative integers (traced or not)."""
    return jax.random.fold_in(jax.random.key(seed), trial)


@in_double
def purpose_keys(key: Key, purposes: Sequence[str]) -> Key:
    """One key per purpose, shape ``(len(purposes),)``: the names' CRC-32 is folded in, so their order is free."""
    codes = np.array([zlib.crc32(purpose.encode()) for purpose in purposes], dtype=np.uint32)
    return _fold_each(key, jnp.asarray(codes))


@in_double
def entity_keys(key: Key, count: int) -> Key:
    """One key per entity, shape ``(count,)``: the first ``n`` of them are the same whatever the count."""
    return _fold_each(key, jnp.arange(count))


@in_double
def uniforms(key: Key, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Independent uniform numbers on (0, 1) for several purposes of one entity, at the instant at hand.

    Args:
        key: the entity's key.
        shapes: purpose -> shape. Along its first axis a shape may grow without changing what stood there before:
            the numbers are counted row by row, each from (key, purpose, count) alone.
    """
    sizes = [math.prod(shape) for shape in shapes.values()]

    def row(purpose: Key) -> Any:
        return jax.random.uniform(purpose, (max(sizes),), dtype=jnp.float64)

    keys = purpose_keys(key, list(shapes))
    numbers = jax.vmap(row)(keys) + _HALF_STEP
    return {
        purpose: moved(keys[index], purpose, numbers[index, :size].reshape(shape))
        for index, (size, (purpose, shape)) in enumerate(zip(sizes, shapes.items(), strict=True))
    }


@in_double
def standard_normal(uniform: Any) -> Any:
    """Standard normal numbers from uniform ones (inverse distribution function)."""
    return jax.scipy.special.ndtri(uniform)


@in_double
def complex_normal(uniform: Any) -> Any:
    """Circular complex normal numbers CN(0, 1) from uniform ones, shape ``(..., 2) -> (...)``."""
    real, imaginary = jnp.moveaxis(standard_normal(uniform), -1, 0)
    return (real + 1j * imaginary) / math.sqrt(2.0)


def _fold_each(key: Key, data: Any) -> Key:
    return jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, data)
