"""Shared by all tests: no display, reproducible property tests, and the toy system as a plugin."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import matplotlib
import pytest

from leoisac import catalogue
from leoisac.experiment.contracts import System

matplotlib.use("Agg")
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=25)
hypothesis.settings.load_profile("repeatable")

TOY_FILE = Path(__file__).parent / "experiment" / "toy_system.py"
(TOY,) = catalogue.load_plugin(TOY_FILE)


@pytest.fixture(scope="session")
def toy() -> System:
    """The toy downlink of tests/experiment/toy_system.py, found through the catalogue like any other system."""
    return TOY
