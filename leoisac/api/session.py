"""One design after the other, for whoever has new channels every coherence block."""

from __future__ import annotations

from typing import Any

from leoisac.api.meaning import system_of
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.foundation.config import Config
from leoisac.foundation.status import Solution


class Session:
    """A scheme that is ready: programs compiled, the configuration looked at once.

    ``update(channels)`` gives the design for new channels, the same bits as ``li.design`` gives for them. Made by
    ``li.session``.

    Attributes:
        solution: of the last update; None before the first.
    """

    def __init__(self, config: Config, scheme: str, route: str, backend: str, options: dict[str, Any]) -> None:
        from leoisac.experiment.trials.blocks import draw_trials
        from leoisac.foundation.backend import using

        self._system, self._config = system_of(config), config
        self._scheme, self._route, self._options = self._system.scheme(scheme), route, options
        with using(backend):
            pass  # refused here, not at the first update
        self._backend = backend
        self.solution: Solution[Any] | None = None
        self.update(draw_trials(self._system, config, 0, 1))  # compiles everything that an update needs
        self.solution = None

    def update(self, channels: Any) -> Solution[Any]:
        """The design for new channels, of one trial or several.

        Args:
            channels: from ``li.draw``, ``li.channels`` or ``li.read_channels``; of the session's configuration.

        Returns:
            As ``li.design``.

        Raises:
            ChannelError: for channels of another system or of other shapes.
        """
        from leoisac.experiment.trials.blocks import design_trials, evaluate_trials
        from leoisac.experiment.trials.channel_arrays import checked_channels
        from leoisac.experiment.trials.judge import settled
        from leoisac.foundation.backend import using

        system, config = self._system, self._config
        channels = checked_channels(system, config, channels)
        with using(self._backend):
            found = design_trials(system, config, channels, self._scheme.name, self._route, **self._options)
            metrics = evaluate_trials(system, config, channels, found.value)
        self.solution = settled(self._scheme, found, metrics, system.tolerance)
        return self.solution


def session(config: Config, scheme: str, route: str = DEFAULT_ROUTE, backend: str = "auto", **options: Any) -> Session:
    """A scheme made ready for many single designs: everything is compiled before the first one.

    Args:
        config: the configuration.
        scheme, route: what designs.
        backend: as for ``design``; native code takes milliseconds for one design, JAX as long as for 16 to 64.
        options: keyword options of the scheme's solver.

    Raises:
        ConfigError: for an unknown scheme, route or backend.
    """
    return Session(config, scheme, route, backend, options)
