"""Where a campaign is to be computed: in this process, in worker processes, or on a Dask cluster. Light."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from leoisac.experiment.contracts import System
from leoisac.experiment.scenario.scenarios import whole_number
from leoisac.foundation.config import ConfigError

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
