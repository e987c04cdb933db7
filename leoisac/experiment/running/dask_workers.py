# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportMissingTypeArgument=false
"""Tasks on the workers of an existing Dask cluster.

Every wait here ends after a while, for a look at the cluster: workers leave, and results leave with them. When nothing
has been at work on the cluster for ``placement.wait_workers`` seconds, the run ends with a ``ClusterError``.
"""

from __future__ import annotations

import queue
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from distributed import Client, Future, KilledWorker, Security
from distributed.client import FutureCancelledError

from leoisac.experiment.errors import ClusterError
from leoisac.experiment.running.agenda import MOST_DEATHS, Agenda, Patience
from leoisac.experiment.running.parcels import compute_parcel, parcel_of
from leoisac.experiment.running.placement import Certificates, Placement
from leoisac.experiment.running.portions import BlockTask
from leoisac.experiment.running.runner import Executor
from leoisac.experiment.store.units import Unit
from leoisac.foundation.config import ConfigError

ANSWER_S = 20.0
"""How long the scheduler may take to answer."""
LOOK_S = 1.0
_AHEAD = 2
"""Tasks that wait at every worker, so that none is idle while a result travels."""


@contextmanager
def dask_workers(placement: Placement) -> Generator[tuple[Executor, int]]:
    """The executor of a placement, and how many workers it has now.

    Raises:
        ClusterError: if the cluster does not answer; from the executor, if it has no workers.
    """
    with client_of(placement) as client:
        cluster = _Cluster(client, placement)
        yield cluster.execute, max(cluster.threads(), 1)


class _Cluster:
    """Keeps a few tasks at every worker; those that follow are cut when there is room for them."""

    def __init__(self, client: Client, placement: Placement) -> None:
        self._client = client
        self._placement = placement
        self._open: dict[Future, BlockTask] = {}
        self._finished: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._patience = Patience(placement.wait_workers)

    def threads(self) -> int:
        """Tasks that the workers there are now compute at once."""
        return sum(self._ask("ncores").values())

    def execute(self, tasks: Iterable[BlockTask]) -> Iterator[tuple[BlockTask, Unit]]:
        """The executor."""
        agenda = Agenda(tasks)
        try:
            while True:
                room = max(_AHEAD * self.threads(), _AHEAD)
                while len(self._open) < room and agenda.left(bool(self._open)):
                    self._submit(agenda.next())
                if not self._open:
                    return
                future = self._next_finished()
                task = self._open.pop(future, None) if future else None
                if future and task:
                    for unit in self._units(future, task, agenda):
                        yield task, unit
        finally:
            for future in self._open:
                future.release()
            self._open.clear()

    def _submit(self, task: BlockTask) -> None:
        future = self._client.submit(compute_parcel, parcel_of(self._placement, task), pure=False)
        self._open[future] = task
        future.add_done_callback(self._finished.put)

    def _next_finished(self) -> Future | None:
        """One that has ended in whatever way; None if there was none for a while.

        Raises:
            ClusterError: if nothing is at work on the cluster any more.
        """
        try:
            return self._finished.get(timeout=LOOK_S)
        except queue.Empty:
            for future in self._open:
                if future.done():  # nobody called back: that must not be waited for
                    return future
        self._wait_in_vain(LOOK_S)
        return None

    def _wait_in_vain(self, seconds: float) -> None:
        if any(self._ask("processing").values()):
            self._patience.renew()
        elif self._patience.waste(seconds):
            state = "has workers, but none of them works" if self.threads() else "has no workers"
            raise ClusterError(
                f"cluster {self._placement.cluster}: {state}, since {self._placement.wait_workers:g} s "
                "(--wait-workers)."
            )

    def _units(self, future: Future, task: BlockTask, agenda: Agenda) -> Iterable[Unit]:
        """The results of a task; none if they were lost and it is computed again."""
        try:
            units = future.result(timeout=ANSWER_S)
        except KilledWorker as error:
            return agenda.died(task, MOST_DEATHS, str(error))
        except TimeoutError:  # its worker left with it
            self._wait_in_vain(ANSWER_S)
            self._open[future] = task
            future.add_done_callback(self._finished.put)
            return ()
        except (FutureCancelledError, OSError) as error:
            raise self._lost(f"{type(error).__name__}: {error}") from None
        self._patience.renew()
        agenda.done(task)
        future.release()
        return units

    def _ask(self, what: str) -> Mapping[str, Any]:
        """The scheduler's answer: worker -> what is asked of it."""
        try:
            question = getattr(self._client.scheduler, what)
            return cast(Mapping[str, Any], self._client.sync(question, workers=None, callback_timeout=ANSWER_S))
        except (OSError, TimeoutError, AttributeError) as error:
            raise self._lost(f"{type(error).__name__}: {error}") from None

    def _lost(self, why: str) -> ClusterError:
        return ClusterError(f"cluster {self._placement.cluster}: the connection is lost ({why}).")


@contextmanager
def client_of(placement: Placement) -> Generator[Client]:
    """A connection to the scheduler of a placement (ClusterError where none answers)."""
    security = placement.security or Security()  # what Dask's configuration says
    if isinstance(security, Certificates):
        security = Security(
            tls_ca_file=security.ca,
            tls_client_cert=security.certificate,
            tls_client_key=security.key,
            require_encryption=True,
        )
    if placement.cluster.startswith("tls://") and not security.tls_ca_file:
        raise ConfigError(
            f"cluster = {placement.cluster!r}: needs certificates: --tls-ca-file, --tls-cert and --tls-key on the "
            "command line, security=distributed.Security(...) in Python, or distributed.comm.tls in Dask's settings."
        )
    try:
        client = Client(placement.cluster, timeout=ANSWER_S, set_as_default=False, security=security)
    except (OSError, TimeoutError, ValueError, RuntimeError, TypeError) as error:
        raise ClusterError(f"cluster {placement.cluster}: does not answer ({error}).") from None
    with client:
        yield client
