"""Designs on estimates of the channels, judged on the true ones."""

from __future__ import annotations

import numpy as np
import pytest

import leoisac as li
from leoisac.catalogue import find
from leoisac.foundation.lanes import by_lanes, take
from leoisac.systems.bistatic_rsma.fast.max_min import solve
from leoisac.systems.bistatic_rsma.judge.evaluate import evaluate, parameters
from leoisac.systems.bistatic_rsma.model import Channels

NAME = "bistatic-rsma"
_SMALL = find(NAME).small
_ERROR_DB = -12.0


@pytest.fixture(scope="module")
def known():
    config = li.config(NAME, **_SMALL)
    return config, li.draw(config, seed=0, trials=24)


@pytest.fixture(scope="module")
def estimated():
    config = li.config(NAME, **_SMALL, csi_error_db=_ERROR_DB)
    return config, li.draw(config, seed=0, trials=24)


def test_true_channels_are_those_without_errors(known, estimated):
    for name in ("user_steering", "user_noise_ratio", "user_fading", "target_steering"):
        np.testing.assert_array_equal(getattr(known[1], name), getattr(estimated[1], name))
    assert known[1].known_steering is None
    errors = np.abs(np.asarray(estimated[1].known_steering) - np.asarray(estimated[1].user_steering)) ** 2
    assert abs(errors.mean() / 10 ** (0.1 * _ERROR_DB) - 1.0) < 4.0 / np.sqrt(errors.size)


def test_designs_see_the_estimate_and_nothing_else(estimated):
    """The same design from the estimates as plain channels; its rates are those of the true ones."""
    config, channels = estimated
    plain = Channels(
        channels.known_steering,
        channels.user_noise_ratio,
        channels.user_fading,
        channels.target_steering,
        channels.gain_floor,
    )
    numbers = parameters(config)
    solution, twin = (solve("rsma-noradar", numbers, one) for one in (channels, plain))
    np.testing.assert_allclose(solution.value.precoder, twin.value.precoder, rtol=1e-6, atol=1e-9)
    metrics, told = (by_lanes(evaluate)(numbers, one, solution.value) for one in (channels, plain))
    assert metrics["min_rate"].mean() < told["min_rate"].mean()
    np.testing.assert_allclose(metrics["crb_azimuth"], told["crb_azimuth"])
    # By hand, trial 3.
    one = take(channels, 3)
    powers = np.abs(one.user_steering.conj() @ solution.value.precoder[3]) ** 2
    private = powers[:, :2].diagonal() / (powers[:, :2].sum(axis=1) - powers[:, :2].diagonal() + one.user_noise_ratio)
    np.testing.assert_allclose(metrics["private_rate"][3], np.log2(1 + private))


def test_the_common_stream_is_slowed_down_to_what_all_decode(estimated):
    config, channels = estimated
    solution = li.design(config, channels, "rsma-noradar")
    metrics = li.evaluate(config, channels, solution.value)
    promised = np.asarray(solution.value.common_rate).sum(axis=-1)
    delivered = metrics["common_rate"].sum(axis=-1)
    np.testing.assert_allclose(delivered, np.minimum(promised, metrics["common_rate_bound"]))
    assert (delivered < promised).any()
    assert np.all(metrics["margin_common_rate"] > -1e-9)
    assert np.all(np.asarray(solution.status) == 0)


def test_errors_cost_rate_and_vanish(known):
    config, channels = known
    exact = li.evaluate(config, channels, li.design(config, channels, "rsma-noradar").value)["min_rate"].mean()
    rates = [exact]
    for error_db in (-60.0, -12.0, 0.0):
        changed = config.replace(csi_error_db=error_db)
        drawn = li.draw(changed, seed=0, trials=24)
        rates.append(li.evaluate(changed, drawn, li.design(changed, drawn, "rsma-noradar").value)["min_rate"].mean())
    assert abs(rates[1] - exact) < 0.01 * exact
    assert rates[3] < rates[2] < rates[1]


def test_estimates_do_not_depend_on_company(estimated):
    config, channels = estimated
    alone = li.draw(config, seed=0, trials=[5])
    np.testing.assert_array_equal(alone.known_steering[0], channels.known_steering[5])
