"""The Monte-Carlo studies behind figures and claims.

Quick: the same system with fewer trials and points. Tiny: small shapes, for tests alone; all of them share their
compiled programs.
"""

from __future__ import annotations

from leoisac.experiment.contracts import Study
from leoisac.systems.coexistence import SYSTEM
from leoisac.systems.coexistence.evidence.sensitivity import SENSITIVITY

RATE_SCHEMES = ("proposed", "rzf-eps", "zf-eps", "greedy", "uniform", "interference-free", "interference-free-wmmse")
ASSOCIATIONS = ("proposed", "nearest", "greedy", "random")

_SMALL = dict(SYSTEM.small)
_PRINTED = {"fspl_denominator": "2pi", "sut_placement": "cell"}
"""The paper's own setting: not Friis' law, which is the default; satellite users like those of the cell, which is."""

_FLOORS = [3.0, 7.0]
_RADII_M = [50.0, 80.0, 100.0, 115.0, 130.0, 150.0, 175.0, 200.0, 240.0, 280.0, 320.0]
_QUICK_RADII_M = [50.0, 100.0, 150.0, 200.0, 280.0]
_DISTANCES_M = [
    50.0,
    100.0,
    200.0,
    500.0,
    1000.0,
    1500.0,
    2000.0,
    5000.0,
    10_000.0,
    20_000.0,
    30_000.0,
    50_000.0,
    70_000.0,
]
_ARRAYS = [[4, 4], [32, 32]]

STUDIES = (
    Study(
        "bs-power",
        schemes=RATE_SCHEMES,
        overrides=_PRINTED,
        sweep={"bs_power_dbm": [25.0, 30.0, 35.0, 40.0, 45.0], "min_sut_rate": _FLOORS},
        trials=200,
        quick={"trials": 8, "sweep": {"bs_power_dbm": [25.0, 35.0, 45.0], "min_sut_rate": _FLOORS}},
        tiny={"overrides": _SMALL, "sweep": {"bs_power_dbm": [25.0, 45.0], "min_sut_rate": _FLOORS}},
    ),
    Study(
        "tut-gain",
        schemes=("proposed", "zf-eps", "greedy", "interference-free", "interference-free-wmmse"),
        overrides=_PRINTED,
        sweep={"tut_gain_dbi": [0.0, 10.0, 15.0], "min_sut_rate": _FLOORS},
        trials=200,
        quick={"trials": 8},
        tiny={"overrides": _SMALL, "sweep": {"tut_gain_dbi": [0.0, 15.0], "min_sut_rate": _FLOORS}},
    ),
    Study(
        "free-space-law",
        schemes=("greedy", "interference-free"),
        overrides={"sut_placement": "cell"},
        sweep={"fspl_denominator": ["2pi", "4pi"]},
        trials=200,
        quick={"trials": 32},
        tiny={"overrides": _SMALL},
    ),
    Study(
        "association",
        schemes=("coop-uniform", "interference-free"),
        overrides={**_PRINTED, "min_sut_rate": 0.0},
        sweep={
            "num_rx+sensing_radius_m": [[2, 50.0], [4, 50.0], [8, 50.0], [2, 100.0], [4, 100.0]],
            "satellite_power_w": [2.0, 20.0, 200.0],
            "association": list(ASSOCIATIONS),
        },
        trials=200,
        count="trials",
        quick={
            "trials": 4,
            "sweep": {
                "num_rx+sensing_radius_m": [[2, 50.0], [4, 50.0], [4, 100.0]],
                "satellite_power_w": [2.0, 20.0, 200.0],
                "association": list(ASSOCIATIONS),
            },
        },
        tiny={
            "overrides": _SMALL,
            "sweep": {
                "num_rx+sensing_radius_m": [[2, 50.0]],
                "satellite_power_w": [2.0, 200.0],
                "association": list(ASSOCIATIONS),
            },
        },
    ),
    Study(
        "sensing-failure",
        schemes=("sensing-only", "sensing-only-free"),
        overrides=_PRINTED,
        sweep={
            "num_rx+num_receivers": _ARRAYS,
            "sensing_radius_m": _RADII_M,
            "association": ["proposed", "nearest", "random"],
        },
        trials=500,
        quick={
            "trials": 24,
            "sweep": {
                "num_rx+num_receivers": _ARRAYS,
                "sensing_radius_m": _QUICK_RADII_M,
                "association": ["proposed", "nearest", "random"],
            },
        },
        tiny={
            "overrides": _SMALL,
            "sweep": {
                "num_rx+num_receivers": [[2, 3]],
                "sensing_radius_m": [50.0, 150.0],
                "association": ["proposed", "random"],
            },
        },
        headline="sensing_failure",
    ),
    Study(
        "sensing-monostatic",
        schemes=("sensing-only",),
        overrides={**_PRINTED, "monostatic": True},
        sweep={"num_rx+num_receivers": _ARRAYS, "sensing_radius_m": _RADII_M},
        trials=500,
        quick={"trials": 24, "sweep": {"num_rx+num_receivers": _ARRAYS, "sensing_radius_m": _QUICK_RADII_M}},
        tiny={"overrides": _SMALL, "sweep": {"num_rx+num_receivers": [[2, 3]], "sensing_radius_m": [50.0, 150.0]}},
        headline="sensing_failure",
    ),
    Study(
        "cells-bs-power",
        schemes=(
            "proposed",
            "rzf-eps",
            "zf-eps",
            "coop-uniform",
            "greedy",
            "interference-free",
            "interference-free-wmmse",
        ),
        overrides={**_PRINTED, "num_cells": 4},
        sweep={"bs_power_dbm": [25.0, 30.0, 35.0, 40.0, 45.0]},
        trials=200,
        quick={"trials": 8, "sweep": {"bs_power_dbm": [25.0, 35.0, 45.0]}},
        tiny={"overrides": {**_SMALL, "num_cells": 1}, "sweep": {"bs_power_dbm": [25.0, 45.0]}},
    ),
    Study(
        "cells",
        schemes=("proposed", "coop-uniform", "interference-free", "interference-free-wmmse"),
        overrides=_PRINTED,
        sweep={"num_cells": [1, 2, 3, 4, 5]},
        trials=200,
        quick={"trials": 8, "sweep": {"num_cells": [1, 3, 5]}},
        tiny={"overrides": _SMALL, "sweep": {"num_cells": [1, 2]}},
    ),
    Study(
        "refinement",
        schemes=("proposed", "proposed-genie", "proposed-unrefined"),
        overrides=_PRINTED,
        sweep={"ageing_rho": [0.0, 0.5, 0.9, 1.0]},
        trials=200,
        quick={"trials": 8},
        tiny={"overrides": _SMALL, "sweep": {"ageing_rho": [0.0, 0.9]}},
    ),
    Study(
        "convergence",
        schemes=("proposed:published", "proposed:reference", "proposed"),
        overrides=_PRINTED,
        trials=30,
        quick={"trials": 4},
        tiny={"trials": 1, "overrides": _SMALL},
    ),
    Study(
        "exclusion",
        schemes=("proposed", "rzf-eps", "greedy"),
        sweep={"sut_distance_m": _DISTANCES_M},
        trials=200,
        quick={"trials": 24, "sweep": {"sut_distance_m": _DISTANCES_M[1::2]}},
        tiny={"overrides": _SMALL, "sweep": {"sut_distance_m": [50.0, 1000.0, 5000.0]}, "trials": 4},
        headline="inr_db",
    ),
    Study(
        "places",
        schemes=("proposed",),
        overrides={
            "num_cells": 3,
            "cells_per_beam": 3,
            "bs_placement": "drawn",
            "sut_placement": "footprint",
            "cell_spacing_m": 2000.0,
        },
        trials=1,  # a map of one drop
        quick={"trials": 1},
        tiny={"overrides": {**_SMALL, "num_cells": 1, "cells_per_beam": 1}},
    ),
    SENSITIVITY,
)

__all__ = ["ASSOCIATIONS", "RATE_SCHEMES", "STUDIES"]
