"""Claims about algorithms and sensing on made numbers: every criterion tells both sides apart."""

import numpy as np
import pytest
from made_studies import LEVEL, SYSTEM, made, saturating, verdict

from leoisac.foundation.status import Status
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.evidence import common_aperture_figures
from leoisac.systems.self_backhaul.evidence.common_aperture_figures import check_lobes, check_sidelobes, design, lobes
from leoisac.systems.self_backhaul.evidence.sensing_figures import characteristic, detection
from leoisac.systems.self_backhaul.judge.evaluate import parameters


class TestConvergence:
    def made(self, **metrics):
        return made(SYSTEM, "convergence", saturating("convergence"), 20, **metrics)

    def test_a_rise_is_monotone_and_a_dip_is_not(self):
        assert verdict("F2-1", convergence=self.made()).outcome == "reproduced"
        dip = self.made(history=lambda s, c, luck, rates: np.stack([rates - 1.0, rates, 0.99 * rates], axis=1))
        assert verdict("F2-1", convergence=dip).outcome == "not reproduced"
        unfinished = self.made(status=lambda s, c, luck, rates: np.full(len(rates), int(Status.MAX_STEPS)))
        assert verdict("F2-1", convergence=unfinished).outcome == "partly"

    @pytest.mark.parametrize(
        ("count", "outcome"), [(20, "reproduced"), (16, "reproduced within 25 %"), (6, "not reproduced")]
    )
    def test_iterations_are_those_of_the_published_route(self, count, outcome):
        other = 20 - count

        def counts(scheme, *_):
            return np.full(20, count if scheme.endswith("published") else other)

        data = self.made(iterations=counts)
        found = verdict("F2-2", convergence=data)
        assert found.outcome == outcome
        assert found.trials == 20
        assert "2.0 to 99.9 %" in found.measured

    def test_without_the_published_route_nothing_is_said(self):
        data = self.made().sel(scheme=["pa1:reference"])
        for claim in ("F2-1", "F2-2"):
            assert verdict(claim, convergence=data).outcome == "insufficient"

    @pytest.mark.parametrize(
        ("robust", "known", "outcome"),
        [
            ((10, 10), 20, "reproduced"),
            ((10, 3), 20, "partly"),
            ((10, 10), 8, "not reproduced"),
            ((10, 10), 10.5, "not reproduced"),
            ((15, 15), 20, "partly"),  # not ten, but fewer
            ((15, 15), 15, "not reproduced"),
            ((10, 30), 20, "not reproduced"),
        ],
    )
    def test_iterations_of_the_robust_design(self, robust, known, outcome):
        """Under every reading of the error radius, as with its rate (F5-2)."""
        of = dict(zip(("noise-normalised", "relative"), robust, strict=True))
        data = made(
            SYSTEM,
            "robust-convergence",
            saturating("robust-convergence"),
            6,
            iterations=lambda scheme, changes, *_: (
                (of[changes["error_model"]] if scheme == "pa2:published" else known) + np.arange(6) % 2
            ),
        )
        assert verdict("F2-3", robust_convergence=data).outcome == outcome

    def test_who_is_broken_off_was_not_quick(self):
        """A fall of the objective ends the printed algorithm early: such runs do not count as few iterations."""
        falls = np.arange(12) >= 8

        def history(scheme, changes, luck, rates):
            fallen = falls & (scheme == "pa2:published")
            return np.stack([rates - 1.0, rates, np.where(fallen, 0.9, 1.0) * rates], axis=1)

        def iterations(scheme, *_):
            return np.where(falls, 2, 10 + (-1) ** np.arange(12)) if scheme == "pa2:published" else np.full(12, 20)

        name = "robust-convergence"
        data = made(SYSTEM, name, saturating(name), 12, history=history, iterations=iterations)
        found = verdict("F2-3", robust_convergence=data)
        assert found.outcome == "reproduced"
        assert found.measured.count(": 10.0 [") == found.measured.count("(4 of 12 drops broken off") == 2
        assert found.trials == 8


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
        dip = made(
            SYSTEM,
            "pattern-threshold",
            lambda s, c, luck: rate(s, c, luck) - 0.2 * (c["pattern_min_w"] == 10.0),
            20,
            detection_probability=detected,
        )
        assert verdict("F4-1", pattern_threshold=dip).outcome == "not reproduced"
        tiny = made(
            SYSTEM,
            "pattern-threshold",
            lambda scheme, changes, luck: 17.0 - changes["pattern_min_w"] / 20_000.0 + luck,
            20,
            detection_probability=detected,
        )
        assert verdict("F4-1", pattern_threshold=tiny).outcome == "not reproduced"
        reverse = made(SYSTEM, "pattern-threshold", rate, 20, detection_probability=lambda *a: 1.0 - detected(*a))
        assert verdict("F4-1", pattern_threshold=reverse).outcome == "not reproduced"

    def test_rivals_of_the_trade_off(self):
        name = "threshold-rivals"

        def rate(scheme, changes, luck):
            return LEVEL[scheme] - changes["pattern_min_w"] / 400.0 + luck

        def detected(share):
            return lambda scheme, c, luck, rates: np.full(
                len(luck), c["pattern_min_w"] / 250.0 * (1.0 if scheme == "pa1" else share)
            )

        lower = {"threshold_rivals": made(SYSTEM, name, rate, detection_probability=detected(0.5))}
        assert verdict("F4-2", **lower).outcome == "reproduced"
        assert verdict("ABS-1", **lower).outcome == "reproduced"
        same = {"threshold_rivals": made(SYSTEM, name, rate, detection_probability=detected(1.0))}
        assert verdict("F4-2", **same).outcome == "reproduced"
        assert verdict("ABS-1", **same).outcome == "not reproduced"
        # Beyond doubt and yet nothing: what solvers leave between two designs at one threshold.
        hardly = {"threshold_rivals": made(SYSTEM, name, rate, detection_probability=detected(1.0 - 1e-4))}
        assert verdict("ABS-1", **hardly).outcome == "not reproduced"

        def as_if_sharing_time(scheme, *others):
            return detected(0.5 if scheme.startswith("tdma") else 1.0)(scheme, *others)

        some = {"threshold_rivals": made(SYSTEM, name, rate, detection_probability=as_if_sharing_time)}
        assert verdict("ABS-1", **some).outcome == "partly"
        more = {"threshold_rivals": made(SYSTEM, name, rate, detection_probability=detected(1.2))}
        assert verdict("F4-2", **more).outcome == verdict("ABS-1", **more).outcome == "not reproduced"
        fair = made(
            SYSTEM,
            name,
            lambda s, c, luck: rate(s, c, luck) + 3.0 * (s == "ibs-aware"),
            detection_probability=detected(1.0),
        )
        assert verdict("F4-2", threshold_rivals=fair).outcome == "partly"
        close = made(
            SYSTEM,
            name,
            lambda s, c, luck: (LEVEL["pa1"] - 0.01 if s == "das" else LEVEL[s]) - c["pattern_min_w"] / 400.0 + luck,
            detection_probability=detected(1.0),
        )
        assert verdict("F4-2", threshold_rivals=close).outcome == "not reproduced"
        lost = made(
            SYSTEM,
            name,
            lambda s, c, luck: rate(s, c, luck) + (np.nan if s == "tdma" else 0.0),
            detection_probability=detected(1.0),
        )
        assert verdict("F4-2", threshold_rivals=lost).outcome == "not reproduced"  # who is not compared is not led

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
        assert found.outcome == "reproduced"
        assert "within 10 dB: none" in found.measured
        assert "16 elements -40°, +40°" in found.measured
        assert lobes(design(16)).wanted == 6
        assert lobes(design(7)).wanted == 2
        # Without the base station's beams no user has a lobe.
        assert lobes(design(16, "sensing"), "sensing").wanted == len(common_aperture_figures.TARGETS_DEG)


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
        assert "pa2 -5.0e-02 to" in found.measured
        assert verdict("EXTRA-2", **data({"pa1": 0.05})).outcome == "not reproduced"

    @pytest.mark.parametrize(("gap", "outcome"), [(0.001, "reproduced"), (0.5, "not reproduced")])
    def test_pattern_modes(self, gap, outcome):
        data = made(
            SYSTEM, "pattern-mode", lambda s, changes, luck: 14.0 + gap * (changes["pattern_mode"] == "joint") + luck
        )
        assert verdict("EXTRA-4", pattern_mode=data).outcome == outcome

    @pytest.mark.parametrize(
        ("printed", "spread", "outcome"),
        [
            (0.0, 0.0, "reproduced"),
            (0.0, 0.1, "not reproduced"),
            (-0.5, 0.0, "not reproduced"),  # surely lower is no weaker form of "the same"
            (0.5, 0.0, "not reproduced"),
        ],
    )
    def test_forms_of_the_procedure(self, printed, spread, outcome):
        def rate(scheme, changes, luck):
            apart = printed + spread * (-1.0) ** np.arange(len(luck))
            return 14.0 + apart * (scheme == "pa1:published") + luck

        found = verdict("EXTRA-3", procedure_forms=made(SYSTEM, "procedure-forms", rate))
        assert found.outcome == outcome
        assert "iterations 10.0 with free rates (route reference)" in found.measured

    @pytest.mark.parametrize(
        ("stopped", "apart", "outcome"),
        [
            (20, 0.0, "partly"),
            (20, 0.1, "not reproduced"),  # apart where both have ended, too
            (30, 0.0, "not reproduced"),  # 10 of 40 are too few to go by
            (40, 0.0, "not reproduced"),
        ],
    )
    def test_who_is_stopped_has_not_reached_an_optimum(self, stopped, apart, outcome):
        late = np.arange(40) < stopped

        def rate(scheme, changes, luck):
            return 14.0 - np.where(late, 0.5, apart) * (scheme == "pa1:published") + luck

        def status(scheme, *_):
            return np.where(late & (scheme == "pa1:published"), int(Status.MAX_STEPS), int(Status.CONVERGED))

        found = verdict("EXTRA-3", procedure_forms=made(SYSTEM, "procedure-forms", rate, 40, status=status))
        assert found.outcome == outcome
        assert f"both end by their tolerance in {40 - stopped} trials" in found.measured
        assert ("over these" in found.measured) == (stopped < 40)

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
