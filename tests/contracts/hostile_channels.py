"""Channels that nature does not make, one kind to a trial, for every scheme: of a contract test and a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from leoisac.experiment.channel_table import COMPLEX, NOT_NEGATIVE, POSITIVE, domain_of
from leoisac.experiment.contracts import Scheme, System
from leoisac.experiment.trials.judge import is_usable
from leoisac.foundation.status import Solution, Status

Arrays = dict[str, np.ndarray]
"""Channel arrays of one trial by name."""

GOOD = 3
"""Trials as they are drawn, before and between the hostile ones."""


class Case(NamedTuple):
    """One hostile trial.

    Attributes:
        name: what is done to a drawn trial.
        change: does it, to a copy of its arrays.
        is_finite: whether all numbers stay finite; no design may leave with another status than NONFINITE if not.
        is_stronger: no requirement gets harder: what had a design must not be called infeasible.
    """

    name: str
    change: Callable[[Arrays], None]
    is_finite: bool = True
    is_stronger: bool = False


def cases(system: System) -> list[Case]:
    """Hostile trials within the domains of the system's arrays, and such with entries that are no numbers."""
    axes = system.channel_axes
    gains = [name for name in axes if domain_of(axes[name]) in (COMPLEX, NOT_NEGATIVE)]
    noises = [name for name in axes if domain_of(axes[name]) == POSITIVE and name != "gain_floor"]

    def scaled(names: list[str], factor: float) -> Callable[[Arrays], None]:
        def change(arrays: Arrays) -> None:
            for name in names:
                # Gains of power grow by the square, as those of amplitude do: all links change alike.
                with np.errstate(over="ignore"):
                    size = np.abs(arrays[name]) * factor * (factor if domain_of(axes[name]) == NOT_NEGATIVE else 1.0)
                arrays[name] = np.minimum(size, 1e308) * _phase(arrays[name])

        return change

    def broken(name: str, value: Any) -> Callable[[Arrays], None]:
        def change(arrays: Arrays) -> None:
            arrays[name] = np.array(arrays[name])
            arrays[name].flat[-1] = value

        return change

    def alike(axis: str) -> Callable[[Arrays], None]:
        def change(arrays: Arrays) -> None:
            for name, named in axes.items():
                if axis in named:
                    place = named.index(axis)
                    first = np.take(arrays[name], [0], axis=place)
                    arrays[name] = np.broadcast_to(first, arrays[name].shape).copy()

        return change

    def silent(axis: str) -> Callable[[Arrays], None]:
        def change(arrays: Arrays) -> None:
            for name in gains:
                if axis in axes[name]:
                    arrays[name] = arrays[name].copy()
                    np.moveaxis(arrays[name], axes[name].index(axis), 0)[0] = 0.0

        return change

    def flat(arrays: Arrays) -> None:
        for name in gains:
            arrays[name] = np.full_like(arrays[name], arrays[name].flat[0])

    found = [Case(f"NaN in {name}", broken(name, np.nan), is_finite=False) for name in axes]
    found += [Case(f"Inf in {name}", broken(name, np.inf), is_finite=False) for name in axes]
    found += [Case(f"all gains times {factor:g}", scaled(gains, factor)) for factor in (0.0, 1e-300, 1e-150)]
    for factor in (1e70, 1e150, 1e300):
        found.append(Case(f"all gains times {factor:g}", scaled(gains, factor), is_stronger=True))
    found += [Case(f"{name} zero", scaled([name], 0.0)) for name in gains]
    found += [Case(f"{name} times 1e150", scaled([name], 1e150)) for name in gains]
    for factor in (1e-150, 1e-290):
        found.append(Case(f"noise times {factor:g}", scaled(noises, factor), is_stronger=True))
    found += [Case(f"noise times {factor:g}", scaled(noises, factor)) for factor in (1e150, 1e300)]
    found += [Case(f"every {axis} alike", alike(axis)) for axis in ("user", "target") if _has(system, axis)]
    found += [Case(f"first {axis} silent", silent(axis)) for axis in ("user", "target") if _has(system, axis)]
    found.append(Case("all gains equal", flat))
    return [case for case in found if noises or "noise" not in case.name]


def hostile_batch(system: System, channels: Any) -> tuple[Any, list[Case | None]]:
    """The channels with every third trial turned hostile, and what was done to each trial.

    ``channels`` has as many trials as ``batch_trials`` says.
    """
    plan = list(_plan(system))
    arrays = {name: np.array(getattr(channels, name)) for name in system.channel_axes}
    for trial, case in enumerate(plan):
        if case is not None:
            one = {name: values[trial] for name, values in arrays.items()}
            case.change(one)
            for name, values in one.items():
                arrays[name][trial] = values
    return replace(channels, **arrays), plan


def batch_trials(system: System) -> int:
    """Trials of a hostile batch."""
    return len(list(_plan(system)))


def false_statuses(
    system: System,
    scheme: Scheme,
    plan: list[Case | None],
    solution: Solution[Any],
    metrics: Mapping[str, Any],
    undisturbed: Solution[Any],
) -> Iterator[str]:
    """What the statuses of a hostile batch say wrongly.

    Args:
        system, scheme: of the designs.
        plan: what was done to each trial.
        solution: from ``li.design``.
        metrics: of the designs, measured anew.
        undisturbed: solution of the batch as it was drawn.
    """
    status = np.asarray(solution.status)
    counts, before = usable(system, solution), usable(system, undisturbed)
    for trial, case in enumerate(plan):
        name = Status(int(status[trial])).name
        what = f"{system.name}:{scheme.name}, {case.name if case else 'as drawn'} (trial {trial}): {name}"
        if case and not case.is_finite and status[trial] != Status.NONFINITE:
            yield f"{what} with an input that is no number"
        if case and case.is_stronger and before[trial] and status[trial] == Status.INFEASIBLE:
            yield f"{what}, though it was feasible before all signals grew"
        if counts[trial]:
            yield from (f"{what} and {wrong}" for wrong in _wrong(system, scheme, metrics, solution, trial))


def changed_neighbours(plan: list[Case | None], solution: Solution[Any], undisturbed: Solution[Any]) -> list[int]:
    """Trials left as drawn that have other bits than in the batch as it was drawn."""
    from leoisac.foundation.jax_setup import jax

    def bits(of: Solution[Any], trial: int) -> list[bytes]:
        history = np.asarray(of.history)[trial]
        # As long as the longest of its batch, NaN past the end.
        of = replace(of, history=np.zeros(len(np.asarray(of.status))))
        leaves = [np.asarray(leaf)[trial].tobytes() for leaf in jax.tree_util.tree_leaves(of)]
        return [*leaves, history[~np.isnan(history)].tobytes()]

    return [
        trial for trial, case in enumerate(plan) if case is None and bits(solution, trial) != bits(undisturbed, trial)
    ]


def usable(system: System, solution: Solution[Any]) -> np.ndarray:
    """Which designs of a solution count."""
    return is_usable(np.asarray(solution.status), np.asarray(solution.violation), system.tolerance)


def oddly_laid_out(system: System, channels: Any) -> Any:
    """The same numbers, big-endian, in Fortran's order and read-only."""

    def odd(values: np.ndarray) -> np.ndarray:
        made = np.asarray(values, dtype=values.dtype.newbyteorder(">"), order="F")
        made.setflags(write=False)
        return made

    return replace(channels, **{name: odd(np.array(getattr(channels, name))) for name in system.channel_axes})


def _wrong(
    system: System, scheme: Scheme, metrics: Mapping[str, Any], solution: Solution[Any], trial: int
) -> Iterator[str]:
    for name, values in metrics.items():
        if not np.isfinite(np.asarray(values)[trial]).all():
            yield f"{name} is not finite"
    for name in ("objective", "violation"):
        if not np.isfinite(np.asarray(getattr(solution, name))[trial]):
            yield f"{name} is not finite"
    for name in scheme.enforces:
        margin = float(np.min(np.asarray(metrics[f"margin_{name}"])[trial]))
        if not margin >= -system.tolerance:
            yield f"misses {name} by {-margin:.2g}"


def _plan(system: System) -> Iterator[Case | None]:
    yield from [None] * GOOD
    for place, case in enumerate(cases(system)):
        yield case
        if place % 3 == 2:
            yield None


def _has(system: System, axis: str) -> bool:
    return any(axis in axes for axes in system.channel_axes.values())


def _phase(values: np.ndarray) -> np.ndarray:
    return np.exp(1j * np.angle(values)) if values.dtype.kind == "c" else np.ones_like(values)
