# pyright: reportUnknownMemberType=false
"""The one place that configures JAX; every module that computes imports ``jax`` and ``jnp`` from here.

* 64-bit floats are switched on: path gains of 1e-12 and constraint margins of 1e-9 do not survive single precision.
* XLA's CPU client gets one worker thread (environment variables ``NPROC`` and ``PJRT_NPROC``) unless they are set
  already. Our problems are thousands of tiny ones, for which threads cost more than they bring; parallelism comes from
  processes. With several threads jaxlib 0.10 can also hang for good: batched LAPACK kernels that run on the pool's
  threads wait for work that they have put into the same pool.
* XLA's CPU client rounds every operation as written (see ``exact_arithmetic``), unless ``XLA_FLAGS`` name a set of
  instructions already.

``LANES`` is the number of trials that every compiled program works on at once. Inputs are padded to a multiple of it,
so that a trial sees the same machine code, and gives the same bits, in a batch of 1 or of 10 000.
"""

from __future__ import annotations

import os

from leoisac.foundation.exact_arithmetic import rounds_as_written

for _variable in ("NPROC", "PJRT_NPROC"):
    os.environ.setdefault(_variable, "1")
os.environ["XLA_FLAGS"] = rounds_as_written(os.environ.get("XLA_FLAGS", ""))

import jax
import jax.numpy as jnp

from leoisac.foundation.compile_cache import install as install_compile_cache

jax.config.update("jax_enable_x64", True)
install_compile_cache()

LANES = 64

__all__ = ["LANES", "jax", "jnp"]
