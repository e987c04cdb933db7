"""What figures derive from metrics: names and units, the words of their axis labels."""

from __future__ import annotations

from leoisac.experiment.contracts import Metric

QUANTITIES: dict[str, Metric] = {}

__all__ = ["QUANTITIES"]
