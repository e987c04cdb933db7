# pyright: reportUnknownMemberType=false
"""The axis of a pass in datasets: UTC instants as coordinate ``time``, and the geometry along it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leoisac.experiment.contracts import System, resolve
from leoisac.foundation.config import Config

if TYPE_CHECKING:
    import xarray as xr

TIME = "time"
GEOMETRY = "over_time"
"""Attribute of variables that hold the geometry along the axis."""


def along_the_pass(system: System, config: Config, dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with the swept instants of a ``[time]`` part as ``time``, UTC, and the geometry at each of them.

    Datasets without such an axis come back as they are, as do sweeps over instants of one's own.
    """
    field = system.over_time.field if system.over_time else ""
    if not field or getattr(config, "time", None) is None or field not in dataset.dims:
        return dataset
    instants = np.array([str(text).removesuffix("Z").removesuffix("+00:00") for text in dataset[field].values])
    times = instants.astype("datetime64[ns]")
    made = dataset.rename({field: TIME}).assign_coords({TIME: (TIME, times, {"long_name": "time (UTC)"})})
    assert system.over_time is not None
    for name, (values, meaning, unit) in resolve(system.over_time.geometry)(config, list(times)).items():
        made = made.assign_coords({name: (TIME, values, {"long_name": meaning, "units": unit, GEOMETRY: "geometry"})})
    return made


def is_pass(dataset: xr.Dataset) -> bool:
    """Whether a dataset goes along a pass and sweeps nothing else."""
    sweep = [dim for dim in dataset["status"].dims if dim not in ("scheme", "trial")]
    return sweep == [TIME] and "elevation_deg" in dataset.coords


__all__ = ["GEOMETRY", "TIME", "along_the_pass", "is_pass"]
