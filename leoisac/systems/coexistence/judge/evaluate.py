"""The judge: rates, SCNR, powers, flux densities and margins of any design, always from the physical channels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Array, Complex, Float, Int

from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.units import dbm_to_w, deg_to_rad, from_db, rad_to_deg
from leoisac.metrics.detection import detection_probability
from leoisac.metrics.scnr import multistatic_columns, scnr_of_columns
from leoisac.metrics.sinr import spectral_efficiency
from leoisac.systems.coexistence.config import CoexistenceConfig
from leoisac.systems.coexistence.judge.protection import protection
from leoisac.systems.coexistence.judge.satellites import from_satellites
from leoisac.systems.coexistence.model import Channels, Design, Parameters
from leoisac.systems.coexistence.world.ground import friis_length

Metrics = dict[str, Float[Array, "..."]]

TOLERANCE = 1e-3
"""Largest relative violation of a constraint at which a design still counts (specification of the optimisers)."""

_LEAST_FLUX = 1e-30


@in_double
def parameters(config: CoexistenceConfig) -> Parameters:
    """The configuration's numbers that designs and the judge need, in SI."""
    # With the printed free-space law isotropic antennas are larger too: the same aperture explains the gain.
    isotropic_m2 = 4.0 * math.pi * friis_length(config) ** 2
    numbers: dict[str, Any] = {
        "bs_power": dbm_to_w(config.bs_power_dbm),
        "satellite_power": config.satellite_power_w,
        "min_sut_rate": config.min_sut_rate,
        "min_scnr": from_db(config.min_scnr_db),
        "satellite_separation": deg_to_rad(config.association_satellite_deg),
        "target_separation": deg_to_rad(config.association_target_deg),
        "sut_aperture": isotropic_m2 * from_db(config.sut_gain_dbi),
        "tut_aperture": isotropic_m2 * from_db(config.tut_gain_dbi),
        "bandwidth_mhz": config.bandwidth_hz / 1e6,
        "satellite_gain": from_db(config.satellite_gain_dbi),
        # A tone that is off by f turns by 2 pi f T: the mean of its phasor is a sinc.
        "doppler_loss": np.sinc(config.residual_doppler_hz * config.integration_time_s) ** 2,
        "integrated_samples": config.integrated_samples,
        "false_alarm_probability": config.false_alarm_probability,
    }
    if config.max_inr_db is not None:
        numbers["max_inr"] = from_db(config.max_inr_db)
    if config.tut_weights is not None or config.sut_weight != 1.0:
        numbers["rate_weights"] = [*(config.tut_weights or (1.0,) * config.num_users), config.sut_weight]
    limits = config.pfd_table()
    if limits is not None:
        numbers["pfd_angles"] = [deg_to_rad(angle) for angle, _ in limits]
        numbers["pfd_limits"] = [value for _, value in limits]
    return Parameters(
        **{name: jnp.asarray(value, dtype=jnp.float64) for name, value in numbers.items()},
        cells_per_beam=config.cells_per_beam,
        association=config.association,
        frequency_reuse=config.frequency_reuse,
    )


def evaluate(parameters: Parameters, channels: Channels, design: Design) -> Metrics:
    """Metrics of one trial's design at the instant of P3.

    ``SINR_k = |h_k f_k|^2 / (sum_{s != k} |h_k f_s|^2 + g_k p + sigma^2)``, ``SINR_S = g p / (||h_S F||^2 + sigma^2)``
    (paper, eq. 15, on all streams), SCNR with the best receive filters. Rates in bit/s/Hz, powers in W, flux
    densities in dBW/m2/MHz. Margins are relative, met when not negative: ``margin_sut_rate = min R_S / R_min - 1``
    (``R_S`` itself where nothing is asked), ``margin_scnr = min SCNR / SCNR_min - 1``, ``margin_..._power = 1 - P /
    budget``. A cell without satellite user has a ``sut_rate`` of 0 that counts nowhere.

    Raises:
        ConfigError: for beams that share colours of the band in channels that do not say how they hear each other.
    """
    several = design.beam_power.shape[0] > parameters.cells_per_beam
    if parameters.frequency_reuse and several and channels.other_beams is None:
        raise ConfigError(
            f"frequency_reuse = {parameters.frequency_reuse}: these channels do not say how spot beams hear each "
            "other; draw them, or leave it 0."
        )
    cells = jnp.arange(design.beam_power.shape[0])
    serves = cells % parameters.cells_per_beam == 0
    power = jnp.maximum(design.beam_power, 0.0)
    coupling = jnp.ones(()) if design.coupling is None else design.coupling
    # Beams and satellites disturb each other's users whatever the terrestrial network does.
    further = from_satellites(channels, power[:: parameters.cells_per_beam])
    at_tut = coupling * (channels.g_tut * power[:, None] + (0.0 if further is None else further.at_tut))
    tut_rate = spectral_efficiency(_tut_sinr(channels, design.beamformer, at_tut))
    leakage = coupling * sut_leakage(parameters, channels, design.beamformer)
    at_sut = leakage + channels.noise_power + (0.0 if further is None else further.at_sut)
    sut_rate = jnp.where(serves, spectral_efficiency(channels.g_sut * power / at_sut), 0.0)
    heard = [_from_neighbours(channels, design.beamformer)]
    heard.append(None if further is None else jnp.sqrt(coupling) * further.at_radar)
    columns = [one for one in heard if one is not None]
    scnr = jax.vmap(_cell_scnr)(
        _sensing_arrays(channels),
        design.beamformer,
        coupling * power,
        design.association,
        jnp.concatenate(columns, axis=2) if columns else None,
    )
    scnr = parameters.doppler_loss * scnr
    # Without targets every demand on them is met.
    least_scnr = jnp.min(scnr) if scnr.size else parameters.min_scnr
    bs_power = jnp.sum(_squared(design.beamformer), axis=(-2, -1))
    satellite_power = jnp.sum(jnp.where(serves, power, 0.0))
    terrestrial_rate, satellite_rate = jnp.sum(tut_rate), jnp.sum(sut_rate)
    served_rate = jnp.min(jnp.where(serves, sut_rate, jnp.inf))
    demanded = parameters.min_sut_rate > 0.0
    return {
        "tut_rate": tut_rate,
        "sut_rate": sut_rate,
        "scnr": scnr,
        "terrestrial_rate": terrestrial_rate,
        "satellite_rate": satellite_rate,
        "sum_rate": terrestrial_rate + satellite_rate,
        "weighted_rate": terrestrial_rate + satellite_rate
        if parameters.rate_weights is None
        else jnp.sum(parameters.rate_weights[:-1] * tut_rate) + parameters.rate_weights[-1] * satellite_rate,
        # Where there are no users a cell cannot be without service.
        "least_cell_rate": jnp.min(jnp.sum(tut_rate, axis=-1)) if tut_rate.size else served_rate,
        "min_rate": jnp.minimum(jnp.min(tut_rate, initial=jnp.inf), served_rate),
        "min_scnr": least_scnr,
        "detection_probability": detection_probability(
            parameters.integrated_samples * jnp.maximum(scnr, _LEAST_FLUX), parameters.false_alarm_probability
        ),
        "sensing_failure": jnp.where(least_scnr < (1.0 - TOLERANCE) * parameters.min_scnr, 1.0, 0.0),
        "bs_power": bs_power,
        "beam_power": power,
        "total_power": jnp.sum(bs_power) + satellite_power,
        **_flux_densities(parameters, channels, power),
        **protection(parameters, channels, power, coupling, leakage, further),
        **_whole_band(parameters, terrestrial_rate + satellite_rate),
        **_uplink(parameters, channels, design.beamformer),
        **_places(channels),
        "margin_sut_rate": jnp.where(
            demanded, served_rate / jnp.where(demanded, parameters.min_sut_rate, 1.0) - 1.0, served_rate
        ),
        "margin_scnr": least_scnr / parameters.min_scnr - 1.0,
        "margin_bs_power": 1.0 - jnp.max(bs_power) / parameters.bs_power,
        "margin_satellite_power": 1.0 - satellite_power / parameters.satellite_power,
    }


def _whole_band(parameters: Parameters, sum_rate: Float[Array, ""]) -> Metrics:
    """Every colour is a band of its own: what the rates are worth over all of them."""
    if not parameters.frequency_reuse:
        return {}
    return {"whole_band_rate": sum_rate / parameters.frequency_reuse}


def _tut_sinr(
    channels: Channels,
    beamformer: Complex[Array, "cell tx stream"],
    from_satellite: Float[Array, "cell user"],
) -> Float[Array, "cell user"]:
    received = _squared(jnp.einsum("mkt,mts->mks", channels.h_tut_fresh, beamformer))
    users, streams = received.shape[1:]
    own = jnp.eye(users, streams, dtype=bool)
    signal = jnp.sum(jnp.where(own, received, 0.0), axis=-1)
    interference = jnp.sum(jnp.where(own, 0.0, received), axis=-1)
    if channels.neighbours is not None:
        others = jnp.einsum("mnkt,nts->mnks", channels.neighbours.h_cross_tut_fresh, beamformer)
        interference = interference + jnp.sum(_squared(others), axis=(1, 3))
    return signal / (interference + from_satellite + channels.noise_power[:, None])


def sut_leakage(
    parameters: Parameters, channels: Channels, beamformer: Complex[Array, "cell tx stream"]
) -> Float[Array, " cell"]:
    """Power of all base stations at the satellite user of every cell's beam, those of the background included, W."""
    own = jnp.sum(_squared(jnp.einsum("mt,mts->ms", channels.h_sut_fresh, beamformer)), axis=-1)
    share = parameters.cells_per_beam
    together = jnp.repeat(jnp.sum(own.reshape(-1, share), axis=1), share)
    if channels.background is None:
        return together
    return together + parameters.bs_power * channels.background.sut_gain


def _from_neighbours(
    channels: Channels, beamformer: Complex[Array, "cell tx stream"]
) -> Complex[Array, "cell receiver column rx"] | None:
    """What every stream of the other cells of a beam puts on every radar receiver."""
    if channels.neighbours is None:
        return None
    heard = jnp.einsum("mnrat,nts->mrnsa", channels.neighbours.d_cross_radar, beamformer)
    return heard.reshape(*heard.shape[:2], heard.shape[2] * heard.shape[3], heard.shape[-1])


def _sensing_arrays(channels: Channels) -> dict[str, Array]:
    names = ("target_amplitude", "target_tx", "target_rx", "clutter_amplitude", "clutter_tx", "clutter_rx")
    return {name: getattr(channels, name) for name in (*names, "g_rad", "noise_power")}


def _cell_scnr(
    cell: dict[str, Array],
    beamformer: Complex[Array, "tx stream"],
    disturbing: Float[Array, ""],
    association: Int[Array, " target"],
    further: Complex[Array, "receiver column rx"] | None,
) -> Float[Array, " target"]:
    """SCNR of every target of a cell with the filter that is best for it.

    ``disturbing`` is the power of the cell's spot beam; ``further``: columns of what else a receiver hears.
    """
    targets, streams = association.shape[0], beamformer.shape[1]
    if not targets:
        return jnp.zeros(0)
    lit = cell["target_tx"] @ beamformer  # what every target gets of every stream
    clutter_power = jnp.sum(_squared(cell["clutter_tx"] @ beamformer), axis=-1)

    def one(target: Int[Array, ""], receiver: Int[Array, ""]) -> Float[Array, ""]:
        stream = streams - targets + target
        back = cell["target_amplitude"][:, receiver, None] * cell["target_rx"][:, receiver]
        clutter_back = cell["clutter_amplitude"][:, receiver, None] * cell["clutter_rx"][:, receiver]
        own_beam = back * lit[:, stream, None]
        wanted = jnp.arange(targets)[:, None] == target
        own_stream = jnp.arange(streams)[:, None] == stream
        columns = multistatic_columns(
            jnp.where(wanted, 0.0, own_beam),
            jnp.where(own_stream, 0.0, jnp.einsum("jr,js->sr", back, lit)),
            clutter_back,
            clutter_power,
            jnp.sqrt(disturbing) * cell["g_rad"][receiver],
        )
        if further is not None:
            columns = jnp.concatenate([columns, further[receiver]])
        return scnr_of_columns(own_beam[target], columns, cell["noise_power"])

    return jax.vmap(one)(jnp.arange(targets), association)


def _flux_densities(parameters: Parameters, channels: Channels, power: Float[Array, " cell"]) -> Metrics:
    """Power flux density of the spot beams at the satellite user and, the largest, at the terrestrial users.

    Received power over the receiver's aperture, shadowing included.
    """
    at_sut = channels.g_sut * power / parameters.sut_aperture
    at_tut = jnp.max(channels.g_tut, axis=-1, initial=0.0) * power / parameters.tut_aperture
    scale = 1.0 / parameters.bandwidth_mhz
    return {
        "sut_flux_dbw_m2_mhz": 10.0 * jnp.log10(jnp.maximum(scale * at_sut, _LEAST_FLUX)),
        "tut_flux_dbw_m2_mhz": 10.0 * jnp.log10(jnp.maximum(scale * at_tut, _LEAST_FLUX)),
    }


def _uplink(parameters: Parameters, channels: Channels, beamformer: Complex[Array, "cell tx stream"]) -> Metrics:
    """Interference over noise at the satellite's receive beam, from the designed base stations and the background."""
    if channels.background is None:
        return {}
    own = jnp.sum(_squared(jnp.einsum("mt,mts->ms", channels.background.h_satellite, beamformer)), axis=-1)
    share = parameters.cells_per_beam
    together = jnp.repeat(jnp.sum(own.reshape(-1, share), axis=1), share)
    arriving = together + parameters.bs_power * channels.background.satellite_gain
    return {"inr_satellite_db": 10.0 * jnp.log10(jnp.maximum(arriving / channels.noise_power, _LEAST_FLUX))}


def _places(channels: Channels) -> Metrics:
    """Where everybody stands, as it was drawn."""
    places = channels.places
    if places is None:
        return {}
    names = ("bs_position_m", "sut_position_m", "tut_position_m", "receiver_position_m", "target_position_m")
    return {
        **{name: getattr(places, name) for name in names},
        "satellite_elevation_deg": rad_to_deg(places.satellite_elevation),
        "satellite_azimuth_deg": rad_to_deg(places.satellite_azimuth),
        **({} if places.beam_position_m is None else {"beam_position_m": places.beam_position_m}),
    }


def _squared(values: Complex[Array, "..."]) -> Float[Array, "..."]:
    # Not through the modulus: that has no derivative at zero.
    return values.real**2 + values.imag**2


__all__ = ["TOLERANCE", "evaluate", "parameters", "sut_leakage"]
