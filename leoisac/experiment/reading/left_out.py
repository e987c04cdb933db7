"""Schemes and points of which there is no mean, in a few words, for the caption of a figure or a table."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from leoisac.experiment.reading.coordinates import MOST_FIELDS, point_texts

if TYPE_CHECKING:
    import xarray as xr

_RUN = 3
"""Least points in a row that are named by the first and the last."""
_MOST = 6
"""Most values, and most groups of schemes, that are named."""


def cells_text(cells: xr.DataArray, dataset: xr.Dataset) -> str:
    """``DAS, fair at 0 to 15 dBW; TDMA, fair``: the true ``cells`` over scheme and sweep; a bare name is everywhere.

    Args:
        cells: what to name.
        dataset: with the coordinates of the sweep, and the schemes' names for people where it has them.
    """
    if "scheme" not in cells.dims:
        cells, dataset = cells.expand_dims("scheme"), dataset.expand_dims("scheme")
    dims = [str(dim) for dim in cells.dims if dim != "scheme"]
    values = cells.transpose("scheme", *dims).values
    names = dataset["scheme_label" if "scheme_label" in dataset.coords else "scheme"].values
    labels = [str(name) for name in np.broadcast_to(names, len(values))]
    parts: list[str] = []
    everywhere = np.asarray(values.reshape(len(labels), -1).all(axis=1))
    if everywhere.any():
        parts.append(_listed([label for label, out in zip(labels, everywhere) if out]))
        values = values & ~everywhere.reshape(-1, *[1] * len(dims))
    everybody = np.asarray(values[~everywhere].all(axis=0))
    if np.sum(~everywhere) > 1 and everybody.any():
        parts.append(f"{'all others' if parts else 'all schemes'}{_at(everybody, dims, dataset)}")
        values = values & ~everybody
    groups: dict[bytes, list[int]] = {}
    for row in np.flatnonzero(values.reshape(len(labels), -1).any(axis=1)):
        groups.setdefault(values[row].tobytes(), []).append(int(row))
    for rows in groups.values():
        parts.append(f"{_listed([labels[row] for row in rows])}{_at(values[rows[0]], dims, dataset)}")
    more = len(parts) - _MOST
    return "; ".join([*parts[:_MOST], *([f"{more} more"] if more > 0 else [])])


def _at(there: np.ndarray, dims: Sequence[str], dataset: xr.Dataset) -> str:
    """`` at 0 to 15 dBW``; of points that are no block of the sweep, how many; nothing for all points."""
    if there.all():
        return ""
    others = [tuple(other for other in range(there.ndim) if other != k) for k in range(there.ndim)]
    touched = [np.asarray(there.any(axis=axes)) for axes in others]
    if int(there.sum()) != int(np.prod([part.sum() for part in touched])):
        return f" at {int(there.sum())} of {there.size} points"
    parts = [_values_text(part, dim, dataset) for part, dim in zip(touched, dims) if not part.all()]
    return f" at {' and '.join(parts)}"


def _values_text(chosen: np.ndarray, dim: str, dataset: xr.Dataset) -> str:
    """Values of an axis, neighbours as ranges, with the unit or, without one, after the name."""
    fields = dim.split("+")
    is_named = all(field in dataset.coords for field in fields)
    texts = ["/".join(point_texts(dataset, dim, k)) if is_named else str(k) for k in range(len(chosen))]
    runs = [" to ".join((texts[run[0]], texts[run[-1]])) if len(run) >= _RUN else run for run in _runs(chosen)]
    flat = [text for run in runs for text in ([run] if isinstance(run, str) else [texts[index] for index in run])]
    if len(flat) > _MOST:
        return f"{int(chosen.sum())} of {len(chosen)} values of {' and '.join(fields[:MOST_FIELDS])}"
    known = dataset[fields[0]].attrs if fields[0] in dataset.coords else {}
    units = str(known.get("units", "1")) if len(fields) == 1 else "1"
    if len(fields) > MOST_FIELDS:
        return _listed(flat)
    return f"{_listed(flat)} {units}" if units not in ("", "1") else f"{'/'.join(fields)} = {_listed(flat)}"


def _runs(chosen: np.ndarray) -> Iterator[list[int]]:
    for wanted, group in itertools.groupby(range(len(chosen)), key=lambda index: bool(chosen[index])):
        if wanted:
            yield list(group)


def _listed(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


__all__ = ["cells_text"]
