"""The coded link of streams with a symbol in every cell of a frame: code words through equalisers, stream after stream.

A word fills whole frames, one after the other, over one channel. Every step of decoding takes a stream's words out of
what a user receives: an equaliser over the frame against all streams that are there and what cancellation has left of
those before, log-likelihood ratios cell by cell, the decoder. Words whose check holds are encoded anew and cancelled,
up to the share ``Theta`` of their power, before the user's next steps; of words whose check fails nothing is cancelled,
and the equaliser reckons with them in full.

Modes come from the SINRs behind LMMSE equalisers over known channels: a word may have a mode whose rate the mean
information over its cells exceeds by the margin. Everybody who decodes a stream must be able to. Filters reckon with
``N_0``; symbols go through the true channel, and ratios of the LMMSE equaliser have the true power of all that is not
the wanted symbol. Message passing reckons with ``N_0`` throughout. A trial's numbers hang on its seed alone. NumPy.
"""

from __future__ import annotations

import functools
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Complex, Float, Int, Num

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.keys import complex_normal, entity_keys, purpose_keys, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.link.adaptation import MODES, SILENT, excess_over_cells, modes_over_cells
from leoisac.link.equalisation import linear_filters, message_passing
from leoisac.link.outcome import LinkOutcome
from leoisac.link.settings import LinkSettings
from leoisac.link.words import receive_words, word_format, word_symbols, word_symbols_of
from leoisac.waveforms.qam import BITS_PER_SYMBOL, qam_symbols

Equaliser = Literal["lmmse", "mp"]

ABSENT, THERE, CANCELLED = 0, 1, 2
"""What a stream is to a step."""
_BITS = 32
"""Bits made of one uniform number."""
_LANES = 8


class GridStreams(NamedTuple):
    """Streams at the users, trials first.

    Attributes:
        known: from symbols to received cells as receivers and designs know them, sqrt(W).
        true: as they are.
        noise: power of the receiver noise per cell, W.
        assumed_noise: ``N_0``.
        sic_residual: ``Theta``.
    """

    known: Complex[np.ndarray, "trial user stream cell symbol"]
    true: Complex[np.ndarray, "trial user stream cell symbol"]
    noise: float
    assumed_noise: float
    sic_residual: float


class Steps(NamedTuple):
    """Who decodes what, trials first. A stream's steps stand before those that cancel it.

    Attributes:
        users, streams: of every step; a step of stream -1 is none.
        states: ``ABSENT``, ``THERE`` or ``CANCELLED`` for every stream of a step.
        parts: part of a stream's bits that is a user's.
        frame_share: part of the frames in which a user is served.
    """

    users: Int[np.ndarray, "trial step"]
    streams: Int[np.ndarray, "trial step"]
    states: Int[np.ndarray, "trial step stream"]
    parts: Float[np.ndarray, "trial user stream"]
    frame_share: Float[np.ndarray, " trial"]


class _Plan(NamedTuple):
    """Modes of the streams; of the steps, whether they are one, and by how much SINRs exceed what modes need."""

    modes: Int[np.ndarray, "trial stream"]
    is_step: Bool[np.ndarray, "trial step"]
    excess_db: Float[np.ndarray, "trial step"]


class _Sent(NamedTuple):
    """Information bits (the first of many), symbols of every stream, and noise of every user."""

    bits: Bool[np.ndarray, "trial word stream bit"]
    symbols: Complex[np.ndarray, "trial word stream frame cell"]
    noise: Complex[np.ndarray, "trial word user frame cell"]


class _Step(NamedTuple):
    """One step for some (trial, pattern of what was cancelled) pairs: matrices, pairs first."""

    known: Complex[np.ndarray, "pair stream cell symbol"]
    true: Complex[np.ndarray, "pair stream cell symbol"]
    wanted: Int[np.ndarray, " pair"]
    weights: Float[np.ndarray, "pair stream"]
    is_cancelled: Bool[np.ndarray, "pair stream"]


@in_double
def transmit_on_grid(
    streams: GridStreams,
    steps: Steps,
    seeds: Num[np.ndarray, " trial"],
    settings: LinkSettings,
    equaliser: Equaliser = "lmmse",
) -> LinkOutcome:
    """Send words through every trial's streams and count what arrives.

    The layer ``common`` holds words that several users decode, ``private`` all others; where a user has several streams
    in a layer, blocks, errors and efficiencies are their sums, the excess that of the worst.

    Args:
        streams, steps: of the trials.
        seeds: of bits and noise, whole numbers below 2^52.
        settings: sizes, margin, decoder; words have ``word_symbols_of`` symbols.
        equaliser: ``lmmse``, or ``mp`` for message passing.
    """
    cells = streams.known.shape[-1]
    settings = settings._replace(symbols=word_symbols_of(settings.symbols, cells))
    plan = _planned(streams, steps, settings.margin_db)
    sent = _drawn(np.asarray(seeds), plan.modes, settings, streams.known.shape[1], cells)
    shape = (*plan.is_step.shape, settings.words)
    right, accepted = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    # What every user has decided, and whether it took it for right: what it may cancel.
    decided = np.zeros((*sent.symbols.shape[:2], streams.known.shape[1], *sent.symbols.shape[2:]), dtype=complex)
    taken = np.zeros(decided.shape[:4], dtype=bool)
    for step in range(plan.is_step.shape[1]):
        trials = np.flatnonzero(plan.is_step[:, step])
        modes = plan.modes[trials, steps.streams[trials, step]]
        for mode in np.unique(modes[modes != SILENT]):
            some = trials[modes == mode]
            user, stream = steps.users[some, step], steps.streams[some, step]
            form = word_format(int(mode), settings.symbols)
            heard = _heard(streams, steps, step, some, sent, (decided, taken), form.bits_per_symbol, equaliser)
            flat = [part.reshape(-1, settings.symbols) for part in heard]
            received = receive_words(form, flat[0], flat[1], settings)
            count = (len(some), settings.words)
            accepted[some, step] = received.accepted.reshape(count)
            wrong = received.information.reshape(*count, -1) ^ sent.bits[some, :, stream, : form.n_information]
            right[some, step] = ~np.any(wrong, axis=-1)
            decided[some, :, user, stream] = received.symbols.reshape(*count, -1, cells)
            taken[some, :, user, stream] = accepted[some, step]
    return _counted(plan, steps, right, accepted, settings)


def _heard(
    streams: GridStreams,
    steps: Steps,
    step: int,
    trials: np.ndarray,
    sent: _Sent,
    cancelling: tuple[np.ndarray, np.ndarray],
    bits_per_symbol: int,
    equaliser: Equaliser,
) -> tuple[np.ndarray, np.ndarray]:
    """Points of unit gain and the power of what is not the symbol, both ``(trial, word, frame, cell)``."""
    decided, taken = cancelling
    users, states = steps.users[trials, step], steps.states[trials, step]
    known, true = streams.known[trials, users], streams.true[trials, users]
    off = (states == CANCELLED)[:, None] & taken[trials, :, users]  # (trial, word, stream)
    kept = 1.0 - np.sqrt(streams.sic_residual)
    present = np.where((states != ABSENT)[:, None, :, None, None], sent.symbols[trials], 0.0)
    left = np.where(off[..., None, None], kept * decided[trials, :, users], 0.0)
    received = np.einsum("tscx,twsfx->twfc", true, present) - np.einsum("tscx,twsfx->twfc", known, left)
    received = received + np.sqrt(streams.noise) * sent.noise[trials, :, users]
    # One equaliser for all words of a trial that have cancelled alike.
    keys = np.concatenate([np.broadcast_to(np.arange(len(trials))[:, None, None], (*off.shape[:2], 1)), off], axis=-1)
    pairs, which = np.unique(keys.reshape(-1, keys.shape[-1]), axis=0, return_inverse=True)
    which = which.reshape(off.shape[:2])
    points, power = np.zeros_like(received), np.zeros(received.shape)
    for index, pair in enumerate(pairs):
        row, cancelled = int(pair[0]), pair[1:].astype(bool)[None]
        one = _Step(
            known[row][None],
            true[row][None],
            steps.streams[trials[row], step][None],
            _weights(states[row][None], cancelled, streams.sic_residual),
            cancelled,
        )
        words = which[row] == index
        function = _linear if equaliser == "lmmse" else _passed
        points[row, words], power[row, words] = function(streams, one, received[row, words], bits_per_symbol)
    return points, power


def _linear(streams: GridStreams, step: _Step, received: np.ndarray, _bits: int) -> tuple[np.ndarray, np.ndarray]:
    (filters,), (gains,) = _filters(streams, step)
    is_off, own = step.is_cancelled[0, :, None, None], int(step.wanted[0])
    arriving = np.where(step.weights[0, :, None, None] > 0.0, step.true[0], 0.0)
    arriving = np.where(is_off, step.true[0] - (1.0 - np.sqrt(streams.sic_residual)) * step.known[0], arriving)
    rest = filters @ arriving
    rest[own] -= np.diag(gains)
    power = np.sum(np.abs(rest) ** 2, axis=(0, 2)) + streams.noise * np.sum(np.abs(filters) ** 2, axis=-1)
    return received @ filters.T / gains, np.broadcast_to(power / gains**2, received.shape)


def _passed(streams: GridStreams, step: _Step, received: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    own = step.known[0, int(step.wanted[0])]
    told = message_passing(received, own, _covariance(streams, step)[0] - own @ own.conj().T, bits)
    return told.symbols, told.noise


def _weights(states: np.ndarray, is_cancelled: np.ndarray, residual: float) -> np.ndarray:
    """Power that is left of every stream."""
    return np.where(states == ABSENT, 0.0, np.where(is_cancelled, residual, 1.0))


def _covariance(streams: GridStreams, step: _Step) -> np.ndarray:
    """Of all that arrives, ``(pair, cell, cell)``."""
    cells = step.known.shape[-2]
    weighed = step.known * step.weights[..., None, None]
    total = np.sum(weighed @ np.conj(np.swapaxes(step.known, -1, -2)), axis=1)
    return total + streams.assumed_noise * np.eye(cells)


def _filters(streams: GridStreams, step: _Step) -> tuple[np.ndarray, np.ndarray]:
    own = step.known[np.arange(len(step.wanted)), step.wanted]
    return linear_filters(own, _covariance(streams, step))


def _planned(streams: GridStreams, steps: Steps, margin_db: float) -> _Plan:
    count, n_streams = steps.states.shape[0], steps.states.shape[2]
    is_step = steps.streams >= 0
    allowed = np.ones((count, n_streams, len(MODES)), dtype=bool)
    sinr = np.ones((*is_step.shape, streams.known.shape[-1]))
    for step in range(is_step.shape[1]):
        trials = np.flatnonzero(is_step[:, step])
        users, wanted, states = (part[trials, step] for part in (steps.users, steps.streams, steps.states))
        # What can carry nothing is never cancelled, and disturbs in full.
        off = (states == CANCELLED) & np.any(allowed[trials], axis=-1)
        known = streams.known[trials, users]
        one = _Step(known, known, wanted, _weights(states, off, streams.sic_residual), off)
        _, gains = _filters(streams, one)
        sinr[trials, step] = gains / (1.0 - gains)
        allowed[trials, wanted] &= modes_over_cells(sinr[trials, step], margin_db)
    best = len(MODES) - 1 - np.argmax(allowed[..., ::-1], axis=-1)
    is_sent = np.any(steps.streams[..., None] == np.arange(n_streams), axis=1)
    modes = np.where(np.any(allowed, axis=-1) & is_sent, best, SILENT)
    of_step = np.where(is_step, np.take_along_axis(modes, np.maximum(steps.streams, 0), axis=1), SILENT)
    return _Plan(modes, is_step, excess_over_cells(sinr, of_step))


def _drawn(seeds: np.ndarray, modes: np.ndarray, settings: LinkSettings, n_users: int, n_cells: int) -> _Sent:
    n_frames, n_streams = settings.symbols // n_cells, modes.shape[1]
    draw = by_lanes(_numbers(settings.symbols, settings.words, n_streams, n_users), lanes=_LANES, native=False)
    numbers = draw((), seeds.astype(float))
    bits = numbers["bits"]
    # What sends no words sends symbols, as it has its power.
    pairs = bits[..., : 2 * settings.symbols].reshape(*bits.shape[:3], settings.symbols, 2)
    symbols = qam_symbols(pairs)
    for mode in np.unique(modes[modes != SILENT]):
        form = word_format(int(mode), settings.symbols)
        trial, stream = np.nonzero(modes == mode)
        chosen = bits[trial, :, stream, : form.n_information]
        made = word_symbols(form, chosen.reshape(-1, form.n_information))
        symbols[trial, :, stream] = made.reshape(len(trial), settings.words, -1)
    shape = (n_frames, n_cells)
    return _Sent(
        bits,
        symbols.reshape(*symbols.shape[:3], *shape),
        numbers["noise"].reshape(*numbers["noise"].shape[:3], *shape),
    )


@functools.cache
def _numbers(n_symbols: int, n_words: int, n_streams: int, n_users: int) -> Any:
    """``f((), seed) -> numbers`` of a trial; words, streams and users are entities: more contain fewer."""
    n_bits = n_symbols * max(BITS_PER_SYMBOL)

    def draw(_: Any, seed: Any) -> dict[str, Any]:
        key = jax.random.key(jnp.mod(seed, 2.0**32).astype(jnp.uint32))
        of_bits, of_noise = purpose_keys(key, ("grid link bits", "grid link noise"))

        def entities(purpose: Any, count: int) -> Any:
            return jax.vmap(lambda word: entity_keys(word, count))(entity_keys(purpose, n_words))

        def numbers(keys: Any, shape: tuple[int, ...]) -> Any:
            return jax.vmap(jax.vmap(lambda one: uniforms(one, {"numbers": shape})))(keys)["numbers"]

        whole = jnp.floor(numbers(entities(of_bits, n_streams), (-(-n_bits // _BITS),)) * 2.0**_BITS)
        bits = (whole.astype(jnp.uint32)[..., None] >> jnp.arange(_BITS, dtype=jnp.uint32)) & 1
        return {
            "bits": bits.reshape(n_words, n_streams, -1)[..., :n_bits] == 1,
            "noise": complex_normal(numbers(entities(of_noise, n_users), (n_symbols, 2))),
        }

    return draw


def _counted(plan: _Plan, steps: Steps, right: np.ndarray, accepted: np.ndarray, settings: LinkSettings) -> LinkOutcome:
    (count, n_users, _), n_steps = steps.parts.shape, plan.is_step.shape[1]
    of_step = np.where(plan.is_step, np.take_along_axis(plan.modes, np.maximum(steps.streams, 0), axis=1), SILENT)
    sends = of_step != SILENT
    bits = {mode: word_format(int(mode), settings.symbols).n_information for mode in np.unique(of_step[sends])}
    efficiency = np.array([bits.get(mode, 0) for mode in of_step.ravel()]).reshape(of_step.shape) / settings.symbols
    efficiency = efficiency * steps.frame_share[:, None]
    several = np.sum(steps.streams[:, :, None] == steps.streams[:, None, :], axis=-1) > 1
    shape = (count, n_users, 2)
    blocks, errors, undetected = (np.zeros(shape, dtype=int) for _ in range(3))
    total, goodput = np.zeros(shape), np.zeros((count, n_users))
    excess = np.full(shape, np.inf)
    rows = np.arange(count)
    for step in range(n_steps):
        place = (rows, steps.users[:, step], np.where(several[:, step], 0, 1))
        sent, good = sends[:, step], right[:, step] & accepted[:, step]
        blocks[place] += np.where(sent, settings.words, 0)
        errors[place] += np.where(sent, np.sum(~good, axis=-1), 0)
        undetected[place] += np.where(sent, np.sum(accepted[:, step] & ~right[:, step], axis=-1), 0)
        total[place] += np.where(sent, efficiency[:, step], 0.0)
        excess[place] = np.minimum(excess[place], np.where(sent, plan.excess_db[:, step], np.inf))
        part = steps.parts[rows, steps.users[:, step], np.maximum(steps.streams[:, step], 0)]
        goodput[rows, steps.users[:, step]] += np.where(sent, part * efficiency[:, step] * np.mean(good, axis=-1), 0.0)
    return LinkOutcome(blocks, errors, undetected, total, np.where(np.isfinite(excess), excess, 0.0), goodput)
