"""What the arguments of verbs mean: a system, a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leoisac import catalogue
from leoisac.experiment.contracts import System
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.experiment.scenario.scenarios import DEFAULT_TRIALS, Scenario, scenario
from leoisac.foundation.config import Config


def system_of(config: Config | Scenario | str) -> System:
    if isinstance(config, str):
        return catalogue.find(config)
    return catalogue.system_of(config.config if isinstance(config, Scenario) else config)


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
) -> Scenario:
    """The scenario that the arguments of ``run`` describe; what is None keeps the scenario's or the default value."""
    if isinstance(base, Scenario):
        schemes = base.schemes if schemes is None else schemes
        sweep = base.sweep if sweep is None else sweep
    start = base if isinstance(base, Scenario) else None
    return scenario(
        system,
        base.config if isinstance(base, Scenario) else base,
        schemes,
        sweep,
        trials if trials is not None else start.trials if start else DEFAULT_TRIALS,
        seed if seed is not None else start.seed if start else 0,
        route if route is not None else start.route if start else DEFAULT_ROUTE,
        count=start.count if start else "trials",
        until=until if until is not None else start.until if start else "",
        most_trials=most_trials if most_trials is not None else start.most_trials if start else 0,
    )
