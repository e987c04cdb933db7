"""leoisac: design and evaluation of integrated sensing and communication with low-earth-orbit satellites.

    import leoisac as li
    config = li.config("self-backhaul")
    channels = li.draw(config, seed=0, trials=64)
    solution = li.design(config, channels, scheme="pa1")
    metrics = li.evaluate(config, channels, solution.value)
    dataset = li.run(config, sweep={"satellite_power_dbw": [25, 30, 35]}, trials=200)

Importing the package loads nothing that computes; names below are resolved on first use.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from leoisac import systems as _systems_folder

if TYPE_CHECKING:
    from leoisac.api import (
        beam_map,
        beam_movie,
        channels,
        check_store,
        config,
        coverage,
        design,
        draw,
        evaluate,
        export,
        export_design,
        figure,
        load,
        open_run,
        pass_beams,
        plot,
        read_channels,
        resume,
        run,
        run_pass,
        schemes,
        session,
        systems,
        verify,
    )
    from leoisac.api.own import load_plugin, metric, scheme, system
    from leoisac.experiment.contracts import Study
    from leoisac.experiment.errors import ChannelError, ClusterError, StoreError
    from leoisac.experiment.scenario.scenarios import Scenario
    from leoisac.foundation.config import Config, ConfigError
    from leoisac.foundation.status import DesignError, Solution, Status
    from leoisac.problems import terms
    from leoisac.problems.problem import Problem
    from leoisac.problems.solving import solve
    from leoisac.problems.statement import ProblemError

    __version__: str

_HOMES = {
    **dict.fromkeys(
        (
            *(
                "beam_map",
                "beam_movie",
                "channels",
                "config",
                "coverage",
                "design",
                "draw",
                "evaluate",
                "export",
                "export_design",
                "figure",
                "load",
            ),
            *(
                "check_store",
                "open_run",
                "pass_beams",
                "plot",
                "read_channels",
                "resume",
                "run",
                "run_pass",
                "schemes",
                "session",
                "verify",
            ),
        ),
        "leoisac.api",
    ),
    **dict.fromkeys(("load_plugin", "metric", "scheme", "system"), "leoisac.api.own"),
    "ChannelError": "leoisac.experiment.errors",
    "ClusterError": "leoisac.experiment.errors",
    "Scenario": "leoisac.experiment.scenario.scenarios",
    "StoreError": "leoisac.experiment.errors",
    "Study": "leoisac.experiment.contracts",
    "Problem": "leoisac.problems.problem",
    "ProblemError": "leoisac.problems.statement",
    "solve": "leoisac.problems.solving",
    "Config": "leoisac.foundation.config",
    "ConfigError": "leoisac.foundation.config",
    "DesignError": "leoisac.foundation.status",
    "Solution": "leoisac.foundation.status",
    "Status": "leoisac.foundation.status",
}

__all__ = [
    "ChannelError",
    "ClusterError",
    "Config",
    "ConfigError",
    "DesignError",
    "Problem",
    "ProblemError",
    "Scenario",
    "Solution",
    "Status",
    "StoreError",
    "Study",
    "__version__",
    "beam_map",
    "beam_movie",
    "channels",
    "check_store",
    "config",
    "coverage",
    "design",
    "draw",
    "evaluate",
    "export",
    "export_design",
    "figure",
    "load",
    "load_plugin",
    "metric",
    "open_run",
    "pass_beams",
    "plot",
    "read_channels",
    "resume",
    "run",
    "run_pass",
    "scheme",
    "schemes",
    "session",
    "solve",
    "system",
    "systems",
    "terms",
    "verify",
]


class _CallableFolder(ModuleType):
    """``leoisac.systems`` is both the folder of systems and the function that lists them."""

    def __call__(self) -> tuple[str, ...]:
        return importlib.import_module("leoisac.catalogue").systems()


setattr(_systems_folder, "__class__", _CallableFolder)  # noqa: B010
globals()["systems"] = _systems_folder


if not TYPE_CHECKING:  # a checker that sees it takes every name for known, slips of the pen included

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            return _version()
        if name == "terms":
            return importlib.import_module("leoisac.problems.terms")
        if name not in _HOMES:
            raise AttributeError(f"module 'leoisac' has no attribute {name!r}")
        return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("leoisac")
    except PackageNotFoundError:
        return "0+unknown"
