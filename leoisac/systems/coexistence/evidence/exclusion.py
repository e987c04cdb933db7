"""How far a satellite user must be from a base station, and a cell from a satellite user: shares of drops within the
criteria of interference over noise, and the distances from which on they are met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import share_interval
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import quantity_label
from leoisac.plots.side_by_side import draw_beside
from leoisac.plots.style import house_style, series_styles
from leoisac.systems.coexistence import SCHEMES
from leoisac.systems.coexistence.evidence.quantities import QUANTITIES

CRITERIA_DB = (-6.0, -12.2)
"""Interference that raises the noise by about 1 dB, and one of 6 % of the noise."""
SHARE = 0.95
"""Share of drops that must meet a criterion."""
_RESAMPLES = 1000
_TAILS = (0.025, 0.975)
_AXIS = "sut_distance_m"
_VICTIMS = ("at the satellite user", "at users and radar receivers")


class Exclusion(NamedTuple):
    """Distance from which on a share of the drops meets a criterion; infinite beyond the largest looked at."""

    distance_m: float
    low_m: float
    high_m: float

    def text(self) -> str:
        """``0.5 km [0.2, 1]``."""
        shown = [f"{1e-3 * value:g}" if np.isfinite(value) else "beyond all" for value in self]
        return f"{shown[0]} km [{', '.join(shown[1:])}]" if np.isfinite(self.distance_m) else shown[0]


def exclusion_distance(met: xr.DataArray, share: float = SHARE) -> Exclusion:
    """The smallest distance at which, and at all larger ones of the grid, at least a share of the drops is within.

    Args:
        met: 1 where a drop meets the criterion, 0 where not, over ``sut_distance_m`` (rising) and ``trial``; drops with
            missing values are left out.
        share: of the drops.

    Returns:
        The distance with a 95 % band by bootstrap over the drops.
    """
    distances = met[_AXIS].values.astype(float)
    rows = met.transpose(_AXIS, "trial").values
    rows = rows[:, np.isfinite(rows).all(axis=0)]
    count = rows.shape[1]
    if not count:
        return Exclusion(np.nan, np.nan, np.nan)

    def first(shares: np.ndarray) -> float:
        within = np.flatnonzero(np.logical_and.accumulate((shares >= share)[::-1])[::-1])
        return float(distances[within[0]]) if len(within) else np.inf

    weights = np.random.default_rng(0).multinomial(count, np.full(count, 1.0 / count), _RESAMPLES) / count
    found = np.sort([first(shares) for shares in weights @ rows.T])
    low, high = (found[int(tail * (_RESAMPLES - 1))] for tail in _TAILS)
    return Exclusion(first(rows.mean(axis=1)), float(low), float(high))


def within(dataset: xr.Dataset, criterion_db: float) -> tuple[xr.DataArray, xr.DataArray]:
    """Drops within a criterion (1 or 0, missing without a design): at the satellite user; at users and receivers."""
    at_sut = dataset["inr_sut_db"].max("cell")
    at_cell = np.maximum(dataset["inr_tut_db"].max(["cell", "user"]), dataset["inr_radar_db"].max(["cell", "receiver"]))
    usable = dataset["usable"]
    return tuple((values <= criterion_db).astype(float).where(usable) for values in (at_sut, at_cell))  # type: ignore[return-value]


def draw_exclusion(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Shares of drops within a criterion against the satellite user's distance: a row each, victims side by side."""
    dataset = viewed(datasets["exclusion"])
    labels = {scheme.name: scheme.label for scheme in SCHEMES}
    styles = series_styles(tuple(labels))
    schemes = [str(name) for name in dataset["scheme"].values]
    axis = dataset[_AXIS]
    notes = list[str]()
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(7.4, 6.4), layout="constrained")
        grid = figure.subplots(len(CRITERIA_DB), len(_VICTIMS), sharex=True, sharey=True)
        for place, title in enumerate(_VICTIMS):
            told = list[str]()
            for row, criterion in enumerate(CRITERIA_DB):
                panel = grid[row][place]
                panel.set_xscale("log")
                panel.axhline(SHARE, color="#444444", linewidth=0.8)
                panel.set_title(f"{title}: I/N ≤ {criterion:g} dB")
                met = within(dataset, criterion)[place]
                for turn, scheme in enumerate(schemes):
                    one = met.sel(scheme=scheme)
                    count = one.notnull().sum("trial")
                    numbers = share_interval(one.sum("trial"), count).rename(share="mean").assign(count=count)
                    numbers["mean"].attrs = QUANTITIES["protected_share"].attributes
                    style = styles[scheme]
                    draw_beside(panel, axis.values, numbers, style, labels[scheme], place=turn, count=len(schemes))
                    told.append(f"{labels[scheme]} {criterion:g} dB {exclusion_distance(one).text()}")
            notes.append(f"{title}, {SHARE:.0%} of drops within from: {'; '.join(told)}")
        grid[0][0].set_ylim(-0.03, 1.03)
        for panel in grid[-1]:
            panel.set_xlabel(
                quantity_label(str(axis.attrs.get("long_name", axis.name)), str(axis.attrs.get("units", "m")))
            )
        for row in grid:
            row[0].set_ylabel(QUANTITIES["protected_share"].label)
        figure.legend(*grid[0][0].get_legend_handles_labels(), ncols=len(schemes), loc="outside upper center")
        side = f"marks of one distance stand side by side; grey: {SHARE:.0%} of the drops"
        add_note(figure, f"{comparison_text(dataset, 'shares')}; {side}", *notes)
    return figure


__all__ = ["CRITERIA_DB", "SHARE", "Exclusion", "draw_exclusion", "exclusion_distance", "within"]
