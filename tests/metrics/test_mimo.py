"""Rate of a link between arrays: parallel channels, and one receive antenna."""

from __future__ import annotations

import numpy as np

from leoisac.metrics.mimo import mimo_rate


def test_parallel_channels_add_their_rates() -> None:
    gains, powers, noise = np.array([1.0, 2.0, 0.5]), np.array([4.0, 0.0, 8.0]), np.array([1.0, 3.0, 0.5])
    rate = mimo_rate(np.diag(gains).astype(complex), np.diag(powers).astype(complex), np.diag(noise).astype(complex))
    np.testing.assert_allclose(rate, np.sum(np.log2(1.0 + gains**2 * powers / noise)), rtol=1e-12)


def test_an_interferer_in_one_direction_leaves_the_others() -> None:
    """Interference of any power takes one of four receive dimensions away; powers are those of a real receiver."""
    rng = np.random.default_rng(0)
    channel = 1e-7 * (rng.standard_normal((5, 4, 3)) + 1j * rng.standard_normal((5, 4, 3)))
    jammer = rng.standard_normal(4) + 1j * rng.standard_normal(4)
    jammer /= np.linalg.norm(jammer)
    projector = np.eye(4) - np.outer(jammer, jammer.conj())
    jammed = mimo_rate(channel, np.eye(3, dtype=complex), 1e-13 * np.eye(4) + np.outer(jammer, jammer.conj()))
    cleared = mimo_rate(projector @ channel, np.eye(3, dtype=complex), 1e-13 * np.eye(4, dtype=complex))
    np.testing.assert_allclose(jammed, cleared, rtol=1e-4)
