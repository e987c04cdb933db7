"""Channels of the self-backhauled satellite-terrestrial network, drawn with NumPy in a fixed order: a slow, plain twin.

T. Wang, Q. Wang, "Joint Beamforming for Integrated Satellite-Terrestrial ISAC Systems", Sensors 26(7):2273, 2026, with
20 GHz, 20 MHz and a noise of -100.8 dBm. Stacks of channels have a receiver per row, users first and the earth station
(ES) last; the amplitude that a beam ``w`` gives is ``vdot(h, w)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FREQUENCY_HZ, SPEED_OF_LIGHT_M_S = 20e9, 299_792_458.0
NOISE_W = 10 ** ((-100.8 - 30) / 10)
SATELLITE_POWER_W, BS_POWER_W, PATTERN_MIN_W = 1000.0, 1.0, 1.0
ALTITUDE_M, BEAM_DIAMETER_M, SIDE_M = 1000e3, 250e3, 1000.0
MAX_GAIN_DBI, ES_GAIN_DBI, USER_GAIN_DBI, HALF_BEAM_DEG = 52.0, 37.7, 0.0, 3.2
GAS_LOSS_DB, RAIN_MEAN_DB, RAIN_STD_DB, PHASE_STD_RAD = 0.5, -3.125, 1.591, np.deg2rad(10.0)
PATH_LOSS_AT_1_M_DB, SHADOWING_DB, PATHS = 58.42, 4.0, 5
TARGETS_DEG = (-54.0, -18.0, 18.0, 54.0)
RATE_MIN = np.log2(1 + 10**0.285)


@dataclass(frozen=True)
class Channels:
    """Physical channels (amplitude gains) and everything that turns them into a problem."""

    h_users: np.ndarray
    h_es: np.ndarray
    g_users: np.ndarray
    g_es: np.ndarray
    users_m: np.ndarray
    targets: np.ndarray
    pattern_min: np.ndarray
    rate_min: float

    def normalised(self) -> Channels:
        """Noise 1 and both power budgets 1."""
        bs, satellite = np.sqrt(BS_POWER_W / NOISE_W), np.sqrt(SATELLITE_POWER_W / NOISE_W)
        return Channels(
            self.h_users * bs,
            self.h_es * bs,
            self.g_users * satellite,
            self.g_es * satellite,
            self.users_m,
            self.targets,
            self.pattern_min / SATELLITE_POWER_W,
            self.rate_min,
        )


def draw(seed: int, users: int = 8, rows: int = 3, columns: int = 3, feeds: int = 7) -> Channels:
    """One realisation: positions, then terrestrial channels, then satellite channels."""
    rng = np.random.default_rng(seed)
    bs = np.full(2, SIDE_M / 2)
    positions = []
    while len(positions) < users:
        position = rng.uniform(0.0, SIDE_M, 2)
        if np.hypot(*(position - bs)) >= 35.0:
            positions.append(position)
    receivers = np.array([*positions, np.zeros(2)])
    gains_dbi = [USER_GAIN_DBI] * users + [ES_GAIN_DBI]
    h = np.array([_terrestrial(rng, position - bs, rows, columns) for position in receivers])
    g = np.array([_satellite(rng, position, gain, feeds) for position, gain in zip(receivers, gains_dbi)])
    targets = np.array([ula(np.deg2rad(angle), feeds) for angle in TARGETS_DEG])
    minimum = np.full(len(targets), PATTERN_MIN_W)
    return Channels(h[:-1], h[-1], g[:-1], g[-1], receivers[:-1], targets, minimum, float(RATE_MIN))


def ula(angle: float, elements: int) -> np.ndarray:
    """Unit-norm steering vector of a half-wavelength line, angle from broadside."""
    return np.exp(1j * np.pi * np.arange(elements) * np.sin(angle)) / np.sqrt(elements)


def upa(azimuth: float, elevation: float, rows: int, columns: int) -> np.ndarray:
    """Unit-norm steering vector of a horizontal half-wavelength panel, element ``(r, c)`` at ``r * columns + c``."""
    r, c = np.divmod(np.arange(rows * columns), columns)
    phase = np.pi * np.cos(elevation) * (r * np.cos(azimuth) + c * np.sin(azimuth))
    return np.exp(1j * phase) / np.sqrt(rows * columns)


def feed_gain_dbi(off_axis_deg: float) -> float:
    """ITU-R S.1528 recommends 1.3 (low-earth orbit), -6.75 dB side lobes, back lobes at 0 dBi."""
    side_lobe_db, floor_dbi, edge = -6.75, 0.0, 1.5 * HALF_BEAM_DEG
    last = edge * 10 ** (0.04 * (MAX_GAIN_DBI + side_lobe_db - floor_dbi))
    if off_axis_deg <= edge:
        return MAX_GAIN_DBI - 3 * (off_axis_deg / HALF_BEAM_DEG) ** 2
    if off_axis_deg <= last:
        return max(floor_dbi, MAX_GAIN_DBI + side_lobe_db - 25 * np.log10(off_axis_deg / edge))
    return floor_dbi


def _terrestrial(rng: np.random.Generator, offset: np.ndarray, rows: int, columns: int) -> np.ndarray:
    loss_db = PATH_LOSS_AT_1_M_DB + 21 * np.log10(np.hypot(*offset)) + SHADOWING_DB * rng.standard_normal()
    azimuths = [np.arctan2(offset[1], offset[0]), *rng.uniform(-np.pi, np.pi, PATHS - 1)]
    elevations = [0.0, *rng.uniform(-np.pi / 6, np.pi / 6, PATHS - 1)]
    real, imaginary = rng.standard_normal(PATHS), rng.standard_normal(PATHS)
    gains = (real + 1j * imaginary) / np.sqrt(2)
    paths = sum(gain * upa(a, e, rows, columns) for gain, a, e in zip(gains, azimuths, elevations))
    return np.sqrt(rows * columns * 10 ** (-loss_db / 10) / PATHS) * paths


def _satellite(rng: np.random.Generator, position: np.ndarray, gain_dbi: float, feeds: int) -> np.ndarray:
    rain_db = min(RAIN_MEAN_DB + RAIN_STD_DB * rng.standard_normal(), 0.0)
    phases = PHASE_STD_RAD * rng.standard_normal(feeds)
    slant = np.sqrt(ALTITUDE_M**2 + position @ position)
    ring = 2 * np.pi * np.arange(feeds - 1) / (feeds - 1)
    radius = np.sqrt(3) / 2 * BEAM_DIAMETER_M
    centres = np.vstack([np.zeros(2), radius * np.stack([np.cos(ring), np.sin(ring)], axis=1)])
    receiver = np.array([*position, -ALTITUDE_M])
    feed_gains = []
    for centre in centres:
        axis = np.array([*centre, -ALTITUDE_M])
        cosine = receiver @ axis / np.linalg.norm(receiver) / np.linalg.norm(axis)
        feed_gains.append(10 ** (feed_gain_dbi(float(np.rad2deg(np.arccos(min(cosine, 1.0))))) / 10))
    power = 10 ** ((gain_dbi - GAS_LOSS_DB + rain_db) / 10)
    spreading = SPEED_OF_LIGHT_M_S / (4 * np.pi * FREQUENCY_HZ * slant)
    return np.sqrt(power * np.array(feed_gains)) * spreading * np.exp(1j * phases)
