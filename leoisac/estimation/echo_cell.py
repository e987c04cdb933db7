"""Where one echo stands out of the noise at a planar array, and the few beams that hold all of it there. NumPy.

A window of a large array is read as little as possible: powers of the orthogonal beams are summed over more and more
snapshots until one place stands out; then the samples are projected once on the vectors that hold the steering vectors
of the cell around it (discrete prolate spheroidal sequences of both axes: D. Slepian, Bell Syst. Tech. J. 57(5), 1978).
The direction within the cell is that of most power in them.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float
from scipy import fft

_LOOK = 256
"""Snapshots after which it is looked again whether a place stands out."""
_STANDS_OUT = 5.0
"""Standard deviations of the noise's power. Noise alone reaches that in a few windows of a hundred, which costs time
but no accuracy: whoever asked looks for the echo in the cell, and elsewhere if it is not there."""
_CELL = 2.0
"""Width in orthogonal beams of the directions that the projection holds."""
_VECTORS = 5
"""Per axis: they lose less than 3e-5 of a steering vector within 0.75 orthogonal beams of the middle."""
_STEPS = np.linspace(-0.9, 0.9, 19)
"""Directions within the cell, orthogonal beams from its middle."""

_AROUND = np.arange(-1, 3)
"""Beams around one, or around four, that hold most of an echo."""
_SHIFTS = np.linspace(-0.5, 1.5, 17)


class Cell(NamedTuple):
    """A window projected on the cell of one echo.

    Attributes:
        u, w: direction cosines of most power in the cell.
        basis: orthonormal vectors, shape ``(vector, rx)``.
        samples: ``conj(basis) @ samples``, shape ``(vector, window)``.
    """

    u: float
    w: float
    basis: np.ndarray
    samples: np.ndarray


def leading_cell(
    samples: Complex[np.ndarray, "rx window"], receiver: tuple[int, int], visible: np.ndarray
) -> Cell | None:
    """The cell of the one place whose power stands out of that of all others; ``None`` where none does.

    Args:
        samples: row-major over the array.
        receiver: rows and columns of the half-wavelength array.
        visible: orthogonal beams that look at directions, in the FFT's order, flat.
    """
    centre = _stands_out(samples, receiver, visible.reshape(receiver))
    if centre is None:
        return None
    rows, columns = receiver
    along, across = (_cell_vectors(size, place) for size, place in zip(receiver, centre, strict=True))
    halfway = (np.conj(along) @ samples.reshape(rows, -1)).reshape(len(along), columns, -1)
    projected = np.matmul(np.conj(across), halfway).reshape(len(along) * len(across), -1)
    place = _strongest(projected @ np.conj(projected).T, (along, across), receiver, centre)
    if place is None:
        return None
    u, w = (_wrapped(2.0 * at / size) for at, size in zip(place, receiver, strict=True))
    if np.hypot(u, w) > 1.0:
        return None
    return Cell(u, w, np.einsum("ar,bc->abrc", along, across).reshape(len(projected), -1), projected)


def _strongest(
    power: Complex[np.ndarray, "vector vector"],
    bases: tuple[np.ndarray, np.ndarray],
    receiver: tuple[int, int],
    centre: tuple[float, float],
) -> tuple[float, float] | None:
    """Direction of most power in the cell, orthogonal beams; ``None`` where that is at its edge."""
    inside = [
        np.conj(basis) @ _lines(size, middle + _STEPS)
        for basis, size, middle in zip(bases, receiver, centre, strict=True)
    ]
    places = np.einsum("ai,bj->abij", *inside).reshape(len(power), -1)
    shown = np.real(np.sum(np.conj(places) * (power @ places), axis=0)).reshape(len(_STEPS), -1)
    row, column = divmod(int(np.argmax(shown)), len(_STEPS))
    if {row, column} & {0, len(_STEPS) - 1}:
        return None
    return tuple(
        middle + _STEPS[at] + (_STEPS[1] - _STEPS[0]) * _vertex(line[at - 1 : at + 2])
        for middle, at, line in zip(centre, (row, column), (shown[:, column], shown[row]), strict=True)
    )


def _vertex(values: Float[np.ndarray, "3"]) -> float:
    """Top of the parabola through three values, the middle one the largest, in steps from it."""
    curvature = values[0] - 2.0 * values[1] + values[2]
    return float(0.5 * (values[0] - values[2]) / curvature) if curvature < 0.0 else 0.0


def _stands_out(
    samples: Complex[np.ndarray, "rx window"], receiver: tuple[int, int], visible: np.ndarray
) -> tuple[float, float] | None:
    """Middle of the cell that stands out, in orthogonal beams along both axes."""
    rows, columns = receiver
    window = samples.shape[1]
    total = np.zeros(receiver)
    for start in range(0, window, _LOOK):
        piece = samples[:, start : start + _LOOK].reshape(rows, columns, -1)
        beams = np.ascontiguousarray(fft.fft2(piece, axes=(0, 1))).view(np.float32)
        total += np.einsum("rct,rct->rc", beams, beams)
        count = min(start + _LOOK, window)
        level = np.median(total[visible])
        # An echo between four beams is in all of them.
        four = total + np.roll(total, -1, 0) + np.roll(total, -1, 1) + np.roll(total, -1, (0, 1))
        alone = np.where(visible, total / level - 1.0, 0.0) * np.sqrt(count)
        pooled = np.where(visible, 0.25 * four / level - 1.0, 0.0) * np.sqrt(4.0 * count)
        best = alone if alone.max() >= pooled.max() else pooled
        if best.max() > _STANDS_OUT:
            return _middle(total - level, *divmod(int(np.argmax(best)), columns))
    return None


def _middle(excess: Float[np.ndarray, "row column"], row: int, column: int) -> tuple[float, float]:
    """Direction near a beam whose powers in the beams around fit best, in orthogonal beams along both axes."""
    rows, columns = excess.shape
    part = excess[np.ix_((row + _AROUND) % rows, (column + _AROUND) % columns)]
    first, second = (_patterns(size) for size in (rows, columns))
    place, other = divmod(int(np.argmax(first @ part @ second.T)), len(second))
    return row + float(_SHIFTS[place]), column + float(_SHIFTS[other])


@cache
def _patterns(size: int) -> Float[np.ndarray, "shift beam"]:
    """Powers of an echo in the beams around one, over their norm, at shifts from that one."""
    inside = np.exp(2j * np.pi * np.arange(size)[:, None, None] * (_SHIFTS[:, None] - _AROUND) / size).mean(0)
    powers = np.abs(inside) ** 2
    return powers / np.linalg.norm(powers, axis=1, keepdims=True)


def _cell_vectors(size: int, middle: float) -> Complex[np.ndarray, "vector element"]:
    """Orthonormal vectors of the steering vectors around an orthogonal beam's direction (not whole)."""
    places = np.arange(size) - 0.5 * (size - 1)
    return (_prolate(size) * np.exp(2j * np.pi * places * middle / size)).astype(np.complex64)


@cache
def _prolate(size: int) -> Float[np.ndarray, "vector element"]:
    apart = np.arange(size)[:, None] - np.arange(size)
    _, vectors = np.linalg.eigh(np.sinc(apart * _CELL / size))
    return vectors[:, ::-1][:, :_VECTORS].T


def _lines(size: int, places: Float[np.ndarray, " direction"]) -> Complex[np.ndarray, "element direction"]:
    """Steering vectors of a line of elements, in orthogonal beams."""
    return np.exp(2j * np.pi * (np.arange(size) - 0.5 * (size - 1))[:, None] * places / size)


def _wrapped(cosine: float) -> float:
    """The direction cosine that half-wavelength elements cannot tell from this one, within -1 and 1."""
    return float((cosine + 1.0) % 2.0 - 1.0)
