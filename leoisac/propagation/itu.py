"""Loss of a satellite's link by gases, clouds, rain and scintillation after ITU-R P.618, through the package ``itur``.

The package brings the Recommendations' maps; it is an extra (``pip install "leoisac[itu]"``) and imported where it is
used. NumPy only: the losses of a site are tabulated once.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from leoisac.foundation.config import ConfigError
from leoisac.propagation.atmosphere_config import EDITION
from leoisac.propagation.rain_rate import LEAST_ELEVATION_DEG, check_range

LEAST_PERCENT, MOST_PERCENT = 0.001, 50.0
"""Share of the time for which P.618 has a total; the rain formula itself ends at 5 % and is extrapolated beyond."""
_PERCENTS = np.exp(np.linspace(np.log(LEAST_PERCENT), np.log(MOST_PERCENT), 33))
_COSECANTS = np.linspace(1.0, 1.0 / np.sin(np.radians(LEAST_ELEVATION_DEG)), 61)


class Receiver(NamedTuple):
    """A place and an antenna.

    Attributes:
        latitude_deg, longitude_deg: WGS84.
        height_m: above the sea.
        carrier_hz: 1 to 55 GHz.
        diameter_m, efficiency: of the aperture, over which scintillation averages.
        tilt_deg: of the polarization to the horizontal; 45 for a circular one.
    """

    latitude_deg: float
    longitude_deg: float
    height_m: float
    carrier_hz: float
    diameter_m: float = 1.0
    efficiency: float = 0.65
    tilt_deg: float = 45.0


class Losses(NamedTuple):
    """Losses in dB, exceeded for a share of the time; ``total`` is ``gas + hypot(rain + cloud, scintillation)``."""

    gas: Float[np.ndarray, "..."]
    cloud: Float[np.ndarray, "..."]
    rain: Float[np.ndarray, "..."]
    scintillation: Float[np.ndarray, "..."]
    total: Float[np.ndarray, "..."]


class LossTable(NamedTuple):
    """Total loss of a receiver.

    Attributes:
        cosecants: ``1 / sin(elevation)``, rising.
        log_percents: natural logarithm of the share of the time in percent, rising.
        loss_db: shape ``(cosecant, percent)``.
    """

    cosecants: Float[np.ndarray, " cosecant"]
    log_percents: Float[np.ndarray, " percent"]
    loss_db: Float[np.ndarray, "cosecant percent"]

    def at(self, elevation: float) -> Float[np.ndarray, " percent"]:
        """Losses at an elevation (radians), linear in its cosecant between the rows."""
        cosecant = 1.0 / np.sin(elevation)
        return np.array([np.interp(cosecant, self.cosecants, column) for column in self.loss_db.T])


def slant_losses_db(
    receiver: Receiver, elevation: float | np.ndarray, exceeded_percent: float, *, rain_rate_001: float | None = None
) -> Losses:
    """Losses exceeded for a share of the time: P.618-13, section 2.5.

    Args:
        receiver: place and antenna.
        elevation: radians, 5 to 90 degrees, any shape.
        exceeded_percent: 0.001 to 50.
        rain_rate_001: rain rate in mm/h that is exceeded for 0.01 % of the time; of the map (P.837) if left out.

    Raises:
        ConfigError: where ``itur`` is missing, or stands for other editions.
        ValueError: outside these ranges.
    """
    check_range(receiver.carrier_hz, elevation)
    if not LEAST_PERCENT <= exceeded_percent <= MOST_PERCENT:
        raise ValueError(f"exceeded_percent is {exceeded_percent:g}; ITU-R P.618 is used from 0.001 to 50.")
    itur = _itur()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rain beyond 5 % of the time, as the module says
        gas, cloud, rain, scintillation, total = itur.atmospheric_attenuation_slant_path(
            receiver.latitude_deg,
            receiver.longitude_deg,
            receiver.carrier_hz / 1e9,
            np.degrees(elevation),
            exceeded_percent,
            receiver.diameter_m,
            hs=1e-3 * receiver.height_m,
            eta=receiver.efficiency,
            R001=rain_rate_001,
            tau=receiver.tilt_deg,
            return_contributions=True,
        )
    return Losses(*(np.asarray(loss.value, dtype=float) for loss in (gas, cloud, rain, scintillation, total)))


@lru_cache(maxsize=32)
def loss_table(receiver: Receiver) -> LossTable:
    """All losses of a receiver, from 5 degrees to the zenith and from 0.001 to 50 % of the time.

    Raises:
        ConfigError, ValueError: as ``slant_losses_db``.
    """
    elevation = np.arcsin(1.0 / _COSECANTS)
    columns = [slant_losses_db(receiver, elevation, float(percent)).total for percent in np.clip(_PERCENTS, 1e-3, 50.0)]
    return LossTable(_COSECANTS, np.log(_PERCENTS), np.stack(columns, axis=1))


def _itur() -> Any:
    try:
        itur = import_module("itur")
        models = [import_module(f"itur.models.itu{number}") for number in (618, 676, 837, 838, 839, 840)]
    except ImportError as error:
        raise ConfigError(
            f'atmosphere.model = "itu": needs the package itur ({error}); pip install "leoisac[itu]", or choose '
            '"rain-rate", "rain-file" or "statistical".'
        ) from None
    found = ", ".join(f"P.{model.__name__[-3:]}-{model.get_version()}" for model in models)
    if found != EDITION:
        raise ConfigError(f"atmosphere.edition = {EDITION!r}: this itur stands for {found}; install itur 0.4.")
    return itur


__all__ = ["LossTable", "Losses", "Receiver", "loss_table", "slant_losses_db"]
