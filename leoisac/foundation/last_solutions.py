"""Going on from the last solution: what solvers ended with stands ready for the next channels of a session.

Variables of the systems' problems are scaled and turned by the channels, and change as slowly as these do; point and
multipliers of the last update are therefore a start for the next one in whatever problem. Who only follows an optimum
never finds a better one elsewhere: now and then all starts are tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Hashable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

REFRESH = 8
"""Every so many updates the problem's own starts are tried, too."""


class LastSolutions:
    """What every call of a solver within an update ended with, by problem and turn.

    Args:
        refresh: after so many updates the problem's own starts are tried, too.
    """

    def __init__(self, refresh: int = REFRESH) -> None:
        self._refresh = refresh
        self._kept: dict[Hashable, Any] = {}
        self._turns: Counter[Hashable] = Counter()
        self._updates = 0

    @property
    def refreshes(self) -> bool:
        """Whether this update tries all starts."""
        return self._updates % self._refresh == 0

    def place(self, problem: Hashable) -> Hashable:
        """The place of this call among those of an update that solve the same problem."""
        self._turns[problem] += 1
        return problem, self._turns[problem]

    def get(self, place: Hashable) -> Any:
        """What stands there from the update before; None for nothing."""
        return self._kept.get(place)

    def keep(self, place: Hashable, end: Any) -> None:
        """Keep the end of this call for the next update."""
        self._kept[place] = end

    @contextmanager
    def used(self) -> Generator[None]:
        """An update: within the context solvers go on from what is kept, and keep what they end with."""
        self._turns.clear()
        self._updates += 1
        token = _active.set(self)
        try:
            yield
        finally:
            _active.reset(token)


_active: ContextVar[LastSolutions | None] = ContextVar("last solutions", default=None)


def last_solutions() -> LastSolutions | None:
    """Those to go on from; None outside of warm sessions."""
    return _active.get()
