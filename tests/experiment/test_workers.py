"""Workers: processes of this machine and an existing cluster, what they refuse, that they end, work that kills them."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import System
from leoisac.experiment.running import agenda as agendas
from leoisac.experiment.running import local_workers, parcels
from leoisac.experiment.running.agenda import Agenda
from leoisac.experiment.running.executors import executor_of
from leoisac.experiment.running.placement import Certificates, Placement, placement
from leoisac.experiment.running.portions import Portions
from leoisac.experiment.running.runner import compute_block, plan
from leoisac.experiment.scenario.scenarios import scenario
from leoisac.experiment.store.targets import targets
from leoisac.experiment.store.units import MemoryStore
from leoisac.foundation.status import Status

sys.path.insert(0, str(Path(__file__).parent))

import open_sockets
from certificates import certificates

CONFIG = li.config("toy-downlink")
SWEEP = {"transmit_power_dbw": [0.0, 10.0]}


@contextmanager
def cluster_in_threads(workers: int = 1, **options: Any) -> Iterator[Any]:
    """A scheduler and workers in threads of this process, reached over TCP like any other."""
    distributed = pytest.importorskip("distributed")
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=False,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": ":0"},  # other tests' clusters may have the usual port
            **{"protocol": "tcp", **options},
        ) as cluster,
    ):
        yield cluster


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with cluster_in_threads() as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def dask_workers(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = pytest.importorskip("leoisac.experiment.running.dask_workers")
    monkeypatch.setattr(module, "LOOK_S", 0.1)
    return module


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
        monkeypatch.setattr(parcels, "own_versions", lambda: {"jax": "0.1"})
        with pytest.raises(li.ConfigError, match=r"a worker has jax .*, not 0\.1: results would not be the same"):
            li.run(CONFIG, ["fill"], trials=2, cluster=address)

    def test_a_scheme_that_raises_is_rows(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        import leoisac_plugin_toy_system as module  # type: ignore[import-not-found]

        monkeypatch.setattr(module, "equal", module.broken)
        data = li.run(CONFIG, ["equal", "fill"], trials=5, cluster=address)
        assert (data["status"].sel(scheme="equal") == int(Status.FAILED)).all()
        assert (data["status"].sel(scheme="fill") == int(Status.CONVERGED)).all()
        assert "the solver that always fails" in json.loads(data.attrs["failures"])[0]["traceback"]

    def test_one_that_does_not_answer(self, dask_workers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dask_workers, "ANSWER_S", 0.2)
        with pytest.raises(li.ClusterError, match=r"cluster tcp://127\.0\.0\.1:9: does not answer"):
            li.run(CONFIG, ["fill"], trials=2, cluster="tcp://127.0.0.1:9")

    @pytest.mark.usefixtures("dask_workers")
    def test_without_workers(self, tmp_path: Path) -> None:
        message = r"has no workers, since 0\.3 s .* Finished before: 0 of 2 trials\. They are kept in .*s; run the same"
        with cluster_in_threads(0) as cluster, pytest.raises(li.ClusterError, match=message):
            li.run(
                CONFIG, ["fill"], trials=2, cluster=cluster.scheduler_address, wait_workers=0.3, store=tmp_path / "s"
            )

    @pytest.mark.usefixtures("dask_workers")
    def test_workers_that_all_leave(self) -> None:
        """In the middle of the run, with results and tasks."""

        def leave(state: Any) -> None:
            if state.computed:
                cluster.scale(0)
                cluster.sync(cluster._correct_state)

        with (
            cluster_in_threads() as cluster,
            pytest.raises(li.ClusterError, match=r"Finished before: [1-9]\d* of 1280 "),
        ):
            li.run(
                CONFIG,
                ["fill"],
                {"transmit_power_dbw": list(range(10))},
                trials=128,
                unit_trials=8,
                cluster=cluster.scheduler_address,
                progress=leave,
                wait_workers=0.3,
            )

    @pytest.mark.usefixtures("dask_workers")
    def test_a_result_that_nobody_reports(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        from distributed import Future

        whole = li.run(CONFIG, ["fill"], trials=70)
        monkeypatch.setattr(Future, "add_done_callback", lambda self, function: None)
        assert li.run(CONFIG, ["fill"], trials=70, cluster=address).identical(whole)

    def test_encrypted(self, tmp_path: Path, dask_workers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Certificates of both sides; without them nobody gets in."""
        security = pytest.importorskip("distributed").Security(**certificates(tmp_path))
        with cluster_in_threads(protocol="tls", security=security) as cluster:
            address = cluster.scheduler_address
            assert address.startswith("tls://")
            data = li.run(CONFIG, ["fill"], trials=3, cluster=address, security=security)
            files = Certificates(*(str(tmp_path / name) for name in ("c.pem", "c.pem", "k.pem")))
            with executor_of(placement(None, address, catalogue.find_with, security=files)) as (_, workers):
                assert workers == 1
            with pytest.raises(li.ConfigError, match=r"cluster = 'tls://.*: needs certificates: --tls-ca-file"):
                li.run(CONFIG, ["fill"], trials=3, cluster=address)
            (tmp_path / "other").mkdir()
            monkeypatch.setattr(dask_workers, "ANSWER_S", 0.2)
            foreign = pytest.importorskip("distributed").Security(**certificates(tmp_path / "other"))
            with pytest.raises(li.ClusterError, match="does not answer"):
                li.run(CONFIG, ["fill"], trials=3, cluster=address, security=foreign)
        assert data.identical(li.run(CONFIG, ["fill"], trials=3))


class TestProcesses:
    """Workers of this machine that are in trouble; how they work is held by ``test_chaos``."""

    def run(self, **options: Any) -> Any:
        return li.run(CONFIG, ["fill"], trials=2, workers=2, **options)

    def test_none_that_starts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(local_workers, "PROGRAM", "raise SystemExit(3)")
        with pytest.raises(li.ClusterError, match=r"cannot be started \(the last one ended with exit status 3\)\. Fin"):
            self.run()

    def test_none_that_is_ready_in_time(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(local_workers, "PROGRAM", "import time; time.sleep(600)  # worker_process")
        monkeypatch.setattr(local_workers, "LOOK_S", 0.1)
        with pytest.raises(li.ClusterError, match=r"no worker process was ready after 0\.3 s.*0 of 2 trials.* kept in"):
            self.run(wait_workers=0.3, store=tmp_path / "s")
        assert not open_sockets.workers_of(os.getpid())

    def test_too_few_descriptors(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.open(os.devnull, os.O_RDONLY)
        os.close(free)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, hard))
            with pytest.raises(li.ClusterError, match=r"0 processes could be started, and then: Too many open files\."):
                self.run()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    @pytest.mark.slow
    def test_they_end_with_the_program_that_started_them(self, tmp_path: Path) -> None:
        """Killed without a word; it is a script without a guard, which they must not run again."""
        script = tmp_path / "script.py"
        script.write_text(
            "import leoisac as li\nfrom leoisac import catalogue\n"
            f"catalogue.load_plugin({str(Path(__file__).with_name('toy_system.py'))!r})\n"
            "print('run', flush=True)\n"
            "li.run(li.config('toy-downlink'), ['fill'], trials=10**7, workers=2, unit_trials=64)\n"
        )
        with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            wait_until(lambda: len(open_sockets.workers_of(program.pid)) == 2)
            workers = open_sockets.workers_of(program.pid)
            time.sleep(0.2)
            program.kill()
            assert program.stdout.read() == "run\n"
        wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def wait_until(condition: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)


class TestPlacement:
    def test_facts(self) -> None:
        assert placement().facts() == {"workers": 1}
        assert placement(3, device="cpu").facts() == {"workers": 3, "device": "cpu"}
        assert placement(cluster="tcp://a:1").facts() == {"cluster": "tcp://a:1"}

    @pytest.mark.parametrize("workers", [0, -1, 1.5, True, 5000])
    def test_numbers_of_workers(self, workers: Any) -> None:
        with pytest.raises(li.ConfigError, match="workers"):
            placement(workers)

    @pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf"), True, "60"])
    def test_seconds_to_wait(self, seconds: Any) -> None:
        with pytest.raises(li.ConfigError, match=r"wait_workers = .*: must be a number of seconds above 0"):
            placement(wait_workers=seconds)

    def test_a_busy_machine_is_waited_for_longer_than_a_cluster(self) -> None:
        assert (placement(2).wait_workers, placement(cluster="tcp://a:1").wait_workers) == (600.0, 60.0)
        assert placement(2, wait_workers=5).wait_workers == 5.0

    def test_certificates(self, tmp_path: Path) -> None:
        files = Certificates(*(str(tmp_path / name) for name in ("ca.pem", "c.pem", "k.pem")))
        with pytest.raises(li.ConfigError, match=r"begins with tls://, not cluster = 'tcp://a:1'"):
            placement(cluster="tcp://a:1", security=files)
        with pytest.raises(li.ConfigError, match=r"there is no file '.*ca\.pem' \(ca, in PEM format\)"):
            placement(cluster="tls://a:1", security=files)

    def test_one_worker_is_this_process(self) -> None:
        with executor_of(Placement(1)) as (executor, workers):
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
            executor_of(Placement(cluster="tcp://a:1", find=catalogue.find_with))


def blocks(toy: System, trials: int, points: int = 2, schemes: tuple[str, ...] = ("fill",)) -> list[Any]:
    item = scenario(toy, CONFIG, schemes, {"transmit_power_dbw": list(range(points))}, trials=trials)
    return plan(toy, targets(toy, [item], MemoryStore()), MemoryStore())


class TestAgenda:
    def test_deaths(self, toy: System) -> None:
        """Together, by itself, alone; then it is given up, and nothing else is."""
        (task,) = blocks(toy, 8, points=1, schemes=("fill", "equal"))
        agenda = Agenda([task])
        assert agenda.left(busy=False)
        assert not list(agenda.died(agenda.next(), 1, "killed"))
        assert agenda.left(busy=False)
        guilty, other = agenda.next(), agenda.next()
        assert [len(part.choices) for part in (guilty, other)] == [1, 1]
        assert not list(agenda.died(guilty, agendas.MOST_DEATHS - 1, "killed"))
        assert not agenda.left(busy=True)
        agenda.done(other)
        assert agenda.left(busy=False)
        assert agenda.next() == guilty
        assert not agenda.left(busy=False)  # nothing beside it
        (unit,) = agenda.died(guilty, 1, "ended by SIGKILL")
        assert "3 worker processes that were given these trials died on them" in unit.traceback
        assert "SIGKILL" in unit.traceback
        assert not agenda.left(busy=False)

    def test_one_that_was_innocent(self, toy: System) -> None:
        task, other = blocks(toy, 8, points=2)
        agenda = Agenda([task, other])
        assert agenda.left(busy=False)
        assert not list(agenda.died(agenda.next(), agendas.MOST_DEATHS, ""))
        assert agenda.left(busy=False)
        assert agenda.next() == other
        agenda.done(other)
        assert agenda.left(busy=False)
        agenda.done(agenda.next())
        assert not agenda.left(busy=False)


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
    for kept in ("_plugins", "_plugin_files", "_schemes"):
        monkeypatch.setattr(catalogue, kept, dict(getattr(catalogue, kept)))
    catalogue.load_plugin(Path(__file__).with_name("deadly_toy.py"))
    monkeypatch.setattr(agendas, "MOST_DEATHS", 1)
    data = li.run(li.config("deadly-downlink"), ["deadly", "equal"], trials=10, workers=2)
    assert (data["status"].sel(scheme="deadly") == int(Status.FAILED)).all()
    assert (data["status"].sel(scheme="equal") != int(Status.FAILED)).all()
    (failure,) = json.loads(data.attrs["failures"])
    assert "died on them" in failure["traceback"]
