# pyright: reportUnknownMemberType=false
"""Random keys: every draw depends on (seed, trial, purpose, entity) and on nothing else.

A key never sees scheme, batch, sweep index or worker, so that all of them meet the same sky; and entities (users,
paths, feeds) have a key each, so that the first four users of eight are the four users of four.
"""

from __future__ import annotations

import zlib
from typing import Any

from leoisac.foundation.jax_setup import jax

Key = Any


def trial_key(seed: Any, trial: Any) -> Key:
    """Key of one trial. ``seed`` and ``trial`` are non-negative integers (traced or not)."""
    return jax.random.fold_in(jax.random.key(seed), trial)


def purpose_key(key: Key, purpose: str) -> Key:
    """Key of one purpose (``"user-position"``) within a trial; the name's CRC-32 is folded in, so order is free."""
    return jax.random.fold_in(key, zlib.crc32(purpose.encode()) & 0x7FFF_FFFF)


def entity_keys(key: Key, count: int) -> Key:
    """One key per entity, shape ``(count,)``: the first ``n`` of them are the same whatever the count."""
    return jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, jax.numpy.arange(count))
