"""The judge: rates, powers, beampattern, detection and margins of any design, always from the physical beams."""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Complex, Float

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector, ula_steering_vector
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.units import dbw_to_w, deg_to_rad, from_db, is_nothing
from leoisac.metrics.detection import detection_probability
from leoisac.metrics.sinr import beam_powers, downlink_sinr, received_power, spectral_efficiency
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.judge.exact_worst_case import exact_worst_rates
from leoisac.systems.self_backhaul.judge.worst_case import guaranteed_rates, true_channels
from leoisac.systems.self_backhaul.model import (
    ERROR_MODELS,
    LINKS,
    Channels,
    DirectDesign,
    JointDesign,
    Parameters,
    PhasedAccessDesign,
    PhasedDirectDesign,
    RobustDesign,
    TimeSharedDesign,
)
from leoisac.systems.self_backhaul.world.sensed import least_pattern_w, sensed_targets

Metrics = dict[str, Float[Array, "..."]]
Design = JointDesign | DirectDesign | TimeSharedDesign | PhasedDirectDesign | PhasedAccessDesign

MET = 1e-6
"""Relative shortfall of a rate that still counts as meeting the least one: the tolerance of usable designs."""


@in_double
def parameters(config: SelfBackhaulConfig) -> Parameters:
    """The configuration's numbers that designs and the judge need, in SI."""
    angles = deg_to_rad(jnp.asarray(config.target_angles_deg, dtype=jnp.float64))
    panel = jnp.asarray(upa(*config.bs_array).positions)
    sensed = sensed_targets(config)
    if config.has_consistent_sensing:
        steering = jnp.asarray(sensed.steering)
        snr_per_watt = sensed.snr_per_watt
    else:
        steering = ula_steering_vector(angles, config.num_feeds) / config.num_feeds**0.5
        snr_per_watt = sensed.snr_per_watt[0]  # one for all
    errors = [config.link_errors[name] for name in LINKS]
    es_noise_dbm = config.noise_power_dbm if config.noise_power_es_dbm is None else config.noise_power_es_dbm
    weights = (config.ibs_bs_weight, config.ibs_satellite_weight)
    return Parameters(
        satellite_power=jnp.asarray(dbw_to_w(config.satellite_power_dbw), dtype=jnp.float64),
        bs_power=jnp.asarray(dbw_to_w(config.bs_power_dbw), dtype=jnp.float64),
        min_rate=jnp.log2(1.0 + jnp.asarray(from_db(config.min_sinr_db), dtype=jnp.float64)),
        pattern_min=jnp.asarray(least_pattern_w(config, sensed), dtype=jnp.float64),
        satellite_steering=steering,
        bs_steering=steering_vector(panel, angles, 0.0) / config.num_bs_antennas**0.5,
        radar_snr_per_watt=jnp.asarray(snr_per_watt, dtype=jnp.float64),
        false_alarm=jnp.asarray(config.false_alarm, dtype=jnp.float64),
        csi_error=None if is_nothing(config.csi_error_db) else jnp.sqrt(from_db(config.csi_error_db)),
        error_radius=jnp.asarray([radius for radius, _ in errors], dtype=jnp.float64),
        joint_pattern=config.pattern_mode == "joint",
        error_model=jnp.asarray([ERROR_MODELS.index(model) for _, model in errors]),
        es_noise_ratio=jnp.asarray(from_db(es_noise_dbm - config.noise_power_dbm), dtype=jnp.float64),
        ibs_weights=jnp.asarray([-1.0 if weight is None else weight for weight in weights], dtype=jnp.float64),
    )


def evaluate(parameters: Parameters, channels: Channels, design: Design) -> Metrics:
    """Metrics of one trial's design.

    Rates are in bit/s/Hz, powers in W. Margins are relative, and met when not negative:
    ``margin_min_rate = min R / r_0 - 1``, ``margin_backhaul = R_s / sum R - 1`` (0 where no user gets anything),
    ``margin_pattern = min P / Gamma - 1``, ``margin_..._power = 1 - P / budget``. ``sum_rate`` is what the users get:
    ``min(sum R, R_s)``. Rates are those over the true channels, margins what is promised over the known ones; these
    are the same unless an estimate was asked for.

    Of a joint design, robust or not, ``guaranteed_...`` are the rates that hold for all channel errors within the
    configured radius, see ``worst_case``, and ``margin_guaranteed_...`` the margins with these rates; of a robust one
    ``exact_worst_...`` are the least rates that any one error leaves, never below the guaranteed ones.

    ``delivered_sum_rate`` is what counts: of a robust design, which transmits at the rates that it guarantees,
    ``guaranteed_sum_rate``, of all others ``sum_rate``. ``users_met`` and ``min_rate_met`` say of the rates delivered
    whether they reach the least one, for the share of the users and for all of them, whoever promised it.
    """
    truth = true_channels(parameters, channels)
    rates = _rates(parameters, truth, design)
    promised = rates if truth is channels else _rates(parameters, channels, design)
    pattern, least_pattern, sensing_share = _sensed(parameters, design)
    satellite_power, bs_power = _powers(design)
    snr = parameters.radar_snr_per_watt * pattern * sensing_share
    metrics = {
        **rates,
        "min_rate": jnp.min(rates["rate"]),
        "target_power": pattern,
        "detection_probability": detection_probability(snr, parameters.false_alarm),
        "satellite_power": satellite_power,
        "bs_power": bs_power,
        "total_power": satellite_power + bs_power,
        "margin_min_rate": jnp.min(promised["rate"]) / parameters.min_rate - 1.0,
        "margin_pattern": jnp.min(least_pattern / parameters.pattern_min) - 1.0,
        "margin_satellite_power": 1.0 - satellite_power / parameters.satellite_power,
        "margin_bs_power": 1.0 - bs_power / parameters.bs_power,
    }
    if "backhaul_rate" in rates:
        metrics["margin_backhaul"] = _backhaul_margin(promised["backhaul_rate"], promised["access_rate"])
    if isinstance(design, JointDesign):
        metrics |= _guarantees(parameters, channels, design)
    robust = isinstance(design, RobustDesign)
    met = metrics["guaranteed_rate" if robust else "rate"] >= parameters.min_rate * (1.0 - MET)
    return metrics | {
        "delivered_sum_rate": metrics["guaranteed_sum_rate" if robust else "sum_rate"],
        "users_met": jnp.mean(1.0 * met),
        "min_rate_met": 1.0 * jnp.all(met),
    }


def _guarantees(parameters: Parameters, channels: Channels, design: JointDesign) -> Metrics:
    guaranteed = guaranteed_rates(parameters, channels, design)
    found = {
        "guaranteed_rate": guaranteed.rate,
        "guaranteed_backhaul_rate": guaranteed.backhaul_rate,
        "guaranteed_sum_rate": guaranteed.sum_rate,
        "margin_guaranteed_min_rate": jnp.min(guaranteed.rate) / parameters.min_rate - 1.0,
        "margin_guaranteed_backhaul": _backhaul_margin(guaranteed.backhaul_rate, jnp.sum(guaranteed.rate)),
    }
    if isinstance(design, RobustDesign):
        exact = exact_worst_rates(parameters, channels, design)
        found |= {"exact_worst_rate": exact.rate, "exact_worst_sum_rate": exact.sum_rate}
    return found


def _backhaul_margin(backhaul_rate: Float[Array, ""], access_rate: Float[Array, ""]) -> Float[Array, ""]:
    """Relative margin; users who get nothing burden no backhaul."""
    idle = access_rate == 0.0  # not of a NaN
    return jnp.where(idle, 0.0, backhaul_rate / jnp.where(idle, 1.0, access_rate) - 1.0)


def _rates(parameters: Parameters, channels: Channels, design: Design) -> Metrics:
    es_noise = channels.noise_power * parameters.es_noise_ratio
    if isinstance(design, DirectDesign):
        return _direct_rates(channels, design)
    if isinstance(design, PhasedDirectDesign):
        sensing = jax.vmap(lambda V0: received_power(channels.g_users, V0))(design.phase_sensing)
        rate = _phased(channels.g_users, design.satellite_phase_beams, sensing, design.phase_share, channels)
        return {"rate": rate, "access_rate": jnp.sum(rate), "sum_rate": jnp.sum(rate)}
    if isinstance(design, JointDesign):
        return _joint_rates(channels, design, es_noise)
    backhaul_rate = _turn_of_the_feeder(channels, design, es_noise)
    if isinstance(design, TimeSharedDesign):
        rate = spectral_efficiency(downlink_sinr(channels.h_users, design.bs_beams, 0.0, channels.noise_power))
        return _delivered((1.0 - design.time_share) * rate, backhaul_rate)
    silent = jnp.zeros(design.bs_phase_beams.shape[:2])
    rate = _phased(channels.h_users, design.bs_phase_beams, silent, design.phase_share, channels)
    return _delivered(rate, backhaul_rate)


def _joint_rates(channels: Channels, design: JointDesign, es_noise: Float[Array, ""]) -> Metrics:
    """All transmit at once: satellite and base station disturb each other's receivers (paper, eq. 7)."""
    covariance = design.sensing_covariance + _outer(design.satellite_beam)
    from_satellite = received_power(channels.g_users, covariance)
    rate = spectral_efficiency(downlink_sinr(channels.h_users, design.bs_beams, from_satellite, channels.noise_power))
    leakage = jnp.sum(beam_powers(channels.h_es[None, :], design.bs_beams))
    sensing = received_power(channels.g_es[None, :], design.sensing_covariance)[0]
    signal = jnp.abs(jnp.vdot(channels.g_es, design.satellite_beam)) ** 2
    backhaul_rate = spectral_efficiency(signal / (leakage + sensing + es_noise))
    return _delivered(rate, backhaul_rate)


def _turn_of_the_feeder(
    channels: Channels, design: TimeSharedDesign | PhasedAccessDesign, es_noise: Float[Array, ""]
) -> Float[Array, ""]:
    """What the feeder link carries in its share of the time, beside the sensing waveform alone."""
    sensing = received_power(channels.g_es[None, :], design.sensing_covariance)[0]
    signal = jnp.abs(jnp.vdot(channels.g_es, design.satellite_beam)) ** 2
    return design.time_share * spectral_efficiency(signal / (sensing + es_noise))


def _phased(
    h: Complex[Array, "user antenna"],
    beams: Complex[Array, "phase user antenna"],
    disturbance: Float[Array, "phase user"],
    share: Float[Array, " phase"],
    channels: Channels,
) -> Float[Array, " user"]:
    """Rates over phases of given shares of the time."""
    sinr = jax.vmap(lambda w, extra: downlink_sinr(h, w, extra, channels.noise_power))(beams, disturbance)
    return jnp.sum(share[:, None] * spectral_efficiency(sinr), axis=0)


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


def _sensed(parameters: Parameters, design: Design) -> tuple[Float[Array, " target"], Float[Array, " target"], Any]:
    """Beampattern towards the targets while the satellite transmits, its least over the phases, and that time's share.

    It is the sensing waveform's, plus the base station's in joint mode; over phases, the mean.
    """
    steering = parameters.satellite_steering
    if isinstance(design, PhasedDirectDesign):
        each = jax.vmap(lambda V0: received_power(steering, V0))(design.phase_sensing)
        return jnp.sum(design.phase_share[:, None] * each, axis=0), jnp.min(each, axis=0), 1.0
    pattern = received_power(steering, design.sensing_covariance)
    if parameters.joint_pattern and not isinstance(design, DirectDesign | PhasedAccessDesign):
        pattern = pattern + jnp.sum(beam_powers(parameters.bs_steering, design.bs_beams), axis=-1)
    shared = isinstance(design, TimeSharedDesign | PhasedAccessDesign)
    return pattern, pattern, design.time_share if shared else 1.0


def _powers(design: Design) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Transmit powers of satellite and base station, of the phase that needs most."""
    if isinstance(design, PhasedDirectDesign):
        sensing = jnp.real(jnp.trace(design.phase_sensing, axis1=-2, axis2=-1))
        power = jnp.max(jax.vmap(_power)(design.satellite_phase_beams) + sensing)
        return power, 0.0 * power
    sensing = jnp.real(jnp.trace(design.sensing_covariance))
    if isinstance(design, DirectDesign):
        power = _power(design.satellite_beams) + sensing
        return power, 0.0 * power
    if isinstance(design, PhasedAccessDesign):
        bs_power = jnp.max(jax.vmap(_power)(design.bs_phase_beams))
    else:
        bs_power = _power(design.bs_beams)
    return _power(design.satellite_beam) + sensing, bs_power


def _outer(beam: Complex[Array, " antenna"]) -> Complex[Array, "antenna antenna"]:
    return beam[:, None] * jnp.conj(beam)[None, :]


def _power(beams: Complex[Array, "..."]) -> Float[Array, ""]:
    return jnp.sum(jnp.abs(beams) ** 2)
