"""The picture of a pass, from what a run along it returned."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from leoisac.experiment.contracts import System
from leoisac.experiment.reading.statistics import summary
from leoisac.experiment.reading.time_axis import TIME
from leoisac.foundation.config import Config, ConfigError, build, suggest
from leoisac.plots.passes import draw_pass

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def pass_picture(
    system: System, dataset: xr.Dataset, metrics: Iterable[str] | None = None, view: str = "usable"
) -> Figure:
    """Sky, elevation, range, Doppler and its rate, and metrics over a pass.

    Args:
        system: of the dataset.
        dataset: of ``li.run_pass``.
        metrics: numbers per trial, or with one more axis, over which the mean is taken; the system's own when None.
        view: over which trials the means are; every scheme's own usable ones at every instant by default.

    Raises:
        ConfigError: for a metric that the dataset does not have.
    """
    names = list(metrics) if metrics is not None else _usual(system, dataset)
    summaries = [_summary(system, dataset, name, view) for name in names]
    labels = dict(zip(dataset["scheme"].values.tolist(), dataset["scheme_label"].values.tolist()))
    order = tuple(dict.fromkeys([*(scheme.name for scheme in system.schemes), *labels]))
    note = str(summaries[0].attrs.get("caption", "")) if summaries else ""
    site = _satellite(dataset)
    place = (float(site["latitude_deg"]), float(site["longitude_deg"]))
    options: dict[str, Any] = {"labels": labels, "order": order, "site_deg": place, "note": note}
    return draw_pass(dataset, summaries, title=_title(dataset), **options)


def beams_picture(system: System, dataset: xr.Dataset) -> Figure:
    """The satellite's antennas over the ground at five instants of a pass (``beam_maps.pass_beams``)."""
    from leoisac.api.beam_maps import pass_beams
    from leoisac.plots.beams import draw_beam_maps

    times = dataset[TIME].values
    chosen = times[np.unique(np.linspace(0, len(times) - 1, min(len(times), 5)).round().astype(int))]
    return draw_beam_maps(pass_beams(configuration(system, dataset), [f"{instant}Z" for instant in chosen]))


def configuration(system: System, dataset: xr.Dataset) -> Config:
    """What a dataset was computed for, without what was swept."""
    return build(system.config, json.loads(dataset.attrs["config"]))


def _usual(system: System, dataset: xr.Dataset) -> list[str]:
    wanted = [system.headline, *(system.over_time.metrics if system.over_time else ())]
    return [name for name in wanted if name in dataset and bool(dataset[name].notnull().any())]


def _summary(system: System, dataset: xr.Dataset, name: str, view: str) -> Any:
    if name not in system.metrics or name not in dataset:
        raise ConfigError(f"metric = {name!r}: the dataset has none.{suggest(name, system.metrics)}")
    rest = [dim for dim in dataset[name].dims if dim not in ("scheme", TIME, "trial")]
    if rest:
        attributes = dict(dataset[name].attrs)
        dataset = dataset.assign({name: dataset[name].mean(rest).assign_attrs(attributes)})
    return summary(dataset, name, view=view)


def _satellite(dataset: xr.Dataset) -> dict[str, Any]:
    return json.loads(dataset.attrs["config"])["satellite"]


def _title(dataset: xr.Dataset) -> str:
    satellite = _satellite(dataset)
    named = satellite.get("name") or satellite.get("norad_id")
    latitude, longitude = satellite["latitude_deg"], satellite["longitude_deg"]
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    place = f"{abs(latitude):.2f}° {north}, {abs(longitude):.2f}° {east}"
    return f"{named or 'The satellite'} over {place}"


__all__ = ["beams_picture", "configuration", "pass_picture"]
