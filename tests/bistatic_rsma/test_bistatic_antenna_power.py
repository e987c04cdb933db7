"""Power limits of the satellite's elements."""

import numpy as np
import pytest
from bistatic_cases import configured, draw, evaluate

from leoisac.experiment.trials.blocks import design_trials
from leoisac.foundation.config import ConfigError
from leoisac.foundation.status import Status
from leoisac.systems.bistatic_rsma import SYSTEM

SMALL = {"num_users": 2, "satellite_array": (3, 3), "crb_threshold_rad2": 8e-6, "transmit_power_dbw": 20.0}
EVEN = 100.0 / 9.0
"""Of the power budget."""


def _designs(scheme, **changes):
    config = configured(**{**SMALL, **changes})
    drawn = draw(config, seed=0, trials=4)
    return config, drawn, design_trials(SYSTEM, config, drawn, scheme)


@pytest.mark.parametrize("scheme", ["rsma-noradar", "sdma-radar-sic"])
def test_limits_hold_and_cost_rate_the_more_the_tighter_they_are(scheme):
    rates = []
    for limit in (None, 3.0 * EVEN, 1.1 * EVEN, 0.95 * EVEN):
        config, drawn, found = _designs(scheme, per_antenna_power_w=limit)
        metrics = evaluate(config, drawn, found.value)
        assert (found.status == Status.CONVERGED).all()
        assert metrics["margin_power"].min() > -1e-9
        assert metrics["margin_crb"].min() > -1e-6
        if limit is not None:
            power = np.sum(np.abs(found.value.precoder) ** 2, axis=2)
            assert power.max() <= limit * (1.0 + 1e-9)
        rates.append(metrics["min_rate"])
    free, loose, tight, tighter = rates
    # Limits that do not bind change nothing; those that do, something.
    np.testing.assert_allclose(loose, free, rtol=2e-3)
    assert (tight <= free + 1e-4).all()
    assert tighter.mean() < tight.mean()


def test_a_floor_that_the_limits_forbid_is_infeasible():
    config, _, free = _designs("rsma-noradar")
    share = float(draw(config).gain_floor[0]) / (9 * 100.0)
    assert (free.status == Status.CONVERGED).all()
    _, _, found = _designs("rsma-noradar", per_antenna_power_w=0.98 * share * EVEN)
    assert (found.status == Status.INFEASIBLE).all()
    _, _, found = _designs("rsma-noradar", per_antenna_power_w=1.1 * share * EVEN)
    assert (found.status != Status.INFEASIBLE).all()


def test_algorithm_1_refuses_limits():
    config = configured(**SMALL, per_antenna_power_w=EVEN)
    for route in ("published", "reference"):
        with pytest.raises(ConfigError, match="per_antenna_power_w"):
            design_trials(SYSTEM, config, draw(config), "rsma-noradar", route=route)
