"""Beampatterns over angles and operating characteristics against the judge."""

from __future__ import annotations

import numpy as np
import pytest
from cases import deterministic

import leoisac as li
from leoisac.foundation.lanes import take
from leoisac.optim.conic.hermitian import outer, quadratic_form
from leoisac.systems.self_backhaul.judge.evaluate import parameters
from leoisac.systems.self_backhaul.judge.sensing import operating_characteristic, pattern_over_angles
from leoisac.systems.self_backhaul.model import DirectDesign, JointDesign
from leoisac.systems.self_backhaul.published.batch import normalised_instance
from leoisac.systems.self_backhaul.published.lifted import Lifted
from leoisac.systems.self_backhaul.published.recovery import largest_violation, polish, recover


def some_design(channels):
    h, g = channels.h_users, channels.g_es
    root = np.random.default_rng(0).standard_normal((*g.shape, 2)) @ np.array([[1.0, 0.5j], [0.2j, 1.0]])
    return JointDesign(
        bs_beams=h / np.linalg.norm(h, axis=(1, 2), keepdims=True),
        satellite_beam=g / np.linalg.norm(g, axis=1, keepdims=True),
        sensing_covariance=30.0 * root @ np.conj(np.swapaxes(root, 1, 2)),
    )


@pytest.mark.parametrize("mode", ["satellite", "joint"])
def test_at_the_targets_it_is_what_the_judge_reports(mode):
    config, channels, _ = deterministic("R1", pattern_mode=mode)
    design = some_design(channels)
    metrics = li.evaluate(config, channels, design)
    angles = np.array(config.target_angles_deg)
    np.testing.assert_allclose(pattern_over_angles(config, design, angles), metrics["target_power"], rtol=1e-12)
    other = {"satellite": "joint", "joint": "satellite"}[mode]
    assert not np.allclose(pattern_over_angles(config, design, angles, other), metrics["target_power"], rtol=1e-3)
    # One trial alone, without the trial axis.
    alone = pattern_over_angles(config, take(design, 0), angles)
    np.testing.assert_allclose(alone, metrics["target_power"][0], rtol=1e-12)


def test_the_mean_over_sines_is_the_power():
    """Directions spread evenly in the sine sample every feed alike: the mean pattern is the trace over the feeds."""
    config, channels, _ = deterministic("R1")
    design = some_design(channels)
    angles = np.rad2deg(np.arcsin((np.arange(64) - 31.5) / 32))
    trace = np.real(np.trace(design.sensing_covariance[0]))
    assert np.mean(pattern_over_angles(config, design, angles)) == pytest.approx(trace / 3, rel=1e-12)


def test_operating_characteristic_rises_through_the_judged_point():
    config, channels, _ = deterministic("R1", rcs_m2=1e7, num_integrated=2**40)
    design = some_design(channels)
    points = np.array([1e-9, config.false_alarm, 1e-3, 1.0])
    curve = operating_characteristic(config, design, points)
    metrics = li.evaluate(config, channels, design)
    np.testing.assert_allclose(curve[..., 1], metrics["detection_probability"], rtol=1e-10)
    assert np.all(np.diff(curve, axis=-1) >= 0.0)
    np.testing.assert_allclose(curve[..., -1], 1.0, rtol=1e-12)


def test_a_satellite_without_base_station_has_one_pattern():
    config, channels, _ = deterministic("R2")
    design = DirectDesign(channels.g_users, np.eye(3)[None] + 0j)
    np.testing.assert_allclose(pattern_over_angles(config, design, np.array([0.0, 40.0]), "joint"), 1.0, rtol=1e-12)
    with pytest.raises(ValueError, match="reading = 'both'"):
        pattern_over_angles(config, design, np.array([0.0]), "both")


def test_a_joint_pattern_is_kept_by_the_recovered_beams():
    """The base station's part of the pattern is needed, and still there once covariances have become beams."""
    pytest.importorskip("cvxpy")
    config, channels, _ = deterministic("R1", pattern_mode="joint")
    config = config.replace(pattern_min_w=0.3)
    solution = li.design(config, channels, "pa1", route="reference")
    assert solution.violation[0] <= 1e-6
    angles = np.array(config.target_angles_deg)
    joint = pattern_over_angles(config, solution.value, angles)[0]
    alone = pattern_over_angles(config, solution.value, angles, "satellite")[0]
    assert np.all(joint >= 0.3 * (1 - 1e-6))
    assert np.min(alone) < 0.2
    metrics = li.evaluate(config, channels, solution)
    np.testing.assert_allclose(metrics["target_power"][0], joint, rtol=1e-12)
    assert metrics["margin_pattern"][0] >= -1e-6


def test_pattern_that_recovery_drops_is_made_up_by_the_satellite():
    """Power of the base station that no user hears does not survive as a beam; the sensing waveform is raised."""
    config, channels, _ = deterministic("R2", pattern_mode="joint")
    instance = normalised_instance(parameters(config), take(channels, 0))
    demand = float(instance.pattern_min[0])
    w = np.linalg.pinv(np.conj(instance.h_users)).T
    w = 0.1 * w / np.linalg.norm(w)
    silent = np.linalg.svd(np.conj(instance.h_users))[2][-1].conj()
    v = instance.g_es / np.linalg.norm(instance.g_es) * 0.6
    sensing = 0.2 * demand * np.einsum("ti,tj->ij", instance.targets, np.conj(instance.targets))
    extra = outer(silent) * (1.2 * demand / np.min(np.abs(np.conj(instance.bs_targets) @ silent) ** 2))
    W = outer(w)
    lifted = Lifted(np.stack([W[0] + extra, W[1]]), outer(v), sensing)

    def reached(beams):
        at_bs = quadratic_form(instance.bs_targets, np.sum(outer(beams.w), axis=0))
        return quadratic_form(instance.targets, beams.V0) + at_bs

    before = quadratic_form(instance.targets, sensing) + quadratic_form(instance.bs_targets, np.sum(lifted.W, axis=0))
    assert np.all(before >= demand)
    beams = recover(instance, lifted)
    np.testing.assert_allclose(np.abs(np.sum(np.conj(beams.w) * w, axis=1)), np.sum(np.abs(w) ** 2, axis=1))
    assert np.all(reached(beams) < 0.9 * demand)
    mended = polish(instance, beams)
    assert np.all(reached(mended) >= demand * (1 - 1e-9))
    assert largest_violation(instance, mended) <= 1e-9
    assert np.trace(mended.V0).real > np.trace(beams.V0).real
