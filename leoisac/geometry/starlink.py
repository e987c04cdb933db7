"""A few hundred real satellites that come with the package: an extract of Starlink of 7 October 2025.

Where they come from and how they were chosen: ``data/README.md``. Other satellites: ``orbits.load_element_sets(path)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from leoisac.geometry.orbits import ElementSet, read_element_sets

EXTRACT = "starlink-2025-10-07.tle"


def starlink_names() -> tuple[str, ...]:
    """Names of the satellites of the extract, such as ``"STARLINK-1008"``, in the order of the file."""
    return tuple(starlink_element_sets())


@cache
def starlink_element_sets() -> Mapping[str, ElementSet]:
    """All element sets of the extract by name."""
    text = files("leoisac.geometry").joinpath("data", EXTRACT).read_text(encoding="ascii")
    return MappingProxyType({one.name: one for one in read_element_sets(text)})


def starlink(name: str) -> ElementSet:
    """The element set of a satellite of the extract, by name in any case.

    Raises:
        KeyError: for names that are not in it, with the nearest ones.
    """
    sets = starlink_element_sets()
    wanted = name.strip().upper()
    if wanted in sets:
        return sets[wanted]
    near = get_close_matches(wanted, sets, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(map(repr, near))}? " if near else ""
    raise KeyError(
        f"{name!r} is not among the {len(sets)} satellites of the extract. {hint}"
        "starlink_names() lists them; load_element_sets(path) reads files with others."
    )
