"""README and tables of numbers say the same; figures stand on their data."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PolyCollection

import leoisac
from leoisac.experiment.sweeps import sweep_axes
from leoisac.systems.otfs_rsma import SCHEMES, SYSTEM
from leoisac.systems.otfs_rsma.evidence.equations import EQUATIONS
from leoisac.systems.otfs_rsma.evidence.extra_figures import draw_bit_errors
from leoisac.systems.otfs_rsma.evidence.sensitivity import (
    AXIS,
    CHANGES,
    FIELDS,
    POINTS,
    SENSITIVITY,
    changes_of,
    words_of,
)

README = Path(leoisac.__file__).parent / "systems" / "otfs_rsma" / "README.md"


def test_the_readme_has_the_table_of_equations() -> None:
    rows = re.findall(r"^\| (\([^|]*\)) \| `([^|]*)` \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    written = {numbers: tuple(places.split("`, `")) for numbers, places in rows}
    assert written == EQUATIONS


def test_the_readme_declares_what_is_ours() -> None:
    text = README.read_text(encoding="utf-8")
    for field in FIELDS:
        assert f"`{field}`" in text, field


def test_the_published_route_is_the_genetic_algorithm() -> None:
    for scheme in SCHEMES:
        assert ("published" in scheme.routes) == ("ga" in scheme.routes), scheme.name
        assert scheme.routes.get("published") == scheme.routes.get("ga")


def test_each_point_of_the_sensitivity_changes_one_value() -> None:
    (axis,) = sweep_axes(SENSITIVITY.sweep)
    base = SYSTEM.config()
    assert list(axis.values[0]) == [getattr(base, field) for field in FIELDS]
    for row, change in zip(axis.values[1:], CHANGES, strict=True):
        departed = {field: value for field, value, default in zip(FIELDS, row, POINTS[0]) if value != default}
        assert departed == {change.field: change.value}
        base.replace(**departed)


def test_changes_are_taken_trial_by_trial() -> None:
    count, points = 10, 3
    rates = np.outer([4.0, 5.0, 3.0], np.linspace(0.5, 1.5, count))[None]
    rows = [POINTS[0], POINTS[6], POINTS[7]]
    dims = ("scheme", AXIS, "trial")
    data = xr.Dataset(
        {
            "min_rate": (dims, rates),
            "usable": (dims, np.ones((1, points, count), dtype=bool)),
            "status": (dims, np.zeros((1, points, count), dtype=np.int8)),
        },
        {"scheme": ["rsma"], **{field: (AXIS, [row[i] for row in rows]) for i, field in enumerate(FIELDS)}},
    )
    found = changes_of(data, "rsma", "min_rate")
    assert [round(one.mean, 9) for one in found] == [0.25, -0.25]
    assert [words_of(data, point) for point in range(3)] == [
        "as declared",
        "communication SNR 22 dB",
        "communication SNR 28 dB",
    ]
    assert all(one.low <= one.mean <= one.high for one in found)


def test_no_error_seen_is_drawn_as_an_upper_bound() -> None:
    names = list(SYSTEM.axis_labels["receiver"])
    levels, count = [0.0, 10.0], 50
    rates = np.zeros((1, 2, count, 4))
    rates[:, 0] = 0.2
    rates[:, 0, :, 1] = 0.0
    rates[:, 0, 7, 1] = 1 / 64  # one error of one frame: resamples without it have none
    data = xr.Dataset(
        {
            "bit_error_rate": (("scheme", "comm_snr_db", "trial", "receiver"), rates),
            "usable": (("scheme", "comm_snr_db", "trial"), np.ones((1, 2, count), dtype=bool)),
            "status": (("scheme", "comm_snr_db", "trial"), np.zeros((1, 2, count), dtype=np.int8)),
        },
        {"scheme": ["data-link"], "comm_snr_db": levels, "receiver": names},
        {"config": '{"n_delay": 4, "n_doppler": 8}'},
    )
    figure = draw_bit_errors({"bit-errors": data, "bit-errors-16": data})
    marks = [
        line for line in figure.axes[0].lines if line.get_marker() == "v" and line.get_markerfacecolor() == "white"
    ]
    assert len(marks) == len(names)
    for mark in marks:
        np.testing.assert_allclose(mark.get_xdata(), [10.0])
        np.testing.assert_allclose(mark.get_ydata(), [3.0 / (64 * count)])
    assert "3 / bits" in figure.get_supxlabel()
    bands = [part for part in figure.axes[0].collections if isinstance(part, PolyCollection)]
    band = bands[1].get_paths()[0].vertices[:, 1]
    assert np.min(band) == pytest.approx(1 / (64 * count))
