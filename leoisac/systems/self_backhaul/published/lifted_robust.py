"""The robust joint design over covariances: its convex problems and their numbers.

As ``lifted`` and ``lifted_problems``, but every received power is replaced by a bound over a ball of channel errors
(S-procedure): a least signal and a largest interference per receiver and transmitter. Signals are in units of the
total, disturbances in units of the interference that the last iterate has in the worst case.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Complex

from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.hermitian import coordinates, feeder_congruence, nulling_congruence, outer
from leoisac.optim.conic.problem import ParametricProblem, per_shape
from leoisac.optim.conic.s_procedure import BallBound, ball_bound, ball_values, positive_semidefinite
from leoisac.systems.self_backhaul.judge.worst_case import ErrorRadii, worst_powers_of_covariances
from leoisac.systems.self_backhaul.published.lifted import Instance, Lifted, ReceivedPowers, Scaling
from leoisac.systems.self_backhaul.published.lifted_core import Core, free_rates, least_level
from leoisac.systems.self_backhaul.published.recovery import with_noise

_LEAST_RADIUS = 1e-6
"""Radius of a ball without extent (a relative error of a channel that is zero), in units of noise: harmless."""


def worst_received_powers(instance: Instance, radii: ErrorRadii, lifted: Lifted) -> ReceivedPowers:
    """Worst-case powers of a lifted design; exact."""
    return with_noise(worst_powers_of_covariances(instance, radii, lifted.W, lifted.V, lifted.V0))


def robust_scaling(instance: Instance, radii: ErrorRadii, powers: ReceivedPowers) -> Scaling:
    """Scaling for worst-case powers of about these."""
    # An error of norm r is a channel of gain r^2 in every direction.
    spread = math.sqrt(float(np.sum(radii.g_users**2) + radii.g_es**2))
    es_total, es_interference = powers.es_signal + powers.es_interference, powers.es_interference
    satellite = np.concatenate([instance.g_users, instance.g_es[None, :], spread * np.eye(len(instance.g_es))])
    return Scaling(
        powers.signal + powers.interference,
        powers.interference,
        es_total,
        es_interference,
        feeder_congruence(satellite, es_total),
        nulling_congruence(satellite / math.sqrt(es_interference), float(np.max(instance.pattern_min))),
    )


def robust_values(instance: Instance, radii: ErrorRadii, units: Scaling, lift: float = 1.0) -> dict[str, Any]:
    """Parameter values that channels, radii and scaling determine, of both problems below.

    ``lift`` changes the congruence of all robust bounds: the same problem, other numbers for the solver.
    """
    share, es_share = units.interference / units.total, units.es_interference / units.es_total
    d_v, d_0 = (np.linalg.norm(T, axis=0) for T in (units.feeder, units.sensing))
    turn = np.conj(units.feeder / d_v).T
    g_users, g_es = instance.g_users @ turn.T, turn @ instance.g_es
    values: dict[str, Any] = {
        "user_noise": 1.0 / units.interference,
        "user_share": share,
        "user_min_signal": (2.0**instance.min_rate - 1.0) * share,
        "es_noise": 1.0 / units.es_interference,
        "es_share": es_share,
        "feeder_trace": coordinates(np.diag(d_v**2)),
        "sensing_trace": coordinates(np.diag(d_0**2)),
        "pattern": coordinates(outer(np.conj(np.conj(instance.targets) @ units.sensing)))
        / instance.pattern_min[:, None],
    }
    for m, (h, g) in enumerate(zip(instance.h_users, g_users)):
        rh, rg = _radius(radii.h_users[m]), _radius(radii.g_users[m])
        unit = float(units.interference[m])
        values |= ball_values(f"signal[{m}]", h, rh, unit=float(units.total[m]), lift=lift * _signal_lift(h, rh))
        values |= ball_values(f"others[{m}]", h, rh, unit=unit, lift=lift)
        values |= ball_values(f"satellite[{m}]", g, rg, [d_v, d_0], unit, lift)
    rh, rg = _radius(radii.h_es), _radius(radii.g_es)
    values |= ball_values("es_signal", g_es, rg, [d_v], units.es_total, lift * _signal_lift(g_es, rg))
    values |= ball_values("es_leakage", instance.h_es, rh, unit=units.es_interference, lift=lift)
    values |= ball_values("es_sensing", g_es, rg, [d_0], units.es_interference, lift / float(np.max(d_0)))
    if instance.joint:
        values["bs_pattern"] = coordinates(outer(instance.bs_targets)) / instance.pattern_min[:, None]
    return values


@per_shape
def robust_feasibility_problem(
    users: int, bs_antennas: int, feeds: int, targets: int, joint: bool
) -> ParametricProblem:
    """Smallest level of both powers at which every user is sure of the least rate and the backhaul of their sum."""
    return least_level(_core(users, bs_antennas, feeds, targets, joint), "self-backhaul robust feasibility")


@per_shape
def robust_epigraph_problem(users: int, bs_antennas: int, feeds: int, targets: int, joint: bool) -> ParametricProblem:
    """Concave-convex subproblem with free guaranteed rates (paper's PA2, exact bounds in place of its own).

    As ``lifted_core.free_rates``, with the least signals and the largest disturbances over the error balls, noise
    included, and a cost ``k tr V`` that keeps ``V`` from holding power where no constraint sees it.
    """
    cp = cvxpy_module()
    core = _core(users, bs_antennas, feeds, targets, joint)
    idle_weight = cp.Parameter(feeds**2)
    core.parameters |= {"idle_weight": idle_weight}
    return free_rates(core, "self-backhaul robust epigraph", users, cost=idle_weight @ core.variables["feeder"])


def _core(users: int, bs_antennas: int, feeds: int, targets: int, joint: bool) -> Core:
    cp = cvxpy_module()
    nb, ns = bs_antennas**2, feeds**2
    given = {
        "user_noise": cp.Parameter(users, nonneg=True),
        "user_share": cp.Parameter(users, nonneg=True),
        "user_min_signal": cp.Parameter(users, nonneg=True),
        "es_noise": cp.Parameter(nonneg=True),
        "es_share": cp.Parameter(nonneg=True),
        "feeder_trace": cp.Parameter(ns),
        "sensing_trace": cp.Parameter(ns),
        "pattern": cp.Parameter((targets, ns)),
    }
    bs, feeder, sensing, everyone = cp.Variable((nb, users)), cp.Variable(ns), cp.Variable(ns), cp.Variable(nb)
    signal, others, satellite = cp.Variable(users), cp.Variable(users), cp.Variable(users)
    es_signal, es_leakage, es_sensing, satellite_power = (cp.Variable() for _ in range(4))
    interference, es_interference = cp.Variable(users), cp.Variable()
    pattern = given["pattern"] @ sensing
    if joint:
        given["bs_pattern"] = cp.Parameter((targets, nb))
        pattern = pattern + given["bs_pattern"] @ everyone
    constraints = {
        "everyone": everyone == cp.sum(bs, axis=1),
        "interference": interference == others + satellite + given["user_noise"],
        "es_interference": es_interference == es_leakage + es_sensing + given["es_noise"],
        "satellite_total": satellite_power == given["feeder_trace"] @ feeder + given["sensing_trace"] @ sensing,
        "min_signals": signal >= cp.multiply(given["user_min_signal"], interference),
        "pattern": pattern >= 1.0,
        "feeder_psd": positive_semidefinite(feeder, feeds),
        "sensing_psd": positive_semidefinite(sensing, feeds),
        **{f"bs_psd[{m}]": positive_semidefinite(bs[:, m], bs_antennas) for m in range(users)},
    }
    core = Core(
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

    def add(bound: BallBound) -> None:
        core.constraints |= bound.constraints
        core.parameters |= bound.parameters

    for m in range(users):
        add(ball_bound(f"signal[{m}]", [bs[:, m]], ">=", signal[m], bs_antennas))
        add(ball_bound(f"others[{m}]", [everyone - bs[:, m]], "<=", others[m], bs_antennas))
        add(ball_bound(f"satellite[{m}]", [feeder, sensing], "<=", satellite[m], feeds))
    add(ball_bound("es_signal", [feeder], ">=", es_signal, feeds))
    add(ball_bound("es_leakage", [everyone], "<=", es_leakage, bs_antennas))
    add(ball_bound("es_sensing", [sensing], "<=", es_sensing, feeds))
    return core


def _radius(radius: Any) -> float:
    return max(float(radius), _LEAST_RADIUS)


def _signal_lift(x: Complex[np.ndarray, " n"], radius: float) -> float:
    """The multiplier of a least signal is about ``lambda |x| / r``: brought to the size of the covariance."""
    return math.sqrt(radius / max(float(np.linalg.norm(x)), radius))
