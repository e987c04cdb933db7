"""Settings in which the fast route is measured against successive convex approximation (route ``reference``).

One start each; the fast route tries a trial that misses a constraint again from further ones.
"""

from __future__ import annotations

from leoisac.experiment.contracts import BenchCase

BENCHES = (
    BenchCase("rsma, 10 % common power", "rsma", trials=16),
    BenchCase("rsma, free split", "rsma", {"common_power_fraction": None}, trials=16),
    BenchCase("sdma", "sdma", trials=16),
)
