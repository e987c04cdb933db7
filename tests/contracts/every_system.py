"""What the contract tests of all systems share: the systems, small draws and designs, tiny studies."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any

import numpy as np
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
from leoisac.foundation.jax_setup import jax

TRIALS = 8
ALONE_BY_FIELD = {"self-backhaul": {"pattern_mode": "joint"}}
ALONE_BY_ROUTE = {"bistatic-rsma": ("coded", "echo"), "otfs-rsma": ("least-delay", "least-doppler", "coded", "echo")}
"""Values of fields, and routes, whose long programs are not those of the small configuration's fast designs."""
WITNESSES = ("published", "reference")
"""Routes of which no contract asks for bits: none of their programs is one of a fast design."""
FEW_STEPS = {("otfs-rsma", "published"): {"population": 20, "generations": 10}}
"""Options of routes whose steps cost more than their programs: of a tiny study nobody asks how good its designs are."""
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


@contextmanager
def compiled_quickly() -> Generator[None]:
    """For what no last bits are asked of: programs of the least effort, also those without options of their own."""
    with environment({COMPILE_VARIABLE: QUICK}):
        jax.config.update("jax_disable_most_optimizations", True)
        try:
            yield
        finally:
            jax.config.update("jax_disable_most_optimizations", False)  # as the contracts' conftest.py has it


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
        patch.setattr(runner, "draw_trials", _draw)
        patch.setattr(runner, "design_trials", _design)
        return run_studies(system, {study.name: _tiny(system, study) for study in resolve(system.studies)})


def _draw(system: System, config: Any, *arguments: Any) -> Any:
    is_shared = _compiled_for(system, config) == _compiled_for(system, small(system.name))
    with nullcontext() if is_shared else compiled_quickly():
        return blocks.draw_trials(system, config, *arguments)


def _compiled_for(system: System, config: Any) -> Any:
    """What the program of a draw depends on: the structure of the geometry, static parts included, and its shapes."""
    leaves, structure = jax.tree.flatten(blocks.geometry_of(system, config))
    return structure, [np.shape(leaf) for leaf in leaves]


def _design(system: System, config: Any, channels: Any, scheme: str, route: str) -> Any:
    is_alone = route in (*WITNESSES, *ALONE_BY_ROUTE.get(system.name, ()))
    is_alone |= any(getattr(config, field) == value for field, value in ALONE_BY_FIELD.get(system.name, {}).items())
    with compiled_quickly() if is_alone else nullcontext():
        options = FEW_STEPS.get((system.name, route), {})
        return blocks.design_trials(system, config, channels, scheme, route, **options)


@cache
def tiny_figure(name: str, figure: str) -> Any:
    """A figure of the system, drawn from its tiny studies."""
    system = catalogue.find(name)
    chosen = system.figure(figure)
    return draw_figure(system, chosen, {study: tiny_studies(name)[study] for study in chosen.studies})


def _tiny(system: System, study: Any) -> Scenario:
    return study_scenario(system, study.preset("tiny"))
