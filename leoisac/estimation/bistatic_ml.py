"""Maximum likelihood of one bistatic echo of a known block: angle of arrival, delay, Doppler shift, departure. JAX.

Of a target in the direction (u, w) with a delay tau the receiver knows the waveform ``c S`` (``echo_model``). The
samples are ``alpha b(u, w) (c S)(t - tau) exp(j 2 pi v (t - tau))`` in white noise, so the likelihood
is highest where ``|g|^2 / (N ||c S||^2)`` is, with ``g = b^H Y conj(reference)``, if the complex amplitude is unknown,
and where ``2 Re(conj(alpha) g) - |alpha|^2 N ||c S||^2`` is if it is known (S. M. Kay, Fundamentals of Statistical
Signal Processing: Estimation Theory, 1993, sections 7.2 and 15.8).

Search: the strongest beams of the spatial FFT; in each a map over whole delays and Doppler shifts by FFTs over short
blocks; delays between samples, Doppler shift and direction in turn on finer grids; then Newton's method for all four
together on the samples compressed around that point.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from leoisac.estimation.echo_cell import Cell, leading_cell
from leoisac.estimation.echo_maps import coarse_map, finer_delay, finer_time
from leoisac.estimation.echo_model import Block, EchoSearch, Transmitter, sent_at, steering, target_place, turn
from leoisac.estimation.echo_newton import newton
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.lanes import compiler_options

_SCAN_SAMPLES = 256
"""Samples whose beams are in memory at once."""
_ANGLE_PAD = 4
_SURE = 30.0
"""Statistic at which the block is in a beam beyond doubt: noise alone has it once in 1e7 maps of a million cells."""
_CANDIDATES = 8
"""Best beams of the coarse maps between which finer grids decide."""


class EchoEstimate(NamedTuple):
    """What the likelihood says about the target.

    Attributes:
        u, w: direction cosines of arrival along the array's rows and columns.
        delay: samples after the start of the window, not whole.
        doppler_hz: Doppler shift.
        amplitude: complex echo amplitude, fitted or as known.
        statistic: largest value of the coarse maps in units of the noise: ``Exp(1)`` in one cell of noise alone
            (``detection.map_statistic``).
        energy: energy of the fitted echo over noise, ``|g|^2 / (N ||c S||^2)`` for noise of unit power.
    """

    u: Any
    w: Any
    delay: Any
    doppler_hz: Any
    amplitude: Any
    statistic: Any
    energy: Any


@in_double
def estimate_echo(
    samples: Complex[np.ndarray, "rx window"],
    precoder: Complex[np.ndarray, "tx stream"],
    streams: Complex[np.ndarray, "stream sample"],
    transmitter: Transmitter,
    search: EchoSearch,
    amplitude: complex = 1.0 + 0.0j,
) -> EchoEstimate:
    """Maximum-likelihood estimate from one window.

    Args:
        samples: received samples ``Y`` with noise of unit power, row-major over the array.
        precoder: ``P``.
        streams: transmitted symbols ``S``, known to the receiver.
        transmitter: its place and array.
        search: sizes, spans and what the receiver knows.
        amplitude: the echo's amplitude where the receiver knows it.

    Raises:
        ValueError: if samples or streams do not have the sizes of the search.
    """
    rows, columns = search.receiver
    if samples.shape != (rows * columns, search.window) or streams.shape[1] != search.num_samples:
        raise ValueError(
            f"samples of shape {samples.shape}, streams of shape {streams.shape}: the search expects "
            f"({rows * columns}, {search.window}) and (streams, {search.num_samples})."
        )
    sent = (
        jnp.asarray(precoder, dtype=complex),
        jnp.asarray(streams, dtype=jnp.complex64),
        Transmitter(*(jnp.asarray(value, dtype=float) for value in transmitter)),
        jnp.asarray(amplitude, dtype=complex),
    )
    if search.searched_beams < np.sum(search.visible):
        cell = leading_cell(np.asarray(samples, dtype=np.complex64), search.receiver, search.visible)
        if cell is not None:
            found = _cell_program(search)(cell, *sent)
            if found.statistic > _SURE:
                return found
    return _program(search)(jnp.asarray(samples, dtype=jnp.complex64), *sent)


@cache
def _cell_program(search: EchoSearch) -> Any:
    return jax.jit(partial(_estimate_in, search), compiler_options=compiler_options(1))


def _estimate_in(
    search: EchoSearch, cell: Cell, precoder: Any, streams: Any, transmitter: Transmitter, amplitude: Any
) -> EchoEstimate:
    """One window of which one cell stands out."""
    gram = (streams @ jnp.conj(streams).T).astype(complex)
    block = Block(search, precoder, streams, gram, transmitter)
    received = jnp.conj(steering(search, cell.u, cell.w) @ jnp.conj(cell.basis).T) @ cell.samples
    statistic, delay, doppler = coarse_map(block, received, cell.u, cell.w)
    point = finer_delay(block, jnp.stack([cell.u, cell.w, delay, doppler]), received)

    def round_of(point: Any, _: None) -> tuple[Any, Any]:
        point, correlation, norm = newton(block, point, cell.samples, amplitude, cell.basis)
        return point, (correlation, norm)

    point, (correlations, norms) = jax.lax.scan(round_of, point, None, length=2)
    return _reported(search, point, correlations[-1], norms[-1], amplitude, statistic)


def _reported(
    search: EchoSearch, point: Any, correlation: Any, norm: Any, amplitude: Any, statistic: Any
) -> EchoEstimate:
    fitted = correlation / norm
    return EchoEstimate(
        u=point[0],
        w=point[1],
        delay=point[2],
        doppler_hz=point[3],
        amplitude=amplitude if search.amplitude_known else fitted,
        statistic=statistic,
        energy=jnp.abs(correlation) ** 2 / norm,
    )


@cache
def _program(search: EchoSearch) -> Any:
    return jax.jit(partial(_estimate, search), compiler_options=compiler_options(1))


def _estimate(
    search: EchoSearch, samples: Any, precoder: Any, streams: Any, transmitter: Transmitter, amplitude: Any
) -> EchoEstimate:
    """One window."""
    gram = (streams @ jnp.conj(streams).T).astype(complex)
    block = Block(search, precoder, streams, gram, transmitter)
    u, w = _strongest_beams(search, samples)
    beams = steering(search, u, w)
    received = jnp.conj(beams) @ samples
    statistic, delays, dopplers = jax.lax.map(
        lambda one: coarse_map(block, *one), (received, u, w), batch_size=min(8, u.shape[0])
    )
    # The coarse maps lose up to some dB between their points: what looks best is decided on finer grids.
    _, best = jax.lax.top_k(statistic, min(_CANDIDATES, statistic.shape[0]))
    points = jnp.stack([u[best], w[best], delays[best], dopplers[best]], axis=1)
    points = jax.vmap(partial(finer_time, block))(points, received[best])
    points, energy = _finer_direction(block, points, samples)
    point = points[jnp.argmax(energy)]
    point = finer_time(block, point, (jnp.conj(steering(search, point[0], point[1])) @ samples))

    def round_of(point: Any, _: None) -> tuple[Any, Any]:
        point, correlation, norm = newton(block, point, samples, amplitude)
        return point, (correlation, norm)

    # What the first round leaves out of its expansions the second one has.
    point, (correlations, norms) = jax.lax.scan(round_of, point, None, length=2)
    return _reported(search, point, correlations[-1], norms[-1], amplitude, jnp.max(statistic))


def _strongest_beams(search: EchoSearch, samples: Any) -> tuple[Any, Any]:
    """Direction cosines of the beams of most energy among the FFT's, horizon and above; all where all are wanted."""
    rows, columns = search.receiver
    visible = search.visible
    cosines = (2.0 * np.fft.fftfreq(size) for size in search.receiver)
    u, w = (grid.ravel() for grid in np.meshgrid(*cosines, indexing="ij"))
    if search.searched_beams == np.sum(visible):
        return jnp.asarray(u[visible]), jnp.asarray(w[visible])
    whole = -(-search.window // _SCAN_SAMPLES)
    padded = jnp.pad(samples, ((0, 0), (0, whole * _SCAN_SAMPLES - search.window)))

    def energy(total: Any, index: Any) -> tuple[Any, None]:
        piece = jax.lax.dynamic_slice_in_dim(padded, index * _SCAN_SAMPLES, _SCAN_SAMPLES, axis=1)
        beams = jnp.fft.fft2(piece.T.reshape(_SCAN_SAMPLES, rows, columns))
        return total + jnp.sum(beams.real**2 + beams.imag**2, axis=0), None

    total, _ = jax.lax.scan(energy, jnp.zeros((rows, columns), jnp.float32), jnp.arange(whole))
    _, best = jax.lax.top_k(jnp.where(visible, total.ravel(), -1.0), search.beams)
    return jnp.asarray(u)[best], jnp.asarray(w)[best]


def _references(block: Block, points: Any) -> tuple[Any, Any]:
    """References of points (..., 4) over the window, and their energies."""

    def one(point: Any) -> tuple[Any, Any]:
        u, w, delay, doppler = point
        weights, _ = block.weights(u, w, delay)
        moved = sent_at(block, weights @ block.streams.astype(complex), delay)
        return (moved * turn(block, delay, doppler)).astype(jnp.complex64), block.norm(weights)

    return jax.vmap(one)(points)


def _finer_direction(block: Block, points: Any, samples: Any) -> tuple[Any, Any]:
    """Directions of the largest values at delays and Doppler shifts, on the grid of a zero-padded FFT.

    Returns the points with these directions, and the energies of echoes there, ``|g|^2 / (N ||c S||^2)``.
    """
    search = block.search
    references, energies = _references(block, points)
    snapshots = (samples @ jnp.conj(references).T).T.reshape(-1, *search.receiver)
    sizes = tuple(_ANGLE_PAD * size for size in search.receiver)
    response = jnp.abs(jnp.fft.fft2(snapshots, sizes)) ** 2
    cosines = [2.0 * np.fft.fftfreq(size) for size in sizes]
    visible = np.hypot(cosines[0][:, None], cosines[1]) <= 1.0
    flat = jnp.where(visible, response, -1.0).reshape(response.shape[0], -1)
    row, column = jnp.divmod(jnp.argmax(flat, axis=1), sizes[1])
    found = points.at[:, 0].set(jnp.asarray(cosines[0])[row]).at[:, 1].set(jnp.asarray(cosines[1])[column])
    return found, jnp.max(flat, axis=1) / (len(samples) * energies)


@in_double
def target_position(transmitter: Transmitter, sample_time_s: float, found: EchoEstimate) -> Float[Any, "3"]:
    """Where the estimated direction meets the ellipsoid of the estimated delay, metres."""
    place = Transmitter(*(jnp.asarray(value, dtype=float) for value in transmitter))
    return target_place(place, sample_time_s, *(jnp.asarray(value) for value in (found.u, found.w, found.delay)))[0]


@in_double
def matched_snapshot(
    samples: Complex[np.ndarray, "rx window"],
    precoder: Complex[np.ndarray, "tx stream"],
    streams: Complex[np.ndarray, "stream sample"],
    transmitter: Transmitter,
    search: EchoSearch,
    found: EchoEstimate,
) -> Complex[Any, " rx"]:
    """What every element correlates with the estimated reference: arguments as for ``estimate_echo``."""
    place = Transmitter(*(jnp.asarray(value, dtype=float) for value in transmitter))
    sent = jnp.asarray(streams)
    block = Block(search, jnp.asarray(precoder), sent, sent @ jnp.conj(sent).T, place)
    point = jnp.stack([jnp.asarray(value) for value in (found.u, found.w, found.delay, found.doppler_hz)])
    references, _ = _references(block, point[None])
    return jnp.asarray(samples) @ jnp.conj(references[0])


@in_double
def angles_of(u: Float[Any, "..."], w: Float[Any, "..."]) -> tuple[Any, Any]:
    """Azimuth and zenith angle of direction cosines, radians."""
    return np.arctan2(w, u), np.arcsin(np.minimum(np.hypot(u, w), 1.0))
