"""Signal-to-clutter-plus-noise ratio of multistatic sensing with linear receive filters (rows, output ``w @ y``)."""

from __future__ import annotations

from typing import Any

from jaxtyping import Complex, Float

from leoisac.foundation.namespace import RealLike, array_namespace


def multistatic_columns(
    echoes: Complex[Any, "*batch target rx"],
    echoes_of_others: Complex[Any, "*batch stream rx"],
    clutter: Complex[Any, "*batch clutter rx"],
    clutter_power: Float[Any, "*batch clutter"],
    external: Complex[Any, "*batch rx"],
) -> Complex[Any, "*batch column rx"]:
    """Columns whose outer products add up to everything that disturbs the wanted echo, but noise.

    ``sum_j e_j e_j^H + sum_s o_s o_s^H + sum_l P_l c_l c_l^H + g g^H``: echoes of the wanted beam from other targets
    and every clutter add incoherently, those of other beams have been added over the targets beforehand.

    Args:
        echoes: echoes of the wanted target's own beam from the other targets (zero for the wanted one).
        echoes_of_others: what every other stream brings back from all targets (zero for the own stream).
        clutter: echo of every clutter point per unit of what falls on it.
        clutter_power: what falls on every clutter point, of all streams.
        external: amplitudes of an interferer.
    """
    xp = array_namespace(echoes, echoes_of_others, clutter, clutter_power, external)
    scattered = clutter * xp.sqrt(clutter_power)[..., None]
    return xp.concatenate([echoes, echoes_of_others, scattered, external[..., None, :]], axis=-2)


def covariance_of_columns(
    columns: Complex[Any, "*batch column rx"], noise_power: RealLike
) -> Complex[Any, "*batch rx rx"]:
    """``R = sum_c c c^H + sigma^2 I``."""
    xp = array_namespace(columns, noise_power)
    signal = xp.einsum("...ca,...cb->...ab", columns, xp.conj(columns))
    return signal + xp.asarray(noise_power)[..., None, None] * xp.eye(columns.shape[-1])


def scnr_of_columns(
    signal: Complex[Any, "*batch rx"], columns: Complex[Any, "*batch column rx"], noise_power: RealLike
) -> Float[Any, "*batch"]:
    """``best_scnr`` where the covariance is that of columns and noise.

    With more antennas than columns it is worked out in their span, where everything but noise is.
    """
    xp = array_namespace(signal, columns, noise_power)
    if columns.shape[-1] > columns.shape[-2] + 1:
        together = xp.concatenate([columns, signal[..., None, :]], axis=-2)
        reduced = xp.swapaxes(xp.linalg.qr(xp.swapaxes(together, -1, -2), mode="r"), -1, -2)
        columns, signal = reduced[..., :-1, :], reduced[..., -1, :]
    return best_scnr(signal, covariance_of_columns(columns, noise_power))


def best_scnr(signal: Complex[Any, "*batch rx"], covariance: Complex[Any, "*batch rx rx"]) -> Float[Any, "*batch"]:
    """``d^H R^-1 d``: what the filter that maximises the ratio attains."""
    xp = array_namespace(signal, covariance)
    # The scale cancels; it keeps noise powers of 1e-12 away from the limits of the factorisation.
    scale = xp.real(xp.trace(covariance, axis1=-2, axis2=-1))[..., None]
    solved = xp.linalg.solve(covariance / scale[..., None], signal[..., None] / scale[..., None])[..., 0]
    return xp.real(xp.sum(xp.conj(signal) * solved, axis=-1))


def best_filter(
    signal: Complex[Any, "*batch rx"], covariance: Complex[Any, "*batch rx rx"]
) -> Complex[Any, "*batch rx"]:
    """Row ``(R^-1 d)^H`` that maximises the ratio (its scale does not matter)."""
    xp = array_namespace(signal, covariance)
    return xp.conj(xp.linalg.solve(covariance, signal[..., None])[..., 0])


def filter_scnr(
    receive_filter: Complex[Any, "*batch rx"],
    signal: Complex[Any, "*batch rx"],
    covariance: Complex[Any, "*batch rx rx"],
) -> Float[Any, "*batch"]:
    """``|w d|^2 / (w R w^H)`` of any filter row ``w``."""
    xp = array_namespace(receive_filter, signal, covariance)
    wanted = xp.abs(xp.sum(receive_filter * signal, axis=-1)) ** 2
    rest = xp.einsum("...a,...ab,...b->...", receive_filter, covariance, xp.conj(receive_filter))
    return wanted / xp.real(rest)


def best_scnr_of_streams(
    echoes: Complex[Any, "*batch rx stream"], covariance: Complex[Any, "*batch rx rx"]
) -> Float[Any, "*batch"]:
    """``sum_s d_s^H R^-1 d_s``: independent streams, each taken out by its own best filter, and their SCNRs added.

    Where all echoes have one direction (a point target, ``d_s = b (a^H w_s)``) one filter is the best for all of them,
    and this is what it attains: ``max_u sum_s |u^H d_s|^2 / (u^H R u)``, by Capon's filter (H. L. Van Trees, Optimum
    Array Processing, 2002, chapter 6). Otherwise it is an upper bound of a single filter's ratio.

    Args:
        echoes: echo ``d_s`` of every stream, one column per stream.
        covariance: of everything else, ``R``.
    """
    xp = array_namespace(echoes, covariance)
    scale = xp.real(xp.trace(covariance, axis1=-2, axis2=-1))[..., None, None]  # as in ``best_scnr``
    solved = xp.linalg.solve(covariance / scale, echoes / scale)
    return xp.sum(xp.real(xp.conj(echoes) * solved), axis=(-2, -1))
