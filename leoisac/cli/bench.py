"""The verb ``bench``: both routes of a scheme side by side, and how long fast designs take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leoisac import catalogue
from leoisac.cli.options import Plugins
from leoisac.cli.output import PICTURES, check_out, refuse
from leoisac.foundation.config import ConfigError

if TYPE_CHECKING:
    from leoisac.cli.tables import PlainTable
    from leoisac.experiment.contracts import System
    from leoisac.experiment.running.bench import BenchResult
    from leoisac.experiment.running.bench_batches import BatchResult
    from leoisac.experiment.running.bench_record import BenchRecord

_LONGEST_S = 30.0


def bench(
    system: Annotated[
        str | None, typer.Argument(metavar="[SYSTEM]", help="A system (default: all that have both routes).")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also every scheme's fast route: one design, and batches of 64 to 4096.")
    ] = False,
    batches_only: Annotated[bool, typer.Option("--batches", help="Only the fast routes.")] = False,
    case: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only the cases with this in their name, of any system.")
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="Trials of every case, instead of the case's own.")] = None,
    longest: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.0, help="Leave out batches that would take longer (default 30)."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the figures go as JSON.")] = Path("runs/bench.json"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the figures in --out: only what is missing there is measured.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw them: .png, .pdf, .svg or .pgf.")] = None,
    plugin: Plugins = None,
) -> None:
    """Measure the fast route against published algorithms and by itself.

    The same trials by both routes, on one core; compilation excluded and shown beside; objective and constraint
    violation of both in the same table.
    """
    del plugin
    from leoisac.cli.tables import console
    from leoisac.experiment.running.bench_record import BenchRecord, read_record

    check_out(out)
    check_out(plot, PICTURES, "--plot")
    if batches_only:
        refuse({"--case": case, "--trials": trials}, "is of routes side by side; leave it out, or --batches.")
        refuse({"--all": everything}, "measures routes side by side as well; leave it out, or --batches.")
    if not (everything or batches_only):
        refuse({"--longest": longest}, "is of batches; give --all or --batches.")
    names = [system] if system else [name for name in catalogue.systems() if catalogue.find(name).benches]
    systems = [catalogue.find(name) for name in names]
    compared = [] if batches_only else _with_case(systems, case or "")
    record = read_record(out) if resume else BenchRecord(out)
    for found in systems:
        if everything or batches_only:
            _batches(found, _LONGEST_S if longest is None else longest, record)
        if found.name in compared:
            _cases(found, trials, case or "", record)
    console().print(f"Figures as JSON: {out}")
    if plot is not None:
        from leoisac.plots.bench import draw_bench

        draw_bench([asdict(row) for row in record.batches], [asdict(row) for row in record.results], plot)
        console().print(f"Picture: {plot}")


def _with_case(systems: Sequence[System], case: str) -> list[str]:
    """Names of those systems that have a case with this in its name.

    Raises:
        ConfigError: if none has.
    """
    from leoisac.experiment.running.bench import bench_cases, is_named

    cases = {system.name: [one.name for one in bench_cases(system)] for system in systems}
    if len(systems) == 1 and not cases[systems[0].name]:
        raise ConfigError(
            f"system = {systems[0].name!r}: has no scheme with both a fast and a reference route to compare."
        )
    found = [system for system, there in cases.items() if any(is_named(name, case) for name in there)]
    if not found:
        listed = "".join(f"\n  {name}: {'; '.join(there)}" for name, there in cases.items() if there)
        raise ConfigError(f"--case {case}: no case has this in its name. Cases:{listed}")
    return found


def _batches(system: System, longest: float, record: BenchRecord) -> None:
    from leoisac.cli.tables import console
    from leoisac.experiment.running.bench_batches import bench_batches

    known = record.schemes_of(system.name)
    missing = [scheme.name for scheme in system.schemes if scheme.name not in known]
    with console().status(f"{system.title}: measuring fast designs …"):
        for result in bench_batches(system, missing, longest_s=longest) if missing else ():
            record.add(result)
    rows = [row for row in record.batches if row.system == system.name]
    console().print(batch_table(system.title, rows))


def _cases(system: System, trials: int | None, case: str, record: BenchRecord) -> None:
    from leoisac.cli.tables import console
    from leoisac.experiment.running.bench import bench as results_of
    from leoisac.experiment.running.bench import bench_cases, is_named

    known = record.cases_of(system.name, trials)
    with console().status(f"{system.title}: measuring both routes …"):
        for result in results_of(system, trials, case, known):
            record.add(result)
    wanted = {one.name for one in bench_cases(system) if is_named(one.name, case)}
    rows = [row for row in record.results if row.case in wanted and row.system in ("", system.name)]
    console().print(bench_table(system.title, rows))


def bench_table(title: str, results: Sequence[BenchResult]) -> PlainTable:
    """One column per case, one row per figure: times, then quality of both routes."""
    from leoisac.cli.tables import PlainTable

    table = PlainTable(title, "")
    for result in results:
        table.add_column(result.case, justify="right")
    for label, form in _ROWS:
        table.add_row(label, *(form(result) for result in results))
    return table


def batch_table(title: str, results: Sequence[BatchResult]) -> PlainTable:
    """One row per scheme: milliseconds of one design and of designs in batches, then quality."""
    sizes = sorted({size for result in results for size in result.per_design_s if size > 1})
    columns: list[tuple[str, Callable[[BatchResult], str]]] = [
        ("starts", lambda r: r.starts or "–"),
        ("first, s", lambda r: f"{r.first_s:.2g}"),
        ("one, p50", lambda r: _short(r.one_s[0])),
        ("p90", lambda r: _short(r.one_s[1])),
        ("p99", lambda r: _short(r.one_s[2])),
        *((f"of {size}", lambda r, size=size: _short(r.per_design_s.get(size))) for size in sizes),
        ("ticks", lambda r: f"{r.ticks:.0f}" if r.ticks else "–"),
        ("µs a tick", lambda r: f"{1e6 * r.tick_s:.3g}" if r.ticks else "–"),
        ("usable", lambda r: f"{r.usable:.0%}"),
        ("p99 shortfall", lambda r: "–" if r.p99_shortfall is None else f"{r.p99_shortfall:.1e}"),
    ]
    from leoisac.cli.tables import PlainTable

    table = PlainTable(f"{title}: fast routes, ms a design", "scheme")
    for label, _ in columns:
        table.add_column(label, justify="right")
    for result in results:
        table.add_row(result.scheme, *(form(result) for _, form in columns))
    return table


def _short(seconds: float | None) -> str:
    return "–" if seconds is None else f"{1e3 * seconds:.3g}"


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.3g} ms"


def _relative(value: float) -> str:
    return f"{value:+.2e}"


_ROWS = (
    ("reference", lambda r: r.rival),
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
