# pyright: reportUnknownMemberType=false
"""Which trials a mean is over: the one rule for curves, tables, reports and verdicts.

``common``, the default: schemes and points are compared over the trials that all of them can use, so that no curve
moves because its points lost different trials. A scheme at a point that would leave no more than a fifth of the trials
in common is not compared: its usable share stands alone. ``all``: every trial that was run counts, an unusable one as
zero. ``usable``: every scheme and point over its own usable trials, for quantities of one of them alone.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.left_out import cells_text
from leoisac.experiment.scenario.scenarios import LEAST_USABLE_SHARE
from leoisac.experiment.scenario.views import ALL, COMMON, USABLE, VIEWS
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.config import ConfigError, shown
from leoisac.foundation.number_text import share_text

_DESIGNED = "has_usable_design"
"""Coordinate of a dataset under ``all``: what ``usable`` was; who has no design has not collapsed."""
_FEW = "at most a fifth usable in common"
_NAMED = 3
"""Most schemes that a caption names one by one."""


def viewed(dataset: xr.Dataset, view: str = COMMON) -> xr.Dataset:
    """The dataset with ``usable`` as a view counts trials; under ``all`` what is unusable has zeros for its metrics.

    Attributes ``view``, and under ``common`` ``common_trials``: how many trials those are.

    Raises:
        ConfigError: for an unknown view.
    """
    if view not in VIEWS:
        raise ConfigError(f"view = {shown(view)}: must be one of {', '.join(VIEWS)}.")
    if view == USABLE:
        return dataset.assign_attrs(view=view)
    usable = dataset["usable"]
    if view == COMMON:
        trials, cells = common_trials(dataset)
        result = dataset.assign(usable=(usable & trials & cells).transpose(*usable.dims))
        return result.assign_attrs(view=view, common_trials=int(trials.sum()))
    run = dataset["status"] != NOT_RUN
    lost = run & ~usable
    zeroed: dict[str, Any] = {
        str(name): values.where(~lost, 0.0)
        for name, values in dataset.data_vars.items()
        if "trial" in values.dims and np.issubdtype(values.dtype, np.floating)
    }
    counted = dataset.assign(zeroed).assign(usable=run).assign_coords({_DESIGNED: usable})
    return counted.assign_attrs(view=view)


def masked(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset over its common trials, with every quantity missing (NaN) where it is not compared.

    Claims of a system ask for it one after the other, of the same dataset: the last one is kept.
    """
    for known, result in _masked:
        if known() is dataset:
            return result
    seen = viewed(dataset)
    usable = seen["usable"]
    where: dict[str, Any] = {}
    for name, values in seen.data_vars.items():
        if values.dtype.kind == "f" and values.dims[: usable.ndim] == usable.dims:  # as datasets of runs have them
            mask = usable.values.reshape(*usable.shape, *(1 for _ in values.dims[usable.ndim :]))
            where[str(name)] = values.copy(data=np.where(mask, values.values, np.nan))
        elif values.dtype.kind == "f":
            where[str(name)] = values.where(usable)
    result = seen.assign(where)
    _masked[:] = [(weakref.ref(dataset), result)]
    return result


_masked: list[tuple[weakref.ref[xr.Dataset], xr.Dataset]] = []


def common_trials(dataset: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """The trials that are compared, and the schemes and points that take part: ``(trial,)``, and without ``trial``.

    Schemes and points join in the order of their usable trials, as long as more than a fifth of the trials that all
    have run stay in common.
    """
    usable = dataset["usable"].transpose(..., "trial")
    run = (dataset["status"] != NOT_RUN).sum("trial").values
    rows = usable.values.reshape(-1, usable.sizes["trial"])
    counts = rows.sum(axis=1)
    run = run[run > 0]
    least = LEAST_USABLE_SHARE * int(run.min()) if run.size else 0.0
    trials = np.ones(usable.sizes["trial"], dtype=bool)
    cells = np.zeros(len(rows), dtype=bool)
    for index in np.argsort(-counts, kind="stable"):
        joined = trials & rows[index]
        if joined.sum() > least:
            trials, cells[index] = joined, True
    like = usable.isel(trial=0, drop=True)
    return (
        xr.DataArray(trials & bool(cells.any()), dims="trial", coords={"trial": dataset["trial"]}),
        like.copy(data=cells.reshape(like.shape)),
    )


def collapsed(dataset: xr.Dataset) -> xr.DataArray:
    """Usable designs that serve nobody: one of the metrics that the system names (attribute ``alive``) is zero."""
    dead = dataset["usable"] & False
    for name in list[str](dataset.attrs.get("alive", ())):
        dead = dead if name not in dataset else dead | (dataset[name] <= 0.0)
    dead = dead & dataset["usable"]
    return dead & dataset[_DESIGNED] if _DESIGNED in dataset.coords else dead


def comparison_text(dataset: xr.Dataset, what: str = "means", intervals: bool = True) -> str:
    """What numbers are over, for the caption of a figure or a table.

    Args:
        dataset: as ``viewed`` left it.
        what: the numbers: ``"means"``, ``"ratios of means"``.
        intervals: whether 95 % intervals are drawn.
    """
    with_intervals = ", with 95 % intervals" if intervals else ""
    run = (dataset["status"] != NOT_RUN).sum("trial")
    view = dataset.attrs.get("view", USABLE)
    if view == COMMON:
        number = int(dataset.attrs["common_trials"])
        if not number:
            return "no trial is compared: no scheme can use more than a fifth of them at any point"
        left_out = ~dataset["usable"].any("trial") & (run > 0)
        asked = int(run.where(run > 0).min())  # that all of them have run
        text = f"{what} over the {number} of {asked} trials that {_who(run)}{with_intervals}"
        if bool(left_out.any()):
            text += f"; left out ({_FEW}): {cells_text(left_out, dataset)}"
    elif view == ALL:
        text = f"{what} over all {_span(run)} trials, an unusable one counted as zero{with_intervals}"
    else:
        text = f"{what} over the usable ones of {_span(run)} trials{with_intervals}"
    return "; ".join([text, *_collapses(dataset)])


def _who(run: xr.DataArray) -> str:
    schemes, points = run.sizes.get("scheme", 1), run.size // max(run.sizes.get("scheme", 1), 1)
    if points > 1:
        return f"{'all schemes can use' if schemes > 1 else 'can be used'} at all points compared"
    return "all schemes compared can use" if schemes > 1 else "can be used"


def _span(run: xr.DataArray) -> str:
    least, most = int(run.min()), int(run.max())
    return f"{most}" if least == most else f"{least} to {most}"


def _collapses(dataset: xr.Dataset) -> list[str]:
    dead = collapsed(dataset)
    if not bool(dead.any()):
        return []
    others = [dim for dim in dead.dims if dim != "scheme"]
    share = dead.sum(others) / dataset["usable"].sum(others)
    labels = dead["scheme_label" if "scheme_label" in dead.coords else "scheme"].values
    named = sorted(((float(part), str(name)) for name, part in zip(labels, share.values) if part > 0), reverse=True)
    parts = [f"{name} {share_text(part)}" for part, name in named[:_NAMED]]
    return [f"collapsed (zero rate): {', '.join(parts)}" + (" and others" if len(named) > _NAMED else "")]
