# pyright: reportUnknownMemberType=false
"""How much results hang on what the paper does not say: each declared value changed by itself."""

from __future__ import annotations

from typing import Any, NamedTuple

import xarray as xr

from leoisac.experiment.contracts import Study
from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.one_at_a_time import by_size, moves_of, one_at_a_time
from leoisac.experiment.reading.statistics import usable_share
from leoisac.experiment.reading.verdicts import Estimate, relative_gain
from leoisac.foundation.number_text import share_text
from leoisac.plots.tornado import Panel, draw_tornado, shows_intervals
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
_SWEEP = one_at_a_time(
    {field: getattr(SYSTEM.config(), field) for field in FIELDS}, [(change.field, change.value) for change in CHANGES]
)
((AXIS, POINTS),) = _SWEEP.items()
SENSITIVITY = Study(
    "sensitivity",
    schemes=("rsma", "rsma:least-delay"),
    sweep=_SWEEP,
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
    for move in moves_of(dataset, AXIS):
        if move.point == point:
            return next(one.words for one in CHANGES if (one.field, one.value) == (move.field, move.value))
    return "as declared"


def changes_of(dataset: xr.Dataset, scheme: str, metric: str) -> list[Estimate]:
    """What each point after the first does to the mean of a metric, as a ratio less one, trial by trial."""
    seen = viewed(dataset)
    values = seen[metric].where(seen["usable"]).sel(scheme=scheme, drop=True)
    base = values.isel({AXIS: 0}, drop=True)
    return [relative_gain(values.isel({AXIS: point}, drop=True), base) for point in range(1, values.sizes[AXIS])]


def draw_sensitivity(datasets: Data) -> Any:
    """Tornado: change of the least private rate and of the least delay bound with each declared value."""
    dataset = datasets["sensitivity"]
    found = [changes_of(dataset, scheme, metric) for scheme, metric, _ in _PANELS]
    moves = moves_of(dataset, AXIS)
    order = by_size(moves, [one.mean for one in found[0]])
    panels = [
        Panel(QUANTITIES[quantity].label, [bars[row] for row in order], scale=100.0)
        for bars, (_, _, quantity) in zip(found, _PANELS, strict=True)
    ]
    over = comparison_text(viewed(dataset), "ratios of means", shows_intervals(panels))
    return draw_tornado(
        [words_of(dataset, moves[row].point) for row in order],
        panels,
        f"Each value that is ours changed by itself: {over}",
        *_lost(dataset),
    )


def _lost(dataset: xr.Dataset) -> list[str]:
    share = usable_share(dataset).min("scheme")
    lost = [
        f"{words_of(dataset, point)} {share_text(float(share[point]))}"
        for point in range(share.sizes[AXIS])
        if float(share[point]) < 1.0
    ]
    return [f"usable share: {', '.join(lost)}"] if lost else []


__all__ = ["AXIS", "CHANGES", "POINTS", "SENSITIVITY", "changes_of", "draw_sensitivity", "words_of"]
