"""Which spot beams stand where on the ground, and which of them share a colour of the band. NumPy only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float, Int

_STEPS = ((1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1))
"""Neighbours of a place of the hexagonal lattice, in axial coordinates."""


def hexagonal_places(count: int) -> Int[np.ndarray, "beam 2"]:
    """Axial coordinates of the first places of a hexagonal lattice: the centre, then ring after ring around it."""
    places = [(0, 0)]
    ring = 1
    while len(places) < count:
        column, row = ring * _STEPS[4][0], ring * _STEPS[4][1]
        for step in _STEPS:
            for _ in range(ring):
                places.append((column, row))
                column, row = column + step[0], row + step[1]
        ring += 1
    return np.array(places[:count])


def hexagonal_centres(places: Int[np.ndarray, "beam 2"], spacing_m: float) -> Float[np.ndarray, "beam 2"]:
    """Metres from the centre of the lattice; neighbours are ``spacing_m`` apart."""
    column, row = np.asarray(places, dtype=float).T
    return spacing_m * np.stack([column + 0.5 * row, 0.5 * math.sqrt(3.0) * row], axis=-1)


def hexagonal_colours(places: Int[np.ndarray, "beam 2"], reuse: int) -> Int[np.ndarray, " beam"]:
    """Colours such that the nearest beam of the same one is ``sqrt(reuse)`` spacings away.

    Raises:
        ValueError: for a reuse that is not 1, 3 or 4.
    """
    column, row = np.asarray(places).T
    if reuse == 1:
        return np.zeros(len(places), dtype=int)
    if reuse == 3:
        return (column - row) % 3
    if reuse == 4:
        return column % 2 + 2 * (row % 2)
    raise ValueError(f"reuse = {reuse}: must be 1, 3 or 4.")


def spread_colours(centres_m: Float[np.ndarray, "beam 2"], reuse: int) -> Int[np.ndarray, " beam"]:
    """Colours of beams anywhere: one after the other, each takes the colour whose nearest beam is farthest away."""
    colours = list[int]()
    for place in np.asarray(centres_m, dtype=float):
        nearest = np.full(reuse, np.inf)
        for other, colour in zip(centres_m, colours, strict=False):
            nearest[colour] = min(nearest[colour], math.dist(place, other))
        colours.append(int(np.argmax(nearest)))
    return np.array(colours, dtype=int)


def beam_centres(config: Any) -> Float[np.ndarray, "beam 2"]:
    """Centres of the footprints of all beams, m from that of the first one (or as they are given)."""
    if config.beam_positions_m is not None:
        return np.array(config.beam_positions_m, dtype=float)
    spacing = config.beam_spacing_m
    if spacing is None:
        spacing = math.sqrt(3.0) * config.footprint_radius_m
    return hexagonal_centres(hexagonal_places(config.num_beams), spacing)


def beams_that_share(config: Any) -> Float[np.ndarray, "beam beam"]:
    """1 where two beams transmit in the same colour, 0 elsewhere and on the diagonal."""
    reuse = config.frequency_reuse
    if config.beam_positions_m is not None:
        colours = spread_colours(beam_centres(config), reuse)
    else:
        colours = hexagonal_colours(hexagonal_places(config.num_beams), reuse)
    same = colours[:, None] == colours[None, :]
    return np.where(same & ~np.eye(len(colours), dtype=bool), 1.0, 0.0)


__all__ = [
    "beam_centres",
    "beams_that_share",
    "hexagonal_centres",
    "hexagonal_colours",
    "hexagonal_places",
    "spread_colours",
]
