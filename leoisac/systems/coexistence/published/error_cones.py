"""Pieces of the transmitter's cone programs that one cell and the cells of a beam have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.optim.conic.extra import cvxpy_module


def signed_root(room: jax.Array) -> jax.Array:
    """Root of what an error may still have beside the receiver's own noise; negative, where that is too much, no norm
    is below it: the program has no solution."""
    return jnp.sign(room) * jnp.sqrt(jnp.abs(room))


def echo_errors(p: Mapping[str, Any], i: int, at_real: Any, at_imaginary: Any, q: Any, users: int) -> list[Any]:
    """What makes the error of a target of the own cell, but the receiver's noise.

    Args:
        p: the cell's parameters.
        i: target.
        at_real, at_imaginary: received amplitudes; rows are users, satellite user, targets, clutter and others.
        q: amplitude of the satellite.
        users: of the cell.
    """
    targets, clutter = p["clutter_gain"].shape
    first, last, own = users + 1, users + 1 + targets, users + i
    foreign = [s for s in range(users + targets) if s != own]
    seen_real, seen_imaginary = at_real[first:last], at_imaginary[first:last]
    multiply = cvxpy_module().multiply
    return [
        multiply(p["echo_gain"][i], seen_real[:, own]) - p["echo_wanted_real"][i],
        multiply(p["echo_gain"][i], seen_imaginary[:, own]) - p["echo_wanted_imaginary"][i],
        p["echo_real"][i] @ seen_real[:, foreign] - p["echo_imaginary"][i] @ seen_imaginary[:, foreign],
        p["echo_real"][i] @ seen_imaginary[:, foreign] + p["echo_imaginary"][i] @ seen_real[:, foreign],
        *(p["clutter_gain"][i, l] * part[last + l] for l in range(clutter) for part in (at_real, at_imaginary)),
        p["target_satellite"][i] * q,
    ]


def stacked(parts: list[Any]) -> Any:
    cp = cvxpy_module()
    return cp.hstack([cp.vec(part, order="F") if part.ndim == 2 else part for part in parts])


def norm(parts: list[Any]) -> Any:
    return cvxpy_module().norm(stacked(parts), 2)
