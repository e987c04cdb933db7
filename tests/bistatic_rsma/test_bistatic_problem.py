"""The reduced problem loses nothing, and serves all modes with one compilation."""

import numpy as np
from bistatic_cases import CASE_A, configured, draw, evaluate

from leoisac.experiment.trials.blocks import parameters_of
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Status
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.model import MODES, Design
from leoisac.systems.bistatic_rsma.problem.normalised import (
    judged,
    normalise,
    physical_design,
    reduced_min_rate,
    reduced_rates,
)

K = 4


def _reduced(rng, dimension=K + 1):
    x = rng.standard_normal((dimension, K + 2)) + 1j * rng.standard_normal((dimension, K + 2))
    return x / np.linalg.norm(x)


def test_reduction_keeps_rates_power_and_target_gain():
    config = configured(user_positions_km=CASE_A)
    drawn, parameters = draw(config, trials=1), parameters_of(SYSTEM, config)
    x = _reduced(np.random.default_rng(0))

    def outcome(setting, channels):
        parameters, mode, x = setting
        problem = normalise(parameters, channels, mode)
        design = physical_design(parameters, problem, x)
        solution = judged(
            parameters, channels, mode, design, status=int(Status.CONVERGED), iterations=0, history=jnp.zeros(0)
        )
        masked = x * problem.stream_mask
        gain = jnp.sum(jnp.abs(jnp.conj(masked).T @ problem.target) ** 2)
        return problem, solution, reduced_min_rate(problem, masked), reduced_rates(problem, masked), gain

    compiled = by_lanes(outcome)
    for name, mode in MODES.items():
        problem, solution, min_rate, rates, gain = compiled((parameters, mode, x), drawn)
        metrics = evaluate(config, drawn, solution.value)
        np.testing.assert_allclose(metrics["min_rate"], min_rate, rtol=1e-9)
        np.testing.assert_allclose(solution.objective, min_rate, rtol=1e-9)
        np.testing.assert_allclose(metrics["private_rate"], rates.private, rtol=1e-9)
        np.testing.assert_allclose(metrics["target_gain"], gain * 64 * 100, rtol=1e-9)
        np.testing.assert_allclose(metrics["total_power"], 100 * np.sum(np.abs(x * problem.stream_mask[0]) ** 2))
        floor = 0.0 if name.endswith("comm") else drawn.gain_floor[0] / 6400.0
        np.testing.assert_allclose(problem.floor[0], floor, rtol=1e-12)
        assert (solution.value.precoder[0, :, K + 1] == 0).all() == (mode.radar == 0.0)
        assert (solution.value.precoder[0, :, K] == 0).all() == (mode.common == 0.0)
        assert metrics["margin_common_rate"][0] >= -1e-12
        expected = 0.0 if name.endswith("comm") else max(-metrics["margin_crb"][0], 0.0)
        np.testing.assert_allclose(solution.violation[0], expected, atol=1e-9)
    assert compiled.compilations() == 1


def test_projection_on_the_span_changes_no_received_amplitude():
    config = configured()
    drawn, parameters = draw(config, seed=4, trials=1), parameters_of(SYSTEM, config)
    rng = np.random.default_rng(2)
    precoder = rng.standard_normal((64, K + 2)) + 1j * rng.standard_normal((64, K + 2))
    problem = by_lanes(lambda setting, channels: normalise(*setting, channels, MODES["rsma-radar-sic"]))(
        (parameters,), drawn
    )
    basis = problem.basis[0]
    np.testing.assert_allclose(basis.conj().T @ basis, np.eye(K + 1), atol=1e-12)
    projected = basis @ (basis.conj().T @ precoder)
    assert np.linalg.norm(projected) < np.linalg.norm(precoder)
    one, other = (evaluate(config, drawn, Design(p[None], np.zeros((1, K)))) for p in (precoder, projected))
    for name in ("rate", "target_gain", "common_rate_bound", "ergodic_min_rate"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-8)
    assert abs(np.linalg.norm(problem.target[0]) - 1) < 1e-12


def test_a_target_among_the_users_only_makes_the_span_smaller():
    config = configured(num_users=2, user_positions_km=((3.0, 3.0, 5.0), (30.0, -30.0)))
    drawn, parameters = draw(config), parameters_of(SYSTEM, config)
    problem = by_lanes(lambda setting, channels: normalise(*setting, channels, MODES["rsma-noradar"]))(
        (parameters,), drawn
    )
    assert np.sum(np.linalg.norm(problem.basis[0], axis=0) > 0.5) == 2
    assert abs(np.linalg.norm(problem.target[0]) - 1) < 1e-12
