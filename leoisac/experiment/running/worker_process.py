"""What a worker process of this machine does: it takes parcels from its pipe and sends their units back.

It ends with its pipe: when the process that started it closes it, or dies of whatever.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from leoisac.experiment.running.interruption import SIGNALS

READY = "ready"
LOOK_S = 2.0


def serve(pipe: Connection, parent: int) -> None:
    """Compute parcels until the pipe ends.

    Args:
        pipe: to the process that started this one.
        parent: its process number.
    """
    # A terminal or a batch system sends these to all processes at once: the one that started this one decides.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # blocked since before this process began
    parcels: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, parent, parcels), daemon=True).start()
    try:
        from leoisac.experiment.running.parcels import compute_parcel
    except BaseException as error:
        _send(pipe, _portable(error))
        raise
    _send(pipe, READY)
    while True:
        try:
            answer: Any = compute_parcel(parcels.get())
        except Exception as error:
            answer = _portable(error)
        _send(pipe, answer)


def _receive(pipe: Connection, parent: int, parcels: queue.SimpleQueue[Any]) -> None:
    """A thread of its own, so that this process ends with the other one in the middle of a computation too."""
    while True:
        try:
            if pipe.poll(LOOK_S):
                parcels.put(pipe.recv())
        except (EOFError, OSError):
            os._exit(0)
        if os.getppid() != parent:  # another process may hold the other end open
            os._exit(0)


def _send(pipe: Connection, answer: Any) -> None:
    try:
        pipe.send(answer)
    except OSError:  # nobody listens any more
        os._exit(0)


def _portable(error: BaseException) -> Exception:
    """The exception, if the other process is sure to know its class; else what it says."""
    home = type(error).__module__.partition(".")[0]
    if isinstance(error, Exception) and home in ("leoisac", "builtins"):
        with suppress(Exception):
            pickle.loads(pickle.dumps(error))
            return error
    return RuntimeError(f"{type(error).__name__}: {error}")
