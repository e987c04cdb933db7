"""Where the entries of stored maps lie: direction cosines, delays, Doppler shifts. The judge and figures share them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig

MOST_DOPPLERS = 65
"""Doppler columns of a stored delay-Doppler map at most."""


class DopplerColumns(NamedTuple):
    """Columns of a stored map: each holds the largest value of a group of neighbouring bins of the search.

    Attributes:
        bins: of a column, an odd number; those of the outer columns may lie beyond the search and are empty there.
        centres_hz: Doppler shift of the middle bin of every column, evenly spaced around zero.
        searched: bins of the search on either side of zero.
    """

    bins: int
    centres_hz: Float[np.ndarray, " doppler"]
    searched: int


def direction_cosines(points: int) -> Float[np.ndarray, " point"]:
    """Direction cosines along either side of beampatterns and spectra, from the horizon's -1 to 1."""
    return np.linspace(-1.0, 1.0, points)


def map_delays(max_delay: int) -> Float[np.ndarray, " delay"]:
    """Delays of a stored map, samples after the start of the receive window."""
    return np.arange(1.0, max_delay + 1.0)


def doppler_columns(num_samples: int, sample_time_s: float, max_doppler_hz: float) -> DopplerColumns:
    """The Doppler columns of a stored map: as few bins in each as leaves at most ``MOST_DOPPLERS`` of them."""
    from leoisac.estimation.delay_doppler import doppler_bins

    size, searched = doppler_bins(num_samples, max_doppler_hz, sample_time_s)
    bins = 1
    while 2 * _side(searched, bins) + 1 > MOST_DOPPLERS:
        bins += 2
    columns = np.arange(-_side(searched, bins), _side(searched, bins) + 1)
    return DopplerColumns(bins, columns * bins / (size * sample_time_s), searched)


def pooled(magnitude: Float[np.ndarray, "delay bin"], columns: DopplerColumns) -> Float[np.ndarray, "delay doppler"]:
    """The map of a search in the columns, by the largest value of each."""
    count = len(columns.centres_hz)
    beyond = (count * columns.bins - magnitude.shape[1]) // 2
    padded = np.pad(magnitude, ((0, 0), (beyond, beyond)))
    return padded.reshape(len(magnitude), count, columns.bins).max(axis=2)


def pattern_coordinate(config: BistaticRsmaConfig) -> list[float]:
    """Direction cosines of the stored maps of a configuration."""
    return direction_cosines(config.pattern_points).tolist()


def delay_coordinate(config: BistaticRsmaConfig) -> list[float]:
    """Delays of the stored delay-Doppler maps of a configuration, samples after the start of the window."""
    return map_delays(config.max_delay_samples).tolist()


def doppler_coordinate(config: BistaticRsmaConfig) -> list[float]:
    """Doppler shifts of the stored delay-Doppler maps of a configuration, Hz."""
    columns = doppler_columns(config.num_samples, 1.0 / config.bandwidth_hz, config.doppler_search_hz)
    return columns.centres_hz.tolist()


def _side(searched: int, bins: int) -> int:
    """Columns on either side of the middle one that hold ``searched`` bins."""
    return -(-max(searched - bins // 2, 0) // bins)
