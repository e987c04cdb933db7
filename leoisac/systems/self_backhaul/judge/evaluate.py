"""The judge: rates, powers, beampattern, detection and margins of any design, always from the physical beams."""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Complex, Float

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector, ula_steering_vector
from leoisac.foundation.jax_setup import in_double, jnp
from leoisac.foundation.units import dbm_to_w, dbw_to_w, deg_to_rad, from_db
from leoisac.metrics.detection import detection_probability, radar_snr
from leoisac.metrics.sinr import beam_powers, downlink_sinr, received_power, spectral_efficiency
from leoisac.propagation.free_space import wavelength
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.judge.worst_case import guaranteed_rates
from leoisac.systems.self_backhaul.model import (
    Channels,
    DirectDesign,
    JointDesign,
    Parameters,
    RobustDesign,
    TimeSharedDesign,
)
from leoisac.systems.self_backhaul.world.ground import place

Metrics = dict[str, Float[Array, "..."]]


@in_double
def parameters(config: SelfBackhaulConfig) -> Parameters:
    """The configuration's numbers that designs and the judge need, in SI."""
    angles = deg_to_rad(jnp.asarray(config.target_angles_deg, dtype=jnp.float64))
    panel = jnp.asarray(upa(*config.bs_array).positions)
    snr_per_watt = radar_snr(
        1.0,
        transmit_gain=from_db(config.max_gain_dbi),
        receive_gain=from_db(config.max_gain_dbi),
        wavelength_m=wavelength(config.carrier_hz),
        rcs_m2=config.rcs_m2,
        distance_m=place(config).slant_range_m,
        noise_power_w=dbm_to_w(config.noise_power_dbm),
        num_samples=config.num_integrated,
    )
    pattern_min = jnp.broadcast_to(jnp.asarray(config.pattern_min_w, dtype=jnp.float64), angles.shape)
    return Parameters(
        satellite_power=jnp.asarray(dbw_to_w(config.satellite_power_dbw), dtype=jnp.float64),
        bs_power=jnp.asarray(dbw_to_w(config.bs_power_dbw), dtype=jnp.float64),
        min_rate=jnp.log2(1.0 + jnp.asarray(from_db(config.min_sinr_db), dtype=jnp.float64)),
        pattern_min=pattern_min,
        satellite_steering=ula_steering_vector(angles, config.num_feeds) / config.num_feeds**0.5,
        bs_steering=steering_vector(panel, angles, 0.0) / config.num_bs_antennas**0.5,
        radar_snr_per_watt=jnp.asarray(snr_per_watt, dtype=jnp.float64),
        false_alarm=jnp.asarray(config.false_alarm, dtype=jnp.float64),
        error_radius=jnp.asarray(config.error_radius, dtype=jnp.float64),
        joint_pattern=config.pattern_mode == "joint",
        relative_error=jnp.asarray(config.error_model == "relative"),
    )


def evaluate(
    parameters: Parameters, channels: Channels, design: JointDesign | DirectDesign | TimeSharedDesign
) -> Metrics:
    """Metrics of one trial's design.

    Rates are in bit/s/Hz, powers in W. Margins are relative, and met when not negative:
    ``margin_min_rate = min R / r_0 - 1``, ``margin_backhaul = R_s / sum R - 1`` (0 where no user gets anything),
    ``margin_pattern = min P / Gamma - 1``, ``margin_..._power = 1 - P / budget``. ``sum_rate`` is what the users get
    over the channels as known: ``min(sum R, R_s)``.

    Of a joint design, robust or not, ``guaranteed_...`` are the rates that hold for all channel errors within the
    configured radius, see ``worst_case``, and ``margin_guaranteed_...`` the margins with these rates.

    ``delivered_sum_rate`` is what counts: of a robust design, which transmits at the rates that it guarantees,
    ``guaranteed_sum_rate``, of all others ``sum_rate``.
    """
    if isinstance(design, DirectDesign):
        rates = _direct_rates(channels, design)
        bs_beams, satellite_beams = jnp.zeros_like(channels.h_users), design.satellite_beams
    else:
        together = isinstance(design, JointDesign)
        rates = _joint_rates(channels, design) if together else _time_shared_rates(channels, design)
        bs_beams, satellite_beams = design.bs_beams, design.satellite_beam
    pattern = _target_power(parameters, bs_beams, design)
    satellite_power = _power(satellite_beams) + jnp.real(jnp.trace(design.sensing_covariance))
    bs_power = _power(bs_beams)
    metrics = {
        **rates,
        "min_rate": jnp.min(rates["rate"]),
        "target_power": pattern,
        "detection_probability": detection_probability(parameters.radar_snr_per_watt * pattern, parameters.false_alarm),
        "satellite_power": satellite_power,
        "bs_power": bs_power,
        "total_power": satellite_power + bs_power,
        "margin_min_rate": jnp.min(rates["rate"]) / parameters.min_rate - 1.0,
        "margin_pattern": jnp.min(pattern / parameters.pattern_min) - 1.0,
        "margin_satellite_power": 1.0 - satellite_power / parameters.satellite_power,
        "margin_bs_power": 1.0 - bs_power / parameters.bs_power,
    }
    if "backhaul_rate" in rates:
        metrics["margin_backhaul"] = _backhaul_margin(rates["backhaul_rate"], rates["access_rate"])
    if isinstance(design, JointDesign):
        metrics |= _guarantees(parameters, channels, design)
    robust = isinstance(design, RobustDesign)
    return metrics | {"delivered_sum_rate": metrics["guaranteed_sum_rate" if robust else "sum_rate"]}


def _guarantees(parameters: Parameters, channels: Channels, design: JointDesign) -> Metrics:
    guaranteed = guaranteed_rates(parameters, channels, design)
    return {
        "guaranteed_rate": guaranteed.rate,
        "guaranteed_backhaul_rate": guaranteed.backhaul_rate,
        "guaranteed_sum_rate": guaranteed.sum_rate,
        "margin_guaranteed_min_rate": jnp.min(guaranteed.rate) / parameters.min_rate - 1.0,
        "margin_guaranteed_backhaul": _backhaul_margin(guaranteed.backhaul_rate, jnp.sum(guaranteed.rate)),
    }


def _backhaul_margin(backhaul_rate: Float[Array, ""], access_rate: Float[Array, ""]) -> Float[Array, ""]:
    """Relative margin; users who get nothing burden no backhaul."""
    idle = access_rate == 0.0  # not of a NaN
    return jnp.where(idle, 0.0, backhaul_rate / jnp.where(idle, 1.0, access_rate) - 1.0)


def _joint_rates(channels: Channels, design: JointDesign) -> Metrics:
    """All transmit at once: satellite and base station disturb each other's receivers (paper, eq. 7)."""
    covariance = design.sensing_covariance + _outer(design.satellite_beam)
    from_satellite = received_power(channels.g_users, covariance)
    rate = spectral_efficiency(downlink_sinr(channels.h_users, design.bs_beams, from_satellite, channels.noise_power))
    leakage = jnp.sum(beam_powers(channels.h_es[None, :], design.bs_beams))
    sensing = received_power(channels.g_es[None, :], design.sensing_covariance)[0]
    signal = jnp.abs(jnp.vdot(channels.g_es, design.satellite_beam)) ** 2
    backhaul_rate = spectral_efficiency(signal / (leakage + sensing + channels.noise_power))
    return _delivered(rate, backhaul_rate)


def _time_shared_rates(channels: Channels, design: TimeSharedDesign) -> Metrics:
    """First the feeder link with the sensing waveform, then the access link, each alone."""
    sensing = received_power(channels.g_es[None, :], design.sensing_covariance)[0]
    signal = jnp.abs(jnp.vdot(channels.g_es, design.satellite_beam)) ** 2
    backhaul_rate = spectral_efficiency(signal / (sensing + channels.noise_power))
    rate = spectral_efficiency(downlink_sinr(channels.h_users, design.bs_beams, 0.0, channels.noise_power))
    return _delivered((1.0 - design.time_share) * rate, design.time_share * backhaul_rate)


def _delivered(rate: Float[Array, " user"], backhaul_rate: Float[Array, ""]) -> Metrics:
    access_rate = jnp.sum(rate)
    return {
        "rate": rate,
        "access_rate": access_rate,
        "backhaul_rate": backhaul_rate,
        "sum_rate": jnp.minimum(access_rate, backhaul_rate),
    }


def _direct_rates(channels: Channels, design: DirectDesign) -> Metrics:
    """The satellite serves the users; there is no backhaul to pass."""
    sensing = received_power(channels.g_users, design.sensing_covariance)
    rate = spectral_efficiency(downlink_sinr(channels.g_users, design.satellite_beams, sensing, channels.noise_power))
    return {"rate": rate, "access_rate": jnp.sum(rate), "sum_rate": jnp.sum(rate)}


def _target_power(
    parameters: Parameters, bs_beams: Complex[Array, "user bs_antenna"], design: Any
) -> Float[Array, " target"]:
    """Beampattern towards the targets: the sensing waveform's, plus the base station's in joint mode."""
    pattern = received_power(parameters.satellite_steering, design.sensing_covariance)
    if parameters.joint_pattern:
        pattern = pattern + jnp.sum(beam_powers(parameters.bs_steering, bs_beams), axis=-1)
    return pattern


def _outer(beam: Complex[Array, " antenna"]) -> Complex[Array, "antenna antenna"]:
    return beam[:, None] * jnp.conj(beam)[None, :]


def _power(beams: Complex[Array, "..."]) -> Float[Array, ""]:
    return jnp.sum(jnp.abs(beams) ** 2)
