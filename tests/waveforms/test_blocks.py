"""Blocks of communication symbols and their ambiguity functions."""

import numpy as np
import pytest

from leoisac.waveforms.blocks import BLOCKS, ambiguity, symbol_block
from leoisac.waveforms.otfs import demodulate, wigner


@pytest.mark.parametrize("kind", ["ofdm", "otfs"])
def test_blocks_hold_unit_symbols_of_independent_streams(kind):
    block = symbol_block(kind, np.random.default_rng(0), 3, 1024, 32)
    assert np.mean(np.abs(block) ** 2, axis=1) == pytest.approx(1.0)
    symbols = demodulate(block, 32) if kind == "otfs" else wigner(block, 32).reshape(3, -1)
    np.testing.assert_allclose(np.abs(symbols.real), np.sqrt(0.5), atol=1e-9)
    np.testing.assert_allclose(np.abs(symbols.imag), np.sqrt(0.5), atol=1e-9)
    assert abs(np.vdot(block[0], block[1])) / 1024 < 0.12


def test_ambiguity_is_the_plain_sum_with_one_at_the_origin_and_the_volume_of_one():
    block = symbol_block("otfs", np.random.default_rng(1), 1, 64, 8)[0]
    delays, dopplers = np.arange(-63, 64), np.arange(-32, 32)
    surface = ambiguity(block, delays, dopplers)
    assert surface[63, 32] == pytest.approx(1.0)
    assert surface.max() <= 1.0 + 1e-12
    # Whole cells over a full turn: the volume under the surface is that of its peak's square, times L.
    energy = np.sum(np.abs(block) ** 2)
    by_delay = [
        np.sum(np.abs(block[max(d, 0) : 64 + min(d, 0)] * np.conj(block[max(-d, 0) : 64 - max(d, 0)])) ** 2)
        for d in delays
    ]
    np.testing.assert_allclose(surface.sum(axis=1), 64.0 * np.array(by_delay) / energy**2, rtol=1e-9)
    delay, shift = 5, 2.3
    plain = sum(block[l] * np.conj(block[l - delay]) * np.exp(-2j * np.pi * shift * l / 64) for l in range(delay, 64))
    assert ambiguity(block, np.array([delay]), np.array([shift]))[0, 0] == pytest.approx(abs(plain) ** 2 / energy**2)


def test_what_is_no_block_is_refused():
    assert set(BLOCKS) == {"gaussian", "ofdm", "otfs"}
    with pytest.raises(ValueError, match="must be 'ofdm' or 'otfs'"):
        symbol_block("gaussian", np.random.default_rng(0), 1, 64, 8)
    with pytest.raises(ValueError, match="multiple of the 10"):
        symbol_block("ofdm", np.random.default_rng(0), 1, 64, 10)
