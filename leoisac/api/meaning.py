"""What the arguments of verbs mean: a system, a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from leoisac import catalogue
from leoisac.experiment.contracts import System
from leoisac.experiment.scenario.channel_source import ChannelSource, described_source, read_source
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.experiment.scenario.scenarios import Scenario, default_trials, scenario
from leoisac.foundation.config import Config, ConfigError, shown


def system_of(config: Config) -> System:
    """The system of a configuration.

    Raises:
        ConfigError: for anything else, such as the name of a system, a file, or a scenario.
    """
    if isinstance(config, Scenario):
        raise ConfigError("config: is a scenario, and a configuration is needed here: its attribute `config`.")
    _refuse_names(config)
    return catalogue.system_of(config)


def system_to_run(config: Config | Scenario) -> System:
    """The system of a configuration, or of a scenario.

    Raises:
        ConfigError: for anything else.
    """
    _refuse_names(config)
    return catalogue.system_of(config.config if isinstance(config, Scenario) else config)


def _refuse_names(config: Any) -> None:
    if not isinstance(config, str | Path):
        return
    name = str(config)
    if name.endswith(".toml") or isinstance(config, Path):
        raise ConfigError(f"config = {shown(name)}: is the name of a file; load it: leoisac.load({shown(name)}).")
    catalogue.find(name)
    raise ConfigError(
        f"config = {shown(name)}: is the name of a system; its configuration is leoisac.config({shown(name)}, ...)."
    )


def scenario_of(
    system: System,
    base: Config | Scenario,
    schemes: Iterable[str] | None,
    sweep: Mapping[str, Any] | None,
    trials: int | None,
    seed: int | None,
    route: str | None,
    until: str | None = None,
    most_trials: int | None = None,
    channels: Any = None,
) -> Scenario:
    """The scenario that the arguments of ``run`` describe; what is None keeps the scenario's or the default value."""
    if isinstance(base, Scenario):
        schemes = base.schemes if schemes is None else schemes
        sweep = base.sweep if sweep is None else sweep
    start = base if isinstance(base, Scenario) else None
    config = base.config if isinstance(base, Scenario) else base
    source = start.channels if start else None
    if channels is not None:
        source = channel_source(system, config, channels)
        start = replace(start, trials=min(start.trials, source.trials)) if start else None
    return scenario(
        system,
        config,
        schemes,
        sweep,
        trials if trials is not None else start.trials if start else default_trials(source),
        seed if seed is not None else start.seed if start else 0,
        route if route is not None else start.route if start else DEFAULT_ROUTE,
        count=start.count if start else "trials",
        until=until if until is not None else start.until if start else "",
        most_trials=most_trials if most_trials is not None else start.most_trials if start else 0,
        channels=source,
    )


def channel_source(system: System, config: Config, channels: Any) -> ChannelSource:
    """Given channels, checked: a file, ``{"file": …, array: expression}``, arrays by name, or channels of the system.

    Raises:
        ConfigError, ChannelError: for what cannot be read or cannot be the system's channels.
    """
    if isinstance(channels, str | Path):
        return read_source(system, config, channels, {})
    if not isinstance(channels, Mapping):
        from leoisac.experiment.trials.given_channels import source_of_channels

        return source_of_channels(system, config, channels)
    rest = dict(cast("Mapping[str, Any]", channels))
    file: Any = rest.pop("file", None)
    if file is None:
        return read_source(system, config, rest, {})
    described = described_source(system, rest)
    return read_source(system, config, file, described.arrays, described.single)
