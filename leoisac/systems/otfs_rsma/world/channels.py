"""Channels of one trial: gains of all paths, and the seeds of what is random beside them.

Every path of every user has a key of its own and its antennas are counted rows, so that the sky of more users, paths or
antennas contains that of fewer. Delays, Doppler shifts, grid, powers and thresholds change no number that is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import Key, complex_normal, entity_keys, purpose_keys, uniforms
from leoisac.foundation.units import from_db, is_nothing
from leoisac.propagation.sky import Sky
from leoisac.propagation.sky_draw import fading_amplitude, has_users, site_gain, surroundings_gain, user_keys
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig
from leoisac.systems.otfs_rsma.model import Channels
from leoisac.systems.otfs_rsma.world.link import elevation, sky_over_users, user_places


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["rician_factor", "user_amplitudes", "correlation", "sky", "elevation"],
    meta_fields=["n_users", "n_tx", "n_paths"],
)
@dataclass(frozen=True)
class Geometry:
    """Numbers that a draw needs.

    Attributes:
        rician_factor: power of the first path's constant part over that of its random part.
        n_users, n_tx, n_paths: sizes.
        user_amplitudes: of every user's link, relative to that of the site; ``None`` where all are alike.
        correlation: of every user's gains with the first user's; ``None``: none.
        sky, elevation: what links meet on their way, and the satellite's elevation there; ``None``: nothing.
    """

    rician_factor: Leaf
    n_users: int
    n_tx: int
    n_paths: int
    user_amplitudes: Leaf | None = None
    correlation: Leaf | None = None
    sky: Sky | None = None
    elevation: Leaf | None = None


def prepare(config: OtfsRsmaConfig) -> Geometry:
    """Everything that is not random."""
    factor = 0.0 if is_nothing(config.rician_factor_db) else from_db(config.rician_factor_db)
    places = user_places(config)
    over = sky_over_users(config)
    return Geometry(
        rician_factor=jnp.asarray(factor, dtype=jnp.float64),
        n_users=config.n_users,
        n_tx=config.n_tx,
        n_paths=len(config.path_delays),
        user_amplitudes=None if places is None else jnp.asarray(places.amplitude),
        correlation=jnp.asarray(config.user_correlation) if config.user_correlation > 0.0 else None,
        sky=over,
        elevation=None if over is None else jnp.asarray(elevation(config)),
    )


def draw(geometry: Geometry, key: Key) -> Channels:
    """Channels of one trial. Pure and traceable; ``key`` is the trial's.

    ``h ~ CN(0, 1 / P)`` for all users, antennas and paths (uniform power delay profile, Rayleigh fading); with a Rician
    factor the first path has a constant part, common to the antennas, of random phase.
    """
    users, frame = purpose_keys(key, ("user", "frame"))
    paths = jax.vmap(partial(entity_keys, count=geometry.n_paths))(entity_keys(users, geometry.n_users))
    streams = entity_keys(frame, geometry.n_users + 2)  # the last entity is the receivers' noise
    # One program draws for all entities: a hash of the generator is slow to compile.
    entities = jnp.concatenate([paths.reshape(-1), streams])
    numbers = jax.vmap(partial(uniforms, shapes={"gain": (geometry.n_tx, 2), "other": (1,)}))(entities)
    first_others = geometry.n_users * geometry.n_paths
    others = numbers["other"][:, 0]
    gains = complex_normal(numbers["gain"][:first_others])
    gains = gains.reshape(geometry.n_users, geometry.n_paths, geometry.n_tx)
    phases = others[:first_others].reshape(geometry.n_users, geometry.n_paths)[:, :1]
    path_gains = jnp.swapaxes(_fading(geometry, gains, phases), 1, 2) / math.sqrt(geometry.n_paths)
    if geometry.correlation is not None:
        mixed = geometry.correlation * path_gains[:1] + jnp.sqrt(1.0 - geometry.correlation**2) * path_gains[1:]
        path_gains = jnp.concatenate([path_gains[:1], mixed])
    if geometry.user_amplitudes is not None:
        path_gains = geometry.user_amplitudes[:, None, None] * path_gains
    if geometry.sky is not None:
        path_gains = _sky_amplitude(geometry, geometry.sky, key)[:, None, None] * path_gains
    return Channels(
        path_gains=path_gains,
        symbols=jnp.exp(0.5j * math.pi * (jnp.floor(4.0 * others[first_others:-1]) + 0.5)),
        noise_seed=jnp.floor(others[-1] * 2.0**52),
    )


def _sky_amplitude(geometry: Geometry, sky: Sky, key: Key) -> jax.Array:
    """Amplitude of every user's link by weather, surroundings and states of fading, the same for all of its paths."""
    common = jnp.sqrt(site_gain(sky, key, jnp.asarray(geometry.elevation)))
    if not has_users(sky):
        return jnp.full((geometry.n_users,), common)
    keys = user_keys(key, geometry.n_users)
    around = jnp.sqrt(surroundings_gain(sky, keys, jnp.asarray(geometry.elevation)))
    return common * around * fading_amplitude(sky, keys)


def noise_key(channels: Channels, purpose: str) -> Key:
    """Key of what is random at a receiver in one trial (``noise_seed`` present), for one purpose."""
    seed = jnp.mod(jnp.asarray(channels.noise_seed), 2.0**32).astype(jnp.uint32)
    return purpose_keys(jax.random.key(seed), (purpose,))[0]


def channel_key(channels: Channels) -> Key:
    """A key of one trial made of the digits of its first gain: the same channel, the same random numbers.

    Channels from plain arrays have no seed of their own.
    """
    digits = jnp.floor(jnp.mod(jnp.abs(channels.path_gains[0, 0, 0]) * 2.0**32, 1.0) * 2.0**31)
    return jax.random.fold_in(jax.random.key(0), digits.astype(jnp.uint32))


def _fading(geometry: Geometry, scattered: jax.Array, turns: jax.Array) -> jax.Array:
    """Gains of unit mean power ``(user, path, tx)``, the first path's with a constant part."""
    factor = geometry.rician_factor
    constant = jnp.sqrt(factor) * jnp.exp(2j * math.pi * turns[:, :, None])
    first = (constant + scattered[:, :1]) / jnp.sqrt(factor + 1.0)
    return jnp.concatenate([first, scattered[:, 1:]], axis=1)
