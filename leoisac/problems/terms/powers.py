# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Terms that are powers: what is sent, and what arrives where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leoisac.foundation.jax_setup import in_double, jnp
from leoisac.metrics.sinr import beam_powers, received_power
from leoisac.problems.terms.inputs import BEAMS, ONE_CHANNEL, Inputs, membership, squared, transmission


@in_double
def power(w: Any = None, *, covariance: Any = None, groups: int | Sequence[int] | None = None) -> Any:
    """Transmit power in W, ``||w||_F^2 + tr V``: in total, or of groups of antennas (the access points of a network).

    Args:
        w: beams (antenna, stream), or one beam (antenna,), sqrt(W).
        covariance: Hermitian (antenna, antenna), W; alone or beside the beams.
        groups: number of equal groups of neighbouring antennas (4 access points of 8 antennas each: ``groups=4``), or
            the group of each antenna, counted from 0.

    Returns:
        A number, or shape ``(group,)``.
    """
    inputs = Inputs("power")
    antennas = _powers_of_antennas(inputs, w, covariance)
    if groups is None:
        return jnp.sum(antennas)
    return membership(inputs, groups, antennas.shape[0]) @ antennas


@in_double
def power_per_antenna(w: Any = None, *, covariance: Any = None) -> Any:
    """Power of every antenna, ``sum_s |w_ns|^2 + V_nn`` in W, shape ``(antenna,)``; arguments as in ``power``."""
    return _powers_of_antennas(Inputs("power_per_antenna"), w, covariance)


@in_double
def power_per_stream(w: Any) -> Any:
    """Power of every stream, ``||w_s||^2`` in W, shape ``(stream,)``, of beams (antenna, stream)."""
    return jnp.sum(squared(Inputs("power_per_stream").array("w", w, BEAMS)), axis=0)


@in_double
def interference(h: Any, w: Any = None, *, covariance: Any = None) -> Any:
    """Power that reaches a victim, ``sum_s |h^H w_s|^2 + h^H V h`` in W: all streams, none of them wanted.

    With a steering vector in place of a channel it is the flux into that direction.

    Args:
        h: channels (point, antenna), or (antenna,) for one.
        w: beams (antenna, stream), or one beam (antenna,).
        covariance: Hermitian (antenna, antenna), W; alone or beside the beams.

    Returns:
        Shape ``(point,)``; a number for one.
    """
    return _flux(Inputs("interference"), "h", h, ("point", "antenna"), w, covariance)


@in_double
def beampattern(steering: Any, w: Any = None, *, covariance: Any = None) -> Any:
    """Power pattern ``P(theta) = a^H(theta) (w w^H + V) a(theta)`` in W, shape ``(angle,)``; a number for one angle.

    With unit-modulus steering vectors it is transmit power times array gain (``metrics.beampattern``).

    Args:
        steering: steering vectors (angle, antenna), or (antenna,) for one direction.
        w, covariance: as in ``interference``.
    """
    return _flux(Inputs("beampattern"), "steering", steering, ("angle", "antenna"), w, covariance)


def _powers_of_antennas(inputs: Inputs, w: Any, covariance: Any) -> Any:
    w, covariance = transmission(inputs, w, covariance)
    beams = 0.0 if w is None else jnp.sum(squared(w), axis=-1)
    return beams if covariance is None else beams + jnp.real(jnp.diagonal(covariance))


def _flux(inputs: Inputs, name: str, h: Any, form: tuple[str, ...], w: Any, covariance: Any) -> Any:
    points = inputs.array(name, h, form, ONE_CHANNEL)
    w, covariance = transmission(inputs, w, covariance)
    rows = jnp.atleast_2d(points)
    flux: Any = 0.0 if w is None else jnp.sum(beam_powers(rows, w.T), axis=-1)
    flux = flux if covariance is None else flux + received_power(rows, covariance)
    return flux[0] if points.ndim == 1 else flux
