"""Link budgets of a configuration, every dB of every link. NumPy only: ``leoisac show`` must be quick."""

from __future__ import annotations

import math

from leoisac.foundation.units import rad_to_deg, to_db
from leoisac.propagation.bistatic_radar import echo_path_loss_db
from leoisac.propagation.free_space import wavelength
from leoisac.propagation.link_budget import BudgetRow, LinkBudget, pass_table
from leoisac.propagation.sky import sky_rows, typical_site_loss_db, typical_user_loss_db
from leoisac.propagation.terrestrial_uma import uma_los_path_loss_db, uma_los_probability, uma_nlos_path_loss_db
from leoisac.systems.coexistence.config import CoexistenceConfig
from leoisac.systems.coexistence.world.ground import (
    Sky,
    friis_length,
    noise_power,
    prediction_error_s,
    sky,
    sky_over_users,
    slant_range,
)


def link_budgets(config: CoexistenceConfig) -> list[LinkBudget]:
    """Satellite links at the zenith (or of the real satellite), a terrestrial link, an echo; medians, no shadowing."""
    over = sky(config)
    distance_m = over.true.range_m if over is not None else float(slant_range(0.5 * math.pi, 1e3 * config.altitude_km))
    elevation = 0.5 * math.pi if over is None else over.true.elevation
    budgets = [
        _satellite_budget(config, distance_m, elevation),
        _terrestrial_budget(config),
        _echo_budget(config),
    ]
    if over is not None:
        budgets.insert(0, pass_table(over.sight, *_prediction(config, over)))
    return budgets


def _satellite_budget(config: CoexistenceConfig, distance_m: float, elevation: float) -> LinkBudget:
    above = sky_over_users(config)
    power_dbw = float(to_db(config.satellite_power_w / config.num_beams))
    spreading_db = -2.0 * float(to_db(friis_length(config) / distance_m))
    noise_dbw = float(to_db(noise_power(config)))
    in_space = power_dbw + config.satellite_gain_dbi - spreading_db
    arriving = in_space - typical_site_loss_db(above, elevation)
    at_user = arriving - typical_user_loss_db(above, elevation)
    aperture_db = float(to_db(4.0 * math.pi * friis_length(config) ** 2))
    flux = in_space - aperture_db - float(to_db(config.bandwidth_hz / 1e6))
    return LinkBudget(
        "Spot beam to the ground, equal share of the satellite's power",
        (
            BudgetRow("Power of the beam", power_dbw, "dBW", f"{config.num_beams} beams"),
            BudgetRow("Beam gain", config.satellite_gain_dbi, "dBi"),
            BudgetRow("Slant range", distance_m / 1e3, "km"),
            BudgetRow("Free-space path loss", spreading_db, "dB", f"with {config.fspl_denominator}"),
            *sky_rows(above, elevation),
            BudgetRow("Power flux density", flux, "dBW/m²/MHz", "on the beam's axis"),
            BudgetRow("Noise power", noise_dbw, "dBW"),
            BudgetRow("Satellite user's gain", config.sut_gain_dbi, "dBi"),
            BudgetRow("SNR of the satellite user", arriving + config.sut_gain_dbi - noise_dbw, "dB", "undisturbed"),
            BudgetRow("INR of a terrestrial user", at_user + config.tut_gain_dbi - noise_dbw, "dB"),
            BudgetRow("INR of a radar receiver element", arriving + config.radar_gain_dbi - noise_dbw, "dB"),
        ),
        _rate_doubts(config, arriving + float(to_db(config.num_beams)) + config.sut_gain_dbi - noise_dbw),
    )


def _rate_doubts(config: CoexistenceConfig, snr_db: float) -> tuple[str, ...]:
    """What to say of a least rate that the whole satellite's power does not carry to one undisturbed user."""
    carried = math.log2(1.0 + 10.0 ** (0.1 * snr_db))
    if carried >= config.min_sut_rate:
        return ()
    return (
        f"min_sut_rate = {config.min_sut_rate:g} is more than the {carried:.2f} bit/s/Hz that all of satellite_power_w "
        f"= {config.satellite_power_w:g} carries to a satellite user without interference: expect INFEASIBLE. Raise "
        "the power, or ask for less.",
    )


def _terrestrial_budget(config: CoexistenceConfig) -> LinkBudget:
    distance = 0.5 * config.cell_radius_m
    probability = float(uma_los_probability(distance, config.user_height_m))
    setting = (config.carrier_hz, config.bs_height_m, config.user_height_m)
    los, nlos = (float(law(distance, *setting)) for law in (uma_los_path_loss_db, uma_nlos_path_loss_db))
    noise_dbm = float(to_db(noise_power(config))) + 30.0
    full = config.bs_power_dbm + float(to_db(config.num_tx)) - noise_dbm
    return LinkBudget(
        "Base station to a user at half the cell's radius, all power in one beam",
        (
            BudgetRow("Transmit power", config.bs_power_dbm, "dBm"),
            BudgetRow("Array gain", float(to_db(config.num_tx)), "dB", f"{config.num_tx} elements"),
            BudgetRow("Distance", distance, "m"),
            BudgetRow("Probability of a line of sight", probability, "1"),
            BudgetRow("Path loss, line of sight", los, "dB"),
            BudgetRow("Path loss, none", nlos, "dB"),
            BudgetRow("Noise power", noise_dbm, "dBm"),
            BudgetRow("SNR, line of sight", full - los, "dB"),
            BudgetRow("SNR, none", full - nlos, "dB"),
            BudgetRow(
                "INR at a satellite user there", full - nlos + config.sut_side_gain_dbi, "dB", "beam on it, no sight"
            ),
        ),
    )


def _echo_budget(config: CoexistenceConfig) -> LinkBudget:
    half = 0.5 * config.sensing_radius_m
    receivers, rx = config.receiver_shape
    loss = float(echo_path_loss_db(half, half, wavelength(config.carrier_hz), config.target_rcs_m2))
    noise_dbm = float(to_db(noise_power(config))) + 30.0
    transmit, receive = float(to_db(config.num_tx)), float(to_db(rx))
    snr_db = config.bs_power_dbm + transmit - loss + receive - noise_dbm
    doubt = (
        f"the echo of a target at half the sensing radius has {snr_db:.1f} dB with all of bs_power_dbm = "
        f"{config.bs_power_dbm:g} on it, less than min_scnr_db = {config.min_scnr_db:g}: expect INFEASIBLE in most "
        "trials. Raise the power, or ask for less."
    )
    return LinkBudget(
        "Echo of a target at half the sensing radius from base station and receiver, all power in one beam",
        (
            BudgetRow("Transmit power", config.bs_power_dbm, "dBm"),
            BudgetRow("Transmit array gain", transmit, "dB", f"{config.num_tx} elements"),
            BudgetRow("Cross-section", float(to_db(config.target_rcs_m2)), "dBm²"),
            BudgetRow("Echo path loss", loss, "dB", f"{half:g} m and {half:g} m"),
            BudgetRow("Receive array gain", receive, "dB", f"{rx} elements, {receivers} receivers"),
            BudgetRow("Noise power", noise_dbm, "dBm"),
            BudgetRow("SNR", snr_db, "dB"),
            BudgetRow("Required SCNR", config.min_scnr_db, "dB"),
        ),
        (doubt,) if snr_db < config.min_scnr_db and config.num_targets else (),
    )


def _prediction(config: CoexistenceConfig, over: Sky) -> tuple[BudgetRow, ...]:
    astray = rad_to_deg(over.true.offset(over.predicted))
    doppler_khz = float(over.sight.view.doppler_shift_hz(config.carrier_hz)) / 1e3
    return (
        BudgetRow("Doppler shift", doppler_khz, "kHz", "before compensation"),
        BudgetRow("Prediction ahead", prediction_error_s(config), "s", "of P1"),
        BudgetRow("Prediction off", astray, "°", f"the satellite user's lobe is ±{config.sut_threshold_deg:g}°"),
    )
