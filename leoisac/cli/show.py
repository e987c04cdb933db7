"""The verbs that describe: ``list``, ``show``, ``schemes``, ``init``, ``cite``.

They import nothing that computes, but for ``show --channels``, which draws a few trials.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from leoisac import catalogue
from leoisac.cli.options import Plugins, assignments
from leoisac.cli.output import say
from leoisac.experiment.channel_checks import HOW_TO_TEST
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.scenario.channel_source import ChannelSource
from leoisac.experiment.scenario.files import init_text, load_scenario
from leoisac.experiment.scenario.scenarios import Scenario, scenario_warnings
from leoisac.foundation.config import Config

Subject = Annotated[str, typer.Argument(metavar="SYSTEM|FILE.toml", help="Name of a system, or a scenario file.")]
SystemName = Annotated[str, typer.Argument(metavar="SYSTEM", help="Name of a system (see: leoisac list).")]


def list_systems(
    system: Annotated[
        str | None, typer.Argument(metavar="[SYSTEM]", help="List what this system has: figures, schemes, metrics.")
    ] = None,
    plugin: Plugins = None,
) -> None:
    """List the systems, or what one of them has.

    Figures, studies, schemes and metrics.
    """
    del plugin
    if system is not None:
        from leoisac.cli.tables import console, content_tables

        for made in content_tables(catalogue.find(system)):
            console().print(made, "")
        return
    found = [catalogue.find(name) for name in catalogue.systems()]
    rows = [(item.name, item.title, ", ".join(scheme.name for scheme in item.schemes)) for item in found]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    for name, title, schemes in rows:  # plain text: a table costs more time than finding the systems
        say(f"{name:<{widths[0]}}  {title:<{widths[1]}}  {schemes}")


def show(
    subject: Subject,
    channels: Annotated[
        bool,
        typer.Option(
            "--channels",
            help="Show every array of channels and designs instead: axes, unit, magnitude when drawn, convention.",
        ),
    ] = False,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a field of the configuration; may be repeated."),
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Show configuration, sizes and link budgets."""
    del plugin
    from leoisac.cli.tables import PlainTable, channel_table, config_table, console, design_table, size_table

    system, config, described = _subject(subject)
    config = config.replace(**assignments(changes))
    out = console()
    out.print(f"{system.title} ({system.name})\n", style="bold")
    if channels:
        from leoisac.cli.channel_levels import DRAWN, drawn

        out.print(channel_table(system, system.axis_sizes(config), drawn(system, config)), "")
        out.print(f"Axes stand after `trial`, which comes first. {HOW_TO_TEST}\n")
        out.print(" ".join([DRAWN, system.places]))
        if system.design_fields:
            out.print("")
            out.print(design_table(system, system.axis_sizes(config)), "")
            out.print("A scheme designs some of these arrays, of one trial with the axes in this order.")
        return
    if described is not None:
        made = PlainTable("Run", "what", "value")
        points = len(described.points())
        for label, value in (
            ("schemes", ", ".join(described.schemes)),
            ("sweep", "; ".join(f"{k} = {list(v)}" for k, v in described.sweep.items()) or "none"),
            ("trials", f"{described.trials} at each of {points} point{'s' if points > 1 else ''}"),
            ("seed", str(described.seed)),
            ("route", described.route),
            *([("channels", _given_text(described.channels))] if described.channels else []),
        ):
            made.add_row(label, value)
        out.print(made, "")
    swept = tuple(name for axis in described.axes() for name in axis.fields) if described is not None else ()
    out.print(config_table(config, swept), "")
    out.print(size_table(system.axis_sizes(config)), "")
    if described is not None and described.channels:
        from leoisac.cli.channel_levels import given_table

        out.print(given_table(system, config, described.channels.held or {}), "")
        out.print(
            "The channels are given: budgets below are what this configuration would draw, and say nothing of them.\n",
            style="yellow",
        )
        for made in _budgets(system, config)[0]:
            out.print(made, "")
        for text in scenario_warnings(system, replace(described, config=config)):
            out.print(f"Warning: {text}", style="yellow")
        return
    tables, doubts = _budgets(system, config)
    for made in tables:
        out.print(made, "")
    noticed = resolve(system.warnings)(config) if system.warnings else ()
    for text in [*doubts, *noticed]:
        out.print(f"Warning: {text}", style="yellow")


def _budgets(system: System, config: Config) -> tuple[list[Any], list[str]]:
    """Link budgets as tables, and what is doubtful in them."""
    from leoisac.cli.tables import link_budget_tables

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tables = list(link_budget_tables(system, config))
    return tables, [str(item.message) for item in caught]


def _given_text(source: ChannelSource) -> str:
    return f"{source.trials} trials given by {source.label}, sha256 {source.sha256[:12]}…"


def schemes(subject: Subject, plugin: Plugins = None) -> None:
    """List a system's schemes with their routes."""
    del plugin
    from leoisac.cli.tables import console, scheme_table

    console().print(scheme_table(_subject(subject)[0]))


def init(system: SystemName, plugin: Plugins = None) -> None:
    """Print a commented scenario file to start from."""
    del plugin
    say(init_text(catalogue.find(system)), nl=False)


def cite(system: SystemName, plugin: Plugins = None) -> None:
    """Print the BibTeX entry of a system's paper."""
    del plugin
    say(catalogue.find(system).citation.strip())


def _subject(subject: str) -> tuple[System, Config, Scenario | None]:
    """A system with its default configuration, or those of a scenario file."""
    if subject.endswith(".toml") or Path(subject).is_file():
        described = load_scenario(subject, catalogue.find)
        return catalogue.find(described.system), described.config, described
    system = catalogue.find(subject)
    return system, system.config(), None
