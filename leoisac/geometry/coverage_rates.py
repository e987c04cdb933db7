"""Rates on the serving satellite of a constellation: Shannon's, of a free-space budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from leoisac.foundation.constants import BOLTZMANN_J_K, SPEED_OF_LIGHT_M_S
from leoisac.geometry.coverage_config import CoverageConfig

if TYPE_CHECKING:
    import xarray as xr


def with_rates(dataset: xr.Dataset, config: CoverageConfig) -> xr.Dataset:
    """The dataset of ``coverage`` with C/N and rates, where the configuration has a link.

    ``C/N = EIRP + G/T - 10 log10(k B) - 20 log10(4 pi d / lambda) - losses`` in dB (TR 38.821, section 6.1.3), the rate
    ``log2(1 + C/N)`` in bit/s/Hz, 0 in a gap; a satellite is one site's alone while it serves it.
    """
    link = config.link
    if link is None:
        return dataset
    noise_db = 10.0 * math.log10(BOLTZMANN_J_K * link.bandwidth_hz)
    spread = 4.0 * math.pi * link.carrier_hz / SPEED_OF_LIGHT_M_S
    known = link.eirp_dbw + link.figure_of_merit_db_per_k - noise_db - link.losses_db
    # NumPy's functions keep a labelled array what it is, and do not say so.
    cn_db: Any = known - 20.0 * np.log10(spread * dataset["range_m"])
    shannon: Any = np.log2(1.0 + 10.0 ** (0.1 * cn_db))
    rate = shannon.where(dataset["satellite"] >= 0, 0.0)
    return dataset.assign(
        cn_db=cn_db.assign_attrs(long_name="carrier-to-noise ratio of the serving satellite", units="dB"),
        rate=rate.assign_attrs(long_name="rate on the serving satellite", units="bit/s/Hz"),
        mean_rate=rate.mean("time").assign_attrs(long_name="mean rate", units="bit/s/Hz"),
        rate_5_percent=rate.quantile(0.05, "time")
        .drop_vars("quantile")
        .assign_attrs(long_name="rate that 95 % of the time exceed", units="bit/s/Hz"),
    )


__all__ = ["with_rates"]
