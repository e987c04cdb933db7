"""The Monte-Carlo studies behind figures and claims (quick: fewer trials; an echo costs half a second)."""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.experiment.contracts import Study
from leoisac.experiment.reading.one_at_a_time import one_at_a_time
from leoisac.link.studies import TINY_LINK, margin_study
from leoisac.systems.bistatic_rsma import SCHEMES, SYSTEM
from leoisac.systems.bistatic_rsma.config import ESTIMATORS, BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.evidence.several_studies import STUDIES as SEVERAL_STUDIES
from leoisac.systems.bistatic_rsma.world.link import link_budget

_ORDER = tuple(scheme.name for scheme in SCHEMES)
_RADAR_POWER_DBW = 23.0
_CASE_A_KM = ((55.0, -20.0), (5.0, -25.0), (40.0, -65.0), (25.0, 5.0))
"""Users of the beampattern figure: one drop, which the paper does not state."""
_SMALL = dict(SYSTEM.small)
_SMALL_RADAR = {
    **{name: value for name, value in _SMALL.items() if name != "crb_threshold_rad2"},
    "receiver_array": [16, 16],
    "num_samples": 1024,
    "max_delay_samples": 96,
    "rcs_m2": 160e3,
}
"""Small cases with a quarter of the receiver and of the samples, and with so large a target that the floor on the
target gain is that of small cases at the thresholds of the studies: quick echoes of tests."""
_FEW_POINTS = 21
"""Of every pattern that tests store: one shape."""
_CODED = ("rsma-noradar:coded", "sdma-radar-sic:coded", "sdma-noradar:coded")
_TINY_LINK = {
    "overrides": {**_SMALL, **TINY_LINK},
    "schemes": ("rsma-radar-nosic:coded", "sdma-noradar:coded"),
}
_SMALL_THRESHOLD = {name: value for name, value in _SMALL.items() if name != "crb_threshold_rad2"}
_PUBLISHED_RECEIVER = {"estimator": "music", "whole_sample_delay": True}
"""The paper's receiver and its echoes, delayed by whole samples."""
_ECHO = ("rsma-noradar:echo", "sdma-radar-sic:echo")

_FLOOR = 0.8
_EIGENVALUES = (0.2, 0.3, 0.4, 0.5, 0.65, 1.0, 2.0, 4.85)
"""Signal over noise eigenvalue of the points of the error study; MUSIC's threshold is 0.485."""


def _radar_point(eigenvalue: float) -> tuple[float, float]:
    """Threshold and power at which the default link has this eigenvalue, its floor ``_FLOOR`` of the largest gain.

    The eigenvalue is 0.40775 and the least power 18.722 dBW at 8e-7 rad^2; both go with the target gain.
    """
    gain = eigenvalue / 0.40775
    return float(f"{8e-7 / gain:.4g}"), round(18.722 + 10.0 * float(np.log10(gain / _FLOOR)), 3)


_THRESHOLD = {
    "receiver_array": [8, 8],
    "num_samples": 256,
    "max_delay_samples": 64,
    "search_beams": 64,
    "rcs_m2": 25.6e3,
}
"""A receiver so small that maximum likelihood can search everything, and a target so large that it sees as much."""
_ENERGIES_DB = (8.0, 10.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0, 20.0, 22.0, 24.0, 28.0)
"""Energy of the echo over noise, array and block together."""


def _energy_point(energy_db: float, **changes: Any) -> tuple[float, float]:
    """Threshold and power at which the echo of the threshold study has this energy, its floor ``_FLOOR``."""
    config = BistaticRsmaConfig().replace(**{**_THRESHOLD, **changes})
    link = link_budget(config)
    gain = 10.0 ** (0.1 * energy_db) / (config.num_rx * config.num_samples * link.alpha_squared / link.noise_power)
    threshold = max(link.kappa_azimuth, link.kappa_zenith) / gain
    power_dbw = 10.0 * float(np.log10(gain / (config.num_tx * _FLOOR)))
    return float(f"{threshold:.6g}"), round(power_dbw, 4)


TRACK_GAP_S = 2.0
_TRACK_VELOCITY_KM_S, _TRACK_TARGET_M_S = (7.3, 0.0, 0.0), (-60.0, 80.0, 0.0)
_TRACK_FIXES = 12


def _track_instants() -> list[list[list[float]]]:
    """Where satellite and target are at every instant of the track: straight lines at constant speed."""
    instants = TRACK_GAP_S * np.arange(_TRACK_FIXES)
    satellite = np.array([-40.0, -30.0, 340.0]) + instants[:, None] * np.array(_TRACK_VELOCITY_KM_S)
    target = np.array([3.0, 3.0, 5.0]) + 1e-3 * instants[:, None] * np.array(_TRACK_TARGET_M_S)
    pairs = zip(satellite.round(6).tolist(), target.round(6).tolist(), strict=True)
    return [[place, other] for place, other in pairs]


CHANGES = (
    {},
    {"user_distribution": "uniform-area"},
    {"coverage_centre": "receiver"},
    {"rcs_model": "sin-half-beta"},
    {"target_amplitude": "unknown"},
    {"crb_threshold_rad2": 7e-7},
    {"crb_threshold_rad2": 1e-6},
    {"max_delay_samples": 128},
    {"max_delay_samples": 512},
    {"doppler_search_hz": 30e3},
    {"doppler_search_hz": 80e3},
)
"""The declared values of the sensitivity study, changed one at a time; the first point is the default one.

The printed law of the cross-section is out of reach at 20 dBW.
"""
CHANGED = tuple(dict.fromkeys(field for change in CHANGES for field in change))


_BASE = BistaticRsmaConfig()
_SENSITIVITY = one_at_a_time(
    {field: getattr(_BASE, field) for field in CHANGED}, [move for change in CHANGES for move in change.items()]
)
_FIRST_ROWS = {axis: rows[:3] for axis, rows in _SENSITIVITY.items()}

STUDIES = (
    Study(
        "power",
        schemes=_ORDER,
        sweep={"transmit_power_dbw": [20.0, 22.5, 25.0, 27.5, 30.0]},
        trials=100,
        quick={"trials": 32},
        tiny={"overrides": _SMALL, "sweep": {"transmit_power_dbw": [20.0, 30.0]}},
    ),
    Study(
        "drop-model",
        schemes=("rsma-noradar", "sdma-radar-sic", "sdma-noradar"),
        sweep={
            "user_distribution+coverage_centre": [
                ["uniform-radius", "sub-satellite"],
                ["uniform-area", "sub-satellite"],
                ["uniform-area", "receiver"],
            ],
            "transmit_power_dbw": [20.0, 30.0],
        },
        trials=100,
        quick={"trials": 32},
        tiny={"overrides": _SMALL},
    ),
    Study(
        "beampattern",
        schemes=("rsma-radar-sic", "sdma-radar-sic"),
        overrides={"user_positions_km": [list(place) for place in _CASE_A_KM], "pattern_points": 201},
        sweep={"transmit_power_dbw": [20.0, 30.0]},
        trials=1,
        quick={"trials": 1},
        tiny={
            "trials": 1,
            "overrides": {
                **_SMALL,
                "user_positions_km": [list(place) for place in _CASE_A_KM[: _SMALL["num_users"]]],
                "pattern_points": _FEW_POINTS,
            },
        },
    ),
    Study(
        "arrival",
        schemes=_ECHO,
        overrides={**_PUBLISHED_RECEIVER, "transmit_power_dbw": _RADAR_POWER_DBW},
        sweep={"crb_threshold_rad2": [1.2e-6, 8e-7, 6e-7, 4e-7]},
        trials=60,
        quick={"trials": 8},
        tiny={"overrides": _SMALL_RADAR, "sweep": {"crb_threshold_rad2": [8e-7, 4e-7]}},
    ),
    Study(
        "spectra",
        schemes=_ECHO,
        overrides={**_PUBLISHED_RECEIVER, "transmit_power_dbw": _RADAR_POWER_DBW, "pattern_points": 141},
        sweep={"crb_threshold_rad2": [8e-7, 4e-7]},
        trials=2,
        quick={"trials": 1},
        tiny={"trials": 1, "overrides": {**_SMALL_RADAR, "pattern_points": _FEW_POINTS}},
    ),
    Study(
        "wrong-arrival",
        schemes=("rsma-noradar:echo",),
        overrides={
            **_PUBLISHED_RECEIVER,
            "transmit_power_dbw": _RADAR_POWER_DBW,
            "crb_threshold_rad2": 4e-7,
            "aoa_offset_deg": [34.0, 11.0],
            "pattern_points": _FEW_POINTS,
        },
        trials=48,
        quick={"trials": 8},
        tiny={"overrides": _SMALL_RADAR},
    ),
    Study(
        "estimation",
        schemes=("sdma-radar-sic:echo",),
        overrides=_PUBLISHED_RECEIVER,
        sweep={"crb_threshold_rad2+transmit_power_dbw": [list(_radar_point(value)) for value in _EIGENVALUES]},
        trials=60,
        quick={"trials": 8},
        tiny={
            "overrides": _SMALL_RADAR,
            "sweep": {"crb_threshold_rad2+transmit_power_dbw": [list(_radar_point(value)) for value in (0.3, 2.0)]},
        },
    ),
    margin_study(_CODED, _TINY_LINK),
    Study(
        "coded-rates",
        schemes=_CODED,
        sweep={"link_adaptation": ["fade", "mean"], "transmit_power_dbw": [20.0, 22.5, 25.0, 27.5, 30.0]},
        trials=100,
        headline="sum_goodput",
        quick={"trials": 16, "sweep": {"link_adaptation": ["fade", "mean"], "transmit_power_dbw": [20.0, 25.0, 30.0]}},
        tiny={**_TINY_LINK, "sweep": {"link_adaptation": ["fade", "mean"], "transmit_power_dbw": [20.0]}},
    ),
    Study(
        "coded-csi",
        schemes=_CODED,
        overrides={"transmit_power_dbw": 25.0},
        sweep={"csi_error_db": [-40.0, -30.0, -25.0, -20.0, -15.0, -10.0, -5.0]},
        trials=100,
        headline="sum_goodput",
        quick={"trials": 16, "sweep": {"csi_error_db": [-40.0, -20.0, -10.0]}},
        tiny={**_TINY_LINK, "sweep": {"csi_error_db": [-30.0, -10.0]}},
    ),
    Study(
        "threshold",
        schemes=("sdma-radar-sic:echo",),
        overrides=_THRESHOLD,
        sweep={
            "estimator": list(ESTIMATORS),
            "crb_threshold_rad2+transmit_power_dbw": [list(_energy_point(energy)) for energy in _ENERGIES_DB],
        },
        trials=400,
        quick={"trials": 40},
        tiny={
            "overrides": _SMALL_THRESHOLD,
            "sweep": {
                "estimator": list(ESTIMATORS),
                "crb_threshold_rad2+transmit_power_dbw": [
                    list(_energy_point(energy, **_SMALL_THRESHOLD)) for energy in (12.0, 24.0)
                ],
            },
        },
    ),
    Study(
        "prediction",
        schemes=("rsma-noradar",),
        overrides={"transmit_power_dbw": 22.0},
        sweep={"robustness": ["none", "ellipsoid"], "position_std_m": [100.0, 200.0, 400.0, 700.0]},
        trials=200,
        quick={"trials": 32},
        tiny={"overrides": _SMALL, "sweep": {"robustness": ["none", "ellipsoid"], "position_std_m": [100.0, 400.0]}},
    ),
    Study(
        "reported-users",
        schemes=("rsma-noradar", "sdma-radar-sic"),
        sweep={
            "user_robustness": ["none", "statistical"],
            "user_position_std_m": [1e3, 2e3, 5e3, 1e4],
        },
        trials=100,
        quick={"trials": 32},
        tiny={
            "overrides": _SMALL,
            "sweep": {"user_robustness": ["none", "statistical"], "user_position_std_m": [1e3, 1e4]},
        },
    ),
    Study(
        "track",
        schemes=("sdma-radar-sic:echo",),
        overrides={
            "transmit_power_dbw": _RADAR_POWER_DBW,
            "doppler_model": "motion",
            "satellite_velocity_km_s": list(_TRACK_VELOCITY_KM_S),
            "target_velocity_m_s": list(_TRACK_TARGET_M_S),
        },
        sweep={"satellite_position_km+target_position_km": _track_instants()},
        trials=24,
        quick={"trials": 4},
        tiny={
            "overrides": {**_SMALL_RADAR, "estimator": "beamscan"},
            "sweep": {"satellite_position_km+target_position_km": _track_instants()[:3]},
        },
    ),
    Study(
        "direct-path",
        schemes=("sdma-radar-sic:echo",),
        overrides={"direct_path": True, "transmit_power_dbw": _RADAR_POWER_DBW},
        sweep={
            "estimator": list(ESTIMATORS),
            "direct_suppression_db": [0.0, 20.0, 40.0, 50.0, 55.0, 60.0, 65.0, 70.0, 75.0, 80.0, 100.0],
        },
        trials=24,
        quick={"trials": 4},
        tiny={
            "overrides": _SMALL_RADAR,
            "sweep": {"estimator": ["beamscan", "music"], "direct_suppression_db": [0.0, 100.0]},
        },
    ),
    Study(
        "cancellation",
        schemes=("sdma-radar-sic:echo",),
        overrides={"direct_path": True, "transmit_power_dbw": _RADAR_POWER_DBW, "calibration_error_deg": 1.0},
        sweep={
            "cancellation": [["eca"], ["projection"], ["null-beams"], ["eca", "null-beams"]],
            "reference_snr_db": [10.0, 30.0, 50.0, 70.0, 90.0],
        },
        trials=8,
        quick={"trials": 2},
        tiny={
            "overrides": _SMALL_RADAR,
            "sweep": {"cancellation": [["eca"], ["eca", "null-beams"]], "reference_snr_db": [10.0, 90.0]},
        },
    ),
    Study(
        "sensitivity",
        schemes=("rsma-noradar:echo", "sdma-radar-sic"),
        overrides=_PUBLISHED_RECEIVER,
        sweep=_SENSITIVITY,
        trials=60,
        quick={"trials": 8},
        tiny={"overrides": _SMALL_RADAR, "sweep": _FIRST_ROWS},
    ),
    *SEVERAL_STUDIES,
)

__all__ = ["CHANGED", "CHANGES", "STUDIES"]
