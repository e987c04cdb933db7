"""PA1 by the fast route: reference values, constraints, certificates, bit-identity."""

import numpy as np
import pytest
from cases import deterministic, seeded

import leoisac as li
from leoisac.foundation.status import Status

MARGINS = ("min_rate", "backhaul", "pattern", "satellite_power", "bs_power")


@pytest.mark.parametrize(
    ("name", "sum_rate", "user_rates"),
    [
        ("R1", 9.82935, (2.8155, 3.4263, 3.5876)),
        ("R2", 7.25836, (3.2802, 3.9782)),
    ],
)
def test_deterministic_values(name, sum_rate, user_rates):
    config, channels, _ = deterministic(name)
    solution = li.design(config, channels, scheme="pa1")
    metrics = li.evaluate(config, channels, solution.value)
    assert solution.status[0] == Status.CONVERGED
    assert metrics["sum_rate"][0] == pytest.approx(sum_rate, abs=2e-4)
    np.testing.assert_allclose(metrics["rate"][0], user_rates, atol=2e-2)
    np.testing.assert_allclose([metrics["satellite_power"][0], metrics["bs_power"][0]], 1.0, atol=1e-4)
    assert min(metrics[f"margin_{name}"][0] for name in MARGINS) >= -1e-9
