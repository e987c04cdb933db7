"""Channels of one trial: where the users are, how their links fade, and the target's echo.

Every user has a key, so the sky of eight users contains that of four; arrays, powers, thresholds and cell sizes never
change a number that is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from jaxtyping import Array, Complex, Float

from leoisac.antennas.arrays import ArrayLayout, upa
from leoisac.antennas.steering import steering_vector
from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import Key, complex_normal, entity_keys, purpose_keys, standard_normal, uniforms
from leoisac.foundation.units import from_db, is_nothing
from leoisac.geometry.bistatic import departure_angles
from leoisac.geometry.travel import Travel, travel_of
from leoisac.propagation.free_space import free_space_gain, wavelength
from leoisac.propagation.rician import rician_fading
from leoisac.propagation.sky import Sky, sky_of
from leoisac.propagation.sky_draw import has_users, site_gain, user_keys, user_power_gain
from leoisac.propagation.travel import directions
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.model import Channels, Echo, Knowledge, Prediction
from leoisac.systems.bistatic_rsma.world.ground import Placement, place
from leoisac.systems.bistatic_rsma.world.interference import direct_doppler_hz, echo_doppler_hz
from leoisac.systems.bistatic_rsma.world.link import link_budget, noise_power, target_steering
from leoisac.systems.bistatic_rsma.world.prediction import beams_at, floors_at, prediction_of

_SHAPES: dict[str, tuple[int, ...]] = {"position": (2,), "fading": (2,), "echo": (3,)}
"""Uniform numbers of one entity: a user needs the first two purposes, the echo the third."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "satellite_m",
        "satellite_axes",
        "centre_m",
        "centre_axes",
        "ground_curvature",
        "coverage_radius_m",
        "users_m",
        "wavelength_m",
        "link_gain",
        "noise_power",
        "rician_factor",
        "target_steering",
        "gain_floor",
        "max_doppler_hz",
        "csi_error",
        "doppler_hz",
        "target_m",
        "prediction",
        "user_std_m",
        "sky",
        "elevation",
        "travel",
    ],
    meta_fields=["num_users", "layout", "uniform_area", "uncertain", "averaged"],
)
@dataclass(frozen=True)
class Geometry:
    """Numbers that a draw needs (SI, radians, linear), and its static sizes and model choices."""

    satellite_m: Leaf  # (3,)
    satellite_axes: Leaf  # (3, 3)
    centre_m: Leaf  # (3,)
    centre_axes: Leaf  # (3, 3)
    ground_curvature: Leaf
    coverage_radius_m: Leaf
    users_m: Leaf | None  # (user, 3)
    wavelength_m: Leaf
    link_gain: Leaf  # product of both antenna gains of a user's link
    noise_power: Leaf
    rician_factor: Leaf
    target_steering: Leaf  # (tx,)
    gain_floor: Leaf
    max_doppler_hz: Leaf
    doppler_hz: Leaf | None  # of the motion; None where it is drawn
    target_m: Leaf  # (3,)
    prediction: Prediction | None  # of a target or users whose places are not known exactly
    user_std_m: Leaf
    num_users: int
    layout: ArrayLayout
    uniform_area: bool
    uncertain: bool
    averaged: bool
    csi_error: Leaf | None = None  # variance relative to the channels; None where they are known
    sky: Sky | None = None
    elevation: Leaf | None = None  # of the satellite, where there is a sky
    travel: Travel | None = None  # of the users; None: they stay


def prepare(config: BistaticRsmaConfig) -> Geometry:
    """Everything that is not random: positions (SGP4 for a real pass), the radar link, the numbers in SI."""
    placement = place(config)
    numbers = {
        "ground_curvature": placement.ground_curvature,
        "coverage_radius_m": 0.5e3 * config.coverage_diameter_km,
        "wavelength_m": wavelength(config.carrier_hz, config.speed_of_light_m_s),
        "link_gain": from_db(config.satellite_gain_dbi + config.user_gain_dbi),
        "noise_power": noise_power(config),
        "rician_factor": from_db(config.fading_factor_db),
        "gain_floor": link_budget(config).gain_floor,
        "max_doppler_hz": config.max_doppler_hz,
        "target_m": placement.target_m,
        "user_std_m": config.user_position_std_m,
    }
    over = sky_of(config, placement.elevation)
    uncertain = config.position_std_m > 0.0 or config.user_position_std_m > 0.0
    return Geometry(
        satellite_m=jnp.asarray(placement.satellite_m),
        satellite_axes=jnp.asarray(placement.satellite_axes),
        centre_m=jnp.asarray(placement.centre_m),
        centre_axes=jnp.asarray(placement.centre_axes),
        users_m=None if placement.users_m is None else jnp.asarray(placement.users_m),
        target_steering=jnp.asarray(target_steering(config)),
        doppler_hz=_motion_doppler(config, placement),
        **{name: jnp.asarray(value, dtype=jnp.float64) for name, value in numbers.items()},
        num_users=config.num_users,
        layout=upa(*config.satellite_array),
        uniform_area=config.user_distribution == "uniform-area",
        csi_error=None if is_nothing(config.csi_error_db) else jnp.asarray(from_db(config.csi_error_db)),
        prediction=prediction_of(config) if uncertain else None,
        uncertain=uncertain,
        averaged=config.user_robustness == "statistical",
        sky=over,
        travel=travel_of(config),
        elevation=None if over is None else jnp.asarray(placement.elevation),
    )


def _motion_doppler(config: BistaticRsmaConfig, placement: Placement) -> Any:
    """Doppler shift of the echo, direct path's included, where it is that of the motion."""
    if not config.by_motion:
        return None
    return jnp.asarray(echo_doppler_hz(config) + direct_doppler_hz(config, placement))


def draw(geometry: Geometry, key: Key) -> Channels:
    """Channels of one trial. Pure and traceable; ``key`` is the trial's."""
    user, echo = purpose_keys(key, ("user", "echo"))
    # The echo is one more entity of the same program: a hash of the generator is slow to compile.
    entities = jnp.concatenate([entity_keys(user, geometry.num_users), echo[None]])
    numbers = jax.vmap(partial(uniforms, shapes=_SHAPES))(entities)
    users = geometry.users_m
    if users is None:
        users = _positions(geometry, numbers["position"][:-1])
    if geometry.travel is not None:
        along = directions(geometry.travel, key, geometry.num_users)
        users = users + geometry.travel.way_m * (along @ geometry.centre_axes[:2])
    if geometry.sky is not None:
        gain = _sky_gain(geometry, geometry.sky, key)
        geometry = replace(geometry, link_gain=geometry.link_gain * gain)
    steering, noise_ratio = user_channel_stats(geometry, users)
    return Channels(
        user_steering=steering,
        user_noise_ratio=noise_ratio,
        user_fading=rician_fading(standard_normal(numbers["fading"][:-1]), geometry.rician_factor),
        target_steering=geometry.target_steering,
        gain_floor=geometry.gain_floor,
        echo=_echo(geometry, numbers["echo"][-1]),
        known_steering=None if geometry.csi_error is None else _estimate(geometry.csi_error, key, steering),
        knowledge=_knowledge(geometry, key, users) if geometry.uncertain else None,
    )


def _sky_gain(geometry: Geometry, sky: Sky, key: Key) -> Float[Array, " user"]:
    """Power gain of every user's link by weather, surroundings and states of fading; the satellite knows it."""
    elevation = jnp.asarray(geometry.elevation)
    gain = jnp.full((geometry.num_users,), site_gain(sky, key, elevation))
    return gain * user_power_gain(sky, user_keys(key, geometry.num_users), elevation) if has_users(sky) else gain


def _knowledge(geometry: Geometry, key: Key, users_m: Float[Array, "user 3"]) -> Knowledge:
    """Where the satellite believes users and target to be: normal errors, from keys of their own."""
    assert geometry.prediction is not None
    (known,) = purpose_keys(key, ("knowledge",))
    entities = entity_keys(known, geometry.num_users + 1)  # the target first, so that it is the same for more users
    errors = jax.vmap(lambda one: standard_normal(uniforms(one, {"error": (3,)})["error"]))(entities)
    axes = geometry.centre_axes
    reported = users_m + geometry.user_std_m * (errors[1:, :2] @ axes[:2])
    steering, noise_ratio = user_channel_stats(geometry, reported)
    points = None
    if geometry.averaged:
        # Two points a side along each axis have the mean and the covariance of the error.
        offsets = geometry.user_std_m * math.sqrt(2.0) * jnp.concatenate([axes[:2], -axes[:2]])
        points, _ = jax.vmap(lambda shift: user_channel_stats(geometry, reported + shift), out_axes=1)(offsets)
    target = geometry.target_m + geometry.prediction.std_m * errors[0]
    return Knowledge(
        user_steering=steering,
        user_noise_ratio=noise_ratio,
        user_points=points,
        target_m=target,
        target_steering=beams_at(geometry.prediction, target),
        gain_floor=floors_at(geometry.prediction, target),
    )


def _estimate(csi_error: Leaf, key: Key, steering: Complex[Array, "user tx"]) -> Complex[Array, "user tx"]:
    """Steering vectors with independent errors ``CN(0, sigma_e^2)`` of their entries."""
    users = entity_keys(purpose_keys(key, ("channel errors",))[0], steering.shape[0])
    numbers = jax.vmap(partial(uniforms, shapes={"error": (steering.shape[1], 2)}))(users)
    return steering + jnp.sqrt(csi_error) * complex_normal(numbers["error"])


def user_channel_stats(
    geometry: Geometry, users_m: Float[Array, "user 3"]
) -> tuple[Complex[Array, "user tx"], Float[Array, " user"]]:
    """What the satellite knows about users at given places: steering vectors and noise-to-gain ratios.

    ``rho_k = sigma^2 / gamma_k`` in W with the mean path gain ``gamma_k = G_sat G_ut (lambda / (4 pi d_k))^2``.
    """
    azimuth, off_nadir = departure_angles(geometry.satellite_m, users_m, geometry.satellite_axes)
    steering = steering_vector(jnp.asarray(geometry.layout.positions), azimuth, 0.5 * math.pi - off_nadir)
    distance = jnp.linalg.norm(users_m - geometry.satellite_m, axis=-1)
    gain = geometry.link_gain * free_space_gain(distance, geometry.wavelength_m)
    return steering, geometry.noise_power / gain


def _positions(geometry: Geometry, uniform: Float[Array, "user 2"]) -> Float[Array, "user 3"]:
    """Users in the disc, on ground that falls away from its centre as the Earth does."""
    share = jnp.sqrt(uniform[:, 0]) if geometry.uniform_area else uniform[:, 0]
    radius, azimuth = geometry.coverage_radius_m * share, 2.0 * math.pi * uniform[:, 1]
    fall = -geometry.ground_curvature * radius**2
    local = jnp.stack([radius * jnp.cos(azimuth), radius * jnp.sin(azimuth), fall], axis=-1)
    return geometry.centre_m + jnp.sum(local[:, :, None] * geometry.centre_axes, axis=1)


def _echo(geometry: Geometry, uniform: Float[Array, "3"]) -> Any:
    return Echo(
        doppler_hz=geometry.max_doppler_hz * (2.0 * uniform[0] - 1.0)
        if geometry.doppler_hz is None
        else geometry.doppler_hz,
        phase=2.0 * math.pi * uniform[1],
        seed=jnp.floor(uniform[2] * 2.0**52),
    )
