"""One array for users and targets: lobes of the paper's Fig. 3, requirements met, optimality certified."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import find_peaks

from leoisac.foundation.units import from_db
from leoisac.metrics.beampattern import normalised_beampattern_db
from leoisac.systems.self_backhaul.evidence.common_aperture import common_aperture
from leoisac.systems.self_backhaul.evidence.common_aperture_rate import rate_aperture

TARGETS, USERS = np.array([-54.0, -18.0, 18.0, 54.0]), np.array([-30.0, 30.0])
ANGLES = np.linspace(-90.0, 90.0, 3601)


def lobes(pattern):
    level = normalised_beampattern_db(pattern)
    return ANGLES[[peak for peak in find_peaks(level)[0] if level[peak] > -10.0]]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(7, [24.1, 54.6]), (16, [18.8, 29.8, 40.1, 52.9]), (25, [18.0, 30.0, 55.0, 67.0])],
)
def test_lobes_of_the_joint_reading(count, expected):
    """Seven elements merge 18 and 30 degrees; sixteen show users and targets, and 40 degrees that nobody asked for."""
    design = common_aperture(count)
    found = lobes(design.pattern(ANGLES))
    np.testing.assert_allclose(found[len(found) // 2 :], expected, atol=0.3)
    np.testing.assert_allclose(found, -found[::-1], atol=0.3)
    np.testing.assert_allclose(design.pattern(np.r_[TARGETS, USERS]), 1.0, atol=1e-6)


def test_nine_elements_blur_the_lobes():
    """The directions as of an independent solver (Clarabel)."""
    found = lobes(common_aperture(9).pattern(ANGLES))
    np.testing.assert_allclose(found, [-52.2, -31.2, -14.5, 0.0, 14.5, 31.2, 52.2], atol=0.2)


@pytest.mark.parametrize(("reading", "directions"), [("joint", np.r_[TARGETS, USERS]), ("sensing", TARGETS)])
def test_requirements_hold_at_a_certified_least_power(reading, directions):
    design = common_aperture(9, reading=reading)
    assert design.converged
    assert design.power == pytest.approx(design.lower_bound, rel=1e-7)
    assert np.all(design.pattern(directions, reading) >= 1.0 - 1e-9)
    sinr = float(from_db(2.85))
    assert np.all(design.sinr >= sinr * (1 - 1e-9))
    assert np.linalg.eigvalsh(design.sensing_covariance)[0] > -1e-9
    # Directly: signal over everything else and noise.
    steering = np.exp(1j * np.pi * np.arange(9) * np.sin(np.deg2rad(USERS))[:, None]) / 3.0
    received = np.abs(steering.conj() @ design.beams.T) ** 2
    others = received.sum(axis=1) - np.diag(received) + design.pattern(USERS, "sensing") + 0.01
    np.testing.assert_allclose(np.diag(received) / others, design.sinr, rtol=1e-9)


def test_the_sensing_waveform_alone_avoids_the_users():
    design = common_aperture(7, reading="sensing")
    level = normalised_beampattern_db(design.pattern(np.r_[ANGLES, USERS], "sensing"))
    assert np.all(level[-2:] < -10.0)
    assert len(lobes(design.pattern(ANGLES, "sensing"))) == 4


def test_orthogonal_directions_cost_one_each():
    targets, users = (np.rad2deg(np.arcsin(np.array(k) / 8)) for k in ([-6, -2, 2, 6], [-4, 4]))
    design = common_aperture(16, tuple(targets), tuple(users))
    assert design.power == pytest.approx(6.0, rel=1e-6)
    assert np.all(design.pattern(np.r_[targets, users]) == pytest.approx(1.0, abs=1e-5))


def test_refusals():
    for options, match in (
        ({"reading": "both"}, "reading = 'both'"),
        ({"user_angles_deg": ()}, "user_angles_deg is empty"),
        ({"noise": 0.0}, "noise = 0"),
    ):
        with pytest.raises(ValueError, match=match):
            common_aperture(**options)


def test_the_rate_design_is_as_good_as_a_plain_optimiser_finds():
    """Seven elements, two users, two targets; a general-purpose solver from three starts."""
    from scipy.optimize import minimize

    users = np.exp(1j * np.pi * np.outer(np.sin(np.deg2rad(USERS)), np.arange(7))) / np.sqrt(7)
    targets = np.exp(1j * np.pi * np.outer(np.sin(np.deg2rad(TARGETS[1:3])), np.arange(7))) / np.sqrt(7)
    design = rate_aperture(7, (-18.0, 18.0), (-30.0, 30.0))
    assert design.violation < 1e-9

    def parts(x):
        values = (x[: x.size // 2] + 1j * x[x.size // 2 :]).reshape(4, 7)
        gains = np.abs(users.conj() @ values.T) ** 2
        own = np.diag(gains[:, :2])
        rate = np.sum(np.log2(1.0 + own / (gains.sum(axis=1) - own + 0.01)))
        return rate, np.sum(np.abs(targets.conj() @ values.T) ** 2, axis=1) - 1.0, 10.0 - np.sum(np.abs(values) ** 2)

    limits = [{"type": "ineq", "fun": lambda x: np.append(parts(x)[1], parts(x)[2])}]
    rng = np.random.default_rng(0)
    best = 0.0
    for _ in range(3):
        start = np.concatenate([2.0 * users, targets]).ravel()
        start = np.concatenate([start.real, start.imag]) + 0.1 * rng.standard_normal(56)
        found = minimize(lambda x: -parts(x)[0], start, constraints=limits, method="SLSQP", options={"maxiter": 300})
        if min(parts(found.x)[1].min(), parts(found.x)[2]) > -1e-6:
            best = max(best, -found.fun)
    assert best > 10.0
    assert design.sum_rate >= best - 1e-3
