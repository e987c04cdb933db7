"""Full load: limits in which rates are known, the program against the judge, optima of flat channels, the schemes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from otfs_cases import NAME, designed

import leoisac as li
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.status import Status
from leoisac.systems.otfs_rsma import SYSTEM
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig
from leoisac.systems.otfs_rsma.judge.evaluate import parameters
from leoisac.systems.otfs_rsma.judge.full_load import evaluate_loaded, step_rates
from leoisac.systems.otfs_rsma.model import Channels, LoadedDesign
from leoisac.systems.otfs_rsma.problem.full_load import (
    LoadShape,
    decodings,
    formulate_load,
    max_min_load,
    step_rates_of,
    unit_beams,
)
from leoisac.waveforms.otfs import demodulate, modulate
from tests.oracles.otfs_frame import channel_samples

SMALL = dict(SYSTEM.small)
FLAT = {**SMALL, "sic_residual": 0.0, "crb_delay_max": 1.0, "crb_doppler_max": 1e12}
"""The first path, without delay and Doppler shift, is left alone where the second one's gain is zero."""
SCHEMES = ("rsma", "sdma", "sdma-k", "noma", "oma")
judged = jax.jit(evaluate_loaded)
steps_by_judge = jax.jit(lambda numbers, channels, design: step_rates(numbers, channels, design))


def _complex(seed: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def _design(scheme: str, precoders: np.ndarray, form: int = 0) -> LoadedDesign:
    return LoadedDesign(precoders, np.array([0.4, 0.6]), decodings(scheme, 2)[form])


class TestKnownLimits:
    @pytest.mark.parametrize("waveform", ["otfs", "ofdm"])
    def test_one_path_is_the_flat_miso_downlink(self, waveform: str) -> None:
        """No common stream, perfect cancellation, one path without delay: the rates of SDMA on paper."""
        numbers = parameters(OtfsRsmaConfig(**FLAT, waveform=waveform))
        gains, beams = _complex(0, 2, 2, 2) * [1.0, 0.0], np.concatenate([np.zeros((2, 1)), _complex(1, 2, 2)], axis=1)
        found = judged(numbers, Channels(gains), _design("sdma-k", beams))
        power = np.abs(gains[:, :, 0] @ beams[:, 1:]) ** 2 / numbers.frame.n_cells
        own = np.diag(power)
        expected = np.log2(1.0 + own / (power.sum(axis=1) - own + float(numbers.noise)))
        np.testing.assert_allclose(found["rate"], expected, rtol=1e-12)
        np.testing.assert_allclose(found["load_min_rate_joint"], np.min(expected), rtol=1e-12)
        assert float(found["load"]) == 2.0

    def test_rates_are_those_of_filters_on_sampled_frames(self) -> None:
        """Every cell's filter applied to what the channel makes of samples, one unit symbol after the other."""
        numbers, gains, beams = parameters(OtfsRsmaConfig(**SMALL)), _complex(10, 2, 2, 2), _complex(11, 2, 3)
        found = judged(numbers, Channels(gains), _design("rsma", beams))
        cells, theta = modulate(np.eye(12), 3), float(numbers.sic_residual)
        private, common = np.zeros(2), np.zeros(2)
        for user in range(2):
            by_antenna = [
                demodulate(np.array([channel_samples(x, gains[user, a], (0, 1), (0.0, 1.0)) for x in cells]), 3).T
                for a in range(2)
            ]
            arriving = [sum(beams[a, s] * by_antenna[a] for a in range(2)) / np.sqrt(12.0) for s in range(3)]
            for wanted, weights in ((0, [1.0, 1.0, 1.0]), (user + 1, [theta, 1.0, 1.0])):
                covariance = sum(w * g @ g.conj().T for w, g in zip(weights, arriving, strict=True))
                covariance = covariance + float(numbers.noise) * np.eye(12)
                rates = []
                for column in arriving[wanted].T:
                    filtered = np.linalg.solve(covariance, column)
                    signal = np.abs(np.vdot(filtered, column)) ** 2
                    rates.append(np.log2(1.0 + signal / (np.vdot(filtered, covariance @ filtered).real - signal)))
                (private if wanted else common)[user] = np.mean(rates)
        expected = private + np.array([0.4, 0.6]) * np.min(common)
        np.testing.assert_allclose(found["rate"], expected, rtol=1e-9)

    def test_a_silent_common_stream_is_none(self) -> None:
        numbers, gains = parameters(OtfsRsmaConfig(**SMALL)), _complex(2, 2, 2, 2)
        beams = np.concatenate([np.zeros((2, 1)), _complex(3, 2, 2)], axis=1)
        with_common, without = (judged(numbers, Channels(gains), _design(name, beams)) for name in ("rsma", "sdma-k"))
        np.testing.assert_allclose(with_common["rate"], without["rate"], rtol=1e-9)
        assert float(with_common["load"]) == 3.0

    def test_waveforms_are_equal_for_joint_decoding_alone(self) -> None:
        gains, design = _complex(4, 2, 2, 2), _design("rsma", _complex(5, 2, 3))
        otfs, ofdm = (
            judged(parameters(OtfsRsmaConfig(**SMALL, waveform=waveform)), Channels(gains), design)
            for waveform in ("otfs", "ofdm")
        )
        np.testing.assert_allclose(otfs["load_min_rate_joint"], ofdm["load_min_rate_joint"], rtol=1e-10)
        assert abs(otfs["load_min_rate"] - ofdm["load_min_rate"]) > 1e-3
        assert float(otfs["load_min_rate"]) < float(otfs["load_min_rate_joint"])

    def test_the_target_sees_an_even_frame(self) -> None:
        """All power towards the target: the bounds of even energy, with ideal pulses those of its three moments."""
        numbers = parameters(OtfsRsmaConfig(**SMALL))
        beams = np.zeros((2, 3), dtype=complex)
        beams[:, 0] = np.conj(numbers.target_steering)
        found = judged(numbers, Channels(_complex(6, 2, 2, 2)), _design("rsma", beams))
        slots, carriers, turn = np.arange(4.0), np.arange(3.0), 2.0 * np.pi * 7500.0
        delay = np.mean(carriers**2) + (2.0 / (1e-4 * turn)) ** 2
        determinant = delay * np.mean(slots**2) - (np.mean(slots) * np.mean(carriers)) ** 2
        np.testing.assert_allclose(found["crb_delay"], np.mean(slots**2) / determinant / 20.0 / turn**2, rtol=1e-9)
        np.testing.assert_allclose(
            found["crb_doppler"], delay / determinant / 20.0 * (7500.0 / (2.0 * np.pi)) ** 2, rtol=1e-9
        )


@pytest.mark.parametrize(
    "changes", [{}, {"waveform": "ofdm", "load_objective": "gaussian", "path_dopplers": (0.0, 1.3)}]
)
def test_the_program_is_the_judge(changes: dict[str, Any]) -> None:
    numbers = parameters(OtfsRsmaConfig(**{**SMALL, **changes}))
    channels = Channels(_complex(7, 2, 2, 2))

    @cache
    def program(shape: LoadShape) -> Any:
        def run(x: Any, table: Any) -> Any:
            data = formulate_load(numbers, channels, table)
            return step_rates_of(unit_beams(x, data, shape), data, shape), max_min_load(x, data, shape)[1]

        return jax.jit(run)

    for scheme in ("sdma", "noma") if changes else SCHEMES:
        table = decodings(scheme, 2)[-1]
        count, streams = table.states.shape
        shape = LoadShape(numbers.frame, 2, 2, streams, count, numbers.is_time_frequency, numbers.is_joint)
        x = np.concatenate([np.random.default_rng(8).standard_normal(4 * streams), [0.1, 0.2, 0.0]])
        rates, constraints = program(shape)(jnp.asarray(x), jax.tree.map(jnp.asarray, table))
        parts = x[: 4 * streams].reshape(2, streams, 2) * np.isin(np.arange(streams), table.streams)[:, None]
        beams = (parts[0] + 1j * parts[1]).T / np.linalg.norm(parts) / np.sqrt(table.frame_share)
        design = LoadedDesign(beams, np.array([1.0, 2.0]) / 3.0, table)
        wanted = steps_by_judge(numbers, channels, design)
        np.testing.assert_allclose(rates, wanted.gaussian if numbers.is_joint else wanted.equalised, atol=1e-10)
        margins = judged(numbers, channels, design)
        np.testing.assert_allclose(
            np.expm1(constraints[-2:]), [margins["margin_crb_delay"], margins["margin_crb_doppler"]], rtol=1e-9
        )
        np.testing.assert_allclose(margins["margin_power"], 0.0, atol=1e-12)


def test_flat_designs_balance_the_sinrs() -> None:
    """On one path the optimum of SDMA is that of the dual uplink, found by its fixed point."""
    config = li.config(NAME, **FLAT)
    channels = li.channels(config, path_gains=_complex(9, 3, 2, 2, 2) * [1.0, 0.0])
    solution = li.design(config, channels, "full-load-sdma-k")
    noise = float(parameters(config).noise) * 12
    for gains, objective in zip(channels.path_gains[..., 0], solution.objective, strict=True):
        power = np.full(2, 0.5)
        for _ in range(500):
            others = [noise * np.eye(2) + power[1 - k] * np.outer(gains[1 - k].conj(), gains[1 - k]) for k in range(2)]
            unit = np.array([(gains[k] @ np.linalg.solve(others[k], gains[k].conj())).real for k in range(2)])
            power = (1.0 / unit) / np.sum(1.0 / unit)
        assert objective == pytest.approx(np.log2(1.0 + power[0] * unit[0]), rel=1e-5)
    assert np.all(solution.violation <= 1e-8)


class TestSchemes:
    def test_more_streams_do_no_harm_and_ceilings_are_met(self) -> None:
        channels = li.draw(li.config(NAME, **SMALL), seed=1, trials=4)
        found = {name: designed(f"full-load-{name}", channels, **SMALL) for name in SCHEMES}
        for name, (solution, metrics) in found.items():
            assert np.all(solution.violation <= 1e-8), name
            assert np.all(metrics["margin_crb_doppler"] >= -1e-8), name
            np.testing.assert_allclose(metrics["load"], 2.0 if name == "sdma-k" else 3.0)
            np.testing.assert_allclose(metrics["load_min_rate"], solution.objective)
            assert np.all(metrics["load_min_rate"] <= metrics["load_min_rate_joint"] + 1e-9), name
        assert np.all(found["rsma"][0].objective >= found["sdma-k"][0].objective - 0.01)

    def test_even_frames_cannot_meet_any_ceiling(self) -> None:
        changes = {**SMALL, "crb_doppler_max": 2e4}
        channels = li.draw(li.config(NAME, **changes), seed=1, trials=2)
        solution, _ = designed("full-load-sdma-k", channels, **changes)
        assert np.all(solution.status == Status.INFEASIBLE)

    def test_three_users_have_no_order(self) -> None:
        config = li.config(NAME, n_users=3)
        with pytest.raises(ConfigError, match="full-load-noma orders two users"):
            li.design(config, li.draw(config, seed=0, trials=1), "full-load-noma")

    def test_large_frames_are_refused(self) -> None:
        config = li.config(NAME, n_delay=32, n_doppler=32)
        with pytest.raises(ConfigError, match="at most 256 cells"):
            li.design(config, li.draw(config, seed=0, trials=1), "full-load-rsma")


def test_correlated_users_share_what_is_drawn() -> None:
    alone, alike = (li.draw(li.config(NAME, user_correlation=r), seed=0, trials=400).path_gains for r in (0.0, 0.8))
    np.testing.assert_array_equal(alike[:, 0], alone[:, 0])
    np.testing.assert_allclose(alike[:, 1], 0.8 * alone[:, 0] + 0.6 * alone[:, 1], rtol=1e-12)
