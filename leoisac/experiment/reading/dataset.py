"""Labelled results: units put together into an ``xarray.Dataset`` over (scheme, sweep axes, trial)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Axis, Metric, System
from leoisac.experiment.scenario.files import NONE, scenario_toml
from leoisac.experiment.scenario.routes import SchemeRoute
from leoisac.experiment.scenario.scenarios import Scenario, SweepPoint
from leoisac.experiment.store.targets import Rules
from leoisac.experiment.store.units import Unit, UnitKey, UnitStore, missing_intervals
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.config import Config, fingerprint, toml_value
from leoisac.foundation.status import Status

OUTCOME = {
    "status": Metric("Outcome of the design"),
    "usable": Metric("Counts in statistics"),
    "objective": Metric("Objective of the scheme"),
    "violation": Metric("Largest relative constraint violation"),
    "iterations": Metric("Iterations"),
    "history": Metric("Objective after each iteration", axes=("iteration",)),
}
_MISSING: dict[str, Any] = {"status": np.int8(NOT_RUN), "usable": np.False_, "iterations": np.int32(-1)}

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


def assemble(
    system: System,
    name: str,
    study: Scenario,
    store: UnitStore,
    versions: Sequence[Mapping[str, str]] = (),
    warnings: Sequence[str] = (),
) -> xr.Dataset:
    """The dataset of one study from what the store holds; trials that are not there have status -1.

    Where the study's rules give points different numbers of trials, the axis ``trial`` is as long as the longest, and
    what a point does not have counts as not run. Units are read one after the other: the dataset itself is all that is
    held in memory.

    Args:
        system: the system.
        name: study name.
        study: its scenario.
        store: where the units are.
        versions: of the sessions that made them, the last one last.
        warnings: what a reader should know; the attribute ``warnings``, a line each.
    """
    axes, points, choices = study.axes(), study.points(), study.choices(system)
    keys = {
        (position, *point.index): UnitKey(fingerprint(point.config), choice.scheme.name, choice.route)
        for point in points
        for position, choice in enumerate(choices)
    }
    rules = Rules(system, study)
    trials = {index: rules.trials(store, key)[0] for index, key in keys.items()}
    longest = max(trials.values())
    shape = (len(choices), *(len(axis.values) for axis in axes), longest)
    columns = _Columns(system, shape, _axis_sizes(system, points))
    failures: list[dict[str, Any]] = []
    machines: set[str] = set()
    changes = {point.index: dict(point.changes) for point in points}
    for index, key in keys.items():
        units = _notes(columns, index, trials[index], store.read(key, stop=trials[index]))
        machines |= {unit.machine for unit in units if unit.machine}
        failures += _failures(units, {"scheme": choices[index[0]].label, "sweep": changes[index[1:]]})
    coordinates = {**_scheme_coordinates(choices), **_sweep_coordinates(study.config, axes)}
    coordinates["trial"] = ("trial", np.arange(longest), {"long_name": "Trial"})
    coordinates |= _label_coordinates(system, columns.sizes)
    dims = ("scheme", *(axis.name for axis in axes), "trial")
    dataset = xr.Dataset(columns.variables(dims), coords=coordinates)
    dataset.attrs = _dataset_attributes(system, name, study, versions, failures, machines)
    if warnings:
        dataset.attrs["warnings"] = "\n".join(warnings)
    return dataset


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


class _Columns:
    """The variables of a dataset while units flow in; an axis grows when a unit is longer than all before it.

    ``sizes`` holds the length of every metric axis.
    """

    def __init__(self, system: System, shape: tuple[int, ...], sizes: Mapping[str, int]) -> None:
        self._metrics = {**OUTCOME, **system.metrics}
        self._shape = shape
        self.sizes = {axis: 0 for metric in self._metrics.values() for axis in metric.axes} | dict(sizes)
        self._arrays = {name: self._empty(name) for name in self._metrics}

    def put(self, index: tuple[int, ...], unit: Unit, trials: int) -> None:
        """The trials of a unit below ``trials``, at a scheme and sweep point."""
        for name, metric in self._metrics.items():
            stored = unit.arrays.get(name if name in OUTCOME else f"metric.{name}")
            if stored is None:
                continue
            self._fit(metric.axes, stored.shape[1:])
            rows = stored[: max(trials - unit.first, 0)]
            window = tuple(slice(0, size) for size in rows.shape[1:])
            self._arrays[name][index][unit.first : unit.first + len(rows), *window] = rows

    def variables(self, dims: tuple[str, ...]) -> dict[str, Any]:
        """Name -> (dimensions, values, attributes)."""
        return {
            name: ((*dims, *metric.axes), self._arrays[name], _attributes(name, metric))
            for name, metric in self._metrics.items()
        }

    def _empty(self, name: str) -> np.ndarray:
        missing = _MISSING.get(name, np.float64(np.nan))
        shape = (*self._shape, *(self.sizes[axis] for axis in self._metrics[name].axes))
        return np.full(shape, missing, dtype=missing.dtype)

    def _fit(self, axes: tuple[str, ...], sizes: tuple[int, ...]) -> None:
        longer = {axis: size for axis, size in zip(axes, sizes, strict=True) if size > self.sizes[axis]}
        if not longer:
            return
        self.sizes |= longer
        for name, metric in self._metrics.items():
            if set(metric.axes) & set(longer):
                before = self._arrays[name]
                self._arrays[name] = self._empty(name)
                self._arrays[name][tuple(slice(0, size) for size in before.shape)] = before


def _notes(columns: _Columns, index: tuple[int, ...], trials: int, units: Iterable[Unit]) -> list[Unit]:
    """Put the units into the columns; the units without their arrays."""
    notes: list[Unit] = []
    for unit in units:
        columns.put(index, unit, trials)
        notes.append(replace(unit, arrays={}))
    return notes


def _axis_sizes(system: System, points: Sequence[SweepPoint]) -> dict[str, int]:
    """Axis -> largest size over the sweep."""
    sizes: dict[str, int] = {}
    for point in points:
        for axis, size in system.axis_sizes(point.config).items():
            sizes[axis] = max(sizes.get(axis, 0), size)
    return sizes


def _attributes(variable: str, metric: Metric) -> dict[str, Any]:
    attributes: dict[str, Any] = {"long_name": metric.long_name, "units": metric.units}
    if variable == "status":
        attributes["flag_values"] = [NOT_RUN, *(int(status) for status in Status)]
        attributes["flag_meanings"] = " ".join(["NOT_RUN", *(status.name for status in Status)])
    return attributes


def _scheme_coordinates(choices: Sequence[SchemeRoute]) -> dict[str, Any]:
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


def _sweep_coordinates(config: Config, axes: Sequence[Axis]) -> dict[str, Any]:
    coordinates: dict[str, Any] = {}
    for axis in axes:
        if len(axis.fields) > 1:
            coordinates[axis.name] = (axis.name, np.arange(len(axis.values)), {"long_name": "Point", "units": "1"})
        for position, path in enumerate(axis.fields):
            values = _coordinate_values([row[position] for row in axis.values])
            attributes = {"long_name": field_description(config, path), "units": field_units(path)}
            coordinates[path] = (axis.name, values, attributes)
    return coordinates


def _label_coordinates(system: System, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Names of the entries of metric axes; an axis without entries here has none."""
    return {axis: (axis, list(names)) for axis, names in system.axis_labels.items() if sizes.get(axis) == len(names)}


def _coordinate_values(values: list[Any]) -> list[Any]:
    """Numbers and texts as they are; anything else (lists, a missing value) as its text in TOML."""
    for kinds in ((bool,), (int, float), (str,)):
        if all(isinstance(value, kinds) for value in values):
            return values
    return [value if isinstance(value, str) else NONE if value is None else toml_value(value) for value in values]


def _failures(units: Sequence[Unit], where: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry per unit whose scheme raised an exception and that no later units replaced."""
    succeeded = [(unit.first, unit.stop) for unit in units if not unit.traceback]
    failures: list[dict[str, Any]] = []
    for unit in units:
        gaps = missing_intervals(succeeded, unit.stop, unit.stop) if unit.traceback else []
        if any(stop > unit.first for _, stop in gaps):
            failures.append({**where, "first": unit.first, "stop": unit.stop, "traceback": unit.traceback})
    return failures


def _dataset_attributes(
    system: System,
    name: str,
    study: Scenario,
    versions: Sequence[Mapping[str, str]],
    failures: list[dict[str, Any]],
    machines: set[str],
) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "system": system.name,
        "title": system.title,
        "study": name,
        "scenario": scenario_toml(study),
        "config": json.dumps(study.config.model_dump(mode="json")),
        "seed": study.seed,
        "trials": study.trials,
        "tolerance": system.tolerance,
    }
    if study.count != "trials":
        attributes["count"] = study.count
    if study.until:
        attributes["until"] = study.until
    if len(machines) > 1:  # then bits may differ from what one type of machine gives
        attributes["machines"] = sorted(machines)
    if versions:
        attributes["versions"] = json.dumps(versions[-1])
        earlier = [dict(item) for position, item in enumerate(versions[:-1]) if item not in versions[position + 1 :]]
        if earlier:
            attributes["earlier_versions"] = json.dumps(earlier)
    if failures:
        attributes["failures"] = json.dumps(failures)
    return attributes
