# pyright: reportUnknownMemberType=false
"""The one place that configures JAX; every module that computes imports ``jax`` and ``jnp`` from here.

* 64-bit floats are switched on: path gains of 1e-12 and constraint margins of 1e-9 do not survive single precision.
* On the CPU, XLA gets one intra-op thread unless ``XLA_FLAGS`` already says otherwise: our problems are thousands of
  tiny ones, for which threads cost more than they bring. Parallelism comes from processes.

``LANES`` is the number of trials that every compiled program works on at once. Inputs are padded to a multiple of it,
so that a trial sees the same machine code, and gives the same bits, in a batch of 1 or of 10 000.
"""

from __future__ import annotations

import os

_SINGLE_THREAD = "--xla_cpu_multi_thread_eigen=false"

if "xla_cpu_multi_thread_eigen" not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_SINGLE_THREAD}".strip()

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

LANES = 64

__all__ = ["LANES", "jax", "jnp"]
