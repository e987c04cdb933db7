# pyright: reportUnknownMemberType=false
"""A run as one self-contained HTML page: no network, no JavaScript, pictures inside the page."""

from __future__ import annotations

import base64
import importlib.resources
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from leoisac.experiment.contracts import System
from leoisac.experiment.names import shell_command
from leoisac.experiment.reading.footnotes import warning_lines
from leoisac.experiment.reading.progress import StoreState
from leoisac.experiment.reading.studies import BARE_STUDY
from leoisac.experiment.reporting import report_tables
from leoisac.experiment.reporting.claims import ClaimResult
from leoisac.experiment.reporting.markup import Markup, details, escaped, join, table, tag
from leoisac.experiment.scenario.files import scenario_toml
from leoisac.experiment.scenario.scenarios import Scenario, most_trials
from leoisac.foundation.number_text import counted, duration_text, share_text


@dataclass(frozen=True)
class Picture:
    """A drawn figure.

    Attributes:
        title: its caption.
        content: of the file; empty where it could not be drawn, and then ``problem`` says why.
        kind: ``"svg"`` or ``"png"``.
        width_in: its width on paper; the page shows it a third larger, if there is room.
        problem: why there is no picture.
    """

    title: str
    content: bytes = b""
    kind: str = "svg"
    width_in: float = 5.4
    problem: str = ""


@dataclass(frozen=True)
class ReportData:
    """Everything that a report shows.

    Attributes:
        name: of the run, for people: the folder's name.
        system: the system.
        scenarios: of the studies, by name.
        studies: their datasets.
        pictures: of their figures.
        claims: verdicts.
        state: of the store.
        sessions: command, time and versions of every run that added to the store.
        version: of leoisac, which writes the report.
    """

    name: str
    system: System
    scenarios: Mapping[str, Scenario]
    studies: Mapping[str, xr.Dataset]
    pictures: Sequence[Picture]
    claims: Sequence[ClaimResult]
    state: StoreState
    sessions: Sequence[Mapping[str, Any]]
    version: str


def report_html(data: ReportData) -> str:
    """The page. Equal data, equal text."""
    sections = (
        ("scenario", "Scenario", _scenarios(data)),
        ("link-budget", "Link budget", report_tables.link_budgets(data.system, data.scenarios)),
        ("figures", "Figures", join(_figure(picture) for picture in data.pictures)),
        ("results", "Results", join(_results(data, name) for name in data.studies)),
        ("claims", "Published claims", _claims(data)),
        ("outcomes", "How the designs ended", report_tables.outcomes(data.state)),
        ("timings", "Computing time", report_tables.timings(data.state)),
        ("provenance", "Provenance", _provenance(data)),
        ("repeat", "How to repeat it", _repeat(data)),
    )
    shown = [section for section in sections if section[2]]
    contents = tag("nav", tag("ul", *(tag("li", tag("a", title, href=f"#{mark}")) for mark, title, _ in shown)))
    body = [tag("section", tag("h2", title), content, id=mark) for mark, title, content in shown]
    template = (
        importlib.resources.files("leoisac.experiment.reporting").joinpath("report.html").read_text(encoding="utf-8")
    )
    return string.Template(template).substitute(
        title=escaped(f"{data.name}: {data.system.title}"),
        version=escaped(data.version),
        body=join([_head(data), contents, tag("main", *body)]),
    )


def _head(data: ReportData) -> Markup:
    state = data.state
    stored = sum(sum(item.statuses.values()) for item in state.schemes)
    usable = sum(item.usable for item in state.schemes)
    facts = [
        (str(stored), f"of {state.wanted} trials" if state.left else "trials"),
        (share_text(usable / stored) if stored else "—", "of them usable"),
        (str(len(state.schemes)), "schemes" if len(state.schemes) != 1 else "scheme"),
        (duration_text(sum(item.seconds for item in state.schemes)), "computing time"),
    ]
    judged = [result.verdict.outcome for result in _readable(data)]
    if judged:
        facts.append((f"{judged.count('reproduced')} of {len(judged)}", "claims reproduced"))
    made = " and ".join(dict.fromkeys(str(item.get("created", ""))[:10] for item in data.sessions))
    studies = [name for name in data.studies if name != BARE_STUDY]
    named = f", {'study' if len(studies) == 1 else 'studies'} {', '.join(studies)}" if studies else ""
    unfinished = f"This run is not finished: {counted(state.left, 'trial')} left." if state.left else ""
    return tag(
        "header",
        tag("h1", data.system.title),
        tag("p", tag("b", data.name), f": {data.system.name}{named}; computed {made}.", class_="soft"),
        tag("p", tag("b", unfinished)) if unfinished else "",
        *(tag("p", tag("b", "Warning: "), text) for text in warning_lines(data.studies.values())),
        tag("div", *(tag("div", tag("b", value), label) for value, label in facts), class_="facts"),
    )


def _scenarios(data: ReportData) -> Markup:
    """Per study what was run and which fields were chosen, the site among them; all fields behind a line to open."""
    several = len(data.scenarios) > 1
    parts: list[object] = []
    for name, item in data.scenarios.items():
        swept = {field for axis in item.axes() for field in axis.fields}
        rows: list[tuple[object, object]] = [
            ("schemes", ", ".join(choice.label for choice in item.choices(data.system))),
            *((tag("code", axis), ", ".join(_short(value) for value in values)) for axis, values in item.sweep.items()),
            ("trials per point", _trials_text(item)),
            ("seed", item.seed),
        ]
        rows += [
            (tag("code", field), _short(value))
            for field, value, _, differs in report_tables.config_rows(item.config)
            if differs and field not in swept
        ]
        parts.append(tag("h3", f"Study {name}") if several else "")
        parts.append(table("What was chosen; every other field has its default.", ("what", "value"), rows))
        parts.append(details("All fields of the configuration", report_tables.config_table(item.config)))
    return join(parts)


def _trials_text(item: Scenario) -> str:
    """Number of trials, with the rule that may continue them."""
    text = f"{item.trials} usable ones" if item.count == "usable" else str(item.trials)
    if item.until:
        text += f", and on until {item.until}"
    return text if item.count != "usable" and not item.until else f"{text}, at most {most_trials(item)}"


def _figure(picture: Picture) -> Markup:
    if picture.problem:
        return tag("p", f"{picture.title}: could not be drawn. {picture.problem}", class_="note")
    kind = "image/svg+xml" if picture.kind == "svg" else "image/png"
    source = f"data:{kind};base64,{base64.b64encode(picture.content).decode()}"
    image = tag("img", src=source, alt=picture.title, style=f"max-width: {4 / 3 * picture.width_in:.2f}in")
    return tag("figure", image, tag("figcaption", picture.title))


def _results(data: ReportData, name: str) -> Markup:
    dataset = data.studies[name]
    heading = [tag("h3", f"Study {name}")] if len(data.studies) > 1 else []
    note = tag("p", report_tables.statistics_note(dataset), class_="note")
    return join([*heading, note, report_tables.results(data.system, dataset, data.system.headline_of(name))])


def _readable(data: ReportData) -> list[ClaimResult]:
    """Claims whose studies are all in this store; those that read no study are not about this run."""
    return [item for item in data.claims if item.claim.studies and not item.missing]


def _claims(data: ReportData) -> Markup:
    own = _readable(data)
    others = len(data.claims) - len(own)
    parts: list[object] = [report_tables.claims(own)] if own else []
    if others:
        text = f"{counted(others, 'further claim')} of this system cannot be judged from this store alone: "
        parts.append(tag("p", text, tag("code", f"leoisac verify {data.system.name}"), class_="note"))
    commands = dict.fromkeys(part for item in own if item.command for part in item.command.split("; "))
    if commands:
        parts += [tag("p", "For a verdict where there is none yet:"), tag("pre", "\n".join(commands))]
    return join(parts)


def _provenance(data: ReportData) -> Markup:
    rows = [
        (
            str(item.get("created", "")),
            tag("code", str(item.get("command", ""))),
            tag("div", ", ".join(f"{k} {v}" for k, v in dict(item.get("versions", {})).items()), class_="wide"),
        )
        for item in data.sessions
    ]
    citation = details("Paper", tag("pre", data.system.citation.strip()))
    return join([table("Runs that added to these results", ("started (UTC)", "command", "versions"), rows), citation])


def _repeat(data: ReportData) -> Markup:
    """The scenario of every study as a file, and the commands that run it."""
    plugins = dict.fromkeys(Path(file).name for file in data.state.made_with)
    commands = [shell_command(f"leoisac run {name}.toml --store again-{name}", plugins) for name in data.scenarios]
    files = [
        details(f"{name}.toml", tag("pre", scenario_toml(item)), open_=len(data.scenarios) == 1)
        for name, item in data.scenarios.items()
    ]
    text = (
        "A scenario file says everything that decides the numbers. With the same versions on the same type of machine "
        "they come out bit for bit, whatever the number of workers and interruptions. Save "
        f"{'this file' if len(files) == 1 else 'these files'}{', beside the plugin' if plugins else ''} and run:"
    )
    return join([tag("p", text), tag("pre", "\n".join(commands)), *files])


def _short(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
