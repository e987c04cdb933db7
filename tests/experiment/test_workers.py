"""Workers: an existing cluster, what they refuse, and work that kills them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import System
from leoisac.experiment.running.placement import Placement, placement
from leoisac.experiment.running.portions import Portions
from leoisac.experiment.running.runner import compute_block, plan
from leoisac.experiment.scenario.scenarios import scenario
from leoisac.experiment.store.targets import targets
from leoisac.experiment.store.units import MemoryStore
from leoisac.foundation.status import Status

dask_workers = pytest.importorskip("leoisac.experiment.running.dask_workers")
CONFIG = li.config("toy-downlink")
SWEEP = {"transmit_power_dbw": [0.0, 10.0]}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A scheduler and a worker in threads of this process, reached over TCP like any other."""
    from distributed import LocalCluster

    with (
        warnings.catch_warnings(),
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": ":0"},  # other tests' clusters may have the usual port
        ) as cluster,
    ):
        yield cluster.scheduler_address


class TestCluster:
    def test_the_same_numbers(self, address: str, tmp_path: Path) -> None:
        whole = li.run(CONFIG, ["fill", "equal"], SWEEP, trials=70)
        data = li.run(CONFIG, ["fill", "equal"], SWEEP, trials=70, cluster=address, store=tmp_path / "s")
        assert data.identical(whole)
        manifest = json.loads((tmp_path / "s/manifest.json").read_text())
        assert manifest["sessions"][0]["cluster"] == address

    def test_rules_go_on_in_rounds(self, address: str) -> None:
        rule: dict[str, Any] = {"trials": 20, "until": "ci(sum_rate) < 8%"}
        whole = li.run(CONFIG, ["fill"], SWEEP, **rule)
        assert whole.sizes["trial"] > 20
        assert li.run(CONFIG, ["fill"], SWEEP, cluster=address, **rule).identical(whole)

    def test_other_versions_are_refused(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dask_workers, "_own_versions", lambda: {"jax": "0.1"})
        with pytest.raises(li.ConfigError, match=r"a worker has jax .*, not 0\.1: results would not be the same"):
            li.run(CONFIG, ["fill"], trials=2, cluster=address)

    def test_a_scheme_that_raises_is_rows(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        import leoisac_plugin_toy_system as module  # type: ignore[import-not-found]

        monkeypatch.setattr(module, "equal", module.broken)
        data = li.run(CONFIG, ["equal", "fill"], trials=5, cluster=address)
        assert (data["status"].sel(scheme="equal") == int(Status.FAILED)).all()
        assert (data["status"].sel(scheme="fill") == int(Status.CONVERGED)).all()
        assert "the solver that always fails" in json.loads(data.attrs["failures"])[0]["traceback"]

    def test_one_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dask_workers, "ANSWER_S", 0.2)
        with pytest.raises(li.ClusterError, match=r"cluster tcp://127\.0\.0\.1:9: does not answer"):
            li.run(CONFIG, ["fill"], trials=2, cluster="tcp://127.0.0.1:9")


class TestPlacement:
    def test_facts(self) -> None:
        assert placement().facts() == {"workers": 1}
        assert placement(3, device="cpu").facts() == {"workers": 3, "device": "cpu"}
        assert placement(cluster="tcp://a:1").facts() == {"cluster": "tcp://a:1"}

    @pytest.mark.parametrize("workers", [0, -1, 1.5, True, 5000])
    def test_numbers_of_workers(self, workers: Any) -> None:
        with pytest.raises(li.ConfigError, match="workers"):
            placement(workers)

    def test_one_worker_is_this_process(self) -> None:
        with Placement(1).open() as (executor, workers):
            assert (executor, workers) == (None, 1)

    def test_a_package_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import builtins

        real = builtins.__import__

        def without(name: str, *rest: Any) -> Any:
            if name == "leoisac.experiment.running.dask_workers":
                raise ModuleNotFoundError("none", name="distributed")
            return real(name, *rest)

        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(li.ConfigError, match=r'pip install "leoisac\[cluster\]"'):
            Placement(2, find=catalogue.find_with).open()


def blocks(toy: System, trials: int, points: int = 2) -> list[Any]:
    item = scenario(toy, CONFIG, ["fill"], {"transmit_power_dbw": list(range(points))}, trials=trials)
    return plan(toy, targets(toy, [item], MemoryStore()), MemoryStore())


class TestPortions:
    def hand_out(self, portions: Portions, seconds_per_trial: float, extra_bytes: int = 0) -> list[tuple[int, int]]:
        sizes: list[tuple[int, int]] = []
        for task in portions:
            (unit,) = compute_block(replace(task, stop=task.first + 1))
            arrays = {"status": np.zeros((task.stop - task.first, 1 + extra_bytes), np.int8)}
            seconds = seconds_per_trial * (task.stop - task.first)
            portions.note(task, replace(unit, first=task.first, stop=task.stop, seconds=seconds, arrays=arrays))
            sizes.append((task.first, task.stop))
        return sizes

    def test_slow_ones_stay_small(self, toy: System) -> None:
        sizes = self.hand_out(Portions(blocks(toy, 256)), seconds_per_trial=1.0)
        assert {stop - first for first, stop in sizes} == {64}

    def test_quick_ones_grow_to_the_target(self, toy: System) -> None:
        sizes = self.hand_out(Portions(blocks(toy, 6400, points=1)), seconds_per_trial=1e-3)
        assert sizes[0] == (0, 64)
        assert max(stop - first for first, stop in sizes) == 1984  # 31 blocks, at most 2 s
        assert sizes[-1][1] == 6400
        assert [first for first, _ in sizes[1:]] == [stop for _, stop in sizes[:-1]]

    def test_large_results_keep_them_small(self, toy: System) -> None:
        sizes = self.hand_out(Portions(blocks(toy, 1280, points=1)), 1e-6, extra_bytes=200_000)
        assert max(stop - first for first, stop in sizes) == 320

    def test_workers_share_the_end(self, toy: System) -> None:
        sizes = self.hand_out(Portions(blocks(toy, 6400, points=1), workers=4), seconds_per_trial=1e-6)
        lengths = [stop - first for first, stop in sizes]
        assert lengths[1] <= 6400 / 8
        assert lengths[-1] == 64

    def test_fixed_ones_stay_as_they_are(self, toy: System) -> None:
        sizes = self.hand_out(Portions(blocks(toy, 256), may_grow=False), seconds_per_trial=1e-6)
        assert len(sizes) == 8


@pytest.mark.slow
def test_a_scheme_that_kills_its_workers_is_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up after a bounded number of deaths, and takes no other scheme with it."""
    for kept in ("_plugins", "_plugin_files"):
        monkeypatch.setattr(catalogue, kept, dict(getattr(catalogue, kept)))
    catalogue.load_plugin(Path(__file__).with_name("deadly_toy.py"))
    monkeypatch.setattr(dask_workers, "MOST_DEATHS", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = li.run(li.config("deadly-downlink"), ["deadly", "equal"], trials=10, workers=2)
    assert (data["status"].sel(scheme="deadly") == int(Status.FAILED)).all()
    assert (data["status"].sel(scheme="equal") != int(Status.FAILED)).all()
    (failure,) = json.loads(data.attrs["failures"])
    assert "died on them" in failure["traceback"]
