# pyright: reportUnknownMemberType=false
"""What must be known of a figure's data, in the figure itself: it travels without the text around it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import xarray as xr

from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.reading.settings import departures
from leoisac.experiment.reading.statistics import trials_text
from leoisac.foundation.figure_notes import add_note

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def warning_lines(datasets: Iterable[xr.Dataset]) -> tuple[str, ...]:
    """What was noted about the studies of these datasets, each sentence once."""
    lines = (line for dataset in datasets for line in str(dataset.attrs.get("warnings", "")).splitlines())
    return tuple(dict.fromkeys(lines))


def add_warnings(figure: Figure, datasets: Iterable[xr.Dataset]) -> None:
    """The warnings of its data as small print below a figure, after the note that stands there."""
    add_note(figure, *(f"Warning: {text}" for text in warning_lines(datasets)))


def add_facts(figure: Figure, system: System, studies: Mapping[str, xr.Dataset]) -> None:
    """In what the data depart from the full studies, as small print; nothing where they are the full studies."""
    parts: dict[str, list[str]] = {}
    known = {study.name for study in resolve(system.studies)}
    for name, dataset in studies.items():
        if name in known:
            text = "; ".join(departures(system, system.study(name), dataset))
            if text:
                parts.setdefault(text, []).append(name)
    several = len(studies) > 1
    add_note(figure, *(f"{', '.join(names)}: {text}" if several else text for text, names in parts.items()))


def facts(system: System, studies: Mapping[str, xr.Dataset]) -> dict[str, str]:
    """What a file of a figure says of itself: system, studies, settings, trials, seed, version."""
    found = {"System": f"{system.name}: {system.title}"}
    known = {study.name for study in resolve(system.studies)}
    for name, dataset in studies.items():
        lines = [trials_text(dataset), f"seed {dataset.attrs.get('seed', 'unknown')}"]
        if name in known:
            lines += departures(system, system.study(name), dataset)
        else:
            lines.append(f"configuration {dataset.attrs.get('config', 'unknown')}")
        versions = json.loads(str(dataset.attrs.get("versions", "{}")))
        lines += [f"{package} {version}" for package, version in versions.items() if package == "leoisac"]
        found[f"Study {name}"] = "; ".join(lines)
    return found
