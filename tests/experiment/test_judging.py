"""What counts: statuses, masking, violations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leoisac.experiment.contracts import Scheme
from leoisac.experiment.trials.judge import failed, is_usable, judge, settled
from leoisac.foundation.status import Solution, Status, nonfinite_where

SCHEME = Scheme("any", "", {"fast": ":"}, enforces=("power", "rate"))
TOLERANCE = 1e-3


def outcome(status: list[int], margin: list[float], violation: list[float] | None = None, **metrics: Any) -> Any:
    count = len(status)
    solution = Solution(
        value=None,
        status=np.asarray(status),
        objective=np.arange(count) + 1.0,
        violation=np.zeros(count) if violation is None else np.asarray(violation),
        iterations=np.ones(count, int),
        history=np.full((count, 4), np.nan),
    )
    measured = {"sum_rate": np.ones(count), "margin_power": np.asarray(margin), **metrics}
    return judge(SCHEME, solution, measured, TOLERANCE)


def test_usable_is_converged_or_nearly_so_within_tolerance() -> None:
    codes = [Status.CONVERGED, Status.INACCURATE, Status.MAX_STEPS, Status.INACCURATE, Status.MAX_STEPS]
    result = outcome([*codes, Status.INFEASIBLE, Status.NONFINITE], [0, 0, -1e-4, -1e-2, -1e-2, 0, 0])
    assert result.usable.tolist() == [True, True, True, False, False, False, False]
    assert np.isnan(result.metrics["sum_rate"]).tolist() == (~result.usable).tolist()
    assert np.isnan(result.objective).tolist() == (~result.usable).tolist()
    np.testing.assert_allclose(result.violation, [0, 0, 1e-4, 1e-2, 1e-2, 0, 0])


def test_a_solver_that_boasts_is_found_out() -> None:
    """ "Converged" with a constraint missed beyond tolerance is INACCURATE, and does not count."""
    result = outcome([Status.CONVERGED, Status.CONVERGED], [-0.1, -1e-4])
    assert result.status.tolist() == [Status.INACCURATE, Status.CONVERGED]
    assert result.usable.tolist() == [False, True]


def test_the_larger_violation_counts() -> None:
    result = outcome([Status.MAX_STEPS] * 2, [-1e-4, -5e-4], violation=[5e-4, np.nan])
    np.testing.assert_allclose(result.violation, [5e-4, 5e-4])


def test_margins_that_a_scheme_does_not_enforce_do_not_count() -> None:
    result = outcome([Status.CONVERGED], [0.0], margin_pattern=np.asarray([-3.0]))
    assert result.usable.all()
    assert result.violation[0] == 0


def test_the_worst_entry_of_a_margin_counts() -> None:
    result = outcome([Status.CONVERGED], [0.0], margin_rate=np.asarray([[1.0, -0.2, 0.5]]))
    np.testing.assert_allclose(result.violation, [0.2])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_metrics_that_are_not_finite_are_an_error(bad: float) -> None:
    rate = np.asarray([[1.0, bad], [1.0, 2.0], [bad, bad]])
    result = outcome([Status.CONVERGED, Status.CONVERGED, Status.INFEASIBLE], [0, 0, 0], rate=rate)
    assert result.status.tolist() == [Status.NONFINITE, Status.CONVERGED, Status.INFEASIBLE]
    assert result.usable.tolist() == [False, True, False]
    np.testing.assert_array_equal(np.isnan(result.metrics["rate"]), [[True, True], [False, False], [True, True]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("code", [Status.CONVERGED, Status.INACCURATE, Status.MAX_STEPS])
@pytest.mark.parametrize("field", ["objective", "violation", "metric"])
def test_nothing_counts_with_a_number_that_is_none(field: str, code: Status, bad: float) -> None:
    """Of a design whose margins are met, objective, violation and metrics must be finite, all of them."""
    numbers = {"objective": np.ones(2), "violation": np.zeros(2), "metric": np.ones(2)}
    numbers[field][1] = bad
    solution = Solution(None, np.full(2, code), numbers["objective"], numbers["violation"], np.ones(2), np.ones((2, 1)))
    metrics = {"sum_rate": numbers["metric"], "margin_power": np.zeros(2)}
    found = settled(SCHEME, solution, metrics, TOLERANCE)
    assert found.status.tolist() == [code, Status.NONFINITE]
    assert is_usable(found.status, found.violation, TOLERANCE).tolist() == [True, False]


def test_a_certificate_stands_on_numbers() -> None:
    """INFEASIBLE by an infinite violation is an answer (no power suffices), by a NaN it is none."""
    result = outcome([Status.INFEASIBLE] * 3, [-1.0, -1.0, np.nan], violation=[np.inf, np.nan, np.nan])
    assert result.status.tolist() == [Status.INFEASIBLE, Status.NONFINITE, Status.NONFINITE]


def test_a_violation_has_one_zero() -> None:
    result = outcome([Status.CONVERGED] * 2, [0.0, -0.0], violation=[-0.0, 0.0])
    assert not np.signbit(result.violation).any()


def test_solvers_say_nonfinite_themselves() -> None:
    status = np.asarray([Status.CONVERGED, Status.MAX_STEPS, Status.INFEASIBLE, Status.CONVERGED])
    found = nonfinite_where(status, np.asarray([np.nan, 1.0, np.nan, 1.0]), np.asarray([0.0, np.inf, 0.0, 0.0]))
    assert found.tolist() == [Status.NONFINITE, Status.NONFINITE, Status.INFEASIBLE, Status.CONVERGED]


def test_history_loses_its_empty_end() -> None:
    history = np.asarray([[1.0, np.nan, np.nan], [1.0, 2.0, np.nan]])
    solution = Solution(None, np.zeros(2, int), np.ones(2), np.zeros(2), np.ones(2, int), history)
    assert judge(SCHEME, solution, {"sum_rate": np.ones(2)}, TOLERANCE).history.shape == (2, 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [("status", 0), ("status", [0, 0, 0]), ("status", [0, 9]), ("objective", 1.0), ("history", [1.0, 2.0])],
)
def test_solutions_that_break_the_contract(field: str, value: Any) -> None:
    fields = {
        "status": np.zeros(2, int),
        "objective": np.ones(2),
        "violation": np.zeros(2),
        "iterations": np.ones(2, int),
        "history": np.ones((2, 1)),
    }
    solution = Solution(value=None, **{**fields, field: np.asarray(value)})
    with pytest.raises(ValueError, match=field):
        judge(SCHEME, solution, {"sum_rate": np.ones(2)}, TOLERANCE)


def test_failed_rows() -> None:
    result = failed(3)
    assert (result.status == Status.FAILED).all()
    assert not result.usable.any()
    assert np.isnan(result.objective).all()
