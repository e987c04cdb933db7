"""Campaigns that are killed: the dataset is the one of an undisturbed run, to the last bit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac.experiment.store import folders as stores

TOY_FILE = Path(__file__).with_name("toy_system.py")
POWERS = [float(value) for value in range(-10, 20, 2)]
MANY = [value / 4 for value in range(-40, 40)]
"""Enough units that no machine finishes them between ten kills."""
KILLS = 10
CONFIG = li.config("toy-downlink")
SCENARIO = f"""
system = "toy-downlink"
schemes = ["equal"]
trials = 200

[sweep]
transmit_power_dbw = {MANY}
"""


def assert_same_bits(first: Any, second: Any) -> None:
    """Every variable to the last bit, and every attribute."""
    assert first.attrs == second.attrs
    assert set(first.variables) == set(second.variables)
    for name in first.variables:
        one, other = first[name].values, second[name].values
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes() or np.array_equal(one, other), name


class Runs:
    """Commands in processes forked from one that has imported everything."""

    def __init__(self, folder: Path) -> None:
        program = Path(__file__).with_name("forked_runs.py")
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )

    def start(self, *arguments: str) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        return int(self._line())

    def wait(self) -> int:
        return int(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    (tmp_path / "toy.toml").write_text(SCENARIO)
    made = Runs(tmp_path)
    yield made
    made.close()


def published(folder: Path) -> int:
    return sum(1 for _ in folder.glob("units/*/*/[0-9]*.npz"))


@pytest.mark.slow
def test_killed_at_ten_random_moments(runs: Runs, tmp_path: Path) -> None:
    """Killed before anything is there, between units, in the middle of writing one; resumed every time."""
    chance = random.Random(1)
    folder = tmp_path / "store"
    counts: list[int] = []
    for attempt in range(KILLS):
        verb = ["resume", "store"] if stores.is_store(folder) else ["run", "toy.toml", "--store", "store", "--no-plot"]
        child = runs.start(*verb, "--plugin", str(TOY_FILE))
        enough = published(folder) + chance.choice([0, 1, 1, 2, 3])
        give_up = time.monotonic() + 60
        while attempt and published(folder) < enough and time.monotonic() < give_up:
            time.sleep(0.002)
        time.sleep(chance.random() * (0.3 if attempt == 0 else 0.02))
        os.kill(child, signal.SIGKILL)
        assert runs.wait() == signal.SIGKILL, "the campaign must be longer than this test is patient"
        counts.append(published(folder))
    assert counts == sorted(counts)
    assert counts[-1] > 0
    runs.start("resume", "store", "--plugin", str(TOY_FILE))
    assert runs.wait() == 0
    undisturbed = li.run(CONFIG, ["equal"], {"transmit_power_dbw": MANY}, trials=200)
    assert_same_bits(li.open_run(folder), undisturbed)
    assert not list(folder.rglob("*.tmp"))


def workers_of_this_process() -> list[Any]:
    import psutil

    found: list[Any] = []
    for child in psutil.Process().children(recursive=True):
        try:
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


@pytest.mark.slow
def test_workers_killed_three_times(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    whole = li.run(CONFIG, ["equal", "odd"], {"transmit_power_dbw": POWERS}, trials=64)
    killed: list[int] = []

    def kill(state: Any) -> None:
        if len(killed) < 3 and state.computed > 250 * len(killed):
            for worker in workers_of_this_process()[:1]:
                worker.kill()
                killed.append(worker.pid)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask's own, about processes that end
        data = li.run(
            CONFIG,
            ["equal", "odd"],
            {"transmit_power_dbw": POWERS},
            trials=64,
            workers=2,
            store=tmp_path / "s",
            progress=kill,
            unit_trials=32,
        )
    assert len(killed) == 3
    assert_same_bits(data, whole)
    assert_same_bits(li.open_run(tmp_path / "s"), whole)
