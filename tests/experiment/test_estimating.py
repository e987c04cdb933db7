"""What a run will take: time of programs apart from time of trials, counts, and what is said before a long run."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from leoisac import cli
from leoisac.cli.estimate import estimate_lines
from leoisac.cli.progress import long_run_line
from leoisac.experiment.contracts import System
from leoisac.experiment.reading.progress import store_state
from leoisac.experiment.running import estimating, runner
from leoisac.experiment.running.campaign import run_studies
from leoisac.experiment.scenario.scenarios import study_scenario
from leoisac.experiment.store.folders import open_store
from leoisac.experiment.store.units import UnitKey
from leoisac.foundation import compile_clock
from leoisac.foundation.jax_setup import double_precision, jax, jnp


def test_intervals_within_others_count_once() -> None:
    clock = compile_clock._Clock()
    for start, stop in ((1.0, 2.0), (2.5, 3.0), (0.5, 4.0), (5.0, 6.0), (5.5, 7.0)):
        clock.add(start, stop)
    assert clock.total == pytest.approx(3.5 + 2.0)  # the third holds the first two, the last begins within the fourth


def test_only_a_new_program_takes_time_of_the_clock() -> None:
    program = jax.jit(lambda x: jnp.sin(x) * 3.25 + jnp.cumsum(x))
    with double_precision():
        value = jnp.arange(7.0)
        before, start = compile_clock.compile_seconds(), time.perf_counter()
        program(value).block_until_ready()
        first, wall = compile_clock.compile_seconds() - before, time.perf_counter() - start
        program(value).block_until_ready()
    assert 0 < first <= wall
    assert compile_clock.compile_seconds() == before + first


def test_every_trial_and_scheme_is_counted(toy: System) -> None:
    study = replace(study_scenario(toy, toy.study("power")), count="trials")
    found = estimating.estimate(toy, [study])
    assert {item.label: item.trials for item in found.schemes} == {"fill": 300, "equal": 300}
    assert (found.points, found.measured) == (3, 2)  # the first and the last of those with equal programs
    assert all(item.per_trial_s > 0 for item in found.schemes)
    assert found.seconds(2) - found.compile_s == pytest.approx((found.seconds(1) - found.compile_s) / 2)
    assert found.seconds(1) >= sum(item.seconds for item in found.schemes)
    assert found.peak_bytes > 1e7
    sizes = study_scenario(toy, toy.study("users"))
    assert estimating.estimate(toy, [sizes]).measured == 2  # two sizes, two programs


def test_what_is_stored_is_not_counted(toy: System, tmp_path: Path) -> None:
    from leoisac import catalogue

    study = replace(study_scenario(toy, toy.study("power"), trials=10), count="trials")
    run_studies(toy, {"power": study}, tmp_path / "a")
    store = open_store(tmp_path / "a", catalogue.find)
    assert estimating.estimate(toy, [study], store).trials == 0
    more = replace(study, trials=25, schemes=("fill", "equal", "odd"))
    counts = {item.label: item.trials for item in estimating.estimate(toy, [more], store).schemes}
    assert counts == {"fill": 45, "equal": 45, "odd": 75}


def test_usable_trials_take_more_trials(toy: System) -> None:
    plain = replace(study_scenario(toy, toy.study("power"), schemes=["odd"]), count="trials")
    usable = replace(plain, count="usable")
    once, more = (estimating.estimate(toy, [study]) for study in (plain, usable))
    assert once.trials == 300
    assert not once.is_floor
    assert more.is_floor
    assert 350 < more.trials < 1500  # by the share of usable ones among those measured


def _fake(seconds: dict[int, float]) -> Any:
    """A block that takes these seconds for so many trials, 5 more of which are compiling."""

    def compute(task: Any) -> Any:
        import numpy as np

        count = task.stop - task.first
        key = UnitKey(task.fingerprint, task.choices[0].scheme.name, task.choices[0].route)
        arrays = {"usable": np.ones(count, bool)}
        yield runner.Unit(key, task.first, task.stop, arrays, seconds[count] + 5.0, compile_seconds=5.0)

    return compute


@pytest.mark.parametrize(
    ("seconds", "each"),
    [
        ({1: 0.002, 64: 0.064}, 0.001),  # quick: a full block tells
        ({1: 3.0, 2: 6.0}, 3.0),  # slow, one after the other: two tell
        ({1: 1.6, 2: 1.6, 64: 3.2}, 0.05),  # side by side in lanes: only a full block tells
    ],
)
def test_blocks_that_are_measured(
    seconds: dict[int, float], each: float, toy: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimating, "compute_block", _fake(seconds))
    found = estimating.estimate(toy, [study_scenario(toy, toy.study("power"), schemes=["fill"])])
    assert found.schemes[0].per_trial_s == pytest.approx(each)


def test_stores_keep_time_of_programs_apart(toy: System, tmp_path: Path) -> None:
    from leoisac import catalogue

    study = study_scenario(toy, toy.study("power"), {"num_users": 13}, trials=4)  # of a size that has no programs yet
    run_studies(toy, {"power": replace(study, count="trials")}, tmp_path / "a")
    state = store_state(tmp_path / "a", catalogue.find)
    for item in state.schemes:
        assert 0 <= item.compile_seconds <= item.seconds
        assert item.per_trial_s == pytest.approx((item.seconds - item.compile_seconds) / 12)
    assert max(item.compile_seconds for item in state.schemes) > 0


def test_the_command_says_what_is_to_come(toy: System, tmp_path: Path) -> None:
    arguments = ["run", "toy-downlink/fig-1", "--estimate", "--store", str(tmp_path / "a")]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 0, result.output
    assert "16 trials to compute" in result.output
    assert "by 1 process" in result.output
    assert not (tmp_path / "a").exists()
    run_studies(toy, {"power": study_scenario(toy, toy.study("power").preset("quick"))}, tmp_path / "a")
    assert "Nothing is left to compute" in CliRunner().invoke(cli.app, arguments).output


def test_a_long_run_is_announced_by_the_pace_of_every_scheme(toy: System) -> None:
    from rich.console import Console

    from leoisac.cli.progress import progress_bar

    book_states: list[runner.Progress] = []
    run_studies(
        toy, {"power": study_scenario(toy, toy.study("power"), trials=130)}, None, book_states.append, unit_trials=10
    )
    known = [state for state in book_states if state.left_s is not None]
    assert known
    assert all(state.left_s is None for state in book_states[:2])  # the second scheme has not been measured yet
    assert book_states[-1].left_s is None
    shown = Console(record=True, force_terminal=False, width=200)
    long = replace(known[0], left_s=754.0, total=4000, stored=0, computed=10, compile_s=12.3)
    with progress_bar(shown) as report:
        report(replace(long, left_s=20.0))
        report(long)
        report(long)
    text = shown.export_text()
    assert text.count("This takes about 0:12:34 more: 3990 trials, 189 ms each on average; compiling took 12.3 s") == 1
    assert "Interrupted, it continues" in long_run_line(long)


def test_lines_of_an_estimate() -> None:
    row = estimating.SchemeEstimate("a", 1000, 0.5, 500.0)
    found = estimating.Estimate((row,), 20.0, 10.0, 400_000_000, 5, 2, True, 3.0, 0.5)
    lines = estimate_lines(found, 2)
    assert lines[0].startswith("About 0:04:35 by 2 processes or more")
    assert "400 MB" in " ".join(lines)
