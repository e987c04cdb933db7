"""Energy per bit: its definition, and the least that a Gaussian link needs."""

import math

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jnp
from leoisac.metrics.energy import energy_per_bit, energy_per_bit_limit
from leoisac.metrics.sinr import spectral_efficiency


def test_definition():
    np.testing.assert_allclose(energy_per_bit(np.array([2.0, 5.0]), np.array([4.0, 0.0])), [0.5, np.inf])
    assert float(energy_per_bit(jnp.asarray(2.0), 4.0)) == 0.5


def test_limit_is_what_shannons_rate_costs():
    noise, gain, bandwidth = 1e-13, 1e-12, 1e7
    power = np.array([0.01, 1.0, 100.0])
    rate = bandwidth * spectral_efficiency(power * gain / noise)
    np.testing.assert_allclose(energy_per_bit_limit(noise, gain, bandwidth, rate), energy_per_bit(power, rate))


def test_limit_of_low_rates():
    """-1.59 dB over the noise density."""
    least = energy_per_bit_limit(1.0, 1.0, 1.0, 1e-9)
    assert least == pytest.approx(math.log(2.0), rel=1e-6)
    assert 10 * math.log10(least) == pytest.approx(-1.59, abs=0.01)
