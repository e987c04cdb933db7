"""The verb ``report``: a store as one HTML page."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leoisac import catalogue
from leoisac.cli.options import Plugins, StoreFolder
from leoisac.cli.output import check_out, say
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.names import printable

if TYPE_CHECKING:
    from leoisac.experiment.reporting.report import Picture

_MOST_SVG_BYTES = 1_500_000
"""Larger drawings (maps, clouds of points) go in as PNG."""


def report(
    folder: StoreFolder,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it (default: in DIR).")] = None,
    plugin: Plugins = None,
) -> None:
    """Write a run as one HTML page.

    Scenario, link budget, figures, tables, claims with verdicts, outcomes, computing time, provenance and how to
    repeat it; without network or scripts, pictures inside. Nothing is computed.
    """
    del plugin
    check_out(out, (".html", ".htm"))
    from leoisac.experiment.store.folders import output_file

    target = output_file(out or folder / "report.html")
    text, problems = report_text(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    for problem in problems:
        say(f"Warning: {printable(problem)}", err=True)
    say(f"Report: {target}")


def report_text(folder: Path) -> tuple[str, list[str]]:
    """The page of a store, and what to know of its results, what could not be drawn among it.

    Raises:
        StoreError: if there is no store, or a unit of it is damaged.
    """
    import leoisac
    from leoisac.experiment.reading.footnotes import warning_lines
    from leoisac.experiment.reading.progress import store_state
    from leoisac.experiment.reading.studies import open_studies
    from leoisac.experiment.reporting.claims import check_claims
    from leoisac.experiment.reporting.report import ReportData, report_html
    from leoisac.experiment.store.folders import open_store

    manifest = open_store(folder, catalogue.find).manifest
    system = catalogue.find(manifest.system)
    studies = open_studies(folder, catalogue.find)
    pictures = list(_pictures(system, studies))
    data = ReportData(
        name=folder.expanduser().resolve().name,
        system=system,
        scenarios=manifest.studies,
        studies=studies,
        pictures=pictures,
        claims=check_claims(system, studies, stored_only=True),
        state=store_state(folder, catalogue.find),
        sessions=manifest.sessions,
        version=leoisac.__version__,
    )
    known = warning_lines(studies.values())
    return report_html(data), [*known, *(f"{one.title}: {one.problem}" for one in pictures if one.problem)]


def _pictures(system: System, studies: Mapping[str, Any]) -> Iterator[Picture]:
    """The figures of the system that these studies serve; where there is none, the headline metric over the sweep."""
    from leoisac.experiment.reading.studies import drawable

    fitting = [figure for figure in drawable(resolve(system.figures), studies) if figure.studies]
    served = {name for figure in fitting for name in figure.studies}
    for figure in fitting:
        yield from _drawn(system, {name: studies[name] for name in figure.studies}, figure.name, figure.title)
    for name, dataset in studies.items():
        if name not in served:
            yield from _drawn(system, {name: dataset}, None, "")


def _drawn(system: System, studies: Mapping[str, Any], figure: str | None, title: str) -> Iterator[Picture]:
    """Pictures as SVG, the large ones as PNG; what cannot be drawn says why, and the rest of the report stands."""
    from leoisac.experiment.reporting.report import Picture

    name = figure or ", ".join(studies)
    metric = system.metrics[system.sweep_headline(next(iter(studies)))].long_name
    label = f"{name}: {title}" if title else f"{metric[:1].upper()}{metric[1:]} over the sweep of {name}"
    try:
        for suffix, content, kind in _files(system, studies, figure):
            yield Picture(f"{label}{suffix}", content, kind, _width_in(content, kind))
    except Exception as error:
        yield Picture(label, problem=f"{type(error).__name__}: {error}")


def _files(system: System, studies: Mapping[str, Any], figure: str | None) -> Iterator[tuple[str, bytes, str]]:
    import matplotlib as mpl

    from leoisac.cli.running import draw
    from leoisac.plots.style import RESOLUTION_DPI

    # Letters as outlines: the page looks alike where the fonts are not installed. A fixed salt: equal data, equal page.
    settings: Any = {"svg.fonttype": "path", "svg.hashsalt": "leoisac", "savefig.dpi": RESOLUTION_DPI}
    with tempfile.TemporaryDirectory() as scratch, mpl.rc_context(settings):
        drawn = draw(system, studies, figure, None, Path(scratch) / "picture.svg")
        large = any(path.stat().st_size > _MOST_SVG_BYTES for path in drawn)
        kind = "png" if large else "svg"
        if large:
            drawn = draw(system, studies, figure, None, Path(scratch) / "picture.png")
        for path in drawn:
            content = path.read_bytes()
            suffix = path.stem.removeprefix("picture").replace("-", " ").strip()
            yield f", {suffix}" if suffix else "", _without_date(content) if kind == "svg" else content, kind


def _without_date(svg: bytes) -> bytes:
    """The drawing without the block that says when and by what it was made."""
    return re.sub(rb"\s*<metadata>.*?</metadata>", b"", svg, count=1, flags=re.DOTALL)


def _width_in(content: bytes, kind: str) -> float:
    """Width of a drawing in inches: of SVG from its points, of PNG from its pixels."""
    from leoisac.plots.style import COLUMN_WIDTH_IN, RESOLUTION_DPI

    if kind == "png":
        return int.from_bytes(content[16:20], "big") / RESOLUTION_DPI
    found = re.search(rb'<svg[^>]*\swidth="([\d.]+)pt"', content)
    return float(found[1]) / 72 if found else COLUMN_WIDTH_IN
