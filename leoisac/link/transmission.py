"""The coded link of a downlink with rate splitting: code words through the streams of a design, to every user.

Streams are the common one, then the users' private ones; user k sees stream s as ``a_s`` (one sample per cell, or one
in all), the same during a code word: ``y = sum_s a_s x_s[t] + noise``. A user filters (LMMSE, as
``metrics.rsma_lmmse``), decodes the common word, encodes it anew and cancels it, up to the share ``Theta`` of its power
that cancellation leaves; then it filters and decodes its own word. Where the check of the common word fails, it cancels
nothing, and filters as for so much interference. Log-likelihood ratios are those of the nearest symbols, with the true
power of all that is not the wanted symbol: interference, errors of the channel estimate, what cancellation leaves,
noise.

Filters and modes come from what is known of the channel, symbols go through the true one. A trial's numbers hang on its
seed alone, neither on other trials nor on what is predicted.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Complex, Float, Int, Num

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.keys import complex_normal, entity_keys, purpose_keys, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.units import to_db
from leoisac.link.adaptation import MODES, SILENT, choose_mode, least_sinr_db
from leoisac.link.outcome import LAYERS, LinkOutcome
from leoisac.link.settings import LinkSettings
from leoisac.link.words import Received, receive_words, word_format, word_symbols
from leoisac.metrics.rsma_lmmse import lmmse_filters, lmmse_sinr
from leoisac.waveforms.qam import BITS_PER_SYMBOL, qam_symbols

_COMMON, _PRIVATE, _UNCANCELLED = range(3)
"""Filters: of the common word, of the own word after cancellation, of the own word without it."""
_BLOCK = 64
"""Trials that are in memory at once."""
_DRAWN = 8
"""Trials side by side in the program that draws."""
_BITS = 32
"""Bits made of one uniform number."""


class Arriving(NamedTuple):
    """What arrives at the users, trials first.

    Attributes:
        known: streams as receivers and designs know them, sqrt(W), common one first.
        true: streams as they are.
        noise: power of the receiver noise per sample, W.
        assumed_noise: ``N_0``: with what designs add for errors of the channel estimate, and for ``others``, W.
        sic_residual: ``Theta``.
        others: further signals that are neither decoded nor cancelled (a radar sequence), sqrt(W); without a sample of
            its last axis but one where there are none.
    """

    known: Complex[np.ndarray, "trial user stream cell"]
    true: Complex[np.ndarray, "trial user stream cell"]
    noise: Float[np.ndarray, "trial user"]
    assumed_noise: Float[np.ndarray, "trial user"]
    sic_residual: float
    others: Complex[np.ndarray, "trial user other cell"]


@in_double
def transmit(
    arriving: Arriving,
    common_shares: Float[np.ndarray, "trial user"],
    seeds: Num[np.ndarray, " trial"],
    settings: LinkSettings,
    *,
    plan: Arriving | None = None,
) -> LinkOutcome:
    """Send code words through every trial's streams and count what arrives.

    Args:
        arriving: streams at the users.
        common_shares: share of each user in the common words, in any unit; without any, all have the same.
        seeds: of bits and noise, whole numbers below 2^52.
        settings: sizes, margin and decoder.
        plan: what modulations and code rates are chosen for, where that is not what receivers know.
    """
    parts = list[LinkOutcome]()
    for start in range(0, len(seeds), _BLOCK):
        rows = slice(start, start + _BLOCK)
        sinr, modes = _planned(_rows(plan or arriving, rows), settings.margin_db)
        words = _Words.drawn(seeds[rows], modes, settings, arriving.others.shape[2])
        right, accepted = _received(_rows(arriving, rows), words, modes, settings)
        parts.append(_counted(right, accepted, modes, sinr, common_shares[rows], settings))
    return LinkOutcome(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _rows(arriving: Arriving, rows: slice) -> Arriving:
    """Some of the trials."""
    arrays = {name: value[rows] for name, value in arriving._asdict().items() if name != "sic_residual"}
    return arriving._replace(**arrays)


class _Filtered(NamedTuple):
    """Behind the three filters of every user: gains of streams and others, and how noise is mixed."""

    known: Complex[np.ndarray, "trial user filter stream"]
    true: Complex[np.ndarray, "trial user filter stream"]
    others: Complex[np.ndarray, "trial user filter other"]
    noise: Complex[np.ndarray, "trial user filter filter"]


def _received(
    arriving: Arriving, words: _Words, modes: np.ndarray, settings: LinkSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Which words are right and which are taken for right, ``(trial, word, user, layer)``."""
    n_users = arriving.known.shape[1]
    own = np.arange(1, n_users + 1)
    has_common = modes[:, 0] != SILENT
    filtered = _filtered(arriving)
    outputs = np.einsum("tkfs,twsn->twkfn", filtered.true, words.symbols)
    outputs += np.einsum("tkfo,twon->twkfn", filtered.others, words.others)
    outputs += np.einsum("tkfg,twkgn->twkfn", filtered.noise, words.noise)

    leaves = np.sqrt(arriving.sic_residual)
    known, true = filtered.known, filtered.true
    spread = np.sum(np.abs(filtered.noise) ** 2, axis=-1) + np.sum(np.abs(filtered.others) ** 2, axis=-1)
    private = np.sum(np.abs(true[..., 1:]) ** 2, axis=-1)  # (trial, user, filter)

    def wanted(row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Known and true gain of the own private stream behind a filter, and the power of all else but the common."""
        index = own - 1
        gain, arrives = known[:, index, row, own], true[:, index, row, own]
        return gain, arrives, private[..., row] - np.abs(arrives) ** 2 + np.abs(arrives - gain) ** 2 + spread[..., row]

    gain = known[:, :, _COMMON, 0]
    power = private[..., _COMMON] + np.abs(true[:, :, _COMMON, 0] - gain) ** 2 + spread[..., _COMMON]
    heard = _divided(outputs[..., _COMMON, :], gain, power)
    common = _decided(*heard, np.repeat(modes[:, :1], n_users, axis=1), settings)

    remade = (1.0 - leaves) * known[:, :, _PRIVATE, 0]
    after = outputs[..., _PRIVATE, :] - remade[:, None, :, None] * common.symbols
    gain_after, _, power_after = wanted(_PRIVATE)
    power_after = power_after + np.abs(true[:, :, _PRIVATE, 0] - remade) ** 2
    gain_before, _, power_before = wanted(_UNCANCELLED)
    power_before = power_before + np.abs(true[:, :, _UNCANCELLED, 0]) ** 2
    cancelled = common.accepted & has_common[:, None, None]
    chosen = [
        np.where(cancelled[..., None], one, other)
        for one, other in zip(
            _divided(after, gain_after, power_after),
            _divided(outputs[..., _UNCANCELLED, :], gain_before, power_before),
            strict=True,
        )
    ]
    alone = _decided(chosen[0], chosen[1], modes[:, 1:], settings)

    right = np.stack([_same(common, words, own * 0), _same(alone, words, own)], axis=-1)
    return right, np.stack([common.accepted, alone.accepted], axis=-1)


def _planned(arriving: Arriving, margin_db: float) -> tuple[np.ndarray, np.ndarray]:
    """SINRs of both layers as designs know them, ``(trial, user, layer)``, and modes, ``(trial, stream)``.

    The user who hears it worst decides on the common stream; where that can carry nothing, it disturbs in full.
    """
    known = _whitened(arriving.known, arriving.assumed_noise)
    cancelled, disturbed = (lmmse_sinr(known, 1.0, residual) for residual in (arriving.sic_residual, 1.0))
    common = choose_mode(np.min(cancelled.common, axis=-1, keepdims=True), margin_db)
    private = np.where(common == SILENT, disturbed.private, cancelled.private)
    modes = np.concatenate([common, choose_mode(private, margin_db)], axis=-1)
    return np.stack([cancelled.common, private], axis=-1), modes


def _whitened(values: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return values / np.sqrt(noise)[..., None, None]


def _filtered(arriving: Arriving) -> _Filtered:
    known = _whitened(arriving.known, arriving.assumed_noise)
    after = lmmse_filters(known, 1.0, arriving.sic_residual)
    before = lmmse_filters(known, 1.0, 1.0)
    filters = np.concatenate([after, before[..., 1:, :]], axis=-2)

    def through(values: np.ndarray) -> np.ndarray:
        return np.einsum("tkfc,tksc->tkfs", filters, _whitened(values, arriving.assumed_noise))

    covariance = np.einsum("tkfc,tkgc->tkfg", filters, filters.conj())
    powers, axes = np.linalg.eigh(covariance * (arriving.noise / arriving.assumed_noise)[..., None, None])
    root = axes * np.sqrt(np.maximum(powers, 0.0))[..., None, :]
    return _Filtered(through(arriving.known), through(arriving.true), through(arriving.others), root)


def _divided(outputs: np.ndarray, gain: np.ndarray, power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outputs ``(trial, word, user, symbol)`` of unit gain, and the power of the rest ``(trial, word, user, 1)``."""
    heard = np.abs(gain) > 0.0
    divisor = np.where(heard, gain, 1.0)
    scaled = power / np.abs(divisor) ** 2
    shape = (*outputs.shape[:-1], 1)
    return outputs / divisor[:, None, :, None], np.broadcast_to(scaled[:, None, :, None], shape)


class _Words(NamedTuple):
    """Sent words: information bits of every stream (the first of many), symbols, and what disturbs them."""

    bits: Bool[np.ndarray, "trial word stream bit"]
    symbols: Complex[np.ndarray, "trial word stream symbol"]
    others: Complex[np.ndarray, "trial word other symbol"]
    noise: Complex[np.ndarray, "trial word user filter symbol"]

    @staticmethod
    def drawn(seeds: np.ndarray, modes: np.ndarray, settings: LinkSettings, n_others: int) -> _Words:
        _trials, n_streams = modes.shape
        draw = _numbers(settings.symbols, settings.words, n_streams, n_others)
        program = by_lanes(draw, lanes=_DRAWN, native=False)
        numbers = program((), np.asarray(seeds, dtype=float))
        bits = numbers["bits"]
        # What sends no words sends symbols, as it has its power.
        symbols = qam_symbols(bits[..., : 2 * settings.symbols].reshape(*bits.shape[:3], settings.symbols, 2))
        for mode in _present(modes):
            form = word_format(mode, settings.symbols)
            trial, stream = np.nonzero(modes == mode)
            chosen = bits[trial, :, stream, : form.n_information]
            made = word_symbols(form, chosen.reshape(-1, form.n_information))
            symbols[trial, :, stream] = made.reshape(len(trial), settings.words, -1)
        return _Words(bits, symbols, numbers["others"], numbers["noise"])


@functools.cache
def _numbers(n_symbols: int, n_words: int, n_streams: int, n_others: int) -> Any:
    """``f((), seed) -> numbers`` of a trial; words and streams are entities, so that more contain fewer.

    A user's noise is with its stream.
    """
    n_noise, n_bits = 6 * n_symbols, n_symbols * max(BITS_PER_SYMBOL)
    sizes = {"numbers": (n_noise + -(-n_bits // _BITS),)}

    def draw(_: Any, seed: Any) -> dict[str, Any]:
        key = purpose_keys(jax.random.key(jnp.mod(seed, 2.0**32).astype(jnp.uint32)), ("link",))[0]
        words = entity_keys(key, n_words)
        streams = jax.vmap(lambda word: entity_keys(word, n_streams + n_others))(words)
        numbers = jax.vmap(jax.vmap(lambda stream: uniforms(stream, sizes)))(streams)["numbers"]
        noise = complex_normal(numbers[..., :n_noise].reshape(n_words, -1, n_symbols, 3, 2))
        whole = jnp.floor(numbers[:, :n_streams, n_noise:] * 2.0**_BITS).astype(jnp.uint32)
        bits = (whole[..., None] >> jnp.arange(_BITS, dtype=jnp.uint32)) & 1
        return {
            "bits": bits.reshape(n_words, n_streams, -1)[..., :n_bits] == 1,
            "others": noise[:, n_streams:, :, 0],
            "noise": noise[:, 1:n_streams].swapaxes(-1, -2),
        }

    return draw


def _present(modes: np.ndarray) -> list[int]:
    return [int(mode) for mode in np.unique(modes) if mode != SILENT]


class _Decided(NamedTuple):
    """Decisions about one word per user: of a layer that sends none, nothing."""

    information: Bool[np.ndarray, "trial word user bit"]
    lengths: Int[np.ndarray, "trial user"]
    accepted: Bool[np.ndarray, "trial word user"]
    symbols: Complex[np.ndarray, "trial word user symbol"]


def _decided(symbols: np.ndarray, noise: np.ndarray, modes: np.ndarray, settings: LinkSettings) -> _Decided:
    """Words of all trials and users, those of a mode together."""
    shape = symbols.shape
    found = _Decided(
        np.zeros((*shape[:-1], max(BITS_PER_SYMBOL) * shape[-1]), dtype=bool),
        np.zeros(modes.shape, dtype=np.int64),
        np.zeros(shape[:-1], dtype=bool),
        np.zeros(shape, dtype=complex),
    )
    for mode in _present(modes):
        form = word_format(mode, settings.symbols)
        trial, user = np.nonzero(modes == mode)
        received: Received = receive_words(
            form,
            symbols[trial, :, user].reshape(-1, shape[-1]),
            noise[trial, :, user].reshape(-1),
            settings,
        )
        count = (len(trial), shape[1])
        found.information[trial, :, user, : form.n_information] = received.information.reshape(*count, -1)
        found.lengths[trial, user] = form.n_information
        found.accepted[trial, :, user] = received.accepted.reshape(count)
        found.symbols[trial, :, user] = received.symbols.reshape(*count, -1)
    return found


def _same(decided: _Decided, words: _Words, streams: np.ndarray) -> Bool[np.ndarray, "trial word user"]:
    """Whether decided bits are those of the streams that the users want."""
    within = np.arange(words.bits.shape[-1]) < decided.lengths[:, None, :, None]
    return ~np.any((decided.information ^ words.bits[:, :, streams]) & within, axis=-1)


def _counted(
    right: np.ndarray,
    accepted: np.ndarray,
    modes: np.ndarray,
    sinr: np.ndarray,
    shares: np.ndarray,
    settings: LinkSettings,
) -> LinkOutcome:
    n_users = sinr.shape[1]
    by_layer = np.stack([np.repeat(modes[:, :1], n_users, axis=1), modes[:, 1:]], axis=-1)  # (trial, user, layer)
    sends = by_layer != SILENT
    bits = np.array(
        [word_format(mode, settings.symbols).n_information if mode in by_layer else 0 for mode in range(len(MODES))]
    )
    efficiency = np.where(sends, bits[by_layer] / settings.symbols, 0.0)
    needed = np.array([least_sinr_db(mode) for mode in MODES])
    total = np.sum(shares, axis=-1, keepdims=True)
    share = np.where(total > 0.0, shares / np.where(total > 0.0, total, 1.0), 1.0 / n_users)
    arrived = np.mean(right & accepted, axis=1) * efficiency
    return LinkOutcome(
        blocks=np.where(sends, settings.words, 0),
        errors=np.where(sends, np.sum(~(right & accepted), axis=1), 0),
        undetected=np.where(sends, np.sum(accepted & ~right, axis=1), 0),
        efficiency=efficiency,
        excess_db=np.where(sends, to_db(np.where(sends, sinr, 1.0)) - needed[by_layer], 0.0),
        goodput=share * arrived[..., 0] + arrived[..., 1],
    )


__all__ = ["LAYERS", "Arriving", "LinkOutcome", "transmit"]
