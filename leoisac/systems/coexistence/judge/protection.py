"""Protection of receivers: interference over noise, power flux density on the ground, and the margins of their limits.

Interference over noise counts all transmitters of the other network at their full design powers, before any beamforming
of the receiver: all satellites and spot beams in the band at users and radar elements, all base stations at the
satellite user. Other beams and satellites at the satellite user are of its own network and counted apart. Power flux
density is that of free space on the axis of a beam, ``p G_s / (4 pi d^2)`` per MHz, without shadowing.
"""

from __future__ import annotations

import math
from typing import Any

from jaxtyping import Array, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jnp
from leoisac.systems.coexistence.judge.satellites import FromSatellites
from leoisac.systems.coexistence.model import Channels, Parameters

Metrics = dict[str, Float[Array, "..."]]

_LEAST = 1e-30


def protection(
    parameters: Parameters,
    channels: Channels,
    power: Float[Array, " cell"],
    coupling: Float[Array, ""],
    leakage: Float[Array, " cell"],
    further: FromSatellites | None = None,
) -> Metrics:
    """Metrics of protection for one trial.

    Args:
        parameters, channels: of the trial.
        power: of the spot beam over every cell, W.
        coupling: 0 where the networks are taken not to disturb each other, else 1.
        leakage: of all base stations at the satellite user of every cell's beam, coupling applied, W.
        further: of the satellite's other beams and of other satellites.
    """
    noise, disturbing = channels.noise_power, coupling * power
    at_sut = leakage / noise
    at_tut = channels.g_tut * (disturbing / noise)[:, None]
    at_radar = jnp.mean(channels.g_rad.real**2 + channels.g_rad.imag**2, axis=-1) * (disturbing / noise)[:, None]
    found = dict[str, Any]()
    if further is not None:
        at_tut = at_tut + coupling * further.at_tut / noise[:, None]
        at_radar = at_radar + coupling * radar_power(further) / noise[:, None]
    if channels.other_beams is not None and further is not None:
        found["inr_sut_beams_db"] = _db(further.at_sut_of_beams / noise)
    others = channels.other_satellites
    if others is not None:
        found["inr_sut_others_db"] = _db(others.at_sut / noise)
        found["inr_tut_others_db"] = _db(others.at_tut / noise[:, None])
        found["inr_radar_others_db"] = _db(_element_power(others.at_radar) / noise[:, None])
        found["satellites_in_sight"] = jnp.sum(others.in_sight)
    worst = jnp.maximum(jnp.max(at_sut), jnp.maximum(jnp.max(at_tut, initial=0.0), jnp.max(at_radar)))
    found |= {
        "inr_sut_db": _db(at_sut),
        "inr_tut_db": _db(at_tut),
        "inr_radar_db": _db(at_radar),
        "inr_db": _db(worst),
        "margin_inr": jnp.ones(()) if parameters.max_inr is None else 1.0 - worst / parameters.max_inr,
        "margin_pfd": jnp.ones(()),
    }
    if channels.places is not None:
        flux = power * parameters.satellite_gain / (4.0 * math.pi * channels.places.satellite_range_m**2)
        found["pfd_dbw_m2_mhz"] = _db(flux / parameters.bandwidth_mhz)
        if parameters.pfd_limits is not None:
            found["margin_pfd"] = 1.0 - jnp.max(power) / largest_beam_power(parameters, channels)
    return found


def radar_power(further: FromSatellites) -> Float[Array, "cell receiver"]:
    """Power at an element of every radar receiver, on average, W."""
    return _element_power(further.at_radar)


def _element_power(columns: Leaf) -> Any:
    values = jnp.asarray(columns)
    return jnp.sum(jnp.mean(values.real**2 + values.imag**2, axis=-1), axis=-1)


def largest_beam_power(parameters: Parameters, channels: Channels) -> Any:
    """Power of a spot beam at which its flux density meets the limit at the satellite's elevation, W.

    Raises:
        ConfigError: for channels that do not say where the satellite is.
    """
    if channels.places is None:
        raise ConfigError('max_pfd: these channels do not say where the satellite is; draw them, or leave it "none".')
    if parameters.pfd_angles is None or parameters.pfd_limits is None:
        raise ConfigError("max_pfd: there is no limit.")
    limit_db = jnp.interp(channels.places.satellite_elevation, parameters.pfd_angles, parameters.pfd_limits)
    area = 4.0 * math.pi * channels.places.satellite_range_m**2 / parameters.satellite_gain
    return 10.0 ** (0.1 * limit_db) * area * parameters.bandwidth_mhz


def _db(ratio: Any) -> Any:
    return 10.0 * jnp.log10(jnp.maximum(ratio, _LEAST))


__all__ = ["largest_beam_power", "protection", "radar_power"]
