"""Slow twin of the coexistence judge: one cell of one trial, every sum of the specification written out."""

from __future__ import annotations

from typing import Any

import numpy as np


def cell_metrics(channels: Any, design: Any, trial: int, cell: int, share: int = 1) -> dict[str, np.ndarray]:
    """Rates of the terrestrial users and of the beam's satellite user, SCNR of every target.

    ``share``: cells of a beam, which hear each other.
    """
    at = (trial, cell)
    beams, power, noise = design.beamformer[at], design.beam_power[at], channels.noise_power[at]
    users, targets = channels.h_tut.shape[2], channels.target_tx.shape[2]
    together = range(cell // share * share, cell // share * share + share)
    others = [other for other in together if other != cell]
    tut_rate = np.empty(users)
    for k in range(users):
        row = channels.h_tut_fresh[at][k]
        rest = sum(abs(row @ beams[:, s]) ** 2 for s in range(users + targets) if s != k)
        for other in others:
            cross = channels.neighbours.h_cross_tut_fresh[trial, cell, other, k]
            rest += np.linalg.norm(cross @ design.beamformer[trial, other]) ** 2
        sinr = abs(row @ beams[:, k]) ** 2 / (rest + channels.g_tut[at][k] * power + noise)
        tut_rate[k] = np.log2(1 + sinr)
    leakage = sum(
        np.linalg.norm(channels.h_sut_fresh[trial, other] @ design.beamformer[trial, other]) ** 2 for other in together
    )
    sut_rate = np.log2(1 + channels.g_sut[at] * power / (leakage + noise))
    scnr = np.array([_scnr(channels, design, at, target, others) for target in range(targets)])
    return {"tut_rate": tut_rate, "sut_rate": sut_rate, "scnr": scnr}


def _scnr(channels: Any, design: Any, at: tuple[int, int], target: int, others: list[int]) -> float:
    receiver, beams = design.association[at][target], design.beamformer[at]
    users, targets = channels.h_tut.shape[2], channels.target_tx.shape[2]
    streams = users + targets
    own = users + target

    def matrix(kind: str, index: int) -> np.ndarray:
        amplitude = getattr(channels, f"{kind}_amplitude")[at][index, receiver]
        column, row = getattr(channels, f"{kind}_rx")[at][index, receiver], getattr(channels, f"{kind}_tx")[at][index]
        return amplitude * np.outer(column, row)

    echoes = [matrix("target", j) for j in range(targets)]
    clutter = [matrix("clutter", j) for j in range(channels.clutter_tx.shape[2])]
    satellite = channels.g_rad[at][receiver]
    size = len(satellite)
    covariance = channels.noise_power[at] * np.eye(size, dtype=complex)
    covariance += design.beam_power[at] * np.outer(satellite, satellite.conj())
    for j in range(targets):
        if j != target:
            column = echoes[j] @ beams[:, own]
            covariance += np.outer(column, column.conj())
    for scatter in clutter:
        covariance += scatter @ beams @ beams.conj().T @ scatter.conj().T
    for s in range(streams):
        if s != own:
            column = sum(echoes) @ beams[:, s]
            covariance += np.outer(column, column.conj())
    for other in others:
        heard = channels.neighbours.d_cross_radar[(*at, other, receiver)] @ design.beamformer[at[0], other]
        covariance += heard @ heard.conj().T
    wanted = echoes[target] @ beams[:, own]
    return float(np.real(wanted.conj() @ np.linalg.inv(covariance) @ wanted))
