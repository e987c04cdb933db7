"""The verb for a figure of one's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from leoisac import catalogue
from leoisac.api.campaigns import headline, studies_of
from leoisac.experiment.scenario.views import COMMON
from leoisac.foundation.config import ConfigError, shown, suggest
from leoisac.foundation.output_paths import checked_output

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from leoisac.experiment.reading.curve_data import Curves


def plot(
    data: Any,
    metric: str | None = None,
    x: str | None = None,
    schemes: Iterable[str] | None = None,
    labels: Mapping[str, str] | Sequence[str] | None = None,
    width: str | float = "ieee",
    *,
    height: float | None = None,
    at: Mapping[str, Any] | None = None,
    view: str = COMMON,
    title: str = "",
    shares: bool = True,
    file: str | Path | None = None,
) -> Figure:
    """A figure of stored results as wide as a column, with your labels: means with 95 % intervals.

    Args:
        data: what ``run`` or ``open_run`` returned, or the folder of a store; of one study.
        metric: along y; the system's headline when None.
        x: a swept field, an axis of the metric (``"user"``), or another metric: a trade-off, with a point for every
            swept value. The longest swept axis when None.
        schemes: which, in the order of the legend; all when None.
        labels: text for the legend and the axes: ``{"pa1": "Proposed", "sum_rate": "Sum rate (bit/s/Hz)",
            "satellite_power_dbw": "$P_s$ (dBW)"}``; or a list, one per scheme.
        width: ``"ieee"`` (a column, 3.5 in), ``"ieee-double"`` (a page, 7.16 in), or inches. No text is smaller than
            8 points, at any width.
        height: inches; by default to the width.
        at: field or axis -> value at which to cut where more is swept than x.
        view: trials behind the means: ``"common"`` ones of the drawn schemes and points, ``"all"`` (an unusable one is
            zero), or each scheme's own ``"usable"`` ones.
        title: above the figure.
        shares: show the share of usable trials below where it is not one.
        file: write it, by the ending as PDF, PGF (needs a LaTeX), PNG or SVG; with what it shows in the metadata.

    Returns:
        Matplotlib's figure. ``figure.get_label()`` says over which trials the means are, for its caption.

    Raises:
        ConfigError: for names that the data do not have, a width that no page has, another ending of the file.
    """
    from leoisac.experiment.reading.curve_data import curves_of
    from leoisac.plots.paper import draw_paper_figure
    from leoisac.plots.saving import FORMATS
    from leoisac.plots.style import series_styles

    target = None if file is None else checked_output(file, "file", FORMATS)
    for name, value in (("metric", metric), ("x", x), ("view", view), ("title", title)):
        if value is not None and not isinstance(value, str):
            raise ConfigError(f"{name} = {shown(value)}: must be text.")
    if at is not None and not isinstance(at, Mapping):
        raise ConfigError(f"at = {shown(at)}: must be a mapping of fields and axes to the values at which to cut.")
    if schemes is not None and not isinstance(schemes, Iterable):
        raise ConfigError(f"schemes = {shown(schemes)}: must be a list of scheme names.")
    _check_mathematics("title", title)
    dataset = _one_study(data)
    metric = metric or headline(dataset)
    order = _order(dataset)
    made = curves_of(dataset, metric, x, schemes, at, view)
    names = [curve.scheme for curve in made.curves]
    texts = _labels(labels, names, made, metric)
    figure = draw_paper_figure(
        made.curves,
        series_styles([*order, *(name for name in names if name not in order)]),
        legends={**made.legends, **texts},
        x_label=texts.get(made.x, made.x_label) if made.x else "",
        y_label=texts.get(metric, made.y_label),
        x_texts=made.x_texts,
        width_in=_inches("width", width),
        height_in=None if height is None else _inches("height", height),
        title=title,
        caption=made.caption,
        shares=shares,
    )
    if target is not None:
        _save(figure, target, dataset, made)
    return figure


def _one_study(data: Any) -> xr.Dataset:
    studies = studies_of(data)
    if len(studies) != 1:
        raise ConfigError(
            f"data: holds the studies {', '.join(studies)}; give one of them, data[{next(iter(studies), 'name')!r}]."
        )
    return next(iter(studies.values()))


def _order(dataset: xr.Dataset) -> tuple[str, ...]:
    """All schemes of the system, so that one looks alike in every figure; those of the data where it is not known."""
    try:
        return tuple(scheme.name for scheme in catalogue.find(str(dataset.attrs.get("system"))).schemes)
    except ConfigError:
        return tuple(str(name) for name in dataset["scheme"].values)


def _labels(
    labels: Mapping[str, str] | Sequence[str] | None, schemes: Sequence[str], made: Curves, metric: str
) -> dict[str, str]:
    texts = _label_texts(labels, schemes, made, metric)
    for name, text in texts.items():
        _check_mathematics(f"labels.{name}", text)
    return texts


def _check_mathematics(name: str, text: str) -> None:
    """Refuse text whose mathematics, ``$…$``, Matplotlib cannot set (ConfigError), before it draws."""
    from matplotlib.cbook import is_math_text
    from matplotlib.mathtext import MathTextParser

    if not is_math_text(text):
        return
    try:
        MathTextParser("path").parse(text)
    except Exception as error:  # of its grammar's library, which has its own kinds
        said = " ".join(str(error).split()).rpartition("Exception: ")[2].partition(", found")[0]
        raise ConfigError(
            f"{name} = {shown(text)}: Matplotlib cannot set its mathematics ({shown(said, 120)[1:-1]}). Mend it; a "
            r"dollar sign is written \$."
        ) from None


def _label_texts(
    labels: Mapping[str, str] | Sequence[str] | None, schemes: Sequence[str], made: Curves, metric: str
) -> dict[str, str]:
    if labels is None:
        return {}
    if isinstance(labels, Mapping):
        texts = {str(name): str(text) for name, text in cast("Mapping[str, str]", labels).items()}
        known = [*schemes, metric, *([made.x] if made.x else [])]
        for name in texts:
            if name not in known:
                raise ConfigError(f"labels: nothing in the figure is called {shown(name)}.{suggest(name, known)}")
        return texts
    if isinstance(labels, str) or not isinstance(labels, Sequence) or len(labels) != len(schemes):
        raise ConfigError(f"labels = {shown(labels)}: must be a mapping, or a list with a text per scheme.")
    return dict(zip(schemes, map(str, labels)))


def _inches(name: str, value: Any) -> float:
    from leoisac.plots.paper import LEAST_WIDTH_IN, MOST_WIDTH_IN, WIDTHS_IN

    if isinstance(value, str) and value in WIDTHS_IN and name == "width":
        return WIDTHS_IN[value]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        known = " or ".join(repr(key) for key in WIDTHS_IN)
        allowed = f"{known}, or a number of inches" if name == "width" else "a number of inches"
        raise ConfigError(f"{name} = {shown(value)}: must be {allowed}.")
    if not LEAST_WIDTH_IN <= value <= MOST_WIDTH_IN:
        raise ConfigError(f"{name} = {value:g}: must be from {LEAST_WIDTH_IN:g} to {MOST_WIDTH_IN:g} inches.")
    return float(value)


def _save(figure: Figure, path: Path, dataset: xr.Dataset, made: Curves) -> None:
    from leoisac.experiment.reading.footnotes import facts
    from leoisac.experiment.store.folders import output_file
    from leoisac.plots.saving import save

    about = {"Metric": made.y_label, "Shows": made.caption}
    with suppress(ConfigError):  # a system that is not known here says nothing of itself
        about |= facts(catalogue.find(str(dataset.attrs.get("system"))), {str(dataset.attrs.get("study")): dataset})
    save(figure, output_file(path), about)
