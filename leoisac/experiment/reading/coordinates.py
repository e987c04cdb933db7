"""Coordinates of datasets: what stands at every place of every axis, with its meaning and unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leoisac.experiment.contracts import Coordinate, System
from leoisac.experiment.scenario.files import NONE
from leoisac.experiment.scenario.routes import SchemeRoute
from leoisac.experiment.scenario.scenarios import SweepPoint
from leoisac.experiment.sweeps import Axis
from leoisac.foundation.config import Config, toml_value

if TYPE_CHECKING:
    import xarray as xr

MOST_FIELDS = 3
"""Most fields of a zipped axis that are all named at every point."""
FIELD_UNITS = {
    "_dbw": "dBW",
    "_dbm": "dBm",
    "_dbi": "dBi",
    "_db": "dB",
    "_deg": "deg",
    "_km": "km",
    "_m_s": "m/s",
    "_j_k": "J/K",
    "_rad2": "rad²",
    "_m2": "m²",
    "_hz": "Hz",
    "_m": "m",
    "_w": "W",
    "_s": "s",
    "_k": "K",
}
"""Unit of a configuration field by the end of its name."""


def field_units(name: str) -> str:
    """Unit of a configuration field, read off its name: ``"dBW"`` for ``transmit_power_dbw``."""
    for ending, unit in FIELD_UNITS.items():
        if name.endswith(ending):
            return unit
    return "1"


def field_description(config: Config, path: str) -> str:
    """Meaning of the field ``"field"`` or ``"part.field"``; its name where nothing is written."""
    *parts, name = path.split(".")
    for part in parts:
        config = getattr(config, part)
    return type(config).model_fields[name].description or name.replace("_", " ")


def scheme_coordinates(choices: Sequence[SchemeRoute]) -> dict[str, Any]:
    """Labels, names in legends and kinds of the schemes."""
    legends: list[str] = []
    for choice in choices:
        legend = choice.scheme.label or choice.scheme.name
        legends.append(legend if choice.label == choice.scheme.name else f"{legend} ({choice.route})")
    return {
        "scheme": ("scheme", [choice.label for choice in choices], {"long_name": "Scheme"}),
        "scheme_label": ("scheme", legends, {"long_name": "Name in legends"}),
        "scheme_bound": (
            "scheme",
            [choice.scheme.bound for choice in choices],
            {"long_name": "Bound without a design"},
        ),
    }


def sweep_coordinates(config: Config, axes: Sequence[Axis]) -> dict[str, Any]:
    """Values of every swept field; fields that change together share an axis of points."""
    coordinates: dict[str, Any] = {}
    for axis in axes:
        if len(axis.fields) > 1:
            coordinates[axis.name] = (axis.name, np.arange(len(axis.values)), {"long_name": "Point", "units": "1"})
        for position, path in enumerate(axis.fields):
            values = _plain([row[position] for row in axis.values])
            attributes = {"long_name": field_description(config, path), "units": field_units(path)}
            coordinates[path] = (axis.name, values, attributes)
    return coordinates


def point_texts(dataset: xr.Dataset, axis: str, index: int) -> list[str]:
    """What a sweep axis says at a point: the values of its fields; of many only those that differ from the first.

    Many fields change together where one is changed at a time: ``echo_snr_db = 7``, or ``defaults``.
    """
    fields = axis.split("+")
    values = [dataset[field].values[index] for field in fields]
    texts = [_value_text(value) for value in values]
    if len(fields) <= MOST_FIELDS:
        return texts
    first = [dataset[field].values[0] for field in fields]
    changed = [f"{fields[k]} = {texts[k]}" for k in range(len(fields)) if values[k] != first[k]]
    return [", ".join(changed) or "defaults"]


def instant_text(instant: Any) -> str:
    """An instant to the second, or to the millisecond where that is needed: ``2025-10-07T12:00:00``."""
    whole = instant == instant.astype("datetime64[s]")
    return f"{np.datetime_as_string(instant, unit='s' if whole else 'ms')}"


def _value_text(value: Any) -> str:
    if np.asarray(value).dtype.kind == "M":
        return instant_text(value)
    plain: Any = value.item() if hasattr(value, "item") else value
    return f"{plain:g}" if isinstance(plain, int | float) and not isinstance(plain, bool) else str(plain)


def entry_coordinates(
    system: System, axes: Sequence[Axis], points: Sequence[SweepPoint], sizes: dict[str, int]
) -> dict[str, Any]:
    """Coordinates of the axes of metrics: where the system says that entries lie, their names, or their numbers.

    Where entries lie elsewhere at other points of the sweep, the axis has numbers, and ``{axis}_at`` holds the values
    over the sweep.

    Args:
        system: the system.
        axes: of the sweep.
        points: all of them.
        sizes: length of every metric axis.
    """
    coordinates: dict[str, Any] = {}
    for axis, size in sizes.items():
        declared = system.coordinates.get(axis)
        if declared is not None and size:
            coordinates |= _declared(axis, declared, axes, points, size)
        elif len(system.axis_labels.get(axis, ())) == size and size:
            coordinates[axis] = (axis, list(system.axis_labels[axis]))
        elif size:
            coordinates[axis] = (axis, np.arange(size), {"long_name": axis.replace("_", " "), "units": "1"})
    return coordinates


def _declared(
    axis: str, declared: Coordinate, axes: Sequence[Axis], points: Sequence[SweepPoint], size: int
) -> dict[str, Any]:
    attributes = {"long_name": declared.long_name, "units": declared.units}
    values = np.full((*(len(one.values) for one in axes), size), np.nan)
    for point in points:
        here = np.asarray(declared.values(point.config), dtype=float)[:size]
        values[point.index][: len(here)] = here
    rows = values.reshape(-1, size)
    first = rows[int(np.argmax(np.isfinite(rows).sum(axis=1)))]
    if np.all((rows == first) | np.isnan(rows)) and np.isfinite(first).all():
        return {axis: (axis, first, attributes)}
    numbers = (axis, np.arange(size), {"long_name": axis.replace("_", " "), "units": "1"})
    return {axis: numbers, f"{axis}_at": ((*(one.name for one in axes), axis), values, attributes)}


def _plain(values: list[Any]) -> list[Any]:
    """Numbers and texts as they are; anything else (lists, a missing value) as its text in TOML."""
    for kinds in ((bool,), (int, float), (str,)):
        if all(isinstance(value, kinds) for value in values):
            return values
    return [value if isinstance(value, str) else NONE if value is None else toml_value(value) for value in values]
