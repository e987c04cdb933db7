"""The echo route: the fast design of every scheme, then a simulated echo and the receiver's estimates from it.

A route of its own, because it costs a good part of a second per trial; its designs and rates are those of the fast one.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import numpy as np

from leoisac.experiment.errors import ChannelError
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Solution, Status
from leoisac.systems.bistatic_rsma.judge.multistatic import locate
from leoisac.systems.bistatic_rsma.judge.sensing import sense
from leoisac.systems.bistatic_rsma.model import Channels, Design, Estimate, Parameters, of_every_mode


def solve(scheme: str, parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Designs of a batch, each with the estimates from its trial's echo.

    Raises:
        ChannelError: for channels from plain arrays, which have no echo.
    """
    if channels.echo is None:
        raise ChannelError("echo: channels from plain arrays have none; the echo route needs leoisac.draw(config).")
    if float(parameters.scene.monostatic) > 0.0:
        raise ConfigError(
            'sensing = "monostatic": echoes back at the satellite are not simulated; use the route fast, or sensing = '
            '"bistatic".'
        )
    fast = importlib.import_module("leoisac.systems.bistatic_rsma.fast.max_min")
    solution = getattr(fast, f"solve_{scheme.replace('-', '_')}")(parameters, channels)
    return with_estimates(parameters, channels, solution)


def with_estimates(parameters: Parameters, channels: Channels, solution: Solution[Any]) -> Solution[Any]:
    """The solution with the estimates of every trial that has a design (zeros where it has none)."""
    status = np.asarray(solution.status)
    designed = np.flatnonzero(
        (status == Status.CONVERGED) | (status == Status.INACCURATE) | (status == Status.MAX_STEPS)
    )
    found: dict[int, Estimate] = {}
    for trial in designed:
        precoder = np.asarray(solution.value.precoder[trial])
        echo = take(channels.echo, int(trial))
        one = sense(parameters.scene, precoder, echo)
        if parameters.receivers:
            one = replace(one, fix=locate((parameters.scene, *parameters.receivers), precoder, echo, one))
        found[int(trial)] = one
    return Solution(
        value=_joined(solution.value, _stacked(found, len(status))),
        status=solution.status,
        objective=solution.objective,
        violation=solution.violation,
        iterations=solution.iterations,
        history=solution.history,
    )


def _stacked(found: dict[int, Estimate], count: int) -> Estimate | None:
    """Estimates of all trials in one; trials without a design have zeros, which statistics leave out."""
    if not found:
        return None
    blank = jax.tree_util.tree_map(np.zeros_like, next(iter(found.values())))
    rows = [found.get(trial, blank) for trial in range(count)]
    return jax.tree_util.tree_map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *rows)


def _joined(design: Design, estimate: Estimate | None) -> Design:
    return Design(design.precoder, design.common_rate, design.radar_interference, estimate)


globals().update(of_every_mode(solve))
