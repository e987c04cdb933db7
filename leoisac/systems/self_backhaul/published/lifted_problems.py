"""The convex problems of PA1, compiled once per size: feasibility test and both forms of the step.

Received powers are variables of their own, tied to the covariances by equalities whose coefficients are parameters;
the linearisation then multiplies only those scalars by parameters, so that a new channel or iterate compiles nothing.
All unknowns are scaled as ``lifted.Scaling`` says, rates are in nats.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.hermitian import coordinates
from leoisac.optim.conic.problem import ParametricProblem, per_shape
from leoisac.optim.conic.s_procedure import positive_semidefinite
from leoisac.systems.self_backhaul.published.lifted_core import Core, free_rates, least_level

Form = Literal["epigraph", "paper"]


@per_shape
def feasibility_problem(users: int, bs_antennas: int, feeds: int, targets: int, joint: bool) -> ParametricProblem:
    """The test of feasibility: see ``lifted_core.least_level``."""
    return least_level(_core(users, bs_antennas, feeds, targets, joint), "self-backhaul feasibility")


@per_shape
def epigraph_problem(users: int, bs_antennas: int, feeds: int, targets: int, joint: bool) -> ParametricProblem:
    """Concave-convex subproblem with free rates: see ``lifted_core.free_rates``."""
    return free_rates(_core(users, bs_antennas, feeds, targets, joint), "self-backhaul epigraph", users)


@per_shape
def paper_problem(users: int, bs_antennas: int, feeds: int, targets: int, joint: bool) -> ParametricProblem:
    """Concave-convex subproblem as published: no free rates, the backhaul constraint linearised in its convex part.

    Maximises ``sum (ln T_m - tangent of ln I_m)`` subject to ``ln S + sum ln I_m - tangent of ln E - sum of the
    tangents of ln T_m >= 0`` (paper, eqs. 33-40, with the noise kept in ``I_m``).
    """
    cp = cvxpy_module()
    core = _core(users, bs_antennas, feeds, targets, joint)
    offset, es_offset = cp.Parameter(users, name="user_offset"), cp.Parameter(name="es_offset")
    slack = (
        cp.log(core.es_total)
        + es_offset
        - core.es_interference
        + cp.sum(cp.log(core.interference) - core.total - offset)
        + 2.0 * users
    )
    core.constraints |= {
        "backhaul": slack >= 0.0,
        "bs_power": core.bs_power <= 1.0,
        "satellite_power": core.satellite_power <= 1.0,
    }
    core.parameters |= {"user_offset": offset, "es_offset": es_offset}
    return core.problem("self-backhaul as published", cp.Maximize(cp.sum(cp.log(core.total) - core.interference)))


SUBPROBLEMS = {"epigraph": epigraph_problem, "paper": paper_problem}


def _core(users: int, bs_antennas: int, feeds: int, targets: int, joint: bool) -> Core:
    cp = cvxpy_module()
    nb, ns = bs_antennas**2, feeds**2

    def row(name: str, *shape: int, nonneg: bool = False) -> Any:
        return cp.Parameter(shape, name=name, nonneg=nonneg)

    given = {
        "user_signal": row("user_signal", users, nb),
        "user_bs": row("user_bs", users, nb),
        "user_feeder": row("user_feeder", users, ns),
        "user_sensing": row("user_sensing", users, ns),
        "user_noise": row("user_noise", users, nonneg=True),
        "user_share": row("user_share", users, nonneg=True),
        "user_min_signal": row("user_min_signal", users, nonneg=True),
        "es_signal": row("es_signal", ns),
        "es_bs": row("es_bs", nb),
        "es_sensing": row("es_sensing", ns),
        "es_noise": row("es_noise", nonneg=True),
        "es_share": row("es_share", nonneg=True),
        "feeder_trace": row("feeder_trace", ns),
        "sensing_trace": row("sensing_trace", ns),
        "pattern": row("pattern", targets, ns),
    }
    bs, feeder, sensing = (cp.Variable(shape) for shape in ((nb, users), (ns,), (ns,)))
    signal, interference, satellite_power = cp.Variable(users), cp.Variable(users), cp.Variable()
    es_signal, es_interference = cp.Variable(), cp.Variable()
    at_users = given["user_bs"] @ bs
    from_satellite = given["user_feeder"] @ feeder + given["user_sensing"] @ sensing
    everyone = cp.sum(bs, axis=1)
    pattern = given["pattern"] @ sensing
    if joint:
        given["bs_pattern"] = row("bs_pattern", targets, nb)
        pattern = pattern + given["bs_pattern"] @ everyone
    constraints = {
        "signal": signal == cp.diag(given["user_signal"] @ bs),
        "interference": interference
        == cp.sum(at_users, axis=1) - cp.diag(at_users) + from_satellite + given["user_noise"],
        "es_signal": es_signal == given["es_signal"] @ feeder,
        "es_interference": es_interference
        == given["es_bs"] @ everyone + given["es_sensing"] @ sensing + given["es_noise"],
        "satellite_total": satellite_power == given["feeder_trace"] @ feeder + given["sensing_trace"] @ sensing,
        "min_signals": signal >= cp.multiply(given["user_min_signal"], interference),
        "pattern": pattern >= 1.0,
        "feeder_psd": positive_semidefinite(feeder, feeds),
        "sensing_psd": positive_semidefinite(sensing, feeds),
        **{f"bs_psd[{m}]": positive_semidefinite(bs[:, m], bs_antennas) for m in range(users)},
    }
    return Core(
        given,
        {"bs": bs, "feeder": feeder, "sensing": sensing},
        constraints,
        total=signal + cp.multiply(given["user_share"], interference),
        interference=interference,
        es_total=es_signal + cp.multiply(given["es_share"], es_interference),
        es_signal=es_signal,
        es_interference=es_interference,
        bs_power=coordinates(np.eye(bs_antennas)) @ everyone,
        satellite_power=satellite_power,
    )
