"""The bounds of a frame under their names, and how far designs stay below their ceilings: the same for all designs."""

from __future__ import annotations

from typing import Any, NamedTuple

from leoisac.foundation.jax_setup import jnp
from leoisac.metrics.delay_doppler_fisher import DelayDopplerBounds
from leoisac.systems.otfs_rsma.model import Parameters


class FrameBounds(NamedTuple):
    """Bounds of one frame, for a known and an unknown echo amplitude.

    Attributes:
        known, unknown: of ideal pulses.
        sampled_known, sampled_unknown: of the frame's rectangular ones.
    """

    known: DelayDopplerBounds
    unknown: DelayDopplerBounds
    sampled_known: DelayDopplerBounds
    sampled_unknown: DelayDopplerBounds


def bound_metrics(bounds: FrameBounds) -> dict[str, Any]:
    """All bounds as metrics, s^2 and Hz^2."""
    suffixes = ("", "_unknown", "_sampled", "_sampled_unknown")
    found: dict[str, Any] = {}
    for suffix, pair in zip(suffixes, bounds, strict=True):
        found |= {f"crb_delay{suffix}": pair.delay, f"crb_doppler{suffix}": pair.doppler}
    return found


def bound_margins(parameters: Parameters, bounds: FrameBounds) -> dict[str, Any]:
    """Relative margins of the ceilings: of the pulses and the amplitude that the configuration names."""
    known, unknown = bounds[2:] if parameters.is_ceiling_sampled else bounds[:2]
    is_unknown = parameters.is_amplitude_unknown > 0.5
    delay = jnp.where(is_unknown, unknown.delay, known.delay)
    doppler = jnp.where(is_unknown, unknown.doppler, known.doppler)
    return {
        "margin_crb_delay": parameters.crb_delay_max / delay - 1.0,
        "margin_crb_doppler": parameters.crb_doppler_max / doppler - 1.0,
    }


__all__ = ["FrameBounds", "bound_margins", "bound_metrics"]
