# pyright: reportUnknownMemberType=false
"""Tables of a report: link budgets, results with intervals, outcomes, computing time."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from leoisac.experiment.contracts import WITHIN, System, resolve
from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.coordinates import MOST_FIELDS, point_texts
from leoisac.experiment.reading.progress import StoreState
from leoisac.experiment.reading.statistics import summary
from leoisac.experiment.reporting.claims import ClaimResult
from leoisac.experiment.reporting.markup import Markup, details, join, table, tag
from leoisac.experiment.scenario.files import NONE, value_text
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.experiment.scenario.views import ALL, COMMON
from leoisac.experiment.tracebacks import last_words, span_text
from leoisac.foundation.config import Config
from leoisac.foundation.number_text import (
    Interval,
    column_texts,
    counted,
    duration_text,
    share_text,
    short_time_text,
)
from leoisac.foundation.status import Status

_MOST_SHOWN = 20
_MOST_COLUMNS = 5
"""Most columns of schemes, where the points are fewer."""


def config_rows(config: Config, prefix: str = "") -> list[tuple[str, str, str, bool]]:
    """Field, value as TOML, meaning, and whether it was chosen (is not the default), of every field and part."""
    rows: list[tuple[str, str, str, bool]] = []
    plain = config.model_dump(mode="json")
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        if isinstance(value, Config):
            rows += config_rows(value, f"{prefix}{name}.")
            continue
        changed = field.is_required() or value != field.get_default(call_default_factory=True)
        text = NONE if value is None else value_text(plain[name])
        rows.append((f"{prefix}{name}", text, field.description or "", changed))
    return rows


def config_table(config: Config) -> Markup:
    """Every field; those that differ from the default in bold."""
    rows = [
        (tag("code", name), tag("span", text, class_="changed") if changed else text, meaning)
        for name, text, meaning, changed in config_rows(config)
    ]
    return table("", ("field", "value", "meaning"), rows)


def link_budgets(system: System, scenarios: Mapping[str, Scenario]) -> Markup:
    """The link budgets of every study at the first point of its sweep, those of equal configurations once."""
    seen: dict[Config, str] = {}
    for name, item in scenarios.items():
        seen.setdefault(item.points()[0].config, name)
    shown = [_budgets_of(system, scenarios[name], name if len(seen) > 1 else "") for name in seen.values()]
    return join(shown)


def _budgets_of(system: System, item: Scenario, name: str) -> Markup:
    point = item.points()[0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        budgets: Sequence[Any] = resolve(system.link_budgets)(point.config)
    made = [
        table(
            "",
            ("quantity", "value", "unit", "how"),
            [
                (label, f"{value:.2f}" if abs(value) < 1e5 else f"{value:.5g}", unit, note)
                for label, value, unit, note in budget.rows
            ],
            numbers=(1,),
        )
        for budget in budgets
    ]
    if not made:
        return Markup()
    place = ", ".join(f"{field} = {_plain(value)}" for field, value in point.changes.items())
    heading = [tag("p", f"At {place}.", class_="note")] if place else []
    doubts = [text for budget in budgets for text in budget.doubts]
    notes = [tag("p", text, class_="note") for text in [*(str(item.message) for item in caught), *doubts]]
    folded = [details(budget.title, one, open_=not name and one is made[0]) for budget, one in zip(budgets, made)]
    title = [tag("h3", f"Study {name}")] if name else []
    return join([*title, *heading, *folded, *notes])


def results(system: System, dataset: xr.Dataset, headline: str) -> Markup:
    """Mean and interval of the headline metric; the other metrics that are single numbers behind a line to open."""
    scalars = [name for name, metric in system.metrics.items() if not metric.axes]
    beside = [name for name in system.beside if name != headline and name in dataset]
    others = [
        name
        for name in scalars
        if name not in (headline, *beside) and name in dataset and bool(dataset[name].notnull().any())
    ]
    folded = [result_table(dataset, name) for name in others]
    more = details(f"{counted(len(others), 'further metric')} of this study", *folded) if folded else ""
    return join([result_table(dataset, headline), *(result_table(dataset, name, ALL) for name in beside), more])


def result_table(dataset: xr.Dataset, metric: str, view: str = COMMON) -> Markup:
    """A row per sweep point, a column per scheme: ``mean ± half of the 95 % interval [usable share]``."""
    numbers = summary(dataset, metric, view=view)
    dims = [str(dim) for dim in numbers["mean"].dims if dim != "scheme"]
    fields = [
        field
        for dim in dims
        for field in (dim.split("+") if dim.count("+") < MOST_FIELDS else ["changed, one value at a time"])
    ]
    labels = [str(label) for label in numbers["scheme_label"].values]
    units = str(numbers.attrs.get("units", "1"))
    title = str(numbers.attrs["long_name"])
    caption = f"{title[:1].upper()}{title[1:]}{f' ({units})' if units != '1' else ''}"
    caption += " (all trials, 0 where there is no usable design)" if view == ALL else ""
    arrays = [numbers[name].transpose("scheme", *dims).values for name in ("mean", "low", "high", "usable_share")]
    places: list[list[str]] = []
    cells: list[list[Interval]] = []
    for index in itertools.product(*(range(numbers.sizes[dim]) for dim in dims)):
        place = [text for dim, position in zip(dims, index) for text in point_texts(numbers, dim, position)]
        places.append(place)
        cells.append([_interval(arrays, (k, *index)) for k in range(len(labels))])
    if not dims:
        pairs = list(zip(labels, column_texts(cells[0])))
        return table(caption, ("scheme", "mean"), pairs, numbers=(1,))
    header = [tag("code", field) for field in fields]
    if len(labels) > _MOST_COLUMNS and len(cells) < len(labels):  # schemes down, so that all stand on the page
        turned = zip(labels, *(column_texts(row) for row in cells))
        names = f"scheme over {', '.join(fields)}"
        heads = [", ".join(place) for place in places]
        return table(caption, [names, *heads], turned, numbers=range(1, len(heads) + 1))
    columns = [column_texts(column) for column in zip(*cells)]
    rows = [[*place, *texts] for place, texts in zip(places, zip(*columns))]
    return table(caption, [*header, *labels], rows, numbers=range(len(fields), len(fields) + len(labels)))


def _interval(arrays: Sequence[Any], index: tuple[int, ...]) -> Interval:
    mean, low, high, share = (float(array[index]) for array in arrays)
    return mean, low, high, share


def statistics_note(dataset: xr.Dataset) -> str:
    """What the numbers in the tables are, and over how many trials."""
    text = comparison_text(viewed(dataset), intervals=False)
    return f"{text[0].upper()}{text[1:]}; ± half of the 95 % interval; [share of usable trials] where it is not one."


def claims(results: Sequence[ClaimResult]) -> Markup:
    """Published statements beside our figures, with verdicts."""
    rows = [
        (
            item.claim.name,
            tag("div", item.claim.statement, class_="wide"),
            item.claim.published,
            tag("div", item.measured, class_="wide"),
            str(item.verdict.trials) if item.verdict.trials else "—",
            tag("span", item.verdict.outcome, class_=f"verdict {_class(item.verdict.outcome)}"),
            tag("div", item.verdict.criterion, class_="wide"),
        )
        for item in results
    ]
    columns = ("claim", "statement", "published", "here", "trials", "verdict", "reproduced if")
    return table("", columns, rows, numbers=(4,))


def _class(outcome: str) -> str:
    """``reproduced within 25 %`` looks like ``partly``."""
    return "partly" if outcome.startswith(WITHIN) else outcome.replace(" ", "-")


def outcomes(state: StoreState) -> Markup:
    """Shares of the statuses per scheme, what each means, and the tracebacks of what failed."""
    ended = [code for code in Status if any(item.statuses.get(code) for item in state.schemes)]
    rows: list[Sequence[object]] = []
    for item in state.schemes:
        stored = sum(item.statuses.values())
        shares = [share_text(item.statuses.get(code, 0) / stored) if stored else "—" for code in ended]
        usable = share_text(item.usable / stored) if stored else "—"
        rows.append((item.label, str(stored), *shares, usable))
    header = ("scheme", "trials", *(code.name for code in ended), "usable")
    advice = [tag("li", tag("b", code.name), f": {code.advice}") for code in ended]
    return join(
        [
            table("", header, rows, numbers=range(1, len(header))),
            tag("ul", *advice) if advice else "",
            *(
                details(
                    f"{failure.scheme}, {span_text(failure.first, failure.stop)}: {last_words(failure.traceback)}",
                    tag("pre", failure.traceback),
                )
                for failure in state.failures[:_MOST_SHOWN]
            ),
            _more(len(state.failures) - _MOST_SHOWN, "failure"),
        ]
    )


def timings(state: StoreState) -> Markup:
    """Computing time per scheme and per trial."""
    rows: list[Sequence[object]] = []
    for item in state.schemes:
        stored = sum(item.statuses.values())
        each = short_time_text(item.per_trial_s) if item.per_trial_s is not None else "—"
        compiling = short_time_text(item.compile_seconds) if item.compile_seconds else "—"
        rows.append((item.label, str(stored), duration_text(item.seconds), compiling, each))
    note = (
        "Design and evaluation of all processes together, without the drawing of channels. Time in all includes "
        "compiling, time per trial does not (as far as the version that wrote the unit measured it). "
        "Times of schemes compare only where they ran on the same machine."
    )
    return join(
        [
            table("", ("scheme", "trials", "in all", "compiling", "per trial"), rows, (1, 2, 3, 4)),
            tag("p", note, class_="note"),
        ]
    )


def _more(count: int, what: str) -> Markup | str:
    return tag("p", f"… and {counted(count, what)} more.", class_="note") if count > 0 else ""


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
