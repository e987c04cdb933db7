"""The paper's figures and our own, each over named studies."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import xarray as xr

from leoisac.experiment.contracts import Figure
from leoisac.experiment.reading.settings import another_setting
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.figure_notes import add_note
from leoisac.systems.self_backhaul import SYSTEM
from leoisac.systems.self_backhaul.evidence.claims import CLAIMS
from leoisac.systems.self_backhaul.evidence.common_aperture_figures import draw_common_aperture
from leoisac.systems.self_backhaul.evidence.convergence_figures import draw_convergence
from leoisac.systems.self_backhaul.evidence.quantities import QUANTITIES
from leoisac.systems.self_backhaul.evidence.rates import as_stored, joined
from leoisac.systems.self_backhaul.evidence.rival_figures import draw_rivals
from leoisac.systems.self_backhaul.evidence.sensing_figures import (
    draw_characteristic,
    draw_detection,
    draw_thresholds,
    draw_trade_off,
)
from leoisac.systems.self_backhaul.evidence.sensitivity import draw_sensitivity

Data = Mapping[str, xr.Dataset]

_RELATIVE = "pa2, relative errors"
_RELATIVE_LABEL = "PA2, relative errors"
_PUBLISHED_OUTCOMES = ("partly", "not reproduced")
_SHORT = {
    "F2-2": "PA1 needs about 20 iterations",
    "F2-3": "PA2 needs about 10 and fewer than PA1",
    "ABS-1": "PA1 senses better than every benchmark",
    "F4-1": "the sum rate falls at every step",
    "F5-1": "PA1 and PA2 always lead",
    "F5-2": "PA2 close to PA1",
    "F5-3": "every scheme gains",
    "F5-4": "the lead over the benchmarks widens",
    "F5-5": "PA1 levels off",
    "F6-1": "PA1 levels off at the backhaul",
    "F6-2": "PA1 and PA2 always lead",
    "F7-1": "PA1 levels off",
    "F7-2": "IBS falls with more antennas",
    "F8-1": "PA1 levels off",
    "F8-2": "PA1 and PA2 always lead",
    "F8-3": "the lead over the benchmarks widens",
}
"""What the paper says, for the note of a figure in which it looks different."""


def _over(prefix: str, title: str, prepare: Callable[[xr.Dataset], xr.Dataset] | None = None) -> Callable[[Data], Any]:
    """Delivered sum rates over what the first study sweeps; a further study holds PA2 under relative errors."""

    def draw(datasets: Data) -> Any:
        first, *others = datasets.values()
        whole = joined(first, _RELATIVE, others[0]) if others else first
        further = (_RELATIVE,) if others else ()
        return draw_rivals(whole, title, prepare, further, {_RELATIVE: _RELATIVE_LABEL})

    return _noted(prefix, draw)


def _noted(prefix: str | tuple[str, ...], draw: Callable[[Data], Any]) -> Callable[[Data], Any]:
    """The figure with a line on what was published otherwise."""

    def drawn(datasets: Data) -> Any:
        figure = draw(datasets)
        add_note(figure, published_otherwise(prefix, datasets))
        return figure

    return drawn


def published_otherwise(prefix: str | tuple[str, ...], datasets: Data) -> str:
    """A line about the published claims that these results do not bear out; none on another setting.

    ``prefix``: of the names of the claims that the figure serves.
    """
    found: list[str] = []
    for claim in CLAIMS:
        if not claim.name.startswith(prefix) or claim.name not in _SHORT or not set(claim.studies) <= set(datasets):
            continue
        studies = {name: datasets[name] for name in claim.studies}
        if min(_trials(dataset) for dataset in studies.values()) < claim.least_trials:
            continue
        if any(another_setting(SYSTEM, name, as_stored(dataset)) for name, dataset in studies.items()):
            continue
        verdict = claim.check(studies)
        if verdict.outcome in _PUBLISHED_OUTCOMES:
            found.append(f"{_SHORT[claim.name]} ({verdict.outcome})")
    return f"Published otherwise: {'; '.join(found)}." if found else ""


def _trials(dataset: xr.Dataset) -> int:
    """Trials that every scheme and sweep point has run."""
    return int((dataset["status"] != NOT_RUN).sum("trial").min())


def _by_antennas(numbers: xr.Dataset) -> xr.Dataset:
    # The coordinate holds rows and columns as text, "[3, 3]".
    antennas = [math.prod(json.loads(text)) for text in numbers["bs_array"].values]
    return numbers.assign_coords(bs_array=("bs_array", antennas, QUANTITIES["bs_antennas"].attributes))


FIGURES = (
    Figure(
        "fig-2",
        "Convergence of the joint designs",
        ("convergence", "robust-convergence"),
        _noted("F2", draw_convergence),
        ("EXTRA-2",),
    ),
    Figure("fig-3", "Beampattern of a common aperture", (), draw_common_aperture),
    Figure("fig-4", "Sum rate against detection probability", ("pattern-threshold",), _noted("F4", draw_trade_off)),
    Figure("fig-5", "Sum rate against satellite power", ("satellite-power",), _over("F5", "Satellite power")),
    Figure("fig-6", "Sum rate against base station power", ("bs-power",), _over("F6", "Base station power")),
    Figure(
        "fig-7",
        "Sum rate against base station antennas",
        ("bs-antennas",),
        _over("F7", "Base station antennas", _by_antennas),
    ),
    Figure("fig-8", "Sum rate against number of users", ("users", "relative-errors"), _over("F8", "Number of users")),
    Figure("roc", "Receiver operating characteristic", ("pattern-threshold",), draw_characteristic),
    Figure(
        "threshold-rivals",
        "Rate and detection of rivals",
        ("threshold-rivals",),
        _noted(("F4", "ABS"), draw_thresholds),
        ("F4-2", "ABS-1"),
    ),
    Figure("detection", "Rate against detection at consistent physics", ("detection",), draw_detection),
    Figure("sensitivity", "Sensitivity to values that are not the paper's", ("sensitivity",), draw_sensitivity),
)

__all__ = ["FIGURES", "published_otherwise"]
