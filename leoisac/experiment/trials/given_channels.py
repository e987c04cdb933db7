# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
"""Given channels while a campaign computes: parts of them by trial, and what may be swept over them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from leoisac.experiment.channel_checks import refuse_nonfinite
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.scenario.channel_source import PART, ChannelSource, held_arrays
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.experiment.trials.blocks import channel_dtypes, channel_shapes, draw_trials, geometry_of
from leoisac.experiment.trials.channel_arrays import checked_channels
from leoisac.foundation.config import Config, ConfigError, shown
from leoisac.foundation.jax_setup import in_double, jax
from leoisac.foundation.lanes import batch_size

_TRIED = 2
"""Trials that are drawn to see whether a field changes channels, where it changes what ``prepare`` returns."""


@dataclasses.dataclass(frozen=True, eq=False)
class GivenChannels:
    """Channels of consecutive trials.

    Attributes:
        sha256: digest of their source.
        channels: the system's class, every array ``(trial, …)``.
        names: fields that are plain arrays.
        first: number of the first trial.
    """

    sha256: str
    channels: Any
    names: tuple[str, ...]
    first: int = 0

    def part(self, first: int, stop: int) -> Any:
        """The channels of the trials ``first`` to ``stop - 1``."""
        window = slice(first - self.first, stop - self.first)
        return jax.tree_util.tree_map(partial(_cut, window), self.channels)

    def arrays(self, first: int, stop: int) -> dict[str, np.ndarray]:
        """The same as plain arrays: fields that are none themselves as ``field#0``, ``field#1`` …"""
        return _plain(self.part(first, stop), self.names)


def given_channels(
    system: System, config: Config, sha256: str, arrays: Mapping[str, np.ndarray], first: int = 0
) -> GivenChannels:
    """Given channels from checked arrays, as ``arrays`` of ``GivenChannels`` or a source holds them.

    Raises:
        ConfigError: where the arrays of a field are not those of the system's class.
    """
    dtypes, shapes = channel_dtypes(system), channel_shapes(system, config)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(resolve(system.channels)):
        name = field.name
        if name in system.channel_axes:
            if name in arrays:
                fields[name] = np.asarray(arrays[name]).astype(dtypes[name], order="C", copy=False)
            continue
        leaves = [arrays[key] for key in sorted(arrays, key=_place) if key.startswith(f"{name}{PART}")]
        if leaves:
            like = getattr(shapes, name)
            expected = len(jax.tree_util.tree_leaves(like))
            if expected != len(leaves):
                raise ConfigError(
                    f"channels.{name}: {len(leaves)} arrays, and this version of `{system.name}` has {expected} there; "
                    "draw the channels anew."
                )
            fields[name] = jax.tree_util.tree_unflatten(jax.tree_util.tree_structure(like), leaves)
    return GivenChannels(sha256, resolve(system.channels)(**fields), tuple(system.channel_axes), first)


def source_of_channels(system: System, config: Config, channels: Any) -> ChannelSource:
    """The source that channels in memory are (``li.draw``, ``li.channels``).

    Raises:
        ChannelError: for channels of another system or configuration, and for numbers that no campaign takes.
    """
    channels = checked_channels(system, config, channels)
    arrays = _plain(channels, tuple(system.channel_axes))
    for name, axes in system.channel_axes.items():
        refuse_nonfinite(name, arrays[name], axes)
    return held_arrays(system, arrays, batch_size(channels))


def alike_axes(system: System, study: Scenario) -> tuple[str, ...]:
    """Sentences about arrays of a MATLAB or HDF5 file whose axes are not named and of one length: a transpose of them
    would not be seen. (NumPy's files are taken as written by the names and axes of ``leoisac show --channels``.)"""
    source = study.channels
    if source is None or not source.file or source.file.endswith(".npz"):
        return ()
    sizes, notes = system.axis_sizes(study.points()[0].config), list[str]()
    for name, axes in system.channel_axes.items():
        expression = source.arrays.get(name, name)
        alike = [axis for axis in axes if sum(sizes[other] == sizes[axis] for other in axes) > 1]
        if alike and isinstance(expression, str) and "(" not in expression:
            text = f'{name} = "{expression}({", ".join(["trial", *axes])})"'
            notes.append(
                f"channels.{name}: {' and '.join(alike)} have the same length, so that a transposed array looks like a "
                f"right one. Name the axes in the order of the file: {text}."
            )
    return tuple(notes)


def refuse_other_channels(system: System, study: Scenario) -> None:
    """Refuse a sweep that would change what is drawn, where channels are given and the same at all points.

    Two configurations draw the same channels when ``prepare`` returns the same for both, or else when some trials say
    so.

    Raises:
        ConfigError: naming the fields, the arrays that they change, and what to do.
    """
    if study.channels is None:
        return
    first, *others = study.points()
    for point in others:
        changed = _changed(system, first.config, point.config)
        if changed:
            fields = ", ".join(f"{path} = {shown(value)}" for path, value in point.changes.items())
            raise ConfigError(
                f"sweep: {fields} would change the channels ({', '.join(changed)}), and {study.channels.label} gives "
                "them. "
                "Sweep what designs are asked for (powers, thresholds, schemes' parameters); for other channels run "
                "once per value, each with its own file."
            )


def _changed(system: System, one: Config, other: Config) -> tuple[str, ...]:
    """Fields of the channels that two configurations draw differently."""
    if _same(geometry_of(system, one), geometry_of(system, other)):
        return ()
    drawn = [draw_trials(system, config, 0, _TRIED) for config in (one, other)]
    names = [field.name for field in dataclasses.fields(drawn[0])]
    return tuple(name for name in names if not _same(*(getattr(channels, name) for channels in drawn)))


@in_double
def _same(one: Any, other: Any) -> bool:
    """Whether two trees are of the same structure and hold the same numbers."""
    leaves: list[Any] = [jax.tree_util.tree_leaves(tree) for tree in (one, other)]
    if jax.tree_util.tree_structure(one) != jax.tree_util.tree_structure(other):
        return False
    return all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in zip(*leaves))


def _cut(window: slice, leaf: Any) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(leaf)[window])


def _plain(channels: Any, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for field in dataclasses.fields(channels):
        for number, leaf in enumerate(jax.tree_util.tree_leaves(getattr(channels, field.name))):
            arrays[field.name if field.name in names else f"{field.name}{PART}{number}"] = np.asarray(leaf)
    return arrays


def _place(name: str) -> tuple[str, int]:
    field, _, number = name.partition(PART)
    return field, int(number) if number.isdigit() else -1
