"""From covariances back to beams, without loss, and exactly within every constraint.

A convex solver meets constraints to about 1e-7 in its own scaling. ``polish`` removes what is left: the beampattern by
scaling the sensing covariance, the satellite's budget by scaling its data beam, and rates by setting the users' powers,
with the directions of their beams kept, to those that give each user a chosen rate exactly. With radii of channel
errors all rates are those guaranteed in the worst case.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from leoisac.optim.batched.trust_region import least_beam_power, maximise_over_ball
from leoisac.optim.conic.hermitian import hermitian_part, matched_beam, outer, quadratic_form
from leoisac.systems.self_backhaul.judge.worst_case import ErrorRadii, WorstPowers, worst_powers
from leoisac.systems.self_backhaul.published.lifted import Instance, Lifted, ReceivedPowers, received_powers

_LIFTS = 20
_WORST_CASE_STEPS = 30
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Beams:
    """A design in normalised units: rank-one data beams and a sensing covariance of any rank."""

    w: Complex[np.ndarray, "user bs_antenna"]
    v: Complex[np.ndarray, " feed"]
    V0: Complex[np.ndarray, "feed feed"]

    def lifted(self) -> Lifted:
        """The same design as covariances."""
        return Lifted(outer(self.w), outer(self.v), self.V0)


def recover(instance: Instance, lifted: Lifted) -> Beams:
    """Beams ``w_m = W_m h_m / sqrt(h_m^H W_m h_m)`` and ``v = V g_s / sqrt(g_s^H V g_s)``.

    Every wanted signal is unchanged and ``w_m w_m^H <= W_m``, so no interference and no power grows, whatever the rank.
    Only a beampattern that counts the base station's beams may fall.
    """
    return Beams(matched_beam(lifted.W, instance.h_users), matched_beam(lifted.V, instance.g_es), lifted.V0)


def beam_powers(instance: Instance, beams: Beams, radii: ErrorRadii | None = None) -> ReceivedPowers:
    """Received powers of a design, noise included: over the channels as known, or the worst over the error balls."""
    if radii is None:
        return received_powers(instance, beams.lifted())
    return with_noise(worst_powers(instance, radii, beams.w, beams.v, beams.V0))


def with_noise(powers: WorstPowers) -> ReceivedPowers:
    """Worst powers in the form that rates are read from, unit noise added to what disturbs."""
    return ReceivedPowers(
        powers.signal,
        powers.interference + powers.satellite + 1.0,
        float(powers.es_signal),
        float(powers.es_leakage + powers.es_sensing) + 1.0,
    )


def largest_violation(instance: Instance, beams: Beams, radii: ErrorRadii | None = None) -> float:
    """Largest relative violation of any constraint, at least 0: least rates, backhaul, pattern, powers."""
    powers = beam_powers(instance, beams, radii)
    access, pattern = float(np.sum(powers.rates)), _pattern(instance, beams)
    return max(
        0.0,
        1.0 - float(np.min(powers.rates)) / instance.min_rate,
        1.0 - powers.backhaul_rate / access if access > 0.0 else 0.0,
        1.0 - float(np.min(pattern / instance.pattern_min)),
        _power(beams.w) - 1.0,
        _satellite_power(beams) - 1.0,
    )


def balance_feeder(instance: Instance, beams: Beams, radii: ErrorRadii | None = None) -> Beams:
    """The feeder beam scaled so that backhaul and sum rate are equal, as far as the satellite's budget allows.

    A stronger feeder beam raises the one and lowers the other: where they meet, less of the two is largest. Of use
    after a recovery from a covariance ``V`` of higher rank, whose worst-case signal no single beam keeps.
    """
    power = _power(beams.v)
    left = 1.0 - float(np.real(np.trace(beams.V0)))
    if power <= 0.0 or left <= 0.0:
        return beams
    low, high = -20.0, 0.5 * math.log(left / power)
    while high - low > _ROUNDING:
        middle = (low + high) / 2
        powers = beam_powers(instance, Beams(beams.w, beams.v * math.exp(middle), beams.V0), radii)
        short = powers.backhaul_rate < float(np.sum(powers.rates))
        low, high = (middle, high) if short else (low, middle)
    return Beams(beams.w, beams.v * math.exp(high), beams.V0)


def polish(instance: Instance, beams: Beams, radii: ErrorRadii | None = None) -> Beams:
    """Nearby design that meets all constraints to rounding, or the nearest to one that was found.

    With ``R_m`` the rates after scaling to the budgets, user ``m`` gets exactly ``rho_m = r_0 + c (max(R_m, r_0) -
    r_0)`` with the largest ``c <= 1`` for which power and backhaul suffice. For fixed beam directions the powers that
    give these rates solve a linear system; they, and the interference that they cause, shrink with ``c``. A lossless
    recovery of an accurate solution needs ``c`` within 1e-5 of 1.
    """
    beams = _within_budgets(instance, beams)
    rates = np.maximum(beam_powers(instance, beams, radii).rates, instance.min_rate)
    best = _with_rates(instance, beams, rates, radii)
    if best is not None:
        return best
    low, high = 0.0, 1.0
    # The share is nearly 1 after an accurate solve: look there first.
    shares = iter(1.0 - 10.0**exponent for exponent in (-11, -9, -7, -5, -3))
    while high - low > _ROUNDING:
        share = next(shares, (low + high) / 2) if best is None else (low + high) / 2
        found = _with_rates(instance, beams, instance.min_rate + share * (rates - instance.min_rate), radii)
        if found is None:
            high = share
        else:
            low, best = share, found
    return beams if best is None else best


def _with_rates(
    instance: Instance, beams: Beams, rates: Float[np.ndarray, " user"], radii: ErrorRadii | None
) -> Beams | None:
    """The design with these user rates, or ``None`` where a budget, the backhaul or the pattern forbids them."""
    for _ in range(_LIFTS):
        w = _beams_for_rates(instance, beams, rates, radii)
        if w is None or _power(w) > 1.0 + _ROUNDING:
            return None
        candidate = Beams(w, beams.v, beams.V0)
        if np.all(_pattern(instance, candidate) >= instance.pattern_min * (1.0 - _ROUNDING)):
            powers = beam_powers(instance, candidate, radii)
            return candidate if np.sum(rates) <= powers.backhaul_rate * (1.0 + _ROUNDING) else None
        # Weaker base-station beams have left a gap in a joint pattern: the satellite fills it.
        beams = _within_budgets(instance, candidate)
        if _satellite_power(beams) > 1.0 + _ROUNDING:
            return None
    return None


def _beams_for_rates(
    instance: Instance, beams: Beams, rates: Float[np.ndarray, " user"], radii: ErrorRadii | None
) -> Complex[np.ndarray, "user bs_antenna"] | None:
    """The users' beams scaled so that each gets its rate exactly, or ``None`` where no powers achieve that.

    Largest interference is a maximum of functions linear in the powers, one for every error: solving with the worst
    errors of the last powers rises to the solution and is exact after a few steps (Newton's method).
    """
    sinr = np.exp2(rates) - 1.0
    if radii is None:
        own = np.abs(np.sum(np.conj(instance.h_users) * beams.w, axis=1)) ** 2
        disturbance = quadratic_form(instance.g_users, outer(beams.v) + beams.V0) + 1.0
        scale = _powers(own / sinr, _cross_gains(instance.h_users, beams.w), disturbance)
        return None if scale is None else beams.w * np.sqrt(scale)[:, None]
    own = least_beam_power(beams.w, instance.h_users, radii.h_users)
    if not np.all(own > 0.0):
        return None
    satellite = np.broadcast_to(outer(beams.v) + beams.V0, (len(beams.w), *beams.V0.shape))
    disturbance = maximise_over_ball(satellite, instance.g_users, radii.g_users).value + 1.0
    others = 1.0 - np.eye(len(beams.w))
    scale = np.ones(len(beams.w))
    for _ in range(_WORST_CASE_STEPS):
        stacks = np.einsum("mn,nij->mij", others * scale, outer(beams.w))
        errors = maximise_over_ball(stacks, instance.h_users, radii.h_users).error
        following = _powers(own / sinr, _cross_gains(instance.h_users + errors, beams.w), disturbance)
        if following is None or np.sum(np.abs(beams.w) ** 2 * following[:, None]) > 2.0:
            return None
        change = np.max(np.abs(following / scale - 1.0))
        scale = following
        if change < _ROUNDING:
            break
    return beams.w * np.sqrt(scale)[:, None]


def _cross_gains(
    channels: Complex[np.ndarray, "user bs_antenna"], w: Complex[np.ndarray, "user bs_antenna"]
) -> Float[np.ndarray, "user user"]:
    """Power of every other user's beam over each user's channel; zero for the own one."""
    gains = np.abs(np.conj(channels) @ w.T) ** 2
    return gains - np.diag(np.diagonal(gains))


def _powers(
    own: Float[np.ndarray, " user"], cross: Float[np.ndarray, "user user"], disturbance: Float[np.ndarray, " user"]
) -> Float[np.ndarray, " user"] | None:
    """Positive solution of ``own_m x_m - sum_n cross_mn x_n = disturbance_m``, if there is one."""
    try:
        scale = np.linalg.solve(np.diag(own) - cross, disturbance)
    except np.linalg.LinAlgError:
        return None
    return scale if np.all(scale > 0.0) else None


def _within_budgets(instance: Instance, beams: Beams) -> Beams:
    """Sensing covariance raised to the pattern, then data beams scaled down to what the budgets leave."""
    w = beams.w / np.sqrt(max(_power(beams.w), 1.0))
    missing = instance.pattern_min - _bs_pattern(instance, w)
    V0 = _raised(instance, beams.V0, missing * (1.0 + _ROUNDING))
    left = 1.0 - float(np.real(np.trace(V0)))
    power = _power(beams.v)
    v = beams.v * np.sqrt(max(left, 0.0) / power) if power > left else beams.v
    return Beams(w, v, V0)


def _raised(
    instance: Instance, V0: Complex[np.ndarray, "feed feed"], needed: Float[np.ndarray, " target"]
) -> Complex[np.ndarray, "feed feed"]:
    """Covariance with at least the needed pattern: ``V0`` scaled, which keeps its nulls towards the receivers.

    Where that takes more than the budget (a covariance that gives a target nothing), beams to the targets are added.
    """
    pattern = quadratic_form(instance.targets, V0)
    if np.all(pattern >= needed):
        return V0
    short = needed > 0.0
    floor = np.maximum(pattern[short], 1e-200)
    factor = float(np.max(needed[short] / floor))
    trace = float(np.real(np.trace(V0)))
    if trace > 0.0 and factor * trace <= 1.0:
        return V0 * factor
    steering = instance.targets.T * np.sqrt(np.maximum(needed - pattern, 0.0))
    return hermitian_part(V0 + steering @ np.conj(steering.T))


def _pattern(instance: Instance, beams: Beams) -> Float[np.ndarray, " target"]:
    return quadratic_form(instance.targets, beams.V0) + _bs_pattern(instance, beams.w)


def _bs_pattern(instance: Instance, w: Complex[np.ndarray, "user bs_antenna"]) -> Float[np.ndarray, " target"]:
    if not instance.joint:
        return np.zeros(len(instance.targets))
    return np.sum(np.abs(np.conj(instance.bs_targets) @ w.T) ** 2, axis=1)


def _satellite_power(beams: Beams) -> float:
    return _power(beams.v) + float(np.real(np.trace(beams.V0)))


def _power(beams: Complex[np.ndarray, "..."]) -> float:
    return float(np.sum(np.abs(beams) ** 2))
