"""Two-number antenna patterns."""

from __future__ import annotations

import numpy as np
import pytest

from leoisac.antennas.simple_patterns import gaussian_beam_gain, rectangular_gain


def test_a_gaussian_beam_has_half_its_power_at_its_half_power_angle() -> None:
    assert gaussian_beam_gain(0.0, 1.0) == 1.0
    assert 10 * np.log10(gaussian_beam_gain(1.0, 1.0)) == pytest.approx(-3.0)
    assert 10 * np.log10(gaussian_beam_gain(np.array([-2.0, 2.0]), 1.0)) == pytest.approx([-12.0, -12.0])


def test_a_rectangular_pattern_has_two_values() -> None:
    offsets = np.array([-3.1, -3.0, 0.0, 3.0, 3.1])
    np.testing.assert_array_equal(rectangular_gain(offsets, 100.0, 2.0, 3.0), [2.0, 100.0, 100.0, 100.0, 2.0])
