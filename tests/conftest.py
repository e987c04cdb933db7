"""Shared by all tests: no display, reproducible property tests, and the toy system as a plugin."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import matplotlib
import numpy as np
import pytest

from leoisac import catalogue
from leoisac.experiment.contracts import System
from leoisac.experiment.store.digests import array_digest, sealed

matplotlib.use("Agg")
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=25)
hypothesis.settings.load_profile("repeatable")

TOY_FILE = Path(__file__).parent / "experiment" / "toy_system.py"
(TOY,) = catalogue.load_plugin(TOY_FILE)


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
