"""Fast route against another route under one protocol, so that speed never stands without quality.

The same trials for both; one core (processor time of this process, which the load of a shared machine does not
change); compilation excluded and given beside; the other route with its problems already compiled; the fast route with
all its starts and at its production lane count, so on no fewer trials than the smallest unit of a campaign: the
reference's are the first of them. Objectives and violations are the judge's, from the physical designs.
"""

from __future__ import annotations

import inspect
import json
import statistics
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leoisac.experiment.contracts import BenchCase, System, resolve
from leoisac.experiment.running.runner import UNIT_TRIALS
from leoisac.experiment.scenario.routes import scheme_route
from leoisac.experiment.trials.blocks import design_trials, draw_trials, evaluate_trials
from leoisac.experiment.trials.judge import Outcome, judge
from leoisac.experiment.trials.provenance import machine, versions
from leoisac.foundation.config import ConfigError, replace_fields
from leoisac.foundation.lanes import take

REPEATS = 3


@dataclass(frozen=True)
class BenchResult:
    """Outcome of one case; times in seconds of processor time, objectives over the trials that both routes can use.

    ``rival`` names the route against which the fast one is measured; its figures are called the reference's.
    ``fast_trials`` are those of the fast route, of which the first ``trials`` are the reference's. ``mean_gain`` and
    ``worst_gain`` are relative differences of the objective on the common ones, fast over reference (worst: the least
    over the trials); ``p99_shortfall`` is the 99th percentile of the fast route's relative shortfall against the best
    design known for each of its trials: of the reference, and of the fast route with ``best_of`` starts.
    """

    case: str
    rival: str
    sizes: dict[str, int]
    starts: str
    trials: int
    fast_trials: int
    fast_s: float
    reference_s: float
    ratio: float
    fast_compile_s: float
    reference_compile_s: float
    fast_mean: float
    reference_mean: float
    mean_gain: float
    worst_gain: float
    p99_shortfall: float
    best_of: int
    fast_violation: float
    reference_violation: float
    fast_usable: float
    reference_usable: float
    system: str = ""


def bench_cases(system: System) -> tuple[BenchCase, ...]:
    """The cases that a system declares (none for a system without a reference route)."""
    return resolve(system.benches) if system.benches else ()


def is_named(case: str, named: str) -> bool:
    """Whether a text stands in the name of a case, in any case of letters."""
    return named.casefold() in case.casefold()


def bench(
    system: System, trials: int | None = None, named: str = "", known: Collection[str] = ()
) -> Iterator[BenchResult]:
    """Results of a system's cases, one after the other.

    Args:
        system: the system.
        trials: of every case, instead of its own.
        named: only the cases with this in their name.
        known: names of cases that need not be measured again.

    Raises:
        ConfigError: if no case has that name, or the reference route's packages are missing.
    """
    cases = [case for case in bench_cases(system) if is_named(case.name, named)]
    if not cases:
        names = "; ".join(case.name for case in bench_cases(system))
        raise ConfigError(f"case = {named!r}: no case of `{system.name}` has this in its name. Cases: {names}.")
    for case in cases:
        if case.name not in known:
            yield run_case(system, case, trials or case.trials)


def run_case(system: System, case: BenchCase, trials: int) -> BenchResult:
    """One case: both routes on the same trials.

    Raises:
        ConfigError: if the reference route's packages are missing.
    """
    scheme_route(system, case.scheme, case.route).solver()
    config = replace_fields(system.config(), dict(case.overrides))
    fast_trials = max(trials, UNIT_TRIALS)
    channels = draw_trials(system, config, case.seed, fast_trials)
    scheme = system.scheme(case.scheme)

    def outcome(solution: Any) -> Outcome:
        common = take(channels, slice(0, len(np.asarray(solution.status))))
        return judge(scheme, solution, evaluate_trials(system, config, common, solution.value), system.tolerance)

    def fast() -> Any:
        return design_trials(system, config, channels, case.scheme, **case.options)

    def reference(trial: int) -> Any:
        one = take(channels, slice(trial, trial + 1))
        return design_trials(system, config, one, case.scheme, case.route, **case.options)

    first_fast, _ = timed(fast)
    runs = [timed(fast) for _ in range(REPEATS)]
    fast_s = statistics.median(seconds for seconds, _ in runs)
    first_reference, _ = timed(lambda: reference(0))
    solved = [timed(lambda trial=trial: reference(trial)) for trial in range(trials)]
    reference_s = [seconds for seconds, _ in solved]

    ours = outcome(runs[0][1])
    theirs = outcome(_joined([solution for _, solution in solved]))
    best = ours.objective.copy()
    best[:trials] = np.fmax(best[:trials], theirs.objective)
    if case.best_of:
        options: dict[str, Any] = {**case.options, "starts": case.best_of}
        many = outcome(design_trials(system, config, channels, case.scheme, **options))
        best = np.fmax(best, many.objective)
    return BenchResult(
        case=case.name,
        rival=case.rival or case.route,
        sizes=dict(system.axis_sizes(config)),
        starts=", ".join(f"{route} {_starts(system, case, route)}" for route in (case.route, "fast")),
        trials=trials,
        fast_trials=fast_trials,
        fast_s=fast_s / fast_trials,
        reference_s=statistics.median(reference_s),
        ratio=statistics.median(reference_s) / (fast_s / fast_trials),
        fast_compile_s=max(first_fast - fast_s, 0.0),
        reference_compile_s=max(first_reference - reference_s[0], 0.0),
        best_of=case.best_of,
        **compared(ours, theirs, best),
        system=system.name,
    )


def _starts(system: System, case: BenchCase, route: str) -> str:
    """How many points a route starts from: what the case says, else the route's default."""
    if "starts" in case.options:
        return str(case.options["starts"])
    try:
        known = inspect.signature(scheme_route(system, case.scheme, route).solver()).parameters
    except (TypeError, ValueError):
        return "1"
    return str(known["starts"].default) if "starts" in known else "1"


def compared(ours: Outcome, theirs: Outcome, best: np.ndarray) -> dict[str, float]:
    """Objectives and violations of ``BenchResult``.

    Args:
        ours: of the fast route.
        theirs: of the reference, on the first of these trials.
        best: objective of the best design known for each of ours.
    """
    trials = len(theirs.usable)
    both = ours.usable[:trials] & theirs.usable
    ours_mean, theirs_mean = _mean(ours.objective[:trials][both]), _mean(theirs.objective[both])
    gain = ours.objective[:trials][both] / theirs.objective[both] - 1.0
    shortfall = 1.0 - ours.objective[ours.usable] / best[ours.usable]
    return {
        "fast_mean": ours_mean,
        "reference_mean": theirs_mean,
        "mean_gain": ours_mean / theirs_mean - 1.0,
        "worst_gain": float(np.min(gain, initial=0.0)),
        "p99_shortfall": float(np.quantile(shortfall, 0.99)) if len(shortfall) else float("nan"),
        "fast_violation": _worst(ours),
        "reference_violation": _worst(theirs),
        "fast_usable": float(np.mean(ours.usable)),
        "reference_usable": float(np.mean(theirs.usable)),
    }


def save(results: Sequence[BenchResult], path: Path, batches: Sequence[Any] = ()) -> None:
    """The results as JSON, with the machine and the versions that made them.

    Args:
        results: of cases.
        path: of the file.
        batches: ``BatchResult`` items of the fast routes by themselves.
    """
    record: dict[str, Any] = {
        "machine": machine(),
        "versions": versions(("fast", "reference")),
        "batches": [asdict(result) for result in batches],
        "results": [asdict(result) for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processor time that a call took, and what it returned."""
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def _joined(solutions: list[Any]) -> Any:
    """Single-trial solutions as one batch; histories of several lengths are filled with missing values."""
    from leoisac.foundation.lanes import concatenate

    longest = max(np.shape(solution.history)[1] for solution in solutions)

    def filled(solution: Any) -> Any:
        history = np.asarray(solution.history, dtype=float)
        room = np.full((len(history), longest - history.shape[1]), np.nan)
        return type(solution)(**{**vars(solution), "history": np.concatenate([history, room], axis=1)})

    return concatenate([filled(solution) for solution in solutions])


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _worst(outcome: Outcome) -> float:
    return float(np.max(outcome.violation[outcome.usable], initial=0.0))
