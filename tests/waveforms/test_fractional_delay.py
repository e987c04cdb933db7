"""Delays between samples."""

import numpy as np

from leoisac.waveforms.echo import bistatic_echo, complex_noise, fractional_delay

RNG = np.random.default_rng(0)
SETTING = {"amplitude": 0.5j, "doppler_hz": 2e4, "sample_time_s": 1e-6, "window": 128}


def test_whole_delays_are_shifts_and_delays_add():
    block = complex_noise(RNG, (2, 40), dtype=np.complex128)
    moved = fractional_delay(block, 7.0, 64)
    np.testing.assert_allclose(moved[:, 7:47], block, atol=1e-12)
    np.testing.assert_allclose(np.delete(moved, np.s_[7:47], axis=1), 0.0, atol=1e-12)
    # In the middle of a window that holds its ringing, a delay in two parts is that delay.
    padded = np.pad(block, ((0, 0), (200, 200)))
    twice = fractional_delay(fractional_delay(padded, 3.4, 480), 2.6, 480)
    np.testing.assert_allclose(twice[:, 206:246], block, atol=2e-3)


def test_a_tone_is_delayed_by_its_phase():
    ticks = np.arange(512)
    window = np.hanning(512)
    moved = fractional_delay(window * np.exp(2j * np.pi * 0.2 * ticks), 10.25, 560)
    middle = slice(200, 300)
    at = np.arange(560)[middle] - 10.25
    expected = 0.5 * (1.0 - np.cos(2 * np.pi * at / 511)) * np.exp(2j * np.pi * 0.2 * at)
    np.testing.assert_allclose(moved[middle], expected, atol=1e-6)


def test_an_echo_between_samples_tends_to_the_one_on_them():
    block, steering = complex_noise(RNG, (1, 60), dtype=np.complex128)[0], np.array([1.0, 1j])
    on = bistatic_echo(block, steering, delay=9, **SETTING)
    beside = bistatic_echo(block, steering, delay=9.0 + 1e-7, **SETTING)
    np.testing.assert_allclose(beside, on, atol=1e-5)
    np.testing.assert_array_equal(bistatic_echo(block, steering, delay=9.0, **SETTING), on)
