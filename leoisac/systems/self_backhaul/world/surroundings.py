"""What the satellite's links meet on their way: gases on the slant path, scintillation, the users' surroundings.

Options after TR 38.811; the paper's constants where they are off. NumPy only, so that tables need no JAX.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from leoisac.foundation.config import ConfigError
from leoisac.propagation import tr38811
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.world.ground import Placement


def elevation(placement: Placement) -> float:
    """Of the satellite over the Earth Station, radians; all receivers are as good as there."""
    east, north, up = placement.satellite_m
    return math.atan2(float(up), float(np.hypot(east, north)))


def gas_loss_db(config: SelfBackhaulConfig, placement: Placement) -> float:
    """Gaseous loss of every satellite path: as stated, or as stated for the zenith.

    Raises:
        ConfigError: for a satellite that is too low.
    """
    if config.gas_path == "constant":
        return config.gas_loss_db
    try:
        return float(tr38811.slant_loss_db(config.gas_loss_db, elevation(placement)))
    except ValueError as error:
        raise ConfigError(f'gas_path = "slant": {error}') from None


def scintillation_loss_db(config: SelfBackhaulConfig, placement: Placement) -> float:
    """Loss by scintillation of every satellite path (ConfigError as for ``gas_loss_db``)."""
    if config.scintillation == "none":
        return 0.0
    try:
        return float(tr38811.scintillation_loss_db(config.carrier_hz, elevation(placement)))
    except ValueError as error:
        raise ConfigError(f"scintillation = {config.scintillation!r}: {error}") from None


def users_surroundings(config: SelfBackhaulConfig, placement: Placement) -> Float[np.ndarray, "4"] | None:
    """Line-of-sight probability, both deviations of shadowing and clutter loss in dB; None without surroundings.

    Raises:
        ConfigError: as for ``gas_loss_db``.
    """
    if config.user_environment == "none":
        return None
    try:
        found = tr38811.surroundings(config.user_environment, config.carrier_hz, elevation(placement))
    except ValueError as error:
        raise ConfigError(f"user_environment = {config.user_environment!r}: {error}") from None
    return np.array([float(value) for value in found])


def median_user_loss_db(config: SelfBackhaulConfig, placement: Placement) -> float:
    """Loss of the likelier state of a user: nothing with a line of sight, the clutter loss without one."""
    found = users_surroundings(config, placement)
    return 0.0 if found is None or found[0] >= 0.5 else float(found[3])


__all__ = ["elevation", "gas_loss_db", "median_user_loss_db", "scintillation_loss_db", "users_surroundings"]
