"""The coded route: words over channels of one tap, modes by the fade or by the mean gain, radar as interference."""

from __future__ import annotations

import numpy as np
import pytest

import leoisac as li
from leoisac.catalogue import find
from leoisac.experiment.errors import ChannelError

NAME = "bistatic-rsma"
_LINK = {**find(NAME).small, "link_symbols": 96, "link_words": 2, "link_margin_db": 4.0}


def _config(**changes):
    return li.config(NAME, **{**_LINK, **changes})


@pytest.fixture(scope="module")
def drawn():
    return li.draw(_config(), seed=0, trials=6)


def _sent(channels, scheme, **changes):
    config = _config(**changes)
    solution = li.design(config, channels, scheme, route="coded")
    return solution, li.evaluate(config, channels, solution.value)


@pytest.mark.parametrize("scheme", ["rsma-noradar", "sdma-radar-nosic"])
def test_words_arrive_that_follow_the_fade(scheme, drawn):
    solution, metrics = _sent(drawn, scheme)
    assert metrics["blocks"].sum() > 0
    assert np.all(metrics["block_error_rate"] == 0.0)
    np.testing.assert_allclose(metrics["sum_goodput"], metrics["promised_rate"])
    np.testing.assert_allclose(metrics["throughput_mbit_s"], 10.0 * metrics["sum_goodput"])
    assert (metrics["blocks"][..., 0] > 0).any() == scheme.startswith("rsma")
    plain = li.design(_config(), drawn, scheme)
    np.testing.assert_array_equal(solution.value.precoder, plain.value.precoder)


def test_modes_for_mean_gains_fail_in_deep_fades():
    """Of a single user the SINR goes with the fade: what it leaves of the margin says which words arrive."""
    config = _config(num_users=1, link_adaptation="mean", link_margin_db=0.0, rician_factor_db=5.0)
    channels = li.draw(config, seed=0, trials=40)
    solution = li.design(config, channels, "sdma-comm", route="coded")
    metrics = li.evaluate(config, channels, solution.value)
    fade_db = 20.0 * np.log10(np.abs(np.asarray(channels.user_fading)))
    left_db = (metrics["sinr_excess_db"][..., 1] + fade_db)[:, 0]
    lost = metrics["block_error_rate"][:, 0, 1]
    assert np.all(lost[left_db < -0.5] == 1.0)
    assert np.all(lost[left_db > 4.0] == 0.0)
    assert (left_db < -0.5).sum() >= 3
    assert (left_db > 4.0).sum() >= 3


def test_radar_that_is_not_cancelled_lowers_the_modes(drawn):
    """The same beams, with and without the radar sequence as interference."""
    config = _config()
    solution = li.design(config, drawn, "sdma-radar-nosic", route="coded")
    other = li.design(config, drawn, "sdma-radar-sic", route="coded")
    efficiency = [one.value.words.efficiency[..., 1].sum() for one in (solution, other)]
    assert efficiency[0] <= efficiency[1]


def test_plain_arrays_have_no_seed(drawn):
    config = _config()
    names = ("user_steering", "user_noise_ratio", "user_fading", "target_steering", "gain_floor")
    plain = li.channels(config, **{name: np.asarray(getattr(drawn, name)) for name in names})
    with pytest.raises(ChannelError, match="seed"):
        li.design(config, plain, "sdma-noradar", route="coded")
