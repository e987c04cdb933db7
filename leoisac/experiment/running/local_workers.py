"""Worker processes of this machine, each on a pipe of its own that only it and this process hold.

Nothing listens: no port, no named socket that another user could connect to. A worker is a fresh interpreter that does
not import the user's main program (tasks name what they use). One that dies is replaced, and nothing else is disturbed:
it is known which task it had.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.connection import wait
from multiprocessing.spawn import get_executable
from typing import Any

from leoisac.experiment.errors import ClusterError
from leoisac.experiment.running.agenda import Agenda, Patience
from leoisac.experiment.running.interruption import SIGNALS
from leoisac.experiment.running.parcels import parcel_of
from leoisac.experiment.running.placement import Placement
from leoisac.experiment.running.portions import BlockTask
from leoisac.experiment.running.runner import Executor
from leoisac.experiment.running.worker_process import READY
from leoisac.experiment.store.units import Unit

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "PJRT_NPROC"), "1")
LOOK_S = 0.5
"""Every wait ends after this time at the latest, for a look at the workers."""
MOST_FAILED_STARTS, MOST_KILLED_STARTS = 3, 12
"""In a row; after them none is started any more. Those that something else kills may have better luck next time."""
END_S = 5.0
PROGRAM = (
    "import sys; from multiprocessing.connection import Connection; pipe = Connection(int(sys.argv[1])); "
    "sys.path[:] = pipe.recv(); from leoisac.experiment.running.worker_process import serve; "
    "serve(pipe, int(sys.argv[2]))"
)


@contextmanager
def local_workers(placement: Placement) -> Generator[tuple[Executor, int]]:
    """The executor of a placement, and how many workers it has. They start with the first task, end with the context.

    Raises:
        ClusterError: from the executor, if they cannot be started.
    """
    pool = _Pool(placement)
    try:
        yield pool.execute, placement.workers
    finally:
        pool.close()


class _Worker:
    """A process, the pipe to it, and the task that it has."""

    def __init__(self) -> None:
        self.pipe, theirs = Pipe()
        self.task: BlockTask | None = None
        self.ready = False
        command = [os.fsdecode(get_executable()), *(f"-W{option}" for option in sys.warnoptions)]
        try:
            # Without the folder of the user's program in front (-P), whose files may have the names of Python's own.
            with _blocked_signals():
                self._process = subprocess.Popen(
                    [*command, "-P", "-c", PROGRAM, str(theirs.fileno()), str(os.getpid())],
                    pass_fds=[theirs.fileno()],
                    env={**os.environ, **ONE_THREAD},
                    stdin=subprocess.DEVNULL,
                )
        except BaseException:
            self.pipe.close()
            raise
        finally:
            theirs.close()
        with suppress(OSError):  # it is dead already: a look at it will tell
            self.pipe.send(sys.path)

    @property
    def is_idle(self) -> bool:
        return self.ready and self.task is None

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def was_killed(self) -> bool:
        return (self._process.poll() or 0) < 0

    def end(self, wait_s: float = 0.0) -> str:
        """Make an end of it; how it ended. ``wait_s``: time that it is given to end of itself."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(wait_s)
        self.pipe.close()
        self._process.kill()
        try:
            code = self._process.wait(END_S)
        except subprocess.TimeoutExpired:  # the system holds it; it ends when it is let go
            return "cannot be ended"
        return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"


class _Pool:
    """As many workers as there are to be."""

    def __init__(self, placement: Placement) -> None:
        self._placement = placement
        self._workers: list[_Worker] = []
        self._failed_starts = self._killed_starts = 0
        self._patience = Patience(placement.wait_workers)
        self._last_words = ""

    def execute(self, tasks: Iterable[BlockTask]) -> Iterator[tuple[BlockTask, Unit]]:
        """The executor. A worker that is free gets its next task before its results are looked at."""
        agenda = Agenda(tasks)
        results: deque[tuple[BlockTask, Unit]] = deque()
        try:
            while True:
                idle = next((worker for worker in self._workers if worker.is_idle), None)
                is_busy = any(worker.task for worker in self._workers)
                if (idle or not is_busy) and agenda.left(is_busy):
                    if idle:
                        self._hand_out(idle, agenda, results)
                        continue
                elif not is_busy and not results:
                    return
                if results:
                    yield results.popleft()
                else:
                    self._fill_up()
                    self._look(agenda, results)
        finally:
            for worker in [worker for worker in self._workers if worker.task]:
                self._drop(worker)

    def close(self) -> None:
        """End all workers."""
        while self._workers:
            self._drop(self._workers[0])

    def _hand_out(self, worker: _Worker, agenda: Agenda, results: deque[tuple[BlockTask, Unit]]) -> None:
        worker.task = agenda.next()
        try:
            worker.pipe.send(parcel_of(self._placement, worker.task))
        except OSError:
            self._bury(worker, agenda, results)

    def _look(self, agenda: Agenda, results: deque[tuple[BlockTask, Unit]]) -> None:
        """Wait for news of the workers, for a while."""
        pipes = {worker.pipe: worker for worker in self._workers}
        news: list[Any] = wait(list(pipes), LOOK_S)
        for worker in [pipes[pipe] for pipe in news] or [worker for worker in self._workers if worker.has_ended]:
            try:
                answer = worker.pipe.recv() if worker.pipe in news else None
            except (EOFError, OSError):
                answer = None
            if answer is None:
                self._bury(worker, agenda, results)
            elif isinstance(answer, Exception):
                if worker.ready:
                    raise answer
                self._last_words = f"{type(answer).__name__}: {answer}"
            elif answer == READY:
                worker.ready = True
                self._failed_starts = self._killed_starts = 0
            else:
                task, worker.task = worker.task, None
                assert task is not None
                agenda.done(task)
                results.extend((task, unit) for unit in answer)
        if any(worker.ready for worker in self._workers):
            self._patience.renew()
        elif not news and self._patience.waste(LOOK_S):
            raise ClusterError(
                f"workers = {self._placement.workers}: no worker process was ready after "
                f"{self._placement.wait_workers:g} s (--wait-workers){self._because()}."
            )

    def _bury(self, worker: _Worker, agenda: Agenda, results: deque[tuple[BlockTask, Unit]]) -> None:
        """It died: its task is tried again, or given up."""
        how = self._drop(worker, END_S)  # its end of the pipe closes a little before
        if worker.task is not None:
            task = worker.task
            results.extend((task, unit) for unit in agenda.died(task, 1, how))
        elif not worker.ready:
            self._failed_starts += not worker.was_killed
            self._killed_starts += worker.was_killed
            self._last_words = self._last_words or f"the last one {how}"

    def _drop(self, worker: _Worker, wait_s: float = 0.0) -> str:
        self._workers.remove(worker)
        return worker.end(wait_s)

    def _fill_up(self) -> None:
        """Start the workers that lack; go on with fewer if some cannot be replaced.

        Raises:
            ClusterError: if none can be started, or at the beginning not all.
        """
        number, is_new = self._placement.workers, not any(worker.ready for worker in self._workers)
        is_hopeless = self._failed_starts >= MOST_FAILED_STARTS or self._killed_starts >= MOST_KILLED_STARTS
        while len(self._workers) < number and not is_hopeless:
            try:
                worker = _Worker()
            except OSError as error:
                if is_new:
                    raise ClusterError(
                        f"workers = {number}: {len(self._workers)} processes could be started, and then: "
                        f"{error.strerror}. Ask for fewer, or raise the limit (ulimit -a)."
                    ) from None
                return
            self._workers.append(worker)
        if not self._workers:
            raise ClusterError(f"workers = {number}: worker processes cannot be started{self._because()}.")

    def _because(self) -> str:
        return f" ({self._last_words})" if self._last_words else ""


@contextmanager
def _blocked_signals() -> Generator[None]:
    """A process that begins here has these signals blocked until it ignores them."""
    before: Any = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
