"""Energy per bit. Functions compute in the array library of their arguments."""

from __future__ import annotations

from typing import Any

from leoisac.foundation.namespace import RealLike, array_namespace


def energy_per_bit(power_w: RealLike, rate_bit_s: RealLike) -> Any:
    """``P / R`` in J/bit; infinite where nothing is delivered.

    Args:
        power_w: power that is spent, W: transmitted, or drawn from the supply.
        rate_bit_s: bits that it buys, bit/s.
    """
    xp = array_namespace(power_w, rate_bit_s)
    rate = xp.asarray(rate_bit_s)
    return xp.where(rate > 0.0, power_w / xp.where(rate > 0.0, rate, 1.0), xp.inf)


def energy_per_bit_limit(noise_w: RealLike, gain: RealLike, bandwidth_hz: RealLike, rate_bit_s: RealLike) -> Any:
    """Least transmitted energy per bit over one Gaussian link at a rate, J/bit (C. Shannon, 1948).

    ``E = N (2^(R / B) - 1) / (g R)``, which falls to ``ln 2`` times the noise density over the gain at low rates.

    Args:
        noise_w: noise power N in the bandwidth, W.
        gain: power gain g of the link.
        bandwidth_hz: B.
        rate_bit_s: R, positive.
    """
    xp = array_namespace(noise_w, gain, bandwidth_hz, rate_bit_s)
    return noise_w * xp.expm1(xp.log(2.0) * rate_bit_s / bandwidth_hz) / (gain * rate_bit_s)
