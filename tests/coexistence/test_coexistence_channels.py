"""Channels: reference values, statistics, nested skies, and every option."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from coexistence_cases import SMALL, configured, drawn
from pydantic import ValidationError

from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jnp
from leoisac.propagation.bistatic_radar import echo_power_gain
from leoisac.systems.coexistence.config import CoexistenceConfig
from leoisac.systems.coexistence.model import Channels
from leoisac.systems.coexistence.world.channels import prepare
from leoisac.systems.coexistence.world.ground import friis_length, noise_power, sky, slant_range
from leoisac.systems.coexistence.world.line_array import line_array, rows_of_rays
from leoisac.systems.coexistence.world.satellite_links import Nodes, satellite_links

PASS: dict[str, Any] = {"name": "STARLINK-1423", "time": "best-pass", "latitude_deg": 48.0, "longitude_deg": 11.0}


@pytest.fixture(scope="module")
def small() -> Channels:
    return drawn(configured(**SMALL), 64)


@pytest.fixture(scope="module")
def optional() -> Channels:
    """The same trials with every switch of the channel models thrown."""
    return drawn(configured(**SMALL, los_mode="bernoulli", rcs_model="swerling1"), 64)


@pytest.fixture(scope="module")
def more() -> Channels:
    """The same trials with more of everything."""
    sizes = {"num_users": 3, "num_targets": 3, "num_tx": 9, "num_cells": 4, "cells_per_beam": 2}
    return drawn(configured(**{**SMALL, **sizes}), 64)


def test_noise_wavelength_and_slant_range() -> None:
    assert noise_power(CoexistenceConfig()) == pytest.approx(2.5118864315e-12, rel=1e-9)
    assert 4 * math.pi * friis_length(CoexistenceConfig()) == pytest.approx(0.019986163867, rel=1e-9)
    printed = CoexistenceConfig(fspl_denominator="2pi")
    assert 2 * math.pi * friis_length(printed) == pytest.approx(0.019986163867, rel=1e-9)
    ranges = slant_range(np.radians([30.0, 60.0, 90.0]), 500e3)
    np.testing.assert_allclose(ranges, [909424.938, 570510.0, 500000.0], rtol=1e-8)


@pytest.mark.parametrize(("denominator", "expected"), [("2pi", 6.716749356e-10), ("4pi", 1.679187339e-10)])
def test_satellite_gains(denominator: str, expected: float) -> None:
    geometry = prepare(configured(**SMALL, fspl_denominator=denominator))
    half_a_degree = jnp.asarray([[[math.tan(math.radians(0.5)) * 500e3, 0.0]]])
    nodes = Nodes(half_a_degree, half_a_degree, jnp.ones(1), jnp.ones((1, 1)), jnp.ones((1, 1)))
    links = satellite_links(geometry, jnp.asarray([math.pi / 2, 0.0, 500e3]), nodes, geometry.sut_gain)
    assert float(links.g_sut[0]) == pytest.approx(expected, rel=1e-9)
    # An isotropic node half a beamwidth off the axis.
    assert float(links.g_tut[0, 0]) == pytest.approx(expected * 10 ** (-3.42 - 0.075), rel=1e-9)
    if denominator == "2pi":
        assert float(links.g_tut[0, 0]) == pytest.approx(2.14861767e-13, rel=1e-8)


def test_echo_amplitude() -> None:
    amplitude = math.sqrt(echo_power_gain(25.0, 25.0, 0.019986163867, 1.0))
    assert amplitude == pytest.approx(7.178515302e-7, rel=1e-8)


def test_line_array_has_unit_modulus() -> None:
    vectors = line_array(7, np.linspace(-1, 1, 5))
    np.testing.assert_allclose(np.sum(np.abs(vectors) ** 2, axis=-1), 7.0)
    np.testing.assert_allclose(vectors[3], np.exp(1j * math.pi * 0.5 * np.arange(7)))


def test_magnitudes_of_the_default_setting(small: Channels) -> None:
    def db(ratio: np.ndarray) -> np.ndarray:
        return 10 * np.log10(ratio)

    noise = small.noise_power
    # Elevations from 30 degrees: up to 5 dB below the 41 dB and 7 dB of the zenith.
    assert np.median(db(200 * small.g_sut / noise)) == pytest.approx(39.0, abs=2.0)
    assert np.median(db(200 * small.g_tut / noise[..., None])) == pytest.approx(5.0, abs=2.0)
    snr = db(10**0.5 * np.sum(np.abs(small.h_tut) ** 2, axis=-1) / noise[..., None])
    assert 5 < np.percentile(snr, 5) < np.percentile(snr, 95) < 60
    # 35 dBm - 122.9 dB + 14.8 dB + 6 dB + 86 dBm = 18.9 dB for a target at 25 m + 25 m.
    echo = db(10**0.5 * (7.178515302e-7) ** 2 * 30 * 4 / noise[0, 0])
    assert echo == pytest.approx(18.9, abs=0.05)


def test_rows_are_sums_of_unit_modulus_rows(small: Channels) -> None:
    for name in ("target_tx", "target_rx", "clutter_tx", "clutter_rx"):
        np.testing.assert_allclose(np.abs(getattr(small, name)), 1.0, rtol=1e-12)
    ratio = np.abs(small.g_rad) ** 2
    np.testing.assert_allclose(ratio, ratio[..., :1] * np.ones(2), rtol=1e-9)
    cosine = np.angle(small.g_rad[..., 1] / small.g_rad[..., 0]) / math.pi
    np.testing.assert_allclose(np.exp(1j * math.pi * (cosine - small.u_satellite)), 1.0, atol=1e-9)
    seen = np.angle(small.target_rx[..., 1]) / math.pi
    np.testing.assert_allclose(np.exp(1j * math.pi * (seen - small.u_target)), 1.0, atol=1e-9)


def test_fresh_channels_age_by_the_correlation() -> None:
    same = drawn(configured(**SMALL, ageing_rho=1.0), 2)
    np.testing.assert_allclose(same.h_tut_fresh, same.h_tut, rtol=1e-12)
    np.testing.assert_allclose(same.h_sut_fresh, same.h_sut, rtol=1e-12)
    doppler = prepare(configured(**SMALL, ageing_model="doppler"))
    assert float(doppler.ageing_rho) == pytest.approx(abs(_bessel(2 * math.pi * 41.6955 * 0.02)), abs=1e-4)
    still = prepare(configured(**SMALL, ageing_model="doppler", user_speed_m_s=0.0))
    assert float(still.ageing_rho) == 1.0


def _bessel(x: float) -> float:
    from scipy import special

    return float(special.j0(x))


def test_satellite_links_do_not_age(small: Channels) -> None:
    aged = drawn(configured(**SMALL, ageing_rho=0.7), 64)
    for name in ("h_tut", "h_sut", "g_tut", "g_sut", "g_rad", "target_amplitude", "clutter_amplitude"):
        np.testing.assert_array_equal(getattr(aged, name), getattr(small, name))
    assert not np.allclose(aged.h_tut_fresh, small.h_tut_fresh)


def test_skies_are_nested(small: Channels, more: Channels) -> None:
    np.testing.assert_allclose(more.h_tut[:, :1, :2, :8], small.h_tut, rtol=1e-9)
    np.testing.assert_allclose(more.g_sut[:, :1], small.g_sut, rtol=1e-12)
    np.testing.assert_allclose(more.target_amplitude[:, :1, :2], small.target_amplitude, rtol=1e-12)
    np.testing.assert_allclose(more.clutter_tx[:, :1, :4, :8], small.clutter_tx, rtol=1e-9)
    assert not np.allclose(more.h_tut[:, 1], more.h_tut[:, 0])


def test_a_wider_sensing_disc_scales_the_same_sky(small: Channels) -> None:
    wide = drawn(configured(**SMALL, sensing_radius_m=100.0), 64)
    np.testing.assert_array_equal(wide.h_tut, small.h_tut)
    np.testing.assert_allclose(np.angle(wide.target_amplitude), np.angle(small.target_amplitude), rtol=1e-9)
    assert np.mean(np.abs(wide.target_amplitude) ** 2) < np.mean(np.abs(small.target_amplitude) ** 2)


def test_a_drawn_line_of_sight_is_all_or_nothing(small: Channels, optional: Channels) -> None:
    modulus = np.abs(optional.h_tut)
    los = np.ptp(modulus, axis=-1) < 1e-9 * modulus.max(axis=-1)
    assert 0.05 < los.mean() < 0.8
    assert not np.any(np.ptp(np.abs(small.h_tut), axis=-1) < 1e-9 * np.abs(small.h_tut).max(axis=-1))


def test_fluctuating_targets_have_exponential_cross_sections(small: Channels, optional: Channels) -> None:
    ratio = np.abs(optional.target_amplitude / small.target_amplitude) ** 2
    assert ratio.mean() == pytest.approx(1.0, abs=0.2)
    assert np.median(ratio) == pytest.approx(math.log(2.0), abs=0.15)


def test_one_monostatic_receiver_has_all_antennas() -> None:
    config = configured(**SMALL, monostatic=True)
    channels = drawn(config, 4)
    assert channels.target_rx.shape == (4, 1, 2, 1, 6)
    # Seen from the mast, receive column and transmit row are the same array response.
    np.testing.assert_allclose(channels.target_rx[:, :, :, 0, :6], channels.target_tx.conj()[..., :6], rtol=1e-9)
    distance = np.sqrt(echo_power_gain(1.0, 1.0, 0.019986163867, 1.0) / np.abs(channels.target_amplitude) ** 2) ** 0.5
    assert np.all((distance > 8.5 * (1 - 1e-9)) & (distance < math.hypot(50.0, 8.5) * (1 + 1e-9)))


def test_cells_of_a_beam_share_its_satellite_user(more: Channels) -> None:
    np.testing.assert_array_equal(more.g_sut[:, 1], more.g_sut[:, 0])
    assert np.all(more.g_sut[:, 2] != more.g_sut[:, 0])
    # It hears all of them; the farther one is fainter.
    loudness = np.linalg.norm(more.h_sut, axis=-1)
    assert np.all(loudness > 0)
    assert np.median(loudness[:, 1]) < 0.3 * np.median(loudness[:, 0])
    # A kilometre off the beam's axis, seen from 500 km and more, costs a few hundredths of a decibel.
    assert np.all(more.h_tut[:, 1] != more.h_tut[:, 0])


class TestRealSatellite:
    def test_its_direction_is_that_of_the_pass(self) -> None:
        config = CoexistenceConfig.model_validate({**SMALL, "satellite": PASS})
        assert config.fspl_denominator == "4pi"
        # The free-space law is what it was: a satellite does not change it.
        assert configured(satellite=PASS, fspl_denominator="2pi").fspl_denominator == "2pi"
        assert configured(fspl_denominator="2pi").replace(satellite=PASS).fspl_denominator == "2pi"
        over = sky(config)
        assert over is not None
        assert over.true == over.predicted
        assert prepare(config).predicted_direction is None
        view = over.sight.view
        np.testing.assert_allclose(over.true.elevation, float(view.elevation_rad))
        east = math.cos(float(view.elevation_rad)) * math.sin(float(view.azimuth_rad))
        np.testing.assert_allclose(over.true.unit_vector()[0], east, atol=1e-12)

    def test_a_late_satellite_is_predicted_elsewhere(self) -> None:
        config = CoexistenceConfig.model_validate({**SMALL, "satellite": PASS, "timing_offset_s": 1.0})
        over = sky(config)
        assert over is not None
        # 7.6 km along the track, seen from some 500 km.
        assert math.degrees(over.true.offset(over.predicted)) == pytest.approx(0.8, abs=0.4)
        channels = drawn(config, 2)
        assert channels.predicted is not None
        assert not np.allclose(channels.predicted.u_satellite, channels.u_satellite)
        np.testing.assert_allclose(channels.predicted.g_sut, channels.g_sut, rtol=0.05)

    def test_a_user_that_points_astray_hears_through_its_side_lobe(self) -> None:
        config = CoexistenceConfig.model_validate({**SMALL, "satellite": PASS, "element_age_days": 30.0})
        channels = drawn(config, 2)
        assert channels.predicted is not None
        ratio = 10 * np.log10(channels.predicted.g_sut / channels.g_sut)
        assert np.all((ratio > 11.0) & (ratio < 15.0))

    def test_a_prediction_error_needs_a_real_satellite(self) -> None:
        with pytest.raises(ConfigError, match="real satellite"):
            configured(timing_offset_s=1.0)

    def test_a_prediction_below_the_horizon_is_refused(self) -> None:
        config = CoexistenceConfig.model_validate({**SMALL, "satellite": PASS, "timing_offset_s": 600.0})
        with pytest.raises(ConfigError, match="below the horizon"):
            sky(config)


def test_configurations_that_make_no_sense() -> None:
    with pytest.raises(ConfigError, match="multiple"):
        configured(num_cells=3, cells_per_beam=2)
    with pytest.raises(ConfigError, match="environment height"):
        configured(user_height_m=0.8)
    with pytest.raises(ConfigError, match="below cell_radius_m"):
        configured(min_distance_m=300.0)
    with pytest.raises(ValidationError):
        CoexistenceConfig(min_elevation_deg=95.0)


@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_rays_add_up_as_their_steering_vectors_do(count: int) -> None:
    rng = np.random.default_rng(3)
    cosines = rng.uniform(-1.0, 1.0, (4, 5))
    gains = rng.standard_normal((2, 4, 5)) + 1j * rng.standard_normal((2, 4, 5))
    slow = np.einsum("gcr,cra->ga", gains, np.conj(line_array(count, cosines)))
    np.testing.assert_allclose(rows_of_rays(count, jnp.asarray(cosines), jnp.asarray(gains)), slow, atol=1e-12)
