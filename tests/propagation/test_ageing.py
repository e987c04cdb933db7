"""Channel ageing: Jakes' correlation and the Gauss-Markov step."""

from __future__ import annotations

import numpy as np
import pytest

from leoisac.propagation.ageing import gauss_markov, jakes_correlation


def test_a_pedestrian_at_15_ghz() -> None:
    # 3 km/h shift 15 GHz by 41.7 Hz; J0 has its first zero at 2.4048.
    doppler_hz = 3.0 / 3.6 * 15e9 / 299_792_458.0
    assert doppler_hz == pytest.approx(41.7, abs=0.01)
    assert jakes_correlation(3.0 / 3.6, 15e9, 0.0) == 1.0
    assert jakes_correlation(3.0 / 3.6, 15e9, 2.404825557695773 / (2 * np.pi * doppler_hz)) == pytest.approx(
        0, abs=1e-12
    )
    assert 0.0 < jakes_correlation(3.0 / 3.6, 15e9, 0.02) < 0.35


@pytest.mark.parametrize("rho", [0.0, 0.6, 1.0])
def test_ageing_keeps_the_power_and_the_correlation(rho: float) -> None:
    rng = np.random.default_rng(1)
    before, new = ((rng.standard_normal(200_000) + 1j * rng.standard_normal(200_000)) / 2**0.5 for _ in range(2))
    after = gauss_markov(before, new, rho)
    assert np.mean(np.abs(after) ** 2) == pytest.approx(1.0, abs=0.01)
    assert np.mean(after * before.conj()).real == pytest.approx(rho, abs=0.01)
    if rho == 1.0:
        np.testing.assert_array_equal(after, before)
