"""Words at full load: the equalisers' SINRs are the judge's, what arrives stays below what is predicted."""

from __future__ import annotations

import numpy as np
import pytest

import leoisac as li
from leoisac.catalogue import find
from leoisac.experiment.errors import ChannelError
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import by_lanes
from leoisac.link.equalisation import linear_filters
from leoisac.link.outcome import LINK_METRICS
from leoisac.systems.otfs_rsma.fast.coded_load import arriving_matrices, gain_errors
from leoisac.systems.otfs_rsma.judge.evaluate import parameters
from leoisac.systems.otfs_rsma.judge.full_load import step_rates
from leoisac.systems.otfs_rsma.model import Channels
from tests.otfs_rsma.otfs_cases import NAME

_LINK = {
    **find(NAME).small,
    "csi_error_db": -100.0,
    "link_symbols": 96,
    "link_words": 2,
    "link_margin_db": 4.0,
}
SCHEMES = ("rsma", "sdma", "noma", "oma")


def _config(**changes):
    return li.config(NAME, **{**_LINK, **changes})


@pytest.fixture(scope="module")
def drawn():
    return li.draw(_config(), seed=0, trials=3)


def _sent(channels, scheme, **changes):
    config = _config(**changes)
    solution = li.design(config, channels, f"full-load-{scheme}", route="coded")
    return solution, li.evaluate(config, channels, solution.value)


@pytest.fixture(scope="module")
def sent(drawn):
    return {scheme: _sent(drawn, scheme) for scheme in SCHEMES}


@pytest.mark.parametrize("waveform", ["otfs", "ofdm"])
def test_equalisers_are_those_of_the_judge(waveform, drawn, sent):
    """Mean of log2(1 + b / (1 - b)) over the filters' gains, step by step of the first trial."""
    numbers = parameters(_config(waveform=waveform))
    for scheme in SCHEMES:
        design = sent[scheme][0].value
        one = type(design)(*(_first(part) for part in (design.precoders, design.shares, design.decoding)))
        rates = step_rates(numbers, Channels(drawn.path_gains[0]), one).equalised
        known = arriving_matrices(numbers, np.asarray(drawn.path_gains[:1]), np.asarray(design.precoders[:1]))[0]
        decoding = one.decoding
        for step, (user, stream) in enumerate(zip(decoding.users, decoding.streams, strict=True)):
            if stream < 0:
                assert rates[step] == 0.0
                continue
            weights = np.array([0.0, 1.0, float(numbers.sic_residual)])[decoding.states[step]]
            covariance = np.einsum("s,scx,sdx->cd", weights, known[user], known[user].conj())
            _, gains = linear_filters(known[user, stream], covariance + float(numbers.noise) * np.eye(12))
            np.testing.assert_allclose(np.mean(-np.log2(1.0 - gains)), rates[step], rtol=1e-8)


def _first(tree):
    return jax.tree.map(lambda leaf: np.asarray(leaf)[0], tree)


def test_words_arrive_where_channels_are_known(sent, drawn):
    for scheme, (solution, metrics) in sent.items():
        assert set(LINK_METRICS) <= set(metrics), scheme
        assert metrics["blocks"].sum() > 0, scheme
        assert np.all(metrics["block_error_rate"] == 0.0), scheme
        np.testing.assert_allclose(metrics["sum_goodput"], metrics["promised_rate"])
        assert np.all(metrics["goodput"] <= metrics["rate"] + 1e-9), scheme
        np.testing.assert_allclose(metrics["throughput_mbit_s"], 0.0225 * metrics["sum_goodput"])
        plain = li.design(_config(), drawn, f"full-load-{scheme}")
        np.testing.assert_array_equal(solution.value.precoders, plain.value.precoders)


def test_layers_are_who_decodes(sent):
    """Words that both decode are common; taking turns has private layers alone."""
    assert np.all(sent["oma"][1]["blocks"][..., 0] == 0)
    assert np.all(sent["sdma"][1]["blocks"][..., 0] == 0)
    assert np.all(np.ptp(sent["noma"][1]["blocks"][..., 0], axis=-1) == 0)
    assert sent["rsma"][1]["blocks"][..., 0].max() == 2


def test_a_trials_words_are_its_own(sent):
    channels = li.draw(_config(), seed=0, trials=[1, 2])
    solution, _ = _sent(channels, "rsma")
    for name, values in sent["rsma"][0].value.words._asdict().items():
        np.testing.assert_array_equal(values[1:], getattr(solution.value.words, name))


def test_estimates_that_err_cost_words(drawn, sent):
    _, metrics = _sent(drawn, "rsma", csi_error_db=-10.0, csi_error_model="total", link_margin_db=0.0)
    assert metrics["block_error_rate"].max() > 0.0
    assert metrics["sum_goodput"].sum() < sent["rsma"][1]["sum_goodput"].sum()


def test_errors_have_the_power_that_designs_reckon_with():
    """Power of a frame that comes by the errors into a cell: N_0 less the receiver's noise."""
    config = _config(csi_error_db=-10.0)
    numbers, channels = parameters(config), li.draw(config, seed=0, trials=400)
    errors = by_lanes(gain_errors, native=False)(numbers, channels)
    beams = np.tile(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]], dtype=complex), (400, 1, 1))
    power = np.mean(np.sum(np.abs(arriving_matrices(numbers, errors, beams)) ** 2, axis=(2, 4)))
    assert power == pytest.approx(float(numbers.noise - numbers.receiver_noise), rel=0.05)


def test_plain_arrays_have_no_seed(drawn):
    with pytest.raises(ChannelError, match="seed"):
        li.design(_config(), Channels(np.asarray(drawn.path_gains)), "full-load-rsma", route="coded")
