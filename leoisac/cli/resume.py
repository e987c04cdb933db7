"""The verb ``resume``: continuing a store, as it was or with more of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from leoisac import catalogue
from leoisac.cli.options import (
    Backend,
    Cluster,
    Device,
    MostTrials,
    Plugins,
    StoreFolder,
    TlsCa,
    TlsCert,
    TlsKey,
    Until,
    WaitWorkers,
    Workers,
    assignments,
    place_of,
)


def resume(
    folder: StoreFolder,
    trials: Annotated[int | None, typer.Option(help="Trials per sweep point, if more than there are.")] = None,
    schemes: Annotated[str | None, typer.Option(metavar="A,B", help="Schemes to add to every study.")] = None,
    add: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="KEY=[VALUES]", help="Sweep values to add to an axis; may be repeated."),
    ] = None,
    until: Until = None,
    most_trials: MostTrials = None,
    workers: Workers = None,
    cluster: Cluster = None,
    wait_workers: WaitWorkers = None,
    tls_ca_file: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    device: Device = None,
    backend: Backend = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Set damaged units aside and compute them anew, instead of stopping.")
    ] = False,
    plugin: Plugins = None,
) -> None:
    """Continue a run from its store, as it was or with more of it.

    Nothing is computed twice, and nothing that is there is changed. A store of another version of the configuration or
    of the schema is refused. The plugin files that a store was made with are not run unless --plugin names them here.
    """
    del plugin
    from leoisac.cli.running import print_results, warn, with_bar
    from leoisac.experiment.running.resuming import resume_studies

    axes = {name: value if isinstance(value, list) else [value] for name, value in assignments(add).items()}
    more: dict[str, Any] = {
        "schemes": tuple(name.strip() for name in (schemes or "").split(",") if name.strip()),
        "sweep": axes,
        "trials": trials,
        "until": until,
        "most_trials": most_trials,
    }
    place = place_of(workers, cluster, device, wait_workers, (tls_ca_file, tls_cert, tls_key), backend)

    def compute(report: Any, stop: Any) -> dict[str, Any]:
        return resume_studies(folder, catalogue.find, more, report, place, repair, warn, stop)

    datasets = with_bar(compute, folder)
    print_results(catalogue.find(str(next(iter(datasets.values())).attrs["system"])), datasets, folder)
