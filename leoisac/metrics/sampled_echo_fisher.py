"""Fisher information for delay and Doppler shift of the exact sampled echo, to judge the ideal-pulse bounds by."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.namespace import RealLike, array_namespace
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
    count = samples.shape[-1]
    frequencies = baseband_frequencies(count, sample_time_s)
    slope = xp.fft.ifft(-2j * np.pi * frequencies * xp.fft.fft(samples, axis=-1), axis=-1)
    target = {"delay_s": delay_s, "doppler_hz": doppler_hz, "sample_time_s": sample_time_s}
    echo = sampled_echo(samples, **target)
    by_doppler = 2j * np.pi * (np.arange(count) * sample_time_s - delay_s) * echo
    by_delay = sampled_echo(slope, **target) - 2j * np.pi * doppler_hz * echo
    if amplitude_known:
        columns = [by_delay - 2.0 / delay_s * echo, by_doppler]
    else:
        columns = [by_delay, by_doppler, echo, 1j * echo]
    jacobian = xp.stack(columns, axis=-1)
    information = fisher_information(jacobian.reshape(*samples.shape[:-2], -1, len(columns)), 1.0 / echo_to_noise)
    return information if amplitude_known else effective_information(information, 2)
