# pyright: reportUnknownMemberType=false
"""The one place that configures JAX; every module that computes imports ``jax`` and ``jnp`` from here.

A user's process is left as it is found. What our numbers need of JAX holds within our calls, or is asked for once:

* 64-bit floats: path gains of 1e-12 and constraint margins of 1e-9 do not survive single precision. The context
  ``double_precision`` switches them on for a block of code of one thread; ``in_double`` does so for a function that
  users call. 64-bit arrays of JAX do not behave outside, so NumPy arrays leave.
* One thread in XLA's CPU client. Our problems are thousands of tiny ones, for which threads cost more than they bring;
  parallelism comes from processes. With several threads, sums may be cut differently, and jaxlib 0.10 can hang for
  good: batched LAPACK kernels that run on the pool's threads wait for work that they have put into the same pool. XLA
  reads the number from the environment when it makes its client, of which a process has one, and at no other time.
* No fused multiply-add in the programs of that client, for it would make a trial's last bits depend on its lane (see
  ``exact_arithmetic``). XLA reads this at the same moment.

``LANES`` is the number of trials that every compiled program works on at once. Inputs are padded to a multiple of it,
so that a trial sees the same machine code, and gives the same bits, in a batch of 1 or of 10 000.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import threading
import warnings
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer, eval_context

from leoisac.foundation.compile_cache import install as install_compile_cache
from leoisac.foundation.environment import environment
from leoisac.foundation.exact_arithmetic import REMEDY, VARIABLE, contracts, rounding_as_written

LANES = 64

_P = ParamSpec("_P")
_R = TypeVar("_R")
_ONE_THREAD = {"NPROC": "1", "PJRT_NPROC": "1"}
_THREAD_NAME = "tf_XLAEigen"
"""What XLA calls the threads of its CPU client (Linux cuts names after 15 letters)."""
_lock = threading.Lock()
_has_client = False


@contextlib.contextmanager
def double_precision() -> Generator[None]:
    """Within this context, and this thread, JAX computes with 64-bit floats, on a CPU client of one thread.

    For code that calls traceable functions itself. What is used afterwards belongs in a NumPy array.
    """
    make_client()
    with jax.enable_x64(True):
        yield


def in_double(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorator of what users may call: the function computes in 64 bits, and its caller's JAX stays as it is.

    Where 64-bit floats are on already, and where an argument is traced, the function runs as it stands: inside another
    program it has that program's precision. Otherwise its results are NumPy arrays (keys of random numbers stay keys).

    Raises:
        TypeError: for a generator function, whose caller would run in 64 bits between two values.
    """
    if inspect.isgeneratorfunction(function):
        raise TypeError(f"{function.__qualname__} is a generator: decorate what it calls.")

    @functools.wraps(function)
    def scoped(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        make_client()
        if jax.enable_x64.value or _is_traced((args, kwargs)):
            return function(*args, **kwargs)
        # The evaluation is at once, also where a caller's program is being traced around it.
        with double_precision(), eval_context():
            return jax.tree.map(_on_host, function(*args, **kwargs))

    return scoped


def make_client() -> None:
    """Make JAX's clients, unless there are any: that of the CPU with one thread, without fused multiply-add.

    The environment is put back. Warns (UserWarning, once) if the CPU client has more threads, or contracts although it
    need not: then something else in the process has made it before.
    """
    global _has_client
    if _has_client:
        return
    with _lock:
        if _has_client:
            return
        flags = os.environ.get(VARIABLE, "")
        exact = rounding_as_written(flags)
        with environment({**_ONE_THREAD, VARIABLE: exact}):
            jax.devices()
        install_compile_cache()
        _has_client = True
    threads, faults = _client_threads(), list[str]()
    if threads > 1:
        faults.append(f"has {threads} threads")
    if exact != flags and _contracts():
        faults.append("contracts products and sums")
    if faults:
        warnings.warn(
            f"JAX was in use in this process before leoisac, and its CPU client {' and '.join(faults)}: results may "
            "differ in their last bits with a trial's place in its batch, and from those of other processes; with "
            "several threads jaxlib may hang in batched linear algebra. Start Python with PJRT_NPROC=1 and "
            f"{VARIABLE}={REMEDY} in the environment, or call leoisac before anything else uses JAX.",
            UserWarning,
            stacklevel=3,
        )


def _contracts() -> bool:
    """Whether the CPU client of this process contracts, where it is the one that computes."""
    if jax.default_backend() != "cpu":
        return False
    with jax.enable_x64(True), eval_context():
        return contracts(jax)


def _client_threads() -> int:
    """Threads in the pool of the CPU client; 0 where the system does not tell (it tells on Linux)."""
    count = 0
    for task in Path("/proc/self/task").glob("*/comm"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            count += task.read_text().startswith(_THREAD_NAME)
    return count


def _is_traced(tree: Any) -> bool:
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(tree))


def _on_host(leaf: Any) -> Any:
    """NumPy in place of a JAX array; a key has no other form."""
    if isinstance(leaf, jax.Array) and not _is_traced(leaf) and not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return np.array(leaf)
    return leaf


__all__ = ["LANES", "double_precision", "in_double", "jax", "jnp", "make_client"]
