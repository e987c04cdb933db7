"""Small instances whose optima are known, as statements ``raw(x, data)``, and solutions of them by the engine.

Beams ``w`` of shape ``(antenna, stream)`` are ``x[:k] + 1j x[k:]``. Random channels: real parts drawn first.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import compiler_options
from leoisac.metrics.fisher import cramer_rao_bounds, effective_information, fisher_information
from leoisac.metrics.sinr import downlink_sinr, spectral_efficiency
from leoisac.optim.batched.engine import solve
from leoisac.optim.batched.kkt import polish
from leoisac.optim.options import EngineOptions

ENGINE = EngineOptions(lanes=4, inner_steps=150, gradient_floor=1e-6, value_tolerance=1e-12, violation_tolerance=1e-8)


def gaussian(rng: np.random.Generator, *shape: int) -> np.ndarray:
    real = rng.standard_normal(shape)
    return (real + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)


def steering(antennas: int, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Response of a half-wavelength array about its centre, and its derivative by the angle."""
    n = np.arange(antennas) - (antennas - 1) / 2
    a = np.exp(-1j * np.pi * n * np.sin(angle))
    return a, -1j * np.pi * n * np.cos(angle) * a


def downlink(antennas: int, users: int, seed: int, gain: float = 1.0, **numbers: float) -> dict[str, Any]:
    """Channels in units in which gains are multiplied by ``gain`` and noise by its square."""
    data = {"h": gain * gaussian(np.random.default_rng(seed), users, antennas), "noise": gain**2, "sinr": 10.0}
    return {**data, **numbers}


def radar(seed: int, antennas: int = 8, users: int = 3, **numbers: float) -> dict[str, Any]:
    """Monostatic array at a random angle beside a downlink; ``kappa`` is the signal-to-noise ratio of the echo."""
    rng = np.random.default_rng(seed)
    h = gaussian(rng, users, antennas)
    a, d = steering(antennas, rng.uniform(-1, 1))
    data = {"h": h, "noise": 1.0, "sinr": 10.0, "power": 20.0, "kappa": 100.0}
    return {**data, "A": np.outer(a, a), "D": np.outer(d, a) + np.outer(a, d), **numbers}


def beams_of(x, data):
    half = x.size // 2
    return (x[:half] + 1j * x[half:]).reshape(data["h"].shape[1], -1)


def power_of(w):
    return jnp.sum(jnp.abs(w) ** 2)


def sinr_of(w, data):
    return downlink_sinr(data["h"], w.T, 0.0, data["noise"])


def minimum_power(x, data):
    w = beams_of(x, data)
    return power_of(w), {"quality": (sinr_of(w, data), data["sinr"])}


def minimum_power_as_rates(x, data):
    """SINR by its total instead of masked sums, and rates instead of SINRs."""
    w = beams_of(x, data)
    powers = jnp.abs(data["h"].conj() @ w) ** 2
    signal = jnp.diag(powers)
    sinr = signal / (jnp.sum(powers, axis=1) - signal + data["noise"])
    rates = jnp.stack([jnp.log2(1.0 + sinr[k]) for k in range(len(data["h"]))])
    return power_of(w), {"quality": (rates, jnp.log2(1.0 + data["sinr"]))}


def fair(x, data):
    w = beams_of(x, data)
    return sinr_of(w, data), {"power": (data["power"], power_of(w))}


def fair_per_antenna(x, data):
    w = beams_of(x, data)
    return sinr_of(w, data), {"power": (data["power"] / len(w), jnp.sum(jnp.abs(w) ** 2, axis=1))}


def gain(x, data):
    w = beams_of(x, data)
    rows = {"quality": (sinr_of(w, data), data["sinr"]), "power": (data["power"], power_of(w))}
    return jnp.sum(jnp.abs(data["a"].conj() @ w) ** 2), rows


def gain_wanted(x, data):
    value, rows = gain(x, data)
    return power_of(x), {**rows, "gain": (value, data["gain"])}


def known_amplitude(w, data):
    return 1.0 / (data["kappa"] * power_of(data["D"] @ w))


def by_formula(w, data):
    along, across = data["A"] @ w, data["D"] @ w
    rest = power_of(across) - jnp.abs(jnp.vdot(along, across)) ** 2 / power_of(along)
    return 1.0 / (data["kappa"] * rest)


def information_of(w, data):
    along, across = (data["A"] @ w).ravel(), (data["D"] @ w).ravel()
    return fisher_information(jnp.stack([across, along, 1j * along], axis=1), 2.0 / data["kappa"])


def by_inverse(w, data):
    return jnp.linalg.inv(information_of(w, data))[0, 0]


def by_bounds(w, data):
    return cramer_rao_bounds(information_of(w, data))[0]


def by_effective(w, data):
    return 1.0 / effective_information(information_of(w, data), 1)[0, 0]


def least_error(x, data, crb):
    w = beams_of(x, data)
    return crb(w, data), {"quality": (sinr_of(w, data), data["sinr"]), "power": (data["power"], power_of(w))}


def power_for_error(x, data, crb):
    w = beams_of(x, data)
    return power_of(w), {"quality": (sinr_of(w, data), data["sinr"]), "crb": (data["crb"], crb(w, data))}


def sum_rate(x, data):
    w = beams_of(x, data)
    return jnp.sum(spectral_efficiency(sinr_of(w, data))), {"power": (data["power"], power_of(w))}


@functools.cache
def normalised(raw, sense):
    """``fc`` of a statement: the objective (its logarithm where maximised), rows as logarithms. For ``least`` ``x`` has
    one more entry, the logarithm of the least; for ``elastic`` it is the common share of all rows but the power's."""

    def fc(x, data):
        auxiliary = sense in ("least", "elastic")
        objective, rows = raw(x[:-1] if auxiliary else x, data)
        logs = {name: jnp.ravel(jnp.log(larger / smaller)) for name, (larger, smaller) in sorted(rows.items())}
        if sense == "elastic":
            return -x[-1], jnp.concatenate([c if name == "power" else c - x[-1] for name, c in logs.items()])
        c = list(logs.values())
        if sense == "least":
            return -x[-1], jnp.concatenate([jnp.log(objective) - x[-1], *c])
        value = jnp.log(objective)
        return -value if sense == "maximise" else value, jnp.concatenate(c)

    return fc


@functools.cache
def _polish(fc):
    return jax.jit(functools.partial(polish, fc), compiler_options=compiler_options(0))


def zero_forcing(data: dict[str, Any], power: float) -> np.ndarray:
    """Regularised zero-forcing beams, as ``x``."""
    h, size = data["h"], np.linalg.norm(data["h"])
    w = h.T @ np.linalg.inv(h.conj() @ h.T + 0.05 * size**2 / h.size * np.eye(len(h)))
    w *= np.sqrt(power) / np.linalg.norm(w)
    return np.concatenate([w.real.ravel(), w.imag.ravel()])


def solved(raw, sense, data, power=20.0):
    """A solution by engine and polishing, its multipliers of ``larger - smaller`` by name, those of the logarithmic
    rows, and those of a ``least`` objective's entries."""
    fc = normalised(raw, sense)
    start = zero_forcing(data, power)
    if sense in ("least", "elastic"):
        start = np.append(start, 0.0)
    batch = jax.tree.map(lambda leaf: np.asarray(leaf)[None], data)
    result = solve(fc, start[None], batch, ENGINE)
    found = jax.tree.map(np.asarray, _polish(fc)(result.x[0], data, result.multipliers[0]))
    x = found.x[:-1] if sense in ("least", "elastic") else found.x
    objective, rows = jax.tree.map(np.asarray, jax.jit(raw)(x, data))
    logs, entries = found.multipliers, np.zeros(0)
    if sense == "least":
        entries, logs = logs[: objective.size], logs[objective.size :]
    # Of logarithms: an objective's fall by share per share; of differences: times objective, over the larger side.
    unit = 1.0 if sense == "elastic" else float(np.min(objective))
    relative, physical = {}, {}
    for name, (larger, smaller) in rows.items():
        size = np.broadcast(larger, smaller).size
        shape = np.broadcast(larger, smaller).shape
        relative[name], logs = logs[:size].reshape(shape), logs[size:]
        physical[name] = unit * relative[name] / larger
    return found._replace(x=x), physical, relative, entries
