"""Satellite links to users among buildings: line of sight, shadowing, clutter loss, scintillation after 3GPP TR 38.811.

Tables of TR 38.811 V15.4.0 (2020-09): 6.6.1-1 (line-of-sight probability), 6.6.2-1 to 6.6.2-3 (shadowing and clutter
loss), 6.6.6.2.1-1 (tropospheric scintillation); clause 6.6.6.1.4 (ionospheric scintillation). Their numbers agree in
public implementations (ns-3, OpenNTN, QuaDRiGa). A link takes the row of the nearest tabulated elevation, as the
document says. NumPy only: everything here depends on geometry and is computed once per configuration.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float

Environment = Literal["dense-urban", "urban", "suburban-rural"]
ENVIRONMENTS: tuple[str, ...] = get_args(Environment)
ELEVATIONS_DEG = np.arange(10.0, 91.0, 10.0)
LEAST_ELEVATION_DEG = 5.0
"""Below it no row is near."""
S_BAND_HZ, KA_BAND_HZ = (1e9, 6e9), (17e9, 40e9)
"""Carriers for which the tables of the S band and of the Ka band are taken."""
TROPOSPHERE_HZ = (18e9, 22e9)
"""Carriers for which the scintillation at 20 GHz is taken."""

_LINE_OF_SIGHT = {
    "dense-urban": (0.282, 0.331, 0.398, 0.468, 0.537, 0.612, 0.738, 0.820, 0.981),
    "urban": (0.246, 0.386, 0.493, 0.613, 0.726, 0.805, 0.919, 0.968, 0.992),
    "suburban-rural": (0.782, 0.869, 0.919, 0.929, 0.935, 0.940, 0.949, 0.952, 0.998),
}
_CLUTTER_URBAN = {
    "S": (34.3, 30.9, 29.0, 27.7, 26.8, 26.2, 25.8, 25.5, 25.5),
    "Ka": (44.3, 39.9, 37.5, 35.8, 34.6, 33.8, 33.3, 33.0, 32.9),
}
# Standard deviation with a line of sight, without one; clutter loss without one.
_SHADOWING: dict[tuple[str, str], tuple[tuple[float, ...], ...]] = {
    ("dense-urban", "S"): (
        (3.5, 3.4, 2.9, 3.0, 3.1, 2.7, 2.5, 2.3, 1.2),
        (15.5, 13.9, 12.4, 11.7, 10.6, 10.5, 10.1, 9.2, 9.2),
        _CLUTTER_URBAN["S"],
    ),
    ("dense-urban", "Ka"): (
        (2.9, 2.4, 2.7, 2.4, 2.4, 2.7, 2.6, 2.8, 0.6),
        (17.1, 17.1, 15.6, 14.6, 14.2, 12.6, 12.1, 12.3, 12.3),
        _CLUTTER_URBAN["Ka"],
    ),
    ("urban", "S"): ((4.0,) * 9, (6.0,) * 9, _CLUTTER_URBAN["S"]),
    ("urban", "Ka"): ((4.0,) * 9, (6.0,) * 9, _CLUTTER_URBAN["Ka"]),
    ("suburban-rural", "S"): (
        (1.79, 1.14, 1.14, 0.92, 1.42, 1.56, 0.85, 0.72, 0.72),
        (8.93, 9.08, 8.78, 10.25, 10.56, 10.74, 10.17, 11.52, 11.52),
        (19.52, 18.17, 18.42, 18.28, 18.63, 17.68, 16.50, 16.30, 16.30),
    ),
    ("suburban-rural", "Ka"): (
        (1.9, 1.6, 1.9, 2.3, 2.7, 3.1, 3.0, 3.6, 0.4),
        (10.7, 10.0, 11.2, 11.6, 11.8, 10.8, 10.8, 10.8, 10.8),
        (29.5, 24.6, 21.9, 20.0, 18.7, 17.8, 17.2, 16.9, 16.8),
    ),
}
_SCINTILLATION_DB = (1.08, 0.48, 0.30, 0.22, 0.17, 0.13, 0.12, 0.12, 0.12)


class Surroundings(NamedTuple):
    """What a link meets at an elevation.

    Attributes:
        line_of_sight: probability.
        los_std_db, nlos_std_db: standard deviation of shadowing with and without a line of sight.
        clutter_loss_db: without one; 0 with one.
    """

    line_of_sight: Float[np.ndarray, "..."]
    los_std_db: Float[np.ndarray, "..."]
    nlos_std_db: Float[np.ndarray, "..."]
    clutter_loss_db: Float[np.ndarray, "..."]


def surroundings(environment: str, carrier_hz: float, elevation_rad: float | np.ndarray) -> Surroundings:
    """Line-of-sight probability, shadowing and clutter loss at the nearest tabulated elevations.

    Raises:
        ValueError: for an unknown environment, carriers outside both bands, elevations below 5 or above 90 degrees.
    """
    if environment not in ENVIRONMENTS:
        raise ValueError(f"environment is {environment!r}; allowed are {', '.join(ENVIRONMENTS)}.")
    row = _row(elevation_rad)
    rows = (_LINE_OF_SIGHT[environment], *_SHADOWING[environment, band(carrier_hz)])
    return Surroundings(*(np.asarray(np.asarray(values)[row]) for values in rows))


def band(carrier_hz: float) -> str:
    """``"S"`` or ``"Ka"``.

    Raises:
        ValueError: for carriers outside both.
    """
    for name, (low, high) in (("S", S_BAND_HZ), ("Ka", KA_BAND_HZ)):
        if low <= carrier_hz <= high:
            return name
    raise ValueError(
        f"carrier_hz is {carrier_hz:g}; TR 38.811 has tables for the S band (1-6 GHz) and the Ka band (17-40 GHz)."
    )


def scintillation_loss_db(carrier_hz: float, elevation_rad: float | np.ndarray) -> Float[np.ndarray, "..."]:
    """Fade by scintillation in dB.

    Up to 6 GHz that of the ionosphere, ``1.1 (f / 4 GHz)^-1.5 / sqrt(2)``, 2.2 dB at 2 GHz, at every elevation. Around
    20 GHz that of the troposphere, exceeded for 1 % of the time (Toulouse), by the nearest elevation.

    Raises:
        ValueError: for other carriers, and elevations as for ``surroundings``.
    """
    row = _row(elevation_rad)
    if S_BAND_HZ[0] <= carrier_hz <= S_BAND_HZ[1]:
        return np.full(np.shape(row), 1.1 * (carrier_hz / 4e9) ** -1.5 / math.sqrt(2.0))
    if TROPOSPHERE_HZ[0] <= carrier_hz <= TROPOSPHERE_HZ[1]:
        return np.asarray(np.asarray(_SCINTILLATION_DB)[row])
    raise ValueError(
        f"carrier_hz is {carrier_hz:g}; TR 38.811 has scintillation for 1 to 6 GHz and, here, for 18 to 22 GHz."
    )


def slant_loss_db(zenith_loss_db: float, elevation_rad: float | np.ndarray) -> Float[np.ndarray, "..."]:
    """Gaseous loss on a slant path, ``A_zenith / sin(elevation)`` in dB (TR 38.811, clause 6.6.4), from 5 degrees.

    Raises:
        ValueError: for elevations as for ``surroundings``.
    """
    _row(elevation_rad)
    return np.asarray(zenith_loss_db / np.sin(elevation_rad))


def _row(elevation_rad: float | np.ndarray) -> np.ndarray:
    elevation_deg = np.degrees(np.asarray(elevation_rad, dtype=float))
    outside = (elevation_deg < LEAST_ELEVATION_DEG) | (elevation_deg > 90.0 + 1e-9)
    if np.any(outside):
        worst = float(np.ravel(elevation_deg)[np.argmax(np.ravel(outside))])
        raise ValueError(
            f"the elevation is {worst:.4g} degrees; tables of TR 38.811 are used from {LEAST_ELEVATION_DEG:g} to 90."
        )
    return np.asarray(np.clip(np.floor(elevation_deg / 10.0 + 0.5), 1, 9) - 1, dtype=int)


__all__ = [
    "ELEVATIONS_DEG",
    "ENVIRONMENTS",
    "Environment",
    "Surroundings",
    "band",
    "scintillation_loss_db",
    "slant_loss_db",
    "surroundings",
]
