"""Verbs for systems and schemes of a user's own: ``li.system``, ``@li.scheme``, ``li.metric``, ``li.load_plugin``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from leoisac import catalogue
from leoisac.experiment.contracts import System
from leoisac.experiment.origins import origin_of
from leoisac.foundation.config import Config, ConfigError
from leoisac.own.judging import metric

Function = Callable[..., Any]


def system(
    name: str,
    *,
    config: type[Config],
    draw: Function | str,
    problems: Mapping[str, Any],
    baselines: Mapping[str, Function] | None = None,
    metrics: Mapping[str, Any] | None = None,
    channels: Mapping[str, tuple[str, ...]] | None = None,
    prepare: Function | str | None = None,
    references: Mapping[str, Function] | None = None,
    enforces: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    headline: str = "goal",
    title: str = "",
    citation: str = "",
    studies: Any = (),
    figures: Any = (),
    claims: Any = (),
    link_budgets: Any = None,
    warnings: Any = None,
    starts: int | None = None,
    small: Mapping[str, Any] | None = None,
    tolerance: float = 1e-6,
    version: str = "",
) -> System:
    """A system of your own, with all that a system of leoisac has: runs, sweeps, stores, workers, figures, reports.

    All functions are about **one trial** and see its numbers by attribute: the configuration's in SI units under names
    without one (``power_dbw = 20`` is ``d.power``, 100 W), the channels that ``draw`` returns, what ``prepare``
    returns. Whole numbers, texts and flags of the configuration are Python's own and may be sizes; real numbers and
    lists of them are traced, so that a sweep over them compiles once.

    Args:
        name: lower-case, with hyphens.
        config: class derived from ``li.Config``, with a default for every field and the unit at the end of its name.
        draw: ``draw(c, key)`` returns the arrays of a trial by name, ``{"h": h}``; in ``jax.numpy``, random numbers by
            ``jax.random`` from ``key``, so that they depend on seed and trial alone.
        problems: scheme -> ``li.Problem``, or a function of a trial's data that makes it (``d.h.shape`` and the whole
            numbers of the configuration are known then). The first one judges all designs that have its variables: its
            objective is the metric ``goal``, each constraint gives ``margin_<name>`` and its quantity.
        baselines: scheme -> ``f(d)`` that returns a design: arrays by the names of the variables.
        metrics: name -> ``f(v, d)``, described by ``@li.metric``; or a ``li.metric(...)`` that describes one of those
            that are derived.
        channels: array -> names of its axes in one trial (or a ``ChannelArray`` with domain and unit).
        prepare: ``prepare(config)`` returns further arrays by name, computed once per configuration in NumPy.
        references: scheme -> slow twin ``f(d)`` in NumPy, called trial by trial: the route ``reference``.
        enforces: baseline -> constraints that its designs must meet to count; by default what all problems ask for.
        labels: scheme -> name in legends.
        headline: metric, one number per trial, that tables and figures show unless told otherwise.
        title, citation: for reports; the citation in BibTeX.
        studies, figures, claims, link_budgets, warnings, small: as in ``leoisac.experiment.contracts.System``; values,
            functions or dotted names.
        starts: of ``li.solve`` per trial.
        tolerance: largest violation at which a design counts.
        version: your own word for what decides the numbers. Without one a store belongs to the content of this file,
            comments aside, and is not continued by another content.

    Returns:
        The system, known under its name from now on.

    Raises:
        ConfigError: what is wrong, with file and line.
    """
    given = {argument: value for argument, value in locals().items() if argument not in ("name", "version")}
    from leoisac.own.building import build_system

    functions = [
        draw,
        prepare,
        *problems_of(problems),
        *values_of(baselines),
        *values_of(metrics),
        *values_of(references),
    ]
    origin = origin_of(sys._getframe(1), [config, *functions], version)
    made = build_system(name, origin, **given)
    catalogue.add_system(made)
    return catalogue.find(name)


def scheme(
    system: str,
    name: str,
    *,
    summary: str = "",
    label: str = "",
    enforces: Any = None,
    problem: Any = None,
    reference: Function | None = None,
    starts: int | None = None,
    bound: bool = False,
    traced: bool = True,
    version: str = "",
) -> Callable[[Any], Any]:
    """Decorator that puts your scheme beside those of a system: same judge, same stores, same figures.

    The function is about one trial, in ``jax.numpy``: ``f(d)`` sees channels and numbers of the configuration (SI) by
    attribute, ``f(parameters, channels)`` gets them apart. It returns the arrays of one of the system's designs by
    name, such a design, or a ``li.Solution`` of one. A ``li.Problem`` may stand in its place.

    Args:
        system: name of the system.
        name: of the scheme, lower-case with hyphens.
        summary: one line of meaning; the first sentence of the docstring where empty.
        label: name in legends.
        enforces: constraints that a design must meet to count, by the names of margins; by default those that all
            schemes of the system promise, such as power budgets.
        problem: a ``li.Problem`` on the system's channels, or a function of a trial's data that makes one; the
            decorated function ``f(v, d)`` then makes a design of its variables.
        reference: a slow twin in NumPy, called trial by trial: the route ``reference``.
        starts: of ``li.solve`` per trial, with ``problem``.
        bound: a bound or ideal that no transmitter can realise.
        traced: False for a function in NumPy, called trial by trial; a trial in which it raises is FAILED by itself.
        version: as for ``li.system``.

    Raises:
        ConfigError: what is wrong, with file and line.
    """
    frame = sys._getframe(1)
    line = frame.f_lineno

    def decorate(function: Any) -> Any:
        from dataclasses import replace

        from leoisac.own.schemes import build_scheme

        origin = replace(
            origin_of(frame, [*problems_of({"": function}), *problems_of({"": problem})], version), line=line
        )
        try:
            catalogue.find(system)
        except ConfigError as error:
            raise ConfigError(f"{origin}: {error}") from None
        made = build_scheme(
            function,
            lambda: catalogue.find(system),
            origin,
            name=name,
            summary=summary,
            label=label,
            enforces=enforces,
            problem=problem,
            reference=reference,
            starts=starts,
            bound=bound,
            traced=traced,
        )
        catalogue.add_scheme(system, made)
        return function

    return decorate


def load_plugin(path: str | Path) -> tuple[str, ...]:
    """Load a Python file (or a package folder) that defines systems, schemes, or both.

    Loading it again after a change replaces what it defined.

    Returns:
        Names of the systems that it defines or adds schemes to.

    Raises:
        ConfigError: with file and line, if it cannot be run, or defines nothing.
    """
    return tuple(item.name for item in catalogue.load_plugin(path))


def problems_of(problems: Any) -> list[Any]:
    """The functions behind problems."""
    return [getattr(value, "statement", value) for value in values_of(problems)]


def values_of(given: Any) -> list[Any]:
    """Values of a mapping, if it is one."""
    return list(given.values()) if isinstance(given, Mapping) else []


__all__ = ["load_plugin", "metric", "scheme", "system"]
