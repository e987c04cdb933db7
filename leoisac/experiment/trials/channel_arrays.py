"""Channels from a user's own arrays: checked by name, type, axis and value, so that a mistake is found here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from leoisac.experiment.channel_checks import (
    as_numpy,
    axes_text,
    check_lengths,
    refuse_nonfinite,
    refuse_outside,
    refuse_single,
    trial_count,
)
from leoisac.experiment.channel_table import described, unit_of
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.errors import ChannelError
from leoisac.experiment.trials.blocks import channel_dtypes
from leoisac.foundation.config import Config, suggest
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import to_numpy


def channels_from_arrays(system: System, config: Config, arrays: Mapping[str, Any]) -> Any:
    """The system's channels from plain arrays.

    Args:
        system: the system.
        config: its configuration, which fixes the sizes.
        arrays: by name; with a leading trial axis or without. What has none holds for all trials.

    Raises:
        ChannelError: naming the array, what it is and what is expected; for a number outside the array's domain its
            place, its value and what is allowed; NaN and infinities are refused in any trial.
    """
    channel_class = resolve(system.channels)
    _check_names(system, channel_class, arrays)
    plain = _plain(system, arrays)
    for name, array in plain.items():
        refuse_nonfinite(name, array, system.channel_axes[name])
        refuse_outside(name, array, system.channel_axes[name])
    trials = trial_count(system.channel_axes, plain, system.axis_sizes(config))
    return channel_class(**{name: _fit(system, config, name, value, trials) for name, value in plain.items()})


def checked_channels(system: System, config: Config, channels: Any) -> Any:
    """Channels, however they were made, as plain arrays that fit the configuration.

    What ``li.channels`` refuses is refused here too, but for NaN and infinities: a measured batch may hold a trial
    without numbers, and only that trial has no design (``design_trials`` reports it as NONFINITE).

    Returns:
        The same channels; arrays of another layout, byte order or precision as ``draw`` would give them.

    Raises:
        ChannelError: for channels of another system or configuration, for arrays that disagree on the trials, and for
            numbers outside an array's domain.
    """
    channel_class = resolve(system.channels)
    if not isinstance(channels, channel_class):
        raise ChannelError(
            f"channels: {type(channels).__name__} are not channels of `{system.name}`; "
            "make them with leoisac.draw(config) or leoisac.channels(config, ...)."
        )
    arrays = _plain(system, {name: getattr(channels, name) for name in system.channel_axes})
    sizes = system.axis_sizes(config)
    for name, array in arrays.items():
        axes = system.channel_axes[name]
        if array.ndim == len(axes):
            raise ChannelError(f"{name}: has no trial axis; use leoisac.channels(config, ...), which adds it.")
    trials = trial_count(system.channel_axes, arrays, sizes)
    for name, array in arrays.items():
        axes = system.channel_axes[name]
        check_lengths(config, name, axes, array.shape[1:], sizes)
        refuse_outside(name, array, axes)
    rest = {
        field.name: to_numpy(getattr(channels, field.name))
        for field in dataclasses.fields(channels)
        if field.name not in arrays
    }
    for name, part in rest.items():
        counts = {np.shape(leaf)[:1] for leaf in jax.tree_util.tree_leaves(part)}
        if counts - {(trials,)}:
            raise ChannelError(f"{name}: is not of the {trials} trials that the other arrays have.")
    return type(channels)(**arrays, **rest)


def _check_names(system: System, channel_class: type, arrays: Mapping[str, Any]) -> None:
    for name in arrays:
        if name not in system.channel_axes:
            raise ChannelError(f"{name}: `{system.name}` has no such array.{suggest(name, system.channel_axes)}")
    optional = {
        field.name
        for field in dataclasses.fields(channel_class)
        if field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
    }
    missing = [name for name in system.channel_axes if name not in arrays and name not in optional]
    if missing:
        described_all = "; ".join(_wanted(system, name) for name in missing)
        raise ChannelError(
            f"missing: {described_all}. Give {', '.join(f'{name}=…' for name in missing)} as well; `leoisac show "
            f"{system.name} --channels` has every array, and leoisac.draw(config).{missing[0]} what leoisac would take."
        )


def _wanted(system: System, name: str) -> str:
    """An array that lacks: its axes, its unit and what it is."""
    declared = system.channel_axes[name]
    unit, meaning = unit_of(declared), described(declared)[0]
    words = ", ".join(part for part in (f"in {unit}" if unit not in ("", "1") else "", meaning) if part)
    return f"{name} {axes_text(declared)}{f', {words}' if words else ''}"


def _plain(system: System, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    dtypes = channel_dtypes(system)
    return {name: _array(name, value, dtypes[name]) for name, value in arrays.items()}


def _array(name: str, value: Any, dtype: np.dtype[Any]) -> np.ndarray:
    """``value`` as an array of the type and layout that ``draw`` gives; whole and real numbers are promoted."""
    array = as_numpy(name, value)
    refuse_single(name, array.dtype)
    if array.dtype.kind not in "iufc":
        raise ChannelError(f"{name}: must hold numbers, not {array.dtype}.")
    if array.dtype.kind == "c" and dtype.kind != "c":
        raise ChannelError(f"{name}: must be real, and is {array.dtype}.")
    with np.errstate(over="ignore"):  # of a wider type: then infinite, and refused as such
        return array.astype(dtype, order="C")


def _fit(system: System, config: Config, name: str, array: np.ndarray, trials: int) -> np.ndarray:
    axes = system.channel_axes[name]
    own = None if array.ndim == len(axes) else trials
    if array.ndim == len(axes):
        array = np.broadcast_to(array, (trials, *array.shape)).copy()
    check_lengths(config, name, axes, array.shape[1:], system.axis_sizes(config), own)
    return array
