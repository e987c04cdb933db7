"""The radar link of a configuration: angles, ranges, echo gain, bounds and the power they ask for. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_derivatives, steering_vector
from leoisac.foundation.config import ConfigError
from leoisac.foundation.namespace import RealLike
from leoisac.foundation.units import dbw_to_w, from_db, w_to_dbw
from leoisac.geometry.bistatic import BistaticGeometry, arrival_angles, bistatic_geometry, departure_angles
from leoisac.metrics.fisher import array_information, cramer_rao_bounds
from leoisac.propagation.bistatic_radar import bistatic_rcs, echo_power_gain
from leoisac.propagation.bistatic_radar import echo_path_loss_db as path_loss_db
from leoisac.propagation.free_space import wavelength
from leoisac.propagation.noise import thermal_noise_power
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.world.ground import Placement, place

_ORIGIN = np.zeros(3)
_LEAST_SINE = 1e-6


@dataclass(frozen=True)
class BistaticLink:
    """The radar link, in SI and radians.

    Attributes:
        aod_azimuth, aod_off_nadir: target seen from the satellite's panel.
        aoa_azimuth, aoa_zenith: target seen from the receiver.
        range_tx, range_rx, range_los: satellite to target, target to receiver, satellite to receiver.
        bistatic_angle: at the target between satellite and receiver.
        receiver_angle: at the receiver between satellite and target.
        rcs: bistatic radar cross-section, m^2.
        alpha_squared: power gain ``|alpha|^2`` of the echo between one element each.
        noise_power: of one receiver branch, W.
        kappa_azimuth, kappa_zenith: bounds of the arrival angles times the target gain, rad^2 W, known amplitude.
        kappa_azimuth_unknown, kappa_zenith_unknown: the same for an unknown complex echo amplitude.
        gain_floor: least target gain ``||P^H a_t||^2`` in W that meets the thresholds of the configuration.
        least_power: least transmit power in W that meets them (all of it towards the target).
        floor: ``gain_floor`` as a fraction of the largest achievable gain; above 1 nothing meets the thresholds.
        delay_samples: delay of the echo in samples (not rounded).
        delay_offset: whole samples of the direct path, where the receive window starts.
    """

    aod_azimuth: float
    aod_off_nadir: float
    aoa_azimuth: float
    aoa_zenith: float
    range_tx: float
    range_rx: float
    range_los: float
    bistatic_angle: float
    receiver_angle: float
    rcs: float
    alpha_squared: float
    noise_power: float
    kappa_azimuth: float
    kappa_zenith: float
    kappa_azimuth_unknown: float
    kappa_zenith_unknown: float
    gain_floor: float
    least_power: float
    floor: float
    delay_samples: float
    delay_offset: int

    @property
    def least_power_dbw(self) -> float:
        """Least transmit power that meets the thresholds, in dBW."""
        return float(w_to_dbw(self.least_power))


def link_budget(config: BistaticRsmaConfig) -> BistaticLink:
    """The radar link of a configuration.

    With ``F`` the Fisher information of the arrival angles per watt of target gain (``metrics.fisher``), the bounds are
    ``kappa / ||P^H a_t||^2``, so the thresholds collapse to one floor on the target gain,
    ``Gamma = max(kappa_az / threshold_az, kappa_zen / threshold_zen)``, feasible iff ``Gamma <= N_tx P_t``.

    With ``sensing = "monostatic"`` the same receiver is beside the satellite's panel and does not hear it transmit,
    which flatters it: arrival is departure, both ranges are the satellite's, the cross-section is the monostatic one.

    Raises:
        ConfigError: for a target straight above the receiver.
    """
    placement = place(config)
    triangle = bistatic_geometry(placement.satellite_m, placement.target_m, _ORIGIN)
    aod = departure_angles(placement.satellite_m, placement.target_m, placement.satellite_axes)
    aoa = arrival_angles(_ORIGIN, placement.target_m)
    if np.sin(aoa[1]) < _LEAST_SINE:
        raise ConfigError(
            f"target_position_km = {config.target_position_km}: straight above the receiver the azimuth of arrival has "
            "no meaning and no bound; move the target aside."
        )
    if config.sensing == "monostatic":
        # The receiver rides on the satellite: the way back is the way out, and arrival is departure.
        triangle, aoa = triangle._replace(range_rx=triangle.range_tx, bistatic_angle=0.0), aod
        if np.sin(aoa[1]) < _LEAST_SINE:
            raise ConfigError(
                f"target_position_km = {config.target_position_km}: straight below the satellite the azimuth has no "
                "meaning and no bound; move the target aside."
            )
    rcs = float(bistatic_rcs(config.rcs_m2, triangle.bistatic_angle, config.rcs_model))
    if config.sensing == "monostatic":
        rcs = config.rcs_m2
    noise = noise_power(config)
    alpha_squared = float(
        echo_power_gain(
            triangle.range_tx,
            triangle.range_rx,
            wavelength(config.carrier_hz, config.speed_of_light_m_s),
            rcs,
            from_db(config.satellite_gain_dbi),
            from_db(config.receiver_gain_dbi),
        )
    )
    snr_per_watt = config.num_samples * alpha_squared / noise
    known, unknown = (angle_bounds(config, *aoa, snr_per_watt, amplitude_known=flag) for flag in (True, False))
    binding = known if config.target_amplitude == "known" else unknown
    gain_floor = float(np.max(binding / np.asarray(config.crb_threshold_rad2)))
    sample_m = config.speed_of_light_m_s / config.bandwidth_hz
    return BistaticLink(
        aod_azimuth=float(aod[0]),
        aod_off_nadir=float(aod[1]),
        aoa_azimuth=float(aoa[0]),
        aoa_zenith=float(aoa[1]),
        **{name: float(value) for name, value in triangle._asdict().items()},
        rcs=rcs,
        alpha_squared=alpha_squared,
        noise_power=noise,
        kappa_azimuth=float(known[0]),
        kappa_zenith=float(known[1]),
        kappa_azimuth_unknown=float(unknown[0]),
        kappa_zenith_unknown=float(unknown[1]),
        gain_floor=gain_floor,
        least_power=gain_floor / config.num_tx,
        floor=gain_floor / (config.num_tx * dbw_to_w(config.transmit_power_dbw)),
        delay_samples=float(triangle.range_tx + triangle.range_rx) / sample_m,
        delay_offset=int(triangle.range_los / sample_m),
    )


def echo_delay(link: BistaticLink, whole: bool = False) -> float:
    """Delay of the simulated echo in samples after the start of the receive window, rounded where it is ``whole``."""
    if whole:
        return float(max(round(link.delay_samples) - link.delay_offset, 1))
    return link.delay_samples - link.delay_offset


def noise_power(config: BistaticRsmaConfig) -> float:
    """Noise power of every receiver in W, ``k T B``."""
    return float(thermal_noise_power(config.noise_temperature_k, config.bandwidth_hz, config.boltzmann_j_k))


def angle_bounds(
    config: BistaticRsmaConfig, azimuth: RealLike, zenith: RealLike, snr: RealLike, *, amplitude_known: bool
) -> Float[np.ndarray, "2"]:
    """Cramer-Rao bounds of azimuth and zenith angle of arrival, rad^2.

    Derivatives are taken about element (0, 0), which is legitimate only for a known echo amplitude; an unknown one is
    projected out.

    Args:
        config: the configuration (its receiver array).
        azimuth, zenith: angle of arrival.
        snr: SNR of one element collected over all samples, linear.
        amplitude_known: whether the complex amplitude of the echo is known.
    """
    positions = upa(*config.receiver_array).positions
    elevation = np.pi / 2 - zenith
    by_azimuth, by_elevation = steering_derivatives(positions, azimuth, elevation)
    information = array_information(
        np.stack([by_azimuth, -by_elevation]),
        steering_vector(positions, azimuth, elevation),
        snr,
        amplitude_known=amplitude_known,
    )
    return cramer_rao_bounds(information)


def target_steering(config: BistaticRsmaConfig) -> np.ndarray:
    """Steering vector of the satellite's array towards the target, unit-modulus entries, shape ``(tx,)``."""
    placement = place(config)
    azimuth, off_nadir = departure_angles(placement.satellite_m, placement.target_m, placement.satellite_axes)
    return steering_vector(upa(*config.satellite_array).positions, azimuth, np.pi / 2 - off_nadir)


def direct_steering(config: BistaticRsmaConfig) -> np.ndarray:
    """Steering vector of the satellite's array towards the radar receiver, shape ``(tx,)``."""
    placement = place(config)
    azimuth, off_nadir = departure_angles(placement.satellite_m, _ORIGIN, placement.satellite_axes)
    return steering_vector(upa(*config.satellite_array).positions, azimuth, np.pi / 2 - off_nadir)


def echo_path_loss_db(config: BistaticRsmaConfig, monostatic: bool = False) -> float:
    """Loss of the echo between isotropic elements, ``-10 log10(|alpha|^2 / (G_sat G_R))``, in dB.

    Args:
        config: the configuration.
        monostatic: the echo back at the satellite instead, with the monostatic cross-section.
    """
    triangle = _triangle(place(config))
    rcs = float(bistatic_rcs(config.rcs_m2, triangle.bistatic_angle, config.rcs_model))
    back, rcs = (triangle.range_tx, config.rcs_m2) if monostatic else (triangle.range_rx, rcs)
    wavelength_m = wavelength(config.carrier_hz, config.speed_of_light_m_s)
    return float(path_loss_db(triangle.range_tx, back, wavelength_m, rcs))


def _triangle(placement: Placement) -> BistaticGeometry | Any:
    return bistatic_geometry(placement.satellite_m, placement.target_m, _ORIGIN)
