"""Figures of the coded link: block errors around the limit, delivered bits against predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xarray as xr

from leoisac.link.figures import Panel, draw_delivered, draw_errors_by_excess
from leoisac.systems.bistatic_rsma import SCHEMES
from leoisac.systems.bistatic_rsma.evidence.reading import usable_text

_ORDER = tuple(scheme.name for scheme in SCHEMES)
_LABELS = {scheme.name: scheme.label or scheme.name for scheme in SCHEMES}
_TITLES = {"fade": "modes by the fade", "mean": "modes by the mean gain"}


def draw_coded_errors(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Words of all schemes and margins."""
    dataset = datasets["coded-margin"]
    return draw_errors_by_excess(dataset, usable_text(dataset))


def draw_coded_rates(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Modes that follow the fade, and modes for the mean gain that designs know."""
    dataset = datasets["coded-rates"]
    ways = [str(way) for way in dataset["link_adaptation"].values]
    panels = [Panel(dataset.sel(link_adaptation=way, drop=True), _TITLES[way]) for way in ways]
    note = "predictions for mean gains; a stream has at most 6.67 bit a symbol; energy: left panel's designs"
    return draw_delivered(panels, _LABELS, _ORDER, note=f"{note}; {usable_text(dataset)}")


def draw_coded_csi(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Designs on estimates, judged on the true channels."""
    dataset = datasets["coded-csi"]
    note = f"rates of the true channels, modes by the users' fades; {usable_text(dataset)}"
    return draw_delivered([Panel(dataset)], _LABELS, _ORDER, note=note)
