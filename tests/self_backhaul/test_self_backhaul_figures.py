"""Figures and claims on made numbers: every figure draws, every criterion tells both sides apart."""

import re
from pathlib import Path

import numpy as np
import pytest
from made_studies import SYSTEM, made, saturating

from leoisac.experiment.contracts import OUTCOMES, WITHIN, resolve
from leoisac.experiment.reading.comparison import viewed
from leoisac.experiment.reading.studies import draw_figure, with_plain_schemes
from leoisac.experiment.reading.verdicts import estimate
from leoisac.foundation.status import Status
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.evidence import common_aperture_figures
from leoisac.systems.self_backhaul.evidence.claims import CLAIMS
from leoisac.systems.self_backhaul.evidence.convergence_figures import carried_forward
from leoisac.systems.self_backhaul.evidence.declared import DEFAULTS, FIELDS, POINTS
from leoisac.systems.self_backhaul.evidence.equations import EQUATIONS
from leoisac.systems.self_backhaul.evidence.figures import FIGURES, published_otherwise
from leoisac.systems.self_backhaul.evidence.rates import (
    as_stored,
    by_route,
    delivered,
    ended,
    gaps,
    joined,
    routes,
    steps,
    usable_share,
)
from leoisac.systems.self_backhaul.evidence.sensitivity import changes
from leoisac.systems.self_backhaul.evidence.studies import STUDIES


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
        outcome = claim.check(data).outcome
        assert outcome in OUTCOMES or outcome.startswith(WITHIN)
        few = {name: dataset.isel(trial=slice(0, 2)) for name, dataset in data.items()}
        assert claim.check(few).measured
        if claim.studies:
            none = {name: unusable[name] for name in claim.studies}
            assert claim.check(none).outcome in ("insufficient", "not reproduced"), claim.name


def test_figures_claims_and_studies_belong_together():
    names = {study.name for study in STUDIES}
    assert all(set(item.studies) <= names for item in (*FIGURES, *CLAIMS))
    assert {f"fig-{number}" for number in range(2, 9)} <= {figure.name for figure in FIGURES}
    published = [claim.name for claim in CLAIMS if not claim.name.startswith("EXTRA") and "FAIR" not in claim.name]
    assert published == [
        *("F2-1", "F2-2", "F2-3", "F3-1", "F3-2", "F4-1", "F4-2", "ABS-1", "F5-1", "F5-2", "F5-3", "F5-4", "F5-5"),
        *("F6-1", "F6-2", "F7-1", "F7-2", "F7-3", "F8-1", "F8-2", "F8-3"),
    ]
    fair = [claim.name for claim in CLAIMS if claim.name.endswith("-FAIR")]
    assert [name.removesuffix("-FAIR") for name in fair] == ["F5-1", "F5-3", "F5-4", "F6-2", "F7-2", "F8-2", "F8-3"]
    assert len(resolve(SYSTEM.studies)) == len(names)


class TestRates:
    def test_routes_are_known_also_where_labels_do_not_say_them(self):
        data = made(SYSTEM, "robust-convergence", saturating("robust-convergence"), 2)
        assert data["scheme"].values.tolist() == ["pa1", "pa2:reference", "pa2:published"]
        assert routes(data) == {"pa1": "published", "pa2:reference": "reference", "pa2:published": "published"}
        assert by_route(data, "pa1", "published") is not None
        assert by_route(data, "pa1", "reference") is None
        assert as_stored(data)["scheme"].values[0] == "pa1:published"

    def test_a_procedure_counts_wherever_it_ended(self):
        def status(scheme, changes, luck, rates):
            return np.array([0, int(Status.INACCURATE), int(Status.FAILED), int(Status.INFEASIBLE)])

        data = made(
            SYSTEM,
            "convergence",
            lambda *_: np.array([1.0, np.nan, np.nan, np.nan]),
            4,
            status=status,
            history=lambda *_: np.array([[1.0, 2.0], [1.0, 3.0], [np.nan, np.nan], [1.0, 2.0]]),
        )
        assert ended(data)["usable"][0, 0].values.tolist() == [True, True, False, False]

    def test_another_study_joins_as_a_scheme_of_its_own(self):
        users = made(SYSTEM, "users", saturating("users"), 6)
        errors = made(SYSTEM, "relative-errors", lambda *_: 5.0, 4)
        whole = joined(users, "other", errors)
        assert whole["scheme"].values.tolist()[-1] == "other"
        assert whole.sizes["trial"] == 6
        usable = whole["usable"].sel(scheme="other")
        assert usable.dtype == bool
        assert usable.sum("trial").values.tolist() == [4, 4, 4, 4, 0]
        assert viewed(whole).attrs["common_trials"] == 4

    def test_differences_are_paired(self):
        """Drops differ by 3, schemes by exactly 2 and 1: the interval has no width."""
        data = made(SYSTEM, "satellite-power", saturating("satellite-power"), 30, spread=3.0)
        lead = gaps(data, "pa1", "das")[0]
        assert tuple(lead) == pytest.approx((5.0, 5.0, 5.0, 30), abs=1e-9)
        assert [step.mean for step in steps(data, "pa1")] == pytest.approx([2.0, 1.0, 0.1, 0.1])
        alone = estimate(delivered(data).sel(scheme="pa1").isel(satellite_power_dbw=0))
        assert alone.high - alone.low > 1.0

    def test_only_trials_that_both_can_use_count(self):
        def rate(scheme, changes, luck):
            value = np.arange(6.0)
            return np.where(value < (4 if scheme == "pa1" else 6), value, np.nan)

        data = made(SYSTEM, "satellite-power", rate, 6)
        assert gaps(viewed(data), "pa1", "das")[0] == (0.0, 0.0, 0.0, 4)
        assert int(viewed(data)["usable"].sel(scheme="das")[0].sum()) == 4
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
        held = carried_forward(data["history"]).sel(scheme="pa1:published").isel(satellite_power_dbw=0)
        np.testing.assert_array_equal(held, [[1.0, 2.0, 2.0], [1.0, 2.0, 3.0]])


class TestPublishedOtherwise:
    def studies(self, trials=200, **changes):
        name = "satellite-power"
        return {name: made(SYSTEM, name, saturating(name, {"ibs": -0.5}), trials, **changes)}

    def test_it_stands_on_the_full_study(self):
        text = published_otherwise("F5", self.studies())
        assert text.startswith("Published otherwise: ")
        assert "every scheme gains (partly)" in text

    def test_never_on_few_trials_and_never_on_another_setting(self):
        assert published_otherwise("F5", self.studies(20)) == ""
        other = self.studies()
        (data,) = other.values()
        data.attrs["scenario"] = data.attrs["scenario"].replace("num_users = 8", "num_users = 6")
        assert "num_users = 6" in data.attrs["scenario"]
        assert published_otherwise("F5", other) == ""

    def test_routes_behind_plain_labels_do_not_hide_it(self):
        robust = made(
            SYSTEM, "robust-convergence", saturating("robust-convergence"), 8, iterations=lambda *_: np.full(8, 25)
        )
        power = made(SYSTEM, "convergence", saturating("convergence"), 16, iterations=lambda *_: np.full(16, 30))
        text = published_otherwise("F2", {"convergence": power, "robust-convergence": robust})
        assert "PA2 needs about 10" in text


class TestSensitivity:
    def data(self):
        def rate(scheme, changes, luck):
            worse = 0.2 * (changes["gas_loss_db"] == 2.0) - 0.1 * (changes["feed_phase"] == "uniform")
            usable = np.where((np.arange(len(luck)) < 10) | (changes["shadowing_std_db"] < 8.0), 1.0, np.nan)
            return (10.0 + 0.1 * luck) * (1.0 - worse) * usable

        return made(SYSTEM, "sensitivity", rate, 20)

    def test_changes_are_paired_and_named(self):
        found = {(one.field, str(one.value)): one for one in changes(self.data(), "pa1")}
        assert len(found) == len(POINTS) - 1
        assert found["gas_loss_db", "2.0"].gain.mean == pytest.approx(-0.2)
        assert found["gas_loss_db", "2.0"].gain.high == pytest.approx(-0.2)
        assert found["feed_phase", "uniform"].gain.mean == pytest.approx(0.1)
        assert found["shadowing_std_db", "8.0"].usable == 0.5
        assert found["shadowing_std_db", "8.0"].gain.trials == 10

    def test_every_point_changes_one_declared_value(self):
        assert POINTS[0] == list(DEFAULTS.values())
        assert all(sum(a != b for a, b in zip(point, POINTS[0], strict=True)) == 1 for point in POINTS[1:])
        config = SelfBackhaulConfig()
        for point in POINTS:
            config.replace(**dict(zip(FIELDS, point, strict=True)))

    def test_the_tornado_has_the_largest_change_on_top(self):
        figure = draw_figure(SYSTEM, SYSTEM.figure("sensitivity"), {"sensitivity": self.data()})
        names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
        assert len(names) == len(POINTS) - 1
        assert names[0].startswith("gas_loss_db: 0.5 → ")
        assert "at least 10 of 20" in figure.get_supxlabel()
        labels = [axes.get_xlabel() for axes in figure.axes]
        assert labels == ["change of the delivered sum rate [%]"] * 2 + ["change of PA1's lead [bit/s/Hz]"] * 2

    def test_the_lead_has_a_sensitivity_of_its_own(self):
        """PA1 gains a fifth at one value, its rival half as much: a lead of 2 becomes one of 3."""

        def rate(scheme, changes, luck):
            lift = changes["pattern_min_w"] == 10.0
            return {"pa1": 10.0 + 2.0 * lift, "ibs-aware": 8.0 + 1.0 * lift}.get(scheme, 5.0) + luck

        found = changes(made(SYSTEM, "sensitivity", rate, 20), "pa1", "ibs-aware")
        gains = {str(one.value): one.gain for one in found if one.field == "pattern_min_w"}
        assert gains["10.0"].mean == pytest.approx(1.0)
        assert gains["0.1"].mean == pytest.approx(0.0)


class TestAxes:
    def test_drawn_lobes_stand_at_users_and_targets(self):
        figure = draw_figure(SYSTEM, SYSTEM.figure("fig-3"), {})
        angles, level = figure.axes[0].lines[0].get_data()
        peaks = angles[1:-1][(level[1:-1] > level[:-2]) & (level[1:-1] > level[2:]) & (level[1:-1] > -10.0)]
        for wanted in (*common_aperture_figures.USERS_DEG, *common_aperture_figures.TARGETS_DEG):
            assert np.min(np.abs(peaks - wanted)) < 1.2, wanted

    def test_targets_carry_their_directions(self):
        data = made(SYSTEM, "pattern-threshold", lambda *_: 1.0, 2)
        np.testing.assert_array_equal(data["target"], SelfBackhaulConfig().target_angles_deg)
        assert data["target"].attrs["units"] == "deg"

    def test_iterations_and_rounds_are_told_apart(self, studies):
        figure = draw_figure(SYSTEM, SYSTEM.figure("fig-2"), {n: studies[n] for n in SYSTEM.figure("fig-2").studies})
        labels = [axes.get_xlabel() for axes in figure.axes]
        assert labels == ["iteration", "iteration", "iteration"]
        alone = studies["convergence"].sel(scheme=["pa1"])
        figure = draw_figure(
            SYSTEM, SYSTEM.figure("fig-2"), {"convergence": alone, "robust-convergence": studies["robust-convergence"]}
        )
        assert figure.axes[0].get_xlabel() == "round of multipliers"

    def test_who_is_not_compared_is_named(self, studies):
        name = "satellite-power"
        regular = saturating(name)

        def rate(scheme, changes, luck):
            power = changes["satellite_power_dbw"]
            kept = {"tdma-fair": 1, "das-fair": 0 if power < 35.0 else 20}.get(scheme, 20)
            return np.where(np.arange(len(luck)) < kept, regular(scheme, changes, luck), np.nan)

        figure = draw_figure(SYSTEM, SYSTEM.figure("fig-5"), {name: made(SYSTEM, name, rate, 20)})
        caption = " ".join(figure.get_supxlabel().split())
        over = "means over the 20 of 20 trials that all schemes can use at all points compared"
        assert f"Rivals as published: {over}" in caption
        published, fair = caption.split("Fair rivals: ")
        assert fair.startswith(over)
        assert "left out" not in published
        left_out = fair.partition("left out (at most a fifth usable in common): ")[2]
        assert left_out.startswith("TDMA, fair; DAS, fair at 10 to 30")
        (legend,) = [axes.get_legend() for axes in figure.axes if axes.get_title(loc="left").endswith("fair rivals")]
        assert "TDMA, fair (not compared)" in [text.get_text() for text in legend.get_texts()]
        lost = made(SYSTEM, "detection", lambda s, c, luck: (np.nan if s == "das-fair" else 5.0) + luck, 20)
        figure = draw_figure(SYSTEM, SYSTEM.figure("detection"), {"detection": lost})
        assert [text.get_text() for text in figure.legends[0].get_texts()] == [
            "PA1 (proposed)",
            "TDMA, fair",
            "IBS, aware",
        ]
        said = " ".join(figure.get_supxlabel().split())
        assert "left out (at most a fifth usable in common): DAS, fair Lowest usable shares: DAS, fair 0%." in said

    def test_infeasible_rounds_look_like_none_that_count(self, studies):
        data = {**{n: studies[n] for n in SYSTEM.figure("fig-2").studies}}
        data["convergence"] = data["convergence"].sel(scheme=["pa1"])
        figure = draw_figure(SYSTEM, SYSTEM.figure("fig-2"), data)
        rounds = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
        assert len(rounds) == 3
        assert all(line.get_marker() in ("", "None", None) for line in rounds)
        ends = [line for line in figure.axes[0].lines if line.get_linestyle() == "None" and len(line.get_xdata()) == 1]
        assert ends
        assert "20 trials that end in a design everywhere" in figure.get_supxlabel()


def test_the_readme_shows_the_table_of_equations():
    text = (Path(common_aperture_figures.__file__).parents[1] / "README.md").read_text()
    rows = dict(re.findall(r"^\| (\([0-9][^|]*?) \| (.*?) \|$", text, re.MULTILINE))
    written = {key.replace("–", "-"): tuple(re.findall(r"`(.*?)`", value)) for key, value in rows.items()}
    known = {key: tuple(_place(place) for place in places) for key, places in EQUATIONS.items()}
    assert written == known


def _place(dotted):
    return dotted.removeprefix("leoisac.systems.self_backhaul.").replace(".", "/").replace(":", ".py: ")
