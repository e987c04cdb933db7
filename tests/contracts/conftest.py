"""Contracts hold for the machine code that users run, and share its programs."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from leoisac.foundation.environment import COMPILE_VARIABLE
from leoisac.foundation.jax_setup import jax


@pytest.fixture(autouse=True)
def machine_code_of_users(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Programs as users run them, not those that are quick to compile: of the same bits, the code decides."""
    monkeypatch.delenv(COMPILE_VARIABLE, raising=False)
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)  # as tests/conftest.py has it
