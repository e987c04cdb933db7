# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Terms that are ratios and rates of communication."""

from __future__ import annotations

from typing import Any, NamedTuple

from leoisac.foundation.jax_setup import in_double, jnp
from leoisac.metrics.mimo import mimo_rate
from leoisac.metrics.rsma import CommonRateSplit, allocate_common_rate, rate_splitting_sinr
from leoisac.metrics.sinr import beam_powers, downlink_sinr, received_power, spectral_efficiency, stream_sinr
from leoisac.problems.terms.inputs import BEAM, BEAMS, CHANNELS, HERMITIAN, ONE_CHANNEL, Inputs, columns, transmission


class RsmaRates(NamedTuple):
    """Rates of one-layer rate splitting, bit/s/Hz.

    Attributes:
        common: of the common stream, which everybody decodes: the least of ``common_of_users``; has kinks.
        private: of every user's own stream, shape ``(user,)``.
        common_of_users: at which each user could decode the common stream, shape ``(user,)``; smooth.
    """

    common: Any
    private: Any
    common_of_users: Any


@in_double
def sinr(h: Any, w: Any, *, noise: Any, covariance: Any = None, interference: Any = 0.0) -> Any:
    """SINR of every user, whose stream is the one of the same index.

    ``gamma_k = |h_k^H w_k|^2 / (sum_{s != k} |h_k^H w_s|^2 + h_k^H V h_k + i_k + noise)``.

    Args:
        h: channels (user, antenna); or (antenna,) for a single user with a single beam.
        w: beams (antenna, stream), at least one for every user.
        noise: receiver noise, W; a number or (user,).
        covariance: Hermitian covariance V (antenna, antenna) of what is sent besides and disturbs everybody.
        interference: from other transmitters, W; a number or (user,).

    Returns:
        Linear ratios, shape ``(user,)``; a number for one user without a user axis.
    """
    inputs = Inputs("sinr")
    h, w, single = _downlink(inputs, h, w)
    disturbance = _disturbance(inputs, h, covariance, interference, "user")
    ratio = downlink_sinr(h, w.T, disturbance, inputs.level("noise", noise, "user", h.shape[0]))
    return ratio[0] if single else ratio


@in_double
def rate(sinr: Any) -> Any:
    """``log2(1 + sinr)`` in bit/s/Hz of Gaussian signalling, any shape; exact also for tiny SINR."""
    return spectral_efficiency(jnp.asarray(sinr))


@in_double
def rsma_rates(
    h: Any, w_common: Any, w_private: Any, *, noise: Any, covariance: Any = None, interference: Any = 0.0
) -> RsmaRates:
    """Rates of one-layer rate splitting: all decode the common stream first, take it away, then decode their own.

    ``R_c = min_k log2(1 + |h_k^H w_c|^2 / (sum_s |h_k^H w_s|^2 + ...))``, ``R_k = log2(1 + gamma_k)`` with the private
    streams alone (Y. Mao et al., IEEE Commun. Surveys Tuts. 24(4), 2022). The common rate is shared by the users: state
    the shares by a variable (``Split(users)`` times ``common``), or have them from ``rsma_split``. The least rate has
    kinks; ``common_of_users`` bounds every share smoothly.

    Args:
        h: channels (user, antenna).
        w_common: the common beam (antenna,) or (antenna, 1).
        w_private: private beams (antenna, stream); those beyond the users only disturb.
        noise, covariance, interference: as in ``sinr``; covariance and interference are never taken away.
    """
    inputs = Inputs("rsma_rates")
    h, w_private, _ = _downlink(inputs, h, w_private, name="w_private", forms=(CHANNELS,))
    w_common = inputs.array("w_common", w_common, BEAM, ("antenna", "common stream"))
    users = h.shape[0]
    powers = beam_powers(h, w_private.T)
    other = jnp.sum(powers[:, users:], axis=-1) + _disturbance(inputs, h, covariance, interference, "user")
    common = jnp.sum(beam_powers(h, w_common.reshape(w_common.shape[0], -1).T), axis=-1)
    level = inputs.level("noise", noise, "user")
    ratios = rate_splitting_sinr(powers[:, :users], common, other, level)
    common_of_users = spectral_efficiency(ratios.common)
    return RsmaRates(jnp.min(common_of_users), spectral_efficiency(ratios.private), common_of_users)


@in_double
def rsma_split(rates: RsmaRates) -> CommonRateSplit:
    """The common rate shared so that the least rate of all users is largest (water filling): ``min_rate`` and the
    shares ``common_rate`` (user,), bit/s/Hz. Has kinks, where a user's share begins.

    Args:
        rates: of ``rsma_rates``.
    """
    return allocate_common_rate(jnp.asarray(rates.common_of_users), jnp.asarray(rates.private))


@in_double
def multicast_rate(
    h: Any, w: Any, *, noise: Any, covariance: Any = None, interference: Any = 0.0, per_user: bool = False
) -> Any:
    """Rate in bit/s/Hz of one message for everybody.

    ``min_k log2(1 + sum_s |h_k^H w_s|^2 / (h_k^H V h_k + i_k + noise))``.

    All streams carry the message (N. D. Sidiropoulos, T. N. Davidson and Z.-Q. Luo, IEEE Trans. Signal Process. 54(6),
    2006, for one). The least rate has a kink where two users are equal; ``maximise_least`` over ``per_user=True`` has
    none.

    Args:
        h: channels (user, antenna).
        w: beam (antenna,) or beams (antenna, stream).
        noise, covariance, interference: as in ``sinr``.
        per_user: give the rate of every user, shape ``(user,)``, and not the least.
    """
    inputs = Inputs("multicast_rate")
    h = inputs.array("h", h, CHANNELS)
    w = columns(inputs.array("w", w, BEAMS, BEAM))
    disturbance = _disturbance(inputs, h, covariance, interference, "user")
    signal = jnp.sum(beam_powers(h, w.T), axis=-1)
    rates = spectral_efficiency(signal / (disturbance + inputs.level("noise", noise, "user")))
    return rates if per_user else jnp.min(rates)


@in_double
def secrecy_rate(
    h: Any,
    w: Any,
    h_eavesdropper: Any,
    *,
    noise: Any,
    noise_eavesdropper: Any = None,
    covariance: Any = None,
    interference: Any = 0.0,
    per_eavesdropper: bool = False,
) -> Any:
    """Secrecy rate of every user, ``log2(1 + gamma_k) - max_e log2(1 + gamma_ek)`` in bit/s/Hz.

    ``gamma_ek`` is the SINR of user k's stream at eavesdropper e, with all other streams as noise there (A. Khisti and
    G. W. Wornell, IEEE Trans. Inf. Theory 56(7), 2010). It is **not** clipped at zero: a negative value says how far
    the eavesdropper is ahead, and keeps its slope. The largest over eavesdroppers has kinks; a constraint on
    ``per_eavesdropper=True`` has none.

    Args:
        h: channels (user, antenna); or (antenna,) for a single user with a single beam.
        w: beams (antenna, stream); those beyond the users (artificial noise, sensing) disturb all.
        h_eavesdropper: channels (eavesdropper, antenna), or (antenna,) for one.
        noise: at the users, W; a number or (user,).
        noise_eavesdropper: a number or (eavesdropper,); by default ``noise``, which is one number then.
        covariance: Hermitian (antenna, antenna) of artificial noise, disturbs users and eavesdroppers.
        interference: at the users, W; a number or (user,).
        per_eavesdropper: give shape ``(user, eavesdropper)``, without the axes that ``h`` or ``h_eavesdropper`` lack.

    Returns:
        Shape ``(user,)``; a number for one user without a user axis.
    """
    inputs = Inputs("secrecy_rate")
    h, w, single = _downlink(inputs, h, w)
    eavesdroppers = inputs.array("h_eavesdropper", h_eavesdropper, ("eavesdropper", "antenna"), ONE_CHANNEL)
    rows = jnp.atleast_2d(eavesdroppers)
    level = inputs.level("noise", noise, "user", h.shape[0])
    if noise_eavesdropper is None and level.ndim:
        raise inputs.refuse("noise has one number per user; noise_eavesdropper= is needed, too.")
    level_there = noise if noise_eavesdropper is None else noise_eavesdropper
    level_there = inputs.level("noise_eavesdropper", level_there, "eavesdropper", rows.shape[0])
    own = downlink_sinr(h, w.T, _disturbance(inputs, h, covariance, interference, "user"), level)
    other = _disturbance(inputs, rows, covariance, 0.0, "eavesdropper")
    theirs = stream_sinr(beam_powers(rows, w.T), other, level_there)[:, : h.shape[0]]
    rates = spectral_efficiency(own)[:, None] - spectral_efficiency(theirs).T
    rates = rates if per_eavesdropper else jnp.min(rates, axis=-1)
    rates = rates[:, 0] if per_eavesdropper and eavesdroppers.ndim == 1 else rates
    return rates[0] if single else rates


@in_double
def backhaul_rate(
    channel: Any, w: Any = None, *, noise: Any, covariance: Any = None, interference_covariance: Any = None
) -> Any:
    """Rate of a link between two arrays, ``log2 det(I + (noise I + Q)^-1 H (w w^H + V) H^H)`` in bit/s/Hz.

    All streams are decoded jointly (``metrics.mimo.mimo_rate``).

    Args:
        channel: H (rx, antenna), so that ``y = H x + n``: a matrix, not rows that are conjugated.
        w: beams (antenna, stream), or one beam (antenna,), sqrt(W).
        noise: at each receive antenna, W; a number or (rx,).
        covariance: Hermitian (antenna, antenna), W; alone or beside the beams.
        interference_covariance: Hermitian Q (rx, rx) of the interference at the receiver, W.
    """
    inputs = Inputs("backhaul_rate")
    channel = inputs.array("channel", channel, ("rx", "antenna"))
    w, covariance = transmission(inputs, w, covariance)
    total = jnp.diag(jnp.broadcast_to(inputs.level("noise", noise, "rx"), channel.shape[:1]).astype(channel.dtype))
    if interference_covariance is not None:
        total = total + inputs.array("interference_covariance", interference_covariance, ("rx", "rx"))
    sent = 0.0 if w is None else w @ jnp.conj(w).T
    return mimo_rate(channel, sent if covariance is None else sent + covariance, total)


@in_double
def energy_per_bit(
    total_power: Any, rate: Any, *, circuit_power: Any = 0.0, efficiency: Any = 1.0, bandwidth: Any = 1.0
) -> Any:
    """``(total_power / efficiency + circuit_power) / (bandwidth rate)`` in J/bit; unbounded as the rate vanishes.

    One over it is the energy efficiency (A. Zappone and E. Jorswieck, Found. Trends Commun. Inf. Theory 11(3-4), 2015).

    Args:
        total_power: transmit power, W.
        rate: (sum) rate, bit/s/Hz.
        circuit_power: what is used without transmitting, W.
        efficiency: of the amplifiers, in (0, 1].
        bandwidth: Hz; with the default the result is in J/bit times Hz.
    """
    return (jnp.asarray(total_power) / efficiency + circuit_power) / (bandwidth * jnp.asarray(rate))


def _downlink(
    inputs: Inputs, h: Any, w: Any, name: str = "w", forms: tuple[tuple[str, ...], ...] = (CHANNELS, ONE_CHANNEL)
) -> tuple[Any, Any, bool]:
    """Channels as rows, beams as columns, and whether there is one user without a user axis."""
    h = inputs.array("h", h, *forms)
    w = columns(inputs.array(name, w, BEAMS, BEAM))
    users, streams = 1 if h.ndim == 1 else h.shape[0], w.shape[1]
    if h.ndim == 1 and streams > 1:
        raise inputs.refuse(
            f"h has shape {h.shape}, but with {streams} streams (user, antenna) is expected: h[None, :] for one user. "
            "A statement sees one trial: perhaps the user axis was taken for the trial axis, because it leads."
        )
    if streams < users:
        raise inputs.refuse(f"{name} has {streams} streams for {users} users; user k's stream is stream k.")
    return jnp.atleast_2d(h), w, h.ndim == 1


def _disturbance(inputs: Inputs, h: Any, covariance: Any, external: Any, axis: str) -> Any:
    """What disturbs every point besides beams and noise, W; a number or one per row of ``h``."""
    level = inputs.level("interference", external, axis, h.shape[0])
    if covariance is None:
        return level
    return level + received_power(h, inputs.array("covariance", covariance, HERMITIAN))
