"""The verb ``export``: stored results, or one design with its beam weights, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from leoisac import catalogue
from leoisac.cli.options import Plugins, assignments
from leoisac.cli.output import check_out, refuse, say, say_warnings
from leoisac.experiment.contracts import System
from leoisac.experiment.scenario.files import load_scenario
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE, scheme_route
from leoisac.experiment.scenario.scenarios import Scenario, scenario
from leoisac.foundation.config import ConfigError, suggest_own

_RESULTS = ("nc", "mat", "csv", "summary.csv", "latex")
_DESIGNS = ("json", "npz", "mat")


def export(
    subject: Annotated[
        str, typer.Argument(metavar="DIR|SYSTEM|FILE.toml", help="Folder of a store; or what to design.")
    ],
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT", help="Of a store: nc, mat, csv, summary.csv or latex. Of a design: json, npz or mat."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write (default: in DIR, or SYSTEM-SCHEME-TRIAL).")
    ] = None,
    scheme: Annotated[str | None, typer.Option(help="Scheme of the design.")] = None,
    route: Annotated[str | None, typer.Option(help="Route of the scheme: fast, reference or published.")] = None,
    trial: Annotated[int, typer.Option(help="Trial whose channels are designed for.")] = 0,
    seed: Annotated[int | None, typer.Option(help="Seed of the channels, instead of the scenario's.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a field of the configuration; may be repeated."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Metric of the table in LaTeX (default: the headline of the study).")
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Write stored results or a single design for other programs.

    Of a store: every study as netCDF (nc), MATLAB (mat) or CSV with every number; as a summary (means with intervals,
    trials, usable shares), or as a table for LaTeX. Of a system or a scenario file: the design of one
    trial, its beam weights with units and axes and the channels that they are for, as JSON, NumPy (npz) or MATLAB.
    """
    del plugin
    check_out(out)
    is_store = Path(subject).is_dir() and subject not in catalogue.systems()
    if not (is_store or _is_file(subject) or subject in catalogue.systems()):
        raise ConfigError(
            f"{subject}: there is no such folder of a store, scenario file or system."
            f"{suggest_own(subject, catalogue.systems())}"
        )
    if to is None and out is not None:
        from leoisac.experiment.reporting.export import format_of

        to = format_of(out)
    if is_store:
        unused = {"--scheme": scheme, "--route": route, "--seed": seed, "--set": changes, "--trial": trial or None}
        refuse(unused, "a store is exported whole; these are for a design.")
        written = _export_store(Path(subject), _checked(to, _RESULTS, "a store"), out, metric)
    else:
        refuse({"--metric": metric}, "is for the table of a store.")
        written = [_export_one(subject, _checked(to, _DESIGNS, "a design"), out, scheme, route, trial, seed, changes)]
    for path in written:
        say(f"Written: {path}")


def _is_file(subject: str) -> bool:
    return subject.endswith(".toml") or Path(subject).is_file()


def _checked(to: str | None, allowed: tuple[str, ...], kind: str) -> str:
    if to not in allowed:
        given = "is needed" if to is None else f"{to!r}: is no format"
        raise ConfigError(f"--to {given} for {kind}; choose one of {', '.join(allowed)}.")
    return to


def _export_store(folder: Path, to: str, out: Path | None, metric: str | None) -> list[Path]:
    from leoisac.experiment.reading.studies import open_studies
    from leoisac.experiment.reporting.export import LATEX, export_studies, file_of

    if metric is not None and to != LATEX:
        raise ConfigError(f"--metric: is for the table in LaTeX (--to {LATEX}); {to} has all of them.")
    studies = open_studies(folder, catalogue.find)
    say_warnings(studies.values())
    system = catalogue.find(str(next(iter(studies.values())).attrs["system"]))
    tables = {name: metric or system.sweep_headline(name) for name in studies}
    if out is not None:
        return export_studies(studies, to, out, tables)
    return [
        path
        for name, one in studies.items()
        for path in export_studies({name: one}, to, file_of(folder, name, to), tables)
    ]


def _export_one(
    subject: str,
    to: str,
    out: Path | None,
    entry: str | None,
    route: str | None,
    trial: int,
    seed: int | None,
    changes: list[str] | None,
) -> Path:
    from leoisac import api

    system, described = _described(subject, changes)
    if entry is None and len(described.schemes) > 1:
        raise ConfigError(f"--scheme is needed; choose one of {', '.join(described.schemes)}.")
    choice = scheme_route(system, entry or next(iter(described.schemes)), route or described.route)
    target = out or Path(f"{system.name}-{choice.label.replace(':', '-')}-{trial}.{to}")
    check_out(target)
    channels, source = _channels(system, described, trial, seed)
    solution = api.design(described.config, channels, choice.scheme.name, choice.route, throw=True)
    origin: dict[str, Any] = {"scheme": choice.scheme.name, "route": choice.route, **source, "trial": trial}
    return api.export_design(described.config, channels, solution, target, to=to, **origin)


def _channels(system: System, described: Scenario, trial: int, seed: int | None) -> tuple[Any, dict[str, Any]]:
    """Channels of one trial, drawn or those that the file gives, and what to write down of where they come from."""
    from leoisac import api

    source = described.channels
    if source is None:
        number = described.seed if seed is None else seed
        return api.draw(described.config, seed=number, trials=[trial]), {"seed": number}
    from leoisac.experiment.trials.given_channels import given_channels

    refuse({"--seed": seed}, f"is of drawn channels; {source.label} gives them.")
    if not 0 <= trial < source.trials:
        raise ConfigError(f"--trial {trial}: {source.label} has {source.trials} trials, numbered from 0.")
    given = given_channels(system, described.config, source.sha256, source.held or {})
    return given.part(trial, trial + 1), {"given_channels": source.label, "sha256": source.sha256}


def _described(subject: str, changes: list[str] | None) -> tuple[System, Scenario]:
    """System and scenario of a name or a file, with fields changed; the sweep of a file does not count."""
    fields = assignments(changes)
    if _is_file(subject):
        found = load_scenario(subject, catalogue.find)
        system = catalogue.find(found.system)
        config = found.config.replace(**fields)
        route, channels = found.route, found.channels
        return system, scenario(system, config, found.schemes, None, found.trials, found.seed, route, channels=channels)
    system = catalogue.find(subject)
    return system, scenario(system, system.config().replace(**fields), route=DEFAULT_ROUTE)
