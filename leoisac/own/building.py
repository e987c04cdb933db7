# pyright: reportUnknownMemberType=false
"""A whole system from its statement: what ``li.system`` does.

The user says what a configuration is, how a trial is drawn, and what is to be designed; everything that a system has to
tell the rest of the package follows from the shapes and names of these. All of it is read once, without a number, where
the system is defined, so that a mistake is found there.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from leoisac.experiment.contracts import Metric, Scheme, System
from leoisac.experiment.origins import Origin
from leoisac.foundation.config import Config, ConfigError, suggest
from leoisac.foundation.jax_setup import double_precision
from leoisac.foundation.lanes import by_lanes
from leoisac.own.judging import Judge, described, enforced_by
from leoisac.own.numbers import Numbers, numbers_of
from leoisac.own.places import part, refuse
from leoisac.own.reading import Reading, drawn_by
from leoisac.own.solvers import Declared, function_solver, judged_objective, stated_solver
from leoisac.own.stated import meaning
from leoisac.problems.problem import Problem

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
STATED_UNIT_TRIALS = 16
"""Trials per stored unit of stated problems, which may take seconds each: the lanes of their solver."""
_KEPT = 64


def build_system(
    name: str,
    origin: Origin,
    *,
    config: Any,
    draw: Any,
    problems: Any,
    baselines: Any = None,
    metrics: Any = None,
    channels: Any = None,
    prepare: Any = None,
    references: Any = None,
    enforces: Any = None,
    labels: Any = None,
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
) -> System:
    """The system; see ``leoisac.api.own.system`` for the arguments.

    Raises:
        ConfigError: what is wrong, with file and line.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        refuse(origin, ["name"], f"the system's name is {name!r}; names are lower-case words joined by hyphens.")
    model = _config_class(name, origin, config)
    draw = _callable(origin, "draw", draw)
    prepare = None if prepare is None else _callable(origin, "prepare", prepare)
    sources = _mapping(origin, "problems", problems, "{scheme: problem}")
    if not sources:
        refuse(origin, ["problems"], "problems is empty: the first one says what designs are judged by.")
    functions = _mapping(origin, "baselines", baselines, "{scheme: function}")
    twins = _mapping(origin, "references", references, "{scheme: function}")
    _check_schemes(origin, sources, functions, twins, enforces, labels)

    @functools.lru_cache(maxsize=_KEPT)
    def numbers(configuration: Any) -> Numbers:
        try:
            return numbers_of(configuration, prepare)
        except ConfigError as error:
            refuse(origin, ["config"], str(error))

    further, descriptions = _metrics(origin, metrics)
    with double_precision():
        reading = Reading(name, origin, draw, sources, channels, further, numbers)
        read = reading.at(model())
        derived: dict[str, Metric] = {}
        promised: dict[str, tuple[str, ...]] = {}
        for scheme, (problem, goal) in read.problems.items():
            for key, value in described(problem, goal).items():
                derived.setdefault(key, value)
            promised[scheme] = enforced_by(problem, goal)
        unknown = [key for key in descriptions if key not in derived and key not in further]
        for key in unknown:
            refuse(
                origin,
                ["metrics", key],
                f"metrics: `{key}` describes no metric; give its function.{suggest(key, derived)}",
            )
        table = {**derived, **descriptions}
        read.check_metrics(table, further)
        _check_headline(origin, headline, table)
        judge = reading.judge
        evaluate = _evaluate(judge, read.design_classes)
        objective = judged_objective(by_lanes(evaluate), headline)
        declared = Declared(lambda: read.design_classes, lambda: read.design_fields, lambda: read.channel_axes)
        common = tuple(
            key for key in next(iter(promised.values())) if all(key in others for others in promised.values())
        )
        schemes: list[Scheme] = []
        for scheme in (*sources, *functions):
            if scheme in sources:
                solver = stated_solver(judge, scheme, starts)
                setattr(solver, "sense", read.problems[scheme][1].sense)  # noqa: B010
                about = meaning(_statement(sources[scheme], read.problems[scheme][0]), "as stated")
                enforced = promised[scheme]
            else:
                solver = function_solver(functions[scheme], declared, objective, scheme, traced=True)
                setattr(solver, "sense", next(iter(read.problems.values()))[1].sense)  # noqa: B010
                read.check_design(scheme, functions[scheme])
                about = meaning(functions[scheme], "a baseline")
                enforced = _enforced(origin, scheme, enforces, common, table)
            routes: dict[str, Any] = {"fast": solver}
            if scheme in twins:
                twin = f"the reference of {scheme}"
                routes["reference"] = function_solver(twins[scheme], declared, objective, twin, traced=False)
            legend = (labels or {}).get(scheme, "")
            unit = STATED_UNIT_TRIALS if scheme in sources else 0
            schemes.append(Scheme(scheme, about, routes, enforced, legend, unit_trials=unit, origin=origin))
        made = System(
            name=name,
            title=title or name.replace("-", " "),
            citation=citation or f"@misc{{{name},\n  title = {{{title or name}}},\n}}",
            config=model,
            schemes=tuple(schemes),
            metrics=table,
            channel_axes=read.channel_axes,
            axis_sizes=reading.sizes,
            channels=read.channel_class,
            prepare=numbers,
            draw=drawn_by(name, draw, tuple(read.channel_axes)),
            parameters=numbers,
            evaluate=evaluate,
            link_budgets=link_budgets if link_budgets is not None else _no_budgets,
            studies=studies,
            figures=figures,
            claims=claims,
            warnings=warnings or "",
            small=small or {},
            tolerance=tolerance,
            headline=headline,
            design_fields=read.design_fields,
            origin=origin,
        )
    setattr(model, "system", name)  # noqa: B010
    return made


def _config_class(name: str, origin: Origin, config: Any) -> type[Config]:
    if not isinstance(config, type) or not issubclass(config, Config):
        what = config.__name__ if isinstance(config, type) else f"a {type(config).__name__}"
        refuse(origin, ["config"], f"config is {what}; it must be a class of its own that derives from li.Config.")
    taken = config.__dict__.get("system", "")
    if taken not in ("", name):
        refuse(
            origin,
            ["config"],
            f"{config.__name__} is the configuration of `{taken}` already; a system has a class of its own: "
            f"class MyConfig({config.__name__}).",
        )
    try:
        config()
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the defaults"
        refuse(origin, ["config"], f"{config.__name__}() must be a configuration: {field}: {first['msg']}.")
    return config


def _callable(origin: Origin, argument: str, given: Any) -> Callable[..., Any]:
    found = part(origin, argument, given)
    if not callable(found):
        refuse(origin, [argument], f"{argument} is a {type(found).__name__}; it must be a function.")
    return found


def _mapping(origin: Origin, argument: str, given: Any, example: str) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        refuse(origin, [argument], f"{argument} is a {type(given).__name__}; it must be a mapping, {example}.")
    found = {str(key): part(origin, argument, value) for key, value in given.items()}
    for key, value in found.items():
        if not NAME.fullmatch(key):
            refuse(
                origin,
                [argument, key],
                f"{argument}: {key!r} is no name; names are lower-case words joined by hyphens.",
            )
        if not callable(value) and not (argument == "problems" and isinstance(value, Problem)):
            wanted = "a li.Problem, or a function that makes one" if argument == "problems" else "a function"
            refuse(origin, [argument, key], f"{argument}: {key} is a {type(value).__name__}; it must be {wanted}.")
    return found


def _check_schemes(
    origin: Origin, sources: Mapping[str, Any], functions: Mapping[str, Any], twins: Any, enforces: Any, labels: Any
) -> None:
    for key in functions:
        if key in sources:
            refuse(
                origin, ["baselines", key], f"`{key}` is a problem and a baseline; each scheme has a name of its own."
            )
    known = [*sources, *functions]
    for argument, given in (("references", twins), ("enforces", enforces or {}), ("labels", labels or {})):
        for key in given:
            if key not in known:
                refuse(origin, [argument, key], f"{argument}: there is no scheme `{key}`.{suggest(key, known)}")


def _metrics(origin: Origin, metrics: Any) -> tuple[dict[str, Any], dict[str, Metric]]:
    """Functions and descriptions by name."""
    if metrics is not None and not isinstance(metrics, Mapping):
        refuse(
            origin, ["metrics"], f"metrics is a {type(metrics).__name__}; it must be a mapping of names to functions."
        )
    functions: dict[str, Any] = {}
    descriptions: dict[str, Metric] = {}
    for key, given in (metrics or {}).items():
        value = part(origin, "metrics", given)
        if not isinstance(key, str) or not key.isidentifier():
            refuse(origin, ["metrics", str(key)], f"metrics: {key!r} is no name of a metric (sum_rate is one).")
        if isinstance(value, Metric):
            descriptions[key] = Metric(**vars(value))
        elif callable(value):
            functions[key] = value
            own = getattr(value, "metric", None)
            descriptions[key] = own if isinstance(own, Metric) else Metric(meaning(value, key.replace("_", " ")))
        else:
            refuse(
                origin,
                ["metrics", key],
                f"metrics: {key} is a {type(value).__name__}; it must be a function of (v, d).",
            )
    return functions, descriptions


def _statement(source: Any, problem: Problem) -> Any:
    """What tells the meaning of a scheme: the statement, or the function that makes the problem."""
    if isinstance(source, Problem):
        return source.statement
    return source if source.__doc__ else problem.statement


def _check_headline(origin: Origin, headline: Any, table: Mapping[str, Metric]) -> None:
    if headline not in table:
        refuse(
            origin, ["headline"], f"headline = {headline!r}: there is no such metric.{suggest(str(headline), table)}"
        )
    if table[headline].axes:
        scalars = [key for key, value in table.items() if not value.axes and not key.startswith("margin_")]
        refuse(
            origin,
            ["headline"],
            f"headline = {headline!r}: has the axes {', '.join(table[headline].axes)}; tables and figures need one "
            f"number per trial, such as {', '.join(scalars)}.",
        )


def _enforced(
    origin: Origin, scheme: str, enforces: Any, common: tuple[str, ...], table: Mapping[str, Metric]
) -> tuple[str, ...]:
    given = (enforces or {}).get(scheme)
    if given is None:
        return common
    names = (given,) if isinstance(given, str) else tuple(given)
    margins = [key.removeprefix("margin_") for key in table if key.startswith("margin_")]
    for key in names:
        if key not in margins:
            refuse(origin, ["enforces", scheme], f"enforces: there is no constraint `{key}`.{suggest(key, margins)}")
    return (*names, *(key for key in common if key.startswith("kind_of_") and key not in names))


def _evaluate(judge: Judge, classes: tuple[type[Any], ...]) -> Callable[[Any, Any, Any], dict[str, Any]]:
    """The judge as the contracts want it: a function whose signature says which designs it takes."""

    def evaluate(parameters: Any, channels: Any, design: Any) -> dict[str, Any]:
        return judge.evaluate(parameters, channels, design)

    evaluate.__annotations__ = {"design": functools.reduce(operator.or_, classes)}
    return evaluate


def _no_budgets(config: Any) -> list[Any]:
    del config
    return []
