# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""What a run will take, before it is started: a few trials of every scheme are computed, measured and forgotten.

Time of programs stands apart: it is spent once, and what is compiled here is kept for the run. Points whose programs
are the same are measured at the first and the last of them, because cost rises or falls along most sweeps.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from leoisac.experiment.contracts import System
from leoisac.experiment.running.portions import MOST_BYTES, BlockTask, channel_bytes
from leoisac.experiment.running.runner import UNIT_TRIALS, compute_block, plan
from leoisac.experiment.scenario.scenarios import LEAST_USABLE_SHARE, USABLE_CEILING, Scenario
from leoisac.experiment.store.targets import Want, targets
from leoisac.experiment.store.units import MemoryStore, Unit, UnitStore
from leoisac.experiment.trials.blocks import geometry_of, parameters_of
from leoisac.experiment.trials.given_channels import GivenChannels
from leoisac.foundation.compile_clock import compile_seconds
from leoisac.foundation.jax_setup import jax

PROBE_S = 1.0
"""Longest time for which a scheme is measured in a block of full size at a point."""
_IN_BATCH = 1.5
"""Two trials that take less than this times one are computed side by side: then only a full block tells."""


@dataclass(frozen=True)
class SchemeEstimate:
    """What a scheme will take: trials still to compute over all points, seconds for each of one process, in all."""

    label: str
    trials: int
    per_trial_s: float
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """What a run will take.

    Attributes:
        schemes: scheme by scheme.
        compile_s: programs, as far as they had to be made now; what is kept from earlier runs costs little.
        draw_s: drawing of channels, in all.
        peak_bytes: largest memory of the process that holds the results: what it has now, a portion, the datasets.
        points: sweep points; ``measured`` of them were tried.
        is_floor: rules of the studies (``count``, ``until``) may ask for more than was expected.
        spent_s: what measuring took.
        busy: processor time over wall-clock time while it measured: less than one on a machine that others use, too.
    """

    schemes: tuple[SchemeEstimate, ...]
    compile_s: float
    draw_s: float
    peak_bytes: int
    points: int
    measured: int
    is_floor: bool
    spent_s: float
    busy: float = 1.0

    @property
    def trials(self) -> int:
        """Trials still to compute, over schemes and points."""
        return sum(item.trials for item in self.schemes)

    def seconds(self, workers: int = 1) -> float:
        """Wall-clock time by so many processes, each of which makes its programs."""
        return self.compile_s + (self.draw_s + sum(item.seconds for item in self.schemes)) / max(workers, 1)


@dataclass
class _Probe:
    """What was measured of a scheme at a point."""

    per_trial_s: float
    usable: float
    bytes_per_trial: float


def estimate(
    system: System,
    studies: Sequence[Scenario],
    store: UnitStore | None = None,
    given: Mapping[str, GivenChannels] | None = None,
    progress: Callable[[str], None] | None = None,
    probe_s: float = PROBE_S,
) -> Estimate:
    """Measure a few trials of everything that the studies need and the store lacks.

    Args:
        system: the system.
        studies: scenarios of one seed.
        store: what it holds need not be computed; None for a run from the start.
        given: given channels by their digest.
        progress: told in words what is measured next.
        probe_s: longest time of a block of full size, of a scheme at a point; where one takes longer, two trials tell.

    Raises:
        ConfigError: for a route that cannot run here.
    """
    began = time.perf_counter()
    store = store or MemoryStore()
    wants = targets(system, studies, store)
    tasks = plan(system, wants, store, given=given)
    points = _points(tasks)
    clock = _Meter(progress, probe_s)
    for group in _alike(system, points):
        for mark in dict.fromkeys((group[0], group[-1])):
            clock.measure(points[mark])
        clock.share_out(group)
    open_keys = {want.key for want in wants if not want.settled}
    rows: dict[str, list[tuple[int, float]]] = {}
    for mark, parts in points.items():
        for label, trials in _trials_by_label(parts).items():
            probe = clock.found[mark, label]
            more = _expected(probe.usable, any(_is(want, mark, label) for want in wants if want.key in open_keys))
            rows.setdefault(label, []).append((math.ceil(trials * more), probe.per_trial_s))
    schemes = tuple(_row(label, parts) for label, parts in rows.items())
    draws = sum(
        (part.stop - part.first) * clock.draw_s.get(mark, 0.0) for mark, parts in points.items() for part in parts
    )
    return Estimate(
        *(schemes, clock.compile_s, draws, _peak_bytes(system, studies, clock, points)),
        points=len(points),
        measured=len(clock.measured),
        is_floor=bool(open_keys) or any(study.until for study in studies),
        spent_s=time.perf_counter() - began,
        busy=clock.busy,
    )


class _Meter:
    """Computes probes, and keeps what they took: fingerprint and label -> probe."""

    def __init__(self, progress: Callable[[str], None] | None, probe_s: float) -> None:
        self.found: dict[tuple[str, str], _Probe] = {}
        self.draw_s: dict[str, float] = {}
        self.compile_s = 0.0
        self.measured: list[str] = []
        self._wall = self._processor = 0.0
        self._progress = progress
        self._probe_s = probe_s

    @property
    def busy(self) -> float:
        """Processor time over wall-clock time of what compiled nothing."""
        return min(self._processor / self._wall, 1.0) if self._wall else 1.0

    def measure(self, parts: Sequence[BlockTask]) -> None:
        """All schemes of the tasks of a point."""
        task = parts[-1]
        self.measured.append(task.fingerprint)
        most = UNIT_TRIALS if task.given is None else min(UNIT_TRIALS, task.stop)
        for choice in {choice.label: choice for part in parts for choice in part.choices}.values():
            if self._progress is not None:
                self._progress(choice.label)
            one = replace(task, choices=(choice,), first=0, stop=1)
            first = self._run(one)
            single = _steady(first)
            known, count = first, 1
            if single * most <= self._probe_s:
                count = most
            elif most > 1:
                known, count = self._run(replace(one, stop=2)), 2
                batched = _steady(known) < _IN_BATCH * single and _steady(known) <= 4 * self._probe_s
                count = most if batched else 2
            if count not in (known.stop - known.first, 1):
                known = self._run(replace(one, stop=count))
            count = known.stop - known.first
            arrays = sum(array.nbytes for array in known.arrays.values())
            self.found[task.fingerprint, choice.label] = _Probe(
                _steady(known) / count, float(np.mean(known.arrays["usable"])), arrays / count
            )

    def share_out(self, group: Sequence[str]) -> None:
        """Points between the first and the last of a group have the mean of both."""
        ends = [group[0], group[-1]]
        labels = [label for mark, label in self.found if mark == group[0]]
        for mark in group[1:-1]:
            self.draw_s[mark] = float(np.mean([self.draw_s[end] for end in ends]))
            for label in labels:
                both = [self.found[end, label] for end in ends]
                columns = zip(*((probe.per_trial_s, probe.usable, probe.bytes_per_trial) for probe in both))
                self.found[mark, label] = _Probe(*(float(np.mean(column)) for column in columns))

    def _run(self, task: BlockTask) -> Unit:
        start, processor, programs = time.perf_counter(), time.process_time(), compile_seconds()
        units = list(compute_block(task))
        spent, programs = time.perf_counter() - start, compile_seconds() - programs
        self.compile_s += programs
        if not programs:
            self._wall, self._processor = self._wall + spent, self._processor + time.process_time() - processor
        drawing = spent - programs - sum(unit.seconds - unit.compile_seconds for unit in units)
        drawn = max(drawing, 0.0) / (task.stop - task.first)
        known = self.draw_s.get(task.fingerprint)
        self.draw_s[task.fingerprint] = drawn if known is None else min(known, drawn)
        # Of several, because trials of it raise, the longest stretch that came out speaks for the scheme.
        return max(units, key=lambda unit: (not unit.traceback, unit.stop - unit.first))


def _steady(unit: Unit) -> float:
    return max(unit.seconds - unit.compile_seconds, 1e-9)


def _points(tasks: Sequence[BlockTask]) -> dict[str, list[BlockTask]]:
    points: dict[str, list[BlockTask]] = {}
    for task in tasks:
        points.setdefault(task.fingerprint, []).append(task)
    return points


def _trials_by_label(parts: Sequence[BlockTask]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for part in parts:
        for choice in part.choices:
            counts[choice.label] = counts.get(choice.label, 0) + part.stop - part.first
    return counts


def _alike(system: System, points: Mapping[str, Sequence[BlockTask]]) -> list[list[str]]:
    """Fingerprints of points that share programs and schemes: those whose parameters have one structure."""
    groups: dict[Any, list[str]] = {}
    for mark, parts in points.items():
        config = parts[0].config
        leaves, tree = jax.tree.flatten((geometry_of(system, config), parameters_of(system, config)))
        labels = tuple(sorted({choice.label for part in parts for choice in part.choices}))
        groups.setdefault((tree, tuple(np.shape(leaf) for leaf in leaves), labels), []).append(mark)
    return list(groups.values())


def _is(want: Want, mark: str, label: str) -> bool:
    return want.key.fingerprint == mark and want.choice.label == label


def _expected(usable: float, is_open: bool) -> float:
    """How many times the trials a rule for usable ones takes, by the share that was found."""
    return min(1.0 / usable, USABLE_CEILING) if is_open and usable > LEAST_USABLE_SHARE else 1.0


def _row(label: str, parts: Sequence[tuple[int, float]]) -> SchemeEstimate:
    trials, seconds = sum(count for count, _ in parts), sum(count * each for count, each in parts)
    return SchemeEstimate(label, trials, seconds / max(trials, 1), seconds)


def _peak_bytes(
    system: System, studies: Sequence[Scenario], clock: _Meter, points: Mapping[str, Sequence[BlockTask]]
) -> int:
    """What the process has had so far, a portion in full, and the datasets with a copy for their statistics."""
    sizes = [probe.bytes_per_trial for probe in clock.found.values()]
    results = max(sizes, default=0.0)
    held = sum(results * study.trials * len(study.points()) * len(study.schemes) for study in studies)
    per_trial = max((channel_bytes(parts[0]) for parts in points.values()), default=0)
    wanted = max((sum(_trials_by_label(parts).values()) for parts in points.values()), default=0)
    portion = max(min(MOST_BYTES, wanted * per_trial), min(UNIT_TRIALS, wanted) * per_trial)
    return int(memory_so_far() + portion + 2 * held)


def memory_so_far() -> int:
    """Largest memory of this process until now, in bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
