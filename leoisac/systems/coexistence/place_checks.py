"""What a configuration's places must keep to."""

from __future__ import annotations

import itertools
import math
from typing import Any


def check_places(config: Any) -> None:
    """Refuse places that contradict each other or the model.

    Args:
        config: a ``CoexistenceConfig``, which calls this while it is made.

    Raises:
        ValueError: naming the field.
    """
    wanted = {
        "bs_positions_m": config.cells_per_beam,
        "sut_positions_m": config.num_beams,
        "tut_positions_m": config.candidates,
        "receiver_positions_m": config.num_receivers,
        "target_positions_m": config.num_targets,
        "background_positions_m": config.background_cells,
        "beam_positions_m": config.num_beams,
    }
    for name, count in wanted.items():
        given = getattr(config, name)
        if given is not None and len(given) != count:
            raise ValueError(f"{name}: has {len(given)} places, and there are {count}; give one (x, y) for each")
    if config.monostatic and config.receiver_positions_m is not None:
        raise ValueError("receiver_positions_m: a monostatic receiver stands at the mast; leave them out")
    least = config.min_distance_m if config.sut_min_distance_m is None else config.sut_min_distance_m
    most = config.cell_radius_m if config.sut_placement == "cell" else config.footprint_radius_m
    if config.sut_distance_m is not None and config.sut_positions_m is not None:
        raise ValueError("sut_distance_m: sut_positions_m says where the satellite users stand; leave one out")
    if config.sut_positions_m is None and config.sut_distance_m is None and least >= most:
        raise ValueError(
            f"sut_min_distance_m = {least:g} must be below the {most:g} m within which the satellite user is drawn"
        )
    if config.target_positions_m is None and config.target_min_distance_m >= config.sensing_radius_m:
        raise ValueError(
            f"target_min_distance_m = {config.target_min_distance_m:g} must be below sensing_radius_m = "
            f"{config.sensing_radius_m:g}"
        )
    if (
        config.background_cells
        and config.background_positions_m is None
        and (config.cell_spacing_m >= config.footprint_radius_m)
    ):
        raise ValueError(
            f"cell_spacing_m = {config.cell_spacing_m:g} must be below footprint_radius_m = "
            f"{config.footprint_radius_m:g}: the background is drawn between them"
        )
    if config.cells_per_beam == 1:
        return
    if config.target_height_m <= 1.0:
        raise ValueError(
            f"target_height_m = {config.target_height_m:g} must exceed the environment height of 1 m of the "
            "path-loss model, by which radar receivers hear the other cells of a beam"
        )
    spacing = _least_spacing_m(config)
    if spacing < 2.0 * config.cell_radius_m:
        field = "cell_spacing_m" if config.bs_positions_m is None else "bs_positions_m"
        raise ValueError(
            f"{field}: cells of one beam are {spacing:g} m apart; they must be at least twice cell_radius_m = "
            f"{config.cell_radius_m:g} apart, or their echoes mix, which is not modelled"
        )


def _least_spacing_m(config: Any) -> float:
    if config.bs_positions_m is None:
        return config.cell_spacing_m
    return min(math.dist(one, other) for one, other in itertools.combinations(config.bs_positions_m, 2))


__all__ = ["check_places"]
