"""The command line: a thin face over the catalogue and the experiment engine.

``list``, ``show``, ``schemes``, ``init`` and ``cite`` import neither JAX nor CVXPY; what computes is imported by the
verbs that compute.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from leoisac import catalogue, console_campaign, console_export, console_report, console_store
from leoisac.console_campaign import Cluster, Device, MostTrials, Until, Workers, place_of
from leoisac.console_options import Plugins, assignments
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.errors import ChannelError, ClusterError, StoreError
from leoisac.experiment.scenario.files import init_text, load_scenario
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.experiment.scenario.scenarios import Scenario, scenario, study_scenario
from leoisac.foundation.config import Config, ConfigError, suggest
from leoisac.foundation.status import DesignError


class _Group(TyperGroup):
    """Errors that a person can mend are one message on stderr and exit code 2, not a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ConfigError, StoreError, ChannelError, ClusterError, DesignError) as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(2) from None
        except OSError as error:
            if error.filename is None:
                raise
            typer.echo(f"Error: {error.filename}: {error.strerror}.", err=True)
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Design and evaluation of integrated sensing and communication with LEO satellites.\n\n"
    "Begin with: leoisac list; leoisac show SYSTEM; leoisac init SYSTEM > my.toml; leoisac run my.toml",
)


def main() -> None:
    """Entry point of the ``leoisac`` command."""
    app()


Subject = Annotated[str, typer.Argument(metavar="SYSTEM|FILE.toml", help="Name of a system, or a scenario file.")]
SystemName = Annotated[str, typer.Argument(metavar="SYSTEM", help="Name of a system (see: leoisac list).")]


def _show_version(wanted: bool) -> None:
    if wanted:
        import leoisac

        typer.echo(f"leoisac {leoisac.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    del version


@app.command("list")
def list_systems(plugin: Plugins = None) -> None:
    """List the systems."""
    del plugin
    found = [catalogue.find(name) for name in catalogue.systems()]
    rows = [(item.name, item.title, ", ".join(scheme.name for scheme in item.schemes)) for item in found]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    for name, title, schemes in rows:  # plain text: a table costs more time than finding the systems
        typer.echo(f"{name:<{widths[0]}}  {title:<{widths[1]}}  {schemes}")


@app.command()
def show(subject: Subject, plugin: Plugins = None) -> None:
    """Show configuration, sizes and link budgets."""
    del plugin
    from leoisac.console import PlainTable, config_table, console, link_budget_tables, size_table

    system, config, described = _subject(subject)
    out = console()
    out.print(f"{system.title} ({system.name})\n", style="bold")
    if described is not None:
        made = PlainTable("Run", "what", "value")
        points = len(described.points())
        for label, value in (
            ("schemes", ", ".join(described.schemes)),
            ("sweep", "; ".join(f"{k} = {list(v)}" for k, v in described.sweep.items()) or "none"),
            ("trials", f"{described.trials} at each of {points} point{'s' if points > 1 else ''}"),
            ("seed", str(described.seed)),
            ("route", described.route),
        ):
            made.add_row(label, value)
        out.print(made, "")
    out.print(config_table(config), "")
    out.print(size_table(system.axis_sizes(config)), "")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for made in link_budget_tables(system, config):
            out.print(made, "")
    satellite_warnings: list[str] = []
    if getattr(config, "satellite", None) is not None:
        from leoisac.console_passes import pass_warnings

        satellite_warnings = pass_warnings(config)
    for text in [*(str(item.message) for item in caught), *satellite_warnings]:
        out.print(f"Warning: {text}", style="yellow")


@app.command()
def schemes(subject: Subject, plugin: Plugins = None) -> None:
    """List a system's schemes with their routes."""
    del plugin
    from leoisac.console import console, scheme_table

    console().print(scheme_table(_subject(subject)[0]))


@app.command()
def init(system: SystemName, plugin: Plugins = None) -> None:
    """Print a commented scenario file to start from."""
    del plugin
    typer.echo(init_text(catalogue.find(system)), nl=False)


@app.command()
def cite(system: SystemName, plugin: Plugins = None) -> None:
    """Print the BibTeX entry of a system's paper."""
    del plugin
    typer.echo(catalogue.find(system).citation.strip())


@app.command()
def run(
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE.toml|SYSTEM/FIGURE",
            help="Scenario file, or a figure (or study) of a system, such as self-backhaul/fig-5.",
        ),
    ],
    preset: Annotated[
        str, typer.Option(help="Size of a figure's studies: quick (seconds) or paper (full statistics).")
    ] = "quick",
    trials: Annotated[int | None, typer.Option(help="Trials per sweep point, instead of the scenario's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all draws, instead of the scenario's.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a field of the configuration; may be repeated."),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option("--schemes", metavar="A,B", help="Schemes to run, instead of the scenario's."),
    ] = None,
    route: Annotated[str | None, typer.Option(help="Route of the schemes: fast, or reference.")] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the results (default runs/NAME); an existing one is continued."),
    ] = None,
    until: Until = None,
    most_trials: MostTrials = None,
    workers: Workers = None,
    cluster: Cluster = None,
    device: Device = None,
    plot: Annotated[bool, typer.Option("--plot/--no-plot", help="Draw the figure when the run is finished.")] = True,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to draw it: .png, .pdf or .svg (default in DIR).")
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Run a scenario or a figure.

    Results go to a store, a folder that is continued when the same is run again: after an interruption, for more
    trials, for more schemes or sweep values. A trial has the same numbers however it was reached.
    """
    del plugin
    _check_suffix(out)
    entries = [name.strip() for name in only.split(",") if name.strip()] if only is not None else None
    fields = assignments(changes)
    if target.endswith(".toml") or Path(target).is_file():
        wanted = load_scenario(target, catalogue.find)
        system = catalogue.find(wanted.system)
        studies = {"run": _changed(system, wanted, fields, entries, trials, seed, route, until, most_trials)}
        name, figure = Path(target).stem, None
    else:
        system, figure, names = _figure_or_study(target)
        options: dict[str, Any] = {"schemes": entries, "trials": trials, "seed": seed or 0, "until": until or ""}
        options |= {"most_trials": most_trials or 0}
        studies = {
            study: study_scenario(
                system, system.study(study).preset(preset), fields, route=route or DEFAULT_ROUTE, **options
            )
            for study in names
        }
        name = target.replace("/", "-") + ("" if preset == "paper" else f"-{preset}")
    folder = store or Path("runs") / name
    from leoisac.console_run import draw, print_results, run_with_bar

    datasets: dict[str, Any] = {}
    if studies:
        datasets = run_with_bar(system, studies, folder, place_of(workers, cluster, device))
        print_results(system, datasets, folder)
    else:  # a figure in closed form
        folder.mkdir(parents=True, exist_ok=True)
    if plot:
        for path in draw(system, datasets, figure, None, out or folder / f"{figure or 'sweep'}.png"):
            typer.echo(f"Figure: {path}")


@app.command()
def plot(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a result store.")],
    figure: Annotated[str | None, typer.Option(help="Figure to draw (default: the one that fits the store).")] = None,
    metric: Annotated[
        str | None, typer.Option(help="Draw this metric over the sweep, instead of a figure of the system.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=".png, .pdf or .svg (default in DIR).")] = None,
    plugin: Plugins = None,
) -> None:
    """Draw stored results; nothing is computed."""
    del plugin
    _check_suffix(out)
    from leoisac.console_run import draw
    from leoisac.experiment.reading.studies import drawable, open_studies

    datasets = open_studies(folder, catalogue.find)
    system = catalogue.find(str(next(iter(datasets.values())).attrs["system"]))
    if figure is None and metric is None and "run" not in datasets:
        fitting = drawable(resolve(system.figures), datasets)
        if len(fitting) > 1:
            raise ConfigError(
                f"{folder}: several figures fit; choose one with --figure: {', '.join(f.name for f in fitting)}."
            )
        figure = fitting[0].name if fitting else None
    default = f"{figure or metric or 'sweep'}.png"
    for path in draw(system, datasets, figure, metric, out or folder / default):
        typer.echo(f"Figure: {path}")


@app.command()
def bench(
    system: Annotated[
        str | None, typer.Argument(metavar="[SYSTEM]", help="A system (default: all that have both routes).")
    ] = None,
    case: Annotated[str, typer.Option(metavar="TEXT", help="Only the cases with this in their name.")] = "",
    trials: Annotated[int | None, typer.Option(min=1, help="Trials of every case, instead of the case's own.")] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the figures go as JSON.")] = Path("runs/bench.json"),
    plugin: Plugins = None,
) -> None:
    """Measure the fast route against the reference.

    The same trials by both routes, on one core; compilation excluded and shown beside; objective and constraint
    violation of both in the same table.
    """
    del plugin
    from leoisac.console import console
    from leoisac.console_bench import bench_table
    from leoisac.experiment.running.bench import bench as results_of
    from leoisac.experiment.running.bench import save

    names = [system] if system else [name for name in catalogue.systems() if catalogue.find(name).benches]
    results: list[Any] = []
    for name in names:
        found = catalogue.find(name)
        if not found.benches:
            raise ConfigError(f"system = {name!r}: has no scheme with both a fast and a reference route to compare.")
        rows: list[Any] = []
        with console().status(f"{found.title}: measuring both routes …"):
            for result in results_of(found, trials, case):
                rows.append(result)
                save([*results, *rows], out)
        console().print(bench_table(found.title, rows))
        results += rows
    console().print(f"Figures as JSON: {out}")


@app.command("pass")
def satellite_pass(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="Scenario file with a [satellite] table.")],
    plugin: Plugins = None,
) -> None:
    """List the satellite passes of a scenario."""
    del plugin
    from leoisac.console_passes import print_passes
    from leoisac.geometry.satellite_config import SatelliteConfig

    part = getattr(load_scenario(file, catalogue.find).config, "satellite", None)
    if not isinstance(part, SatelliteConfig):
        raise ConfigError(f"{file}: has no [satellite] table (leoisac init prints its fields).")
    print_passes(part)


console_campaign.register(app)
console_store.register(app)
console_export.register(app)
console_report.register(app)


def _subject(subject: str) -> tuple[System, Config, Scenario | None]:
    """A system with its default configuration, or those of a scenario file."""
    if subject.endswith(".toml") or Path(subject).is_file():
        described = load_scenario(subject, catalogue.find)
        return catalogue.find(described.system), described.config, described
    system = catalogue.find(subject)
    return system, system.config(), None


def _figure_or_study(target: str) -> tuple[System, str | None, tuple[str, ...]]:
    """System, figure (None for a bare study) and study names of ``SYSTEM/NAME``."""
    system_name, slash, name = target.partition("/")
    if not slash and target not in catalogue.systems():
        raise ConfigError(
            f"{target}: is neither a scenario file nor SYSTEM/FIGURE.{suggest(target, catalogue.systems())}"
        )
    system = catalogue.find(system_name)
    figures, studies = resolve(system.figures), resolve(system.studies)
    known = [*(figure.name for figure in figures), *(study.name for study in studies)]
    if not slash:
        raise ConfigError(f"{target}: say which figure or study: leoisac run {target}/NAME.{_there_are(known)}")
    for figure in figures:
        if figure.name == name:
            return system, name, figure.studies
    if name not in known:
        raise ConfigError(f"{target}: `{system.name}` has no such figure or study.{suggest(name, known)}")
    return system, None, (name,)


def _there_are(names: list[str]) -> str:
    return f" There are: {', '.join(names)}." if names else " This system has none yet; write a scenario file."


def _changed(
    system: System,
    wanted: Scenario,
    fields: Mapping[str, Any],
    schemes: list[str] | None,
    trials: int | None,
    seed: int | None,
    route: str | None,
    until: str | None,
    most_trials: int | None,
) -> Scenario:
    for name in fields:
        if any(name in axis.fields for axis in wanted.axes()):
            raise ConfigError(f"--set {name}: the scenario sweeps this field; change its [sweep].")
    return scenario(
        system,
        wanted.config.replace(**fields),
        wanted.schemes if schemes is None else schemes,
        wanted.sweep,
        wanted.trials if trials is None else trials,
        wanted.seed if seed is None else seed,
        route or wanted.route,
        count=wanted.count,
        until=wanted.until if until is None else until,
        most_trials=wanted.most_trials if most_trials is None else most_trials,
    )


def _check_suffix(path: Path | None) -> None:
    if path is not None and path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise ConfigError(f"--out {path}: must end in .png, .pdf or .svg.")
