"""The numbers of a picture, read off what is drawn: whatever a figure shows stands in its CSV, and nothing else.

Lines, marks, bands, bars of intervals, bars and tables become rows; of maps the picture itself is kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter

COLUMNS = ("panel", "y_axis", "series", "drawn_as", "x_axis", "x", "y", "low", "high", "x_low", "x_high")
_LINES = {"-": "full line", "--": "dashed line", "-.": "dash-dotted line", ":": "dotted line"}
_CLOSE = 1e-9


@dataclass
class Series:
    """What one artist draws.

    Attributes:
        artist: the line, bars or marks.
        x, y: its points.
        ends: ``low``, ``high``, ``x_low``, ``x_high`` of the intervals at its points; NaN where there is none.
    """

    artist: Any
    x: np.ndarray
    y: np.ndarray
    ends: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])

    def end(self, name: str) -> np.ndarray:
        """An end of the intervals, to be filled in."""
        return self.ends.setdefault(name, np.full(len(self.x), np.nan))


def drawn_rows(figure: Any, most: int = 0) -> list[dict[str, Any]]:
    """A row per point that a figure draws, panel by panel.

    Args:
        figure: Matplotlib's.
        most: rows; of longer series every so-manieth point then stands for the others, and of pictures with more
            series than that there is nothing. No limit when 0.
    """
    figure.draw_without_rendering()
    panels = [(axes, series_of(axes)) for axes in all_axes(figure)]
    lengths = [len(one.x) for _, series in panels for one in series]
    cells = [row for number, (axes, _) in enumerate(panels, 1) for row in _cells(axes, number)]
    room = _room(lengths, most - len(cells)) if most else max(lengths, default=0)
    if room < 2 and max(lengths, default=0) > room:
        return []
    rows = [row for number, panel in enumerate(panels, 1) for row in _rows(figure, *panel, number, room)]
    return [*rows, *cells]


def all_axes(figure: Any) -> list[Any]:
    """The axes of a figure, insets included."""
    return [one for axes in figure.axes for one in (axes, *axes.child_axes)]


def series_of(axes: Any) -> list[Series]:
    """Every series of a panel, intervals with the points that they belong to."""
    found = [*_lines(axes), *_marks(axes), *_bars(axes)]
    for colour, points in _intervals(axes):
        _attach(found, colour, points)
    return found


def _lines(axes: Any) -> list[Series]:
    """Lines and marks; what repeats points of a line of the same colour is the same series."""
    found: list[Series] = []
    caps = {cap for bars in axes.containers for cap in (getattr(bars, "lines", None) or ((), ()))[1]}
    for line in axes.lines:
        x, y = np.asarray(line.get_xdata(orig=False), float), np.asarray(line.get_ydata(orig=False), float)
        is_level = line.get_transform() in (axes.get_xaxis_transform(which="grid"), axes.get_yaxis_transform("grid"))
        known = np.isfinite(x) & np.isfinite(y)
        if line in caps or not known.any() or not line.get_visible():
            continue
        if is_level or (not line.get_transform().contains_branch(axes.transData) and len(x) == 2):
            x, y = _level(x, y)
            known = np.full(1, True)
        one = Series(line, x[known], y[known])
        if not any(_same_look(one, other) and _within(one, other) for other in found):
            found = [other for other in found if not (_same_look(one, other) and _within(other, one))]
            found.append(one)
    return found


def _level(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A line across the whole panel: one value, along y or along x."""
    return (np.full(1, np.nan), y[:1]) if y[0] == y[1] else (x[:1], np.full(1, np.nan))


def _marks(axes: Any) -> Iterator[Series]:
    from matplotlib.collections import PathCollection

    for item in axes.collections:
        if isinstance(item, PathCollection):
            points = np.ma.filled(item.get_offsets(), np.nan)
            if len(points):
                yield Series(item, points[:, 0], points[:, 1])


def _bars(axes: Any) -> Iterator[Series]:
    from matplotlib.container import BarContainer

    for bars in axes.containers:
        if isinstance(bars, BarContainer):
            across = bars.orientation == "horizontal"
            middle = [p.get_y() + p.get_height() / 2 if across else p.get_x() + p.get_width() / 2 for p in bars]
            tips = [p.get_x() + p.get_width() if across else p.get_y() + p.get_height() for p in bars]
            x, y = (tips, middle) if across else (middle, tips)
            yield Series(bars, np.asarray(x, float), np.asarray(y, float))


def _intervals(axes: Any) -> Iterator[tuple[Any, list[tuple[str, float, float, float]]]]:
    """Colour and ``(axis, place, low, high)`` of bands and error bars."""
    from matplotlib.collections import PolyCollection
    from matplotlib.container import ErrorbarContainer

    for item in axes.collections:
        if isinstance(item, PolyCollection):
            points: dict[float, list[float]] = {}
            for path in item.get_paths():
                for x, y in path.vertices:
                    points.setdefault(float(x), []).append(float(y))
            yield _colour(item), [("y", x, min(ends), max(ends)) for x, ends in points.items()]
    for bars in axes.containers:
        if isinstance(bars, ErrorbarContainer):
            for lines in bars.lines[2]:
                segments = [np.asarray(one) for one in lines.get_segments() if len(one) == 2]
                upright = [bool(one[0, 0] == one[1, 0]) for one in segments]
                kind = "y" if sum(upright) * 2 >= len(upright) else "x"
                at, along = (0, 1) if kind == "y" else (1, 0)
                yield _colour(lines), [(kind, float(s[0, at]), *sorted(map(float, s[:, along]))) for s in segments]


def _attach(found: list[Series], colour: Any, intervals: Sequence[tuple[str, float, float, float]]) -> None:
    """Intervals to the points around which they lie, of their colour first; without a point they stand alone."""
    alone: list[tuple[str, float, float, float]] = []
    ranked = sorted(found, key=lambda one: _colour(one.artist) != colour)
    for kind, place, low, high in intervals:
        if not np.isfinite([place, low, high]).all():
            continue
        for one in ranked:
            at, value = (one.x, one.y) if kind == "y" else (one.y, one.x)
            slack = _CLOSE * max(abs(low), abs(high), 1e-300)
            near = np.isclose(at, place, rtol=_CLOSE, atol=0) & (value >= low - slack) & (value <= high + slack)
            names = ("low", "high") if kind == "y" else ("x_low", "x_high")
            near &= np.isnan(one.end(names[0])) | (one.end(names[0]) == low)  # drawn twice: a bar on a band of no width
            if near.any():
                index = int(np.argmax(near))
                one.end(names[0])[index], one.end(names[1])[index] = low, high
                break
        else:
            alone.append((kind, place, low, high))
    for kind, place, low, high in alone:
        missing, here = np.full(1, np.nan), np.full(1, place)
        one = Series(None, *((here, missing) if kind == "y" else (missing, here)))
        names = ("low", "high") if kind == "y" else ("x_low", "x_high")
        one.end(names[0])[0], one.end(names[1])[0] = low, high
        found.append(one)


def _rows(figure: Any, axes: Any, series: Sequence[Series], number: int, room: int) -> Iterator[dict[str, Any]]:
    names = _legend(figure, axes)
    panel = _panel(axes, number)
    x_axis, y_axis = (_axis_name(figure, axes, which) for which in "xy")
    x_texts, y_texts = _tick_texts(axes.xaxis), _tick_texts(axes.yaxis)
    for one in series:
        name, drawn_as = _name(one.artist, names), _drawn_as(one.artist)
        chosen = np.unique(np.linspace(0, len(one.x) - 1, min(room, len(one.x))).round().astype(int))
        for index in chosen:
            ends = {end: _number(values[index]) for end, values in one.ends.items()}
            x, y = float(one.x[index]), float(one.y[index])
            place = {"x": x_texts.get(x, _number(x)), "y": y_texts.get(y, _number(y))}
            about = {"panel": panel, "y_axis": y_axis, "series": name, "drawn_as": drawn_as, "x_axis": x_axis}
            yield {**about, **place, **ends}


def _cells(axes: Any, number: int) -> Iterator[dict[str, Any]]:
    """Tables: the first row and the first column name what stands in the others."""
    for table in axes.tables:
        cells = {place: cell.get_text().get_text() for place, cell in table.get_celld().items()}
        top, left = min(row for row, _ in cells), min(column for _, column in cells)
        for (row, column), text in sorted(cells.items()):
            if row > top and column > left:
                named = {"series": cells.get((row, left), ""), "x": cells.get((top, column), "")}
                about = {"panel": _panel(axes, number), "y_axis": "", "drawn_as": "table", "x_axis": ""}
                yield {**about, **named, "y": text}


def _panel(axes: Any, number: int) -> str:
    titles = [axes.get_title(loc) for loc in ("left", "center", "right")]
    return " ".join([str(number), *(" ".join(title.split()) for title in titles if title)])


def _axis_name(figure: Any, axes: Any, which: str) -> str:
    """Of an axis without a label that of those which share it, or of the figure."""
    shared = axes.get_shared_x_axes() if which == "x" else axes.get_shared_y_axes()
    labels = [getattr(one, f"get_{which}label")() for one in (axes, *shared.get_siblings(axes))]
    labels.append(figure.get_supylabel() if which == "y" else "")
    return " ".join(next((label for label in labels if label), "").split())


def _tick_texts(axis: Any) -> dict[float, str]:
    """Texts that stand at places, where those are no numbers."""
    if not isinstance(axis.get_major_formatter(), FixedFormatter | FuncFormatter):
        return {}
    texts = dict(zip(map(float, axis.get_majorticklocs()), map(Text.get_text, axis.get_majorticklabels())))
    return {} if all(_is_number(text) for text in texts.values()) else texts


def _is_number(text: str) -> bool:
    try:
        float(text.replace("−", "-"))
    except ValueError:
        return not text
    return True


_Names = list[tuple[Any, str]]


def _legend(figure: Any, axes: Any) -> tuple[_Names, _Names]:
    """Artists with the texts of the legends: of the panel and the figure, and of the other panels."""
    own = [axes.get_legend_handles_labels(), *_entries([axes.get_legend()]), *_entries(figure.legends)]
    others = [one.get_legend_handles_labels() for one in all_axes(figure)]
    others += _entries(one.get_legend() for one in all_axes(figure))
    others += _entries(legend for part in figure.subfigs for legend in part.legends)
    first, second = (
        [(handle, label) for handles, labels in entries for handle, label in zip(handles, labels)]
        for entries in (own, others)
    )
    return first, second


def _entries(legends: Iterable[Any]) -> list[tuple[list[Any], list[str]]]:
    return [(one.legend_handles, [text.get_text() for text in one.get_texts()]) for one in legends if one is not None]


def _name(artist: Any, names: tuple[_Names, _Names]) -> str:
    """The label of an artist, or of the entry of a legend that looks most like it.

    Panels use the same colours for different things: another panel's legend counts where the panel's own has nothing
    of this colour with this mark or line.
    """
    label = str(artist.get_label()) if artist is not None else ""
    if label and not label.startswith("_"):
        return " ".join(label.split())
    look = _look(artist)
    own, others = names
    alike = ((0, 1, 2), (0, 1), (0, 2))
    for entries, parts in ((own, alike), (others, alike), (own, ((0,),)), (others, ((0,),))):
        for part, (handle, text) in itertools.product(parts, entries):
            other = _look(handle)
            if other[0] is not None and all(look[index] == other[index] for index in part):
                return " ".join(text.split())
    return ""


def _drawn_as(artist: Any) -> str:
    """What tells series of one name apart."""
    if artist is None:
        return "interval"
    if hasattr(artist, "patches"):
        return "bars"
    line = artist.get_linestyle()
    return _LINES.get(line, "marks") if isinstance(line, str) else "marks"


def _look(artist: Any) -> tuple[Any, Any, Any]:
    """Colour, marker and line."""
    artist = _first(artist)
    marker, line = getattr(artist, "get_marker", None), getattr(artist, "_dash_pattern", None)
    return _colour(artist), str(marker()) if marker else None, str(line)


def _first(artist: Any) -> Any:
    """Of bars, and of points with error bars, the first bar or the points; others are what they are."""
    for parts in (getattr(artist, "patches", None), getattr(artist, "lines", None)):
        found = next((part for part in parts or () if part is not None), None)
        if found is not None and not isinstance(found, tuple):
            return found
    return artist


def _colour(artist: Any) -> Any:
    artist = _first(artist)
    for name in ("get_color", "get_facecolor", "get_edgecolor"):
        if hasattr(artist, name):
            value = getattr(artist, name)()
            many = isinstance(value, np.ndarray) and value.ndim == 2
            if not many or len(value):
                return tuple(np.round(to_rgb(value[0] if many else value), 4))
    return None


def _same_look(one: Series, other: Series) -> bool:
    return _colour(one.artist) == _colour(other.artist)


def _within(one: Series, other: Series) -> bool:
    there = set(zip(other.x.tolist(), other.y.tolist()))
    return all(point in there for point in zip(one.x.tolist(), one.y.tolist()))


def _room(lengths: Sequence[int], most: int) -> int:
    """Points of a series so that all of them together are at most so many rows."""
    room = max(lengths, default=0)
    while room > 0 and sum(min(length, room) for length in lengths) > most:
        room -= 1
    return room


def _number(value: float) -> str:
    return "" if not np.isfinite(value) else f"{value:.6g}"
