r"""Receive filters of least mean square error in the cells of one beam, and the errors of a design behind any filters.

``cell_program.best_filters`` and ``filter_errors`` with what cells hear of each other: J. Jee, J. G. Andrews,
arXiv:2511.15947, (34)-(39) for the broadcast channel of footnote 2, for which the paper has no equations.
"""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.systems.coexistence.problem.beam_program import BeamProblem
from leoisac.systems.coexistence.problem.cell_program import Filters, echo_covariances, echo_signals, received

Beams = Complex[Array, "cell tx stream"]


class BeamErrors(NamedTuple):
    """Mean square errors of the unit-power symbols behind the receive filters."""

    tut: Leaf  # (cell, user)
    sut: Leaf  # ()
    target: Leaf  # (cell, target)


class _Heard(NamedTuple):
    """Amplitudes and covariances at the receivers of all cells, own ones and those of others."""

    tut: Leaf  # (cell, user, stream), of the own base station
    tut_others: Leaf  # (cell, user), power of the others
    sut: Leaf  # (), power of all
    signal: Leaf  # (cell, target, rx)
    covariance: Leaf  # (cell, target, rx, rx), of everything but the signal


def beam_filters(problem: BeamProblem, beamformer: Beams, q: Float[Array, ""] | float) -> Filters:
    """Filters of least error, a leading cell axis on those of users and targets. Traceable."""
    heard, cells = _heard(problem, beamformer, q), problem.cells
    users = heard.tut.shape[1]
    total = jnp.sum(jnp.abs(heard.tut) ** 2, axis=2) + heard.tut_others + cells.g_tut * q**2 + 1.0
    wanted = jnp.diagonal(heard.tut[:, :, :users], axis1=1, axis2=2)
    g_sut = cells.g_sut[0]
    with_signal = heard.covariance + heard.signal[..., :, None] * jnp.conj(heard.signal[..., None, :])
    return Filters(
        tut=jnp.conj(wanted) / total,
        sut=jnp.sqrt(g_sut) * q / (heard.sut + g_sut * q**2 + 1.0),
        target=jnp.conj(jnp.linalg.solve(with_signal, heard.signal[..., None])[..., 0]),
    )


def beam_errors(problem: BeamProblem, beamformer: Beams, q: Float[Array, ""] | float, filters: Filters) -> BeamErrors:
    """Errors of a design behind any filters; ``1 / (1 + SINR)`` behind the best ones. Traceable."""
    heard, cells = _heard(problem, beamformer, q), problem.cells
    users, streams = heard.tut.shape[1:]
    tut = filters.tut[..., None] * heard.tut - jnp.eye(users, streams)
    noise = heard.tut_others + cells.g_tut * q**2 + 1.0
    echo = jnp.sum(filters.target * heard.signal, axis=-1)
    disturbing = jnp.real(jnp.einsum("cir,cirt,cit->ci", filters.target, heard.covariance, jnp.conj(filters.target)))
    return BeamErrors(
        tut=jnp.sum(jnp.abs(tut) ** 2, axis=2) + jnp.abs(filters.tut) ** 2 * noise,
        sut=(1.0 - filters.sut * jnp.sqrt(cells.g_sut[0]) * q) ** 2 + filters.sut**2 * (heard.sut + 1.0),
        target=jnp.abs(1.0 - echo) ** 2 + disturbing,
    )


def _heard(problem: BeamProblem, beamformer: Beams, q: Float[Array, ""] | float) -> _Heard:
    at = jax.vmap(received)(problem.cells, beamformer)
    others = jnp.einsum("cfkt,fts->cfks", problem.cross_tut, beamformer)
    echoes = jnp.einsum("cfirt,fts->cfirs", problem.cross_radar, beamformer)
    own = jax.vmap(lambda cell, one: echo_covariances(cell, one, q))(problem.cells, at)
    return _Heard(
        tut=at.tut,
        tut_others=jnp.sum(jnp.abs(others) ** 2, axis=(1, 3)),
        sut=jnp.sum(jnp.abs(at.sut) ** 2),
        signal=jax.vmap(echo_signals)(problem.cells, at),
        covariance=own + jnp.einsum("cfirs,cfits->cirt", echoes, jnp.conj(echoes)),
    )


__all__ = ["BeamErrors", "beam_errors", "beam_filters"]
