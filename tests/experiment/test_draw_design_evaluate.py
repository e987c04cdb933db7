"""The verbs on arrays: draw, channels, design, evaluate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac.experiment.contracts import System
from leoisac.experiment.trials import blocks
from leoisac.foundation.status import Status

CONFIG = li.config("toy-downlink")


@pytest.fixture(scope="module")
def channels() -> Any:
    return li.draw(CONFIG, seed=1, trials=70)


class TestDraw:
    def test_a_trial_does_not_depend_on_its_company(self, channels: Any) -> None:
        order = np.random.default_rng(0).permutation(70)
        shuffled = li.draw(CONFIG, seed=1, trials=order)
        np.testing.assert_array_equal(shuffled.h_users, channels.h_users[order])
        np.testing.assert_array_equal(li.draw(CONFIG, seed=1, trials=[69]).h_users, channels.h_users[69:])
        np.testing.assert_array_equal(li.draw(CONFIG, seed=1, trials=3).h_users, channels.h_users[:3])

    def test_more_users_keep_the_first_ones(self, channels: Any) -> None:
        more = li.draw(CONFIG.replace(num_users=4), seed=1, trials=3)
        np.testing.assert_array_equal(more.h_users[:, :3], channels.h_users[:3])

    def test_seeds_differ_up_to_the_largest(self) -> None:
        draws = [li.draw(CONFIG, seed=seed, trials=[10_000_000]).h_users for seed in (0, 1, 2**31, 2**32 - 1)]
        assert len({complex(draw[0, 0]) for draw in draws}) == 4

    @pytest.mark.parametrize("trials", [0, -1, 2.5, True, [], [-1], ["a"], [2**40]])
    def test_trials_out_of_range(self, trials: Any) -> None:
        with pytest.raises(li.ConfigError, match="trials"):
            li.draw(CONFIG, trials=trials)

    @pytest.mark.parametrize("seed", [-1, 2**32, 0.5, None])
    def test_seeds_out_of_range(self, seed: Any) -> None:
        with pytest.raises(li.ConfigError, match="seed"):
            li.draw(CONFIG, seed=seed)


class TestChannels:
    def test_round_trip(self, channels: Any) -> None:
        made = li.channels(CONFIG, h_users=channels.h_users, noise_power=channels.noise_power)
        assert type(made) is type(channels)
        np.testing.assert_array_equal(made.h_users, channels.h_users)
        np.testing.assert_array_equal(made.noise_power, channels.noise_power)

    def test_trial_axis_is_added_and_scalars_hold_for_all(self, channels: Any) -> None:
        one = li.channels(CONFIG, h_users=[1, 2, 3], noise_power=2)
        assert one.h_users.shape == (1, 3)
        assert (one.h_users.dtype, one.noise_power.dtype) == (np.complex128, np.float64)
        many = li.channels(CONFIG, h_users=channels.h_users[:5], noise_power=2)
        np.testing.assert_array_equal(many.noise_power, np.full(5, 2.0))

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({"h_user": np.ones(3)}, "Did you mean `h_users`"),
            ({"h_users": np.ones(3)}, r"missing: noise_power \(a number\)"),
            ({"h_users": np.ones(2), "noise_power": 1.0}, r"axis `user` has 2 .* says 3 \(num_users=3\)"),
            ({"h_users": np.ones((2, 2, 3)), "noise_power": 1.0}, r"has 3 axes .* expected \(user\)"),
            ({"h_users": np.ones((2, 3)), "noise_power": np.ones(3)}, "number of trials .* h_users 2, noise_power 3"),
            ({"h_users": np.ones((0, 3)), "noise_power": 1.0}, "h_users: has no trials"),
            ({"h_users": np.ones(3, np.complex64), "noise_power": 1.0}, r"h_users: complex64 .*astype\('complex128'\)"),
            ({"h_users": np.ones(3), "noise_power": np.float32(1)}, r"noise_power: float32 .*astype\('float64'\)"),
            ({"h_users": np.ones(3), "noise_power": 1j}, "noise_power: must be real"),
            ({"h_users": [1, np.nan, 3], "noise_power": 1.0}, r"1 of 3 entries are NaN .* the first at \[1\]"),
            ({"h_users": [1, np.inf, 3], "noise_power": 1.0}, "NaN or infinite"),
            ({"h_users": "abc", "noise_power": 1.0}, "must hold numbers"),
            ({"h_users": [[1, 2], [3]], "noise_power": 1.0}, "is not an array"),
        ],
    )
    def test_mistakes(self, arrays: dict[str, Any], message: str) -> None:
        with pytest.raises(li.ChannelError, match=message):
            li.channels(CONFIG, **arrays)

    def test_channels_of_another_configuration(self, channels: Any) -> None:
        with pytest.raises(li.ChannelError, match="axis `user` has 3 entries, the configuration says 4"):
            li.design(CONFIG.replace(num_users=4), channels, "fill")
        with pytest.raises(li.ChannelError, match="dict are not channels"):
            li.evaluate(CONFIG, {"h_users": 3}, None)
        single = type(channels)(channels.h_users[0], channels.noise_power[0])
        with pytest.raises(li.ChannelError, match="h_users: has no trial axis"):
            li.design(CONFIG, single, "fill")


class TestDesign:
    def test_routes_agree(self, channels: Any) -> None:
        fast = li.design(CONFIG, channels, "fill")
        witness = li.design(CONFIG, channels, "fill", route="reference")
        np.testing.assert_allclose(fast.value.powers, witness.value.powers, rtol=1e-12, atol=1e-12)

    def test_single_equals_batch(self, channels: Any) -> None:
        batch = li.design(CONFIG, channels, "fill")
        one = li.design(CONFIG, li.draw(CONFIG, seed=1, trials=[69]), "fill")
        np.testing.assert_array_equal(one.value.powers, batch.value.powers[69:])

    def test_evaluate_takes_design_or_solution(self, channels: Any) -> None:
        solution = li.design(CONFIG, channels, "fill")
        metrics = li.evaluate(CONFIG, channels, solution.value)
        np.testing.assert_array_equal(metrics["sum_rate"], li.evaluate(CONFIG, channels, solution)["sum_rate"])
        np.testing.assert_allclose(metrics["sum_rate"], solution.objective, rtol=1e-12)
        assert metrics["rate"].shape == (70, 3)

    def test_throw(self, channels: Any) -> None:
        li.design(CONFIG, channels, "fill", throw=True)
        with pytest.raises(li.DesignError, match=r"70 of 70 trials .*\nINFEASIBLE \(trials 0, 1.*, …\): No design"):
            li.design(CONFIG.replace(min_rate=100.0), channels, "equal", throw=True)

    def test_options_that_nobody_takes(self, channels: Any) -> None:
        with pytest.raises(li.ConfigError, match="association: scheme `fill` takes no such option"):
            li.design(CONFIG, channels, "fill", association=1)

    def test_options_go_to_the_solver(self, channels: Any, toy: System, monkeypatch: pytest.MonkeyPatch) -> None:
        import leoisac_plugin_toy_system as module  # type: ignore[import-not-found]

        given: list[float] = []

        def solver(parameters: Any, batch: Any, backoff: float = 0.0) -> Any:
            given.append(backoff)
            return module.fill(parameters, batch)

        monkeypatch.setattr(module, "equal", solver)
        li.design(CONFIG, channels, "equal", backoff=0.5)
        assert given == [0.5]
        with pytest.raises(li.ConfigError, match="Did you mean `backoff`"):
            li.design(CONFIG, channels, "equal", backof=0.5)

    def test_schemes_describe_themselves(self) -> None:
        assert [scheme.name for scheme in li.schemes(CONFIG)] == ["fill", "equal", "odd"]
        assert li.schemes("toy-downlink") == li.schemes(CONFIG)


def test_metrics_must_be_declared(toy: System) -> None:
    with pytest.raises(ValueError, match="returned `strange`, which"):
        blocks._check_metrics(toy, {"strange": np.ones(3)})
    with pytest.raises(ValueError, match="declared axes"):
        blocks._check_metrics(toy, {"rate": np.ones(3)})


def test_a_power_sweep_compiles_once(toy: System) -> None:
    """Parameters enter compiled programs as numbers: new values of them compile nothing."""
    import leoisac_plugin_toy_system as module  # type: ignore[import-not-found]

    counters = [blocks.drawing(toy), blocks.evaluation(toy), module.fill, module.equal]

    def sweep(powers: list[float], losses: list[float]) -> None:
        grid = {"transmit_power_dbw": powers, "noise_power_dbw": losses}
        li.run(CONFIG.replace(num_users=5), ["fill", "equal"], grid, trials=3)

    before = [counter.compilations() for counter in counters]
    sweep([0.0], [0.0])
    once = [counter.compilations() for counter in counters]
    assert [later - earlier for later, earlier in zip(once, before)] == [1, 1, 1, 1]
    sweep([1.0, 2.0, 3.0], [-1.0, 1.0])
    assert [counter.compilations() for counter in counters] == once


def test_geometry_is_prepared_once_per_configuration(toy: System, monkeypatch: pytest.MonkeyPatch) -> None:
    import leoisac_plugin_toy_system as module  # type: ignore[import-not-found]

    calls: list[Any] = []
    prepare = module.prepare
    monkeypatch.setattr(module, "prepare", lambda config: calls.append(config) or prepare(config))
    config = CONFIG.replace(noise_power_dbw=-3.25)
    li.run(config, ["fill", "equal"], trials=130, unit_trials=64)
    li.draw(config, trials=2)
    assert len(calls) == 1


def test_status_of_every_kind_is_known() -> None:
    assert all(Status(code).advice.endswith(".") for code in range(6))
