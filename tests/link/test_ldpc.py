"""5G LDPC codes: tables, encoding, rate matching, decoders against slow twins and published error rates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from leoisac.link.crc import crc_bits, crc_holds, with_crc
from leoisac.link.decoding import WORDS, decode
from leoisac.link.ldpc import (
    LIFTING_SIZES,
    base_graph,
    encode,
    entry_shifts,
    ldpc_code,
    sent_positions,
    with_versions,
    word_llrs,
)
from tests.link.ldpc_points import POINTS, block_errors, noisy_words

SHORT = ldpc_code(64, 128)


def _parity_check_matrix(code):
    """The lifted graph, entry by entry."""
    graph, size = base_graph(code.graph), code.lifting
    matrix = np.zeros((code.n_rows * size, code.n_columns * size), dtype=int)
    row = np.arange(size)
    for r, c, shift in zip(graph.row, graph.column, entry_shifts(code), strict=True):
        if r < code.n_rows:
            matrix[r * size + row, c * size + (row + shift) % size] = 1
    return matrix


@pytest.mark.parametrize(("length", "value"), [(16, 0x31C3), (24, 0xCDE703)])
def test_crc_of_the_nine_digits(length, value):
    """The check values by which catalogues of CRCs identify both generators (CRC-16/XMODEM, CRC-24/LTE-A)."""
    digits = np.unpackbits(np.frombuffer(b"123456789", dtype=np.uint8)).astype(bool)
    assert int("".join("01"[bit] for bit in crc_bits(digits, length).astype(int)), 2) == value


def test_crc_finds_every_short_burst():
    rng = np.random.default_rng(0)
    words = with_crc(rng.random((8, 100)) < 0.5, 16)
    assert crc_holds(words, 16).all()
    for start in range(words.shape[-1] - 16):
        burst = words[0].copy()
        burst[start : start + 16] ^= rng.random(16) < 0.5
        burst[start] ^= burst[start] == words[0, start]
        assert not crc_holds(burst, 16)


def test_tables():
    sizes = sorted(size for sizes in LIFTING_SIZES for size in sizes)
    assert len(sizes) == 51
    assert sizes[-1] == 384
    for number, entries, shape in ((1, 316, (46, 68)), (2, 197, (42, 52))):
        graph = base_graph(number)
        assert (len(graph.row), (graph.rows, graph.columns)) == (entries, shape)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point.k}/{point.n}")
def test_codes_of_published_points(point):
    code = ldpc_code(point.k, point.n)
    assert (code.graph, code.lifting, code.n_rows) == (point.graph, point.lifting, point.n_rows)


@pytest.mark.parametrize(("k", "n"), [(20, 200), (64, 128), (300, 360), (700, 900), (2000, 6000), (4100, 4920)])
def test_words_meet_their_checks(k, n):
    """Both graphs, cut and whole, every rate of the link, with and without repetition."""
    code, rng = ldpc_code(k, n), np.random.default_rng(k)
    bits = rng.random((3, k)) < 0.5
    words = encode(code, bits)
    assert np.array_equal(words[:, :k], bits)
    assert not np.any(words @ _parity_check_matrix(code).T % 2)
    sent = sent_positions(code, 4)
    fillers = np.arange(k, base_graph(code.graph).systematic * code.lifting)
    assert len(sent) == n
    assert not np.isin(sent, [*range(2 * code.lifting), *fillers]).any()


def test_interleaver_puts_the_first_bits_on_the_signs():
    plain, dealt = sent_positions(SHORT), sent_positions(SHORT, 4)
    assert np.array_equal(dealt[0::4], plain[:32])
    assert np.array_equal(dealt[3::4], plain[96:])


@pytest.mark.parametrize(("k", "n"), [(20, 400), (64, 128), (300, 360), (4100, 4920)])
@pytest.mark.parametrize("version", range(4))
def test_versions_read_the_buffer_bit_by_bit(k, n, version):
    """Clause 5.4.2.1 as it is written: from k_0 on, around the buffer, without fillers."""
    code = with_versions(ldpc_code(k, n), [version])
    columns, size = base_graph(code.graph).columns - 2, code.lifting
    numerator = {1: (0, 17, 33, 56), 2: (0, 13, 25, 43)}[code.graph][version]
    length = columns * size
    start = numerator * length // (columns * size) * size
    fillers = range(k - 2 * size, (columns - base_graph(code.graph).rows) * size)
    expected = list[int]()
    step = 0
    while len(expected) < n:
        place = (start + step) % length
        if place not in fillers:
            expected.append(place + 2 * size)
        step += 1
    assert sent_positions(code, version=version).tolist() == expected


def test_further_versions_beat_copies():
    """Blocks of rate 3/4 sent twice, where one alone fails: new checks tell more than the same bits again."""
    code = with_versions(ldpc_code(120, 160), [2])
    rng = np.random.default_rng(8)
    bits = rng.random((192, 120)) < 0.5
    words, wrong = encode(code, bits), {}
    white = rng.standard_normal((2, 192, 160))
    deviation = 0.95
    for versions in ((0,), (0, 0), (0, 2)):
        llrs = [
            2.0 / deviation**2 * (1.0 - 2.0 * words[:, sent_positions(code, version=version)] + deviation * noise)
            for version, noise in zip(versions, white, strict=False)
        ]
        found = decode(code, np.concatenate(llrs, axis=1), versions=versions)
        wrong[versions] = np.mean(np.any(found.bits != bits, axis=-1))
    assert wrong[0,] > 0.9
    assert wrong[0, 2] < 0.6 * wrong[0, 0]


def test_copies_add_up():
    code = ldpc_code(20, 400)
    sent, llrs = sent_positions(code), np.random.default_rng(0).standard_normal((2, 400))
    added = np.zeros((2, code.n_columns * code.lifting))
    for place, position in enumerate(sent):
        added[:, position] += llrs[:, place]
    added[:, 20 : 10 * code.lifting] = 9.0
    assert len(np.unique(sent)) < 400
    np.testing.assert_allclose(word_llrs(code, sent, llrs, 9.0), added, rtol=1e-6)


def _flooded(code, llrs, rule, iterations):
    """Message passing on the parity-check matrix, bit by bit."""
    matrix = _parity_check_matrix(code)
    channel = word_llrs(code, sent_positions(code), llrs, 20.0)[0].astype(float)
    rows = [np.flatnonzero(row) for row in matrix]
    told = [np.zeros(len(bits)) for bits in rows]
    for _ in range(iterations):
        total = channel.copy()
        for bits, messages in zip(rows, told, strict=True):
            total[bits] += messages
        for place, bits in enumerate(rows):
            asks = total[bits] - told[place]
            others = [np.delete(asks, index) for index in range(len(bits))]
            signs = np.array([np.prod(np.where(other < 0, -1.0, 1.0)) for other in others])
            if rule == "min-sum":
                told[place] = signs * 0.75 * np.array([np.min(np.abs(other)) for other in others])
            else:
                products = [np.prod(np.tanh(np.clip(np.abs(other), 1e-6, 20) / 2)) for other in others]
                told[place] = signs * 2.0 * np.arctanh(np.minimum(products, 1 - 1e-12))
    for bits, messages in zip(rows, told, strict=True):
        channel[bits] += messages
    return channel


@pytest.mark.parametrize("rule", ["min-sum", "sum-product"])
def test_decoder_is_its_slow_twin(rule):
    bits, llrs = noisy_words(SHORT, 0.5, 4, np.random.default_rng(5))
    options = {"rule": rule, "schedule": "flooding", "iterations": 2, "early_stop": False}
    found = decode(SHORT, llrs, **options).bits
    for word in range(4):
        total = _flooded(SHORT, llrs[word : word + 1], rule, 2)[:64]
        sure = np.abs(total) > 1e-3
        assert np.array_equal(found[word][sure], (total < 0)[sure])
    assert (found != bits).any()  # so noisy that decisions hang on messages


def test_bits_do_not_depend_on_company():
    _, llrs = noisy_words(SHORT, 1.5, WORDS + 3, np.random.default_rng(1))
    together = decode(SHORT, llrs)
    alone = decode(SHORT, llrs[WORDS:])
    for one, other in zip(together, alone, strict=True):
        assert np.array_equal(one[WORDS:], other)
    assert together.iterations.min() < together.iterations.max()


def test_words_stop_when_their_checks_hold():
    bits, llrs = noisy_words(SHORT, 6.0, 64, np.random.default_rng(2))
    found = decode(SHORT, llrs)
    assert found.holds.all()
    assert np.array_equal(found.bits, bits)
    assert found.iterations.max() < 10
    hopeless = decode(SHORT, noisy_words(SHORT, -8.0, 64, np.random.default_rng(3))[1])
    assert not hopeless.holds.any()
    assert (hopeless.iterations == 20).all()


@pytest.mark.parametrize("point", POINTS[0:4:2] + POINTS[3:4], ids=lambda point: f"{point.k}/{point.n}")
def test_published_error_rates(point):
    """A fiftieth of the published statistics; ``benchmarks/ldpc_points.py`` has all of them and every point."""
    words = point.blocks // 50
    assert binomtest(block_errors(point, words), words, point.rate).pvalue > 0.01


@pytest.mark.further
@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point.k}/{point.n} at {point.ebno_db} dB")
def test_all_published_error_rates(point):
    words = max(100, point.blocks // 50)
    assert binomtest(block_errors(point, words), words, point.rate).pvalue > 0.002


def test_layers_need_half_the_iterations():
    point = POINTS[5]
    errors = block_errors(point, 540, schedule="layered", iterations=10)
    assert binomtest(errors, 540, point.rate).pvalue > 0.01


@pytest.mark.parametrize(
    "call",
    [
        lambda: ldpc_code(9000, 18000),
        lambda: ldpc_code(100, 100),
        lambda: sent_positions(ldpc_code(64, 127), 2),
        lambda: sent_positions(SHORT, version=4),
        lambda: sent_positions(SHORT, version=2),
        lambda: decode(SHORT, np.zeros((1, 128)), iterations=0),
        lambda: crc_bits(np.zeros(8, dtype=bool), 11),
    ],
)
def test_errors_name_the_value(call):
    with pytest.raises(ValueError, match="="):
        call()
