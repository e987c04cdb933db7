"""HTML from plain values: whatever is not markup already is escaped, so that no text of a user becomes markup."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

_VOID = ("img", "br")


class Markup(str):
    """Text that is markup; made by ``tag`` and ``join`` only."""

    __slots__ = ()


def escaped(value: object) -> Markup:
    """Markup of a text or number."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value), quote=True))


def tag(name: str, *content: object, **attributes: str) -> Markup:
    """``<name attribute="…">content</name>``; a trailing ``_`` of an attribute's name is dropped (``class_``)."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value, quote=True)}"' for key, value in attributes.items()
    )
    inside = "".join(escaped(item) for item in content)
    return Markup(f"<{name}{written}>" if name in _VOID else f"<{name}{written}>{inside}</{name}>")


def join(parts: Iterable[object], between: str = "") -> Markup:
    """Parts one after the other."""
    return Markup(html.escape(between).join(escaped(part) for part in parts))


def table(
    caption: object, header: Sequence[object], rows: Iterable[Sequence[object]], numbers: Iterable[int] = ()
) -> Markup:
    """A table that scrolls sideways where the page is narrower; the first cell of a row names it.

    Args:
        caption: above the table; none if empty.
        header: of the columns.
        rows: cells.
        numbers: columns set flush right.
    """
    right = set(numbers)

    def kind(column: int) -> dict[str, str]:
        return {"class_": "number"} if column in right else {}

    head = tag("tr", *(tag("th", cell, scope="col", **kind(column)) for column, cell in enumerate(header)))
    body = [
        tag(
            "tr",
            tag("th", row[0], scope="row", **kind(0)),
            *(tag("td", cell, **kind(column)) for column, cell in enumerate(row[1:], start=1)),
        )
        for row in rows
    ]
    title = tag("caption", caption) if caption else ""
    inner = tag("table", title, tag("thead", head), tag("tbody", *body))
    label = {"aria_label": str(caption)} if caption and not isinstance(caption, Markup) else {"aria_label": "Table"}
    return tag("div", inner, class_="scroll", role="region", tabindex="0", **label)


def details(summary: object, *content: object, open_: bool = False) -> Markup:
    """Content behind a line that opens it."""
    attributes = {"open": "open"} if open_ else {}
    return tag("details", tag("summary", summary), *content, **attributes)
