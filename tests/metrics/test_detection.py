import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import i0e, i1e
from scipy.stats import ncx2

from leoisac.foundation.jax_setup import jax
from leoisac.foundation.units import dbm_to_w, from_db
from leoisac.metrics.detection import detection_probability, marcum_q1, radar_snr, receiver_operating_characteristic
from leoisac.propagation.free_space import wavelength


def test_marcum_function_against_the_noncentral_chi_square_distribution():
    a = np.linspace(0, 60, 61)[:, None]
    b = np.concatenate([np.linspace(0, 60, 121), [5.256521769756932, 1e-3]])
    expected = np.where(a == 0, np.exp(-(b**2) / 2), ncx2.sf(b**2, 2, a**2))
    value = np.asarray(marcum_q1(a, b))
    assert np.all((value >= 0) & (value <= 1))
    np.testing.assert_allclose(value[expected > 1e-100], expected[expected > 1e-100], rtol=1e-11)


def test_marcum_function_in_its_limits():
    a = np.array([0.0, 0.7, 4.0, 36.0])
    zero = np.zeros(4)
    np.testing.assert_allclose(marcum_q1(a, zero), 1.0, rtol=1e-13)
    np.testing.assert_allclose(marcum_q1(zero, a), np.exp(-(a**2) / 2), rtol=1e-13)
    # Q(a, a) = (1 + exp(-a^2) I_0(a^2)) / 2, and the two tails meet there.
    middle = 0.5 * (1 + i0e(a**2))
    np.testing.assert_allclose(marcum_q1(a, a), middle, rtol=1e-13)
    np.testing.assert_allclose(marcum_q1(a, a * (1 - 1e-13)), middle, rtol=1e-10)
    np.testing.assert_array_equal(marcum_q1(zero, np.full(4, 60.0)), 0.0)


def test_slopes_of_the_marcum_function():
    a, b = np.array([1.0, 5.0, 8.0]), np.array([2.0, 4.0, 5.25])
    by_a, by_b = jax.jit(jax.vmap(jax.grad(marcum_q1, (0, 1))))(a, b)
    scale = b * np.exp(-0.5 * (a - b) ** 2)
    np.testing.assert_allclose(by_a, scale * i1e(a * b), rtol=1e-9)
    np.testing.assert_allclose(by_b, -scale * i0e(a * b), rtol=1e-9)


def test_detection_probabilities_at_reference_snr():
    expected = [1.2214e-4, 2.43191e-2, 0.248049, 0.475951, 0.875969]
    snr = np.array([1.0, 5.0, 10.0, 13.0, 20.0])
    np.testing.assert_allclose(detection_probability(snr, 1e-6), expected, rtol=1e-4)


def test_snr_for_90_percent_detection_is_13_1835_db():
    needed = brentq(lambda snr_db: float(detection_probability(from_db(snr_db), 1e-6)) - 0.9, 10.0, 16.0)
    assert needed == pytest.approx(13.1835, abs=1e-4)
    # Albersheim's approximation, IEEE Proc. 69(7), 1981: good to a few tenths of a decibel.
    alarm, detection = math.log(0.62 / 1e-6), math.log(0.9 / 0.1)
    albersheim = 10 * math.log10(alarm + 0.12 * alarm * detection + 1.7 * detection)
    assert albersheim == pytest.approx(13.136, abs=1e-3)
    assert needed == pytest.approx(albersheim, abs=0.2)


def test_detection_probability_in_its_limits():
    np.testing.assert_allclose(detection_probability(0.0, np.array([1e-9, 1e-3, 1.0])), [1e-9, 1e-3, 1.0], rtol=1e-12)
    assert detection_probability(1e3, 1e-6) == pytest.approx(1.0, abs=1e-15)


def test_receiver_operating_characteristic_rises_above_chance():
    false_alarm = np.logspace(-9, 0, 19)
    curves = np.asarray(receiver_operating_characteristic(np.array([0.5, 5.0]), false_alarm))
    assert curves.shape == (2, 19)
    assert np.all(np.diff(curves, axis=-1) > 0)
    assert np.all(curves >= false_alarm)
    assert np.all(curves[1, :-1] > curves[0, :-1])


@pytest.mark.parametrize(("carrier_hz", "noise_dbm", "snr"), [(20e9, -100.8, 35.855), (30e9, -94.0, 3.3294)])
def test_radar_snr_of_100_w(carrier_hz, noise_dbm, snr):
    gain = from_db(52.0)
    value = radar_snr(
        100.0,
        transmit_gain=gain,
        receive_gain=gain,
        wavelength_m=wavelength(carrier_hz),
        rcs_m2=10.0,
        distance_m=1e6,
        noise_power_w=dbm_to_w(noise_dbm),
        num_samples=2**20,
    )
    assert value == pytest.approx(snr, rel=2e-5)
