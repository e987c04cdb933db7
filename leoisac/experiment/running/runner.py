"""The Monte-Carlo runner: what is missing, computed block by block, one draw per block for all schemes.

Every step up to ``compute_block`` handles plain frozen values, so that an executor may compute blocks elsewhere; the
results do not depend on where, in which order or in which portions. Where a study lets results decide how many trials a
point gets, the runner goes on in rounds until every point has its last word.
"""

from __future__ import annotations

import itertools
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from leoisac.experiment.contracts import System
from leoisac.experiment.errors import ChannelError, ClusterError
from leoisac.experiment.running.interruption import Stop
from leoisac.experiment.running.portions import BlockTask, Portions
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE, SchemeRoute
from leoisac.experiment.scenario.scenarios import Scenario, whole_number
from leoisac.experiment.store.targets import Want, targets
from leoisac.experiment.store.units import Interval, Unit, UnitKey, UnitStore, missing_intervals, unit_arrays
from leoisac.experiment.tracebacks import span_text
from leoisac.experiment.trials.blocks import design_trials, draw_trials, evaluate_trials
from leoisac.experiment.trials.given_channels import GivenChannels
from leoisac.experiment.trials.judge import failed, judge
from leoisac.experiment.trials.provenance import machine_type
from leoisac.foundation.compile_clock import compile_seconds
from leoisac.foundation.config import ConfigError
from leoisac.foundation.lanes import batch_size, take
from leoisac.foundation.status import Status

UNIT_TRIALS = 64
"""Trials per stored unit: the lane count of the compiled programs."""
SLOW_UNIT_TRIALS = 8
"""The same for routes that work trial by trial: an interruption loses at most this much."""


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
        now: what is being computed, as far as that is known.
        compiling: whether its programs may have to be compiled first.
        left_s: seconds to the end by what trials of every scheme took without compilation; None until all schemes that
            are left have been measured.
        compile_s: seconds that programs have taken so far.
    """

    total: int
    stored: int
    computed: int
    statuses: Mapping[Status, int]
    seconds: float
    current: str = ""
    now: str = ""
    compiling: bool = False
    left_s: float | None = None
    compile_s: float = 0.0

    @property
    def left(self) -> int:
        """Trials still to compute."""
        return self.total - self.stored - self.computed


Executor = Callable[[Iterable[BlockTask]], Iterator[tuple[BlockTask, Unit]]]
"""Computes tasks, in any order. It takes them one by one, as it has room for more: later ones may be larger."""


def compute(
    system: System,
    studies: Iterable[Scenario],
    store: UnitStore,
    progress: Callable[[Progress], None] | None = None,
    unit_trials: int | None = None,
    executor: Executor | None = None,
    workers: int = 1,
    stop: Stop | None = None,
    given: Mapping[str, GivenChannels] | None = None,
) -> None:
    """Compute what the studies need and the store lacks.

    Args:
        system: the system.
        studies: scenarios of one seed; what they share is computed once.
        store: where units are kept, each as soon as it is finished.
        progress: called at the start and after every unit.
        unit_trials: trials per unit; by default 64 (by other routes than the fast one 8), and more where units take
            so little time that storing them would matter.
        executor: computes tasks, in any order; in this process when None.
        workers: how many tasks the executor computes at once.
        stop: looked at after every unit. Executors finish the tasks that they have, and get no more.
        given: given channels by their digest.

    Raises:
        ClusterError: if there are no workers (any more), with what was finished before.
        KeyboardInterrupt: when ``stop`` says so; what was finished is in the store.
    """
    if unit_trials is not None:
        whole_number("unit_trials", unit_trials, 1, 1_000_000)
    wanted = list(studies)
    book = _Book(progress, workers)
    stop = stop or Stop()
    tried: dict[UnitKey, list[Interval]] = {}
    while True:
        wants = targets(system, wanted, store)
        blocks = plan(system, wants, store, tried, unit_trials, given)
        book.plan(wants, blocks)
        if not blocks:
            return
        portions = Portions(blocks, workers, may_grow=unit_trials is None)
        try:
            for task, unit in (executor or in_process)(_handed_out(portions, stop, book)):
                store.write(unit, task.config)
                tried.setdefault(unit.key, []).append((unit.first, unit.stop))
                portions.note(task, unit)
                book.add(task, unit)
                if executor is None:
                    stop.look()
        except ClusterError as error:
            raise ClusterError(f"{error} Finished before: {book.finished}.") from None
        stop.look()


def plan(
    system: System,
    wants: Sequence[Want],
    store: UnitStore,
    tried: Mapping[UnitKey, Sequence[Interval]] | None = None,
    unit_trials: int | None = None,
    given: Mapping[str, GivenChannels] | None = None,
) -> list[BlockTask]:
    """What is missing, as tasks with low trial numbers first: an interrupted run has some of everything.

    Args:
        system: the system.
        wants: how many trials of what.
        store: what is there need not be computed.
        tried: nor what this run has computed, well or not.
        unit_trials, given: as for ``compute``.
    """
    blocks: dict[tuple[int, int, str], list[Want]] = {}
    for want in wants:
        usual = UNIT_TRIALS if want.choice.route == DEFAULT_ROUTE else SLOW_UNIT_TRIALS
        size = unit_trials or want.choice.scheme.unit_trials or usual
        finished = [*store.finished(want.key), *(tried or {}).get(want.key, ())]
        for first, stop in missing_intervals(finished, want.trials, size):
            blocks.setdefault((first, stop, want.key.fingerprint), []).append(want)
    # A stable sort: within equal trials the points keep the order of the sweep.
    return [
        BlockTask(
            *(system, group[0].config, mark, group[0].seed, first, stop),
            choices=tuple(want.choice for want in group),
            given=(given or {})[group[0].channels] if group[0].channels else None,
        )
        for (first, stop, mark), group in sorted(blocks.items(), key=lambda item: item[0][:2])
    ]


def _handed_out(tasks: Iterable[BlockTask], stop: Stop, book: _Book) -> Iterator[BlockTask]:
    """The tasks, noted as begun, until there is a signal."""
    for task in tasks:
        if stop.signal:
            return
        book.begin(task, task.choices[0])
        yield task


def in_process(tasks: Iterable[BlockTask]) -> Iterator[tuple[BlockTask, Unit]]:
    """The plain executor."""
    for task in tasks:
        for unit in compute_block(task):
            yield task, unit


def compute_block(task: BlockTask) -> Iterator[Unit]:
    """One draw, or a part of what is given, then a unit per scheme, or several where trials of it raise. What raises
    becomes FAILED rows with the traceback beside them."""
    for choice in task.choices:
        choice.solver()  # a route that cannot run at all is refused, not stored as a failure
    try:
        if task.given is not None:
            channels = task.given.part(task.first, task.stop)
        else:
            channels = draw_trials(task.system, task.config, task.seed, range(task.first, task.stop))
    except ConfigError:
        raise
    except Exception:
        yield from failed_units(task, traceback.format_exc())
        return
    for choice in task.choices:
        yield from _compute_units(task, choice, channels)


def failed_units(task: BlockTask, trace: str) -> Iterator[Unit]:
    """FAILED rows for all schemes of a task."""
    for choice in task.choices:
        yield _unit(task, choice, _Computed(unit_arrays(failed(task.stop - task.first)), trace=trace))


def _compute_units(task: BlockTask, choice: SchemeRoute, channels: Any) -> Iterator[Unit]:
    """Design, evaluate, judge: one unit, or one for each stretch of trials where a route of trial by trial raises.

    An exception in one trial says nothing about the others of such a route, and which others there are is a matter of
    portions, on which no result may depend.
    """
    whole = _computed(task, choice, channels)
    count = task.stop - task.first
    if not whole.trace or count == 1 or not works_by_trial(choice):
        yield _unit(task, choice, whole)
        return
    alone = [_computed(task, choice, take(channels, [trial])) for trial in range(count)]
    first = task.first
    for trace, stretch in itertools.groupby(alone, key=lambda part: part.trace):
        parts = list(stretch)
        arrays = _one_after_the_other([part.arrays for part in parts])
        seconds, compiling = sum(part.seconds for part in parts), sum(part.compiling for part in parts)
        stop = first + len(parts)
        yield _unit(replace(task, first=first, stop=stop), choice, _Computed(arrays, seconds, trace, compiling))
        first = stop


def works_by_trial(choice: SchemeRoute) -> bool:
    """Whether a route takes one trial after the other: slow twins, and what its author says is not traced."""
    return choice.route != DEFAULT_ROUTE or getattr(choice.solver(), "by_trial", False)


@dataclass(frozen=True)
class _Computed:
    """Arrays of a unit, what they took, and the traceback where they are FAILED rows."""

    arrays: Mapping[str, np.ndarray]
    seconds: float = 0.0
    trace: str = ""
    compiling: float = 0.0


def _computed(task: BlockTask, choice: SchemeRoute, channels: Any) -> _Computed:
    start, programs = time.perf_counter(), compile_seconds()
    trace = ""
    try:
        solution = design_trials(task.system, task.config, channels, choice.scheme.name, choice.route)
        metrics = evaluate_trials(task.system, task.config, channels, solution.value)
        outcome = judge(choice.scheme, solution, metrics, task.system.tolerance)
    except Exception as error:
        if task.given is not None and isinstance(error, ChannelError | ConfigError):
            raise  # what no trial of these channels can give is refused, not stored as a failure
        trace = traceback.format_exc()
        outcome = failed(batch_size(channels))
    seconds, compiling = time.perf_counter() - start, compile_seconds() - programs
    return _Computed(unit_arrays(outcome), seconds, trace, min(compiling, seconds))


def _one_after_the_other(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays of consecutive trials as those of all of them; histories are as long as the longest."""
    longest = max(part["history"].shape[1] for part in parts)

    def rows(part: Mapping[str, np.ndarray], name: str) -> np.ndarray:
        if name != "history":
            return part[name]
        return np.pad(part[name], ((0, 0), (0, longest - part[name].shape[1])), constant_values=np.nan)

    return {name: np.concatenate([rows(part, name) for part in parts]) for name in parts[0]}


def _unit(task: BlockTask, choice: SchemeRoute, made: _Computed) -> Unit:
    key = UnitKey(task.fingerprint, choice.scheme.name, choice.route)
    program = task.system.program(choice.scheme.name)
    span = task.first, task.stop
    return Unit(key, *span, made.arrays, made.seconds, made.trace, machine_type(), program, made.compiling)


class _Book:
    """Keeps the count of a run and tells ``progress``."""

    def __init__(self, progress: Callable[[Progress], None] | None, workers: int = 1) -> None:
        self._progress = progress
        self._workers = max(workers, 1)
        self._left: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._steady: dict[str, float] = {}
        self._compile_s = 0.0
        self._start = time.monotonic()
        self._statuses: Counter[Status] = Counter()
        self._total = self._stored = self._computed = 0
        self._planned = False
        self._now = ""
        self._compiling = False
        self._seen: set[str] = set()

    @property
    def finished(self) -> str:
        """How far the run is, in words."""
        return f"{self._stored + self._computed} of {self._total} trials"

    def plan(self, wants: Iterable[Want], blocks: Iterable[BlockTask]) -> None:
        """Note what a round is going to compute."""
        tasks = list(blocks)
        if tasks:
            self.begin(tasks[0], tasks[0].choices[0])
        self._left = Counter[str]()
        for task in tasks:
            self._left.update({choice.label: task.stop - task.first for choice in task.choices})
        self._total = sum(want.trials for want in wants)
        missing = sum((task.stop - task.first) * len(task.choices) for task in tasks)
        if not self._planned or missing:
            self._stored = self._total - self._computed - missing
            self._report("")
        self._planned = True

    def begin(self, task: BlockTask, choice: SchemeRoute) -> None:
        """Note what is begun: the first time that a scheme is seen, it compiles."""
        self._now, self._compiling = choice.label, choice.label not in self._seen

    def add(self, task: BlockTask, unit: Unit) -> None:
        """Note a finished unit; the task's next scheme is begun."""
        self._statuses.update(Status(code) for code in unit.arrays["status"].tolist())
        self._computed += unit.stop - unit.first
        labels = [choice.label for choice in task.choices]
        done = next(c.label for c in task.choices if (c.scheme.name, c.route) == (unit.key.scheme, unit.key.route))
        self._seen.add(done)
        self._measure(done, unit)
        following = labels[labels.index(done) + 1 :]
        if following:
            self._now, self._compiling = following[0], following[0] not in self._seen
        self._report(f"{unit.key.scheme}, {span_text(unit.first, unit.stop)}")

    def _measure(self, label: str, unit: Unit) -> None:
        self._left[label] -= unit.stop - unit.first
        self._done[label] += unit.stop - unit.first
        self._steady[label] = self._steady.get(label, 0.0) + unit.seconds - unit.compile_seconds
        self._compile_s += unit.compile_seconds

    def _left_seconds(self, seconds: float) -> float | None:
        """By the pace of every scheme, and what drawing and storing have taken beside the designs."""
        left = {label: count for label, count in self._left.items() if count > 0}
        if not left or any(label not in self._done for label in left):
            return None
        designing = sum(count * self._steady[label] / self._done[label] for label, count in left.items())
        steady = sum(self._steady.values())
        beside = max(seconds * self._workers - self._compile_s - steady, 0.0) / max(sum(self._done.values()), 1)
        beside = min(beside, steady / max(sum(self._done.values()), 1))  # waiting is no work
        return (designing + beside * sum(left.values())) / self._workers

    def _report(self, current: str) -> None:
        if self._progress is not None:
            seconds = time.monotonic() - self._start
            statuses = dict(self._statuses)
            numbers = self._total, self._stored, self._computed
            more = self._left_seconds(seconds), self._compile_s
            self._progress(Progress(*numbers, statuses, seconds, current, self._now, self._compiling, *more))
