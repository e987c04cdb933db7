"""Labelled results: units put together into an ``xarray.Dataset`` over (scheme, sweep axes, trial)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Metric, System
from leoisac.experiment.reading.coordinates import entry_coordinates, scheme_coordinates, sweep_coordinates
from leoisac.experiment.reading.failures import standing_failures
from leoisac.experiment.reading.other_code import other_code
from leoisac.experiment.reading.time_axis import along_the_pass
from leoisac.experiment.scenario.files import scenario_toml
from leoisac.experiment.scenario.scenarios import Scenario, SweepPoint
from leoisac.experiment.store.targets import Rules
from leoisac.experiment.store.units import Unit, UnitKey, UnitStore
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.status import Status

OUTCOME = {
    "status": Metric("Outcome of the design"),
    "usable": Metric("Counts in statistics"),
    "objective": Metric("Objective of the scheme"),
    "violation": Metric("Largest relative constraint violation", least=0.0),
    "iterations": Metric("Iterations", least=0.0),
    "history": Metric("Objective after each iteration", axes=("iteration",)),
}
_MISSING: dict[str, Any] = {"status": np.int8(NOT_RUN), "usable": np.False_, "iterations": np.int32(-1)}


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
        (position, *point.index): UnitKey(point.fingerprint, choice.scheme.name, choice.route)
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
    other: dict[str, None] = {}
    for index, key in keys.items():
        units = _notes(columns, index, trials[index], store.read(key, stop=trials[index]))
        machines |= {unit.machine for unit in units if unit.machine}
        other[other_code(system, choices[index[0]], units)] = None
        failures += _failures(units, {"scheme": choices[index[0]].label, "sweep": changes[index[1:]]})
    coordinates = {**scheme_coordinates(choices), **sweep_coordinates(study.config, axes)}
    coordinates["trial"] = ("trial", np.arange(longest), {"long_name": "Trial"})
    coordinates |= entry_coordinates(system, axes, points, columns.sizes)
    dims = ("scheme", *(axis.name for axis in axes), "trial")
    dataset = xr.Dataset(columns.variables(dims), coords=coordinates)
    dataset.attrs = _dataset_attributes(system, name, study, versions, failures, machines)
    noted = [*warnings, *filter(None, other)]
    if noted:
        dataset.attrs["warnings"] = "\n".join(noted)
    return along_the_pass(system, study.config, dataset)


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
    attributes = metric.attributes
    if variable == "status":
        attributes["flag_values"] = [NOT_RUN, *(int(status) for status in Status)]
        attributes["flag_meanings"] = " ".join(["NOT_RUN", *(status.name for status in Status)])
    return attributes


def _failures(units: Sequence[Unit], where: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry per stretch of trials of one traceback."""
    found = standing_failures(units)
    return [{**where, "first": first, "stop": stop, "traceback": trace} for first, stop, trace in found]


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
    if study.channels:
        attributes["channels"] = f"{study.channels.label}, {study.channels.trials} trials"
        attributes["channels_sha256"] = study.channels.sha256
    if system.alive:
        attributes["alive"] = list(system.alive)
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
