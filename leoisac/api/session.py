"""One design after the other, for whoever has new channels every coherence block."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from leoisac.api.trials import design, draw
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.foundation.config import Config
from leoisac.foundation.last_solutions import LastSolutions
from leoisac.foundation.status import Solution


class Session:
    """A scheme that is ready: programs compiled, the configuration looked at once.

    ``update(channels)`` gives the design for new channels: the same bits as ``li.design`` gives for them, or, in a
    warm session, what the search from the last design leads to. Made by ``li.session``.

    Attributes:
        solution: of the last update; None before the first.
    """

    def __init__(
        self, config: Config, scheme: str, route: str, backend: str, warm: bool, options: dict[str, Any]
    ) -> None:
        self._config, self._options = config, {"scheme": scheme, "route": route, "backend": backend, **options}
        self._last = LastSolutions() if warm else None
        for _ in range(2 if warm else 1):  # compiles everything that an update needs; what cannot be is refused here
            self.update(draw(config))
        self._last = LastSolutions() if warm else None  # nobody's first design goes on from channels drawn for this
        self.solution: Solution[Any] | None = None

    def update(self, channels: Any) -> Solution[Any]:
        """The design for new channels, of one trial or several.

        Args:
            channels: from ``li.draw``, ``li.channels`` or ``li.read_channels``; of the session's configuration.

        Returns:
            As ``li.design``.

        Raises:
            ChannelError: for channels of another system or of other shapes.
        """
        with self._last.used() if self._last else nullcontext():
            self.solution = design(self._config, channels, **self._options)
        return self.solution


def session(
    config: Config,
    scheme: str,
    route: str = DEFAULT_ROUTE,
    backend: str = "auto",
    warm: bool = False,
    **options: Any,
) -> Session:
    """A scheme made ready for many single designs: everything is compiled before the first one.

    Args:
        config: the configuration.
        scheme, route: what designs.
        backend: as for ``design``; native code takes milliseconds for one design, JAX as long as for 16 to 64.
        warm: every update of the fast route but the first goes on from where the one before ended, instead of from the
            scheme's own starts; these are tried where it does not converge. For channels that change little from one
            update to the next, each with the same number of trials. The designs then depend on those before.
        options: keyword options of the scheme's solver.

    Raises:
        ConfigError: for an unknown scheme, route or backend.
    """
    return Session(config, scheme, route, backend, warm, options)
