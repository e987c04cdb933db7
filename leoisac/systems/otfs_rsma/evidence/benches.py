"""Settings in which the fast route is measured against successive convex approximation (route ``reference``).

One start each; the fast route tries a trial that misses a constraint again from further ones.
"""

from __future__ import annotations

from leoisac.experiment.contracts import BenchCase

_SCA = "successive convex approximation (Clarabel); not the paper's algorithm"

BENCHES = (
    BenchCase(
        "rsma, 10 % common power, published",
        "rsma",
        trials=16,
        route="published",
        rival="genetic algorithm, as published; operators and weights are ours",
    ),
    BenchCase("rsma, 10 % common power", "rsma", trials=16, rival=_SCA),
    BenchCase("rsma, free split", "rsma", {"common_power_fraction": None}, trials=16, rival=_SCA),
    BenchCase("sdma", "sdma", trials=16, rival=_SCA),
)
