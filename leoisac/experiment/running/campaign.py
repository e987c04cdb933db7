"""Computing several studies at once, in memory or into a store: what the verb ``run`` is made of."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from leoisac.experiment.contracts import System
from leoisac.experiment.errors import ClusterError, StoreError
from leoisac.experiment.reading.dataset import assemble
from leoisac.experiment.running.interruption import Stop, kept_interrupt
from leoisac.experiment.running.placement import Placement
from leoisac.experiment.scenario.scenarios import Scenario, scenario_warnings
from leoisac.experiment.store.folders import create_or_continue
from leoisac.experiment.store.manifest import MANIFEST
from leoisac.experiment.store.units import MemoryStore
from leoisac.experiment.trials.provenance import session, session_warnings, versions
from leoisac.foundation.config import ConfigError

if TYPE_CHECKING:
    from leoisac.experiment.running.runner import Progress


def python_warning(text: str) -> None:
    """A ``UserWarning``: what a caller in Python sees."""
    warnings.warn(text, UserWarning, stacklevel=2)


def run_studies(
    system: System,
    studies: Mapping[str, Scenario],
    folder: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    unit_trials: int | None = None,
    place: Placement | None = None,
    repair: bool = False,
    warn: Callable[[str], None] = python_warning,
    stop: Stop | None = None,
) -> dict[str, xr.Dataset]:
    """Compute the union of the studies and return a dataset for each, holding exactly what its scenario asks for.

    Args:
        system: the system.
        studies: study name -> scenario, all of one seed.
        folder: store to create or continue; in memory when None.
        progress: called at the start and after every unit.
        unit_trials: trials per unit; the results do not depend on it.
        place: where to compute; in this process when None. Nor do they depend on that.
        repair: set damaged units of the store aside and compute them anew, instead of refusing them.
        warn: called before anything is computed with every sentence that a reader of the results should know.
        stop: set to end the run after the units in hand; when None, SIGINT is a KeyboardInterrupt that is never lost.

    Raises:
        StoreError: if the folder holds something that these studies cannot be added to, or cannot be written.
        ClusterError: if there are no workers.
    """
    from leoisac.experiment.trials.devices import use_device

    place = place or Placement()
    use_device(place.device)
    from leoisac.foundation.backend import identity, using

    place = replace(place, backend=engine_of_store(folder, place.backend))
    with using(place.backend):
        return _run(system, studies, folder, progress, unit_trials, place, repair, warn, stop, identity())


def _run(
    system: System,
    studies: Mapping[str, Scenario],
    folder: str | Path | None,
    progress: Callable[[Progress], None] | None,
    unit_trials: int | None,
    place: Placement,
    repair: bool,
    warn: Callable[[str], None],
    stop: Stop | None,
    engine: Mapping[str, str],
) -> dict[str, xr.Dataset]:
    from leoisac.experiment.running.executors import executor_of
    from leoisac.experiment.running.runner import compute
    from leoisac.experiment.store.channel_files import keep, with_channels
    from leoisac.experiment.trials.blocks import geometry_of
    from leoisac.experiment.trials.given_channels import alike_axes, refuse_other_channels

    if len({study.seed for study in studies.values()}) > 1:
        raise ConfigError("seed: the studies of one run share a seed.")
    if place.cluster or place.workers > 1:
        _refuse_cells(system, studies)
    for study in studies.values():
        for point in study.points():
            geometry_of(system, point.config)  # an orbit or a table that cannot be had is found before anything is made
        refuse_other_channels(system, study)
        for text in alike_axes(system, study):
            warn(text)
    studies, given = with_channels(system, studies, folder)
    noticed = {name: scenario_warnings(system, study) for name, study in studies.items()}
    for text in dict.fromkeys(text for found in noticed.values() for text in found):
        warn(text)
    if folder is None:
        store: Any = MemoryStore()
        made_by: list[Any] = [{**versions(), **engine}]
    else:
        noted = {name: list(found) for name, found in noticed.items() if found}
        facts = {**place.facts(), **({"warnings": noted} if noted else {})}
        made = session(place.plugins, **facts)
        made["versions"] |= engine
        store = create_or_continue(folder, system, studies, made, repair)
        for study in studies.values():
            keep(store.folder, study.channels)
        made_by = [item["versions"] for item in store.manifest.sessions]
        noticed = {name: session_warnings(store.manifest.sessions, name) for name in studies}
    kept = "Only a run with a store keeps them."
    if folder is not None:
        kept = f"They are kept in {folder}; run the same again to continue."
    with nullcontext(stop) if stop else kept_interrupt() as wish, executor_of(place) as (executor, workers):
        try:
            compute(system, studies.values(), store, progress, unit_trials, executor, workers, wish, given)
        except ClusterError as error:
            raise ClusterError(f"{error} {kept}") from None
    if folder is not None:
        store.confirm()
    return {name: assemble(system, name, study, store, made_by, noticed[name]) for name, study in studies.items()}


def engine_of_store(folder: str | Path | None, wanted: str) -> str:
    """The backend of a campaign: a store has one for good, for optima differ in their last digits between two.

    Raises:
        StoreError: the store's is another one than is asked for by name.
    """
    try:
        data: Any = json.loads((Path(folder or "") / MANIFEST).read_bytes()) if folder is not None else {}
        first: Any = data["sessions"][0]["versions"].get("backend", "jax")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return wanted  # there is no store yet, or it is for others to say what is wrong with it
    if first not in ("jax", "native") or wanted in ("auto", first):
        return first if first in ("jax", "native") else wanted
    raise StoreError(
        f"{folder}: was computed with backend = {first!r}, and designs of {wanted!r} differ from its own in their last "
        f"digits. Continue it with backend = {first!r} or 'auto', or use another folder."
    )


def _refuse_cells(system: System, studies: Mapping[str, Scenario]) -> None:
    """Workers load plugin files; what is in no file they cannot have (ConfigError)."""
    schemes = [choice.scheme for study in studies.values() for choice in study.choices(system)]
    for kind, item in (("system", system), *(("scheme", scheme) for scheme in schemes)):
        if item.origin is not None and not item.origin.file:
            raise ConfigError(
                f"workers: the {kind} `{item.name}` was defined in no file (a notebook's cell), where other processes "
                "cannot find it. Save it as a Python file and load that with leoisac.load_plugin(FILE)."
            )
