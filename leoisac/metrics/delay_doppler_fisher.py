"""Fisher information and bounds for delay and Doppler shift of an echo of a multicarrier frame.

The echo turns every time-frequency cell by itself (``waveforms.delay_doppler_echo``), so of the frame only the energy
``q[n, i]`` of its cells matters, shape ``(..., N, M)``: neither its phases nor the target's own delay and Doppler shift
(but for the fall of the echo gain). Functions compute in the array library of their arguments and are traceable.

Source: B. F. Costa and T. Abrão, arXiv:2506.02624, 2025, eqs. (9)-(16). Their cross terms ``C_mu,tau`` and
``C_mu,nu`` vanish exactly, because the derivatives of the phases are at right angles to the echo; what is left of the
published matrix are the three weighted sums used here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.namespace import RealLike, array_namespace


class EnergyMoments(NamedTuple):
    """Moments of the energy over slots and subcarriers, all of shape ``(...)``.

    Attributes:
        total: ``sum q``.
        slot: ``sum n^2 q``.
        subcarrier: ``sum i^2 q``.
        cross: ``sum n i q``.
    """

    total: Any
    slot: Any
    subcarrier: Any
    cross: Any


class DelayDopplerBounds(NamedTuple):
    """Cramer-Rao bounds, both of shape ``(...)``; infinite where the energy map leaves the parameter undetermined.

    Attributes:
        delay: s^2.
        doppler: Hz^2.
    """

    delay: Any
    doppler: Any


def expected_energy(images: Complex[Any, "*batch stream slot subcarrier"]) -> Float[Any, "*batch slot subcarrier"]:
    """``q = E|X|^2 = sum_s |X_s|^2`` of streams that carry independent symbols of zero mean and unit power.

    Args:
        images: time-frequency image of each stream (``waveforms.otfs.time_frequency_image``).
    """
    xp = array_namespace(images)
    return xp.sum(_squared(xp, images), axis=-3)


def realised_energy(
    images: Complex[Any, "*#batch stream slot subcarrier"], symbols: Complex[Any, "*#batch stream"]
) -> Float[Any, "... slot subcarrier"]:
    """``q = |sum_s d_s X_s|^2`` of one frame with the symbols ``d_s``.

    Args:
        images: time-frequency image of each stream.
        symbols: ``d_s``; the mean over unit-power symbols is ``expected_energy``.
    """
    xp = array_namespace(images, symbols)
    return _squared(xp, xp.einsum("...s,...sni->...ni", symbols, images))


def energy_moments(energy: Float[Any, "*batch slot subcarrier"], *, centred: bool) -> EnergyMoments:
    """Second moments of an energy map about the origin of the indices, or about its own centre.

    Args:
        energy: ``q[n, i]``, not negative.
        centred: count slots and subcarriers from the centre of the energy.
    """
    xp = array_namespace(energy)
    slots, subcarriers = xp.sum(energy, axis=-1), xp.sum(energy, axis=-2)
    total = xp.sum(slots, axis=-1)
    n = np.arange(energy.shape[-2], dtype=float)
    i = np.arange(energy.shape[-1], dtype=float)
    if centred:
        # Energy is counted in shares, so that an empty frame has moments of zero and not none at all.
        share = xp.where(total > 0.0, total, 1.0)
        n = n - (xp.sum(n * slots, axis=-1) / share)[..., None]
        i = i - (xp.sum(i * subcarriers, axis=-1) / share)[..., None]
    cross = xp.sum(n * xp.einsum("...ni,...i->...n", energy, xp.broadcast_to(i, subcarriers.shape)), axis=-1)
    return EnergyMoments(total, xp.sum(n**2 * slots, axis=-1), xp.sum(i**2 * subcarriers, axis=-1), cross)


def delay_doppler_information(
    energy: Float[Any, "*batch slot subcarrier"],
    *,
    delay_s: RealLike,
    echo_to_noise: RealLike,
    slot_s: float,
    spacing_hz: float,
    amplitude_known: bool,
) -> Float[Any, "... 2 2"]:
    """Fisher information about ``(tau, nu)``, in 1/s^2, 1 and 1/Hz^2.

    With ``c = 2 |a|^2 / sigma^2``: ``I_nu,nu = c (2 pi T)^2 sum n^2 q``, ``I_tau,nu = -c (2 pi)^2 T df sum n i q``,
    ``I_tau,tau = c ((2 pi df)^2 sum i^2 q + 4 / tau^2 sum q)`` (arXiv:2506.02624, eqs. (12)-(14)). The last term is
    what the fall of the known echo gain, ``|a| ~ tau^-2``, tells about the range.

    With a known amplitude the phase of the echo is known, too, and the moments are taken about slot 0 and subcarrier
    0: the bounds depend on where the indices start. If reflectivity is an unknown complex number the moments are taken
    about the centre of the energy and the gain tells nothing; that form has no origin.

    Args:
        energy: energy map ``q`` (``expected_energy`` or ``realised_energy``).
        delay_s: true ``tau``; only used if the amplitude is known.
        echo_to_noise: ``|a|^2 / sigma^2``: echo gain and reflectivity over noise power per cell, per unit of ``q``.
        slot_s, spacing_hz: slot length ``T`` and subcarrier spacing ``df``.
        amplitude_known: whether the complex reflectivity is known to the radar.
    """
    delay, doppler, cross = _information(energy, delay_s, echo_to_noise, spacing_hz, amplitude_known)
    xp = array_namespace(delay, doppler, cross)
    delay_unit, doppler_unit = 2.0 * np.pi * spacing_hz, 2.0 * np.pi * slot_s
    delay, doppler, cross = delay * delay_unit**2, doppler * doppler_unit**2, cross * delay_unit * doppler_unit
    delay, doppler, cross = xp.broadcast_arrays(delay, doppler, cross)
    return xp.stack([xp.stack([delay, cross], axis=-1), xp.stack([cross, doppler], axis=-1)], axis=-2)


def delay_doppler_bounds(
    energy: Float[Any, "*batch slot subcarrier"],
    *,
    delay_s: RealLike,
    echo_to_noise: RealLike,
    slot_s: float,
    spacing_hz: float,
    amplitude_known: bool,
) -> DelayDopplerBounds:
    """Cramer-Rao bounds of delay and Doppler shift, each with the other unknown.

    ``CRB(tau) = I_nu,nu / det I`` and ``CRB(nu) = I_tau,tau / det I`` (arXiv:2506.02624, eqs. (15), (16)), computed in
    units of ``1 / (2 pi df)`` and ``1 / (2 pi T)``: the entries of I differ by 14 orders of magnitude. Constrain their
    logarithms.

    Args:
        energy, delay_s, echo_to_noise, slot_s, spacing_hz, amplitude_known: as in ``delay_doppler_information``.
    """
    delay, doppler, cross = _information(energy, delay_s, echo_to_noise, spacing_hz, amplitude_known)
    xp = array_namespace(delay, doppler, cross)
    return DelayDopplerBounds(
        least_variance(xp, delay, doppler, cross) / (2.0 * np.pi * spacing_hz) ** 2,
        least_variance(xp, doppler, delay, cross) / (2.0 * np.pi * slot_s) ** 2,
    )


def _information(
    energy: Any, delay_s: Any, echo_to_noise: Any, spacing_hz: float, amplitude_known: bool
) -> tuple[Any, Any, Any]:
    """Entries (tau tau, nu nu, tau nu) for delay and Doppler shift counted in radians per subcarrier and per slot."""
    moments = energy_moments(energy, centred=not amplitude_known)
    scale = 2.0 * echo_to_noise
    delay = moments.subcarrier
    if amplitude_known:
        delay = delay + moments.total / (np.pi * spacing_hz * delay_s) ** 2
    return scale * delay, scale * moments.slot, -scale * moments.cross


def least_variance(xp: Any, wanted: Any, other: Any, cross: Any) -> Any:
    """Bound of one of two parameters from the entries of their information; infinite where it is undetermined.

    Inverse of the Schur complement ``wanted - cross^2 / other``; guarded where derivatives would be no numbers."""
    left = wanted - cross**2 / xp.where(other > 0.0, other, 1.0)
    determined = left > 0.0
    return xp.where(determined, 1.0 / xp.where(determined, left, 1.0), np.inf)


def _squared(xp: Any, x: Any) -> Any:
    """``|x|^2`` with a derivative at zero."""
    return xp.real(x) ** 2 + xp.imag(x) ** 2
