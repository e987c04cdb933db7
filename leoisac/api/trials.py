"""Verbs for trials: configure, draw, design, evaluate."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from leoisac import catalogue
from leoisac.api.meaning import channel_source, system_of
from leoisac.experiment.channel_levels import level_doubts
from leoisac.experiment.contracts import Scheme, System
from leoisac.experiment.scenario.files import load_scenario
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.foundation.config import Config
from leoisac.foundation.output_paths import checked_output
from leoisac.foundation.status import DesignError, Solution, Status


def systems() -> tuple[str, ...]:
    """Names of all systems."""
    return catalogue.systems()


def config(system: str, **changes: Any) -> Any:
    """The system's default configuration (the paper's main figure) with some fields changed.

    A field of a part is written ``**{"satellite.altitude_km": 600.0}``.

    Raises:
        ConfigError: naming each field that is wrong, its value and what is allowed.
    """
    return catalogue.find(system).config().replace(**changes)


def load(path: str | Path) -> Scenario:
    """The scenario of a TOML file, checked whole (ConfigError otherwise)."""
    return load_scenario(path, catalogue.find)


def schemes(config: Config | str) -> tuple[Scheme, ...]:
    """The schemes of a configuration's system (or of a system by name): names, routes, one-line meanings."""
    return (catalogue.find(config) if isinstance(config, str) else system_of(config)).schemes


def draw(config: Config, seed: int = 0, trials: int | Iterable[int] = 1) -> Any:
    """Random channels: the same for the same (configuration, seed, trial), whatever the batch.

    Args:
        config: a system's configuration.
        seed: 0 to 2^32 - 1.
        trials: how many (numbered from 0), or trial numbers in any order.

    Returns:
        The system's channels, every array with a leading trial axis.
    """
    from leoisac.experiment.trials.blocks import draw_trials

    return draw_trials(system_of(config), config, seed, trials)


def channels(config: Config, **arrays: Any) -> Any:
    """Channels from your own arrays, by name; with a leading trial axis or without (then they hold for all trials).

    Lists, big-endian and read-only arrays, any memory order and wider types are taken; the numbers are what counts.

    Raises:
        ChannelError: for an unknown or missing name, a wrong shape, no trials, single precision, NaN or infinities, and
            numbers outside the array's domain (a noise power of -100.8, steering vectors that are not of modulus 1).
    """
    from leoisac.experiment.trials.channel_arrays import channels_from_arrays

    system = system_of(config)
    made = channels_from_arrays(system, config, arrays)
    _say_doubts(system, config, {name: getattr(made, name) for name in arrays})
    return made


def read_channels(config: Config, channels: Any) -> Any:
    """Channels from a file or arrays, as ``li.run(config, channels=…)`` takes them, for ``design`` and ``evaluate``.

    Args:
        config: the configuration, which fixes the sizes.
        channels: a file, ``{"file": "meas.mat", "h_users": "H(bs_antenna, user, trial)"}``, or arrays by name; see
            docs/channels.md.

    Returns:
        The system's channels, every array with a leading trial axis.

    Raises:
        ConfigError: for a file that cannot be read, or an expression that does not fit it.
        ChannelError: for arrays that cannot be the system's channels.
    """
    from leoisac.experiment.trials.given_channels import given_channels

    system = system_of(config)
    source = channel_source(system, config, channels)
    _say_doubts(system, config, source.held or {})
    return given_channels(system, config, source.sha256, source.held or {}).channels


def design(
    config: Config,
    channels: Any,
    scheme: str,
    route: str = DEFAULT_ROUTE,
    throw: bool = False,
    backend: str = "auto",
    threads: int = 1,
    **options: Any,
) -> Solution[Any]:
    """Design for every trial of ``channels``.

    Args:
        config: the configuration that the channels belong to.
        channels: from ``draw`` or ``channels``. Made otherwise, they are held to what ``channels`` asks for, except
            that trials with NaN or infinities are NONFINITE, and change nothing for the other trials.
        scheme: scheme name.
        route: ``"fast"``, or ``"reference"`` for the published algorithm.
        throw: raise when a trial has no usable design, instead of reporting it by its status.
        backend: of the engine: ``"native"`` (machine code by this machine's C++ compiler), ``"jax"``, or ``"auto"``
            for native where there is a compiler. See docs/engine.md.
        threads: of a native batch; the results do not depend on it.
        options: keyword options of the scheme's solver.

    Returns:
        ``Solution`` with the designs in ``value`` (physical units) and a ``Status`` per trial: as ``run`` stores it,
        decided from what ``evaluate`` measures. A design that counts has finite metrics and meets what its scheme
        enforces.

    Raises:
        ChannelError: for channels of another system or configuration, and numbers that the arrays cannot hold.
        DesignError: with ``throw``, naming the trials and what to try next.
    """
    from leoisac.experiment.trials.blocks import design_trials, evaluate_trials
    from leoisac.experiment.trials.channel_arrays import checked_channels
    from leoisac.experiment.trials.judge import settled
    from leoisac.foundation.backend import using

    system = system_of(config)
    channels = checked_channels(system, config, channels)
    with using(backend, threads):
        solution = design_trials(system, config, channels, scheme, route, **options)
        metrics = evaluate_trials(system, config, channels, solution.value)
    solution = settled(system.scheme(scheme), solution, metrics, system.tolerance)
    if throw:
        _throw(system, scheme, solution)
    return solution


def evaluate(config: Config, channels: Any, design: Any) -> dict[str, Any]:
    """Metrics and margins of designs: name -> array with the trial axis first.

    Raises:
        ChannelError: as for ``design``.
        DesignError: for designs of another system, of other sizes or of another number of trials.
    """
    from leoisac.experiment.trials.blocks import evaluate_trials
    from leoisac.experiment.trials.channel_arrays import checked_channels
    from leoisac.experiment.trials.design_arrays import checked_design

    system = system_of(config)
    channels = checked_channels(system, config, channels)
    return evaluate_trials(system, config, channels, checked_design(system, config, channels, design))


def export_design(
    config: Config,
    channels: Any,
    solution: Solution[Any],
    path: str | Path,
    position: int = 0,
    to: str | None = None,
    **origin: Any,
) -> Path:
    """Write one design as a file: beam weights with units and axes, the channels that they are for, the metrics.

    Args:
        config: the configuration.
        channels: from ``draw`` or ``channels``.
        solution: from ``design``.
        path: of the file.
        position: of the design along the trial axis of ``solution``.
        to: ``"json"`` (complex numbers as ``re`` and ``im``), ``"npz"`` or ``"mat"``; the ending of ``path`` when None.
        origin: what else to write down, such as ``scheme="pa1", seed=0, trial=3``.

    The status is decided anew from what is written, whatever ``solution`` says.

    Raises:
        ConfigError: for an unknown format or a position that the solution does not have.
        DesignError: for what is no solution of the configuration.
    """
    from leoisac.experiment.reporting.export_design import design_record, write_design
    from leoisac.experiment.trials.judge import settled

    if not isinstance(solution, Solution):
        raise DesignError("solution: must be what leoisac.design returned, designs and statuses together.")
    path, system = checked_output(path, "path"), system_of(config)
    metrics = evaluate(config, channels, solution)
    named = next((scheme for scheme in system.schemes if scheme.name == origin.get("scheme")), None)
    solution = settled(named, solution, metrics, system.tolerance)
    record = design_record(system, config, channels, solution, metrics, position, **origin)
    write_design(record, to or path.suffix.removeprefix("."), path)
    return path


def _say_doubts(system: System, config: Config, arrays: Mapping[str, Any]) -> None:
    """A warning where the magnitudes of given channels look like a mistake in their units."""
    for text in level_doubts(system, [config], arrays):
        warnings.warn(text, UserWarning, stacklevel=3)


def _throw(system: System, scheme: str, solution: Solution[Any]) -> None:
    """DesignError when a trial of the solution has no usable design."""
    import numpy as np

    from leoisac.experiment.trials.judge import is_usable

    status, violation = np.asarray(solution.status), np.asarray(solution.violation)
    bad = np.flatnonzero(~is_usable(status, violation, system.tolerance))
    if not len(bad):
        return
    lines = [f"scheme `{scheme}`: {len(bad)} of {len(status)} trials have no usable design."]
    for code in np.unique(status[bad]):
        which = bad[status[bad] == code]
        shown = ", ".join(str(int(item)) for item in which[:10]) + (", …" if len(which) > 10 else "")
        lines.append(f"{Status(int(code)).name} (trials {shown}): {Status(int(code)).advice}")
    raise DesignError("\n".join(lines))
