"""LDPC codes of 5G: base graphs, lifting, encoding and rate matching (3GPP TS 38.212, clauses 5.2.2, 5.3.2, 5.4.2).

A base graph has a circulant of size ``Z`` for each of its entries: row r of a circulant of shift ``P = V mod Z`` meets
column ``(r + P) mod Z``. The first two columns are never sent; sent are the following bits without the fillers, as many
as the channel has room for, from the beginning (redundancy version 0) or from further on (versions 1 to 3, of
retransmissions). One code block: longer ones are not segmented. NumPy; bits lie along the last axis.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool

LIFTING_SIZES = (
    (2, 4, 8, 16, 32, 64, 128, 256),
    (3, 6, 12, 24, 48, 96, 192, 384),
    (5, 10, 20, 40, 80, 160, 320),
    (7, 14, 28, 56, 112, 224),
    (9, 18, 36, 72, 144, 288),
    (11, 22, 44, 88, 176, 352),
    (13, 26, 52, 104, 208),
    (15, 30, 60, 120, 240),
)
"""Lifting sizes by set index (table 5.3.2-1)."""

PUNCTURED = 2
"""Columns that are never sent."""
CORE_ROWS = 4
"""Rows whose parity bits depend on one another; every further row has a parity column of its own."""
STARTS = {1: (0, 17, 33, 56), 2: (0, 13, 25, 43)}
"""Columns, punctured ones not counted, at which redundancy versions begin (table 5.4.2.1-2, unlimited buffer)."""
LONGEST = {1: 8448, 2: 3840}
"""Bits of a code block, checks included (clause 5.2.2)."""


class BaseGraph(NamedTuple):
    """A base graph, one element of the arrays per entry, row by row.

    Attributes:
        rows, columns, systematic: sizes; columns of information bits.
        row, column: of every entry.
        shifts: ``V`` of every entry and set of lifting sizes, shape ``(entry, 8)``.
    """

    rows: int
    columns: int
    systematic: int
    row: np.ndarray
    column: np.ndarray
    shifts: np.ndarray


@functools.cache
def base_graph(number: int) -> BaseGraph:
    """Base graph 1 or 2."""
    text = resources.files("leoisac.link").joinpath("data/base_graphs.csv").read_text(encoding="utf-8")
    table = np.loadtxt(text.splitlines(), delimiter=",", dtype=np.int64)
    table = table[table[:, 0] == number]
    rows, columns = int(table[:, 1].max()) + 1, int(table[:, 2].max()) + 1
    return BaseGraph(rows, columns, columns - rows, table[:, 1], table[:, 2], table[:, 3:])


@dataclass(frozen=True)
class LdpcCode:
    """One code block: so many bits in, so many bits sent.

    Attributes:
        k: bits of the block, check bits included.
        n: bits sent.
        graph: number of the base graph.
        lifting: ``Z``.
        n_rows: rows of the base graph that the sent bits need (at least the core); the others are cut off.
    """

    k: int
    n: int
    graph: int
    lifting: int
    n_rows: int

    @property
    def rate(self) -> float:
        """``k / n``."""
        return self.k / self.n

    @property
    def n_columns(self) -> int:
        """Columns of the base graph that are left."""
        return base_graph(self.graph).systematic + self.n_rows


def ldpc_code(k: int, n: int, n_information: int | None = None) -> LdpcCode:
    """The code of a block: base graph, lifting size, and the rows in use.

    Args:
        k: bits of the block, check bits included.
        n: bits sent.
        n_information: ``A`` and ``A / n`` choose the base graph (clause 7.2.2): graph 2 for up to 292 bits, for up to
            3824 bits at rates up to 0.67, and at rates up to 1/4. ``k`` if left out.

    Raises:
        ValueError: if the block is empty, too long for one code block, or sent in fewer bits than it has.
    """
    size = k if n_information is None else n_information
    small = size <= 292 or (size <= 3824 and size / n <= 0.67) or size / n <= 0.25
    graph = 2 if small else 1
    if not 1 <= k <= LONGEST[graph]:
        raise ValueError(
            f"k={k}: one code block of base graph {graph} has 1 to {LONGEST[graph]} bits; send more words."
        )
    if n <= k:
        raise ValueError(f"n={n}: a code of {k} bits sends more than these; lower the code rate.")
    systematic = base_graph(graph).systematic
    blocks = _information_blocks(graph, k)
    lifting = min(z for sizes in LIFTING_SIZES for z in sizes if blocks * z >= k)
    sent = _sent_bits(k, n, lifting, graph)
    parity_rows = int(sent.max()) // lifting + 1 - systematic
    return LdpcCode(k, n, graph, lifting, max(CORE_ROWS, parity_rows))


def with_versions(code: LdpcCode, versions: Sequence[int]) -> LdpcCode:
    """The same code with all rows that its redundancy versions need beside those of version 0.

    Raises:
        ValueError: if a version is not 0 to 3.
    """
    graph = base_graph(code.graph)
    last = max(int(_sent_bits(code.k, code.n, code.lifting, code.graph, version).max()) for version in (0, *versions))
    return replace(code, n_rows=max(code.n_rows, last // code.lifting + 1 - graph.systematic))


def encode(code: LdpcCode, bits: Bool[np.ndarray, "*batch k"]) -> Bool[np.ndarray, "*batch bit"]:
    """All bits of the (cut) lifted graph, punctured ones and fillers included, ``(..., n_columns Z)``."""
    graph, size = base_graph(code.graph), code.lifting
    shifts = entry_shifts(code)
    word = np.zeros((*bits.shape[:-1], code.n_columns, size), dtype=bool)
    flat = word.reshape(*bits.shape[:-1], -1)
    flat[..., : code.k] = bits

    def parity(row: int, unknown: int) -> np.ndarray:
        """Sum of a row over all but one column."""
        total = np.zeros((*bits.shape[:-1], size), dtype=bool)
        for entry in np.flatnonzero((graph.row == row) & (graph.column != unknown)):
            total ^= np.roll(word[..., graph.column[entry], :], -shifts[entry], axis=-1)
        return total

    first = graph.systematic
    # The other core columns cancel in the sum of the core rows, and so do two of the first column's three shifts.
    total = np.zeros((*bits.shape[:-1], size), dtype=bool)
    for row in range(CORE_ROWS):
        total ^= parity(row, first)
    own, counts = np.unique(shifts[(graph.column == first) & (graph.row < CORE_ROWS)], return_counts=True)
    word[..., first, :] = np.roll(total, int(own[counts % 2 == 1][0]), axis=-1)
    for row in range(CORE_ROWS - 1):
        word[..., first + row + 1, :] = parity(row, first + row + 1)
    for row in range(CORE_ROWS, code.n_rows):
        word[..., first + row, :] = parity(row, first + row)
    return flat


def entry_shifts(code: LdpcCode) -> np.ndarray:
    """Shift ``V mod Z`` of every entry of the base graph."""
    index = next(index for index, sizes in enumerate(LIFTING_SIZES) if code.lifting in sizes)
    return base_graph(code.graph).shifts[:, index] % code.lifting


def sent_positions(code: LdpcCode, bits_per_symbol: int = 1, version: int = 0) -> np.ndarray:
    """Position in the encoded word of every bit that is sent, in the order of sending, shape ``(n,)``.

    The circular buffer is read once around, or more often, from where the redundancy version begins (clause 5.4.2.1);
    then the interleaver deals the bits to the places of symbols (5.4.2.2), which puts the earliest on the best
    protected.

    Raises:
        ValueError: if ``n`` is not a multiple of ``bits_per_symbol``; if the version is not 0 to 3, or sends bits of
            rows that the code has cut off (``with_versions`` keeps them).
    """
    if code.n % bits_per_symbol:
        raise ValueError(f"n={code.n}: must be a multiple of the {bits_per_symbol} bits of a symbol.")
    sent = _sent_bits(code.k, code.n, code.lifting, code.graph, version)
    if sent.max() >= code.n_columns * code.lifting:
        raise ValueError(
            f"version={version}: sends bits beyond the {code.n_rows} rows of this code; take with_versions(code, ...)."
        )
    return sent.reshape(bits_per_symbol, -1).T.reshape(-1)


def word_llrs(code: LdpcCode, sent: np.ndarray, llrs: Any, known: float) -> np.ndarray:
    """Log-likelihood ratios of all bits of encoded words from those of the sent bits, shape ``(word, bit)``.

    Copies of a bit add up; what is not sent has 0, and fillers are known to be 0.

    Args:
        code: of the words.
        sent: ``sent_positions``.
        llrs: ``log p(0) / p(1)`` of the sent bits, shape ``(word, n)``.
        known: value for fillers.
    """
    values = np.zeros((len(llrs), code.n_columns * code.lifting), dtype=np.float32)
    order, room = np.argsort(sent, kind="stable"), values.shape[1]
    first = np.searchsorted(sent[order], np.arange(room))
    is_sent = np.bincount(sent, minlength=room) > 0
    values[:, is_sent] = np.add.reduceat(np.asarray(llrs)[:, order], first[is_sent], axis=1)
    values[:, code.k : base_graph(code.graph).systematic * code.lifting] = known
    return values


def _information_blocks(graph: int, k: int) -> int:
    """``K_b`` of clause 5.2.2: columns that the lifting size fills."""
    if graph == 1:
        return 22
    return next(blocks for least, blocks in ((640, 10), (560, 9), (192, 8), (-1, 6)) if k > least)


def _sent_bits(k: int, n: int, lifting: int, number: int, version: int = 0) -> np.ndarray:
    if version not in range(4):
        raise ValueError(f"version={version}: redundancy versions are 0 to 3.")
    graph = base_graph(number)
    buffer = np.arange(PUNCTURED * lifting, graph.columns * lifting)
    is_sent = (buffer < k) | (buffer >= graph.systematic * lifting)
    start = int(np.sum(is_sent[: STARTS[number][version] * lifting]))
    return np.resize(np.roll(buffer[is_sent], -start), n)
