"""Shared by all tests: no display, reproducible property tests, the toy system as a plugin, and what JAX is told.

Tests of traceable functions call them as the package does, within ``double_precision``. Tests of what users call run
without: no operation of JAX may then happen outside the package's own contexts.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Generator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import hypothesis
import matplotlib
import numpy as np
import pytest
from jax.extend.core import Primitive

from leoisac import catalogue
from leoisac.experiment.contracts import System
from leoisac.experiment.store.digests import array_digest, sealed
from leoisac.foundation.environment import COMPILE_VARIABLE, QUICK
from leoisac.foundation.jax_setup import double_precision, jax

# Most of what tests cost is compilation. Processes that tests start inherit this; a test of the machine code that users
# run takes it away for itself. The flag does the same for what has no options of its own: the tests' own programs, and
# operations outside programs.
os.environ.setdefault(COMPILE_VARIABLE, QUICK)
jax.config.update("jax_disable_most_optimizations", True)
matplotlib.use("Agg")
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=25)
hypothesis.settings.load_profile("repeatable")

TOY_FILE = Path(__file__).parent / "experiment" / "toy_system.py"
(TOY,) = catalogue.load_plugin(TOY_FILE)
USER_LEVEL = ("tests", "contracts", "experiment", "foundation")
"""Folders of tests that are users: they call verbs and commands, and know of no precision."""

TOGETHER = {
    "contracts": ("contracts/",),
    "self-backhaul, fast route": tuple(
        f"self_backhaul/test_{name}.py" for name in ("adversary", "baselines", "fast_robust", "pa1")
    ),
}
"""Files of tests that run in the same process, because they share their programs."""

_single: list[str] = []
_bind = Primitive.bind


def _noting_bind(primitive: Primitive, *args: Any, **parameters: Any) -> Any:
    if not jax.enable_x64.value:
        _single.append(str(primitive))
    return _bind(primitive, *args, **parameters)


Primitive.bind = _noting_bind  # type: ignore[method-assign]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests run in one process, and so do all of files that share their programs."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return next((name for name, files in TOGETHER.items() if any(one in file for one in files)), file)

    return ByFile(config, log)


def pytest_collection_finish() -> None:
    """What collection has made stays to the end: searches for garbage, of which tracing makes much, pass it over."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """The fixtures of a test run in the same precision as the test."""
    with nullcontext() if item.path.parent.name in USER_LEVEL else double_precision():
        return (yield)


@pytest.fixture(autouse=True)
def nothing_is_computed_in_single_precision() -> Generator[None]:
    """Every operation, traced or not, meets 64-bit floats: whoever calls, and in whatever thread."""
    _single.clear()
    yield
    assert not _single, f"outside leoisac.foundation.jax_setup.double_precision or in_double: {sorted(set(_single))}"


@pytest.fixture(scope="session")
def toy() -> System:
    """The toy downlink of tests/experiment/toy_system.py, found through the catalogue like any other system."""
    return TOY


@pytest.fixture(scope="session")
def forge_manifest() -> Callable[[Path, Callable[[Any], None]], None]:
    """Changes the manifest of a store and seals it anew, as who wants to can."""

    def forge(folder: Path, change: Callable[[Any], None]) -> None:
        file = folder / "manifest.json"
        data = json.loads(file.read_text())
        change(data)
        file.write_text(json.dumps(sealed(data)))

    return forge


@pytest.fixture(scope="session")
def forge_unit() -> Callable[[Path, Callable[[Any, Any], None]], None]:
    """Changes the note and the arrays of a unit, with digests and seal made anew."""

    def forge(file: Path, change: Callable[[Any, Any], None]) -> None:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        note = json.loads(str(arrays.pop("meta")))
        change(note, arrays)
        note["arrays"] = {
            name: {"dtype": array.dtype.str, "shape": list(array.shape), "sha256": array_digest(array)}
            for name, array in arrays.items()
        }
        with file.open("wb") as stream:
            np.savez_compressed(stream, **arrays, meta=np.asarray(json.dumps(sealed(note))))

    return forge


@pytest.fixture
def forgotten_plugins(monkeypatch: pytest.MonkeyPatch, toy: System) -> None:
    """What a test loads beside the toy system is forgotten after it."""
    del toy
    for kept in ("_plugins", "_plugin_files"):
        monkeypatch.setattr(catalogue, kept, dict(getattr(catalogue, kept)))
    monkeypatch.setattr(catalogue, "_schemes", {})
