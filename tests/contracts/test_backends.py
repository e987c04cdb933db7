"""Every problem that a system gives to the engine has a native form: the same values and slopes as in JAX, and designs
of the same quality whichever backend makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.errors import StoreError
from leoisac.foundation.backend import using, why_not_native
from leoisac.foundation.config import ConfigError
from leoisac.foundation.environment import COMPILE_VARIABLE
from leoisac.foundation.jax_setup import double_precision, jax, jnp
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Status
from leoisac.optim.batched import engine
from leoisac.optim.problem import at_stage

pytestmark = pytest.mark.skipif(bool(why_not_native()), reason=why_not_native())
DESIGNS = {
    "self-backhaul": ("pa1", "pa2"),
    "coexistence": ("proposed",),
    "bistatic-rsma": ("rsma-radar-sic",),
    "otfs-rsma": ("rsma", "full-load-rsma"),
}
"""Schemes between which all problems of the systems are solved."""
TRIALS = 3


def test_every_system_is_here() -> None:
    assert set(catalogue.systems()) >= set(DESIGNS)
    assert all(name in DESIGNS for name in catalogue.systems() if catalogue.find(name).origin is None)


@pytest.mark.parametrize(("name", "scheme"), [(name, s) for name, schemes in DESIGNS.items() for s in schemes])
class TestEveryProblem:
    def test_value_and_slope_are_those_of_jax(self, name: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """At final points, in all directions at once: a slope with random weights of objective and constraints."""
        calls: list[tuple[Any, ...]] = []
        solve = engine._solve_queue

        def recorded(*arguments: Any) -> Any:
            result = solve(*arguments)
            calls.append((*arguments, result))
            return result

        monkeypatch.setattr(engine, "_solve_queue", recorded)
        system = catalogue.find(name)
        config = system.config().replace(**system.small)
        li.design(config, li.draw(config, seed=0, trials=TRIALS), scheme, backend="native")
        assert calls
        fc, _, data, path, index, options, result = calls[0]
        with double_precision():
            program = engine.program_of(fc, result.x.shape[1], data, path, options)
            rng = np.random.default_rng(3)
            x, one = result.x[-1], jax.tree.map(lambda leaf: np.asarray(leaf)[index[-1]], data)
            weights = rng.normal(size=result.multipliers.shape[1])
            batch = jax.tree.map(lambda leaf: leaf[None], one)
            value, c, slope = program.evaluate(x, batch, path, -1 if path is None else len(path[0]) - 1, 1.0, weights)

            one = jax.tree.map(jnp.asarray, one)

            def judged(x: Any) -> Any:
                return at_stage(fc, path, -1)(x, one)

            (wanted, wanted_c), pull = jax.vjp(jax.jit(judged), jnp.asarray(x))
            wanted_slope = np.asarray(pull((jnp.ones(()), jnp.asarray(weights)))[0])
        assert value == pytest.approx(float(wanted), rel=1e-12, abs=1e-12)
        assert np.allclose(c, wanted_c, rtol=1e-10, atol=1e-11)
        assert np.allclose(slope, wanted_slope, rtol=1e-9, atol=1e-9 * np.max(np.abs(wanted_slope)))

    def test_threads_and_company_change_no_bit(self, name: str, scheme: str) -> None:
        system = catalogue.find(name)
        config = system.config().replace(**system.small)
        channels = li.draw(config, seed=0, trials=TRIALS)
        order = np.array([2, 0, 1, 2])
        alone = li.design(config, channels, scheme, backend="native")
        beside = li.design(config, take(channels, order), scheme, backend="native", threads=2)
        assert alone.objective[order].tobytes() == beside.objective.tobytes()
        session = li.session(config, scheme)
        assert session.update(take(channels, slice(1, 2))).objective[0] == alone.objective[1]
        warm = li.session(config, scheme, warm=True)
        first = warm.update(take(channels, slice(1, 2)))
        assert (first.objective[0], first.iterations[0]) == (alone.objective[1], alone.iterations[1])
        update = warm.update(take(channels, slice(1, 2)))
        assert update.status[0] == alone.status[1]
        if update.status[0] != Status.INFEASIBLE:
            assert update.objective[0] == pytest.approx(alone.objective[1], rel=2e-2)


@pytest.mark.further
@pytest.mark.parametrize("name", catalogue.systems())
def test_all_schemes_are_worth_the_same_by_both_backends(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no search in it agrees to many digits, metrics included; searches end at optima of equal worth.

    Native code is optimised as users have it: compilers err, and rather there than without optimisation.
    """
    monkeypatch.delenv(COMPILE_VARIABLE, raising=False)
    system = catalogue.find(name)
    config = system.config().replace(**system.small)
    channels = li.draw(config, seed=0, trials=TRIALS)
    for scheme in system.schemes:
        by_jax, native = (li.design(config, channels, scheme.name, backend=b) for b in ("jax", "native"))
        assert np.array_equal(by_jax.status, native.status), scheme.name
        assert np.allclose(by_jax.objective, native.objective, rtol=2e-2, atol=1e-6, equal_nan=True), scheme.name
        with using("jax"):
            metrics = li.evaluate(config, channels, native)
        for metric, values in li.evaluate(config, channels, native).items():
            ours, theirs = values, metrics[metric]
            if metric.endswith("_db"):  # what is nulled is rounding
                ours, theirs = np.maximum(ours, -150.0), np.maximum(theirs, -150.0)
            close = np.isclose(ours, theirs, rtol=1e-7, atol=1e-9, equal_nan=True)
            assert close.all(), f"{scheme.name}: {metric}"


class TestStores:
    def test_a_store_has_one_engine_for_good(self, tmp_path: Any) -> None:
        config = li.config("self-backhaul").replace(**catalogue.find("self-backhaul").small)
        first = li.run(config, ["das"], trials=2, store=tmp_path / "store", backend="jax")
        with pytest.raises(StoreError, match="was computed with backend = 'jax'"):
            li.run(config, ["das"], trials=4, store=tmp_path / "store", backend="native")
        more = li.run(config, ["das"], trials=4, store=tmp_path / "store")
        with using("jax"):
            again = li.run(config, ["das"], trials=4)
        assert np.array_equal(first["objective"], more["objective"].isel(trial=slice(0, 2)))
        assert np.array_equal(more["objective"], again["objective"])

    def test_a_wrong_name_is_refused_before_any_work(self, tmp_path: Any) -> None:
        with pytest.raises(ConfigError, match="backend = 'gcc': must be one of auto, jax, native"):
            li.run(li.config("self-backhaul"), trials=1, store=tmp_path / "store", backend="gcc")
        assert not (tmp_path / "store").exists()
