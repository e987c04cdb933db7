"""A user's scheme beside those of a system: what ``@li.scheme`` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from leoisac.experiment.contracts import Scheme, System, resolve
from leoisac.experiment.origins import Origin
from leoisac.experiment.trials.design_arrays import design_classes
from leoisac.foundation.config import suggest
from leoisac.foundation.lanes import by_lanes
from leoisac.own.building import NAME, STATED_UNIT_TRIALS
from leoisac.own.places import refuse
from leoisac.own.records import UnusableError
from leoisac.own.solvers import Declared, function_solver, judged_objective, mapped_solver, takes_two
from leoisac.own.stated import meaning
from leoisac.problems.problem import Problem

_OTHERWISE = "; or say traced=False, and it is called trial by trial, with NumPy arrays"


def build_scheme(
    function: Any,
    find: Callable[[], System],
    origin: Origin,
    *,
    name: str,
    summary: str = "",
    label: str = "",
    enforces: Any = None,
    problem: Any = None,
    reference: Callable[..., Any] | None = None,
    starts: int | None = None,
    bound: bool = False,
    traced: bool = True,
) -> Scheme:
    """The scheme; see ``leoisac.api.own.scheme`` for the arguments.

    ``find`` gives the system, which may be defined anew after its scheme.

    Raises:
        ConfigError: what is wrong, with file and line.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        refuse(origin, ["name"], f"the scheme's name is {name!r}; names are lower-case words joined by hyphens.")

    system = find()

    declared = Declared(lambda: design_classes(find()), lambda: find().design_fields, lambda: find().channel_axes)

    def objective(parameters: Any, channels: Any, design: Any) -> Any:
        now = find()
        return judged_objective(by_lanes(resolve(now.evaluate)), now.headline)(parameters, channels, design)

    if isinstance(function, Problem):
        problem, function = function, _plain_values(function)
        meant: Any = problem
    else:
        meant = function
    if not callable(function):
        refuse(origin, [], f"scheme `{name}` is a {type(function).__name__}; it must be a function or a li.Problem.")
    try:
        two = takes_two(function)
    except UnusableError as error:
        refuse(origin, [], f"scheme `{name}`: {error}", error)
    if problem is not None:
        if not two:
            refuse(
                origin, ["problem"], f"scheme `{name}`: with problem= the function takes (v, d), as a statement does."
            )
        solver = mapped_solver(problem, function, declared, objective, name, starts)
    else:
        solver = function_solver(function, declared, objective, name, traced=traced, otherwise=_OTHERWISE)
    routes: dict[str, Any] = {"fast": solver}
    if reference is not None:
        twin = f"the reference of {name}"
        routes["reference"] = function_solver(reference, declared, objective, twin, traced=False)
    return Scheme(
        name=name,
        summary=summary or meaning(meant, "a scheme of the user's"),
        routes=routes,
        enforces=_enforced(system, origin, name, enforces),
        label=label,
        bound=bound,
        unit_trials=0 if problem is None else STATED_UNIT_TRIALS,
        origin=origin,
    )


def enforced_by_all(system: System) -> tuple[str, ...]:
    """The constraints that every scheme of the system itself promises, such as its power budgets."""
    own = [scheme for scheme in system.schemes if scheme.origin in (None, system.origin) and not scheme.bound]
    first, *others = [set(scheme.enforces) for scheme in own] or [set[str]()]
    common = first.intersection(*others)
    ordered = dict.fromkeys(name for scheme in system.schemes for name in scheme.enforces)
    return tuple(name for name in ordered if name in common)


def _enforced(system: System, origin: Origin, name: str, enforces: Any) -> tuple[str, ...]:
    if enforces is None:
        return enforced_by_all(system)
    names = (enforces,) if isinstance(enforces, str) else tuple(enforces)
    known = [key.removeprefix("margin_") for key in system.metrics if key.startswith("margin_")]
    for key in names:
        if key not in known:
            refuse(
                origin,
                ["enforces"],
                f"scheme `{name}` enforces {key!r}, which `{system.name}` does not measure.{suggest(str(key), known)}",
            )
    return names


def _plain_values(problem: Problem) -> Callable[[Any, Any], Mapping[str, Any]]:
    names = tuple(problem.variables)
    return lambda v, d: {name: getattr(v, name) for name in names}
