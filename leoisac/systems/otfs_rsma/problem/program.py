"""The max-min rate problem as a statement in numbers of order one, the same for all splits and sets of constraints.

Unknowns are the samples of every stream (time domain, real parts beside imaginary parts), the users' shares ``C_k`` of
the common rate where the objective counts it. All is unitarily equivalent to the
delay-Doppler grid, but in the time domain a path of any Doppler shift is one phased cyclic shift: a channel costs a few
multiplications per sample. Power budgets are no constraints: received powers and energies are divided by what the
streams spend, so that each split spends exactly its own.

Rates come from the last pivot of an elimination: with the wanted stream last among those that disturb it,
``1 + gamma`` is the last pivot of ``I + A^H A`` (Schur complement; arXiv:2506.02624, eqs. (3)-(8)). Bounds enter by
their logarithms.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.problems import Real, at_least, maximise_least
from leoisac.problems.statement import Goal
from leoisac.systems.otfs_rsma.problem.sampled_margins import sampled_entries


class Shape(NamedTuple):
    """What a program is compiled for.

    Attributes:
        n_delay, n_doppler: grid.
        n_users: users.
        n_antennas: precoded antennas.
        delays: different delays of the paths, in samples.
        is_total: the objective counts the shared common rate.
        is_sampled: the ceilings hold for the bounds of the sampled echo.
        is_weighted: the objective counts the delay bound, too.
    """

    n_delay: int
    n_doppler: int
    n_users: int
    n_antennas: int
    delays: tuple[int, ...]
    is_total: bool
    is_sampled: bool = False
    is_weighted: bool = False

    @property
    def n_streams(self) -> int:
        """The common stream and one for every user."""
        return self.n_users + 1

    @property
    def stream_shape(self) -> tuple[int, int, int, int]:
        """Of the unknown samples: stream, antenna, real and imaginary part, sample."""
        return self.n_streams, self.n_antennas, 2, self.n_delay * self.n_doppler

    @property
    def n_samples(self) -> int:
        """Unknown numbers in all streams."""
        return int(np.prod(self.stream_shape))

    @property
    def variables(self) -> dict[str, Real]:
        """Unknowns of the statements."""
        shares = {"shares": Real(self.n_users)} if self.is_total else {}
        return {"samples": Real(*self.stream_shape), **shares}


class Program(NamedTuple):
    """Data of one instance, in units of power budget and noise; flags are 0 or 1."""

    taps: Leaf  # (user, antenna, delay, 2, sample): factor of the sample that came the delay ago
    adjoint_taps: Leaf  # the same of the adjoint channel
    steering: Leaf  # (antenna, 2): towards the target
    sic_residual: Leaf
    common_fraction: Leaf
    is_split_fixed: Leaf
    has_equal_private: Leaf
    common_floor: Leaf  # bit; 0 where none is enforced
    ceilings: Leaf  # (2,): of delay and Doppler bound, over those of unit information
    is_sensing: Leaf  # the ceilings are enforced
    is_amplitude_unknown: Leaf
    gain_information: Leaf  # what the known echo gain adds to the information on the delay, per unit of energy
    echo_maps: Leaf | None = None  # of ``sampled_margins.echo_maps``, where the ceilings are those of the sampled echo
    echo_times: Leaf | None = None
    delay_weight: Leaf | None = None  # bits that a fall of the delay bound by the factor e is worth


def max_min_rate(v: Any, d: Program, shape: Shape) -> Goal:
    """Problem (17): the least rate in bit, of private streams and shares of the common one where it counts that.

    With a ``delay_weight`` the margin of the delay bound counts beside it.
    """
    amplitude = amplitudes(v.samples, d)
    private, common = stream_rates(v.samples, amplitude, d, shape)
    margins = log_margins(v.samples, amplitude, d, shape)
    subject_to = {
        "common_rate": at_least(common, d.common_floor, where=d.common_floor > 0.0),
        "bounds": at_least(margins, 0.0, where=d.is_sensing),
    }
    rates = private
    if shape.is_total:
        # Without a common stream there is nothing to share.
        has_common = (d.is_split_fixed < 0.5) | (d.common_fraction > 0.0)
        shares = v.shares * has_common
        rates = private + shares
        subject_to["decodable"] = at_least(common, jnp.sum(shares), where=has_common)
        subject_to["shares"] = at_least(shares, 0.0, where=has_common)
    return maximise_least(rates, subject_to, beside=None if d.delay_weight is None else d.delay_weight * margins[0])


def amplitudes(samples: Float[Array, "stream antenna 2 sample"], data: Program) -> Float[Array, " stream"]:
    """Factor on each stream with which all of the budget is spent as the split says.

    Roots of fractions are constants: derivatives stay finite where a fraction is 0 or 1.
    """
    power = jnp.sum(samples**2, axis=(1, 2, 3))
    private_power = jnp.sum(power[1:])
    equal = (len(power) - 1) * power[1:]
    private = jnp.where(data.has_equal_private > 0.5, equal, private_power)
    shares = jnp.where(np.arange(len(power)) == 0, data.common_fraction, 1.0 - data.common_fraction)
    fixed = jnp.sqrt(shares) / jnp.sqrt(jnp.concatenate([power[:1], private]))
    return jnp.where(data.is_split_fixed > 0.5, fixed, 1.0 / jnp.sqrt(power[0] + private_power))


def stream_rates(
    samples: Float[Array, "stream antenna 2 sample"], amplitude: Float[Array, " stream"], data: Program, shape: Shape
) -> tuple[Float[Array, " user"], Float[Array, " user"]]:
    """Rates of the private streams and of the common one at every user, bit."""
    received = pass_channels(shape.delays, data.taps, data.adjoint_taps, samples)
    real, imaginary = _gram(received)
    orders = _decoding_orders(shape.n_users)
    users = np.tile(np.arange(shape.n_users), 2)[:, None, None]
    entries = (users, orders[:, :, None], orders[:, None, :])
    # The common stream disturbs the private ones by what cancellation leaves.
    cancelled = (orders == 0) & (np.arange(2 * shape.n_users) < shape.n_users)[:, None]
    factors = amplitude[orders] * jnp.where(cancelled, jnp.sqrt(data.sic_residual), 1.0)
    weights = factors[:, :, None] * factors[:, None, :]
    rates = jnp.log2(_last_pivot(real[entries] * weights, imaginary[entries] * weights))
    return rates[: shape.n_users], rates[shape.n_users :]


def log_margins(
    samples: Float[Array, "stream antenna 2 sample"], amplitude: Float[Array, " stream"], data: Program, shape: Shape
) -> Float[Array, "2"]:
    """Logarithms of ceiling over bound of delay and Doppler shift, from moments of the energy that the target sees."""
    seen = _towards_target(samples, data.steering) if shape.n_antennas > 1 else samples[:, 0]
    if shape.is_sampled:
        sent = amplitude[:, None, None] * seen
        delay, doppler, cross = sampled_entries(sent, data.echo_maps, data.echo_times, data.is_amplitude_unknown)
    else:
        delay, doppler, cross = _ideal_entries(seen, amplitude, data, shape)
    determinant = delay * doppler - cross**2
    # CRB(tau) ~ doppler / determinant, CRB(nu) ~ delay / determinant.
    return jnp.log(data.ceilings * determinant / jnp.stack([doppler, delay]))


def _ideal_entries(
    seen: Float[Array, "stream 2 sample"], amplitude: Float[Array, " stream"], data: Program, shape: Shape
) -> tuple[Array, Array, Array]:
    """Entries (delay delay, Doppler Doppler, delay Doppler) of the information with ideal pulses."""
    slots = seen.reshape(shape.n_streams, 2, shape.n_doppler, shape.n_delay)
    slots = jnp.concatenate([slots[:, 0], slots[:, 1]], axis=-1) @ _embedded_dft(shape.n_delay).T
    energy = jnp.einsum("s,sni->ni", amplitude**2, slots**2)
    energy = energy[:, : shape.n_delay] + energy[:, shape.n_delay :]
    n, i = np.arange(shape.n_doppler)[:, None], np.arange(shape.n_delay)
    powers = np.stack(np.broadcast_arrays(1.0, n, i, n**2, i**2, n * i)).astype(float)
    total, slot, subcarrier, slot2, subcarrier2, cross = jnp.einsum("pni,ni->p", powers, energy)
    centred = data.is_amplitude_unknown / total
    delay = subcarrier2 + (1.0 - data.is_amplitude_unknown) * data.gain_information * total - centred * subcarrier**2
    doppler = slot2 - centred * slot**2
    return delay, doppler, cross - centred * slot * subcarrier


def pass_channels(
    delays: tuple[int, ...],
    taps: Float[Array, "user antenna delay 2 sample"],
    adjoint_taps: Float[Array, "user antenna delay 2 sample"],
    samples: Float[Array, "stream antenna 2 sample"],
) -> Float[Array, "user stream 2 sample"]:
    """What every user receives of every stream; derivatives by the adjoint channel (those of taps are not given)."""

    @jax.custom_vjp
    def apply(_taps: Array, _adjoint: Array, x: Array) -> Array:
        return _shifted_products(delays, _taps, x)

    def forward(_taps: Array, _adjoint: Array, x: Array) -> tuple[Array, tuple[Array, Array]]:
        return apply(_taps, _adjoint, x), (_taps, _adjoint)

    def backward(kept: tuple[Array, Array], slope: Array) -> tuple[None, None, Array]:
        return None, None, adjoint_channels(delays, kept[1], slope)

    apply.defvjp(forward, backward)
    return apply(taps, adjoint_taps, samples)


def adjoint_channels(
    delays: tuple[int, ...],
    adjoint_taps: Float[Array, "user antenna delay 2 sample"],
    received: Float[Array, "user stream 2 sample"],
) -> Float[Array, "stream antenna 2 sample"]:
    """``sum_k H_k^H y_k`` of every stream."""
    real, imaginary = jnp.zeros(()), jnp.zeros(())
    for place, delay in enumerate(delays):
        y = jnp.roll(received, -delay, axis=-1)[:, :, None]  # (user, stream, 1, 2, sample)
        a, b = adjoint_taps[:, None, :, place, 0], adjoint_taps[:, None, :, place, 1]
        real = real + jnp.sum(a * y[..., 0, :] - b * y[..., 1, :], axis=0)
        imaginary = imaginary + jnp.sum(a * y[..., 1, :] + b * y[..., 0, :], axis=0)
    return jnp.stack([real, imaginary], axis=2)


def _shifted_products(delays: tuple[int, ...], taps: Array, samples: Array) -> Array:
    real, imaginary = jnp.zeros(()), jnp.zeros(())
    for place, delay in enumerate(delays):
        x = jnp.roll(samples, delay, axis=-1)[None]  # (1, stream, antenna, 2, sample)
        a, b = taps[:, None, :, place, 0], taps[:, None, :, place, 1]
        real = real + jnp.sum(a * x[..., 0, :] - b * x[..., 1, :], axis=2)
        imaginary = imaginary + jnp.sum(a * x[..., 1, :] + b * x[..., 0, :], axis=2)
    return jnp.stack([real, imaginary], axis=2)


def _gram(received: Float[Array, "user stream 2 sample"]) -> tuple[Array, Array]:
    """Real and imaginary part of the inner products ``a_s^H a_t`` at every user."""
    both = received.reshape(*received.shape[:2], -1)
    real = jnp.einsum("ksq,ktq->kst", both, both)
    half = jnp.einsum("ksq,ktq->kst", received[:, :, 0], received[:, :, 1])
    return real, half - jnp.swapaxes(half, 1, 2)


def _decoding_orders(n_users: int) -> np.ndarray:
    """Streams as they enter the elimination, the wanted one last: private ones of all users, then the common one."""
    streams = np.arange(n_users + 1)
    return np.stack(
        [np.append(np.delete(streams, wanted), wanted) for wanted in [*range(1, n_users + 1), *[0] * n_users]]
    )


def _last_pivot(real: Float[Array, "matrix n n"], imaginary: Float[Array, "matrix n n"]) -> Float[Array, " matrix"]:
    """Last pivot of ``I + A`` by elimination without pivoting; unrolled, elementwise across matrices."""
    size = real.shape[-1]
    re = {(p, q): real[:, p, q] + (p == q) for p in range(size) for q in range(p + 1)}
    im = {(p, q): imaginary[:, p, q] for p in range(size) for q in range(p + 1)}
    for j in range(size - 1):
        for p in range(j + 1, size):
            factor_re, factor_im = re[p, j] / re[j, j], im[p, j] / re[j, j]
            for q in range(j + 1, p + 1):
                re[p, q] = re[p, q] - factor_re * re[q, j] - factor_im * im[q, j]
                im[p, q] = im[p, q] - factor_im * re[q, j] + factor_re * im[q, j]
    return re[size - 1, size - 1]


def _towards_target(samples: Float[Array, "stream antenna 2 sample"], steering: Float[Array, "antenna 2"]) -> Array:
    real = jnp.einsum("saq,a->sq", samples[:, :, 0], steering[:, 0])
    real = real - jnp.einsum("saq,a->sq", samples[:, :, 1], steering[:, 1])
    imaginary = jnp.einsum("saq,a->sq", samples[:, :, 0], steering[:, 1])
    imaginary = imaginary + jnp.einsum("saq,a->sq", samples[:, :, 1], steering[:, 0])
    return jnp.stack([real, imaginary], axis=1)


def _embedded_dft(size: int) -> Float[np.ndarray, "row column"]:
    """Orthonormal DFT as a real matrix, real parts above imaginary parts."""
    matrix = np.fft.fft(np.eye(size), norm="ortho")
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])
