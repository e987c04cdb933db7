"""Figures as files that say what they show: in their metadata always, as small print on request."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoisac.foundation.figure_notes import add_note

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save(figure: Figure, path: Path, facts: Mapping[str, str], footnote: bool = False) -> None:
    """Write a figure as PNG, PDF or SVG.

    Args:
        figure: Matplotlib's.
        path: ends in the format.
        facts: what the figure shows, name -> text: into the metadata (PNG: a text chunk each; PDF: title, subject and
            keywords; SVG: title and description).
        footnote: write them below the figure, too.
    """
    if footnote:
        add_note(figure, "; ".join(f"{name}: {text}" for name, text in facts.items()))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata=metadata(path.suffix.lower(), facts))


def metadata(suffix: str, facts: Mapping[str, str]) -> dict[str, Any]:
    """The facts in the fields that a format has."""
    title = next(iter(facts.values()), "")
    text = "\n".join(f"{name}: {value}" for name, value in facts.items())
    if suffix == ".pdf":
        return {"Title": title, "Subject": text, "Creator": "leoisac"}
    if suffix == ".svg":
        return {"Title": title, "Description": text, "Creator": "leoisac"}
    return {"Title": title, "Description": text, "Software": "leoisac"}
