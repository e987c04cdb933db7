# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
"""One design as a file: the numbers that an engineer uploads to a transmitter, with the channels they were made for.

Every format holds the same: what was designed (system, scheme, route, seed, trial, configuration, status), the arrays
of the design and of the channels with their axes, the metrics of this trial with their units.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leoisac.experiment.contracts import Metric, System
from leoisac.experiment.trials.provenance import versions
from leoisac.foundation.config import Config, ConfigError
from leoisac.foundation.status import Solution, Status

FORMAT = "leoisac-design-1"
UNKNOWN_UNITS = "see the documentation of the design class"


@dataclass(frozen=True)
class NamedArray:
    """An array with its meaning; ``axes`` is empty for a number, and ``("?", "?")`` where they have no names."""

    values: np.ndarray
    axes: tuple[str, ...]
    units: str
    description: str


@dataclass(frozen=True)
class DesignRecord:
    """Everything that goes into a file.

    Attributes:
        header: plain (JSON) values: system, scheme, configuration, status and where they come from.
        design, channels, metrics: arrays of the trial by name, without trial axis.
    """

    header: Mapping[str, Any]
    design: Mapping[str, NamedArray]
    channels: Mapping[str, NamedArray]
    metrics: Mapping[str, NamedArray]

    def groups(self) -> Iterator[tuple[str, Mapping[str, NamedArray]]]:
        """The groups of arrays by name."""
        return iter((("design", self.design), ("channels", self.channels), ("metrics", self.metrics)))


def design_record(
    system: System,
    config: Config,
    channels: Any,
    solution: Solution[Any],
    metrics: Mapping[str, Any],
    position: int = 0,
    **origin: Any,
) -> DesignRecord:
    """One trial of a solution as plain named arrays.

    Args:
        system: the system.
        config: its configuration.
        channels: that were designed for.
        solution: from ``design``.
        metrics: from ``evaluate``.
        position: along the trial axis of the solution.
        origin: what else to write down (``scheme``, ``route``, ``seed``, ``trial``).

    Raises:
        ConfigError: for a position past the end.
    """
    count = len(np.asarray(solution.status))
    if not 0 <= position < count:
        raise ConfigError(f"position = {position}: the solution holds {count} trials, numbered from 0.")
    status = Status(int(np.asarray(solution.status)[position]))
    header = {
        "format": FORMAT,
        "system": system.name,
        **origin,
        "status": status.name,
        "objective": float(np.asarray(solution.objective)[position]),
        "violation": float(np.asarray(solution.violation)[position]),
        "config": config.model_dump(mode="json"),
        "versions": versions([str(origin.get("route", ""))] if "route" in origin else ()),
    }
    return DesignRecord(
        header=header,
        design=_design_arrays(system, solution.value, position),
        channels={
            name: NamedArray(np.asarray(getattr(channels, name))[position], axes, "", "")
            for name, axes in system.channel_axes.items()
        },
        metrics={name: _named(np.asarray(values)[position], system.metrics[name]) for name, values in metrics.items()},
    )


def write_design(record: DesignRecord, to: str, path: Path) -> None:
    """Write a record as ``"json"``, ``"npz"`` or ``"mat"`` (ConfigError for another format).

    JSON has complex numbers as ``re`` and ``im``, nested lists in the order of ``axes``. NPZ has an array
    ``design.<name>`` (``channels.…``, ``metrics.…``), complex as such, and ``description``, a JSON text with the rest.
    MAT has the structs ``design``, ``channels``, ``metrics``, ``units``, ``axes`` and ``info``.
    """
    if to not in DESIGN_WRITERS:
        raise ConfigError(f"to = {to!r}: must be one of {', '.join(DESIGN_WRITERS)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    DESIGN_WRITERS[to](record, path)


def _design_arrays(system: System, design: Any, position: int) -> dict[str, NamedArray]:
    arrays: dict[str, NamedArray] = {}
    for name, values in _leaves(design):
        one = np.asarray(values)[position]
        if name in system.design_fields:
            arrays[name] = _named(one, system.design_fields[name])
        elif not system.design_fields:
            arrays[name] = NamedArray(one, ("?",) * one.ndim, UNKNOWN_UNITS, "")
    return arrays


def _leaves(design: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Arrays of a design and of its parts, ``part.name``; what is absent (None) is passed over."""
    for field in dataclasses.fields(design):
        value: Any = getattr(design, field.name)
        if dataclasses.is_dataclass(value):
            yield from _leaves(value, f"{prefix}{field.name}.")
        elif value is not None and np.ndim(value) > 0:
            yield f"{prefix}{field.name}", value


def _named(values: np.ndarray, metric: Metric) -> NamedArray:
    return NamedArray(values, metric.axes, metric.units, metric.long_name)


def _described(array: NamedArray) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": array.description,
        "units": array.units,
        "axes": list(array.axes),
        "shape": list(array.values.shape),
    }
    return {name: value for name, value in described.items() if value != ""}


def _to_json(record: DesignRecord, path: Path) -> None:
    data: dict[str, Any] = {name: _finite(value) for name, value in record.header.items()}
    for group, arrays in record.groups():
        data[group] = {name: {**_described(array), **_json_values(array.values)} for name, array in arrays.items()}
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _json_values(values: np.ndarray) -> dict[str, Any]:
    if np.iscomplexobj(values):
        return {"re": _lists(np.real(values)), "im": _lists(np.imag(values))}
    return {"values": _lists(values)}


def _lists(values: Any) -> Any:
    """Nested lists; what is not finite, which JSON does not know, is null."""
    plain = np.asarray(values)
    if plain.dtype.kind == "f" and not np.isfinite(plain).all():
        plain = plain.astype(object)
        plain[~np.isfinite(np.asarray(values))] = None
    return plain.tolist()


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _to_npz(record: DesignRecord, path: Path) -> None:
    arrays: dict[str, Any] = {}
    described: dict[str, Any] = {name: _finite(value) for name, value in record.header.items()}
    for group, members in record.groups():
        arrays |= {f"{group}.{name}": array.values for name, array in members.items()}
        described[group] = {name: _described(array) for name, array in members.items()}
    text = json.dumps(described, ensure_ascii=False, allow_nan=False)
    with path.open("wb") as stream:
        np.savez_compressed(stream, description=np.asarray(text), **arrays)


def _to_mat(record: DesignRecord, path: Path) -> None:
    from scipy import io

    content: dict[str, Any] = {"units": {}, "axes": {}}
    for group, members in record.groups():
        content[group] = {_field(name): array.values for name, array in members.items()}
        content["units"][group] = {_field(name): array.units for name, array in members.items()}
        content["axes"][group] = {_field(name): np.asarray(array.axes, dtype=object) for name, array in members.items()}
    header = dict(record.header)
    content["info"] = {
        name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in header.items()
    }
    io.savemat(path, content, long_field_names=True, oned_as="column", do_compression=True)


def _field(name: str) -> str:
    return name.replace(".", "_")


DESIGN_WRITERS: Mapping[str, Callable[[DesignRecord, Path], None]] = {"json": _to_json, "npz": _to_npz, "mat": _to_mat}
"""Format -> what writes it."""
