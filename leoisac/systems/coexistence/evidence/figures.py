"""The paper's figures, each over named studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import xarray as xr

from leoisac.experiment.contracts import Figure, Metric
from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.settings import stored_scenario
from leoisac.experiment.reading.statistics import (
    mean_interval,
    ratio_interval,
    summary,
    trials_text,
    usable_share,
)
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import quantity_label, share_text
from leoisac.plots.curves import draw_curve
from leoisac.plots.side_by_side import draw_beside
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.coexistence import METRICS, SCHEMES, SYSTEM
from leoisac.systems.coexistence.config import CoexistenceConfig
from leoisac.systems.coexistence.evidence.drops import failure_share, rate_with_association, scnr_db, values_of
from leoisac.systems.coexistence.evidence.exclusion import draw_exclusion
from leoisac.systems.coexistence.evidence.places_figure import draw_places
from leoisac.systems.coexistence.evidence.quantities import QUANTITIES
from leoisac.systems.coexistence.evidence.sensitivity_figure import draw_sensitivity
from leoisac.systems.coexistence.evidence.studies import ASSOCIATIONS

Data = Mapping[str, xr.Dataset]

_ORDER = tuple(scheme.name for scheme in SCHEMES)
_LABELS = {scheme.name: scheme.label for scheme in SCHEMES}
_PANEL_IN = 3.3
_HEIGHT_IN = 3.9
_COLUMNS = 3
_MOST_TICKS = 6
_OF_PARTS = ("proposed", "zf-eps", "interference-free-wmmse")


def draw_sum_rate(datasets: Data) -> Any:
    """Sum rate against base station power, one panel per least satellite rate."""
    dataset = datasets["bs-power"]
    numbers, floors = summary(dataset, "sum_rate"), dataset["min_sut_rate"].values
    with house_style() as mpl:
        figure, panels = _row(mpl, len(floors))
        for panel, floor in zip(panels, floors, strict=True):
            _schemes(panel, numbers.sel(min_sut_rate=floor), "bs_power_dbm")
            panel.set_title(_floor_text(floor))
        _finish(figure, panels, dataset["bs_power_dbm"], METRICS["sum_rate"], _note(dataset))
    return figure


def draw_scnr(datasets: Data) -> Any:
    """SCNR of the targets: above the mean over targets and drops, below the least of all, each on its own scale."""
    dataset = viewed(datasets["bs-power"])
    floors, values, styles = dataset["min_sut_rate"].values, scnr_db(dataset), series_styles(_ORDER)
    demanded, schemes = _config(dataset).min_scnr_db, _present(dataset)
    means = mean_interval(values.mean(["cell", "target"]))
    least = values.min(["cell", "target", "trial"]).to_dataset(name="mean")
    kinds = ((means, QUANTITIES["mean_scnr_db"]), (least, QUANTITIES["least_scnr_db"]))
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(max(_PANEL_IN * len(floors), COLUMN_WIDTH_IN), 6.6), layout="constrained")
        grid = figure.subplots(2, len(floors), squeeze=False, sharex=True, sharey="row")
        for row, (numbers, quantity) in zip(grid, kinds, strict=True):
            row[0].set_ylabel(quantity.label)
            for panel, floor in zip(row, floors, strict=True):
                panel.axhline(demanded, color="#444444", linewidth=0.8)
                for place, scheme in enumerate(schemes):
                    one, style = numbers.sel(scheme=scheme, min_sut_rate=floor), styles[scheme]
                    x = dataset["bs_power_dbm"].values
                    draw_beside(panel, x, one, style, _LABELS[scheme], place=place, count=len(schemes))
        for panel, floor in zip(grid[0], floors, strict=True):
            panel.set_title(_floor_text(floor))
        for panel in grid[-1]:
            _mark_axis(panel, dataset["bs_power_dbm"])
        figure.legend(*grid[0][0].get_legend_handles_labels(), ncols=_COLUMNS, loc="outside upper center")
        add_note(
            figure,
            "signal-to-clutter-plus-noise ratio (SCNR) in dB: above its mean over targets and drops, below the least "
            f"of all; grey: the floor of {demanded:g} dB; marks of one power stand side by side",
            _note(datasets["bs-power"]),
        )
    return figure


def draw_rate_parts(datasets: Data) -> Any:
    """Terrestrial and satellite rates, one panel per least satellite rate and gain of the users."""
    powers, gains = datasets["bs-power"], datasets["tut-gain"]
    floors, styles = powers["min_sut_rate"].values, series_styles(_ORDER)
    parts = (("terrestrial_rate", "-", "terrestrial"), ("satellite_rate", "--", "satellite"))
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(_PANEL_IN * len(floors), 6.8), layout="constrained")
        grid = figure.subplots(2, len(floors), squeeze=False, sharey=True)
        for row, (dataset, axis) in zip(grid, ((powers, "bs_power_dbm"), (gains, "tut_gain_dbi")), strict=True):
            for metric, line, name in parts:
                numbers = summary(dataset, metric)
                for panel, floor in zip(row, floors, strict=True):
                    for place, scheme in enumerate(_OF_PARTS):
                        one, label = numbers.sel(scheme=scheme, min_sut_rate=floor), f"{_LABELS[scheme]}, {name}"
                        style, x = styles[scheme]._replace(line=line), dataset[axis].values
                        draw_beside(panel, x, one, style, label, place=place, count=len(_OF_PARTS))
            for panel, floor in zip(row, floors, strict=True):
                panel.set_title(_floor_text(floor))
                _mark_axis(panel, dataset[axis])
                panel.set_ylim(bottom=0.0)
            row[0].set_ylabel(QUANTITIES["part_of_rate"].label)
        figure.legend(*grid[0][0].get_legend_handles_labels(), ncols=2, loc="outside upper center")
        upper, lower = _config(gains), _config(powers)
        add_note(
            figure,
            f"above, gain of terrestrial users {lower.tut_gain_dbi:g} dBi: {_note(powers)}",
            f"below, base stations of {upper.bs_power_dbm:g} dBm: {_note(gains)}",
            "marks of one power or gain stand side by side",
        )
    return figure


def draw_associations(datasets: Data) -> Any:
    """Sum rate against satellite power by association, one panel per receiver size and sensing radius."""
    dataset = datasets["association"]
    rates = rate_with_association(dataset)
    axis = "num_rx+sensing_radius_m"
    styles, rules = series_styles(ASSOCIATIONS), [str(name) for name in dataset["association"].values]
    sizes = list(zip(dataset["num_rx"].values, dataset["sensing_radius_m"].values, strict=True))
    failed = 1.0 - dataset["usable"].sel(scheme="coop-uniform").mean("trial")
    with house_style() as mpl:
        figure, panels = _grid(mpl, len(sizes))
        for index, (panel, (antennas, radius)) in enumerate(zip(panels, sizes, strict=True)):
            panel.set_xscale("log")
            for place, rule in enumerate(rules):
                one, x = mean_interval(rates.isel({axis: index}).sel(association=rule)), dataset["satellite_power_w"]
                draw_beside(panel, x.values, one, styles[rule], rule, place=place, count=len(rules))
            panel.set_title(f"{antennas} antennas, {radius:g} m")
        note = (
            "beams by P3 with the association named; a cell without a design that senses all targets is silent: "
            "its drop counts with the rate of the undisturbed satellite user alone (up to "
            f"{share_text(float(failed.max()))} of the drops of a point); means with 95 % intervals over all drops, "
            f"{trials_text(dataset)}; marks of one power stand side by side"
        )
        quantity = QUANTITIES["rate_or_silence"]
        _finish(figure, panels, dataset["satellite_power_w"], quantity, note, columns=4, floor=None)
    return figure


def draw_failure(datasets: Data) -> Any:
    """Sensing failure probability against the sensing radius, one panel per receiver array."""
    dataset, single = datasets["sensing-failure"], datasets["sensing-monostatic"]
    axis = "num_rx+num_receivers"
    rules = [str(rule) for rule in dataset["association"].values]
    styles = series_styles(("without satellite", *ASSOCIATIONS, "monostatic"))
    sizes = list(zip(dataset["num_rx"].values, dataset["num_receivers"].values, strict=True))
    shares, alone = _as_mean(failure_share(dataset)), _as_mean(failure_share(single))
    with house_style() as mpl:
        figure, panels = _row(mpl, len(sizes))
        for index, (panel, (antennas, receivers)) in enumerate(zip(panels, sizes, strict=True)):
            here = shares.isel({axis: index})
            free = here.sel(scheme="sensing-only-free", association=rules[0])
            curves = {"without satellite": free} | {
                rule: here.sel(scheme="sensing-only", association=rule) for rule in rules
            }
            for name, one in curves.items():
                draw_curve(panel, one["sensing_radius_m"].values, one, styles[name], name)
            mono = alone.isel({axis: index}).sel(scheme="sensing-only")
            draw_curve(panel, mono["sensing_radius_m"].values, mono, styles["monostatic"], "monostatic")
            panel.set_ylim(-0.03, 1.03)
            panel.set_title(f"{receivers} receivers of {antennas} antennas")
        note = (
            "failure: a search (filters and beams in turns) finds no beams that sense all targets with the whole "
            "power of "
            "the base station, which is no proof that there are none; without satellite with the nearest "
            "receivers; all "
            f"drops count, {trials_text(dataset)}; 95 % intervals after Wilson"
        )
        _finish(figure, panels, dataset["sensing_radius_m"], METRICS["sensing_failure"], note)
    return figure


def draw_cells_power(datasets: Data) -> Any:
    """Sum rate of several cells against base station power."""
    dataset = datasets["cells-bs-power"]
    with house_style() as mpl:
        figure, panels = _row(mpl, 1, COLUMN_WIDTH_IN)
        _schemes(panels[0], summary(dataset, "sum_rate"), "bs_power_dbm")
        panels[0].set_title(f"{_config(dataset).num_cells} cells")
        _finish(figure, panels, dataset["bs_power_dbm"], METRICS["sum_rate"], _note(dataset))
    return figure


def draw_cells(datasets: Data) -> Any:
    """Sum rate over that of both ideals, against the number of cells."""
    dataset = viewed(datasets["cells"])
    styles = series_styles(_ORDER)
    with house_style() as mpl:
        figure, panels = _row(mpl, 1, COLUMN_WIDTH_IN)
        for ideal, line in (("interference-free", "-"), ("interference-free-wmmse", "--")):
            for scheme in ("proposed", "coop-uniform"):
                numbers = ratio_interval(values_of(dataset, "sum_rate", scheme), values_of(dataset, "sum_rate", ideal))
                style = styles[scheme]._replace(line=line)
                label = f"{_LABELS[scheme]} / {_LABELS[ideal]}"
                draw_curve(panels[0], dataset["num_cells"].values, numbers, style, label, least=0.0)
        note = _note(datasets["cells"], "ratios of means")
        _finish(figure, panels, dataset["num_cells"], QUANTITIES["share_of_ideal"], note, columns=2, floor=None)
    return figure


def draw_refinement(datasets: Data) -> Any:
    """What P3 is worth: sum rate with and without it, and with P1 on fresh channels, against the correlation."""
    dataset = datasets["refinement"]
    with house_style() as mpl:
        figure, panels = _row(mpl, 1, COLUMN_WIDTH_IN)
        numbers, schemes, styles = summary(dataset, "sum_rate"), _present(dataset), series_styles(_ORDER)
        for place, scheme in enumerate(schemes):
            one, x = numbers.sel(scheme=scheme), dataset["ageing_rho"].values
            draw_beside(panels[0], x, one, styles[scheme], _LABELS[scheme], place=place, count=len(schemes))
        note = f"{_note(dataset)}; marks of one correlation stand side by side"
        _finish(figure, panels, dataset["ageing_rho"], METRICS["sum_rate"], note)
    return figure


def _row(mpl: Any, count: int, width: float = _PANEL_IN, height: float = _HEIGHT_IN) -> tuple[Any, Sequence[Any]]:
    size = (max(width * count, COLUMN_WIDTH_IN), height)
    figure = mpl.Figure(figsize=size, layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False, sharey=True)[0])


def _grid(mpl: Any, count: int) -> tuple[Any, Sequence[Any]]:
    """Panels in rows of three at most."""
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    size = (max(_PANEL_IN * columns, COLUMN_WIDTH_IN), 1.2 + 2.7 * rows)
    figure = mpl.Figure(figsize=size, layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False, sharey=True).flat)
    for panel in panels[count:]:
        panel.remove()
    return figure, panels[:count]


def _schemes(panel: Any, numbers: xr.Dataset, axis: str) -> None:
    styles = series_styles(_ORDER)
    for scheme in _present(numbers):
        draw_curve(panel, numbers[axis].values, numbers.sel(scheme=scheme), styles[scheme], _LABELS[scheme])


def _present(dataset: xr.Dataset) -> list[str]:
    there = {str(name) for name in dataset["scheme"].values}
    return [name for name in _ORDER if name in there]


def _as_mean(shares: xr.Dataset) -> xr.Dataset:
    return shares.rename(share="mean").assign(mean=shares["share"].assign_attrs(METRICS["sensing_failure"].attributes))


def _finish(
    figure: Any,
    panels: Sequence[Any],
    axis: xr.DataArray,
    quantity: Metric,
    note: str,
    columns: int = 3,
    floor: float | None = 0.0,
) -> None:
    """Labels, legend and small print; ``floor``: where the ordinate of a quantity without negative values begins."""
    for panel in panels:
        _mark_axis(panel, axis)
        if floor is not None and quantity.least == floor and quantity.most > 1.0:
            panel.set_ylim(bottom=floor)
        if panel.get_subplotspec().is_first_col():
            panel.set_ylabel(quantity.label)
    figure.legend(*panels[0].get_legend_handles_labels(), ncols=columns, loc="outside upper center")
    add_note(figure, note)


def _mark_axis(panel: Any, axis: xr.DataArray) -> None:
    """Label and ticks of a swept quantity."""
    panel.set_xlabel(_axis_label(axis))
    if panel.get_xscale() == "linear" and axis.size <= _MOST_TICKS:
        panel.set_xticks(axis.values)


def _axis_label(axis: xr.DataArray) -> str:
    return quantity_label(str(axis.attrs.get("long_name", axis.name)), str(axis.attrs.get("units", "1")))


def _floor_text(floor: float) -> str:
    return f"least satellite rate {floor:g} bit/s/Hz"


def _config(dataset: xr.Dataset) -> CoexistenceConfig:
    """The configuration behind the data, swept fields at their defaults."""
    stored = stored_scenario(SYSTEM, dataset)
    return CoexistenceConfig() if stored is None else cast(CoexistenceConfig, stored.config)


def _note(dataset: xr.Dataset, what: str = "means") -> str:
    """Over which drops the numbers are, and where the fewest are usable."""
    text = comparison_text(viewed(dataset), what)
    share = usable_share(dataset)
    lowest = float(share.min())
    if lowest < 1.0:
        others = [dim for dim in share.dims if dim != "scheme"]
        scheme = str(share.min(others).idxmin("scheme").values)
        text += f"; lowest usable share {share_text(lowest)} ({_LABELS.get(scheme, scheme)})"
    return text


FIGURES = (
    Figure("fig-4", "Sum rate against base station power", ("bs-power",), draw_sum_rate),
    Figure("fig-5", "SCNR of the targets against base station power", ("bs-power",), draw_scnr),
    Figure("fig-6", "Terrestrial and satellite rates", ("bs-power", "tut-gain"), draw_rate_parts, ("F4-3",)),
    Figure("fig-7", "Sum rate by association", ("association",), draw_associations),
    Figure("fig-8", "Sensing failure probability", ("sensing-failure", "sensing-monostatic"), draw_failure),
    Figure("fig-9", "Sum rate of several cells", ("cells-bs-power",), draw_cells_power),
    Figure(
        "fig-10", "Sum rate over that without interference, by the number of cells", ("cells",), draw_cells, ("F9-2",)
    ),
    Figure("refinement", "Worth of the refinement", ("refinement",), draw_refinement, ("X-1",)),
    Figure(
        "sensitivity", "What the numbers that the paper does not give are worth", ("sensitivity",), draw_sensitivity
    ),
    Figure("places", "Where everybody stands in a drop", ("places",), draw_places),
    Figure(
        "exclusion", "Interference over noise against the satellite user's distance", ("exclusion",), draw_exclusion
    ),
)

__all__ = ["FIGURES"]
