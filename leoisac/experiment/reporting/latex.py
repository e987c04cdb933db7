r"""Tables for LaTeX: ``\usepackage{booktabs}``, and nothing else. Whatever a name holds, what is written compiles."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import xarray as xr

from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.coordinates import FIELD_UNITS, MOST_FIELDS, point_texts
from leoisac.experiment.reading.footnotes import warning_lines
from leoisac.experiment.reading.statistics import summary
from leoisac.foundation.config import ConfigError, suggest
from leoisac.foundation.latex_text import escaped
from leoisac.foundation.number_text import Interval, column_texts

_COLUMN_PT, _LETTER_PT, _GAP_PT = 252.0, 4.5, 12.0
"""A column of a journal; a letter or digit of its small print, and what LaTeX puts between two columns of a table."""
MOST_COLUMNS = 6
"""Most columns of numbers, where the other way round has fewer."""


def latex_table(dataset: xr.Dataset, metric: str) -> str:
    """A table of means with half of their 95 % intervals: a row per sweep point, a column per scheme.

    Means are over the trials that all schemes can use at all points compared, as the caption says; the share of usable
    trials stands in brackets where it is not one.

    Raises:
        ConfigError: if the data have no such metric, or it is not one number per trial.
    """
    leading = dataset["status"].dims
    scalars = [str(name) for name, v in dataset.data_vars.items() if v.dims == leading and v.dtype.kind == "f"]
    if metric not in scalars:
        raise ConfigError(f"metric = {metric!r}: is not a single number per trial.{suggest(metric, scalars)}")
    numbers = summary(dataset, metric)
    labels = [escaped(str(label)) for label in numbers["scheme_label"].values]
    dims = [str(dim) for dim in numbers["mean"].dims if dim != "scheme"]
    fields = [escaped(text) for dim in dims for text in _headings(numbers, dim)]
    places: list[list[str]] = []
    cells: list[list[Interval]] = []
    for index in itertools.product(*(range(numbers.sizes[dim]) for dim in dims)):
        one = numbers.isel(dict(zip(dims, index)))
        place = [escaped(text) for dim, position in zip(dims, index) for text in point_texts(numbers, dim, position)]
        places.append(place)
        cells.append([_interval(one.isel(scheme=position)) for position in range(len(labels))])
    if not dims or (len(labels) > MOST_COLUMNS and len(cells) < len(labels)):  # schemes down
        heads = [", ".join(place) for place in places] if dims else ["mean"]
        name = f"scheme / {', '.join(fields)}" if dims else "scheme"
        rows = [[label, *texts] for label, texts in zip(labels, zip(*map(_column, cells)))]
        return _table(dataset, metric, [name, *heads], rows, 1)
    columns = map(_column, zip(*cells))
    rows = [[*place, *texts] for place, texts in zip(places, zip(*columns))]
    return _table(dataset, metric, [*fields, *labels], rows, len(fields))


def _table(dataset: xr.Dataset, metric: str, header: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    about = comparison_text(viewed(dataset), intervals=False)
    title = str(dataset[metric].attrs.get("long_name", metric))
    units = str(dataset[metric].attrs.get("units", "1"))
    unit = "" if units == "1" else f" ({escaped(units)})"
    study, system = str(dataset.attrs.get("study", "run")), str(dataset.attrs.get("system", ""))
    caption = (
        f"{escaped(title[:1].upper() + title[1:])}{unit}: {escaped(about)}; $\\pm$ half of the 95\\,\\% interval; "
        "[share of usable trials] where it is not one."
    )
    if _width_pt(header, rows) > _COLUMN_PT:
        header = [_folded(text, [row[k] for row in rows], "l" if k < left else "r") for k, text in enumerate(header)]
    kind = "table*" if _width_pt(header, rows) > _COLUMN_PT else "table"
    label = re.sub(r"[^A-Za-z0-9:-]+", "-", f"tab:{system}-{study}-{metric}")
    return "\n".join(
        [
            f"% {' '.join(f'{system}, study {study}'.split())}; needs \\usepackage{{booktabs}}",
            *(f"% Warning: {' '.join(text.split())}" for text in warning_lines([dataset])),
            f"\\begin{{{kind}}}[t]",
            r"  \centering",
            r"  \small",
            f"  \\caption{{{caption}}}",
            f"  \\label{{{label}}}",
            f"  \\begin{{tabular}}{{{'l' * left}{'r' * (len(header) - left)}}}",
            r"    \toprule",
            f"    {_row(header)}",
            r"    \midrule",
            *(f"    {_row(row)}" for row in rows),
            r"    \bottomrule",
            r"  \end{tabular}",
            f"\\end{{{kind}}}",
            "",
        ]
    )


def _width_pt(header: Sequence[str], rows: Sequence[Sequence[str]]) -> float:
    """About as wide as it is set: a table that does not fit a column spans both."""
    letters = sum(max(_letters(row[k]) for row in (header, *rows)) for k in range(len(header)))
    return _LETTER_PT * letters + _GAP_PT * (len(header) - 1)


def _letters(text: str) -> int:
    """Roughly how many are set side by side."""
    plain = re.sub(r"\\shortstack\[.\]|\\(textless|textgreater|pm|times)", "", text)
    return max(len(re.sub(r"\\[A-Za-z]+|[{}$\\]", "", line)) for line in plain.split(r"\\"))


def _folded(head: str, cells: Sequence[str], side: str) -> str:
    """A heading in two lines where it alone makes its column wide."""
    spaces = [found.start() for found in re.finditer(" ", head)]
    if not spaces or _letters(head) <= max(map(_letters, cells), default=0):
        return head
    middle = min(spaces, key=lambda place: max(_letters(head[:place]), _letters(head[place:])))
    return rf"\shortstack[{side}]{{{head[:middle]}\\{head[middle + 1 :]}}}"


def _row(cells: Sequence[str]) -> str:
    """A row that begins with a bracket would be taken for an option of the line before."""
    text = " & ".join(cells)
    return f"{'{}' if text.startswith(('[', '*')) else ''}{text} \\\\"


def _headings(numbers: xr.Dataset, dim: str) -> list[str]:
    """What stands above the columns of a sweep axis: names with their units."""
    if dim.count("+") >= MOST_FIELDS:
        return ["changed, one value at a time"]
    texts: list[str] = []
    for field in dim.split("+"):
        units = str(numbers[field].attrs.get("units", "1"))
        name = field.removesuffix(next((ending for ending in FIELD_UNITS if field.endswith(ending)), ""))
        words = name.replace("_", " ").replace(".", " ")
        texts.append(words if units in ("", "1") else f"{words} ({units})")
    return texts


def _interval(one: xr.Dataset) -> Interval:
    mean, low, high, share = (float(one[name]) for name in ("mean", "low", "high", "usable_share"))
    return mean, low, high, share


def _column(cells: Sequence[Interval]) -> list[str]:
    return [_set(text) for text in column_texts(cells)]


def _set(text: str) -> str:
    powers = re.sub(r"(?<=[\d)])e\+?(-?)0*(\d+)", r"$\\times10^{\1\2}$", escaped(text))
    return re.sub(r"(?<![\w.{])-(?=\d)", "$-$", powers)  # a minus sign is one in mathematics alone
