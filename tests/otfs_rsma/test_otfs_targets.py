"""Route echo with several targets at a receive array: errors beside the joint bounds, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import leoisac as li
from leoisac.experiment.errors import ChannelError
from tests.otfs_rsma.otfs_cases import NAME

SCENE = {
    "n_tx": 2,
    "n_rx": 4,
    "other_targets": [[7e-5, 2500.0, 25.0, -3.0]],
    "frame_model": "realisation",
    "echo_snr_db": 35.0,
}


def _estimated(trials: int, **changes):
    config = li.config(NAME, **{**SCENE, **changes})
    channels = li.draw(config, seed=0, trials=trials)
    solution = li.design(config, channels, "random", route="echo")
    return solution, li.evaluate(config, channels, solution.value)


def test_errors_are_the_joint_bounds_of_the_frames():
    """Squares over the bound of their own frame, mean over frames, targets and parameters, well above threshold."""
    _, metrics = _estimated(12)
    ratios = [
        metrics[f"target_{name}_error"] ** 2 / metrics[f"target_crb_{name}"] for name in ("delay", "doppler", "angle")
    ]
    assert np.shape(ratios) == (3, 12, 2)
    assert np.mean(ratios) == pytest.approx(1.0, abs=4.0 * np.sqrt(2.0 / 72.0))
    np.testing.assert_array_equal(metrics["delay_error"], metrics["target_delay_error"][:, 0])


def test_one_antenna_knows_the_angles_and_trials_are_their_own():
    solution, metrics = _estimated(3, n_rx=1)
    assert "target_angle_error" not in metrics
    assert np.all(np.abs(metrics["target_delay_error"]) < 5e-6)
    config = li.config(NAME, **{**SCENE, "n_rx": 1})
    alone = li.design(config, li.draw(config, seed=0, trials=[2]), "random", route="echo")
    np.testing.assert_array_equal(alone.value.estimate.targets[0], solution.value.estimate.targets[2])


def test_ideal_pulses_have_no_joint_estimator():
    with pytest.raises(ChannelError, match='set pulse = "sampled"'):
        _estimated(1, pulse="ideal")
