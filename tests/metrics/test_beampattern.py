import math

import numpy as np

from leoisac.antennas.steering import ula_steering_vector
from leoisac.metrics.beampattern import beampattern, normalised_beampattern_db

ANGLES = np.linspace(-math.pi / 2, math.pi / 2, 181)


def test_isotropic_covariance_is_flat():
    steering = ula_steering_vector(ANGLES, 4) / 2
    np.testing.assert_allclose(beampattern(0.25 * np.eye(4, dtype=complex), steering), 0.25)


def test_conjugate_beam_is_the_dirichlet_kernel_with_its_peak_where_it_points():
    count, towards = 6, math.radians(20)
    steering = ula_steering_vector(ANGLES, count) / math.sqrt(count)
    beam = ula_steering_vector(towards, count) / math.sqrt(count)
    pattern = beampattern(np.outer(beam, beam.conj()), steering)
    half = math.pi / 2 * (np.sin(ANGLES) - math.sin(towards))
    away = np.abs(half) > 1e-9
    kernel = np.ones_like(half)
    kernel[away] = (np.sin(count * half[away]) / (count * np.sin(half[away]))) ** 2
    np.testing.assert_allclose(pattern, kernel, atol=1e-12)
    assert np.argmax(pattern) == 110


def test_normalised_pattern_peaks_at_0_db_and_stops_at_its_floor():
    pattern = np.array([[0.5, 5.0, 0.0, -1e-20], [0.0, 0.0, 0.0, 0.0]])
    decibels = normalised_beampattern_db(pattern, floor_db=-80.0)
    np.testing.assert_allclose(decibels, [[-10.0, 0.0, -80.0, -80.0], [-80.0] * 4])
