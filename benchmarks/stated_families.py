# pyright: reportUnknownMemberType=false
"""Families of stated problems whose optima are known, each stated once, with the instances that a recipe draws.

A generator is seeded by the recipe's ``seed``; real parts are drawn before imaginary ones. ``GAINS`` and ``NOISES``
tell what a change of units multiplies: amplitudes of channels by a factor, powers of noise and masks by its square.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

import leoisac as li
from leoisac.problems import (
    Beams,
    Covariance,
    Phases,
    Problem,
    Real,
    at_least,
    at_most,
    equals,
    maximise,
    maximise_least,
    minimise,
)

GAINS = frozenset({"h", "g", "victims", "cascade", "derivatives"})
NOISES = frozenset({"noise", "mask"})
SNAPSHOTS = 50
LOSSES = 10.0 ** (-np.arange(4) / 2.0)
"""Amplitudes of four users, 10 dB apart."""

Drawn = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """A statement, its variables for data of given sizes, and its instances."""

    statement: Callable[[Any, Any], Any]
    variables: Callable[[Mapping[str, np.ndarray]], dict[str, Any]]
    draw: Callable[..., Drawn]
    gains_in_objective: int = 0
    """Power of the factor on all gains with which the known value grows."""
    reported: Callable[[np.ndarray], np.ndarray] = np.asarray
    """From the objective to the quantity whose optimum is known."""
    certified: bool = False
    """Whether the objective must equal its bound."""
    local: bool = False
    """Whether there are local optima."""


def gaussian(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Complex Gaussian numbers of unit variance."""
    real = rng.standard_normal(shape)
    return (real + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)


def array_response(antennas: int, angle: Any, *, centred: bool = False) -> np.ndarray:
    """Responses of a half-wavelength array, ``(*angle, antenna)``."""
    places = np.arange(antennas) - (antennas - 1) / 2 * centred
    return np.exp(-1j * np.pi * places * np.sin(np.asarray(angle)[..., None]))


def downlink(antennas: int, users: int, seed: int, **numbers: float) -> Drawn:
    """Rayleigh channels of a seed, noise of one."""
    return {"h": gaussian(np.random.default_rng(seed), users, antennas), "noise": 1.0, **numbers}


def minimum_power(antennas: int = 8, users: int = 4, seed: int = 0, power: float | None = None) -> Drawn:
    """SINR of 10 dB; ``power``, where given, is a limit."""
    return downlink(antennas, users, seed, sinr=10.0, **({} if power is None else {"power": power}))


def fair(antennas: int = 8, users: int = 4, seed: int = 0) -> Drawn:
    """Power of ten."""
    return downlink(antennas, users, seed, power=10.0)


def with_loss(seed: int, power: float | None = None) -> Drawn:
    """Physical units: path losses of 1e-6 and noise of 1e-13, users 10 dB apart; SINR of 10 dB, or a power."""
    h = minimum_power(seed=seed)["h"] * LOSSES[:, None] * 1e-6
    return {"h": h, "noise": 1e-13, **({"sinr": 10.0} if power is None else {"power": power})}


def illumination(antennas: int = 8, index: int = 0, gain: float | None = None) -> Drawn:
    """The ``index``-th channels of one generator; ``gain``, where given, is wanted on the target."""
    rng = np.random.default_rng(0)
    h = [gaussian(rng, 4, antennas) for _ in range(index + 1)][-1]
    drawn = {"h": h, "noise": 0.1, "power": 10.0, "sinr": 10.0, "target": array_response(antennas, 0.3)}
    return drawn if gain is None else {**drawn, "gain": gain}


def radar(seed: int, known: bool, crb: float | None = None, antennas: int = 8, users: int = 3) -> Drawn:
    """Monostatic array beside a downlink: derivatives by the angle and, where unknown, by the amplitude of the echo."""
    rng = np.random.default_rng(seed)
    h, angle = gaussian(rng, users, antennas), rng.uniform(-1.0, 1.0)
    places = np.arange(antennas) - (antennas - 1) / 2
    a = array_response(antennas, angle, centred=True)
    slope = -1j * np.pi * places * np.cos(angle) * a
    response, derivative = np.outer(a, a), np.outer(slope, a) + np.outer(a, slope)
    rows = [derivative] if known else [derivative, response, 1j * response]
    drawn = {"h": h, "noise": 1.0, "sinr": 10.0, "derivatives": np.array(rows)}
    return {**drawn, "power": 20.0} if crb is None else {**drawn, "crb": crb}


def pattern(antennas: int = 8, cross: float = 1.0, seed: int | None = None, users: int = 2) -> Drawn:
    """Three beams of 20 degrees on a grid; a seed adds users."""
    degrees, wanted = np.linspace(-90.0, 90.0, 181), np.array([-40.0, 0.0, 40.0])
    drawn = {
        "grid": array_response(antennas, np.deg2rad(degrees)),
        "shape": (np.abs(degrees[:, None] - wanted) <= 10.0).any(axis=1).astype(float),
        "targets": array_response(antennas, np.deg2rad(wanted)),
        "power": 1.0,
        "cross": cross,
    }
    if seed is None:
        return drawn
    return {**drawn, "h": gaussian(np.random.default_rng(seed), users, antennas), "noise": 0.05, "sinr": 10.0}


def surface(elements: int = 16, seed: int = 0) -> Drawn:
    """Channels to and from a surface."""
    rng = np.random.default_rng(seed)
    return {"h": gaussian(rng, elements), "g": gaussian(rng, elements)}


def surface_multicast(seed: int, elements: int = 16, users: int = 4) -> Drawn:
    """Channels over a surface, user by user."""
    rng = np.random.default_rng(seed)
    incoming = gaussian(rng, elements)
    return {"cascade": np.conj(gaussian(rng, users, elements)) * incoming}


def eavesdropped(seed: int, antennas: int = 4) -> Drawn:
    """A user and an eavesdropper."""
    rng = np.random.default_rng(seed)
    return {"h": gaussian(rng, antennas), "g": gaussian(rng, antennas), "power": 10.0, "noise": 1.0}


def masked(seed: int, antennas: int = 4, users: int = 3, victims: int = 2) -> Drawn:
    """A downlink beside victims that receive a tenth of the noise at most."""
    rng = np.random.default_rng(seed)
    h, others = gaussian(rng, users, antennas), gaussian(rng, victims, antennas)
    return {"h": h, "victims": others, "power": 10.0, "noise": 1.0, "mask": 0.1}


def broadcast(seed: int) -> Drawn:
    """Sum rate at a power of ten, or a hundred from the fourth seed on."""
    return downlink(4, 3, seed, power=10.0 if seed < 3 else 100.0)


def overloaded(seed: int) -> Drawn:
    """More users than antennas."""
    return downlink(2, 3, seed, power=100.0)


def crowded(seed: int, antennas: int = 16, users: int = 12) -> Drawn:
    """Users of unequal weights and losses, and a target that must be lit by half of what all power would give."""
    rng = np.random.default_rng(seed)
    h = gaussian(rng, users, antennas) * 10.0 ** (-rng.uniform(0.0, 1.0, users) / 2.0)[:, None]
    target = array_response(antennas, rng.uniform(-1.0, 1.0))
    weights = rng.uniform(0.5, 1.5, users)
    return {"h": h, "weights": weights, "target": target, "noise": 1.0, "power": 30.0, "gain": 15.0 * antennas}


def quality(v: Any, d: Any) -> Any:
    """The SINR of every user at its floor or above."""
    return at_least(li.terms.sinr(d.h, v.w, noise=d.noise), d.sinr)


def budget(v: Any, d: Any) -> Any:
    """The total power within its limit."""
    return at_most(li.terms.power(v.w), d.power)


def rates(v: Any, d: Any) -> Any:
    """Rate of every user."""
    return li.terms.rate(li.terms.sinr(d.h, v.w, noise=d.noise))


def angle_bound(v: Any, d: Any) -> Any:
    """Bound of the angle's variance."""
    return li.terms.crb(d.derivatives, v.w, noise=d.noise, snapshots=SNAPSHOTS, wanted=1)[0]


def p1(v: Any, d: Any) -> Any:
    return minimise(li.terms.power(v.w), subject_to={"quality": quality(v, d)})


def p2(v: Any, d: Any) -> Any:
    return maximise_least(li.terms.sinr(d.h, v.w, noise=d.noise), subject_to={"power": budget(v, d)})


def p2_per_antenna(v: Any, d: Any) -> Any:
    each = at_most(li.terms.power_per_antenna(v.w), d.power / v.w.shape[0])
    return maximise_least(li.terms.sinr(d.h, v.w, noise=d.noise), subject_to={"power": each})


def p3(v: Any, d: Any) -> Any:
    lit = li.terms.beampattern(d.target, v.w)
    return maximise(lit, subject_to={"power": budget(v, d), "quality": quality(v, d)})


def p4(v: Any, d: Any) -> Any:
    return minimise(angle_bound(v, d), subject_to={"power": budget(v, d), "quality": quality(v, d)})


def p5(v: Any, d: Any) -> Any:
    accurate = at_most(angle_bound(v, d), d.crb)
    return minimise(li.terms.power(v.w), subject_to={"crb": accurate, "quality": quality(v, d)})


def _mismatch(d: Any, level: Any, powers: Any, between: Any) -> Any:
    """Mean square error of a pattern, and the cross-correlation of the three targets."""
    pairs = jnp.real(between) ** 2 + jnp.imag(between) ** 2
    cross = pairs[0, 1] + pairs[0, 2] + pairs[1, 2]
    return jnp.mean((level * d.shape - powers) ** 2) + d.cross / 3.0 * cross


def p6_covariance(v: Any, d: Any) -> Any:
    powers = li.terms.beampattern(d.grid, covariance=v.covariance)
    between = jnp.conj(d.targets) @ v.covariance @ d.targets.T
    each = equals(li.terms.power_per_antenna(covariance=v.covariance), d.power / d.grid.shape[1])
    return minimise(_mismatch(d, v.level[0], powers, between), subject_to={"power": each})


def p6_users(v: Any, d: Any) -> Any:
    seen = jnp.conj(d.targets) @ v.w
    goal = _mismatch(d, v.level[0], li.terms.beampattern(d.grid, v.w), seen @ jnp.conj(seen).T)
    each = equals(li.terms.power_per_antenna(v.w), d.power / d.grid.shape[1])
    return minimise(goal, subject_to={"power": each, "quality": quality(v, d)})


def p7_single(v: Any, d: Any) -> Any:
    amplitude = jnp.sum(jnp.conj(d.h) * d.g * v.z)
    return maximise(jnp.real(amplitude) ** 2 + jnp.imag(amplitude) ** 2)


def p7_multicast(v: Any, d: Any) -> Any:
    amplitudes = d.cascade @ v.z
    return maximise_least(jnp.real(amplitudes) ** 2 + jnp.imag(amplitudes) ** 2)


def p8_secrecy(v: Any, d: Any) -> Any:
    secret = li.terms.secrecy_rate(d.h, v.w, d.g, noise=d.noise, per_eavesdropper=True)
    return maximise(secret, subject_to={"power": budget(v, d)})


def p8_mask(v: Any, d: Any) -> Any:
    quiet = at_most(li.terms.interference(d.victims, v.w), d.mask)
    return maximise(jnp.sum(rates(v, d)), subject_to={"power": budget(v, d), "mask": quiet})


def p9_power(v: Any, d: Any) -> Any:
    return minimise(li.terms.power(v.w), subject_to={"power": budget(v, d), "quality": quality(v, d)})


def p9_gain(v: Any, d: Any) -> Any:
    lit = at_least(li.terms.beampattern(d.target, v.w), d.gain)
    rules = {"power": budget(v, d), "quality": quality(v, d), "lit": lit}
    return maximise(jnp.sum(rates(v, d)), subject_to=rules)


def p10(v: Any, d: Any) -> Any:
    return maximise(jnp.sum(rates(v, d)), subject_to={"power": budget(v, d)})


def weighted(v: Any, d: Any) -> Any:
    lit = at_least(li.terms.beampattern(d.target, v.w), d.gain)
    return maximise(jnp.sum(d.weights * rates(v, d)), subject_to={"power": budget(v, d), "lit": lit})


def _beams(extra: int = 0) -> Callable[[Mapping[str, np.ndarray]], dict[str, Any]]:
    """A beam per user, and ``extra`` ones."""

    def variables(d: Mapping[str, np.ndarray]) -> dict[str, Any]:
        users, antennas = d["h"].shape
        return {"w": Beams(antennas=antennas, streams=users + extra)}

    return variables


def _level_and_covariance(d: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {"covariance": Covariance(antennas=d["grid"].shape[1]), "level": Real(1, lower=0.0)}


def _level_and_beams(d: Mapping[str, np.ndarray]) -> dict[str, Any]:
    users, antennas = d["h"].shape
    return {"w": Beams(antennas=antennas, streams=users + antennas), "level": Real(1, lower=0.0)}


def _one_beam(d: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {"w": Beams(antennas=len(d["h"]), streams=1)}


def _phases(name: str) -> Callable[[Mapping[str, np.ndarray]], dict[str, Any]]:
    return lambda d: {"z": Phases(d[name].shape[-1])}


def _radar(known: bool) -> Callable[..., Drawn]:
    return lambda seed, crb=None: radar(seed, known, crb)


FAMILIES: dict[str, Family] = {
    "P1": Family(p1, _beams(), minimum_power, certified=True),
    "P1 path loss": Family(p1, _beams(), with_loss, certified=True),
    "P2 total": Family(p2, _beams(), fair, certified=True),
    "P2 path loss": Family(p2, _beams(), with_loss, certified=True),
    "P2 per antenna": Family(p2_per_antenna, _beams(), fair, certified=True),
    "P3": Family(p3, _beams(), illumination, certified=True),
    "P4 known": Family(p4, _beams(), _radar(True), certified=True),
    "P4 unknown": Family(p4, _beams(), _radar(False), certified=True),
    "P5 known": Family(p5, _beams(), _radar(True), certified=True),
    "P5 unknown": Family(p5, _beams(), _radar(False), certified=True),
    "P6 covariance": Family(p6_covariance, _level_and_covariance, pattern, certified=True),
    "P6 users": Family(p6_users, _level_and_beams, pattern, certified=True),
    "P7 single": Family(
        p7_single, _phases("h"), surface, gains_in_objective=2, reported=np.sqrt, certified=True, local=True
    ),
    "P7 multicast": Family(p7_multicast, _phases("cascade"), surface_multicast, gains_in_objective=2, local=True),
    "P8 secrecy": Family(p8_secrecy, _one_beam, eavesdropped, certified=True, local=True),
    "P8 mask": Family(p8_mask, _beams(), masked, local=True),
    "P9 power": Family(p9_power, _beams(), minimum_power),
    "P9 any power": Family(p1, _beams(), minimum_power),
    "P9 gain": Family(p9_gain, _beams(), illumination),
    "P10": Family(p10, _beams(), broadcast, local=True),
    "P10h": Family(p10, _beams(), overloaded, local=True),
    "crowded": Family(weighted, _beams(4), crowded, local=True),
}

_problems: dict[Any, Problem] = {}


def stacked(family: str, drawn: list[Drawn], gain: float = 1.0) -> tuple[Problem, dict[str, np.ndarray]]:
    """Problem and data of instances of equal sizes, in units in which gains are multiplied by ``gain``.

    Instances of the same family and sizes have the same problem, so that they share what is compiled.
    """
    one = {name: np.asarray(value) for name, value in drawn[0].items()}
    key = (family, *((name, value.shape) for name, value in one.items()))
    if key not in _problems:
        axes = {name: tuple(f"{name}_{axis}" for axis in range(value.ndim)) for name, value in one.items()}
        _problems[key] = Problem(FAMILIES[family].statement, FAMILIES[family].variables(one), data=axes, name=family)
    factors = {name: gain if name in GAINS else gain**2 if name in NOISES else 1.0 for name in one}
    return _problems[key], {name: factors[name] * np.stack([row[name] for row in drawn]) for name in one}


def selected(family: str, wanted: str) -> bool:
    """Whether a family is meant: ``P1`` are P1 and P1 path loss, but not P10; nothing wanted are all."""
    return not wanted or family == wanted or family.startswith(f"{wanted} ")


def sizes(drawn: Drawn) -> tuple[Any, ...]:
    """What instances must share to be solved in one call."""
    return tuple((name, np.shape(value)) for name, value in drawn.items())
