"""The verb ``run``: a scenario file, or a figure or study of a system."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from leoisac import catalogue
from leoisac.cli.options import (
    Backend,
    Cluster,
    Device,
    Footnote,
    MostTrials,
    Plugins,
    TlsCa,
    TlsCert,
    TlsKey,
    Until,
    WaitWorkers,
    Workers,
    assignments,
    place_of,
)
from leoisac.cli.output import PICTURES, check_out, refuse, say
from leoisac.experiment.contracts import PAPER, PRESETS, QUICK, Study, System, resolve
from leoisac.experiment.scenario.files import load_scenario
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.experiment.scenario.scenarios import Scenario, scenario, study_scenario
from leoisac.experiment.store.publishing import make_folder
from leoisac.foundation.config import ConfigError, suggest, suggest_own


def run(
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE.toml|SYSTEM/FIGURE",
            help="Scenario file, or a figure (or study) of a system, such as self-backhaul/fig-5.",
        ),
    ],
    preset: Annotated[
        str | None,
        typer.Option(help="Size of a figure's studies: quick (few trials, the default) or paper (full statistics)."),
    ] = None,
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
    route: Annotated[str | None, typer.Option(help="Route of the schemes: fast, reference or published.")] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the results (default runs/NAME); an existing one is continued."),
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
    estimate: Annotated[
        bool,
        typer.Option("--estimate", help="Measure a few trials and say how long the run will take; nothing is stored."),
    ] = False,
    plot: Annotated[bool, typer.Option("--plot/--no-plot", help="Draw the figure when the run is finished.")] = True,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to draw it: .png, .pdf, .svg or .pgf (default in DIR).")
    ] = None,
    footnote: Footnote = False,
    plugin: Plugins = None,
) -> None:
    """Run a scenario or a figure.

    Results go to a store, a folder that is continued when the same is run again: after an interruption, for more
    trials, for more schemes or sweep values. A trial has the same numbers however it was reached.
    """
    del plugin
    check_out(out, PICTURES)
    if not plot or estimate:
        why = "is of the picture, and none is drawn with " + ("--estimate." if estimate else "--no-plot.")
        refuse({"--out": out, "--footnote": footnote}, why)
    if estimate:
        elsewhere = {"--cluster": cluster, "--device": device, "--wait-workers": wait_workers}
        tls = {"--tls-ca-file": tls_ca_file, "--tls-cert": tls_cert, "--tls-key": tls_key}
        refuse({**elsewhere, **tls}, "--estimate measures in this process; leave it out.")
    if preset not in (None, *PRESETS):
        raise ConfigError(f"preset = {preset!r}: must be `paper` or `quick`.")
    entries = [name.strip() for name in only.split(",") if name.strip()] if only is not None else None
    fields = assignments(changes)
    if target.endswith(".py"):
        raise ConfigError(
            f"{target}: is a plugin, not a scenario: leoisac init SYSTEM --plugin {target} > my.toml, then leoisac run "
            f"my.toml --plugin {target}; or leoisac run SYSTEM/STUDY --plugin {target}."
        )
    if target.endswith(".toml") or Path(target).is_file():
        if preset is not None:
            raise ConfigError(f"--preset {preset}: is the size of a figure's studies; a scenario file has --trials N.")
        wanted = load_scenario(target, catalogue.find)
        system = catalogue.find(wanted.system)
        studies = {"run": _changed(system, wanted, fields, entries, trials, seed, route, until, most_trials)}
        name, figure = Path(target).stem, None
    else:
        preset = preset or QUICK
        system, figure, names = _figure_or_study(target)
        options: dict[str, Any] = {"schemes": entries, "trials": trials, "seed": seed or 0, "until": until or ""}
        options |= {"most_trials": most_trials or 0}
        studies = {
            study: study_scenario(
                system, system.study(study).preset(preset), fields, route=route or DEFAULT_ROUTE, **options
            )
            for study in names
        }
        name = target.replace("/", "-") + ("" if preset == PAPER else f"-{preset}")
        if not names:
            size = {"--trials": trials, "--schemes": only, "--seed": seed, "--set": changes, "--route": route}
            size |= {"--until": until, "--most-trials": most_trials, "--workers": workers, "--cluster": cluster}
            refuse(size, f"{target} is in closed form, and has no trials.")
    studies = {study: _with_files(item) for study, item in studies.items()}
    folder = store or Path("runs") / name
    if estimate:
        from leoisac.cli.estimate import print_estimate

        print_estimate(system, studies, folder, workers or 1, backend)
        return
    from leoisac.cli.running import draw, print_results, run_with_bar

    datasets: dict[str, Any] = {}
    if studies:
        place = place_of(workers, cluster, device, wait_workers, (tls_ca_file, tls_cert, tls_key), backend)
        datasets = run_with_bar(system, studies, folder, place)
        print_results(system, datasets, folder)
    else:  # a figure in closed form
        make_folder(folder)
    if plot:
        for path in draw(system, datasets, figure, None, out or folder / f"{figure or 'sweep'}.png", footnote=footnote):
            say(f"Figure: {path}")
    if studies and preset == QUICK and trials is None:
        say(_more(target, [system.study(study) for study in studies]))


def _more(target: str, studies: Sequence[Study]) -> str:
    """What a quick run is, and how to go on from it."""
    few, full = (sorted({study.preset(preset).trials for study in studies}) for preset in PRESETS)
    ran, all_of_them = (" or ".join(map(str, numbers)) for numbers in (few, full))
    more = 10 * few[-1]
    return (
        f"A quick run: {ran} of {all_of_them} trials per point. More of them: leoisac run {target} --trials {more}; "
        f"full statistics: leoisac run {target} --preset paper"
    )


def _figure_or_study(target: str) -> tuple[System, str | None, tuple[str, ...]]:
    """System, figure (None for a bare study) and study names of ``SYSTEM/NAME``."""
    system_name, slash, name = target.partition("/")
    if not slash and target not in catalogue.systems():
        raise ConfigError(
            f"{target}: is neither a scenario file nor SYSTEM/FIGURE.{suggest_own(target, catalogue.systems())}"
        )
    system = catalogue.find(system_name)
    figures, studies = resolve(system.figures), resolve(system.studies)
    known = list(dict.fromkeys([*(figure.name for figure in figures), *(study.name for study in studies)]))
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


def _with_files(item: Scenario) -> Scenario:
    """The scenario with the files that ``--set`` names, relative to the working folder, taken into it."""
    resolve_files = getattr(item.config, "resolve_files", None)
    return item if resolve_files is None else dataclasses.replace(item, config=resolve_files(Path.cwd()))


def _sweep_without_instants(system: System, wanted: Scenario, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The sweep; without the instants of a pass where ``--set`` changes its ``[time]``, which then gives others.

    Raises:
        ConfigError: for another satellite or site, whose pass is at other times.
    """
    changed = {name.partition(".")[0] for name in fields}
    if system.over_time is None or system.over_time.field not in wanted.sweep or not changed & {"time", "satellite"}:
        return wanted.sweep
    for name in fields:
        if name.partition(".")[0] == "satellite":
            raise ConfigError(
                f"--set {name}: the pass of [time] belongs to [satellite]; change it in the scenario file."
            )
    return {name: values for name, values in wanted.sweep.items() if name != system.over_time.field}


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
        _sweep_without_instants(system, wanted, fields),
        wanted.trials if trials is None else trials,
        wanted.seed if seed is None else seed,
        route or wanted.route,
        count=wanted.count,
        until=wanted.until if until is None else until,
        most_trials=wanted.most_trials if most_trials is None else most_trials,
        channels=wanted.channels,
    )
