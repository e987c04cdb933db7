"""The verbs of ``import leoisac as li``: configure, draw, design, evaluate, run, look.

Everything that computes is imported on first use, so that importing this module costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoisac import catalogue
from leoisac.experiment.contracts import Scheme, System
from leoisac.experiment.running.placement import placement
from leoisac.experiment.scenario.files import load_scenario
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.experiment.scenario.scenarios import DEFAULT_TRIALS, Scenario, scenario
from leoisac.foundation.config import Config, ConfigError
from leoisac.foundation.status import DesignError, Solution, Status

if TYPE_CHECKING:
    import xarray as xr

    from leoisac.experiment.reporting.claims import ClaimResult
    from leoisac.experiment.running.runner import Progress
    from leoisac.experiment.store.checking import StoreCheck


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
    return _system(config).schemes


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

    return draw_trials(_system(config), config, seed, trials)


def channels(config: Config, **arrays: Any) -> Any:
    """Channels from your own arrays, by name; with a leading trial axis or without (then they hold for all trials).

    Lists, big-endian and read-only arrays, any memory order and wider types are taken; the numbers are what counts.

    Raises:
        ChannelError: for an unknown or missing name, a wrong shape, no trials, single precision, NaN or infinities, and
            numbers outside the array's domain (a noise power of -100.8, steering vectors that are not of modulus 1).
    """
    from leoisac.experiment.trials.channel_arrays import channels_from_arrays

    return channels_from_arrays(_system(config), config, arrays)


def design(
    config: Config,
    channels: Any,
    scheme: str,
    route: str = DEFAULT_ROUTE,
    throw: bool = False,
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

    system = _system(config)
    channels = checked_channels(system, config, channels)
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

    system = _system(config)
    channels = checked_channels(system, config, channels)
    return evaluate_trials(system, config, channels, checked_design(system, config, channels, design))


def run(
    config: Config | Scenario,
    schemes: Iterable[str] | None = None,
    sweep: Mapping[str, Any] | None = None,
    trials: int | None = None,
    seed: int | None = None,
    route: str | None = None,
    store: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    unit_trials: int | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    until: str | None = None,
    most_trials: int | None = None,
    device: str | None = None,
    wait_workers: float | None = None,
    security: Any = None,
) -> xr.Dataset:
    """Monte-Carlo run over schemes, sweep and trials.

    Args:
        config: a configuration, or a scenario whose run part the other arguments change.
        schemes: ``["pa1", "pa1:reference"]``; all schemes when None.
        sweep: ``{"transmit_power_dbw": [20, 25]}``; fields that change together: ``{"a+b": [(a0, b0), (a1, b1)]}``.
        trials: per point (default 200).
        seed: default 0.
        route: for entries of ``schemes`` that name none.
        store: folder that keeps the results; a run on an existing store continues it. In memory when None.
        progress: called after every stored unit.
        unit_trials: trials per stored unit; the results do not depend on it.
        workers: processes of this machine; 1, and None, for this process. The results do not depend on it.
        cluster: address of an existing Dask cluster instead, ``"tls://host:8786"``.
        until: go on from ``trials`` until intervals are this narrow: ``"ci(sum_rate) < 0.5%"`` (see
            ``leoisac.experiment.scenario.conditions.conditions``).
        most_trials: ceiling for ``until`` (default 100 times ``trials``).
        device: ``"cpu"`` or ``"gpu"``; what JAX finds when None.
        wait_workers: seconds without any worker after which the run ends (default 60).
        security: ``distributed.Security`` of a cluster with TLS; what Dask's configuration says when None.

    Returns:
        Dataset over (scheme, sweep axes, trial) with all metrics and statuses.

    Raises:
        ConfigError: before any work, naming what is wrong.
        StoreError: if the store holds something else, or cannot be written.
        ClusterError: if there are no workers (any more).
        KeyboardInterrupt: on SIGINT; what was finished is in the store.
    """
    from leoisac.experiment.running.campaign import run_studies

    system = _system(config)
    wanted = _scenario(system, config, schemes, sweep, trials, seed, route, until, most_trials)
    plugins = catalogue.plugin_files()
    place = placement(workers, cluster, catalogue.find_with, plugins, device, wait_workers, security)
    return run_studies(system, {"run": wanted}, store, progress, unit_trials, place)["run"]


def resume(
    folder: str | Path,
    schemes: Iterable[str] = (),
    sweep: Mapping[str, Any] | None = None,
    trials: int | None = None,
    until: str | None = None,
    most_trials: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    device: str | None = None,
    repair: bool = False,
    plugins: Iterable[str | Path] = (),
    wait_workers: float | None = None,
    security: Any = None,
) -> xr.Dataset | xr.DataTree:
    """Continue what a store describes, as it is or with more of it.

    Args:
        folder: of the store.
        schemes: scheme entries to add to every study.
        sweep: values to add to axes that the studies have.
        trials: trials per point, where that is more than a study has.
        until, most_trials: as for ``run``.
        progress, workers, cluster, device, wait_workers, security: as for ``run``.
        repair: set damaged units aside and compute them anew, instead of refusing them.
        plugins: files that define further systems. Those that the store was made with are run only when named here: a
            plugin is a program, and a store may come from anywhere.

    Returns:
        As ``open_run``.

    Raises:
        ConfigError: for an addition that cannot be made.
        StoreError: if there is no store, or another version of the configuration or schema made it.
    """
    from leoisac.experiment.running.resuming import resume_studies

    _load(plugins)
    place = placement(workers, cluster, catalogue.find_with, catalogue.plugin_files(), device, wait_workers, security)
    more = {"schemes": tuple(schemes), "sweep": sweep or {}, "trials": trials, "until": until}
    studies = resume_studies(folder, catalogue.find, {**more, "most_trials": most_trials}, progress, place, repair)
    return _one_or_tree(studies)


def open_run(folder: str | Path, plugins: Iterable[str | Path] = ()) -> xr.Dataset | xr.DataTree:
    """Results of a store: the dataset of its study, or a tree of datasets by study name when there are several.

    Args:
        folder: of the store.
        plugins: files that define further systems, as for ``resume``.

    Raises:
        StoreError: if there is no store, or a file of it is not as it was written.
    """
    from leoisac.experiment.reading.studies import open_studies

    _load(plugins)
    return _one_or_tree(open_studies(folder, catalogue.find))


def check_store(folder: str | Path, repair: bool = False, plugins: Iterable[str | Path] = ()) -> StoreCheck:
    """Read every file of a store, compute its digests anew and judge it.

    Args:
        folder: of the store.
        repair: set aside what must not count; ``resume`` then computes it anew.
        plugins: files that define further systems, as for ``resume``.

    Returns:
        ``sound``, and in ``bad`` each file that is damaged or foreign with the reason.

    Raises:
        StoreError: if there is no store, or this version cannot read it.
    """
    from leoisac.experiment.store.checking import check_store

    _load(plugins)
    return check_store(folder, catalogue.find, repair)


def figure(system: str, name: str, data: Any) -> Any:
    """A figure of the system (matplotlib), drawn from stored results and nothing else.

    Args:
        system: system name.
        name: figure name, ``"fig-5"``.
        data: what ``run`` or ``open_run`` returns, ``{study name: dataset}``, or the folder of a store.

    Raises:
        ConfigError: if the data lack a study that the figure reads, with the command that computes it.
    """
    from leoisac.experiment.reading.studies import draw_figure

    found = catalogue.find(system)
    return draw_figure(found, found.figure(name), _studies(data))


def verify(system: str, data: Any) -> tuple[ClaimResult, ...]:
    """Verdicts on the published claims, from stored results; nothing is computed.

    Args:
        system: system name.
        data: as for ``figure``.
    """
    from leoisac.experiment.reporting.claims import check_claims

    return check_claims(catalogue.find(system), _studies(data))


def export(data: Any, path: str | Path, to: str | None = None) -> list[Path]:
    """Write stored results for other programs: one file per study.

    Args:
        data: as for ``figure``.
        path: of the file; of several studies each adds its name.
        to: ``"nc"`` (netCDF), ``"mat"`` (MATLAB) or ``"csv"``; by default the ending of ``path``.

    Returns:
        The files written.

    Raises:
        ConfigError: for an unknown format, or a variable larger than the format takes.
    """
    from leoisac.experiment.reporting.export import export_studies

    path = Path(path)
    return export_studies(_studies(data), to or path.suffix.removeprefix("."), path)


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
    path, system = Path(path), _system(config)
    metrics = evaluate(config, channels, solution)
    named = next((scheme for scheme in system.schemes if scheme.name == origin.get("scheme")), None)
    solution = settled(named, solution, metrics, system.tolerance)
    record = design_record(system, config, channels, solution, metrics, position, **origin)
    write_design(record, to or path.suffix.removeprefix("."), path)
    return path


def _load(plugins: Iterable[str | Path]) -> None:
    for file in plugins:
        catalogue.load_plugin(file)


def _one_or_tree(studies: Mapping[str, xr.Dataset]) -> xr.Dataset | xr.DataTree:
    import xarray as xr

    return next(iter(studies.values())) if len(studies) == 1 else xr.DataTree.from_dict(dict(studies))


def _system(config: Config | Scenario | str) -> System:
    if isinstance(config, str):
        return catalogue.find(config)
    return catalogue.system_of(config.config if isinstance(config, Scenario) else config)


def _scenario(
    system: System,
    base: Config | Scenario,
    schemes: Iterable[str] | None,
    sweep: Mapping[str, Any] | None,
    trials: int | None,
    seed: int | None,
    route: str | None,
    until: str | None = None,
    most_trials: int | None = None,
) -> Scenario:
    """The scenario that the arguments of ``run`` describe; what is None keeps the scenario's or the default value."""
    if isinstance(base, Scenario):
        schemes = base.schemes if schemes is None else schemes
        sweep = base.sweep if sweep is None else sweep
    start = base if isinstance(base, Scenario) else None
    return scenario(
        system,
        base.config if isinstance(base, Scenario) else base,
        schemes,
        sweep,
        trials if trials is not None else start.trials if start else DEFAULT_TRIALS,
        seed if seed is not None else start.seed if start else 0,
        route if route is not None else start.route if start else DEFAULT_ROUTE,
        count=start.count if start else "trials",
        until=until if until is not None else start.until if start else "",
        most_trials=most_trials if most_trials is not None else start.most_trials if start else 0,
    )


def _studies(data: Any) -> dict[str, Any]:
    """Datasets by study name from anything that ``figure`` and ``verify`` accept."""
    import xarray as xr

    from leoisac.experiment.reading.studies import open_studies

    if isinstance(data, str | Path):
        return open_studies(data, catalogue.find)
    if isinstance(data, xr.Dataset):
        return {str(data.attrs.get("study", "run")): data}
    if isinstance(data, xr.DataTree):
        return {name: child.to_dataset() for name, child in data.children.items()}
    if isinstance(data, Mapping):
        return dict(data)
    raise ConfigError(f"data: {type(data).__name__} is neither a dataset, a tree or mapping of them, nor a folder.")


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
