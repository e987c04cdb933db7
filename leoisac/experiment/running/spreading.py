"""One function over independent parts, where a placement says: here, in processes of this machine, or on a cluster.

For work that is no campaign of trials: nothing is stored, results come back in the order of the parts.
"""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.spawn import get_executable
from typing import Any

from leoisac.experiment.errors import ClusterError
from leoisac.experiment.running.placement import Placement

PROGRAM = "import sys, pickle; sys.path[:] = pickle.load(sys.stdin.buffer); from {home} import answer; answer()"


def spread(function: str, parts: Sequence[Any], place: Placement) -> list[Any]:
    """Results of a function for every part, in the order of the parts.

    Args:
        function: ``"module:name"``, which workers import; it takes one part. Parts and results are pickled.
        parts: its arguments.
        place: where. Worker processes do not import the user's main program.

    Raises:
        ClusterError: if a worker or the cluster is lost.
        Exception: what the function raises.
    """
    if place.cluster:
        from leoisac.experiment.running.dask_workers import client_of

        with client_of(place) as connected:
            client: Any = connected
            return client.gather(client.map(_applied, [(function, part) for part in parts], pure=False))
    if place.workers == 1 or len(parts) < 2:
        return [_applied((function, part)) for part in parts]
    with ThreadPoolExecutor(place.workers) as pool:
        return list(pool.map(partial(_in_process, function), parts))


def answer() -> None:
    """What a worker process does: the task on its input, the result on its output."""
    task = pickle.load(sys.stdin.buffer)
    out, sys.stdout = sys.stdout.buffer, sys.stderr  # what is printed is no result
    try:
        found: tuple[bool, Any] = (True, _applied(task))
    except Exception as error:
        found = (False, error)
    pickle.dump(found, out)
    out.flush()


def _applied(task: tuple[str, Any]) -> Any:
    name, part = task
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)(part)


def _in_process(function: str, part: Any) -> Any:
    # Without the folder of the user's program in front (-P), whose files may have the names of Python's own.
    command = [os.fsdecode(get_executable()), "-P", "-c", PROGRAM.format(home=__name__)]
    told = pickle.dumps(sys.path) + pickle.dumps((function, part))
    done = subprocess.run(command, input=told, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise ClusterError(f"a worker process ended with exit status {done.returncode} while computing {function}.")
    fine, found = pickle.loads(done.stdout)
    if not fine:
        raise found
    return found


__all__ = ["answer", "spread"]
