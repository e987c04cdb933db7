# pyright: reportUnknownMemberType=false
"""Trials whose channels are no numbers: no solver sees them, and no design leaves for them.

Solvers meet such a trial in many ways: one comes out NaN, one stops a whole batch, one calls it infeasible from
comparisons with NaN. So a sound trial takes its place while the batch is solved, and afterwards it has no design and
the status NONFINITE. Its neighbours stay in their lanes and cannot tell.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from leoisac.experiment.channel_table import domain_of
from leoisac.experiment.contracts import System
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import batch_size
from leoisac.foundation.status import Solution, Status


def sound_trials(system: System, channels: Any) -> np.ndarray:
    """Which trials of a batch have finite numbers throughout, within the domains of their arrays."""
    sound = np.ones(batch_size(channels), dtype=bool)
    for leaf in jax.tree_util.tree_leaves(channels):
        values = np.asarray(leaf)
        if values.dtype.kind in "fc" and not np.isfinite(values).all():
            sound &= _all_of_trial(np.isfinite(values))
    for name, axes in system.channel_axes.items():
        outside = domain_of(axes).outside(np.asarray(getattr(channels, name)))
        if outside.any():
            sound &= _all_of_trial(~outside)
    return sound


def with_stand_ins(channels: Any, sound: np.ndarray, draw_one: Callable[[], Any]) -> Any:
    """The channels with a sound trial in the place of every other: the first of the batch, or a drawn one.

    Args:
        channels: of a batch.
        sound: which of its trials are.
        draw_one: draws channels of one trial.
    """
    rows, first = np.flatnonzero(~sound), int(np.argmax(sound))

    def put(leaf: Any, batch: Any) -> np.ndarray:
        values = np.array(leaf)
        values[rows] = np.asarray(batch)[first]
        return values

    def zeros(leaf: Any) -> np.ndarray:
        return np.zeros_like(np.asarray(leaf))

    if sound.any():
        return jax.tree_util.tree_map(put, channels, channels)
    drawn = draw_one()

    def fill(name: str) -> Any:
        given, made = getattr(channels, name), getattr(drawn, name)
        if jax.tree_util.tree_structure(given) != jax.tree_util.tree_structure(made):
            return jax.tree_util.tree_map(zeros, given)
        return jax.tree_util.tree_map(put, given, made)

    return type(channels)(**{field.name: fill(field.name) for field in dataclasses.fields(channels)})


def without_designs(solution: Solution[Any], sound: np.ndarray) -> Solution[Any]:
    """The solution in which the other trials have missing values (NaN) and the status NONFINITE."""
    rows = np.flatnonzero(~sound)

    def blank(leaf: Any) -> np.ndarray:
        values = np.array(leaf)
        if values.dtype.kind in "fc":
            values[rows] = np.nan
        return values

    def settle(leaf: Any, value: int) -> np.ndarray:
        values = np.array(leaf)
        values[rows] = value
        return values

    return Solution(
        value=jax.tree_util.tree_map(blank, solution.value),
        status=settle(solution.status, int(Status.NONFINITE)),
        objective=blank(solution.objective),
        violation=blank(solution.violation),
        iterations=settle(solution.iterations, 0),
        history=blank(solution.history),
    )


def _all_of_trial(good: np.ndarray) -> np.ndarray:
    return np.all(good.reshape(len(good), -1), axis=1)
