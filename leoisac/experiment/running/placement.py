"""Where a campaign is to be computed: in this process, in worker processes, or on a Dask cluster. Light."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leoisac.experiment.contracts import System
from leoisac.experiment.scenario.scenarios import whole_number
from leoisac.foundation.config import ConfigError

MOST_WORKERS = 4096
WAIT_WORKERS_S = 60.0
"""Without any worker of a cluster."""
WAIT_PROCESSES_S = 600.0
"""Without any of this machine's own: one sees these die, and where it is busy they take minutes to start."""
FindWith = Callable[[str, Iterable[str]], System]


@dataclass(frozen=True)
class Certificates:
    """Files by which a cluster knows that it may trust this process, and the other way round (TLS, PEM format).

    Attributes:
        ca: certificate of the authority that signed those of scheduler, workers and clients.
        certificate, key: of this process.
    """

    ca: str
    certificate: str
    key: str


@dataclass(frozen=True)
class Placement:
    """Where to compute.

    Attributes:
        workers: processes of this machine; 1 for this process alone.
        cluster: address of the scheduler of an existing Dask cluster, ``tcp://host:8786``; empty for this machine.
        find: ``find(name, plugin files) -> System``, a function that workers can import.
        plugins: files that define further systems; on a cluster they must be there under the same path.
        device: ``"cpu"``, ``"gpu"``, or empty for what JAX finds.
        wait_workers: seconds without any worker after which the run ends with a ClusterError.
        backend: of the engine: ``"auto"``, ``"jax"`` or ``"native"`` (see ``foundation.backend``).
        security: ``Certificates``, or a ``distributed.Security``, for a cluster of address ``tls://host:8786``; what
            Dask's configuration says when None.
    """

    workers: int = 1
    cluster: str = ""
    find: FindWith | None = None
    plugins: tuple[str, ...] = ()
    device: str = ""
    wait_workers: float = WAIT_PROCESSES_S
    security: Any = None
    backend: str = "auto"

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
    wait_workers: float | None = None,
    security: Any = None,
    backend: str | None = None,
) -> Placement:
    """A checked placement (ConfigError for what cannot be)."""
    if workers is not None and cluster:
        raise ConfigError("workers: has no meaning with a cluster, which has as many as it has.")
    if cluster and "://" not in cluster:
        raise ConfigError(f"cluster = {cluster!r}: must be the address of a scheduler, such as tcp://host:8786.")
    if device not in (None, "", "cpu", "gpu"):
        raise ConfigError(f"device = {device!r}: must be cpu or gpu.")
    if backend not in (None, "", "auto", "jax", "native"):
        raise ConfigError(f"backend = {backend!r}: must be one of auto, jax, native.")
    number = whole_number("workers", 1 if workers is None else workers, 1, MOST_WORKERS)
    _check_security(cluster or "", security)
    wait = _wait(wait_workers, WAIT_WORKERS_S if cluster else WAIT_PROCESSES_S)
    return Placement(number, cluster or "", find, tuple(plugins), device or "", wait, security, backend or "auto")


def _wait(seconds: Any, otherwise: float) -> float:
    if seconds is None:
        return otherwise
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise ConfigError(f"wait_workers = {seconds!r}: must be a number of seconds above 0.")
    return float(seconds)


def _check_security(cluster: str, security: Any) -> None:
    if security is None:
        return
    if not cluster.startswith("tls://"):
        raise ConfigError(
            f"security: encrypts the way to a cluster whose address begins with tls://, not cluster = {cluster!r}."
        )
    if isinstance(security, Certificates):
        for name, file in (("ca", security.ca), ("certificate", security.certificate), ("key", security.key)):
            if not Path(file).is_file():
                raise ConfigError(f"security: there is no file {file!r} ({name}, in PEM format).")
