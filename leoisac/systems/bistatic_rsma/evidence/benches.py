"""Settings in which the fast route is measured against the corrected Algorithm 1 (`reference`), both with one start."""

from __future__ import annotations

from leoisac.experiment.contracts import BenchCase

BENCHES = tuple(
    BenchCase(
        f"{scheme}, {power} dBW",
        scheme,
        {"transmit_power_dbw": float(power)},
        trials=32,
        options={"starts": 1},
        rival="corrected Algorithm 1 (successive semidefinite programs, Clarabel)",
    )
    for scheme in ("rsma-noradar", "sdma-noradar", "sdma-radar-sic")
    for power in (20, 30)
)
