"""Generate ``skyfield_reference.json``: the chain TEME -> Earth-fixed -> topocentric as Skyfield computes it.

    python make_skyfield_reference.py        (needs ``pip install skyfield``; only for making the numbers anew)

Skyfield goes from TEME to the celestial frame and back to the site through precession, nutation and apparent sidereal
time; our chain is one rotation by mean sidereal time. Skyfield's own UT1 - UTC is stored with the numbers.
"""

from __future__ import annotations

import json
from pathlib import Path

from skyfield.api import EarthSatellite, load, wgs84
from skyfield.framelib import itrs

TLE_LINES = {
    "STARLINK-1008": (
        "1 44714U 19074B   25280.37724496  .00005163  00000+0  36508-3 0  9999",
        "2 44714  53.0493 154.8642 0001368  87.3282 272.7864 15.06415906325647",
    ),
    "VANGUARD 1": (
        "1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753",
        "2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667",
    ),
    # Made up for the purpose: an orbit of half a day and e = 0.7, and one of a day above the equator.
    "HEO": (
        "1 90001U 25001A   25280.50000000  .00000000  00000+0  00000+0 0  9998",
        "2 90001  63.4000 120.0000 7000000 270.0000  10.0000  2.00613000    18",
    ),
    "GEO": (
        "1 90002U 25002A   25280.50000000  .00000000  00000+0  00000+0 0  9990",
        "2 90002   0.0500  90.0000 0002000  45.0000 240.0000  1.00271000    16",
    ),
}
SITES = {"Toulouse": (43.6047, 1.4442, 150.0), "Quito": (-0.1807, -78.4678, 2850.0), "Alert": (82.5018, -62.3481, 30.0)}
MINUTES = (-700.0, -3.25, 0.0, 41.5, 95.0, 1400.0)


def main() -> None:
    """Compute the cases and write them beside this file."""
    timescale = load.timescale(builtin=True)
    cases = []
    for name, (first, second) in TLE_LINES.items():
        satellite = EarthSatellite(first, second, name, timescale)
        for minutes in MINUTES:
            time = satellite.epoch + minutes / 1440.0
            # Whole seconds, so that the stored text is the instant itself.
            utc = time.utc_strftime("%Y-%m-%dT%H:%M:%S")
            time = timescale.from_datetime(_aware(utc))
            position, velocity = satellite.at(time).frame_xyz_and_velocity(itrs)
            case = {
                "satellite": name,
                "utc": utc,
                "ut1_minus_utc_s": float(time.dut1),
                "position_ecef_m": position.m.tolist(),
                "velocity_ecef_m_s": (velocity.km_per_s * 1000.0).tolist(),
                "sites": {},
            }
            for label, (latitude_deg, longitude_deg, height_m) in SITES.items():
                site = wgs84.latlon(latitude_deg, longitude_deg, elevation_m=height_m)
                elevation, azimuth, distance, _, _, rate = (satellite - site).at(time).frame_latlon_and_rates(site)
                case["sites"][label] = {
                    "azimuth_rad": azimuth.radians,
                    "elevation_rad": elevation.radians,
                    "range_m": distance.m,
                    "range_rate_m_s": rate.m_per_s,
                }
            cases.append(case)
    content = {"tle": TLE_LINES, "sites": SITES, "cases": cases}
    Path(__file__).with_name("skyfield_reference.json").write_text(json.dumps(content, indent=1) + "\n")


def _aware(utc: str):
    from datetime import UTC, datetime

    return datetime.fromisoformat(utc).replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
