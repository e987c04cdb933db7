"""The verb ``bench``: both routes of a scheme side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from leoisac import catalogue
from leoisac.cli.options import Plugins
from leoisac.foundation.config import ConfigError

if TYPE_CHECKING:
    from leoisac.experiment.running.bench import BenchResult


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
    from leoisac.cli.tables import console
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


def bench_table(title: str, results: Sequence[BenchResult]) -> Table:
    """One column per case, one row per figure: times, then quality of both routes."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for result in results:
        table.add_column(result.case, justify="right")
    for label, form in _ROWS:
        table.add_row(label, *(form(result) for result in results))
    return table


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.3g} ms"


def _relative(value: float) -> str:
    return f"{value:+.2e}"


_ROWS = (
    ("size", lambda r: ", ".join(f"{size} {axis}" for axis, size in r.sizes.items())),
    ("starts", lambda r: r.starts),
    ("common trials (fast route alone)", lambda r: f"{r.trials} ({r.fast_trials})"),
    ("reference, median per trial", lambda r: _milliseconds(r.reference_s)),
    ("fast, per trial", lambda r: _milliseconds(r.fast_s)),
    ("ratio", lambda r: f"{r.ratio:.0f}"),
    ("reference, first compile", lambda r: f"{r.reference_compile_s:.1f} s"),
    ("fast, first compile", lambda r: f"{r.fast_compile_s:.1f} s"),
    ("reference, mean objective", lambda r: f"{r.reference_mean:.5g}"),
    ("fast, mean objective", lambda r: f"{r.fast_mean:.5g}"),
    ("mean, fast against reference", lambda r: _relative(r.mean_gain)),
    ("worst trial, fast against reference", lambda r: _relative(r.worst_gain)),
    ("p99 shortfall against the best known", lambda r: f"{r.p99_shortfall:.2e} (best of {r.best_of})"),
    ("reference, largest violation", lambda r: f"{r.reference_violation:.1e}"),
    ("fast, largest violation", lambda r: f"{r.fast_violation:.1e}"),
    ("reference, usable share", lambda r: f"{r.reference_usable:.0%}"),
    ("fast, usable share", lambda r: f"{r.fast_usable:.0%}"),
)
