"""Words on the grid: modes by unequal cells, limits in which all is known, cancellation, what a trial depends on."""

from __future__ import annotations

import numpy as np
import pytest

from leoisac.link.adaptation import MODES, SILENT, choose_mode, excess_over_cells, least_sinr_db, modes_over_cells
from leoisac.link.grid_transmission import (
    ABSENT,
    CANCELLED,
    THERE,
    GridStreams,
    Steps,
    transmit_on_grid,
)
from leoisac.link.settings import LinkSettings
from leoisac.link.words import word_symbols_of
from leoisac.metrics.equalised_streams import equalised_rate

SETTINGS = LinkSettings(symbols=96, words=4, margin_db=2.5)
CELLS = 6


def _complex(seed: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)


def _streams(known, *, errors=0.0, noise=0.01, residual=0.0) -> GridStreams:
    true = known + errors * _complex(99, *known.shape)
    return GridStreams(known, true, noise, noise, residual)


def _steps(count: int, rows, parts, share: float = 1.0) -> Steps:
    """The same steps (user, stream, states) in all trials."""
    users, streams, states = (
        np.repeat(np.array([row[index] for row in rows])[None], count, axis=0) for index in (0, 1, 2)
    )
    owned = np.repeat(np.array(parts, dtype=float)[None], count, axis=0)
    return Steps(users, streams, states, owned, np.full(count, share))


SPLITTING = (
    ((0, 0, [THERE] * 3), (1, 0, [THERE] * 3), (0, 1, [CANCELLED, THERE, THERE]), (1, 2, [CANCELLED, THERE, THERE])),
    [[0.25, 1, 0], [0.75, 0, 1]],
)


def _splitting(count: int, common: float = 3.0, cross: float = 0.05, seed: int = 0) -> np.ndarray:
    """Two users, a strong common stream, private ones that hardly disturb the others."""
    gains = np.array([[common, 0.6, cross], [common, cross, 0.6]])
    unitary = np.linalg.qr(_complex(seed, count, 2, 3, CELLS, CELLS))[0]
    return gains[None, :, :, None, None] * unitary


class TestModes:
    def test_equal_cells_are_one_sinr(self):
        sinr = 10.0 ** np.arange(-1.0, 2.5, 0.217)
        allowed = modes_over_cells(np.repeat(sinr[:, None], 5, axis=1), 1.3)
        last = np.where(allowed.any(axis=-1), len(MODES) - 1 - np.argmax(allowed[:, ::-1], axis=-1), SILENT)
        np.testing.assert_array_equal(last, choose_mode(sinr, 1.3))
        needed = np.array([least_sinr_db(mode) for mode in MODES])
        excess = excess_over_cells(np.repeat(sinr[:, None], 5, axis=1), last)
        np.testing.assert_allclose(excess, np.where(last == SILENT, 0.0, 10 * np.log10(sinr) - needed[last]), atol=5e-3)

    def test_a_lost_cell_costs_its_share(self):
        """Half of the cells at no noise and half at none of the signal carry half of the alphabet's bits."""
        allowed = modes_over_cells(np.array([[1e4, 1e-4]]), 0.0)[0]
        np.testing.assert_array_equal(allowed, [mode.rate <= 0.5 for mode in MODES])


def test_words_fill_whole_frames():
    assert [word_symbols_of(256, cells) for cells in (32, 12, 256)] == [256, 264, 256]
    assert word_symbols_of(1264, 256) == 1024
    with pytest.raises(ValueError, match="smaller grid"):
        word_symbols_of(256, 1265)


@pytest.mark.parametrize("equaliser", ["lmmse", "mp"])
def test_rate_splitting_delivers_what_modes_promise(equaliser):
    streams = _streams(_splitting(3))
    outcome = transmit_on_grid(streams, _steps(3, *SPLITTING), np.arange(3), SETTINGS, equaliser)
    assert np.all(outcome.blocks == 4)
    assert np.all(outcome.errors == 0)
    assert np.all(outcome.excess_db >= 2.5)
    promised = outcome.efficiency[..., 0] * [0.25, 0.75] + outcome.efficiency[..., 1]
    np.testing.assert_allclose(outcome.goodput, promised)
    # Modes stay below what the equalised SINRs carry, which the judge computes.
    own = streams.known[:, np.arange(2), [1, 2]]
    other = streams.known[:, np.arange(2), [2, 1]]
    covariance = sum(g @ np.conj(np.swapaxes(g, -1, -2)) for g in (own, other)) + 0.01 * np.eye(CELLS)
    assert np.all(outcome.efficiency[..., 1] < equalised_rate(own, covariance))
    assert np.all(outcome.efficiency[..., 1] > 0.6 * equalised_rate(own, covariance))


def test_words_fail_where_the_information_falls_below_the_rate():
    outcome = transmit_on_grid(
        _streams(_splitting(6)), _steps(6, *SPLITTING), np.arange(6), SETTINGS._replace(margin_db=-1.5)
    )
    assert outcome.errors.sum() > 0.9 * outcome.blocks.sum()
    assert np.all(outcome.goodput <= 0.5)


def test_what_a_common_word_loses_stays_in_the_way():
    """The common stream arrives with another sign than known: nothing is cancelled, and private words fail, too."""
    bad = _streams(_splitting(6))
    lost = transmit_on_grid(
        bad._replace(true=bad.true * np.array([-1.0, 1, 1])[:, None, None]),
        _steps(6, *SPLITTING),
        np.arange(6),
        SETTINGS,
    )
    assert np.all(lost.errors[..., 0] == 4)
    assert np.all(lost.errors[..., 1] == 4)


def test_residual_power_is_planned_for():
    """Cancellation that leaves a share lowers private modes; words still arrive."""
    clean, left = (
        transmit_on_grid(_streams(_splitting(4), residual=residual), _steps(4, *SPLITTING), np.arange(4), SETTINGS)
        for residual in (0.0, 0.01)
    )
    assert np.all(left.efficiency[..., 1] < clean.efficiency[..., 1])
    assert left.errors.sum() == 0


def test_taking_turns_counts_its_share_of_the_frames():
    """Two layers of one user, the second after cancelling the first; the other's streams are in other frames."""
    rows = ((0, 0, [THERE, THERE, ABSENT]), (0, 1, [CANCELLED, THERE, ABSENT]), (1, 2, [ABSENT, ABSENT, THERE]))
    steps = _steps(3, rows, [[1, 1, 0], [0, 0, 1]], share=0.5)
    outcome = transmit_on_grid(_streams(_splitting(3, cross=5.0)), steps, np.arange(3), SETTINGS)
    assert np.all(outcome.blocks == np.array([[0, 8], [0, 4]]))
    assert outcome.errors.sum() == 0
    np.testing.assert_allclose(outcome.goodput, outcome.efficiency[..., 1])


def test_a_silent_stream_is_not_cancelled():
    """The second user cannot hear the common stream: nobody is sent words in it."""
    known = _splitting(2)
    known[:, 1, 0] *= 1e-3
    outcome = transmit_on_grid(_streams(known), _steps(2, *SPLITTING), np.arange(2), SETTINGS)
    assert np.all(outcome.blocks[..., 0] == 0)
    assert np.all(outcome.blocks[:, 1, 1] == 4)
    assert outcome.errors.sum() == 0


def test_a_trial_depends_on_its_seed_alone():
    known = _splitting(5)
    noisy = SETTINGS._replace(margin_db=0.6)
    together = transmit_on_grid(_streams(known), _steps(5, *SPLITTING), np.arange(5) + 7, noisy)
    alone = transmit_on_grid(_streams(known[3:4]), _steps(1, *SPLITTING), np.array([10]), noisy)
    assert 0 < together.errors.sum() < together.blocks.sum()
    for one, all_ in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one[0], all_[3])


def test_message_passing_saves_words():
    """Cells that meet strongly, at a margin where LMMSE loses words: one channel, many noises."""
    known = np.repeat(_splitting(1, cross=0.02), 16, axis=0)
    known[:, :, 1:] = _complex(5, 2, 2, CELLS, CELLS) * np.array([[0.6, 0.02], [0.02, 0.6]])[..., None, None]
    settings = SETTINGS._replace(margin_db=0.0)
    linear, passed = (
        transmit_on_grid(_streams(known), _steps(16, *SPLITTING), np.arange(16), settings, equaliser)
        for equaliser in ("lmmse", "mp")
    )
    np.testing.assert_array_equal(linear.efficiency, passed.efficiency)
    assert passed.errors[..., 1].sum() < 0.75 * linear.errors[..., 1].sum()
