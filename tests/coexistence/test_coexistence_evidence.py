"""What the evidence of the system says of itself: equations, declared values, figures from made-up results."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from leoisac.experiment.sweeps import sweep_axes
from leoisac.foundation.status import Status
from leoisac.plots.side_by_side import beside, draw_beside
from leoisac.plots.style import SeriesStyle
from leoisac.systems import coexistence
from leoisac.systems.coexistence.config import CoexistenceConfig
from leoisac.systems.coexistence.evidence.equations import EQUATIONS
from leoisac.systems.coexistence.evidence.exclusion import exclusion_distance
from leoisac.systems.coexistence.evidence.figures import FIGURES
from leoisac.systems.coexistence.evidence.sensitivity import AXIS, DECLARED, SENSITIVITY, moved
from leoisac.systems.coexistence.evidence.sensitivity_figure import moved_points

README = (Path(str(coexistence.__file__)).parent / "README.md").read_text(encoding="utf-8")
TRIALS = 40


def table(heading: str) -> list[list[str]]:
    """Cells of the table below a heading of the README."""
    part = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_readme_has_the_table_of_equations() -> None:
    prefix = "leoisac.systems.coexistence."
    expected = {
        numbers: [place.removeprefix(prefix).replace(".", "/").replace(":", ".py: ") for place in places]
        for numbers, places in EQUATIONS.items()
    }
    found = {row[0]: re.findall(r"`([^`]+)`", row[-1]) for row in table("Equations")}
    assert found == expected


def test_the_readme_names_every_declared_value_with_its_default() -> None:
    found = {re.findall(r"`([^`]+)`", row[0])[0]: row[1] for row in table("Declared values")}
    assert {item.field for item in DECLARED} <= set(found)
    config = CoexistenceConfig()
    for field, value in found.items():
        default = getattr(config, field)
        assert value == (default if isinstance(default, str) else f"{default:g}"), field


def test_sensitivity_moves_one_number_at_a_time_from_the_defaults() -> None:
    (axis,) = sweep_axes(SENSITIVITY.sweep)
    config = CoexistenceConfig()
    assert axis.name == AXIS
    assert axis.values[0] == tuple(getattr(config, item.field) for item in DECLARED)
    for row in axis.values[1:]:
        assert sum(one != other for one, other in zip(row, axis.values[0], strict=True)) == 1
        config.replace(**dict(zip(axis.fields, row, strict=True)))


def sensitivity(changes: dict[int, float]) -> xr.Dataset:
    """Made-up results of four points: the default, then moves of the first two declared numbers."""
    (points,) = moved(DECLARED[:2]).values()
    rate = np.random.default_rng(0).uniform(35.0, 45.0, TRIALS)
    values = np.stack([rate * (1.0 + changes.get(row, 0.0)) for row in range(len(points))])
    data = np.stack([values, values - 3.0])
    dims = ("scheme", AXIS, "trial")
    coords: dict[str, Any] = {"scheme": ["proposed", "rzf-eps"], AXIS: np.arange(len(points))}
    for place, item in enumerate(DECLARED):
        coords[item.field] = (AXIS, [row[place] for row in points])
    usable = np.ones(data.shape, dtype=bool)
    usable[0, 1, :4] = False
    status = np.where(usable, int(Status.CONVERGED), int(Status.NO_FEASIBLE_POINT))
    return xr.Dataset({"sum_rate": (dims, data), "usable": (dims, usable), "status": (dims, status)}, coords=coords)


def test_the_tornado_stands_at_the_truth() -> None:
    default, points = moved_points(sensitivity({1: 0.1, 4: -0.2}))
    assert default.mean == pytest.approx(3.0)
    assert default.trials == TRIALS - 4
    by_place = {(point.field, point.value): point for point in points}
    assert by_place["tut_gain_dbi", -10.0].change.mean == pytest.approx(0.1)
    assert by_place["tut_gain_dbi", -10.0].usable == pytest.approx(0.9)
    assert by_place["radar_gain_dbi", 10.0].change.mean == pytest.approx(-0.2)
    assert by_place["radar_gain_dbi", -10.0].change.mean == pytest.approx(0.0)
    figure = next(item for item in FIGURES if item.name == "sensitivity").draw({"sensitivity": sensitivity({1: 0.1})})
    left = figure.axes[0]
    assert max(bar.get_width() for bar in left.patches) == pytest.approx(10.0)
    labels = [label.get_text() for label in left.get_yticklabels()]
    assert labels[0] == f"{DECLARED[0].label}: 0 → -10"
    assert "over the 36 of 40 trials" in figure.get_supxlabel()


def rates(cells: int) -> xr.Dataset:
    """Made-up rates of several cells over base station power."""
    powers, schemes = [25.0, 35.0, 45.0], ["proposed", "zf-eps", "interference-free"]
    level = np.array([30.0, 25.0, 35.0])[:, None, None] + np.arange(3.0)[None, :, None]
    data = level + np.random.default_rng(0).standard_normal(TRIALS)
    dims = ("scheme", "bs_power_dbm", "trial")
    usable = np.ones(data.shape, dtype=bool)
    usable[0, 0, :10] = False
    found = {"sum_rate": (dims, data), "usable": (dims, usable), "status": (dims, np.zeros(data.shape, dtype=int))}
    dataset = xr.Dataset(found, coords={"scheme": schemes, "bs_power_dbm": powers, "cell": np.arange(cells)})
    dataset["sum_rate"].attrs = coexistence.SYSTEM.metrics["sum_rate"].attributes
    return dataset


def test_titles_and_captions_come_from_the_data() -> None:
    dataset = rates(2).assign_attrs(scenario='system = "coexistence"\n[config]\nnum_cells = 2\n')
    figure = next(item for item in FIGURES if item.name == "fig-9").draw({"cells-bs-power": dataset})
    panel = figure.axes[0]
    assert panel.get_title() == "2 cells"
    note = " ".join(figure.get_supxlabel().split())
    assert "over the 30 of 40 trials" in note
    assert "lowest usable share 75% (proposed)" in note
    own = next(line for line in panel.lines if len(line.get_xdata()) == 3)
    expected = dataset["sum_rate"].sel(scheme="proposed").isel(trial=slice(10, None)).mean("trial")
    np.testing.assert_allclose(own.get_ydata(), expected)


def scnrs() -> xr.Dataset:
    """Made-up SCNRs: the floor but for the blind schemes, whose drops fall by up to 24 dB."""
    schemes, powers, floors = ["proposed", "greedy", "uniform"], [25.0, 45.0], [3.0, 7.0]
    fall = np.linspace(0.0, 24.0, TRIALS)
    decibels = np.full((3, 2, 2, TRIALS, 1, 2), -10.0)
    decibels[1:] -= fall[:, None, None]
    dims = ("scheme", "bs_power_dbm", "min_sut_rate", "trial")
    found = {
        "scnr": ((*dims, "cell", "target"), 10.0 ** (0.1 * decibels)),
        "usable": (dims, np.ones(decibels.shape[:4], dtype=bool)),
        "status": (dims, np.zeros(decibels.shape[:4], dtype=int)),
    }
    return xr.Dataset(found, coords={"scheme": schemes, "bs_power_dbm": powers, "min_sut_rate": floors})


def drawn(panel: Any) -> list[Any]:
    """Curves of a panel, without marks, bars and what the legend shows."""
    return [line for line in panel.lines if len(line.get_xdata()) > 1 and line.get_alpha()]


def test_means_and_minima_of_the_scnr_have_scales_of_their_own() -> None:
    figure = next(item for item in FIGURES if item.name == "fig-5").draw({"bs-power": scnrs()})
    (mean, _, least, _) = figure.axes
    assert mean.get_ylim()[0] > -28.0
    assert least.get_ylim()[0] < -34.0
    assert (mean.get_ylabel(), least.get_ylabel()) == (
        "mean SCNR of the targets [dB]",
        "least SCNR of any target [dB]",
    )
    np.testing.assert_allclose([line.get_ydata() for line in drawn(mean)], [[-10.0] * 2, [-22.0] * 2, [-22.0] * 2])
    np.testing.assert_allclose([line.get_ydata() for line in drawn(least)], [[-10.0] * 2, [-34.0] * 2, [-34.0] * 2])
    # Greedy and uniform are the same here, and still both are seen.
    starts = [line.get_xdata()[0] for line in drawn(mean)]
    assert starts == sorted(set(starts))
    note = " ".join(figure.get_supxlabel().split())
    assert "signal-to-clutter-plus-noise ratio (SCNR)" in note
    assert "marks of one power stand side by side" in note


def test_exclusion_has_a_panel_for_every_victim_and_criterion() -> None:
    distances, schemes = [100.0, 1000.0, 10_000.0], ["proposed", "greedy"]
    dims = ("scheme", "sut_distance_m", "trial")
    levels = np.array([[-20.0, -10.0, -20.0], [20.0, -10.0, -20.0]])[:, :, None] + np.zeros(TRIALS)
    found: dict[str, Any] = {
        "inr_sut_db": ((*dims, "cell"), levels[..., None]),
        "inr_tut_db": ((*dims, "cell", "user"), levels[..., None, None] + 100.0),
        "inr_radar_db": ((*dims, "cell", "receiver"), levels[..., None, None]),
        "usable": (dims, np.ones(levels.shape, dtype=bool)),
        "status": (dims, np.zeros(levels.shape, dtype=int)),
    }
    dataset = xr.Dataset(found, coords={"scheme": schemes, "sut_distance_m": distances})
    figure = next(item for item in FIGURES if item.name == "exclusion").draw({"exclusion": dataset})
    assert [panel.get_title() for panel in figure.axes] == [
        f"{victim}: I/N ≤ {criterion} dB"
        for criterion in ("-6", "-12.2")
        for victim in ("at the satellite user", "at users and radar receivers")
    ]
    shown = [[list(line.get_ydata()) for line in drawn(panel)] for panel in figure.axes]
    assert shown[0] == [[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
    assert shown[2] == [[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    assert shown[1] == shown[3] == [[0.0] * 3] * 2
    # No bands, which would hide what is below them; intervals as bars that end at 0 and 1.
    bars = [item for panel in figure.axes for item in panel.collections]
    ends = np.concatenate([np.reshape(bar.get_segments(), (-1, 2))[:, 1] for bar in bars])
    assert (ends.min(), ends.max()) == (0.0, 1.0)


def test_marks_side_by_side_stay_at_their_abscissa() -> None:
    x = np.array([25.0, 30.0, 45.0])
    np.testing.assert_array_equal(beside(x, 0, 1), x)
    np.testing.assert_array_equal(beside(x, 1, 3), x)
    np.testing.assert_allclose(beside(x, 0, 3), x - 0.4)  # a fiftieth of the range
    np.testing.assert_allclose(beside([0.0, 0.1, 10.0], 2, 3), [0.03, 0.13, 10.03])  # 0.6 of a step for all
    np.testing.assert_allclose(beside([1.0, 1e5], 2, 3, log=True), np.array([1.0, 1e5]) * 1e5**0.02)
    assert beside([7.0], 0, 3) == [7.0]


def test_a_legend_says_why_marks_side_by_side_are_missing() -> None:
    axes = Figure().subplots()
    for place, (mean, share) in enumerate([(1.0, 1.0), (np.nan, 0.1), (np.nan, 0.0), (np.nan, np.nan)]):
        point = {"mean": ("x", [mean]), "usable_share": ("x", [share])}
        draw_beside(axes, [1.0], xr.Dataset(point), SeriesStyle("#000000", "o", "-"), f"s{place}", place=place, count=4)
    assert axes.get_legend_handles_labels()[1] == ["s0", "s1 (not compared)", "s2 (never usable)", "s3 (not run)"]


def test_the_map_is_a_study_of_one_drop() -> None:
    study = coexistence.SYSTEM.study("places")
    assert (study.trials, study.preset("quick").trials) == (1, 1)


def test_the_exclusion_distance_holds_at_all_larger_ones() -> None:
    distances = [50.0, 100.0, 500.0, 1000.0, 2000.0]
    shares = [1.0, 0.99, 0.6, 0.97, 1.0]  # near base stations null the user, far ones do not reach it
    rows = np.array([np.arange(100) < 100 * share for share in shares], dtype=float)
    met = xr.DataArray(rows, dims=("sut_distance_m", "trial"), coords={"sut_distance_m": distances})
    found = exclusion_distance(met)
    assert found.distance_m == 1000.0
    assert found.low_m == 1000.0
    assert found.high_m in (1000.0, 2000.0)
    assert found.text().startswith("1 km [1, ")
    never = exclusion_distance(met.where(met["sut_distance_m"] < 2000.0, 0.0))
    assert never.distance_m == np.inf
    assert never.text() == "beyond all"
    assert exclusion_distance(met, 0.5).distance_m == 50.0
