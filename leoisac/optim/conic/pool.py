"""The same function over many trials, in this process or in several, with the same numbers either way.

Workers are started afresh (``spawn``: JAX and threads do not survive a fork) with one thread each for BLAS, OpenMP and
XLA; caches of compiled problems live as long as the worker. Scripts that ask for workers need the usual
``if __name__ == "__main__":`` guard.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from leoisac.foundation.environment import environment

Item = TypeVar("Item")
Result = TypeVar("Result")

_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "NPROC": "1",  # threads of XLA
    "JAX_PLATFORMS": "cpu",
}


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What a call gave: its result, or the traceback of the exception that it raised."""

    result: Result | None
    error: str = ""

    @property
    def ok(self) -> bool:
        """The call returned."""
        return not self.error


def map_trials(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int = 1
) -> tuple[Outcome[Result], ...]:
    """``function`` of every item, in order; exceptions come back as values.

    Args:
        function: a pure function; with more than one worker it must be importable by name (defined at the top of a
            module), and items and results must be picklable.
        items: one per call.
        workers: processes; 1 computes here. Items are handed out one at a time, so that uneven ones balance.

    Raises:
        ValueError: if ``workers`` is below 1.
    """
    if workers < 1:
        raise ValueError(f"workers = {workers}: must be at least 1.")
    if workers == 1 or len(items) <= 1:
        return tuple(_guarded(function, item) for item in items)
    context = multiprocessing.get_context("spawn")
    with (
        environment(_ONE_THREAD),
        ProcessPoolExecutor(min(workers, len(items)), mp_context=context) as executor,
    ):
        # All workers are started by the first submission, while the environment is set.
        futures = [executor.submit(_guarded, function, item) for item in items]
        return tuple(cast(Outcome[Result], _collect(future)) for future in futures)


def _guarded(function: Callable[[Item], Result], item: Item) -> Outcome[Result]:
    # Came with the function if that computes with JAX; then it does so in 64 bits, in a worker as here.
    setup: Any = sys.modules.get("leoisac.foundation.jax_setup")
    try:
        with setup.double_precision() if setup else contextlib.nullcontext():
            return Outcome[Result](function(item))
    except Exception:
        return Outcome[Result](None, traceback.format_exc())


def _collect(future: Future[Any]) -> Any:
    """A worker that dies (killed, out of memory), or a result that cannot travel, is an error of its items."""
    try:
        return future.result()
    except Exception as error:
        return Outcome[Any](None, "".join(traceback.format_exception(error)))
