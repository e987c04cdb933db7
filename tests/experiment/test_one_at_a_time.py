"""Studies that change one value at a time, and their tornado figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import xarray as xr

from leoisac.experiment.reading.one_at_a_time import by_size, moves_of, one_at_a_time, value_text
from leoisac.experiment.reading.verdicts import Estimate
from leoisac.plots.tornado import Panel, draw_tornado

DEFAULTS = {"loss_db": 0.5, "law": "a", "on": False}
MOVES = [("loss_db", 0.0), ("loss_db", 2.0), ("law", "b"), ("on", True)]


def dataset(rows: list[list[object]], axis: str) -> xr.Dataset:
    columns = zip(axis.split("+"), zip(*rows, strict=True), strict=True)
    return xr.Dataset(coords={axis: np.arange(len(rows)), **{name: (axis, list(values)) for name, values in columns}})


def test_moves_are_read_back_from_the_points() -> None:
    ((axis, rows),) = one_at_a_time(DEFAULTS, MOVES).items()
    assert axis == "loss_db+law+on"
    assert rows[0] == list(DEFAULTS.values())
    found = moves_of(dataset(rows, axis), axis)
    assert [(move.point, move.field, move.value) for move in found] == [
        (point, field, value) for point, (field, value) in enumerate(MOVES, 1)
    ]
    assert [move.change for move in found] == ["0.5 → 0 dB", "0.5 → 2 dB", "a → b", "False → True"]
    assert value_text(1e-6) == "1e-06"


@pytest.mark.parametrize("row", [[0.5, "a", False], [0.0, "b", False]])
def test_a_point_that_changes_nothing_or_two_is_refused(row: list[object]) -> None:
    axis = "+".join(DEFAULTS)
    with pytest.raises(ValueError, match=r"point 1 of .* one field is wanted"):
        moves_of(dataset([list(DEFAULTS.values()), row], axis), axis)


def test_fields_are_ordered_by_their_largest_change_and_stay_together() -> None:
    ((axis, rows),) = one_at_a_time(DEFAULTS, MOVES).items()
    moves = moves_of(dataset(rows, axis), axis)
    assert by_size(moves, [0.1, -0.5, 0.3, math.nan]) == [0, 1, 2, 3]
    assert by_size(moves, [0.1, -0.2, 0.3, 0.2]) == [2, 0, 1, 3]


def test_bars_stand_at_the_truth_and_without_an_interval_none_is_drawn() -> None:
    bars = [
        Estimate(0.2, 0.1, 0.4, 9),
        Estimate(-0.1, math.nan, math.nan, 1),
        Estimate(math.nan, math.nan, math.nan, 0),
    ]
    figure = draw_tornado(
        ["one", "two", "three"], [Panel("gain [%]", bars, 0.05, 100.0, notes=("9", "1", "0"))], "note"
    )
    axes: Any = figure.axes[0]
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert ends == [pytest.approx((5.0, 20.0)), pytest.approx((5.0, -10.0))]
    (interval,) = axes.collections
    np.testing.assert_allclose(np.asarray(interval.get_paths()[0].vertices, dtype=float), [(10.0, 0.0), (40.0, 0.0)])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["one", "two", "three"]
    assert axes.get_ylim() == (2.5, -0.5)
    assert {text.get_text() for text in axes.texts} == {"9", "1", "0"}
    assert "note" in figure.get_supxlabel()
