"""Where and how long campaigns compute: the options of ``run``, and the verb ``resume``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from leoisac import catalogue
from leoisac.console_options import Plugins, StoreFolder, assignments
from leoisac.experiment.running.placement import Placement, placement

Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", help="Compute in N processes of this machine, one thread each."),
]
Cluster = Annotated[
    str | None,
    typer.Option("--cluster", metavar="tcp://HOST:PORT", help="Compute on an existing Dask cluster."),
]
Device = Annotated[
    str | None, typer.Option("--device", metavar="cpu|gpu", help="Device that JAX uses (default: what it finds).")
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="CONDITION",
        help='Go on from --trials until intervals are this narrow: "ci(sum_rate) < 0.5%", joined by "and".',
    ),
]
MostTrials = Annotated[
    int | None, typer.Option("--most-trials", help="Ceiling for --until (default 100 times the trials).")
]


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(resume)


def place_of(workers: int | None, cluster: str | None, device: str | None) -> Placement:
    """Where the options say to compute."""
    return placement(workers, cluster, catalogue.find_with, catalogue.plugin_files(), device)


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
    device: Device = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Set damaged units aside and compute them anew, instead of stopping.")
    ] = False,
    plugin: Plugins = None,
) -> None:
    """Continue a run from its store, as it was or with more of it.

    Nothing is computed twice, and nothing that is there is changed. A store of another version of the configuration or
    of the schema is refused.
    """
    del plugin
    from leoisac.console_run import print_results, with_bar
    from leoisac.experiment.running.resuming import resume_studies

    axes = {name: value if isinstance(value, list) else [value] for name, value in assignments(add).items()}
    more: dict[str, Any] = {
        "schemes": tuple(name.strip() for name in (schemes or "").split(",") if name.strip()),
        "sweep": axes,
        "trials": trials,
        "until": until,
        "most_trials": most_trials,
    }
    place = place_of(workers, cluster, device)

    def compute(report: Any) -> dict[str, Any]:
        return resume_studies(folder, catalogue.find_with, more, report, place, repair)

    datasets = with_bar(compute, folder)
    print_results(catalogue.find(str(next(iter(datasets.values())).attrs["system"])), datasets, folder)
