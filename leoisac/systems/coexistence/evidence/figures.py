"""The paper's figures, each over named studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Figure
from leoisac.experiment.reading.statistics import mean_interval, trials_text, usable_share
from leoisac.foundation.number_text import share_text
from leoisac.plots.style import COLUMN_WIDTH_IN, SeriesStyle, house_style, series_styles
from leoisac.systems.coexistence import SCHEMES
from leoisac.systems.coexistence.evidence.drops import common_drops, failure_share, rate_with_association, scnr_db
from leoisac.systems.coexistence.evidence.studies import ASSOCIATIONS

Data = Mapping[str, xr.Dataset]

_ORDER = tuple(scheme.name for scheme in SCHEMES)
_LABELS = {scheme.name: scheme.label for scheme in SCHEMES}
_PANEL_IN = 3.3
_REMOVED = "drops that the proposed scheme cannot use are removed for all schemes"


def draw_sum_rate(datasets: Data) -> Any:
    """Sum rate against base station power, one panel per least satellite rate."""
    dataset = common_drops(datasets["bs-power"])
    floors = dataset["min_sut_rate"].values
    with house_style() as mpl:
        figure, panels = _row(mpl, len(floors))
        for panel, floor in zip(panels, floors, strict=True):
            _schemes(panel, dataset.sel(min_sut_rate=floor), "sum_rate", "bs_power_dbm")
            panel.set_ylim(bottom=0.0)
            panel.set_title(f"least satellite rate {floor:g} bit/s/Hz")
        _finish(figure, panels, "base station power [dBm]", "sum rate [bit/s/Hz]", _note(dataset))
    return figure


def draw_scnr(datasets: Data) -> Any:
    """SCNR of the targets: mean over targets and drops (line) and the least of all (dotted)."""
    dataset = common_drops(datasets["bs-power"])
    floors = dataset["min_sut_rate"].values
    values = scnr_db(dataset)
    styles = series_styles(_ORDER)
    with house_style() as mpl:
        figure, panels = _row(mpl, len(floors))
        for panel, floor in zip(panels, floors, strict=True):
            for scheme in _present(dataset):
                one = values.sel(scheme=scheme, min_sut_rate=floor)
                style = styles[scheme]
                mean = mean_interval(one.mean(["cell", "target"]))
                _band(panel, one["bs_power_dbm"].values, mean, style, _LABELS[scheme])
                panel.plot(one["bs_power_dbm"], one.min(["cell", "target", "trial"]), ":", color=style.colour)
            panel.axhline(-10.0, color="#444444", linewidth=0.8)
            panel.set_title(f"least satellite rate {floor:g} bit/s/Hz")
        note = f"line: mean over targets and drops; dotted: the least of all\n{_note(dataset)}"
        _finish(figure, panels, "base station power [dBm]", "SCNR [dB]", note)
    return figure


def draw_rate_parts(datasets: Data) -> Any:
    """Terrestrial and satellite rates, one panel per least satellite rate and gain of the users."""
    gains = common_drops(datasets["tut-gain"])
    powers = common_drops(datasets["bs-power"])
    floors = powers["min_sut_rate"].values
    styles = series_styles(_ORDER)
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(_PANEL_IN * len(floors), 6.4), layout="constrained")
        grid = figure.subplots(2, len(floors), squeeze=False)
        for row, (dataset, axis, label) in enumerate(
            (
                (powers, "bs_power_dbm", "base station power [dBm]"),
                (gains, "tut_gain_dbi", "gain of terrestrial users to the satellite [dBi]"),
            )
        ):
            for panel, floor in zip(grid[row], floors, strict=True):
                for scheme in ("proposed", "zf-eps", "interference-free-wmmse"):
                    for metric, line, name in (
                        ("terrestrial_rate", "-", "terrestrial"),
                        ("satellite_rate", "--", "satellite"),
                    ):
                        one = mean_interval(_values(dataset, metric).sel(scheme=scheme, min_sut_rate=floor))
                        style = styles[scheme]._replace(line=line)
                        _band(panel, dataset[axis].values, one, style, f"{_LABELS[scheme]}, {name}")
                panel.set_title(f"least satellite rate {floor:g} bit/s/Hz")
                panel.set_xlabel(label)
                panel.set_ylim(bottom=0.0)
            grid[row][0].set_ylabel("rate [bit/s/Hz]")
        handles = grid[0][0].get_legend_handles_labels()
        figure.legend(*handles, ncols=3, loc="outside upper center")
        figure.supxlabel(_note(powers), fontsize=7.5, color="#444444")
    return figure


def draw_associations(datasets: Data) -> Any:
    """Sum rate against satellite power by association, one panel per receiver size and sensing radius."""
    dataset = datasets["association"]
    rates = rate_with_association(dataset)
    axis = "num_rx+sensing_radius_m"
    styles = series_styles(ASSOCIATIONS)
    sizes = list(zip(dataset["num_rx"].values, dataset["sensing_radius_m"].values, strict=True))
    with house_style() as mpl:
        figure, panels = _row(mpl, len(sizes), 2.4)
        for index, (panel, (antennas, radius)) in enumerate(zip(panels, sizes, strict=True)):
            for rule in (str(name) for name in dataset["association"].values):
                one = mean_interval(rates.isel({axis: index}).sel(association=rule))
                _band(panel, dataset["satellite_power_w"].values, one, styles[rule], rule)
            panel.set_xscale("log")
            panel.set_ylim(bottom=0.0)
            panel.set_title(f"{antennas} antennas, {radius:g} m")
        note = "beams by P3; where the targets cannot be sensed, the terrestrial rate counts as zero"
        _finish(figure, panels, "satellite power [W]", "sum rate [bit/s/Hz]", f"{note}\n{trials_text(dataset)}")
    return figure


def draw_failure(datasets: Data) -> Any:
    """Sensing failure probability against the sensing radius, one panel per receiver array."""
    dataset, single = datasets["sensing-failure"], datasets["sensing-monostatic"]
    axis = "num_rx+num_receivers"
    rules = [str(rule) for rule in dataset["association"].values]
    names = ("without satellite", *ASSOCIATIONS, "monostatic")
    styles = series_styles(names)
    sizes = list(zip(dataset["num_rx"].values, dataset["num_receivers"].values, strict=True))
    shares, alone = failure_share(dataset), failure_share(single)
    with house_style() as mpl:
        figure, panels = _row(mpl, len(sizes))
        for index, (panel, (antennas, receivers)) in enumerate(zip(panels, sizes, strict=True)):
            radius = dataset["sensing_radius_m"].values
            free = shares.isel({axis: index}).sel(scheme="sensing-only-free", association=rules[0])
            _share(panel, radius, free, styles["without satellite"], "without satellite")
            for rule in rules:
                one = shares.isel({axis: index}).sel(scheme="sensing-only", association=rule)
                _share(panel, radius, one, styles[rule], rule)
            mono = alone.isel({axis: index}).sel(scheme="sensing-only")
            _share(panel, single["sensing_radius_m"].values, mono, styles["monostatic"], "monostatic")
            panel.set_ylim(-0.03, 1.03)
            panel.set_title(f"{receivers} receivers of {antennas} antennas")
        note = "failure: not all targets reach their SCNR with the whole power\nall drops count; 95 % Wilson intervals"
        _finish(figure, panels, "sensing radius [m]", "sensing failure probability", f"{note}\n{trials_text(dataset)}")
    return figure


def draw_cells_power(datasets: Data) -> Any:
    """Sum rate of several cells against base station power."""
    dataset = common_drops(datasets["cells-bs-power"])
    with house_style() as mpl:
        figure, panels = _row(mpl, 1, COLUMN_WIDTH_IN)
        _schemes(panels[0], dataset, "sum_rate", "bs_power_dbm")
        panels[0].set_ylim(bottom=0.0)
        _finish(figure, panels, "base station power [dBm]", "sum rate [bit/s/Hz]", _note(dataset))
    return figure


def draw_cells(datasets: Data) -> Any:
    """Sum rate relative to both ideals against the number of cells (ratios of means)."""
    dataset = common_drops(datasets["cells"])
    means = _values(dataset, "sum_rate").mean("trial")
    styles = series_styles(_ORDER)
    with house_style() as mpl:
        figure, panels = _row(mpl, 1, COLUMN_WIDTH_IN)
        for ideal, line in (("interference-free", "-"), ("interference-free-wmmse", "--")):
            for scheme in ("proposed", "coop-uniform"):
                ratio = means.sel(scheme=scheme) / means.sel(scheme=ideal)
                style = styles[scheme]
                label = f"{_LABELS[scheme]} / {_LABELS[ideal]}"
                panels[0].plot(dataset["num_cells"], ratio, line, color=style.colour, marker=style.marker, label=label)
        panels[0].set_xticks(dataset["num_cells"].values)
        note = f"ratios of mean sum rates; {_note(dataset)}"
        _finish(figure, panels, "number of cells", "share of the ideal's sum rate", note, columns=2)
    return figure


def draw_refinement(datasets: Data) -> Any:
    """What P3 is worth: sum rate with and without it, and with P1 on fresh channels, against the correlation."""
    dataset = common_drops(datasets["refinement"])
    with house_style() as mpl:
        figure, panels = _row(mpl, 1, COLUMN_WIDTH_IN)
        _schemes(panels[0], dataset, "sum_rate", "ageing_rho")
        panels[0].set_ylim(bottom=0.0)
        _finish(figure, panels, "correlation of the fading from P1 to P3", "sum rate [bit/s/Hz]", _note(dataset))
    return figure


def _row(mpl: Any, count: int, width: float = _PANEL_IN) -> tuple[Any, Sequence[Any]]:
    figure = mpl.Figure(figsize=(max(width * count, COLUMN_WIDTH_IN), 3.9), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False, sharey=True)[0])


def _schemes(panel: Any, dataset: xr.Dataset, metric: str, axis: str) -> None:
    styles = series_styles(_ORDER)
    for scheme in _present(dataset):
        one = mean_interval(_values(dataset, metric).sel(scheme=scheme))
        _band(panel, dataset[axis].values, one, styles[scheme], _LABELS[scheme])


def _present(dataset: xr.Dataset) -> list[str]:
    there = {str(name) for name in dataset["scheme"].values}
    return [name for name in _ORDER if name in there]


def _values(dataset: xr.Dataset, metric: str) -> xr.DataArray:
    return dataset[metric].where(dataset["usable"])


def _band(panel: Any, x: np.ndarray, one: xr.Dataset, style: SeriesStyle, label: str) -> None:
    mean, low, high = (one[name].values.astype(float) for name in ("mean", "low", "high"))
    panel.plot(x, mean, style.line, color=style.colour, marker=style.marker, label=label)
    panel.fill_between(x, low, high, color=style.colour, alpha=0.15, linewidth=0)


def _share(panel: Any, x: np.ndarray, one: xr.Dataset, style: SeriesStyle, label: str) -> None:
    _band(panel, x, one.rename(share="mean"), style, label)


def _finish(figure: Any, panels: Sequence[Any], x_label: str, y_label: str, note: str, columns: int = 3) -> None:
    for panel in panels:
        panel.set_xlabel(x_label)
    panels[0].set_ylabel(y_label)
    figure.legend(*panels[0].get_legend_handles_labels(), ncols=columns, loc="outside upper center")
    figure.supxlabel(note, fontsize=7.5, color="#444444")


def _note(dataset: xr.Dataset) -> str:
    share = share_text(float(usable_share(dataset).min()))
    return f"means of {trials_text(dataset)} with 95 % intervals\n{_REMOVED} (usable: at least {share})"


FIGURES = (
    Figure("fig-4", "Sum rate against base station power", ("bs-power",), draw_sum_rate),
    Figure("fig-5", "SCNR of the targets against base station power", ("bs-power",), draw_scnr),
    Figure("fig-6", "Terrestrial and satellite rates", ("bs-power", "tut-gain"), draw_rate_parts),
    Figure("fig-7", "Sum rate by association", ("association",), draw_associations),
    Figure("fig-8", "Sensing failure probability", ("sensing-failure", "sensing-monostatic"), draw_failure),
    Figure("fig-9", "Sum rate of four cells", ("cells-bs-power",), draw_cells_power),
    Figure("fig-10", "Share of the ideal's sum rate against the number of cells", ("cells",), draw_cells),
    Figure("refinement", "Worth of the refinement", ("refinement",), draw_refinement),
)

__all__ = ["FIGURES"]
