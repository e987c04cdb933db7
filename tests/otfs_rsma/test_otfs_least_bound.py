"""The second stage: the least bound at 99.9 % of the largest rate, against the judge and a slow twin."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from otfs_cases import NAME, designed
from scipy import optimize

import leoisac as li
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.status import Status
from leoisac.systems.otfs_rsma import SYSTEM
from leoisac.systems.otfs_rsma.fast.max_min import solve as solve_max_min
from leoisac.systems.otfs_rsma.judge.evaluate import evaluate, parameters
from leoisac.systems.otfs_rsma.judge.sensing_limit import sensing_limit
from leoisac.systems.otfs_rsma.model import Design

TRIALS = 8
SMALL = {**SYSTEM.small, "crb_doppler_max": 2e4}
STARTS = 8
RATE_SHARE = 0.999
BOUNDS = ("delay", "doppler")


@pytest.fixture(scope="module")
def drawn() -> Any:
    return li.draw(li.config(NAME, **SMALL), seed=0, trials=TRIALS)


@pytest.fixture(scope="module")
def optimum(drawn: Any) -> Any:
    return designed("rsma", drawn, options={"starts": STARTS}, **SMALL)


@pytest.fixture(scope="module", params=BOUNDS)
def least(request: Any, drawn: Any) -> Any:
    name = request.param
    return name, *designed("rsma", drawn, route=f"least-{name}", **SMALL)


class TestSecondStage:
    def test_the_bound_is_never_above_the_optimums(self, least: Any, optimum: Any) -> None:
        name, _, metrics = least
        ratio = metrics[f"crb_{name}"] / optimum[1][f"crb_{name}"]
        assert np.all(ratio <= 1.0 + 1e-9)
        assert np.mean(ratio) < 0.9, "the rate leaves the bounds open"

    def test_the_rate_is_kept_and_all_constraints_are_met(self, least: Any, optimum: Any) -> None:
        _, solution, metrics = least
        assert np.all(solution.objective >= RATE_SHARE * optimum[0].objective * (1.0 - 1e-9))
        assert np.all(solution.violation <= 1e-8)
        for margin in ("common_rate", "crb_delay", "crb_doppler", "power"):
            assert np.all(metrics[f"margin_{margin}"] >= -1e-8), margin

    def test_other_starts_agree(self, least: Any, drawn: Any) -> None:
        name, _, metrics = least
        again = designed("rsma", drawn, route=f"least-{name}", options={"seed": 1}, **SMALL)[1]
        ratio = again[f"crb_{name}"] / metrics[f"crb_{name}"]
        assert np.mean(ratio) == pytest.approx(1.0, abs=1e-3)
        np.testing.assert_allclose(ratio, 1.0, atol=1e-2)

    def test_no_frame_does_better_than_the_limit(self, least: Any) -> None:
        name, _, metrics = least
        if name == "delay":
            limit = sensing_limit(parameters(li.config(NAME, **SMALL)), SMALL["crb_doppler_max"])
            assert np.all(metrics["crb_delay"] >= limit.proven * (1.0 - 1e-6))

    def test_a_slow_twin_ends_there(self, least: Any, drawn: Any, optimum: Any) -> None:
        """Sequential quadratic programming on physical streams, all numbers from the judge."""
        name, _, metrics = least
        twin = _twin(drawn, optimum, name, trial=0)
        assert twin == pytest.approx(float(metrics[f"crb_{name}"][0]), rel=5e-3)
        assert twin >= float(metrics[f"crb_{name}"][0]) * (1.0 - 1e-3), "the twin found a smaller bound"


def test_less_rate_leaves_a_smaller_bound(drawn: Any, optimum: Any) -> None:
    """The front: bounds fall as the share of the rate that is kept does, and the share is kept to the last digit."""
    few = type(drawn)(drawn.path_gains[:3])
    before = np.full(3, np.inf)
    for share in (0.999, 0.98):
        solution, metrics = designed("rsma", few, route="least-delay", **SMALL, kept_rate_share=share)
        assert np.all(solution.objective >= share * optimum[0].objective[:3] * (1.0 - 1e-9))
        assert np.all(metrics["crb_delay"] < before)
        before = metrics["crb_delay"]


def test_a_weighted_sum_lies_on_the_front(drawn: Any, optimum: Any) -> None:
    """Nothing that other designs reach is worth more: the largest rate, and the least bounds at shares of it."""
    few, weight = type(drawn)(drawn.path_gains[:3]), 0.1
    solution, metrics = designed("rsma", few, **SMALL, delay_weight=weight, options={"starts": 4})
    assert np.all(solution.violation <= 1e-8)

    def worth(rates: Any, bounds: Any) -> Any:
        return rates - weight * np.log(bounds)

    best = worth(solution.objective, metrics["crb_delay"])
    assert np.all(best >= worth(optimum[0].objective[:3], optimum[1]["crb_delay"][:3]) - 1e-6)
    for share in (0.999, 0.98):
        other, found = designed("rsma", few, route="least-delay", **SMALL, kept_rate_share=share)
        assert np.all(best >= worth(other.objective, found["crb_delay"]) - 5e-3)
    with pytest.raises(li.ConfigError, match="delay_weight"):
        designed("rsma", few, route="least-delay", **SMALL, delay_weight=weight)


def test_without_private_streams_the_bound_is_that_of_sensing_and_floor(drawn: Any) -> None:
    first = designed("common-only", drawn, **SMALL)[1]
    solution, metrics = designed("common-only", drawn, route="least-delay", **SMALL)
    assert np.all(solution.violation <= 1e-8)
    assert np.all(metrics["crb_delay"] <= first["crb_delay"] * (1.0 + 1e-9))
    limit = sensing_limit(parameters(li.config(NAME, **SMALL)), SMALL["crb_doppler_max"]).proven
    assert np.all(metrics["crb_delay"] <= 1.05 * limit)


def test_a_trial_that_misses_a_ceiling_stays_what_it_was(drawn: Any) -> None:
    tight = {**SMALL, "crb_doppler_max": 100.0}
    solution, _ = designed("rsma", drawn, route="least-delay", options={"starts": 1, "bound_starts": 1}, **tight)
    assert np.all(solution.status == Status.INFEASIBLE)


def test_starts_out_of_range(drawn: Any) -> None:
    with pytest.raises(ValueError, match="bound_starts"):
        designed("rsma", drawn, route="least-delay", options={"bound_starts": 9}, **SMALL)


@functools.cache
def _twins_program(shape: tuple[int, int]) -> tuple[Any, Any]:
    """Logarithm of the chosen bound, and what must not be negative, of physical streams; and their slopes."""
    numbers = parameters(li.config(NAME, **SMALL))
    fraction = float(numbers.common_fraction)

    def streams_of(x: Any) -> Any:
        parts = x.reshape(2, *shape)
        streams = parts[0] + 1j * parts[1]
        power = jnp.sum(jnp.abs(streams) ** 2, axis=1)
        private = jnp.sqrt((1.0 - fraction) / jnp.sum(power[1:])) * jnp.ones(shape[0] - 1)
        return streams * jnp.concatenate([jnp.sqrt(fraction / power[:1]), private])[:, None]

    def values(x: Any, channels: Any, rate: Any, chosen: Any) -> Any:
        found = evaluate(numbers, channels, Design(streams_of(x)))
        margins = [found["margin_common_rate"], found["margin_crb_delay"], found["margin_crb_doppler"]]
        kept = found["private_rate"] - RATE_SHARE * rate
        bounds = jnp.stack([found[f"crb_{name}"] for name in BOUNDS])
        return jnp.concatenate([jnp.log(bounds[chosen])[None], kept, jnp.stack(margins)])

    return jax.jit(values), jax.jit(jax.jacfwd(values))


def _twin(drawn: Any, optimum: Any, name: str, trial: int) -> float:
    numbers = parameters(li.config(NAME, **SMALL))
    best = solve_max_min("rsma", numbers, type(drawn)(drawn.path_gains[trial : trial + 1]), starts=STARTS)
    given = type(drawn)(drawn.path_gains[trial]), optimum[0].objective[trial], BOUNDS.index(name)
    value, slope = (functools.partial(_at, program, given) for program in _twins_program(best.value.streams[0].shape))
    start = np.concatenate([best.value.streams[0].real.ravel(), best.value.streams[0].imag.ravel()])
    ends = list[float]()
    with jax.enable_x64(True):
        for level in (0.1, 0.3):
            noise = np.random.default_rng(7).standard_normal(start.size) * np.sqrt(np.mean(start**2))
            ended = optimize.minimize(
                lambda x: float(value(x)[0]),
                start + level * noise,
                jac=lambda x: np.asarray(slope(x)[0]),
                constraints={
                    "type": "ineq",
                    "fun": lambda x: np.asarray(value(x)[1:]),
                    "jac": lambda x: np.asarray(slope(x)[1:]),
                },
                method="SLSQP",
                options={"maxiter": 300, "ftol": 1e-9},
            )
            if np.min(np.asarray(value(ended.x)[1:])) >= -1e-6:
                ends.append(float(np.exp(ended.fun)))
    return min(ends)


def _at(program: Any, given: tuple[Any, ...], x: Any) -> Any:
    return program(x, *given)
