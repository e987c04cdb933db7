"""The contracts between a system and everything that runs, judges, stores and draws it.

A system is one folder that exports a ``SYSTEM``. Its light parts (configuration class, scheme and metric descriptions,
citation) are plain values; whatever needs JAX, CVXPY or SGP4 is named by a dotted path (``"package.module:function"``)
and resolved on first use, so that listing and describing systems costs nothing.

How data flows, and the signatures behind the dotted names::

    prepare(config) -> geometry                        NumPy, once per configuration: orbits, tables, positions
    draw(geometry, key) -> channels                    traceable, one trial; never sees scheme, batch or sweep index
    parameters(config) -> parameters                   the configuration's numbers, SI: a pytree, static: sizes, flags
    fast route:      solve(parameters, channels) -> Solution      channels with a leading trial axis of any length
    reference route: solve(parameters, channels) -> Solution      the same signature; free to loop over trials
    evaluate(parameters, channels, design) -> metrics  traceable, one trial; the judge of every scheme and route
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from leoisac.experiment.origins import Origin
from leoisac.foundation.config import Config, ConfigError, shown, suggest, suggest_own
from leoisac.foundation.number_text import quantity_label

QUICK, PAPER = PRESETS = ("quick", "paper")
"""Sizes of a study that a user is offered: few trials, or the full statistics."""


Part = Any
"""A part of a system: its dotted name ``"package.module:name"``, or, in a file of the user's own, the object itself."""


def resolve(part: Part) -> Any:
    """The object that ``"package.module:name"`` names; anything but a text is the object itself."""
    if not isinstance(part, str):
        return part
    module, _, name = part.partition(":")
    return getattr(importlib.import_module(module), name)


@dataclass(frozen=True)
class Metric:
    """Description of one quantity: what ``evaluate`` returns, or what figures derive from it.

    Tables, axis labels, captions and exports read their words from it, so that a quantity has one name wherever it
    stands. ``axes`` names the axes after ``trial`` (``("user",)``); ``least`` and ``most`` bound what the quantity can
    be, and with it the bands that are drawn.
    """

    long_name: str
    units: str = "1"
    axes: tuple[str, ...] = ()
    least: float = -math.inf
    most: float = math.inf

    @property
    def label(self) -> str:
        """Text of an axis: ``sum rate [bit/s/Hz]``."""
        return quantity_label(self.long_name, self.units)

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of a variable, by the conventions of climate and forecast data (CF)."""
        bounds = {"valid_min": self.least, "valid_max": self.most}
        known = {name: value for name, value in bounds.items() if math.isfinite(value)}
        return {"long_name": self.long_name, "units": self.units, **known}


@dataclass(frozen=True)
class Coordinate:
    """Where the entries of a metric axis lie: ``values(config)`` has one number, in ``units``, per entry.

    Stored with the dataset, exported, and used by figures, none of which computes an axis of its own.
    """

    long_name: str
    units: str
    values: Callable[[Any], Sequence[float]]


@dataclass(frozen=True)
class Scheme:
    """One way to design: a proposed algorithm or a baseline.

    Attributes:
        name: lower-case with hyphens.
        summary: one line for people.
        routes: route name -> ``solve(parameters, channels) -> Solution``, or its dotted name; the first is the default.
        enforces: the constraints (margin names without ``margin_``) that a usable design must meet; baselines ignore
            some by design, and then their violation does not count.
        label: name in figure legends.
        bound: a bound or ideal that no transmitter can realise.
        requires: route name -> the extra that the route needs (``{"reference": "reference"}``).
        unit_trials: trials per stored unit at first, where a trial takes long: what an interruption loses at most; 0
            for the usual number.
        origin: where a user wrote it; None for those of leoisac.
    """

    name: str
    summary: str
    routes: Mapping[str, Part]
    enforces: tuple[str, ...] = ()
    label: str = ""
    bound: bool = False
    requires: Mapping[str, str] = field(default_factory=dict[str, str])
    unit_trials: int = 0
    origin: Origin | None = None

    def solver(self, route: str) -> Callable[[Any, Any], Any]:
        """The function behind a route.

        Raises:
            ConfigError: if the scheme has no such route.
        """
        if route not in self.routes:
            raise ConfigError(no_route(self, route))
        return resolve(self.routes[route])


def no_route(scheme: Scheme, route: str) -> str:
    """What to say about a route that a scheme does not have: the likely one, and all that there are."""
    likely = suggest(route, scheme.routes)
    guess = likely if likely.startswith(" Did you mean") else ""
    return f"route = {shown(route)}: scheme `{scheme.name}` has the routes {', '.join(scheme.routes)}.{guess}"


@dataclass(frozen=True)
class Study:
    """A named Monte-Carlo computation that figures and claims read.

    Attributes:
        name: unique within the system.
        overrides: changes to the default configuration.
        sweep: as for ``sweeps.sweep_axes``.
        schemes: scheme names; an entry ``"pa1:reference"`` asks for a route.
        trials: trials per point of the ``paper`` preset.
        count: what they count, ``"usable"`` ones or all ``"trials"`` (see ``Scenario``); the quick preset counts all.
        quick: changes for the ``quick`` preset: ``trials``, ``sweep`` (some of the values), ``schemes`` (some of them,
            where a route takes minutes). Never another system: a quick figure has the shape of the full one.
        tiny: changes to that for the ``tiny`` preset of tests, also ``overrides``: small shapes that share their
            compiled programs; trials are 2 unless it says otherwise. Nothing that a user is offered, or that says
            anything about the system.
        headline: metric that its table shows; the system's where empty.
    """

    name: str
    schemes: tuple[str, ...]
    overrides: Mapping[str, Any] = field(default_factory=dict[str, Any])
    sweep: Mapping[str, Any] = field(default_factory=dict[str, Any])
    trials: int = 200
    quick: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tiny: Mapping[str, Any] = field(default_factory=dict[str, Any])
    count: str = "usable"
    headline: str = ""

    def preset(self, name: str) -> Study:
        """The study at ``paper`` (full statistics), ``quick`` (seconds) or ``tiny`` (for tests) size."""
        if name == PAPER:
            return self
        if name == QUICK:
            return self._changed(self.quick, trials=4)
        if name == "tiny":
            return self._changed(self.quick, trials=4)._changed(self.tiny, trials=2)
        raise ConfigError(f"preset = {name!r}: must be `paper` or `quick`.")

    def _changed(self, changes: Mapping[str, Any], trials: int) -> Study:
        return replace(
            self,
            schemes=tuple(changes.get("schemes", self.schemes)),
            overrides={**self.overrides, **changes.get("overrides", {})},
            sweep=changes.get("sweep", self.sweep),
            trials=int(changes.get("trials", trials)),
            count="trials",
        )


@dataclass(frozen=True)
class Figure:
    """A figure as a function of stored results: ``draw({study name: dataset}) -> matplotlib figure``.

    ``claims`` are those that it shows beside the ones that are called by it (``F5-2`` by ``fig-5``, ``T2-1`` by
    ``table-2``): another figure of the same studies shows something else of them.
    """

    name: str
    title: str
    studies: tuple[str, ...]
    draw: Callable[[Mapping[str, Any]], Any]
    claims: tuple[str, ...] = ()

    def shows(self, claim: Claim) -> bool:
        """Whether the claim is about this figure, and rests on nothing but its studies."""
        kind, _, number = self.name.partition("-")
        called = number.isdigit() and re.match(rf"{kind[0].upper()}{number}[a-z]?-", claim.name)
        return set(claim.studies) <= set(self.studies) and bool(called or claim.name in self.claims)


OUTCOMES = ("reproduced", "partly", "not reproduced", "not determined", "insufficient")
"""What can become of a claim. ``partly``: a weaker form of it, which the claim names, holds. ``not determined``: the
problem leaves the quantity open, so that no solver's answer says anything about it. ``insufficient``: too few trials.
"""
WITHIN = "reproduced within"
"""Outcome of a published number that lies outside the interval but near: ``reproduced within 25 %``."""


@dataclass(frozen=True)
class Verdict:
    """What became of a published claim.

    Attributes:
        outcome: one of ``OUTCOMES``, or ``reproduced within 25 %`` with the share that is meant.
        measured: what was found, in words and numbers.
        trials: on which it rests; 0 where it needs none.
        criterion: what it takes to be reproduced, and with which tolerance.
    """

    outcome: str
    measured: str
    trials: int
    criterion: str = ""

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES and not re.fullmatch(rf"{WITHIN} \d+ %", self.outcome):
            raise ValueError(f"outcome = {self.outcome!r}: must be one of {', '.join(OUTCOMES)}, or `{WITHIN} 25 %`.")


@dataclass(frozen=True)
class Claim:
    """A published statement with a numeric criterion: ``check({study name: dataset}) -> Verdict``.

    ``proxy`` says what is measured instead, where the quantity of the statement itself cannot be.
    """

    name: str
    statement: str
    published: str
    studies: tuple[str, ...]
    check: Callable[[Mapping[str, Any]], Verdict]
    least_trials: int = 100
    proxy: str = ""


@dataclass(frozen=True)
class BenchCase:
    """A setting in which a scheme's fast route is measured against another route of it.

    ``options`` go to the solvers of both routes, such as equal numbers of starts. ``best_of`` starts of the fast route
    give the best design known; 0 where a solver has no ``starts``. ``rival`` says in words what ``route`` runs.
    """

    name: str
    scheme: str
    overrides: Mapping[str, Any] = field(default_factory=dict[str, Any])
    trials: int = 20
    seed: int = 0
    best_of: int = 8
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    route: str = "reference"
    rival: str = ""


@dataclass(frozen=True)
class OverTime:
    """How a system goes along the pass of a configuration with a ``[time]`` part.

    Attributes:
        processes: purpose of random numbers (of ``keys.uniforms``) -> name of the process along which they move, or one
            name per row, empty for what stays; purposes that are not named stay, too.
        metrics: what a picture of the pass shows beside the headline.
        axis: dotted name of ``config -> (config with first and last instant, all instants)``.
        field: the field that takes an instant.
        readings: dotted name of ``config -> {process: clock reading}``, None where the configuration is at no instant.
        geometry: dotted name of ``(config, instants) -> {name: (values, long name, unit)}``.
    """

    processes: Mapping[str, str | tuple[str, ...]]
    metrics: tuple[str, ...] = ()
    axis: Part = "leoisac.geometry.time_axis:time_axis"
    field: str = "satellite.time"
    readings: Part = "leoisac.propagation.over_time:readings"
    geometry: Part = "leoisac.geometry.time_axis:geometry_over_time"


class Parts(TypedDict):
    """Dotted names of a system's functions and tables; see ``System``."""

    channels: str
    prepare: str
    draw: str
    parameters: str
    evaluate: str
    link_budgets: str
    studies: str
    figures: str
    claims: str
    benches: str
    quantities: str


def parts_of(folder: str) -> Parts:
    """The parts of a system whose folder (a package) has the usual rooms, for ``System(..., **parts_of(__name__))``."""
    return {
        "channels": f"{folder}.model:Channels",
        "prepare": f"{folder}.world.channels:prepare",
        "draw": f"{folder}.world.channels:draw",
        "parameters": f"{folder}.judge.evaluate:parameters",
        "evaluate": f"{folder}.judge.evaluate:evaluate",
        "link_budgets": f"{folder}.world.budgets:link_budgets",
        "studies": f"{folder}.evidence.studies:STUDIES",
        "figures": f"{folder}.evidence.figures:FIGURES",
        "claims": f"{folder}.evidence.claims:CLAIMS",
        "benches": f"{folder}.evidence.benches:BENCHES",
        "quantities": f"{folder}.evidence.quantities:QUANTITIES",
    }


@dataclass(frozen=True)
class System:
    """Everything the rest of the package needs to know about one system.

    Attributes:
        name, title, citation: citation is a BibTeX entry.
        config: configuration class; ``config()`` is the setting of the paper's main figure.
        schemes: in the order of tables and legends.
        metrics: name -> description, for all that ``evaluate`` returns.
        channel_axes: channel array name -> axes after ``trial``.
        design_fields: array of a design -> meaning, unit and axes after ``trial``: what is uploaded to a transmitter.
            Exports write these; all arrays of the design, without unit and axis names, where a system names none.
        axis_sizes: ``config -> {axis: size}``; light.
        axis_labels: metric axis -> names of its entries, where they have any: coordinates of datasets.
        coordinates: metric axis -> where its entries lie, where that is a quantity.
        quantities: dotted name of name -> description, of what figures derive from metrics: their axis labels.
        alive: metrics that are zero in a collapsed design, which is counted and shown wherever means are.
        channels, prepare, draw, parameters, evaluate: dotted names, see the module's docstring; ``channels`` is the
            channel class, ``channels_from_arrays`` behind ``li.channels`` builds it by keyword.
        link_budgets: dotted name of ``config -> list of LinkBudget``; light (no JAX).
        studies, figures, claims: dotted names of tuples.
        benches: dotted name of a tuple of ``BenchCase``; empty where no scheme has two routes.
        warnings: dotted name of ``config -> tuple of sentences``: what a reader of results should know about a
            configuration that can be used, such as an element set that is old; light. Empty where there is nothing.
        small: changes to the default configuration that make a small case, on which tests set routes side by side.
        tolerance: largest violation at which an INACCURATE or MAX_STEPS design still counts.
        headline: metric (one number per trial) that tables, reports and plots show unless told otherwise.
        origin: where a user wrote it; None for those of leoisac.
        over_time: how it goes along a pass; None where it does not.
        beam_map: dotted name of ``(config, east_m, north_m, design or None) -> GroundBeams``, in a module that has
            ``half_width_m(config)``, too; empty where there are no beams over the ground.
        beside: metrics that stand beside it in tables, over all trials: zero where there is no usable design.
        levels: dotted name of ``(config, arrays) -> Levels``: what channel arrays amount to at the budgets; light.
            Empty where nothing is known.
        places: where transmitters and receivers stand when channels are drawn, in a few sentences.
    """

    name: str
    title: str
    citation: str
    config: type[Config]
    schemes: tuple[Scheme, ...]
    metrics: Mapping[str, Metric]
    channel_axes: Mapping[str, tuple[str, ...]]
    axis_sizes: Callable[[Any], Mapping[str, int]]
    channels: Part
    prepare: Part
    draw: Part
    parameters: Part
    evaluate: Part
    link_budgets: Part
    studies: Part
    figures: Part
    claims: Part
    benches: Part = ""
    quantities: Part = ""
    warnings: Part = ""
    small: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tolerance: float = 1e-6
    headline: str = "sum_rate"
    design_fields: Mapping[str, Metric] = field(default_factory=dict[str, Metric])
    axis_labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    coordinates: Mapping[str, Coordinate] = field(default_factory=dict[str, Coordinate])
    alive: tuple[str, ...] = ()
    origin: Origin | None = None
    over_time: OverTime | None = None
    beam_map: Part = ""
    levels: Part = ""
    places: str = ""

    def program(self, scheme: str) -> str:
        """What tells apart the users' own code that a scheme's results come from; empty where there is none."""
        own = next((item.origin for item in self.schemes if item.name == scheme), None)
        digests = dict.fromkeys(origin.digest for origin in (self.origin, own) if origin is not None)
        return "+".join(digests)

    beside: tuple[str, ...] = ()

    def scheme(self, name: str) -> Scheme:
        """Scheme by name.

        Raises:
            ConfigError: for an unknown name, with the likely one.
        """
        for scheme in self.schemes:
            if scheme.name == name:
                return scheme
        hint = suggest_own(name, [scheme.name for scheme in self.schemes])
        raise ConfigError(f"scheme = {shown(name)}: `{self.name}` has no such scheme.{hint}")

    def study(self, name: str) -> Study:
        """Study by name (ConfigError if there is none)."""
        return _named(resolve(self.studies), name, "study", self.name)

    def headline_of(self, study: str) -> str:
        """The metric that the table of a study, or of a scenario of any name, shows."""
        named = (known.headline for known in resolve(self.studies) if known.name == study)
        return next(named, "") or self.headline

    def sweep_headline(self, study: str) -> str:
        """The same for pictures over a sweep, which show one number per trial."""
        named = self.headline_of(study)
        return self.headline if self.metrics[named].axes else named

    def figure(self, name: str) -> Figure:
        """Figure by name (ConfigError if there is none)."""
        return _named(resolve(self.figures), name, "figure", self.name)


def _named(items: Any, name: str, kind: str, system: str) -> Any:
    for item in items:
        if item.name == name:
            return item
    raise ConfigError(f"{kind} = {name!r}: `{system}` has none.{suggest(name, [item.name for item in items])}")
