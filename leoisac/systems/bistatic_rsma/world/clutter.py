"""What the ground sends into the receiver's beam on the target, by the satellite's elements. NumPy."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Complex

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.geometry.bistatic import arrival_angles, departure_angles
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.world.ground import place
from leoisac.systems.bistatic_rsma.world.interference import ground_clutter
from leoisac.systems.bistatic_rsma.world.link import BistaticLink

_LEAST_POWER = 1e-9
"""Over the noise, with all of the transmit power there: directions of departure with less clutter count as dark."""

_ROWS = 4


def clutter_rows(config: BistaticRsmaConfig, link: BistaticLink) -> Complex[np.ndarray, "row tx"]:
    """Vectors ``e`` for which ``sum |e^H p|^2`` is the clutter over the noise in the beam on the target, 1/sqrt(W).

    Rows of zeros fill them up to a multiple of four.

    Of a cell c the conventional beam ``b_t`` receives ``|alpha_c|^2 |b_t^H b_c|^2 / N_rx`` per watt that goes there. A
    block of noise-like symbols leaves of echoes at other delays and Doppler shifts what it leaves of noise; cells at
    the target's own delay and Doppler shift are not told apart here.
    """
    placement, ground = place(config), ground_clutter(config)
    receiving, transmitting = (upa(*shape).positions for shape in (config.receiver_array, config.satellite_array))
    beam = steering_vector(receiving, link.aoa_azimuth, 0.5 * math.pi - link.aoa_zenith)
    azimuth, zenith = arrival_angles(np.zeros(3), ground.position_m)
    seen = steering_vector(receiving, azimuth, 0.5 * math.pi - zenith) @ np.conj(beam)
    away, off_nadir = departure_angles(placement.satellite_m, ground.position_m, placement.satellite_axes)
    sent = steering_vector(transmitting, away, 0.5 * math.pi - off_nadir)
    power = ground.power / link.noise_power * np.abs(seen) ** 2 / config.num_rx
    values, vectors = np.linalg.eigh((sent.T * power) @ np.conj(sent))
    kept = values > _LEAST_POWER / 10.0 ** (0.1 * config.transmit_power_dbw)
    rows = (vectors * np.sqrt(np.maximum(values, 0.0))).T[kept][::-1]
    # Few sizes, so that designs of much and of little clutter share a program.
    return np.concatenate([rows, np.zeros((-len(rows) % _ROWS, rows.shape[1]))])
