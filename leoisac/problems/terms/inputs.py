# pyright: reportUnknownMemberType=false
"""What the terms accept: every array is checked as it comes in, and refused in words that say what is expected.

A wrong rank would otherwise broadcast into something plausible: a forgotten trial axis makes the first user the only
one.
Shapes are known while a statement is traced, so that the words come before anything is compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jnp

BEAMS, BEAM = ("antenna", "stream"), ("antenna",)
CHANNELS, ONE_CHANNEL = ("user", "antenna"), ("antenna",)
HERMITIAN = ("antenna", "antenna")

_ONE_TRIAL = "A statement sees one trial"


class Inputs:
    """Arguments of one term, checked against each other.

    Every axis has a name, and one size throughout the term: the first argument that has it fixes it.
    """

    def __init__(self, term: str) -> None:
        self._term = f"li.terms.{term}"
        self._sizes: dict[str, tuple[int, str]] = {}

    def array(self, name: str, value: Any, *forms: tuple[str, ...]) -> Any:
        """``value`` as a complex array whose axes are those of one of ``forms``.

        Raises:
            ValueError: for another number of axes, or a size that another argument contradicts.
        """
        array = self._numbers(name, value)
        form = next((form for form in forms if len(form) == array.ndim), None)
        if form is None:
            raise ValueError(
                f"{self._term}: {name} has shape {array.shape}, but {_or(forms)} is expected. {_advice(array, forms)}"
            )
        for axis, size in zip(form, array.shape):
            known, owner = self._sizes.setdefault(axis, (size, name))
            if known != size:
                raise ValueError(
                    f"{self._term}: {name} has shape {array.shape}, read as {_text(form)}: {size} along {axis}, where "
                    f"{owner} has {known}. {self._swapped(form, array.shape)}"
                )
        return array.astype(jnp.result_type(array, 1j))  # real channels are amplitudes, too

    def level(self, name: str, value: Any, axis: str, size: int | None = None) -> Any:
        """A real number, or one number for each place along ``axis``.

        Args:
            size: of that axis, where no argument has it by this name.
        """
        array = self._numbers(name, value)
        if jnp.iscomplexobj(array):
            raise ValueError(f"{self._term}: {name} is complex, but a real number is expected: a power in W.")
        size = self._sizes[axis][0] if size is None else size
        if array.shape not in ((), (size,)):
            raise ValueError(
                f"{self._term}: {name} has shape {array.shape}, but one number or ({axis},) = ({size},) is expected. "
                f"{_advice(array, ((), (axis,)))}"
            )
        return array.astype(jnp.result_type(array, 1.0))

    def refuse(self, what: str) -> ValueError:
        """The error with the term's name in front."""
        return ValueError(f"{self._term}: {what}")

    def _numbers(self, name: str, value: Any) -> Any:
        if value is None:
            raise self.refuse(f"{name} is None, but an array is expected.")
        try:
            return jnp.asarray(value)
        except (TypeError, ValueError) as error:
            raise self.refuse(f"{name} is a {type(value).__name__}, but an array is expected.") from error

    def _swapped(self, form: tuple[str, ...], shape: tuple[int, ...]) -> str:
        pairs = list(zip(form[-2:], shape[-2:][::-1]))
        if len(pairs) == 2 and all(self._sizes.get(axis, (size, ""))[0] == size for axis, size in pairs):
            return "Its last two axes seem to be exchanged."
        return "Channels are rows (user, antenna), beams are columns (antenna, stream)."


def membership(inputs: Inputs, groups: Any, antennas: int) -> np.ndarray:
    """Which antennas a group has, ``(group, antenna)`` of zeros and ones.

    Args:
        groups: number of equal groups of neighbouring antennas, or the group of each antenna, counted from 0.
    """
    labels = np.asarray(groups)
    if labels.dtype.kind not in "iu":
        raise inputs.refuse(
            "groups counts groups of neighbouring antennas, or gives each antenna's group, in integers."
        )
    if labels.ndim == 0:
        count = int(labels)
        if count < 1 or antennas % count:
            raise inputs.refuse(f"groups={count} does not divide {antennas} antennas; give the group of each antenna.")
        labels = np.repeat(np.arange(count), antennas // count)
    if labels.shape != (antennas,):
        raise inputs.refuse(
            f"groups has shape {labels.shape}, but one group for each of {antennas} antennas is expected."
        )
    present = np.unique(labels)
    if not np.array_equal(present, np.arange(present.size)):
        raise inputs.refuse(f"groups are numbered 0, 1, 2, ... without gaps; these are {present.tolist()}.")
    return (labels == present[:, None]).astype(float)


def squared(x: Any) -> Any:
    """``|x|^2`` with a derivative at zero."""
    return jnp.real(x) ** 2 + jnp.imag(x) ** 2


def columns(w: Any) -> Any:
    """Beams (antenna, stream), also of one beam (antenna,)."""
    return w[:, None] if w.ndim == 1 else w


def transmission(inputs: Inputs, w: Any, covariance: Any) -> tuple[Any, Any]:
    """Beams as columns and covariance, checked; either may be None, but not both."""
    if w is None and covariance is None:
        raise inputs.refuse("give beams w (antenna, stream), or covariance=(antenna, antenna), or both.")
    w = None if w is None else columns(inputs.array("w", w, BEAMS, BEAM))
    return w, None if covariance is None else inputs.array("covariance", covariance, HERMITIAN)


def _advice(array: Any, forms: Sequence[tuple[str, ...]]) -> str:
    if array.ndim > max(len(form) for form in forms):
        return f"{_ONE_TRIAL}: perhaps a trial axis in front was not taken for one, or there is an axis too many."
    return f"{_ONE_TRIAL}: perhaps an axis of this array was taken for the trial axis, because it leads."


def _text(form: tuple[str, ...]) -> str:
    return f"({form[0]},)" if len(form) == 1 else f"({', '.join(form)})"


def _or(forms: Sequence[tuple[str, ...]]) -> str:
    return " or ".join(_text(form) for form in forms)
