"""The joint design as a program: its changes of variables change nothing but the engine's way."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac.foundation.jax_setup import double_precision, jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.systems.self_backhaul.fast import joint_program as program
from leoisac.systems.self_backhaul.judge.evaluate import parameters as parameters_of
from leoisac.systems.self_backhaul.problem.normalised import normalise

WEIGHTS = [program.FEW_USERS_WEIGHTS, program.MANY_USERS_WEIGHTS]


@functools.cache
def problem_of(users: int) -> Any:
    config = li.config("self-backhaul", num_users=users, bs_array=(1, users + 1))
    batch = by_lanes(normalise)(parameters_of(config), li.draw(config, trials=1))
    return jax.tree.map(lambda leaf: np.asarray(leaf)[0], batch)


def formulated(users: int) -> Any:
    """The program and what it makes of the point that looks feasible."""

    def all_of(problem: Any) -> Any:
        data, bases, point = program.formulate(problem, joint_pattern=False)
        values = program.to_values(point, bases)
        goal = program.joint_beamforming(SimpleNamespace(**values), data)
        rows = {
            name: one.quantity - one.bound if one.relation == "at_least" else one.bound - one.quantity
            for name, one in goal.subject_to.items()
        }
        return data, bases, point, program.to_beams(values, bases), (goal.objective, rows)

    with double_precision():
        return jax.tree.map(np.asarray, jax.jit(all_of)(jax.tree.map(jnp.asarray, problem_of(users))))


@functools.cache
def of_many() -> Any:
    return formulated(program.MANY_USERS + 1)


@pytest.mark.parametrize("weights", WEIGHTS, ids=["few", "many"])
def test_weights_change_neither_objective_nor_constraints(
    weights: program.Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rates, powers and pattern of the same beams, from the beams themselves."""
    users = 3
    problem = problem_of(users)
    monkeypatch.setattr(program, "FEW_USERS_WEIGHTS", weights)
    _, _, point, again, (value, rows) = formulated(users)
    for given, back in zip(point, again, strict=True):
        np.testing.assert_allclose(back, given, rtol=0, atol=1e-10 * np.max(np.abs(given)))
    h, g = (
        np.vstack([np.asarray(a), np.asarray(b)])
        for a, b in ((problem.h_users, problem.h_es), (problem.g_users, problem.g_es))
    )
    w, v, u = (np.asarray(part) for part in point)
    from_bs, from_v = np.abs(h.conj() @ w.T) ** 2, np.abs(g.conj() @ v) ** 2
    from_u = np.sum(np.abs(g.conj() @ u) ** 2, axis=1)
    own = np.diagonal(from_bs)
    others = 1.0 + from_bs.sum(axis=1) + from_u
    rates = np.log2(1.0 + own / ((others + from_v)[:users] - own))
    backhaul = np.log2(1.0 + from_v[users] / others[users])
    pattern = np.sum(np.abs(np.asarray(problem.targets).conj() @ u) ** 2, axis=1) / np.asarray(problem.demands)
    powers = [np.linalg.norm(w) ** 2, np.linalg.norm(v) ** 2 + np.linalg.norm(u) ** 2]
    wanted = {
        "min_rate": rates - np.asarray(problem.min_rate),
        "backhaul": backhaul - rates.sum(),
        "bs_power": 1.0 - powers[0],
        "satellite_power": 1.0 - powers[1],
        "pattern": pattern - 1.0,
    }
    assert float(value) == pytest.approx(rates.sum(), rel=1e-9)
    assert set(rows) == set(wanted)
    for name, row in wanted.items():
        np.testing.assert_allclose(rows[name], row, rtol=1e-8, atol=1e-8, err_msg=name)


def test_a_unit_of_power_of_each_variable_is_its_weight() -> None:
    """Columns of ``T`` are orthogonal, with squared norms as the budget counts them."""
    data, bases, *_ = of_many()
    gram = np.einsum("kij,kil->kjl", bases.bs.conj(), bases.bs)
    expected = np.stack([np.diag(row[: len(row) // 2]) for row in data.bs_weights])
    np.testing.assert_allclose(gram, expected, atol=1e-12 * np.max(expected))


def test_many_users_are_spared_less_and_the_earth_station_more() -> None:
    """The inverse of ``T T^H`` is the Gram matrix that the weights make."""
    problem = problem_of(program.MANY_USERS + 1)
    _, bases, point, *_ = of_many()
    h, weights = problem.h_users, program.MANY_USERS_WEIGHTS
    delivered = abs(np.vdot(h[0], point.bs[0])) ** 2

    def outer(row: np.ndarray) -> np.ndarray:
        return np.outer(row, row.conj())

    wanted = weights.own / delivered * outer(h[0]) + sum(weights.users * outer(row) for row in h[1:])
    wanted = wanted + weights.es * outer(np.asarray(problem.h_es)) + 20.0 * np.eye(h.shape[1])
    found = np.linalg.inv(bases.bs[0] @ bases.bs[0].conj().T)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-8 * np.max(np.abs(wanted)))
