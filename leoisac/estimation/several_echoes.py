"""Echoes of several targets in one window: found one after the other, then fitted in turn. NumPy around JAX programs.

The strongest echo is found as if it were alone and taken out; then the next. Whenever one is added, every echo is
fitted anew in the samples without the others, a few times (RELAX: J. Li and P. Stoica, IEEE Trans. Signal Process.
44(2), 1996). The search ends when what is strongest in the remainder might be noise.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from jaxtyping import Complex

from leoisac.estimation.bistatic_ml import EchoEstimate, estimate_echo
from leoisac.estimation.echo_model import Block, EchoSearch, Transmitter, sent_at, steering, turn
from leoisac.estimation.echo_newton import newton
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.lanes import compiler_options

_ROUNDS = 3
"""Times that every echo is fitted anew after one was added; more change nothing for echoes a cell apart."""


@in_double
def estimate_echoes(
    samples: Complex[np.ndarray, "rx window"],
    precoder: Complex[np.ndarray, "tx stream"],
    streams: Complex[np.ndarray, "stream sample"],
    transmitter: Transmitter,
    search: EchoSearch,
    *,
    most: int,
    accept: Callable[[float], bool],
) -> list[EchoEstimate]:
    """Echoes in one window, in the order in which they were found.

    Args:
        samples, precoder, streams, transmitter, search: as for ``estimate_echo``; amplitudes are not known.
        most: echoes at most.
        accept: whether a ``statistic`` is that of an echo, not of noise. The first echo is always returned.

    Raises:
        ValueError: if the receiver is to know amplitudes, which are of one echo.
    """
    if search.amplitude_known:
        raise ValueError("amplitude_known = True: several echoes have amplitudes of their own; leave them unknown.")
    samples = np.asarray(samples, dtype=np.complex64)
    known = (precoder, streams, transmitter, search)
    found: list[EchoEstimate] = []
    echoes: list[np.ndarray] = []
    remainder = samples.copy()
    while len(found) < most:
        one = estimate_echo(remainder, *known)
        if found and not accept(float(one.statistic)):
            break
        found.append(one)
        echoes.append(_fitted(remainder, one, *known)[1])
        remainder -= echoes[-1]
        for _ in range(_ROUNDS if len(found) > 1 else 0):
            for index, before in enumerate(found):
                remainder += echoes[index]
                moved = _moved(remainder, before, *known)
                found[index], echoes[index] = _fitted(remainder, moved, *known)
                remainder -= echoes[index]
    return found


def _moved(
    samples: np.ndarray, start: EchoEstimate, precoder: Any, streams: Any, transmitter: Transmitter, search: EchoSearch
) -> EchoEstimate:
    """The echo at the top of the likelihood beside a start."""
    sent = (
        jnp.asarray(precoder, dtype=complex),
        jnp.asarray(streams, dtype=jnp.complex64),
        Transmitter(*(jnp.asarray(value, dtype=float) for value in transmitter)),
    )
    point = jnp.stack([jnp.asarray(value) for value in (start.u, start.w, start.delay, start.doppler_hz)])
    u, w, delay, doppler, energy = _beside(search)(jnp.asarray(samples), point, *sent)
    return start._replace(u=u, w=w, delay=delay, doppler_hz=doppler, energy=energy)


@cache
def _beside(search: EchoSearch) -> Any:
    return jax.jit(partial(_top, search), compiler_options=compiler_options(1))


def _top(search: EchoSearch, samples: Any, point: Any, precoder: Any, streams: Any, transmitter: Transmitter) -> Any:
    gram = (streams @ jnp.conj(streams).T).astype(complex)
    point, correlation, norm = newton(Block(search, precoder, streams, gram, transmitter), point, samples, 1.0 + 0.0j)
    return (*point, jnp.abs(correlation) ** 2 / norm)


def _fitted(
    samples: np.ndarray, found: EchoEstimate, precoder: Any, streams: Any, transmitter: Transmitter, search: EchoSearch
) -> tuple[EchoEstimate, np.ndarray]:
    """The estimate with the amplitude that fits the samples best, and that echo."""
    sent = jnp.asarray(streams)
    place = Transmitter(*(jnp.asarray(value, dtype=float) for value in transmitter))
    block = Block(search, jnp.asarray(precoder), sent, sent @ jnp.conj(sent).T, place)
    weights, _ = block.weights(*(jnp.asarray(value) for value in (found.u, found.w, found.delay)))
    moved = sent_at(block, weights @ sent.astype(complex), found.delay) * turn(block, found.delay, found.doppler_hz)
    waveform = np.asarray(moved).astype(np.complex64)
    beam = np.asarray(steering(search, found.u, found.w))
    correlation = np.vdot(beam, samples @ np.conj(waveform))
    amplitude = complex(correlation) / (len(beam) * float(np.linalg.norm(waveform)) ** 2)
    return found._replace(amplitude=amplitude), beam[:, None] * (np.complex64(amplitude) * waveform)
