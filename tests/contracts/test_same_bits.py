"""A trial has the same bits in every lane of the compiled programs: first, last and refilled, whoever is beside it.

Arithmetic that depends on the lane shows in the last bits of a few trials only, and after many steps; these tests hence
place the same few trials everywhere, and compare every bit, signs of zero included.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import Scheme, System
from leoisac.experiment.trials.judge import judge
from leoisac.foundation.jax_setup import LANES, double_precision, jax
from leoisac.foundation.lanes import take
from leoisac.optim.batched import engine

TRIALS = np.array([7, 18])
"""Of different difficulty in the systems that iterate."""
PLACED = np.arange(len(TRIALS) * LANES + 5) % len(TRIALS)
"""Every trial in every lane of as many blocks as there are trials, and a last block that is filled up."""
MOST_INSTANCES = 2
"""Instances of one call of the engine that are placed in all of its lanes."""

SYSTEMS = [catalogue.find(name) for name in catalogue.systems()]
SCHEMES = [
    pytest.param(system, scheme, id=f"{system.name}:{scheme.name}") for system in SYSTEMS for scheme in system.schemes
]


@cache
def drawn(name: str) -> tuple[Any, Any, Any]:
    """Small configuration, the trials, and the trials in their places."""
    system = catalogue.find(name)
    config = system.config().replace(**system.small)
    return config, li.draw(config, seed=0, trials=TRIALS), li.draw(config, seed=0, trials=TRIALS[PLACED])


@pytest.fixture
def engine_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Arguments and result of every call of the batched engine."""
    calls: list[tuple[Any, ...]] = []
    solve = engine._solve_queue

    def recorded(*arguments: Any) -> Any:
        result = solve(*arguments)
        calls.append((*arguments, result))
        return result

    monkeypatch.setattr(engine, "_solve_queue", recorded)
    return calls


@pytest.mark.parametrize("system", SYSTEMS, ids=catalogue.systems())
def test_draws_have_the_same_bits_in_every_lane(system: System) -> None:
    _, trials, placed = drawn(system.name)
    assert_same_bits(placed, take(trials, PLACED))


@pytest.mark.parametrize(("system", "scheme"), SCHEMES)
def test_designs_have_the_same_bits_in_every_lane(system: System, scheme: Scheme) -> None:
    config, trials, placed = drawn(system.name)
    together = outcomes(system, scheme, config, trials)
    assert_same_bits(outcomes(system, scheme, config, placed), take(together, PLACED))
    assert_same_bits(outcomes(system, scheme, config, take(trials, [1])), take(together, [1]))


@pytest.mark.parametrize("system", SYSTEMS, ids=catalogue.systems())
def test_the_engine_has_the_same_bits_in_every_lane(system: System, engine_calls: list[tuple[Any, ...]]) -> None:
    """As many copies of an instance as there are lanes fill all of them, and the next instance's refill all of them."""
    config, trials, _ = drawn(system.name)
    for scheme in system.schemes:
        li.design(config, trials, scheme.name)
    tried: set[Any] = set()
    for fc, starts, data, path, index, options, result in list(engine_calls):
        program = (str(fc), options, starts.shape[1:])
        if program in tried or not len(starts):
            continue
        tried.add(program)
        instances = np.arange(min(len(starts), MOST_INSTANCES))
        copies = np.repeat(instances, options.lanes)
        queue = np.arange(len(copies))
        with double_precision():
            copied = engine._solve_queue(fc, starts[copies], take(data, index[copies]), path, queue, options)
        assert_same_bits(vars(copied), take(vars(result), copies))


def outcomes(system: System, scheme: Scheme, config: Any, channels: Any) -> dict[str, Any]:
    """Everything that is computed for a batch: designs, metrics, and what the judge makes of them."""
    solution = li.design(config, channels, scheme.name)
    metrics = li.evaluate(config, channels, solution)
    judged = judge(scheme, solution, metrics, system.tolerance)
    # The history of a batch is as long as its longest.
    parts = {field.name: getattr(judged, field.name) for field in fields(judged) if field.name != "history"}
    return {"solution": solution, "metrics": metrics, "judged": parts}


def assert_same_bits(got: Any, wanted: Any) -> None:
    """Equal in every bit, with the names of what is not."""
    pairs = zip(jax.tree_util.tree_leaves_with_path(got), jax.tree_util.tree_leaves(wanted), strict=True)
    different = []
    for (path, leaf), other in pairs:
        mine, its = (np.ascontiguousarray(each) for each in (leaf, other))
        assert mine.dtype == its.dtype, path
        assert mine.shape == its.shape, path
        rows = (mine.reshape(len(mine), -1).view(np.uint8) != its.reshape(len(its), -1).view(np.uint8)).any(axis=1)
        if rows.any():
            different.append(f"{jax.tree_util.keystr(path)}: {rows.sum()} rows, the first {np.flatnonzero(rows)[:8]}")
    assert not different, "\n".join(different)
