"""What the contract tests of all systems share: the systems, small draws and designs, tiny studies."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from functools import cache
from typing import Any

import pytest

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.reading.studies import draw_figure
from leoisac.experiment.running import runner
from leoisac.experiment.running.campaign import run_studies
from leoisac.experiment.scenario.scenarios import Scenario, study_scenario
from leoisac.experiment.trials import blocks
from leoisac.foundation.environment import COMPILE_VARIABLE, QUICK, environment

TRIALS = 8
ALONE = {"self-backhaul": {"pattern_mode": "joint"}}
"""Values of fields at which no program of a design is one of the small configuration's."""
NAMES = catalogue.systems()
SYSTEMS = [catalogue.find(name) for name in NAMES]
SCHEMES = [
    pytest.param(system, scheme, id=f"{system.name}:{scheme.name}") for system in SYSTEMS for scheme in system.schemes
]
every_system = pytest.mark.parametrize("system", SYSTEMS, ids=NAMES)
every_scheme = pytest.mark.parametrize(("system", "scheme"), SCHEMES)


def small(name: str) -> Any:
    """The system's small configuration: every contract of a scheme holds at any size, and these compile quickly."""
    system = catalogue.find(name)
    return system.config().replace(**system.small)


@cache
def drawn(name: str) -> Any:
    """Channels of the small configuration."""
    return li.draw(small(name), seed=0, trials=TRIALS)


@cache
def designed(name: str, scheme: str) -> tuple[Any, Mapping[str, Any]]:
    """Solution and metrics by the fast route, on ``drawn``."""
    config = small(name)
    solution = li.design(config, drawn(name), scheme)
    return solution, li.evaluate(config, drawn(name), solution)


@cache
def tiny_studies(name: str) -> dict[str, Any]:
    """Every study of the system at the size for tests, as datasets.

    Their designs come from the programs that the other contracts have compiled. Those that share none are computed by
    programs that are quick to compile: nothing that is asked of a tiny study hangs on last bits.
    """
    system = catalogue.find(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "design_trials", _design)
        return run_studies(system, {study.name: _tiny(system, study) for study in resolve(system.studies)})


def _design(system: System, config: Any, *arguments: Any) -> Any:
    is_alone = any(getattr(config, field) == value for field, value in ALONE.get(system.name, {}).items())
    with environment({COMPILE_VARIABLE: QUICK}) if is_alone else nullcontext():
        return blocks.design_trials(system, config, *arguments)


@cache
def tiny_figure(name: str, figure: str) -> Any:
    """A figure of the system, drawn from its tiny studies."""
    system = catalogue.find(name)
    chosen = system.figure(figure)
    return draw_figure(system, chosen, {study: tiny_studies(name)[study] for study in chosen.studies})


def _tiny(system: System, study: Any) -> Scenario:
    return study_scenario(system, study.preset("tiny"))
