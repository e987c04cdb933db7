# pyright: reportUnknownMemberType=false
"""Curves of one picture: a metric of some schemes over what was swept, over an axis of its own, or over another metric.

What is compared is what is drawn: the trials in common are those that the drawn schemes can use at the drawn points.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import xarray as xr

from leoisac.experiment.reading.statistics import summary
from leoisac.experiment.scenario.views import COMMON
from leoisac.foundation.config import ConfigError, shown, suggest
from leoisac.foundation.number_text import quantity_label
from leoisac.foundation.status import Status

_CLOSE = 1e-9


@dataclass(frozen=True)
class Curve:
    """One scheme.

    Attributes:
        scheme: its label in the dataset.
        x: where its points lie, ``(point,)``; means where x is a metric.
        numbers: ``mean, low, high, count`` over the points.
        usable_share: of every point, or one number where points are entries of a metric.
        x_numbers: the same as ``numbers``, of a metric along x.
    """

    scheme: str
    x: np.ndarray
    numbers: xr.Dataset
    usable_share: np.ndarray
    x_numbers: xr.Dataset | None = None


@dataclass(frozen=True)
class Curves:
    """What a picture shows.

    Attributes:
        curves: one per scheme, in the order asked for; of one point each where nothing runs along x.
        x: name of the field, axis or metric along x; empty where there is none.
        x_label, y_label: with units.
        x_texts: what stands at the points, where those are no numbers.
        legends: scheme -> its name for people.
        caption: over which trials the means are.
    """

    curves: tuple[Curve, ...]
    x: str
    x_label: str
    y_label: str
    x_texts: tuple[str, ...]
    legends: Mapping[str, str]
    caption: str


def curves_of(
    dataset: xr.Dataset,
    metric: str,
    x: str | None = None,
    schemes: Iterable[str] | None = None,
    at: Mapping[str, Any] | None = None,
    view: str = COMMON,
) -> Curves:
    """The curves of a dataset.

    Args:
        dataset: of a study.
        metric: along y.
        x: a swept field, an axis of the metric, or another metric (a trade-off: a point for every swept value); the
            longest swept axis when None.
        schemes: which, in this order; all when None.
        at: field or axis -> the value at which to cut, for what runs neither along x nor over trials.
        view: which trials means are over, see ``comparison``.

    Raises:
        ConfigError: for names that the data do not have, and for axes that are left over.
    """
    chosen = _schemes(dataset, schemes)
    data = dataset.sel(scheme=chosen)
    _check_name(dataset, "metric", metric)
    _check_usable(data)
    _metric(data, "metric", metric)
    for name, value in (at or {}).items():
        data = _cut(data, metric, name, value)
    free = _free(data, metric)
    if x is not None and x not in _fields(free) and x in data.data_vars:
        return _trade_off(data, metric, x, free, chosen, view)
    along, field = _along(data, metric, x, free)
    others = [dim for dim in free if dim != along and data.sizes[dim] > 1]
    if others:
        raise _left_over(data, metric, others)
    numbers = summary(data, metric, view=view).squeeze([dim for dim in free if dim != along], drop=True)
    texts: tuple[str, ...] = ()
    places = np.zeros(1)
    if along:
        values = np.asarray(data[field].values) if field in data.coords else np.arange(data.sizes[along])
        is_number = np.issubdtype(values.dtype, np.number)
        texts = () if is_number else tuple(str(value) for value in values)
        places = values.astype(float) if is_number else np.arange(len(values), dtype=float)
    curves = tuple(
        Curve(scheme, places, one, np.atleast_1d(one["usable_share"].values))
        for scheme, one in ((scheme, numbers.sel(scheme=scheme)) for scheme in chosen)
    )
    label = _label(data[field]) if field in data.coords else field.replace("_", " ")
    return Curves(curves, field, label if along else "", _label(data[metric]), texts, _legends(data), _caption(numbers))


def _trade_off(data: xr.Dataset, metric: str, x: str, free: Sequence[str], chosen: Sequence[str], view: str) -> Curves:
    _metric(data, "x", x)
    longer = [dim for dim in (*free, *_free(data, x)) if data.sizes[dim] > 1]
    dims = list(dict.fromkeys(longer))
    if len(dims) > 1 or any(dim not in _free(data, name) for dim in dims for name in (metric, x)):
        raise _left_over(data, metric, dims[1:] or dims)
    pair = [summary(data, name, view=view) for name in (x, metric)]
    across, up = (
        one.squeeze([str(dim) for dim in one["mean"].dims if dim not in ("scheme", *dims)], drop=True) for one in pair
    )
    curves = tuple(
        Curve(
            scheme,
            np.atleast_1d(across["mean"].sel(scheme=scheme).values.astype(float)),
            up.sel(scheme=scheme),
            np.atleast_1d(up["usable_share"].sel(scheme=scheme).values),
            across.sel(scheme=scheme),
        )
        for scheme in chosen
    )
    return Curves(curves, x, _label(data[x]), _label(data[metric]), (), _legends(data), _caption(up))


def _metric(dataset: xr.Dataset, what: str, name: str) -> None:
    _check_name(dataset, what, name)
    if not bool(dataset[name].notnull().any()):
        raise ConfigError(f"{what} = {shown(name)}: no trial of these schemes has it; others may.")


def _check_name(dataset: xr.Dataset, what: str, name: str) -> None:
    numeric = [str(key) for key, values in dataset.data_vars.items() if values.dtype.kind == "f" and key != "history"]
    if name not in numeric:
        raise ConfigError(f"{what} = {shown(name)}: the data have no such metric.{suggest(name, numeric)}")


def _check_usable(data: xr.Dataset) -> None:
    """Where nothing is usable, how the designs ended says more than a metric that is missing."""
    if bool(data["usable"].any()):
        return
    others = [dim for dim in data["status"].dims if dim != "scheme"]
    ended = {code: (data["status"] == int(code)).sum(others).values for code in Status}
    ended = {code: counts for code, counts in ended.items() if counts.any()}
    parts: list[str] = []
    for row, scheme in enumerate(data["scheme"].values):
        counts = {code.name: int(numbers[row]) for code, numbers in ended.items() if numbers[row]}
        run = sum(counts.values())
        said = ", ".join(f"{number} {name}" for name, number in counts.items())
        if not run:
            parts.append(f"{scheme} was not run")
        elif len(counts) == 1:
            parts.append(f"{'the design' if run == 1 else f'all {run} designs'} of {scheme} ended {next(iter(counts))}")
        else:
            parts.append(f"no design of {scheme} is usable ({said})")
    advice = [f"{code.name}: {code.advice}" for code in ended]
    units = " Of channels of your own, check the units: amplitudes, and noise in W." if ended else ""
    raise ConfigError(f"data: {'; '.join(parts)}. {' '.join(advice)}{units}".rstrip())


def _schemes(dataset: xr.Dataset, schemes: Iterable[str] | None) -> list[str]:
    known = [str(name) for name in dataset["scheme"].values]
    if schemes is None:
        return known
    if isinstance(schemes, str):
        raise ConfigError(f"schemes = {shown(schemes)}: must be a list of scheme names, [{shown(schemes)}].")
    chosen = [str(name) for name in schemes]
    for name in chosen:
        if name not in known:
            raise ConfigError(f"schemes: the data have no {shown(name)}.{suggest(name, known)}")
        if chosen.count(name) > 1:
            raise ConfigError(f"schemes: {shown(name)} stands twice.")
    if not chosen:
        raise ConfigError("schemes: needs at least one.")
    return chosen


def _free(data: xr.Dataset, metric: str) -> list[str]:
    """Axes of a metric besides scheme and trial: what was swept, and its own."""
    return [str(dim) for dim in data[metric].dims if dim not in ("scheme", "trial")]


def _fields(dims: Iterable[str]) -> dict[str, str]:
    """Name -> axis: of the axes, and of the fields that change together along one."""
    return {name: dim for dim in dims for name in (dim, *dim.split("+"))}


def _along(data: xr.Dataset, metric: str, x: str | None, free: Sequence[str]) -> tuple[str, str]:
    """Axis and field along x; empty where nothing runs."""
    if x is None:
        longest = max(free, key=lambda dim: (dim in data["status"].dims, data.sizes[dim]), default="")
        if not longest or data.sizes[longest] == 1:
            longest = max(free, key=lambda dim: data.sizes[dim], default="")
        if not longest or data.sizes[longest] == 1:
            return "", ""
        return longest, longest if "+" not in longest else longest.split("+")[0]
    fields = _fields(free)
    if x not in fields:
        known = [*fields, *(str(name) for name in data.data_vars)]
        raise ConfigError(
            f"x = {shown(x)}: must be what was swept or an axis of `{metric}` ({', '.join(fields) or 'it has none'}), "
            f"or another metric.{suggest(x, known)}"
        )
    return fields[x], x if "+" not in x else x.split("+")[0]


def _cut(data: xr.Dataset, metric: str, name: str, value: Any) -> xr.Dataset:
    """The data at one value of a field or axis."""
    fields = _fields(str(dim) for dim in data.dims if dim not in ("scheme", "trial"))
    if name not in fields:
        raise ConfigError(f"at.{name}: the data have no such field or axis.{suggest(name, fields)}")
    dim = fields[name]
    values = data[name].values if name in data.coords else np.arange(data.sizes[dim])
    for index, there in enumerate(cast("list[Any]", values.tolist())):
        if there == value or (_is_number(there) and _is_number(value) and math.isclose(there, value, rel_tol=_CLOSE)):
            return data.isel({dim: [index]})
    listed = ", ".join(str(item) for item in values.tolist()[:12])
    raise ConfigError(f"at.{name} = {shown(value)}: is none of {listed}.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _left_over(data: xr.Dataset, metric: str, dims: Sequence[str]) -> ConfigError:
    name = dims[0].split("+")[0]
    values = data[name].values.tolist() if name in data.coords else list(range(data.sizes[dims[0]]))
    listed = ", ".join(str(value) for value in values[:8]) + (", …" if len(values) > 8 else "")
    return ConfigError(
        f"{metric}: also runs over {', '.join(dims)}; cut there, at={{{name!r}: {values[0]!r}}} ({listed}), or draw it "
        "along x."
    )


def _label(values: xr.DataArray) -> str:
    name = str(values.attrs.get("long_name", values.name)).replace("_", " ")
    return quantity_label(name, str(values.attrs.get("units", "1")))


def _legends(data: xr.Dataset) -> dict[str, str]:
    names = [str(name) for name in data["scheme"].values]
    labels = data["scheme_label"].values.tolist() if "scheme_label" in data.coords else names
    return dict(zip(names, map(str, labels)))


def _caption(numbers: xr.Dataset) -> str:
    text = str(numbers.attrs.get("caption", ""))
    return f"{text[:1].upper()}{text[1:]}." if text else ""
