"""The convex step of Algorithm 2 as the paper prints it, equations (49)-(76), compiled once per size.

What cannot be executed is read as follows. (49) becomes ``>= e^x``, (50) is (56), (52) becomes ``<=`` the tangent of
``e^b``; (51) is implied by (74). The lost relation of (75) is ``<=``, which (70) implies. ``e^y`` in (76), which would
not be convex, becomes its tangent from below.

Three properties of the print are kept. It bounds ``ln SINR`` where a rate is ``ln(1 + SINR)``, by (74). The bounds (65)
and the one on ``p_m`` drop a term from an upper bound. The sensing waveform enters at the estimates only, by (52), (56)
and (57). So a solution guarantees nothing; what its beams do guarantee is the judge's word.

Unknowns are scaled as ``lifted.Scaling`` says. Exponents are relative to the last iterate: ``a_m = ln T_m + a'_m``,
``b_m = b_m^k + b'_m``, ``x = ln S + x'``, ``y = y^k + y'``, so that the tangent ``t(b; b^k)`` is ``e^(b^k) (1 + b')``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.hermitian import coordinates, from_coordinates
from leoisac.optim.conic.problem import ParametricProblem, parametric_problem, per_shape
from leoisac.optim.conic.s_procedure import ball_bound, ball_values, positive_semidefinite
from leoisac.systems.self_backhaul.judge.worst_case import ErrorRadii
from leoisac.systems.self_backhaul.published.lifted import Instance, Scaling, channel_values

_GIVEN = ("user_signal", "user_bs", "user_feeder", "user_sensing", "user_noise")
_LEAST_RADIUS = 1e-6
"""Radius of a ball without extent, in units of noise."""


def tangent(z: Any, at: Any) -> Any:
    """``t(z; z_k) = e^(z_k) (z - z_k + 1)``, below ``e^z`` everywhere and equal to it at ``z_k``."""
    return np.exp(at) * (z - at + 1.0)


@per_shape
def printed_step(users: int, bs_antennas: int, feeds: int, targets: int, joint: bool) -> ParametricProblem:
    """Maximise (73) subject to (29)-(31), (49), (52), (54)-(57), (66)-(70), the bound on ``p_m``, (74) and (76)."""
    cp = cvxpy_module()
    nb, ns = bs_antennas**2, feeds**2
    given: dict[str, Any] = {
        "user_signal": cp.Parameter((users, nb)),
        "user_bs": cp.Parameter((users, nb)),
        "user_feeder": cp.Parameter((users, ns)),
        "user_sensing": cp.Parameter((users, ns)),
        "user_noise": cp.Parameter(users, nonneg=True),
        "es_signal": cp.Parameter(ns),
        "es_bs": cp.Parameter(nb),
        "es_sensing": cp.Parameter(ns),
        "es_noise": cp.Parameter(nonneg=True),
        "es_share": cp.Parameter(nonneg=True),
        "es_unit": cp.Parameter(nonneg=True),
        "feeder_trace": cp.Parameter(ns),
        "sensing_trace": cp.Parameter(ns),
        "pattern": cp.Parameter((targets, ns)),
        "offset": cp.Parameter(users),
        "es_offset": cp.Parameter(),
        "min_rate": cp.Parameter(),
        "es_slope": cp.Parameter((2 * feeds, ns)),
        **{f"signal_slope[{m}]": cp.Parameter((2 * bs_antennas, nb)) for m in range(users)},
        **{f"others_slope[{m}]": cp.Parameter((2 * bs_antennas, nb)) for m in range(users)},
    }
    bs, feeder, sensing, everyone = cp.Variable((nb, users)), cp.Variable(ns), cp.Variable(ns), cp.Variable(nb)
    a, b, p = cp.Variable(users), cp.Variable(users), cp.Variable(users)
    x, y = cp.Variable(), cp.Variable()
    at_users = given["user_bs"] @ bs
    signal, others = cp.diag(given["user_signal"] @ bs), cp.sum(at_users, axis=1) - cp.diag(at_users)
    of_feeder, of_sensing = given["user_feeder"] @ feeder, given["user_sensing"] @ sensing
    es_leakage = given["es_bs"] @ everyone + given["es_noise"]
    es_interference = cp.Variable()
    es_signal = given["es_signal"] @ feeder
    pattern = given["pattern"] @ sensing
    if joint:
        given["bs_pattern"] = cp.Parameter((targets, nb))
        pattern = pattern + given["bs_pattern"] @ everyone
    rates = a - b + given["offset"]
    constraints: dict[str, Any] = {
        "everyone": everyone == cp.sum(bs, axis=1),
        "es_interference": es_interference == es_leakage + given["es_sensing"] @ sensing,
        "(54)": rates >= given["min_rate"],
        "(55)": cp.sum(rates) <= x - y + given["es_offset"],
        "(49)": es_signal + cp.multiply(given["es_share"], es_interference) >= cp.exp(x),
        "(56)": es_interference <= y + 1.0,
        "(57)": of_feeder + of_sensing + given["user_noise"] <= b + 1.0,
        "(52)": others + of_feeder + of_sensing + given["user_noise"] <= b + 1.0,
        "(69)": es_leakage <= y + 1.0,
        "(70)": p + of_feeder + given["user_noise"] <= b + 1.0,
        "(76)": es_signal
        - cp.norm(given["es_slope"] @ feeder)
        - cp.exp(x)
        + cp.multiply(given["es_share"], y + 1.0)
        + given["es_unit"]
        >= 0.0,
        "(29)": pattern >= 1.0,
        "(30)": given["feeder_trace"] @ feeder + given["sensing_trace"] @ sensing <= 1.0,
        "(31)": coordinates(np.eye(bs_antennas)) @ everyone <= 1.0,
        "p >= 0": p >= 0.0,
        "V": positive_semidefinite(feeder, feeds),
        "V0": positive_semidefinite(sensing, feeds),
    }
    for m in range(users):
        beam, rest = bs[:, m], everyone - bs[:, m]
        constraints[f"W[{m}]"] = positive_semidefinite(beam, bs_antennas)
        constraints[f"(74)[{m}]"] = signal[m] - cp.norm(given[f"signal_slope[{m}]"] @ beam) >= cp.exp(a[m])
        constraints[f"p[{m}]"] = p[m] >= others[m] + cp.norm(given[f"others_slope[{m}]"] @ rest)
        bounds = (
            ball_bound(f"(66)[{m}]", [rest], "<=", p[m], bs_antennas),
            ball_bound(f"(68)[{m}]", [feeder], "<=", b[m] + 1.0 - given["user_noise"][m] - p[m], feeds),
        )
        for bound in bounds:
            constraints |= bound.constraints
            given |= bound.parameters
    leakage = ball_bound("(67)", [everyone], "<=", y + 1.0 - given["es_noise"], bs_antennas)
    constraints |= leakage.constraints
    given |= leakage.parameters
    variables = {"bs": bs, "feeder": feeder, "sensing": sensing, "a": a, "b": b, "x": x, "y": y, "p": p}
    return parametric_problem("self-backhaul PA2 as printed", cp.Maximize(cp.sum(rates)), constraints, given, variables)


def printed_values(instance: Instance, radii: ErrorRadii, units: Scaling) -> dict[str, Any]:
    """Parameter values of ``printed_step`` at the iterate whose received powers, over the estimates, are the units.

    ``units`` hold (58) and (59): the Earth Station's and the users' interference, noise included.
    """
    known = channel_values(instance, units)
    names = (*_GIVEN, "es_signal", "es_bs", "es_sensing", "es_noise", "es_share", "feeder_trace", "sensing_trace")
    values = {name: known[name] for name in (*names, "pattern", *(("bs_pattern",) if instance.joint else ()))}
    d_v = np.linalg.norm(units.feeder, axis=0)
    turn = np.conj(units.feeder / d_v).T
    g_users, g_es = instance.g_users @ turn.T, turn @ instance.g_es
    values |= {
        "es_unit": 1.0 / units.es_total,
        "offset": np.log(units.total / units.interference),
        "es_offset": math.log(units.es_total / units.es_interference),
        "min_rate": instance.min_rate * math.log(2.0),
        "es_slope": _slope(g_es, d_v) * (2.0 * float(radii.g_es) / units.es_total),
    }
    flat = np.ones(len(instance.h_es))
    for m, (h, g) in enumerate(zip(instance.h_users, g_users)):
        slope, radius, unit = _slope(h, flat), float(radii.h_users[m]), float(units.interference[m])
        values[f"signal_slope[{m}]"] = slope * (2.0 * radius / float(units.total[m]))
        values[f"others_slope[{m}]"] = slope * (2.0 * radius / unit)
        values |= ball_values(f"(66)[{m}]", h, _ball(radius), unit=unit)
        values |= ball_values(f"(68)[{m}]", g, _ball(radii.g_users[m]), [d_v], unit)
    values |= ball_values("(67)", instance.h_es, _ball(radii.h_es), unit=units.es_interference)
    return values


def _slope(x: Complex[np.ndarray, " n"], d: Float[np.ndarray, " n"]) -> Float[np.ndarray, "two_n n*n"]:
    """Real and imaginary part of ``diag(d) X diag(d) x`` as a matrix times the coordinates of ``X``."""
    image = d * np.einsum("bij,j->bi", from_coordinates(np.eye(len(x) ** 2)), d * x)
    return np.concatenate([np.real(image).T, np.imag(image).T])


def _ball(radius: Any) -> float:
    return max(float(radius), _LEAST_RADIUS)


__all__ = ["printed_step", "printed_values", "tangent"]
