"""What channel arrays are held to, wherever they come from: numbers, precision, lengths of axes, domains.

Every refusal names the array, what it is and what is expected. Light: NumPy alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from leoisac.experiment.channel_table import UNDECLARED, domain_of, hint, unit_of
from leoisac.experiment.errors import ChannelError
from leoisac.foundation.config import Config, shown

_HAND_OVER = " Hand over numbers on the host: tensor.detach().cpu() in PyTorch, tensor.numpy() in TensorFlow."
HOW_TO_TEST = (
    "Where lengths agree, a transposed or conjugated array cannot be told from a right one: compare a rate that you "
    "compute by hand from your array with the one of li.evaluate (docs/channels.md shows how)."
)


def as_numpy(name: str, value: Any) -> np.ndarray:
    """An array of NumPy from whatever has its interface or DLPack's: lists, JAX, PyTorch, TensorFlow, CuPy on the host.

    Raises:
        ChannelError: for what gives no array: a ragged list, a tensor on another device or that records gradients.
    """
    try:
        if not hasattr(value, "__array__") and hasattr(value, "__dlpack__"):
            return np.from_dlpack(value)
        return np.asarray(value)
    except (ValueError, TypeError, RuntimeError, BufferError) as error:
        reason = shown(str(error).partition("\n")[0], 200)[1:-1].rstrip(".")
        remedy = "" if isinstance(value, list | tuple) else _HAND_OVER
        raise ChannelError(f"{name}: is not an array: {reason}.{remedy}") from None


def refuse_single(name: str, dtype: np.dtype[Any], remedy: str = "") -> None:
    """Refuse single precision; ``remedy``: what to do instead of converting, where there is something."""
    if str(dtype) in ("float16", "bfloat16", "float32", "complex64"):
        double = "complex128" if dtype.kind == "c" else "float64"
        remedy = remedy or f"write {name}.astype({double!r}) if its digits are known to suffice"
        raise ChannelError(
            f"{name}: {dtype} is too coarse for path gains and constraint margins; compute it in {double} "
            f"(or {remedy})."
        )


def refuse_real(name: str, array: np.ndarray, axes: tuple[str, ...]) -> None:
    """Refuse real numbers where the system declares complex ones: magnitudes, most often."""
    domain = domain_of(axes)
    if array.dtype.kind != "c" and not domain.is_real and domain is not UNDECLARED:
        raise ChannelError(
            f"{name}: holds real numbers ({array.dtype}), and complex ones are expected: are they magnitudes, or the "
            "real part alone? Save the complex array; two real arrays are joined by complex(real, imaginary). Should "
            "they be real indeed, save complex(H) in MATLAB, H.astype(complex) in Python."
        )


def refuse_nonfinite(name: str, array: np.ndarray, axes: tuple[str, ...]) -> None:
    """Refuse NaN and infinities."""
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        first = [int(step) for step in bad[0]]
        raise ChannelError(
            f"{name}: {len(bad)} of {array.size} entries are NaN or infinite, the first at {first} "
            f"({array[tuple(first)]}); {_allowed(axes)}."
        )


def refuse_outside(name: str, array: np.ndarray, axes: tuple[str, ...]) -> None:
    """Refuse finite numbers that the array cannot hold."""
    bad = np.argwhere(domain_of(axes).outside(array))
    if len(bad):
        first = tuple(int(step) for step in bad[0])
        place = f"{name}[{', '.join(map(str, first))}]" if first else name
        others = f" ({len(bad)} of {array.size} entries are not.)" if len(bad) > 1 else ""
        value = array[first].item()
        raise ChannelError(f"{place} = {value:.6g}: {_allowed(axes)}.{others}{hint(value, axes)}")


def trial_count(
    axes: Mapping[str, tuple[str, ...]], arrays: Mapping[str, np.ndarray], sizes: Mapping[str, int] | None = None
) -> int:
    """How many trials the arrays have, 1 where none has a trial axis.

    Args:
        axes: array name -> axes after ``trial``.
        arrays: by name.
        sizes: lengths of those axes, for a word about names in another order where the arrays disagree.

    Raises:
        ChannelError: for other axes than declared, for arrays that disagree, and for no trials.
    """
    counts: dict[str, int] = {}
    for name, array in arrays.items():
        if array.ndim == len(axes[name]) + 1:
            counts[name] = array.shape[0]
        elif array.ndim != len(axes[name]):
            raise ChannelError(
                f"{name}: has {array.ndim} axes (shape {array.shape}); expected {axes_text(axes[name])}, "
                "or the same with a trial axis first."
            )
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        turned = (_permuted(axes[name], arrays[name].shape, sizes or {}) for name in counts)
        hints = [f" {name}:{text}" for name, text in zip(counts, turned) if text]
        raise ChannelError(f"the arrays disagree on the number of trials (first axis): {listed}.{''.join(hints)}")
    count = next(iter(counts.values()), 1)
    if count == 0:
        raise ChannelError(f"{next(iter(counts))}: has no trials (first axis of length 0).")
    return count


def check_lengths(
    config: Config,
    name: str,
    axes: tuple[str, ...],
    lengths: tuple[int, ...],
    sizes: Mapping[str, int],
    trials: int | None = None,
) -> None:
    """Hold the lengths of an array's axes, without ``trial``, against those that the configuration gives.

    ``trials`` is the length of the array's trial axis, if it has one: its name may stand at another axis.
    """
    for axis, actual in zip(axes, lengths, strict=True):
        expected = sizes[axis]
        if actual != expected:
            source = _fields_behind(config, axis, expected)
            raise ChannelError(
                f"{name}: axis `{axis}` has {actual} entries, the configuration says {expected}{source}; "
                f"expected {axes_text(axes)}."
                + (_transposed(axes, lengths, sizes) or _permuted(axes, (trials or 0, *lengths), sizes))
            )


def axes_text(axes: tuple[str, ...]) -> str:
    """``(user, tx)``"""
    return f"({', '.join(axes)})" if axes else "(a number)"


def _transposed(axes: tuple[str, ...], lengths: tuple[int, ...], sizes: Mapping[str, int]) -> str:
    """Whether the lengths are those of the axes in another order, as a sentence."""
    wanted = tuple(sizes[axis] for axis in axes)
    for order in itertools.permutations(range(len(axes))):
        if tuple(wanted[place] for place in order) == lengths:
            return f" It looks transposed: its axes seem to be {axes_text(tuple(axes[place] for place in order))}."
    return ""


def _permuted(axes: tuple[str, ...], shape: tuple[int, ...], sizes: Mapping[str, int]) -> str:
    """Whether the shape, trial first, is one of these axes under each other's names, as a sentence."""
    wanted = [sizes.get(axis, -1) for axis in axes]
    rest = list(shape)
    for length in wanted:
        if length not in rest:
            return ""
        rest.remove(length)
    if len(rest) != 1 or not rest[0] or list(shape[1:]) == wanted:
        return ""
    told = ", ".join(f"{axis} {length}" for axis, length in zip(("trial", *axes), shape))
    asked = ", ".join(f"{axis} {length}" for axis, length in zip(axes, wanted))
    return (
        f" The names of its axes look permuted: as they are written it has {told}, and {asked} are wanted, which "
        f"leaves {rest[0]} for trial. Name the axes in the order in which the array has them."
    )


def _allowed(axes: tuple[str, ...]) -> str:
    unit = unit_of(axes)
    return f"must be {domain_of(axes).allowed}" + (f", in {unit}" if unit != "1" else "")


def _fields_behind(config: Config, axis: str, size: int) -> str:
    """The fields that share a word with the axis and give its size, for the message: `` (num_users=8)``."""
    words = {word.rstrip("s") for word in axis.split("_")}
    found: list[str] = []
    for name, value in config:
        if not words & {word.rstrip("s") for word in name.split("_")}:
            continue
        counts: set[int] = set()
        if isinstance(value, tuple):
            items = cast("tuple[Any, ...]", value)
            counts = {len(items), math.prod(items) if all(isinstance(item, int) for item in items) else 0}
        elif isinstance(value, int) and not isinstance(value, bool):
            counts = {value}
        if size in counts:
            found.append(f"{name}={value!r}")
    return f" ({', '.join(found)})" if found else ""
