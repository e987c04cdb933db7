"""Link budgets of a configuration, every dB of every link. NumPy only: ``leoisac show`` must be quick."""

from __future__ import annotations

import numpy as np

from leoisac.antennas.satellite_patterns import s1528_leo_gain_dbi
from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.units import deg_to_rad, to_db
from leoisac.propagation.link_budget import BudgetRow, LinkBudget, pass_table, satellite_downlink_budget
from leoisac.propagation.terrestrial import log_distance_path_loss_db
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.world.ground import Placement, place


def link_budgets(config: SelfBackhaulConfig) -> list[LinkBudget]:
    """Feeder link, satellite interference at a user, access link at the cell edge, sensing, at typical values.

    Rain is at its median, shadowing at 0 dB, all power in one beam; beamforming gains that a design adds are named.
    """
    placement = place(config)
    budgets = [
        _satellite_budget(config, placement, "Feeder link: satellite to Earth Station", config.es_gain_dbi),
        _satellite_budget(config, placement, "Interference: satellite to a user", config.user_gain_dbi),
        _access_budget(config),
        _sensing_budget(config, placement),
    ]
    if placement.sight is not None:
        doppler_khz = float(placement.sight.view.doppler_shift_hz(config.carrier_hz)) / 1e3
        shift = BudgetRow("Doppler shift", doppler_khz, "kHz", "before compensation")
        budgets.insert(0, pass_table(placement.sight, shift))
    return budgets


def _satellite_budget(config: SelfBackhaulConfig, placement: Placement, title: str, receive_gain: float) -> LinkBudget:
    return satellite_downlink_budget(
        title,
        carrier_hz=config.carrier_hz,
        bandwidth_hz=config.bandwidth_hz,
        distance_m=placement.slant_range_m,
        transmit_power_dbw=config.satellite_power_dbw,
        transmit_gain_dbi=_boresight_gain_dbi(config, placement),
        receive_gain_dbi=receive_gain,
        noise_power_dbw=config.noise_power_dbm - 30.0,
        gas_loss_db=config.gas_loss_db,
        rain_loss_db=_median_rain_loss_db(config),
    )


def _boresight_gain_dbi(config: SelfBackhaulConfig, placement: Placement) -> float:
    """Gain towards the Earth Station with the feeds weighted by their amplitudes (matched beam over all feeds)."""
    axes = placement.feed_centres_m - placement.satellite_m
    down = -placement.satellite_m
    off_axis = np.arctan2(np.linalg.norm(np.cross(axes, down), axis=-1), axes @ down)
    gains_dbi = s1528_leo_gain_dbi(off_axis, config.max_gain_dbi, deg_to_rad(config.half_power_angle_deg))
    return float(to_db(np.sum(10.0 ** (gains_dbi / 10.0))))


def _median_rain_loss_db(config: SelfBackhaulConfig) -> float:
    if config.rain_model == "gaussian_db":
        return max(-config.rain_mean_db, 0.0)
    return float(np.exp(config.rain_mean_db))


def _access_budget(config: SelfBackhaulConfig) -> LinkBudget:
    distance_m = config.area_side_m / 2.0
    loss = float(
        log_distance_path_loss_db(
            distance_m,
            config.carrier_hz,
            intercept_db=config.path_loss_intercept_db,
            exponent=config.path_loss_exponent,
        )
    )
    array_gain = float(to_db(config.num_bs_antennas)) if config.array_gain else 0.0
    noise = config.noise_power_dbm - 30.0
    received = config.bs_power_dbw + array_gain - loss
    return LinkBudget(
        "Access link: base station to a user at half the side",
        (
            BudgetRow("Distance", distance_m, "m"),
            BudgetRow("Transmit power", config.bs_power_dbw, "dBW"),
            BudgetRow("Array gain", array_gain, "dB", f"{config.num_bs_antennas} antennas, matched beam"),
            BudgetRow("Path loss", loss, "dB", "shadowing 0 dB"),
            BudgetRow("Received carrier power", received, "dBW"),
            BudgetRow("Noise power", noise, "dBW"),
            BudgetRow("C/N", received - noise, "dB", "one user alone, no interference"),
        ),
    )


def _sensing_budget(config: SelfBackhaulConfig, placement: Placement) -> LinkBudget:
    wavelength_m = SPEED_OF_LIGHT_M_S / config.carrier_hz
    power_w = np.min(config.pattern_min_w)
    power_dbw = float(to_db(power_w))
    wavelength_gain = float(to_db(wavelength_m**2))
    rcs = float(to_db(config.rcs_m2))
    integration = float(to_db(config.num_integrated))
    spreading = float(to_db((4.0 * np.pi) ** 3 * placement.slant_range_m**4))
    noise = config.noise_power_dbm - 30.0
    snr = power_dbw + 2.0 * config.max_gain_dbi + wavelength_gain + rcs + integration - spreading - noise
    return LinkBudget(
        "Sensing: satellite to a target and back, at the beampattern threshold",
        (
            BudgetRow("Power towards the target", power_dbw, "dBW", "pattern_min_w"),
            BudgetRow("Antenna gain, both ways", 2.0 * config.max_gain_dbi, "dBi"),
            BudgetRow("Wavelength squared", wavelength_gain, "dBm²"),
            BudgetRow("Radar cross-section", rcs, "dBm²"),
            BudgetRow("Integration gain", integration, "dB", f"{config.num_integrated} samples"),
            BudgetRow("Spreading, both ways", spreading, "dBm⁴", "(4 pi)^3 d^4"),
            BudgetRow("Noise power", noise, "dBW"),
            BudgetRow("SNR after integration", snr, "dB"),
        ),
    )
