"""Walker constellations: evenly spread circular orbits (Walker, "Satellite constellations", JBIS 37, 1984)."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Literal

from leoisac.geometry._annotations import Number
from leoisac.geometry.mean_motion import WGS72_EQUATORIAL_RADIUS_M, kozai_mean_motion_rad_s
from leoisac.geometry.orbits import ElementSet

DEFAULT_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_TURN = 2.0 * math.pi
_ALTITUDE_KM = (160.0, 60_000.0)


def walker_shell(
    total: int,
    planes: int,
    phasing: int,
    inclination_deg: Number,
    altitude_km: Number,
    *,
    pattern: Literal["delta", "star"] = "delta",
    epoch: datetime = DEFAULT_EPOCH,
    first_raan_deg: Number = 0.0,
    first_argument_deg: Number = 0.0,
    name: str = "walker",
) -> tuple[ElementSet, ...]:
    """Walker shell ``i: T/P/F`` as element sets, plane by plane.

    Satellite ``s`` of plane ``p`` (``S = T/P`` in each) has right ascension ``p W / P``, with ``W = 360 deg`` for a
    delta and ``180 deg`` for a star, and argument of latitude ``360 deg (s / S + F p / T)`` at the epoch. The orbits
    are circular (eccentricity 0) and without drag; SGP4 turns their planes as the Earth's oblateness does.

    Args:
        total: number of satellites ``T``.
        planes: number of planes ``P``; must divide ``total``.
        phasing: ``F``, 0 to ``P - 1``: satellites of the next plane are ahead by ``F`` times ``360 deg / T``.
        inclination_deg: 0 to 180.
        altitude_km: Brouwer mean semi-major axis less the equatorial radius of 6378.135 km (as in filings), 160 to
            60000. The radius stays within 12 km of it (J2), and the height above the ellipsoid by up to
            21 km more towards the poles.
        pattern: ``"delta"`` (planes all around) or ``"star"`` (over half a turn, such as polar shells).
        epoch: time-zone-aware.
        first_raan_deg: right ascension of plane 0.
        first_argument_deg: argument of latitude of its satellite 0 at the epoch.
        name: satellites are called ``name-plane-satellite``, counted from 0.

    Raises:
        ValueError: for counts that do not divide, and values outside their ranges.
    """
    _check(total, planes, phasing, inclination_deg, altitude_km, pattern)
    per_plane = total // planes
    spread = _TURN if pattern == "delta" else 0.5 * _TURN
    inclination = math.radians(inclination_deg)
    axis = WGS72_EQUATORIAL_RADIUS_M + 1000.0 * altitude_km
    mean_motion = kozai_mean_motion_rad_s(axis, 0.0, inclination)
    return tuple(
        ElementSet(
            name=f"{name}-{plane}-{satellite}",
            epoch=epoch,
            inclination_rad=inclination,
            raan_rad=(math.radians(first_raan_deg) + spread * plane / planes) % _TURN,
            eccentricity=0.0,
            argument_of_perigee_rad=0.0,
            mean_anomaly_rad=(
                math.radians(first_argument_deg) + _TURN * (satellite / per_plane + phasing * plane / total)
            )
            % _TURN,
            mean_motion_rad_s=mean_motion,
        )
        for plane in range(planes)
        for satellite in range(per_plane)
    )


def _check(total: int, planes: int, phasing: int, inclination_deg: Number, altitude_km: Number, pattern: str) -> None:
    if total < 1 or planes < 1 or total % planes:
        divisors = [count for count in range(1, total + 1) if total % count == 0]
        near = [
            *[count for count in divisors if count < planes][-1:],
            *[count for count in divisors if count > planes][:1],
        ]
        hint = f" Near and possible: {' or '.join(map(str, near))} planes." if near else ""
        raise ValueError(f"total is {total} and planes is {planes}; planes must divide total, both 1 or more.{hint}")
    if not 0 <= phasing < planes:
        raise ValueError(f"phasing is {phasing}; allowed are 0 to planes - 1 = {planes - 1}.")
    if not 0.0 <= inclination_deg <= 180.0:
        raise ValueError(f"inclination_deg is {inclination_deg}; allowed are 0 to 180.")
    if not _ALTITUDE_KM[0] <= altitude_km <= _ALTITUDE_KM[1]:
        raise ValueError(
            f"altitude_km is {altitude_km}; allowed are {_ALTITUDE_KM[0]:g} to {_ALTITUDE_KM[1]:g} km. "
            "Give the altitude in kilometres, not the orbit's radius or metres."
        )
    if pattern not in ("delta", "star"):
        raise ValueError(f"pattern is {pattern!r}; allowed are 'delta' and 'star'.")
