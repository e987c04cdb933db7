"""Fisher information and bounds for delay and Doppler shift of the exact sampled echo."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.namespace import RealLike, array_namespace
from leoisac.metrics.delay_doppler_fisher import DelayDopplerBounds, least_variance
from leoisac.metrics.fisher import effective_information, fisher_information
from leoisac.waveforms.sampled_echo import baseband_frequencies, sampled_echo


def sampled_echo_information(
    samples: Complex[Any, "*batch stream cell"],
    *,
    delay_s: float,
    doppler_hz: float,
    echo_to_noise: RealLike,
    sample_time_s: float,
    amplitude_known: bool,
) -> Float[Any, "*batch 2 2"]:
    """Expected information about ``(tau, nu)`` of streams with independent symbols of unit power.

    The sum over the streams of ``(2 |a|^2 / sigma^2) Re(J^H J)``; ``metrics.fisher.cramer_rao_bounds`` turns it into
    bounds. A known amplitude falls with ``tau^-2``; the phase of the echo's centre frequency is 0 at every delay, as in
    ``metrics.delay_doppler_fisher``, whose frequencies count from subcarrier 0 and not from the centre of the band:
    the bounds for a known amplitude differ by that, too.

    Args:
        samples: samples of every stream's frame (``waveforms.otfs.modulate``); one stream for a frame that is known.
        delay_s, doppler_hz: the target.
        echo_to_noise: ``|a|^2 / sigma^2``.
        sample_time_s: ``T / M``.
        amplitude_known: whether the complex amplitude of the echo is known.
    """
    xp = array_namespace(samples, echo_to_noise)
    by_delay, by_doppler, echo = _derivatives(samples, delay_s, doppler_hz, sample_time_s, amplitude_known)
    columns = [by_delay, by_doppler] if amplitude_known else [by_delay, by_doppler, echo, 1j * echo]
    jacobian = xp.stack(columns, axis=-1)
    information = fisher_information(jacobian.reshape(*samples.shape[:-2], -1, len(columns)), 1.0 / echo_to_noise)
    return information if amplitude_known else effective_information(information, 2)


def sampled_echo_bounds(
    samples: Complex[Any, "*batch stream cell"],
    *,
    delay_s: RealLike,
    doppler_hz: RealLike,
    echo_to_noise: RealLike,
    sample_time_s: float,
    amplitude_known: bool,
) -> DelayDopplerBounds:
    """Cramer-Rao bounds of delay and Doppler shift, each with the other unknown, s^2 and Hz^2; infinite where a frame
    leaves one undetermined.

    What ``cramer_rao_bounds`` makes of ``sampled_echo_information``, from inner products in units of a sample and of
    the inverse frame, so that silent streams and derivatives do no harm.

    Args:
        samples, delay_s, doppler_hz, echo_to_noise, sample_time_s, amplitude_known: as there.
    """
    xp = array_namespace(samples, delay_s, doppler_hz, echo_to_noise)
    units = sample_time_s, 1.0 / (samples.shape[-1] * sample_time_s)
    by_delay, by_doppler, echo = _derivatives(samples, delay_s, doppler_hz, sample_time_s, amplitude_known)
    by_delay, by_doppler = units[0] * by_delay, units[1] * by_doppler

    def product(a: Any, b: Any) -> Any:
        return xp.sum(xp.conj(a) * b, axis=(-2, -1))

    delay, doppler = product(by_delay, by_delay).real, product(by_doppler, by_doppler).real
    cross = product(by_delay, by_doppler).real
    if not amplitude_known:
        # The parts along the echo itself cannot be told from a change of its amplitude.
        energy = product(echo, echo).real
        energy = xp.where(energy > 0.0, energy, 1.0)
        along_delay, along_doppler = product(echo, by_delay), product(echo, by_doppler)
        delay = delay - (along_delay.real**2 + along_delay.imag**2) / energy
        doppler = doppler - (along_doppler.real**2 + along_doppler.imag**2) / energy
        cross = cross - (xp.conj(along_delay) * along_doppler).real / energy
    scale = 2.0 * echo_to_noise
    return DelayDopplerBounds(
        least_variance(xp, delay, doppler, cross) * units[0] ** 2 / scale,
        least_variance(xp, doppler, delay, cross) * units[1] ** 2 / scale,
    )


def _derivatives(
    samples: Any, delay_s: RealLike, doppler_hz: RealLike, sample_time_s: float, amplitude_known: bool
) -> tuple[Any, Any, Any]:
    """Derivatives of the unit-gain echo by delay (with the fall of a known gain) and by Doppler shift, and the echo."""
    xp = array_namespace(samples, delay_s, doppler_hz)
    count = samples.shape[-1]
    frequencies = baseband_frequencies(count, sample_time_s)
    slope = xp.fft.ifft(-2j * np.pi * frequencies * xp.fft.fft(samples, axis=-1), axis=-1)
    target = {"delay_s": delay_s, "doppler_hz": doppler_hz, "sample_time_s": sample_time_s}
    echo = sampled_echo(samples, **target)
    by_doppler = 2j * np.pi * (np.arange(count) * sample_time_s - delay_s) * echo
    by_delay = sampled_echo(slope, **target) - 2j * np.pi * doppler_hz * echo
    return by_delay - 2.0 / delay_s * echo if amplitude_known else by_delay, by_doppler, echo
