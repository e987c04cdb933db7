"""Intervals against closed forms, tables and simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from leoisac.experiment.reading.statistics import (
    bootstrap_interval,
    mean_interval,
    paired_difference,
    quantile_interval,
    quantiles,
    ratio_interval,
    share_interval,
    summary,
)
from leoisac.foundation.number_text import interval_text


def trials(values: object) -> xr.DataArray:
    return xr.DataArray(np.asarray(values, dtype=float), dims=("trial",))


class TestMean:
    def test_against_the_table_of_student(self) -> None:
        """n = 5: t_{0.975, 4} = 2.776445; values 1..5 have s = sqrt(2.5)."""
        result = mean_interval(trials([1, 2, 3, 4, 5]))
        assert float(result["mean"]) == 3
        assert float(result["high"]) - 3 == pytest.approx(2.776445105 * np.sqrt(2.5 / 5), rel=1e-9)
        assert 3 - float(result["low"]) == pytest.approx(float(result["high"]) - 3)

    def test_missing_values_are_left_out(self) -> None:
        full = mean_interval(trials([1, 2, 4]))
        holes = mean_interval(trials([1, np.nan, 2, np.nan, 4]))
        xr.testing.assert_equal(full, holes)
        assert int(holes["count"]) == 3

    def test_of_one_value_and_of_none(self) -> None:
        one, none = mean_interval(trials([2, np.nan])), mean_interval(trials([np.nan, np.nan]))
        assert float(one["mean"]) == 2
        assert np.isnan([one["low"], one["high"], none["mean"], none["low"]]).all()
        assert int(none["count"]) == 0

    def test_covers_as_often_as_it_says(self) -> None:
        values = np.random.default_rng(0).normal(size=(4000, 6))
        result = mean_interval(xr.DataArray(values, dims=("study", "trial")))
        covered = float(((result["low"] <= 0) & (result["high"] >= 0)).mean())
        assert covered == pytest.approx(0.95, abs=0.012)


class TestShare:
    def test_against_published_values(self) -> None:
        """R. G. Newcombe, Statist. Med. 17 (1998), Table I, method 3: 81/263, 15/148, 0/20, 1/29."""
        published = {
            (81, 263): (0.2553, 0.3662),
            (15, 148): (0.0624, 0.1605),
            (0, 20): (0, 0.1611),
            (1, 29): (0.0061, 0.1718),
        }
        for (successes, count), (low, high) in published.items():
            result = share_interval(xr.DataArray(successes), xr.DataArray(count))
            assert float(result["low"]) == pytest.approx(low, abs=5e-5)
            assert float(result["high"]) == pytest.approx(high, abs=5e-5)

    def test_stays_within_bounds(self) -> None:
        result = share_interval(xr.DataArray([0, 20]), xr.DataArray([20, 20]))
        assert float(result["low"][0]) == 0
        assert float(result["high"][1]) == 1

    def test_of_no_trials(self) -> None:
        result = share_interval(xr.DataArray(0), xr.DataArray(0))
        assert np.isnan([result["share"], result["low"], result["high"]]).all()


def dataset() -> xr.Dataset:
    rate = np.asarray([[1.0, 2.0, 3.0, np.nan, np.nan], [0.5, 1.0, np.nan, 4.0, np.nan]])
    status = np.asarray([[0, 0, 0, 3, -1], [0, 0, 5, 0, -1]], dtype=np.int8)
    return xr.Dataset(
        {
            "rate": (("scheme", "trial"), rate, {"long_name": "rate", "units": "bit/s/Hz"}),
            "status": (("scheme", "trial"), status),
            "usable": (("scheme", "trial"), np.isfinite(rate)),
        },
        coords={"scheme": ["a", "b"]},
        attrs={"system": "any"},
    )


def test_summary() -> None:
    assert summary(dataset(), "rate")["mean"].values.tolist() == [1.5, 0.75]  # over the two trials in common
    result = summary(dataset(), "rate", view="usable")
    np.testing.assert_allclose(result["mean"], [2.0, 5.5 / 3])
    np.testing.assert_array_equal(result["count"], [3, 3])
    np.testing.assert_allclose(result["usable_share"], [0.75, 0.75])  # of the four trials that were run
    assert (result["usable_low"] < 0.75).all()
    assert result.attrs["units"] == result["mean"].attrs["units"] == "bit/s/Hz"


def test_paired_difference_uses_common_trials() -> None:
    result = paired_difference(dataset(), "rate", "a", "b")
    expected = mean_interval(trials([0.5, 1.0]))
    np.testing.assert_allclose(result["mean"], expected["mean"])
    np.testing.assert_allclose(result["high"], expected["high"])
    assert int(result["count"]) == 2


def test_axes_of_a_metric_stay() -> None:
    data = dataset()
    data["user_rate"] = data["rate"].expand_dims(user=2, axis=-1)
    result = summary(data, "user_rate")
    assert result["mean"].dims == ("scheme", "user")
    assert result["usable_share"].dims == ("scheme",)


class TestBootstrap:
    def test_of_normal_values_it_is_students(self) -> None:
        values = trials(np.random.default_rng(3).normal(5, 1, 4000))
        student, bootstrap = mean_interval(values), mean_interval(values, method="bootstrap")
        assert float(bootstrap["mean"]) == float(student["mean"])
        for name in ("low", "high"):
            assert float(bootstrap[name]) == pytest.approx(float(student[name]), abs=3e-3)

    def test_of_values_with_many_ties_it_is_the_exact_one(self) -> None:
        """All 45 ways to draw eight of 0, 1 and 4: half of those whose mean is the sample's lie below it."""
        shares, values = np.array([5, 2, 1]) / 8, np.array([0.0, 1.0, 4.0])
        ways = np.array([(a, b, 8 - a - b) for a in range(9) for b in range(9 - a)])
        chance, means = stats.multinomial.pmf(ways, 8, shares), ways @ values / 8
        mean = shares @ values
        z0 = stats.norm.ppf(chance[means < mean].sum() + 0.5 * chance[means == mean].sum())
        acceleration = shares @ (values - mean) ** 3 / (6 * np.sqrt(8) * (shares @ (values - mean) ** 2) ** 1.5)
        z = z0 + stats.norm.ppf([0.025, 0.975])
        levels = stats.norm.cdf(z0 + z / (1 - acceleration * z))
        order = np.argsort(means, kind="stable")
        exact = means[order][np.searchsorted(np.cumsum(chance[order]), levels)]
        found = bootstrap_interval(trials(np.repeat(values, [5, 2, 1])), resamples=40_000)
        assert [float(found["low"]), float(found["high"])] == pytest.approx(list(exact))

    def test_the_same_again(self) -> None:
        values = xr.DataArray(np.random.default_rng(0).exponential(size=(3, 40)), dims=("scheme", "trial"))
        xr.testing.assert_identical(bootstrap_interval(values), bootstrap_interval(values))
        xr.testing.assert_identical(bootstrap_interval(values)["low"][1], bootstrap_interval(values[1])["low"])

    def test_skewed_values_are_covered_better_than_by_students(self) -> None:
        """Means of 20 log-normal values: the longer tail is on the right, and so is the longer arm."""
        generator = np.random.default_rng(1)
        values = xr.DataArray(generator.lognormal(0, 1, (400, 20)), dims=("study", "trial"))
        truth = np.exp(0.5)

        def covered(result: xr.Dataset) -> float:
            return float(((result["low"] <= truth) & (truth <= result["high"])).mean())

        bootstrap = bootstrap_interval(values, resamples=600)
        assert covered(bootstrap) > covered(mean_interval(values)) - 0.01
        mean = values.mean("trial")
        assert float((bootstrap["high"] - mean).mean()) > 1.3 * float((mean - bootstrap["low"]).mean())

    def test_few_values(self) -> None:
        result = bootstrap_interval(xr.DataArray([[1, np.nan], [2, 2.0]], dims=("scheme", "trial")))
        assert np.isnan(result["low"][0])
        assert (float(result["low"][1]), float(result["high"][1])) == (2, 2)

    def test_unknown_method(self) -> None:
        with pytest.raises(ValueError, match="must be one of student, bootstrap"):
            mean_interval(trials([1, 2]), method="magic")


class TestQuantiles:
    def test_against_binomial_tables(self) -> None:
        """Median: P(B < 10) = 0.0214, P(B < 11) = 0.0494 of 30; P(B < 40) = 0.0176, P(B < 41) = 0.0284 of 100."""
        for count, ranks in {30: (10, 21), 100: (40, 61)}.items():
            result = quantile_interval(trials(np.random.default_rng(0).permutation(count) + 1))
            assert (float(result["low"]), float(result["high"])) == ranks
            assert float(result["value"]) == (count + 1) / 2

    def test_a_bound_that_nothing_gives_is_missing(self) -> None:
        result = quantile_interval(trials(np.arange(20)), 0.99)
        assert np.isnan(result["high"])
        assert float(result["low"]) == 18

    def test_covers_as_often_as_it_says(self) -> None:
        values = xr.DataArray(np.random.default_rng(5).exponential(size=(3000, 25)), dims=("study", "trial"))
        result = quantile_interval(values, 0.3)
        truth = -np.log(0.7)
        assert float(((result["low"] <= truth) & (truth <= result["high"])).mean()) >= 0.945

    def test_of_a_dataset(self) -> None:
        result = quantiles(dataset(), "rate", (0.25, 0.5))
        assert result["value"].dims == ("quantile", "scheme")
        np.testing.assert_allclose(result["value"].sel(quantile=0.5), [2, 1])
        assert result["value"].attrs["units"] == "bit/s/Hz"
        with pytest.raises(ValueError, match="between 0 and 1"):
            quantile_interval(trials([1]), 1.0)


class TestRatio:
    def test_of_proportional_values_is_certain(self) -> None:
        first = trials([3, 6, np.nan, 9])
        found = ratio_interval(first, first / 1.5)
        assert float(found["mean"]) == pytest.approx(1.5)
        assert float(found["high"]) - float(found["low"]) < 1e-12
        assert int(found["count"]) == 3

    def test_over_a_constant_it_is_the_means(self) -> None:
        first = trials(np.random.default_rng(2).exponential(size=12))
        found, mean = ratio_interval(first, xr.full_like(first, 4.0)), bootstrap_interval(first)
        assert float(found["low"]) == pytest.approx(float(mean["low"]) / 4.0, rel=1e-12)
        assert float(found["high"]) == pytest.approx(float(mean["high"]) / 4.0, rel=1e-12)

    def test_covers_as_often_as_it_says(self) -> None:
        """Correlated pairs with means 2 and 1, three hundred studies of thirty trials."""
        rng = np.random.default_rng(3)
        common = rng.gamma(4.0, 0.25, (300, 30))
        first = xr.DataArray(2.0 * common * rng.gamma(9.0, 1 / 9, common.shape), dims=("study", "trial"))
        second = xr.DataArray(common, dims=("study", "trial"))
        found = ratio_interval(first, second, resamples=400)
        covered = float(((found["low"] <= 2.0) & (found["high"] >= 2.0)).mean())
        assert 0.90 <= covered <= 0.98
        alone = mean_interval(first / 1.0)
        assert float((found["high"] - found["low"]).mean()) < float((alone["high"] - alone["low"]).mean())

    def test_only_trials_that_both_have(self) -> None:
        found = ratio_interval(trials([1, 2, np.nan]), trials([np.nan, 4, 5]))
        assert float(found["mean"]) == 0.5
        assert int(found["count"]) == 1
        assert np.isnan(found["low"])


class TestBoundsOfQuantities:
    """No printed interval reaches beyond what a quantity can be."""

    @staticmethod
    def _data(values: Any, **attrs: float) -> xr.Dataset:
        values = np.asarray(values, float)
        shape = ("scheme", "trial")
        return xr.Dataset(
            {
                "m": (shape, values, {"long_name": "m", "units": "1", **attrs}),
                "usable": (shape, np.ones(values.shape, bool)),
                "status": (shape, np.zeros(values.shape, np.int8)),
            },
            {"scheme": ["a", "b"][: len(values)]},
        )

    def test_yes_and_no_have_wilson_intervals(self) -> None:
        found = summary(self._data([[1, 1, 0, 1], [0, 0, 0, 0]], valid_min=0.0, valid_max=1.0), "m")
        for row, (successes, count) in enumerate(((3, 4), (0, 4))):
            z, p = 1.959963984540054, successes / count
            centre, half = p + z**2 / (2 * count), z * np.sqrt(p * (1 - p) / count + z**2 / (4 * count**2))
            low, high = (centre - half) / (1 + z**2 / count), (centre + half) / (1 + z**2 / count)
            assert float(found["low"][row]) == pytest.approx(low if successes else 0.0, abs=1e-12)
            assert float(found["high"][row]) == pytest.approx(high, abs=1e-12)
        texts = [interval_text(*(float(found[n][row]) for n in ("mean", "low", "high")), 1.0) for row in (0, 1)]
        assert texts == ["0.75 (0.30 to 0.95)", "0.00 (0.00 to 0.49)"]

    def test_others_end_at_their_bounds(self) -> None:
        values = [[0.5, 1.0, 0.0], [0.2, 0.9, 0.5]]
        free, bound = (
            summary(self._data(values, **attrs), "m") for attrs in ({}, {"valid_min": 0.0, "valid_max": 1.0})
        )
        assert float(free["low"][0]) < 0.0
        assert float(bound["low"][0]) == 0.0
        assert float(bound["high"][0]) == 1.0
        assert (bound["mean"] == free["mean"]).all()
        one = summary(self._data([[3.0, 4.0]], valid_min=0.0), "m")
        assert float(one["low"][0]) == 0.0
        assert float(one["high"][0]) > 4.0

    def test_one_trial_has_no_interval(self) -> None:
        found = summary(self._data([[1.0]], valid_min=0.0, valid_max=1.0), "m")
        assert np.isnan(float(found["low"][0]))

    def test_tables_name_their_trials(self) -> None:
        from leoisac.cli.tables import result_table, shown_points

        data = self._data([[1, 1, 0, 1], [0, 0, 0, 0]], valid_min=0.0, valid_max=1.0)
        heading = result_table(summary(data.assign_coords(scheme_label=("scheme", ["A", "B"])), "m")).heading
        assert heading == "M: mean (95 % interval), [share of usable trials], 4 trials per point"
        assert shown_points(24) == list(range(24))
        few = shown_points(51)
        assert (few[0], few[-1], len(few)) == (0, 50, 12)


def test_shares_of_none_and_all_end_at_zero_and_one_exactly():
    trials = xr.DataArray(np.arange(1, 60), dims="n")
    assert (share_interval(0 * trials, trials)["low"] == 0.0).all()
    assert (share_interval(trials, trials)["high"] == 1.0).all()
