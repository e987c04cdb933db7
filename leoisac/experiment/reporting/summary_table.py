"""Means with intervals for spreadsheets and other programs' plots: a row per metric, scheme and point."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.dataset import OUTCOME
from leoisac.experiment.reading.footnotes import warning_lines
from leoisac.experiment.reading.statistics import LEVEL, summary, trials_run

COLUMNS = ("mean", "low", "high", "count", "run", "usable_share", "usable_low", "usable_high", "units")


def to_summary_csv(dataset: xr.Dataset, path: Path) -> None:
    """CSV, one mean a row.

    Columns: ``metric``, ``scheme``, the swept fields (their names end in the unit), a column for every axis that a
    metric has of its own (``user``: the entry's name or number; empty where there is none), ``mean``, ``low`` and
    ``high`` (95 % interval), ``count`` (trials behind the mean), ``run`` (trials that were run), ``usable_share`` with
    its own interval ``usable_low`` and ``usable_high``, ``units``, and ``warnings`` (in the first row) where there are
    any. Means are over the trials that every scheme and
    point can use; what is not compared has its usable share alone. A metric that no trial has, has no rows.
    """
    sweep = [str(dim) for dim in dataset["status"].dims if dim not in ("scheme", "trial")]
    fields = [field for dim in sweep for field in dim.split("+")]
    names = [
        str(name)
        for name, values in dataset.data_vars.items()
        if (name not in OUTCOME or name == "objective") and values.dtype.kind == "f" and bool(values.notnull().any())
    ]
    leading = ("scheme", *sweep, "trial")
    axes = list(dict.fromkeys(str(dim) for name in names for dim in dataset[name].dims if dim not in leading))
    header = ["metric", "scheme", *fields, *axes, *COLUMNS]
    rows = itertools.chain.from_iterable(_rows(dataset, name, sweep, axes) for name in names)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(with_warnings(dataset, header, rows))


def with_warnings(dataset: xr.Dataset, header: list[str], rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    """Header and rows, with a last column of warnings where there are any.

    A column, for programs read it, where lines of remarks above the header would stop most of them; in the first row
    alone, for there may be millions.
    """
    text = "; ".join(warning_lines([dataset]))
    if not text:
        yield header
        yield from rows
        return
    yield [*header, "warnings"]
    first = True
    for row in rows:
        yield [*row, text if first else ""]
        first = False
    if first:
        yield [*([""] * len(header)), text]


def _rows(dataset: xr.Dataset, name: str, sweep: list[str], axes: list[str]) -> Iterator[list[Any]]:
    numbers = summary(dataset, name, LEVEL)
    own = [axis for axis in axes if axis in dataset[name].dims]
    run = trials_run(dataset).transpose("scheme", *sweep).values
    mean = numbers["mean"].transpose("scheme", *sweep, *own)
    columns = [numbers[key].transpose("scheme", *sweep, *own).values for key in ("mean", "low", "high", "count")]
    shares = [numbers[f"usable_{key}"].transpose("scheme", *sweep).values for key in ("share", "low", "high")]
    there = dataset[name].notnull().any("trial").transpose("scheme", *sweep, *own).values
    units = str(dataset[name].attrs.get("units", "1"))
    for index in itertools.product(*(range(size) for size in mean.shape)):
        point, entry = index[: 1 + len(sweep)], dict(zip(own, index[1 + len(sweep) :]))
        if own and not there[index]:  # an entry that this point does not have: fewer users
            continue
        place = [_text(dataset[field].values[i]) for dim, i in zip(sweep, point[1:]) for field in dim.split("+")]
        entries = [_text(dataset[axis].values[entry[axis]]) if axis in entry else "" for axis in axes]
        values = [*(column[index] for column in columns), run[point], *(share[point] for share in shares)]
        scheme = str(dataset["scheme"].values[point[0]])
        yield [name, scheme, *place, *entries, *(_text(value) for value in values), units]


def _text(value: Any) -> Any:
    """Text of a number that reads back to the same one; nothing for a missing value."""
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float):
        return "" if np.isnan(plain) else repr(plain)
    return str(plain).lower() if isinstance(plain, bool) else plain
