"""Channels from a user's own arrays: checked by name, type, axis and value, so that a mistake is found here."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from leoisac.experiment.channel_table import domain_of, hint, unit_of
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
        _refuse_nonfinite(name, array, system.channel_axes[name])
        _refuse_outside(name, array, system.channel_axes[name])
    trials = _trial_count(system, plain)
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
    trials = _trial_count(system, arrays)
    for name, array in arrays.items():
        axes = system.channel_axes[name]
        _check_shape(config, name, axes, array.shape, sizes)
        _refuse_outside(name, array, axes)
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
        described = ", ".join(f"{name} {_axes_text(system.channel_axes[name])}" for name in missing)
        raise ChannelError(f"missing: {described}.")


def _plain(system: System, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    dtypes = channel_dtypes(system)
    return {name: _array(name, value, dtypes[name]) for name, value in arrays.items()}


def _array(name: str, value: Any, dtype: np.dtype[Any]) -> np.ndarray:
    """``value`` as an array of the type and layout that ``draw`` gives; whole and real numbers are promoted."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ChannelError(f"{name}: is not an array: {error}") from None
    _refuse_single(name, array.dtype)
    if array.dtype.kind not in "iufc":
        raise ChannelError(f"{name}: must hold numbers, not {array.dtype}.")
    if array.dtype.kind == "c" and dtype.kind != "c":
        raise ChannelError(f"{name}: must be real, and is {array.dtype}.")
    with np.errstate(over="ignore"):  # of a wider type: then infinite, and refused as such
        return array.astype(dtype, order="C")


def _refuse_nonfinite(name: str, array: np.ndarray, axes: tuple[str, ...]) -> None:
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        first = [int(step) for step in bad[0]]
        raise ChannelError(
            f"{name}: {len(bad)} of {array.size} entries are NaN or infinite, the first at {first} "
            f"({array[tuple(first)]}); {_allowed(axes)}."
        )


def _refuse_outside(name: str, array: np.ndarray, axes: tuple[str, ...]) -> None:
    """Refuse finite numbers that the array cannot hold."""
    bad = np.argwhere(domain_of(axes).outside(array))
    if len(bad):
        first = tuple(int(step) for step in bad[0])
        place = f"{name}[{', '.join(map(str, first))}]" if first else name
        others = f" ({len(bad)} of {array.size} entries are not.)" if len(bad) > 1 else ""
        value = array[first].item()
        raise ChannelError(f"{place} = {value:.6g}: {_allowed(axes)}.{others}{hint(value, axes)}")


def _allowed(axes: tuple[str, ...]) -> str:
    unit = unit_of(axes)
    return f"must be {domain_of(axes).allowed}" + (f", in {unit}" if unit != "1" else "")


def _refuse_single(name: str, dtype: np.dtype[Any]) -> None:
    if str(dtype) in ("float16", "bfloat16", "float32", "complex64"):
        double = "complex128" if dtype.kind == "c" else "float64"
        raise ChannelError(
            f"{name}: {dtype} is too coarse for path gains and constraint margins; compute it in {double} "
            f"(or write {name}.astype({double!r}) if its digits are known to suffice)."
        )


def _trial_count(system: System, arrays: Mapping[str, np.ndarray]) -> int:
    counts: dict[str, int] = {}
    for name, array in arrays.items():
        axes = system.channel_axes[name]
        if array.ndim == len(axes) + 1:
            counts[name] = array.shape[0]
        elif array.ndim != len(axes):
            raise ChannelError(
                f"{name}: has {array.ndim} axes (shape {array.shape}); expected {_axes_text(axes)}, "
                "or the same with a trial axis first."
            )
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise ChannelError(f"the arrays disagree on the number of trials (first axis): {listed}.")
    count = next(iter(counts.values()), 1)
    if count == 0:
        raise ChannelError(f"{next(iter(counts))}: has no trials (first axis of length 0).")
    return count


def _fit(system: System, config: Config, name: str, array: np.ndarray, trials: int) -> np.ndarray:
    axes = system.channel_axes[name]
    if array.ndim == len(axes):
        array = np.broadcast_to(array, (trials, *array.shape)).copy()
    _check_shape(config, name, axes, array.shape, system.axis_sizes(config))
    return array


def _check_shape(
    config: Config, name: str, axes: tuple[str, ...], shape: tuple[int, ...], sizes: Mapping[str, int]
) -> None:
    for axis, actual in zip(axes, shape[1:], strict=True):
        expected = sizes[axis]
        if actual != expected:
            source = _fields_behind(config, axis, expected)
            raise ChannelError(
                f"{name}: axis `{axis}` has {actual} entries, the configuration says {expected}{source}; "
                f"expected {_axes_text(axes)}."
            )


def _fields_behind(config: Config, axis: str, size: int) -> str:
    """The fields that share a word with the axis and give its size, for the message: `` (num_users=8)``."""
    words = {word.rstrip("s") for word in axis.split("_")}
    found: list[str] = []
    for name, value in config:
        if not words & {word.rstrip("s") for word in name.split("_")}:
            continue
        counts: set[int] = set()
        if isinstance(value, tuple):
            items = cast("tuple[Any, ...]", value)
            counts = {len(items), math.prod(items) if all(isinstance(item, int) for item in items) else 0}
        elif isinstance(value, int) and not isinstance(value, bool):
            counts = {value}
        if size in counts:
            found.append(f"{name}={value!r}")
    return f" ({', '.join(found)})" if found else ""


def _axes_text(axes: tuple[str, ...]) -> str:
    return f"({', '.join(axes)})" if axes else "(a number)"
