"""The link: what SNRs say, what an absolute budget says, a real satellite's users, and fields without effect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from otfs_cases import NAME, known_gains, known_streams

import leoisac as li
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig
from leoisac.systems.otfs_rsma.fast.reception import receive
from leoisac.systems.otfs_rsma.judge.evaluate import evaluate, parameters, received_streams
from leoisac.systems.otfs_rsma.model import Channels, Design
from leoisac.systems.otfs_rsma.problem.bounds import channel_matrices
from leoisac.systems.otfs_rsma.problem.normalised import VARIANTS, formulate
from leoisac.systems.otfs_rsma.problem.program import pass_channels
from leoisac.systems.otfs_rsma.world.budgets import link_budgets
from leoisac.systems.otfs_rsma.world.link import link_of, user_places
from leoisac.waveforms.delay_doppler_channel import channel_matrix, path_matrices
from leoisac.waveforms.otfs import demodulate, modulate

PASS = {"name": "STARLINK-1423", "latitude_deg": 48.1, "longitude_deg": 11.6}
judged = jax.jit(evaluate)


class TestBudget:
    def test_the_downlink_by_hand(self) -> None:
        config = OtfsRsmaConfig(link="budget", total_power=2.0)
        # 2 W, 12 dBi, 600 km at 2 GHz, 7 dB noise figure, 30 kHz; a frame of 32 cells has 32 times a cell's time.
        loss_db = 20.0 * np.log10(4.0 * np.pi * 600e3 * 2e9 / 299_792_458.0)
        noise_dbw = 10.0 * np.log10(1.380649e-23 * 290.0 * 30e3) + 7.0
        expected = 10.0 * np.log10(2.0 * 32) + 12.0 - loss_db - noise_dbw
        assert 10.0 * np.log10(2.0 / link_of(config).receiver_noise) == pytest.approx(expected, abs=1e-9)
        table = next(table for table in link_budgets(config) if table.title == "Absolute link")
        assert table["Frame energy over noise per cell"] == pytest.approx(expected, abs=1e-9)

    def test_the_echo_by_hand(self) -> None:
        config = OtfsRsmaConfig(link="budget", precoder_mode="space-dd", rcs_m2=10.0)
        wavelength, target = 299_792_458.0 / 2e9, 0.5 * 299_792_458.0 * 1e-4
        gain = 4 * 10**2.4 * wavelength**2 * 10.0 / ((4 * np.pi) ** 3 * target**4)
        noise = 1.380649e-23 * 290.0 * 10**0.3 * 30e3
        assert link_of(config).echo_to_noise == pytest.approx(32 * gain / noise, rel=1e-9)

    @pytest.mark.parametrize("mode", ["dd", "space-dd"])
    def test_what_an_snr_does_not_know_matters(self, mode: str) -> None:
        base = OtfsRsmaConfig(link="budget", precoder_mode=mode)
        echo = link_of(base).echo_to_noise
        assert link_of(base.replace(n_tx=8)).echo_to_noise == pytest.approx(2.0 * echo)
        assert link_of(base.replace(rcs_m2=600.0)).echo_to_noise == pytest.approx(2.0 * echo)
        assert link_of(base.replace(target_delay=2e-4)).echo_to_noise == pytest.approx(echo / 16.0)
        streams = known_streams(base.n_stream_cells, 0.3)
        at = [
            judged(parameters(base.replace(total_power=power)), Channels(known_gains()), Design(streams * power**0.5))
            for power in (1.0, 10.0)
        ]
        assert np.all(np.asarray(at[1]["private_rate"]) > at[0]["private_rate"])
        np.testing.assert_allclose(at[1]["crb_delay"], at[0]["crb_delay"] / 10.0, rtol=1e-9)

    def test_power_changes_no_rate_where_snrs_define_the_noise(self) -> None:
        with pytest.raises(ConfigError, match=r'total_power = 2\.0: has no effect with link = "snr"'):
            li.config(NAME, total_power=2.0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"echo_gain": 0.2}, "echo_gain"),
        ({"target_reflectivity": 2.0}, "target_reflectivity"),
        ({"rcs_m2": 1.0}, "rcs_m2"),
        ({"satellite": PASS}, "satellite"),
        ({"link": "budget", "comm_snr_db": 20.0}, "comm_snr_db"),
        ({"link": "budget", "echo_gain": 0.2}, "echo_gain"),
        ({"link": "budget", "user_spread_km": 50.0}, "user_spread_km"),
        ({"link": "budget", "satellite": PASS, "user_range_km": 900.0}, "user_range_km"),
        ({"pulse": "ideal", "target_doppler": 1.0}, "target_doppler"),
        ({"ceiling_pulse": "sampled", "n_delay": 64, "n_doppler": 32}, "ceiling_pulse"),
    ],
)
def test_fields_without_effect_are_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        li.config(NAME, **changes)


def test_antennas_that_radiate_the_same_are_told() -> None:
    doubts = [doubt for table in link_budgets(OtfsRsmaConfig(n_tx=8)) for doubt in table.doubts]
    assert "mode dd" in doubts[0]
    assert not any(table.doubts for table in link_budgets(OtfsRsmaConfig(n_tx=8, precoder_mode="space-dd")))


@pytest.fixture(scope="module")
def config() -> Any:
    return li.config(NAME, link="budget", satellite=PASS, user_spread_km=100.0, n_tx=2)


class TestRealSatellite:
    def test_users_have_residuals_of_their_own(self, config: Any) -> None:
        places = user_places(config)
        assert places is not None
        assert min(places.delays) == 0
        # 200 km apart: some samples of 10 km, and Doppler shifts of opposite signs.
        assert 1 <= max(places.delays) <= 20
        assert places.dopplers[0] * places.dopplers[1] < 0.0
        np.testing.assert_allclose(places.amplitude, 1.0, atol=0.2)
        closer = user_places(config.replace(user_spread_km=0.0))
        assert closer is not None
        np.testing.assert_allclose(closer.dopplers, 0.0, atol=1e-9)

    def test_judge_program_and_matrices_know_them(self, config: Any) -> None:
        numbers = parameters(config)
        frame = numbers.frame
        gains = known_gains(n_tx=2)
        streams = known_streams(32, 0.3)
        received = np.asarray(received_streams(frame, gains, streams))
        mean = gains.sum(axis=1) / np.sqrt(2.0)
        places = user_places(config)
        assert places is not None
        for user in range(2):
            delays, dopplers = (
                np.asarray(shared) + own
                for shared, own in zip(
                    (config.path_delays, config.path_dopplers),
                    (places.delays[user], places.dopplers[user]),
                    strict=True,
                )
            )
            dense = channel_matrix(path_matrices(delays.tolist(), dopplers.tolist(), 4, 8), mean[user])
            np.testing.assert_allclose(received[user], streams @ dense.T, atol=1e-12)
        np.testing.assert_allclose(
            np.einsum("kce,se->ksc", np.asarray(channel_matrices(frame, gains)), streams), received, atol=1e-12
        )
        program = formulate(numbers, Channels(gains), VARIANTS["rsma"])
        samples = modulate(streams, 4)
        parts = jnp.stack([samples.real, samples.imag], axis=1)[:, None]
        delays = sorted({delay for user in range(2) for delay in frame.paths_of(user)[0]})
        passed = np.asarray(pass_channels(tuple(delays), program.taps, program.adjoint_taps, parts))
        scale = np.sqrt(float(numbers.noise))
        np.testing.assert_allclose(demodulate(passed[:, :, 0] + 1j * passed[:, :, 1], 4) * scale, received, atol=1e-9)

    def test_users_beyond_the_frame_are_refused(self, config: Any) -> None:
        with pytest.raises(ConfigError, match="user_spread_km"):
            parameters(config.replace(user_spread_km=500.0, subcarrier_spacing=60000.0))


@pytest.mark.parametrize("model", ["entry", "total"])
def test_uncoded_data_and_designs_read_the_same_link(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise and error of the estimate beside a unit symbol are what they are beside the frame's share of a cell."""
    seen: dict[str, Any] = {}

    def spy(link: Any, receivers: Any, gains: Any, key: Any, **levels: Any) -> Any:
        seen.update(levels)
        return {name: np.zeros(()) for name in receivers}

    monkeypatch.setattr("leoisac.systems.otfs_rsma.fast.reception.frame_bit_errors", spy)
    numbers = parameters(OtfsRsmaConfig(csi_error_model=model))
    receive(numbers, Channels(known_gains(), noise_seed=np.asarray(1.0)))
    cell = float(numbers.total_power) / 32
    assert float(seen["noise"]) == pytest.approx(float(numbers.receiver_noise) / cell)
    assert float(seen["noise"] + seen["csi_error"]) == pytest.approx(float(numbers.noise) / cell)
