"""Designs of the fast route: known optima, order among the schemes, certificates; the other routes beside it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from otfs_cases import NAME, designed, known_channels

import leoisac as li
from leoisac.estimation.bit_errors import RECEIVERS
from leoisac.experiment.errors import ChannelError
from leoisac.experiment.reporting.export import export_studies
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Status
from leoisac.optim.batched.engine import compilations
from leoisac.problems.given import program_of
from leoisac.systems.otfs_rsma import SYSTEM
from leoisac.systems.otfs_rsma.fast.max_min import OPTIONS, rate_problem
from leoisac.systems.otfs_rsma.judge.evaluate import parameters
from leoisac.systems.otfs_rsma.model import Channels
from leoisac.systems.otfs_rsma.problem.certificate import certified
from leoisac.systems.otfs_rsma.problem.normalised import VARIANTS, shape_of

TRIALS = 8


@pytest.fixture(scope="module")
def drawn() -> Any:
    return li.draw(li.config(NAME), seed=3, trials=TRIALS)


@pytest.fixture(scope="module")
def free(drawn: Any) -> Any:
    return designed("rsma", drawn, common_power_fraction=None)


class TestKnownOptima:
    @pytest.mark.parametrize(
        ("scheme", "fraction", "expected"),
        [("sdma", 0.1, 5.408), ("rsma", 0.1, 5.298), ("rsma", 0.5, 4.512), ("rsma", None, 5.406)],
    )
    def test_of_the_known_channels(self, scheme: str, fraction: float | None, expected: float) -> None:
        solution, metrics = designed(scheme, known_channels(), common_power_fraction=fraction)
        # Multi-start gradient searches of another implementation ended there within 0.001 bit.
        assert solution.objective[0] == pytest.approx(expected, abs=5e-3)
        assert solution.violation[0] <= 1e-8
        assert metrics["min_rate"][0] == solution.objective[0]

    def test_all_fractions_and_schemes_share_their_programs(self) -> None:
        shape = shape_of(parameters(li.config(NAME)), known_channels())
        program = program_of(rate_problem(shape))
        before = compilations(program, OPTIONS)
        designed("no-crb", known_channels(), common_power_fraction=0.37, sic_residual=0.1, crb_delay_max=1e-11)
        assert compilations(program, OPTIONS) == before > 0


class TestSchemes:
    def test_every_draw_meets_everything(self, free: Any) -> None:
        solution, metrics = free
        assert np.all(solution.violation <= 1e-8)
        for name in ("common_rate", "crb_delay", "crb_doppler", "power"):
            assert np.all(metrics[f"margin_{name}"] >= -1e-8), name
        floor = np.asarray(parameters(li.config(NAME)).common_floor)
        np.testing.assert_allclose(1.0 + metrics["margin_common_rate"], metrics["common_rate"].min(axis=-1) / floor)

    def test_fewer_constraints_and_freer_splits_give_more(self, drawn: Any, free: Any) -> None:
        fixed = designed("rsma", drawn)[0].objective
        tolerance = 0.02  # local optima
        assert np.all(free[0].objective >= fixed - tolerance)
        assert np.all(designed("sdma", drawn)[0].objective >= free[0].objective - tolerance)
        assert np.all(designed("no-crb", drawn)[0].objective >= fixed - tolerance)
        assert np.all(designed("no-common-floor", drawn)[0].objective >= fixed - tolerance)
        assert np.all(fixed > designed("random", drawn)[0].objective)

    def test_close_below_the_bound(self, drawn: Any, free: Any) -> None:
        bound = designed("bound", drawn, common_power_fraction=None)[0].objective
        gap = bound - free[0].objective
        assert np.all(gap >= 0.0)
        assert np.mean(gap) <= 0.05

    def test_nothing_left_for_the_private_streams(self, drawn: Any) -> None:
        solution, metrics = designed("common-only", drawn)
        np.testing.assert_allclose(solution.objective, 0.0, atol=1e-12)
        np.testing.assert_allclose(metrics["common_power_share"], 1.0, rtol=1e-12)
        assert np.all(solution.violation <= 1e-8)

    def test_shares_are_of_the_power_that_is_sent(self) -> None:
        """Also below 1 W."""
        faint = {"link": "budget", "total_power": 0.25, "common_power_fraction": 0.3}
        metrics = designed("random", li.draw(li.config(NAME, **faint), trials=2), **faint)[1]
        np.testing.assert_allclose(metrics["total_power"], 0.25, rtol=1e-12)
        np.testing.assert_allclose(metrics["common_power_share"], 0.3, rtol=1e-12)

    def test_a_floor_without_a_common_stream(self, drawn: Any) -> None:
        solution, metrics = designed("sdma-paper", drawn)
        assert np.all(solution.status == Status.INFEASIBLE)
        np.testing.assert_allclose(metrics["margin_common_rate"], -1.0)
        np.testing.assert_array_equal(metrics["min_rate"], designed("sdma", drawn)[1]["min_rate"])

    def test_ceilings_out_of_reach(self, drawn: Any) -> None:
        solution, _ = designed("rsma", take(drawn, slice(0, 3)), crb_doppler_max=1400.0)
        assert np.all(solution.status == Status.INFEASIBLE)

    def test_a_floor_out_of_reach(self, drawn: Any) -> None:
        solution, _ = designed("rsma", take(drawn, slice(0, 3)), common_rate_req=12.0)
        assert np.all(solution.status == Status.INFEASIBLE)

    def test_what_is_missed_without_a_proof_is_not_found(self, drawn: Any) -> None:
        solution, _ = designed("rsma", drawn)
        missed = replace(solution, violation=np.where(np.arange(TRIALS) < 3, 0.1, solution.violation))
        reachable = parameters(li.config(NAME))
        status = certified(missed, reachable, drawn, VARIANTS["rsma"]).status
        np.testing.assert_array_equal(status[:3], int(Status.NO_FEASIBLE_POINT))
        np.testing.assert_array_equal(status[3:], solution.status[3:])
        unreachable = parameters(li.config(NAME, crb_doppler_max=1400.0))
        status = certified(missed, unreachable, drawn, VARIANTS["rsma"]).status
        np.testing.assert_array_equal(status[:3], int(Status.INFEASIBLE))

    def test_ceilings_on_the_bounds_of_the_sampled_echo(self, drawn: Any) -> None:
        few = take(drawn, slice(0, 3))
        solution, metrics = designed("rsma", few, ceiling_pulse="sampled", crb_doppler_max=2500.0)
        assert np.all(solution.violation <= 1e-8)
        assert np.all(metrics["crb_doppler_sampled"] <= 2500.0 * (1.0 + 1e-8))
        np.testing.assert_allclose(metrics["margin_crb_delay"], 2e-11 / metrics["crb_delay_sampled"] - 1.0, rtol=1e-9)

    def test_unknown_amplitude(self, drawn: Any) -> None:
        solution, metrics = designed(
            "rsma", drawn, target_amplitude="unknown", crb_delay_max=2.5e-11, crb_doppler_max=1.2e4
        )
        assert np.all(solution.violation <= 1e-8)
        assert np.all(metrics["crb_doppler_unknown"] <= 1.2e4 * (1.0 + 1e-8))


class TestOtherRoutes:
    def test_successive_approximation_is_a_witness(self) -> None:
        pytest.importorskip("cvxpy")
        channels = known_channels()
        slow, _ = designed("rsma", channels, route="reference", options={"max_iterations": 20})
        fast, _ = designed("rsma", channels)
        assert slow.violation[0] <= 1e-6
        history = slow.history[0][~np.isnan(slow.history[0])]
        assert np.all(np.diff(history[2:]) > -1e-4), "once the slack is gone the least rate only grows"
        assert fast.objective[0] - 0.4 <= slow.objective[0] <= fast.objective[0] + 1e-3

    def test_genetic(self) -> None:
        """On the small grid, whose program the contracts compile, too."""
        channels = Channels(li.draw(li.config(NAME, **SYSTEM.small), seed=3, trials=2).path_gains)
        small = {"population": 20, "generations": 10}
        rate, _ = designed("rsma", channels, route="published", options=small, **SYSTEM.small)
        again, _ = designed("rsma", Channels(channels.path_gains[1:]), route="ga", options=small, **SYSTEM.small)
        assert again.objective[0] == rate.objective[1]
        assert np.all(rate.objective <= designed("rsma", channels, **SYSTEM.small)[0].objective)
        assert np.all(np.diff(rate.history, axis=1) >= 0.0)

    @pytest.mark.parametrize("pulse", ["sampled", "ideal"])
    def test_echoes_attain_their_bounds_above_the_threshold(self, pulse: str) -> None:
        """Within 1 dB of the bounds of the frame and the pulse, at delays and Doppler shifts between the bins."""
        target = {"target_delay": 0.87e-4, **({"target_doppler": 3111.0} if pulse == "sampled" else {})}
        config = li.config(NAME, pulse=pulse, echo_snr_db=25.0, frame_model="realisation", **target)
        channels = li.draw(config, seed=0, trials=256)
        metrics = li.evaluate(config, channels, li.design(config, channels, "random", route="echo"))
        for name in ("delay", "doppler"):
            bound = metrics[f"crb_{name}_sampled" if pulse == "sampled" else f"crb_{name}"]
            excess = 10.0 * np.log10(np.mean(metrics[f"{name}_error"] ** 2) / np.mean(bound))
            assert abs(excess) < 1.0, name

    def test_plain_arrays_have_no_echo(self) -> None:
        with pytest.raises(ChannelError, match="symbols"):
            li.design(li.config(NAME), known_channels(), "random", route="echo")

    def test_receivers_have_their_names(self, tmp_path: Path) -> None:
        data = li.run(li.config(NAME), ["data-link"], trials=2)
        names = [str(name).lower().replace(", ", "-").replace(" ", "-") for name in data["receiver"].values]
        assert names == list(RECEIVERS)
        (file,) = export_studies({"data-link": data}, "csv", tmp_path / "results.csv")
        rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
        written = [row["receiver"] for row in rows if row["metric"] == "bit_error_rate"]
        assert written[:4] == data["receiver"].values.tolist()

    def test_receivers_by_snr(self) -> None:
        rates = []
        for level in (10.0, 20.0):
            # Of a cell; the frame has 32.
            config = li.config(NAME, comm_snr_db=level + 10.0 * np.log10(32), csi_error_db=-100.0)
            channels = li.draw(config, seed=0, trials=256)
            rates.append(li.evaluate(config, channels, li.design(config, channels, "data-link"))["bit_error_rate"])
        low, high = (rate.mean(axis=0) for rate in rates)
        lmmse, passing, one_tap, ofdm = range(4)
        assert low[passing] < low[lmmse] < low[ofdm] < low[one_tap]
        assert high[one_tap] > 1e-2, "error floor of one-tap equalisation"
        assert high[lmmse] < high[ofdm] < 0.02
