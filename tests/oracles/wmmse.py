"""Slow, obvious twin of ``leoisac.optim.batched.wmmse``: plain loops, antenna-space matrices, bisection."""

from __future__ import annotations

import numpy as np


def sum_rate(h: np.ndarray, noise: np.ndarray, beams: np.ndarray) -> float:
    """Sum rate in bit/s/Hz; channels and beams as rows."""
    rate = 0.0
    for m in range(len(h)):
        received = [abs(np.vdot(h[m], w)) ** 2 for w in beams]
        interference = sum(received[n] for n in range(len(beams)) if n != m)
        rate += np.log2(1 + received[m] / (interference + noise[m]))
    return float(rate)


def wmmse(
    h: np.ndarray, noise: np.ndarray, power: float, max_iterations: int = 300, tolerance: float = 1e-7
) -> tuple[np.ndarray, list[float]]:
    """Beams as rows and the sum rate before the first and after every round."""
    users, antennas = h.shape
    beams = np.array([x / np.linalg.norm(x) for x in h]) * np.sqrt(power / users)
    history = [sum_rate(h, noise, beams)]
    for _ in range(max_iterations):
        gram = np.zeros((antennas, antennas), complex)
        targets = np.zeros((users, antennas), complex)
        for m in range(users):
            received = np.array([np.vdot(h[m], w) for w in beams])
            total = np.sum(np.abs(received) ** 2) + noise[m]
            receiver = received[m] / total
            weight = 1 / (1 - abs(received[m]) ** 2 / total)
            gram += weight * abs(receiver) ** 2 * np.outer(h[m], h[m].conj())
            targets[m] = weight * receiver * h[m]
        low, high = 0.0, np.linalg.norm(targets) / np.sqrt(power)
        for _ in range(200):
            multiplier = (low + high) / 2
            beams = np.linalg.solve(gram + multiplier * np.eye(antennas), targets.T).T
            if np.linalg.norm(beams) ** 2 > power:
                low = multiplier
            else:
                high = multiplier
        history.append(sum_rate(h, noise, beams))
        if abs(history[-1] - history[-2]) < tolerance:
            break
    return beams, history
