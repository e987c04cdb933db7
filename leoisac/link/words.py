"""Words of the coded link: information bits to symbols, and received symbols back to bits. NumPy; words come first."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Complex, Float

from leoisac.link.adaptation import MODES
from leoisac.link.crc import crc_holds, crc_length, with_crc
from leoisac.link.decoding import decode
from leoisac.link.ldpc import LdpcCode, encode, ldpc_code, sent_positions
from leoisac.link.settings import LinkSettings
from leoisac.waveforms.qam import max_log_llrs, qam_symbols

LONGEST = 1264
"""Symbols of a word that fits one code block in every mode (``settings.LinkSymbols``)."""


class WordFormat(NamedTuple):
    """One code word of a modulation and code rate.

    Attributes:
        code: of the block with its check bits.
        n_information: bits without them.
        n_checks: check bits.
        bits_per_symbol: of the alphabet.
    """

    code: LdpcCode
    n_information: int
    n_checks: int
    bits_per_symbol: int


class Received(NamedTuple):
    """What a receiver makes of words.

    Attributes:
        information: decided bits, shape ``(word, n_information)``.
        accepted: whether the check bits agree, which is all that a receiver knows, shape ``(word,)``.
        symbols: the decided words, encoded anew, shape ``(word, symbol)``.
    """

    information: Bool[np.ndarray, "word information"]
    accepted: Bool[np.ndarray, " word"]
    symbols: Complex[np.ndarray, "word symbol"]


@functools.lru_cache(maxsize=256)
def word_format(mode: int, n_symbols: int) -> WordFormat:
    """Code and sizes of words of so many symbols in ``MODES[mode]``."""
    bits_per_symbol, rate = MODES[mode]
    n = bits_per_symbol * n_symbols
    k = int(rate * n + 1e-9)
    n_checks = crc_length(k - crc_length(k))
    return WordFormat(ldpc_code(k, n, k - n_checks), k - n_checks, n_checks, bits_per_symbol)


def word_symbols_of(n_symbols: int, n_cells: int) -> int:
    """Symbols of a word of about so many that fills whole frames: the next more, or fewer if these are too many.

    Raises:
        ValueError: if a frame alone is longer than the longest word.
    """
    if n_cells > LONGEST:
        raise ValueError(f"n_cells={n_cells}: a word has at most {LONGEST} symbols; take a smaller grid.")
    return n_cells * min(-(-n_symbols // n_cells), LONGEST // n_cells)


def word_symbols(form: WordFormat, information: Bool[np.ndarray, "word bit"]) -> Complex[np.ndarray, "word symbol"]:
    """Information bits with check bits, encoded, rate-matched, interleaved and mapped to symbols of unit mean power."""
    sent = sent_positions(form.code, form.bits_per_symbol)
    bits = encode(form.code, with_crc(information, form.n_checks))[:, sent]
    return qam_symbols(bits.reshape(len(bits), -1, form.bits_per_symbol))


def receive_words(
    form: WordFormat,
    symbols: Complex[np.ndarray, "word symbol"],
    noise: Float[np.ndarray, "word ..."],
    settings: LinkSettings,
) -> Received:
    """Decide words.

    Args:
        form: of the words.
        symbols: received, of unit gain.
        noise: power of all that is not the wanted symbol, per word, or per word and symbol.
        settings: of the decoder.
    """
    llrs = max_log_llrs(symbols, noise.reshape(len(symbols), -1), form.bits_per_symbol).reshape(len(symbols), -1)
    decoded = decode(
        form.code,
        llrs,
        bits_per_symbol=form.bits_per_symbol,
        rule=settings.decoder,
        iterations=settings.iterations,
    )
    information = decoded.bits[:, : form.n_information]
    accepted = decoded.holds & crc_holds(decoded.bits, form.n_checks)
    return Received(information, accepted, word_symbols(form, information))
