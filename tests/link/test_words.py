"""Words of every mode: sizes, and the way there and back without noise."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from leoisac.link.adaptation import CODE_RATES, MODES
from leoisac.link.figures import errors_by_excess
from leoisac.link.settings import LinkSettings, link_numbers, link_settings
from leoisac.link.words import receive_words, word_format, word_symbols


@pytest.mark.parametrize("n_symbols", [96, 256, 1264])
def test_every_mode_has_words_of_every_length(n_symbols):
    for mode, (bits_per_symbol, rate) in enumerate(MODES):
        form = word_format(mode, n_symbols)
        assert form.code.n == bits_per_symbol * n_symbols
        assert 64 <= form.code.k == form.n_information + form.n_checks <= 8448
        assert abs(form.code.rate - rate) <= 1 / form.code.n
        assert form.n_checks == (16 if form.n_information <= 3824 else 24)
    assert (min(CODE_RATES), max(CODE_RATES)) == (1 / 3, 5 / 6)


@pytest.mark.parametrize("mode", [0, 13, len(MODES) - 1])
def test_there_and_back(mode):
    form = word_format(mode, 96)
    bits = np.random.default_rng(mode).random((3, form.n_information)) < 0.5
    symbols = word_symbols(form, bits)
    assert symbols.shape == (3, 96)
    found = receive_words(form, symbols, np.full(3, 1e-3), LinkSettings())
    assert found.accepted.all()
    assert np.array_equal(found.information, bits)
    np.testing.assert_allclose(found.symbols, symbols)
    # A word that is turned by half is one of wrong bits.
    turned = receive_words(form, -symbols, np.full(3, 1e-3), LinkSettings(iterations=2))
    assert not (turned.accepted & (turned.information == bits).all(axis=1)).any()


def test_settings_travel_as_numbers():
    class Fields:
        link_symbols, link_words, link_margin_db, link_decoder, link_iterations = 128, 3, -1.5, "sum-product", 7

    assert link_settings(link_numbers(Fields())) == LinkSettings(128, 3, -1.5, "sum-product", 7)


def test_errors_are_counted_by_excess():
    """Two bins of 24 and 40 words; what is unusable or sends nothing does not count."""
    excess = np.array([[[0.1, 0.2], [0.7, 9.0]], [[0.8, 0.3], [0.1, 0.1]]])  # (trial, user, layer)
    blocks = np.array([[[24.0, 1], [20, 0]], [[20, 1], [50, 1]]])
    rate = np.array([[[0.25, 0], [0.1, 0]], [[0.0, 0], [1.0, 0]]])
    dims = ("trial", "user", "layer")
    data = xr.Dataset(
        {"blocks": (dims, blocks), "block_error_rate": (dims, rate), "sinr_excess_db": (dims, excess)},
        {"layer": ["common", "private"]},
    )
    data["usable"] = ("trial", [True, True])
    counted = errors_by_excess(data.assign(blocks=data["blocks"].where(data["blocks"] != 50, 0.0)), "common")
    np.testing.assert_array_equal(counted["excess_db"], [0.25, 0.75])
    np.testing.assert_array_equal(counted["count"], [24, 40])
    np.testing.assert_array_equal(counted["errors"], [6, 2])
    np.testing.assert_allclose(counted["mean"], [0.25, 0.05])
    assert errors_by_excess(data, "private").sizes["excess_db"] == 0
    assert errors_by_excess(data.assign(usable=("trial", [True, False])), "common")["count"].sum() == 44
