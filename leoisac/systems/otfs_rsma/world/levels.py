"""Carrier-to-noise ratios of channel arrays at the configuration's budget. NumPy only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from leoisac.experiment.channel_levels import Level, Levels, beam_gain, decibels
from leoisac.foundation.units import to_db
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig
from leoisac.systems.otfs_rsma.world.link import link_of


def levels(config: OtfsRsmaConfig, arrays: Mapping[str, np.ndarray]) -> Levels:
    """Energy of a frame over noise per cell, of all paths and the mean antenna: noise is that of a link of gain 1."""
    gain = beam_gain(arrays["path_gains"], 2) / config.n_tx
    snr_db = float(to_db(config.total_power / link_of(config).receiver_noise))
    return Levels(
        {"path_gains": Level(snr_db + decibels(gain), f"total_power = {config.total_power:g} and a link of gain 1")},
        amplitudes=False,
    )


__all__ = ["levels"]
