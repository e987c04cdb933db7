"""Other beams of the satellite and other satellites as noise that whoever designs a cell knows.

A cell in units of that noise is a cell without any: the programs of all routes stay as they are. What other satellites
do is fixed; other beams have powers that are designed, too, and designs assume some (``OtherBeams.share``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jnp
from leoisac.systems.coexistence.judge.satellites import from_satellites
from leoisac.systems.coexistence.model import Channels, Parameters


class KnownNoise(NamedTuple):
    """Noise with what other beams and satellites add, over that of a receiver alone, at assumed powers."""

    tut: Leaf  # (cell, user)
    sut: Leaf  # (cell)
    lower: Leaf  # (cell, target, rx, rx), Cholesky factor of the covariance at the receiver of every target

    def whitened_matrices(self, matrices: Complex[Array, "cell cell_from target rx tx"]) -> Any:
        """From other cells to the receiver of every target, in units of its noise."""
        return jnp.linalg.solve(self.lower[:, None], matrices)

    def whitened(self, columns: Complex[Array, "cell target column rx"]) -> Any:
        """At the receiver of every target, in units of its noise."""
        return jnp.swapaxes(jnp.linalg.solve(self.lower, jnp.swapaxes(columns, -1, -2)), -1, -2)


def known_noise(parameters: Parameters, channels: Channels, association: Any) -> KnownNoise | None:
    """``None`` where neither other beams nor other satellites are heard."""
    further = from_satellites(channels, assumed_power(parameters, channels))
    if further is None:
        return None
    noise = channels.noise_power
    cells = jnp.arange(association.shape[0])[:, None]
    columns = (further.at_radar / jnp.sqrt(noise)[:, None, None, None])[cells, association]
    covariance = jnp.einsum("micr,mics->mirs", columns, jnp.conj(columns)) + jnp.eye(columns.shape[-1])
    return KnownNoise(
        1.0 + further.at_tut / noise[:, None], 1.0 + further.at_sut / noise, jnp.linalg.cholesky(covariance)
    )


def assuming(channels: Channels, share: Any) -> Channels:
    """Channels whose designs take the powers of all beams for these shares of the satellite's: (trial, beam)."""
    if channels.other_beams is None:
        return channels
    return replace(channels, other_beams=replace(channels.other_beams, share=np.asarray(share)))


def assumed_power(parameters: Parameters, channels: Channels) -> Any:
    """What designs take the powers of all beams for, W."""
    if channels.other_beams is None:
        return jnp.zeros(1)
    return parameters.satellite_power * channels.other_beams.share


__all__ = ["KnownNoise", "assumed_power", "assuming", "known_noise"]
