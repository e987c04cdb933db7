# pyright: reportUnknownMemberType=false
"""Designs on their way to the judge: checked against the system, the configuration and the channels."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, cast

import numpy as np

from leoisac.experiment.contracts import System, resolve
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
    sizes = system.axis_sizes(config)
    for name, declared in system.design_fields.items():
        array: Any = getattr(design, name, ())
        shape = np.shape(array)
        wanted = (trials, *(sizes.get(axis) for axis in declared.axes))
        if hasattr(design, name) and not _fits(shape, wanted):
            expected = ", ".join(f"{axis} {sizes.get(axis, 'any')}" for axis in declared.axes)
            raise DesignError(
                f"design.{name}: has shape {shape[1:]} after the trials; the configuration says ({expected})."
            )
    return design


def _class_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__name__}"


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))


def design_classes(system: System) -> tuple[type, ...]:
    """What the system's judge takes, by its own signature; empty where that does not say."""
    judged = typing.get_type_hints(resolve(system.evaluate)).get("design")
    options = typing.get_args(judged) or (judged,)
    return tuple(item for item in options if isinstance(item, type) and dataclasses.is_dataclass(item))
