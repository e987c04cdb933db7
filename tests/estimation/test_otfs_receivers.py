"""OTFS and OFDM receivers: exact recovery, plain twins, the order of their bit-error rates."""

import itertools

import numpy as np
import pytest

from leoisac.estimation.bit_errors import GridLink, bit_errors
from leoisac.estimation.symbol_detection import lmmse_equalise, message_passing
from leoisac.foundation.lanes import by_lanes, take
from leoisac.waveforms.delay_doppler_channel import apply_paths, channel_matrix, path_matrices, path_operators
from leoisac.waveforms.qam import QAM4, qam4_bits, qam4_symbols
from tests.oracles.otfs_frame import DELAYS, DOPPLERS, reference_gains

PAPER = GridLink(4, 8, DELAYS, DOPPLERS)
SNR_DB = (10, 15, 25)


def _noisy_frame(seed, gains, noise, cells=32):
    rng = np.random.default_rng(seed)
    bits = rng.integers(2, size=(cells, 2)).astype(bool)
    y = apply_paths(path_operators(DELAYS, DOPPLERS, 4, cells // 4), gains, qam4_symbols(bits))
    white = np.sqrt(noise / 2) * (rng.standard_normal(cells) + 1j * rng.standard_normal(cells))
    return bits, y + white


def _equalise(H, y, noise):
    return by_lanes(_lmmse_of_one)(noise, H[None], y[None])[0]


def _lmmse_of_one(noise, H, y):
    return lmmse_equalise(H, y, noise)


def _pass(operators, gains, y, noise, iterations=20):
    def run(noise, g, y):
        return message_passing(operators, g, y, noise, iterations=iterations)

    return take(by_lanes(run)(noise, gains[None], y[None]), 0)


def test_gray_labels():
    bits = np.array(list(itertools.product([False, True], repeat=2)))
    np.testing.assert_allclose(qam4_symbols(bits), QAM4)
    np.testing.assert_array_equal(qam4_bits(3.0 * QAM4), bits)
    neighbours = [np.sum(qam4_bits(QAM4) != qam4_bits(QAM4 * turn)) for turn in (1j, -1j)]
    assert neighbours == [4, 4]  # one wrong bit per neighbour


def test_recovery_without_noise():
    gains = reference_gains()[0, 0]
    bits, y = _noisy_frame(0, gains, 0.0)
    H = channel_matrix(path_matrices(DELAYS, DOPPLERS, 4, 8), gains)
    np.testing.assert_array_equal(qam4_bits(_equalise(H, y, 1e-8)), bits)
    found = _pass(path_operators(DELAYS, DOPPLERS, 4, 8), gains, y, 1e-3)
    np.testing.assert_array_equal(qam4_bits(found.symbols), bits)
    assert found.decided == 1.0


def test_lmmse_is_the_published_filter():
    gains = reference_gains()[1, 2]
    _, y = _noisy_frame(1, gains, 0.1)
    H = channel_matrix(path_matrices(DELAYS, DOPPLERS, 4, 8), gains)
    W = H.conj().T @ np.linalg.inv(H @ H.conj().T + 0.1 * np.eye(32))
    estimate = _equalise(H, y, 0.1)
    np.testing.assert_allclose(estimate, W @ y / np.diag(W @ H), rtol=1e-10)


def test_message_passing_is_exact_without_cycles():
    # One path: every symbol has one cell, and the posterior is Bayes' rule.
    operators = path_operators([1], [2], 4, 8)
    rng, noise = np.random.default_rng(2), 0.7
    y = rng.standard_normal(32) + 1j * rng.standard_normal(32)
    found = _pass(operators, np.array([0.8 - 0.3j]), y, noise)
    matched = (0.8 + 0.3j) * operators.adjoint().weights[0] * y[operators.adjoint().columns[0]]
    likelihood = np.exp(2 * np.real(np.conj(QAM4) * matched[:, None]) / noise)
    np.testing.assert_allclose(found.probabilities, likelihood / likelihood.sum(-1, keepdims=True), rtol=1e-9)


def _message_passing_by_loops(columns, h, y, noise, iterations, damping):
    """Posteriors of the iteration with most decided symbols, edge by edge."""
    cells, paths = len(y), len(columns)
    p, best, decided = np.full((paths, cells, 4), 0.25), None, -1.0
    for _ in range(iterations):
        told = np.zeros((paths, cells, 4))
        for d in range(cells):
            for e in range(paths):
                others = [o for o in range(paths) if o != e]
                means = {o: p[o, d] @ QAM4 for o in others}
                mu = sum(h[o, d] * means[o] for o in others)
                power = noise + sum(abs(h[o, d]) ** 2 * (p[o, d] @ abs(QAM4) ** 2 - abs(means[o]) ** 2) for o in others)
                told[e, d] = -(abs(y[d] - mu - h[e, d] * QAM4) ** 2) / power
        posterior = np.zeros((cells, 4))
        fresh = np.zeros_like(p)
        for c in range(cells):
            edges = [(e, int(np.flatnonzero(columns[e] == c)[0])) for e in range(paths)]
            total = sum(told[edge] for edge in edges)
            posterior[c] = np.exp(total - total.max()) / np.exp(total - total.max()).sum()
            for edge in edges:
                left = total - told[edge]
                fresh[edge] = np.exp(left - left.max()) / np.exp(left - left.max()).sum()
        p = damping * fresh + (1 - damping) * p
        share = np.mean(posterior.max(axis=1) > 0.99)
        if share > decided:
            best, decided = posterior, share
    return best


def test_message_passing_is_the_plain_loop():
    gains = reference_gains()[0, 1]
    _, y = _noisy_frame(3, gains, 0.2)
    operators = path_operators(DELAYS, DOPPLERS, 4, 8)
    found = _pass(operators, gains, y, 0.2, iterations=5)
    plain = _message_passing_by_loops(operators.columns, gains[:, None] * operators.weights, y, 0.2, 5, 0.6)
    np.testing.assert_allclose(found.probabilities, plain, atol=1e-10)


def test_frames_of_a_batch_are_decided_each_by_itself():
    """The iteration that counts is each frame's own: one is clear, the other drowns."""
    gains = np.stack([reference_gains()[0, 1], reference_gains()[0, 2]])
    y = np.stack([_noisy_frame(3, gains[0], 0.01)[1], _noisy_frame(4, gains[1], 2.0)[1]])
    operators, noise = path_operators(DELAYS, DOPPLERS, 4, 8), np.array([0.01, 2.0])
    both = _pass(operators, gains, y, noise, iterations=4)
    for row in range(2):
        alone = _pass(operators, gains[row], y[row], noise[row], iterations=4)
        np.testing.assert_allclose(both.probabilities[row], alone.probabilities, atol=1e-12)
        assert both.decided[row] == alone.decided == np.mean(np.max(alone.probabilities, axis=-1) > 0.99)
    assert both.decided[0] > both.decided[1]


def test_paths_in_the_same_cells_are_one_edge():
    # Doppler shifts a whole grid apart look alike in the graph and differ in their weights.
    operators = path_operators((0, 0, 1), (0, 8, 1), 4, 8)
    gains = np.array([0.6, 0.5j, 0.4])
    x = QAM4[np.random.default_rng(4).integers(4, size=32)]
    np.testing.assert_allclose(_pass(operators, gains, apply_paths(operators, gains, x), 1e-2).symbols, x)


@pytest.fixture(scope="module")
def paper_link():
    return bit_errors(PAPER, SNR_DB, frames=768)


def test_order_of_the_receivers(paper_link):
    rates = paper_link.rates()
    # The spread of a difference on common frames is below the spread of its parts.
    assert np.all(rates["otfs-message-passing"] <= rates["otfs-lmmse"])
    assert np.all(rates["otfs-lmmse"] < rates["ofdm-lmmse"])
    assert np.all(rates["ofdm-lmmse"] < rates["ofdm-one-tap"])
    assert np.all(rates["ofdm-one-tap"] > 0.03)


def test_known_bit_error_rates(paper_link):
    # From a simulation of 2000 frames by other code.
    published = {
        "otfs-lmmse": (0.0387, 0.0098, 2.9e-4),
        "otfs-message-passing": (0.0175, 7.3e-4, 3e-5),
        "ofdm-one-tap": (0.097, 0.074, 0.063),
        "ofdm-lmmse": (0.0456, 0.0164, 0.0019),
    }
    rates, errors = paper_link.rates(), paper_link.standard_errors()
    for name, values in published.items():
        spread = np.hypot(errors[name], errors[name] * np.sqrt(768 / 2000))
        assert np.all(np.abs(rates[name] - np.array(values)) < 4 * spread + 1e-4), name


def test_frames_do_not_depend_on_their_company(paper_link):
    few = bit_errors(PAPER, SNR_DB[1:2], frames=5)
    for name, counts in few.wrong.items():
        np.testing.assert_array_equal(counts[0], paper_link.wrong[name][1, :5])


def test_wrong_channel_knowledge_leaves_a_floor(paper_link):
    wrong = bit_errors(PAPER, (25,), frames=768, csi_error=10**-2.5)
    assert wrong.rates()["otfs-lmmse"][0] > 1.3 * paper_link.rates()["otfs-lmmse"][2]


def test_receivers_count_channel_errors_as_noise():
    """Errors far above the noise: as if they were noise, to which a receiver that ignored them would be blind."""
    link = GridLink(n_delay=4, n_doppler=2, delays=(0, 1), dopplers=(0, 0))
    names = ("otfs-lmmse", "otfs-message-passing")
    wrong = bit_errors(link, (20.0,), frames=1000, csi_error=0.1, receivers=names).rates()
    noisy = bit_errors(link, (-10.0 * np.log10(0.11),), frames=1000, receivers=names).rates()
    for name in names:
        # Errors of a path last for the frame: somewhat worse than noise.
        assert 0.85 < wrong[name][0] / noisy[name][0] < 1.5, name


def test_unknown_receivers_are_refused():
    with pytest.raises(ValueError, match="otfs-zf"):
        bit_errors(PAPER, (10,), frames=1, receivers=("otfs-zf",))
