"""Direct path and ground in the window of the radar receiver, and Doppler shifts of the motion."""

from dataclasses import replace

import numpy as np
import pytest
from bistatic_cases import configured, draw
from test_bistatic_sensing import SMALL, _sensed

from leoisac.experiment.trials.blocks import parameters_of
from leoisac.foundation.config import ConfigError
from leoisac.foundation.lanes import take
from leoisac.geometry.bistatic import arrival_angles, unit_direction
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.judge.sensing import observe
from leoisac.systems.bistatic_rsma.world.ground import place
from leoisac.systems.bistatic_rsma.world.interference import direct_doppler_hz, echo_doppler_hz, ground_clutter
from leoisac.systems.bistatic_rsma.world.link import link_budget

RECEIVER = {"estimator": "beamscan"}


def _heard(**changes):
    config = configured(**{**SMALL, **changes})
    rng = np.random.default_rng(0)
    precoder = rng.standard_normal((64, 6)) + 1j * rng.standard_normal((64, 6))
    scene = parameters_of(SYSTEM, config).scene
    return config, precoder, observe(scene, precoder, take(draw(config).echo, 0))


def test_powers_of_direct_path_and_ground_are_those_of_the_budget():
    config, precoder, seen = _heard(direct_path=True)
    azimuth, zenith = arrival_angles(np.zeros(3), place(config).satellite_m)
    link = link_budget(config)
    ratio = 9.64039e-15 / link.noise_power
    reference = np.mean(np.abs(seen.heard.reference[16 : 16 + 1024]) ** 2)
    inside = np.mean(np.abs(seen.heard.samples[:, 20 : 16 + 1020]) ** 2)
    assert inside == pytest.approx(ratio * reference, rel=0.02)
    # It comes from the satellite, and nothing of the old draws has moved.
    steering = np.exp(1j * np.pi * np.indices((12, 12)).reshape(2, -1).T @ unit_direction(azimuth, zenith)[:2])
    share = np.linalg.norm(steering.conj() @ seen.heard.samples) ** 2 / np.linalg.norm(seen.heard.samples) ** 2
    assert share == pytest.approx(144.0, rel=1e-5)
    _, _, clean = _heard()
    np.testing.assert_array_equal(clean.streams, seen.streams)
    config, precoder, seen = _heard(clutter=True, clutter_cell_m=1000.0)
    ground = ground_clutter(config)
    expected = np.sum(ground.power) / link.noise_power * np.linalg.norm(precoder) ** 2
    assert 0.1 < np.mean(np.abs(seen.heard.samples) ** 2) / expected < 10.0  # one draw of some strong cells


def test_cells_of_the_ground_turn_by_their_own_doppler_shift():
    """One cell, delayed by whole samples: what is heard over what a still cell would give turns once per period."""
    one = {"clutter": True, "clutter_radius_km": 1.2, "clutter_cell_m": 1200.0}
    config = configured(**SMALL, **one)
    rng = np.random.default_rng(0)
    precoder = rng.standard_normal((64, 6)) + 1j * rng.standard_normal((64, 6))
    scene = parameters_of(SYSTEM, config).scene
    echo = take(draw(config).echo, 0)
    tick = float(scene.sample_time_s)

    def heard(doppler_hz: float) -> np.ndarray:
        ground = replace(scene.interference, ground_doppler_hz=np.full_like(ground_clutter(config).power, doppler_hz))
        return observe(replace(scene, interference=ground), precoder, echo).heard.samples

    still, shift = heard(0.0), 0.01 / (1024 * tick) * 300
    turning = heard(shift)
    clear = np.abs(still[0]) > 0.1 * np.abs(still[0]).max()
    turn = (turning[0] / np.where(clear, still[0], 1.0))[clear]
    expected = np.exp(2j * np.pi * shift * tick * np.arange(still.shape[1]))[clear]
    np.testing.assert_allclose(turn, expected, atol=0.02)


def test_the_direct_path_hides_the_echo_and_cancellers_bring_it_back():
    blind = _sensed(3, 3.0, direct_path=True, **RECEIVER)[2]
    assert (blind["aoa_error"] > np.deg2rad(10.0)).all()
    assert (blind["residual_to_noise"] == blind["interference_to_noise"]).all()
    for cancellation in (("eca",), ("projection",), ("null-beams",)):
        seen = _sensed(3, 3.0, direct_path=True, cancellation=cancellation, **RECEIVER)[2]
        assert (seen["aoa_error"] < np.deg2rad(2.0)).all(), cancellation
        assert (seen["residual_to_noise"] < 1e-6).all()
        assert (seen["echo_kept"] > 0.95).all()
    noisy = _sensed(2, 3.0, direct_path=True, cancellation=("eca",), reference_snr_db=20.0, **RECEIVER)[2]
    np.testing.assert_allclose(noisy["residual_to_noise"] / noisy["interference_to_noise"], 0.01, rtol=0.15)
    uneven = _sensed(2, 3.0, direct_path=True, cancellation=("null-beams",), calibration_error_deg=1.0, **RECEIVER)[2]
    np.testing.assert_allclose(
        uneven["residual_to_noise"] / uneven["interference_to_noise"], np.deg2rad(1) ** 2, rtol=0.4
    )


def test_ground_clutter_is_cancelled_by_as_many_taps_as_it_is_long():
    ground = {"clutter": True, "clutter_radius_km": 1.2, "clutter_cell_m": 200.0, **RECEIVER}
    few, many = (_sensed(1, 3.0, **ground, cancellation=("eca",), cancellation_taps=taps)[2] for taps in (8, 100))
    assert few["interference_to_noise"][0] == many["interference_to_noise"][0]
    assert few["interference_to_noise"][0] > few["residual_to_noise"][0] > 1e3 * many["residual_to_noise"][0]
    spiky = _sensed(1, 3.0, **ground, clutter_texture_shape=0.5)[2]
    assert spiky["interference_to_noise"][0] != few["interference_to_noise"][0]


def test_shifts_of_the_motion():
    still = configured(doppler_model="motion")
    assert echo_doppler_hz(still) == 0.0
    # A target that flies along the bisector away from both: both paths grow.
    moving = configured(doppler_model="motion", target_velocity_m_s=(0.0, 0.0, -100.0))
    link = link_budget(moving)
    up = (340e3 - 5e3) / link.range_tx - 5e3 / link.range_rx
    assert echo_doppler_hz(moving) == pytest.approx(-100.0 / 0.15 * up, rel=1e-9)
    fast = configured(doppler_model="motion", satellite_velocity_km_s=(5.0, 5.5, 0.0))
    step, place_m = 1e-5, np.array([30e3, -30e3, 340e3])
    after = place_m + step * np.array([5e3, 5.5e3, 0.0])
    rate = (np.linalg.norm(after) - np.linalg.norm(place_m)) / step
    assert direct_doppler_hz(fast, place(fast)) == pytest.approx(-rate / 0.15, rel=1e-3)
    drawn = draw(fast, trials=3)
    np.testing.assert_allclose(drawn.echo.doppler_hz, echo_doppler_hz(fast) + direct_doppler_hz(fast, place(fast)))
    metrics = _sensed(2, 4.0, doppler_model="motion", satellite_velocity_km_s=(5.0, 5.5, 0.0), **RECEIVER)[2]
    assert np.abs(metrics["doppler_error"]).max() < 2000.0
    # Shifts are searched about the direct path's, which may lie far beyond what is searched.
    away = {"doppler_model": "motion", "satellite_velocity_km_s": (5.0, -5.5, 0.0), "doppler_search_hz": 2500.0}
    assert direct_doppler_hz(configured(**away), place(configured(**away))) < -2 * away["doppler_search_hz"]
    metrics = _sensed(2, 4.0, **away, **RECEIVER)[2]
    assert np.abs(metrics["doppler_error"]).max() < 2000.0
    with pytest.raises(ConfigError, match="doppler_search_hz = 100"):
        draw(fast.replace(doppler_search_hz=100.0))
    part = {"name": "STARLINK-1423", "latitude_deg": 43.6047, "longitude_deg": 1.4442, "time": "best-pass"}
    real = configured(satellite=part)
    assert real.by_motion
    assert float(draw(real).echo.doppler_hz[0]) == pytest.approx(
        echo_doppler_hz(real) + direct_doppler_hz(real, place(real))
    )


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="names a canceller twice"):
        configured(cancellation=("eca", "eca"))
    with pytest.raises(ConfigError, match="an eighth of num_samples"):
        configured(cancellation_taps=400, num_samples=1024)
    with pytest.raises(ConfigError, match="fewer than 8 samples"):
        configured(cancellation_taps=16, cancellation_batches=64)
