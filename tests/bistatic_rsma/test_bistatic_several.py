"""Several targets and several receivers of the echo route, through the judge."""

import numpy as np
import pytest
from bistatic_cases import configured
from test_bistatic_sensing import _sensed

from leoisac.foundation.config import ConfigError
from leoisac.geometry.bistatic import bistatic_geometry
from leoisac.systems.bistatic_rsma.world.link import link_budget
from leoisac.systems.bistatic_rsma.world.several import further_receivers_m, further_targets


def test_targets_apart_are_found_and_nothing_else():
    config, _, metrics = _sensed(4, 8.0, num_targets=3, target_spacing_km=2.0)
    assert metrics["target_found"].shape == (4, 3)
    assert metrics["targets_found"].mean() > 2.8
    assert metrics["ghosts"].mean() < 0.2
    every = metrics["targets_found"] == 3
    assert metrics["gospa"][every].max() < config.gospa_cutoff_m
    # The errors of a single target are those of the first one's detection.
    assert np.sqrt(np.mean(metrics["aoa_azimuth_error"] ** 2 / metrics["aoa_azimuth_bound"])) < 1.8


def test_targets_within_a_cell_are_one():
    _, _, metrics = _sensed(4, 8.0, num_targets=2, target_spacing_km=0.003, max_doppler_hz=0.0)
    assert metrics["targets_found"].max() == 1.0


@pytest.fixture(scope="module")
def located():
    return _sensed(16, 4.0, num_receivers=3)[2]


def test_receivers_together_are_at_their_bound(located):
    ratio = np.sqrt(np.mean(located["multistatic_error"] ** 2) / np.mean(located["multistatic_bound"]))
    assert 0.75 < ratio < 1.3
    assert (located["receivers_used"] == 3.0).all()
    assert (located["multistatic_bound"] < 0.5 * located["position_bound"]).all()


def test_the_first_receiver_hears_what_it_hears_alone(located):
    alone = _sensed(16, 4.0)[2]
    np.testing.assert_array_equal(alone["aoa_azimuth_error"], located["aoa_azimuth_error"])
    assert "multistatic_error" not in alone


def test_further_places_do_not_move_when_more_are_added():
    few, many = configured(num_receivers=2, num_targets=1), configured(num_receivers=4)
    np.testing.assert_array_equal(further_receivers_m(few), further_receivers_m(many)[:1])
    config = configured(num_targets=2, further_targets_km=((1.0, 2.0, 6.0),))
    links = further_targets(config, link_budget(config))
    triangle = bistatic_geometry(np.array([30e3, -30e3, 340e3]), np.array([1e3, 2e3, 6e3]), np.zeros(3))
    path = float(triangle.range_tx + triangle.range_rx - triangle.range_los)
    assert links.delay[0] == pytest.approx(path / 30.0 + float(triangle.range_los) / 30.0 % 1.0, abs=1e-6)
    # Its echo is what a configuration with that target has.
    there = link_budget(configured(target_position_km=(1.0, 2.0, 6.0)))
    assert links.echo_snr[0] == pytest.approx(there.alpha_squared / there.noise_power, rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_targets": 3, "further_targets_km": ((1.0, 1.0, 5.0),)}, "further_targets_km has 1 places"),
        ({"num_targets": 2, "estimator": "music"}, "only the ml receiver"),
        ({"num_receivers": 2, "num_targets": 2}, "for one target, a clean window"),
        ({"num_receivers": 2, "direct_path": True}, "for one target, a clean window"),
    ],
)
def test_what_is_not_served_is_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        configured(**changes)


def test_a_window_too_short_for_a_further_target_is_refused():
    with pytest.raises(ConfigError, match="the echo of target 2 arrives"):
        _sensed(1, 4.0, num_targets=2, further_targets_km=((12.0, 3.0, 9.0),))
