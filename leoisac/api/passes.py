"""The verb for a satellite's pass as an axis of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoisac.api.campaigns import run
from leoisac.api.meaning import scenario_of, system_to_run
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.foundation.config import Config, ConfigError

if TYPE_CHECKING:
    import xarray as xr

    from leoisac.experiment.running.runner import Progress


def run_pass(
    config: Config | Scenario,
    schemes: Iterable[str] | None = None,
    trials: int | None = None,
    seed: int | None = None,
    *,
    step_s: float | None = None,
    begin: Any = None,
    end: Any = None,
    route: str | None = None,
    warm: bool | int = False,
    store: str | Path | None = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    backend: str | None = None,
) -> xr.Dataset:
    """Designs and their worth over a satellite's pass.

    Sites, users and what is drawn once for each stay for the whole pass; the satellite moves, and fading, shadowing and
    weather move along first-order autoregressive processes whose decorrelation is the configuration's ``time`` part
    (docs/passes-over-time.md). The first instant has the channels of ``li.draw``; any other has the same numbers
    whichever instants, schemes and workers there are.

    Args:
        config: a configuration with a ``satellite`` part, with or without a ``time`` part; or a scenario.
        schemes, trials, seed, route, store, workers, progress, backend: as for ``li.run``.
        step_s, begin, end: change the fields of the ``time`` part; the whole pass every 10 s where nothing is said.
        warm: every design of the fast route goes on from the one of the instant before. Quicker; in this process and in
            memory only, and the last digits of a design then depend on the instants before it. All starts are tried
            again every eighth instant; every so many where ``warm`` is a number from 2 on.

    Returns:
        As ``li.run``, with a dimension ``time`` (UTC) and coordinates along it: ``elevation_deg``, ``azimuth_deg``,
        ``range_m``, ``range_rate_m_s``, ``delay_s``, ``doppler_hz``, ``doppler_rate_hz_s``, ``off_nadir_deg``,
        ``latitude_deg``, ``longitude_deg``.

    Raises:
        ConfigError: for systems that do not go over time, configurations without a satellite, instants below the
            horizon; ``warm`` with a store or with workers.
    """
    system = system_to_run(config)
    if system.over_time is None:
        raise ConfigError(f"time: `{system.name}` has no [satellite] part, whose pass would be the axis.")
    own = config.config if isinstance(config, Scenario) else config
    changes = {"time.step_s": step_s, "time.begin": begin, "time.end": end}
    changes = {name: value for name, value in changes.items() if value is not None}
    if getattr(own, "time", None) is None:
        changes = {"time": {name.removeprefix("time."): value for name, value in changes.items()}}
    sweep = None
    if isinstance(config, Scenario):
        sweep = {name: values for name, values in config.sweep.items() if name != system.over_time.field}
    if changes:
        own = own.replace(**changes)
    base: Config | Scenario = own
    if isinstance(config, Scenario):
        from dataclasses import replace

        base = replace(config, config=own, sweep=sweep or {})
    if not warm:
        options: dict[str, Any] = {"store": store, "workers": workers, "progress": progress, "backend": backend}
        return run(base, schemes, sweep, trials, seed, route, **options)
    if store is not None or workers not in (None, 1):
        raise ConfigError("warm: designs go on from those before, in one process; leave out store and workers.")
    if warm is not True and warm < 2:
        raise ConfigError(
            f"warm = {warm}: must be true, false, or after how many instants all starts are tried, from 2."
        )
    from leoisac.experiment.running.following import run_following
    from leoisac.foundation.last_solutions import REFRESH

    study = scenario_of(system, base, schemes, sweep, trials, seed, route)
    return run_following(system, study, progress, backend, REFRESH if warm is True else warm)


__all__ = ["run_pass"]
