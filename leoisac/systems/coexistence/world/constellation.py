"""Where the other satellites of a constellation are, as the cells see them. NumPy only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from leoisac.foundation.config import ConfigError
from leoisac.geometry.scenario_view import scenario_view
from leoisac.systems.coexistence.config import CoexistenceConfig

_DAY_S = 86_164.0
"""Instants are drawn within a turn of the Earth."""
_FULL = 8
"""Along a pass places are filled up to a multiple of it, so that instants share their programs."""
_GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)


def satellites_in_sight(config: CoexistenceConfig) -> Float[np.ndarray, "instant satellite 5"] | None:
    """Elevation, azimuth (x is east, y north), range, 1 for a satellite and 0 for a place that is left, its number.

    One instant with a ``[satellite]`` part; otherwise ``snapshots`` of them, spread over a day by the golden ratio.
    ``None`` without other satellites.

    Raises:
        ConfigError: for elements that cannot be used.
    """
    part = config.other_satellites
    if part is None:
        return None
    # Here, because tables of links that have no other satellites need no constellation.
    from leoisac.geometry.coverage import constellation
    from leoisac.geometry.instants import as_instant
    from leoisac.geometry.satellite_view import view_many
    from leoisac.geometry.sites import Site

    satellites = constellation(part.as_coverage())
    if config.satellite is None:
        site = Site.from_degrees(part.latitude_deg, 0.0)
        begin = as_instant(max(one.epoch for one in satellites))
        seconds = _DAY_S * ((_GOLDEN * np.arange(part.snapshots)) % 1.0)
        times = begin + np.round(1e9 * seconds).astype("timedelta64[ns]")
    else:
        seen = scenario_view(config.satellite)
        site, times = seen.site, np.atleast_1d(np.asarray(seen.view.times))
    least = math.radians(part.min_elevation_deg)
    rows = list[np.ndarray]()
    for time in times:
        # One instant at a time: thousands of satellites at all of them need much memory.
        found = view_many(satellites, site, time)
        above = np.flatnonzero(found.elevation_rad >= least)
        azimuth = 0.5 * math.pi - found.azimuth_rad[above]
        values = [found.elevation_rad[above], azimuth, found.range_m[above], np.ones(len(above)), above]
        rows.append(np.stack(values, axis=-1))
    most = max(len(row) for row in rows)
    if not most and config.time is None:
        raise ConfigError(
            f"other_satellites: none of the {len(satellites)} satellites is ever above min_elevation_deg = "
            f"{part.min_elevation_deg:g}; take a lower one, or leave the part out."
        )
    if config.time is not None:
        most = max(most + -most % _FULL, _FULL)  # at some instants of a pass there may be nobody
    return np.stack([_padded(row, most) for row in rows])


def _padded(row: Float[np.ndarray, "satellite 5"], count: int) -> Any:
    """Places that are left are far away at the zenith."""
    empty = np.tile([0.5 * math.pi, 0.0, 1e9, 0.0, 0.0], (count - len(row), 1))
    return np.concatenate([row, empty])


__all__ = ["satellites_in_sight"]
