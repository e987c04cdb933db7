"""Designs over noise and ground clutter: the limit without clutter, a conic witness, the proof of infeasibility."""

import numpy as np
import pytest
from bistatic_cases import configured, draw, evaluate
from scipy.linalg import eigh

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.experiment.trials.blocks import design_trials, parameters_of
from leoisac.foundation.config import ConfigError
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Status
from leoisac.geometry.bistatic import arrival_angles, departure_angles
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.model import MODES
from leoisac.systems.bistatic_rsma.problem.normalised import normalise
from leoisac.systems.bistatic_rsma.world.clutter import clutter_rows
from leoisac.systems.bistatic_rsma.world.interference import ground_clutter
from leoisac.systems.bistatic_rsma.world.link import link_budget, target_steering

SMALL = {"num_users": 2, "transmit_power_dbw": 23.0, "clutter_cell_m": 1000.0, "sensing_requirement": "scnr"}


def _designed(scheme="rsma-noradar", trials=3, **changes):
    config = configured(**{**SMALL, **changes})
    drawn = draw(config, trials=trials)
    found = design_trials(SYSTEM, config, drawn, scheme)
    return config, found, evaluate(config, drawn, found.value)


def _snr_per_watt(config):
    link = link_budget(config)
    return link.alpha_squared / link.noise_power * config.num_samples * config.num_rx


def test_what_is_promised_holds_of_the_physical_beams():
    config, found, metrics = _designed(least_scnr_db=30.0)
    assert (found.status == Status.CONVERGED).all()
    assert found.violation.max() < 1e-9
    rows, target = clutter_rows(config, link_budget(config)), target_steering(config)
    for precoder, share in zip(found.value.precoder, metrics["clutter_to_noise"], strict=True):
        gain, clutter = (np.linalg.norm(np.conj(one) @ precoder) ** 2 for one in (target, rows))
        assert clutter == pytest.approx(share, rel=1e-9)
        assert 10.0 * np.log10(_snr_per_watt(config) * gain / (1.0 + clutter)) > 30.0 - 1e-6
    assert metrics["margin_scnr"].min() < 1e-6  # it binds in some trial


def test_rows_have_the_power_of_all_cells():
    config = configured(**SMALL)
    ground, rows = ground_clutter(config), clutter_rows(config, link_budget(config))
    assert len(rows) < 64
    # Twice the reflectivity, twice the power.
    twice = clutter_rows(
        config.replace(clutter_gamma_db=config.clutter_gamma_db + 10 * np.log10(2.0)), link_budget(config)
    )
    assert np.linalg.norm(twice) ** 2 == pytest.approx(2.0 * np.linalg.norm(rows) ** 2, rel=1e-6)
    # Plainly, cell by cell, for one beam on the target.
    link, beam = link_budget(config), target_steering(config) / 8.0
    total = 0.0
    look = steering_vector(upa(32, 32).positions, link.aoa_azimuth, 0.5 * np.pi - link.aoa_zenith)
    for place, power in zip(ground.position_m, ground.power, strict=True):
        azimuth, zenith = arrival_angles(np.zeros(3), place)
        seen = np.vdot(look, steering_vector(upa(32, 32).positions, azimuth, 0.5 * np.pi - zenith))
        away, off = departure_angles(1e3 * np.array(config.satellite_position_km), place)
        sent = np.vdot(steering_vector(upa(8, 8).positions, away, 0.5 * np.pi - off), beam)
        total += power / link.noise_power * abs(seen) ** 2 / 1024.0 * abs(sent) ** 2
    assert np.linalg.norm(np.conj(rows) @ beam) ** 2 == pytest.approx(total, rel=1e-6)


def test_without_clutter_it_is_the_requirement_of_the_bound():
    base = configured(num_users=2, transmit_power_dbw=23.0)
    floor = 10.0 * np.log10(link_budget(base).gain_floor * _snr_per_watt(base))
    drawn = draw(base, trials=3)
    bound = design_trials(SYSTEM, base, drawn, "rsma-noradar")
    _, found, metrics = _designed(least_scnr_db=floor, clutter_gamma_db=-60.0)
    np.testing.assert_allclose(found.objective, bound.objective, rtol=1e-4)
    assert metrics["margin_crb"].min() > -1e-6


def test_the_conic_witness_of_one_user_agrees():
    """One user and a radar sequence that it cancels: a semidefinite program in two covariances, tight."""
    cvxpy = pytest.importorskip("cvxpy")
    changes = {"num_users": 1, "least_scnr_db": 30.0, "clutter_gamma_db": -10.0, "transmit_power_dbw": 24.0}
    config, found, _ = _designed("sdma-radar-sic", trials=2, **changes)
    drawn, parameters = draw(config, trials=2), parameters_of(SYSTEM, config)
    problems = by_lanes(normalised_of)((parameters, MODES["sdma-radar-sic"]), drawn)
    for trial in range(2):
        problem = take(problems, trial)
        size = len(problem.target)
        user, target, rows = problem.users[0], problem.target, np.conj(problem.clutter)
        form = np.outer(target, np.conj(target)) - problem.floor * np.conj(rows).T @ rows
        own, radar = (cvxpy.Variable((size, size), hermitian=True) for _ in range(2))
        both = own + radar
        limits = [own >> 0, radar >> 0, cvxpy.real(cvxpy.trace(both)) <= 1]
        limits.append(cvxpy.real(cvxpy.trace(form @ both)) >= problem.floor)
        scale = np.linalg.norm(user) ** 2
        power = cvxpy.real(cvxpy.trace(np.outer(user, np.conj(user)) / scale @ own))
        cvxpy.Problem(cvxpy.Maximize(power), limits).solve(solver="CLARABEL")
        assert found.objective[trial] == pytest.approx(np.log2(1.0 + scale * float(power.value)), rel=2e-4)


def normalised_of(setting, channels):
    return normalise(setting[0], channels, setting[1])


def test_infeasible_is_what_no_beam_reaches():
    """The largest eigenvalue of target against noise and clutter, of the physical arrays."""
    base = configured(**SMALL, clutter_gamma_db=-5.0)
    power = 10.0**2.3
    rows, target = clutter_rows(base, link_budget(base)), target_steering(base)
    loaded = np.eye(64) / power + rows.T @ np.conj(rows)
    largest = eigh(np.outer(target, np.conj(target)), loaded, eigvals_only=True)[-1]
    best_db = 10.0 * np.log10(largest * _snr_per_watt(base))
    for offset, status in ((0.02, Status.INFEASIBLE), (-0.3, Status.CONVERGED)):
        found = _designed(trials=1, clutter_gamma_db=-5.0, least_scnr_db=best_db + offset)[1]
        assert found.status[0] == status


def test_clutter_costs_rate():
    rates = [
        _designed(trials=2, least_scnr_db=30.0, clutter_gamma_db=gamma)[1].objective for gamma in (-60.0, -16.0, -15.0)
    ]
    assert (rates[0] >= rates[1] - 1e-4).all()
    assert (rates[1] >= rates[2] - 1e-4).all()


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ConfigError, match="one power budget"):
        configured(**SMALL, per_antenna_power_w=3.0)
    pytest.importorskip("cvxpy")
    config = configured(**SMALL)
    with pytest.raises(ConfigError, match="knows no clutter"):
        design_trials(SYSTEM, config, draw(config), "rsma-noradar", route="reference")
