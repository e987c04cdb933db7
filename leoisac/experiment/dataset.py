"""Labelled results: units put together into an ``xarray.Dataset`` over (scheme, sweep axes, trial)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Axis, Metric, System
from leoisac.experiment.judge import NOT_RUN
from leoisac.experiment.routes import SchemeRoute
from leoisac.experiment.scenario import Scenario, SweepPoint
from leoisac.experiment.scenario_file import NONE, scenario_toml
from leoisac.experiment.units import Unit, UnitKey, UnitStore
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

_Block = dict[tuple[int, ...], list[Unit]]


def assemble(
    system: System, name: str, study: Scenario, store: UnitStore, versions: Sequence[Mapping[str, str]] = ()
) -> xr.Dataset:
    """The dataset of one study from what the store holds; trials that are not there have status -1.

    Args:
        system: the system.
        name: study name.
        study: its scenario.
        store: where the units are.
        versions: of the sessions that made them, the last one last.
    """
    axes, points, choices = study.axes(), study.points(), study.choices(system)
    blocks = _read_all(points, choices, study.trials, store)
    sizes = _axis_sizes(system, points, blocks)
    dims = ("scheme", *(axis.name for axis in axes))
    shape = (len(choices), *(len(axis.values) for axis in axes), study.trials)
    variables: dict[str, Any] = {}
    for variable, metric in {**OUTCOME, **system.metrics}.items():
        stored_name = variable if variable in OUTCOME else f"metric.{variable}"
        values = _filled(variable, stored_name, (*shape, *(sizes[axis] for axis in metric.axes)), blocks)
        variables[variable] = ((*dims, "trial", *metric.axes), values, _attributes(variable, metric))
    coordinates = {**_scheme_coordinates(choices), **_sweep_coordinates(study.config, axes)}
    coordinates["trial"] = ("trial", np.arange(study.trials), {"long_name": "Trial"})
    dataset = xr.Dataset(variables, coords=coordinates)
    dataset.attrs = _dataset_attributes(system, name, study, versions, _failures(points, choices, blocks))
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


def _read_all(points: Sequence[SweepPoint], choices: Sequence[SchemeRoute], trials: int, store: UnitStore) -> _Block:
    """(scheme index, *sweep index) -> units that hold some of the trials."""
    blocks: _Block = {}
    for point in points:
        mark = fingerprint(point.config)
        for position, choice in enumerate(choices):
            units = store.read(UnitKey(mark, choice.scheme.name, choice.route))
            blocks[position, *point.index] = [unit for unit in units if unit.first < trials]
    return blocks


def _axis_sizes(system: System, points: Sequence[SweepPoint], blocks: _Block) -> dict[str, int]:
    """Axis -> largest size over the sweep."""
    sizes: dict[str, int] = {axis: 0 for metric in system.metrics.values() for axis in metric.axes}
    for point in points:
        for axis, size in system.axis_sizes(point.config).items():
            sizes[axis] = max(sizes.get(axis, 0), size)
    sizes["iteration"] = 0
    for units in blocks.values():
        for unit in units:
            sizes["iteration"] = max(sizes["iteration"], unit.arrays["history"].shape[1])
            for name, values in unit.metrics().items():
                for axis, size in zip(system.metrics[name].axes, values.shape[1:], strict=True):
                    sizes[axis] = max(sizes[axis], size)
    return sizes


def _filled(variable: str, stored_name: str, shape: tuple[int, ...], blocks: _Block) -> np.ndarray:
    missing = _MISSING.get(variable, np.float64(np.nan))
    values = np.full(shape, missing, dtype=missing.dtype)
    for index, units in blocks.items():
        target = values[index]
        for unit in units:
            if stored_name in unit.arrays:
                stored = unit.arrays[stored_name][: target.shape[0] - unit.first]
                window = tuple(slice(0, size) for size in stored.shape[1:])
                target[unit.first : unit.first + len(stored), *window] = stored
    return values


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


def _coordinate_values(values: list[Any]) -> list[Any]:
    """Numbers and texts as they are; anything else (lists, a missing value) as its text in TOML."""
    for kinds in ((bool,), (int, float), (str,)):
        if all(isinstance(value, kinds) for value in values):
            return values
    return [value if isinstance(value, str) else NONE if value is None else toml_value(value) for value in values]


def _failures(points: Sequence[SweepPoint], choices: Sequence[SchemeRoute], blocks: _Block) -> list[dict[str, Any]]:
    """One entry per unit whose scheme raised an exception and that no later unit replaced."""
    changes = {point.index: dict(point.changes) for point in points}
    failures: list[dict[str, Any]] = []
    for (position, *index), units in blocks.items():
        succeeded = [(unit.first, unit.stop) for unit in units if not unit.traceback]
        for unit in units:
            replaced = any(first <= unit.first and unit.stop <= stop for first, stop in succeeded)
            if unit.traceback and not replaced:
                entry = {"scheme": choices[position].label, "sweep": changes[tuple(index)]}
                failures.append({**entry, "first": unit.first, "stop": unit.stop, "traceback": unit.traceback})
    return failures


def _dataset_attributes(
    system: System, name: str, study: Scenario, versions: Sequence[Mapping[str, str]], failures: list[dict[str, Any]]
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
    if versions:
        attributes["versions"] = json.dumps(versions[-1])
        earlier = [dict(item) for position, item in enumerate(versions[:-1]) if item not in versions[position + 1 :]]
        if earlier:
            attributes["earlier_versions"] = json.dumps(earlier)
    if failures:
        attributes["failures"] = json.dumps(failures)
    return attributes
