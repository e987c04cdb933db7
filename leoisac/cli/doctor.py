"""The verb ``doctor``: what this machine has, and what to install for more."""

from __future__ import annotations

import importlib.util
import os
import sys

from leoisac.cli.output import say
from leoisac.foundation.config import ConfigError

_EXTRAS = {"reference": ("cvxpy", "clarabel", "qics"), "cluster": ("distributed",), "hdf5": ("h5py",)}


def doctor() -> None:
    """Say what designs run on here, and what is missing for more.

    Exit code 0, also where something is missing: everything has a way without it.
    """
    from leoisac.experiment.trials.provenance import machine, versions
    from leoisac.foundation import backend
    from leoisac.foundation.compile_cache import cache_state
    from leoisac.foundation.jax_setup import jax, make_client
    from leoisac.foundation.native import compiler

    told, here = versions(), machine()
    say(f"leoisac {told['leoisac']}, Python {told['python']}, JAX {told['jax']}, NumPy {told['numpy']}")
    say(f"Machine: {here['processor']}, {here['cores']} cores, {here['memory_gib']} GiB; Python at {sys.executable}")
    make_client()
    say(f"JAX computes on: {jax.default_backend()}")
    try:
        found = compiler.find()
        say(f"C++ compiler: {' '.join(found.command)} ({found.version})")
    except compiler.NoCompilerError as error:
        say(f"C++ compiler: none; {error}")
    try:
        chosen = backend.chosen()
        why = f" ({backend.why_not_native()})" if chosen == backend.JAX and backend.why_not_native() else ""
        named = os.environ.get(backend.VARIABLE, "")
        asked = f", as {backend.VARIABLE} = {named!r} says" if named else ""
        say(f"Designs run on: {chosen}{asked}{why}")
    except ConfigError as error:
        say(f"Designs run on: nothing. {error}")
    state = cache_state()
    kept = f"{state.entries} in {state.folder}" if state.folder is not None else f"none are kept: {state.reason}"
    say(f"Compiled programs: {kept}")
    for extra, packages in _EXTRAS.items():
        missing = [name for name in packages if importlib.util.find_spec(name) is None]
        lacks = f"missing {', '.join(missing)}: pip install 'leoisac[{extra}]'" if missing else "installed"
        say(f"Extra `{extra}`: {lacks}")
