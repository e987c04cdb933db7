"""Figure 3: beampattern of one common array, with the claims about it. Closed problem, no drops: no study."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float

from leoisac.experiment.contracts import Verdict
from leoisac.experiment.reading.verdicts import closed_form
from leoisac.foundation.figure_notes import add_note
from leoisac.metrics.beampattern import normalised_beampattern_db
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.self_backhaul.evidence.quantities import QUANTITIES

if TYPE_CHECKING:
    from leoisac.systems.self_backhaul.evidence.common_aperture import CommonAperture
    from leoisac.systems.self_backhaul.evidence.common_aperture_rate import RateAperture

USERS_DEG = (-30.0, 30.0)
TARGETS_DEG = (-54.0, -18.0, 18.0, 54.0)
ANTENNAS = (7, 9, 16, 25)
SHOWN_ANTENNAS = 16
"""The fewest of ``ANTENNAS`` that tell users and targets apart; the paper's seven feeds merge 18 and 30 degrees."""

_ANGLES = np.linspace(-90.0, 90.0, 1801)
_LOBE_DB = -10.0
_NEAR_DEG = 3.0
_LEVEL = 1e-3
"""Relative shortfall of a requirement that counts as none."""
_FLOOR_DB = -40.0


class Lobes(NamedTuple):
    """Lobes within 10 dB of the maximum.

    Attributes:
        wanted: how many of the six wanted directions have a lobe of their own within 3 degrees.
        other: angles of the other lobes, in degrees.
        excess_db: highest of the other lobes relative to the maximum, dB; minus infinity without any.
        gain_spread: largest over least gain of the wanted directions, minus 1.
    """

    wanted: int
    other: tuple[float, ...]
    excess_db: float
    gain_spread: float


@functools.cache
def design(antennas: int, reading: str = "joint") -> CommonAperture:
    """The least-power design of one array with the figure's users and targets."""
    # Late, since it computes: other figures and verdicts come without JAX.
    from leoisac.systems.self_backhaul.evidence.common_aperture import common_aperture

    return common_aperture(antennas, TARGETS_DEG, USERS_DEG, reading=reading)


@functools.cache
def rate_design(antennas: int) -> RateAperture:
    """PA1 on one array with the figure's users and targets: the paper's own problem."""
    from leoisac.systems.self_backhaul.evidence.common_aperture_rate import rate_aperture

    return rate_aperture(antennas, TARGETS_DEG, USERS_DEG)


def lobes(aperture: CommonAperture | RateAperture, reading: str = "joint") -> Lobes:
    """The lobes of a design's pattern, sorted into wanted and other ones."""
    level = normalised_beampattern_db(aperture.pattern(_ANGLES, reading))
    from scipy.signal import find_peaks  # half a second, for one figure

    peaks = [int(peak) for peak in find_peaks(level)[0] if level[peak] > _LOBE_DB]
    wanted = np.array([*TARGETS_DEG, *USERS_DEG])
    owner = {int(np.argmin(abs(wanted - _ANGLES[peak]))): peak for peak in peaks if _near(_ANGLES[peak], wanted)}
    other = [peak for peak in peaks if peak not in owner.values()]
    gains = aperture.pattern(wanted, reading)
    return Lobes(
        len(owner),
        tuple(float(_ANGLES[peak]) for peak in other),
        float(max((level[peak] for peak in other), default=-np.inf)),
        float(np.max(gains) / np.min(gains) - 1.0),
    )


def draw_common_aperture(datasets: Mapping[str, xr.Dataset], antennas: tuple[int, ...] = ANTENNAS) -> Any:
    """Normalised beampatterns over azimuth: left the paper's own problem, right one that asks for users' lobes, too.

    Above everything and the sensing waveform alone at 16 elements, below everything at other sizes.
    """
    others = tuple(count for count in antennas if count != SHOWN_ANTENNAS)
    styles = series_styles(["joint", "sensing", *(str(count) for count in others)])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(2.2 * COLUMN_WIDTH_IN, 5.4), layout="constrained")
        panels = figure.subplots(2, 2, sharex=True, sharey=True)
        sides = (
            ("Sum rate, thresholds at targets", rate_design, lambda: rate_design(SHOWN_ANTENNAS)),
            ("Least power, users asked for, too", design, lambda: design(SHOWN_ANTENNAS, "sensing")),
        )
        for (above, below), (title, made, alone) in zip(panels.T, sides, strict=True):
            for reading, line, label, one in (
                ("joint", "-", "beams and sensing waveform", made(SHOWN_ANTENNAS)),
                ("sensing", "--", "sensing waveform alone", alone()),
            ):
                level = _level(one.pattern(_ANGLES, reading))
                above.plot(_ANGLES, level, line, color=styles[reading].colour, label=label)
            above.set_title(f"{title}: {SHOWN_ANTENNAS} elements", loc="left", pad=18)
            for count in others:
                style = styles[str(count)]
                level = _level(made(count).pattern(_ANGLES))
                below.plot(_ANGLES, level, ls=style.line, color=style.colour, label=f"{count} elements")
            for axes in (above, below):
                _mark_directions(axes)
                axes.set_ylim(_FLOOR_DB, 6.5)
                axes.legend(ncols=3, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0)
            below.set_xlim(-90, 90)
            below.set_xticks(range(-90, 91, 30))
            below.set_xlabel(QUANTITIES["azimuth"].label)
        for axes in panels[:, 0]:
            axes.set_ylabel(QUANTITIES["relative_beampattern"].label)
        add_note(
            figure,
            "▽ users, ▼ targets. One common array, no drops. Left: PA1 on one array, a budget of ten times the "
            "threshold of a target. Right: the least power that also puts the threshold on the users; there lobes "
            "appear that nobody asked for (published: suppressed).",
        )
    return figure


def check_lobes(data: Mapping[str, xr.Dataset]) -> Verdict:
    """Reproduced when seven elements, the paper's feeds, show a lobe at every wanted direction; partly when more do."""
    found = {count: lobes(rate_design(count)) for count in ANTENNAS}
    by_hand = {count: lobes(design(count)) for count in ANTENNAS}
    short = max(rate_design(count).violation for count in ANTENNAS)
    count = len(TARGETS_DEG) + len(USERS_DEG)

    def each(of: Mapping[int, Lobes]) -> str:
        return ", ".join(f"{one.wanted} of {count} at {elements}" for elements, one in of.items())

    met = short < _LEVEL
    verdict = "met" if met else "missed"
    measured = (
        f"the paper's problem: own lobes at {each(found)} elements, thresholds {verdict}; users asked for, too: "
        f"{each(by_hand)}"
    )
    best = met and found[ANTENNAS[0]].wanted == count
    fair = met and any(one.wanted == count for one in found.values())
    criterion = (
        f"PA1 on one array of {ANTENNAS[0]} elements has a lobe within {_NEAR_DEG:g} degrees of each of the {count} "
        f"directions, within {-_LOBE_DB:g} dB of the maximum, and meets the thresholds; partly: with more elements"
    )
    return closed_form(best, fair, measured, criterion)


def check_sidelobes(data: Mapping[str, xr.Dataset]) -> Verdict:
    """Reproduced when no array has another lobe within 10 dB of the maximum; partly when some have none."""
    found = {count: lobes(rate_design(count)) for count in ANTENNAS}
    clean = [not one.other for one in found.values()]
    criterion = (
        f"PA1 on one array has no lobe in another direction within {-_LOBE_DB:g} dB of the maximum, with any number of "
        f"elements; partly: with {SHOWN_ANTENNAS}"
    )
    by_hand = {count: lobes(design(count)) for count in ANTENNAS}
    measured = f"other lobes within 10 dB: {_others(found)}; users asked for, too: {_others(by_hand)}"
    return closed_form(all(clean), clean[ANTENNAS.index(SHOWN_ANTENNAS)], measured, criterion)


def _others(found: Mapping[int, Lobes]) -> str:
    parts = [
        f"{count} elements " + (", ".join(f"{angle:+.0f}°" for angle in one.other) + f" up to {one.excess_db:.1f} dB")
        for count, one in found.items()
        if one.other
    ]
    return "; ".join(parts) or "none"


def _near(angle: float, wanted: Float[np.ndarray, " direction"]) -> bool:
    return bool(np.min(abs(wanted - angle)) <= _NEAR_DEG)


def _level(pattern: Float[np.ndarray, " angle"]) -> Float[np.ndarray, " angle"]:
    return np.maximum(normalised_beampattern_db(pattern), _FLOOR_DB)


def _mark_directions(axes: Any) -> None:
    for angles, face in ((USERS_DEG, "none"), (TARGETS_DEG, "black")):
        axes.plot(angles, [4.0] * len(angles), "v", markersize=6, markerfacecolor=face, markeredgecolor="black")
        for angle in angles:
            axes.axvline(angle, color="#999999", linestyle=":", linewidth=0.8)


__all__ = [
    "ANTENNAS",
    "SHOWN_ANTENNAS",
    "Lobes",
    "check_lobes",
    "check_sidelobes",
    "design",
    "draw_common_aperture",
    "lobes",
    "rate_design",
]
