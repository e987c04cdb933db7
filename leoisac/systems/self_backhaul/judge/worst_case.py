r"""What a design guarantees when every channel may be off by a bounded error.

The true channel is the known one plus an error of at most a given norm, for every channel on its own. Worst cases of a
signal and of what disturbs it are taken separately, at each receiver: the rates below hold for every error, and no
error need attain them all (``adversary`` looks for those that come closest).

NumPy and JAX alike, for one trial, in physical units or in those of the normalised problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from jaxtyping import Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.namespace import array_namespace
from leoisac.metrics.sinr import spectral_efficiency
from leoisac.optim.batched.trust_region import least_beam_power, maximise_over_ball, minimise_over_ball
from leoisac.systems.self_backhaul.model import (
    ERROR_MODELS,
    LINKS,
    Channels,
    EstimatedChannels,
    JointDesign,
    Parameters,
)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["h_users", "h_es", "g_users", "g_es"],
    meta_fields=[],
)
@dataclass(frozen=True)
class ErrorRadii:
    """Largest norms of the channel errors, in the units of the channels.

    Attributes:
        h_users, g_users: per user, from the base station and from the satellite.
        h_es, g_es: at the Earth Station.
    """

    h_users: Leaf  # real (user)
    h_es: Leaf  # real scalar
    g_users: Leaf  # real (user)
    g_es: Leaf  # real scalar


class WorstPowers(NamedTuple):
    """Worst received powers, each over its own error ball; what disturbs is without noise.

    Attributes:
        signal: least power of a user's own beam.
        interference: largest power of the other users' beams.
        satellite: largest power of feeder beam and sensing waveform at a user.
        es_signal: least power of the feeder beam at the Earth Station.
        es_leakage: largest power of the base station's beams there.
        es_sensing: largest power of the sensing waveform there.
    """

    signal: Any
    interference: Any
    satellite: Any
    es_signal: Any
    es_leakage: Any
    es_sensing: Any


class GuaranteedRates(NamedTuple):
    """Rates in bit/s/Hz that hold for every error: per user, of the feeder link, and what is delivered for sure."""

    rate: Any
    backhaul_rate: Any
    sum_rate: Any


def error_radii(parameters: Parameters, channels: Channels) -> ErrorRadii:
    """Radii of one trial in the units of the channels (amplitude gains).

    ``relative``: ``radius ||h||`` of each known channel. ``noise-normalised``: ``radius sigma / sqrt(P)``, which is
    ``radius`` once the receiver's noise and the transmitter's budget P are the units. ``absolute``: ``radius``.
    """
    xp = array_namespace(channels.h_es, parameters.error_radius)

    def radius(link: str, h: Any, power: Any, noise: Any) -> Any:
        place = LINKS.index(link)
        given, model = parameters.error_radius[place], parameters.error_model[place]
        relative = given * _norm(xp, h)
        other = xp.where(model == ERROR_MODELS.index("absolute"), given, given * xp.sqrt(noise / power))
        return xp.where(model == ERROR_MODELS.index("relative"), relative, other)

    noise, es_noise = channels.noise_power, channels.noise_power * parameters.es_noise_ratio
    return ErrorRadii(
        h_users=radius("users", channels.h_users, parameters.bs_power, noise),
        h_es=radius("es", channels.h_es, parameters.bs_power, es_noise),
        g_users=radius("satellite", channels.g_users, parameters.satellite_power, noise),
        g_es=radius("feeder", channels.g_es, parameters.satellite_power, es_noise),
    )


def _error_sizes(parameters: Parameters, channels: Channels) -> ErrorRadii:
    """What the errors of estimates are multiplied by: the radii, or each channel's share of its norm."""
    if parameters.csi_error is None:
        return error_radii(parameters, channels)
    xp = array_namespace(channels.h_es, parameters.csi_error)

    each = (channels.h_users, channels.h_es, channels.g_users, channels.g_es)
    return ErrorRadii(*(parameters.csi_error * _norm(xp, h) for h in each))


def _norm(xp: Any, h: Any) -> Any:
    return xp.sqrt(xp.sum(xp.real(h) ** 2 + xp.imag(h) ** 2, axis=-1))


def true_channels(parameters: Parameters, channels: Channels) -> Channels:
    """The channels of one trial as they are: those known, or an estimate with its errors added."""
    if not isinstance(channels, EstimatedChannels):
        return channels
    radii, unit = _error_sizes(parameters, channels), channels.errors
    return Channels(
        h_users=channels.h_users + radii.h_users[..., None] * unit.h_users,
        h_es=channels.h_es + radii.h_es[..., None] * unit.h_es,
        g_users=channels.g_users + radii.g_users[..., None] * unit.g_users,
        g_es=channels.g_es + radii.g_es[..., None] * unit.g_es,
        noise_power=channels.noise_power,
    )


def worst_powers(
    channels: Any,
    radii: ErrorRadii,
    bs_beams: Complex[Any, "user bs_antenna"],
    satellite_beam: Complex[Any, " feed"],
    sensing_covariance: Complex[Any, "feed feed"],
) -> WorstPowers:
    """Worst received powers of beams; exact.

    Args:
        channels: anything with ``h_users``, ``h_es``, ``g_users``, ``g_es``.
        radii: in the units of the channels.
        bs_beams, satellite_beam, sensing_covariance: a joint design.
    """
    xp = array_namespace(channels.h_es, bs_beams)
    W, V = _outer(xp, bs_beams), _outer(xp, satellite_beam)
    disturbing = _disturbing(xp, channels, radii, W, V, sensing_covariance)
    return WorstPowers(
        least_beam_power(bs_beams, channels.h_users, radii.h_users),
        *disturbing[:2],
        least_beam_power(satellite_beam, channels.g_es, radii.g_es),
        *disturbing[2:],
    )


def worst_powers_of_covariances(
    channels: Any,
    radii: ErrorRadii,
    W: Complex[Any, "user bs_antenna bs_antenna"],
    V: Complex[Any, "feed feed"],
    V0: Complex[Any, "feed feed"],
) -> WorstPowers:
    """As ``worst_powers``, for covariances of any rank in place of beams."""
    xp = array_namespace(channels.h_es, W)
    disturbing = _disturbing(xp, channels, radii, W, V, V0)
    signal = minimise_over_ball(W, channels.h_users, radii.h_users).value
    es_signal = minimise_over_ball(V, channels.g_es, radii.g_es).value
    return WorstPowers(xp.maximum(signal, 0.0), *disturbing[:2], xp.maximum(es_signal, 0.0), *disturbing[2:])


def rates_of_powers(powers: WorstPowers, noise: Any, es_noise_ratio: Any = 1.0) -> GuaranteedRates:
    """Rates that the worst powers leave, bit/s/Hz."""
    xp = array_namespace(powers.signal)
    rate = spectral_efficiency(powers.signal / (powers.interference + powers.satellite + noise))
    backhaul_rate = spectral_efficiency(
        powers.es_signal / (powers.es_leakage + powers.es_sensing + noise * es_noise_ratio)
    )
    return GuaranteedRates(rate, backhaul_rate, xp.minimum(xp.sum(rate), backhaul_rate))


def guaranteed_rates(parameters: Parameters, channels: Channels, design: JointDesign) -> GuaranteedRates:
    """Guaranteed rates of one trial's physical design under the configured errors."""
    radii = error_radii(parameters, channels)
    powers = worst_powers(channels, radii, design.bs_beams, design.satellite_beam, design.sensing_covariance)
    return rates_of_powers(powers, channels.noise_power, parameters.es_noise_ratio)


def _disturbing(
    xp: Any, channels: Any, radii: ErrorRadii, W: Any, V: Any, V0: Any
) -> tuple[Float[Any, " user"], Float[Any, " user"], Float[Any, ""], Float[Any, ""]]:
    users = W.shape[0]
    # Sums over the others, not the total less the own: the difference would lose a weak interference.
    others = xp.einsum("mn,nij->mij", 1.0 - xp.eye(users), W)
    from_bs = maximise_over_ball(
        xp.concatenate([others, xp.sum(W, axis=0)[None]]),
        xp.concatenate([channels.h_users, channels.h_es[None]]),
        xp.concatenate([radii.h_users, radii.h_es[None]]),
    ).value
    sensed = xp.broadcast_to(V + V0, (users, *V0.shape))
    from_satellite = maximise_over_ball(
        xp.concatenate([sensed, V0[None]]),
        xp.concatenate([channels.g_users, channels.g_es[None]]),
        xp.concatenate([radii.g_users, radii.g_es[None]]),
    ).value
    return from_bs[:users], from_satellite[:users], from_bs[users], from_satellite[users]


def _outer(xp: Any, beams: Any) -> Any:
    return beams[..., :, None] * xp.conj(beams)[..., None, :]


__all__ = [
    "ErrorRadii",
    "GuaranteedRates",
    "WorstPowers",
    "error_radii",
    "guaranteed_rates",
    "rates_of_powers",
    "true_channels",
    "worst_powers",
    "worst_powers_of_covariances",
]
