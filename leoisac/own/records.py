"""Channels and designs of a user's system: arrays by name, as classes that JAX, stores and checks know."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax


class UnusableError(TypeError):
    """What a user's function takes or returns cannot be used; the text says what is wanted."""


@functools.cache
def record_class(system: str, kind: str, names: tuple[str, ...]) -> type[Any]:
    """A frozen dataclass of arrays, a pytree; the same one for the same arguments.

    Args:
        system: name of the system, which keeps the classes of systems apart.
        kind: name of the class: ``"Channels"``, ``"Design"``.
        names: of the arrays.
    """

    def reduce(self: Any) -> Any:
        return _restored, (system, kind, names, tuple(getattr(self, name) for name in names))

    made = dataclasses.make_dataclass(
        kind,
        [(name, Leaf) for name in names],
        frozen=True,
        namespace={"__reduce__": reduce, "__doc__": f"{kind} of {system}: {', '.join(names)}."},
    )
    made.__module__ = __name__
    jax.tree_util.register_dataclass(made, list(names), [])
    return made


def arrays_of(record: Any) -> dict[str, Any]:
    """The arrays of a record, or of another dataclass, by name."""
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


def design_from(result: Any, classes: tuple[type[Any], ...], what: str) -> Any:
    """A design of one of the classes from what a scheme returned: such a design, or a mapping of its arrays.

    Raises:
        UnusableError: for anything else, with what is expected.
    """
    if isinstance(result, classes):
        return result
    if isinstance(result, Mapping):
        for made in classes:
            fields = dataclasses.fields(made)
            needed = {field.name for field in fields if field.default is dataclasses.MISSING}
            if needed <= set(result) <= {field.name for field in fields}:
                return made(**result)
    given = f"arrays {sorted(map(str, result))}" if isinstance(result, Mapping) else f"a {type(result).__name__}"
    wanted = " or ".join(str([field.name for field in dataclasses.fields(made)]) for made in classes)
    raise UnusableError(f"{what} returns {given}; it must return a dictionary of the arrays {wanted}.")


def _restored(system: str, kind: str, names: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    return record_class(system, kind, names)(*values)
