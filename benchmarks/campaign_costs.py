"""What campaigns cost beside their designs: overhead of the engine, speed and start of two workers, memory.

``python benchmarks/campaign_costs.py overhead|workers|startup|memory [--system S --scheme A --trials N]``; figures are
kept in ``benchmarks/history/campaign-costs.json``. Overhead is of processor time, memory the peak of the process, which
the load of a shared machine hardly changes; ``workers`` and ``startup`` compare wall-clock times and want a quiet
machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.trials.blocks import design_trials, draw_trials, evaluate_trials
from leoisac.experiment.trials.judge import judge
from leoisac.experiment.trials.provenance import machine

TOY = Path(__file__).parents[1] / "tests/experiment/toy_system.py"
HISTORY = Path(__file__).parent / "history/campaign-costs.json"


def overhead(config: Any, scheme: str, trials: int, repeats: int = 3) -> dict[str, Any]:
    """Processor time of ``run`` with a store against draw, design, evaluation and judgement alone, compiled before."""
    system = catalogue.system_of(config)

    def bare() -> None:
        channels = draw_trials(system, config, 0, trials)
        solution = design_trials(system, config, channels, scheme)
        judge(
            system.scheme(scheme),
            solution,
            evaluate_trials(system, config, channels, solution.value),
            system.tolerance,
        )

    def campaign(folder: str) -> None:
        li.run(config, [scheme], trials=trials, store=folder)

    with tempfile.TemporaryDirectory() as place:
        bare()
        campaign(f"{place}/warm")
        alone, engine = [], []
        for repeat in range(repeats):
            alone.append(_processor_time(bare))
            engine.append(_processor_time(lambda repeat=repeat: campaign(f"{place}/{repeat}")))
    return {"trials": trials, "alone_s": min(alone), "run_s": min(engine), "overhead": min(engine) / min(alone) - 1}


def workers(config: Any, scheme: str, trials: int) -> dict[str, Any]:
    """Wall-clock time of this process and of two workers; both have compiled before."""
    from leoisac.experiment.running.executors import executor_of
    from leoisac.experiment.running.placement import placement
    from leoisac.experiment.running.runner import compute
    from leoisac.experiment.scenario.scenarios import scenario
    from leoisac.experiment.store.units import MemoryStore

    system = catalogue.system_of(config)
    seconds: dict[int, float] = {}
    for number in (1, 2):
        place = placement(number, None, catalogue.find_with, catalogue.plugin_files())
        with executor_of(place) as (executor, threads):
            warm = scenario(system, config, [scheme], trials=256, seed=1)
            compute(system, [warm], MemoryStore(), unit_trials=64, executor=executor, workers=threads)
            study = scenario(system, config, [scheme], trials=trials)
            start = time.perf_counter()
            compute(system, [study], MemoryStore(), executor=executor, workers=threads)
            seconds[number] = time.perf_counter() - start
    return {"trials": trials, "one_s": seconds[1], "two_s": seconds[2], "ratio": seconds[1] / seconds[2]}


def startup(config: Any, scheme: str, trials: int) -> dict[str, Any]:
    """Seconds from asking for two workers to the end of a first campaign: pools of Dask's and of ours, in turns.

    Of the clock, and of all processors together.
    """
    run: Any = {"trials": trials, "unit_trials": 1}

    def dask() -> float:
        with local_dask_cluster() as address:
            li.run(config, [scheme], cluster=address, **run)
            return time.perf_counter()  # closing it does not count, but for its processor time

    def ours() -> float:
        li.run(config, [scheme], workers=2, **run)
        return time.perf_counter()

    li.run(config, [scheme], **run)  # this process has imported and compiled what it needs
    seconds: dict[str, list[float]] = {}
    for _ in range(3):
        for pool in (dask, ours):
            clock, processor = time.perf_counter(), _processor_time_of_all()
            seconds.setdefault(f"{pool.__name__}_s", []).append(pool() - clock)
            seconds.setdefault(f"{pool.__name__}_processor_s", []).append(_processor_time_of_all() - processor)
    return {"trials": trials, **{name: sorted(values)[1] for name, values in seconds.items()}, "all": seconds}


@contextmanager
def local_dask_cluster() -> Iterator[str]:
    """Two worker processes of Dask's, as ``--workers 2`` had them before it had its own."""
    import dask.config
    from distributed import LocalCluster

    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    web: Any = {"dashboard_address": None, "scheduler_kwargs": {"dashboard_address": "localhost:0"}}
    with (
        dask.config.set({"distributed.worker.profile.enabled": False}),
        LocalCluster(n_workers=2, threads_per_worker=1, env=one_thread, memory_limit=0, **web) as cluster,
    ):
        yield str(cast(Any, cluster).scheduler_address)


def memory(config: Any, scheme: str, trials: int) -> dict[str, Any]:
    """Peak memory of this process after a campaign with a store."""
    with tempfile.TemporaryDirectory() as place:
        start = time.process_time()
        data = li.run(config, [scheme], trials=trials, store=place)
        files = sum(1 for _ in Path(place).rglob("*.npz"))
        size = sum(file.stat().st_size for file in Path(place).rglob("*.npz"))
    return {
        "trials": trials,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "dataset_gib": data.nbytes / 2**30,
        "units": files,
        "store_mib": size / 2**20,
        "processor_s": time.process_time() - start,
    }


def _processor_time(function: Any) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def _processor_time_of_all() -> float:
    """Of this process and of those that it has started and that have ended."""
    return sum(os.times()[:4])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["overhead", "workers", "startup", "memory"])
    parser.add_argument("--system", default="self-backhaul")
    parser.add_argument("--scheme", default="das")
    parser.add_argument("--trials", type=int, default=0)
    options = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    catalogue.load_plugin(TOY)
    trials = options.trials or {"overhead": 2000, "workers": 2000, "startup": 2, "memory": 100_000}[options.what]
    figures = getattr(sys.modules[__name__], options.what)(li.config(options.system), options.scheme, trials)
    print(json.dumps(figures, indent=1))
    record = json.loads(HISTORY.read_text()) if HISTORY.exists() else {}
    record.setdefault(options.what, {})[f"{options.system}:{options.scheme}"] = {**figures, "machine": machine()}
    HISTORY.parent.mkdir(parents=True, exist_ok=True)
    HISTORY.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
