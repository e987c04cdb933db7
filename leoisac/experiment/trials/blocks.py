# pyright: reportUnknownMemberType=false
"""Draw, design and evaluate any number of trials of one configuration.

Compiled functions are kept per system, not per configuration: a sweep over numbers compiles once, a sweep over sizes
once per size. What ``prepare`` and ``parameters`` return is kept per configuration.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from leoisac.experiment.contracts import OverTime, Part, System, resolve
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE, scheme_route
from leoisac.experiment.scenario.scenarios import MOST_SEED, MOST_TRIALS, whole_number
from leoisac.experiment.trials.design_arrays import check_shapes
from leoisac.experiment.trials.unsound import sound_trials, with_stand_ins, without_designs
from leoisac.foundation.config import Config, ConfigError, fingerprint, suggest
from leoisac.foundation.evolution import moving
from leoisac.foundation.jax_setup import in_double, jax
from leoisac.foundation.keys import trial_key
from leoisac.foundation.lanes import BatchedFunction, by_lanes
from leoisac.foundation.status import Solution

KEPT_CONFIGURATIONS = 64
_prepared: dict[tuple[Part, str], Any] = {}
_dtypes: dict[Part, dict[str, np.dtype[Any]]] = {}


@in_double
def draw_trials(system: System, config: Config, seed: int, trials: int | Iterable[int]) -> Any:
    """Channels of the given trials, every leaf with a leading trial axis.

    Args:
        system: the system.
        config: its configuration.
        seed: 0 to 2^32 - 1.
        trials: how many (numbered from 0), or their numbers in any order.

    Raises:
        ConfigError: for a seed or trial number out of range.
    """
    seed = whole_number("seed", seed, 0, MOST_SEED)
    numbers = trial_numbers(trials)
    clocks = _keep(system.over_time.readings, config) if system.over_time else None
    return drawing(system)((geometry_of(system, config), np.int64(seed), clocks), numbers)


@in_double
def design_trials(
    system: System, config: Config, channels: Any, scheme: str, route: str = DEFAULT_ROUTE, **options: Any
) -> Solution[Any]:
    """Designs for a batch of channels, as the solver has them: what counts is the judge's to say.

    Trials with a number that is not finite, or outside its array's domain, never reach the solver: they are NONFINITE,
    their designs missing (NaN). ``options`` go to the solver by name; those it does not know are refused.
    """
    solver = scheme_route(system, scheme, route).solver()
    _check_options(solver, scheme, options)
    parameters, sound = parameters_of(system, config), sound_trials(system, channels)
    with np.errstate(all="ignore"):  # what overflows says so by its status, not by a warning for the whole batch
        if sound.all():
            return _fitting(system, config, scheme, solver(parameters, channels, **options))
        safe = with_stand_ins(channels, sound, lambda: draw_trials(system, config, 0, 1))
        return without_designs(_fitting(system, config, scheme, solver(parameters, safe, **options)), sound)


def _fitting(system: System, config: Config, scheme: str, solution: Solution[Any]) -> Solution[Any]:
    """The solution of a user's scheme, if its arrays have their axes: a judge can take others without complaint."""
    if system.scheme(scheme).origin is not None and system.scheme(scheme).origin != system.origin:
        check_shapes(system, config, solution.value)
    return solution


@in_double
def evaluate_trials(system: System, config: Config, channels: Any, design: Any) -> dict[str, Any]:
    """Metrics of a batch of designs: name -> array with the trial axis first."""
    metrics = evaluation(system)(parameters_of(system, config), channels, design)
    _check_metrics(system, metrics)
    return metrics


@in_double
def geometry_of(system: System, config: Config) -> Any:
    """What the system's ``prepare`` makes of the configuration."""
    return _keep(system.prepare, config)


@in_double
def parameters_of(system: System, config: Config) -> Any:
    """What the system's ``parameters`` makes of the configuration."""
    return _keep(system.parameters, config)


def drawing(system: System) -> BatchedFunction:
    """Compiled ``f((geometry, seed, clocks), trials)``; ``clocks`` is None where nothing moves with time."""
    return _drawing(system.draw, _Processes(system.over_time))


def evaluation(system: System) -> BatchedFunction:
    """Compiled ``f(parameters, channels, design)``."""
    return _evaluation(system.evaluate)


@in_double
def channel_dtypes(system: System) -> dict[str, np.dtype[Any]]:
    """Channel array name -> type that ``draw`` gives it."""
    if system.draw not in _dtypes:
        channels = channel_shapes(system, system.config())
        _dtypes[system.draw] = {name: np.dtype(getattr(channels, name).dtype) for name in system.channel_axes}
    return _dtypes[system.draw]


@in_double
def channel_shapes(system: System, config: Config) -> Any:
    """The channels of one trial with types and shapes in place of numbers; nothing is drawn."""
    key = jax.eval_shape(lambda: trial_key(0, 0))
    return jax.eval_shape(resolve(system.draw), geometry_of(system, config), key)


def trial_numbers(trials: int | Iterable[int]) -> np.ndarray:
    """Trial numbers as an array; ConfigError when there are none or one is out of range."""
    if isinstance(trials, Iterable):
        numbers = [whole_number("trials", trial, 0, MOST_TRIALS) for trial in trials]
        if not numbers:
            raise ConfigError("trials: needs at least one trial.")
        return np.asarray(numbers, dtype=np.int64)
    return np.arange(whole_number("trials", trials, 1, MOST_TRIALS), dtype=np.int64)


class _Processes:
    """The processes of a system, hashable by identity of their declaration."""

    def __init__(self, over_time: OverTime | None) -> None:
        self._declared = over_time

    @property
    def by_purpose(self) -> Mapping[str, Any]:
        return self._declared.processes if self._declared else {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Processes) and self._declared is other._declared

    def __hash__(self) -> int:
        return id(self._declared)


@functools.cache
def _drawing(dotted: Part, processes: _Processes) -> BatchedFunction:
    draw: Callable[[Any, Any], Any] = resolve(dotted)

    def draw_one(shared: tuple[Any, Any, Any], trial: Any) -> Any:
        geometry, seed, clocks = shared
        with moving(processes.by_purpose, clocks):
            return draw(geometry, trial_key(seed, trial))

    return by_lanes(
        draw_one, effort=1, native=False
    )  # drawn for every trial of every point: 16 ms against 6 in a large system


@functools.cache
def _evaluation(dotted: Part) -> BatchedFunction:
    return by_lanes(resolve(dotted))


def _keep(dotted: Part, config: Config) -> Any:
    """``function(config)``, kept for the configurations used last."""
    key = (dotted, fingerprint(config))
    if key not in _prepared:
        value = resolve(dotted)(config)
        while len(_prepared) >= 2 * KEPT_CONFIGURATIONS:
            del _prepared[next(iter(_prepared))]
        _prepared[key] = value
    return _prepared[key]


def _check_options(solver: Callable[..., Any], scheme: str, options: Mapping[str, Any]) -> None:
    if not options:
        return
    known = [
        name
        for name, parameter in list(inspect.signature(solver).parameters.items())[2:]
        if parameter.kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    ]
    for name in options:
        if name not in known:
            raise ConfigError(f"{name}: scheme `{scheme}` takes no such option.{suggest(name, known)}")


def _check_metrics(system: System, metrics: Mapping[str, Any]) -> None:
    """The system keeps its word: every metric is declared, with the axes that it has."""
    for name, values in metrics.items():
        if name not in system.metrics:
            raise ValueError(f"evaluate of `{system.name}` returned `{name}`, which SYSTEM.metrics does not declare.")
        axes = ("trial", *system.metrics[name].axes)
        if np.ndim(values) != len(axes):
            raise ValueError(f"metric `{name}` of `{system.name}` has shape {np.shape(values)}, declared axes {axes}.")
