"""What the command line prints: tables and numbers. Light: nothing here imports what computes."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from leoisac.experiment.channel_table import described, domain_of, unit_of
from leoisac.experiment.contracts import QUICK, System, resolve
from leoisac.experiment.reading.coordinates import MOST_FIELDS, point_texts
from leoisac.experiment.scenario.files import NONE, value_text
from leoisac.experiment.scenario.routes import missing_packages
from leoisac.foundation.config import Config
from leoisac.foundation.number_text import Interval, column_texts
from leoisac.foundation.status import Status

if TYPE_CHECKING:
    import xarray as xr

_WIDE = 160
_ENDLESS, _LEAST_WORDS = 10_000, 16
"""Room in which nothing folds; the least room for a column of words, where its longest word has less."""
MOST_ROWS, FEW_ROWS = 24, 12
"""A sweep of more points than the first (a pass has fifty instants) is printed as so many of the second."""


def console(stderr: bool = False) -> Console:
    """A console; where the output is not a terminal it is wide, so that tables are not broken."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, markup=False, width=None if stream.isatty() else _WIDE)


class PlainTable(Table):
    """A table without lines, with a heading as wide as the page.

    Words fold, numbers (columns to the right) never: a number that lost its end is another number. Where the page is
    too narrow for that, the rows stand below each other, each cell in a line of its own.
    """

    def __init__(self, heading: str, *columns: str) -> None:
        super().__init__(box=None, pad_edge=False)
        self.heading = heading
        for column in columns:
            self.add_column(column, overflow="fold")

    def add_column(self, *arguments: Any, **options: Any) -> None:
        """As Rich's; a column to the right is one of numbers."""
        numbers = options.get("justify") == "right"
        super().add_column(*arguments, **{"no_wrap": numbers, "overflow": "fold", **options})

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.heading:
            yield Text(self.heading, style="bold")
        if self._least_width(console, options) <= options.max_width:
            yield from super().__rich_console__(console, options)
        else:
            yield from self._records()

    def _least_width(self, console: Console, options: ConsoleOptions) -> int:
        """The width below which numbers would be cut, or words broken into pieces."""
        wide = options.update(width=_ENDLESS)
        return sum(
            self._measure_column(console, wide, column).maximum
            if column.no_wrap
            else min(self._measure_column(console, wide, column).minimum, _LEAST_WORDS)
            for column in self.columns
        )

    def _records(self) -> Iterator[Text]:
        """A block a row: its first cell, then a line for every other cell that has something in it."""
        names = [_text(column.header) for column in self.columns]
        for cells in zip(*(list(column.cells) for column in self.columns)):
            first, *others = map(_text, cells)
            yield Text(f"{names[0]}: {first}" if names[0] else first, style="bold", overflow="fold")
            for name, cell in zip(names[1:], others):
                if cell:
                    yield Text(f"  {name}: {cell}" if name else f"  {cell}", overflow="fold")


def _text(cell: Any) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)


def scheme_table(system: System) -> PlainTable:
    """Schemes with routes and meanings."""
    made = PlainTable(f"Schemes of {system.name}", "scheme", "routes", "what it does", "constraints it enforces")
    for scheme in system.schemes:
        routes: list[str] = []
        for route in scheme.routes:
            extra = scheme.requires.get(route, "")
            lacks = bool(extra) and bool(missing_packages(extra))
            routes.append(f'{route} (needs: pip install "leoisac[{extra}]")' if lacks else route)
        summary = f"{scheme.summary} (a bound)" if scheme.bound else scheme.summary
        made.add_row(_bold(scheme.name), ", ".join(routes), summary, ", ".join(scheme.enforces) or "none")
    return made


def content_tables(system: System) -> Iterator[PlainTable]:
    """What a system has to run and to draw."""
    made = PlainTable(f"Figures of {system.name} (leoisac run {system.name}/FIGURE)", "figure", "shows", "studies")
    for figure in resolve(system.figures):
        made.add_row(_bold(figure.name), figure.title, ", ".join(figure.studies) or "closed form")
    yield made
    made = PlainTable(f"Studies (leoisac run {system.name}/STUDY)", "study", "sweeps", "schemes")
    for heading in ("trials", "quick"):
        made.add_column(heading, justify="right")
    for study in resolve(system.studies):
        quick = str(study.preset(QUICK).trials)
        made.add_row(
            _bold(study.name), ", ".join(study.sweep) or "—", ", ".join(study.schemes), str(study.trials), quick
        )
    yield made
    yield scheme_table(system)
    made = PlainTable("Metrics", "metric", "what it is", "unit", "axes")
    for name, metric in system.metrics.items():
        made.add_row(_bold(name), metric.long_name, metric.units, ", ".join(metric.axes))
    yield made


def config_table(config: Config, swept: Iterable[str] = ()) -> PlainTable:
    """Every field with its meaning; fields that differ from the default stand out, and the values of a sweep, which
    take the place of what is written here, are said to."""
    made = PlainTable("Configuration", "field", "value", "meaning")
    _add_fields(made, config, type(config).model_fields, "", frozenset(swept))
    return made


def size_table(sizes: Mapping[str, int]) -> PlainTable:
    """Axis lengths."""
    made = PlainTable("Sizes", "axis")
    made.add_column("length", justify="right")
    for axis, size in sizes.items():
        made.add_row(axis, str(size))
    return made


def channel_table(system: System, sizes: Mapping[str, int], typical: Mapping[str, Sequence[str]]) -> PlainTable:
    """Every array of a system's channels: axes with lengths, unit, what the numbers may be, convention, meaning.

    ``typical``: array -> its mean power and its C/N at the budgets, as text.
    """
    made = PlainTable("Channels", "array", "axes", "unit", "holds", "mean power", "C/N")
    made.add_column("received amplitude", overflow="fold")
    made.add_column("meaning", overflow="fold")
    for name, axes in system.channel_axes.items():
        meaning, convention = described(axes)
        listed = ", ".join(f"{axis} {sizes[axis]}" for axis in axes) or "a number"
        allowed = domain_of(axes).allowed.removeprefix("a ")
        made.add_row(_bold(name), listed, unit_of(axes), allowed, *typical[name], convention or "—", meaning)
    return made


def design_table(system: System, sizes: Mapping[str, int]) -> PlainTable:
    """Every array of a system's designs, as a scheme returns it: axes with lengths, unit, meaning."""
    made = PlainTable("Designs", "array", "axes", "unit", "meaning")
    for name, declared in system.design_fields.items():
        listed = ", ".join(f"{axis} {sizes.get(axis, 'any')}" for axis in declared.axes) or "a number"
        made.add_row(_bold(name), listed, declared.units, declared.long_name)
    return made


def link_budget_tables(system: System, config: Config) -> Iterator[PlainTable]:
    """The system's link budgets at this configuration; what is doubtful in them as warnings."""
    for budget in resolve(system.link_budgets)(config):
        for text in budget.doubts:
            warnings.warn(text, UserWarning, stacklevel=2)
        made = PlainTable(budget.title)
        made.add_column("quantity")
        made.add_column("value", justify="right")
        made.add_column("unit")
        made.add_column("how", style="dim")
        for label, value, unit, note in budget.rows:
            made.add_row(label, f"{value:.2f}" if abs(value) < 1e5 else f"{value:.5g}", unit, note)
        yield made


def result_table(summary: xr.Dataset) -> PlainTable:
    """Mean and interval per scheme and sweep point; the share of usable trials where it is not one."""
    dims = [str(dim) for dim in summary["mean"].dims if dim != "scheme"]
    stacked = summary.stack(point=dims) if dims else summary.expand_dims("point")
    schemes = [str(name) for name in summary["scheme"].values]
    chosen = shown_points(stacked.sizes["point"])
    points = [_point_name(summary, dims, position) for position in chosen]
    columns = [stacked[name].transpose("scheme", "point").values for name in ("mean", "low", "high", "usable_share")]
    across = len(points) <= max(len(schemes), 6)
    numbers = [[_interval(columns, row, at) for at in chosen] for row in range(len(schemes))]
    lines = numbers if across else list(zip(*numbers))
    down = [column_texts(column) for column in zip(*lines)]  # a column has the same decimals
    title = str(summary.attrs["long_name"])
    few = f" ({len(chosen)} of {stacked.sizes['point']} points)" if len(chosen) < stacked.sizes["point"] else ""
    made = PlainTable(_title(title, summary) + few)
    names, others = (schemes, points) if across else (points, schemes)
    made.add_column("scheme" if across else "changed" if len(", ".join(dims)) > _WIDE // 2 else ", ".join(dims))
    for other in others:
        made.add_column(other if dims or not across else "mean", justify="right")
    for row, name in enumerate(names):
        made.add_row(_bold(name), *(column[row] for column in down))
    return made


def _interval(columns: Sequence[Any], row: int, at: int) -> Interval:
    mean, low, high, share = (float(values[row, at]) for values in columns)
    return mean, low, high, share


def shown_points(count: int) -> list[int]:
    """The points that a printed table shows: all, or of more than ``MOST_ROWS`` a few from the first to the last."""
    if count <= MOST_ROWS:
        return list(range(count))
    return sorted({round(k * (count - 1) / (FEW_ROWS - 1)) for k in range(FEW_ROWS)})


def outcome_tables(dataset: xr.Dataset) -> Iterator[PlainTable | Text]:
    """How designs ended, per scheme, with what to try next; nothing when all converged."""
    status = dataset["status"].values
    counts = {
        str(scheme): [int((status[row] == int(code)).sum()) for code in Status]
        for row, scheme in enumerate(dataset["scheme"].values)
    }
    ended = [code for code in Status if any(row[code] for row in counts.values())]
    if set(ended) <= {Status.CONVERGED}:
        return
    made = PlainTable("How the designs ended", "scheme")
    for code in ended:
        made.add_column(code.name, justify="right")
    for scheme, row in counts.items():
        made.add_row(_bold(scheme), *(str(row[code]) for code in ended))
    yield made
    for code in ended:
        if code is not Status.CONVERGED:
            yield Text.assemble((code.name, "bold"), ": ", code.advice)


def _add_fields(made: Table, config: Config, fields: Iterable[str], prefix: str, swept: frozenset[str]) -> None:
    for name in fields:
        value, field = getattr(config, name), type(config).model_fields[name]
        if isinstance(value, Config):
            _add_fields(made, value, type(value).model_fields, f"{prefix}{name}.", swept)
            continue
        if f"{prefix}{name}" in swept:
            made.add_row(f"{prefix}{name}", Text("swept, see above", style="bold yellow"), field.description or "")
            continue
        text = NONE if value is None else value_text(config.model_dump(mode="json")[name])
        changed = not field.is_required() and value != field.get_default(call_default_factory=True)
        shown = Text(text if len(text) <= 60 else f"{text[:59]}…", style="bold yellow" if changed else "")
        made.add_row(f"{prefix}{name}", shown, field.description or "")


def _point_name(summary: xr.Dataset, dims: Sequence[str], position: int) -> str:
    """``4, 25`` for the sweep values of a point in row-major order; zipped axes by the values of their fields."""
    names: list[str] = []
    for dim in reversed(dims):
        position, index = divmod(position, summary.sizes[dim])
        names.append(" + ".join(point_texts(summary, dim, index)))
    return ", ".join(reversed(names))


def _title(title: str, summary: xr.Dataset) -> str:
    units = str(summary.attrs.get("units", "1"))
    dims = [str(dim) for dim in summary["mean"].dims if dim != "scheme"]
    long = any(dim.count("+") >= MOST_FIELDS for dim in dims)
    over = ", one value changed at a time" if long else f" over {', '.join(dims)}" if dims else ""
    unit = f" ({units})" if units != "1" else ""
    share = (summary["mean"].attrs.get("valid_min"), summary["mean"].attrs.get("valid_max")) == (0.0, 1.0)
    interval = "mean (95 % interval)" if share else "mean ± half 95 % interval"
    trials = f", {summary.attrs['trials']}" if "trials" in summary.attrs else ""
    return f"{title[:1].upper()}{title[1:]}{unit}{over}: {interval}, [share of usable trials]{trials}"


def _bold(text: str) -> Text:
    return Text(text, style="bold")
