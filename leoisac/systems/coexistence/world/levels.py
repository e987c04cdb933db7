"""Carrier-to-noise ratios of channel arrays at the configuration's budgets. NumPy only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from leoisac.experiment.channel_levels import UNWANTED, WANTED, Level, Levels, beam_gain, decibels
from leoisac.foundation.units import to_db
from leoisac.systems.coexistence.config import CoexistenceConfig
from leoisac.systems.coexistence.world.ground import noise_power


def levels(config: CoexistenceConfig, arrays: Mapping[str, np.ndarray]) -> Levels:
    """All of a base station's power in one beam, all of the satellite's in one spot beam, no interference."""
    noise = arrays["noise_power"]
    bs_dbw, satellite_dbw = config.bs_power_dbm - 30.0, float(to_db(config.satellite_power_w))
    mast, space = f"bs_power_dbm = {config.bs_power_dbm:g}", f"satellite_power_w = {config.satellite_power_w:g}"

    def ratio(power_dbw: float, gain: np.ndarray) -> np.ndarray:
        return power_dbw + decibels(gain / noise.reshape(noise.shape + (1,) * (gain.ndim - noise.ndim)))

    def echoes(name: str, kind: str) -> np.ndarray:
        amplitude = np.abs(arrays[name]) ** 2
        return amplitude * arrays[f"{kind}_tx"].shape[-1] * arrays[f"{kind}_rx"].shape[-1]

    terrestrial = {"h_tut": WANTED, "h_tut_fresh": WANTED, "h_sut": UNWANTED, "h_sut_fresh": UNWANTED}
    found = {
        name: Level(ratio(bs_dbw, beam_gain(arrays[name])), mast, plausible) for name, plausible in terrestrial.items()
    }
    found["g_tut"] = Level(ratio(satellite_dbw, arrays["g_tut"]), space, UNWANTED)
    found["g_sut"] = Level(
        ratio(satellite_dbw, arrays["g_sut"]),
        space,
        needed_db=float(decibels(2.0**config.min_sut_rate - 1.0)),
        needed_by=f"min_sut_rate = {config.min_sut_rate:g}",
    )
    found["g_rad"] = Level(ratio(satellite_dbw, beam_gain(arrays["g_rad"])), space, UNWANTED)
    if arrays["target_amplitude"].size:
        best = np.max(echoes("target_amplitude", "target"), axis=-1)  # of the receivers: one listens to a target
        found["target_amplitude"] = Level(
            ratio(bs_dbw, best),
            mast,
            (-45.0, 100.0),
            needed_db=config.min_scnr_db,
            needed_by=f"min_scnr_db = {config.min_scnr_db:g}",
        )
    if arrays["clutter_amplitude"].size:
        found["clutter_amplitude"] = Level(
            ratio(bs_dbw, np.max(echoes("clutter_amplitude", "clutter"), axis=-1)), mast, UNWANTED
        )
    return Levels(found, noise_power(config))


__all__ = ["levels"]
