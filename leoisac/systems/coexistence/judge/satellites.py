"""What the serving satellite's other beams and other satellites put on the receivers of a cell, for given powers.

Both are known noise to who designs a cell: the first follow from the powers of the beams, the second from nothing that
is designed here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from jaxtyping import Array, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jnp
from leoisac.systems.coexistence.model import Channels


class FromSatellites(NamedTuple):
    """Powers in W, and columns whose outer products add up to a covariance in W."""

    at_tut: Leaf  # (cell, user)
    at_sut: Leaf  # (cell), of other beams and satellites
    at_sut_of_beams: Leaf  # (cell), of other beams alone
    at_radar: Leaf  # (cell, receiver, column, rx)


def from_satellites(channels: Channels, beam_power: Float[Array, " beam"]) -> FromSatellites | None:
    """Everything but the own beam, at given powers of the spot beams, W; ``None`` where there is nothing of it."""
    beams, others = channels.other_beams, channels.other_satellites
    if beams is None and others is None:
        return None
    cells, users = channels.g_tut.shape
    at_tut, at_sut, of_beams = jnp.zeros((cells, users)), jnp.zeros(cells), jnp.zeros(cells)
    columns = list[Array]()
    if beams is not None:
        at_tut = jnp.einsum("mbk,b->mk", beams.to_tut, beam_power)
        at_sut = of_beams = jnp.asarray(beams.to_sut) @ beam_power
        columns.append(beams.to_radar * jnp.sqrt(beam_power)[:, None])
    if others is not None:
        at_tut, at_sut = at_tut + others.at_tut, at_sut + others.at_sut
        columns.append(jnp.asarray(others.at_radar))
    return FromSatellites(at_tut, at_sut, of_beams, jnp.concatenate(columns, axis=2))


def at_satellite_users_alone(channels: Channels) -> Channels:
    """The same channels where neither other beams nor other satellites reach the terrestrial network."""
    beams, others = channels.other_beams, channels.other_satellites
    if beams is not None:
        beams = replace(beams, to_tut=jnp.zeros_like(beams.to_tut), to_radar=jnp.zeros_like(beams.to_radar))
    if others is not None:
        others = replace(others, at_tut=jnp.zeros_like(others.at_tut), at_radar=jnp.zeros_like(others.at_radar))
    return replace(channels, other_beams=beams, other_satellites=others)


__all__ = ["FromSatellites", "at_satellite_users_alone", "from_satellites"]
