"""Settings in which the fast route is measured against the corrected witness (``reference``), one start each."""

from __future__ import annotations

from leoisac.experiment.contracts import BenchCase

_WMMSE = "corrected WMMSE with power search (convex transmitter updates, Clarabel)"

BENCHES = (
    BenchCase("proposed, one cell", "proposed", trials=12, best_of=4, rival=_WMMSE),
    BenchCase("proposed, four cells", "proposed", {"num_cells": 4}, trials=3, best_of=4, rival=_WMMSE),
    BenchCase("P3 at equal beam powers", "coop-uniform", trials=12, best_of=4, rival=_WMMSE),
)
