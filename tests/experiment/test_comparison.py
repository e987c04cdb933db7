"""Which trials means are over, and what verdicts make of them: made-up results in which every outcome is forced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from leoisac.experiment.contracts import Verdict
from leoisac.experiment.reading.comparison import collapsed, common_trials, comparison_text, masked, viewed
from leoisac.experiment.reading.left_out import cells_text
from leoisac.experiment.reading.statistics import summary, usable_share
from leoisac.experiment.reading.verdicts import (
    Estimate,
    against_published,
    difference,
    estimate,
    graded,
    ratio,
    relative_gain,
    saturation,
    undetermined,
)
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.config import ConfigError

POWERS = [1.0, 2.0, 3.0]


def results(usable: Any, rate: Any = None, status: Any = None) -> xr.Dataset:
    """Schemes a, b over powers and ten trials; the rate is the trial's number unless given."""
    usable = np.broadcast_to(np.asarray(usable, dtype=bool), (2, 3, 10)).copy()
    rate = np.broadcast_to(np.arange(10.0) if rate is None else rate, (2, 3, 10))
    dims = ("scheme", "power", "trial")
    return xr.Dataset(
        {
            "usable": (dims, usable),
            "status": (dims, np.zeros((2, 3, 10), dtype=np.int8) if status is None else status),
            "rate": (dims, np.where(usable, rate, np.nan), {"long_name": "rate", "units": "bit/s/Hz"}),
        },
        {"scheme": ["a", "b"], "power": POWERS, "trial": np.arange(10)},
        {"alive": ["rate"]},
    )


class TestCommonTrials:
    def test_points_that_lose_different_trials_are_compared_over_the_same_ones(self) -> None:
        usable = np.ones((2, 3, 10), dtype=bool)
        usable[0, 0, :3] = False  # the first point loses the three worst trials, the last the two best
        usable[0, 2, 8:] = False
        data = results(usable)
        assert summary(data, "rate", view="usable")["mean"].sel(scheme="a").values.tolist() == [6.0, 4.5, 3.5]
        numbers = summary(data, "rate")
        assert numbers["mean"].values.tolist() == [[5.0] * 3] * 2  # trials 3 to 7, everywhere
        assert (numbers["count"] == 5).all()
        assert numbers["usable_share"].sel(scheme="a").values.tolist() == [0.7, 1.0, 0.8]
        said = "means over the 5 of 10 trials that all schemes can use at all points compared, with 95 % intervals"
        assert numbers.attrs["caption"] == said
        alone = comparison_text(viewed(data.isel(scheme=0)))
        assert alone == "means over the 5 of 10 trials that can be used at all points compared, with 95 % intervals"

    def test_what_hardly_ever_works_is_left_out_and_not_the_trials(self) -> None:
        usable = np.ones((2, 3, 10), dtype=bool)
        usable[1, 0, 2:] = False  # two of ten: no more than a fifth
        trials, cells = common_trials(results(usable))
        assert trials.all()
        assert cells.values.tolist() == [[True] * 3, [False, True, True]]
        numbers = summary(results(usable), "rate")
        assert np.isnan(numbers["mean"].sel(scheme="b", power=1.0))
        assert float(numbers["usable_share"].sel(scheme="b", power=1.0)) == 0.2

    @pytest.mark.parametrize(
        ("lost", "named"),
        [
            ({"a": [0]}, "a at 1 dBW"),
            ({"a": [0, 1, 2]}, "a"),
            ({"a": [0, 2], "b": [0]}, "all schemes at 1 dBW; a at 3 dBW"),
            ({"a": [0, 1], "b": [1, 2]}, "all schemes at 2 dBW; a at 1 dBW; b at 3 dBW"),
        ],
    )
    def test_captions_name_what_is_left_out(self, lost: dict[str, list[int]], named: str) -> None:
        usable = np.ones((2, 3, 10), dtype=bool)
        for scheme, points in lost.items():
            usable["ab".index(scheme), points, 1:] = False
        data = results(usable, rate=1.0)
        data["power"].attrs["units"] = "dBW"
        said = comparison_text(viewed(data))
        assert said.endswith(f"compared, with 95 % intervals; left out (at most a fifth usable in common): {named}")

    def test_what_is_left_out_is_named_in_ranges_and_blocks(self) -> None:
        names = {"scheme": ["a", "b", "c"], "num_users": [2, 4, 6, 8], "place": ["x", "y"]}
        cells = xr.DataArray(np.zeros((3, 4, 2), dtype=bool), coords=names)
        data = cells.coords.to_dataset()
        cells[0, 1:, 0] = cells[2, 1:, 0] = True
        assert cells_text(cells, data) == "a and c at num_users = 4 to 8 and place = x"
        cells[0, 0, 1] = True
        assert cells_text(cells, data) == "a at 4 of 8 points; c at num_users = 4 to 8 and place = x"
        assert cells_text(cells.isel(scheme=2), data.isel(scheme=2)) == "c at num_users = 4 to 8 and place = x"
        row = xr.DataArray(
            [[1, 1, 0, 1], [1, 1, 1, 1], [0, 1, 1, 1]], coords={k: names[k] for k in ("scheme", "num_users")}
        )
        said = "b; all others at num_users = 4 and 8; a at num_users = 2; c at num_users = 6"
        assert cells_text(row == 1, row.coords.to_dataset()) == said
        assert cells_text(row >= 0, row.coords.to_dataset()) == "a, b and c"

    def test_trials_that_some_points_have_not_run_do_not_count(self) -> None:
        status = np.zeros((2, 3, 10), dtype=np.int8)
        status[0, 0, 4:] = NOT_RUN
        data = results(status != NOT_RUN, status=status)
        assert (summary(data, "rate")["count"] == 4).all()

    def test_captions_say_of_how_many_trials(self) -> None:
        status = np.zeros((2, 3, 10), dtype=np.int8)
        status[0, 0, 4:] = NOT_RUN
        data = results(status != NOT_RUN, status=status)
        assert comparison_text(viewed(data, "usable")).startswith("means over the usable ones of 4 to 10 trials")
        assert comparison_text(viewed(results(True), "usable")).startswith("means over the usable ones of 10 trials")

    def test_a_scheme_that_was_not_run_does_not_set_what_is_few(self) -> None:
        status = np.zeros((2, 3, 10), dtype=np.int8)
        status[1] = NOT_RUN
        usable = status != NOT_RUN
        usable[0, 0, 2:] = False  # two of ten
        _, cells = common_trials(results(usable, status=status))
        assert cells.values.tolist() == [[False, True, True], [False] * 3]

    def test_one_trial_has_a_share(self) -> None:
        status = np.full((2, 3, 10), NOT_RUN, dtype=np.int8)
        status[..., 0] = 0
        assert (usable_share(results(status != NOT_RUN, status=status)) == 1.0).all()
        assert (usable_share(results(np.arange(10) < 5)) == 0.5).all()

    def test_all_trials_count_as_zero_in_the_other_view(self) -> None:
        usable = np.ones((2, 3, 10), dtype=bool)
        usable[0, 0, :5] = False
        numbers = summary(results(usable, rate=2.0), "rate", view="all")
        assert float(numbers["mean"].sel(scheme="a", power=1.0)) == 1.0
        assert "counted as zero" in numbers.attrs["caption"]

    def test_none_and_an_unknown_view(self) -> None:
        numbers = summary(results(False), "rate")
        assert numbers["mean"].isnull().all()
        assert numbers.attrs["caption"].startswith("no trial is compared: no scheme can use more than a fifth")
        with pytest.raises(ConfigError, match="common, all, usable"):
            viewed(results(True), "best")

    def test_who_has_no_design_has_not_collapsed(self) -> None:
        usable = np.ones((2, 3, 10), dtype=bool)
        usable[1, :, :5] = False
        everybody = viewed(results(usable, rate=1.0), "all")
        assert not collapsed(everybody).any()
        assert "collapsed" not in comparison_text(everybody)

    def test_collapsed_designs_are_counted_and_named(self) -> None:
        rate = np.full((2, 3, 10), 1.0)
        rate[1, :, 4] = 0.0
        data = results(True, rate)
        assert collapsed(data).sum("trial").values.tolist() == [[0, 0, 0], [1, 1, 1]]
        assert summary(data, "rate")["collapsed"].values.tolist() == [[0, 0, 0], [1, 1, 1]]
        assert "collapsed (zero rate): b 10%" in comparison_text(viewed(data))
        for names, ends in (("xyz", "x 10%"), ("wxyz", "and others")):
            several = viewed(data.isel(scheme=[1] * len(names)).assign_coords(scheme=list(names)))
            assert comparison_text(several).endswith(ends)


def test_what_is_not_compared_is_missing() -> None:
    """Against the plain way, also for arrays with axes of their own and for axes in another order."""
    rng = np.random.default_rng(3)
    data = results(rng.random((2, 3, 10)) < 0.9)
    wide = data["rate"].expand_dims(user=2).transpose(*data["rate"].dims, "user") + np.arange(2.0)
    data = data.assign(wide=wide, turned=data["rate"].transpose(*reversed(data["rate"].dims)), count=data["status"])
    seen, found = viewed(data), masked(data)
    for name in ("rate", "wide", "turned"):
        xr.testing.assert_identical(found[name], seen[name].where(seen["usable"]).transpose(*seen[name].dims))
    xr.testing.assert_identical(found["count"], seen["count"])
    assert masked(data) is found
    other = data.assign(rate=data["rate"] + 1.0)
    assert masked(other) is not found
    xr.testing.assert_identical(masked(other)["rate"], found["rate"] + 1.0)


def sample(mean: float, spread: float = 0.1, count: int = 40) -> xr.DataArray:
    values = np.random.default_rng(0).normal(size=count)
    values = (values - values.mean()) / values.std(ddof=1)
    return xr.DataArray(mean + spread * values, dims="trial")


class TestVerdicts:
    def test_reproduced_only_within_the_interval(self) -> None:
        found = relative_gain(sample(1.2, 0.05), sample(1.0, 0.04))
        assert found.mean == pytest.approx(0.2, abs=1e-9)
        plain = ratio(sample(1.2, 0.05), sample(1.0, 0.04))
        assert [found.low, found.high] == pytest.approx([plain.low - 1.0, plain.high - 1.0])
        assert against_published([(found, 0.2)], "", False).outcome == "reproduced"
        assert against_published([(found, 0.22)], "", False).outcome == "reproduced within 25 %"
        assert against_published([(found, 0.5)], "", True).outcome == "partly"
        assert against_published([(found, 0.5)], "", False).outcome == "not reproduced"
        assert against_published([(found, 0.2), (found, 0.5)], "", False).outcome == "not reproduced"
        assert against_published([(Estimate(1.0, np.nan, np.nan, 1), 1.0)], "").outcome == "insufficient"

    def test_intervals_end_where_the_quantity_does(self) -> None:
        share = {"valid_min": 0.0, "valid_max": 1.0}
        rare = xr.DataArray([0.0] * 39 + [4e-4], dims="trial", attrs=share)
        assert (estimate(rare).low, estimate(rare.drop_attrs()).low < 0.0) == (0.0, True)
        assert estimate(rare).text(".2%") == "0.00% [0.00%, 0.00%]"
        yes = estimate(xr.DataArray([1.0] * 38 + [0.0] * 2, dims="trial", attrs=share))
        assert (yes.low, yes.high) == pytest.approx((0.835, 0.986), abs=1e-3)  # Wilson's
        nothing = xr.DataArray([0.0] * 40, dims="trial", attrs=share)
        assert difference(nothing, rare).text("+.2%") == "-0.00% [-0.00%, +0.00%]"
        # What keeps the attributes of the metrics that it is made of, and goes beyond them, is no such quantity.
        assert estimate((nothing - rare).assign_attrs(share)).low < 0.0

    def test_a_number_without_signs_has_no_signed_zero(self) -> None:
        assert Estimate(-1e-6, -2e-6, 3e-6, 9).text(".1%") == "0.0% [0.0%, 0.0%]"
        assert Estimate(-0.5, -2e-6, 3e-6, 9).text(".2f") == "-0.50 [0.00, 0.00]"
        assert Estimate(-1e-6, -2e-6, -1e-7, 9).text() == "-0.00 [-0.00, -0.00]"  # surely below zero, and says so

    def test_outcomes_are_words_of_the_list(self) -> None:
        assert graded(True, True, "", 2, "c").outcome == "reproduced"
        assert graded(False, True, "", 2, "c").outcome == "partly"
        assert graded(False, False, "", 2, "c").outcome == "not reproduced"
        assert graded(True, True, "", 1, "c").outcome == "insufficient"
        assert undetermined("", 5, "why").outcome == "not determined"
        assert Verdict("reproduced within 10 %", "", 3).outcome
        with pytest.raises(ValueError, match="must be one of"):
            Verdict("nearly", "", 3)

    def test_a_fall_is_no_saturation(self) -> None:
        def steps(*means: float, half: float = 0.05) -> list[Estimate]:
            return [Estimate(mean, mean - half, mean + half, 40) for mean in means]

        assert saturation(steps(1.0, 0.5, 0.0)).flat
        slow = saturation(steps(1.0, 0.5, 0.4))
        assert slow.shrinks
        assert not slow.flat
        fall = saturation(steps(1.0, 0.5, -0.4))
        assert fall.falls
        assert not fall.flat
        assert not fall.shrinks
        assert not saturation(steps(1.0, 1.2, 1.3)).shrinks
        again = saturation(steps(4.0, 1.0, 0.5, 0.7, 0.9))
        assert again.grows
        assert not again.flat  # though the last step is less than a quarter of the largest
        assert not again.shrinks
        level = saturation(steps(2.0, 3.0, 0.1, 0.1 + 1e-12, half=0.0))  # before the largest and within rounding
        assert not level.grows
        assert level.flat
        assert not saturation(steps(0.0, 0.0, 0.0)).rises

    def test_pairs_tell_what_means_alone_do_not(self) -> None:
        first, second = sample(5.0, 1.0), sample(4.9, 1.0)
        assert difference(first, second).above  # the same drops: the spread is common
        assert ratio(first, second).low > 1.0
        shuffled = second.copy(data=np.random.default_rng(1).permutation(second.values))
        assert not difference(first, shuffled).above
        assert str(difference(first, second)) == "+0.10 [+0.10, +0.10]"
