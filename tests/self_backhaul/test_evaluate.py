"""The judge against the specification's rates, detection values and plain sums."""

import math

import numpy as np
import pytest
from cases import deterministic, seeded

import leoisac as li
from leoisac.foundation.jax_setup import jnp
from leoisac.systems.self_backhaul.judge import evaluate as evaluating
from leoisac.systems.self_backhaul.judge.evaluate import parameters
from leoisac.systems.self_backhaul.model import DirectDesign, JointDesign, TimeSharedDesign

MRT = {
    "R1": ([1.586994, 1.978634, 1.733368], 1.997446),
    "R2": ([2.476167, 2.695826], 1.948741),
}


def _matched(instance):
    h, g = instance.h_users, instance.g_es
    return JointDesign(
        bs_beams=(h / np.linalg.norm(h, axis=1, keepdims=True) / math.sqrt(len(h)))[None],
        satellite_beam=(math.sqrt(0.5) * g / np.linalg.norm(g))[None],
        sensing_covariance=(np.eye(len(g), dtype=complex) / (2 * len(g)))[None],
    )


@pytest.mark.parametrize("name", ["R1", "R2"])
def test_rates_at_the_matched_filter_point(name):
    config, channels, instance = deterministic(name)
    metrics = li.evaluate(config, channels, _matched(instance))
    rates, backhaul = MRT[name]
    np.testing.assert_allclose(metrics["rate"][0], rates, atol=1e-5)
    np.testing.assert_allclose(metrics["backhaul_rate"][0], backhaul, atol=1e-5)
    assert metrics["sum_rate"][0] == min(metrics["access_rate"][0], metrics["backhaul_rate"][0])
    np.testing.assert_allclose(metrics["target_power"][0], 0.5 / len(instance.g_es), rtol=1e-12)
    np.testing.assert_allclose(metrics["satellite_power"][0], 1.0, rtol=1e-12)
    np.testing.assert_allclose(metrics["bs_power"][0], 1.0, rtol=1e-12)


def test_margins_are_relative_and_signed():
    config, channels, instance = deterministic("R1")
    metrics = li.evaluate(config, channels, _matched(instance))
    rates, backhaul = MRT["R1"]
    np.testing.assert_allclose(metrics["margin_min_rate"][0], min(rates) - 1.0, atol=1e-5)
    np.testing.assert_allclose(metrics["margin_backhaul"][0], backhaul / sum(rates) - 1.0, atol=1e-5)
    np.testing.assert_allclose(metrics["margin_pattern"][0], (1 / 6) / 0.05 - 1.0, rtol=1e-9)
    np.testing.assert_allclose(metrics["margin_satellite_power"][0], 0.0, atol=1e-12)


def test_time_shared_links_do_not_disturb_each_other():
    config, channels, instance = deterministic("R1")
    joint = _matched(instance)
    design = TimeSharedDesign(joint.bs_beams, joint.satellite_beam, joint.sensing_covariance, np.array([0.25]))
    metrics = li.evaluate(config, channels, design)
    h, w = instance.h_users, joint.bs_beams[0]
    powers = np.abs(h.conj() @ w.T) ** 2
    sinr = np.diag(powers) / (powers.sum(axis=1) - np.diag(powers) + 1.0)
    np.testing.assert_allclose(metrics["rate"][0], 0.75 * np.log2(1 + sinr), rtol=1e-9)
    g = instance.g_es
    noise = 1.0 + np.linalg.norm(g) ** 2 / 6
    np.testing.assert_allclose(metrics["backhaul_rate"][0], 0.25 * np.log2(1 + 1500.0 / noise), rtol=1e-9)


def test_direct_design_has_no_backhaul():
    config, channels, instance = deterministic("R2")
    g = instance.g_users
    design = DirectDesign((g / np.linalg.norm(g))[None], 0.01 * np.eye(3, dtype=complex)[None])
    metrics = li.evaluate(config, channels, design)
    powers = np.abs(g.conj() @ (g / np.linalg.norm(g)).T) ** 2
    noise = 1.0 + 0.01 * np.sum(np.abs(g) ** 2, axis=1)
    sinr = np.diag(powers) / (powers.sum(axis=1) - np.diag(powers) + noise)
    np.testing.assert_allclose(metrics["rate"][0], np.log2(1 + sinr), rtol=1e-9)
    assert "backhaul_rate" not in metrics
    assert metrics["bs_power"][0] == 0.0


def test_joint_pattern_counts_the_base_station():
    config, channels, instance = deterministic("R1", pattern_mode="joint")
    design = _matched(instance)
    metrics = li.evaluate(config, channels, design)
    columns = np.arange(4)
    for target, degrees in enumerate((-30.0, 20.0)):
        steering = np.exp(1j * np.pi * columns * np.sin(np.deg2rad(degrees))) / 2.0
        added = np.sum(np.abs(steering.conj() @ design.bs_beams[0].T) ** 2)
        np.testing.assert_allclose(metrics["target_power"][0, target], 1 / 6 + added, rtol=1e-9)


@pytest.mark.parametrize(("text_set", "snr"), [(False, 35.855), (True, 3.3294)])
def test_radar_snr_at_100_w(text_set, snr):
    changes = {"carrier_hz": 30e9, "noise_power_dbm": -94.0} if text_set else {}
    numbers = parameters(li.config("self-backhaul", **changes))
    np.testing.assert_allclose(100.0 * float(numbers.radar_snr_per_watt), snr, rtol=2e-5)


def test_seeded_norms():
    _, channels = seeded(0, 8)
    noise = float(np.asarray(channels.noise_power)[0])
    bs, satellite = 1.0 / noise, 1e3 / noise
    norms = bs * np.sum(np.abs(channels.h_users[0]) ** 2, axis=-1)
    expected = [554.511, 244.247, 989.281, 2337.713, 733.098, 147.574, 604.245, 597.850]
    np.testing.assert_allclose(norms, expected, rtol=1e-5)
    np.testing.assert_allclose(bs * np.sum(np.abs(channels.h_es[0]) ** 2), 164.1006, rtol=1e-5)
    np.testing.assert_allclose(satellite * np.sum(np.abs(channels.g_es[0]) ** 2), 4.973188e6, rtol=1e-5)
    np.testing.assert_allclose(satellite * np.sum(np.abs(channels.g_users[0, 0]) ** 2), 1598.078, rtol=1e-5)


def test_users_who_get_nothing_burden_no_backhaul() -> None:
    assert evaluating._backhaul_margin(jnp.asarray(3.0), jnp.asarray(0.0)) == 0.0
    assert evaluating._backhaul_margin(jnp.asarray(3.0), jnp.asarray(2.0)) == 0.5
    assert np.isnan(evaluating._backhaul_margin(jnp.asarray(3.0), jnp.asarray(np.nan)))
