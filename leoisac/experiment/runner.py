"""The Monte-Carlo runner: what is missing, computed block by block, one draw per block for all schemes.

Every step up to ``compute_block`` handles plain frozen values, so that an executor may compute blocks elsewhere; the
results do not depend on where, in which order or in which portions.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leoisac.experiment.blocks import design_trials, draw_trials, evaluate_trials
from leoisac.experiment.contracts import System
from leoisac.experiment.judge import failed, judge
from leoisac.experiment.routes import DEFAULT_ROUTE, SchemeRoute
from leoisac.experiment.scenario import Scenario, whole_number
from leoisac.experiment.units import Unit, UnitKey, UnitStore, missing_intervals, unit_arrays
from leoisac.foundation.config import Config, fingerprint
from leoisac.foundation.status import Status

UNIT_TRIALS = 64
"""Trials per stored unit: the lane count of the compiled programs."""
SLOW_UNIT_TRIALS = 8
"""The same for routes that work trial by trial: an interruption loses at most this much."""


@dataclass(frozen=True)
class BlockTask:
    """Some trials of one configuration, to be designed by some schemes."""

    system: System
    config: Config
    fingerprint: str
    seed: int
    first: int
    stop: int
    choices: tuple[SchemeRoute, ...]


@dataclass(frozen=True)
class Progress:
    """How far a run is. A trial counts once per scheme and sweep point.

    Attributes:
        total: trials asked for.
        stored: of these, found in the store.
        computed: of these, computed by this run so far.
        statuses: how the computed ones ended.
        seconds: since the start.
        current: what was computed last.
    """

    total: int
    stored: int
    computed: int
    statuses: Mapping[Status, int]
    seconds: float
    current: str = ""

    @property
    def left(self) -> int:
        """Trials still to compute."""
        return self.total - self.stored - self.computed


Executor = Callable[[Iterable[BlockTask]], Iterator[tuple[BlockTask, Unit]]]


def compute(
    system: System,
    studies: Iterable[Scenario],
    store: UnitStore,
    progress: Callable[[Progress], None] | None = None,
    unit_trials: int | None = None,
    executor: Executor | None = None,
) -> None:
    """Compute what the studies need and the store lacks.

    Args:
        system: the system.
        studies: scenarios of one seed; what they share is computed once.
        store: where units are kept, each as soon as it is finished.
        progress: called at the start and after every unit.
        unit_trials: trials per unit (default 64, by other routes than the fast one 8).
        executor: computes tasks, in any order; in this process when None.
    """
    tasks, total = plan(system, studies, store, unit_trials)
    missing = sum((task.stop - task.first) * len(task.choices) for task in tasks)
    start = time.monotonic()
    statuses: Counter[Status] = Counter()
    computed = 0

    def report(current: str) -> None:
        if progress is not None:
            seconds = time.monotonic() - start
            progress(Progress(total, total - missing, computed, dict(statuses), seconds, current))

    report("")
    for task, unit in (executor or in_process)(tasks):
        store.write(unit, task.config)
        statuses.update(Status(int(code)) for code in unit.arrays["status"])
        computed += unit.stop - unit.first
        report(f"{unit.key.scheme}, trials {unit.first} to {unit.stop - 1}")


def plan(
    system: System, studies: Iterable[Scenario], store: UnitStore, unit_trials: int | None = None
) -> tuple[list[BlockTask], int]:
    """What is missing, as tasks with low trial numbers first (an interrupted run has some of everything), and the
    number of trials asked for in all."""
    if unit_trials is not None:
        whole_number("unit_trials", unit_trials, 1, 1_000_000)
    wanted = _wanted(system, studies)
    blocks: dict[tuple[int, int, str], list[_Want]] = {}
    for want in wanted:
        size = unit_trials or (UNIT_TRIALS if want.choice.route == DEFAULT_ROUTE else SLOW_UNIT_TRIALS)
        finished = store.finished(UnitKey(want.fingerprint, want.choice.scheme.name, want.choice.route))
        for first, stop in missing_intervals(finished, want.trials, size):
            blocks.setdefault((first, stop, want.fingerprint), []).append(want)
    # A stable sort: within equal trials the points keep the order of the sweep.
    tasks = [
        BlockTask(system, wants[0].config, mark, wants[0].seed, first, stop, tuple(want.choice for want in wants))
        for (first, stop, mark), wants in sorted(blocks.items(), key=lambda item: item[0][:2])
    ]
    return tasks, sum(want.trials for want in wanted)


def in_process(tasks: Iterable[BlockTask]) -> Iterator[tuple[BlockTask, Unit]]:
    """The plain executor."""
    for task in tasks:
        for unit in compute_block(task):
            yield task, unit


def compute_block(task: BlockTask) -> Iterator[Unit]:
    """One draw, then a unit per scheme."""
    channels = draw_trials(task.system, task.config, task.seed, range(task.first, task.stop))
    for choice in task.choices:
        yield _compute_unit(task, choice, channels)


def _compute_unit(task: BlockTask, choice: SchemeRoute, channels: Any) -> Unit:
    """Design, evaluate, judge. What a scheme raises becomes FAILED rows with the traceback beside them."""
    key = UnitKey(task.fingerprint, choice.scheme.name, choice.route)
    choice.solver()  # a route that cannot run at all is refused, not stored as a failure
    start = time.perf_counter()
    trace = ""
    try:
        solution = design_trials(task.system, task.config, channels, choice.scheme.name, choice.route)
        metrics = evaluate_trials(task.system, task.config, channels, solution.value)
        outcome = judge(choice.scheme, solution, metrics, task.system.tolerance)
    except Exception:
        trace = traceback.format_exc()
        outcome = failed(task.stop - task.first)
    return Unit(key, task.first, task.stop, unit_arrays(outcome), time.perf_counter() - start, trace)


@dataclass(frozen=True)
class _Want:
    """Trials of one scheme at one configuration that some study asks for."""

    config: Config
    fingerprint: str
    seed: int
    choice: SchemeRoute
    trials: int


def _wanted(system: System, studies: Iterable[Scenario]) -> list[_Want]:
    """The union of what the studies ask for."""
    wanted: dict[tuple[str, str], _Want] = {}
    for study in studies:
        choices = study.choices(system)
        for point in study.points():
            mark = fingerprint(point.config)
            for choice in choices:
                known = wanted.get((mark, choice.label))
                trials = max(study.trials, known.trials if known else 0)
                wanted[mark, choice.label] = _Want(point.config, mark, study.seed, choice, trials)
    return list(wanted.values())
