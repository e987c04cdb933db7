"""One house style for every figure: sizes for a paper's column, colours that colour-blind readers can tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

COLUMN_WIDTH_IN = 5.4
RESOLUTION_DPI = 200

_COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#999933",
    "#882255",
    "#44AA99",
)
_MARKERS = "osD^vP*X<>"
_LINES: Sequence[str | tuple[float, Sequence[float]]] = (
    *("-", "--", "-.", ":"),
    (0, (9, 2)),
    (0, (6, 1.5, 1, 1.5, 1, 1.5)),
    (0, (2.5, 1.5)),
    (0, (9, 2, 2.5, 2)),
    (0, (1, 2.5)),
    (0, (4, 1, 4, 1, 1, 1)),
)
"""As many as colours: in grey they alone tell curves apart."""

_SETTINGS: Mapping[str, Any] = {
    # Concrete names, not "serif": generic ones are looked up when a figure is saved, after the style has gone.
    "font.family": ["STIXGeneral", "DejaVu Serif"],
    "mathtext.fontset": "stix",
    "font.size": 10.5,
    "axes.labelsize": 10.5,
    "axes.titlesize": 10,
    "legend.fontsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#d9d9d9",
    "grid.linewidth": 0.5,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "figure.dpi": 120,
}
SAVING: Mapping[str, Any] = {
    "savefig.dpi": RESOLUTION_DPI,
    "pdf.fonttype": 42,
    "pgf.rcfonts": False,
}
"""What counts while a file is written: TrueType fonts in PDF (IEEE refuses those of type 3); a PGF figure takes the
fonts of the document that it stands in."""


class SeriesStyle(NamedTuple):
    """Colour, marker and line of one scheme, the same in every figure of a system."""

    colour: str
    marker: str
    line: str | tuple[float, Sequence[float]]


def series_styles(names: Sequence[str]) -> dict[str, SeriesStyle]:
    """Styles by position in the system's list of schemes, so that a scheme looks alike wherever it appears."""
    return {
        name: SeriesStyle(_COLOURS[index % len(_COLOURS)], _MARKERS[index % len(_MARKERS)], _LINES[index % len(_LINES)])
        for index, name in enumerate(names)
    }


@contextmanager
def house_style() -> Iterator[Any]:
    """Matplotlib's ``figure`` module under the house style, drawing to files only.

    Settings are restored on exit; nothing global changes.
    """
    import matplotlib as mpl

    with mpl.rc_context(cast(Any, dict(_SETTINGS))):
        import matplotlib.figure

        yield matplotlib.figure
