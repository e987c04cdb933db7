"""Contracts hold for the machine code that users run, and share its programs."""

from __future__ import annotations

import pytest

from leoisac.foundation.environment import COMPILE_VARIABLE


@pytest.fixture(autouse=True)
def machine_code_of_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs as users run them, not those that are quick to compile: of the same bits, the code decides."""
    monkeypatch.delenv(COMPILE_VARIABLE, raising=False)
