"""Settings in which the fast route is measured against the published algorithms, corrected (``reference``)."""

from __future__ import annotations

from leoisac.experiment.contracts import BenchCase

_CONIC = "corrected Algorithm {} (successive semidefinite programs, Clarabel)"

# The third case takes four minutes a trial; `benchmarks/self_backhaul_span.py` has more trials of it.
BENCHES = (
    BenchCase("PA1, M = 8, 3x3", "pa1", rival=_CONIC.format(1)),
    BenchCase("PA1, M = 4, 4x4", "pa1", {"num_users": 4, "bs_array": [4, 4]}, trials=64, rival=_CONIC.format(1)),
    BenchCase("PA1, M = 3, 5x5", "pa1", {"num_users": 3, "bs_array": [5, 5]}, rival=_CONIC.format(1)),
    BenchCase("PA2, M = 4, noise-normalised 0.08", "pa2", {"num_users": 4}, trials=10, rival=_CONIC.format(2)),
    BenchCase(
        "PA2, M = 4, relative 0.08",
        "pa2",
        {"num_users": 4, "error_model": "relative"},
        trials=10,
        rival=_CONIC.format(2),
    ),
)
