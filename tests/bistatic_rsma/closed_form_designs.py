"""Stand-ins for optimised designs: beams in closed form, so that figures and claims are tested without a solver."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from leoisac.foundation.status import Solution, Status
from leoisac.metrics.rsma import allocate_common_rate
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.fast import echo
from leoisac.systems.bistatic_rsma.judge.evaluate import stream_powers, stream_rates
from leoisac.systems.bistatic_rsma.model import MODES, Design

_HERE = "closed_form_designs"


def solve(scheme: str, parameters: Any, channels: Any) -> Solution[Any]:
    """Regularised zero forcing beside one beam that meets the floor on the target gain."""
    mode = MODES[scheme]
    users = np.asarray(channels.user_steering)
    trials, count, antennas = users.shape
    power = float(parameters.transmit_power)
    floor = np.asarray(channels.gain_floor) / (antennas * power) * mode.sensing
    precoder = np.zeros((trials, antennas, count + 2), dtype=complex)
    for trial in range(trials):
        a = users[trial].T
        beams = a @ np.linalg.inv(a.conj().T @ a + count * np.eye(count))
        share = min(max(floor[trial], 0.2), 1.0) if mode.common or mode.radar else 0.0
        precoder[trial, :, :count] = beams / np.linalg.norm(beams) * np.sqrt(power * (1.0 - share))
        target = channels.target_steering[trial] / np.sqrt(antennas) * np.sqrt(power * share)
        precoder[trial, :, count if mode.common else count + 1] = target
    powers = np.stack([np.asarray(stream_powers(users[t], precoder[t])) for t in range(trials)])
    rates = stream_rates(powers, mode.radar * mode.radar_interference, np.asarray(channels.user_noise_ratio))
    split = allocate_common_rate(np.asarray(rates.common), np.asarray(rates.private))
    gain = np.sum(np.abs(np.einsum("tn,tnj->tj", np.conj(channels.target_steering), precoder)) ** 2, axis=1)
    shortfall = np.maximum(1.0 - gain / channels.gain_floor, 0.0) * mode.sensing
    met = shortfall < 1e-9
    status = np.where(met, int(Status.CONVERGED), int(Status.NO_FEASIBLE_POINT))
    design = Design(precoder, split.common_rate, np.full(trials, mode.radar * mode.radar_interference))
    blank = np.zeros(trials)
    return Solution(design, status, split.min_rate, shortfall, blank, np.zeros((trials, 0)))


def solve_with_echo(scheme: str, parameters: Any, channels: Any) -> Solution[Any]:
    return echo.with_estimates(parameters, channels, solve(scheme, parameters, channels))


for _name in MODES:
    globals()[f"solve_{_name.replace('-', '_')}"] = partial(solve, _name)
    globals()[f"echo_{_name.replace('-', '_')}"] = partial(solve_with_echo, _name)


def _scheme(scheme: Any) -> Any:
    name = scheme.name.replace("-", "_")
    return replace(scheme, routes={"fast": f"{_HERE}:solve_{name}", "echo": f"{_HERE}:echo_{name}"}, requires={})


STAND_IN = replace(SYSTEM, schemes=tuple(_scheme(scheme) for scheme in SYSTEM.schemes))
"""The system with these designs behind its schemes."""
