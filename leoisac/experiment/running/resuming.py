"""Continuing what a store describes: the same again, or with more trials, schemes or sweep values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoisac.experiment.contracts import System
from leoisac.experiment.running.campaign import python_warning, run_studies
from leoisac.experiment.running.interruption import Stop
from leoisac.experiment.running.placement import Placement
from leoisac.experiment.scenario.routes import AbsentScheme
from leoisac.experiment.scenario.scenarios import Scenario, scenario
from leoisac.experiment.scenario.study_union import merged
from leoisac.experiment.store.folders import open_store
from leoisac.foundation.config import ConfigError, suggest

if TYPE_CHECKING:
    import xarray as xr

    from leoisac.experiment.running.runner import Progress


def resume_studies(
    folder: str | Path,
    find: Callable[[str], System],
    more: Mapping[str, Any],
    progress: Callable[[Progress], None] | None = None,
    place: Placement | None = None,
    repair: bool = False,
    warn: Callable[[str], None] = python_warning,
    stop: Stop | None = None,
) -> dict[str, xr.Dataset]:
    """Compute what the studies of a store lack, after adding ``more`` to each of them.

    Args:
        folder: of the store.
        find: system by name. The plugin files that a store was made with are not looked at: a store may come from
            anywhere, and a plugin is a program.
        more: ``schemes`` and ``sweep`` values to add, ``trials``, ``until``, ``most_trials``; what is absent stays.
        progress, place, repair, warn, stop: as for ``run_studies``.

    Raises:
        StoreError: if there is no store, or another version of the configuration or schema made it.
        ConfigError: for an addition that cannot be made.
    """
    store = open_store(folder, find)
    for item in store.manifest.studies.values():
        for choice in item.choices(store.system):
            if isinstance(choice.scheme, AbsentScheme):
                choice.solver()
    studies = {name: extended(store.system, item, more) for name, item in store.manifest.studies.items()}
    return run_studies(store.system, studies, folder, progress, place=place, repair=repair, warn=warn, stop=stop)


def extended(system: System, item: Scenario, more: Mapping[str, Any]) -> Scenario:
    """The scenario with ``more`` of it.

    Raises:
        ConfigError: for an axis that the scenario does not sweep, or fewer trials than it has.
    """
    sweep = dict(item.sweep)
    for name, values in dict(more.get("sweep") or {}).items():
        if name not in sweep:
            raise ConfigError(f"sweep.{name}: the stored study has no such axis.{suggest(name, sweep)}")
        sweep[name] = merged(sweep[name], tuple(values))
    trials = more.get("trials")
    if trials is not None and trials < item.trials:
        raise ConfigError(f"trials = {trials}: the store was asked for {item.trials} already; give at least as many.")
    most = more.get("most_trials")
    return scenario(
        system,
        item.config,
        tuple(dict.fromkeys([*item.schemes, *more.get("schemes", ())])),
        sweep,
        item.trials if trials is None else trials,
        item.seed,
        item.route,
        count=item.count,
        until=item.until if more.get("until") is None else str(more["until"]),
        most_trials=item.most_trials if most is None else most,
        channels=item.channels,
    )
