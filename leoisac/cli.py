"""The command line: a thin face over the catalogue and the experiment engine.

``list``, ``show``, ``schemes``, ``init`` and ``cite`` import neither JAX nor CVXPY; what computes is imported by the
verbs that compute.
"""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from leoisac import catalogue
from leoisac.console import (
    PlainTable,
    config_table,
    console,
    link_budget_tables,
    outcome_tables,
    progress_bar,
    result_table,
    scheme_table,
    size_table,
)
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.errors import ChannelError, StoreError
from leoisac.experiment.routes import DEFAULT_ROUTE
from leoisac.experiment.scenario import Scenario, scenario, study_scenario
from leoisac.experiment.scenario_file import NONE, init_text, load_scenario
from leoisac.foundation.config import Config, ConfigError, suggest
from leoisac.foundation.status import DesignError

HEADLINES = ("sum_rate", "min_rate")
"""Metrics that a result table shows, the first that the system has."""


class _Group(TyperGroup):
    """Errors that a person can mend are one message on stderr and exit code 2, not a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ConfigError, StoreError, ChannelError, DesignError) as error:
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


def _load_plugins(paths: list[Path] | None) -> list[Path] | None:
    for path in paths or []:
        catalogue.load_plugin(path)
    return paths


Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        help="Python file that defines further systems; may be repeated.",
        callback=_load_plugins,
        is_eager=True,
    ),
]
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
    made = PlainTable("", "system", "title", "schemes")
    for name in catalogue.systems():
        system = catalogue.find(name)
        made.add_row(name, system.title, ", ".join(scheme.name for scheme in system.schemes))
    console().print(made)


@app.command()
def show(subject: Subject, plugin: Plugins = None) -> None:
    """Show configuration, sizes and link budgets."""
    del plugin
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
    for text in [*(str(item.message) for item in caught), *_pass_warnings(config)]:
        out.print(f"Warning: {text}", style="yellow")


@app.command()
def schemes(subject: Subject, plugin: Plugins = None) -> None:
    """List a system's schemes with their routes."""
    del plugin
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
    fields = dict(_assignment(text) for text in changes or [])
    if target.endswith(".toml") or Path(target).is_file():
        wanted = load_scenario(target, catalogue.find)
        system = catalogue.find(wanted.system)
        studies = {"run": _changed(system, wanted, fields, entries, trials, seed, route)}
        name, figure = Path(target).stem, None
    else:
        system, figure, names = _figure_or_study(target)
        options: dict[str, Any] = {"schemes": entries, "trials": trials, "seed": seed or 0}
        studies = {
            study: study_scenario(
                system, system.study(study).preset(preset), fields, route=route or DEFAULT_ROUTE, **options
            )
            for study in names
        }
        name = target.replace("/", "-") + ("" if preset == "paper" else f"-{preset}")
    folder = store or Path("runs") / name
    datasets = _run(system, studies, folder)
    _print_results(system, datasets, folder)
    if plot:
        for path in _draw(system, datasets, figure, None, out or folder / f"{figure or 'sweep'}.png"):
            console().print(f"Figure: {path}")


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
    from leoisac.experiment.campaign import drawable, open_studies

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
    for path in _draw(system, datasets, figure, metric, out or folder / default):
        console().print(f"Figure: {path}")


@app.command()
def bench(
    system: Annotated[
        str | None, typer.Argument(metavar="[SYSTEM]", help="A system (default: all that have both routes).")
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="Trials of every case, instead of the case's own.")] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the figures go as JSON.")] = Path("runs/bench.json"),
    plugin: Plugins = None,
) -> None:
    """Measure the fast route against the published algorithm, on the same trials.

    One core, compilation excluded and shown beside; objective and constraint violation of both in the same table.
    """
    del plugin
    from leoisac.console_bench import bench_table
    from leoisac.experiment.bench import bench as results_of
    from leoisac.experiment.bench import save

    names = [system] if system else [name for name in catalogue.systems() if catalogue.find(name).benches]
    results: list[Any] = []
    for name in names:
        found = catalogue.find(name)
        if not found.benches:
            raise ConfigError(f"system = {name!r}: has no scheme with both a fast and a reference route to compare.")
        rows: list[Any] = []
        with console().status(f"{found.title}: measuring both routes …"):
            for result in results_of(found, trials):
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
    from leoisac.geometry.satellite_config import SatelliteConfig

    part = getattr(load_scenario(file, catalogue.find).config, "satellite", None)
    if not isinstance(part, SatelliteConfig):
        raise ConfigError(f"{file}: has no [satellite] table (leoisac init prints its fields).")
    _print_passes(part)


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
    )


def _assignment(text: str) -> tuple[str, Any]:
    """``key=value`` with the value in TOML; a bare word is text, ``none`` no value."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set {text}: write KEY=VALUE, for example --set num_users=4.")
    try:
        parsed = tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = None if value.strip() == NONE else value.strip()
    return key.strip(), parsed


def _run(system: System, studies: Mapping[str, Scenario], folder: Path) -> dict[str, Any]:
    """The run with a live bar; an interruption says how to go on."""
    from leoisac.experiment.campaign import run_studies
    from leoisac.experiment.provenance import command

    try:
        with progress_bar(console(stderr=True)) as report:
            return run_studies(system, studies, folder, report)
    except KeyboardInterrupt:
        typer.echo(f"\nInterrupted. Finished units are kept in {folder}; continue with:\n  {command()}", err=True)
        raise typer.Exit(130) from None


def _print_results(system: System, datasets: Mapping[str, Any], folder: Path) -> None:
    import json

    from leoisac.experiment.statistics import summary

    out = console()
    for name, dataset in datasets.items():
        if len(datasets) > 1:
            out.print(f"Study {name}", style="bold")
        out.print(result_table(summary(dataset, _headline(system))), "")
        for made in outcome_tables(dataset):
            out.print(made)
        for failure in json.loads(dataset.attrs.get("failures", "[]"))[:3]:
            last_line = failure["traceback"].strip().splitlines()[-1]
            out.print(
                f"  {failure['scheme']}, trials {failure['first']} to {failure['stop'] - 1}: {last_line}", markup=False
            )
    out.print(f"Results: {folder}")


def _headline(system: System) -> str:
    scalars = [name for name, metric in system.metrics.items() if not metric.axes]
    return next((name for name in HEADLINES if name in scalars), scalars[0])


def _draw(
    system: System, datasets: Mapping[str, Any], figure: str | None, metric: str | None, path: Path
) -> list[Path]:
    """Draw a figure of the system, or a metric over the sweep of every study; the files written."""
    from leoisac.experiment.campaign import draw_figure

    if figure is not None and metric is None:
        draw_figure(system, system.figure(figure), datasets).savefig(path)
        return [path]
    written: list[Path] = []
    for name, dataset in datasets.items():
        for suffix, drawn in _sweep_pictures(system, dataset, metric or _headline(system)):
            study = f"-{name}" if len(datasets) > 1 else ""
            target = path.with_name(f"{path.stem}{study}{suffix}{path.suffix}")
            drawn.savefig(target)
            written.append(target)
    return written


def _sweep_pictures(system: System, dataset: Any, metric: str) -> Any:
    """One picture over the longest sweep axis for every value of the others: (file name suffix, figure)."""
    import itertools

    from leoisac.experiment.statistics import summary
    from leoisac.plots.sweep import draw_sweep

    scalars = [name for name, declared in system.metrics.items() if not declared.axes]
    if metric not in scalars:
        raise ConfigError(f"metric = {metric!r}: is not a single number per trial.{suggest(metric, scalars)}")
    numbers = summary(dataset, metric)
    labels = dict(zip(dataset["scheme"].values.tolist(), dataset["scheme_label"].values.tolist()))
    # Every scheme of the system has its place, drawn or not, so that it looks alike in every picture.
    order = tuple(dict.fromkeys([*(scheme.name for scheme in system.schemes), *labels]))
    axes = sorted((str(dim) for dim in numbers["mean"].dims if dim != "scheme"), key=lambda dim: -numbers.sizes[dim])
    others = axes[1:]
    for index in itertools.product(*(range(numbers.sizes[axis]) for axis in others)):
        one = numbers.isel(dict(zip(others, index)))
        values = {axis: numbers[axis].values[position] for axis, position in zip(others, index)}
        title = ", ".join(f"{axis} = {value}" for axis, value in values.items())
        suffix = "".join(f"-{axis}-{value}" for axis, value in values.items())
        yield suffix, draw_sweep(one, labels=labels, order=order, title=title)


def _check_suffix(path: Path | None) -> None:
    if path is not None and path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise ConfigError(f"--out {path}: must end in .png, .pdf or .svg.")


def _pass_warnings(config: Config) -> list[str]:
    """What geometry has to say about a configuration's satellite."""
    part = getattr(config, "satellite", None)
    if part is None or type(part).__module__ != "leoisac.geometry.satellite_config":
        return []
    from leoisac.geometry.scenario_view import scenario_view

    return list(scenario_view(part).view.warnings)


def _print_passes(part: Any) -> None:
    import numpy as np

    from leoisac.geometry.passes import find_passes
    from leoisac.geometry.scenario_view import scenario_view

    chosen = scenario_view(part)
    found = find_passes(
        chosen.elements, chosen.site, None, part.search_hours * 3600.0, min_elevation_deg=part.min_elevation_deg
    )
    made = PlainTable(
        f"Passes of {chosen.elements.name} above {part.min_elevation_deg:g}° in {part.search_hours:g} h after the "
        "element epoch (UTC)",
        *("rise", "culmination", "set", "duration (s)", "elevation (°)", "least range (km)", "azimuths (°)"),
    )
    for one in found:
        azimuths = np.degrees([one.rise_azimuth_rad, one.culmination_azimuth_rad, one.set_azimuth_rad])
        made.add_row(
            *(np.datetime_as_string(t, unit="s") for t in (one.rise_time, one.culmination_time, one.set_time)),
            f"{one.duration_s:.0f}",
            f"{np.degrees(one.max_elevation_rad):.1f}",
            f"{one.least_range_m / 1e3:.1f}",
            " → ".join(f"{angle:.0f}" for angle in azimuths),
        )
    out = console()
    out.print(made if found else "No pass.", "")
    seen = chosen.view
    out.print(
        f"The scenario uses {chosen.title}: elevation {np.degrees(float(seen.elevation_rad)):.2f}°, "
        f"slant range {float(seen.range_m) / 1e3:.1f} km, range rate {float(seen.range_rate_m_s) / 1e3:.3f} km/s."
    )
    for text in seen.warnings:
        out.print(f"Warning: {text}", style="yellow")
