"""The radar link against the specification's reference values, closed forms and a numerical Jacobian."""

import numpy as np
import pytest
from bistatic_cases import configured

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_derivatives, steering_vector
from leoisac.foundation.config import ConfigError
from leoisac.systems.bistatic_rsma.world.link import angle_bounds, echo_path_loss_db, link_budget

R1 = {
    "cos-half-beta": (6.515906e-22, 1.0752450e-2, 1.1665672e-3, 13440.563, 23.222375),
    "sin-half-beta": (1.717134e-21, 4.0801686e-3, 4.4267034e-4, 5100.2107, 19.014082),
    "constant": (1.836605e-21, 3.8147531e-3, 4.1387457e-4, 4768.4413, 18.721965),
}
ALTITUDES_KM = (1, 2, 5, 10, 20, 30, 50, 100)
LOSSES_DB = {
    "monostatic": (250.8, 250.7, 250.6, 250.3, 249.8, 249.3, 248.1, 244.9),
    (3, 3): (214.9, 216.2, 220.9, 227.3, 234.8, 238.9, 243.4, 247.5),
    (10, 10): (224.7, 224.9, 225.8, 227.9, 232.2, 235.8, 240.7, 246.1),
    (30, 30): (234.0, 234.1, 234.2, 234.5, 235.4, 236.6, 239.0, 243.3),
}


def test_geometry_of_the_published_setting():
    link = link_budget(configured())
    degrees = [link.aoa_azimuth, link.aoa_zenith, link.aod_azimuth, link.aod_off_nadir, link.bistatic_angle]
    np.testing.assert_allclose(
        np.rad2deg(degrees), [45.0, 40.31554221, 129.28940686, 7.25347191, 138.44009113], rtol=1e-9
    )
    np.testing.assert_allclose([link.range_rx, link.range_tx], [6557.438524, 337702.531823], rtol=1e-9)
    assert link.noise_power == pytest.approx(2.07e-14, rel=1e-12)
    assert link.delay_offset == 11421
    assert link.delay_samples == pytest.approx(11475.332345, abs=1e-6)
    assert np.rad2deg(link.receiver_angle) == pytest.approx(40.83, abs=0.01)


@pytest.mark.parametrize("law", R1)
def test_gain_bounds_and_floor(law):
    link = link_budget(configured(rcs_model=law))
    values = (link.alpha_squared, link.kappa_azimuth, link.kappa_zenith, link.gain_floor, link.least_power_dbw)
    np.testing.assert_allclose(values, R1[law], rtol=1e-6)
    full = 64 * 100.0
    assert link.floor == pytest.approx(link.gain_floor / full, rel=1e-12)
    if law == "constant":
        np.testing.assert_allclose(link.kappa_azimuth / full, 5.960552e-7, rtol=1e-6)
        np.testing.assert_allclose(link.kappa_zenith / full, 6.466790e-8, rtol=1e-6)


def test_derivative_norms_and_unknown_amplitude():
    link = link_budget(configured())
    positions = upa(32, 32).positions
    azimuth, elevation = link.aoa_azimuth, np.pi / 2 - link.aoa_zenith
    by_azimuth, by_elevation = steering_derivatives(positions, azimuth, elevation)
    np.testing.assert_allclose(np.linalg.norm(by_azimuth) ** 2, 360660.1336, rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(by_elevation) ** 2, 3324266.383, rtol=1e-9)
    assert abs(np.vdot(by_azimuth, by_elevation).real) < 1e-6
    # At this symmetric angle an unknown amplitude costs the zenith a factor, the azimuth nothing.
    assert link.kappa_azimuth_unknown == pytest.approx(link.kappa_azimuth, rel=1e-12)
    assert link.kappa_zenith_unknown / link.kappa_zenith == pytest.approx(3.324e6 / 5.009e5, rel=1e-3)


def test_known_amplitude_bound_is_that_of_a_numerical_jacobian():
    config = configured(receiver_array=(3, 4))
    azimuth, zenith, snr = 0.7, 0.5, 25.0
    step = 1e-6
    at = lambda a, z: steering_vector(upa(3, 4).positions, a, np.pi / 2 - z)  # noqa: E731
    jacobian = np.stack(
        [
            (at(azimuth + step, zenith) - at(azimuth - step, zenith)) / (2 * step),
            (at(azimuth, zenith + step) - at(azimuth, zenith - step)) / (2 * step),
        ],
        axis=1,
    )
    amplitude = np.stack([at(azimuth, zenith), 1j * at(azimuth, zenith)], axis=1)
    full = np.concatenate([jacobian, amplitude], axis=1)
    known = np.linalg.inv(2 * snr * np.real(jacobian.conj().T @ jacobian))
    unknown = np.linalg.inv(2 * snr * np.real(full.conj().T @ full))
    np.testing.assert_allclose(
        angle_bounds(config, azimuth, zenith, snr, amplitude_known=True), np.diag(known), rtol=1e-7
    )
    np.testing.assert_allclose(
        angle_bounds(config, azimuth, zenith, snr, amplitude_known=False), np.diag(unknown)[:2], rtol=1e-7
    )


def test_thresholds_per_angle_and_unknown_amplitude_move_the_floor():
    base = link_budget(configured())
    assert link_budget(configured(crb_threshold_rad2=4e-7)).gain_floor == pytest.approx(2 * base.gain_floor)
    loose = link_budget(configured(crb_threshold_rad2=(1e-3, 8e-7)))
    assert loose.gain_floor == pytest.approx(base.kappa_zenith / 8e-7)
    unknown = link_budget(configured(crb_threshold_rad2=(1e-3, 8e-7), target_amplitude="unknown"))
    assert unknown.gain_floor == pytest.approx(base.kappa_zenith_unknown / 8e-7)


@pytest.mark.parametrize("place", [(3, 3), (10, 10), (30, 30)])
def test_echo_path_loss(place):
    for index, altitude in enumerate(ALTITUDES_KM):
        config = configured(target_position_km=(*map(float, place), float(altitude)), rcs_model="cos-half-beta")
        assert echo_path_loss_db(config) == pytest.approx(LOSSES_DB[place][index], abs=0.0501)
        if place == (3, 3):
            assert echo_path_loss_db(config, True) == pytest.approx(LOSSES_DB["monostatic"][index], abs=0.0501)


def test_path_loss_of_the_default_law():
    assert echo_path_loss_db(configured()) == pytest.approx(216.4, abs=0.05)


def test_a_target_straight_above_has_no_azimuth():
    config = configured(target_position_km=(0.0, 0.0, 5.0))
    assert np.isfinite(echo_path_loss_db(config))
    with pytest.raises(ConfigError, match="move the target aside"):
        link_budget(config)


PASS = {"name": "STARLINK-1423", "latitude_deg": 43.6047, "longitude_deg": 1.4442, "height_m": 150.0}


def test_needed_power_grows_with_the_squared_range_of_a_real_satellite():
    near = link_budget(configured(satellite={**PASS, "time": "best-pass"}))
    flat = link_budget(configured())
    # Same target and receiver, hence the same arrival angles: only the transmit range differs.
    assert near.aoa_zenith == pytest.approx(flat.aoa_zenith)
    assert near.gain_floor / flat.gain_floor == pytest.approx((near.range_tx / flat.range_tx) ** 2, rel=1e-9)
    assert near.range_tx == pytest.approx(550.5e3 - 5e3, rel=5e-3)
    assert near.floor > 1.0
