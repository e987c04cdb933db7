"""Sphinx extension: formulas as MathML, which browsers draw themselves: no script, no network."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert


def visit_math(self: Any, node: Any) -> None:
    """A formula in a line of text."""
    self.body.append(convert(_one_line(node.astext())))
    raise nodes.SkipNode


def visit_displayed_math(self: Any, node: Any) -> None:
    """A formula of its own, which scrolls where it is wider than the page."""
    text = _one_line(node.astext())
    self.body.append(f'<div class="math" title="{escape(text)}">{convert(text, display="block")}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Make ``html_math_renderer = "mathml"`` known."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displayed_math, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _one_line(text: str) -> str:
    """A backslash at the end of a line is a space."""
    return text.replace("\\\n", "\\ ").replace("\n", " ")
