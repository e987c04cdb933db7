"""PA2 by the published algorithm with exact bounds: reference values, guarantees of the final beams, statuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases import deterministic

import leoisac as li
from leoisac.foundation.lanes import concatenate, take, to_numpy
from leoisac.foundation.status import Status
from leoisac.optim.conic.loop import LoopOptions
from leoisac.systems.self_backhaul.judge.evaluate import parameters
from leoisac.systems.self_backhaul.published.batch import normalised_instance
from leoisac.systems.self_backhaul.published.lifted_robust import robust_epigraph_problem, worst_received_powers
from leoisac.systems.self_backhaul.published.pa2 import (
    least_robust_power_level,
    normalised_radii,
    pa2_reference,
    solve_pa2,
)
from leoisac.systems.self_backhaul.published.recovery import (
    Beams,
    balance_feeder,
    beam_powers,
    largest_violation,
    polish,
    recover,
)

GUARANTEED = {
    ("R1", "relative", 0.02): 9.54056,
    ("R1", "relative", 0.08): 8.47758,
    ("R1", "noise-normalised", 0.08): 9.59080,
    ("R2", "relative", 0.02): 7.15564,
    ("R2", "relative", 0.08): 6.71637,
    ("R2", "noise-normalised", 0.08): 7.14997,
}


def trial(name, model, radius, **changes):
    """Normalised instance and radii of a deterministic case."""
    config, channels, _ = deterministic(name, error_model=model, error_radius=radius, **changes)
    numbers, one = to_numpy(parameters(config)), take(channels, 0)
    return normalised_instance(numbers, one), normalised_radii(numbers, one)


@pytest.fixture(scope="module")
def solved():
    designs = {}

    def of(*key):
        if key not in designs:
            instance, radii = trial(*key)
            designs[key] = (instance, radii, pa2_reference(instance, radii))
        return designs[key]

    return of


@pytest.mark.parametrize("key", GUARANTEED, ids=str)
def test_guaranteed_sum_rates(solved, key):
    instance, radii, found = solved(*key)
    assert found.status is Status.CONVERGED
    assert found.history[-1] == pytest.approx(GUARANTEED[key], abs=1e-3)
    assert found.iterations <= 8
    assert np.all(np.diff(found.history) > -1e-5)
    beams = polish(instance, balance_feeder(instance, recover(instance, found.lifted), radii), radii)
    assert largest_violation(instance, beams, radii) < 1e-10
    assert beam_powers(instance, beams, radii).delivered == pytest.approx(found.history[-1], abs=1e-4)


def test_the_program_claims_what_the_exact_worst_cases_confirm(solved):
    """Two independent computations of the same bounds: linear matrix inequalities, and the secular equation."""
    instance, _, found = solved("R1", "relative", 0.08)
    rho = found.reports[-1].value / np.log(2.0)
    idle = 1e-4 / np.log(2.0) * np.trace(found.lifted.V).real
    assert rho + idle == pytest.approx(found.history[-1], abs=1e-4)
    assert max(*found.bs_rank_ratios, found.satellite_rank_ratio) < 1e-6
    assert np.trace(found.lifted.V + found.lifted.V0).real <= 1.0 + 1e-6
    assert np.einsum("mii->", found.lifted.W).real <= 1.0 + 1e-6
    assert robust_epigraph_problem(*instance.sizes) is robust_epigraph_problem(*instance.sizes)
    assert robust_epigraph_problem.builds() <= 2


def test_the_least_power_level_meets_the_robust_requirements_with_equality(solved):
    instance, radii, found = solved("R1", "relative", 0.08)
    test = least_robust_power_level(instance, radii)
    powers = worst_received_powers(instance, radii, test.start)
    np.testing.assert_allclose(powers.rates, instance.min_rate, atol=1e-5)
    assert powers.backhaul_rate >= np.sum(powers.rates) - 1e-5
    assert found.power_level == pytest.approx(test.level, rel=1e-6)
    assert 0.106425 < test.level < 1.0  # more than with perfect channel knowledge


def test_balancing_repairs_a_feeder_beam_that_is_too_weak_or_too_strong(solved):
    instance, radii, found = solved("R1", "relative", 0.08)
    beams = recover(instance, found.lifted)
    for factor in (0.9, 1.2):
        off = Beams(beams.w, beams.v * factor, beams.V0 / max(factor, 1.0))
        mended = beam_powers(instance, balance_feeder(instance, off, radii), radii)
        assert mended.delivered >= beam_powers(instance, off, radii).delivered - 1e-9
        assert mended.backhaul_rate >= np.sum(mended.rates) - 1e-6 or factor > 1.0


def test_robust_polish_gives_every_user_a_chosen_guaranteed_rate(solved):
    instance, radii, found = solved("R2", "relative", 0.08)
    beams = recover(instance, found.lifted)
    careless = Beams(beams.w * 1.02, beams.v * 0.98, beams.V0 * 0.97)
    assert largest_violation(instance, careless, radii) > 1e-2
    mended = polish(instance, careless, radii)
    assert largest_violation(instance, mended, radii) < 1e-10
    powers = beam_powers(instance, mended, radii)
    assert np.sum(powers.rates) == pytest.approx(powers.backhaul_rate, rel=1e-9)


def test_a_ball_that_holds_the_zero_channel_is_infeasible_at_any_power():
    instance, radii = trial("R1", "relative", 0.08)
    test = least_robust_power_level(instance, replace(radii, g_es=np.linalg.norm(instance.g_es)))
    assert (test.status, test.level) == (Status.INFEASIBLE, np.inf)


def test_a_batch_with_mixed_outcomes():
    """R2; with users hardly heard; with a NaN. The judge's guarantees are the objective."""
    config, one, _ = deterministic("R2", error_model="relative", error_radius=0.08)
    weak, broken = replace(one, h_users=0.05 * one.h_users), replace(one, h_es=np.nan * one.h_es)
    channels = concatenate([one, weak, broken])
    solution = solve_pa2(parameters(config), channels)
    assert solution.status.tolist() == [Status.CONVERGED, Status.INFEASIBLE, Status.NONFINITE]
    assert solution.objective[0] == pytest.approx(6.71637, abs=1e-4)
    assert solution.violation[0] < 1e-9
    assert solution.violation[1] > 0.1
    assert np.all(np.isnan(solution.objective[1:]))
    metrics = li.evaluate(config, one, take(solution.value, slice(0, 1)))
    assert metrics["guaranteed_sum_rate"][0] == pytest.approx(6.71637, abs=1e-4)
    assert metrics["sum_rate"][0] > metrics["guaranteed_sum_rate"][0] + 0.1
    for name in ("guaranteed_min_rate", "guaranteed_backhaul", "pattern", "satellite_power", "bs_power"):
        assert metrics[f"margin_{name}"][0] >= -1e-9, name


def test_without_errors_it_is_the_design_for_perfect_channel_knowledge():
    config, channels, _ = deterministic("R2", error_radius=0.0)
    solution = solve_pa2(parameters(config), channels)
    assert solution.objective[0] == pytest.approx(7.25836, abs=1e-4)


def test_the_step_limit_is_told():
    instance, radii = trial("R2", "relative", 0.08)
    found = pa2_reference(instance, radii, LoopOptions(max_iterations=1))
    assert found.status is Status.MAX_STEPS
    assert len(found.history) == 2
