r"""Time shares of given ways to transmit that give every user a least rate and all together the most: exact.

A linear program in as many unknowns as there are ways, solved to its vertex by HiGHS, per trial: no number of one trial
depends on another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.optimize import linprog

_TOLERANCE = 1e-10
_CARE = 1e-9
"""Relative excess of what is asked for, so that rounding leaves the requirement met."""


def best_time_shares(
    rates: Float[np.ndarray, "phase user"], floor: float, cost: Float[np.ndarray, " phase"]
) -> Float[np.ndarray, " phase"]:
    r"""Shares ``t`` of time of every phase.

    .. math::
        \max_{t\ge0}\ \sum_kt_k\sum_mR_{km}\quad\text{s.t.}\quad \sum_kt_kR_{km}\ge r_0\ \forall m,\quad
        \sum_kt_kc_k\le1 .

    Where no shares give everybody ``floor``, those with the largest least rate.

    Args:
        rates: of every user in every phase.
        floor: least rate of every user, positive.
        cost: time that a unit of a phase takes, with what has to go with it; at least 1.

    Returns:
        The shares, with ``sum t c = 1``; all zero where a rate is not finite.
    """
    phases, users = rates.shape
    if not (np.isfinite(rates).all() and np.isfinite(cost).all()):
        return np.zeros(phases)
    wanted = floor * (1.0 + _CARE)
    # First the largest share of the wanted rate that all can have, up to 1.
    fair = _solve(
        np.r_[np.zeros(phases), 1.0],
        np.block([[-rates.T / wanted, np.ones((users, 1))], [cost, 0.0]]),
        np.r_[np.zeros(users), 1.0],
        [(0.0, None)] * phases + [(0.0, 1.0)],
    )
    if fair is None:
        return np.zeros(phases)
    shares = fair[:-1]
    if fair[-1] >= 1.0 - _CARE:
        most = _solve(
            np.sum(rates, axis=1),
            np.vstack([-rates.T, cost]),
            np.r_[np.full(users, -wanted), 1.0],
            [(0.0, None)] * phases,
        )
        shares = shares if most is None else most
    shares = np.maximum(shares, 0.0)
    taken = float(shares @ cost)
    return shares / taken if taken > 0.0 else shares


def _solve(gain: Any, rows: Any, limits: Any, bounds: Any) -> np.ndarray | None:
    options = {"primal_feasibility_tolerance": _TOLERANCE, "dual_feasibility_tolerance": _TOLERANCE}
    found = linprog(-gain, A_ub=rows, b_ub=limits, bounds=bounds, method="highs-ds", options=options)
    return None if found.x is None else np.asarray(found.x)


__all__ = ["best_time_shares"]
