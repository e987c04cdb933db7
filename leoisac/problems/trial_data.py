# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Data of many trials: which arrays have a trial axis, and the shapes that one trial sees."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax
from leoisac.problems.problem import Layout, Problem
from leoisac.problems.reading_errors import data_name
from leoisac.problems.statement import ProblemError


@dataclass(frozen=True)
class TrialData:
    """Arrays of all trials; what is common to all is repeated without being copied."""

    arrays: Any
    """Pytree of NumPy arrays, trial axis first."""
    trials: int
    layout: Layout

    def of(self, trials: Any) -> Any:
        """Arrays of some trials, in the order asked for."""
        return jax.tree.map(lambda leaf: leaf[trials], self.arrays)

    def block(self, first: int, count: int) -> TrialData:
        """Some consecutive trials."""
        arrays = self.of(slice(first, first + count))
        return TrialData(arrays, min(count, self.trials - first), self.layout)

    def chosen(self, trials: np.ndarray) -> TrialData:
        """Some trials."""
        return TrialData(self.of(trials), len(trials), self.layout)

    def finite(self) -> np.ndarray:
        """Which trials have finite data, shape ``(trial,)``."""
        sound = np.ones(self.trials, bool)
        for leaf in jax.tree.leaves(self.arrays):
            sound &= np.isfinite(leaf).reshape(self.trials, -1).all(axis=1)
        return sound


def arrange(problem: Problem, data: Any, trials: int | None) -> TrialData:
    """Give every array a trial axis.

    An array is per trial if its first axis has the length that most arrays begin with and the statement can be read so;
    scalars and all other arrays are common to all trials. If that cannot be read, all arrays are those of one trial.

    Args:
        problem: whose statement decides.
        data: mapping (nested or not) or other pytree of arrays and numbers.
        trials: their number where it is not to be found out; 1 also for data without any trial axis.

    Raises:
        ProblemError: an array of no numbers; arrays that cannot be read either way.
    """
    numbers = jax.tree_util.tree_map_with_path(_numbers, data, is_leaf=_is_array)
    leaves, tree = jax.tree.flatten(numbers)
    _check_trials(numbers, trials)
    _warn_of_decibels(numbers)
    if problem.data_axes is not None:
        per_trial, count = _declared(problem, numbers, trials)
        return _arranged(problem, leaves, tree, per_trial, count)
    if trials not in (None, 1) and not any(leaf.ndim and len(leaf) == trials for leaf in leaves):
        raise ProblemError(f"trials = {trials}, but no array of the data has {trials} trials along its first axis.")
    first_error: ProblemError | None = None
    for count in _candidates(leaves, trials):
        per_trial = [leaf.ndim > 0 and len(leaf) == count for leaf in leaves]
        try:
            found = _arranged(problem, leaves, tree, per_trial, count)
        except ProblemError as error:
            first_error = first_error or error
            continue
        _warn_if_ambiguous(problem, numbers, per_trial, count)
        return found
    try:
        if trials in (None, 1):
            found = _arranged(problem, leaves, tree, [False] * len(leaves), 1)
            if trials is None:
                _warn_of_sweeps(problem, numbers)
            return found
    except ProblemError as error:
        raise first_error or error from error
    assert first_error is not None
    raise first_error


def _is_array(leaf: Any) -> bool:
    """What stands for one array: None (refused with words), and lists of plain numbers, nested or not."""
    if isinstance(leaf, list | tuple):
        return bool(leaf) and all(isinstance(part, int | float | complex) or _is_array(part) for part in leaf)
    return leaf is None


def _numbers(path: Any, leaf: Any) -> np.ndarray:
    name = data_name(path)
    try:
        array = np.asarray(leaf)
    except (TypeError, ValueError) as error:
        raise ProblemError(f"{name} is no array of numbers: {error}.") from error
    if array.dtype.kind not in "biufc":
        held = type(array.flat[0]).__name__ if array.dtype.kind == "O" and array.size else str(array.dtype)
        kind = "None" if leaf is None else f"an array of {held}" if np.ndim(leaf) else f"a {type(leaf).__name__}"
        raise ProblemError(f"{name} is {kind}; data are numbers and arrays of them. Leave out what is not needed.")
    if array.dtype.kind == "f":
        return array.astype(np.float64)
    return array.astype(np.complex128) if array.dtype.kind == "c" else array


def _check_trials(numbers: Any, trials: int | None) -> None:
    """Refuse data of no trials."""
    if trials is not None and trials < 1:
        raise ProblemError(f"trials = {trials}; at least one is needed.")
    arrays = [(path, leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(numbers) if leaf.ndim]
    if arrays and not any(len(leaf) for _, leaf in arrays):
        raise _no_trials(*arrays[0])


def _no_trials(path: Any, leaf: np.ndarray) -> ProblemError:
    return ProblemError(
        f"{data_name(path)} has shape {leaf.shape}: there are no trials to solve. Give at least one, or leave the call "
        "out."
    )


def _warn_of_decibels(numbers: Any) -> None:
    """Say so where a noise power is negative: it was meant in decibels, and makes every ratio negative."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(numbers):
        name = data_name(path)
        last = name.rsplit(".", 1)[-1].lower()
        if "noise" in last and "db" not in last and leaf.dtype.kind in "if" and (leaf < 0).any():
            warnings.warn(
                f"{name} has negative numbers ({leaf.min():g}); li.terms take noise as a power, which is positive. "
                "From decibels: 10 ** (x / 10). Call it noise_dbm if the statement does that itself.",
                UserWarning,
                stacklevel=5,
            )


def _candidates(leaves: list[np.ndarray], trials: int | None) -> list[int]:
    if trials is not None:
        return [trials]
    lengths = Counter(len(leaf) for leaf in leaves if leaf.ndim and len(leaf))
    # Arrays of highest rank are the likeliest to have a trial axis.
    rank = {length: max(leaf.ndim for leaf in leaves if leaf.ndim and len(leaf) == length) for length in lengths}
    return sorted(lengths, key=lambda length: (-rank[length], -lengths[length]))


def _arranged(problem: Problem, leaves: list[np.ndarray], tree: Any, per_trial: list[bool], count: int) -> TrialData:
    shapes = [
        jax.ShapeDtypeStruct(leaf.shape[1:] if own else leaf.shape, leaf.dtype)
        for leaf, own in zip(leaves, per_trial, strict=True)
    ]
    layout = problem.layout(jax.tree.unflatten(tree, shapes))
    arrays = [
        leaf if own else np.broadcast_to(leaf, (count, *leaf.shape))
        for leaf, own in zip(leaves, per_trial, strict=True)
    ]
    return TrialData(jax.tree.unflatten(tree, arrays), count, layout)


def _declared(problem: Problem, numbers: Any, trials: int | None) -> tuple[list[bool], int]:
    axes = problem.data_axes or {}
    if not isinstance(numbers, dict) or set(numbers) != set(axes):
        given = sorted(numbers) if isinstance(numbers, dict) else "no mapping"
        raise ProblemError(f"The problem {problem.name} declares the data {sorted(axes)}; given are {given}.")
    per_trial: dict[str, bool] = {}
    for name, array in numbers.items():
        extra = array.ndim - len(axes[name])
        if extra not in (0, 1):
            raise ProblemError(
                f"d.{name} has shape {array.shape}; declared are the axes {axes[name]} of one trial, before which an "
                "axis of trials may stand."
            )
        per_trial[name] = extra == 1
    counts = {name: len(numbers[name]) for name, own in per_trial.items() if own}
    for name, length in counts.items():
        if not length:
            raise _no_trials((jax.tree_util.DictKey(name),), numbers[name])
    if len(set(counts.values())) > 1:
        raise ProblemError(f"The data disagree on the number of trials: {counts}.")
    count = next(iter(counts.values()), 1)
    if trials is not None and trials != count:
        raise ProblemError(f"trials = {trials}, but the data have {count}.")
    return [per_trial[name] for name in sorted(numbers)], count


def _warn_of_sweeps(problem: Problem, numbers: Any) -> None:
    """Say what is assumed where a vector could also hold a number for each trial."""
    leaves, tree = jax.tree.flatten(numbers)
    for number, leaf in enumerate(leaves):
        if leaf.ndim != 1 or len(leaf) == 1:
            continue
        try:
            _arranged(problem, leaves, tree, [place == number for place in range(len(leaves))], len(leaf))
        except ProblemError:
            continue
        _warn(
            numbers, number, "it is taken for part of one trial, with all other data", "holds a number for each trial"
        )


def _warn(numbers: Any, number: int, taken: str, otherwise: str) -> None:
    path, leaf = jax.tree_util.tree_leaves_with_path(numbers)[number]
    warnings.warn(
        f"{data_name(path)} has shape {leaf.shape}: {taken}. If it {otherwise}, declare the axes of one trial: "
        'Problem(..., data={"h": ("user", "antenna"), "noise": ("user",), ...}).',
        UserWarning,
        stacklevel=6,
    )


def _warn_if_ambiguous(problem: Problem, numbers: Any, per_trial: list[bool], count: int) -> None:
    """Say what is assumed where the number of trials is also the length of another axis, and both can be read."""
    leaves, tree = jax.tree.flatten(numbers)
    lengths = {n for leaf, own in zip(leaves, per_trial, strict=True) for n in (leaf.shape[1:] if own else leaf.shape)}
    lengths |= {n for kind in problem.variables.values() for n in kind.shape}
    if count == 1 or count not in lengths:
        return
    for number, own in enumerate(per_trial):
        if not own or leaves[number].ndim > 1:
            continue
        other = [flag and place != number for place, flag in enumerate(per_trial)]
        try:
            _arranged(problem, leaves, tree, other, count if any(other) else 1)
        except ProblemError:
            continue
        _warn(numbers, number, f"there are {count} trials, and it is taken for a number of each", "is common to all")
