"""Echo of a cyclic frame with rectangular pulses, sample by sample: what the ideal-pulse echo leaves out.

With rectangular pulses a Doppler shift also turns the samples within a slot, and a delay moves them across its edge. A
delay of any size is applied by trigonometric interpolation over the frame, whose prefix makes it periodic. Whole delays
and Doppler bins give ``waveforms.delay_doppler_channel``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Complex, Num

from leoisac.foundation.namespace import RealLike, array_namespace


def baseband_frequencies(n_samples: int, sample_time_s: float) -> np.ndarray:
    """Centred frequencies of the frame's DFT, Hz; the highest one of an even number counts as negative."""
    return np.fft.fftfreq(n_samples, sample_time_s)


def sampled_echo(
    samples: Num[Any, "*#batch cell"], delay_s: RealLike, doppler_hz: RealLike, *, sample_time_s: float
) -> Complex[Any, "... cell"]:
    """Unit-gain echo ``r[q] = exp(j 2 pi nu (q T_s - tau)) s(q T_s - tau)`` of a periodic band-limited frame.

    Args:
        samples: ``s`` of one period (``waveforms.otfs.modulate``).
        delay_s, doppler_hz: ``tau`` and ``nu``, of the shape of the leading axes or scalars.
        sample_time_s: ``T_s = T / M``.
    """
    xp = array_namespace(samples, delay_s, doppler_hz)
    count = samples.shape[-1]
    delay, doppler = xp.asarray(delay_s)[..., None], xp.asarray(doppler_hz)[..., None]
    shift = xp.exp(-2j * np.pi * baseband_frequencies(count, sample_time_s) * delay)
    moved = xp.fft.ifft(xp.fft.fft(samples, axis=-1) * shift, axis=-1)
    return xp.exp(2j * np.pi * doppler * (np.arange(count) * sample_time_s - delay)) * moved
