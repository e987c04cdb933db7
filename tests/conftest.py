"""Shared by all tests: no display, reproducible property tests, the toy system as a plugin, and what JAX is told.

Tests of traceable functions call them as the package does, within ``double_precision``. Tests of what users call run
without: no operation of JAX may then happen outside the package's own contexts.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import hypothesis
import matplotlib
import pytest
from jax.extend.core import Primitive

from leoisac import catalogue
from leoisac.experiment.contracts import System
from leoisac.foundation.jax_setup import double_precision, jax

matplotlib.use("Agg")
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=25)
hypothesis.settings.load_profile("repeatable")

TOY_FILE = Path(__file__).parent / "experiment" / "toy_system.py"
(TOY,) = catalogue.load_plugin(TOY_FILE)
USER_LEVEL = ("tests", "contracts", "experiment", "foundation")
"""Folders of tests that are users: they call verbs and commands, and know of no precision."""

_single: list[str] = []
_bind = Primitive.bind


def _noting_bind(primitive: Primitive, *args: Any, **parameters: Any) -> Any:
    if not jax.config.jax_enable_x64:
        _single.append(str(primitive))
    return _bind(primitive, *args, **parameters)


Primitive.bind = _noting_bind  # type: ignore[method-assign]


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
