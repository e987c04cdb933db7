"""Signals that ask a campaign to stop.

A signal must not raise an exception wherever Python happens to be: one that is raised in a callback out of compiled
code (JAX has them in the garbage collector) is printed and forgotten. The wish to stop is kept, and looked at after
every unit.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_END = 0


@dataclass
class Stop:
    """The wish to stop.

    Attributes:
        signal: the number of the signal that asked for it; 0 when there is no such wish.
    """

    signal: int = 0

    def look(self) -> None:
        """KeyboardInterrupt if the campaign is to stop."""
        if self.signal:
            raise KeyboardInterrupt


@contextmanager
def kept_interrupt() -> Generator[Stop]:
    """For campaigns of Python programs: SIGINT is a KeyboardInterrupt as ever, and kept in case that gets lost.

    Programs that handle SIGINT themselves are left alone.
    """
    stop = Stop()
    if not _is_main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stop
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        stop.signal = number
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def orderly_stop(first: Callable[[int], None], second: Callable[[int], None]) -> Generator[Stop]:
    """For the command line: SIGINT, SIGTERM and SIGHUP ask for a stop; a second one ends the process at once.

    Args:
        first, second: called with the signal's number, in another thread. After ``second`` the process ends, with the
            exit status that shells expect.
    """
    stop = Stop()

    def hear(number: int) -> None:
        if stop.signal:
            second(number)
            os._exit(128 + number)
        stop.signal = number
        first(number)

    with _signals_to(hear):
        yield stop


@contextmanager
def prompt_stop(last_words: Callable[[int], None]) -> Generator[None]:
    """For the rest of a command, such as its imports: the first signal ends the process at once.

    It ends it also afterwards, when libraries clean up behind the command: SIGINT is then the system's own again, and
    no exception in the middle of what they do.

    Args:
        last_words: called with the signal's number, in another thread.
    """

    def hear(number: int) -> None:
        last_words(number)
        os._exit(128 + number)

    try:
        with _signals_to(hear):
            yield
    finally:
        if _is_main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def _signals_to(hear: Callable[[int], None]) -> Generator[None]:
    """Signals raise nothing and end nothing, but are told to a thread, while compiled code runs too.

    Those that are ignored (``nohup``) stay so.
    """
    if not _is_main_thread():
        yield
        return
    heard, told = os.pipe()
    os.set_blocking(told, False)

    def listen() -> None:
        while (number := os.read(heard, 1)[0]) != _END:
            if number in SIGNALS:
                hear(number)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    before: dict[signal.Signals, Any] = {}
    descriptor = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    try:
        for number in SIGNALS:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, _heard)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(descriptor)
        os.write(told, bytes([_END]))
        listener.join()
        os.close(heard)
        os.close(told)


def _heard(number: int, frame: FrameType | None) -> None:
    """Nothing to do: Python has written the number to the pipe."""


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
