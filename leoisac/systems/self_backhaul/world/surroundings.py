"""What the satellite's links meet on their way: gases on the slant path, scintillation, the users' surroundings.

Options after TR 38.811; the paper's constants where they are off. NumPy only, so that tables need no JAX.
"""

from __future__ import annotations

import math

import numpy as np

from leoisac.foundation.config import ConfigError
from leoisac.propagation import tr38811
from leoisac.propagation.sky import Sky, sky_of, typical_site_loss_db, typical_user_loss_db
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
    if config.atmosphere is not None and config.atmosphere.model == "itu":
        return 0.0  # part of the weather
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


def sky(config: SelfBackhaulConfig, placement: Placement) -> Sky | None:
    """The sky without scintillation, which lies in the fixed loss of the paths (ConfigError as for ``gas_loss_db``)."""
    found = sky_of(config, elevation(placement))
    return None if found is None else found._replace(scintillation_db=None)


def median_user_loss_db(config: SelfBackhaulConfig, placement: Placement) -> float:
    """Loss of the likelier state of a user, such as the clutter loss where a line of sight is the rarer one."""
    return typical_user_loss_db(sky(config, placement), elevation(placement))


def median_weather_loss_db(config: SelfBackhaulConfig, placement: Placement) -> float:
    """Loss by weather at its median, where the configuration has a part for it."""
    return typical_site_loss_db(sky(config, placement), elevation(placement))


__all__ = ["elevation", "gas_loss_db", "median_user_loss_db", "median_weather_loss_db", "scintillation_loss_db", "sky"]
