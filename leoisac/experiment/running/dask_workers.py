# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportMissingTypeArgument=false
"""Tasks on Dask workers: processes of this machine, or an existing cluster.

A task travels as plain values (names, the configuration as JSON, numbers); the worker finds the system by its name.
Tasks have no side effects, so that Dask may compute one again when its worker dies. After ``MOST_DEATHS`` deaths a task
is a suspect, no more: Dask also counts those that only waited at a worker that died. At the end suspects are tried once
more, scheme by scheme and with nothing else at the workers; the trials of those that are guilty become FAILED rows.
"""

from __future__ import annotations

import functools
import logging
import multiprocessing.spawn as spawning
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import dask.config
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed
from distributed.client import FutureCancelledError

from leoisac.experiment.errors import ClusterError
from leoisac.experiment.running.placement import FindWith, Placement
from leoisac.experiment.running.portions import BlockTask
from leoisac.experiment.running.runner import Executor, compute_block, failed_units
from leoisac.experiment.scenario.routes import scheme_route
from leoisac.experiment.store.units import Unit
from leoisac.experiment.trials.devices import use_device
from leoisac.experiment.trials.provenance import versions
from leoisac.foundation.config import ConfigError, build, fingerprint

MOST_DEATHS = 4
"""Deaths of workers with a task on them after which it is tried alone, and then given up."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "PJRT_NPROC"), "1")
ANSWER_S = 20
_SETTINGS = {
    "distributed.scheduler.allowed-failures": MOST_DEATHS - 1,
    "distributed.comm.timeouts.connect": "60s",
    # Dask samples what its workers do a hundred times a second: a fifth of the time of small compiled steps.
    "distributed.worker.profile.enabled": False,
}
_AHEAD = 2
"""Tasks that wait at every worker, so that none is idle while a result travels."""


@dataclass(frozen=True)
class Parcel:
    """A task as plain values."""

    find: FindWith
    plugins: tuple[str, ...]
    device: str
    versions: Mapping[str, str]
    system: str
    config: Mapping[str, Any]
    fingerprint: str
    seed: int
    first: int
    stop: int
    choices: tuple[tuple[str, str], ...]


@contextmanager
def dask_workers(placement: Placement) -> Generator[tuple[Executor, int]]:
    """The executor of a placement, and how many workers it has now.

    Raises:
        ClusterError: if the cluster does not answer or has no workers.
    """
    with _client(placement) as client:
        threads = _threads(client)

        def execute(tasks: Iterable[BlockTask]) -> Iterator[tuple[BlockTask, Unit]]:
            return _execute(client, placement, tasks)

        yield execute, max(threads, 1)


def compute_parcel(parcel: Parcel) -> list[Unit]:
    """What a worker does.

    Raises:
        ConfigError: if this worker cannot give the same numbers: other versions, or no such system.
    """
    own = versions()
    different = [
        f"{name} {own.get(name)}, not {version}"
        for name, version in parcel.versions.items()
        if own.get(name) != version and name != "platform"
    ]
    if different:
        raise ConfigError(f"a worker has {'; '.join(different)}: results would not be the same. Install the same ones.")
    use_device(parcel.device)
    system = parcel.find(parcel.system, parcel.plugins)
    config = build(system.config, parcel.config)
    if fingerprint(config) != parcel.fingerprint:
        raise ConfigError(f"a worker's `{parcel.system}` has another configuration class: install the same leoisac.")
    choices = tuple(scheme_route(system, scheme, route) for scheme, route in parcel.choices)
    task = BlockTask(system, config, parcel.fingerprint, parcel.seed, parcel.first, parcel.stop, choices)
    return list(compute_block(task))


def _execute(client: Client, placement: Placement, tasks: Iterable[BlockTask]) -> Iterator[tuple[BlockTask, Unit]]:
    """Keeps a few tasks at every worker; those that follow are cut when there is room for them."""
    source = iter(tasks)
    suspects: deque[BlockTask] = deque()
    alone = False
    open_tasks: dict[Future, BlockTask] = {}
    finished = as_completed(loop=client.loop)

    def fill() -> None:
        room = max(_AHEAD * _threads(client), _AHEAD) - len(open_tasks)
        for _, task in zip(range(room), source):
            submit(task)

    def submit(task: BlockTask) -> None:
        future = client.submit(compute_parcel, _parcel(placement, task), pure=False)
        open_tasks[future] = task
        finished.add(future)

    try:
        fill()
        while open_tasks or suspects:
            if not open_tasks:
                alone = True
                submit(suspects.popleft())
            future = next(finished)
            task = open_tasks.pop(future)
            try:
                for unit in _units(future):
                    yield task, unit
            except KilledWorker as error:
                if alone:
                    for unit in failed_units(task, _obituary(error)):
                        yield task, unit
                else:  # neither a scheme nor a neighbour must take others with it
                    suspects.extend(replace(task, choices=(choice,)) for choice in task.choices)
            future.release()
            fill()
    finally:
        if open_tasks:
            client.cancel(list(open_tasks), force=True)


def _threads(client: Client) -> int:
    """Tasks that the workers there are now compute at once."""
    return sum(cast(dict[str, int], client.nthreads()).values())


def _obituary(error: KilledWorker) -> str:
    """What stands in place of a traceback."""
    return f"{error}\n\nEvery worker process that was given these trials died on them; was there enough memory?\n"


def _units(future: Future) -> Iterable[Unit]:
    try:
        return future.result()
    except (FutureCancelledError, OSError, TimeoutError) as error:
        raise ClusterError(
            f"the connection to the workers is lost ({type(error).__name__}: {error}). What was finished before is "
            "kept; run the same again to continue."
        ) from None


def _parcel(placement: Placement, task: BlockTask) -> Parcel:
    assert placement.find is not None
    return Parcel(
        find=placement.find,
        plugins=placement.plugins,
        device=placement.device,
        versions=_own_versions(),
        system=task.system.name,
        config=task.config.model_dump(mode="json"),
        fingerprint=task.fingerprint,
        seed=task.seed,
        first=task.first,
        stop=task.stop,
        choices=tuple((choice.scheme.name, choice.route) for choice in task.choices),
    )


@functools.cache
def _own_versions() -> dict[str, str]:
    return versions()


@contextmanager
def _client(placement: Placement) -> Generator[Client]:
    if placement.cluster:
        try:
            client = Client(placement.cluster, timeout=ANSWER_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise ClusterError(f"cluster {placement.cluster}: does not answer ({error}).") from None
        with client:
            yield client
        return
    with (
        dask.config.set(_SETTINGS),
        _without_main_program(),
        LocalCluster(
            n_workers=placement.workers,
            threads_per_worker=1,
            processes=True,
            env=ONE_THREAD,
            memory_limit=0,
            dashboard_address=cast(str, None),
            scheduler_kwargs={"dashboard_address": ":0"},  # its web server: by default on one port for all campaigns
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@contextmanager
def _without_main_program() -> Generator[None]:
    """Worker processes do not import the main program of this one.

    A script that runs a campaign at its top level, without ``if __name__ == "__main__"``, would otherwise be run again
    by every worker. Workers need nothing of it: tasks name what they use.
    """
    prepare = spawning.get_preparation_data

    def prepare_without_main(name: str) -> dict[str, Any]:
        data = prepare(name)
        return {key: value for key, value in data.items() if "Dask" not in name or not key.startswith("init_main")}

    spawning.get_preparation_data = prepare_without_main
    try:
        yield
    finally:
        spawning.get_preparation_data = prepare
