"""The figure of the declared values: what the headline results become when each is changed on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import xarray as xr

from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.one_at_a_time import Move, by_size, moves_of
from leoisac.experiment.reading.verdicts import Estimate, relative_gain
from leoisac.plots.tornado import Panel, draw_tornado, shows_intervals
from leoisac.systems.bistatic_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.bistatic_rsma.evidence.reading import estimate_of, found_share
from leoisac.systems.bistatic_rsma.evidence.studies import CHANGED

AXIS = "+".join(CHANGED)
_RSMA, _SDMA = "rsma-noradar", "sdma-radar-sic"


class Headline(NamedTuple):
    """The headline results at one point of the study.

    Attributes:
        rate: change of RSMA's least rate against the default, a share.
        gain: of RSMA over SDMA in mean least rates, a share.
        found: share of RSMA's echoes whose direction of arrival is found.
    """

    rate: Estimate
    gain: Estimate
    found: Estimate


def headlines(dataset: xr.Dataset) -> tuple[Headline, list[tuple[Move, Headline]]]:
    """The headline results at the defaults and after every move; every rate over the same drops."""
    seen = viewed(dataset)
    rates = seen["min_rate"].where(seen["usable"])
    rsma, sdma = rates.sel(scheme=_RSMA), rates.sel(scheme=_SDMA)
    share = found_share(seen.sel(scheme=_RSMA))

    def at(point: int) -> Headline:
        here = {AXIS: point}
        rate = relative_gain(rsma.isel(here), rsma.isel({AXIS: 0}))
        gain = relative_gain(rsma.isel(here), sdma.isel(here))
        return Headline(rate, gain, estimate_of(share.isel(here), "share", rate.trials))

    return at(0), [(move, at(move.point)) for move in moves_of(dataset, AXIS)]


def draw_sensitivity(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Tornado of the declared values: rate, gain and share of targets found, one value changed at a time."""
    dataset = datasets["sensitivity"]
    default, points = headlines(dataset)
    order = by_size([move for move, _ in points], [found.rate.mean for _, found in points])
    shown = [points[row] for row in order]
    panels = (
        Panel(QUANTITIES["rate_change"].label, [found.rate for _, found in shown], scale=100.0),
        Panel(QUANTITIES["gain_over_sdma"].label, [found.gain for _, found in shown], default.gain.mean, 100.0),
        Panel(QUANTITIES["found_share"].label, [found.found for _, found in shown], default.found.mean),
    )
    over = comparison_text(viewed(dataset), "ratios of means", shows_intervals(panels))
    return draw_tornado(
        [f"{move.field}: {move.change}" for move, _ in shown],
        panels,
        "At 20 dBW, one declared value changed at a time, from the defaults at the grey lines: "
        f"{over}; found: within 2° of the true direction.",
    )


__all__ = ["AXIS", "Headline", "draw_sensitivity", "headlines"]
