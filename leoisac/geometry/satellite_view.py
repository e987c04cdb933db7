"""A satellite seen from a site at given instants: everything that a link budget or an array asks of geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from leoisac.geometry._annotations import Instants, Numbers
from leoisac.geometry.look_angles import doppler_shift_hz, look_angles
from leoisac.geometry.orbits import ElementSet, OrbitStates, propagate_many
from leoisac.geometry.sites import Site, ecef_to_enu, ecef_to_enu_vector, ecef_to_geodetic


@dataclass(frozen=True, eq=False)
class SatelliteView:
    """Satellites relative to a site; ``batch`` is the shape of the times, after a ``satellite`` axis if several.

    Attributes:
        times: UTC, ``datetime64[ns]``.
        position_enu_m: east, north, up relative to the site.
        velocity_enu_m_s: relative to the site, in its frame.
        range_m: slant range.
        range_rate_m_s: its derivative; negative while approaching.
        azimuth_rad: clockwise from north, [0, 2 pi).
        elevation_rad: geometric (no refraction).
        off_nadir_rad: at the satellite, from the Earth's centre to the site.
        altitude_m: of the satellite above the WGS84 ellipsoid.
        sub_satellite_latitude_rad: geodetic latitude of the point below the satellite.
        sub_satellite_longitude_rad: longitude of that point, [-pi, pi].
        position_ecef_m: of the satellite, Earth-fixed.
        velocity_ecef_m_s: of the satellite, relative to the rotating Earth.
        error_code: SGP4's code; the numbers are NaN where it is not 0 (only from ``view_many``).
        warnings: what a reader of the results should know.
    """

    times: np.ndarray
    position_enu_m: Float[np.ndarray, "*batch 3"]
    velocity_enu_m_s: Float[np.ndarray, "*batch 3"]
    range_m: Float[np.ndarray, "*batch"]
    range_rate_m_s: Float[np.ndarray, "*batch"]
    azimuth_rad: Float[np.ndarray, "*batch"]
    elevation_rad: Float[np.ndarray, "*batch"]
    off_nadir_rad: Float[np.ndarray, "*batch"]
    altitude_m: Float[np.ndarray, "*batch"]
    sub_satellite_latitude_rad: Float[np.ndarray, "*batch"]
    sub_satellite_longitude_rad: Float[np.ndarray, "*batch"]
    position_ecef_m: Float[np.ndarray, "*batch 3"]
    velocity_ecef_m_s: Float[np.ndarray, "*batch 3"]
    error_code: UInt8[np.ndarray, "*batch"]
    warnings: tuple[str, ...]

    def doppler_shift_hz(self, carrier_hz: Numbers) -> Float[np.ndarray, "..."]:
        """One-way Doppler shift at the site; positive while approaching."""
        return doppler_shift_hz(self.range_rate_m_s, carrier_hz)


def view(elements: ElementSet, site: Site, times: Instants) -> SatelliteView:
    """One satellite from a site at one instant or an array of them.

    Raises:
        OrbitError: where SGP4 fails at any of the times.
    """
    return view_states(elements.propagate(times), site)


def view_many(elements: Sequence[ElementSet], site: Site, times: Instants) -> SatelliteView:
    """Many satellites from a site at the same times; arrays have a leading ``satellite`` axis.

    Satellites that SGP4 cannot propagate are NaN with a non-zero ``error_code``, and a warning names them.
    """
    return view_states(propagate_many(elements, times), site)


def view_states(states: OrbitStates, site: Site) -> SatelliteView:
    """The view from a site of states already propagated: several sites can share one propagation."""
    position, velocity = states.position_ecef_m, states.velocity_ecef_m_s
    angles = look_angles(site, position, velocity)
    latitude, longitude, altitude = ecef_to_geodetic(position)
    return SatelliteView(
        times=states.times,
        position_enu_m=ecef_to_enu(site, position),
        velocity_enu_m_s=ecef_to_enu_vector(site, velocity),
        range_m=angles.range_m,
        range_rate_m_s=angles.range_rate_m_s,
        azimuth_rad=angles.azimuth_rad,
        elevation_rad=angles.elevation_rad,
        off_nadir_rad=angles.off_nadir_rad,
        altitude_m=altitude,
        sub_satellite_latitude_rad=latitude,
        sub_satellite_longitude_rad=longitude,
        position_ecef_m=position,
        velocity_ecef_m_s=velocity,
        error_code=states.error_code,
        warnings=states.warnings,
    )
