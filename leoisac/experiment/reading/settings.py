# pyright: reportUnknownMemberType=false
"""What a stored study is, set beside the system's study of that name: another setting, a part of it, or the whole."""

from __future__ import annotations

import tomllib

import xarray as xr

from leoisac.experiment.contracts import Study, System, resolve
from leoisac.experiment.scenario.files import scenario_from_data
from leoisac.experiment.scenario.scenarios import Scenario, read_field, scenario
from leoisac.experiment.scenario.study_union import union
from leoisac.experiment.sweeps import sweep_axes
from leoisac.foundation.config import shown

_NAMED = 6
"""Most fields that are named one by one."""


def stored_scenario(system: System, dataset: xr.Dataset) -> Scenario | None:
    """The scenario behind a dataset; None where the dataset does not say."""
    if "scenario" not in dataset.attrs:
        return None
    return scenario_from_data(tomllib.loads(str(dataset.attrs["scenario"])), lambda _: system, runnable=False)


def another_setting(system: System, name: str, dataset: xr.Dataset) -> str:
    """What keeps a stored study from standing for the system's study of that name at full size; empty if nothing.

    It may hold more schemes, sweep values and trials, but not another configuration, and not less. Trials are not
    looked at.
    """
    stored = stored_scenario(system, dataset)
    if stored is None or name not in [study.name for study in resolve(system.studies)]:
        return ""
    study = system.study(name)
    wanted = scenario(system, system.config().replace(**study.overrides), study.schemes, study.sweep, runnable=False)
    try:
        union(stored, wanted)
    except ValueError as error:
        return str(error).rstrip(".")
    return _lack(system, stored, wanted, dataset)


def misfit(system: System, study: Study, dataset: xr.Dataset, bare: bool) -> str:
    """What keeps a dataset from being drawn as a study, as the end of a sentence about the data; empty if nothing.

    Args:
        system: the system.
        study: that a figure reads.
        dataset: offered for it.
        bare: whether it is a run of the user's own and not the study of that name, whose fields may have been set.
    """
    if str(dataset.attrs.get("system", system.name)) != system.name:
        return f"are of `{dataset.attrs['system']}`"
    stored = stored_scenario(system, dataset)
    if stored is None:
        return ""
    axes, wanted = (sorted(axis.name for axis in sweep_axes(item.sweep)) for item in (stored, study))
    if axes != wanted:
        return f"sweep {', '.join(axes) or 'nothing'}, not {', '.join(wanted) or 'nothing'}"
    wanted_schemes = {entry.partition(":")[0] for entry in study.schemes}
    there = [choice.scheme.name for choice in stored.choices(system)]
    if not wanted_schemes & set(there):
        return f"hold the schemes {', '.join(there)}, none of {', '.join(sorted(wanted_schemes))}"
    if bare:
        for field in study.overrides:
            base = system.config().replace(**study.overrides)
            if field not in _swept(stored) and read_field(stored.config, field) != read_field(base, field):
                return f"have {field} = {shown(read_field(stored.config, field))}, not {read_field(base, field)!r}"
    return ""


def departures(system: System, study: Study, dataset: xr.Dataset) -> list[str]:
    """In what a dataset departs from the full study, for the small print of its figure: fields, schemes, points."""
    stored = stored_scenario(system, dataset)
    if stored is None:
        return []
    found: list[str] = []
    base, swept = system.config().replace(**study.overrides), _swept(stored)
    fields = [
        name
        for name in type(base).model_fields
        if name not in swept and read_field(stored.config, name) != read_field(base, name)
    ]
    if fields:
        named = [f"{name} = {shown(read_field(stored.config, name))}" for name in fields[:_NAMED]]
        found.append(f"another setting: {', '.join(named)}{', ...' if len(fields) > _NAMED else ''}")
    choices = stored.choices(system)
    there = {choice.scheme.name for choice in choices} | {f"{choice.scheme.name}:{choice.route}" for choice in choices}
    absent = [entry for entry in study.schemes if entry not in there]
    if absent:
        found.append(f"left out: {', '.join(absent)}")
    for axis in sweep_axes(study.sweep):
        points = len(stored.sweep.get(axis.name, ()))
        if 0 < points < len(axis.values):
            found.append(f"{points} of {len(axis.values)} values of {axis.name}")
    if stored.trials < study.trials:
        found.append(f"{stored.trials} of {study.trials} trials")
    return found


def _swept(stored: Scenario) -> set[str]:
    return {field for axis in stored.axes() for field in axis.fields}


def _lack(system: System, stored: Scenario, wanted: Scenario, dataset: xr.Dataset) -> str:
    there = {str(label) for label in dataset["scheme"].values}
    lacking = [choice.label for choice in wanted.choices(system) if choice.label not in there]
    if lacking:
        return f"lacks {', '.join(lacking)}"
    for axis, values in wanted.sweep.items():
        absent = [str(value) for value in values if value not in stored.sweep[axis]]
        if absent:
            return f"lacks {axis} = {', '.join(absent)}"
        if dataset.sizes.get(axis) != len(stored.sweep[axis]):
            return f"holds a part of the values of {axis}"
    return ""
