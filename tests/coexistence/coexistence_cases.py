"""Draws and designs of the coexistence system for its tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.foundation.keys import trial_key
from leoisac.foundation.lanes import by_lanes
from leoisac.systems.coexistence import SYSTEM
from leoisac.systems.coexistence.config import CoexistenceConfig
from leoisac.systems.coexistence.judge.evaluate import evaluate, parameters
from leoisac.systems.coexistence.model import Channels, Design
from leoisac.systems.coexistence.world.channels import draw, prepare

SMALL = dict(SYSTEM.small)
"""Sizes at which everything compiles quickly."""


def configured(**changes: Any) -> CoexistenceConfig:
    """The default configuration with changes."""
    return CoexistenceConfig().replace(**changes)


def drawn(config: CoexistenceConfig, trials: int = 4, seed: int = 0) -> Channels:
    """Channels of the first trials."""
    return by_lanes(_draw)((prepare(config), np.int64(seed)), np.arange(trials))


def judged_metrics(config: CoexistenceConfig, channels: Channels, design: Design) -> dict[str, np.ndarray]:
    """What the judge says."""
    return by_lanes(evaluate)(parameters(config), channels, design)


def random_design(config: CoexistenceConfig, channels: Channels, seed: int = 0) -> Design:
    """Random beams within the budget, random powers and associations."""
    rng = np.random.default_rng(seed)
    trials, cells, _, tx = channels.h_tut.shape
    shape = (trials, cells, tx, config.num_streams)
    beams = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    beams *= np.sqrt(0.9 * float(parameters(config).bs_power)) / np.linalg.norm(beams, axis=(2, 3), keepdims=True)
    power = rng.uniform(0.1, 1.0, (trials, cells)) * config.satellite_power_w / cells
    association = rng.integers(0, channels.target_amplitude.shape[-1], channels.target_amplitude.shape[:3])
    return Design(beams, power, power, association)


def _draw(geometry_and_seed: Any, trial: Any) -> Channels:
    geometry, seed = geometry_and_seed
    return draw(geometry, trial_key(seed, trial))
