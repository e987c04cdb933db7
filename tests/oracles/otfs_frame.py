"""Slow, obvious OTFS: plain sums over indices, and the deterministic gains and streams of the reference values."""

from __future__ import annotations

import numpy as np

DELAYS, DOPPLERS = (0, 1, 2, 3), (0, 2, -1, 3)


def isfft_by_sums(x_dd):
    M, N = x_dd.shape
    return np.array(
        [
            [
                sum(x_dd[l, k] * np.exp(2j * np.pi * (n * k / N - i * l / M)) for l in range(M) for k in range(N))
                for i in range(M)
            ]
            for n in range(N)
        ]
    ) / np.sqrt(M * N)


def heisenberg_by_sums(x_tf):
    N, M = x_tf.shape
    return np.array(
        [
            sum(x_tf[n, i] * np.exp(2j * np.pi * i * m / M) for i in range(M)) / np.sqrt(M)
            for n in range(N)
            for m in range(M)
        ]
    )


def channel_samples(samples, gains, delays, dopplers):
    """What a receiver samples of a frame with a cyclic prefix: physical time from the prefix on, path by path."""
    count, prefix = len(samples), max(delays)
    sent = np.concatenate([samples[count - prefix :], samples])
    received = np.zeros(count, dtype=complex)
    for h, delay, doppler in zip(gains, delays, dopplers, strict=True):
        for q in range(count):
            turned = np.exp(2j * np.pi * doppler * (q - delay) / count)
            received[q] += h * turned * sent[prefix + q - delay]
    return received


def reference_gains(n_users=2, n_tx=4, n_paths=4, phi=0.0):
    """Deterministic gains ``h[k, a, p]``."""
    k, a, p = np.ogrid[:n_users, :n_tx, :n_paths]
    size = (1 + 0.25 * np.cos(k + 2 * a + 3 * p + phi)) / np.sqrt(n_paths)
    return size * np.exp(1j * (0.3 + 1.1 * k + 0.7 * a * (k + 1) + 0.9 * p * (k + 1) + phi))


def reference_streams(common_share, n_users=2, length=32, phi=0.0, power=1.0):
    """Deterministic streams, the common one first, normalised to the power split."""
    s, q = np.ogrid[1 : n_users + 2, 1 : length + 1]
    raw = np.cos(0.3 * s * q + phi) + 1j * np.sin(0.17 * (s + 1) * q - phi)
    common, private = raw[:1], raw[1:]
    return np.concatenate(
        [
            common * np.sqrt(common_share * power) / np.linalg.norm(common),
            private * np.sqrt((1 - common_share) * power) / np.linalg.norm(private),
        ]
    )
