"""Link budgets of a configuration, every dB of every link. NumPy only: ``leoisac show`` must be quick."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from leoisac.antennas.arrays import upa
from leoisac.antennas.pattern_energy import beam_mean_gains, mean_gain
from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.units import to_db
from leoisac.propagation.link_budget import BudgetRow, LinkBudget, pass_table, satellite_downlink_budget
from leoisac.propagation.terrestrial import log_distance_path_loss_db
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.world.feed import feed_gain, half_angle_deg, peak_gain_dbi
from leoisac.systems.self_backhaul.world.ground import Placement, place
from leoisac.systems.self_backhaul.world.levels import requirement_doubts
from leoisac.systems.self_backhaul.world.sensed import IDLE, detection_at, least_pattern_w, sensed_targets
from leoisac.systems.self_backhaul.world.surroundings import (
    gas_loss_db,
    median_user_loss_db,
    median_weather_loss_db,
    scintillation_loss_db,
)

_ENERGY_TOLERANCE_DB = 0.02
_PATTERNS = {"s1528": "S.1528 recommends 1.3", "aperture": "circular aperture"}


def link_budgets(config: SelfBackhaulConfig) -> list[LinkBudget]:
    """Feeder link, satellite interference at a user, access link at the cell edge, sensing, at typical values.

    Rain is at its median, shadowing at 0 dB, all power in one beam; beamforming gains that a design adds are named.
    Last, what every antenna radiates over the whole sphere. Doubts: requirements that links cannot carry, antennas that
    radiate more than they receive, and sensing that is idle.
    """
    placement = place(config)
    noise_dbm = config.noise_power_dbm
    es_noise_dbm = noise_dbm if config.noise_power_es_dbm is None else config.noise_power_es_dbm
    budgets = [
        _satellite_budget(
            config, placement, "Feeder link: satellite to Earth Station", config.es_gain_dbi, es_noise_dbm
        ),
        _satellite_budget(
            config,
            placement,
            "Interference: satellite to a user",
            config.user_gain_dbi,
            noise_dbm,
            median_user_loss_db(config, placement),
        ),
        _access_budget(config),
        _sensing_budget(config, placement),
        _antennas(config),
    ]
    feeder, access = budgets[0], budgets[2]
    budgets[0] = replace(feeder, doubts=tuple(requirement_doubts(config, feeder["C/N"], access["C/N"])))
    if placement.sight is not None:
        doppler_khz = float(placement.sight.view.doppler_shift_hz(config.carrier_hz)) / 1e3
        shift = BudgetRow("Doppler shift", doppler_khz, "kHz", "before compensation")
        budgets.insert(0, pass_table(placement.sight, shift))
    return budgets


def _satellite_budget(
    config: SelfBackhaulConfig,
    placement: Placement,
    title: str,
    receive_gain: float,
    noise_dbm: float,
    around_db: float = 0.0,
) -> LinkBudget:
    return satellite_downlink_budget(
        title,
        carrier_hz=config.carrier_hz,
        bandwidth_hz=config.bandwidth_hz,
        distance_m=placement.slant_range_m,
        transmit_power_dbw=config.satellite_power_dbw,
        transmit_gain_dbi=_boresight_gain_dbi(config, placement),
        receive_gain_dbi=receive_gain,
        noise_power_dbw=noise_dbm - 30.0,
        gas_loss_db=gas_loss_db(config, placement) - float(to_db(config.doppler_gain)),
        rain_loss_db=_median_rain_loss_db(config, placement),
        scintillation_loss_db=scintillation_loss_db(config, placement),
        shadowing_loss_db=around_db,
    )


def _boresight_gain_dbi(config: SelfBackhaulConfig, placement: Placement) -> float:
    """Gain towards the Earth Station with the feeds weighted by their amplitudes (matched beam over all feeds)."""
    axes = placement.feed_centres_m - placement.satellite_m
    down = -placement.satellite_m
    off_axis = np.arctan2(np.linalg.norm(np.cross(axes, down), axis=-1), axes @ down)
    return float(to_db(np.sum(feed_gain(config, off_axis))))


def _median_rain_loss_db(config: SelfBackhaulConfig, placement: Placement) -> float:
    if config.atmosphere is not None:
        return median_weather_loss_db(config, placement)
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
    """The echo of the target that is hardest to see, at its threshold."""
    wavelength_m = SPEED_OF_LIGHT_M_S / config.carrier_hz
    sensed = sensed_targets(config)
    threshold_w = least_pattern_w(config, sensed)
    worst = int(np.argmin(threshold_w * sensed.snr_per_watt))
    snr = float(threshold_w[worst] * sensed.snr_per_watt[worst])
    consistent = config.has_consistent_sensing
    where = f"target at {config.target_angles_deg[worst]:g}°"
    gain_note = f"{where}, through the feeds" if consistent else "the peak gain in every direction"
    range_note = f"{where}, on the Earth" if consistent else "the Earth Station's, for every target"
    return LinkBudget(
        "Sensing: satellite to a target and back, at the beampattern threshold",
        (
            BudgetRow("Power towards the target", float(to_db(threshold_w[worst])), "dBW", "pattern_min_w"),
            BudgetRow("Antenna gain, both ways", 2.0 * float(to_db(sensed.gain[worst])), "dBi", gain_note),
            BudgetRow("Distance", float(sensed.distance_m[worst]) / 1e3, "km", range_note),
            BudgetRow("Wavelength squared", float(to_db(wavelength_m**2)), "dBm²"),
            BudgetRow("Radar cross-section", float(to_db(config.rcs_m2)), "dBm²"),
            BudgetRow(
                "Integration gain", float(to_db(config.num_integrated)), "dB", f"{config.num_integrated} samples"
            ),
            BudgetRow(
                "Spreading, both ways",
                float(to_db((4.0 * np.pi) ** 3 * sensed.distance_m[worst] ** 4)),
                "dBm⁴",
                "(4 pi)^3 d^4",
            ),
            BudgetRow("Noise power", config.noise_power_dbm - 30.0, "dBW"),
            BudgetRow("SNR after integration", float(to_db(snr)), "dB"),
            BudgetRow(
                "Detection probability",
                100.0 * float(detection_at(config, snr)),
                "%",
                f"{float(detection_at(config, snr)):.1e} at false alarms of {config.false_alarm:g}",
            ),
        ),
    )


def _antennas(config: SelfBackhaulConfig) -> LinkBudget:
    beams = beam_mean_gains(upa(*config.bs_array).positions)
    rows = [
        BudgetRow(
            "Satellite feed", _feed_energy_db(config), "dB", f"{_PATTERNS[config.feed_pattern]}; 0 dB is lossless"
        ),
        BudgetRow("Base station, mean of its beams", float(to_db(float(np.mean(beams)))), "dB", "isotropic elements"),
        BudgetRow("Base station, worst beam", float(to_db(beams[-1])), "dB", "without mutual coupling"),
    ]
    if not config.has_consistent_sensing:
        rows.insert(
            1, BudgetRow("Element of the sensing array", peak_gain_dbi(config), "dB", "peak gain in every direction")
        )
    return LinkBudget(
        "Antennas: gain over the whole sphere, at most 0 dB for a real one", tuple(rows), tuple(_doubts(config))
    )


def _feed_energy_db(config: SelfBackhaulConfig) -> float:
    return float(to_db(mean_gain(lambda angle: feed_gain(config, angle))))


def _doubts(config: SelfBackhaulConfig) -> list[str]:
    found: list[str] = []
    excess_db = _feed_energy_db(config)
    if excess_db > _ENERGY_TOLERANCE_DB:
        found.append(
            f"a satellite feed of {peak_gain_dbi(config):g} dBi, {half_angle_deg(config):g}° and a floor of "
            f"{config.far_lobe_dbi:g} dBi radiates {excess_db:.1f} dB more than it receives: every power on the ground "
            "is too large. Consistent: max_gain_dbi = 32.5, half_power_angle_deg = 1.6, far_lobe_dbi = -10."
        )
    if not config.has_consistent_sensing:
        found.append(
            'sensing_geometry = "published": targets are sensed with the peak gain in every direction and at the Earth '
            "Station's range; \"consistent\" takes the feeds' patterns and true ranges."
        )
    sensed = sensed_targets(config)
    detected = float(np.max(detection_at(config, least_pattern_w(config, sensed) * sensed.snr_per_watt)))
    if detected < IDLE:
        found.append(
            f"sensing is idle: at the beampattern threshold no target is detected with a probability above "
            f"{detected:.1e}. Ask for min_detection_probability, or raise pattern_min_w, rcs_m2 or num_integrated."
        )
    return found
