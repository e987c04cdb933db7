"""Which function implements which equation of the paper (B. F. Costa, T. Abrão, arXiv:2506.02624, 2025)."""

from __future__ import annotations

HIGHEST = 17
"""Highest equation number of the paper as far as its specification shows it: the design problem."""

_METRICS, _WAVEFORMS, _HERE = "leoisac.metrics", "leoisac.waveforms", "leoisac.systems.otfs_rsma"

EQUATIONS: dict[str, tuple[str, ...]] = {
    "(2)": (f"{_METRICS}.rsma_lmmse:effective_noise",),
    "(3), (8)": (f"{_METRICS}.rsma_lmmse:filter_sinr",),
    "(2)-(8)": (
        f"{_METRICS}.rsma_lmmse:lmmse_sinr",
        f"{_METRICS}.rsma_lmmse:lmmse_filters",
        f"{_HERE}.judge.evaluate:sinrs",
        f"{_HERE}.problem.program:stream_rates",
    ),
    "(9)": (f"{_WAVEFORMS}.delay_doppler_echo:delay_doppler_echo",),
    "(12)-(14)": (f"{_METRICS}.delay_doppler_fisher:delay_doppler_information",),
    "(15), (16)": (
        f"{_METRICS}.delay_doppler_fisher:delay_doppler_bounds",
        f"{_HERE}.problem.program:log_margins",
    ),
    "(17)": (
        f"{_HERE}.problem.normalised:formulate",
        f"{_HERE}.problem.program:max_min_rate",
        f"{_HERE}.fast.max_min:solve",
        f"{_HERE}.published.genetic:solve",
        f"{_HERE}.published.sca:solve",
    ),
}
"""Equation -> functions. Of (2)-(8) together: the SINRs behind the filters that maximise them, by Schur complements."""

__all__ = ["EQUATIONS", "HIGHEST"]
