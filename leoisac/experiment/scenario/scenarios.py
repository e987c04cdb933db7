"""Scenarios: a system, its configuration and what to run of it, checked whole before any work starts."""

from __future__ import annotations

import hashlib
import itertools
import math
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from leoisac.experiment.channel_levels import level_doubts
from leoisac.experiment.contracts import Study, System, resolve
from leoisac.experiment.scenario.channel_source import ChannelSource
from leoisac.experiment.scenario.conditions import conditions
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE, SchemeRoute, require_extra, scheme_routes
from leoisac.experiment.sweeps import MOST_POINTS, Axis, sweep_axes
from leoisac.foundation.config import Config, ConfigError, fingerprint, shown, suggest

DEFAULT_TRIALS = 200
COUNTS = ("trials", "usable")
LEAST_USABLE_SHARE = 0.2
"""Share of usable trials up to which a point is not continued, and only the share is shown."""
USABLE_CEILING = 10
UNTIL_CEILING = 100
"""Most trials at a point, as a multiple of ``trials``, where the scenario names no number."""
MOST_TRIALS = 10_000_000
MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Scenario:
    """One Monte-Carlo computation, described completely: equal scenarios, equal datasets.

    Make one with ``scenario`` or ``load_scenario``, which check it; the class itself does not.

    Attributes:
        system: name of the system.
        config: its configuration; the base of every sweep point.
        schemes: entries ``"pa1"`` or ``"pa1:reference"``.
        sweep: axis -> values; fields that change together are an axis ``"a+b"`` with a pair per value.
        trials: trials per point, numbered from 0.
        seed: of all draws.
        route: for scheme entries that name none.
        count: what ``trials`` counts: ``"trials"``, or ``"usable"`` ones: a point where more than a fifth of the first
            ``trials`` are usable is then continued until that many are.
        until: condition on intervals, ``"ci(sum_rate) < 0.5%"`` (see ``conditions.conditions``); ``trials`` is then the
            floor.
        most_trials: ceiling for ``count`` and ``until``; 0 for 10 or 100 times ``trials``.
        channels: where the trials' channels come from, instead of draws; ``seed`` is 0 then.
    """

    system: str
    config: Config
    schemes: tuple[str, ...]
    sweep: Mapping[str, tuple[Any, ...]] = field(default_factory=dict[str, tuple[Any, ...]])
    trials: int = DEFAULT_TRIALS
    seed: int = 0
    route: str = DEFAULT_ROUTE
    count: str = COUNTS[0]
    until: str = ""
    most_trials: int = 0
    channels: ChannelSource | None = None

    def axes(self) -> tuple[Axis, ...]:
        """The sweep's axes."""
        return sweep_axes(self.sweep)

    def choices(self, system: System) -> tuple[SchemeRoute, ...]:
        """The schemes with their routes; of users' own schemes whose code is not loaded what is known of them."""
        return scheme_routes(system, self.schemes, self.route, stored=True)

    def points(self) -> tuple[SweepPoint, ...]:
        """Every point of the sweep, the last axis fastest; a scenario without a sweep has one point."""
        axes = self.axes()
        points = (_point(self.config, axes, index) for index in _indices(axes))
        if self.channels is None:
            return tuple(points)
        return tuple(replace(point, channels=self.channels.sha256) for point in points)


@dataclass(frozen=True)
class SweepPoint:
    """One point of a sweep: its position on every axis, the fields that it sets, and the configuration it gives.

    ``channels`` is the digest of given channels, empty where they are drawn.
    """

    index: tuple[int, ...]
    changes: Mapping[str, Any]
    config: Config
    channels: str = ""

    @property
    def fingerprint(self) -> str:
        """What tells its results from those of other points."""
        return point_fingerprint(self.config, self.channels)


def point_fingerprint(config: Config, channels: str = "") -> str:
    """Fingerprint of a configuration, joined with the digest of given channels where there are any."""
    mark = fingerprint(config)
    return hashlib.sha256(f"{mark} {channels}".encode()).hexdigest() if channels else mark


def scenario(
    system: System,
    config: Config,
    schemes: Iterable[str] | None = None,
    sweep: Mapping[str, Any] | None = None,
    trials: int = DEFAULT_TRIALS,
    seed: int = 0,
    route: str = DEFAULT_ROUTE,
    runnable: bool = True,
    count: str = COUNTS[0],
    until: str = "",
    most_trials: int = 0,
    channels: ChannelSource | None = None,
) -> Scenario:
    """A checked scenario.

    Args:
        system: the system.
        config: its configuration.
        schemes: scheme entries; all schemes of the system when None.
        sweep: as for ``Scenario``; values may be NumPy arrays.
        trials: 1 to 10 000 000, and no more than there are given channels.
        seed: 0 to 2^32 - 1.
        route: for entries that name none.
        runnable: refuse a route whose extra is not installed here; reading stored results needs none.
        count, until, most_trials, channels: as for ``Scenario``.

    Raises:
        ConfigError: naming the first thing that is wrong.
    """
    if isinstance(schemes, str):
        raise ConfigError(f"schemes = {shown(schemes)}: must be a list of scheme names, [{shown(schemes)}].")
    if schemes is not None and not isinstance(cast(Any, schemes), Iterable):
        raise ConfigError(f"schemes = {shown(schemes)}: must be a list of scheme names.")
    entries = tuple(item.name for item in system.schemes) if schemes is None else tuple(schemes)
    if not entries:
        raise ConfigError("schemes: needs at least one scheme.")
    for entry in entries:
        if not isinstance(cast(Any, entry), str):
            raise ConfigError(f"schemes: {shown(entry)} must be text.")
    if not isinstance(cast(Any, route), str):
        raise ConfigError(f"route = {shown(route)}: must be text.")
    for choice in scheme_routes(system, entries, route) if runnable else ():
        require_extra(choice.scheme, choice.route)
    config, sweep = _along_the_pass(system, config, sweep or {})
    return Scenario(
        system=system.name,
        config=config,
        schemes=entries,
        sweep=_checked_sweep(config, sweep),
        trials=whole_number("trials", trials, 1, MOST_TRIALS),
        seed=whole_number("seed", seed, 0, MOST_SEED),
        route=route,
        **_checked_rules(system, trials, count, until, most_trials),
        channels=_checked_source(channels, trials, seed, most_trials),
    )


def study_scenario(
    system: System,
    study: Study,
    changes: Mapping[str, Any] | None = None,
    schemes: Iterable[str] | None = None,
    trials: int | None = None,
    seed: int = 0,
    route: str = DEFAULT_ROUTE,
    until: str = "",
    most_trials: int = 0,
) -> Scenario:
    """A study as a scenario; ``changes`` (over its overrides), ``schemes`` and ``trials`` replace what it says.

    ``until`` and ``most_trials`` as for ``Scenario``.
    """
    config = system.config().replace(**{**study.overrides, **(changes or {})})
    for name in changes or {}:
        if any(name in axis.fields for axis in sweep_axes(study.sweep)):
            raise ConfigError(f"{name}: study `{study.name}` sweeps this field; it cannot be set as well.")
    return scenario(
        system,
        config,
        study.schemes if schemes is None else schemes,
        study.sweep,
        study.trials if trials is None else trials,
        seed,
        route,
        count=study.count,
        until=until,
        most_trials=most_trials,
    )


def scenario_warnings(system: System, item: Scenario) -> tuple[str, ...]:
    """What a reader of its results should know, over all points of the sweep; nothing is computed.

    That is what the system says of its configurations, and what is doubtful in given channels that have been read.

    Raises:
        ConfigError: for an orbit or a table that cannot be had.
    """
    configs, found = [point.config for point in item.points()], list[str]()
    if system.warnings:
        look = resolve(system.warnings)
        found += [text for config in configs for text in look(config)]
    if item.channels is not None and item.channels.held is not None:
        found += level_doubts(system, configs, item.channels.held)
    return tuple(dict.fromkeys(found))


def default_trials(channels: ChannelSource | None) -> int:
    """How many trials a point gets where nothing is said: all of given channels, 200 of drawn ones."""
    return channels.trials if channels else DEFAULT_TRIALS


def most_trials(item: Scenario) -> int:
    """The most trials that a point of a scenario gets."""
    if item.most_trials:
        return item.most_trials
    factor = UNTIL_CEILING if item.until else USABLE_CEILING if item.count == "usable" else 1
    return min(factor * item.trials, item.channels.trials if item.channels else MOST_TRIALS)


def whole_number(name: str, value: Any, least: int, most: int) -> int:
    """``value`` as an int within bounds (ConfigError otherwise); true and false are not numbers."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise ConfigError(f"{name} = {shown(value)}: must be a whole number.")
    if not least <= number <= most:
        raise ConfigError(f"{name} = {shown(number)}: must be from {least} to {most}.")
    return number


def read_field(config: Config, path: str) -> Any:
    """Plain (JSON) value of the field ``"field"`` or ``"part.field"``; ConfigError if there is none."""
    value: Any = config.model_dump(mode="json")
    for position, step in enumerate(path.split(".")):
        if not isinstance(value, dict) or step not in value:
            known = [str(key) for key in cast(dict[str, Any], value)] if isinstance(value, dict) else []
            where = "".join(f"{part}." for part in path.split(".")[:position])
            raise ConfigError(f"{where}{step}: no such field.{suggest(step, known)}")
        value = cast(Any, value)[step]
    return value


def _along_the_pass(system: System, config: Config, sweep: Mapping[str, Any]) -> tuple[Config, Mapping[str, Any]]:
    """The instants of a ``[time]`` part as one more axis, the last and fastest, unless the sweep has them."""
    time = getattr(config, "time", None)
    if system.over_time is None or not isinstance(time, Config) or not isinstance(cast(Any, sweep), Mapping):
        return config, sweep
    field = system.over_time.field
    if any(field in axis.split("+") for axis in _flat(sweep)):
        return config, sweep
    stated, instants = resolve(system.over_time.axis)(config)
    return stated, {**sweep, field: list(instants)}


def _checked_rules(system: System, trials: int, count: str, until: str, most_trials: int) -> dict[str, Any]:
    """``count``, ``until`` and ``most_trials`` as they are stored (ConfigError for what cannot be)."""
    if count not in COUNTS:
        raise ConfigError(f"count = {shown(count)}: must be `trials` or `usable`.")
    if not isinstance(cast(Any, until), str):
        raise ConfigError(f'until = {shown(until)}: must be text, such as "ci(sum_rate) < 0.5%".')
    if until:
        conditions(until, system.metrics)
    ceiling = whole_number("most_trials", most_trials, 0, MOST_TRIALS)
    if ceiling and ceiling < trials:
        raise ConfigError(f"most_trials = {ceiling}: must be at least trials = {trials}.")
    if ceiling and not until and count == COUNTS[0]:
        raise ConfigError(f'most_trials = {ceiling}: has no meaning without `until` or count = "usable".')
    return {"count": count, "until": until.strip(), "most_trials": ceiling}


def _checked_source(channels: ChannelSource | None, trials: int, seed: int, most_trials: int) -> ChannelSource | None:
    """The source of given channels, if they are enough; draws have a seed, and these none."""
    if channels is None:
        return None
    for name, number in (("trials", trials), ("most_trials", most_trials)):
        if number > channels.trials:
            raise ConfigError(
                f"{name} = {number}: {channels.label} has {channels.trials} of them. Ask for at most so many (they are "
                "all taken where nothing is said), or name the axis `trial` if it is another one."
            )
    if seed:
        raise ConfigError(f"seed = {seed}: nothing is drawn where channels are given; leave it out.")
    return channels


def _checked_sweep(config: Config, sweep: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Sweep with plain values as the configuration reads them, every point of it checked."""
    if not isinstance(cast(Any, sweep), Mapping):
        raise ConfigError(f"sweep = {shown(sweep)}: must be a mapping of fields to lists of values.")
    plain = {name: values.tolist() if hasattr(values, "tolist") else values for name, values in _flat(sweep).items()}
    axes = sweep_axes(plain)
    seen: set[str] = set()
    for path in itertools.chain.from_iterable(axis.fields for axis in axes):
        if path in seen:
            raise ConfigError(f"sweep.{path}: stands on two axes.")
        seen.add(path)
        if "." not in path and path not in type(config).model_fields:
            raise ConfigError(f"sweep.{path}: no such field.{suggest(path, type(config).model_fields)}")
    count = math.prod(len(axis.values) for axis in axes)
    if count > MOST_POINTS:
        raise ConfigError(f"sweep: has {count} points, every combination of its values; {MOST_POINTS} is the most.")
    for index in _indices(axes):
        _point(config, axes, index)
    return {axis.name: _plain_values(config, axis) for axis in axes}


def _flat(sweep: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"satellite": {"altitude_km": [...]}}`` (a dotted TOML key) as ``{"satellite.altitude_km": [...]}``."""
    flat: dict[str, Any] = {}
    for name, values in sweep.items():
        if isinstance(values, Mapping):
            flat |= _flat(cast(Mapping[str, Any], values), f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = values
    return flat


def _plain_values(config: Config, axis: Axis) -> tuple[Any, ...]:
    """Values as the checked configuration holds them: 20 becomes 20.0 where the field is a float."""
    rows: list[Any] = []
    for row in axis.values:
        changes = dict(zip(axis.fields, row))
        try:
            changed = config.replace(**changes)
        except ConfigError:  # valid only together with other axes: keep what was written
            rows.append(row if len(axis.fields) > 1 else row[0])
            continue
        values = [read_field(changed, path) for path in axis.fields]
        rows.append(tuple(values) if len(values) > 1 else values[0])
    return tuple(rows)


def _indices(axes: tuple[Axis, ...]) -> Iterable[tuple[int, ...]]:
    return itertools.product(*(range(len(axis.values)) for axis in axes))


def _point(config: Config, axes: tuple[Axis, ...], index: tuple[int, ...]) -> SweepPoint:
    changes: dict[str, Any] = {}
    for axis, position in zip(axes, index):
        changes |= dict(zip(axis.fields, axis.values[position]))
    try:
        return SweepPoint(index, changes, config.replace(**changes) if changes else config)
    except ConfigError as error:
        raise ConfigError("\n".join(_sweep_line(line, changes) for line in str(error).splitlines())) from None


def _sweep_line(line: str, changes: Mapping[str, Any]) -> str:
    if any(line.startswith(path) for path in changes):
        return f"sweep.{line}"
    point = ", ".join(f"{path} = {shown(value)}" for path, value in changes.items())
    return f"sweep at {point}: {line}"
