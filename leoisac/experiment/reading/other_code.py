"""Results that come from other code of the user's than there is now: said wherever they are read."""

from __future__ import annotations

from collections.abc import Iterable

from leoisac.experiment.contracts import System
from leoisac.experiment.scenario.routes import AbsentScheme, SchemeRoute
from leoisac.experiment.store.units import Unit


def other_code(system: System, choice: SchemeRoute, units: Iterable[Unit]) -> str:
    """What a reader of a scheme's results should know of the code behind them; empty where it is the code of now."""
    if isinstance(choice.scheme, AbsentScheme):
        return f"{choice.label}: a scheme of a user's own, whose code is not loaded."
    if any(unit.program != system.program(choice.scheme.name) for unit in units):
        return f"{choice.label}: computed by other code than is loaded now."
    return ""
