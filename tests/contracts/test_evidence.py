"""What figures, tables and verdicts of every system must be: what the evidence says is what the data hold."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from every_system import SYSTEMS, designed, every_system, tiny_figure, tiny_studies
from matplotlib.collections import LineCollection, PathCollection, PolyCollection, QuadMesh
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.contour import ContourSet

from leoisac.experiment.contracts import Figure, System, resolve
from leoisac.experiment.reading.coordinates import field_description, field_units
from leoisac.experiment.reading.dataset import OUTCOME
from leoisac.experiment.reading.studies import with_plain_schemes
from leoisac.experiment.sweeps import sweep_axes
from leoisac.foundation.number_text import quantity_label

FIGURES = [
    pytest.param(system, figure, id=f"{system.name}:{figure.name}")
    for system in SYSTEMS
    for figure in resolve(system.figures)
]
every_figure = pytest.mark.parametrize(("system", "figure"), FIGURES)


@every_system
def test_quick_is_fewer_trials_and_not_another_world(system: System) -> None:
    for study in resolve(system.studies):
        assert set(study.quick) <= {"trials", "sweep", "schemes"}, f"{study.name}: another system"
        assert set(study.quick.get("schemes", ())) <= set(study.schemes), study.name
        quick = {axis.name: axis.values for axis in sweep_axes(study.quick.get("sweep", study.sweep))}
        full = {axis.name: axis.values for axis in sweep_axes(study.sweep)}
        assert list(quick) == list(full), study.name
        for name, values in quick.items():
            assert set(map(repr, values)) <= set(map(repr, full[name])), f"{study.name}: {name}"
            toy = system.config.__module__.startswith("leoisac_plugin")
            assert toy or len(values) >= min(3, len(full[name])), (
                f"{study.name}: a curve of {name} has a shape from 3 points"
            )


@every_figure
def test_axes_are_named_by_their_quantities(system: System, figure: Figure) -> None:
    """One quantity, one name, in figures, tables, reports and exports."""
    quantities = {**OUTCOME, **system.metrics, **resolve(system.quantities)} if system.quantities else system.metrics
    known = {metric.label for metric in quantities.values()} | {"usable share"}
    known |= {
        quantity_label(field_description(system.config(), field), field_units(field))
        for field in system.config.model_fields
    }
    for axes in tiny_figure(system.name, figure.name).axes:
        for text in (axes.get_xlabel(), axes.get_ylabel()):
            assert not text or text in known, f"{text!r} is no label of a metric, a quantity or a field"


@every_figure
def test_captions_promise_what_is_drawn(system: System, figure: Figure) -> None:
    """Intervals are named where they are drawn, and only there; hollow points have none."""
    picture = tiny_figure(system.name, figure.name)
    bands = any(
        isinstance(item, PolyCollection | ErrorbarContainer)
        for axes in picture.axes
        for item in (*axes.collections, *axes.containers)
    )
    note = str(picture.get_supxlabel())
    words = " ".join([note, *(axes.get_title() for axes in picture.axes)])
    cells = [cell.get_text().get_text() for axes in picture.axes for table in axes.tables for cell in _cells(table)]
    assert ("interval" in words) == (bands or any("±" in text for text in cells)), words


@every_figure
def test_the_csv_of_a_picture_holds_what_it_draws(
    system: System, figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every number of every artist stands in the rows of its panel; of maps alone there are none."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "docs" / "tools"))
    tool = importlib.import_module("drawn_numbers")
    picture = tiny_figure(system.name, figure.name)
    rows = tool.drawn_rows(picture)
    panels = [one for axes in picture.axes for one in (axes, *axes.child_axes)]
    for number, axes in enumerate(panels, 1):
        here = [row for row in rows if str(row["panel"]).split()[0] == str(number)]
        held = {text for row in here for text in row.values()}
        texts = {label.get_text() for axis in (axes.xaxis, axes.yaxis) for label in axis.get_majorticklabels()}
        drawn = {f"{value:.6g}" for value in _drawn_values(axes) if np.isfinite(value)}
        named = {row["x"] for row in here} | {row["y"] for row in here}
        missing = drawn - held
        # Places that have names are held by their names.
        assert not missing or (named & (texts - {""}) and all(float(one) % 0.5 == 0.0 for one in missing)), missing
        label = " ".join(axes.get_ylabel().split())
        assert not here or not label or {row["y_axis"] for row in here} <= {label, ""}
        named = {" ".join(text.split()) for handle, text in zip(*axes.get_legend_handles_labels()) if _has_data(handle)}
        assert not here or named <= {row["series"] for row in here}  # by the panel's own legend, not by another's


def _has_data(handle: Any) -> bool:
    lines = handle.lines[:1] if isinstance(handle, ErrorbarContainer) else (handle,)
    return any(np.isfinite(np.asarray(getattr(line, "get_ydata", list)(), float)).any() for line in lines)


def _drawn_values(axes: Any) -> Any:
    """Coordinates of everything in a panel that shows data."""
    for line in axes.lines:
        if line.get_visible() and len(line.get_xdata()):
            x, y = (np.asarray(values, float) for values in (line.get_xdata(orig=False), line.get_ydata(orig=False)))
            if line.get_transform().contains_branch(axes.transData):
                known = np.isfinite(x) & np.isfinite(y)
                yield from (*x[known], *y[known])
            else:  # a level: across the panel it has no data
                yield y[0] if y[0] == y[1] else x[0]
    for item in axes.collections:
        if isinstance(item, PolyCollection):
            yield from (value for path in item.get_paths() for value in path.vertices.ravel())
        elif isinstance(item, LineCollection):
            yield from (value for segment in item.get_segments() for value in np.ravel(segment))
        elif isinstance(item, PathCollection):
            yield from np.ma.filled(item.get_offsets(), np.nan).ravel()
        else:
            assert isinstance(item, QuadMesh | ContourSet), f"{type(item).__name__}: has no numbers in the CSV"
    for bars in axes.containers:
        if isinstance(bars, BarContainer):
            across = bars.orientation == "horizontal"
            yield from (p.get_x() + p.get_width() if across else p.get_y() + p.get_height() for p in bars)
    assert not axes.images, "an image has no numbers in the CSV"


def _cells(table: Any) -> Any:
    return table.get_celld().values()


@every_system
def test_arrays_carry_their_coordinates(system: System) -> None:
    for name, data in tiny_studies(system.name).items():
        for metric, declared in system.metrics.items():
            for axis in declared.axes:
                if data.sizes[axis]:
                    assert axis in data.coords, f"{name}: {metric} has no coordinate {axis}"


@every_system
def test_bounds_bound(system: System) -> None:
    """No design that can be built is better than what is called a bound, up to rounding."""
    headline = system.headline
    judged = {scheme.name: designed(system.name, scheme.name)[1] for scheme in system.schemes}
    best = {name: np.asarray(metrics[headline]) for name, metrics in judged.items() if headline in metrics}
    for bound in (scheme for scheme in system.schemes if scheme.bound and scheme.name in best):
        for scheme in system.schemes:
            if not scheme.bound and scheme.name in best:
                status = np.asarray(designed(system.name, scheme.name)[0].status)
                over = (best[scheme.name] - best[bound.name])[status == 0]
                assert np.all(over <= 1e-6), f"{scheme.name} is above {bound.name} by {over.max()}"


@every_system
def test_verdicts_say_what_they_take(system: System) -> None:
    studies = {name: with_plain_schemes(data) for name, data in tiny_studies(system.name).items()}
    for claim in resolve(system.claims):
        verdict = claim.check({name: studies[name] for name in claim.studies})
        assert verdict.criterion, f"{claim.name}: its criterion and tolerance are not stated"
        assert verdict.measured, claim.name


@every_system
def test_citations_exist(system: System) -> None:
    """Equations that docstrings cite exist in the paper, and the table of equations names functions that exist."""
    package = system.config.__module__.rpartition(".")[0]
    if not package.startswith("leoisac.systems"):
        pytest.skip("a plugin file")
    equations, highest = (
        resolve(f"{package}.evidence.equations:EQUATIONS"),
        resolve(f"{package}.evidence.equations:HIGHEST"),
    )
    for numbers, places in equations.items():
        assert max(int(number) for number in re.findall(r"\d+", numbers)) <= highest, numbers
        for place in places:
            assert callable(resolve(place)), place
    folder = Path(str(importlib.import_module(package).__file__)).parent
    for file in folder.rglob("*.py"):
        for cited in re.findall(r"(?:[Ee]qs?\.|[Ee]quations?|[Pp]roblem|[Cc]onstraint)\s*\((\d+)", file.read_text()):
            assert int(cited) <= highest, f"{file.name}: the paper has no equation ({cited})"
