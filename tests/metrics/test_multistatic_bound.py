"""Information of several receivers about a position, against the numerical Jacobian of all that they receive."""

import numpy as np
import pytest

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.geometry.bistatic import arrival_angles
from leoisac.metrics.echo_fisher import EchoShape, echo_information
from leoisac.metrics.multistatic import arrivals, position_information, without_nuisance
from leoisac.waveforms.echo import bistatic_echo, complex_noise

TRANSMITTER, POINT = np.array([30e3, -30e3, 340e3]), np.array([3e3, 2e3, 5e3])
RECEIVERS = np.array([[0.0, 0.0, 0.0], [5e3, 0.0, 0.0], [-2e3, 4e3, 0.0]])
LIGHT, TICK, LENGTH, WINDOW = 3e8, 1e-7, 384, 640


def _step(function, point, size):
    """Central differences."""
    columns = []
    for axis in range(len(point)):
        move = np.zeros(len(point))
        move[axis] = size[axis]
        columns.append((function(point + move) - function(point - move)) / (2.0 * size[axis]))
    return np.stack(columns, axis=-1)


def test_slopes_are_those_of_what_is_measured():
    slopes = arrivals(TRANSMITTER, RECEIVERS, POINT).slopes
    numerical = _step(lambda place: arrivals(TRANSMITTER, RECEIVERS, place).measured, POINT, np.full(3, 0.5))
    np.testing.assert_allclose(slopes, numerical, rtol=1e-5, atol=1e-9)


def test_a_nuisance_is_left_out_as_by_inversion():
    rng = np.random.default_rng(0)
    half = rng.standard_normal((2, 5, 5))
    information = half @ np.swapaxes(half, 1, 2)
    kept = np.linalg.inv(np.linalg.inv(information)[:, :3, :3])
    np.testing.assert_allclose(without_nuisance(information, 3), kept, rtol=1e-8)


def test_the_bound_is_that_of_the_samples_of_all_receivers():
    """Unknown of every receiver: its Doppler shift and its complex amplitude."""
    snr, dopplers, shape = 0.7, (1.2e4, -8e3, 3e3), EchoShape(4, 3, LENGTH, TICK)
    weights, one = np.array([1.0 + 0.0j]), np.zeros((4, 1), complex)
    seen = arrivals(TRANSMITTER, RECEIVERS, POINT)
    unit = np.array([1.0, 1.0, 1.0 / (LIGHT * TICK), 1.0])
    informations = []
    for doppler in dopplers:
        full = echo_information(shape, weights, one, snr, doppler, amplitude_known=False)
        informations.append(without_nuisance(full * unit[:, None] * unit, 3))
    bound = np.linalg.inv(position_information(seen.slopes, np.stack(informations)))
    offsets = np.floor(seen.measured[:, 2] / (LIGHT * TICK)) - 100.0

    def received(parameters, block):
        place, rest = parameters[:3], parameters[3:].reshape(3, 3)
        parts = []
        for index, (shift, real, imaginary) in enumerate(rest):
            azimuth, zenith = arrival_angles(RECEIVERS[index], place)
            path = arrivals(TRANSMITTER, RECEIVERS, place).measured[index, 2]
            parts.append(
                bistatic_echo(
                    block,
                    steering_vector(upa(4, 3).positions, azimuth, 0.5 * np.pi - zenith),
                    amplitude=np.sqrt(snr) * (real + 1j * imaginary),
                    delay=float(path / (LIGHT * TICK) - offsets[index]),
                    doppler_hz=shift,
                    sample_time_s=TICK,
                    window=WINDOW,
                ).ravel()
            )
        return np.concatenate(parts)

    point = np.concatenate([POINT, *([shift, np.cos(turn), np.sin(turn)] for turn, shift in enumerate(dopplers))])
    size = np.concatenate([np.full(3, 0.5), *([20.0, 1e-4, 1e-4] for _ in dopplers)])
    total = np.zeros((12, 12))
    for seed in range(6):  # the information is a mean over blocks
        block = complex_noise(np.random.default_rng(seed), (1, LENGTH), 1.0, np.complex128)[0]
        jacobian = _step(lambda parameters, block=block: received(parameters, block), point, size)
        total += 2.0 * np.real(np.conj(jacobian).T @ jacobian) / 6.0
    scale = 1.0 / np.sqrt(np.diagonal(total))
    inverse = scale[:, None] * np.linalg.inv(total * scale[:, None] * scale) * scale
    assert np.trace(bound) == pytest.approx(np.trace(inverse[:3, :3]), rel=0.04)
    np.testing.assert_allclose(np.sqrt(np.diagonal(bound)), np.sqrt(np.diagonal(inverse)[:3]), rtol=0.03)


def test_more_receivers_know_more():
    slopes = arrivals(TRANSMITTER, RECEIVERS, POINT).slopes
    information = np.broadcast_to(np.diag([1e6, 1e6, 1.0]), (3, 3, 3))
    sizes = [np.trace(np.linalg.inv(position_information(slopes[:n], information[:n]))) for n in (1, 2, 3)]
    assert sizes == sorted(sizes, reverse=True)
