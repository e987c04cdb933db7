"""Link budgets of a configuration, every dB of every link. NumPy only: ``leoisac show`` must be quick."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from leoisac.estimation.detection import spiked_threshold
from leoisac.foundation.units import dbw_to_w, rad_to_deg, to_db
from leoisac.geometry.bistatic import bistatic_doppler_hz
from leoisac.propagation.free_space import wavelength
from leoisac.propagation.link_budget import BudgetRow, LinkBudget, pass_table, satellite_downlink_budget
from leoisac.propagation.sky import sky_of, sky_rows, typical_site_loss_db, typical_user_loss_db
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.world.ground import Placement, place
from leoisac.systems.bistatic_rsma.world.interference import direct_power_gain, ground_clutter
from leoisac.systems.bistatic_rsma.world.link import BistaticLink, echo_path_loss_db, link_budget, noise_power

if TYPE_CHECKING:
    from leoisac.geometry.scenario_view import ScenarioView


def link_budgets(config: BistaticRsmaConfig) -> list[LinkBudget]:
    """Downlink to a user in the centre of coverage, geometry, echo, and what the sensing requirement asks for.

    All power in one beam matched to the user or the target, no fading.
    """
    placement, link = place(config), link_budget(config)
    budgets = [
        _downlink_budget(config, placement),
        _geometry_table(link),
        _echo_budget(config, link),
        _requirement_table(config, link),
        _interference_table(config, link),
    ]
    if placement.sight is not None:
        budgets.insert(0, pass_table(placement.sight, *_doppler_shifts(config, placement, placement.sight)))
    return budgets


def _downlink_budget(config: BistaticRsmaConfig, placement: Placement) -> LinkBudget:
    above, elevation = sky_of(config, placement.elevation), placement.elevation
    budget = satellite_downlink_budget(
        "Downlink: satellite to a user in the centre of coverage, whole array",
        carrier_hz=config.carrier_hz,
        bandwidth_hz=config.bandwidth_hz,
        distance_m=float(np.linalg.norm(placement.satellite_m - placement.centre_m)),
        transmit_power_dbw=config.transmit_power_dbw,
        transmit_gain_dbi=config.satellite_gain_dbi + float(to_db(config.num_tx)),
        receive_gain_dbi=config.user_gain_dbi,
        noise_power_dbw=float(to_db(noise_power(config))),
        rain_loss_db=typical_site_loss_db(above, elevation),
        shadowing_loss_db=max(typical_user_loss_db(above, elevation), 0.0),
    )
    return replace(budget, rows=(*budget.rows, *sky_rows(above, elevation)))


def _geometry_table(link: BistaticLink) -> LinkBudget:
    return LinkBudget(
        "Bistatic geometry",
        (
            BudgetRow("Satellite to target", link.range_tx / 1e3, "km"),
            BudgetRow("Target to receiver", link.range_rx / 1e3, "km"),
            BudgetRow("Satellite to receiver", link.range_los / 1e3, "km"),
            BudgetRow("Bistatic angle", rad_to_deg(link.bistatic_angle), "°", "at the target"),
            BudgetRow("Azimuth of arrival", rad_to_deg(link.aoa_azimuth), "°"),
            BudgetRow("Zenith angle of arrival", rad_to_deg(link.aoa_zenith), "°"),
            BudgetRow("Azimuth of departure", rad_to_deg(link.aod_azimuth), "°"),
            BudgetRow("Off-nadir angle of departure", rad_to_deg(link.aod_off_nadir), "°"),
            BudgetRow("Delay of the echo", link.delay_samples, "samples", f"window starts at {link.delay_offset}"),
        ),
    )


def _echo_budget(config: BistaticRsmaConfig, link: BistaticLink) -> LinkBudget:
    array_gain, receive_gain = float(to_db(config.num_tx)), float(to_db(config.num_rx))
    loss, noise = echo_path_loss_db(config, config.sensing == "monostatic"), float(to_db(link.noise_power))
    element = config.transmit_power_dbw + config.satellite_gain_dbi + array_gain + config.receiver_gain_dbi - loss
    integration = float(to_db(config.num_samples))
    snr = element - noise
    return LinkBudget(
        "Echo: satellite, target, receiver, all power towards the target",
        (
            BudgetRow("Transmit power", config.transmit_power_dbw, "dBW"),
            BudgetRow("Transmit element gain", config.satellite_gain_dbi, "dBi"),
            BudgetRow("Transmit array gain", array_gain, "dB", f"{config.num_tx} elements, matched beam"),
            BudgetRow("Bistatic cross-section", float(to_db(link.rcs)), "dBm²", config.rcs_model),
            BudgetRow("Echo path loss", loss, "dB", "both paths and the cross-section"),
            BudgetRow("Echo path loss, monostatic", echo_path_loss_db(config, True), "dB", "for comparison"),
            BudgetRow("Receive element gain", config.receiver_gain_dbi, "dBi"),
            BudgetRow("Echo power, one element", element, "dBW"),
            BudgetRow("Noise power", noise, "dBW"),
            BudgetRow("SNR, one element, one sample", snr, "dB"),
            BudgetRow("Receive array gain", receive_gain, "dB", f"{config.num_rx} elements"),
            BudgetRow("Integration gain", integration, "dB", f"{config.num_samples} samples"),
            BudgetRow("SNR after array and integration", snr + receive_gain + integration, "dB"),
        ),
    )


def _requirement_table(config: BistaticRsmaConfig, link: BistaticLink) -> LinkBudget:
    full = config.num_tx * dbw_to_w(config.transmit_power_dbw)
    feasible = link.floor <= 1.0
    window = config.num_samples + config.max_delay_samples
    required = link.gain_floor * config.num_samples / window * config.num_rx * link.alpha_squared / link.noise_power
    visible = spiked_threshold(config.num_rx, window)
    return LinkBudget(
        "Sensing requirement",
        (
            BudgetRow("Root bound of azimuth, full power", _root_deg(link.kappa_azimuth / full), "°"),
            BudgetRow("Root bound of zenith angle, full power", _root_deg(link.kappa_zenith / full), "°"),
            BudgetRow("The same, azimuth, unknown amplitude", _root_deg(link.kappa_azimuth_unknown / full), "°"),
            BudgetRow("The same, zenith angle, unknown amplitude", _root_deg(link.kappa_zenith_unknown / full), "°"),
            BudgetRow("Required root bound", _root_deg(float(np.min(config.crb_threshold_rad2))), "°", "the stricter"),
            BudgetRow("Least target gain", float(to_db(link.gain_floor)), "dBW", "power times array gain"),
            BudgetRow(
                "Share of the largest gain",
                link.floor,
                "1",
                "met by a beam on the target" if feasible else "above 1: nothing meets the requirement",
            ),
            BudgetRow(
                "Least transmit power", link.least_power_dbw, "dBW", "grows with the square of the satellite's range"
            ),
            BudgetRow(
                "Signal over noise eigenvalue, floor just met",
                required,
                "1",
                f"MUSIC needs more than about {visible:.3f}",
            ),
        ),
        () if feasible else (_beyond(config, link),),
    )


def _beyond(config: BistaticRsmaConfig, link: BistaticLink) -> str:
    """What to say of a requirement that no design meets."""
    return (
        f"transmit_power_dbw = {config.transmit_power_dbw:g} is below the {link.least_power_dbw:.1f} dBW that the "
        "sensing requirement takes with all power on the target: expect INFEASIBLE. Raise the power, or ask for less "
        "(crb_threshold_rad2)."
    )


def _interference_table(config: BistaticRsmaConfig, link: BistaticLink) -> LinkBudget:
    """What the receiver of the echo would hear besides it, and how much of that must go."""
    full = config.num_tx * dbw_to_w(config.transmit_power_dbw)
    gain, noise = direct_power_gain(config, link), link.noise_power
    direct, echo = (float(to_db(power / noise)) for power in (full * gain, link.gain_floor * link.alpha_squared))
    ratio = float(to_db(gain / link.alpha_squared))
    clean = "not simulated (direct_path = false): a clean window, as published"
    rows = [
        BudgetRow("Echo over noise, floor just met", echo, "dB", "one element, one sample"),
        BudgetRow("Direct path over noise, largest gain", direct, "dB", "simulated" if config.direct_path else clean),
        BudgetRow("Direct path over echo, equal transmit gain", ratio, "dB"),
        BudgetRow("Suppression until it is as weak as noise", max(direct, 0.0), "dB", "largest gain"),
        BudgetRow("Suppression until it is as weak as the echo", max(direct - echo, 0.0), "dB", "largest gain"),
    ]
    if config.clutter:
        ground = float(to_db(full * np.sum(ground_clutter(config).power) / noise))
        rows.append(BudgetRow("Ground clutter over noise, largest gain", ground, "dB", "all cells, one element"))
    return LinkBudget("Direct path and ground at the radar receiver", tuple(rows))


def _root_deg(variance: float) -> float:
    return rad_to_deg(math.sqrt(variance))


def _doppler_shifts(config: BistaticRsmaConfig, placement: Placement, sight: ScenarioView) -> tuple[BudgetRow, ...]:
    still = np.zeros(3)
    wavelength_m = wavelength(config.carrier_hz, config.speed_of_light_m_s)
    echo = bistatic_doppler_hz(
        placement.satellite_m, sight.view.velocity_enu_m_s, placement.target_m, still, still, wavelength_m
    )
    direct = float(sight.view.doppler_shift_hz(config.carrier_hz))
    return (
        BudgetRow("Doppler shift, direct path", direct / 1e3, "kHz", "before compensation"),
        BudgetRow("Doppler shift, echo of a target at rest", float(echo) / 1e3, "kHz", "before compensation"),
    )
