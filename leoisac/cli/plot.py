"""The verb ``plot``: stored results as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leoisac import catalogue
from leoisac.cli.options import Footnote, Plugins
from leoisac.cli.output import PICTURES, check_out, say
from leoisac.experiment.contracts import resolve
from leoisac.experiment.scenario.views import COMMON, VIEWS
from leoisac.foundation.config import ConfigError


def plot(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a result store.")],
    figure: Annotated[str | None, typer.Option(help="Figure to draw (default: the one that fits the store).")] = None,
    metric: Annotated[
        str | None, typer.Option(help="Draw this metric over the sweep, instead of a figure of the system.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=".png, .pdf or .svg (default in DIR).")] = None,
    view: Annotated[
        str,
        typer.Option(help="Trials behind the means of a metric: common, all (an unusable one is zero), or usable."),
    ] = COMMON,
    footnote: Footnote = False,
    plugin: Plugins = None,
) -> None:
    """Draw stored results; nothing is computed."""
    del plugin
    check_out(out, PICTURES)
    if view not in VIEWS:
        raise ConfigError(f"view = {view!r}: must be one of {', '.join(VIEWS)}.")
    if view != COMMON and figure is not None and metric is None:
        raise ConfigError("--view: a figure of a system says itself over which trials it is; draw a --metric.")
    from leoisac.cli.running import draw
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
    for path in draw(system, datasets, figure, metric, out or folder / default, view, footnote):
        say(f"Figure: {path}")
