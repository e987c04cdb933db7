"""Array layouts: where the elements are, in wavelengths. Plain data, NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

_AXES = "xyz"


@dataclass(frozen=True, eq=False)
class ArrayLayout:
    """Element positions of an antenna array.

    The positions are read-only, and layouts compare and hash by content, so that one can be a static argument of a
    compiled function.

    Attributes:
        positions: element positions in wavelengths, shape ``(antenna, 3)``, axes x, y, z.
        shape: logical shape of the array: ``(count,)`` or ``(rows, columns)``; element (r, c) is stored at
            ``r * columns + c``.

    Raises:
        ValueError: ``shape`` does not hold as many elements as there are positions.
    """

    positions: Float[np.ndarray, "antenna 3"]
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        positions = np.array(self.positions, dtype=float)
        if len(positions) != np.prod(self.shape):
            raise ValueError(
                f"shape={self.shape} holds {np.prod(self.shape)} elements, but positions has {len(positions)} rows; "
                "give one row of x, y, z per element."
            )
        positions.flags.writeable = False
        object.__setattr__(self, "positions", positions)

    @property
    def count(self) -> int:
        """Number of elements."""
        return len(self.positions)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ArrayLayout):
            return NotImplemented
        return self.shape == other.shape and np.array_equal(self.positions, other.positions)

    def __hash__(self) -> int:
        return hash((self.shape, self.positions.tobytes()))


def ula(count: int, spacing: float = 0.5) -> ArrayLayout:
    """Uniform linear array along x, first element at the origin.

    Args:
        count: number of elements, at least 1.
        spacing: element spacing in wavelengths, positive.

    Raises:
        ValueError: ``count`` or ``spacing`` is out of range.
    """
    _check_size(count=count)
    _check_spacing(spacing)
    positions = np.zeros((count, 3))
    positions[:, 0] = spacing * np.arange(count)
    return ArrayLayout(positions, (count,))


def upa(rows: int, columns: int, spacing: float = 0.5, plane: str = "xy") -> ArrayLayout:
    """Uniform planar array, element (0, 0) at the origin, element (r, c) stored at ``r * columns + c``.

    Row index r counts along the first axis of ``plane``, column index c along the second. The default ``"xy"`` is a
    horizontal panel: with half-wavelength spacing the phase of element (r, c) towards azimuth az and elevation el is
    ``pi cos(el) (r cos(az) + c sin(az))``. ``"yz"`` is an upright panel that faces x.

    Args:
        rows: number of rows, at least 1.
        columns: number of columns, at least 1.
        spacing: element spacing in wavelengths along both axes, positive.
        plane: two different letters of x, y, z.

    Raises:
        ValueError: a size or ``spacing`` is out of range, or ``plane`` does not name a plane.
    """
    _check_size(rows=rows, columns=columns)
    _check_spacing(spacing)
    if len(plane) != 2 or len(set(plane)) != 2 or not set(plane) <= set(_AXES):
        raise ValueError(f"plane={plane!r} is not a plane; give two different axes of x, y, z, such as 'xy' or 'yz'.")
    row, column = np.divmod(np.arange(rows * columns), columns)
    positions = np.zeros((rows * columns, 3))
    positions[:, _AXES.index(plane[0])] = spacing * row
    positions[:, _AXES.index(plane[1])] = spacing * column
    return ArrayLayout(positions, (rows, columns))


def _check_size(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name}={size} leaves the array without elements; give 1 or more.")


def _check_spacing(spacing: float) -> None:
    if not spacing > 0:
        raise ValueError(f"spacing={spacing} wavelengths is not positive; half-wavelength spacing is 0.5.")
