"""Three pages of the documentation as notebooks, run from top to bottom: docs/notebooks/*.ipynb.

A page's text becomes Markdown cells, its Python blocks code cells, its commands cells of the shell. What a page has
hidden for ``docs-test`` stands in a cell of its own. ``--write-only`` leaves out the running.
"""

from __future__ import annotations

import re
import sys
import tempfile
from typing import Any

from blocks import ROOT, blocks_of

PAGES = ("start", "problems", "coming-from-matlab")
TARGET = ROOT / "docs" / "notebooks"
_PIECE = re.compile(r"(?:<!-- docs-test:(?:(?!-->).)*-->\s*)*^```[^\n`]*\n.*?^```$", re.MULTILINE | re.DOTALL)


def notebook(name: str) -> Any:
    """The notebook of a page, not run."""
    import nbformat.v4 as v4

    page = ROOT / "docs" / f"{name}.md"
    text = page.read_text("utf-8")
    cells: list[Any] = []
    at = 0
    for piece, block in zip(_PIECE.finditer(text), blocks_of(page), strict=True):
        _add_text(cells, text[at : piece.start()])
        at = piece.end()
        if block.is_read_only or block.language not in ("python", "sh"):
            cells.append(v4.new_markdown_cell(f"```{block.language}\n{block.text}```"))
            continue
        if block.given:
            cells.append(v4.new_code_cell(block.given.strip()))
        if block.language == "python":
            cells.append(v4.new_code_cell(block.text.strip()))
        else:
            calls = [" ".join(words) for words in block.commands() if words[0] == "leoisac"]
            others = [" ".join(words) for words in block.commands() if words[0] != "leoisac"]
            if others:
                cells.append(v4.new_markdown_cell("```sh\n" + "\n".join(others) + "\n```"))
            if calls:
                cells.append(v4.new_code_cell("\n".join(f"!{call}" for call in calls)))
    _add_text(cells, text[at:])
    for number, cell in enumerate(cells):
        cell["id"] = f"{name}-{number}"  # the same in every build
    return v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def _add_text(cells: list[Any], text: str) -> None:
    import nbformat.v4 as v4

    if text.strip():
        cells.append(v4.new_markdown_cell(text.strip()))


def main() -> int:
    """Write, and run, all of them."""
    import nbformat

    TARGET.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        made = notebook(name)
        nbformat.validate(made)
        if "--write-only" not in sys.argv:
            from nbclient import NotebookClient

            with tempfile.TemporaryDirectory() as folder:
                NotebookClient(made, timeout=600, resources={"metadata": {"path": folder}}).execute()
        nbformat.write(made, TARGET / f"{name}.ipynb")
        print(f"docs/notebooks/{name}.ipynb: {len(made.cells)} cells", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
