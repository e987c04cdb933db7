"""Values that others have published, computed anew by every build of the documentation and set beside theirs.

``python docs/tools/truths.py`` prints the table and fails where a value lies outside its tolerance.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np


@dataclass(frozen=True)
class Truth:
    """An outside value: where it stands, what it is, and how near ours must be."""

    source: str
    quantity: str
    theirs: float
    tolerance: float
    unit: str
    ours: Callable[[], float]


def slant_range_km(altitude_km: float) -> float:
    """On a sphere of 6371 km, at 30 degrees of elevation."""
    from leoisac.geometry.look_angles import slant_range_m

    return float(slant_range_m(altitude_km * 1e3, np.radians(30.0), 6_371_000.0)) / 1e3


def free_space_db(altitude_km: float, carrier_hz: float) -> float:
    """Over that slant range."""
    from leoisac.propagation.free_space import free_space_loss_db, wavelength

    return float(free_space_loss_db(slant_range_km(altitude_km) * 1e3, wavelength(carrier_hz)))


def rain(which: str) -> float:
    """The validation row at 14.25 GHz: coefficients, specific attenuation, and the loss that 1 % of the time exceed."""
    from leoisac.propagation import rain_rate

    elevation = np.radians(31.07699124)
    if which == "loss":
        place = {"rain_height_m": 2452.73333, "site_height_m": 31.382984, "latitude": np.radians(51.5)}
        loss = rain_rate.slant_rain_loss_db(26.48052, 14.25e9, elevation, polarization_tilt=0.0, **place)
        return float(loss * 100.0 ** -(0.655 - 0.045 * np.log(loss)))
    k, alpha = rain_rate.rain_coefficients(14.25e9, elevation, 0.0)
    gamma = rain_rate.specific_attenuation(26.48052, 14.25e9, elevation, 0.0)
    return float({"k": k, "alpha": alpha, "gamma": gamma}[which])


def aperture_db(angle_deg: float) -> float:
    """Aperture of ten wavelengths' radius, relative to its axis."""
    from leoisac.antennas.aperture import aperture_gain

    return float(10.0 * np.log10(aperture_gain(np.radians(angle_deg), 10.0)))


def carrier_to_noise_db(carrier: float, bandwidth: float, eirp: float, merit: float, *losses: float) -> float:
    """A study case of TR 38.821; losses: gases, shadowing, scintillation."""
    from leoisac.propagation.link_budget import satellite_downlink_budget

    gas, shadow, scintillation = losses
    budget = satellite_downlink_budget(
        "case",
        carrier_hz=carrier,
        bandwidth_hz=bandwidth,
        distance_m=slant_range_km(600.0) * 1e3,
        eirp_dbw=eirp,
        figure_of_merit_db_per_k=merit,
        gas_loss_db=gas,
        shadowing_loss_db=shadow,
        scintillation_loss_db=scintillation,
    )
    return float(budget["C/N"])


def pattern_db(angle_deg: float) -> float:
    """S.1528, recommends 1.2, relative to the peak of 39 dBi."""
    from leoisac.antennas.satellite_patterns import s1528_gain_dbi

    return float(s1528_gain_dbi(np.radians(angle_deg), 39.0, np.radians(1.0), side_lobe_level_db=-30.0)) - 39.0


def needed_snr_db() -> float:
    """For detection with 0.9 at a false alarm probability of 1e-6, one pulse, a steady target."""
    from scipy.optimize import brentq

    from leoisac.metrics.detection import detection_probability

    return float(brentq(lambda snr: float(detection_probability(10 ** (snr / 10), 1e-6)) - 0.9, 10.0, 16.0))


def direction_bound() -> float:
    """Deterministic bound: a source at 20 degrees, ten half-wavelength elements, 100 snapshots, 0 dB."""
    from leoisac.metrics.fisher import array_information, cramer_rao_bounds

    phase = np.pi * np.arange(10)
    steering = np.exp(1j * phase * np.sin(np.radians(20.0)))
    slope = 1j * phase * np.cos(np.radians(20.0)) * steering
    bounds = cramer_rao_bounds(array_information(slope[None], steering, 100.0, amplitude_known=False))
    return float(np.ravel(np.asarray(bounds))[0])


def sgp4_error(of: str) -> float:
    """Largest distance from the verification's states: ``"position"`` in km, or ``"velocity"`` in km/s."""
    from leoisac.geometry.instants import add_seconds, as_instants
    from leoisac.geometry.orbits import ElementSet
    from leoisac.geometry.tle import checksum

    package = files("sgp4")
    lines = [line for line in package.joinpath("SGP4-VER.TLE").read_text().splitlines() if line[:1] in "12"]
    lines = [line[:68].ljust(68) + str(checksum(line)) for line in lines]
    groups: list[list[list[float]]] = []
    for line in package.joinpath("tcppver.out").read_text().splitlines():
        if line.strip().endswith("xx"):
            groups.append([])
        elif line.strip():
            groups[-1].append([float(number) for number in line.split()[:7]])
    worst = 0.0
    for first, second, group in zip(lines[::2], lines[1::2], groups):
        elements, rows = ElementSet.from_tle(f"{first}\n{second}"), np.array(group)
        if elements.catalogue_number == 33334:  # cannot be propagated; the row is the leftover of another satellite
            continue
        states = elements.propagate(add_seconds(as_instants(elements.epoch), rows[:, 0] * 60.0), checked=False)
        found, stated = (
            (states.position_teme_m, rows[:, 1:4]) if of == "position" else (states.velocity_teme_m_s, rows[:, 4:7])
        )
        worst = max(worst, float(np.linalg.norm(found / 1e3 - stated, axis=-1).max()))
    return worst


_RANGE = "spherical Earth of 6371 km, TR 38.821"
_CASES = "TR 38.821, Table 6.1.3.3-1"
_RAIN = "ITU-R, validation sheet CG-3M3J-13"
_PATTERN = "ITU-R S.1528, recommends 1.2 (1°, −30 dB, 39 dBi)"

TRUTHS = (
    Truth(
        "SGP4 verification, AIAA 2006-6753",
        "largest error of position",
        0.0,
        1e-6,
        "km",
        lambda: sgp4_error("position"),
    ),
    Truth("the same, 32 satellites", "largest error of velocity", 0.0, 1e-9, "km/s", lambda: sgp4_error("velocity")),
    Truth(_RANGE, "slant range, 600 km, 30°", 1075.088, 1e-3, "km", lambda: slant_range_km(600.0)),
    Truth(_RANGE, "slant range, 1200 km, 30°", 1998.881, 1e-3, "km", lambda: slant_range_km(1200.0)),
    Truth(_RANGE, "free-space loss, 600 km, 20 GHz", 179.10, 0.01, "dB", lambda: free_space_db(600.0, 20e9)),
    Truth(_RANGE, "free-space loss, 600 km, 2 GHz", 159.10, 0.01, "dB", lambda: free_space_db(600.0, 2e9)),
    Truth(_RANGE, "free-space loss, 1200 km, 20 GHz", 184.49, 0.01, "dB", lambda: free_space_db(1200.0, 20e9)),
    Truth(_RANGE, "free-space loss, 1200 km, 2 GHz", 164.49, 0.01, "dB", lambda: free_space_db(1200.0, 2e9)),
    Truth(
        _CASES,
        "C/N of study case 6",
        8.5,
        0.1,
        "dB",
        lambda: carrier_to_noise_db(20e9, 400e6, 30.0, 15.9, 0.5, 0.0, 0.3),
    ),
    Truth(
        _CASES,
        "C/N of study case 9",
        6.6,
        0.1,
        "dB",
        lambda: carrier_to_noise_db(2e9, 30e6, 48.8, -31.6, 0.1, 3.0, 2.2),
    ),
    *(
        Truth(_PATTERN, f"gain at {angle}°", gain, 5e-3, "dB", lambda angle=angle: pattern_db(angle))
        for angle, gain in ((1, -3.0), (2, -8.485), (5, -30.0), (7, -31.11), (8, -32.56), (10, -34.98), (80, -39.0))
    ),
    *(
        Truth(
            "TR 38.811, clause 6.4.1",
            f"aperture of 10 wavelengths at {angle}°",
            gain,
            1e-3,
            "dB",
            lambda angle=angle: aperture_db(angle),
        )
        for angle, gain in ((1, -1.34), (3, -17.2583), (10, -30.5363), (60, -60.9132))
    ),
    Truth(_RAIN, "k of P.838-3", 0.03975488, 5e-9, "1", lambda: rain("k")),
    Truth(_RAIN, "alpha of P.838-3", 1.12418043, 5e-9, "1", lambda: rain("alpha")),
    Truth(_RAIN, "specific attenuation", 1.58130839, 5e-9, "dB/km", lambda: rain("gamma")),
    Truth(_RAIN, "rain, 1 % of the time", 0.495317069, 5e-7, "dB", lambda: rain("loss")),
    Truth(
        "textbook; Albersheim's formula: 13.136 dB",
        "SNR for P_d = 0.9 at P_fa = 1e-6",
        13.1835,
        1e-4,
        "dB",
        needed_snr_db,
    ),
    Truth(
        "textbook, deterministic bound",
        "direction, 10 elements, 100 snapshots, 0 dB, 20°",
        6.95415998e-6,
        1e-13,
        "rad²",
        direction_bound,
    ),
)


def rows() -> list[tuple[Truth, float, bool]]:
    """Each value with ours, and whether ours is near enough."""
    found = [(truth, truth.ours()) for truth in TRUTHS]
    return [(truth, ours, abs(ours - truth.theirs) <= truth.tolerance) for truth, ours in found]


def shown(truth: Truth, ours: float) -> str:
    """Our value to a tenth of the tolerance: further digits are the machine's."""
    if truth.theirs == 0.0:
        return f"below {truth.tolerance:g}" if abs(ours) < truth.tolerance else f"{ours:.3g}"
    return f"{ours:.{max(0, math.ceil(math.log10(abs(ours) / truth.tolerance))) + 1}g}"


def markdown() -> str:
    """The table of the page; a value that is off stops the build.

    Raises:
        ValueError: naming each value that lies outside its tolerance.
    """
    checked = rows()
    off = [f"{truth.quantity}: {ours!r} and not {truth.theirs!r}" for truth, ours, near in checked if not near]
    if off:
        raise ValueError("; ".join(off))
    lines = ["| source | quantity | published | leoisac | unit | tolerance |", "| --- | --- | --- | --- | --- | --- |"]
    for truth, ours, _ in checked:
        numbers = f"{truth.theirs:.9g} | {shown(truth, ours)} | {truth.unit} | {truth.tolerance:g}"
        lines.append(f"| {truth.source} | {truth.quantity} | {numbers} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown())
    sys.exit(0)
