"""Deterministic channels and streams with known numbers, and batches drawn as users draw them."""

from __future__ import annotations

from typing import Any

import numpy as np

import leoisac as li
from leoisac.systems.otfs_rsma.model import Channels
from tests.oracles.otfs_frame import reference_gains, reference_streams

NAME = "otfs-rsma"


known_gains = reference_gains


def known_streams(entries: int, fraction: float) -> np.ndarray:
    """Streams in closed form, ``fraction`` of a watt in the common one."""
    return reference_streams(fraction, length=entries)


def known_channels(count: int = 1) -> Channels:
    """A batch of the known channels."""
    return Channels(np.tile(known_gains(), (count, 1, 1, 1)))


def designed(scheme: str, channels: Any, *, route: str = "fast", options: dict[str, Any] | None = None, **changes: Any):
    """Solution and metrics of a scheme."""
    config = li.config(NAME, **changes)
    solution = li.design(config, channels, scheme, route=route, **(options or {}))
    return solution, li.evaluate(config, channels, solution.value)
