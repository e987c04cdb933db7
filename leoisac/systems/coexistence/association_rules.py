"""Names of the rules by which targets get their radar receivers, and rules that a plugin brings.

Light: configurations check names against it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leoisac.foundation.config import ConfigError

BUILT_IN = ("proposed", "nearest", "greedy", "random", "local-search")
Rule = Callable[[Any, Any, Any], Any]
OWN: dict[str, Rule] = {}
"""Rules of plugins by name."""


def association_rule(name: str) -> Callable[[Rule], Rule]:
    """Decorator that makes a function a value of the field ``association``.

    The function gets, for one cell, echo amplitudes ``(target, receiver)``, the angles of targets that each receiver's
    array can tell ``(target, receiver)`` and those of the satellite ``(receiver,)``, radians, as NumPy arrays; it
    returns the receiver of every target, whole numbers from 0::

        @coexistence.association_rule("away-from-satellite")
        def away(amplitude, angle, satellite_angle):
            return numpy.argmax(abs(angle - satellite_angle), axis=1)

    Raises:
        ConfigError: for the name of a built-in rule.
    """
    if name in BUILT_IN:
        raise ConfigError(f"association_rule: {name!r} is built in; take another name.")

    def keep(function: Rule) -> Rule:
        OWN[name] = function
        return function

    return keep


def known_rules() -> tuple[str, ...]:
    """Names of all rules that there are now."""
    return (*BUILT_IN, *OWN)


__all__ = ["BUILT_IN", "OWN", "Rule", "association_rule", "known_rules"]
