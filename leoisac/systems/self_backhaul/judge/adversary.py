"""Search for the channel errors that hurt a design most: an independent check of what it promises.

Every receiver has its own errors, so the least rate of each is sought alone, and one set of errors attains them all.
Unlike a guarantee, which takes the worst of signal and interference separately, an adversary has to use one error for
both: its rates are never below the guaranteed ones. A broken promise comes with the errors that break it, to be put
into any simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.lanes import batch_size, take, to_numpy
from leoisac.optim.batched.trust_region import maximise_over_ball, minimise_over_ball
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.judge import evaluate
from leoisac.systems.self_backhaul.judge.worst_case import ErrorRadii, error_radii, guaranteed_rates
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters

_DESCENT_STEPS = 80
_FRACTIONAL_STEPS = 30


@dataclass(frozen=True)
class ChannelErrors:
    """Errors to add to the channels, in their units; shapes as in ``Channels`` with the trial axis first."""

    h_users: Complex[np.ndarray, "trial user bs_antenna"]
    h_es: Complex[np.ndarray, "trial bs_antenna"]
    g_users: Complex[np.ndarray, "trial user feed"]
    g_es: Complex[np.ndarray, "trial feed"]


@dataclass(frozen=True)
class Attack:
    """The most harmful errors that were found, and what they leave; every array has the trial axis first.

    Attributes:
        rate: least rate of every user, bit/s/Hz.
        backhaul_rate: least rate of the feeder link, bit/s/Hz.
        margin_min_rate: least ``rate`` over the required least rate, minus 1.
        margin_promise: least ``rate`` over the promised rate of a user, minus 1.
        margin_backhaul: ``backhaul_rate`` over the sum of the promised rates, minus 1.
        errors: one set of errors that attains all these rates at once.
        found_by: the search that found each user's errors, the Earth Station's last: ``random``, ``aligned``
            (along the channel, the beams, eigenvectors of the covariances), ``descent``, ``separate`` (worst for the
            signal or for the interference alone), ``fractional`` (globally worst for their ratio).
    """

    rate: Float[np.ndarray, "trial user"]
    backhaul_rate: Float[np.ndarray, " trial"]
    margin_min_rate: Float[np.ndarray, " trial"]
    margin_promise: Float[np.ndarray, " trial"]
    margin_backhaul: Float[np.ndarray, " trial"]
    errors: ChannelErrors
    found_by: tuple[tuple[str, ...], ...]

    def holds(self, tolerance: float = 1e-9) -> np.ndarray:
        """Which trials keep every promise under all errors that were tried."""
        margins = (self.margin_min_rate, self.margin_promise, self.margin_backhaul)
        return np.min(margins, axis=0) >= -tolerance


def check_design(
    config: SelfBackhaulConfig,
    channels: Channels,
    design: Any,
    *,
    promised_rate: Float[Any, "trial user"] | None = None,
    random: int = 1000,
    seed: int = 0,
) -> Attack:
    """Attack the designs of a batch with errors within the configured radii.

    Args:
        config: radius and model of the errors, least rate.
        channels: as known to the design, with a leading trial axis.
        design: joint designs of the batch.
        promised_rate: what users were promised and the feeder link has to carry; by default the rates that the design
            guarantees at the configured radius. For a design without regard to errors, its rates over ``channels``.
        random: random errors per receiver, on the surface of the ball.
        seed: of the random errors.

    Raises:
        ValueError: for another kind of design, or ``random`` below 0.
    """
    numbers = evaluate.parameters(config)
    return attack_designs(numbers, channels, design, promised_rate=promised_rate, random=random, seed=seed)


def attack_designs(
    parameters: Parameters,
    channels: Channels,
    design: Any,
    *,
    promised_rate: Float[Any, "trial user"] | None = None,
    random: int = 1000,
    seed: int = 0,
) -> Attack:
    """``check_design`` from the parameters of a configuration."""
    if not isinstance(design, JointDesign):
        raise ValueError(f"design = {type(design).__name__}: only joint designs make promises under channel errors.")
    if random < 0:
        raise ValueError(f"random = {random}: must be at least 0.")
    numbers, channels, design = to_numpy(parameters), to_numpy(channels), to_numpy(design)
    found = list[_Found]()
    promises = list[np.ndarray]()
    for index in range(batch_size(channels)):
        one, beams = take(channels, index), take(design, index)
        # A trial is attacked the same way in any company.
        found.append(_attack(numbers, one, beams, random, np.random.default_rng(seed)))
        default = promised_rate is None
        promises.append(guaranteed_rates(numbers, one, beams).rate if default else np.asarray(promised_rate)[index])
    promise = np.array(promises)
    rate, backhaul_rate = np.array([f.rate for f in found]), np.array([f.backhaul_rate for f in found])
    return Attack(
        rate,
        backhaul_rate,
        np.min(rate, axis=1) / float(numbers.min_rate) - 1.0,
        np.min(_relative(rate, promise), axis=1),
        _relative(backhaul_rate, np.sum(promise, axis=1)),
        ChannelErrors(*(np.array([f.errors[place] for f in found]) for place in range(4))),
        tuple(f.found_by for f in found),
    )


def perturbed(channels: Channels, errors: ChannelErrors) -> Channels:
    """The true channels: those known plus the errors."""
    channels = to_numpy(channels)
    return Channels(
        h_users=channels.h_users + errors.h_users,
        h_es=channels.h_es + errors.h_es,
        g_users=channels.g_users + errors.g_users,
        g_es=channels.g_es + errors.g_es,
        noise_power=channels.noise_power,
    )


class _Found(NamedTuple):
    rate: Float[np.ndarray, " user"]
    backhaul_rate: float
    errors: tuple[Any, Any, Any, Any]
    found_by: tuple[str, ...]


class _Ball(NamedTuple):
    """A ball of errors around a known channel, and random errors on its surface."""

    centre: Complex[np.ndarray, " n"]
    radius: float
    random: Complex[np.ndarray, "draw n"]


class _Worst(NamedTuple):
    value: float
    error: Complex[np.ndarray, " n"]
    source: str


def _attack(
    parameters: Parameters, channels: Channels, design: JointDesign, random: int, rng: np.random.Generator
) -> _Found:
    radii: ErrorRadii = error_radii(parameters, channels)
    noise = float(channels.noise_power)
    es_noise = noise * float(parameters.es_noise_ratio)
    W = np.einsum("mi,mj->mij", design.bs_beams, np.conj(design.bs_beams))
    V, V0 = np.outer(design.satellite_beam, np.conj(design.satellite_beam)), design.sensing_covariance
    everyone = np.sum(W, axis=0)
    at_bs, at_satellite = list[_Worst](), list[_Worst]()
    for m in range(len(W)):
        from_satellite = _ball(channels.g_users[m], radii.g_users[m], random, rng)
        from_bs = _ball(channels.h_users[m], radii.h_users[m], random, rng)
        at_satellite.append(_largest_power(V + V0, from_satellite))
        others = np.sum(np.delete(W, m, axis=0), axis=0)
        at_bs.append(_least_ratio(W[m], others, at_satellite[-1].value + noise, from_bs))
    leakage = _largest_power(everyone, _ball(channels.h_es, radii.h_es, random, rng))
    feeder = _least_ratio(V, V0, leakage.value + es_noise, _ball(channels.g_es, radii.g_es, random, rng))
    return _Found(
        np.array([np.log2(1.0 + worst.value) for worst in at_bs]),
        float(np.log2(1.0 + feeder.value)),
        (
            np.array([worst.error for worst in at_bs]),
            leakage.error,
            np.array([worst.error for worst in at_satellite]),
            feeder.error,
        ),
        (*(worst.source for worst in at_bs), feeder.source),
    )


def _ball(centre: Any, radius: Any, random: int, rng: np.random.Generator) -> _Ball:
    draws = rng.standard_normal((random, len(centre), 2)) @ np.array([1.0, 1j])
    length = np.linalg.norm(draws, axis=1, keepdims=True)
    return _Ball(centre, float(radius), float(radius) * draws / length)


def _largest_power(X: Complex[np.ndarray, "n n"], ball: _Ball) -> _Worst:
    """Errors that make ``(x + e)^H X (x + e)`` large."""

    def power(errors: Any) -> Any:
        return _quadratic(X, ball.centre + errors)

    exact = maximise_over_ball(X, ball.centre, np.asarray(ball.radius)).error
    candidates = [("random", ball.random), ("aligned", _aligned(ball, X)), ("separate", exact[None])]
    return _best([(name, errors, -power(errors)) for name, errors in candidates], sign=-1.0)


def _least_ratio(
    signal: Complex[np.ndarray, "n n"], interference: Complex[np.ndarray, "n n"], constant: float, ball: _Ball
) -> _Worst:
    """Errors that make ``(x + e)^H S (x + e) / ((x + e)^H I (x + e) + constant)`` small."""
    radius = np.asarray(ball.radius)

    def ratio(errors: Any) -> Any:
        x = ball.centre + errors
        return _quadratic(signal, x) / (_quadratic(interference, x) + constant)

    def uphill(errors: Any) -> Any:
        """Direction in which the rate grows fastest."""
        x = ball.centre + errors
        disturbance = (_quadratic(interference, x) + constant)[:, None]
        total = disturbance + _quadratic(signal, x)[:, None]
        return (x @ signal.T + x @ interference.T) / total - x @ interference.T / disturbance

    aligned = _aligned(ball, signal, interference)
    separate = np.array(
        [
            minimise_over_ball(signal, ball.centre, radius).error,
            maximise_over_ball(interference, ball.centre, radius).error,
        ]
    )
    candidates = [("random", ball.random), ("aligned", aligned), ("separate", separate)]
    starts = np.concatenate([ball.random[np.argsort(ratio(ball.random))[:8]], aligned, separate])
    candidates.append(("descent", _descend(ratio, uphill, starts, ball.radius)))
    tried = [(name, errors, ratio(errors)) for name, errors in candidates]
    best = _best(tried)
    # Dinkelbach's method: the least of S - t I at the last ratio t lowers t until it is the global minimum.
    for _ in range(_FRACTIONAL_STEPS):
        error = minimise_over_ball(signal - best.value * interference, ball.centre, radius).error
        value = float(ratio(error[None])[0])
        if not value < best.value * (1.0 - 1e-14):
            break
        best = _Worst(value, error, "fractional" if value < best.value * (1.0 - 1e-9) else best.source)
    return best


def _aligned(ball: _Ball, *covariances: Complex[np.ndarray, "n n"]) -> Complex[np.ndarray, "direction n"]:
    """Errors along plus and minus the channel and the eigenvectors of covariances, in phase with the channel."""
    directions = [ball.centre[None], *(np.linalg.eigh(X)[1].T for X in covariances)]
    unit = np.concatenate(directions)
    length = np.linalg.norm(unit, axis=1, keepdims=True)
    unit = unit / np.where(length > 0.0, length, 1.0)
    along = np.conj(unit) @ ball.centre
    size = np.abs(along)
    phase = np.where(size > 0.0, along / np.where(size > 0.0, size, 1.0), 1.0)
    return ball.radius * np.concatenate([unit * phase[:, None], -unit * phase[:, None]])


def _descend(
    value: Callable[[Any], Any],
    uphill: Callable[[Any], Any],
    errors: Complex[np.ndarray, "start n"],
    radius: float,
) -> Complex[np.ndarray, "start n"]:
    """Projected gradient descent from many starts; steps that do not pay are halved, the others grow."""
    step, current = np.full(len(errors), 0.3 * radius), value(errors)
    for _ in range(_DESCENT_STEPS):
        slope = uphill(errors)
        length = np.linalg.norm(slope, axis=1, keepdims=True)
        moved = errors - step[:, None] * slope / np.where(length > 0.0, length, 1.0)
        norm = np.linalg.norm(moved, axis=1, keepdims=True)
        moved = moved * np.minimum(1.0, radius / np.where(norm > 0.0, norm, 1.0))
        better = value(moved) < current
        errors = np.where(better[:, None], moved, errors)
        current = value(errors)
        step = np.where(better, np.minimum(1.5 * step, 2.0 * radius), 0.5 * step)
    return errors


def _best(tried: list[tuple[str, Any, Any]], sign: float = 1.0) -> _Worst:
    """The candidate of least value; ``sign`` is undone in the value reported."""
    winners = [
        (float(np.min(values)), name, errors[int(np.argmin(values))]) for name, errors, values in tried if len(values)
    ]
    value, name, error = min(winners, key=lambda winner: winner[0])
    return _Worst(sign * value, error, name)


def _quadratic(X: Any, x: Any) -> Any:
    return np.real(np.einsum("ki,ij,kj->k", np.conj(x), X, x))


def _relative(value: Any, promised: Any) -> Any:
    """Relative excess over a promise; one of nothing is kept."""
    return np.where(promised > 0.0, value / np.where(promised > 0.0, promised, 1.0) - 1.0, 0.0)


__all__ = ["Attack", "ChannelErrors", "check_design", "perturbed"]
