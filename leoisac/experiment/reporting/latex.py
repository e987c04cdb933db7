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
from leoisac.foundation.number_text import interval_text

_COLUMN_LETTERS = 50
"""Letters across a column of a journal."""
MOST_COLUMNS = 6
"""Most columns of numbers, where the other way round has fewer."""


def latex_table(dataset: xr.Dataset, metric: str) -> str:
    """A table of means with half of their 95 % intervals: a row per sweep point, a column per scheme.

    Means are over the trials that every scheme and point can use, as the caption says; the share of usable trials
    stands in brackets where it is not one.

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
    rows: list[list[str]] = []
    for index in itertools.product(*(range(numbers.sizes[dim]) for dim in dims)):
        one = numbers.isel(dict(zip(dims, index)))
        place = [escaped(text) for dim, position in zip(dims, index) for text in point_texts(numbers, dim, position)]
        rows.append([*place, *(_cell(one.isel(scheme=position)) for position in range(len(labels)))])
    left = len(fields)
    header = [*fields, *labels]
    if not dims or (len(labels) > MOST_COLUMNS and len(rows) < len(labels)):  # schemes down
        places = [", ".join(row[:left]) for row in rows] if dims else ["mean"]
        name = f"scheme / {', '.join(fields)}" if dims else "scheme"
        rows = [[label, *(row[left + k] for row in rows)] for k, label in enumerate(labels)]
        left, header = 1, [name, *places]
    return _table(dataset, metric, header, rows, left)


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
    # About as wide as it is set: a table that does not fit a column spans both.
    letters = sum(max(len(_plain_length(row[k])) for row in (header, *rows)) + 2 for k in range(len(header)))
    kind = "table*" if letters > _COLUMN_LETTERS else "table"
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


def _plain_length(text: str) -> str:
    """Roughly the letters that are set."""
    return re.sub(r"\\[A-Za-z]+|[{}$\\]", "", text)


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


def _cell(one: xr.Dataset) -> str:
    text = interval_text(*(float(one[name]) for name in ("mean", "low", "high", "usable_share")))
    powers = re.sub(r"(?<=\d)e\+?(-?)0*(\d+)", r"$\\times10^{\1\2}$", escaped(text))
    return re.sub(r"(?<![\w.{])-(?=\d)", "$-$", powers)  # a minus sign is one in mathematics alone
