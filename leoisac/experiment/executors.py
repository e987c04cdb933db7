"""Where tasks are computed: in this process, in worker processes of this machine, or on a Dask cluster.

Light: Dask is imported when workers are asked for. Results come back to this process, which alone writes the store, so
that workers need no common file system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leoisac.experiment.contracts import System
from leoisac.experiment.errors import ClusterError
from leoisac.experiment.scenario import whole_number
from leoisac.foundation.config import ConfigError

if TYPE_CHECKING:
    from leoisac.experiment.runner import Executor

MOST_WORKERS = 4096
FindWith = Callable[[str, Iterable[str]], System]


@dataclass(frozen=True)
class Placement:
    """Where to compute.

    Attributes:
        workers: processes of this machine; 1 for this process alone.
        cluster: address of the scheduler of an existing Dask cluster, ``tcp://host:8786``; empty for this machine.
        find: ``find(name, plugin files) -> System``, a function that workers can import.
        plugins: files that define further systems; on a cluster they must be there under the same path.
        device: ``"cpu"``, ``"gpu"``, or empty for what JAX finds.
    """

    workers: int = 1
    cluster: str = ""
    find: FindWith | None = None
    plugins: tuple[str, ...] = ()
    device: str = ""

    def facts(self) -> dict[str, Any]:
        """What to note in a store."""
        where = {"cluster": self.cluster} if self.cluster else {"workers": self.workers}
        return {**where, **({"device": self.device} if self.device else {})}

    def open(self) -> AbstractContextManager[tuple[Executor | None, int]]:
        """A context in which the workers are there: the executor (None for this process) and how many there are.

        Raises:
            ConfigError: for a number or address that cannot be, or if Dask is not installed.
            ClusterError: if the cluster does not answer.
        """
        if not self.cluster and self.workers == 1:
            return nullcontext((None, 1))
        if self.find is None:
            raise ConfigError("workers: needs `find`, the function by which workers find systems.")
        try:
            from leoisac.experiment.dask_workers import dask_workers
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] == "leoisac":
                raise
            raise ConfigError(
                f'workers: needs {error.name}, not installed here. Install with: pip install "leoisac[cluster]"'
            ) from None
        return dask_workers(self)


def placement(
    workers: int | None = None,
    cluster: str | None = None,
    find: FindWith | None = None,
    plugins: Iterable[str] = (),
    device: str | None = None,
) -> Placement:
    """A checked placement (ConfigError for what cannot be)."""
    if workers is not None and cluster:
        raise ConfigError("workers: has no meaning with a cluster, which has as many as it has.")
    if cluster and "://" not in cluster:
        raise ConfigError(f"cluster = {cluster!r}: must be the address of a scheduler, such as tcp://host:8786.")
    if device not in (None, "", "cpu", "gpu"):
        raise ConfigError(f"device = {device!r}: must be cpu or gpu.")
    number = whole_number("workers", 1 if workers is None else workers, 1, MOST_WORKERS)
    return Placement(number, cluster or "", find, tuple(plugins), device or "")


__all__ = ["ClusterError", "Placement", "placement"]
