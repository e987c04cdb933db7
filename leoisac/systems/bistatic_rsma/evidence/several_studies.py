"""Studies of several targets, of several receivers, and of a receiver on the satellite."""

from __future__ import annotations

import numpy as np

from leoisac.experiment.contracts import Study
from leoisac.geometry.bistatic import bistatic_geometry, ellipsoid_range
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig

SEPARATIONS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
"""Of the second target from the first, resolution cells: 2 / rows of direction, or one sample of delay."""
_RECEIVER = {
    "receiver_array": [8, 8],
    "num_samples": 256,
    "max_delay_samples": 80,
    "rcs_m2": 25.6e3,
    "max_doppler_hz": 0.0,
    "num_targets": 2,
    "transmit_power_dbw": 28.0,
    "crb_threshold_rad2": 1.5e-6 * 16.0,
}
"""Targets so large that a small receiver sees as much; no Doppler shift tells them apart."""
_SMALL = {"num_users": 2, "satellite_array": (3, 3)}
_SMALL_RADAR = {**_SMALL, "receiver_array": [12, 12], "num_samples": 512, "max_delay_samples": 160, "rcs_m2": 160e3}
"""One size for all that simulate: its programs are compiled once."""


def separated_km(kind: str, cells: float) -> list[float]:
    """A place that differs from the default target's in azimuth of arrival, or in delay, by so many cells."""
    config = BistaticRsmaConfig().replace(**_RECEIVER)
    satellite, target = (1e3 * np.array(place) for place in (config.satellite_position_km, config.target_position_km))
    triangle = bistatic_geometry(satellite, target, np.zeros(3))
    direction = target / np.linalg.norm(target)
    path = float(triangle.range_tx + triangle.range_rx)
    if kind == "delay":
        path += cells * config.speed_of_light_m_s / config.bandwidth_hz
    else:
        turn = 2.0 * np.arcsin(cells / config.receiver_array[0] / np.hypot(*direction[:2]))
        cosine, sine = np.cos(turn), np.sin(turn)
        direction = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]]) @ direction
    los = float(triangle.range_los)
    distance = float(ellipsoid_range(path, los, float(direction @ satellite) / los))
    return [round(float(value), 6) for value in 1e-3 * distance * direction]


_PLACES = [[separated_km(kind, cells)] for kind in ("angle", "delay") for cells in SEPARATIONS]

STUDIES = (
    Study(
        "resolution",
        schemes=("sdma-radar-sic:echo",),
        overrides=_RECEIVER,
        sweep={"further_targets_km": _PLACES},
        trials=100,
        quick={"trials": 16},
        tiny={"overrides": _SMALL_RADAR, "sweep": {"further_targets_km": _PLACES[:: len(SEPARATIONS)]}},
    ),
    Study(
        "monostatic",
        schemes=("rsma-noradar", "sdma-radar-sic"),
        overrides={"transmit_power_dbw": 30.0},
        sweep={
            "sensing": ["bistatic", "monostatic"],
            "crb_threshold_rad2": [6e-8, 6.2e-8, 8e-8, 3e-7, 1e-6, 1e-5, 1e-4, 5e-4, 7e-4, 1e-3, 3e-3, 1e-2, 1e-1],
        },
        trials=100,
        quick={"trials": 16},
        tiny={
            "overrides": _SMALL,
            "sweep": {"sensing": ["bistatic", "monostatic"], "crb_threshold_rad2": [1e-6, 1e-1]},
        },
    ),
    Study(
        "receivers",
        schemes=("sdma-radar-sic:echo",),
        overrides={"transmit_power_dbw": 20.0},
        sweep={"num_receivers": [2, 3, 4, 6]},
        trials=40,
        quick={"trials": 6},
        tiny={
            "overrides": {**_SMALL_RADAR, "transmit_power_dbw": 30.0, "crb_threshold_rad2": 2e-5},
            "sweep": {"num_receivers": [2, 3]},
        },
    ),
)
