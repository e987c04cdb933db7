"""One formula for NumPy and JAX: ``xp = array_namespace(x)``, then ``xp.exp(x)``.

Antennas, propagation and most metrics are used twice: in traced programs on JAX arrays, and in tables and figures on
floats and NumPy arrays, where importing JAX would cost a second. Such functions take the array library of their
arguments: any JAX array (or tracer) among them makes the computation JAX, otherwise it is NumPy. They never import JAX.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Real

RealLike = float | int | Real[Any, "..."]
"""A real number or a real array of any shape, of NumPy or of JAX."""


def array_namespace(*values: Any) -> Any:
    """Array library that computes with ``values``: ``jax.numpy`` if any is a JAX array or tracer, otherwise NumPy.

    A library other than NumPy is found by ``__array_namespace__`` of the Python array API standard.
    """
    for value in values:
        if not isinstance(value, np.ndarray | np.generic) and hasattr(value, "__array_namespace__"):
            return value.__array_namespace__()
    return np
