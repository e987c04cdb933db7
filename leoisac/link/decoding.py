# pyright: reportUnknownMemberType=false
"""Decoding of LDPC codes by message passing, for blocks of words at once. JAX, in 32 bits.

Two rules of what a check tells its bits: normalised min-sum (the least of the others' magnitudes, times 0.75) and
sum-product (exact). Two schedules: ``layered`` (one row of the base graph after the other, each with what those before
it have said) and ``flooding`` (all at once). Words stop when all of their checks hold; from then on they are left
alone, so that a word's bits do not depend on its company. Blocks always have ``WORDS`` words.

Every column of the base graph is kept as it was turned for the row that read it last: a row then turns each of its
columns once, by the difference, and stores it as it is. Rows are grouped by their number of entries, groups are padded.

Sources: J. Chen, M. Fossorier, IEEE Trans. Commun. 50(3), 2002 (normalised min-sum); D. Hocevar, IEEE SiPS 2004
(layers); F. Kschischang et al., IEEE Trans. Inf. Theory 47(2), 2001 (sum-product).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from leoisac.foundation.environment import compiles_quickly
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.lanes import compiler_options
from leoisac.link.ldpc import CORE_ROWS, LdpcCode, base_graph, entry_shifts, sent_positions, word_llrs

Rule = Literal["min-sum", "sum-product"]
Schedule = Literal["layered", "flooding"]

WORDS = 64
"""Words side by side in a compiled program."""
NORMALISATION = 0.75
"""Factor of the min-sum rule."""
CLIP = 20.0
"""Largest magnitude of a log-likelihood ratio, of channels and messages; fillers have it."""
_SURE = 1e4
"""Magnitude of what stands in for an entry that is not there: it never is the least."""
_LEAST = 1e-6
"""Least magnitude of a message in sums of ``-ln tanh(x / 2)``."""


class Decoded(NamedTuple):
    """Outcome of a decoder.

    Attributes:
        bits: of the blocks, check bits included, shape ``(word, k)``.
        holds: whether all checks of the code hold, shape ``(word,)``.
        iterations: that a word took, shape ``(word,)``.
    """

    bits: Bool[np.ndarray, "word k"]
    holds: Bool[np.ndarray, " word"]
    iterations: Int[np.ndarray, " word"]


@in_double
def decode(
    code: LdpcCode,
    llrs: Float[np.ndarray, "word n"],
    *,
    bits_per_symbol: int = 1,
    versions: Sequence[int] = (0,),
    rule: Rule = "min-sum",
    schedule: Schedule = "layered",
    iterations: int = 20,
    early_stop: bool = True,
) -> Decoded:
    """Blocks from what was received of them.

    Args:
        code: of the words.
        llrs: ``log p(0) / p(1)`` of the bits sent, in the order of ``sent_positions``, one transmission after the
            other.
        bits_per_symbol: of the interleaver.
        versions: redundancy version of every transmission; what several of them tell of a bit adds up.
        rule, schedule: see the module.
        iterations: at most.
        early_stop: whether a word stops when its checks hold; otherwise it takes all iterations.

    Raises:
        ValueError: if a rule or a schedule has another name, or there are no iterations.
    """
    if rule not in ("min-sum", "sum-product") or schedule not in ("layered", "flooding"):
        raise ValueError(
            f'rule="{rule}", schedule="{schedule}": the rule is "min-sum" or "sum-product", the schedule "layered" or '
            '"flooding".'
        )
    if iterations < 1:
        raise ValueError(f"iterations={iterations}: a decoder needs at least one.")
    sent = np.concatenate([sent_positions(code, bits_per_symbol, version) for version in versions])
    values = word_llrs(code, sent, np.clip(np.nan_to_num(llrs), -CLIP, CLIP), CLIP)
    program = _program(code.graph, code.n_rows, code.lifting, rule, schedule, compiles_quickly())
    found = Decoded(
        np.zeros((len(values), code.k), dtype=bool),
        np.zeros(len(values), dtype=bool),
        np.zeros(len(values), dtype=np.int32),
    )
    for start in range(0, len(values), WORDS):
        words = np.arange(start, min(start + WORDS, len(values)))
        padded = np.minimum(np.arange(start, start + WORDS), len(values) - 1)
        block = values[padded].reshape(WORDS, code.n_columns, code.lifting).transpose(1, 2, 0)
        outcome = program(np.ascontiguousarray(block), np.array([iterations, early_stop], dtype=np.int32))
        bits, holds, steps = (np.asarray(part)[..., : len(words)] for part in outcome)
        found.bits[words] = bits.transpose(2, 0, 1).reshape(len(words), -1)[:, : code.k]
        found.holds[words], found.iterations[words] = holds, steps
    return found


class _Group(NamedTuple):
    """Rows of the base graph of about as many entries, in the order in which a layered schedule takes them.

    Attributes:
        columns: of the entries of every row, padded, shape ``(row, entry)``.
        turns: by which they are turned further when the row reads them.
        present: whether there is an entry.
        shifts: turns of the flooding schedule, where columns stay as they are.
    """

    columns: np.ndarray
    turns: np.ndarray
    present: np.ndarray
    shifts: np.ndarray


@functools.lru_cache(maxsize=64)
def _program(graph: int, n_rows: int, lifting: int, rule: Rule, schedule: Schedule, quickly: bool) -> Any:
    """``f(llrs (column, Z, word), (iterations, early stop)) -> (bits, holds, iterations)``, compiled.

    ``quickly``: whether that is asked for, of which ``compiler_options`` knows itself.
    """
    code = LdpcCode(1, 2, graph, lifting, n_rows)
    groups, final = _groups(code)
    check = _min_sum if rule == "min-sum" else _sum_product
    sweep = _layered if schedule == "layered" else _flooding
    start = final if schedule == "layered" else np.zeros_like(final)

    def run(llrs: Any, limits: Any) -> Any:
        channel = jnp.concatenate([llrs, jnp.full_like(llrs[:1], _SURE)])  # the last column is that of no entry
        channel = _turned(channel, jnp.asarray(start), lifting)
        messages = tuple(
            jnp.zeros((*group.columns.shape, lifting, llrs.shape[-1]), dtype=jnp.float32) for group in groups
        )

        def step(state: Any) -> Any:
            count, total, messages, decided, done, steps = state
            after, told, even = sweep(channel, total, messages, groups, lifting, check)
            bits = after[:-1] < 0.0
            # All rows held with the bits as they were, and none has changed: the bits are a code word.
            holds = even & jnp.all(bits == (total[:-1] < 0.0), axis=(0, 1)) & (count > 0)
            stays = done & (limits[1] > 0)
            decided = jnp.where(stays, decided, bits)
            return (count + 1, after, told, decided, done | holds, steps + ~stays)

        def goes_on(state: Any) -> Any:
            return (state[0] < limits[0]) & ~((limits[1] > 0) & jnp.all(state[4]))

        nothing = jnp.zeros(llrs.shape[-1], dtype=bool)
        first = (jnp.zeros((), jnp.int32), channel, messages, channel[:-1] < 0.0, nothing, nothing.astype(jnp.int32))
        _, _, _, decided, _, steps = jax.lax.while_loop(goes_on, step, first)
        decided = _turned(decided, jnp.asarray((-start[:-1]) % lifting), lifting)
        return decided, _checks_hold(decided, groups, lifting), steps

    return jax.jit(run, compiler_options=compiler_options(None))


def _groups(code: LdpcCode) -> tuple[list[_Group], np.ndarray]:
    """Groups of rows, and by how much every column (and the one of no entry) is turned after the last of them."""
    graph, shifts = base_graph(code.graph), entry_shifts(code)
    rows = [np.flatnonzero(graph.row == row) for row in range(code.n_rows)]
    sizes = [len(entries) for entries in rows]
    ordered = [range(CORE_ROWS), *_by_size(range(CORE_ROWS, code.n_rows), sizes)]
    absent = code.n_columns
    final = np.zeros(absent + 1, dtype=np.int64)
    for group in ordered:
        for row in group:
            final[graph.column[rows[row]]] = shifts[rows[row]]
    turned, groups = final.copy(), list[_Group]()
    for group in ordered:
        widest = max(sizes[row] for row in group)
        shape = (len(group), widest)
        table = _Group(np.full(shape, absent), np.zeros(shape, int), np.zeros(shape, bool), np.zeros(shape, int))
        for place, row in enumerate(group):
            entries, size = rows[row], sizes[row]
            columns = graph.column[entries]
            table.columns[place, :size], table.present[place, :size] = columns, True
            table.turns[place, :size] = (shifts[entries] - turned[columns]) % code.lifting
            table.shifts[place, :size] = shifts[entries]
            turned[columns] = shifts[entries]
        groups.append(table)
    return groups, final


def _by_size(rows: range, sizes: list[int]) -> list[list[int]]:
    """Rows beside the core in two groups, those of many entries first."""
    if not rows:
        return []
    middle = (max(sizes[row] for row in rows) + min(sizes[row] for row in rows) + 1) // 2
    many = [row for row in rows if sizes[row] > middle]
    few = [row for row in rows if sizes[row] <= middle]
    return [group for group in (many, few) if group]


def _turned(columns: Any, turns: Any, lifting: int) -> Any:
    """``columns[c, (z + turn_c) mod Z]``."""
    index = (jnp.arange(lifting)[None, :] + turns[:, None]) % lifting
    return jnp.take_along_axis(columns, index[..., None], axis=1)


def _read(total: Any, columns: Any, turns: Any, lifting: int) -> Any:
    """Turned columns of one row, ``(entry, Z, word)``."""
    index = columns[:, None] * lifting + (jnp.arange(lifting)[None, :] + turns[:, None]) % lifting
    return total.reshape(-1, total.shape[-1])[index]


def _layered(channel: Any, total: Any, messages: Any, groups: list[_Group], lifting: int, check: Any) -> Any:
    """One iteration, row after row."""

    def row(state: Any, inputs: Any) -> Any:
        total, even = state
        columns, turns, present, old = inputs
        seen = _read(total, columns, turns, lifting)
        mask = present[:, None, None]
        asks = jnp.where(mask, seen - old, _SURE)
        odd = jnp.sum(jnp.where(mask, seen < 0.0, False), axis=0, dtype=jnp.int32) & 1
        new = jnp.where(mask, check(asks), 0.0)
        total = total.at[columns].set(asks + new)
        return (total, even & ~jnp.any(odd == 1, axis=0)), new

    even, told = jnp.ones(total.shape[-1], dtype=bool), list[Any]()
    for group, old in zip(groups, messages, strict=True):
        inputs = (jnp.asarray(group.columns), jnp.asarray(group.turns), jnp.asarray(group.present), old)
        (total, even), new = jax.lax.scan(row, (total, even), inputs)
        told.append(new)
    return total, tuple(told), even


def _flooding(channel: Any, total: Any, messages: Any, groups: list[_Group], lifting: int, check: Any) -> Any:
    """One iteration, all rows with what was known before it; columns stay as they are."""

    def row(state: Any, inputs: Any) -> Any:
        after, even = state
        columns, shifts, present, old = inputs
        seen = _read(total, columns, shifts, lifting)
        mask = present[:, None, None]
        odd = jnp.sum(jnp.where(mask, seen < 0.0, False), axis=0, dtype=jnp.int32) & 1
        new = jnp.where(mask, check(jnp.where(mask, seen - old, _SURE)), 0.0)
        back = _read(new, jnp.arange(new.shape[0]), (-shifts) % lifting, lifting)
        return (after.at[columns].add(back), even & ~jnp.any(odd == 1, axis=0)), new

    after, even, told = channel, jnp.ones(total.shape[-1], dtype=bool), list[Any]()
    for group, old in zip(groups, messages, strict=True):
        inputs = (jnp.asarray(group.columns), jnp.asarray(group.shifts), jnp.asarray(group.present), old)
        (after, even), new = jax.lax.scan(row, (after, even), inputs)
        told.append(new)
    return after, tuple(told), even


def _checks_hold(bits: Any, groups: list[_Group], lifting: int) -> Any:
    """Whether all rows of words hold, ``(word,)``."""
    padded = jnp.concatenate([bits, jnp.zeros_like(bits[:1])])

    def row(even: Any, inputs: Any) -> Any:
        columns, shifts = inputs
        odd = jnp.sum(_read(padded, columns, shifts, lifting), axis=0, dtype=jnp.int32) & 1
        return even & ~jnp.any(odd == 1, axis=0), None

    even = jnp.ones(bits.shape[-1], dtype=bool)
    for group in groups:
        even, _ = jax.lax.scan(row, even, (jnp.asarray(group.columns), jnp.asarray(group.shifts)))
    return even


def _min_sum(asks: Any) -> Any:
    """``0.75 sign min`` over the other entries of a row, ``(entry, Z, word)``."""
    magnitude = jnp.abs(asks)
    least = jnp.min(magnitude, axis=0)
    is_least = magnitude == least
    next_least = jnp.min(jnp.where(is_least, _SURE, magnitude), axis=0)
    is_alone = jnp.sum(is_least, axis=0, dtype=jnp.int32) == 1  # of two that are least each hears the other
    others = jnp.where(is_least & is_alone, next_least, least)
    return _signed(asks, jnp.minimum(NORMALISATION * others, CLIP))


def _sum_product(asks: Any) -> Any:
    """``2 artanh prod tanh(x / 2)`` over the other entries of a row, by sums of ``-ln tanh(x / 2)``."""
    parts = _minus_log_tanh(jnp.clip(jnp.abs(asks), _LEAST, CLIP))
    others = jnp.maximum(jnp.sum(parts, axis=0) - parts, 0.0)
    return _signed(asks, jnp.clip(_minus_log_tanh(jnp.clip(others, 1e-9, CLIP)), 0.0, CLIP))


def _minus_log_tanh(x: Any) -> Any:
    """``-ln tanh(x / 2)``, its own inverse."""
    return jnp.log1p(2.0 / jnp.expm1(x))


def _signed(asks: Any, magnitude: Any) -> Any:
    """Magnitudes with the product of the other entries' signs."""
    negative = asks < 0.0
    odd = jnp.sum(negative, axis=0, dtype=jnp.int32) & 1
    return jnp.where((odd == 1) ^ negative, -magnitude, magnitude)
