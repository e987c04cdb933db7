"""The vocabulary of axes that arrays, metrics and datasets share; ``trial`` always comes first.

Functions state their shapes with these names in jaxtyping annotations, checked whenever the tests run. Pytree classes
use ``Leaf``: JAX also puts placeholders and batches into them, so their shapes are checked where arrays enter
(``leoisac.channels``), not by the class. A system may have axes of its own.
"""

from __future__ import annotations

from typing import Annotated, Any

AXES = {
    "trial": "independent Monte-Carlo draw",
    "user": "served user",
    "bs_antenna": "antenna of the terrestrial base station",
    "feed": "feed of the satellite's antenna",
    "tx": "transmit antenna",
    "rx": "receive antenna",
    "target": "sensed target",
    "clutter": "clutter scatterer",
    "receiver": "sensing receiver",
    "cell": "terrestrial cell",
    "path": "propagation path",
    "stream": "transmitted stream",
    "iteration": "iteration of the design algorithm",
}
"""Axis name -> meaning."""

Leaf = Annotated[Any, "array leaf of a pytree: jax.Array, numpy.ndarray or a tracer"]
"""Leaf of a pytree class; its docstring states the shape."""
