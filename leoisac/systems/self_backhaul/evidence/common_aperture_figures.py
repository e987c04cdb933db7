"""Figure 3: beampattern of one common array, with the claims about it. Closed problem, no drops: no study."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float
from scipy.signal import find_peaks

from leoisac.experiment.contracts import Verdict
from leoisac.experiment.reading.verdicts import closed_form
from leoisac.foundation.figure_notes import add_note
from leoisac.metrics.beampattern import normalised_beampattern_db
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.self_backhaul.evidence.quantities import QUANTITIES

if TYPE_CHECKING:
    from leoisac.systems.self_backhaul.evidence.common_aperture import CommonAperture

USERS_DEG = (-30.0, 30.0)
TARGETS_DEG = (-54.0, -18.0, 18.0, 54.0)
ANTENNAS = (7, 9, 16, 25)
SHOWN_ANTENNAS = 16
"""The fewest of ``ANTENNAS`` that tell users and targets apart; the paper's seven feeds merge 18 and 30 degrees."""

_ANGLES = np.linspace(-90.0, 90.0, 1801)
_LOBE_DB = -10.0
_NEAR_DEG = 3.0
_LEVEL = 1e-3
"""Relative spread of the gains in the wanted directions that counts as none."""
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


def lobes(aperture: CommonAperture, reading: str = "joint") -> Lobes:
    """The lobes of a design's pattern, sorted into wanted and other ones."""
    level = normalised_beampattern_db(aperture.pattern(_ANGLES, reading))
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
    """Normalised beampatterns over azimuth: above both readings at 16 elements, below the joint one at other sizes."""
    others = tuple(count for count in antennas if count != SHOWN_ANTENNAS)
    styles = series_styles(["joint", "sensing", *(str(count) for count in others)])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.25 * COLUMN_WIDTH_IN, 5.4), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, sharey=True)
        for reading, line, label in (
            ("joint", "-", "joint: beams and sensing waveform"),
            ("sensing", "--", "sensing waveform alone"),
        ):
            level = _level(design(SHOWN_ANTENNAS, reading).pattern(_ANGLES, reading))
            above.plot(_ANGLES, level, line, color=styles[reading].colour, label=label)
        above.set_title(f"{SHOWN_ANTENNAS} elements", loc="left")
        for count in others:
            style = styles[str(count)]
            level = _level(design(count).pattern(_ANGLES))
            below.plot(_ANGLES, level, style.line, color=style.colour, label=f"{count} elements")
        below.set_title("Joint reading", loc="left")
        for axes in (above, below):
            _mark_directions(axes)
            axes.set_ylim(_FLOOR_DB, 6.5)
            axes.set_ylabel(QUANTITIES["relative_beampattern"].label)
            axes.legend(ncols=3, loc="lower right", bbox_to_anchor=(1.0, 0.98), borderaxespad=0.0)
        below.set_xlim(-90, 90)
        below.set_xticks(range(-90, 91, 30))
        below.set_xlabel(QUANTITIES["azimuth"].label)
        add_note(
            figure,
            "▽ users, ▼ targets. Least-power designs of one common array, no drops. Nothing in the problem limits "
            "sidelobes, and they appear; published: suppressed.",
        )
    return figure


def check_lobes(data: Mapping[str, xr.Dataset]) -> Verdict:
    """Reproduced when seven elements, the paper's feeds, show a lobe at every wanted direction; partly when more do."""
    found = {count: lobes(design(count)) for count in ANTENNAS}
    alone = lobes(design(SHOWN_ANTENNAS, "sensing"), "sensing")
    level = max(one.gain_spread for one in found.values())
    count = len(TARGETS_DEG) + len(USERS_DEG)
    each = ", ".join(f"{one.wanted} of {count} at {elements} elements" for elements, one in found.items())
    measured = (
        f"own lobes at {each}; threshold met everywhere (gains equal to {level:.0e}); "
        f"sensing waveform alone: {alone.wanted} of {count} at {SHOWN_ANTENNAS}"
    )
    met = level < _LEVEL
    best = met and found[ANTENNAS[0]].wanted == count
    fair = met and any(one.wanted == count for one in found.values())
    criterion = (
        f"with {ANTENNAS[0]} elements a lobe within {_NEAR_DEG:g} degrees of each of the {count} directions, within "
        f"{-_LOBE_DB:g} dB of the maximum, and equal gains within {_LEVEL:.1%}; partly: with more elements"
    )
    return closed_form(best, fair, measured, criterion)


def check_sidelobes(data: Mapping[str, xr.Dataset]) -> Verdict:
    """Reproduced when no array has another lobe within 10 dB of the maximum; partly when some have none."""
    found = {count: lobes(design(count)) for count in ANTENNAS}
    parts = [
        f"{count} elements: " + (", ".join(f"{angle:+.0f}°" for angle in one.other) + f" up to {one.excess_db:.1f} dB")
        if one.other
        else f"{count} elements: none"
        for count, one in found.items()
    ]
    clean = [not one.other for one in found.values()]
    criterion = (
        f"no array has a lobe in another direction within {-_LOBE_DB:g} dB of the maximum; partly: that of "
        f"{SHOWN_ANTENNAS} elements has none"
    )
    measured = "other lobes within 10 dB: " + "; ".join(parts)
    return closed_form(all(clean), clean[ANTENNAS.index(SHOWN_ANTENNAS)], measured, criterion)


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
]
