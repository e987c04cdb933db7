# pyright: reportUnknownMemberType=false
"""A configuration's numbers as formulas read them: SI, by names without a unit, as data of compiled programs.

``transmit_power_dbw = 20`` is ``transmit_power``, 100 W; ``target_deg`` is ``target`` in radians. Real numbers and
lists of them are data, so that a sweep over them compiles once; whole numbers, texts and flags are fixed in the
program, so that they may be sizes.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from leoisac.foundation.config import Config, ConfigError
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.units import dbm_to_w, dbw_to_w, deg_to_rad, from_db

SI: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "_dbw": (dbw_to_w, "W"),
    "_dbm": (dbm_to_w, "W"),
    "_dbi": (from_db, "1"),
    "_db": (from_db, "1"),
    "_deg": (deg_to_rad, "rad"),
    "_km": (lambda value: value * 1e3, "m"),
    "_ghz": (lambda value: value * 1e9, "Hz"),
    "_mhz": (lambda value: value * 1e6, "Hz"),
    "_khz": (lambda value: value * 1e3, "Hz"),
    "_mw": (lambda value: value * 1e-3, "W"),
    "_ms": (lambda value: value * 1e-3, "s"),
    "_us": (lambda value: value * 1e-6, "s"),
    "_m_s": (lambda value: value, "m/s"),
    "_rad2": (lambda value: value, "rad²"),
    "_m2": (lambda value: value, "m²"),
    "_hz": (lambda value: value, "Hz"),
    "_m": (lambda value: value, "m"),
    "_w": (lambda value: value, "W"),
    "_s": (lambda value: value, "s"),
    "_k": (lambda value: value, "K"),
}
"""Ending of a field's name -> how it becomes SI, and the unit that it then has."""

Fixed = tuple[tuple[str, Any], ...]


class Numbers:
    """Numbers of a configuration by name: ``leaves`` are data, ``fixed`` belong to the program.

    A pytree. ``renamed`` has the name that a field has here where that is another one, for messages.
    """

    def __init__(self, leaves: Mapping[str, Any], fixed: Fixed, renamed: Fixed) -> None:
        self.leaves, self.fixed, self.renamed = dict(leaves), fixed, renamed

    def __repr__(self) -> str:
        return f"Numbers({', '.join([*self.leaves, *(name for name, _ in self.fixed)])})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("leaves", "fixed", "renamed"):
            raise AttributeError(name)
        return getattr(self.view(), name)

    def view(self, **more: Any) -> View:
        """All of it by attribute, and more."""
        return View({**dict(self.fixed), **self.leaves, **more}, dict(self.renamed))


def _flatten(numbers: Numbers) -> tuple[list[Any], Any]:
    names = tuple(sorted(numbers.leaves))
    return [numbers.leaves[name] for name in names], (names, numbers.fixed, numbers.renamed)


def _unflatten(auxiliary: Any, leaves: Any) -> Numbers:
    names, fixed, renamed = auxiliary
    return Numbers(dict(zip(names, leaves, strict=True)), fixed, renamed)


jax.tree_util.register_pytree_node(Numbers, _flatten, _unflatten)


class View:
    """Values by attribute, with words for a name that is not there."""

    def __init__(self, values: Mapping[str, Any], renamed: Mapping[str, str] | None = None) -> None:
        self.__dict__.update(values)
        self.__dict__["_renamed"] = dict(renamed or {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(self._absent(name))

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __repr__(self) -> str:
        return f"View({', '.join(self._names())})"

    def _names(self) -> list[str]:
        return [name for name in self.__dict__ if not name.startswith("_")]

    def _absent(self, name: str) -> str:
        there = self._names()
        if name in self._renamed:
            return f"the field {name} is `{self._renamed[name]}` here, in SI units"
        close = difflib.get_close_matches(name, there, n=1)
        return f"there is no `{name}`" + (f"; did you mean `{close[0]}`?" if close else f"; there are {there}")


def numbers_of(config: Config, prepare: Callable[[Any], Mapping[str, Any]] | None = None) -> Numbers:
    """The numbers of a configuration, and what ``prepare`` makes of it (arrays by name).

    Raises:
        ConfigError: two fields have the same name in SI, or what ``prepare`` returns is no mapping of arrays.
    """
    leaves: dict[str, Any] = {}
    fixed: dict[str, Any] = {}
    renamed: dict[str, str] = {}
    _add_fields(config, "", leaves, fixed, renamed)
    made: Any = {} if prepare is None else prepare(config)
    if not isinstance(made, Mapping):
        raise ConfigError(f"prepare returns a {type(made).__name__}; it must return arrays by name, {{'a': a}}.")
    for name, value in made.items():
        if name in leaves or name in fixed:
            raise ConfigError(f"prepare returns `{name}`, which the configuration has as well; choose another name.")
        array = np.asarray(value)
        if array.dtype.kind not in "biufc":
            raise ConfigError(f"prepare returns `{name}`, a {type(value).__name__}; it must be an array of numbers.")
        leaves[name] = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return Numbers(leaves, tuple(fixed.items()), tuple(renamed.items()))


def plain_name(field: str) -> tuple[str, Callable[[Any], Any], str]:
    """Name of a field in SI, how its value gets there, and the unit."""
    for ending, (convert, unit) in SI.items():
        if field.endswith(ending) and len(field) > len(ending):
            return field.removesuffix(ending), convert, unit
    return field, lambda value: value, "1"


def _add_fields(
    config: Config, prefix: str, leaves: dict[str, Any], fixed: dict[str, Any], renamed: dict[str, str]
) -> None:
    for field in type(config).model_fields:
        value = getattr(config, field)
        if isinstance(value, Config):
            _add_fields(value, f"{prefix}{field}_", leaves, fixed, renamed)
            continue
        is_real = _is_real(value)
        short, convert, _ = plain_name(field) if is_real else (field, None, "")
        name = prefix + short
        if name in leaves or name in fixed:
            raise ConfigError(f"the fields of the configuration give the name `{name}` twice (units do not count).")
        if name != prefix + field:
            renamed[prefix + field] = name
        if is_real:
            leaves[name] = np.asarray(convert(np.asarray(value, dtype=np.float64)) if convert else value)
        elif _is_fixed(value):
            fixed[name] = value


def _is_real(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return bool(value) and all(_is_real(item) for item in value)
    return isinstance(value, float) and math.isfinite(value)


def _is_fixed(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_is_fixed(item) for item in value)
    return value is None or isinstance(value, bool | int | str)
