"""Which radar receiver listens to which target (paper, Algorithm 1, made total), and the rules it is compared with.

NumPy: a handful of pairs, visited in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Complex, Float, Int, Shaped

from leoisac.systems.coexistence.association_rules import OWN

Amplitude = Complex[np.ndarray, "target receiver"] | Float[np.ndarray, "target receiver"]
Angles = Float[np.ndarray, "target receiver"]
Satellite = Float[np.ndarray, "receiver"]
Receivers = Int[np.ndarray, "target"]

RULES = ("proposed", "nearest", "greedy", "random")


def associate(
    amplitude: Amplitude,
    angle: Angles,
    satellite_angle: Satellite,
    rule: str = "proposed",
    satellite_separation: float = math.radians(10.0),
    target_separation: float = math.radians(5.0),
) -> Receivers:
    """Receiver of every target in one cell.

    ``proposed``: pairs in descending echo amplitude; a pair must have ``satellite_separation`` between target and
    satellite, and once a receiver has a target it takes no other one within ``target_separation``. A target that is
    left over (the printed algorithm is silent) takes the strongest receiver that keeps the satellite rule, and if none
    does, the one farthest from the satellite in angle. ``nearest``: the strongest echo. ``greedy``: pairs in descending
    amplitude, at most ``ceil(targets / receivers)`` targets a receiver. ``random``: one-to-one at random (several
    rounds where targets outnumber receivers), the order read from the first target's echo phases, which are uniform.

    Args:
        amplitude: echo amplitudes ``alpha`` (complex where the rule is ``random``).
        angle: what the receiver's array can tell of the target's direction, ``arcsin(u)``, radians.
        satellite_angle: the same of the satellite.
        rule: one of ``RULES``, or one that a plugin has brought (``association_rules``).
        satellite_separation, target_separation: radians.

    Raises:
        ValueError: for an unknown rule.
    """
    strength = np.abs(amplitude)
    if rule == "proposed":
        return _proposed(strength, angle, satellite_angle, satellite_separation, target_separation)
    if rule == "nearest":
        return np.argmax(strength, axis=1)
    if rule == "greedy":
        return _greedy(strength)
    if rule == "random":
        return _random(amplitude)
    if rule in OWN:
        return _own(rule, amplitude, angle, satellite_angle)
    raise ValueError(f"rule = {rule!r}: must be one of {', '.join((*RULES, *OWN))}.")


def associate_all(
    amplitude: Shaped[np.ndarray, "*batch target receiver"],
    u_target: Float[np.ndarray, "*batch target receiver"],
    u_satellite: Float[np.ndarray, "*batch receiver"],
    rule: str,
    satellite_separation: float,
    target_separation: float,
) -> Int[np.ndarray, "*batch target"]:
    """``associate`` for many cells, from directional cosines."""
    angle, satellite_angle = (np.arcsin(np.clip(u, -1.0, 1.0)) for u in (u_target, u_satellite))
    batch = amplitude.shape[:-2]
    chosen = np.empty(amplitude.shape[:-1], dtype=np.int64)
    for index in np.ndindex(*batch):
        chosen[index] = associate(
            amplitude[index],
            angle[index],
            satellite_angle[index],
            rule,
            satellite_separation,
            target_separation,
        )
    return chosen


def improve_by_reassignment(
    association: Int[np.ndarray, "cell target"],
    num_receivers: int,
    cost: Callable[[Int[np.ndarray, "cell target"]], Float[np.ndarray, " cell"]],
    rounds: int = 1,
) -> Int[np.ndarray, "cell target"]:
    """Local search: every single reassignment is tried in turn, and kept where it lowers the cost.

    Args:
        association: where to start, one row per cell.
        num_receivers: receivers of a cell.
        cost: of the cells' associations, e.g. least sensing power; infinite where there is none.
        rounds: times through all targets.
    """
    best = np.array(association)
    least = np.array(cost(best))
    for _ in range(rounds):
        for target in range(best.shape[1]):
            for receiver in range(num_receivers):
                trial = best.copy()
                trial[:, target] = receiver
                found = np.asarray(cost(trial))
                better = found < least * (1.0 - 1e-9)
                best[better], least[better] = trial[better], found[better]
    return best


def _own(rule: str, amplitude: Amplitude, angle: Angles, satellite_angle: Satellite) -> Receivers:
    targets, receivers = amplitude.shape
    chosen = np.asarray(OWN[rule](amplitude, angle, satellite_angle))
    if chosen.shape != (targets,) or chosen.dtype.kind not in "iu" or np.any((chosen < 0) | (chosen >= receivers)):
        raise ValueError(
            f"association = {rule!r}: the rule returns {chosen!r}; it must be a receiver from 0 to {receivers - 1} for "
            f"each of {targets} targets."
        )
    return chosen.astype(np.int64)


def _proposed(
    strength: Float[np.ndarray, "target receiver"],
    angle: Angles,
    satellite_angle: Satellite,
    satellite_separation: float,
    target_separation: float,
) -> Receivers:
    separation = np.abs(angle - satellite_angle)
    clear = separation >= satellite_separation
    alive, chosen = clear.copy(), np.full(len(strength), -1, dtype=np.int64)
    for pair in np.argsort(-strength, axis=None, kind="stable"):
        target, receiver = divmod(int(pair), strength.shape[1])
        if chosen[target] >= 0 or not alive[target, receiver]:
            continue
        chosen[target] = receiver
        close = np.abs(angle[:, receiver] - angle[target, receiver]) < target_separation
        alive[close & (chosen < 0), receiver] = False
    for target in np.flatnonzero(chosen < 0):
        usable = np.where(clear[target], strength[target], -1.0)
        chosen[target] = np.argmax(usable if clear[target].any() else separation[target])
    return chosen


def _greedy(strength: Float[np.ndarray, "target receiver"]) -> Receivers:
    targets, receivers = strength.shape
    room = np.full(receivers, math.ceil(targets / receivers))
    chosen = np.full(targets, -1, dtype=np.int64)
    for pair in np.argsort(-strength, axis=None, kind="stable"):
        target, receiver = divmod(int(pair), receivers)
        if chosen[target] < 0 and room[receiver] > 0:
            chosen[target] = receiver
            room[receiver] -= 1
    return chosen


def _random(amplitude: Amplitude) -> Receivers:
    targets, receivers = amplitude.shape
    order = np.argsort(np.angle(amplitude[0]), kind="stable")
    return order[np.arange(targets) % receivers]
