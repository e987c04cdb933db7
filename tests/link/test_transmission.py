"""The coded link with rate splitting: known channels, cancellation, error propagation, reproducible words."""

from __future__ import annotations

import numpy as np
import pytest

from leoisac.foundation.units import from_db, to_db
from leoisac.link.adaptation import MODES, least_sinr_db
from leoisac.link.settings import LinkSettings
from leoisac.link.transmission import Arriving, LinkOutcome, transmit
from leoisac.metrics.rsma_lmmse import lmmse_sinr

SMALL = LinkSettings(symbols=96, words=4, margin_db=2.5)
_QPSK_HALF = next(index for index, mode in enumerate(MODES) if mode == (2, 0.5))


def _arriving(streams, residual=0.0, true=None, noise=1.0, assumed=None):
    """Streams in units of the noise."""
    streams = np.asarray(streams, dtype=complex)
    power = np.full(streams.shape[:2], noise)
    nothing = np.zeros((*streams.shape[:2], 0, streams.shape[-1]), dtype=complex)
    true = streams if true is None else true
    return Arriving(streams, true, power, power if assumed is None else assumed * power, residual, nothing)


def _send(arriving, settings=SMALL, seeds=None):
    trials, users = arriving.known.shape[:2]
    seeds = np.arange(trials) * 12345.0 if seeds is None else seeds
    return transmit(arriving, np.ones((trials, users)), seeds, settings)


def _one_tap(trials, common_db, private_db):
    """Two users without interference between them; gains relative to noise of 1."""
    streams = np.zeros((trials, 2, 3, 1), dtype=complex)
    streams[:, :, 0, 0] = np.sqrt(from_db(common_db))
    for user in range(2):
        streams[:, user, user + 1, 0] = np.sqrt(from_db(private_db))
    return streams


def test_words_arrive_above_the_margin_and_fail_below():
    """The common word at the SINR of QPSK at rate 1/2, against a private stream 10 dB below noise."""
    needed = least_sinr_db(MODES[_QPSK_HALF])
    for margin, arrives in ((4.0, True), (-2.0, False)):
        # Against the private stream's power as noise.
        streams = _one_tap(8, needed + margin + 0.01 + to_db(1.1), -10.0)
        out = _send(_arriving(streams), SMALL._replace(margin_db=margin))
        np.testing.assert_allclose(out.excess_db[..., 0], margin + 0.01, atol=1e-6)
        assert out.blocks[..., 0].sum() == 64
        assert out.errors[..., 0].sum() == (0 if arrives else 64)


def test_cancellation_gives_the_private_word_its_interference_free_rate():
    streams = _one_tap(4, 30.0, 14.0)
    out = _send(_arriving(streams))
    assert out.errors.sum() == 0
    alone = _send(_arriving(_one_tap(4, -np.inf, 14.0)))
    assert alone.blocks[..., 0].sum() == 0
    np.testing.assert_array_equal(out.efficiency[..., 1], alone.efficiency[..., 1])
    # A share of the common words each, and the own ones.
    np.testing.assert_allclose(out.goodput, 0.5 * out.efficiency[..., 0] + out.efficiency[..., 1])


def test_residual_of_cancellation_is_interference():
    streams = _one_tap(4, 25.0, 10.0)
    out = _send(_arriving(streams, residual=0.01))
    sinr = lmmse_sinr(streams, 1.0, 0.01)
    modes = np.array([least_sinr_db(mode) for mode in MODES])
    assert np.all(sinr.private < 10.0 / (1.0 + 0.009 * from_db(25.0)))
    assert out.errors.sum() == 0
    needs = to_db(sinr.private) - out.excess_db[..., 1]
    assert np.all(np.min(np.abs(needs[..., None] - modes), axis=-1) < 1e-6)


def test_a_common_word_that_is_lost_takes_the_private_one_along():
    """Receivers that know a stronger channel than there is: the common word fails, and what follows with it."""
    known = _one_tap(4, 22.0, 10.0)
    weak = known.copy()
    weak[:, :, 0] *= np.sqrt(from_db(-8.0))
    out = _send(_arriving(known, true=weak))
    assert out.errors[..., 0].sum() == out.blocks[..., 0].sum()
    assert out.errors[..., 1].sum() == out.blocks[..., 1].sum()
    assert out.undetected.sum() == 0
    assert np.all(out.goodput == 0.0)
    # With the common stream as it is said to be, all arrive.
    assert _send(_arriving(known)).errors.sum() == 0


@pytest.fixture(scope="module")
def scattered():
    rng = np.random.default_rng(3)
    shape = (10, 2, 3, 6)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) * np.sqrt(2.0)


@pytest.fixture(scope="module")
def sent(scattered) -> LinkOutcome:
    return _send(_arriving(scattered, residual=0.03))


def test_vectors_behind_filters(scattered, sent):
    """Random channels of six samples: the rates are those of the refined SINRs, and the words arrive."""
    sinr = lmmse_sinr(scattered, 1.0, 0.03)
    assert sent.errors.sum() <= 0.02 * sent.blocks.sum()
    bound = np.log2(1.0 + np.stack([np.min(sinr.common, axis=1)[:, None] * np.ones(2), sinr.private], axis=-1))
    assert np.all(sent.efficiency <= bound)
    assert np.all(sent.excess_db[sent.blocks > 0] >= 2.5 - 1e-9)


def test_numbers_do_not_depend_on_company(scattered, sent):
    part = _send(_arriving(scattered[7:], residual=0.03), seeds=np.arange(7, 10) * 12345.0)
    for one, other in zip(sent, part, strict=True):
        np.testing.assert_array_equal(one[7:], other)


def test_units_do_not_matter(scattered, sent):
    scale = 1e-9
    arriving = _arriving(scattered * np.sqrt(scale), residual=0.03, noise=scale)
    np.testing.assert_array_equal(_send(arriving).errors, sent.errors)


def test_others_disturb():
    """A further signal as strong as the private one, which designs count as noise."""
    streams = _one_tap(4, 25.0, 12.0)
    other = np.full((4, 2, 1, 1), np.sqrt(from_db(9.0)), dtype=complex)
    arriving = _arriving(streams, assumed=1.0 + from_db(9.0))._replace(others=other)
    out = _send(arriving)
    assert out.errors.sum() == 0
    assert np.all(out.efficiency[..., 1] < np.log2(1.0 + from_db(12.0) / (1.0 + from_db(9.0))))
    # Unknown to the design, it costs the words.
    assert _send(arriving._replace(assumed_noise=arriving.noise)).errors[..., 1].sum() > 0


def test_both_decoders_and_more_iterations():
    """At a margin where words are lost: the exact rule loses no more, one iteration loses all."""
    streams = _one_tap(16, -np.inf, least_sinr_db(MODES[_QPSK_HALF]) + 1.3)
    lost = {
        name: _send(_arriving(streams), SMALL._replace(margin_db=1.2, decoder=decoder, iterations=count)).errors.sum()
        for name, decoder, count in (("min-sum", "min-sum", 20), ("exact", "sum-product", 20), ("one", "min-sum", 1))
    }
    assert lost["exact"] <= lost["min-sum"] < lost["one"] == 128
