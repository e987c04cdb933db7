"""The verb ``plot``: stored results as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from leoisac import api, catalogue
from leoisac.cli.options import Footnote, Plugins, assignments
from leoisac.cli.output import MOVIES, PICTURES, check_out, refuse, say, say_warnings
from leoisac.experiment.contracts import resolve
from leoisac.experiment.scenario.views import COMMON, VIEWS
from leoisac.foundation.config import ConfigError, suggest

_OWN_TRIALS = "a figure of a system, or of a pass, says itself over which trials it is; draw a --metric."


def plot(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a result store; or FILE.nc of leoisac coverage.")
    ],
    figure: Annotated[str | None, typer.Option(help="Figure to draw (default: the one that fits the store).")] = None,
    metric: Annotated[
        str | None, typer.Option(help="Draw this metric over the sweep, instead of a figure of the system.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help=".png, .pdf, .svg, .pgf (default in DIR); .gif, .mp4: beams.")
    ] = None,
    x: Annotated[str | None, typer.Option("--x", help="Along x: a swept field, an axis, another metric.")] = None,
    schemes: Annotated[str | None, typer.Option(metavar="A,B", help="Schemes to draw, in this order.")] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="NAME=TEXT", help="Text of a scheme or an axis; repeatable.")
    ] = None,
    width: Annotated[
        str | None, typer.Option(metavar="ieee|ieee-double|INCHES", help="For a paper: no text below 8 points.")
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option("--at", metavar="NAME=VALUE", help="Cut where more is swept; may be repeated.")
    ] = None,
    study: Annotated[str | None, typer.Option(help="Study to draw for a paper, of a store with several.")] = None,
    view: Annotated[
        str,
        typer.Option(help="Trials behind the means of a metric: common, all (an unusable one is zero), or usable."),
    ] = COMMON,
    footnote: Footnote = False,
    plugin: Plugins = None,
) -> None:
    """Draw stored results; no design is computed. A pass becomes two pictures: its own, and the beams on the ground.

    A figure of the system, a --metric over the sweep, or with --width (or --x, --schemes, --label, --at) a figure for a
    paper, whose caption is printed.
    """
    del plugin
    check_out(out, (*PICTURES, *MOVIES))
    if view not in VIEWS:
        raise ConfigError(f"view = {view!r}: must be one of {', '.join(VIEWS)}.")
    paper = {"--x": x, "--schemes": schemes, "--label": label, "--width": width, "--at": at}
    means = {"--figure": figure, **paper, "--view": view if view != COMMON else None}
    if folder.suffix == ".nc" and not folder.is_dir():
        check_out(out, PICTURES)
        refuse(
            {**means, "--metric": metric, "--study": study},
            f"{folder} is drawn whole, as the service of a constellation; these are for a result store.",
        )
        _coverage(folder, out, footnote)
        return
    if out is not None and out.suffix.lower() in MOVIES:
        refuse(
            {**means, "--footnote": footnote},
            "are for pictures; a moving picture shows the beams of a pass (--metric gain_dbi or cn_db).",
        )
        _movie(folder, out, metric, study)
        return
    if figure is not None:
        refuse({"--metric": metric}, f"is drawn instead of a figure; leave it out, or --figure {figure}.")
        refuse({"--view": means["--view"]}, _OWN_TRIALS)
    from leoisac.cli.running import draw
    from leoisac.experiment.reading.studies import drawable, open_studies
    from leoisac.experiment.reading.time_axis import is_pass

    datasets = open_studies(folder, catalogue.find)
    say_warnings(datasets.values())
    if any(item is not None for item in (*paper.values(), study)):
        if figure is not None or footnote:
            raise ConfigError("--figure, --footnote: are for figures of the system, not for one for a paper.")
        _check_study(study, datasets)
        target = out or folder / f"{metric or 'sweep'}.pdf"
        options = {"x": x, "view": view, "file": target, "width": _width(width), "at": assignments(at) or None}
        names = [name.strip() for name in schemes.split(",") if name.strip()] if schemes is not None else None
        options |= {"schemes": names, "labels": _labels(label)}
        drawn = api.plot(datasets if study is None else {study: datasets[study]}, metric, **options)
        say(f"Figure: {target}")
        say(f"Caption: {drawn.get_label()}")
        return
    system = catalogue.find(str(next(iter(datasets.values())).attrs["system"]))
    if figure is None and metric is None and "run" not in datasets:
        fitting = drawable(resolve(system.figures), datasets)
        if len(fitting) > 1:
            raise ConfigError(
                f"{folder}: several figures fit; choose one with --figure: {', '.join(f.name for f in fitting)}."
            )
        figure = fitting[0].name if fitting else None
    if metric is None and (figure is not None or any(map(is_pass, datasets.values()))):
        refuse({"--view": means["--view"]}, _OWN_TRIALS)
    default = f"{figure or metric or 'sweep'}.png"
    for path in draw(system, datasets, figure, metric, out or folder / default, view, footnote):
        say(f"Figure: {path}")


def _check_study(study: str | None, datasets: Mapping[str, Any]) -> None:
    if study is not None and study not in datasets:
        raise ConfigError(f"--study {study}: the store has none.{suggest(study, datasets)}")


def _coverage(file: Path, out: Path | None, footnote: bool) -> None:
    """The service of a constellation, as ``leoisac coverage --save`` kept it."""
    import xarray as xr

    from leoisac.plots.coverage import draw_coverage
    from leoisac.plots.saving import save

    try:
        dataset = xr.load_dataset(file, engine="scipy")
    except (OSError, TypeError, ValueError) as error:  # the second is SciPy's, for what is no netCDF
        raise ConfigError(f"{file}: cannot be read ({error}).") from None
    if "availability" not in dataset or "title" not in dataset.attrs:
        raise ConfigError(f"{file}: holds no service of a constellation (leoisac coverage FILE.toml --save {file}).")
    target = out or file.with_suffix(".png")
    check_out(target)
    about = {"Figure": "service of a constellation", "Shows": str(dataset.attrs["title"])}
    save(draw_coverage(dataset), target, about, footnote)
    say(f"Figure: {target}")


def _movie(folder: Path, out: Path, quantity: str | None, study: str | None) -> None:
    """Beams over the ground along the pass of a store."""
    from leoisac.api.beam_maps import QUANTITIES, beam_movie
    from leoisac.api.pass_pictures import configuration
    from leoisac.experiment.reading.studies import open_studies
    from leoisac.experiment.reading.time_axis import is_pass

    if quantity is not None and quantity not in QUANTITIES:
        raise ConfigError(f"--metric {quantity}: a moving picture shows {' or '.join(QUANTITIES)}.")
    datasets = open_studies(folder, catalogue.find)
    _check_study(study, datasets)
    named = datasets if study is None else {study: datasets[study]}
    dataset = next((one for one in named.values() if is_pass(one)), None)
    if dataset is None:
        raise ConfigError(
            f"--out {out}: moving pictures are of a pass, and {folder} has none (a [time] part makes one)."
        )
    say_warnings([dataset])
    system = catalogue.find(str(dataset.attrs["system"]))
    config = configuration(system, dataset)
    made = beam_movie(config, out, quantity=quantity or "gain_dbi")
    say(f"Moving picture: {made}")


def _width(text: str | None) -> str | float:
    if text is None:
        return "ieee"
    try:
        return float(text)
    except ValueError:
        return text


def _labels(texts: list[str] | None) -> dict[str, str] | None:
    """``NAME=TEXT`` as they stand: text is no TOML."""
    pairs = [text.partition("=") for text in texts or []]
    for name, equals, _ in pairs:
        if not equals:
            raise ConfigError(f"--label {name}: write NAME=TEXT, for example --label pa1=Proposed.")
    return {name.strip(): text for name, _, text in pairs} or None
