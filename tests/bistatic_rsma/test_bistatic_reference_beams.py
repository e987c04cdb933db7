"""Reference values of optimised designs, case A: beampatterns, power split and ergodic rates."""

import numpy as np
import pytest
from bistatic_cases import CASE_A, configured, draw, evaluate

from leoisac.experiment.trials.blocks import design_trials
from leoisac.systems.bistatic_rsma import SYSTEM

PATTERNS = {
    20.0: ((46.31, 15.08, 38.47, 7.03, 38.85), (1.38, 0.97, 1.27, 0.43, 0.96)),
    30.0: ((4.20, 7.66, 7.59, 7.96, 5.32), (3.03, 3.21, 3.18, 3.34, 2.23)),
}
RATES = {20.0: (5.3158, 5.189), 30.0: (9.8776, 9.741)}
COMMON_SHARE = {20.0: 0.760, 30.0: 0.1765}


@pytest.mark.parametrize("power", [20.0, 30.0])
def test_beams_shares_and_ergodic_rate_of_case_a(power):
    config = configured(user_positions_km=CASE_A, transmit_power_dbw=power)
    drawn = draw(config)
    metrics = evaluate(config, drawn, design_trials(SYSTEM, config, drawn, "rsma-noradar").value)
    bound, ergodic = RATES[power]
    assert metrics["min_rate"][0] == pytest.approx(bound, abs=2e-3)
    assert metrics["ergodic_min_rate"][0] == pytest.approx(ergodic, abs=0.01)
    assert metrics["power_share"][0, 1] == pytest.approx(COMMON_SHARE[power], abs=0.01)
    pattern = np.column_stack([metrics["target_gain_group"][0], metrics["user_gain_group"][0]])
    pattern = pattern / metrics["total_power"][0]
    common, private = PATTERNS[power]
    np.testing.assert_allclose(pattern[1], common, rtol=0.02)
    np.testing.assert_allclose(pattern[0], private, rtol=0.02, atol=0.005)
