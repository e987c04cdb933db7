"""Designs that leave the radar receiver dark, and the monostatic baseline: limits, closed forms, the conic witness."""

import numpy as np
import pytest
from bistatic_cases import configured, draw, evaluate

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_derivatives
from leoisac.experiment.trials.blocks import design_trials
from leoisac.foundation.config import ConfigError
from leoisac.foundation.status import Status
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.world.link import direct_steering, echo_path_loss_db, link_budget, target_steering

FAR = {"target_position_km": (20.0, 20.0, 10.0), "rcs_m2": 3e3, "transmit_power_dbw": 25.0, "num_users": 2}
"""A target that the receiver's direction does not hide, and so large that a null can be paid for."""


def _designed(scheme="rsma-noradar", trials=4, route="fast", **changes):
    config = configured(**{**FAR, **changes})
    drawn = draw(config, trials=trials)
    found = design_trials(SYSTEM, config, drawn, scheme, route=route)
    return config, found, evaluate(config, drawn, found.value)


def test_nothing_goes_to_the_receiver_and_all_else_holds():
    config, found, metrics = _designed(direct_null=True)
    assert (found.status == Status.CONVERGED).all()
    assert metrics["direct_gain"].max() < 1e-20 * config.num_tx * metrics["total_power"].max()
    assert found.violation.max() <= 1e-9
    assert metrics["margin_crb"].min() > -1e-9
    # The physical beams, plainly.
    beams = np.einsum("n,tns->ts", np.conj(direct_steering(config)), found.value.precoder)
    assert np.abs(beams).max() < 1e-9
    _, free, other = _designed()
    assert (found.objective <= free.objective + 1e-6).all()
    assert "direct_gain" not in other


def test_the_conic_witness_agrees():
    pytest.importorskip("cvxpy")
    found, witness = (_designed(trials=2, direct_null=True, route=route)[1] for route in ("fast", "reference"))
    assert (witness.objective <= found.objective + 5e-3).all()
    np.testing.assert_allclose(found.objective, witness.objective, rtol=5e-3)


def test_a_null_costs_what_the_target_has_in_common_with_the_receiver():
    """The largest gain is that of the target's steering vector without the receiver's; above it nothing is feasible."""
    base = configured(**FAR)
    target, receiver = target_steering(base), direct_steering(base)
    reached = 1.0 - abs(np.vdot(target, receiver)) ** 2 / 64.0**2
    least = link_budget(base).least_power_dbw - 10.0 * np.log10(reached)
    for offset, status in ((-0.01, Status.INFEASIBLE), (0.2, Status.CONVERGED)):
        found = _designed(trials=1, direct_null=True, transmit_power_dbw=least + offset)[1]
        assert found.status[0] == status
    without = _designed(trials=1, transmit_power_dbw=least - 0.01)[1]
    assert without.status[0] == Status.CONVERGED


def test_without_sensing_a_null_is_one_more_silent_user():
    """In the limit of no floor, the users' rates are those of channels without the receiver's direction."""
    config, found, metrics = _designed("sdma-comm", trials=1, direct_null=True)
    _, free, _ = _designed("sdma-comm", trials=1)
    assert metrics["direct_gain"].max() < 1e-20 * config.num_tx * metrics["total_power"].max()
    assert 0.5 * free.objective[0] < found.objective[0] <= free.objective[0] + 1e-6


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"direct_null": True, "per_antenna_power_w": 2.0}, "one power budget"),
        ({"direct_null": True, "position_std_m": 100.0, "robustness": "ellipsoid"}, "one place of the target"),
        ({"sensing": "monostatic", "direct_null": True}, "baseline"),
    ],
)
def test_what_does_not_go_together_is_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        configured(**changes)


def test_the_monostatic_link_is_that_of_the_way_out_twice():
    config = configured(sensing="monostatic", rcs_model="cos-half-beta")
    link, other = link_budget(config), link_budget(configured())
    loss = echo_path_loss_db(config, monostatic=True)
    assert 10.0 * np.log10(link.alpha_squared) == pytest.approx(9.0 - loss, abs=1e-9)
    assert link.alpha_squared / other.alpha_squared == pytest.approx((other.range_rx / other.range_tx) ** 2)
    # About the corner, no product of the two slopes at any angle: the bound of the azimuth by hand.
    azimuth, elevation = other.aod_azimuth, 0.5 * np.pi - other.aod_off_nadir
    slopes = np.stack(steering_derivatives(upa(32, 32).positions, azimuth, elevation))
    gram = np.real(np.conj(slopes) @ slopes.T)
    snr = config.num_samples * link.alpha_squared / link.noise_power
    bound = np.linalg.inv(2.0 * snr * gram)
    assert link.kappa_azimuth == pytest.approx(bound[0, 0], rel=1e-9)
    assert link.kappa_zenith == pytest.approx(bound[1, 1], rel=1e-9)


def test_equal_floors_have_equal_designs_whoever_listens():
    here, there = configured(num_users=2), configured(num_users=2, sensing="monostatic")
    ratio = link_budget(there).gain_floor / link_budget(here).gain_floor
    drawn = [
        draw(one.replace(crb_threshold_rad2=value), trials=2) for one, value in ((here, 8e-7), (there, 8e-7 * ratio))
    ]
    np.testing.assert_allclose(drawn[0].gain_floor, drawn[1].gain_floor, rtol=1e-12)
    rates = [
        design_trials(SYSTEM, one.replace(crb_threshold_rad2=value), channels, "rsma-noradar").objective
        for one, value, channels in ((here, 8e-7, drawn[0]), (there, 8e-7 * ratio, drawn[1]))
    ]
    np.testing.assert_allclose(*rates, rtol=1e-6)
    assert ratio > 1e3


def test_echoes_at_the_satellite_are_not_simulated():
    config = configured(num_users=2, sensing="monostatic", crb_threshold_rad2=1e-2)
    with pytest.raises(ConfigError, match="are not simulated"):
        design_trials(SYSTEM, config, draw(config), "rsma-noradar", route="echo")
