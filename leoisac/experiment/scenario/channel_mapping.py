"""The language of ``[channels]``: from which variable of a file an array of the system comes, axes by name.

::

    h_users = "H(bs_antenna, user, trial)"      the axes of H as the file's writer counts them, by the system's names
    h_users = "H(:, :, trial)"                  a colon takes the system's next axis that is not named
    h_users = "conj(H(trial, user, bs_antenna))"
    h_users = "complex(Hr(user, bs_antenna, trial), Hi(user, bs_antenna, trial))"
    h_users = "h(trial, user, 0, _, bs_antenna, 5)"   entry 0 and entry 5 (counted from 0); _ is an axis of length 1
    noise_power = "sigma2"                      no axes: those of the system in its order, a trial axis first or none
    noise_power = 1.0e-13                       a number, for all trials
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leoisac.experiment.scenario.channel_files import Variable, Variables
from leoisac.foundation.config import ConfigError, shown, suggest

TRIAL = "trial"
Expression = str | float
_CALL = re.compile(r"(?P<name>[^\s(),]+)\s*(?:\((?P<inside>.*)\))?", re.DOTALL)
_FUNCTIONS = {"conj": 1, "complex": 2}
_ONE = "_"


@dataclass(frozen=True)
class Mapped:
    """An array as the system counts its axes.

    Attributes:
        values: shape ``(trial, *axes)``, or ``axes`` where it holds for all trials.
        variables: the variables that it was made of, for messages.
    """

    values: np.ndarray
    variables: tuple[str, ...] = ()


def mapped(source: Variables, name: str, expression: Expression, axes: Sequence[str]) -> Mapped:
    """The array of the system that an expression describes.

    Args:
        source: the file.
        name: of the array, for messages.
        expression: in the language above.
        axes: of the array after ``trial``.

    Raises:
        ConfigError: if the expression cannot be read, names no variable of the file, or other axes than there are.
    """
    if isinstance(expression, str):
        return _Reader(source, name, expression, tuple(axes)).read(expression.strip())
    if axes:
        raise ConfigError(
            f"channels.{name} = {expression:g}: a number stands for an array without axes alone, and `{name}` has "
            f"({', '.join(axes)}). Name a variable of the file."
        )
    return Mapped(np.asarray(float(expression)))


@dataclass(frozen=True)
class _Reader:
    source: Variables
    name: str
    text: str
    axes: tuple[str, ...]

    def read(self, part: str) -> Mapped:
        match = _CALL.fullmatch(part)
        if match is None or part.count("(") != part.count(")"):
            proposal = f'"H({", ".join([*self.axes, TRIAL])})"'
            raise self._wrong(
                f"cannot be read. Write the variable with its axes in the order of the file, {proposal}; around it, if "
                "need be, conj(…) or complex(real part, imaginary part)."
            )
        head, inside = match["name"], match["inside"]
        if head in _FUNCTIONS and inside is not None:
            return self._applied(head, [self.read(one) for one in _arguments(inside)])
        try:
            variable = self.source.read(head)
        except ConfigError as error:
            raise self._wrong(str(error)) from None
        if inside is None:
            return Mapped(self._in_order(head, variable), (head,))
        return Mapped(self._by_names(variable, [step.strip() for step in inside.split(",")]), (head,))

    def _applied(self, function: str, parts: Sequence[Mapped]) -> Mapped:
        if len(parts) != _FUNCTIONS[function]:
            raise self._wrong(f"`{function}` takes {_FUNCTIONS[function]} variable(s), not {len(parts)}.")
        variables = tuple(variable for part in parts for variable in part.variables)
        if function == "conj":
            return Mapped(np.conj(parts[0].values), variables)
        real, imaginary = (part.values for part in parts)
        if real.shape != imaginary.shape or "c" in (real.dtype.kind, imaginary.dtype.kind):
            raise self._wrong(
                f"complex needs two real arrays of the same lengths; they are {real.dtype} {real.shape} and "
                f"{imaginary.dtype} {imaginary.shape}."
            )
        made = np.empty(real.shape, np.result_type(real.dtype, imaginary.dtype, np.complex64))
        made.real, made.imag = real, imaginary
        return Mapped(made, variables)

    def _in_order(self, head: str, variable: Variable) -> np.ndarray:
        """Axes that are not named: those of the system in its order, with a trial axis first or without."""
        values = variable.values
        if variable.pads_axes and len(self.axes) <= 1 and values.ndim == 2 and 1 in values.shape:
            values = values.reshape([length for length in values.shape if length != 1])  # numbers and vectors
        if values.ndim not in (len(self.axes), len(self.axes) + 1):
            raise self._wrong(
                f"{self.source.label} has {values.ndim} axes there (shape {values.shape}); expected "
                f"({', '.join(self.axes) or 'a number'}), or the same with `{TRIAL}` first. Name the axes in the order "
                f'of the file: {self.name} = "{head}({", ".join([*self.axes, TRIAL])})".'
            )
        return values

    def _by_names(self, variable: Variable, steps: list[str]) -> np.ndarray:
        steps = self._checked([] if steps == [""] else self._without_colons(steps))
        values = variable.values
        if variable.pads_axes and values.ndim < len(steps):  # last axes of length 1 are not written
            values = values.reshape(*values.shape, *[1] * (len(steps) - values.ndim))
        if variable.pads_axes and len(steps) < 2 and values.ndim == 2 and 1 in values.shape:
            values = values.reshape([-1] * len(steps) if steps or values.size > 1 else [])
        if values.ndim != len(steps):
            raise self._wrong(
                f"names {len(steps)} axes, and {self.source.label} has {values.ndim} there (shape {values.shape}). "
                "Name every axis, in the order of the file; a number takes one entry of an axis, _ one of length 1."
            )
        for axis in reversed(range(len(steps))):
            if steps[axis] == _ONE or _is_entry(steps[axis]):
                values = self._entry(values, axis, steps[axis])
        named = [step for step in steps if step != _ONE and not _is_entry(step)]
        return values.transpose([named.index(axis) for axis in (TRIAL, *self.axes) if axis in named])

    def _entry(self, values: np.ndarray, axis: int, step: str) -> np.ndarray:
        length, entry = values.shape[axis], 0 if step == _ONE else int(step)
        if entry >= length or (step == _ONE and length != 1):
            asked = "is for an axis of length 1" if step == _ONE else "is none of them, counted from 0"
            raise self._wrong(f"axis {axis + 1} has {length} entries in {self.source.label}; {step} {asked}.")
        return values.take(entry, axis=axis)

    def _without_colons(self, steps: list[str]) -> list[str]:
        """Colons stand for the system's axes that are not named, in its order."""
        free = [axis for axis in self.axes if axis not in steps]
        if steps.count(":") not in (0, len(free)):
            raise self._wrong(
                f"has {steps.count(':')} colons for {len(free)} axes that are not named ({', '.join(free) or 'none'}). "
                "Write all axes by name."
            )
        left = iter(free)
        return [next(left) if step == ":" else step for step in steps]

    def _checked(self, steps: list[str]) -> list[str]:
        known = [*self.axes, TRIAL]
        for step in steps:
            if step == _ONE or _is_entry(step):
                continue
            if step not in known:
                raise self._wrong(
                    f"`{self.name}` has no axis {shown(step)}; it has {', '.join(known)}.{suggest(step, known)} Write "
                    "a number for one entry of an axis (counted from 0), _ for an axis of length 1."
                )
            if steps.count(step) > 1:
                raise self._wrong(f"the axis `{step}` stands twice.")
        lacking = [axis for axis in self.axes if axis not in steps]
        if lacking:
            raise self._wrong(
                f"the axis `{lacking[0]}` is missing. Name {', '.join(self.axes)} in the order in which the file has "
                f"them, and `{TRIAL}` where trials differ."
            )
        return steps

    def _wrong(self, reason: str) -> ConfigError:
        return ConfigError(f"channels.{self.name} = {shown(self.text, 120)}: {reason}")


def _arguments(inside: str) -> list[str]:
    """Split at the commas that stand in no brackets."""
    parts, depth = [""], 0
    for character in inside:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _is_entry(step: str) -> bool:
    return step.isascii() and step.isdigit()
