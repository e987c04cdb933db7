"""Deterministic and seeded cases of the self-backhauled network as configurations and channels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from oracles.self_backhaul_draw import draw
from oracles.self_backhaul_instances import Normalised, r1, r2

import leoisac as li

SHAPE_OF_R1 = {"num_users": 3, "bs_array": (1, 4), "num_feeds": 3, "target_angles_deg": (-30.0, 20.0)}
"""Draws of these sizes are designed by the programs of R1."""


def deterministic(name: str, **changes: Any) -> tuple[Any, Any, Normalised]:
    """R1 or R2 in units in which noise and both budgets are 1: configuration, channels, the arrays themselves."""
    instance = {"R1": r1, "R2": r2}[name]()
    users, antennas = instance.h_users.shape
    config = li.config(
        "self-backhaul",
        num_users=users,
        bs_array=(1, antennas),
        num_feeds=len(instance.g_es),
        satellite_power_dbw=0.0,
        bs_power_dbw=0.0,
        noise_power_dbm=30.0,
        pattern_min_w=float(instance.pattern_min[0]),
        min_sinr_db=10.0 * math.log10(2.0**instance.rate_min - 1.0),
        target_angles_deg=(-30.0, 20.0),
        **changes,
    )
    arrays = {name: getattr(instance, name) for name in ("h_users", "h_es", "g_users", "g_es")}
    return config, li.channels(config, **arrays, noise_power=1.0), instance


def seeded(seed: int, users: int, **changes: Any) -> tuple[Any, Any]:
    """The published draw order with NumPy's generator: configuration and channels."""
    config = li.config("self-backhaul", num_users=users, **changes)
    drawn = draw(seed, users=users)
    arrays = {name: np.asarray(getattr(drawn, name)) for name in ("h_users", "h_es", "g_users", "g_es")}
    return config, li.channels(config, **arrays, noise_power=10.0 ** ((config.noise_power_dbm - 30.0) / 10.0))
