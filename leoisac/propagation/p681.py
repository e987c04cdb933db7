"""Flat fading of satellite links: the two-state model of ITU-R P.681-11, Annex 2 (3GPP TR 38.811, clause 6.7.1).

A link is in a good or a bad state; in each its amplitude is Loo's: a direct part whose decibels are normal, and
Rayleigh scatter. Snapshots draw one state, one mean ``M_A`` of the direct part and one value of it; durations and
transitions of a drive belong to the Recommendation and are not here. Functions of random numbers are traceable by JAX
and do not import it.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.namespace import array_namespace

FadingPlace = Literal["urban", "suburban", "rural-wooded", "rural"]
FADING_PLACES: tuple[str, ...] = get_args(FadingPlace)
S_BAND_HZ, KU_BAND_HZ = (1.5e9, 3e9), (10e9, 20e9)
ELEVATION_DEG = (20.0, 70.0)
"""Range of the parameters."""
_ELEVATIONS = {"S": (20.0, 30.0, 45.0, 60.0, 70.0), "Ku": (34.0,)}
# Good and bad state at each elevation: mu and sigma of the duration, mu and sigma of M_A (dB), h1, h2, g1, g2.
_TABLES: dict[tuple[str, str], tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]] = {
    ("urban", "S"): (
        (
            (2.0042, 1.2049, -3.3681, 3.3226, 0.1739, -11.5966, 0.0036, 1.323),
            (3.689, 0.9796, -18.1771, 3.2672, 1.1411, 4.0581, -0.2502, -1.2528),
        ),
        (
            (2.7332, 1.103, -2.3773, 2.1222, 0.0941, -13.1679, -0.2811, 0.9323),
            (2.7582, 1.221, -17.4276, 3.9532, 0.9175, -0.8009, -0.1484, 0.591),
        ),
        (
            (3.0639, 1.698, -1.8225, 1.1317, -0.0481, -14.745, -0.4643, 0.3334),
            (2.9108, 1.2602, -15.4844, 3.3245, 0.9434, -1.7555, -0.0798, 2.8101),
        ),
        (
            (2.8135, 1.5962, -1.5872, 1.2446, -0.5168, -17.406, -0.1953, 0.5353),
            (2.0211, 0.6568, -14.1435, 3.2706, 0.6975, -7.5383, 0.0422, 3.203),
        ),
        (
            (4.2919, 2.4703, -1.8434, 0.537, -4.7301, -26.5687, 0.5192, 1.9583),
            (2.1012, 1.0341, -12.9383, 1.7588, 2.5318, 16.8468, 0.3768, 8.4377),
        ),
    ),
    ("suburban", "S"): (
        (
            (2.2201, 1.2767, -2.7191, 1.384, -0.3037, -13.0719, -0.1254, 0.7894),
            (2.2657, 1.3812, -13.8808, 2.583, 1.0136, 0.5158, -0.1441, 0.7757),
        ),
        (
            (3.0138, 1.4161, -0.7018, 1.2107, -0.6543, -14.6457, -0.1333, 0.8992),
            (2.4521, 0.7637, -11.9823, 3.4728, 0.62, -7.5485, -0.1644, 0.2762),
        ),
        (
            (4.5857, 1.3918, -1.1496, 1.0369, 0.2148, -17.8462, 0.0729, 1.0303),
            (2.2414, 0.7884, -10.3806, 2.3543, 0.0344, -14.2087, 0.0662, 3.5043),
        ),
        (
            (3.4124, 1.4331, -0.7811, 0.7979, -2.1102, -19.7954, -0.2284, 0.2796),
            (1.9922, 0.7132, -12.1436, 3.1798, 0.4372, -8.3651, -0.2903, -0.6001),
        ),
        (
            (4.2919, 2.4703, -1.8434, 0.537, -4.7301, -26.5687, 0.5192, 1.9583),
            (2.1012, 1.0341, -12.9383, 1.7588, 2.5318, 16.8468, 0.3768, 8.4377),
        ),
    ),
    ("rural-wooded", "S"): (
        (
            (2.1597, 1.3766, -0.8065, 1.5635, -0.917, -12.1228, -0.0348, 0.9571),
            (1.9587, 1.5465, -10.6615, 2.617, 0.844, -1.4804, -0.1069, 1.6141),
        ),
        (
            (2.5579, 1.2444, -1.3214, 1.6645, -1.0445, -14.3176, -0.1656, 0.718),
            (2.3791, 1.1778, -10.424, 2.4446, 0.6278, -4.8146, -0.0451, 2.2327),
        ),
        (
            (3.1803, 1.3427, -0.9902, 1.0348, -0.4235, -16.838, -0.1095, 0.6893),
            (2.5382, 1.1291, -10.2891, 2.309, 0.3386, -9.7118, -0.046, 2.131),
        ),
        (
            (2.9322, 1.3234, -0.6153, 1.1723, -1.4024, -16.9664, -0.2516, 0.5353),
            (2.1955, 1.1115, -9.9595, 2.2188, 0.2666, -9.0046, -0.0907, 1.473),
        ),
        (
            (3.8768, 1.4738, -0.7818, 0.7044, -2.9566, -20.0326, -0.2874, 0.405),
            (1.8445, 0.8874, -6.7769, 2.1339, -0.3723, -14.9638, -0.1822, 0.1163),
        ),
    ),
    ("suburban", "Ku"): (
        ((1.0125, 1.6944, -0.02, 0.0, 0.0, -38.17, 0.0, 0.39), (-0.8026, 1.288, -5.4, 7.3, 0.69, -15.97, -0.21, 0.0)),
    ),
    ("rural", "Ku"): (
        ((1.7663, 1.935, 0.05, 0.0, 0.0, -40.25, 0.0, 0.39), (-0.4722, 1.7232, -16.0, 10.4, 0.87, -14.26, -0.21, 0.0)),
    ),
}
_BAD_RANGE = {("suburban", "Ku"): (0.1, 0.6)}
"""Probabilities between which the bad state's mean is drawn, where they are not 0.1 and 0.9."""


class FadingStates(NamedTuple):
    """Parameters of both states at an elevation, the good one first.

    Attributes:
        good: probability of the good state.
        mean_db, std_db: of the mean ``M_A`` of the direct part.
        scatter: ``h1``, ``h2`` of ``MP = h1 M_A + h2``, the power of the scatter in dB; shape ``(2, state)``.
        spread: ``g1``, ``g2`` of ``Sigma_A = g1 M_A + g2``, the deviation of the direct part in dB.
        least, most: probabilities between which ``M_A`` is drawn.
    """

    good: Float[Any, ""]
    mean_db: Float[Any, "2"]
    std_db: Float[Any, "2"]
    scatter: Float[Any, "2 2"]
    spread: Float[Any, "2 2"]
    least: Float[Any, "2"]
    most: Float[Any, "2"]


class FadingNumbers(NamedTuple):
    """Uniform numbers of links on (0, 1), for state, mean, direct part and its phase, and normal ones for scatter."""

    state: Any
    mean: Any
    direct: Any
    phase: Any
    scatter: Any  # complex, CN(0, 1)


def fading_states(
    place: str, carrier_hz: float, elevation: float, *, allow_extrapolation: bool = False
) -> FadingStates:
    """Parameters at the nearest tabulated elevation; states are as likely as their mean durations are long.

    Args:
        place: urban, suburban, rural-wooded (1.5 to 3 GHz), suburban, rural (10 to 20 GHz).
        carrier_hz: within one of these bands.
        elevation: radians, 20 to 70 degrees.
        allow_extrapolation: take the nearest band and elevation outside.

    Raises:
        ValueError: for a place without parameters in the band, and outside the ranges unless that is allowed.
    """
    degrees = math.degrees(elevation)
    is_low, is_high = (low <= carrier_hz <= high for low, high in (S_BAND_HZ, KU_BAND_HZ))
    is_inside = ELEVATION_DEG[0] - 1e-9 <= degrees <= ELEVATION_DEG[1] + 1e-9
    if not allow_extrapolation and not (is_low or is_high):
        raise ValueError(
            f"carrier_hz is {carrier_hz:g}; ITU-R P.681 has flat fading for 1.5 to 3 GHz and for 10 to 20 GHz "
            "(allow_extrapolation takes the nearer band)."
        )
    if not allow_extrapolation and not is_inside:
        raise ValueError(
            f"the elevation is {degrees:.4g} degrees; ITU-R P.681 has flat fading from 20 to 70 (allow_extrapolation "
            "takes the nearest row)."
        )
    band = "S" if carrier_hz < math.sqrt(S_BAND_HZ[1] * KU_BAND_HZ[0]) else "Ku"
    if (place, band) not in _TABLES:
        known = [name for name, of in _TABLES if of == band]
        raise ValueError(
            f"flat_fading is {place!r}; ITU-R P.681 has {', '.join(known)} at a carrier of {carrier_hz / 1e9:g} GHz."
        )
    row = int(np.argmin(np.abs(np.asarray(_ELEVATIONS[band]) - degrees)))
    both = np.array(_TABLES[place, band][row])
    length = np.exp(both[:, 0] + 0.5 * both[:, 1] ** 2)
    low, high = _BAD_RANGE.get((place, band), (0.1, 0.9))
    return FadingStates(
        good=np.asarray(length[0] / length.sum()),
        mean_db=both[:, 2],
        std_db=both[:, 3],
        scatter=both[:, 4:6].T.copy(),
        spread=both[:, 6:8].T.copy(),
        least=np.array([0.0, low]),
        most=np.array([1.0, high]),
    )


def flat_fading(states: FadingStates, numbers: FadingNumbers, normal_of: Any) -> Complex[Any, "..."]:
    """Amplitudes ``10^(A/20) e^(j phi) + CN(0, 10^(MP/10))``, over that of free space.

    Args:
        states: of the links' elevation.
        numbers: of every link.
        normal_of: standard normal number of a uniform one (inverse distribution function).
    """
    xp = array_namespace(*numbers)
    is_bad = (xp.asarray(numbers.state) >= states.good).astype(int)
    least, most = (xp.asarray(each)[is_bad] for each in (states.least, states.most))
    mean_db = xp.asarray(states.mean_db)[is_bad] + xp.asarray(states.std_db)[is_bad] * normal_of(
        least + (most - least) * numbers.mean
    )
    (h1, h2), (g1, g2) = (xp.asarray(each)[:, is_bad] for each in (states.scatter, states.spread))
    direct_db = mean_db + xp.maximum(g1 * mean_db + g2, 0.0) * normal_of(numbers.direct)
    direct = 10.0 ** (direct_db / 20.0) * xp.exp(2j * math.pi * numbers.phase)
    return direct + 10.0 ** ((h1 * mean_db + h2) / 20.0) * numbers.scatter


__all__ = ["FADING_PLACES", "FadingNumbers", "FadingPlace", "FadingStates", "fading_states", "flat_fading"]
