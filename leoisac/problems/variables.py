# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Variables of a stated problem, and the real coordinates that the solver moves.

Every variable has a *value*, what the statement sees and the user gets back, and real *coordinates*: real and imaginary
parts, entries of a factor, angles. The coordinates of a problem are those of its variables, one after the other.

A second set, the *natural* coordinates, differs for phases alone: there it has real and imaginary part of numbers whose
modulus is an equation. What is quadratic in a value is quadratic in them, on which bounds rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.namespace import array_namespace
from leoisac.problems.statement import ProblemError, Relation


@dataclass(frozen=True)
class Variable:
    """Base of all kinds.

    Attributes:
        shape: of the value in one trial.
        axes: names of its axes, for datasets; numbered ones where not given.
    """

    shape: tuple[int, ...]
    axes: tuple[str, ...] | None = None

    is_amplitude: ClassVar[bool] = False
    """Whether the value, or its factor, is an amplitude, whose scale a start has to find."""

    def __post_init__(self) -> None:
        for length in self.shape:
            if isinstance(length, bool) or not isinstance(length, int | np.integer) or length < 1:
                raise ProblemError(
                    f"{type(self).__name__} has an axis of length {length!r}; lengths are whole numbers from 1."
                )
        object.__setattr__(self, "shape", tuple(int(length) for length in self.shape))
        if self.axes is not None:
            object.__setattr__(self, "axes", tuple(self.axes))
            if len(self.axes) != len(self.shape):
                raise ProblemError(
                    f"{type(self).__name__} has {len(self.shape)} axes, and {len(self.axes)} names for them: "
                    f"{self.axes}."
                )

    @property
    def elements(self) -> int:
        """Number of elements of the value."""
        return math.prod(self.shape)

    @property
    def coordinates(self) -> int:
        """Number of real coordinates."""
        return self.elements

    @property
    def natural_coordinates(self) -> int:
        """Number of natural coordinates."""
        return self.coordinates

    def value(self, x: Any) -> Any:
        """Value from the coordinates of one trial; traceable."""
        return x.reshape(self.shape)

    def natural_value(self, x: Any) -> Any:
        """Value from the natural coordinates of one trial; traceable."""
        return self.value(x)

    def locate(self, value: Any) -> Any:
        """Coordinates of values with any leading axes; traceable."""
        return array_namespace(value).real(value).reshape(*value.shape[: value.ndim - len(self.shape)], self.elements)

    def locate_natural(self, value: np.ndarray) -> np.ndarray:
        """Natural coordinates of values with any leading axes."""
        return self.locate(value)

    def limits(self) -> list[tuple[Relation, Any]]:
        """Relations that the kind itself asks of its value: ``("at_least" | "at_most", bound)``."""
        return []

    def cleaned(self, value: Any) -> Any:
        """A final value without what rounding has left of its kind's limits; traceable."""
        return value


def _halves(x: Any, shape: tuple[int, ...]) -> Any:
    count = math.prod(shape)
    return (x[:count] + 1j * x[count:]).reshape(shape)


def parts_of(value: Any, rank: int) -> Any:
    """Real parts, then imaginary parts, of arrays whose last ``rank`` axes are one value."""
    xp = array_namespace(value)
    flat = value.reshape(*value.shape[: value.ndim - rank], -1)
    return xp.concatenate([xp.real(flat), xp.imag(flat)], axis=-1)


class Complex(Variable):
    """Free complex array: ``Complex(3, 4)``."""

    is_amplitude: ClassVar[bool] = True

    def __init__(self, *shape: int, axes: tuple[str, ...] | None = None) -> None:
        super().__init__(shape, axes)

    @property
    def coordinates(self) -> int:
        return 2 * self.elements

    def value(self, x: Any) -> Any:
        return _halves(x, self.shape)

    def locate(self, value: Any) -> Any:
        return parts_of(value, len(self.shape))


class Beams(Complex):
    """Beams as columns, complex ``(antenna, stream)``: with channels in rows the amplitudes are ``conj(h) @ w``."""

    def __init__(self, antennas: int, streams: int, axes: tuple[str, ...] | None = None) -> None:
        super().__init__(antennas, streams, axes=axes)


@dataclass(frozen=True, init=False)
class Covariance(Variable):
    """Hermitian positive semidefinite ``(antenna, antenna)``, as ``F F^H`` with a factor of ``rank`` columns."""

    rank: int = 1
    is_amplitude: ClassVar[bool] = True

    def __init__(self, antennas: int, rank: int | None = None, axes: tuple[str, ...] | None = None) -> None:
        super().__init__((antennas, antennas), axes)
        rank = antennas if rank is None else rank
        if isinstance(rank, bool) or not isinstance(rank, int) or not 1 <= rank <= antennas:
            raise ProblemError(f"Covariance has rank = {rank!r}; it must be a whole number from 1 to {antennas}.")
        object.__setattr__(self, "rank", rank)

    @property
    def factor_shape(self) -> tuple[int, int]:
        """``(antenna, rank)``."""
        return self.shape[0], self.rank

    @property
    def coordinates(self) -> int:
        return 2 * math.prod(self.factor_shape)

    def value(self, x: Any) -> Any:
        factor = _halves(x, self.factor_shape)
        return factor @ jnp.conj(factor).T

    def locate(self, value: Any) -> Any:
        xp = array_namespace(value)
        values, vectors = xp.linalg.eigh(0.5 * (value + xp.conj(xp.swapaxes(value, -1, -2))))
        factor = vectors * xp.sqrt(xp.maximum(values, 0.0))[..., None, :]
        return parts_of(factor[..., -self.rank :], 2)


class Phases(Variable):
    """Complex numbers of unit modulus, such as the elements of a reconfigurable surface: ``Phases(64)``."""

    def __init__(self, *shape: int, axes: tuple[str, ...] | None = None) -> None:
        super().__init__(shape, axes)

    @property
    def natural_coordinates(self) -> int:
        return 2 * self.elements

    def value(self, x: Any) -> Any:
        return (jnp.cos(x) + 1j * jnp.sin(x)).reshape(self.shape)

    def natural_value(self, x: Any) -> Any:
        return _halves(x, self.shape)

    def locate(self, value: Any) -> Any:
        return array_namespace(value).angle(value).reshape(*value.shape[: value.ndim - len(self.shape)], self.elements)

    def locate_natural(self, value: np.ndarray) -> np.ndarray:
        return parts_of(value, len(self.shape))


@dataclass(frozen=True, init=False)
class Real(Variable):
    """Real array between limits, each a number or None: ``Real(4, lower=0.0)``."""

    lower: float | None = None
    upper: float | None = None

    def __init__(
        self,
        *shape: int,
        lower: float | None = None,
        upper: float | None = None,
        axes: tuple[str, ...] | None = None,
    ) -> None:
        super().__init__(shape, axes)
        for name, limit in (("lower", lower), ("upper", upper)):
            if limit is not None and not (np.ndim(limit) == 0 and np.isfinite(limit)):
                raise ProblemError(
                    f"{type(self).__name__} has {name} = {limit!r}; it must be a finite number or None. A limit that "
                    "depends on data is a constraint: at_least(v.x, d.floor)."
                )
        if lower is not None and upper is not None and not lower < upper:
            raise ProblemError(
                f"{type(self).__name__} has lower = {lower} and upper = {upper}: lower must be below upper."
            )
        object.__setattr__(self, "lower", None if lower is None else float(lower))
        object.__setattr__(self, "upper", None if upper is None else float(upper))

    def limits(self) -> list[tuple[Relation, Any]]:
        found: list[tuple[Relation, float | None]] = [("at_least", self.lower), ("at_most", self.upper)]
        return [(relation, bound) for relation, bound in found if bound is not None]

    def cleaned(self, value: Any) -> Any:
        return jnp.clip(value, self.lower, self.upper)


class Power(Real):
    """Powers: real, at least zero, in the unit of the statement."""

    def __init__(self, *shape: int, upper: float | None = None, axes: tuple[str, ...] | None = None) -> None:
        if isinstance(upper, int | float) and upper <= 0:
            raise ProblemError(f"Power has upper = {upper}: a power is at least 0, and its limit must be above.")
        super().__init__(*shape, lower=0.0, upper=upper, axes=axes)


class Split(Variable):
    """Shares ``(n,)`` of a whole: at least zero, sum one."""

    def __init__(self, n: int, *, axes: tuple[str, ...] | None = None) -> None:
        super().__init__((n,), axes)

    def value(self, x: Any) -> Any:
        return x + (1.0 - jnp.sum(x)) / self.elements

    def limits(self) -> list[tuple[Relation, Any]]:
        return [("at_least", 0.0)]

    def cleaned(self, value: Any) -> Any:
        shares = jnp.maximum(value, 0.0)
        return shares / jnp.sum(shares)
