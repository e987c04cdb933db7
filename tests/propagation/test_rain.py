import math

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jax
from leoisac.propagation.feed_phase import normal_feed_phase, uniform_feed_phase
from leoisac.propagation.rain import gas_gain, gaussian_db_rain_gain, lognormal_db_rain_gain


def test_gaussian_db_gain_is_capped_at_one():
    gains = gaussian_db_rain_gain(np.array([0.0, 1.0, 1.9642, 3.0]), -3.125, 1.591)
    np.testing.assert_allclose(10 * np.log10(gains[:2]), [-3.125, -1.534])
    assert gains[2] == pytest.approx(1.0, abs=1e-4)
    assert gains[3] == 1.0


def test_lognormal_db_median_is_0_044_db():
    assert 10 * math.log10(lognormal_db_rain_gain(0.0, -3.125, 1.591)) == pytest.approx(-0.0439, abs=5e-5)
    attenuation = -10 * np.log10(lognormal_db_rain_gain(np.array([-1.0, 2.0]), 0.5, 0.3))
    np.testing.assert_allclose(np.log(attenuation), [0.2, 1.1])


@pytest.mark.parametrize("model", [gaussian_db_rain_gain, lognormal_db_rain_gain])
def test_rain_never_amplifies_and_traces(model):
    normal = np.linspace(-6, 6, 25)
    gains = model(normal, -3.125, 1.591)
    assert np.all((gains > 0) & (gains <= 1))
    np.testing.assert_allclose(jax.jit(lambda x: model(x, -3.125, 1.591))(normal), gains, rtol=1e-13)


def test_gas_gain():
    assert gas_gain(0.5) == pytest.approx(0.8912509)


def test_feed_phases():
    np.testing.assert_allclose(normal_feed_phase(np.array([-1.0, 2.0]), math.radians(10)), np.radians([-10.0, 20.0]))
    np.testing.assert_allclose(uniform_feed_phase(np.array([0.0, 0.25])), [0.0, math.pi / 2])
