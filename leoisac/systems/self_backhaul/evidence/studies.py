"""Monte-Carlo studies that figures and claims read (quick: a few trials; paper: 200 a point on the fast routes).

All count trials, not usable ones: schemes and points are compared over the trials that all of them can use, to which
further ones at a hard point alone would add nothing.
"""

from __future__ import annotations

from leoisac.experiment.contracts import Study
from leoisac.systems.self_backhaul import SCHEMES, SYSTEM
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.evidence.declared import SWEEP, TINY_SWEEP

ORDER = tuple(scheme.name for scheme in SCHEMES)
LABELS = {scheme.name: scheme.label for scheme in SCHEMES}
PUBLISHED_RIVALS = ("das", "tdma", "tdma-half", "ibs", "ibs-matched")
"""The benchmarks as the paper reads them: none promises the users' least rate."""
FAIR_RIVALS = ("das-fair", "tdma-fair", "ibs-aware")
"""The same ideas by their best means."""
BENCHMARKS = (*PUBLISHED_RIVALS, *FAIR_RIVALS)
PROPOSED = tuple(name for name in ORDER if name not in BENCHMARKS)
ROBUST = "pa2"
"""The scheme whose delivered rates are those that it guarantees."""

_THRESHOLDS_W = [0.1, 1.0, 10.0, 20.0, 30.0, 40.0, 50.0, 70.0, 100.0, 150.0, 200.0]
_SMALL = dict(SYSTEM.small)
_small = SelfBackhaulConfig().replace(**_SMALL)

ABSOLUTE_RADII = {"es": 2.307e-8, "users": 2.307e-8, "feeder": 7.296e-10, "satellite": 7.296e-10}
"""Amplitude gains: what 0.08 in noise-normalised units is at 30 dBW and 0 dBW, and stays while powers change."""
CONSISTENT_SENSING = {
    "half_power_angle_deg": 1.6,
    "max_gain_dbi": 32.5,
    "far_lobe_dbi": -10.0,
    "sensing_geometry": "consistent",
    "num_users": 4,
    "target_angles_deg": [-12.0, 12.0],
    "rcs_m2": 1e4,
    "num_integrated": 2**21,
}
"""Feeds that radiate what they receive, targets in two of their beams: large ships (40 dBsm), 0.1 s of integration."""
LEAD_RIVALS = ("tdma", "ibs-aware")
"""Against whom the sensitivity of PA1's lead is measured: the strongest published rival and the strongest fair one."""

STUDIES = (
    Study(
        "convergence",
        schemes=("pa1", "pa1:reference", "pa1:published"),
        sweep={"satellite_power_dbw": [20.0, 30.0, 40.0]},
        trials=30,
        count="trials",
        quick={"trials": 8, "schemes": ("pa1",)},
        tiny={"overrides": _SMALL, "sweep": {"satellite_power_dbw": [20.0, 30.0]}},
    ),
    Study(
        "robust-convergence",
        schemes=("pa1:published", "pa2:reference", "pa2:published"),
        overrides={"num_users": 3},
        sweep={"error_model": ["noise-normalised", "relative"]},
        trials=30,
        count="trials",
        quick={"trials": 4, "schemes": ("pa1:published", "pa2:published")},
        tiny={"trials": 2, "schemes": ("pa1", "pa2"), "overrides": _SMALL},
    ),
    Study(
        "procedure-forms",
        schemes=("pa1:reference", "pa1:published"),
        overrides={"num_users": 3},
        trials=30,
        count="trials",
        quick={"trials": 4},
        tiny={"schemes": ("pa1",), "overrides": _SMALL},
    ),
    Study(
        "attacked",
        schemes=("pa2:attacked",),
        overrides={"num_users": 3},
        sweep={"error_model": ["noise-normalised", "relative"]},
        trials=40,
        count="trials",
        quick={"trials": 8},
        tiny={"overrides": _SMALL},
    ),
    Study(
        "pattern-threshold",
        schemes=("pa1",),
        overrides={"num_users": 4},
        sweep={"pattern_min_w": _THRESHOLDS_W},
        count="trials",
        quick={"trials": 8},
        tiny={"overrides": _SMALL, "sweep": {"pattern_min_w": [1.0, 50.0, 200.0]}},
    ),
    Study(
        "pattern-mode",
        schemes=("pa1",),
        overrides={"num_users": 3, "pattern_min_w": 50.0},
        sweep={"pattern_mode": ["satellite", "joint"]},
        count="trials",
        quick={"trials": 8},
        tiny={"overrides": _SMALL},
    ),
    Study(
        "satellite-power",
        schemes=ORDER,
        sweep={"satellite_power_dbw": [10.0, 20.0, 30.0, 40.0, 50.0]},
        count="trials",
        quick={"trials": 12},
        tiny={"overrides": _SMALL, "sweep": {"satellite_power_dbw": [10.0, 30.0]}},
    ),
    Study(
        "bs-power",
        schemes=ORDER,
        overrides={"num_users": 4},
        sweep={"bs_power_dbw": [-20.0, -15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0]},
        count="trials",
        quick={"trials": 12, "sweep": {"bs_power_dbw": [-20.0, -10.0, 0.0, 10.0, 20.0]}},
        tiny={"overrides": _SMALL, "sweep": {"bs_power_dbw": [-10.0, 10.0]}},
    ),
    Study(
        "bs-antennas",
        schemes=ORDER,
        overrides={"num_users": 3},
        sweep={"bs_array": [[2, 2], [3, 3], [4, 4], [5, 5]]},
        count="trials",
        quick={"trials": 8, "sweep": {"bs_array": [[2, 2], [3, 3], [5, 5]]}},
        tiny={"overrides": _SMALL, "sweep": {"bs_array": [list(_small.bs_array)]}},
    ),
    Study(
        "users",
        schemes=ORDER,
        overrides={"bs_array": [4, 4]},
        sweep={"num_users": [2, 4, 6, 8, 10]},
        count="trials",
        quick={"trials": 6, "sweep": {"num_users": [2, 4, 8]}},
        tiny={"overrides": _SMALL, "sweep": {"num_users": [_small.num_users]}},
    ),
    Study(
        "relative-errors",
        schemes=("pa2",),
        overrides={"bs_array": [4, 4], "error_model": "relative"},
        sweep={"num_users": [2, 4, 6, 8]},
        trials=100,
        count="trials",
        quick={"trials": 6, "sweep": {"num_users": [2, 4, 8]}},
        tiny={"overrides": _SMALL, "sweep": {"num_users": [_small.num_users]}},
    ),
    Study(
        "absolute-errors",
        schemes=("pa2",),
        overrides={"error_model": "absolute", "error_radius": ABSOLUTE_RADII},
        sweep={"satellite_power_dbw": [10.0, 20.0, 30.0, 40.0, 50.0]},
        trials=100,
        count="trials",
        quick={"trials": 6, "sweep": {"satellite_power_dbw": [10.0, 30.0, 50.0]}},
        tiny={"overrides": _SMALL, "sweep": {"satellite_power_dbw": [10.0, 30.0]}},
    ),
    Study(
        "threshold-rivals",
        schemes=("pa1", *(name for name in BENCHMARKS if name not in ("tdma-half", "ibs-matched"))),
        overrides={"num_users": 4},
        sweep={"pattern_min_w": [1.0, 20.0, 50.0, 100.0, 200.0]},
        trials=100,
        count="trials",
        quick={"trials": 8, "sweep": {"pattern_min_w": [1.0, 50.0, 200.0]}},
        tiny={"overrides": _SMALL, "sweep": {"pattern_min_w": [1.0, 50.0, 200.0]}},
    ),
    Study(
        "detection",
        schemes=("pa1", *FAIR_RIVALS),
        overrides=CONSISTENT_SENSING,
        sweep={"min_detection_probability": [0.1, 0.3, 0.5, 0.7, 0.9, 0.99]},
        trials=100,
        count="trials",
        quick={"trials": 8, "sweep": {"min_detection_probability": [0.1, 0.5, 0.99]}},
        tiny={
            "overrides": {**_SMALL, "target_angles_deg": [-12.0, 12.0]},
            "sweep": {"min_detection_probability": [0.1, 0.9]},
        },
    ),
    Study(
        "sensitivity",
        schemes=("pa1", "pa2", *LEAD_RIVALS),
        sweep=SWEEP,
        trials=48,
        count="trials",
        quick={"trials": 8},
        tiny={"overrides": _SMALL, "sweep": TINY_SWEEP},
    ),
)

__all__ = [
    "ABSOLUTE_RADII",
    "BENCHMARKS",
    "CONSISTENT_SENSING",
    "FAIR_RIVALS",
    "LABELS",
    "LEAD_RIVALS",
    "ORDER",
    "PROPOSED",
    "PUBLISHED_RIVALS",
    "ROBUST",
    "STUDIES",
]
