# pyright: reportUnknownMemberType=false
"""Runs and stored results of several studies: what the verbs ``run``, ``open_run`` and ``figure`` are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from leoisac.experiment.contracts import Figure, System
from leoisac.experiment.dataset import assemble
from leoisac.experiment.executors import Placement
from leoisac.experiment.provenance import session, versions
from leoisac.experiment.scenario import Scenario
from leoisac.experiment.store import create_or_continue, open_store
from leoisac.experiment.targets import unit_keys
from leoisac.experiment.units import MemoryStore
from leoisac.foundation.config import ConfigError

if TYPE_CHECKING:
    from leoisac.experiment.runner import Progress

BARE_STUDY = "run"
"""Study name of a run that is not one of the system's studies."""


def run_studies(
    system: System,
    studies: Mapping[str, Scenario],
    folder: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    unit_trials: int | None = None,
    place: Placement | None = None,
    repair: bool = False,
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

    Raises:
        StoreError: if the folder holds something that these studies cannot be added to, or cannot be written.
        ClusterError: if there are no workers.
    """
    from leoisac.experiment.devices import use_device

    place = place or Placement()
    use_device(place.device)
    from leoisac.experiment.blocks import geometry_of
    from leoisac.experiment.runner import compute

    if len({study.seed for study in studies.values()}) > 1:
        raise ConfigError("seed: the studies of one run share a seed.")
    for study in studies.values():
        for point in study.points():
            geometry_of(system, point.config)  # an orbit or a table that cannot be had is found before anything is made
    if folder is None:
        store: Any = MemoryStore()
        made_by: list[Any] = [versions()]
    else:
        store = create_or_continue(folder, system, studies, session(place.plugins, **place.facts()))
        made_by = [item["versions"] for item in store.manifest.sessions]
        keys = unit_keys(system, studies.values())
        if repair:
            store.set_aside_damaged(keys)
        store.check(keys)
    with place.open() as (executor, workers):
        compute(system, studies.values(), store, progress, unit_trials, executor, workers)
    return {name: assemble(system, name, study, store, made_by) for name, study in studies.items()}


def open_studies(folder: str | Path, find: Callable[[str], System]) -> dict[str, xr.Dataset]:
    """All studies of a store: study name -> dataset (StoreError if there is none, or a unit is damaged)."""
    store = open_store(folder, find)
    system = find(store.manifest.system)
    made_by = [item["versions"] for item in store.manifest.sessions]
    return {name: assemble(system, name, study, store, made_by) for name, study in store.manifest.studies.items()}


def drawable(figures: Iterable[Figure], studies: Iterable[str]) -> tuple[Figure, ...]:
    """The figures that read nothing but these studies."""
    there = set(studies)
    return tuple(figure for figure in figures if set(figure.studies) <= there)


def draw_figure(system: System, figure: Figure, studies: Mapping[str, xr.Dataset]) -> Any:
    """The figure, from datasets by study name.

    A bare run serves a figure of a single study. Where a scheme was designed by one route only, other than the default,
    it is drawn under the scheme's own name.

    Raises:
        ConfigError: if a study is missing, with the command that computes it.
    """
    if set(studies) == {BARE_STUDY} and len(figure.studies) == 1:
        studies = {figure.studies[0]: studies[BARE_STUDY]}
    missing = [name for name in figure.studies if name not in studies]
    if missing:
        raise ConfigError(
            f"figure `{figure.name}` of `{system.name}` reads the studies {', '.join(figure.studies)}; "
            f"missing: {', '.join(missing)}. Compute them with: leoisac run {system.name}/{figure.name}"
        )
    return figure.draw({name: with_plain_schemes(studies[name]) for name in figure.studies})


def with_plain_schemes(dataset: xr.Dataset) -> xr.Dataset:
    """``"pa1:reference"`` becomes ``"pa1"`` where it is the only route of that scheme in the dataset."""
    labels = [str(label) for label in dataset["scheme"].values]
    names = [label.partition(":")[0] for label in labels]
    plain = [name if names.count(name) == 1 else label for name, label in zip(names, labels)]
    if plain == labels:
        return dataset
    return dataset.assign_coords(scheme=("scheme", plain, dict(dataset["scheme"].attrs)))
