"""How long the fast routes take as users run them: one design, and batches of several sizes, of every scheme.

Processor time of one core. Starts are the solver's own default. Quality stands beside: the share of usable designs, the
largest violation, and the shortfall against the best design known, which many starts give.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leoisac.experiment.contracts import Scheme, System
from leoisac.experiment.running.bench import timed
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.experiment.trials.blocks import design_trials, draw_trials, evaluate_trials
from leoisac.experiment.trials.judge import judge
from leoisac.foundation.lanes import take

BATCHES = (1, 64, 512, 4096)
BEST_OF = 8
_JUDGED = 64
"""Designs whose quality is looked at."""


@dataclass(frozen=True)
class BatchResult:
    """One scheme by its fast route; times in seconds of processor time.

    ``starts`` says how many by default (see ``default_starts``). ``first_s`` is the first call, compilation included
    where no earlier scheme shares the programs and none was kept. ``one_s`` holds the median, the 90th and the 99th
    percentile of single designs; ``per_design_s`` the time of a design in a batch of each size, missing where the batch
    would take longer than was asked for. ``ticks`` is the mean number of evaluations of value and gradient, zero where
    the scheme has none; ``tick_s`` the time of one in a batch of 64, everything around included. ``p99_shortfall`` is
    against the best of ``best_of`` starts, missing for solvers without starts.
    """

    system: str
    scheme: str
    starts: str
    first_s: float
    one_s: tuple[float, float, float]
    per_design_s: dict[int, float]
    ticks: float
    tick_s: float
    usable: float
    violation: float
    p99_shortfall: float | None
    best_of: int


def bench_batches(
    system: System,
    schemes: Sequence[str] = (),
    batches: Sequence[int] = BATCHES,
    longest_s: float = 30.0,
    seed: int = 0,
) -> Iterator[BatchResult]:
    """Every scheme of a system that has a fast route, at the system's default configuration.

    Args:
        system: the system.
        schemes: only these.
        batches: sizes of the batches.
        longest_s: a batch that would take longer is left out.
        seed: of the draws.
    """
    for scheme in system.schemes:
        if DEFAULT_ROUTE in scheme.routes and (not schemes or scheme.name in schemes):
            yield _measured(system, scheme, tuple(sorted(batches)), longest_s, seed)


def _measured(system: System, scheme: Scheme, batches: Sequence[int], longest_s: float, seed: int) -> BatchResult:
    config = system.config()
    channels = draw_trials(system, config, seed, _JUDGED)

    def design(of: Any, **options: Any) -> Any:
        return design_trials(system, config, of, scheme.name, **options)

    first_s, _ = timed(lambda: design(take(channels, slice(0, 1))))
    singles = [timed(lambda k=k: design(take(channels, slice(k, k + 1))))[0] for k in range(_JUDGED)]
    batch_s, solution = min((timed(lambda: design(channels)) for _ in range(2)), key=lambda run: run[0])
    one_s = batch_s / _JUDGED
    per_design = {size: _per_design(system, scheme, size, seed, one_s, longest_s) for size in batches if size > 1}
    if 1 in batches:
        per_design[1] = float(np.mean(singles))
    outcome = judge(scheme, solution, evaluate_trials(system, config, channels, solution.value), system.tolerance)
    ticks = float(np.mean(np.maximum(outcome.iterations, 0)))
    starts = default_starts(scheme)
    shortfall = None
    if starts:
        many = design(channels, starts=BEST_OF)
        best = judge(scheme, many, evaluate_trials(system, config, channels, many.value), system.tolerance)
        ours = outcome.objective[outcome.usable]
        known = np.fmax(ours, best.objective[outcome.usable])
        short = (known - ours) / np.where(known == 0.0, 1.0, np.abs(known))
        shortfall = float(np.quantile(short, 0.99)) if len(ours) else float("nan")
    return BatchResult(
        system=system.name,
        scheme=scheme.name,
        starts=starts,
        first_s=first_s,
        one_s=(_quantile(singles, 0.5), _quantile(singles, 0.9), _quantile(singles, 0.99)),
        per_design_s={size: value for size, value in sorted(per_design.items()) if value is not None},
        ticks=ticks,
        tick_s=one_s / ticks if ticks else 0.0,
        usable=float(np.mean(outcome.usable)),
        violation=float(np.max(outcome.violation[outcome.usable], initial=0.0)),
        p99_shortfall=shortfall,
        best_of=BEST_OF,
    )


def _per_design(system: System, scheme: Scheme, size: int, seed: int, one_s: float, longest_s: float) -> float | None:
    """Seconds of a design in a batch of this size."""
    if size * one_s > longest_s:
        return None
    channels = draw_trials(system, system.config(), seed, size)
    return timed(lambda: design_trials(system, system.config(), channels, scheme.name))[0] / size


def default_starts(scheme: Scheme) -> str:
    """How many points the fast route starts from by default: a number, "its own" where the solver decides by scheme,
    "" for solvers that have no starts."""
    try:
        known = inspect.signature(scheme.solver(DEFAULT_ROUTE)).parameters
    except (TypeError, ValueError):
        return ""
    if "starts" not in known:
        return ""
    return "its own" if known["starts"].default is None else str(known["starts"].default)


def _quantile(seconds: list[float], share: float) -> float:
    return float(np.quantile(seconds, share))
