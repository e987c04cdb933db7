"""A whole satellite-terrestrial scene put together from the parts, against published norms of one seeded draw.

Satellite at 1000 km with seven feeds, 3 x 3 base station in a 1 km square, earth station at its corner, eight users,
20 GHz, 20 MHz. The expected values are channel norms in units in which noise and both power budgets are 1.
"""

import math

import numpy as np
import pytest

from leoisac.antennas.arrays import upa
from leoisac.antennas.satellite_patterns import s1528_leo_gain_dbi
from leoisac.foundation.units import dbm_to_w, from_db
from leoisac.propagation.feed_phase import normal_feed_phase
from leoisac.propagation.free_space import free_space_amplitude_gain, wavelength
from leoisac.propagation.rain import gas_gain, gaussian_db_rain_gain
from leoisac.propagation.terrestrial import log_distance_path_loss_db, saleh_valenzuela

NUM_USERS, NUM_FEEDS, NUM_PATHS, HEIGHT = 8, 7, 5, 1e6
BASE_STATION = np.array([500.0, 500.0])


def draw_users(rng):
    users = []
    while len(users) < NUM_USERS:
        position = np.array([rng.uniform(0, 1000), rng.uniform(0, 1000)])
        if math.dist(position, BASE_STATION) >= 35:
            users.append(position)
    return np.array(users)


def terrestrial_channel(rng, position):
    offset = position - BASE_STATION
    shadowing = 4.0 * rng.normal()
    azimuths = np.concatenate([[math.atan2(offset[1], offset[0])], rng.uniform(-math.pi, math.pi, NUM_PATHS - 1)])
    elevations = np.concatenate([[0.0], rng.uniform(-math.pi / 6, math.pi / 6, NUM_PATHS - 1)])
    alpha = (rng.normal(size=NUM_PATHS) + 1j * rng.normal(size=NUM_PATHS)) / math.sqrt(2)
    distance = math.hypot(*offset)
    loss_db = log_distance_path_loss_db(distance, 1e9, intercept_db=58.42, shadowing_db=shadowing)
    return saleh_valenzuela(from_db(-loss_db), alpha, azimuths, elevations, upa(3, 3).positions)


def satellite_channel(rng, position, receive_gain):
    rain = gaussian_db_rain_gain(rng.normal(), -3.125, 1.591)
    phase = normal_feed_phase(rng.normal(size=NUM_FEEDS), math.radians(10))
    ring = 2 * math.pi * np.arange(NUM_FEEDS - 1) / (NUM_FEEDS - 1)
    centres = np.vstack([np.zeros(2), math.sqrt(3) / 2 * 250e3 * np.stack([np.cos(ring), np.sin(ring)], axis=-1)])
    towards_centre = np.column_stack([centres, np.full(NUM_FEEDS, HEIGHT)])
    towards_receiver = np.append(position, HEIGHT)
    cross = np.linalg.norm(np.cross(towards_centre, towards_receiver), axis=-1)
    off_axis = np.arctan2(cross, towards_centre @ towards_receiver)
    feed_gain = from_db(s1528_leo_gain_dbi(off_axis, 52.0, math.radians(3.2)))
    path = free_space_amplitude_gain(float(np.linalg.norm(towards_receiver)), wavelength(20e9))
    return math.sqrt(receive_gain * gas_gain(0.5) * rain) * path * np.exp(1j * phase) * np.sqrt(feed_gain)


def test_channel_norms_of_seed_0():
    rng = np.random.default_rng(0)
    users = draw_users(rng)
    np.testing.assert_allclose(users[0], [636.96169, 269.78671], rtol=1e-7)
    earth_station = np.zeros(2)
    h = np.array([terrestrial_channel(rng, position) for position in [*users, earth_station]])
    g_users = [satellite_channel(rng, position, 1.0) for position in users]
    g_es = satellite_channel(rng, earth_station, from_db(37.7))

    noise = dbm_to_w(-100.8)
    norms = np.sum(np.abs(h) ** 2, axis=-1) / noise
    expected = [554.511, 244.247, 989.281, 2337.713, 733.098, 147.574, 604.245, 597.850, 164.1006]
    np.testing.assert_allclose(norms, expected, rtol=1e-5)
    assert np.sum(np.abs(g_es) ** 2) * 1000 / noise == pytest.approx(4.973188e6, rel=1e-5)
    assert np.sum(np.abs(g_users[0]) ** 2) * 1000 / noise == pytest.approx(1598.078, rel=1e-5)
