"""Carrier-to-noise ratios of channel arrays at the configuration's budget. NumPy only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from leoisac.experiment.channel_levels import Level, Levels, decibels
from leoisac.foundation.units import to_db
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig

_FADING_DB = (-20.0, 20.0)
"""Plausible mean power of fades, which is 1 by convention."""


def levels(config: BistaticRsmaConfig, arrays: Mapping[str, np.ndarray]) -> Levels:
    """All power in a beam on a user or on the target; what the floor of the target's gain leaves of it."""
    in_beam = config.transmit_power_dbw + float(to_db(config.num_tx))
    budget = f"transmit_power_dbw = {config.transmit_power_dbw:g}"
    return Levels(
        {
            "user_noise_ratio": Level(in_beam - decibels(arrays["user_noise_ratio"]), budget),
            "user_fading": Level(
                decibels(np.mean(np.abs(arrays["user_fading"]) ** 2, keepdims=True)),
                plausible=_FADING_DB,
                quantity="mean power",
            ),
            "gain_floor": Level(
                in_beam - decibels(arrays["gain_floor"]),
                budget,
                needed_db=0.0,
                needed_by="the least target gain",
                quantity="largest target gain over the floor",
            ),
        },
        amplitudes=False,
    )


__all__ = ["levels"]
