"""Fisher information and Cramer-Rao bounds of observations in circular complex Gaussian noise.

Functions compute in the array library of their arguments and are traceable by JAX.
"""

from __future__ import annotations

from typing import Any

from jaxtyping import Complex, Float

from leoisac.foundation.namespace import RealLike, array_namespace


def fisher_information(
    jacobian: Complex[Any, "*#batch observation parameter"], noise_power: RealLike
) -> Float[Any, "... parameter parameter"]:
    """Fisher information of real parameters, ``F = (2 / sigma^2) Re(J^H J)``.

    For observations ``y = m(parameters) + n`` with ``n ~ CN(0, sigma^2 I)`` (Slepian-Bangs formula with a known
    covariance; S. M. Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, 1993, eq. 15.52).

    Args:
        jacobian: ``J``, derivatives of the mean ``m`` with respect to every parameter.
        noise_power: ``sigma^2`` of one observation.
    """
    xp = array_namespace(jacobian, noise_power)
    return 2.0 / noise_power * xp.real(xp.einsum("...op,...oq->...pq", xp.conj(jacobian), jacobian))


def response_information(
    derivatives: Complex[Any, "*#batch parameter rx tx"],
    covariance: Complex[Any, "*#batch tx tx"],
    noise_power: RealLike,
) -> Float[Any, "... parameter parameter"]:
    """Information of one snapshot about real parameters of a response matrix ``G``, illuminated with covariance V.

    ``F_ij = (2 / sigma^2) Re tr(dG_i V dG_j^H)``: ``fisher_information`` of ``y = G x + n`` for known ``x``, with
    ``V = x x^H``, or its mean over many snapshots (I. Bekkerman and J. Tabrikian, IEEE Trans. Signal Process. 54(10),
    2006; F. Liu et al., IEEE Trans. Signal Process. 70, 2022, whose CRBs these are).

    Args:
        derivatives: derivative ``dG_i`` of the response matrix with respect to every parameter.
        covariance: Hermitian transmit covariance ``V``.
        noise_power: ``sigma^2`` at every receive antenna.
    """
    xp = array_namespace(derivatives, covariance, noise_power)
    illuminated = derivatives @ covariance[..., None, :, :]
    return 2.0 / noise_power * xp.real(xp.einsum("...pab,...qab->...pq", illuminated, xp.conj(derivatives)))


def point_target_derivatives(
    amplitudes: Complex[Any, "*#batch target"],
    receive: Complex[Any, "*#batch target rx"],
    transmit: Complex[Any, "*#batch target tx"],
    receive_slopes: Complex[Any, "*#batch angle target rx"],
    transmit_slopes: Complex[Any, "*#batch angle target tx"],
) -> Complex[Any, "... parameter rx tx"]:
    """Derivatives of the response ``G = sum_t alpha_t b_t a_t^H`` of point targets, ready for ``response_information``.

    The parameters in their order: the first angle of every target, then the second one (if any) of every target, and so
    on, the real parts of all amplitudes, the imaginary parts of all amplitudes. With ``b'`` and ``a'`` per radian:
    ``alpha (b' a^H + b a'^H)``, ``b a^H``, ``j b a^H`` (P. Stoica and J. Li, MIMO Radar Signal Processing, 2009,
    chapter 1).

    Args:
        amplitudes: ``alpha`` of every target.
        receive, transmit: steering vectors ``b`` and ``a``, one row per target.
        receive_slopes, transmit_slopes: their derivatives with respect to each kind of angle.
    """
    xp = array_namespace(amplitudes, receive, transmit, receive_slopes, transmit_slopes)
    transmit, transmit_slopes = xp.conj(transmit), xp.conj(transmit_slopes)
    responses = receive[..., :, :, None] * transmit[..., :, None, :]
    slopes = receive_slopes[..., :, :, None] * transmit[..., None, :, None, :]
    slopes = slopes + receive[..., None, :, :, None] * transmit_slopes[..., :, None, :]
    slopes = amplitudes[..., None, :, None, None] * slopes
    by_angle = slopes.reshape(*slopes.shape[:-4], -1, *slopes.shape[-2:])
    return xp.concatenate([by_angle, responses, 1j * responses], axis=-3)


def effective_information(
    information: Float[Any, "*batch parameter parameter"], wanted: int
) -> Float[Any, "*batch wanted wanted"]:
    """Information about the first ``wanted`` parameters when the others are unknown nuisances.

    Schur complement ``F_ww - F_wn F_nn^-1 F_nw``: its inverse is the block of ``F^-1``.
    """
    xp = array_namespace(information)
    cross = information[..., :wanted, wanted:]
    return information[..., :wanted, :wanted] - cross @ xp.linalg.solve(
        information[..., wanted:, wanted:], xp.swapaxes(cross, -1, -2)
    )


def cramer_rao_bounds(
    information: Float[Any, "*batch parameter parameter"], scale: Float[Any, "*#batch parameter"] | None = None
) -> Float[Any, "*batch parameter"]:
    """Least variances of unbiased estimates: the diagonal of ``F^-1``, in the squares of the parameters' units.

    The parameters are brought to unit information first, so that seconds and radians may stand side by side.

    Args:
        information: ``F``.
        scale: another unit for each parameter, as 1 over that unit. The result does not depend on it, so that a caller
            who differentiates may hand in ``sqrt(diag F)`` as a constant.
    """
    xp = array_namespace(information)
    inverse_unit = xp.sqrt(xp.diagonal(information, axis1=-2, axis2=-1)) if scale is None else xp.asarray(scale)
    correlation = information / (inverse_unit[..., :, None] * inverse_unit[..., None, :])
    return xp.diagonal(xp.linalg.inv(correlation), axis1=-2, axis2=-1) / inverse_unit**2


def array_information(
    derivatives: Complex[Any, "*#batch parameter antenna"],
    steering: Complex[Any, "*#batch antenna"],
    signal_to_noise: RealLike,
    *,
    amplitude_known: bool,
) -> Float[Any, "... parameter parameter"]:
    """Fisher information about the direction of one source of known waveform at an array.

    The array sees ``alpha b(parameters) s_l`` in noise, l = 1 .. L. With known ``alpha`` the information is
    ``2 SNR Re(D^H D)``, where D holds the derivatives of ``b``; with ``alpha`` an unknown complex constant it is
    ``2 SNR Re(D^H (I - b b^H / ||b||^2) D)``: the part along ``b`` cannot be told from a change of ``alpha``.

    Args:
        derivatives: derivatives of the steering vector, one row per parameter.
        steering: ``b`` itself.
        signal_to_noise: ``SNR = |alpha|^2 sum_l |s_l|^2 / sigma^2``, collected over all samples at one antenna.
        amplitude_known: whether ``alpha`` is known.
    """
    xp = array_namespace(derivatives, steering, signal_to_noise)
    products = xp.einsum("...pa,...qa->...pq", xp.conj(derivatives), derivatives)
    if not amplitude_known:
        along = xp.einsum("...pa,...a->...p", xp.conj(derivatives), steering)
        norm = xp.sum(xp.real(steering) ** 2 + xp.imag(steering) ** 2, axis=-1)
        products = products - along[..., :, None] * xp.conj(along)[..., None, :] / norm[..., None, None]
    return 2.0 * xp.asarray(signal_to_noise)[..., None, None] * xp.real(products)
