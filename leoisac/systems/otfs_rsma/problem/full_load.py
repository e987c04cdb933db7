"""The design problem at full load: spatial precoders that maximise the least rate of a user, and the schemes' decoding.

Every scheme is a table of decoding steps (``model.Decoding``), so that one program designs them all: unknowns are the
precoders, the parts of stream 0's rate, and the least rate ``t``. The power is a unit that the streams always spend.

A step's covariance is ``I + sum_pq K_pq Gamma_p Gamma_q^H`` with the paths' unit matrices and, of the precoders,
``K = sum_s w_s g_s g_s^H``: paths squared multiplications per entry instead of a matrix product per stream.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jnp
from leoisac.metrics.equalised_streams import equalised_rate, gaussian_rate
from leoisac.systems.otfs_rsma.judge.full_load import data_matrices, even_frame_bounds
from leoisac.systems.otfs_rsma.model import Channels, Decoding, Frame, Parameters

NO_LIMIT = 1.0
"""Value of a constraint that does not apply."""
ABSENT, THERE, CANCELLED = 0, 1, 2
"""What a stream is to a step of decoding."""


class LoadShape(NamedTuple):
    """What a program is compiled for.

    Attributes:
        frame: sizes and paths.
        n_users, n_tx, n_streams, n_steps: sizes.
        is_time_frequency: symbols lie on the time-frequency grid.
        is_joint: rates are those of joint decoding.
    """

    frame: Frame
    n_users: int
    n_tx: int
    n_streams: int
    n_steps: int
    is_time_frequency: bool
    is_joint: bool

    @property
    def n_beams(self) -> int:
        """Unknown numbers in the precoders."""
        return 2 * self.n_streams * self.n_tx


class LoadProgram(NamedTuple):
    """Data of one instance, in units of power and noise; flags are 0 or 1."""

    gains: Leaf  # (step, tx, path, 2): of the step's user
    users: Leaf  # (step,)
    wanted: Leaf  # (step, stream): one-hot; zero where a step is none
    weights: Leaf  # (step, stream): power of each stream that the step sees
    credits: Leaf  # (user, step): what a step's rate adds to a user's, streams that are not shared
    owners: Leaf  # (user,): of the shared stream 0; all zero: it is not shared
    shared_part: Leaf  # frame share that counts for it
    radiated: Leaf  # (stream,): 0 for streams that are off
    steering: Leaf  # (tx, 2)
    headroom: Leaf  # (2,): ceilings over bounds with all power towards the target
    matrices: Leaf | None = None  # (user, path, entry, 2), of users with Doppler shifts of their own: ``path_products``
    products: Leaf | None = None  # (user, pair, entry, 2)


def decodings(scheme: str, n_users: int) -> list[Decoding]:
    """The forms that a scheme may take, of which the best counts, for streams of all but ``oma`` in equal number.

    ``rsma``: stream 0 is common, decoded first by all. ``sdma``: it is a second one of a user, who decodes it first;
    for the others it is interference. ``sdma-k``: it is off, one stream fewer. ``noma`` (two users): it is the weak
    user's and both decode it first; streams 1 and 2 are layers of the strong one. ``oma``: users take turns, each with
    as many layers.

    Raises:
        ValueError: for ``noma`` with another number of users.
    """
    count, users = n_users + 1, range(n_users)
    everything = [THERE] * count

    def without(*cancelled: int) -> list[int]:
        return [CANCELLED if stream in cancelled else THERE for stream in range(count)]

    def private(owner: int | None) -> np.ndarray:
        owners = np.concatenate([np.zeros((n_users, 1)), np.eye(n_users)], axis=1)
        if owner is not None:
            owners[owner, 0] = 1.0
        return owners

    if scheme == "rsma":
        steps = [(user, 0, everything) for user in users] + [(user, user + 1, without(0)) for user in users]
        return [_decoding(steps, np.concatenate([np.ones((n_users, 1)), np.eye(n_users)], axis=1))]
    if scheme == "sdma":
        forms = list[Decoding]()
        for extra in users:
            own = [(user, user + 1, without(0) if user == extra else everything) for user in users]
            forms.append(_decoding([(extra, 0, everything), *own], private(extra), n_steps=2 * n_users))
        return forms
    if scheme == "sdma-k":
        own = [(user, user + 1, [ABSENT] + [THERE] * n_users) for user in users]
        return [_decoding(own, private(None), n_steps=2 * n_users)]
    if scheme == "noma":
        if n_users != 2:
            raise ValueError(f"n_users = {n_users}: full-load-noma orders two users; use full-load-rsma.")
        forms = []
        for weak, strong in ((0, 1), (1, 0)):
            steps = [
                (weak, 0, everything),
                (strong, 0, everything),
                (strong, 1, without(0)),
                (strong, 2, without(0, 1)),
            ]
            owners = np.zeros((2, 3))
            owners[weak, 0] = owners[strong, 1] = owners[strong, 2] = 1.0
            forms.append(_decoding(steps, owners))
        return forms
    if scheme == "oma":
        steps = list[tuple[int, int, list[int]]]()
        for user in users:
            for layer in range(count):
                states = [ABSENT] * (n_users * count)
                states[user * count : (user + 1) * count] = [CANCELLED] * layer + [THERE] * (count - layer)
                steps.append((user, user * count + layer, states))
        return [_decoding(steps, np.kron(np.eye(n_users), np.ones((1, count))), frame_share=1.0 / n_users)]
    raise ValueError(f"scheme = {scheme!r}: must be rsma, sdma, sdma-k, noma or oma.")


def _decoding(
    steps: list[tuple[int, int, list[int]]], owners: np.ndarray, *, n_steps: int = 0, frame_share: float = 1.0
) -> Decoding:
    """Tables of steps, filled up with steps that are none."""
    idle = (0, -1, [ABSENT] * owners.shape[1])
    rows = steps + [idle] * (n_steps - len(steps))
    return Decoding(
        users=np.array([row[0] for row in rows]),
        streams=np.array([row[1] for row in rows]),
        states=np.array([row[2] for row in rows]),
        owners=owners,
        frame_share=np.asarray(frame_share),
    )


def formulate_load(parameters: Parameters, channels: Channels, decoding: Decoding) -> LoadProgram:
    """The program of one trial and one form. Traceable."""
    frame, wanted = parameters.frame, jnp.asarray(decoding.streams)
    owners, states = jnp.asarray(decoding.owners), jnp.asarray(decoding.states)
    n_streams = owners.shape[1]
    one_hot = jnp.where(wanted[:, None] == np.arange(n_streams), 1.0, 0.0)
    weights = jnp.where(states == CANCELLED, parameters.sic_residual, jnp.where(states == THERE, 1.0, 0.0))
    # Users that take turns have the whole frame's power when it is theirs.
    power = parameters.total_power / (parameters.noise * frame.n_cells * decoding.frame_share)
    gains = jnp.sqrt(power) * jnp.asarray(channels.path_gains)[jnp.asarray(decoding.users)]
    first = jnp.sum(one_hot[:, 0])
    is_shared = first * jnp.sum(owners[:, 0]) > 1.0
    credits = decoding.frame_share * jnp.einsum("es,us->ue", one_hot, owners.at[:, 0].multiply(1.0 - is_shared))
    steering = parameters.target_steering
    own: dict[str, Leaf] = {}
    if frame.user_dopplers is not None:
        of_users = path_products(frame, parameters.is_time_frequency)
        own = {name: _parts(values) for name, values in zip(("matrices", "products"), of_users, strict=True)}
    return LoadProgram(
        gains=jnp.stack([gains.real, gains.imag], axis=-1),
        users=jnp.asarray(decoding.users),
        wanted=one_hot,
        weights=weights,
        credits=credits,
        owners=owners[:, 0] * is_shared,
        shared_part=jnp.asarray(decoding.frame_share),
        radiated=jnp.where(jnp.sum(one_hot, axis=0) > 0.0, 1.0, 0.0),
        steering=jnp.stack([steering.real, steering.imag], axis=-1),
        headroom=headroom(parameters),
        **own,
    )


def headroom(parameters: Parameters) -> Float[Array, "2"]:
    """Ceilings of delay and Doppler bound over the bounds with all power towards the target.

    Beams of all power cannot do more: below 1 a ceiling is proven out of reach of every design at full load.
    """
    known, unknown = (
        even_frame_bounds(
            parameters, parameters.total_power, is_sampled=parameters.is_ceiling_sampled, is_known=is_known
        )
        for is_known in (True, False)
    )
    is_unknown = parameters.is_amplitude_unknown > 0.5
    bounds = [jnp.where(is_unknown, b, a) for a, b in zip(known, unknown, strict=True)]
    return jnp.stack([parameters.crb_delay_max, parameters.crb_doppler_max]) / jnp.stack(bounds)


def max_min_load(
    x: Float[Array, " n"], data: LoadProgram, shape: LoadShape
) -> tuple[Float[Array, ""], Float[Array, " m"]]:
    """Minus the least rate ``t`` of a user in bit per cell, and the constraints ``c >= 0``.

    The constraints: users' rates over ``t``, rates at which stream 0 is decoded over the sum of its parts, the parts,
    logarithms of the ceilings over the bounds.
    """
    beams = unit_beams(x, data, shape)
    parts, least = x[shape.n_beams : -1], x[-1]
    rates = step_rates_of(beams, data, shape)
    is_owner = data.owners > 0.5
    held = jnp.where(is_owner, parts, 0.0)
    is_shared = jnp.sum(data.owners) > 0.0
    users = data.credits @ rates + data.shared_part * held - least
    decodable = jnp.where(is_shared & (data.wanted[:, 0] > 0.5), rates - jnp.sum(held), NO_LIMIT)
    towards = jnp.sum(jnp.abs(beams @ (data.steering[:, 0] + 1j * data.steering[:, 1])) ** 2)
    sensing = jnp.log(data.headroom * towards)
    return -least, jnp.concatenate([users, decodable, jnp.where(is_owner, parts, NO_LIMIT), sensing])


def unit_beams(x: Float[Array, " n"], data: LoadProgram, shape: LoadShape) -> Complex[Array, "stream tx"]:
    """Precoders of unit power together."""
    parts = x[: shape.n_beams].reshape(2, shape.n_streams, shape.n_tx) * data.radiated[:, None]
    parts = parts / jnp.sqrt(jnp.sum(parts**2))
    return parts[0] + 1j * parts[1]


def step_rates_of(beams: Complex[Array, "stream tx"], data: LoadProgram, shape: LoadShape) -> Float[Array, " step"]:
    """Rates of all steps, bit per cell; 0 where a step is none."""
    if data.matrices is None or data.products is None:
        matrices, products = path_products(shape.frame, shape.is_time_frequency)
    else:
        matrices, products = (leaf[..., 0] + 1j * leaf[..., 1] for leaf in (data.matrices, data.products))
    which = data.users if len(matrices) > 1 else 0 * data.users
    gains = data.gains[..., 0] + 1j * data.gains[..., 1]
    through = jnp.einsum("eap,sa->esp", gains, beams)
    joint = jnp.einsum("es,esp,esq->epq", data.weights, through, jnp.conj(through))
    cells = shape.frame.n_cells
    count = joint.shape[0]
    covariance = jnp.einsum("ef,efc->ec", joint.reshape(count, -1), jnp.asarray(products)[which])
    covariance = covariance.reshape(-1, cells, cells) + np.eye(cells)
    own = jnp.einsum("es,esp,epc->ec", data.wanted, through, jnp.asarray(matrices)[which])
    rate = gaussian_rate if shape.is_joint else equalised_rate
    return rate(own.reshape(-1, cells, cells), covariance)


def path_products(
    frame: Frame, is_time_frequency: bool
) -> tuple[Complex[Any, "user path entry"], Complex[Any, "user pair entry"]]:
    """Unit matrices of the paths and ``Gamma_p Gamma_q^H``, entries in a row; of one user where all are alike."""
    xp = np if frame.user_dopplers is None else jnp
    users = range(max(len(frame.user_delays), 1))
    matrices = xp.stack([data_matrices(frame, user, is_time_frequency) for user in users])
    products = xp.einsum("upcd,uqfd->upqcf", matrices, xp.conj(matrices), optimize=True)
    n_paths = matrices.shape[1]
    return matrices.reshape(len(users), n_paths, -1), products.reshape(len(users), n_paths**2, -1)


def _parts(values: Complex[Any, "*batch"]) -> Float[Array, "*batch 2"]:
    return jnp.stack([values.real, values.imag], axis=-1)


__all__ = [
    "LoadProgram",
    "LoadShape",
    "decodings",
    "formulate_load",
    "headroom",
    "max_min_load",
    "step_rates_of",
    "unit_beams",
]
