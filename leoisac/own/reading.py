# pyright: reportUnknownMemberType=false
"""What a user's functions turn out to return, read on shapes without a number: arrays, axes, sizes, metrics."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from leoisac.experiment.contracts import Metric
from leoisac.experiment.origins import Origin
from leoisac.foundation.config import ConfigError, suggest
from leoisac.foundation.jax_setup import double_precision, jax, jnp
from leoisac.foundation.keys import trial_key
from leoisac.own.judging import Judge
from leoisac.own.numbers import Numbers
from leoisac.own.places import refuse, said_by
from leoisac.own.records import UnusableError, design_from, record_class
from leoisac.own.solvers import takes_two
from leoisac.own.stated import Source, numeric_data, view_of
from leoisac.problems.problem import Problem
from leoisac.problems.statement import Goal


def drawn_by(system: str, draw: Callable[[Any, Any], Any], names: tuple[str, ...]) -> Callable[[Numbers, Any], Any]:
    """The system's ``draw``: channels of one trial from the arrays that the user's function returns."""

    def drawn(numbers: Numbers, key: Any) -> Any:
        return record_class(system, "Channels", names)(**drawn_arrays(draw(numbers.view(), key)))

    return drawn


def drawn_arrays(found: Any) -> dict[str, Any]:
    """What ``draw`` returned, as arrays of 64 bits by name.

    Raises:
        UnusableError: it is no mapping of names to arrays.
    """
    if not isinstance(found, Mapping):
        raise UnusableError(
            f"draw returns a {type(found).__name__}, a type that is not registered with JAX as arrays; it must return "
            'the arrays of a trial by name, {"h": h, ...}.'
        )
    arrays: dict[str, Any] = {}
    for name, value in found.items():
        try:
            array = jnp.asarray(value)
        except (TypeError, ValueError):
            raise UnusableError(
                f"draw returns `{name}`, a {type(value).__name__}, a type that is not registered with JAX as an array; "
                "it must be an array of numbers."
            ) from None
        arrays[name] = array.astype(np.complex128 if jnp.iscomplexobj(array) else np.float64)
    return arrays


class Reading:
    """A system's functions, read at any configuration."""

    def __init__(
        self,
        system: str,
        origin: Origin,
        draw: Callable[[Any, Any], Any],
        sources: Mapping[str, Source],
        channels: Mapping[str, tuple[str, ...]] | None,
        further: Mapping[str, Callable[[Any, Any], Any]],
        numbers: Callable[[Any], Numbers],
    ) -> None:
        self.system, self.origin = system, origin
        self._draw, self._sources, self._numbers = draw, sources, numbers
        self._declared = {} if channels is None else self._checked_axes(channels)
        self._further = further
        self._read: dict[Any, Read] = {}
        self.judge = Judge(system, sources, {}, further)

    def at(self, config: Any) -> Read:
        """Everything at one configuration (kept by sizes).

        Raises:
            ConfigError: with file and line.
        """
        numbers = self._numbers(config)
        shapes = tuple((name, np.shape(value)) for name, value in sorted(numbers.leaves.items()))
        key = (shapes, numbers.fixed)
        if key not in self._read:
            with double_precision():
                self._read[key] = self._at(numbers)
        return self._read[key]

    def sizes(self, config: Any) -> dict[str, int]:
        """Axis -> size, of channels, designs and metrics."""
        return self.at(config).sizes

    def _at(self, numbers: Numbers) -> Read:
        try:
            key = jax.eval_shape(lambda: trial_key(0, 0))
            shapes = jax.eval_shape(lambda view, key: drawn_arrays(self._draw(view.view(), key)), numbers, key)
        except Exception as error:
            refuse(self.origin, ["draw"], f"draw: {said_by(error)}", error)
        if not shapes:
            refuse(self.origin, ["draw"], "draw returns no array.")
        made = record_class(self.system, "Channels", tuple(shapes))
        channels = made(**shapes)
        axes = self._axes_of(shapes)
        self.judge = Judge(self.system, self._sources, axes, self._further)
        problems: dict[str, tuple[Problem, Goal]] = {}
        for scheme in self._sources:
            try:
                problem = self.judge.bound(scheme, numbers, channels)
                data = {name: _shape(value) for name, value in numeric_data(problem, numbers, channels).items()}
                problem.layout(data)
                problems[scheme] = (problem, _goal_of(problem, data))
            except Exception as error:
                refuse(self.origin, ["problems", scheme], f"problem `{scheme}`: {said_by(error)}", error)
        return Read(self, numbers, channels, axes, problems)

    def _checked_axes(self, channels: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(channels, Mapping):
            refuse(
                self.origin,
                ["channels"],
                f"channels is a {type(channels).__name__}; it must be a mapping of array names "
                'to the names of their axes, {"h": ("user", "antenna")}.',
            )
        found: dict[str, tuple[str, ...]] = {}
        for name, axes in channels.items():
            axes = (axes,) if isinstance(axes, str) else axes
            if not isinstance(axes, tuple | list) or not all(isinstance(axis, str) for axis in axes):
                refuse(self.origin, ["channels", name], f"channels: {name} = {axes!r}: must be names of axes.")
            found[name] = axes if isinstance(axes, tuple) else tuple(axes)
        return found

    def _axes_of(self, shapes: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        stated: dict[str, tuple[str, ...]] = {}
        for source in self._sources.values():
            stated |= (source.data_axes or {}) if isinstance(source, Problem) else {}
        for name in self._declared:
            if name not in shapes:
                refuse(
                    self.origin,
                    ["channels", name],
                    f"channels: draw returns no array `{name}`.{suggest(name, shapes)}",
                )
        axes: dict[str, tuple[str, ...]] = {}
        for name, found in shapes.items():
            numbered = tuple(f"{name}_{place}" for place in range(len(found.shape)))
            named = self._declared.get(name, stated.get(name, numbered))
            if len(named) != len(found.shape):
                refuse(
                    self.origin,
                    ["channels", name] if name in self._declared else ["problems"],
                    f"channels: `{name}` has shape {found.shape} in one trial, and the axes {tuple(named)}: name "
                    f"{len(found.shape)} {'axis' if len(found.shape) == 1 else 'axes'}.",
                )
            axes[name] = named
        return axes


class Read:
    """What was read at one configuration."""

    def __init__(
        self,
        reading: Reading,
        numbers: Numbers,
        channels: Any,
        axes: Mapping[str, tuple[str, ...]],
        problems: Mapping[str, tuple[Problem, Goal]],
    ) -> None:
        self._reading, self._numbers, self._channels = reading, numbers, channels
        self._judge = reading.judge
        self.channel_class: type[Any] = type(channels)
        self.channel_axes = dict(axes)
        self.problems = dict(problems)

    @functools.cached_property
    def design_classes(self) -> tuple[type[Any], ...]:
        """Classes of designs, that of the first problem first."""
        return tuple(dict.fromkeys(self._judge.design_class(problem) for problem, _ in self.problems.values()))

    @functools.cached_property
    def design_fields(self) -> dict[str, Metric]:
        """Arrays of designs: meaning and axes."""
        found: dict[str, Metric] = {}
        for problem, _ in self.problems.values():
            for name, kind in problem.variables.items():
                axes = kind.axes or tuple(f"{name}_{place}" for place in range(len(kind.shape)))
                found.setdefault(name, Metric(f"variable {name} ({type(kind).__name__})", axes=axes))
        return found

    @functools.cached_property
    def metric_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of all metrics in one trial."""
        found: dict[str, tuple[int, ...]] = {}
        for scheme, (problem, _) in self.problems.items():
            try:
                shapes = jax.eval_shape(self._judge.evaluate, self._numbers, self._channels, self._design(problem))
            except Exception as error:
                refuse(self._reading.origin, ["metrics"], f"metrics of `{scheme}`: {said_by(error)}", error)
            for name, shape in shapes.items():
                found.setdefault(name, tuple(shape.shape))
        return found

    @functools.cached_property
    def sizes(self) -> dict[str, int]:
        """Axis -> size."""
        found: dict[str, int] = {}
        whose: dict[str, str] = {}

        def add(what: str, axes: tuple[str, ...], shape: tuple[int, ...]) -> None:
            for axis, size in zip(axes, shape):
                if found.setdefault(axis, size) != size:
                    raise ConfigError(
                        f"{self._reading.origin}: the axis `{axis}` has {found[axis]} entries in {whose[axis]} and "
                        f"{size} in {what}; axes of different lengths have different names."
                    )
                whose.setdefault(axis, what)

        for name, axes in self.channel_axes.items():
            add(f"`{name}`", axes, getattr(self._channels, name).shape)
        for problem, _ in self.problems.values():
            for name, kind in problem.variables.items():
                if kind.axes:
                    add(f"the variable `{name}`", kind.axes, kind.shape)
        return found

    def check_metrics(self, table: Mapping[str, Metric], further: Mapping[str, Any]) -> None:
        """Refuse metrics whose arrays do not have the axes that are declared."""
        for name in further:
            shape, axes = self.metric_shapes.get(name, ()), table[name].axes
            if len(shape) != len(axes):
                refuse(
                    self._reading.origin,
                    ["metrics", name],
                    f"metrics: `{name}` has shape {shape} in one trial, and "
                    f"{'the axes ' + str(axes) if axes else 'no named axis'}: describe it with "
                    f"@li.metric(..., axes=...), {len(shape)} of them, or make it one number.",
                )
            for axis, size in zip(axes, shape):
                if self.sizes.setdefault(axis, size) != size:
                    refuse(
                        self._reading.origin,
                        ["metrics", name],
                        f"metrics: the axis `{axis}` of `{name}` has {size} entries, elsewhere {self.sizes[axis]}.",
                    )

    def check_design(self, scheme: str, function: Callable[..., Any]) -> None:
        """Refuse a baseline that returns no design."""

        def one(numbers: Numbers, channels: Any) -> Any:
            found = function(numbers, channels) if takes_two(function) else function(view_of(numbers, channels))
            value = getattr(found, "value", found)
            design = design_from(value, self.design_classes, scheme)
            return jax.tree_util.tree_map(jnp.asarray, design)

        try:
            design = jax.eval_shape(one, self._numbers, self._channels)
        except Exception as error:
            refuse(self._reading.origin, ["baselines", scheme], f"baseline `{scheme}`: {said_by(error)}", error)
        for problem, _ in self.problems.values():
            for name, kind in problem.variables.items():
                shape = getattr(design, name).shape if hasattr(design, name) else kind.shape
                if shape != kind.shape:
                    refuse(
                        self._reading.origin,
                        ["baselines", scheme],
                        f"baseline `{scheme}` returns `{name}` of shape {shape}; the problem has {kind.shape}.",
                    )

    def _design(self, problem: Problem) -> Any:
        made = self._judge.design_class(problem)
        values = {
            name: jax.eval_shape(kind.value, jax.ShapeDtypeStruct((kind.coordinates,), np.float64))
            for name, kind in problem.variables.items()
        }
        return made(**values)


def _shape(value: Any) -> Any:
    if isinstance(value, jax.ShapeDtypeStruct):
        return value
    array = np.asarray(value)
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


def _goal_of(problem: Problem, data: Mapping[str, Any]) -> Goal:
    """The goal of a statement, with shapes in place of numbers."""
    found: list[Goal] = []

    def outputs(x: Any, given: Any) -> Any:
        found.append(problem.goal(problem.values(x), given))
        return x

    jax.eval_shape(outputs, jax.ShapeDtypeStruct((problem.coordinates,), np.float64), dict(data))
    return found[-1]
