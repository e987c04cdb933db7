# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Terms of sensing: echo against clutter, Fisher information, Cramer-Rao bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.metrics.fisher import cramer_rao_bounds, fisher_information, response_information
from leoisac.metrics.scnr import best_scnr_of_streams
from leoisac.metrics.sinr import received_power
from leoisac.problems.terms.inputs import Inputs, squared, transmission


@in_double
def scnr(
    signal: Any,
    w: Any = None,
    *,
    noise: Any,
    covariance: Any = None,
    clutter: Any = None,
    disturbance: Any = None,
    receive: Any = None,
) -> Any:
    """Signal-to-clutter-plus-noise ratio of an echo after the best receive filter, or after one that you give.

    The array receives ``(G + sum_c G_c) x + n``, where x has covariance ``w w^H + V``, and clutters add incoherently:
    ``C = sum_c G_c (w w^H + V) G_c^H + Q + noise I``. By default the ratio is ``tr(C^-1 G (w w^H + V) G^H)``: the best
    filter for a point target (G of rank one), a filter per stream otherwise (``metrics.scnr.best_scnr_of_streams``).
    With a filter ``u`` it is ``u^H G (w w^H + V) G^H u / (u^H C u)``, a ratio of quadratic forms.

    Args:
        signal: response matrix G of the target (rx, antenna), amplitude of the reflection included.
        w: beams (antenna, stream), or one beam (antenna,).
        noise: at each receive antenna, W; a number or (rx,).
        covariance: Hermitian (antenna, antenna), W; alone or beside the beams.
        clutter: response matrices (clutter, rx, antenna), or (rx, antenna) for one.
        disturbance: Hermitian covariance Q (rx, rx) of any other interference, W.
        receive: the filter u (rx,), whose output is ``u^H y``.
    """
    inputs = Inputs("scnr")
    signal = inputs.array("signal", signal, ("rx", "antenna"))
    w, covariance = transmission(inputs, w, covariance)
    noise = inputs.level("noise", noise, "rx")
    if clutter is not None:
        clutter = inputs.array("clutter", clutter, ("clutter", "rx", "antenna"), ("rx", "antenna"))
    if disturbance is not None:
        disturbance = inputs.array("disturbance", disturbance, ("rx", "rx"))
    if receive is not None:
        u = inputs.array("receive", receive, ("rx",))
        rest = jnp.sum(noise * squared(u))
        rest = rest if clutter is None else rest + _sent_through(jnp.conj(u) @ clutter, w, covariance)
        rest = rest if disturbance is None else rest + received_power(u[None], disturbance)[0]
        return _sent_through(jnp.conj(u) @ signal, w, covariance) / rest
    if clutter is None and disturbance is None:
        if noise.ndim:
            signal, noise = signal / jnp.sqrt(noise)[:, None], 1.0
        return _sent_through(signal, w, covariance) / noise
    total = jnp.diag(jnp.broadcast_to(noise, signal.shape[:1])) + (0.0 if disturbance is None else disturbance)
    if clutter is not None:
        clutters = clutter if clutter.ndim == 3 else clutter[None]
        total = total + jnp.sum(_echo_covariance(clutters, w, covariance), axis=0)
    ratio = 0.0 if w is None else best_scnr_of_streams(signal @ w, total)
    if covariance is None:
        return ratio
    scale = jnp.real(jnp.trace(total))  # as in metrics.scnr
    echo = _echo_covariance(signal, None, covariance)
    return ratio + jnp.real(jnp.trace(jnp.linalg.solve(total / scale, echo / scale)))


@in_double
def fisher(derivatives: Any, w: Any = None, *, noise: Any, covariance: Any = None, snapshots: Any = 1) -> Any:
    """Fisher information of real parameters of a response matrix G that is illuminated for L snapshots.

    ``J_ij = (2 L / noise) Re tr(dG_i (w w^H + V) dG_j^H)`` (``metrics.fisher.response_information``). Unknown complex
    amplitudes are two real parameters, with ``dG = A`` and ``dG = j A``; ``metrics.fisher.point_target_derivatives``
    writes the derivatives of point targets.

    Args:
        derivatives: dG_i, shape (parameter, rx, antenna), each per unit of its parameter; where G is a row (one receive
            antenna) rx is 1.
        w: beams (antenna, stream), or one beam (antenna,), sqrt(W).
        noise: at each receive antenna in each snapshot, W; a number or (rx,).
        covariance: Hermitian (antenna, antenna), W; alone or beside the beams.
        snapshots: L.

    Returns:
        Shape ``(parameter, parameter)``, in one over the product of the parameters' units.
    """
    return _information(Inputs("fisher"), derivatives, w, noise, covariance, snapshots)


@in_double
def crb(
    derivatives: Any,
    w: Any = None,
    *,
    noise: Any,
    covariance: Any = None,
    snapshots: Any = 1,
    wanted: int | Sequence[int] | None = None,
) -> Any:
    """Cramer-Rao bounds: the diagonal of the inverse of ``fisher``, in the squares of the parameters' units.

    Radians and amplitudes of any size may stand side by side: the information is inverted in units that make its
    diagonal one. For one target with ``derivatives = (alpha D, A, j A)`` and ``wanted=1`` the result is
    ``1 / (kappa (tr(D R D^H) - |tr(A R D^H)|^2 / tr(A R A^H)))`` with ``kappa = 2 L |alpha|^2 / noise``; with
    ``derivatives = (alpha D,)`` the amplitude is known, and it is ``1 / (kappa tr(D R D^H))``.

    Where a parameter cannot be seen at all (zero beams) the bound is infinite and no number comes back: start a design
    from beams that illuminate the target.

    Args:
        derivatives, w, noise, covariance, snapshots: as in ``fisher``.
        wanted: bounds of the first so many parameters, or of those with these indices; the others are unknown
            nuisances all the same. By default all.

    Returns:
        Shape ``(wanted,)``.
    """
    inputs = Inputs("crb")
    information = _information(inputs, derivatives, w, noise, covariance, snapshots)
    count = information.shape[0]
    first = count if wanted is None else wanted
    chosen = np.arange(first) if isinstance(first, int) else np.asarray(first)
    if chosen.size == 0 or chosen.min() < -count or chosen.max() >= count:
        raise inputs.refuse(f"wanted={wanted} chooses none, or more, of {count} parameters.")
    # The bounds do not depend on the units: their derivatives need not pass through them.
    scale = jax.lax.stop_gradient(jnp.sqrt(jnp.diagonal(information)))
    return cramer_rao_bounds(information, scale)[chosen]


def _sent_through(response: Any, w: Any, covariance: Any) -> Any:
    """``tr(G (w w^H + V) G^H)`` of a response matrix, or of one or more of its rows."""
    total = 0.0 if w is None else jnp.sum(squared(response @ w))
    return total if covariance is None else total + jnp.sum(jnp.real((response @ covariance) * jnp.conj(response)))


def _echo_covariance(response: Any, w: Any, covariance: Any) -> Any:
    """``G (w w^H + V) G^H``."""
    echoes = None if w is None else response @ w
    total = 0.0 if echoes is None else echoes @ jnp.conj(jnp.swapaxes(echoes, -1, -2))
    return total if covariance is None else total + response @ covariance @ jnp.conj(jnp.swapaxes(response, -1, -2))


def _information(inputs: Inputs, derivatives: Any, w: Any, noise: Any, covariance: Any, snapshots: Any) -> Any:
    derivatives = inputs.array("derivatives", derivatives, ("parameter", "rx", "antenna"))
    w, covariance = transmission(inputs, w, covariance)
    noise = inputs.level("noise", noise, "rx")
    if noise.ndim:
        derivatives, noise = derivatives / jnp.sqrt(noise)[:, None], 1.0
    information = 0.0
    if w is not None:
        jacobian = (derivatives @ w).reshape(derivatives.shape[0], -1).T
        information = fisher_information(jacobian, noise / snapshots)
    if covariance is not None:
        information = information + response_information(derivatives, covariance, noise / snapshots)
    return information
