"""Pages that follow from the code and from what is stored: systems, API, outside values, gallery, changelog.

``docs/generated`` is made anew by every build and never committed. Nothing here runs a trial.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shutil
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import truths

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import PAPER, Figure, System, resolve
from leoisac.experiment.reporting.verdict_files import read_verdicts

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
GENERATED = DOCS / "generated"
GALLERY = DOCS / "gallery"
VERDICTS = DOCS / "verdicts"
GLANCE = (
    "situation",
    "decides",
    "maximises",
    "constraints",
    "knows",
    "channels",
    "sizes",
    "cost",
    "begin",
    "rivals",
)
GLANCE_TITLES = {
    "situation": "situation",
    "decides": "what is decided",
    "maximises": "what is maximised",
    "constraints": "under which constraints",
    "knows": "what the design knows",
    "channels": "what a channel is",
    "sizes": "sizes by default",
    "cost": "cost of a design",
    "begin": "begin with",
    "rivals": "rivals",
}


def tables() -> dict[str, str]:
    """Tables that follow from the code and stand in hand-written pages, which can be read without a build."""
    return {"choosing": glance_table(catalogue.systems()), "validation": truths.markdown()}


def with_table(text: str, name: str, made: str) -> str:
    """A page with the table between its two comments."""
    found = re.search(rf"(<!-- table: {name} -->\n).*?(<!-- end of table -->)", text, re.DOTALL)
    if found is None:
        raise ValueError(f"docs/{name}.md has no `<!-- table: {name} -->`")
    return text[: found.end(1)] + f"\n{made}\n" + text[found.start(2) :]


def write_tables() -> None:
    """Bring the tables of the pages up to date: ``python docs/tools/pages.py``."""
    for name, made in tables().items():
        page = DOCS / f"{name}.md"
        page.write_text(with_table(page.read_text("utf-8"), name, made), "utf-8")


def write_all() -> None:
    """Write every generated page; pages of before go."""
    shutil.rmtree(GENERATED, ignore_errors=True)
    names = catalogue.systems()
    for name in names:
        _write(f"systems/{name}.md", system_page(catalogue.find(name)))
    _write("gallery.md", gallery_page(names))
    for name, text in api_pages().items():
        _write(f"api/{name}.md", text)
    _write("changelog.md", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    _write("contributing.md", _links_to_pages((ROOT / "CONTRIBUTING.md").read_text("utf-8")))


def table(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; what would end a cell is escaped."""
    lines = ["| " + " | ".join(titles) + " |", "| " + " | ".join("---" for _ in titles) + " |"]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def glance() -> dict[str, dict[str, str]]:
    """What each system decides, in words."""
    return tomllib.loads((DOCS / "at-a-glance.toml").read_text("utf-8"))


def glance_table(names: Iterable[str]) -> str:
    """All systems side by side."""
    known = glance()
    shown = [name for name in names if name in known]
    rows = [[GLANCE_TITLES[key], *(known[name][key] for name in shown)] for key in GLANCE]
    return table(["", *(f"[`{name}`](generated/systems/{name}.md)" for name in shown)], rows)


def system_page(system: System) -> str:
    """README of a system, and what its parts declare."""
    folder = _folder(system)
    readme = (folder / "README.md").read_text("utf-8")
    head, _, rest = readme.partition("\n## ")
    known = glance().get(system.name, {})
    rows = [[GLANCE_TITLES[key], known[key]] for key in GLANCE if key in known]
    at_a_glance = table(rows[0], rows[1:]) if rows else ""
    words = "[What these words mean, and under which conditions costs hold](../../choosing.md#words)" if rows else ""
    parts = [head.strip(), at_a_glance, words, f"## {rest.strip()}" if rest else ""]
    parts += [_criteria(system), _equations(folder), _schemes(system)]
    parts += [_channels(system), _design(system), _metrics(system), _fields(system)]
    parts += [_figures(system, "###", "../../gallery"), _citation(system)]
    return "\n\n".join(part for part in parts if part) + "\n"


def gallery_page(names: Iterable[str]) -> str:
    """All pictures that are kept, system by system."""
    parts = [
        "# Gallery",
        "Every figure with its command. A *quick* picture has few trials (below each stands how many) and wide bands; "
        "`make gallery PRESET=paper` computes full statistics and replaces it. Numbers of a picture are the CSV "
        "beside it: whatever is drawn, panel by panel, intervals included; long curves are thinned out, and of maps "
        "there is the picture alone. Means of a study's headline, with how many trials are behind them, are a second "
        "CSV.",
        _how_many(),
    ]
    for name in names:
        system = catalogue.find(name)
        parts.append(f"## {system.title}")
        parts.append(_figures(system, "###", "../gallery", heading=False))
    return "\n\n".join(parts) + "\n"


def api_pages() -> dict[str, str]:
    """Reference of the public names, from their docstrings."""
    own = {name: getattr(li, name) for name in li.__all__}
    verbs = [_target(f"leoisac.{name}", value) for name, value in own.items() if inspect.isfunction(value)]
    types = [_target(f"leoisac.{name}", value) for name, value in own.items() if inspect.isclass(value)]
    terms = importlib.import_module("leoisac.problems.terms")
    problems = importlib.import_module("leoisac.problems")
    parts = [name for name in problems.__all__ if name not in own]
    return {
        "verbs": _reference("Verbs", "`import leoisac as li`", verbs),
        "types": _reference("Types and errors", "Also names of `li`.", types),
        "problems": _reference(
            "Stated problems",
            "`from leoisac.problems import …`; [State your own problem](../../problems.md) is the guide.",
            [_target(f"leoisac.problems.{name}", getattr(problems, name)) for name in parts],
        ),
        "terms": _reference(
            "Terms",
            "`li.terms.…`",
            [_target(f"leoisac.problems.terms.{name}", getattr(terms, name)) for name in terms.__all__],
        ),
    }


def _reference(title: str, line: str, targets: Iterable[tuple[str, str]]) -> str:
    blocks = []
    for kind, path in targets:
        options = "\n   :members:\n   :inherited-members: IntEnum, BaseModel, Exception" if kind == "class" else ""
        if path.endswith("RsmaRates"):  # its fields are described by the class
            options = ""
        if path.rpartition(".")[2] in ("Config", "Status"):
            options = "\n   :members: replace" if path.endswith("Config") else "\n   :members:\n   :undoc-members:"
        blocks.append(f"```{{eval-rst}}\n.. auto{kind}:: {path}{options}\n```")
    return f"# {title}\n\n{line}\n\n" + "\n\n".join(blocks) + "\n"


def _target(path: str, value: Any) -> tuple[str, str]:
    kind = "exception" if inspect.isclass(value) and issubclass(value, Exception) else ""
    return kind or ("class" if inspect.isclass(value) else "function"), path


def _folder(system: System) -> Path:
    return ROOT / "leoisac" / "systems" / system.name.replace("-", "_")


def _criteria(system: System) -> str:
    """What each verdict took, on how many trials it rests, and which version judged: from the kept file."""
    file = VERDICTS / f"{system.name}.json"
    if not file.is_file():
        return ""
    rows = [
        [row.claim, row.criterion, row.verdict, row.trials or "–", ", ".join(row.studies) or "–", row.version]
        for row in read_verdicts(file)
    ]
    text = (
        "The verdicts above are those of stored runs at full statistics: "
        f"`leoisac verify {system.name} --to FILE.json`, kept as docs/verdicts/{system.name}.json."
    )
    titles = ["claim", "reproduced if", "verdict", "trials", "studies", "version"]
    return f"## What each verdict takes\n\n{text}\n\n" + table(titles, rows)


def _equations(folder: Path) -> str:
    module = importlib.import_module(f"leoisac.systems.{folder.name}.evidence.equations")
    rows = [
        [numbers, ", ".join(f"`{place.replace('leoisac.systems.', '')}`" for place in places)]
        for numbers, places in module.EQUATIONS.items()
    ]
    return "## Equation by equation\n\n" + table(["the paper's", "function"], rows)


def _schemes(system: System) -> str:
    rows = [
        [
            f"`{scheme.name}`",
            scheme.summary + (" (no transmitter can realise it)" if scheme.bound else ""),
            ", ".join(f"`{route}`" for route in scheme.routes),
            ", ".join(name.replace("_", " ") for name in scheme.enforces) or "–",
        ]
        for scheme in system.schemes
    ]
    text = "`leoisac run … --schemes NAME,NAME:ROUTE`, or `li.design(config, channels, scheme=…, route=…)`."
    return f"## Schemes\n\n{text}\n\n" + table(["scheme", "what it does", "routes", "promises"], rows)


def _channels(system: System) -> str:
    rows = []
    for name, declared in system.channel_axes.items():
        axes = tuple(getattr(declared, "axes", declared))
        rows.append(
            [
                f"`{name}`",
                "(" + ", ".join(("trial", *axes)) + ")",
                getattr(declared, "unit", "") or "–",
                getattr(declared, "meaning", "") or "–",
                getattr(declared, "convention", "") or "–",
            ]
        )
    titles = ["array", "axes", "unit", "what it is", "received amplitude"]
    about = "[Your channels](../../channels.md) may take their place. " + system.places
    return f"## Channels\n\n{about.strip()}\n\n" + table(titles, rows)


def _design(system: System) -> str:
    rows = [
        [f"`{name}`", "(" + ", ".join(("trial", *item.axes)) + ")", item.units, item.long_name]
        for name, item in system.design_fields.items()
    ]
    titles = ["array", "axes", "unit", "what it is"]
    return "## Design\n\nArrays of `li.design(…).value`.\n\n" + table(titles, rows) if rows else ""


def _metrics(system: System) -> str:
    rows = [
        [f"`{name}`", item.long_name, item.units, ", ".join(item.axes) or "–"] for name, item in system.metrics.items()
    ]
    return "## Metrics\n\n" + table(["name", "what it is", "unit", "axes after trial"], rows)


def _fields(system: System) -> str:
    from pydantic_core import PydanticUndefined

    rows = []
    for name, item in system.config.model_fields.items():
        default = item.get_default(call_default_factory=True)
        shown = "–" if default is PydanticUndefined else f"`{default!r}`"
        rows.append([f"`{name}`", shown if len(shown) < 90 else "see `leoisac init`", item.description or "–"])
    return f'## Configuration\n\n`li.config("{system.name}", …)`; the unit is the end of the name.\n\n' + table(
        ["field", "default", "meaning"], rows
    )


def _figures(system: System, level: str, gallery: str, heading: bool = True) -> str:
    parts = ["## Figures and what they need" if heading else ""]
    for figure in resolve(system.figures):
        parts.append(f"{level} {figure.name}: {figure.title}")
        parts.append(f"```sh\nleoisac run {system.name}/{figure.name}\n```")
        studies = [system.study(name) for name in figure.studies]
        if studies:
            trials = ", ".join(f"`{study.name}` ({study.trials})" for study in studies)
            parts.append(f"Studies, with trials a point at `--preset paper`: {trials}.")
        else:
            parts.append("In closed form: no trials.")
        parts.append(_picture(system, figure, gallery))
    return "\n\n".join(part for part in parts if part)


def _picture(system: System, figure: Figure, gallery: str) -> str:
    base = GALLERY / system.name / figure.name
    if not base.with_suffix(".png").is_file():
        return "*No picture is kept yet.*"
    note = json.loads(base.with_suffix(".json").read_text("utf-8"))
    link = f"{gallery}/{system.name}/{figure.name}"
    numbers = "".join(f" [{text}]({link}{ending})." for text, ending in _numbers(base).items())
    lines = [f"![{figure.name}]({link}.png)", f"{_what_it_is(note)}{numbers}"]
    shown = {claim.name for claim in resolve(system.claims) if figure.shows(claim)}
    claims = [claim for claim in note.get("claims", []) if claim["claim"] in shown]
    if claims:
        keys = ("claim", "statement", "published", "ours", "verdict")
        lines.append(table(keys, [[claim[key] for key in keys] for claim in claims]))
    return "\n\n".join(lines)


def _numbers(base: Path) -> dict[str, str]:
    """What a link to each CSV beside a picture says. An older one holds means of the study alone."""
    drawn, means = base.with_suffix(".csv"), base.with_suffix(".means.csv")
    found: dict[str, str] = {}
    if drawn.is_file():
        is_of_study = drawn.read_text("utf-8").startswith("study,")
        found["Means of the headline" if is_of_study else "Numbers"] = ".csv"
    if means.is_file():
        found["Means of the headline"] = ".means.csv"
    return found


def _what_it_is(note: Mapping[str, Any]) -> str:
    """Of how many trials a picture is, from which seed and version, and by which command."""
    if not note["trials"]:
        return "*In closed form.*"
    size = "Full statistics" if note["preset"] == PAPER else "Quick"
    trials = "; ".join(f"{trials_text(count)} in `{study}`" for study, count in note["trials"].items())
    seed = f", seed {note['seed']}" if "seed" in note else ""
    command = f" `{note['command']}`." if "command" in note else ""
    return f"*{size}: trials a point {trials}{seed}, version {note['version']}.*{command}"


def trials_text(count: Sequence[int] | int) -> str:
    """``100``, or ``100 to 137`` where points have different numbers."""
    least, most = (count, count) if isinstance(count, int) else count
    return str(least) if least == most else f"{least} to {most}"


def _how_many() -> str:
    """How many pictures there are of each size."""
    notes = [json.loads(file.read_text("utf-8")) for file in sorted(GALLERY.glob("*/*.json"))]
    sizes = [note["preset"] if note["trials"] else "closed form" for note in notes]
    counts = {name: sizes.count(name) for name in (PAPER, "quick", "closed form") if name in sizes}
    words = {PAPER: "at full statistics", "quick": "quick", "closed form": "in closed form"}
    return f"Kept here: {', '.join(f'{count} {words[name]}' for name, count in counts.items())}."


def _citation(system: System) -> str:
    return f"## Citation\n\n`leoisac cite {system.name}`\n\n```text\n{system.citation}\n```"


def _links_to_pages(text: str) -> str:
    """Links of a page of the repository's root, seen from docs/generated."""
    return re.sub(r"\]\(docs/", "](../", text)


def _cell(value: Any) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _write(name: str, text: str) -> None:
    path = GENERATED / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def sources() -> Mapping[str, Path]:
    """Hand-written pages: name -> file."""
    return {path.stem: path for path in sorted(DOCS.glob("*.md"))}


if __name__ == "__main__":
    write_tables()
