"""The executor of a placement. Dask is imported when a cluster is asked for.

Results come back to this process, which alone writes the store, so that workers need no common file system.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from leoisac.experiment.running.placement import Placement
from leoisac.experiment.running.runner import Executor
from leoisac.foundation.config import ConfigError


def executor_of(place: Placement) -> AbstractContextManager[tuple[Executor | None, int]]:
    """A context in which the workers are there: the executor (None for this process) and how many there are.

    Raises:
        ConfigError: for a number or address that cannot be, or if Dask is not installed.
        ClusterError: if the cluster does not answer.
    """
    if not place.cluster and place.workers == 1:
        return nullcontext((None, 1))
    if place.find is None:
        raise ConfigError("workers: needs `find`, the function by which workers find systems.")
    if not place.cluster:
        from leoisac.experiment.running.local_workers import local_workers

        return local_workers(place)
    try:
        from leoisac.experiment.running.dask_workers import dask_workers
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "leoisac":
            raise
        raise ConfigError(
            f'cluster: needs {error.name}, not installed here. Install with: pip install "leoisac[cluster]"'
        ) from None
    return dask_workers(place)
