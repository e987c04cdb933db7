"""QAM up to 256, its log-likelihood ratios, and the choice of modulation and code rate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from leoisac.foundation.units import from_db
from leoisac.link.adaptation import (
    MODES,
    SILENT,
    CodedModulation,
    bit_information,
    choose_mode,
    least_sinr_db,
    predicted_rate,
    shaping_limit,
)
from leoisac.waveforms.qam import BITS_PER_SYMBOL, QAM4, max_log_llrs, pam_levels, qam_symbols


def _alphabet(bits_per_symbol):
    labels = np.arange(2**bits_per_symbol)[:, None] >> np.arange(bits_per_symbol)[::-1]
    return (labels & 1).astype(bool)


@pytest.mark.parametrize("bits_per_symbol", BITS_PER_SYMBOL)
def test_alphabets(bits_per_symbol):
    bits = _alphabet(bits_per_symbol)
    symbols = qam_symbols(bits)
    np.testing.assert_allclose(np.mean(np.abs(symbols) ** 2), 1.0)
    order = np.argsort(pam_levels(bits_per_symbol))
    assert np.ptp(np.diff(np.sort(pam_levels(bits_per_symbol)))) < 1e-12
    # Gray: neighbours differ in one bit.
    steps = order[1:] ^ order[:-1]
    assert all(int(step).bit_count() == 1 for step in steps)
    assert np.array_equal(max_log_llrs(symbols, 1.0, bits_per_symbol) < 0, bits)


def test_labels_of_the_standard():
    """TS 38.211: 16-QAM of 0000, 0010, 1011 and 64-QAM of 000000, 010111, by its formulas."""
    np.testing.assert_allclose(qam_symbols(_alphabet(2)), QAM4)
    bits = np.array([[0, 0, 0, 0], [0, 0, 1, 0], [1, 0, 1, 1]], dtype=bool)
    np.testing.assert_allclose(qam_symbols(bits) * math.sqrt(10), [1 + 1j, 3 + 1j, -3 + 3j])
    bits = np.array([[0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 1, 1]], dtype=bool)
    np.testing.assert_allclose(qam_symbols(bits) * math.sqrt(42), [3 + 3j, 1 - 7j])


@pytest.mark.parametrize("bits_per_symbol", BITS_PER_SYMBOL)
def test_ratios_are_those_of_the_nearest_symbols(bits_per_symbol):
    rng = np.random.default_rng(0)
    y = rng.standard_normal(20) + 1j * rng.standard_normal(20)
    bits = _alphabet(bits_per_symbol)
    distance = np.abs(y[:, None] - qam_symbols(bits)) ** 2
    twin = [
        [np.min(row[bits[:, place]]) - np.min(row[~bits[:, place]]) for place in range(bits_per_symbol)]
        for row in distance
    ]
    np.testing.assert_allclose(max_log_llrs(y, np.full(20, 0.3), bits_per_symbol), np.array(twin) / 0.3, atol=1e-12)


def test_information_by_its_limits():
    # Rate 1/2 over a binary channel needs Eb/N0 = 0.187 dB; QPSK is two of them.
    assert least_sinr_db(CodedModulation(2, 0.5)) == pytest.approx(0.187, abs=5e-4)
    for bits in BITS_PER_SYMBOL:
        sinr = from_db(np.linspace(-10.0, 50.0, 13))
        carried = bit_information(sinr, bits)
        assert np.all(np.diff(carried) > -1e-9)
        assert np.all(carried <= np.minimum(bits, np.log2(1.0 + sinr)) + 1e-9)
        assert carried[-1] == pytest.approx(bits, abs=1e-6)
        assert bit_information(1e-3, 2) == pytest.approx(1e-3 / math.log(2.0), rel=1e-3)


def test_information_is_the_mean_over_noise():
    rng = np.random.default_rng(0)
    bits, sinr = _alphabet(4), 8.0
    sent = rng.integers(16, size=200_000)
    symbols = qam_symbols(bits)
    white = rng.standard_normal((sent.size, 2)) @ np.array([1, 1j]) / math.sqrt(2 * sinr)
    likelihood = np.exp(-sinr * np.abs((symbols[sent] + white)[:, None] - symbols) ** 2)
    own = [np.sum(np.where(bits[:, i] == bits[sent, i][:, None], likelihood, 0), axis=1) for i in range(4)]
    lost = sum(np.log2(np.sum(likelihood, axis=1) / part) for part in own)
    error = np.std(lost) / math.sqrt(sent.size)
    assert abs(4 - np.mean(lost) - float(bit_information(sinr, 4))) < 4 * error


def test_choice_of_a_mode():
    sinr = from_db(np.linspace(-12.0, 40.0, 105))
    chosen = choose_mode(sinr, 2.0)
    efficiency = np.where(chosen == SILENT, 0.0, np.array([mode.efficiency for mode in MODES])[chosen])
    assert chosen[0] == SILENT
    assert chosen[-1] == len(MODES) - 1
    assert np.all(np.diff(efficiency) >= 0)
    assert np.all(efficiency <= predicted_rate(from_db(10 * np.log10(sinr) - 2.0)) + 1e-6)
    assert np.all([least_sinr_db(mode) >= shaping_limit(mode) for mode in MODES])
    # Of two that carry the same, the one that needs less.
    same = [mode for mode in MODES if mode.efficiency == pytest.approx(4.0)]
    needs = [least_sinr_db(mode) for mode in same]
    assert MODES[choose_mode(from_db(min(needs) + 0.01), 0.0)] == same[int(np.argmin(needs))]
