"""The coded route and pilots: words through designed streams, what errors of the channel estimate cost."""

from __future__ import annotations

import numpy as np
import pytest

import leoisac as li
from leoisac.catalogue import find
from leoisac.experiment.errors import ChannelError
from leoisac.foundation.config import ConfigError
from leoisac.link.outcome import LINK_METRICS
from leoisac.systems.otfs_rsma.judge.evaluate import parameters
from leoisac.systems.otfs_rsma.model import Channels
from tests.otfs_rsma.otfs_cases import NAME

_LINK = {
    **find(NAME).small,
    "comm_snr_db": 10.0,
    "csi_error_db": -100.0,
    "link_symbols": 96,
    "link_words": 2,
    "link_margin_db": 4.0,
}


def _config(**changes):
    return li.config(NAME, **{**_LINK, **changes})


@pytest.fixture(scope="module")
def drawn():
    return li.draw(_config(), seed=0, trials=6)


def _sent(channels, scheme="random", **changes):
    config = _config(**changes)
    solution = li.design(config, channels, scheme, route="coded")
    return solution, li.evaluate(config, channels, solution.value)


@pytest.fixture(scope="module")
def known(drawn):
    return _sent(drawn)


def test_words_arrive_where_channels_are_known(known, drawn):
    solution, metrics = known
    assert set(LINK_METRICS) <= set(metrics)
    assert metrics["blocks"].sum() > 0
    assert np.all(metrics["block_error_rate"] == 0.0)
    np.testing.assert_allclose(metrics["sum_goodput"], metrics["promised_rate"])
    # Bits of a stream and frame are no more than its rate; 12 cells, 3 subcarriers of 7.5 kHz, at most 1 W.
    assert np.all(metrics["sum_goodput"] < metrics["sum_rate"])
    np.testing.assert_allclose(metrics["throughput_mbit_s"], 0.0225 * metrics["sum_goodput"])
    np.testing.assert_allclose(metrics["bits_per_joule"] * metrics["total_power"], 1e6 * metrics["throughput_mbit_s"])
    plain = li.design(_config(), drawn, "random")
    np.testing.assert_array_equal(solution.value.streams, plain.value.streams)


def test_a_trials_words_are_its_own(known):
    channels = li.draw(_config(), seed=0, trials=[4, 5])
    solution, _ = _sent(channels)
    for name, values in known[0].value.words._asdict().items():
        np.testing.assert_array_equal(values[4:], getattr(solution.value.words, name))


def test_estimates_that_err_cost_words(drawn, known):
    """Errors of a tenth of the channel, which the prediction counts as noise, and receivers do not know."""
    _, metrics = _sent(drawn, csi_error_db=-8.0, csi_error_model="total", link_margin_db=0.0)
    assert metrics["block_error_rate"].max() > 0.0
    assert np.all(metrics["sum_goodput"] <= metrics["promised_rate"] + 1e-12)
    assert metrics["sum_goodput"].sum() < known[1]["sum_goodput"].sum()


def test_no_common_stream_sends_no_common_words(drawn):
    config = _config(common_power_fraction=0.0)
    solution = li.design(config, drawn, "random", route="coded")
    metrics = li.evaluate(config, drawn, solution.value)
    assert np.all(metrics["blocks"][..., 0] == 0)
    assert np.all(metrics["block_error_rate"][..., 0] == 0)


@pytest.mark.parametrize(("scheme", "route"), [("random", "coded"), ("pilots", "fast")])
def test_plain_arrays_have_no_seed(scheme, route, drawn):
    with pytest.raises(ChannelError, match="seed"):
        li.design(_config(), Channels(np.asarray(drawn.path_gains)), scheme, route=route)


@pytest.mark.parametrize(
    "changes", [{}, {"precoder_mode": "space-dd"}, {"n_delay": 6, "n_doppler": 6, "pilot_db": 10.0}]
)
def test_pilots_err_as_expected(changes):
    """In frames of their own, antenna by antenna, and embedded (zone of 3 x 5 cells)."""
    config = _config(**changes)
    channels = li.draw(config, seed=0, trials=400)
    metrics = li.evaluate(config, channels, li.design(config, channels, "pilots").value)
    measured, expected = metrics["csi_error"], metrics["csi_error_predicted"]
    spread = measured.std(axis=0) / np.sqrt(len(measured))
    assert np.all(np.abs(measured.mean(axis=0) - expected[0]) < 4 * spread)
    # Two paths of power 1/2, noise of a tenth of the pilot's energy at 0 dB.
    noise = 0.1 / 10 ** (0.1 * config.pilot_db)
    np.testing.assert_allclose(expected[0], [2 * noise, 2 * noise * 0.5 / (0.5 + noise)])


@pytest.mark.parametrize(("estimator", "share"), [("least-squares", 1.0), ("lmmse", 0.5 / 0.6)])
def test_designs_know_the_error_of_pilots(estimator, share):
    config = _config(csi_source="pilots", pilot_estimator=estimator)
    numbers = parameters(config)
    error = 2 * 0.1 * share
    np.testing.assert_allclose(numbers.noise - numbers.receiver_noise, error / config.n_dd, rtol=1e-12)
    # The same by stating it, in either reading.
    for model, cells in (("total", 1), ("entry", config.n_dd)):
        stated = _config(csi_error_db=float(10 * np.log10(error / cells)), csi_error_model=model)
        np.testing.assert_allclose(parameters(stated).noise, numbers.noise)


@pytest.mark.parametrize("changes", [{"pilot_db": 10.0}, {"precoder_mode": "space-dd", "n_delay": 6, "pilot_db": 10.0}])
def test_fractional_bins_are_fitted(changes):
    """Alone in a frame, and two antennas' columns of a frame of six delays; designs know the expected error."""
    config = _config(path_dopplers=(0.0, 0.6), csi_source="pilots", **changes)
    channels = li.draw(config, seed=0, trials=400)
    metrics = li.evaluate(config, channels, li.design(config, channels, "pilots").value)
    measured, expected = metrics["csi_error"], metrics["csi_error_predicted"]
    spread = measured.std(axis=0) / np.sqrt(len(measured))
    assert np.all(np.abs(measured.mean(axis=0) - expected[0]) < 4 * spread)
    assert expected[0, 1] < expected[0, 0]
    numbers = parameters(config)
    np.testing.assert_allclose(numbers.noise - numbers.receiver_noise, expected[0, 1] / config.n_dd, rtol=1e-9)


def test_paths_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ConfigError, match="told apart"):
        _config(csi_source="pilots", path_dopplers=(0.0, 3.0))
    config = _config(path_dopplers=(0.0, 3.0))
    with pytest.raises(ChannelError, match="told apart"):
        li.design(config, li.draw(config, trials=1), "pilots")
