# pyright: reportUnknownMemberType=false
"""Designs on their way to the judge: checked against the system, the configuration and the channels."""

from __future__ import annotations

import dataclasses
import itertools
import typing
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from leoisac.experiment.contracts import Metric, System, resolve
from leoisac.foundation.config import Config
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import batch_size
from leoisac.foundation.status import DesignError, Solution


def checked_design(system: System, config: Config, channels: Any, design: Any) -> Any:
    """The designs of a solution, or designs themselves, of as many trials as the channels.

    Args:
        system: the system.
        config: its configuration.
        channels: of the designs, checked.
        design: a ``Solution`` or its ``value``.

    Raises:
        DesignError: for what is no design of the system, and for sizes that the configuration does not have.
    """
    design = cast("Any", design.value if isinstance(design, Solution) else design)
    known = design_classes(system)
    if not dataclasses.is_dataclass(design) or (known and not isinstance(design, known)):
        named = f" ({', '.join(item.__name__ for item in known)})" if known else ""
        raise DesignError(
            f"design: {_class_name(design)} is no design of `{system.name}`{named}; "
            "hand over what leoisac.design(config, ...) returned for this configuration."
        )
    trials = batch_size(channels)
    for path, leaf in cast("list[tuple[Any, Any]]", jax.tree_util.tree_leaves_with_path(design)):
        if np.shape(leaf)[:1] != (trials,):
            raise DesignError(
                f"design{jax.tree_util.keystr(path)}: has shape {np.shape(leaf)}; the channels have {trials} trials, "
                "which come first in every array of a design."
            )
    check_shapes(system, config, design)
    return design


def check_shapes(system: System, config: Config, design: Any) -> None:
    """Refuse a batch of designs with an array of other axes than the configuration says (DesignError)."""
    found = misshapen(design, system.design_fields, system.axis_sizes(config), leading=1)
    if found is not None:
        name, shape, expected, advice = found
        raise DesignError(
            f"design.{name}: has shape {shape} after the trials; the configuration says ({expected}).{advice}"
        )


def misshapen(
    design: Any, fields: Mapping[str, Metric], sizes: Mapping[str, int], leading: int = 0
) -> tuple[str, tuple[int, ...], str, str] | None:
    """The first array of a design that has not its declared axes; None where all have.

    Args:
        design: of one trial, or of a batch.
        fields: array -> its axes, as a system declares them.
        sizes: of axes; one that is not among them may have any length.
        leading: axes before the declared ones: 1 for a batch.

    Returns:
        Its name, its shape without the leading axes, the axes with their lengths, and a sentence on what has probably
        happened, with a space before it; empty where nothing is probable.
    """
    for name, declared in fields.items():
        array: Any = getattr(design, name, None)
        if array is None:
            continue
        shape, wanted = np.shape(array)[leading:], tuple(sizes.get(axis) for axis in declared.axes)
        if not _fits(shape, wanted):
            expected = ", ".join(f"{axis} {sizes.get(axis, 'any')}" for axis in declared.axes)
            return name, shape, expected, _exchanged(shape, wanted, declared.axes)
    return None


def sizes_of(channel_axes: Mapping[str, tuple[str, ...]], channels: Any) -> dict[str, int]:
    """Lengths of the axes that a batch of channels has."""
    sizes: dict[str, int] = {}
    for name, axes in channel_axes.items():
        array: Any = getattr(channels, name, ())
        sizes.update(zip(axes, np.shape(array)[1:]))
    return sizes


def _exchanged(shape: tuple[int, ...], wanted: tuple[int | None, ...], axes: tuple[str, ...]) -> str:
    """What to say where the same lengths in another order are what is wanted."""
    if len(shape) != len(wanted):
        return ""
    for order in itertools.permutations(range(len(shape))):
        if _fits(tuple(shape[place] for place in order), wanted):
            how = ".T" if len(order) == 2 else f".transpose{order}"
            return f" It looks transposed: `{how}` of it has the axes ({', '.join(axes)})."
    return ""


def _class_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__name__}"


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))


def design_classes(system: System) -> tuple[type, ...]:
    """What the system's judge takes, by its own signature; empty where that does not say."""
    judged = typing.get_type_hints(resolve(system.evaluate)).get("design")
    options = typing.get_args(judged) or (judged,)
    return tuple(item for item in options if isinstance(item, type) and dataclasses.is_dataclass(item))
