# pyright: reportUnknownMemberType=false
"""The studies of a store as datasets, and the figures that they serve. Computes no trial."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from leoisac.experiment.contracts import Figure, System
from leoisac.experiment.errors import StoreError
from leoisac.experiment.reading.dataset import assemble
from leoisac.experiment.reading.footnotes import add_facts, add_warnings
from leoisac.experiment.reading.settings import misfit
from leoisac.experiment.store.folders import open_store
from leoisac.experiment.trials.provenance import session_warnings
from leoisac.foundation.config import ConfigError

BARE_STUDY = "run"
"""Study name of a run that is not one of the system's studies."""


def open_studies(
    folder: str | Path, find: Callable[[str], System], names: Iterable[str] | None = None
) -> dict[str, xr.Dataset]:
    """All studies of a store, or those of ``names``: study name -> dataset.

    Raises:
        StoreError: if there is no store, or a unit is damaged.
    """
    store = open_store(folder, find)
    names = None if names is None else set(names)
    sessions = store.manifest.sessions
    made_by = [item["versions"] for item in sessions]
    try:
        return {
            name: assemble(store.system, name, study, store, made_by, session_warnings(sessions, name))
            for name, study in store.manifest.studies.items()
            if names is None or name in names
        }
    except MemoryError as error:
        raise StoreError(f"{folder}: its datasets need more memory than there is ({error}).") from None


def drawable(figures: Iterable[Figure], studies: Iterable[str]) -> tuple[Figure, ...]:
    """The figures that read nothing but these studies."""
    there = set(studies)
    return tuple(figure for figure in figures if set(figure.studies) <= there)


def draw_figure(system: System, figure: Figure, studies: Mapping[str, xr.Dataset]) -> Any:
    """The figure, from datasets by study name.

    A bare run serves a figure of a single study. Where a scheme was designed by one route only, other than the default,
    it is drawn under the scheme's own name.

    Raises:
        ConfigError: if a study is missing or these data are of another one, with the command that computes it.
    """
    bare = set(studies) == {BARE_STUDY} and len(figure.studies) == 1
    if bare:
        studies = {figure.studies[0]: studies[BARE_STUDY]}
    command = f"leoisac run {system.name}/{figure.name}"
    missing = [name for name in figure.studies if name not in studies]
    if missing:
        raise ConfigError(
            f"figure `{figure.name}` of `{system.name}` reads the studies {', '.join(figure.studies)}; "
            f"missing: {', '.join(missing)}. Compute them with: {command}"
        )
    for name in figure.studies:
        reason = misfit(system, system.study(name), studies[name], bare)
        if reason:
            raise ConfigError(
                f"figure `{figure.name}` of `{system.name}` reads the study `{name}`; these data {reason}. "
                f"Compute the study with: {command}"
            )
    try:
        drawn = figure.draw({name: with_plain_schemes(studies[name]) for name in figure.studies})
    except KeyError as error:
        schemes = ", ".join(dict.fromkeys(entry for name in figure.studies for entry in system.study(name).schemes))
        raise ConfigError(
            f"figure `{figure.name}` of `{system.name}`: the data lack {error.args[0] if error.args else error}. "
            f"It needs the schemes {schemes}. Compute them with: {command}"
        ) from error
    add_facts(drawn, system, {name: studies[name] for name in figure.studies})
    add_warnings(drawn, (studies[name] for name in figure.studies))
    return drawn


def with_plain_schemes(dataset: xr.Dataset) -> xr.Dataset:
    """``"pa1:reference"`` becomes ``"pa1"`` where it is the only route of that scheme in the dataset."""
    labels = [str(label) for label in dataset["scheme"].values]
    names = [label.partition(":")[0] for label in labels]
    plain = [name if names.count(name) == 1 else label for name, label in zip(names, labels)]
    if plain == labels:
        return dataset
    return dataset.assign_coords(scheme=("scheme", plain, dict(dataset["scheme"].attrs)))
