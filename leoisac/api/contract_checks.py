# pyright: reportUnknownMemberType=false
"""What a system owes to the rest of the package, checked one by one, with a sentence for each that it does not keep.

The contract tests of the package hold its own systems to the same; here they are for the author of a plugin.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from leoisac import catalogue
from leoisac.experiment.contracts import Scheme, System, resolve
from leoisac.experiment.scenario.files import scenario_from_toml, scenario_toml
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE, missing_packages
from leoisac.experiment.scenario.scenarios import scenario, study_scenario
from leoisac.experiment.trials.blocks import design_trials, draw_trials, evaluate_trials, geometry_of, parameters_of
from leoisac.experiment.trials.channel_arrays import channels_from_arrays
from leoisac.experiment.trials.judge import Outcome, judge
from leoisac.foundation.config import Config
from leoisac.foundation.jax_setup import double_precision, jax
from leoisac.foundation.keys import trial_key
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Status
from leoisac.own.places import part, place

TRIALS = 4
ALONE = 2
"""The trial that is computed once more by itself."""
_WHAT_IS_MISSED = (
    "Margins are relative, and 0 or more where a constraint is met: mend the design, or name in enforces=(...) what it "
    "must meet."
)
_PARTS = ("prepare", "draw", "parameters", "evaluate", "channels", "link_budgets", "studies", "figures", "claims")


class BrokenContractError(Exception):
    """A sentence about what a system does not keep, with file and line."""


def wrong(item: System | Scheme, path: tuple[str, ...], text: str) -> BrokenContractError:
    """The sentence, at the place of an argument of a definition."""
    where = "" if item.origin is None else f"{place(item.origin, *path)}: "
    return BrokenContractError(f"{where}{text}")


def small_config(system: System) -> Config:
    """The configuration on which a system is checked."""
    return system.config().replace(**system.small)


def check_parts(system: System) -> str:
    """Every dotted name leads somewhere."""
    for name in (*_PARTS, *(name for name in ("benches", "quantities", "warnings") if getattr(system, name))):
        if system.origin is not None:
            part(system.origin, name, getattr(system, name))
        resolve(getattr(system, name))
    for scheme in system.schemes:
        for route, solver in scheme.routes.items():
            if not missing_packages(scheme.requires.get(route, "")) and system.origin is not None:
                part(system.origin, f"route `{route}` of `{scheme.name}`", solver)
        if next(iter(scheme.routes), "") != DEFAULT_ROUTE:
            raise wrong(system, ("schemes",), f"the first route of `{scheme.name}` must be called `fast`.")
    return "all names lead somewhere"


def check_configuration(system: System) -> str:
    """Fields say what they are; a scenario file gives the configuration back."""
    bare = [name for name, field in system.config.model_fields.items() if not field.description]
    if bare:
        raise wrong(system, ("config",), f"fields without a description: {', '.join(bare)}: Field(..., description=…).")
    item = scenario(system, system.config(), trials=3)
    again = scenario_from_toml(scenario_toml(item), catalogue.find)
    if again != item:
        raise wrong(
            system, ("config",), "a configuration that is written to a scenario file reads back as another one."
        )
    return f"{len(system.config.model_fields)} fields, each with a meaning"


def check_metrics(system: System) -> str:
    """Descriptions, and a headline of one number per trial."""
    for name, metric in system.metrics.items():
        if not metric.long_name or not metric.units:
            raise wrong(system, ("metrics", name), f"metric `{name}` lacks a name or a unit (`1` for none).")
    if system.headline not in system.metrics:
        raise wrong(system, ("headline",), f"headline = {system.headline!r}: there is no such metric.")
    axes = system.metrics[system.headline].axes
    if axes:
        raise wrong(
            system, ("headline",), f"headline = {system.headline!r}: is no number per trial, it has axes {axes}."
        )
    names = [study.name for study in resolve(system.studies)]
    for item in (*resolve(system.figures), *resolve(system.claims)):
        for study in item.studies:
            if study not in names:
                raise wrong(system, ("studies",), f"`{item.name}` reads the study `{study}`, which there is not.")
    for study in resolve(system.studies):
        study_scenario(system, study).choices(system)
    return f"{len(system.metrics)} metrics, headline `{system.headline}`; {len(names)} studies"


def check_draw(system: System) -> str:
    """Arrays of the declared axes; a trial has the same bits alone and in company."""
    config = small_config(system)
    _check_pytrees(system, config)
    sizes = system.axis_sizes(config)
    channels = draw_trials(system, config, 0, TRIALS)
    for name, axes in system.channel_axes.items():
        for axis in axes:
            if axis not in sizes:
                raise wrong(
                    system,
                    ("channel_axes", name),
                    f"`{name}` has the axis `{axis}`, of which axis_sizes says nothing (it has {', '.join(sizes)}).",
                )
        array, wanted = np.asarray(getattr(channels, name)), (TRIALS, *(sizes[axis] for axis in axes))
        if array.shape != wanted:
            raise wrong(
                system,
                ("channel_axes", name),
                f"draw gives `{name}` the shape {array.shape[1:]} in one trial; declared are the axes {tuple(axes)}, "
                f"{wanted[1:]}.",
            )
        if array.dtype not in (np.float64, np.complex128):
            raise wrong(system, ("draw",), f"draw gives `{name}` as {array.dtype}; it must be float64 or complex128.")
        if not np.isfinite(array).all():
            raise wrong(system, ("draw",), f"draw gives numbers in `{name}` that are not finite.")
    single, other = draw_trials(system, config, 0, [ALONE]), draw_trials(system, config, 1, [ALONE])
    for name in system.channel_axes:
        if not _same(getattr(single, name), np.asarray(getattr(channels, name))[ALONE : ALONE + 1]):
            raise wrong(
                system, ("draw",), f"`{name}` of trial {ALONE} is another one alone than among {TRIALS} trials."
            )
    if all(_same(getattr(single, name), getattr(other, name)) for name in system.channel_axes):
        raise wrong(system, ("draw",), "draw gives the same arrays for another seed: take random numbers from `key`.")
    channels_from_arrays(system, config, {name: getattr(channels, name) for name in system.channel_axes})
    return ", ".join(f"{name} ({', '.join(axes)})" for name, axes in system.channel_axes.items())


def check_scheme(system: System, scheme: Scheme) -> str:
    """Designs, metrics as declared, a trial alone and in company, the fast route against its slow twin."""
    config = small_config(system)
    channels = draw_trials(system, config, 0, TRIALS)
    outcome, metrics = _designed(system, scheme, config, channels, DEFAULT_ROUTE)
    alone, _ = _designed(system, scheme, config, take(channels, [ALONE]), DEFAULT_ROUTE)
    for name, values in alone.metrics.items():
        if not _same(values, outcome.metrics[name][ALONE : ALONE + 1]):
            raise wrong(
                scheme, (), f"`{scheme.name}`: {name} of trial {ALONE} is another one alone than among {TRIALS} trials."
            )
    said = f"{int(outcome.usable.sum())} of {TRIALS} designs count"
    if not outcome.usable.any():
        names = ", ".join(sorted({Status(int(code)).name for code in outcome.status}))
        short = {name: np.nanmin(metrics[f"margin_{name}"], initial=np.inf) for name in scheme.enforces}
        worst = ", ".join(f"{name} {value:.2g}" for name, value in short.items() if value < -system.tolerance)
        said += f" ({names}{'; missed by: ' + worst if worst else ''})"
        claimed = np.isin(outcome.status, [Status.CONVERGED, Status.INACCURATE, Status.MAX_STEPS]).any()
        if (worst and claimed) or Status.NONFINITE in outcome.status:
            raise wrong(scheme, (), f"`{scheme.name}`: {said}. {_WHAT_IS_MISSED if worst else Status.NONFINITE.advice}")
        said += ": look whether that is meant"
    if "reference" in scheme.routes and not missing_packages(scheme.requires.get("reference", "")):
        said += _against_twin(system, scheme, config, channels, outcome)
    return said


def check_workers(system: System, schemes: tuple[str, ...], folder: Any) -> str:
    """Two worker processes that have nothing but the file give the same bits, and a store that is whole."""
    from leoisac.experiment.running.campaign import run_studies
    from leoisac.experiment.running.placement import placement
    from leoisac.experiment.store.checking import check_store

    item = {"run": scenario(system, small_config(system), schemes, trials=TRIALS)}
    here = run_studies(system, item, unit_trials=2)["run"]
    place = placement(2, None, catalogue.find_with, catalogue.plugin_files())
    there = run_studies(system, item, folder, unit_trials=2, place=place)["run"]
    for name in here.variables:
        if not np.array_equal(here[name].values, there[name].values, equal_nan=here[name].dtype.kind == "f"):
            raise wrong(system, (), f"two workers give other numbers of `{name}` than this process.")
    if not check_store(folder, catalogue.find).sound:
        raise wrong(system, (), "the store that two workers filled is not sound.")
    return "the same bits as here, from a store that is whole"


def _check_pytrees(system: System, config: Config) -> None:
    """What flows is made of arrays that JAX knows."""
    geometry, parameters = geometry_of(system, config), parameters_of(system, config)
    for name, found in (("prepare", geometry), ("parameters", parameters)):
        for leaf in jax.tree_util.tree_leaves(found):
            if np.asarray(leaf).dtype.kind not in "biufc":
                kind = type(leaf)
                raise wrong(
                    system,
                    (name,),
                    f"{name} returns a {kind.__name__}, a type that is not registered with JAX: below its class write "
                    f"jax.tree_util.register_dataclass({kind.__name__}, [names of arrays], [names of the rest]).",
                )
    seen: list[Any] = []

    def one(key: Any) -> int:
        seen.append(resolve(system.draw)(geometry, key))
        return 0

    with double_precision():
        jax.eval_shape(one, jax.eval_shape(lambda: trial_key(0, 0)))
    kind = type(seen[-1])
    if jax.tree_util.treedef_is_leaf(jax.tree_util.tree_structure(seen[-1])):
        raise wrong(
            system,
            ("draw",),
            f"draw returns a {kind.__name__}, a type that is not registered with JAX: below its class write "
            f"jax.tree_util.register_dataclass({kind.__name__}, [names of its arrays], []).",
        )
    if not isinstance(seen[-1], resolve(system.channels)):
        raise wrong(
            system, ("channels",), f"draw returns a {kind.__name__}, not the class of channels that is declared."
        )


def _designed(
    system: System, scheme: Scheme, config: Config, channels: Any, route: str
) -> tuple[Outcome, Mapping[str, Any]]:
    solution = design_trials(system, config, channels, scheme.name, route)
    if not dataclasses.is_dataclass(solution.value):
        kind = type(solution.value).__name__
        raise wrong(scheme, (), f"`{scheme.name}` designs a {kind}; a design is a dataclass registered with JAX.")
    metrics = evaluate_trials(system, config, channels, solution.value)
    sizes = system.axis_sizes(config)
    for name, values in metrics.items():
        axes = system.metrics[name].axes
        for axis, size in zip(axes, np.shape(values)[1:]):
            if sizes.get(axis, size) != size:
                raise wrong(
                    system,
                    ("metrics", name),
                    f"metric `{name}` has {size} entries along `{axis}`, which has {sizes[axis]}.",
                )
    for name in scheme.enforces:
        if f"margin_{name}" not in metrics:
            raise wrong(
                scheme, ("enforces",), f"`{scheme.name}` enforces `{name}`, and no `margin_{name}` is measured."
            )
    return judge(scheme, solution, metrics, system.tolerance), metrics


def _against_twin(system: System, scheme: Scheme, config: Config, channels: Any, fast: Outcome) -> str:
    twin, _ = _designed(system, scheme, config, channels, "reference")
    lost = np.flatnonzero(twin.usable & ~fast.usable)
    if len(lost):
        raise wrong(
            scheme, (), f"`{scheme.name}`: the fast route has no usable design in trial {lost[0]}, its twin has."
        )
    both = twin.usable & fast.usable
    sign = -1.0 if getattr(scheme.routes[DEFAULT_ROUTE], "sense", "maximise") == "minimise" else 1.0
    lead = sign * (twin.objective - fast.objective)[both]
    gap = np.max(lead / np.maximum(np.abs(twin.objective[both]), 1e-300), initial=-np.inf)
    if gap > 0.01:
        raise wrong(
            scheme, (), f"`{scheme.name}`: the fast route is {100 * gap:.2g} % worse than its slow twin in a trial."
        )
    return (
        f"; no worse than its slow twin (by {max(gap, 0.0):.1g})" if both.any() else "; its twin has no usable design"
    )


def _same(one: Any, other: Any) -> bool:
    return np.asarray(one).tobytes() == np.ascontiguousarray(other).tobytes()
