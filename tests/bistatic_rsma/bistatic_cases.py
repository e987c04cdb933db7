"""The specification's cases A and B, and the system's verbs."""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.experiment.trials.blocks import draw_trials, evaluate_trials
from leoisac.experiment.trials.channel_arrays import channels_from_arrays
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig

CASE_A = ((55.0, -20.0), (5.0, -25.0), (40.0, -65.0), (25.0, 5.0))
CASE_B = ((30.0, -10.0), (45.0, -45.0), (10.0, -50.0), (60.0, -30.0))


def configured(**changes: Any) -> BistaticRsmaConfig:
    """The default configuration with changes."""
    return BistaticRsmaConfig().replace(**changes)


def draw(config: BistaticRsmaConfig, seed: int = 0, trials: Any = 1) -> Any:
    """``li.draw``."""
    return draw_trials(SYSTEM, config, seed, trials)


def channels(config: BistaticRsmaConfig, **arrays: Any) -> Any:
    """``li.channels``."""
    return channels_from_arrays(SYSTEM, config, arrays)


def evaluate(config: BistaticRsmaConfig, drawn: Any, design: Any) -> dict[str, np.ndarray]:
    """``li.evaluate``."""
    return evaluate_trials(SYSTEM, config, drawn, design)
