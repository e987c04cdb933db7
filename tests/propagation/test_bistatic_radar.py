"""Bistatic radar equation and cross-section laws: reference values, limits, reciprocity."""

import numpy as np
import pytest

from leoisac.propagation.bistatic_radar import bistatic_rcs, echo_path_loss_db, echo_power_gain


def test_published_echo_gain():
    beta = np.deg2rad(138.44009113)
    for law, gain in (("cos-half-beta", 6.515906e-22), ("sin-half-beta", 1.717134e-21), ("constant", 1.836605e-21)):
        rcs = bistatic_rcs(100.0, beta, law)
        got = echo_power_gain(337702.531823, 6557.438524, 0.15, rcs, 10**0.6, 10**0.3)
        assert got == pytest.approx(gain, rel=1e-6)


def test_cross_section_limits():
    assert bistatic_rcs(7.0, 0.0, "cos-half-beta") == 7.0
    assert bistatic_rcs(7.0, np.pi, "sin-half-beta") == 7.0
    assert bistatic_rcs(7.0, np.pi, "cos-half-beta") == pytest.approx(0.0, abs=1e-15)
    with pytest.raises(ValueError, match="constant, cos-half-beta"):
        bistatic_rcs(1.0, 0.0, "cosine")


def test_monostatic_radar_equation_and_reciprocity():
    # Textbook numbers: 1 m^2 at 1 km and 10 cm: loss 4 pi (4 pi R^2)^2 / (lambda^2 sigma).
    expected = 10 * np.log10((4 * np.pi) ** 3 * 1e12 / 1e-2)
    assert echo_path_loss_db(1e3, 1e3, 0.1, 1.0) == pytest.approx(expected, rel=1e-12)
    assert echo_power_gain(2e3, 5e3, 0.1, 1.0) == echo_power_gain(5e3, 2e3, 0.1, 1.0)
    assert echo_path_loss_db(2e3, 1e3, 0.1, 1.0) - expected == pytest.approx(20 * np.log10(2.0))
