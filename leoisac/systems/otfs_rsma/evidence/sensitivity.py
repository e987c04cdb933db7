# pyright: reportUnknownMemberType=false
"""How much results hang on what the paper does not say: each declared value changed by itself."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Study
from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import usable_share
from leoisac.experiment.reading.verdicts import Estimate, relative_gain
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import share_text
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style
from leoisac.systems.otfs_rsma import SYSTEM
from leoisac.systems.otfs_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.otfs_rsma.evidence.results import Data


class Change(NamedTuple):
    """One declared value changed: the field, its other value, and the words for both in a figure."""

    field: str
    value: Any
    words: str


CHANGES = (
    Change("subcarrier_spacing", 6000.0, "subcarrier spacing 6 kHz"),
    Change("subcarrier_spacing", 9000.0, "subcarrier spacing 9 kHz"),
    Change("rician_factor_db", 0.0, "first path Rician, 0 dB"),
    Change("rician_factor_db", 10.0, "first path Rician, 10 dB"),
    Change("csi_error_model", "total", "channel error of the whole matrix"),
    Change("comm_snr_db", 22.0, "communication SNR 22 dB"),
    Change("comm_snr_db", 28.0, "communication SNR 28 dB"),
    Change("echo_snr_db", 7.0, "echo SNR 7 dB"),
    Change("echo_snr_db", 13.0, "echo SNR 13 dB"),
    Change("equal_private", True, "equal private powers"),
    Change("common_power_fraction", "free", "free power split"),
    Change("precoder_mode", "space-dd", "antennas precoded, too"),
)
"""SNRs are the paper's; that they count the power budget against the noise of one cell is ours, and 3 dB either way
are what other normalisations would make of them."""
FIELDS = tuple(dict.fromkeys(change.field for change in CHANGES))
AXIS = "+".join(FIELDS)
_DEFAULTS = [getattr(SYSTEM.config(), field) for field in FIELDS]


def _row(change: Change) -> list[Any]:
    return [change.value if field == change.field else value for field, value in zip(FIELDS, _DEFAULTS, strict=True)]


POINTS = [_DEFAULTS, *(_row(change) for change in CHANGES)]
SENSITIVITY = Study(
    "sensitivity",
    schemes=("rsma", "rsma:least-delay"),
    sweep={AXIS: POINTS},
    trials=48,
    quick={"trials": 4},
    tiny={
        "overrides": {name: value for name, value in SYSTEM.small.items() if name not in FIELDS},
        # Without the points that are programs of their own.
        "sweep": {AXIS: [POINTS[0], POINTS[6], POINTS[7]]},
        "trials": 4,
    },
)
_PANELS = (("rsma", "min_rate", "rate_change"), ("rsma:least-delay", "crb_delay", "delay_change"))


def words_of(dataset: xr.Dataset, point: int) -> str:
    """What is changed at a point of the study."""
    here = {field: dataset[field].values[point] for field in FIELDS}
    for change in CHANGES:
        if str(here[change.field]) == str(change.value):
            return change.words
    return "as declared"


def changes_of(dataset: xr.Dataset, scheme: str, metric: str) -> dict[str, Estimate]:
    """What each change does to the mean of a metric, as a ratio less one, trial by trial against the declared values.

    Points of which no trial can be used are left out.
    """
    seen = viewed(dataset)
    values = seen[metric].where(seen["usable"]).sel(scheme=scheme, drop=True)
    base = values.isel({AXIS: 0}, drop=True)
    found: dict[str, Estimate] = {}
    for point in range(1, values.sizes[AXIS]):
        change = relative_gain(values.isel({AXIS: point}, drop=True), base)
        if np.isfinite(change.mean):
            found[words_of(dataset, point)] = change
    return found


def draw_sensitivity(datasets: Data) -> Any:
    """Tornado: change of the least private rate and of the least delay bound with each declared value."""
    dataset = datasets["sensitivity"]
    found = [changes_of(dataset, scheme, metric) for scheme, metric, _ in _PANELS]
    names = sorted(found[0], key=lambda name: abs(found[0][name].mean))
    height = 0.26 * len(names) + 1.3
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, height), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for axes, changes, (_, _, quantity) in zip(panels, found, _PANELS, strict=True):
            rows = [row for row, name in enumerate(names) if name in changes]
            shown = [changes[names[row]] for row in rows]
            mean = np.array([100.0 * one.mean for one in shown])
            low, high = (np.array([100.0 * getattr(one, end) for one in shown]) for end in ("low", "high"))
            axes.barh(rows, mean, height=0.6, color=np.where(mean < 0.0, "#D55E00", "#0072B2"))
            reach = np.nan_to_num(np.stack([mean - low, high - mean]))
            axes.errorbar(mean, rows, xerr=np.maximum(reach, 0.0), fmt="none", color="#222222", lw=0.9, capsize=2)
            axes.axvline(0.0, color="#222222", linewidth=0.8)
            axes.set_xlabel(QUANTITIES[quantity].label)
        panels[0].set_yticks(range(len(names)), names)
        add_note(
            figure,
            "Each value that is ours changed by itself: " + comparison_text(viewed(dataset), "ratios of means"),
            *_lost(dataset),
        )
    return figure


def _lost(dataset: xr.Dataset) -> list[str]:
    share = usable_share(dataset).min("scheme")
    lost = [
        f"{words_of(dataset, point)} {share_text(float(share[point]))}"
        for point in range(share.sizes[AXIS])
        if float(share[point]) < 1.0
    ]
    return [f"usable share: {', '.join(lost)}"] if lost else []


__all__ = ["AXIS", "CHANGES", "POINTS", "SENSITIVITY", "changes_of", "draw_sensitivity", "words_of"]
