"""Rates of one-layer rate splitting: one common stream that everybody decodes first, one private stream per user.

Functions compute in the array library of their arguments and are traceable by JAX.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Float

from leoisac.foundation.namespace import RealLike, array_namespace


class RateSplittingSinr(NamedTuple):
    """SINR of both streams at every user."""

    common: Any  # (..., user)
    private: Any  # (..., user)


class CommonRateSplit(NamedTuple):
    """The common rate shared for the largest least rate, bit/s/Hz."""

    min_rate: Any  # (...)
    common_rate: Any  # (..., user)


def rate_splitting_sinr(
    private_powers: Float[Any, "*#batch user user"],
    common_power: Float[Any, "*#batch user"],
    other_power: RealLike,
    noise_power: RealLike,
) -> RateSplittingSinr:
    """SINR of the common and of the own private stream at every user.

    Every user decodes the common stream against all private ones, subtracts it, then decodes its private stream:
    ``gamma_c,k = p_c,k / (sum_j p_kj + o_k + n_k)``, ``gamma_p,k = p_kk / (sum_{j != k} p_kj + o_k + n_k)``.

    Args:
        private_powers: power of the private stream of each user (columns) at each user (rows).
        common_power: power of the common stream at each user.
        other_power: interference that is never removed (a radar sequence), per user.
        noise_power: noise per user, in the unit of the powers.
    """
    xp = array_namespace(private_powers, common_power, other_power, noise_power)
    own = xp.eye(private_powers.shape[-1], dtype=bool)
    # Masked sums, not differences: a strong user must not lose its interference to rounding.
    wanted = xp.sum(xp.where(own, private_powers, 0.0), axis=-1)
    interference = xp.sum(xp.where(own, 0.0, private_powers), axis=-1) + other_power + noise_power
    return RateSplittingSinr(common_power / (interference + wanted), wanted / interference)


def allocate_common_rate(
    common_rates: Float[Any, "*#batch user"], private_rates: Float[Any, "*#batch user"]
) -> CommonRateSplit:
    """Common-rate shares that make the least rate of all users as large as possible.

    The common stream carries ``B = min_k R_c,k``. Water filling: the least rate is the level t of
    ``sum_k (t - R_p,k)^+ = B``, that is ``t = min_m (B + r_(1) + ... + r_(m)) / m`` over the private rates in ascending
    order, and the shares are ``C_k = (t - R_p,k)^+``.

    Args:
        common_rates: rate at which each user could decode the common stream, bit/s/Hz.
        private_rates: rate of each user's private stream, bit/s/Hz.
    """
    xp = array_namespace(common_rates, private_rates)
    common_bound = xp.min(common_rates, axis=-1, keepdims=True)
    ordered = xp.sort(private_rates, axis=-1)
    counts = xp.arange(1, private_rates.shape[-1] + 1)
    level = xp.min((common_bound + xp.cumsum(ordered, axis=-1)) / counts, axis=-1)
    return CommonRateSplit(level, xp.maximum(level[..., None] - private_rates, 0.0))
