"""Deterministic instances of the self-backhauled network in normalised units (noise 1, both power budgets 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Normalised:
    """Channels as rows, unit-norm satellite steering vectors towards the targets, thresholds, least rate."""

    h_users: np.ndarray
    h_es: np.ndarray
    g_users: np.ndarray
    g_es: np.ndarray
    targets: np.ndarray
    pattern_min: np.ndarray
    rate_min: float


def deterministic_instance(
    users: int,
    bs_antennas: int,
    feeds: int,
    snr_bs: float = 30.0,
    snr_es: float = 3000.0,
    inr_sat: float = 3.0,
    leak: float = 1.0,
    gamma: float = 0.05,
    rate_min: float = 1.0,
    degrees: tuple[float, ...] = (-30.0, 20.0),
    tag: int = 0,
) -> Normalised:
    """Channels with chirp-like phases: no randomness, every receiver different, nothing orthogonal."""
    m, n, i = np.arange(users)[:, None], np.arange(bs_antennas), np.arange(feeds)
    h_users = np.sqrt(snr_bs / bs_antennas) * (1 + 0.1 * m)
    h_users = h_users * np.exp(1j * (0.9 * (m + 1 + tag) * n + 0.35 * m * n**2))
    h_es = np.sqrt(leak / bs_antennas) * np.exp(1.7j * n)
    g_users = np.sqrt(inr_sat / feeds) * np.exp(1j * (0.6 * (m + 1 + tag) * i + 0.2 * i**2))
    g_es = np.sqrt(snr_es / feeds) * np.exp(-0.4j * i)
    targets = np.array([np.exp(1j * np.pi * i * np.sin(np.deg2rad(d))) / np.sqrt(feeds) for d in degrees])
    return Normalised(h_users, h_es, g_users, g_es, targets, np.full(len(degrees), gamma), rate_min)


def r1() -> Normalised:
    """Three users, four antennas, three feeds."""
    return deterministic_instance(3, 4, 3)


def r2() -> Normalised:
    """Two users, three antennas, three feeds, a weak feeder link."""
    return deterministic_instance(2, 3, 3, snr_es=200.0, gamma=0.02, rate_min=0.5)


def mrt_point(instance: Normalised) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Matched filters with equal power, half of the satellite's power to the feeder, half isotropic: ``W, V, V0``."""
    h, g = instance.h_users, instance.g_es
    W = np.einsum("mi,mj->mij", h, h.conj()) / (np.sum(np.abs(h) ** 2, axis=1)[:, None, None] * len(h))
    V = 0.5 * np.outer(g, g.conj()) / np.sum(np.abs(g) ** 2)
    return W, V, np.eye(len(g)) / (2 * len(g))


def lifted_rates(instance: Normalised, W: np.ndarray, V: np.ndarray, V0: np.ndarray) -> tuple[np.ndarray, float]:
    """User rates and backhaul rate in bit/s/Hz, receiver by receiver."""
    rates = []
    for m, (h, g) in enumerate(zip(instance.h_users, instance.g_users)):
        signal = np.real(h.conj() @ W[m] @ h)
        interference = sum(np.real(h.conj() @ W[n] @ h) for n in range(len(W)) if n != m)
        interference += np.real(g.conj() @ (V + V0) @ g) + 1.0
        rates.append(np.log2(1 + signal / interference))
    h, g = instance.h_es, instance.g_es
    disturbed = np.real(h.conj() @ np.sum(W, axis=0) @ h) + np.real(g.conj() @ V0 @ g) + 1.0
    return np.array(rates), float(np.log2(1 + np.real(g.conj() @ V @ g) / disturbed))
