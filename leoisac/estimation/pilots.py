"""Channel estimation from a pilot on the delay-Doppler grid: embedded among data, or alone in a frame.

One impulse per antenna; a path of integer delay and Doppler moves it to a cell of its own, whose value is the path's
gain times the impulse and the phase of ``waveforms.delay_doppler_channel.path_operators``. Cells around the impulses
are left empty as far as paths can carry data into those that are read: ``2 l_max + 1`` by ``4 k_max + 1`` cells for one
antenna, ``(n_tx + 1)(l_max + 1) - 1`` delays for several, whose impulses are ``l_max + 1`` apart. A frame too small for
that carries pilots alone, one antenna at a time.

Source: P. Raviteja, K. T. Phan, Y. Hong, "Embedded Pilot-Aided Channel Estimation for OTFS in Delay-Doppler Channels",
IEEE Trans. Veh. Technol. 68(5), 2019, section III; LMMSE: S. M. Kay, Estimation Theory, 1993, section 10.6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.namespace import RealLike, array_namespace
from leoisac.waveforms.delay_doppler_channel import path_operators

THRESHOLD = 3.0
"""Cells count as a path above so many standard deviations of the noise."""


@dataclass(frozen=True)
class PilotLayout:
    """Where pilots and empty cells are.

    Attributes:
        n_delay, n_doppler: grid ``M``, ``N``.
        n_tx: antennas that send pilots in one frame.
        max_delay, max_doppler: largest delay and modulus of the Doppler shift of a path, samples and bins (rounded up).
        is_whole: whether paths have whole Doppler bins; else they spread over all of them, and all stay empty.
    """

    n_delay: int
    n_doppler: int
    n_tx: int
    max_delay: int
    max_doppler: int
    is_whole: bool = True

    @property
    def zone(self) -> tuple[int, int]:
        """Delays and Doppler bins that carry no data, the pilots' own among them."""
        doppler_bins = 4 * self.max_doppler + 1 if self.is_whole else self.n_doppler
        return (self.n_tx + 1) * (self.max_delay + 1) - 1, doppler_bins

    @property
    def fits(self) -> bool:
        """Whether the zone fits the frame."""
        return self.zone[0] <= self.n_delay and self.zone[1] <= self.n_doppler

    @property
    def overhead(self) -> float:
        """Share of the cells of a frame that carry no data: 1 where pilots need frames of their own."""
        return self.zone[0] * self.zone[1] / (self.n_delay * self.n_doppler) if self.fits else 1.0

    @property
    def frames(self) -> int:
        """Frames that all antennas need: one, or one each where pilots stand alone."""
        return 1 if self.fits else self.n_tx

    @property
    def places(self) -> list[tuple[int, int]]:
        """Delay and Doppler index of every antenna's pilot; all in the corner where they stand alone."""
        if not self.fits:
            return [(0, 0)] * self.n_tx
        doppler = 2 * self.max_doppler if self.is_whole else 0
        return [(self.max_delay + antenna * (self.max_delay + 1), doppler) for antenna in range(self.n_tx)]

    def data_cells(self) -> np.ndarray:
        """Cells of a frame that carry data, as indices into delay-Doppler vectors ``x[k M + l]``."""
        if not self.fits:
            return np.zeros(0, dtype=int)
        delay, doppler = np.meshgrid(np.arange(self.n_delay), np.arange(self.n_doppler))
        is_empty = (delay < self.zone[0]) & (doppler < self.zone[1])
        return np.flatnonzero(~is_empty.reshape(-1))


def pilot_layout(
    n_delay: int, n_doppler: int, n_tx: int, delays: Sequence[int], dopplers: Sequence[float | int]
) -> PilotLayout:
    """The layout for paths of whole delays.

    Raises:
        ValueError: if a path leaves the frame: what it brings could be another's then.
    """
    is_whole = all(float(doppler).is_integer() for doppler in dopplers)
    widest = math.ceil(max(abs(doppler) for doppler in dopplers))
    if max(delays) >= n_delay or 2 * widest >= n_doppler:
        raise ValueError(
            f"delays={tuple(delays)}, dopplers={tuple(dopplers)}: paths must be told apart in a frame of {n_delay} x "
            f"{n_doppler} cells: delays below {n_delay}, Doppler shifts below {n_doppler / 2:g}."
        )
    return PilotLayout(n_delay, n_doppler, n_tx, int(max(delays)), widest, is_whole)


def pilot_vectors(layout: PilotLayout, amplitude: RealLike) -> Complex[Any, "tx cell"]:
    """Every antenna's pilot as a delay-Doppler vector ``x[k M + l]``."""
    xp = array_namespace(amplitude)
    frames = np.zeros((layout.n_tx, layout.n_delay * layout.n_doppler))
    for antenna, (delay, doppler) in enumerate(layout.places):
        frames[antenna, doppler * layout.n_delay + delay] = 1.0
    return xp.asarray(amplitude) * (frames + 0.0j)


class Reading(NamedTuple):
    """What the cells say in which an antenna's pilot may arrive.

    Attributes:
        cells: index into the received vector by antenna, delay and Doppler shift, ``(tx, delay, doppler)``; Doppler
            shifts run from ``-max_doppler`` to ``max_doppler``.
        phases: of a path of unit gain there.
    """

    cells: np.ndarray
    phases: np.ndarray


def pilot_reading(layout: PilotLayout) -> Reading:
    """Cells and phases of all delays and Doppler shifts that the layout is made for."""
    shape = (layout.n_tx, layout.max_delay + 1, 2 * layout.max_doppler + 1)
    cells, phases = np.zeros(shape, dtype=int), np.zeros(shape, dtype=complex)
    for delay in range(shape[1]):
        dopplers = range(-layout.max_doppler, layout.max_doppler + 1)
        operators = path_operators([delay] * shape[2], list(dopplers), layout.n_delay, layout.n_doppler)
        for antenna, (l_0, k_0) in enumerate(layout.places):
            for index, doppler in enumerate(dopplers):
                l, k = (l_0 + delay) % layout.n_delay, (k_0 + doppler) % layout.n_doppler
                cell = k * layout.n_delay + l
                cells[antenna, delay, index] = cell
                phases[antenna, delay, index] = operators.weights[index, cell]
    return Reading(cells, phases)


def read_gains(
    layout: PilotLayout, received: Complex[Any, "*batch tx cell"], amplitude: RealLike
) -> Complex[Any, "*batch tx delay doppler"]:
    """Least-squares gains of paths at every delay and (whole) Doppler shift of the layout.

    Args:
        layout: of the pilots.
        received: by antenna: the same frame for all where the layout fits, the frames of their own otherwise.
        amplitude: of the pilots.
    """
    reading = pilot_reading(layout)
    antenna = np.arange(layout.n_tx)[:, None, None]
    return received[..., antenna, reading.cells] / (amplitude * reading.phases)


def detected_paths(gains: Complex[Any, "*batch delay doppler"], variance: RealLike) -> Any:
    """Which delays and Doppler shifts hold a path: above ``THRESHOLD`` standard deviations of the noise.

    Args:
        gains: of ``read_gains``.
        variance: of their noise, ``sigma_n^2 / |x_p|^2``.
    """
    xp = array_namespace(gains, variance)
    return xp.abs(gains) > THRESHOLD * xp.sqrt(xp.asarray(variance))


def shrunk(gains: Complex[Any, "..."], variance: RealLike, prior: RealLike) -> Any:
    """LMMSE estimates of gains of mean 0 and power ``prior``: ``h prior / (prior + variance)`` of least-squares h."""
    return gains * (prior / (prior + variance))


def gain_error(variance: RealLike, prior: RealLike, estimator: str) -> Float[Any, "..."]:
    """Mean square error of a gain: the noise's variance (``least-squares``), or ``v p / (p + v)`` (``lmmse``).

    Raises:
        ValueError: for another estimator.
    """
    if estimator not in ("least-squares", "lmmse"):
        raise ValueError(f'estimator="{estimator}": must be "least-squares" or "lmmse".')
    xp = array_namespace(variance, prior)
    return xp.asarray(variance if estimator == "least-squares" else variance * prior / (prior + variance))


__all__ = [
    "PilotLayout",
    "Reading",
    "detected_paths",
    "gain_error",
    "pilot_layout",
    "pilot_reading",
    "pilot_vectors",
    "read_gains",
    "shrunk",
]
