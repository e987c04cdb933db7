"""Start points of both routes, and the correction onto power budget and floor."""

import numpy as np
import pytest
from bistatic_cases import configured, draw

from leoisac.experiment.trials.blocks import parameters_of
from leoisac.foundation.lanes import by_lanes
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.model import MODES
from leoisac.systems.bistatic_rsma.problem.normalised import normalise
from leoisac.systems.bistatic_rsma.problem.starts import meet_power_and_floor, published_start, start_points

K, TRIALS = 4, 6


def _starts(setting, channels, precoder):
    parameters, mode, floor = setting
    problem = normalise(parameters, channels, mode)
    problem = type(problem)(**{**vars(problem), "floor": floor * mode.sensing})
    landed = meet_power_and_floor(problem, precoder)
    return problem, published_start(problem, mode), start_points(problem, mode), landed


def _made(mode, floor):
    config = configured()
    drawn = draw(config, trials=TRIALS)
    rng = np.random.default_rng(1)
    precoder = rng.standard_normal((TRIALS, K + 1, K + 2)) + 1j * rng.standard_normal((TRIALS, K + 1, K + 2))
    return by_lanes(_starts)((parameters_of(SYSTEM, config), MODES[mode], floor), drawn, precoder), precoder


def _gain(problem, precoder):
    return np.sum(np.abs(np.einsum("td,tds->ts", np.conj(problem.target), precoder)) ** 2, axis=1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("floor", [0.1, 0.7, 0.999])
def test_published_start(mode, floor):
    (problem, start, points, _), _ = _made(mode, floor)
    floor = floor * MODES[mode].sensing
    power = np.sum(np.abs(start) ** 2, axis=1)
    np.testing.assert_allclose(power.sum(axis=1), 1.0, rtol=1e-9)
    common = max(floor, 0.3) if MODES[mode].common else 0.0
    radar = floor if MODES[mode].radar and not MODES[mode].common else 0.0
    np.testing.assert_allclose(power[:, K], common, atol=1e-12)
    np.testing.assert_allclose(power[:, K + 1], radar, atol=1e-12)
    if not MODES[mode].common:
        assert np.all(_gain(problem, start) >= floor * (1.0 - 1e-9))
    if mode == "sdma-noradar" and floor == 0.999:
        np.testing.assert_allclose(_gain(problem, start), floor, rtol=1e-9)
    if mode == "sdma-comm":
        G = problem.users[0]
        beams = G.T @ np.linalg.inv(G.conj() @ G.T + K * np.eye(K))
        np.testing.assert_allclose(start[0, :, :K], beams / np.linalg.norm(beams, axis=0) / 2.0, atol=1e-9)
    np.testing.assert_allclose(np.sum(np.abs(points) ** 2, axis=(2, 3)), 1.0, rtol=1e-9)
    np.testing.assert_allclose(points[:, 0], start * problem.stream_mask[:, None], atol=0.03)
    silent = problem.stream_mask[0] == 0.0
    assert np.all(points[:, :, :, silent] == 0.0)
    if MODES[mode].common:
        private = np.sum(np.abs(points[:, 1 : K + 1, :, :K]) ** 2, axis=2)
        np.testing.assert_array_equal(
            np.sum(private < 1e-3 * private.max(axis=2, keepdims=True) + 1e-3, axis=1) >= 1, True
        )


@pytest.mark.parametrize("floor", [0.0, 0.05, 0.7, 1.0, 1.5])
def test_the_correction_meets_power_and_floor_with_the_least_change(floor):
    (problem, _, _, landed), precoder = _made("rsma-radar-sic", floor)
    np.testing.assert_allclose(np.sum(np.abs(landed) ** 2, axis=(1, 2)), 1.0, rtol=1e-12)
    natural = _gain(problem, precoder) / np.sum(np.abs(precoder) ** 2, axis=(1, 2))
    np.testing.assert_allclose(_gain(problem, landed), np.clip(natural, floor, 1.0) if floor < 1 else 1.0, rtol=1e-10)
    met = natural >= floor
    scaled = precoder / np.linalg.norm(precoder, axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(landed[met], scaled[met], rtol=1e-9)
