"""Fast route of the robust joint design: all trials at once on the batched engine."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Solution, Status
from leoisac.optim.batched.engine import solve_multistart
from leoisac.optim.batched.options import EngineOptions
from leoisac.systems.self_backhaul.fast import MAX_STARTS, _disturbances, _disturbed, _least_power
from leoisac.systems.self_backhaul.joint_program import to_variables
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters
from leoisac.systems.self_backhaul.problem import joint_design, judged, normalise
from leoisac.systems.self_backhaul.robust_program import (
    RobustProgram,
    Stage,
    formulate_robust,
    robust_beamforming,
    to_robust_beams,
)
from leoisac.systems.self_backhaul.worst_case import ErrorRadii, error_radii

ENFORCES = ("guaranteed_min_rate", "guaranteed_backhaul", "pattern", "satellite_power", "bs_power")
OPTIONS = EngineOptions(penalty=5.0, violation_tolerance=3e-3, gradient_floor=1e-2, max_ticks=3000)
PATH = Stage(np.array([0.05, 0.3, 0.6, 1.0, 1.0]), np.array([1e-3, 1e-3, 1e-3, 1e-4, 1e-6]))


class Formulated(NamedTuple):
    program: RobustProgram
    starts: Leaf


def formulate(parameters: Parameters, channels: Channels) -> Formulated:
    radii = error_radii(parameters, channels)
    bs = jnp.sqrt(parameters.bs_power / channels.noise_power)
    satellite = jnp.sqrt(parameters.satellite_power / channels.noise_power)
    radii = ErrorRadii(radii.h_users * bs, radii.h_es * bs, radii.g_users * satellite, radii.g_es * satellite)
    program, bases, point = formulate_robust(normalise(parameters, channels), radii, parameters.joint_pattern)
    factors, noise = _disturbances(point.bs.shape, point.satellite.shape, point.sensing.shape)
    starts = jax.vmap(lambda factor, part: to_variables(_disturbed(point, factor, part), bases))(factors, noise)
    return Formulated(program, starts)


def design_of(parameters: Parameters, x: Any, program: RobustProgram) -> JointDesign:
    beams = to_robust_beams(x, program)
    return joint_design(parameters, beams.bs, beams.satellite, beams.sensing @ jnp.conj(beams.sensing).T)
