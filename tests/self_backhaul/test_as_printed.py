"""Both algorithms as printed: the stopping rule, what must hold at a solution, and what the print does not promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases import deterministic

from leoisac.foundation.lanes import take, to_numpy
from leoisac.foundation.status import Status
from leoisac.optim.conic.hermitian import outer, quadratic_form
from leoisac.optim.conic.loop import Attempt, LoopOptions
from leoisac.optim.conic.s_procedure import ball_values
from leoisac.optim.conic.solving import SolveReport
from leoisac.systems.self_backhaul.judge.evaluate import parameters
from leoisac.systems.self_backhaul.published.as_printed import principal_beams, solve_pa1
from leoisac.systems.self_backhaul.published.as_printed_robust import (
    Point,
    algorithm_2,
    solve_pa2,
    starting_point,
    step,
)
from leoisac.systems.self_backhaul.published.batch import normalised_instance
from leoisac.systems.self_backhaul.published.lifted import Lifted, received_powers
from leoisac.systems.self_backhaul.published.lifted_robust import robust_scaling, worst_received_powers
from leoisac.systems.self_backhaul.published.pa2 import least_robust_power_level, normalised_radii
from leoisac.systems.self_backhaul.published.printed_loop import printed_loop
from leoisac.systems.self_backhaul.published.printed_robust_problem import printed_step, tangent

REPORT = SolveReport(Status.CONVERGED, 0.0, 1, 1, 0.0, "")


def trial(name="R2", model="noise-normalised", radius=0.08, **changes):
    """Normalised instance and radii of a deterministic case."""
    config, channels, _ = deterministic(name, error_model=model, error_radius=radius, **changes)
    numbers, one = to_numpy(parameters(config)), take(channels, 0)
    return normalised_instance(numbers, one), normalised_radii(numbers, one)


def loop(values, most=30, tolerance=1e-5):
    """The loop on numbers: a step goes to the next one, None where there is none."""
    following = iter(values[1:])
    return printed_loop(
        values[0],
        lambda _: Attempt(next(following, None), REPORT),
        float,
        float,
        LoopOptions(tolerance=tolerance, max_iterations=most),
    )


class TestStoppingRule:
    def test_it_goes_on_while_the_rate_rises_by_the_tolerance(self):
        ending = loop([1.0, 2.0, 2.5, 2.5 + 1e-6, 9.0])
        assert (ending.status, ending.iterations, ending.state) == (Status.CONVERGED, 3, 2.5 + 1e-6)
        np.testing.assert_array_equal(ending.history, [1.0, 2.0, 2.5, 2.5 + 1e-6])

    def test_a_fall_ends_it_and_the_last_point_stands(self):
        ending = loop([1.0, 2.0, 1.5, 9.0])
        assert (ending.status, ending.state) == (Status.CONVERGED, 1.5)

    @pytest.mark.parametrize(
        ("values", "most", "ending"),
        [
            ([1.0, 2.0, 3.0, 4.0], 2, (3.0, Status.MAX_STEPS, 2)),
            ([1.0, None], 30, (1.0, Status.FAILED, 1)),
            ([1.0, 2.0, None], 30, (2.0, Status.INACCURATE, 2)),
        ],
    )
    def test_limit_and_failure(self, values, most, ending):
        found = loop(values, most=most)
        assert (found.state, found.status, found.iterations) == ending

    def test_missing_numbers(self):
        assert loop([1.0, np.nan]).status is Status.NONFINITE


def test_algorithm_1_ends_at_the_reference_value_with_beams_as_they_are():
    config, channels, _ = deterministic("R1")
    solution = solve_pa1(parameters(config), channels)
    assert solution.status[0] in (Status.CONVERGED, Status.INACCURATE)
    assert solution.objective[0] == pytest.approx(9.82935, abs=2e-3)
    assert 4 <= solution.iterations[0] <= 8
    assert solution.violation[0] < 1e-5  # not zero: nothing is repaired
    history = solution.history[0][np.isfinite(solution.history[0])]
    assert len(history) == solution.iterations[0] + 1
    assert np.all(np.diff(history) > -1e-5)


def test_principal_eigenvectors():
    w, v = np.array([[1.0, 2.0j], [0.5, -1.0]]), np.array([1.0j, 2.0])
    beams = principal_beams(Lifted(outer(w), outer(v) + 0.1 * outer(np.array([2.0, 1.0j])), np.eye(2, dtype=complex)))
    np.testing.assert_allclose(outer(beams.w), outer(w), atol=1e-12)
    assert np.linalg.norm(beams.v) ** 2 == pytest.approx(5.0)  # the larger of two orthogonal parts, alone


class TestTangents:
    def test_they_touch_from_below(self):
        z = np.linspace(-3.0, 3.0, 61)
        for at in (-1.0, 0.5):
            assert np.all(tangent(z, at) <= np.exp(z) + 1e-12)
            assert tangent(at, at) == pytest.approx(np.exp(at))

    def test_a_ball_without_extent_leaves_the_nominal_bound(self):
        """(66) with radius 0 is ``p >= h^H A h`` in the limit of a large multiplier; so is (68) against (70)."""
        rng = np.random.default_rng(0)
        h = rng.standard_normal(3) + 1j * rng.standard_normal(3)
        A = outer(rng.standard_normal(3) + 1j * rng.standard_normal(3))
        nominal = float(quadratic_form(h, A))

        def definite(p, q, radius):
            corner = p - q * radius**2 - nominal
            rim = -A @ h
            whole = np.block([[q * np.eye(3) - A, rim[:, None]], [rim.conj()[None], np.array([[corner]])]])
            return np.linalg.eigvalsh(whole)[0] >= -1e-9

        assert definite(nominal * (1 + 1e-3), 1e6, 0.0)
        assert not definite(nominal * (1 - 1e-3), 1e6, 0.0)
        assert not definite(nominal * (1 + 1e-3), 1e6, 0.1)
        assert ball_values("x", h, 1e-6)["x_spread"] == pytest.approx(1e-12)


@pytest.fixture(scope="module", params=["noise-normalised", "relative"])
def solved(request):
    """A step from the starting point."""
    instance, radii = trial(model=request.param)
    test = starting_point(instance, radii)
    assert test.level <= 1.0
    found = step(instance, radii, Point(test.start, np.nan))
    variables = {name: np.array(v.value) for name, v in printed_step(*instance.sizes).variables.items()}
    units = robust_scaling(instance, radii, received_powers(instance, test.start))
    return instance, radii, test, found, units, variables


def test_the_start_has_the_sharper_requirement(solved):
    instance, radii, test, *_ = solved
    powers = worst_received_powers(instance, radii, test.start)
    np.testing.assert_allclose(powers.signal / powers.interference, 2.0**instance.min_rate, rtol=1e-4)
    assert powers.backhaul_rate >= 2 * instance.min_rate - 1e-5
    assert test.level > least_robust_power_level(instance, radii).level


def test_the_objective_bounds_the_logarithm_of_the_nominal_sinr(solved):
    """By (52) and (74): ``sum (a - b) / ln 2 <= sum log2 SINR`` over the estimates, and so below the rates."""
    instance, _, _, found, units, variables = solved
    powers = received_powers(instance, found.candidate.lifted)
    a = np.log(units.total) + variables["a"]
    b = np.log(units.interference) + variables["b"]
    assert np.sum(a - b) / np.log(2.0) == pytest.approx(found.candidate.objective, abs=1e-6)
    assert np.all(np.exp(a) <= powers.signal * (1 + 1e-5))
    assert np.all(powers.interference <= np.exp(b) * (1 + 1e-5))
    assert found.candidate.objective <= np.sum(np.log2(powers.signal / powers.interference)) + 1e-5
    assert found.candidate.objective < np.sum(powers.rates)


def test_a_step_meets_what_is_printed(solved):
    instance, radii, _, found, units, variables = solved
    design = found.candidate.lifted
    powers = received_powers(instance, design)
    a, b = np.log(units.total) + variables["a"], np.log(units.interference) + variables["b"]
    x, y = np.log(units.es_total) + variables["x"], np.log(units.es_interference) + variables["y"]
    rates = (a - b) / np.log(2.0)
    tight = 1 + 1e-5
    assert np.all(rates >= instance.min_rate - 1e-5)  # (54)
    assert np.sum(rates) <= (x - y) / np.log(2.0) + 1e-5  # (55)
    assert (powers.es_signal + powers.es_interference) * tight >= np.exp(x)  # (49)
    assert powers.es_interference <= tangent(y, np.log(units.es_interference)) * tight  # (56)
    limit = tangent(b, np.log(units.interference))
    assert np.all(powers.interference <= limit * tight)  # (52)
    p = variables["p"] * units.interference
    for m, h in enumerate(instance.h_users):
        others = np.sum(np.delete(design.W, m, axis=0), axis=0)
        slope = 2 * radii.h_users[m] * np.linalg.norm(others @ h)
        assert p[m] * tight >= quadratic_form(h, others) + slope - 1e-6
        slope = 2 * radii.h_users[m] * np.linalg.norm(design.W[m] @ h)
        assert (quadratic_form(h, design.W[m]) - slope) * tight >= np.exp(a[m])  # (74)
    slope = 2 * radii.g_es * np.linalg.norm(design.V @ instance.g_es)
    signal = quadratic_form(instance.g_es, design.V) - slope
    assert signal * tight + tangent(y, np.log(units.es_interference)) + 1.0 >= np.exp(x)  # (76)
    pattern = quadratic_form(instance.targets, design.V0)
    assert np.all(pattern >= instance.pattern_min * (1 - 1e-5))  # (29)
    assert np.trace(design.V + design.V0).real <= tight  # (30)
    assert np.einsum("mii->", design.W).real <= tight  # (31)


def test_the_print_promises_more_than_its_beams_guarantee():
    """Relative errors: the waveform at its estimate, and first-order bounds on what disturbs."""
    config, channels, _ = deterministic("R2", error_model="relative", error_radius=0.08)
    solution = solve_pa2(parameters(config), channels)
    printed = solution.history[0][np.isfinite(solution.history[0])]
    assert np.isnan(solution.history[0, 0])
    assert len(printed) == solution.iterations[0]
    assert printed[-1] > solution.objective[0]
    assert solution.violation[0] > 1e-3
    assert solution.status[0] == Status.INACCURATE


def test_statuses():
    instance, radii = trial()
    weak = replace(instance, h_users=0.05 * instance.h_users)
    assert starting_point(weak, radii).status is Status.INFEASIBLE
    # Between what the requirement needs and what the start needs: nothing proves that no design exists.
    least, sharper = least_robust_power_level(instance, radii).level, starting_point(instance, radii).level
    budget = np.sqrt(least * sharper)
    scarce = replace(
        instance,
        h_users=instance.h_users * np.sqrt(budget),
        h_es=instance.h_es * np.sqrt(budget),
        g_users=instance.g_users * np.sqrt(budget),
        g_es=instance.g_es * np.sqrt(budget),
        pattern_min=instance.pattern_min / budget,
    )
    less = replace(radii, **{name: value * np.sqrt(budget) for name, value in vars(radii).items()})
    assert starting_point(scarce, less).status is Status.NO_FEASIBLE_POINT
    ending = algorithm_2(instance, radii, starting_point(instance, radii).start, LoopOptions(max_iterations=1))
    assert ending.status is Status.MAX_STEPS


def test_without_errors_it_is_algorithm_1():
    config, channels, _ = deterministic("R2", error_radius=0.0)
    robust, known = solve_pa2(parameters(config), channels), solve_pa1(parameters(config), channels)
    np.testing.assert_array_equal(robust.history, known.history)
    assert robust.objective[0] == pytest.approx(known.objective[0], abs=1e-9)
