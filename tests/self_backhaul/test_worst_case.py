"""Guaranteed rates: radii of both error models, exactness at every receiver, and no error that breaks them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases import deterministic
from oracles.ball_extremes import largest_by_ascent

import leoisac as li
from leoisac.foundation.lanes import take, to_numpy
from leoisac.systems.self_backhaul.judge import evaluate
from leoisac.systems.self_backhaul.judge.worst_case import (
    error_radii,
    guaranteed_rates,
    worst_powers,
    worst_powers_of_covariances,
)
from leoisac.systems.self_backhaul.model import JointDesign


def parameters(config):
    return to_numpy(evaluate.parameters(config))


def leaning(channels, seed=0):
    """A design that is neither matched nor nulling, within 1 W and 1 kW."""
    rng = np.random.default_rng(seed)

    def unit(h):
        return h / np.linalg.norm(h, axis=-1, keepdims=True)

    def noise(*shape):
        return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)

    w = unit(unit(channels.h_users) + 0.3 * noise(*channels.h_users.shape))
    v = unit(unit(channels.g_es) + 0.1 * noise(*channels.g_es.shape))
    factor = 0.1 * noise(*channels.g_es.shape, 2)
    return JointDesign(w / np.sqrt(len(w)), 0.5 * v, factor @ factor.conj().T / 100)


@pytest.fixture(scope="module")
def case():
    config, channels, _ = deterministic("R1", error_model="relative", error_radius=0.05)
    one = take(channels, 0)
    return config, parameters(config), one, leaning(one)


def test_radii_of_both_models(case):
    _, numbers, one, _ = case
    one = replace(one, noise_power=np.asarray(1e-4))
    numbers = replace(numbers, satellite_power=np.asarray(100.0), error_radius=np.full(4, 0.1))
    relative = error_radii(numbers, one)
    np.testing.assert_allclose(relative.h_users, 0.1 * np.linalg.norm(one.h_users, axis=1), rtol=1e-12)
    np.testing.assert_allclose(relative.g_es, 0.1 * np.linalg.norm(one.g_es), rtol=1e-12)
    normalised = error_radii(replace(numbers, error_model=np.zeros(4, dtype=int)), one)
    # 0.1 sigma over the root of the budget: sigma^2 = 1e-4 W, budgets of 1 W and 100 W.
    np.testing.assert_allclose(normalised.h_users, np.full(3, 1e-3), rtol=1e-12)
    np.testing.assert_allclose(normalised.g_users, np.full(3, 1e-4), rtol=1e-12)
    np.testing.assert_allclose(normalised.h_es, 1e-3, rtol=1e-12)
    np.testing.assert_allclose(normalised.g_es, 1e-4, rtol=1e-12)


def test_worst_powers_at_every_receiver_are_what_ascent_finds(case):
    _, numbers, one, design = case
    radii = error_radii(numbers, one)
    w, v, V0 = design.bs_beams, design.satellite_beam, design.sensing_covariance
    found = worst_powers(one, radii, w, v, V0)
    W, V = np.einsum("mi,mj->mij", w, w.conj()), np.outer(v, v.conj())
    for m, (h, g) in enumerate(zip(one.h_users, one.g_users)):
        rh, rg = float(radii.h_users[m]), float(radii.g_users[m])
        assert found.signal[m] == pytest.approx(-largest_by_ascent(-W[m], h, rh), rel=1e-9)
        assert found.interference[m] == pytest.approx(largest_by_ascent(W.sum(axis=0) - W[m], h, rh), rel=1e-9)
        assert found.satellite[m] == pytest.approx(largest_by_ascent(V + V0, g, rg), rel=1e-9)
    assert found.es_signal == pytest.approx(-largest_by_ascent(-V, one.g_es, float(radii.g_es)), rel=1e-9)
    assert found.es_leakage == pytest.approx(largest_by_ascent(W.sum(axis=0), one.h_es, float(radii.h_es)), rel=1e-9)
    assert found.es_sensing == pytest.approx(largest_by_ascent(V0, one.g_es, float(radii.g_es)), rel=1e-9)
    lifted = worst_powers_of_covariances(one, radii, W, V, V0)
    np.testing.assert_allclose(
        np.concatenate([np.atleast_1d(x) for x in lifted]), np.concatenate([np.atleast_1d(x) for x in found]), rtol=1e-9
    )


def test_no_error_in_the_balls_breaks_the_guarantee(case):
    config, numbers, one, design = case
    promised = guaranteed_rates(numbers, one, design)
    radii = error_radii(numbers, one)
    rng = np.random.default_rng(0)

    def shaken(h, radius, count):
        error = rng.standard_normal((count, *h.shape)) + 1j * rng.standard_normal((count, *h.shape))
        return h + error * (np.asarray(radius)[..., None] / np.linalg.norm(error, axis=-1, keepdims=True))

    count = 2000
    w, v, V0 = design.bs_beams, design.satellite_beam, design.sensing_covariance
    received = np.abs(np.einsum("kmi,ni->kmn", shaken(one.h_users, radii.h_users, count).conj(), w)) ** 2
    g = shaken(one.g_users, radii.g_users, count)
    disturbing = np.einsum("kmi,ij,kmj->km", g.conj(), V0 + np.outer(v, v.conj()), g).real + 1.0
    signal = np.diagonal(received, axis1=1, axis2=2)
    rate = np.log2(1 + signal / (received.sum(axis=2) - signal + disturbing))
    assert np.all(rate >= promised.rate)
    g, h = shaken(one.g_es, radii.g_es, count), shaken(one.h_es, radii.h_es, count)
    disturbing = np.sum(np.abs(h.conj() @ w.T) ** 2, axis=1) + np.einsum("ki,ij,kj->k", g.conj(), V0, g).real + 1.0
    assert np.all(np.log2(1 + np.abs(g.conj() @ v) ** 2 / disturbing) >= promised.backhaul_rate)
    nominal = li.evaluate(config, li.channels(config, **vars(one)), take_up(design))
    assert np.all(promised.rate < nominal["rate"][0])


def take_up(design):
    return JointDesign(*(np.asarray(part)[None] for part in vars(design).values()))


def test_the_judge_reports_guarantees_of_joint_designs(case):
    config, numbers, one, design = case
    channels = li.channels(config, **vars(one))
    metrics = li.evaluate(config, channels, take_up(design))
    promised = guaranteed_rates(numbers, one, design)
    np.testing.assert_allclose(metrics["guaranteed_rate"][0], promised.rate, rtol=1e-10)
    np.testing.assert_allclose(metrics["guaranteed_backhaul_rate"][0], promised.backhaul_rate, rtol=1e-10)
    least = min(np.sum(promised.rate), promised.backhaul_rate)
    np.testing.assert_allclose(metrics["guaranteed_sum_rate"][0], least, rtol=1e-10)
    np.testing.assert_allclose(metrics["margin_guaranteed_min_rate"][0], np.min(promised.rate) - 1.0, rtol=1e-9)
    relative = promised.backhaul_rate / np.sum(promised.rate) - 1.0
    np.testing.assert_allclose(metrics["margin_guaranteed_backhaul"][0], relative, rtol=1e-9)
    exact = li.evaluate(config.replace(error_radius=0.0), channels, take_up(design))
    np.testing.assert_allclose(exact["guaranteed_rate"], exact["rate"], rtol=1e-9)
    np.testing.assert_allclose(exact["guaranteed_backhaul_rate"], exact["backhaul_rate"], rtol=1e-9)


def test_a_guarantee_of_nothing_is_finite(case):
    config, _, one, design = case
    hopeless = config.replace(error_radius=0.99)
    design = replace(design, bs_beams=design.bs_beams[::-1])
    metrics = li.evaluate(hopeless, li.channels(config, **vars(one)), take_up(design))
    assert metrics["guaranteed_sum_rate"][0] == 0.0
    assert metrics["margin_guaranteed_min_rate"][0] == -1.0
    assert metrics["margin_guaranteed_backhaul"][0] == 0.0
