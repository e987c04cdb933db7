"""Figures and claims on made numbers: every figure draws, every criterion tells both sides apart."""

import numpy as np
import pytest
from made_studies import made

from leoisac import catalogue
from leoisac.experiment.contracts import resolve
from leoisac.experiment.reading.studies import draw_figure, with_plain_schemes
from leoisac.foundation.status import Status
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.evidence import common_aperture_figures
from leoisac.systems.self_backhaul.evidence.claims import CLAIMS
from leoisac.systems.self_backhaul.evidence.common_aperture_figures import check_lobes, check_sidelobes, design, lobes
from leoisac.systems.self_backhaul.evidence.convergence_figures import carried_forward
from leoisac.systems.self_backhaul.evidence.figures import FIGURES
from leoisac.systems.self_backhaul.evidence.rates import delivered, estimate, gaps, steps, usable_share
from leoisac.systems.self_backhaul.evidence.sensing_figures import characteristic, detection
from leoisac.systems.self_backhaul.evidence.studies import STUDIES
from leoisac.systems.self_backhaul.judge.evaluate import parameters

SYSTEM = catalogue.find("self-backhaul")
OUTCOMES = {"reproduced", "partly", "not reproduced", "insufficient"}
LEVEL = {"pa1": 10.0, "pa2": 9.8, "das": 5.0, "tdma": 7.0, "tdma-half": 6.0, "ibs": 2.0, "ibs-matched": 3.0}


def step_of(study, changes):
    if not study.sweep:
        return 0
    (values,) = study.sweep.values()
    (chosen,) = changes.values()
    return [list(value) if isinstance(value, tuple) else value for value in values].index(
        list(chosen) if isinstance(chosen, tuple) else chosen
    )


def saturating(study_name, slope=None):
    """Rates that rise by 2, 1, 0.1, 0.1, ... per step, benchmarks by ``slope[scheme]`` of it."""
    study = SYSTEM.study(study_name)
    slope = slope or {}
    rise = np.concatenate([[0.0], np.cumsum([2.0, 1.0, *([0.1] * 12)])])

    def rate(scheme, changes, luck):
        scheme = scheme.partition(":")[0]
        return LEVEL[scheme] + slope.get(scheme, 1.0) * rise[step_of(study, changes)] + luck

    return rate


def verdict(name, **datasets):
    claim = next(claim for claim in CLAIMS if claim.name == name)
    return claim.check({study.replace("_", "-"): data for study, data in datasets.items()})


@pytest.fixture(scope="module")
def studies():
    return {study.name: made(SYSTEM, study.name, saturating(study.name), 20) for study in STUDIES}


def test_every_figure_draws(studies, tmp_path):
    for figure in FIGURES:
        drawn = draw_figure(SYSTEM, figure, {name: studies[name] for name in figure.studies})
        drawn.savefig(tmp_path / f"{figure.name}.png", dpi=40)
        assert (tmp_path / f"{figure.name}.png").stat().st_size > 3000


def test_every_claim_answers_also_on_two_trials_and_on_none(studies):
    unusable = {study.name: made(SYSTEM, study.name, lambda *_: np.nan, 2) for study in STUDIES}
    for claim in CLAIMS:
        data = {name: with_plain_schemes(studies[name]) for name in claim.studies}
        assert claim.check(data).outcome in OUTCOMES
        few = {name: dataset.isel(trial=slice(0, 2)) for name, dataset in data.items()}
        assert claim.check(few).measured
        if claim.studies:
            none = {name: unusable[name] for name in claim.studies}
            assert claim.check(none).outcome in ("insufficient", "not reproduced"), claim.name


def test_figures_claims_and_studies_belong_together():
    names = {study.name for study in STUDIES}
    assert all(set(item.studies) <= names for item in (*FIGURES, *CLAIMS))
    assert {f"fig-{number}" for number in range(2, 9)} <= {figure.name for figure in FIGURES}
    published = [claim.name for claim in CLAIMS if not claim.name.startswith("EXTRA")]
    assert published == [
        *("F2-1", "F2-2", "F2-3", "F3-1", "F3-2", "F4-1", "F5-1", "F5-2", "F5-3", "F5-4", "F5-5"),
        *("F6-1", "F6-2", "F7-1", "F7-2", "F7-3", "F8-1", "F8-2", "F8-3"),
    ]
    assert len(resolve(SYSTEM.studies)) == len(names)


class TestRates:
    def test_the_robust_scheme_counts_with_what_it_guarantees(self):
        data = made(
            SYSTEM,
            "satellite-power",
            saturating("satellite-power"),
            5,
            guaranteed_sum_rate=lambda scheme, changes, luck, rates: rates - 4.0,
        )
        rate = delivered(data)
        np.testing.assert_allclose(rate.sel(scheme="pa2"), data["sum_rate"].sel(scheme="pa2") - 4.0)
        np.testing.assert_allclose(rate.sel(scheme="pa1"), data["sum_rate"].sel(scheme="pa1"))

    def test_differences_are_paired(self):
        """Drops differ by 3, schemes by exactly 2 and 1: the interval has no width."""
        data = made(SYSTEM, "satellite-power", saturating("satellite-power"), 30, spread=3.0)
        lead = gaps(data, "pa1", "das")[0]
        assert lead == pytest.approx((5.0, 5.0, 5.0, 30), abs=1e-9)
        assert [step.mean for step in steps(data, "pa1")] == pytest.approx([2.0, 1.0, 0.1, 0.1])
        alone = estimate(delivered(data).sel(scheme="pa1").isel(satellite_power_dbw=0))
        assert alone.high - alone.low > 1.0

    def test_only_trials_that_both_can_use_count(self):
        def rate(scheme, changes, luck):
            value = np.arange(6.0)
            return np.where(value < (4 if scheme == "pa1" else 6), value, np.nan)

        data = made(SYSTEM, "satellite-power", rate, 6)
        assert gaps(data, "pa1", "das")[0] == (0.0, 0.0, 0.0, 4)
        assert float(usable_share(data).sel(scheme="pa1")[0]) == pytest.approx(4 / 6)
        assert str(estimate(delivered(data).sel(scheme="pa1")[0][4:])) == "no trial"

    def test_histories_keep_their_last_value(self):
        data = made(
            SYSTEM,
            "convergence",
            saturating("convergence"),
            2,
            history=lambda scheme, changes, luck, rates: np.array([[1.0, 2.0, np.nan], [1.0, 2.0, 3.0]]),
        )
        held = carried_forward(data["history"]).sel(scheme="pa1").isel(satellite_power_dbw=0)
        np.testing.assert_array_equal(held, [[1.0, 2.0, 2.0], [1.0, 2.0, 3.0]])


class TestConvergence:
    def made(self, **metrics):
        return made(SYSTEM, "convergence", saturating("convergence"), 20, **metrics)

    def test_a_rise_is_monotone_and_a_dip_is_not(self):
        assert verdict("F2-1", convergence=self.made()).outcome == "reproduced"
        dip = self.made(history=lambda s, c, luck, rates: np.stack([rates - 1.0, rates, 0.99 * rates], axis=1))
        assert verdict("F2-1", convergence=dip).outcome == "not reproduced"
        unfinished = self.made(status=lambda s, c, luck, rates: np.full(len(rates), int(Status.MAX_STEPS)))
        assert verdict("F2-1", convergence=unfinished).outcome == "partly"

    @pytest.mark.parametrize(("count", "outcome"), [(20, "reproduced"), (14, "partly"), (6, "not reproduced")])
    def test_iterations(self, count, outcome):
        data = self.made(iterations=lambda *_: np.full(20, count))
        found = verdict("F2-2", convergence=data)
        assert found.outcome == outcome
        assert found.trials == 20
        assert "2.0 to 99.9 %" in found.measured

    @pytest.mark.parametrize(
        ("robust", "known", "outcome"),
        [(10, 20, "reproduced"), (10, 8, "partly"), (15, 20, "partly"), (15, 12, "not reproduced")],
    )
    def test_iterations_of_the_robust_design(self, robust, known, outcome):
        data = made(
            SYSTEM,
            "robust-convergence",
            saturating("robust-convergence"),
            6,
            iterations=lambda scheme, *_: (robust if scheme.startswith("pa2") else known) + np.arange(6) % 2,
        )
        assert verdict("F2-3", robust_convergence=data).outcome == outcome


class TestSensing:
    def test_trade_off(self):
        thresholds = SYSTEM.study("pattern-threshold").sweep["pattern_min_w"]

        def rate(scheme, changes, luck):
            return 17.0 - changes["pattern_min_w"] / 200.0 + luck

        def detected(scheme, changes, luck, rates):
            return np.full(len(luck), changes["pattern_min_w"] / 200.0)

        data = made(SYSTEM, "pattern-threshold", rate, 20, detection_probability=detected)
        found = verdict("F4-1", pattern_threshold=data)
        assert found.outcome == "reproduced"
        assert "-1.00" in found.measured
        assert f"{len(thresholds) - 1} of {len(thresholds) - 1} steps" in found.measured
        flat = made(
            SYSTEM,
            "pattern-threshold",
            lambda scheme, changes, luck: 17.0 - (changes["pattern_min_w"] > 100.0) + luck,
            20,
            detection_probability=detected,
        )
        assert verdict("F4-1", pattern_threshold=flat).outcome == "partly"
        reverse = made(SYSTEM, "pattern-threshold", rate, 20, detection_probability=lambda *a: 1.0 - detected(*a))
        assert verdict("F4-1", pattern_threshold=reverse).outcome == "not reproduced"

    def test_the_characteristic_passes_through_the_judged_point(self):
        config = SelfBackhaulConfig()
        snr = float(parameters(config).radar_snr_per_watt) * 50.0
        data = made(SYSTEM, "pattern-threshold", lambda *_: 1.0, 3, target_power=lambda *_: np.full(3, 50.0)).assign(
            detection_probability=lambda d: 0.0 * d["detection_probability"] + 0.25
        )
        curve = characteristic(data, np.array([1e-9, config.false_alarm, 1.0])).isel(scheme=0, pattern_min_w=0)
        from scipy.stats import ncx2

        assert float(curve[1]) == pytest.approx(ncx2.sf(-2.0 * np.log(config.false_alarm), 2, 2.0 * snr), rel=1e-9)
        assert float(curve[0]) < float(curve[1]) < float(curve[2]) == pytest.approx(1.0)
        assert float(detection(data).mean()) == 0.25

    def test_common_aperture_claims(self):
        assert check_lobes({}).outcome == "partly"
        found = check_sidelobes({})
        assert found.outcome == "not reproduced"
        assert "16 elements: -40°, +40°" in found.measured
        assert lobes(design(16)).wanted == 6
        assert lobes(design(7)).wanted == 2
        # Without the base station's beams no user has a lobe.
        assert lobes(design(16, "sensing"), "sensing").wanted == len(common_aperture_figures.TARGETS_DEG)


class TestSweeps:
    def test_leading_everywhere(self):
        name = "satellite-power"
        assert verdict("F5-1", satellite_power=made(SYSTEM, name, saturating(name))).outcome == "reproduced"
        robust = made(SYSTEM, name, saturating(name), guaranteed_sum_rate=lambda s, c, luck, rates: rates - 3.5)
        found = verdict("F5-1", satellite_power=robust)
        assert found.outcome == "partly"
        assert "of pa2 over tdma" in found.measured
        regular = saturating(name)
        without = made(SYSTEM, name, lambda s, c, luck: regular(s, c, luck) + (np.nan if s == "pa2" else 0.0))
        assert verdict("F5-1", satellite_power=without).outcome == "partly"
        behind = made(SYSTEM, name, lambda s, c, luck: (8.0 if s == "das" else 5.0) + luck)
        assert verdict("F5-1", satellite_power=behind).outcome == "not reproduced"

    def test_points_that_nobody_can_use_do_not_count(self):
        name = "bs-power"
        regular = saturating(name)

        def rate(scheme, changes, luck):
            infeasible = scheme in ("pa1", "pa2") and changes["bs_power_dbw"] < -12.0
            return np.full(len(luck), np.nan) if infeasible else regular(scheme, changes, luck)

        found = verdict("F6-2", bs_power=made(SYSTEM, name, rate))
        assert found.outcome == "reproduced"
        assert "usable in 0%, 0%, 100%" in found.measured

    @pytest.mark.parametrize(
        ("normalised", "relative", "outcome"),
        [(0.2, 0.3, "reproduced"), (0.2, 4.0, "partly"), (3.0, 4.0, "not reproduced"), (0.2, np.nan, "partly")],
    )
    def test_comparable(self, normalised, relative, outcome):
        def below(loss):
            return lambda scheme, changes, luck: 10.0 + luck - (loss if scheme == "pa2" else 0.0)

        data = {
            "satellite_power": made(SYSTEM, "satellite-power", below(normalised)),
            "users": made(SYSTEM, "users", below(normalised)),
            "relative_errors": made(SYSTEM, "relative-errors", below(relative)),
        }
        found = verdict("F5-2", **data)
        assert found.outcome == outcome
        assert "2 users: –" in found.measured if np.isnan(relative) else "100% usable" in found.measured

    def test_everybody_gains(self):
        name = "satellite-power"
        assert verdict("F5-3", satellite_power=made(SYSTEM, name, saturating(name))).outcome == "reproduced"
        found = verdict("F5-3", satellite_power=made(SYSTEM, name, saturating(name, {"ibs": -0.5})))
        assert found.outcome == "partly"
        assert "not: ibs from" in found.measured
        found = verdict("F5-3", satellite_power=made(SYSTEM, name, saturating(name, {"pa1": -0.5})))
        assert found.outcome == "not reproduced"

    @pytest.mark.parametrize(("claim", "name"), [("F5-4", "satellite-power"), ("F8-3", "users")])
    def test_widening(self, claim, name):
        study = {name.replace("-", "_"): name}
        slower = dict.fromkeys(("das", "tdma", "tdma-half", "ibs", "ibs-matched"), 0.5)
        for slope, outcome in ((slower, "reproduced"), ({"ibs": 0.5}, "partly"), ({}, "not reproduced")):
            data = {key: made(SYSTEM, value, saturating(value, slope)) for key, value in study.items()}
            assert verdict(claim, **data).outcome == outcome

    @pytest.mark.parametrize("claim", ["F5-5", "F6-1", "F7-1", "F8-1"])
    def test_levelling_off(self, claim):
        (name,) = next(item for item in CLAIMS if item.name == claim).studies
        key = name.replace("-", "_")
        found = verdict(claim, **{key: made(SYSTEM, name, saturating(name))})
        assert found.outcome == "reproduced"
        assert found.measured.startswith("steps of +2.00 ± 0.00, +1.00")
        study = SYSTEM.study(name)
        straight = made(SYSTEM, name, lambda s, changes, luck: 5.0 + step_of(study, changes) + luck)
        assert verdict(claim, **{key: straight}).outcome == "not reproduced"
        slowing = made(SYSTEM, name, lambda s, changes, luck: 5.0 + (1.0 + step_of(study, changes)) ** 0.7 + luck)
        assert verdict(claim, **{key: slowing}).outcome == "partly"

    def test_deteriorating_and_gaining(self):
        name = "bs-antennas"
        both = made(SYSTEM, name, saturating(name, {"ibs": -0.3, "ibs-matched": -0.3, "tdma": 0.5}))
        assert verdict("F7-2", bs_antennas=both).outcome == "reproduced"
        assert verdict("F7-3", bs_antennas=both).outcome == "reproduced"
        one = made(SYSTEM, name, saturating(name, {"ibs-matched": -0.3, "tdma": 1.5}))
        assert verdict("F7-2", bs_antennas=one).outcome == "partly"
        assert verdict("F7-3", bs_antennas=one).outcome == "partly"
        none = made(SYSTEM, name, saturating(name, {"tdma": -0.5}))
        assert verdict("F7-2", bs_antennas=none).outcome == "not reproduced"
        assert verdict("F7-3", bs_antennas=none).outcome == "not reproduced"


class TestOwnChecks:
    def test_recovery(self):
        def data(loss):
            def history(scheme, changes, luck, rates):
                return np.stack([rates - 1.0, rates / (1.0 - loss.get(scheme.partition(":")[0], 0.0))], axis=1)

            return {
                name.replace("-", "_"): made(SYSTEM, name, saturating(name), 6, history=history)
                for name in ("convergence", "robust-convergence")
            }

        assert verdict("EXTRA-2", **data({})).outcome == "reproduced"
        found = verdict("EXTRA-2", **data({"pa2": 0.05}))
        assert found.outcome == "partly"
        assert "pa2 loses at most 5.0e-02" in found.measured
        assert verdict("EXTRA-2", **data({"pa1": 0.05})).outcome == "not reproduced"

    @pytest.mark.parametrize(("gap", "outcome"), [(0.001, "reproduced"), (0.5, "not reproduced")])
    def test_pattern_modes(self, gap, outcome):
        data = made(
            SYSTEM, "pattern-mode", lambda s, changes, luck: 14.0 + gap * (changes["pattern_mode"] == "joint") + luck
        )
        assert verdict("EXTRA-4", pattern_mode=data).outcome == outcome

    @pytest.mark.parametrize(("printed", "outcome"), [(0.0, "reproduced"), (-0.5, "partly"), (0.5, "not reproduced")])
    def test_forms_of_the_procedure(self, printed, outcome):
        data = made(
            SYSTEM, "procedure-forms", lambda scheme, c, luck: 14.0 + printed * (scheme == "pa1:printed") + luck
        )
        found = verdict("EXTRA-3", procedure_forms=data)
        assert found.outcome == outcome
        assert "iterations 10.0 with free rates" in found.measured

    def test_promises_under_attack(self):
        def data(left):
            return made(
                SYSTEM,
                "attacked",
                lambda scheme, c, luck: np.where((luck > 1.0) & (left < 0), np.nan, 14.0),
                30,
                history=lambda s, c, luck, rates: np.stack([np.full(30, 14.0), 14.0 + left + 0.01 * luck**2], axis=1),
            )

        kept = verdict("EXTRA-1", attacked=data(0.5))
        assert kept.outcome == "reproduced"
        assert kept.measured.startswith("0 of 60 designs broken")
        assert "relative: +5.0e-01" in kept.measured
        broken = verdict("EXTRA-1", attacked=data(-0.5))
        assert broken.outcome == "not reproduced"
        assert not broken.measured.startswith("0 of")
