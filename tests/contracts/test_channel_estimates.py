"""Imperfect channel knowledge is one option of all systems."""

from __future__ import annotations

import numpy as np
import pytest

import leoisac as li
from leoisac import catalogue

TRIALS = 4


@pytest.mark.parametrize("name", ["bistatic-rsma", "coexistence", "otfs-rsma", "self-backhaul"])
def test_designs_on_estimates_are_judged_on_the_truth(name: str) -> None:
    """One field in all systems; errors cost the schemes that rely on what they know."""
    scheme, metric = {
        "bistatic-rsma": ("rsma-noradar", "min_rate"),
        "coexistence": ("proposed", "sum_rate"),
        "otfs-rsma": ("rsma", "min_rate"),
        "self-backhaul": ("ibs-aware", "sum_rate"),
    }[name]
    system = catalogue.find(name)
    known, wrong = (system.config().replace(**system.small, csi_error_db=error) for error in (-60.0, -5.0))
    rates = []
    for config in (known, wrong):
        channels = li.draw(config, seed=0, trials=TRIALS)
        rates.append(np.mean(li.evaluate(config, channels, li.design(config, channels, scheme).value)[metric]))
    assert rates[1] < 0.98 * rates[0]
