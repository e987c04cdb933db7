"""What the command line does around a run: the live bar, the tables of results, the pictures."""

from __future__ import annotations

import itertools
import json
import math
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from leoisac.api.pass_pictures import beams_picture, pass_picture
from leoisac.cli.options import command_of
from leoisac.cli.output import say
from leoisac.cli.progress import progress_bar
from leoisac.cli.tables import MOST_ROWS, console, outcome_tables, result_table
from leoisac.experiment.contracts import System
from leoisac.experiment.names import in_file_name, printable
from leoisac.experiment.reading.footnotes import add_warnings, facts
from leoisac.experiment.reading.statistics import summary
from leoisac.experiment.reading.studies import draw_figure
from leoisac.experiment.reading.time_axis import is_pass
from leoisac.experiment.running import campaign
from leoisac.experiment.running.interruption import Stop, orderly_stop
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.experiment.scenario.views import COMMON
from leoisac.experiment.store.folders import output_file
from leoisac.experiment.store.manifest import MANIFEST
from leoisac.experiment.tracebacks import last_words, span_text
from leoisac.experiment.trials.provenance import command
from leoisac.foundation.config import ConfigError, suggest
from leoisac.plots.saving import save
from leoisac.plots.sweep import draw_sweep

if TYPE_CHECKING:
    from leoisac.experiment.running.runner import Progress


def run_with_bar(system: System, studies: Mapping[str, Scenario], folder: Path, place: Any = None) -> dict[str, Any]:
    """The run with a live bar, computed where ``place`` says; an interruption says how to go on."""
    options: dict[str, Any] = {"warn": warn} if place is None else {"warn": warn, "place": place}

    def compute(report: Any, stop: Stop) -> dict[str, Any]:
        return campaign.run_studies(system, studies, folder, report, stop=stop, **options)

    _say_what_is_missing()
    if (folder.expanduser() / MANIFEST).is_file():
        say(f"Continuing {folder}: what is stored there is not computed again.", err=True)
    return with_bar(compute, folder)


def _say_what_is_missing() -> None:
    """A line where designs could run several times as fast."""
    from leoisac.foundation import backend

    reason = backend.why_not_native()
    if reason and backend.requested() == backend.AUTO:
        say(f"Note: designs run on JAX; machine code takes a fifth of the time, but {reason}.", err=True)


def warn(text: str) -> None:
    """A warning to a person at the terminal."""
    say(f"Warning: {text}", err=True)


def with_bar(compute: Callable[[Callable[[Progress], None], Stop], dict[str, Any]], folder: Path) -> dict[str, Any]:
    """What ``compute`` returns, which reports its progress to a live bar and stops when it is told to.

    Raises:
        typer.Exit: after SIGINT, SIGTERM or SIGHUP, with the status that shells expect: 130, 143, 129.
    """
    how = f"Finished units are kept in {folder}; continue with:\n  {command()}"
    shown = console(stderr=True)

    def first(number: int) -> None:
        name = signal.Signals(number).name
        say(f"\n{name}: stopping as soon as the units in hand are stored; once more stops at once.", err=True)

    def second(number: int) -> None:
        del number
        shown.show_cursor()
        say(f"\nStopped. {how}", err=True)

    with orderly_stop(first, second) as stop:
        try:
            with progress_bar(shown) as report:
                return compute(report, stop)
        except KeyboardInterrupt:
            say(f"\nInterrupted. {how}", err=True)
            raise typer.Exit(128 + (stop.signal or signal.SIGINT)) from None
        except MemoryError:
            say(f"\nError: out of memory. {how}", err=True)
            raise typer.Exit(2) from None


def print_results(system: System, datasets: Mapping[str, Any], folder: Path) -> None:
    out = console()
    for name, dataset in datasets.items():
        if len(datasets) > 1:
            out.print(f"Study {name}", style="bold")
        shown = summary(dataset, system.headline_of(name))
        out.print(result_table(shown), "")
        beside = [one for one in system.beside if one in dataset]
        if math.prod(shown["mean"].shape[1:]) > MOST_ROWS:
            rest = f"; beside them {', '.join(beside)}" if beside else ""
            own = [item.origin for item in (system, *system.schemes) if item.origin is not None and item.origin.file]
            how = command_of("export DIR --to summary.csv", folder, [origin.file for origin in own])
            out.print(f"All points{rest}: {how}\n", markup=False, soft_wrap=True)
            beside = []
        for metric in beside:
            out.print(result_table(summary(dataset, metric, view="all")), "")
        for made in outcome_tables(dataset):
            out.print(made)
        for failure in json.loads(dataset.attrs.get("failures", "[]"))[:3]:
            span, said = span_text(failure["first"], failure["stop"]), printable(last_words(failure["traceback"]))
            out.print(f"  {failure['scheme']}, {span}: {said}", markup=False, soft_wrap=True)
    out.print(f"Results: {folder}", soft_wrap=True)


def draw(
    system: System,
    datasets: Mapping[str, Any],
    figure: str | None,
    metric: str | None,
    path: Path,
    view: str = COMMON,
    footnote: bool = False,
) -> list[Path]:
    """Draw a figure of the system, or a metric over the sweep of every study; the files written.

    Args:
        system: the system.
        datasets: by study name.
        figure: name of a figure.
        metric: instead: name of a metric; the headline where both are None.
        path: of the file; several pictures add to its name.
        view: which trials means are over, of a metric (a figure says itself).
        footnote: write what a file says of itself below the picture, too.
    """
    if figure is not None and metric is None:
        drawn = draw_figure(system, system.figure(figure), datasets)
        save(drawn, output_file(path), {"Figure": system.figure(figure).title, **facts(system, datasets)}, footnote)
        return [path]
    written: list[Path] = []
    for name, dataset in datasets.items():
        shown = metric or system.sweep_headline(name)
        if metric is None and is_pass(dataset):
            study = f"-{name}" if len(datasets) > 1 else ""
            target = path.with_name(f"{path.stem}{study}{path.suffix}")
            drawn = pass_picture(system, dataset)
            add_warnings(drawn, [dataset])
            about = {"Figure": "the satellite's pass", **facts(system, {name: dataset})}
            save(drawn, output_file(target), about, footnote)
            written.append(target)
            if system.beam_map:
                beams = path.with_name(f"{path.stem}{study}-beams{path.suffix}")
                drawn = beams_picture(system, dataset)
                add_warnings(drawn, [dataset])
                save(drawn, output_file(beams), {**about, "Figure": "beams over the ground"}, footnote)
                written.append(beams)
            continue
        for suffix, drawn in _sweep_pictures(system, dataset, shown, view):
            study = f"-{name}" if len(datasets) > 1 else ""
            target = path.with_name(f"{path.stem}{study}{suffix}{path.suffix}")
            add_warnings(drawn, [dataset])
            about = {"Metric": system.metrics[shown].long_name, **facts(system, {name: dataset})}
            save(drawn, output_file(target), about, footnote)
            written.append(target)
    return written


def _sweep_pictures(system: System, dataset: Any, metric: str, view: str) -> Any:
    """One picture over the longest sweep axis for every value of the others: (file name suffix, figure)."""
    scalars = [name for name, declared in system.metrics.items() if not declared.axes]
    if metric not in scalars:
        raise ConfigError(f"metric = {metric!r}: is not a single number per trial.{suggest(metric, scalars)}")
    numbers = summary(dataset, metric, view=view)
    labels = dict(zip(dataset["scheme"].values.tolist(), dataset["scheme_label"].values.tolist()))
    # Every scheme of the system has its place, drawn or not, so that it looks alike in every picture.
    order = tuple(dict.fromkeys([*(scheme.name for scheme in system.schemes), *labels]))
    axes = sorted((str(dim) for dim in numbers["mean"].dims if dim != "scheme"), key=lambda dim: -numbers.sizes[dim])
    others = axes[1:]
    for index in itertools.product(*(range(numbers.sizes[axis]) for axis in others)):
        one = numbers.isel(dict(zip(others, index)))
        values = {axis: numbers[axis].values[position] for axis, position in zip(others, index)}
        title = ", ".join(f"{axis} = {value}" for axis, value in values.items())
        suffix = "".join(f"-{axis}-{in_file_name(str(value))}" for axis, value in values.items())
        yield suffix, draw_sweep(one, labels=labels, order=order, title=title)
