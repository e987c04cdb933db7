"""Numbers that a draw needs, once per configuration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from leoisac.foundation.axes import Leaf
from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.units import deg_to_rad, from_db, is_nothing
from leoisac.geometry.travel import Travel, travel_of
from leoisac.propagation.ageing import jakes_correlation
from leoisac.propagation.sky import Sky
from leoisac.systems.coexistence.config import CoexistenceConfig
from leoisac.systems.coexistence.spot_beams import beam_centres, beams_that_share
from leoisac.systems.coexistence.world.constellation import satellites_in_sight
from leoisac.systems.coexistence.world.ground import Direction, friis_length, noise_power, sky, sky_over_users


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "carrier_hz",
        "wavelength_m",
        "noise_power",
        "cell_radius_m",
        "min_distance_m",
        "sensing_radius_m",
        "clutter_radius_m",
        "cell_spacing_m",
        "bs_height_m",
        "user_height_m",
        "target_height_m",
        "altitude_m",
        "min_elevation",
        "friis_length_m",
        "satellite_gain",
        "half_power_angle",
        "shadowing_std_db",
        "sut_gain",
        "sut_side_gain",
        "sut_pointed_gain",
        "sut_threshold",
        "tut_gain",
        "radar_gain",
        "cluster_spread",
        "ray_spread",
        "ageing_rho",
        "target_rcs_m2",
        "clutter_rcs_m2",
        "footprint_radius_m",
        "sut_least_m",
        "sut_most_m",
        "target_least_m",
        "background_activity",
        "csi_error",
        "true_direction",
        "predicted_direction",
        "masts",
        "satellite_users",
        "users",
        "receivers",
        "target_places",
        "background",
        "beam_centres",
        "sharing",
        "others",
        "other_power",
        "least_aim_m",
        "most_aim_m",
        "sky",
        "travel",
        "weather",
    ],
    meta_fields=[
        "num_cells",
        "cells_per_beam",
        "num_users",
        "num_tx",
        "num_targets",
        "num_receivers",
        "num_rx",
        "clutter_per_target",
        "num_clusters",
        "num_rays",
        "bernoulli_los",
        "fluctuating",
        "monostatic",
        "num_candidates",
        "scheduling",
        "draws_masts",
        "sut_in_cell",
        "num_background",
        "side_lobes",
    ],
)
@dataclass(frozen=True)
class Geometry:
    """Numbers (SI, radians, linear but for ``_db``), and static sizes and model choices.

    Attributes:
        friis_length_m: wavelength over 2 pi or 4 pi; its square over the squared range is the free-space gain.
        sut_pointed_gain: gain of the satellite user towards the real satellite: main lobe, unless it points elsewhere.
        true_direction, predicted_direction: elevation, azimuth and range of a real satellite; ``None`` where it is
            drawn, and where the prediction is exact.
        sut_least_m, sut_most_m: between which distances the satellite user is drawn.
        masts, satellite_users, users, receivers, target_places, background: places that are given; ``None`` where they
            are drawn or follow a rule.
        beam_centres, sharing: centres of all footprints in one frame, and 1 where two beams share a colour; ``None``
            where they are perfectly separated.
        others: elevation, azimuth, range of other satellites at several instants (one if it is known), whether they are
            in sight, and their numbers. ``None`` without any.
        other_power, least_aim_m, most_aim_m: their power, and between which distances their beams point.
        side_lobes: whether spot beams have any (ITU-R S.1528).
        weather: power gain of a trial's links through the sky, which is no part of a beam's pattern.
    """

    carrier_hz: Leaf
    wavelength_m: Leaf
    noise_power: Leaf
    cell_radius_m: Leaf
    min_distance_m: Leaf
    sensing_radius_m: Leaf
    clutter_radius_m: Leaf
    cell_spacing_m: Leaf
    bs_height_m: Leaf
    user_height_m: Leaf
    target_height_m: Leaf
    altitude_m: Leaf
    min_elevation: Leaf
    friis_length_m: Leaf
    satellite_gain: Leaf
    half_power_angle: Leaf
    shadowing_std_db: Leaf
    sut_gain: Leaf
    sut_side_gain: Leaf
    sut_pointed_gain: Leaf
    sut_threshold: Leaf
    tut_gain: Leaf
    radar_gain: Leaf
    cluster_spread: Leaf
    ray_spread: Leaf
    ageing_rho: Leaf
    target_rcs_m2: Leaf
    clutter_rcs_m2: Leaf
    footprint_radius_m: Leaf
    sut_least_m: Leaf
    sut_most_m: Leaf
    target_least_m: Leaf | None  # None: drawn down to the mast
    background_activity: Leaf
    csi_error: Leaf | None  # None: no errors
    true_direction: Leaf | None  # (3,)
    predicted_direction: Leaf | None  # (3,)
    masts: Leaf | None  # (cells of a beam, 2), and so on: places that are given
    satellite_users: Leaf | None
    users: Leaf | None
    receivers: Leaf | None
    target_places: Leaf | None
    background: Leaf | None
    beam_centres: Leaf | None  # (beam, 2)
    sharing: Leaf | None  # (beam, beam)
    others: Leaf | None  # (instant, satellite, 5)
    other_power: Leaf
    least_aim_m: Leaf
    most_aim_m: Leaf
    num_cells: int
    cells_per_beam: int
    num_users: int
    num_tx: int
    num_targets: int
    num_receivers: int
    num_rx: int
    clutter_per_target: int
    num_clusters: int
    num_rays: int
    bernoulli_los: bool
    fluctuating: bool
    monostatic: bool
    num_candidates: int
    scheduling: str
    draws_masts: bool
    sut_in_cell: bool
    num_background: int
    side_lobes: bool
    sky: Sky | None = None
    travel: Travel | None = None  # of the users; None: they stay
    weather: Leaf | None = None  # None: clear sky


def prepare(config: CoexistenceConfig) -> Geometry:
    """Everything that is not random: a real satellite's direction (SGP4), and the configuration's numbers in SI."""
    over = sky(config)
    nearest = config.min_distance_m if config.sut_min_distance_m is None else config.sut_min_distance_m
    farthest = config.cell_radius_m if config.sut_placement == "cell" else config.footprint_radius_m
    if config.sut_distance_m is not None:
        nearest = farthest = config.sut_distance_m
    pointed_dbi, predicted = config.sut_gain_dbi, None
    if over is not None and over.true != over.predicted:
        # The satellite user points where the prediction says.
        astray = over.true.offset(over.predicted) > deg_to_rad(config.sut_threshold_deg)
        pointed_dbi = config.sut_side_gain_dbi if astray else config.sut_gain_dbi
        predicted = _triple(over.predicted)
    receivers, rx = config.receiver_shape
    numbers = {
        "carrier_hz": config.carrier_hz,
        "wavelength_m": SPEED_OF_LIGHT_M_S / config.carrier_hz,
        "noise_power": noise_power(config),
        "cell_radius_m": config.cell_radius_m,
        "min_distance_m": config.min_distance_m,
        "sensing_radius_m": config.sensing_radius_m,
        "clutter_radius_m": config.clutter_radius_m,
        "cell_spacing_m": config.cell_spacing_m,
        "bs_height_m": config.bs_height_m,
        "user_height_m": config.user_height_m,
        "target_height_m": config.target_height_m,
        "altitude_m": 1e3 * config.altitude_km,
        "min_elevation": deg_to_rad(config.min_elevation_deg),
        "friis_length_m": friis_length(config),
        "satellite_gain": from_db(config.satellite_gain_dbi),
        "half_power_angle": deg_to_rad(config.half_power_angle_deg),
        "shadowing_std_db": config.satellite_shadowing_db,
        "sut_gain": from_db(config.sut_gain_dbi),
        "sut_side_gain": from_db(config.sut_side_gain_dbi),
        "sut_pointed_gain": from_db(pointed_dbi),
        "sut_threshold": deg_to_rad(config.sut_threshold_deg),
        "tut_gain": from_db(config.tut_gain_dbi),
        "radar_gain": from_db(config.radar_gain_dbi),
        "cluster_spread": deg_to_rad(config.cluster_spread_deg),
        "ray_spread": deg_to_rad(config.ray_spread_deg),
        "ageing_rho": ageing_correlation(config),
        "target_rcs_m2": config.target_rcs_m2,
        "clutter_rcs_m2": config.clutter_rcs_m2,
        "footprint_radius_m": config.footprint_radius_m,
        "sut_least_m": nearest,
        "sut_most_m": farthest,
        "background_activity": config.background_activity,
        "other_power": 0.0 if config.other_satellites is None else config.other_satellites.power_w,
        "least_aim_m": 0.0 if config.other_satellites is None else config.other_satellites.least_aim_m,
        "most_aim_m": 0.0 if config.other_satellites is None else config.other_satellites.most_aim_m,
    }
    separate = config.frequency_reuse == 0
    given = {
        "masts": config.bs_positions_m,
        "satellite_users": config.sut_positions_m,
        "users": config.tut_positions_m,
        "receivers": config.receiver_positions_m,
        "target_places": config.target_positions_m,
        "background": config.background_positions_m,
        "target_least_m": config.target_min_distance_m or None,
        "beam_centres": None if separate else beam_centres(config),
        "sharing": None if separate else beams_that_share(config),
        "others": satellites_in_sight(config),
        "csi_error": None if is_nothing(config.csi_error_db) else float(from_db(config.csi_error_db)) ** 0.5,
    }
    return Geometry(
        **{name: jnp.asarray(value, dtype=jnp.float64) for name, value in numbers.items()},
        **{name: None if xy is None else jnp.asarray(xy, dtype=jnp.float64) for name, xy in given.items()},
        true_direction=None if over is None else _triple(over.true),
        predicted_direction=predicted,
        num_cells=config.num_cells,
        cells_per_beam=config.cells_per_beam,
        num_users=config.num_users,
        num_tx=config.num_tx,
        num_targets=config.num_targets,
        num_receivers=receivers,
        num_rx=rx,
        clutter_per_target=config.clutter_per_target,
        num_clusters=config.num_clusters,
        num_rays=config.num_rays,
        bernoulli_los=config.los_mode == "bernoulli",
        fluctuating=config.rcs_model == "swerling1",
        monostatic=config.monostatic,
        num_candidates=config.candidates,
        scheduling=config.scheduling,
        draws_masts=config.bs_placement == "drawn" and config.bs_positions_m is None,
        sut_in_cell=config.sut_placement == "cell" or config.sut_distance_m is not None,
        num_background=config.background_cells,
        side_lobes=config.beam_pattern == "s1528",
        sky=sky_over_users(config),
        travel=travel_of(config),
    )


def ageing_correlation(config: CoexistenceConfig) -> float:
    """Correlation of the fading between P1 and P3."""
    if config.ageing_model == "fixed":
        return config.ageing_rho
    return float(jakes_correlation(config.user_speed_m_s, config.carrier_hz, config.ageing_delay_s))


def _triple(direction: Direction) -> Any:
    return jnp.asarray([direction.elevation, direction.azimuth, direction.range_m], dtype=jnp.float64)
