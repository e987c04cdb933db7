"""Channels of one trial: satellite links by orbit geometry, pattern and rain; terrestrial links by a few paths.

Every receiver has a key and every purpose its own numbers, so the sky of eight users contains that of four, and more
antennas, feeds or power never change a path.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.antennas.aperture import aperture_gain
from leoisac.antennas.arrays import ArrayLayout, upa
from leoisac.antennas.satellite_patterns import s1528_leo_gain_dbi
from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import (
    Key,
    complex_normal,
    entity_keys,
    purpose_keys,
    standard_normal,
    uniforms,
)
from leoisac.foundation.units import dbm_to_w, deg_to_rad, from_db, is_nothing
from leoisac.geometry.travel import Travel, travel_of
from leoisac.propagation.feed_phase import normal_feed_phase, uniform_feed_phase
from leoisac.propagation.free_space import free_space_amplitude_gain, wavelength
from leoisac.propagation.rain import gas_gain, gaussian_db_rain_gain, lognormal_db_rain_gain
from leoisac.propagation.sky import Sky, has_weather
from leoisac.propagation.sky_draw import fading_amplitude, has_users, site_gain, surroundings_gain, user_keys
from leoisac.propagation.terrestrial import log_distance_path_loss_db, saleh_valenzuela
from leoisac.propagation.travel import directions, within_square
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.model import Channels, EstimatedChannels, UnitErrors
from leoisac.systems.self_backhaul.world.feed import aperture_of
from leoisac.systems.self_backhaul.world.ground import place
from leoisac.systems.self_backhaul.world.surroundings import elevation, gas_loss_db, scintillation_loss_db, sky

Numbers = dict[str, Any]

_POSITION_CANDIDATES = 8
"""Tries for a user outside the base station's near zone; all fail with a probability below 1e-19 at the defaults."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "satellite_m",
        "feed_centres_m",
        "bs_m",
        "side_m",
        "min_distance_m",
        "carrier_hz",
        "intercept_db",
        "exponent",
        "shadowing_std_db",
        "max_gain_dbi",
        "half_power_angle",
        "far_lobe_dbi",
        "doppler_gain",
        "es_gain",
        "user_gain",
        "gas_gain",
        "rain_mean",
        "rain_std",
        "feed_phase_std",
        "noise_power",
        "sky",
        "elevation",
        "aperture",
        "travel",
    ],
    meta_fields=["num_users", "num_paths", "bs_layout", "rain_model", "feed_phase", "array_gain", "noisy", "normal"],
)
@dataclass(frozen=True)
class Geometry:
    """Numbers that a draw needs (SI, radians, linear but for ``_db``), and its static sizes and model choices."""

    satellite_m: Leaf  # (3,)
    feed_centres_m: Leaf  # (feed, 3)
    bs_m: Leaf  # (2,)
    side_m: Leaf
    min_distance_m: Leaf
    carrier_hz: Leaf
    intercept_db: Leaf
    exponent: Leaf
    shadowing_std_db: Leaf
    max_gain_dbi: Leaf
    half_power_angle: Leaf
    far_lobe_dbi: Leaf
    doppler_gain: Leaf
    es_gain: Leaf
    user_gain: Leaf
    gas_gain: Leaf
    rain_mean: Leaf
    rain_std: Leaf
    feed_phase_std: Leaf
    noise_power: Leaf
    num_users: int
    num_paths: int
    bs_layout: ArrayLayout
    rain_model: str
    feed_phase: str
    array_gain: bool
    noisy: bool
    normal: bool
    sky: Sky | None = None
    elevation: Leaf | None = None  # of the satellite, where there is a sky
    aperture: Leaf | None = None  # (2,): radius of a feed in wavelengths, peak gain; None: S.1528
    travel: Travel | None = None  # of the users; None: they stay


def prepare(config: SelfBackhaulConfig) -> Geometry:
    """Everything that is not random: positions (SGP4 for a real pass) and the configuration's numbers in SI."""
    placement = place(config)
    numbers = {
        "side_m": config.area_side_m,
        "min_distance_m": config.min_distance_m,
        "carrier_hz": config.carrier_hz,
        "intercept_db": config.path_loss_intercept_db,
        "exponent": config.path_loss_exponent,
        "shadowing_std_db": config.shadowing_std_db,
        "max_gain_dbi": config.max_gain_dbi,
        "half_power_angle": deg_to_rad(config.half_power_angle_deg),
        "far_lobe_dbi": config.far_lobe_dbi,
        "doppler_gain": config.doppler_gain,
        "es_gain": from_db(config.es_gain_dbi),
        "user_gain": from_db(config.user_gain_dbi),
        "gas_gain": gas_gain(gas_loss_db(config, placement) + scintillation_loss_db(config, placement)),
        "rain_mean": config.rain_mean_db,
        "rain_std": config.rain_std_db,
        "feed_phase_std": deg_to_rad(config.feed_phase_std_deg),
        "noise_power": dbm_to_w(config.noise_power_dbm),
    }
    over = sky(config, placement)
    return Geometry(
        satellite_m=jnp.asarray(placement.satellite_m),
        feed_centres_m=jnp.asarray(placement.feed_centres_m),
        bs_m=jnp.asarray(placement.bs_m),
        **{name: jnp.asarray(value, dtype=jnp.float64) for name, value in numbers.items()},
        num_users=config.num_users,
        num_paths=config.num_paths,
        bs_layout=upa(*config.bs_array),
        rain_model=config.rain_model,
        feed_phase=config.feed_phase,
        array_gain=config.array_gain,
        noisy=config.estimate == "noisy" or not is_nothing(config.csi_error_db),
        normal=not is_nothing(config.csi_error_db),
        sky=over,
        aperture=aperture_of(config),
        travel=travel_of(config),
        elevation=None if over is None else jnp.asarray(elevation(placement)),
    )


def draw(geometry: Geometry, key: Key) -> Channels:
    """Channels of one trial. Pure and traceable; ``key`` is the trial's."""
    user, earth_station = purpose_keys(key, ("user", "earth-station"))
    # The Earth Station is one more receiver, in the corner (0, 0): the same program draws its channels.
    receivers = jnp.concatenate([entity_keys(user, geometry.num_users), earth_station[None]])
    numbers = jax.vmap(partial(uniforms, shapes=_shapes(geometry)))(receivers)
    is_user = jnp.arange(geometry.num_users + 1) < geometry.num_users
    receive_gain = jnp.where(is_user, geometry.user_gain, geometry.es_gain)
    positions = jnp.where(is_user[:, None], jax.vmap(partial(_position, geometry))(numbers["position"]), 0.0)
    if geometry.travel is not None:
        along = directions(geometry.travel, key, geometry.num_users)
        moved = within_square(geometry.travel, positions[:-1], along, geometry.side_m)
        positions = jnp.concatenate([moved, positions[-1:]])
    h = jax.vmap(partial(_terrestrial_channel, geometry))(numbers, positions)
    g = jax.vmap(partial(_satellite_channel, geometry))(numbers, positions, receive_gain)
    if geometry.sky is not None:
        g = _under_the_sky(geometry, geometry.sky, key, g)
    known = Channels(h_users=h[:-1], h_es=h[-1], g_users=g[:-1], g_es=g[-1], noise_power=geometry.noise_power)
    return EstimatedChannels(**vars(known), errors=_errors(key, h, g, geometry.normal)) if geometry.noisy else known


def _errors(
    key: Key, h: Complex[Array, "receiver bs_antenna"], g: Complex[Array, "receiver feed"], normal: bool
) -> UnitErrors:
    """One for every channel: points of the unit ball, uniform over its volume, or normal ones of unit power."""
    bs, satellite = purpose_keys(key, ("bs-channel-error", "satellite-channel-error"))

    def points(key: Key, like: Any) -> Any:
        count, size = like.shape

        def one(entity: Key) -> Any:
            drawn = uniforms(entity, {"direction": (size, 2), "length": ()})
            direction = complex_normal(drawn["direction"])
            if normal:
                return direction / np.sqrt(size)
            return direction / jnp.linalg.norm(direction) * drawn["length"] ** (0.5 / size)

        return jax.vmap(one)(entity_keys(key, count))

    at_bs, at_satellite = points(bs, h), points(satellite, g)
    return UnitErrors(at_bs[:-1], at_bs[-1], at_satellite[:-1], at_satellite[-1])


def _shapes(geometry: Geometry) -> dict[str, tuple[int, ...]]:
    """Uniform numbers that one receiver needs, by purpose."""
    return {
        "position": (_POSITION_CANDIDATES, 2),
        "shadowing": (),
        "path-direction": (geometry.num_paths, 2),
        "path-gain": (geometry.num_paths, 2),
        "rain": (),
        "feed-phase": (geometry.feed_centres_m.shape[0],),
    }


def _position(geometry: Geometry, uniform: Float[Array, "candidate 2"]) -> Float[Array, "2"]:
    """Uniform in the square, but not nearer to the base station than ``min_distance_m``: the first of some tries."""
    tries = geometry.side_m * uniform
    far_enough = jnp.linalg.norm(tries - geometry.bs_m, axis=-1) >= geometry.min_distance_m
    return tries[jnp.argmax(far_enough)]


def _terrestrial_channel(geometry: Geometry, numbers: Numbers, position: Float[Array, "2"]) -> Complex[Array, " n"]:
    """Base station to one receiver: log-distance path loss with shadowing; few paths, the first one geometric."""
    offset = position - geometry.bs_m
    distance = jnp.linalg.norm(offset)
    if geometry.travel is not None:  # a way may lead past the mast
        distance = jnp.maximum(distance, geometry.min_distance_m)
    path_loss_db = log_distance_path_loss_db(
        distance,
        geometry.carrier_hz,
        intercept_db=geometry.intercept_db,
        exponent=geometry.exponent,
        shadowing_db=geometry.shadowing_std_db * standard_normal(numbers["shadowing"]),
    )
    turn = 2.0 * numbers["path-direction"] - 1.0
    first = jnp.arange(geometry.num_paths) == 0
    return saleh_valenzuela(
        from_db(-path_loss_db),
        complex_normal(numbers["path-gain"]),
        jnp.where(first, jnp.arctan2(offset[1], offset[0]), math.pi * turn[:, 0]),
        jnp.where(first, 0.0, math.pi / 6 * turn[:, 1]),
        jnp.asarray(geometry.bs_layout.positions),
        array_gain=geometry.array_gain,
    )


def _satellite_channel(
    geometry: Geometry, numbers: Numbers, position: Float[Array, "2"], receive_gain: Float[Array, ""]
) -> Complex[Array, " feed"]:
    """Every feed to one receiver on the ground: free space, gases, rain, feed pattern, feed phases."""
    down = jnp.append(position, 0.0) - geometry.satellite_m
    off_axis = _angle(down, geometry.feed_centres_m - geometry.satellite_m)
    pattern = _feed_pattern(geometry, off_axis)
    rain_model = gaussian_db_rain_gain if geometry.rain_model == "gaussian_db" else lognormal_db_rain_gain
    rain: Any = rain_model(standard_normal(numbers["rain"]), geometry.rain_mean, geometry.rain_std)
    if has_weather(geometry.sky):
        rain = 1.0  # of the site, for all of its links
    free_space = free_space_amplitude_gain(jnp.linalg.norm(down), wavelength(geometry.carrier_hz))
    amplitude = free_space * jnp.sqrt(receive_gain * geometry.gas_gain * rain * pattern)
    amplitude = amplitude * jnp.sqrt(geometry.doppler_gain)
    return amplitude * jnp.exp(1j * _feed_phases(geometry, numbers["feed-phase"]))


def _under_the_sky(
    geometry: Geometry, sky: Sky, key: Key, g: Complex[Array, "receiver feed"]
) -> Complex[Array, "receiver feed"]:
    """Satellite channels with the site's weather, users' with what stands around them; the Earth Station is free."""
    elevation = jnp.asarray(geometry.elevation)
    if has_weather(sky):
        g = g * jnp.sqrt(site_gain(sky, key, elevation))
    if not has_users(sky):
        return g
    keys = user_keys(key, geometry.num_users)
    users = g[:-1]
    if sky.surroundings is not None:
        users = users * jnp.sqrt(surroundings_gain(sky, keys, elevation))[:, None]
    if sky.states is not None:
        users = users * fading_amplitude(sky, keys)[:, None]
    return jnp.concatenate([users, g[-1:]])


def _feed_pattern(geometry: Geometry, off_axis: Float[Array, " feed"]) -> Float[Array, " feed"]:
    """Power gain of every feed (``world.feed.feed_gain``)."""
    if geometry.aperture is not None:
        radius, peak = jnp.asarray(geometry.aperture)
        return peak * aperture_gain(off_axis, radius)
    return from_db(
        s1528_leo_gain_dbi(
            off_axis, geometry.max_gain_dbi, geometry.half_power_angle, far_out_dbi=geometry.far_lobe_dbi
        )
    )


def _feed_phases(geometry: Geometry, uniform: Float[Array, " feed"]) -> Float[Array, " feed"]:
    if geometry.feed_phase == "uniform":
        return uniform_feed_phase(uniform)
    return normal_feed_phase(standard_normal(uniform), geometry.feed_phase_std)


def _angle(vector: Float[Array, "3"], others: Float[Array, "feed 3"]) -> Float[Array, " feed"]:
    """Angles between one vector and several; exact near zero, where the arc cosine is not."""
    cross = jnp.linalg.norm(jnp.cross(others, vector[None, :]), axis=-1)
    return jnp.arctan2(cross, others @ vector)
