"""Received power, SINR of linear beams, rates. Amplitudes are ``h^H w``; powers are in watts.

Functions compute in the array library of their arguments (``foundation.namespace``) and are traceable by JAX.
"""

from __future__ import annotations

import math
from typing import Any

from jaxtyping import Complex, Float

from leoisac.foundation.namespace import RealLike, array_namespace

PowerPerUser = float | int | Float[Any, ""] | Float[Any, "*#batch #user"]


def beam_powers(
    h: Complex[Any, "*#batch user antenna"], w: Complex[Any, "*#batch beam antenna"]
) -> Float[Any, "... user beam"]:
    """Received power of every beam at every user, ``|h_m^H w_n|^2`` in W.

    Args:
        h: channels (amplitude gain).
        w: beamformers, sqrt(W).
    """
    xp = array_namespace(h, w)
    amplitude = xp.einsum("...ma,...na->...mn", xp.conj(h), w)
    # Not |.|^2 through the modulus: that has no derivative at zero.
    return xp.real(amplitude) ** 2 + xp.imag(amplitude) ** 2


def received_power(
    h: Complex[Any, "*#batch point antenna"], covariance: Complex[Any, "*#batch antenna antenna"]
) -> Float[Any, "... point"]:
    """Power ``h^H V h`` in W that a transmit covariance V brings to each of several points.

    Args:
        h: channels, or steering vectors, one row per point.
        covariance: Hermitian transmit covariance ``V``, W.
    """
    xp = array_namespace(h, covariance)
    return xp.real(xp.einsum("...pa,...ab,...pb->...p", xp.conj(h), covariance, h))


def downlink_sinr(
    h: Complex[Any, "*#batch user antenna"],
    w: Complex[Any, "*#batch beam antenna"],
    external_power: PowerPerUser,
    noise_power: PowerPerUser,
) -> Float[Any, "... user"]:
    """SINR of each user of a downlink with one linear beam per user.

    ``gamma_m = |h_m^H w_m|^2 / (sum_{n != m} |h_m^H w_n|^2 + external_m + noise)``.

    Args:
        h: channel of each user (amplitude gain).
        w: beamformer of each user in the order of the users, sqrt(W); those beyond (sensing streams) only disturb.
        external_power: interference from other transmitters at each user, W.
        noise_power: receiver noise, W.
    """
    xp = array_namespace(h, w, external_power, noise_power)
    powers = beam_powers(h, w)
    own = xp.eye(*powers.shape[-2:], dtype=bool)
    # Masked sums, not the total less the signal: the difference would lose the interference of a strong user.
    signal = xp.sum(xp.where(own, powers, 0.0), axis=-1)
    interference = xp.sum(xp.where(own, 0.0, powers), axis=-1)
    return signal / (interference + external_power + noise_power)


def stream_sinr(
    powers: Float[Any, "*batch point beam"], external_power: PowerPerUser, noise_power: PowerPerUser
) -> Float[Any, "... point beam"]:
    """SINR at which every point (an eavesdropper) could decode every stream, with all others as noise.

    ``gamma_mn = P_mn / (sum_{j != n} P_mj + external_m + noise)``; ``downlink_sinr`` is its diagonal.

    Args:
        powers: received power of every beam at every point, W (``beam_powers``).
        external_power: interference from other transmitters at each point, W.
        noise_power: receiver noise, W.
    """
    xp = array_namespace(powers, external_power, noise_power)
    others = xp.where(xp.eye(powers.shape[-1], dtype=bool), 0.0, powers[..., None, :])
    return powers / (xp.sum(others, axis=-1) + xp.asarray(external_power + noise_power)[..., None])


def spectral_efficiency(sinr: RealLike) -> Any:
    """Rate ``log2(1 + sinr)`` in bit/s/Hz of Gaussian signalling; exact also for tiny SINR."""
    return array_namespace(sinr).log1p(sinr) / math.log(2.0)
