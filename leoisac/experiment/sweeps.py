"""Sweeps: which fields of a configuration take which values, alone or together."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from leoisac.foundation.config import ConfigError, shown

MOST_POINTS = 10_000
"""Most points of a sweep."""


@dataclass(frozen=True)
class Axis:
    """One sweep axis: a field, or several fields that change together.

    ``values[i]`` holds the fields' values at point ``i``.
    """

    fields: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]

    @property
    def name(self) -> str:
        """Dimension name in datasets: the field, or the fields joined by ``+``."""
        return "+".join(self.fields)


def sweep_axes(sweep: Mapping[str, Any]) -> tuple[Axis, ...]:
    """Axes from ``{"field": [values]}``; fields that change together: ``{"field_a+field_b": [[a0, b0], [a1, b1]]}``.

    Raises:
        ConfigError: if an axis has no values, repeats one, or a zipped entry has the wrong length.
    """
    axes: list[Axis] = []
    for name, values in sweep.items():
        fields = tuple(part.strip() for part in name.split("+"))
        if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
            raise ConfigError(f"sweep.{name} = {shown(values)}: must be a list of values.")
        rows: list[tuple[Any, ...]] = []
        for value in itertools.islice(values, MOST_POINTS + 1):
            zipped = len(fields) > 1 and hasattr(value, "__iter__") and not isinstance(value, str | bytes)
            row = tuple(value) if zipped else (value,)
            if len(row) != len(fields):
                raise ConfigError(f"sweep.{name}: entry {shown(value)} must have {len(fields)} values, one per field.")
            rows.append(row)
        if not rows:
            raise ConfigError(f"sweep.{name}: needs at least one value.")
        if len(rows) > MOST_POINTS:
            raise ConfigError(f"sweep.{name}: has more than {MOST_POINTS} values.")
        if len({_hashable(row) for row in rows}) < len(rows):
            raise ConfigError(f"sweep.{name}: a value stands twice; each point is computed once.")
        axes.append(Axis(fields, tuple(rows)))
    return tuple(axes)


def _hashable(value: Any) -> Any:
    """Equal for equal values, lists among them."""
    if isinstance(value, list | tuple):
        return tuple(_hashable(item) for item in cast("list[Any]", value))
    try:
        hash(value)
    except TypeError:
        return shown(value, 10_000)
    return value
