"""Verbs for campaigns and what they leave: run, resume, open, check, look, export."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoisac import catalogue
from leoisac.api.meaning import scenario_of, system_to_run
from leoisac.experiment.running.placement import placement
from leoisac.experiment.running.progress_text import reporter
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.foundation.config import Config, ConfigError
from leoisac.foundation.output_paths import checked_output

if TYPE_CHECKING:
    import xarray as xr

    from leoisac.experiment.reporting.claims import ClaimResult
    from leoisac.experiment.running.runner import Progress
    from leoisac.experiment.store.checking import StoreCheck


def run(
    config: Config | Scenario,
    schemes: Iterable[str] | None = None,
    sweep: Mapping[str, Any] | None = None,
    trials: int | None = None,
    seed: int | None = None,
    route: str | None = None,
    store: str | Path | None = None,
    progress: Callable[[Progress], None] | bool | None = None,
    unit_trials: int | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    until: str | None = None,
    most_trials: int | None = None,
    device: str | None = None,
    wait_workers: float | None = None,
    security: Any = None,
    channels: Any = None,
    backend: str | None = None,
) -> xr.Dataset:
    """Monte-Carlo run over schemes, sweep and trials.

    Args:
        config: a configuration, or a scenario whose run part the other arguments change.
        schemes: ``["pa1", "pa1:reference"]``; all schemes when None.
        sweep: ``{"transmit_power_dbw": [20, 25]}``; fields that change together: ``{"a+b": [(a0, b0), (a1, b1)]}``.
        trials: per point (default 200, or as many as there are given channels).
        seed: default 0; draws have one, given channels none.
        route: for entries of ``schemes`` that name none.
        store: folder that keeps the results; a run on an existing store continues it. In memory when None.
        progress: called after every stored unit with how far the run is (``total``, ``stored``, ``computed``, …). True
            for lines on stderr, when something begins to compile and every 10 seconds, False for none; when None there
            are lines where stderr is a terminal, and nothing in notebooks and pipes.
        unit_trials: trials per stored unit; the results do not depend on it.
        workers: processes of this machine; 1, and None, for this process. The results do not depend on it.
        cluster: address of an existing Dask cluster instead, ``"tls://host:8786"``.
        until: go on from ``trials`` until intervals are this narrow: ``"ci(sum_rate) < 0.5%"`` (see
            ``leoisac.experiment.scenario.conditions.conditions``).
        most_trials: ceiling for ``until`` (default 100 times ``trials``).
        device: ``"cpu"`` or ``"gpu"``; what JAX finds when None.
        wait_workers: seconds without any worker after which the run ends (default 600, on a cluster 60).
        security: ``distributed.Security`` of a cluster with TLS; what Dask's configuration says when None.
        channels: given channels instead of drawn ones: a file (NPZ, MAT, HDF5) whose variables have the names of the
            system's arrays; ``{"file": "meas.mat", "h_users": "H(bs_antenna, user, trial)"}`` where they have not;
            arrays by name with the trial axis first, of NumPy or anything with its interface or DLPack's; or what
            ``li.draw``, ``li.channels`` or ``li.read_channels`` returned. See docs/channels.md.
        backend: of the engine: ``"native"`` (machine code by this machine's C++ compiler), ``"jax"``, or ``"auto"``
            for the store's own, else native where there is a compiler. See docs/engine.md.

    Returns:
        Dataset over (scheme, sweep axes, trial) with all metrics and statuses.

    Raises:
        ConfigError: before any work, naming what is wrong.
        ChannelError: the same, for given channels.
        StoreError: if the store holds something else, or cannot be written.
        ClusterError: if there are no workers (any more).
        KeyboardInterrupt: on SIGINT; what was finished is in the store.
    """
    from leoisac.experiment.running.campaign import run_studies

    loading = catalogue.file_being_loaded()
    if loading:
        raise ConfigError(
            f"{loading}: calls run while it is being loaded as a plugin; what the file runs itself belongs under "
            '`if __name__ == "__main__":`, which a worker that loads it does not enter.'
        )
    system = system_to_run(config)
    wanted = scenario_of(system, config, schemes, sweep, trials, seed, route, until, most_trials, channels)
    plugins = catalogue.plugin_files()
    place = placement(workers, cluster, catalogue.find_with, plugins, device, wait_workers, security, backend)
    return run_studies(system, {"run": wanted}, store, reporter(progress), unit_trials, place)["run"]


def resume(
    folder: str | Path,
    schemes: Iterable[str] = (),
    sweep: Mapping[str, Any] | None = None,
    trials: int | None = None,
    until: str | None = None,
    most_trials: int | None = None,
    progress: Callable[[Progress], None] | bool | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    device: str | None = None,
    repair: bool = False,
    plugins: Iterable[str | Path] = (),
    wait_workers: float | None = None,
    security: Any = None,
    backend: str | None = None,
) -> xr.Dataset | xr.DataTree:
    """Continue what a store describes, as it is or with more of it.

    Args:
        folder: of the store.
        schemes: scheme entries to add to every study.
        sweep: values to add to axes that the studies have.
        trials: trials per point, where that is more than a study has.
        until, most_trials: as for ``run``.
        progress, workers, cluster, device, wait_workers, security, backend: as for ``run``.
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
    plugin_files = catalogue.plugin_files()
    place = placement(workers, cluster, catalogue.find_with, plugin_files, device, wait_workers, security, backend)
    more = {"schemes": tuple(schemes), "sweep": sweep or {}, "trials": trials, "until": until}
    studies = resume_studies(
        folder, catalogue.find, {**more, "most_trials": most_trials}, reporter(progress), place, repair
    )
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
    return draw_figure(found, found.figure(name), studies_of(data))


def verify(system: str, data: Any) -> tuple[ClaimResult, ...]:
    """Verdicts on the published claims, from stored results; nothing is computed.

    Args:
        system: system name.
        data: as for ``figure``.
    """
    from leoisac.experiment.reporting.claims import check_claims

    return check_claims(catalogue.find(system), studies_of(data))


def export(data: Any, path: str | Path, to: str | None = None, metric: str | None = None) -> list[Path]:
    """Write stored results for other programs: one file per study.

    Args:
        data: as for ``figure``.
        path: of the file; of several studies each adds its name.
        to: ``"nc"`` (netCDF), ``"mat"`` (MATLAB), ``"csv"`` (every number), ``"summary.csv"`` (means with intervals,
            trials and usable shares) or ``"latex"`` (a table of one metric); by default what ``path`` ends in.
        metric: of the table; the system's headline when None.

    Returns:
        The files written.

    Raises:
        ConfigError: for an unknown format, or a variable larger than the format takes.
    """
    from leoisac.experiment.reporting.export import LATEX, export_studies, format_of

    path, studies = checked_output(path, "path"), studies_of(data)
    to = to or format_of(path)
    tables = {name: metric or headline(one) for name, one in studies.items()} if to == LATEX else {}
    return export_studies(studies, to, path, tables)


def headline(dataset: xr.Dataset) -> str:
    """The metric, one number per trial, that stands for a dataset (ConfigError where its system is not known)."""
    try:
        system = catalogue.find(str(dataset.attrs.get("system")))
    except ConfigError:
        raise ConfigError("metric: is needed; the system of these data is not known here.") from None
    return system.sweep_headline(str(dataset.attrs.get("study")))


def _load(plugins: Iterable[str | Path]) -> None:
    for file in plugins:
        catalogue.load_plugin(file)


def _one_or_tree(studies: Mapping[str, xr.Dataset]) -> xr.Dataset | xr.DataTree:
    import xarray as xr

    return next(iter(studies.values())) if len(studies) == 1 else xr.DataTree.from_dict(dict(studies))


def studies_of(data: Any) -> dict[str, Any]:
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
