# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
"""Datasets for other programs: netCDF (every language), MAT (MATLAB), CSV (spreadsheets, R, pandas), LaTeX."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import xarray as xr

from leoisac.experiment.names import checked_name
from leoisac.experiment.reading.dataset import OUTCOME
from leoisac.experiment.reporting.latex import latex_table
from leoisac.experiment.reporting.summary_table import to_summary_csv, with_warnings
from leoisac.experiment.store.folders import output_file
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.config import ConfigError
from leoisac.foundation.status import Status

NETCDF_MOST_BYTES = 2**32 - 4
"""Largest variable of netCDF's 64-bit classic format."""
MAT_MOST_BYTES = 2**31 - 1
"""Largest variable of the MAT-file format, level 5."""
_MAT_NAME_LENGTH = 63


def export_studies(
    studies: Mapping[str, xr.Dataset], to: str, path: Path, metrics: Mapping[str, str] | None = None
) -> list[Path]:
    """One file per study.

    Args:
        studies: datasets by study name.
        to: ``"nc"``, ``"mat"``, ``"csv"``, ``"summary.csv"`` or ``"latex"``.
        path: of the file; of several studies each adds its name, ``results-power.nc`` for ``results.nc``.
        metrics: study name -> metric of its table in LaTeX.

    Returns:
        The files written.

    Raises:
        ConfigError: for an unknown format, a table without a metric, a variable larger than the format takes, or a
            study whose name cannot be a part of a path.
        StoreError: if the file lies in a store that may not be written.
    """
    if to not in FORMATS:
        raise ConfigError(f"to = {to!r}: must be one of {', '.join(FORMATS)}.")
    for name in studies if len(studies) > 1 else ():
        checked_name("study", name)
    written: list[Path] = []
    for name, dataset in studies.items():
        target = path if len(studies) == 1 else _of_study(path, name)
        table = latex_table(dataset, (metrics or {}).get(name, "")) if to == LATEX else ""
        target.parent.mkdir(parents=True, exist_ok=True)
        if to == LATEX:
            output_file(target).write_text(table, encoding="utf-8")
        else:
            WRITERS[to](dataset, output_file(target))
        written.append(target)
    return written


def format_of(path: Path) -> str:
    """The format that a file's name says: ``"summary.csv"`` of ``power.summary.csv``, ``"latex"`` of ``power.tex``."""
    if "".join(path.suffixes[-2:]).lower() == f".{SUMMARY}":
        return SUMMARY
    return LATEX if path.suffix.lower() == ENDINGS[LATEX] else path.suffix.removeprefix(".")


def file_of(folder: Path, study: str, to: str) -> Path:
    """Where the export of a study lies by default."""
    return folder / f"{study}{ENDINGS.get(to, f'.{to}')}"


def _of_study(path: Path, name: str) -> Path:
    ending = f".{SUMMARY}" if format_of(path) == SUMMARY else path.suffix
    return path.with_name(f"{path.name.removesuffix(ending)}-{name}{ending}")


def to_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """NetCDF, 64-bit classic format (NETCDF3_64BIT): no library beyond SciPy, read by every netCDF program.

    Variables with an empty axis are left out, since a length of 0 means something else in that format. Flags are
    bytes, integers past 32 bits floating point, lists of texts in attributes one text; ``xarray.open_dataset`` gives
    back the same values.
    """
    _check_size(dataset, path, NETCDF_MOST_BYTES)
    kept = dataset.drop_dims([dim for dim, size in dataset.sizes.items() if size == 0])
    wide = [name for name, values in kept.variables.items() if values.dtype == np.int64 and _past_32_bits(values)]
    converted = {name: kept[name].astype(np.float64) for name in wide}
    coords = {name: values for name, values in converted.items() if name in kept.coords}
    kept = kept.assign_coords(coords).assign({n: v for n, v in converted.items() if n not in coords})
    kept.attrs = {name: _one_text(value) for name, value in kept.attrs.items()}
    kept.to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")


def _one_text(value: Any) -> Any:
    """A list of texts as one: an attribute of that format cannot hold it."""
    return ", ".join(cast(list[str], value)) if isinstance(value, list) else value


def to_mat(dataset: xr.Dataset, path: Path) -> None:
    """MAT-file, level 5: a struct per variable and coordinate, and ``info`` with what the dataset says of itself.

    ``s = load('run.mat')`` gives ``s.sum_rate.values`` with ``.units``, ``.long_name`` and ``.dims`` (names of the
    axes, in order). Names that are none in MATLAB have ``_`` for what is not allowed, and stand whole in ``.name``.
    Missing values are NaN.
    """
    from scipy import io

    _check_size(dataset, path, MAT_MOST_BYTES)
    content: dict[str, Any] = {"info": {_mat_name(str(key), {}): _mat_text(value) for key, value in _info(dataset)}}
    for name, variable in dataset.variables.items():
        content[_mat_name(str(name), content)] = {
            "name": str(name),
            "values": _mat_values(variable.values),
            "units": str(variable.attrs.get("units", "1")),
            "long_name": str(variable.attrs.get("long_name", name)),
            "dims": np.asarray([str(dim) for dim in variable.dims], dtype=object),
        }
    io.savemat(path, content, long_field_names=True, oned_as="column", do_compression=True)


def to_csv(dataset: xr.Dataset, path: Path) -> None:
    """CSV, one number a row.

    Columns: ``scheme``, the swept fields (their names end in the unit), ``trial``, ``status``, ``usable``, ``metric``,
    a column for every further axis (``user``: the entry's name where it has one, else counted from 0; empty where the
    metric has no such axis), ``value``
    (shortest text that reads back to the same number) and ``units``.

    A missing value has no row; a trial that was run has at least its row of ``iterations``, one that was not has none.
    Where there is something that a reader of the numbers should know, a last column ``warnings`` has it in its first
    row.
    """
    sweep = _sweep_dims(dataset)
    fields = [field for dim in sweep for field in dim.split("+")]
    names = [str(name) for name in dataset.data_vars if name not in ("status", "usable")]
    leading = ("scheme", *sweep, "trial")
    axes = list(dict.fromkeys(str(dim) for name in names for dim in dataset[name].dims if dim not in leading))
    header = ["scheme", *fields, "trial", "status", "usable", "metric", *axes, "value", "units"]
    blocks = _csv_blocks(dataset, sweep, names, axes)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(with_warnings(dataset, header, itertools.chain.from_iterable(blocks)))


def _csv_blocks(
    dataset: xr.Dataset, sweep: Sequence[str], names: Sequence[str], axes: Sequence[str]
) -> Iterator[Iterator[list[Any]]]:
    """Rows of one metric of one scheme at one sweep point after the other."""
    ordered = {name: dataset[name].transpose("scheme", *sweep, "trial", ...) for name in (*OUTCOME, *names)}
    codes = {int(code): code.name for code in Status}
    schemes = [str(label) for label in dataset["scheme"].values]
    entries = {axis: dataset[axis].values.tolist() for axis in axes}
    for index in itertools.product(range(len(schemes)), *(range(dataset.sizes[dim]) for dim in sweep)):
        point = [_plain(dataset[field].values[i]) for dim, i in zip(sweep, index[1:]) for field in dim.split("+")]
        status, usable = (ordered[name].values[index] for name in ("status", "usable"))
        trials = [
            [schemes[index[0]], *point, int(number), codes.get(int(code), ""), str(bool(flag)).lower()]
            for number, code, flag in zip(dataset["trial"].values, status, usable)
        ]
        for name in names:
            values = ordered[name].values[index]
            there = np.argwhere((status != NOT_RUN).reshape(-1, *[1] * (values.ndim - 1)) & ~_missing(values))
            own = [str(dim) for dim in ordered[name].dims[len(index) + 1 :]]
            units = str(dataset[name].attrs.get("units", "1"))
            places = [(own.index(axis), entries[axis]) if axis in own else None for axis in axes]
            yield _csv_rows(trials, name, values, there, places, units)


def _csv_rows(
    trials: Sequence[list[Any]],
    name: str,
    values: np.ndarray,
    there: np.ndarray,
    places: Sequence[tuple[int, list[Any]] | None],
    units: str,
) -> Iterator[list[Any]]:
    for trial, *rest in there.tolist():
        entry = [place[1][rest[place[0]]] if place else "" for place in places]
        yield [*trials[trial], name, *entry, _plain(values[(trial, *rest)]), units]


def _missing(values: np.ndarray) -> np.ndarray:
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)


def _plain(value: Any) -> Any:
    """Text of a number that reads back to the same one."""
    plain = value.item() if hasattr(value, "item") else value
    return repr(plain) if isinstance(plain, float) else str(plain).lower() if isinstance(plain, bool) else plain


def _sweep_dims(dataset: xr.Dataset) -> list[str]:
    return [str(dim) for dim in dataset["status"].dims if dim not in ("scheme", "trial")]


def _past_32_bits(values: xr.Variable) -> bool:
    return bool(values.size) and int(np.abs(values.values).max()) > np.iinfo(np.int32).max


def _check_size(dataset: xr.Dataset, path: Path, most: int) -> None:
    for name, variable in dataset.variables.items():
        if variable.nbytes > most:
            raise ConfigError(
                f"{path}: `{name}` takes {variable.nbytes / 2**30:.1f} GiB, more than the format's {most / 2**30:.0f}; "
                "export to csv, or run fewer schemes or sweep values in a store."
            )


def _info(dataset: xr.Dataset) -> Iterator[tuple[Any, Any]]:
    yield from dataset.attrs.items()
    yield "status_names", " ".join(f"{int(code)}={code.name}" for code in Status) + f" {NOT_RUN}=NOT_RUN"


def _mat_name(name: str, taken: Mapping[str, Any]) -> str:
    """A valid and free MATLAB name."""
    made = re.sub(r"\W", "_", name, flags=re.ASCII)
    made = (made if made[:1].isalpha() else f"x{made}")[:_MAT_NAME_LENGTH]
    count = 2
    while made in taken:
        made = f"{made[: _MAT_NAME_LENGTH - 3]}_{count}"
        count += 1
    return made


def _mat_values(values: np.ndarray) -> np.ndarray:
    """Text as a cell array."""
    return values.astype(object) if values.dtype.kind in "US" else values


def _mat_text(value: Any) -> Any:
    return value if isinstance(value, int | float | str) else str(value)


SUMMARY, LATEX = "summary.csv", "latex"
ENDINGS = {LATEX: ".tex"}
"""Of files, where they are not the name of the format."""
WRITERS: Mapping[str, Callable[[xr.Dataset, Path], None]] = {
    "nc": to_netcdf,
    "mat": to_mat,
    "csv": to_csv,
    SUMMARY: to_summary_csv,
}
"""Format -> what writes it; a table in LaTeX is of one metric, and so is not among them."""
FORMATS = (*WRITERS, LATEX)
