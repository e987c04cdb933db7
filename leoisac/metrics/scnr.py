"""Signal-to-clutter-plus-noise ratio of multistatic sensing with linear receive filters (rows, output ``w @ y``)."""

from __future__ import annotations

from typing import Any

from jaxtyping import Complex, Float

from leoisac.foundation.namespace import RealLike, array_namespace


def multistatic_covariance(
    echoes: Complex[Any, "*batch target rx"],
    echoes_of_others: Complex[Any, "*batch stream rx"],
    clutter: Complex[Any, "*batch clutter stream rx"],
    external: Complex[Any, "*batch rx"],
    noise_power: RealLike,
) -> Complex[Any, "*batch rx rx"]:
    """Covariance of everything but the wanted echo at one receiver.

    ``R = sum_j e_j e_j^H + sum_s o_s o_s^H + sum_l,s c_ls c_ls^H + g g^H + sigma^2 I``: echoes of the wanted beam from
    other targets and every clutter add incoherently, those of other beams have been added over the targets beforehand.

    Args:
        echoes: echoes of the wanted target's own beam from the other targets (zero for the wanted one).
        echoes_of_others: what every other stream brings back from all targets (zero for the own stream).
        clutter: echo of every stream from every clutter point.
        external: amplitudes of an interferer.
        noise_power: ``sigma^2``.
    """
    xp = array_namespace(echoes, echoes_of_others, clutter, external, noise_power)
    scattered = clutter.reshape(*clutter.shape[:-3], clutter.shape[-3] * clutter.shape[-2], clutter.shape[-1])
    columns = xp.concatenate([echoes, echoes_of_others, scattered, external[..., None, :]], axis=-2)
    signal = xp.einsum("...ca,...cb->...ab", columns, xp.conj(columns))
    return signal + noise_power * xp.eye(columns.shape[-1])


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
