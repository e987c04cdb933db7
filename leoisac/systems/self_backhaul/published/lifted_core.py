"""What the convex problems over covariances share, with channels known and with bounded errors alike.

A ``Core`` holds the unknowns, the received powers (or their bounds over all errors) and the constraints that every
problem has; from it come the test of feasibility and the subproblem with free rates. Unknowns are scaled as
``lifted.Scaling`` says, rates are in nats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.hermitian import congruence, from_coordinates, positive_part
from leoisac.optim.conic.problem import ParametricProblem, parametric_problem
from leoisac.systems.self_backhaul.published.lifted import Instance, Lifted, ReceivedPowers, Scaling


@dataclass
class Core:
    """Unknowns, received powers and the constraints that all problems share, while one is being built.

    ``total`` is the users' signals and interference in units of their last sums, ``interference`` in units of itself.
    """

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

    def problem(self, name: str, objective: Any, **variables: Any) -> ParametricProblem:
        """The finished problem."""
        return parametric_problem(name, objective, self.constraints, self.parameters, self.variables | variables)


def least_level(core: Core, name: str) -> ParametricProblem:
    """Smallest level ``u`` of both powers that meets all requirements with every user at the least rate.

    Minimises ``u + k (p_T + p_S)`` subject to ``p_T <= u``, ``p_S <= u``, the users' least SINR, the Earth Station's
    SINR for the sum of least rates, and the pattern.
    """
    cp = cvxpy_module()
    level = cp.Variable(name="level")
    es_min_signal = cp.Parameter(nonneg=True, name="es_min_signal")
    weight = cp.Parameter(nonneg=True, name="weight")
    core.constraints |= {
        "es_min_signal": core.es_signal >= cp.multiply(es_min_signal, core.es_interference),
        "bs_power": core.bs_power <= level,
        "satellite_power": core.satellite_power <= level,
    }
    core.parameters |= {"es_min_signal": es_min_signal, "weight": weight}
    return core.problem(
        name, cp.Minimize(level + cp.multiply(weight, core.bs_power + core.satellite_power)), level=level
    )


def free_rates(core: Core, name: str, users: int, cost: Any = 0.0) -> ParametricProblem:
    """Concave-convex subproblem with free rates ``rho_m``.

    Maximises ``sum rho - cost`` subject to ``rho_m <= ln T_m - tangent of ln I_m``, ``sum rho <= ln S - tangent of
    ln E`` and ``rho_m >= r_0``. The optimum is that of the published problem: slack in the rates can always be removed.
    """
    cp = cvxpy_module()
    rho = cp.Variable(users, name="rho")
    offset, es_offset = cp.Parameter(users, name="user_offset"), cp.Parameter(name="es_offset")
    min_rate = cp.Parameter(name="min_rate")
    core.constraints |= {
        "rates": rho <= cp.log(core.total) + offset - core.interference,
        "backhaul": cp.sum(rho) <= cp.log(core.es_total) + es_offset - core.es_interference,
        "min_rates": rho >= min_rate,
        "bs_power": core.bs_power <= 1.0,
        "satellite_power": core.satellite_power <= 1.0,
    }
    core.parameters |= {"user_offset": offset, "es_offset": es_offset, "min_rate": min_rate}
    return core.problem(name, cp.Maximize(cp.sum(rho) - cost))


def tangent_values(powers: ReceivedPowers) -> dict[str, Any]:
    """Parameter values of the tangents at an iterate whose powers are the units: all slopes are 1.

    With totals and interference in units of their last values, ``ln T - tangent of ln I`` is ``ln T' - I' + offset``
    with ``offset = ln T^k - ln I^k + 1``.
    """
    return {
        "user_offset": np.log(2.0) * powers.rates + 1.0,
        "es_offset": math.log(2.0) * powers.backhaul_rate + 1.0,
    }


def least_rate_values(instance: Instance, units: Scaling) -> dict[str, Any]:
    """Parameter values of ``least_level`` beside its weight: the backhaul of all users at the least rate."""
    es_sinr = math.expm1(len(instance.h_users) * instance.min_rate * math.log(2.0))
    return {"es_min_signal": es_sinr * units.es_interference / units.es_total}


def unscaled(problem: ParametricProblem, units: Scaling) -> Lifted:
    """The design that a solved problem holds, its rounding below zero removed."""
    found = problem.values()
    return Lifted(
        positive_part(from_coordinates(found["bs"].T)),
        congruence(units.feeder, positive_part(from_coordinates(found["feeder"]))),
        congruence(units.sensing, positive_part(from_coordinates(found["sensing"]))),
    )
