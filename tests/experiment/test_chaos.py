"""Campaigns that are killed or told to stop: the dataset is the one of an undisturbed run, to the last bit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac.experiment.store import folders as stores

sys.path.insert(0, str(Path(__file__).parent))

import open_sockets

TOY_FILE = Path(__file__).with_name("toy_system.py")
POWERS = [float(value) for value in range(-10, 20, 2)]
MANY = [value / 4 for value in range(-40, 40)]
"""Enough units that no machine finishes them between the kills."""
KILLS = 6
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
    """Commands in processes forked from one that has imported everything, each in the folder of its test."""

    folder: Path

    def __init__(self) -> None:
        program = Path(__file__).with_name("forked_runs.py")
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )

    def start(self, *arguments: str) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([str(self.folder), *arguments]) + "\n")
        self.process.stdin.flush()
        return int(self._line())

    def wait(self) -> int:
        return int(self._line())

    def errors(self) -> str:
        """What the last command has printed as errors until now."""
        file = self.folder / "errors"
        return file.read_text() if file.exists() else ""

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def forked() -> Iterator[Runs]:
    made = Runs()
    yield made
    made.close()


@pytest.fixture
def runs(forked: Runs, tmp_path: Path) -> Runs:
    (tmp_path / "toy.toml").write_text(SCENARIO)
    forked.folder = tmp_path
    return forked


def published(folder: Path) -> int:
    return sum(1 for _ in folder.glob("units/*/*/[0-9]*.npz"))


@pytest.mark.slow
def test_killed_at_random_moments(runs: Runs, tmp_path: Path) -> None:
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


@pytest.mark.slow
def test_told_to_stop(runs: Runs, tmp_path: Path) -> None:
    """Every signal ends a run after the unit in hand, with the status that shells expect and the way to go on."""
    folder = tmp_path / "store"
    run = ["run", "toy.toml", "--store", "store", "--no-plot", "--plugin", str(TOY_FILE)]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        before = published(folder)
        child = runs.start(*run)
        wait_until(lambda before=before: published(folder) > before)
        os.kill(child, number)
        assert os.waitstatus_to_exitcode(runs.wait()) == 128 + number
        assert f"{number.name}: stopping as soon as the units in hand are stored" in runs.errors()
        assert "Finished units are kept in store; continue with:\n  leoisac run toy.toml" in runs.errors()
        assert not list(folder.rglob("*.tmp"))
    assert published(folder) < len(MANY)
    runs.start("resume", "store", "--plugin", str(TOY_FILE))
    assert runs.wait() == 0
    undisturbed = li.run(CONFIG, ["equal"], {"transmit_power_dbw": MANY}, trials=200)
    assert_same_bits(li.open_run(folder), undisturbed)


@pytest.mark.slow
def test_told_to_stop_twice(runs: Runs, tmp_path: Path) -> None:
    """The second signal does not wait for a unit that never ends."""
    (tmp_path / "endless.toml").write_text('system = "deadly-downlink"\nschemes = ["equal", "endless"]\ntrials = 3\n')
    plugins = [
        word for name in ("toy_system.py", "deadly_toy.py") for word in ("--plugin", str(TOY_FILE.with_name(name)))
    ]
    child = runs.start("run", "endless.toml", "--store", "store", "--no-plot", *plugins)
    wait_until(lambda: published(tmp_path / "store") == 1)
    time.sleep(1.0)  # the unit is stored; the one that never ends begins
    os.kill(child, signal.SIGTERM)
    wait_until(lambda: "SIGTERM: stopping" in runs.errors())
    os.kill(child, signal.SIGINT)
    assert os.waitstatus_to_exitcode(runs.wait()) == 128 + signal.SIGINT
    assert "Stopped. Finished units are kept in store; continue with:" in runs.errors()


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals go to the main thread")
def test_an_interrupt_that_gets_lost() -> None:
    """As in a callback out of compiled code: the run stops all the same, and SIGINT is afterwards what it was."""
    seen: list[int] = []

    def swallow(state: Any) -> None:
        seen.append(state.computed)
        if state.computed:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            li.run(CONFIG, ["equal"], {"transmit_power_dbw": POWERS}, trials=2, progress=swallow)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [0, 2]


@pytest.mark.slow
def test_workers_killed_three_times(tmp_path: Path) -> None:
    """Nothing listens meanwhile, and the workers do not hear what a terminal sends to all."""
    whole = li.run(CONFIG, ["equal", "odd"], {"transmit_power_dbw": POWERS}, trials=64)
    others = open_sockets.listening_sockets(open_sockets.process_tree(os.getpid()))
    killed: list[int] = []
    heard: set[str] = set()

    def kill(state: Any) -> None:
        workers = open_sockets.workers_of(os.getpid())
        if len(killed) < 3 and state.computed > 250 * len(killed) and workers:
            heard.update(open_sockets.listening_sockets(open_sockets.process_tree(os.getpid())))
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(workers[-1], number)
            os.kill(workers[0], signal.SIGKILL)
            killed.append(workers[0])

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
    assert len(set(killed)) == 3
    assert heard <= others
    assert not open_sockets.workers_of(os.getpid())
    assert_same_bits(data, whole)
    assert_same_bits(li.open_run(tmp_path / "s"), whole)


def wait_until(condition: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.002)
