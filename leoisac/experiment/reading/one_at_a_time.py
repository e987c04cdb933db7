"""Studies that change one value at a time: their points, and what was changed at each point of a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leoisac.experiment.reading.coordinates import field_units

if TYPE_CHECKING:
    import xarray as xr


class Move(NamedTuple):
    """A point of a study at which one field has another value than at the first point.

    Attributes:
        point: place on the sweep axis.
        field: of the configuration.
        value: of the field here.
        default: of the field at the first point.
    """

    point: int
    field: str
    value: Any
    default: Any

    @property
    def change(self) -> str:
        """The change of value with its unit: ``0.5 → 2 dB``."""
        unit = field_units(self.field)
        return f"{value_text(self.default)} → {value_text(self.value)}" + ("" if unit == "1" else f" {unit}")


def one_at_a_time(defaults: Mapping[str, Any], moves: Iterable[tuple[str, Any]]) -> dict[str, list[list[Any]]]:
    """A zipped sweep axis: the defaults first, then a point per move ``(field, value)`` from them."""
    rows = [[value if field == name else default for name, default in defaults.items()] for field, value in moves]
    return {"+".join(defaults): [list(defaults.values()), *rows]}


def moves_of(dataset: xr.Dataset, axis: str) -> list[Move]:
    """What every point of the zipped ``axis`` after the first changes, in the order of the points.

    Raises:
        ValueError: a point changes no field, or several.
    """
    fields = axis.split("+")
    found: list[Move] = []
    for point in range(1, dataset.sizes[axis]):
        here = {field: dataset[field].values for field in fields}
        moved = [field for field, values in here.items() if values[point] != values[0]]
        if len(moved) != 1:
            raise ValueError(f"point {point} of {axis} changes {', '.join(moved) or 'nothing'}: one field is wanted.")
        (field,) = moved
        found.append(Move(point, field, here[field][point], here[field][0]))
    return found


def by_size(moves: Sequence[Move], sizes: Sequence[float]) -> list[int]:
    """Places of the moves, those of one field together, fields with the largest size first.

    ``sizes`` says how much each move matters; NaN counts as nothing.
    """
    largest: dict[str, float] = {}
    for move, size in zip(moves, sizes, strict=True):
        largest[move.field] = max(largest.get(move.field, 0.0), abs(size) if size == size else 0.0)
    fields = list(largest)
    return sorted(range(len(moves)), key=lambda row: (-largest[moves[row].field], fields.index(moves[row].field)))


def value_text(value: Any) -> str:
    """A value of a field as short text."""
    return str(value) if np.asarray(value).dtype.kind in "Ub" else f"{float(value):g}"


__all__ = ["Move", "by_size", "moves_of", "one_at_a_time", "value_text"]
