"""Channels that are given instead of drawn: where they come from, how many trials they are, and their digest.

A source is what a scenario says of them (the table ``[channels]``). Its digest is one of the numbers as the system
counts them, not of the file: the same channels in another format, or in memory, are the same source.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from leoisac.experiment.channel_checks import (
    HOW_TO_TEST,
    check_lengths,
    refuse_nonfinite,
    refuse_outside,
    refuse_real,
    refuse_single,
    trial_count,
)
from leoisac.experiment.channel_table import domain_of, unit_of
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.errors import ChannelError
from leoisac.experiment.scenario.channel_files import opened
from leoisac.experiment.scenario.channel_mapping import TRIAL, Expression, mapped
from leoisac.foundation.config import Config, ConfigError, shown, suggest

IN_MEMORY = "arrays in memory"
PART = "#"
"""Between the name of a field that is no plain array and the number of one of its arrays: ``echo#0``."""
KEYS = ("file", "single", "origin", "trials", "sha256")
"""Keys of the table ``[channels]``; every other key is an array of the system."""
_DIGEST_LENGTH = 64


@dataclass(frozen=True)
class ChannelSource:
    """Given channels.

    Attributes:
        sha256: digest of the numbers.
        trials: how many there are.
        file: where they are read from; empty for arrays in memory.
        arrays: array of the system -> expression (see ``channel_mapping``), for those that a file has not under their
            own names.
        single: whether single precision is taken as it is.
        origin: for people: what they were made of, where ``file`` is a store's own copy.
        held: array of the system -> its numbers ``(trial, …)``; None until they are read.
    """

    sha256: str
    trials: int
    file: str = ""
    arrays: Mapping[str, Expression] = field(default_factory=dict[str, Expression])
    single: bool = False
    origin: str = ""
    held: Mapping[str, np.ndarray] | None = field(default=None, compare=False, repr=False)

    @property
    def label(self) -> str:
        """``meas.mat``, for messages."""
        return self.origin or Path(self.file).name or IN_MEMORY

    def table(self) -> dict[str, Any]:
        """The source as plain data, which ``source_from_table`` reads."""
        told = {"file": self.file, "single": self.single, "origin": self.origin, **self.arrays}
        return {**{key: value for key, value in told.items() if value}, "trials": self.trials, "sha256": self.sha256}


def source_from_table(
    system: System, config: Config, table: Mapping[str, Any], folder: Path | None = None, read: bool = True
) -> ChannelSource:
    """The source that a table ``[channels]`` describes.

    Args:
        system: the system.
        config: its configuration, which fixes the sizes.
        table: ``file``, expressions by array, ``single``; ``trials`` and ``sha256`` where it is known what to find.
        folder: to which a path is relative.
        read: read the file now; otherwise the table must say ``trials`` and ``sha256``.

    Raises:
        ConfigError: for what the table cannot hold, or a file that cannot be read.
        ChannelError: for arrays that cannot be the system's channels.
    """
    source = described_source(system, table)
    if not read:
        if len(source.sha256) != _DIGEST_LENGTH or source.trials < 1:
            raise ConfigError("channels: `trials` and `sha256` are needed where the file is not read.")
        return source
    if not source.file:
        raise ConfigError(
            'channels: `file` is needed (file = "meas.mat").'
            + (" These channels were arrays in memory: give them to leoisac.run again." if source.sha256 else "")
        )
    return held_source(system, config, source, folder)


def described_source(system: System, table: Mapping[str, Any]) -> ChannelSource:
    """What a table ``[channels]`` says, checked, and nothing read (ConfigError for what it cannot hold)."""
    kinds: Mapping[str, type] = {"file": str, "single": bool, "origin": str, "trials": int, "sha256": str}
    for key in KEYS:
        if key in table and (not isinstance(table[key], kinds[key]) or (key == "trials" and table[key] is True)):
            raise ConfigError(f"channels.{key} = {shown(table[key])}: must be {_KIND_TEXTS[key]}.")
    arrays: dict[str, Expression] = {}
    for name, expression in table.items():
        if name in KEYS:
            continue
        if name not in system.channel_axes:
            known = [*KEYS[:2], *system.channel_axes]
            raise ConfigError(f"channels.{name}: `{system.name}` has no such array.{suggest(name, known)}")
        if isinstance(expression, bool) or not isinstance(expression, str | int | float):
            raise ConfigError(
                f"channels.{name} = {shown(expression)}: must be text that names a variable of the file and its axes, "
                f'"H({", ".join([*system.channel_axes[name], TRIAL])})", or a number.'
            )
        arrays[name] = expression
    return ChannelSource(
        table.get("sha256", ""),
        cast(int, table.get("trials", 0)),
        table.get("file", ""),
        arrays,
        table.get("single", False),
        table.get("origin", ""),
    )


def held_source(system: System, config: Config, source: ChannelSource, folder: Path | None = None) -> ChannelSource:
    """The source with its numbers, read from its file and checked, whatever its digest was before.

    Raises:
        ConfigError, ChannelError: as ``source_from_table``; also if the file holds other channels than the source says.
    """
    path = Path(source.file).expanduser()
    path = path if folder is None else folder / path  # an absolute one stays
    made = read_source(system, config, path, source.arrays, source.single)
    if source.sha256 and made.sha256 != source.sha256:
        raise ConfigError(
            f"channels.sha256: {path} holds other channels than those that this scenario was made with. Bring the file "
            "back; or, to take the new ones, leave out `sha256` and choose another store."
        )
    if source.trials and made.trials < source.trials:
        raise ConfigError(f"channels.trials = {source.trials}: {path} has {made.trials}.")
    return replace(made, file=str(path), origin=source.origin)


def read_source(
    system: System,
    config: Config,
    file: str | Path | Mapping[str, Any],
    arrays: Mapping[str, Expression],
    single: bool = False,
) -> ChannelSource:
    """Channels from a file or a mapping of arrays in memory.

    Args:
        system: the system.
        config: its configuration.
        file: the file, or variable -> array.
        arrays: array of the system -> expression; the others are variables of their own names.
        single: take single precision as it is.

    Raises:
        ConfigError, ChannelError: as ``source_from_table``.
    """
    found: dict[str, np.ndarray] = {}
    with opened(file) as variables:
        there = variables.names()
        optional = set(system.channel_axes) - set(there) - set(arrays) - set(_needed(system))
        for name, axes in system.channel_axes.items():
            if name in optional:
                continue
            expression = arrays.get(name, name)
            if expression == name and name not in there:
                raise _no_array(system, name, variables.label, there)
            one = mapped(variables, name, expression, axes)
            of = f"{name} ({' and '.join(f'`{variable}`' for variable in one.variables)} of {variables.label})"
            found[name] = _checked(of if one.variables else name, one.values, axes, single)
        label = variables.label
        found |= {name: variables.read(name).values for name in there if PART in name}
    sizes = system.axis_sizes(config)
    count = trial_count(system.channel_axes, {n: v for n, v in found.items() if PART not in n}, sizes)
    for name, axes in system.channel_axes.items():
        if name in found:
            lengths = found[name].shape[found[name].ndim - len(axes) :]
            own = count if found[name].ndim > len(axes) else None
            try:
                check_lengths(config, name, axes, lengths, sizes, own)
            except ChannelError as error:
                raise ChannelError(f"{label}: {error} {HOW_TO_TEST}") from None
    origin = "" if isinstance(file, Mapping) else str(file)
    return held_arrays(system, found, count, arrays, single, origin)


def held_arrays(
    system: System,
    found: Mapping[str, np.ndarray],
    trials: int,
    arrays: Mapping[str, Expression] | None = None,
    single: bool = False,
    file: str = "",
) -> ChannelSource:
    """The source of checked arrays; those without a trial axis hold for all trials."""
    full: dict[str, np.ndarray] = {}
    for name, values in found.items():
        wide = _wide(values) if PART not in name else values
        axes = system.channel_axes.get(name, ())
        with_trials = PART in name or wide.ndim == len(axes) + 1
        full[name] = wide if with_trials else np.broadcast_to(wide, (trials, *wide.shape))
    return ChannelSource(_digest(full), trials, file, dict(arrays or {}), single, held=full)


_KIND_TEXTS = {
    "file": 'the path of a file, file = "meas.mat"',
    "single": "true or false",
    "origin": "text",
    "trials": "a whole number",
    "sha256": "text",
}


def _needed(system: System) -> Sequence[str]:
    """Arrays without which there are no channels."""
    missing = dataclasses.MISSING
    fields = dataclasses.fields(resolve(system.channels))
    return [item.name for item in fields if item.default is missing and item.default_factory is missing]


def _no_array(system: System, name: str, label: str, there: Sequence[str]) -> ConfigError:
    declared = system.channel_axes[name]
    axes = ", ".join([*declared, TRIAL])
    unit = unit_of(declared)
    plain = "" if declared else f" One number for all trials will do: {name} = 1.0e-13{_in(unit)}."
    listed = ", ".join(there[:12]) + (" and more" if len(there) > 12 else "")
    return ConfigError(
        f"channels.{name}: is needed, and {label} has no variable of this name (it has {listed or 'none'}). Say which "
        f'one it is, with its axes in the order of the file: {name} = "H({axes})".{plain} `leoisac show {system.name} '
        "--channels` says what every array is."
    )


def _in(unit: str) -> str:
    return f", in {unit}" if unit not in ("", "1") else ""


def _checked(name: str, values: np.ndarray, axes: tuple[str, ...], single: bool) -> np.ndarray:
    if not single:
        refuse_single(name, values.dtype, "say `single = true` in [channels] if its digits are known to suffice")
    if values.dtype.kind == "c" and domain_of(axes).is_real:
        raise ChannelError(f"{name}: holds complex numbers ({values.dtype}), and real ones are expected.")
    refuse_real(name, values, axes)
    try:
        refuse_nonfinite(name, values, axes)
    except ChannelError as error:
        raise ChannelError(f"{error} Leave such trials out of the file: a campaign takes every one of it.") from None
    refuse_outside(name, values, axes)
    return values


def _wide(values: np.ndarray) -> np.ndarray:
    """Double precision, in the byte order of this machine."""
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64, order="C", copy=False)


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Of names, shapes and numbers; real numbers as complex ones, which a file may have made of them."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = arrays[name]
        digest.update(f"{name} {values.shape} ".encode())
        plain = values if PART in name else values.astype(np.complex128)
        digest.update(np.ascontiguousarray(plain).tobytes())
    return digest.hexdigest()
