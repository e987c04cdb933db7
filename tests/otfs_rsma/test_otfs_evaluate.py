"""The judge against known numbers, and the program of the fast route against the judge."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from otfs_cases import known_gains, known_streams

from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.problems.given import as_written
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig
from leoisac.systems.otfs_rsma.fast.max_min import rate_problem
from leoisac.systems.otfs_rsma.judge.evaluate import evaluate as traceable_evaluate
from leoisac.systems.otfs_rsma.judge.evaluate import parameters
from leoisac.systems.otfs_rsma.judge.sensing_limit import are_ceilings_reachable, sensing_limit
from leoisac.systems.otfs_rsma.model import Channels, Design
from leoisac.systems.otfs_rsma.problem.bounds import channel_matrices, rate_at_split, rate_bound
from leoisac.systems.otfs_rsma.problem.normalised import VARIANTS, formulate, physical_streams, shape_of
from leoisac.systems.otfs_rsma.problem.program import amplitudes, log_margins, stream_rates

RELATIVE = 1e-8

evaluate = jax.jit(traceable_evaluate)
programs = jax.jit(lambda numbers, channels: formulate(numbers, channels, VARIANTS["rsma"]))


def judged(mode: str, **changes):
    config = OtfsRsmaConfig(precoder_mode=mode).replace(**changes)
    streams = known_streams(config.n_stream_cells, 0.3)
    return evaluate(parameters(config), Channels(known_gains()), Design(streams))


@partial(jax.jit, static_argnames="shape")
def by_program(samples, program, numbers, shape):
    """Private and common rates, margins, and physical streams."""
    amplitude = amplitudes(samples, program)
    private, common = stream_rates(samples, amplitude, program, shape)
    return private, common, log_margins(samples, amplitude, program, shape), physical_streams(numbers, program, samples)


class TestKnownNumbers:
    def test_grid_precoding(self) -> None:
        metrics = judged("dd")
        expected = {
            "sinr_common": [51.04045374302225, 6.583067641813017],
            "sinr_private": [92.58773211586494, 3.7479925088351433],
            "crb_delay": 1.536626023426393e-11,
            "crb_doppler": 4100.112900705977,
            "crb_delay_unknown": 1.9250233330634386e-11,
            "crb_doppler_unknown": 29208.608688566197,
            "fim": [[81569458425.73483, -2245.3508116999137], [-2245.3508116999137, 3.057031734716366e-4]],
        }
        for name, value in expected.items():
            np.testing.assert_allclose(metrics[name], value, rtol=RELATIVE, err_msg=name)

    def test_channel_matrices(self) -> None:
        frame = parameters(OtfsRsmaConfig()).frame
        matrices = np.asarray(channel_matrices(frame, known_gains()))
        norms = np.linalg.norm(matrices, axis=(1, 2))
        np.testing.assert_allclose(norms, [8.130977914825381, 1.9236510274790548], rtol=RELATIVE)
        spectral = np.linalg.norm(matrices, ord=2, axis=(1, 2))
        np.testing.assert_allclose(spectral, [2.4493528180095208, 0.5385904273661692], rtol=RELATIVE)
        traces = np.trace(matrices, axis1=1, axis2=2)
        expected = [5.248577161883219 + 22.32437149296627j, -0.9550829352024897 - 2.5039190880479727j]
        np.testing.assert_allclose(traces, expected, rtol=RELATIVE)

    def test_space_and_grid_precoding(self) -> None:
        metrics = judged("space-dd")
        np.testing.assert_allclose(metrics["sinr_common"], [13.008304434967759, 46.325669036615714], rtol=RELATIVE)
        np.testing.assert_allclose(metrics["sinr_private"], [47.15476098060583, 10.809894387133392], rtol=RELATIVE)
        bounds = [metrics["crb_delay"], metrics["crb_doppler"]]
        np.testing.assert_allclose(bounds, [7.74352645984696e-11, 37862.900378464205], rtol=RELATIVE)
        frame = parameters(OtfsRsmaConfig(precoder_mode="space-dd")).frame
        norms = np.linalg.norm(np.asarray(channel_matrices(frame, known_gains())), axis=(1, 2))
        np.testing.assert_allclose(norms, [11.538415198303541, 11.475100222808402], rtol=RELATIVE)

    def test_spectral_efficiency_is_per_cell(self) -> None:
        metrics = judged("dd")
        np.testing.assert_allclose(np.min(metrics["rate"]) * 32, metrics["total_min_rate"], rtol=1e-12)

    def test_estimate_error_of_the_whole_matrix_is_smaller(self) -> None:
        assert np.all(judged("dd", csi_error_model="total")["sinr_private"] > judged("dd")["sinr_private"])

    def test_realised_bounds_need_symbols(self) -> None:
        with pytest.raises(ConfigError, match="symbols"):
            judged("dd", frame_model="realisation")

    def test_realised_frame_of_known_symbols(self) -> None:
        config = OtfsRsmaConfig(frame_model="realisation")
        streams = known_streams(32, 0.3)
        symbols = np.exp(0.25j * np.pi * np.array([1, 3, 5]))
        one = evaluate(parameters(config), Channels(known_gains(), symbols), Design(streams))
        joint = (symbols @ streams)[None]
        same = evaluate(parameters(OtfsRsmaConfig()), Channels(known_gains()), Design(np.pad(joint, ((0, 2), (0, 0)))))
        np.testing.assert_allclose(one["crb_delay"], same["crb_delay"], rtol=1e-12)


class TestTargets:
    def test_antennas_add_their_energies(self) -> None:
        """One target at four antennas: a quarter of the sampled echo's bounds, whatever its angle."""
        metrics = judged("dd", n_rx=4, target_angle_deg=20.0)
        for name in ("delay", "doppler"):
            np.testing.assert_allclose(
                metrics[f"target_crb_{name}"], [metrics[f"crb_{name}_sampled_unknown"] / 4.0], rtol=1e-8
            )
        assert metrics["target_crb_angle"].shape == (1,)

    def test_other_targets_make_it_harder(self) -> None:
        metrics = judged("dd", other_targets=((1.3e-4, 4000.0, 10.0, -3.0),))
        assert metrics["target_crb_delay"][0] > metrics["crb_delay_sampled_unknown"]
        assert "target_crb_angle" not in metrics


class TestProgram:
    @pytest.mark.parametrize(
        ("mode", "changes"),
        [
            ("dd", {}),
            ("dd", {"common_power_fraction": None, "target_amplitude": "unknown"}),
            ("space-dd", {"path_dopplers": [0.0, 1.7, -1.2, 3.4], "target_angle_deg": 20.0, "equal_private": True}),
            ("space-dd", {"target_angle_deg": 20.0, "ceiling_pulse": "sampled"}),
            ("dd", {"target_amplitude": "unknown", "ceiling_pulse": "sampled", "target_doppler": -1234.5}),
        ],
    )
    def test_rates_and_bounds_are_the_judges(self, mode: str, changes: dict) -> None:
        config = OtfsRsmaConfig(precoder_mode=mode).replace(**changes)
        numbers, channels = parameters(config), Channels(known_gains())
        shape = shape_of(numbers, Channels(known_gains()[None]))
        program = programs(numbers, channels)
        samples = jnp.asarray(np.random.default_rng(0).standard_normal(shape.stream_shape))
        private, common, log_margin, streams = by_program(samples, program, numbers, shape)
        metrics = evaluate(numbers, channels, Design(streams))
        np.testing.assert_allclose(private, metrics["private_rate"], rtol=1e-10)
        np.testing.assert_allclose(common, metrics["common_rate"], rtol=1e-10)
        margins = [metrics["margin_crb_delay"], metrics["margin_crb_doppler"]]
        np.testing.assert_allclose(np.expm1(log_margin), margins, rtol=1e-9)
        np.testing.assert_allclose(metrics["total_power"], 1.0, rtol=1e-12)
        if changes.get("equal_private"):
            powers = np.sum(np.abs(streams) ** 2, axis=1)
            np.testing.assert_allclose(powers, [0.1, 0.45, 0.45], rtol=1e-12)

    def test_derivatives(self) -> None:
        shape = shape_of(parameters(OtfsRsmaConfig()), Channels(known_gains()[None]))
        problem = rate_problem(shape)
        rng = np.random.default_rng(1)
        x = jnp.asarray(rng.standard_normal(shape.n_samples + 1))
        weights, direction = rng.standard_normal(6), rng.standard_normal(x.size)

        @jax.jit
        def value_and_slope(point, program):
            def value(at):
                objective, c = as_written(problem, at, program)
                return objective + weights @ c

            found, gradient = jax.value_and_grad(value)(point)
            return found, gradient @ direction

        for fraction in (0.0, 0.4, 1.0):
            numbers = parameters(OtfsRsmaConfig(common_power_fraction=fraction))
            program = programs(numbers, Channels(known_gains()))
            slope = value_and_slope(x, program)[1]
            step = 1e-6 * direction
            difference = value_and_slope(x + step, program)[0] - value_and_slope(x - step, program)[0]
            np.testing.assert_allclose(slope, difference / 2e-6, rtol=1e-6)


class TestSensingLimit:
    def test_known_numbers(self) -> None:
        numbers = parameters(OtfsRsmaConfig())
        for ceiling, expected in ((np.inf, 2.4527e-12), (5000.0, 3.1862e-12), (4950.0, 3.197e-12), (6320.0, 2.988e-12)):
            assert sensing_limit(numbers, ceiling).crb_delay == pytest.approx(expected, rel=1e-3)

    def test_the_energy_attains_it(self) -> None:
        numbers = parameters(OtfsRsmaConfig())
        limit = sensing_limit(numbers, 5000.0)
        assert np.sum(limit.energy) == pytest.approx(1.0)
        # Three cells: the latest slots and the highest subcarriers.
        shares = {(0, 3): 0.692, (7, 0): 0.189, (7, 3): 0.118}
        for cell, share in shares.items():
            assert limit.energy[cell] == pytest.approx(share, abs=2e-3)

    def test_four_times_the_power_is_a_quarter_of_the_bounds(self) -> None:
        numbers = parameters(OtfsRsmaConfig())
        loud = sensing_limit(replace(numbers, total_power=4.0 * np.asarray(numbers.total_power)), 5000.0 / 4.0)
        limit = sensing_limit(numbers, 5000.0)
        assert 4.0 * loud.crb_delay == pytest.approx(limit.crb_delay, rel=1e-5)
        assert 4.0 * loud.crb_doppler == pytest.approx(limit.crb_doppler, rel=1e-3)
        assert np.sum(loud.energy) == pytest.approx(4.0)

    def test_what_is_proven_is_what_is_attained(self) -> None:
        numbers = parameters(OtfsRsmaConfig())
        for ceiling in (np.inf, 5000.0, 1600.0):
            limit = sensing_limit(numbers, ceiling)
            # What is attained may exceed the ceiling by one part in a million.
            assert limit.crb_delay == pytest.approx(limit.proven, rel=1e-5)
        assert sensing_limit(numbers, 1400.0).proven == np.inf

    def test_out_of_reach(self) -> None:
        assert are_ceilings_reachable(parameters(OtfsRsmaConfig()))
        assert not are_ceilings_reachable(parameters(OtfsRsmaConfig(crb_doppler_max=1450.0)))
        assert not are_ceilings_reachable(parameters(OtfsRsmaConfig(crb_delay_max=3.1e-12)))
        unknown = parameters(OtfsRsmaConfig(target_amplitude="unknown"))
        assert sensing_limit(unknown).crb_delay > sensing_limit(parameters(OtfsRsmaConfig())).crb_delay


def test_the_bound_is_above_eigen_beams() -> None:
    numbers = parameters(OtfsRsmaConfig(common_power_fraction=0.0))
    matrices = np.asarray(channel_matrices(numbers.frame, known_gains()))
    beams = np.stack([np.linalg.svd(matrix)[2][0].conj() for matrix in matrices])
    strength = np.linalg.norm(matrices, ord=2, axis=(1, 2)) ** 2
    power = (1.0 / strength) / np.sum(1.0 / strength)
    streams = np.concatenate([np.zeros((1, 32)), np.sqrt(power)[:, None] * beams])
    rate = evaluate(numbers, Channels(known_gains()), Design(streams))["min_rate"]
    bound = float(rate_bound(numbers, Channels(known_gains())))
    assert rate <= bound + 1e-12
    inverse = np.sum(np.array([2.4493528180095208, 0.5385904273661692]) ** -2.0)
    assert bound == pytest.approx(np.log2(1.0 + 1.0 / (2.0 * 10**-2.5 * inverse)), rel=1e-9)


def test_a_split_leaves_less_than_any_split() -> None:
    numbers = parameters(OtfsRsmaConfig(common_power_fraction=0.5))
    channels = Channels(known_gains())
    everything, half = (2.0 ** float(rate(numbers, channels)) - 1.0 for rate in (rate_bound, rate_at_split))
    assert half == pytest.approx(0.5 * everything, rel=1e-12)
    free = parameters(OtfsRsmaConfig(common_power_fraction=None))
    assert float(rate_at_split(free, channels)) == pytest.approx(float(rate_bound(numbers, channels)), rel=1e-12)
