"""The convex problems of the published algorithm, compiled once per size: feasibility test and both subproblems.

Received powers are variables of their own, tied to the covariances by equalities whose coefficients are parameters;
the linearisation then multiplies only those scalars by parameters, so that a new channel or iterate compiles nothing.
All unknowns are scaled as ``lifted.Scaling`` says, rates are in nats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.hermitian import coordinates, embedding
from leoisac.optim.conic.problem import ParametricProblem, parametric_problem, per_shape
from leoisac.systems.self_backhaul.lifted import ReceivedPowers

Form = Literal["epigraph", "paper"]


@per_shape
def feasibility_problem(users: int, bs_antennas: int, feeds: int, targets: int, joint: bool) -> ParametricProblem:
    """Smallest level ``u`` of both powers that meets all requirements with every user at the least rate.

    Minimises ``u + k (p_T + p_S)`` subject to ``p_T <= u``, ``p_S <= u``, the users' least SINR, the Earth Station's SINR
    for the sum of least rates, and the pattern. Without the rank constraints, but with a design recovered without loss,
    the trial is feasible exactly if ``u <= 1``.
    """
    cp = cvxpy_module()
    core = _core(users, bs_antennas, feeds, targets, joint)
    level = cp.Variable(name="level")
    es_sinr = cp.Parameter(nonneg=True, name="es_min_sinr")
    weight = cp.Parameter(nonneg=True, name="weight")
    core.constraints |= {
        "es_min_sinr": core.es_signal >= cp.multiply(es_sinr, core.es_interference),
        "bs_power": core.bs_power <= level,
        "satellite_power": core.satellite_power <= level,
    }
    core.parameters |= {"es_min_sinr": es_sinr, "weight": weight}
    return core.problem(
        "self-backhaul feasibility",
        cp.Minimize(level + cp.multiply(weight, core.bs_power + core.satellite_power)),
        level=level,
    )


@per_shape
def epigraph_problem(users: int, bs_antennas: int, feeds: int, targets: int, joint: bool) -> ParametricProblem:
    """Concave-convex subproblem with free rates ``rho_m``.

    Maximises ``sum rho`` subject to ``rho_m <= ln T_m - tangent of ln I_m``, ``sum rho <= ln S - tangent of ln E`` and
    ``rho_m >= r_0``. The optimum is that of the published problem: slack in the rates can always be removed.
    """
    cp = cvxpy_module()
    core = _core(users, bs_antennas, feeds, targets, joint)
    rho = cp.Variable(users, name="rho")
    user, es = core.tangents(users)
    min_rate = cp.Parameter(name="min_rate")
    interference = cp.multiply(user["user_slope"], core.interference)
    es_interference = cp.multiply(es["es_slope"], core.es_interference)
    core.constraints |= {
        "rates": rho <= cp.log(core.total) + user["user_offset"] - interference,
        "backhaul": cp.sum(rho) <= cp.log(core.es_total) + es["es_offset"] - es_interference,
        "min_rates": rho >= min_rate,
        "bs_power": core.bs_power <= 1.0,
        "satellite_power": core.satellite_power <= 1.0,
    }
    core.parameters |= {**user, **es, "min_rate": min_rate}
    return core.problem("self-backhaul epigraph", cp.Maximize(cp.sum(rho)))


@per_shape
def paper_problem(users: int, bs_antennas: int, feeds: int, targets: int, joint: bool) -> ParametricProblem:
    """Concave-convex subproblem as published: no free rates, the backhaul constraint linearised in its convex part.

    Maximises ``sum (ln T_m - tangent of ln I_m)`` subject to ``ln S + sum ln I_m - tangent of ln E - sum of the
    tangents of ln T_m >= 0`` (paper, eqs. 32-41, with the noise kept in ``I_m``).
    """
    cp = cvxpy_module()
    core = _core(users, bs_antennas, feeds, targets, joint)
    user, es = core.tangents(users)
    relative = cp.multiply(user["user_slope"], core.interference)
    es_interference = cp.multiply(es["es_slope"], core.es_interference)
    # With T_m in units of its last value the tangent of its logarithm has slope 1. The offset of user m is
    # ln T_m^k - ln I_m^k + 1, and ln I_m = ln(relative_m) + ln I_m^k.
    slack = (
        cp.log(core.es_total)
        + es["es_offset"]
        - es_interference
        + cp.sum(cp.log(relative) - core.total - user["user_offset"])
        + 2.0 * users
    )
    core.constraints |= {
        "backhaul": slack >= 0.0,
        "bs_power": core.bs_power <= 1.0,
        "satellite_power": core.satellite_power <= 1.0,
    }
    core.parameters |= {**user, **es}
    return core.problem("self-backhaul as published", cp.Maximize(cp.sum(cp.log(core.total) - relative)))


SUBPROBLEMS = {"epigraph": epigraph_problem, "paper": paper_problem}


def tangent_values(powers: ReceivedPowers) -> dict[str, Any]:
    """Parameter values of the tangents at an iterate, in units of the totals received there."""
    total, es_total = powers.signal + powers.interference, powers.es_signal + powers.es_interference
    return {
        "user_slope": total / powers.interference,
        "user_offset": np.log(total / powers.interference) + 1.0,
        "es_slope": es_total / powers.es_interference,
        "es_offset": np.log(es_total / powers.es_interference) + 1.0,
    }


@dataclass
class _Core:
    """Unknowns, received powers and the constraints that all problems share, while one is being built."""

    parameters: dict[str, Any]
    variables: dict[str, Any]
    constraints: dict[str, Any]
    total: Any
    interference: Any
    es_total: Any
    es_signal: Any
    es_interference: Any
    bs_power: Any
    satellite_power: Any

    def tangents(self, users: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Slopes and offsets of the tangents at users and Earth Station."""
        cp = cvxpy_module()
        user = {
            "user_slope": cp.Parameter(users, nonneg=True, name="user_slope"),
            "user_offset": cp.Parameter(users, name="user_offset"),
        }
        es = {
            "es_slope": cp.Parameter(nonneg=True, name="es_slope"),
            "es_offset": cp.Parameter(name="es_offset"),
        }
        return user, es

    def problem(self, name: str, objective: Any, **variables: Any) -> ParametricProblem:
        """The finished problem."""
        return parametric_problem(name, objective, self.constraints, self.parameters, self.variables | variables)


def _core(users: int, bs_antennas: int, feeds: int, targets: int, joint: bool) -> _Core:
    cp = cvxpy_module()
    nb, ns = bs_antennas**2, feeds**2
    row = lambda name, *shape, **signs: cp.Parameter(shape, name=name, **signs)
    given = {
        "user_bs": row("user_bs", users, nb),
        "user_feeder": row("user_feeder", users, ns),
        "user_sensing": row("user_sensing", users, ns),
        "user_noise": row("user_noise", users, nonneg=True),
        "es_feeder": row("es_feeder", ns),
        "es_bs": row("es_bs", nb),
        "es_sensing": row("es_sensing", ns),
        "es_noise": row("es_noise", nonneg=True),
        "feeder_trace": row("feeder_trace", ns),
        "sensing_trace": row("sensing_trace", ns),
        "pattern": row("pattern", targets, ns),
        "min_sinr": row("min_sinr", nonneg=True),
    }
    bs, feeder, sensing = (cp.Variable(shape) for shape in ((nb, users), (ns,), (ns,)))
    at_users, from_satellite = cp.Variable((users, users)), cp.Variable(users)
    interference, satellite_power = cp.Variable(users), cp.Variable()
    es_signal, es_interference = cp.Variable(), cp.Variable()
    own = cp.diag(at_users)
    everyone = cp.sum(bs, axis=1)
    pattern = given["pattern"] @ sensing
    if joint:
        given["bs_pattern"] = row("bs_pattern", targets, nb)
        pattern = pattern + given["bs_pattern"] @ everyone
    constraints = {
        "user_powers": at_users == given["user_bs"] @ bs,
        "satellite_at_users": from_satellite == given["user_feeder"] @ feeder + given["user_sensing"] @ sensing,
        "interference": interference == cp.sum(at_users, axis=1) - own + from_satellite + given["user_noise"],
        "es_signal": es_signal == given["es_feeder"] @ feeder,
        "es_interference": es_interference
        == given["es_bs"] @ everyone + given["es_sensing"] @ sensing + given["es_noise"],
        "satellite_total": satellite_power
        == given["feeder_trace"] @ feeder + given["sensing_trace"] @ sensing,
        "min_sinrs": own >= cp.multiply(given["min_sinr"], interference),
        "pattern": pattern >= 1.0,
        "feeder_psd": _positive_semidefinite(feeder, feeds),
        "sensing_psd": _positive_semidefinite(sensing, feeds),
        **{f"bs_psd[{m}]": _positive_semidefinite(bs[:, m], bs_antennas) for m in range(users)},
    }
    return _Core(
        given,
        {"bs": bs, "feeder": feeder, "sensing": sensing},
        constraints,
        total=own + interference,
        interference=interference,
        es_total=es_signal + es_interference,
        es_signal=es_signal,
        es_interference=es_interference,
        bs_power=coordinates(np.eye(bs_antennas)) @ everyone,
        satellite_power=satellite_power,
    )


def _positive_semidefinite(x: Any, side: int) -> Any:
    cp = cvxpy_module()
    return cp.reshape(embedding(side) @ x, (2 * side, 2 * side), order="F") >> 0
