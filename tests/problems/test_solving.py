"""Stated problems are solved: known optima in any units, the same bits in any company, honest ends."""

from __future__ import annotations

import functools
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import leoisac as li
from leoisac.problems import (
    Beams,
    Phases,
    Power,
    Real,
    Split,
    at_least,
    at_most,
    equals,
    maximise,
    maximise_least,
    minimise,
)
from leoisac.problems.reduction import reduction_of
from leoisac.problems.trial_data import arrange
from tests.problems.instances import gaussian, steering

ANTENNAS, USERS = 4, 2


def least_power(v: Any, d: Any) -> Any:
    quality = at_least(li.terms.sinr(d.h, v.w, noise=d.noise), d.sinr)
    return minimise(li.terms.power(v.w), subject_to={"quality": quality, "power": at_most(li.terms.power(v.w), d.most)})


LEAST_POWER = li.Problem(
    least_power,
    {"w": Beams(antennas=ANTENNAS, streams=USERS)},
    data={"h": ("user", "tx"), "noise": (), "sinr": (), "most": ()},
)


@functools.cache
def channels(users: int = USERS, trials: int = 3) -> np.ndarray:
    return np.stack([gaussian(np.random.default_rng(seed), users, ANTENNAS) for seed in range(trials)])


def uplink_power(h: np.ndarray, sinr: float) -> tuple[float, np.ndarray]:
    """Least downlink power at unit noise, and the uplink powers: the fixed point of the dual uplink."""
    q, before = np.ones(len(h)), np.zeros(len(h))
    for _ in range(2000):
        if np.array_equal(q, before):
            break
        before = q
        total = np.eye(h.shape[1]) + np.einsum("k,ka,kb->ab", q, h, h.conj())
        q = sinr / (1.0 + sinr) / np.real(np.einsum("ka,ab,kb->k", h.conj(), np.linalg.inv(total), h))
    return float(q.sum()), q


@pytest.mark.parametrize("gain", [1.0, 1e-7, 1e7])
def test_least_power_is_the_dual_uplinks_in_any_units(gain: float) -> None:
    """Optimum, bound and multipliers against the fixed point; units change nothing but the units."""
    h = channels()
    solution = li.solve(
        LEAST_POWER, {"h": gain * h, "noise": gain**2, "sinr": 10.0, "most": 1e3}, starts=2, certificate="auto"
    )
    known = [uplink_power(one, 10.0) for one in h]
    assert np.all(solution.status == li.Status.CONVERGED)
    np.testing.assert_allclose(solution.objective, [power for power, _ in known], rtol=1e-9)
    np.testing.assert_allclose(solution.bound, solution.objective, rtol=1e-8)
    assert np.all(np.abs(solution.gap) <= 1e-8)
    # The multipliers price all targets growing together.
    step = 1e-4
    more = (
        np.array([uplink_power(one, 10.0 + step)[0] - power for one, (power, _) in zip(h, known, strict=True)]) / step
    )
    np.testing.assert_allclose(solution.multipliers["quality"].sum(axis=1), more, rtol=1e-4)
    np.testing.assert_allclose(solution.margin["quality"], 0.0, atol=1e-8)
    np.testing.assert_allclose(solution.margin["power"], 1.0 - solution.objective / 1e3, rtol=1e-9)
    assert np.all(solution.multipliers["power"] == 0.0)


def test_a_trial_does_not_depend_on_its_company() -> None:
    h = channels()
    data = {"noise": 1.0, "sinr": 10.0, "most": 1e3}
    together = li.solve(LEAST_POWER, {"h": h[[2, 0, 1]], **data}, starts=2)
    alone = li.solve(LEAST_POWER, {"h": h[:1], **data}, starts=2)
    assert together.value["w"][1].tobytes() == alone.value["w"][0].tobytes()
    for name in ("objective", "kkt", "bound", "violation"):
        assert getattr(together, name)[1] == getattr(alone, name)[0]


def test_out_of_reach_is_proven_and_within_reach_is_not() -> None:
    """Budgets one per cent on either side of the least power; and users that no power can serve."""
    h = channels()
    least = np.array([uplink_power(one, 10.0)[0] for one in h])
    data = {"noise": 1.0, "sinr": 10.0}
    short = li.solve(LEAST_POWER, {"h": h, "most": 0.99 * least, **data}, starts=2)
    enough = li.solve(LEAST_POWER, {"h": h, "most": 1.01 * least, **data}, starts=2)
    assert np.all(short.status == li.Status.INFEASIBLE)
    assert np.all((short.least_violation > 1e-4) & (short.least_violation < 0.011))
    assert np.all(np.isnan(short.multipliers["quality"]))
    assert np.all(np.isnan(short.bound))
    assert np.all(enough.status == li.Status.CONVERGED)
    with pytest.raises(li.DesignError, match=r"3 of 3 trials .*INFEASIBLE"):
        li.solve(LEAST_POWER, {"h": h, "most": 0.99 * least, **data}, starts=2, throw=True)


def test_the_fairest_sinr_is_priced_by_its_budget() -> None:
    """At the least power of a target, the best least SINR is that target, and the budget's price the inverse slope."""
    h = channels()

    def fair(v: Any, d: Any) -> Any:
        return maximise_least(
            li.terms.sinr(d.h, v.w, noise=1.0), subject_to={"power": at_most(li.terms.power(v.w), d.power)}
        )

    power = np.array([uplink_power(one, 10.0)[0] for one in h])
    solution = li.solve(
        li.Problem(fair, {"w": Beams(antennas=ANTENNAS, streams=USERS)}, data={"h": ("user", "tx"), "power": ()}),
        {"h": h, "power": power},
        starts=2,
    )
    np.testing.assert_allclose(solution.objective, 10.0, rtol=1e-9)
    np.testing.assert_allclose(solution.bound, 10.0, rtol=1e-6)
    assert np.all(solution.bound >= solution.objective * (1.0 - 1e-9))
    slope = np.array([(uplink_power(one, 10.001)[0] - uplink_power(one, 9.999)[0]) / 0.002 for one in h])
    np.testing.assert_allclose(solution.multipliers["power"], 1.0 / slope, rtol=1e-4)


def test_phases_line_up() -> None:
    """``|sum_n c_n z_n|`` is at most the sum of the moduli, and its square's bound is tight."""
    c = gaussian(np.random.default_rng(1), 2, 6)

    def reflected(v: Any, d: Any) -> Any:
        z = jnp.sum(d.c * v.z)
        return maximise(jnp.real(z) ** 2 + jnp.imag(z) ** 2)

    solution = li.solve(li.Problem(reflected, {"z": Phases(6)}, data={"c": ("element",)}), {"c": 1e-5 * c}, starts=2)
    best = np.sum(np.abs(1e-5 * c), axis=1) ** 2
    assert np.all(solution.status == li.Status.CONVERGED)
    np.testing.assert_allclose(solution.objective, best, rtol=1e-12)
    np.testing.assert_allclose(solution.bound, best, rtol=1e-9)
    np.testing.assert_allclose(np.abs(solution.value["z"]), 1.0, rtol=1e-14)


def test_kinds_of_variables_keep_their_limits() -> None:
    """Water filling by shares, powers and a real number: against the closed form, on the boundary of every kind."""
    gains = np.array([[1.0, 0.5, 0.01], [2.0, 0.02, 0.03]])

    def shared(v: Any, d: Any) -> Any:
        rate = jnp.sum(jnp.log2(1.0 + d.gain * (d.power * v.share)))
        return maximise(
            rate - 0.1 * (v.level - 0.7) ** 2 + jnp.sum(jnp.log1p(v.extra)),
            subject_to={"tied": equals(v.level, 2.0 * v.twin), "small": at_most(jnp.sum(v.extra), 1.0)},
        )

    kinds = {"share": Split(3), "level": Real(lower=-1.0, upper=0.5), "twin": Real(), "extra": Power(2)}
    problem = li.Problem(shared, kinds, data={"gain": ("channel",), "power": ()})
    solution = li.solve(problem, {"gain": gains, "power": 4.0}, starts=2, certificate="none")
    assert np.all(solution.status == li.Status.CONVERGED)
    share = solution.value["share"]
    assert np.all(share >= 0.0)
    np.testing.assert_allclose(share.sum(axis=1), 1.0, rtol=1e-14)
    # Levels of the water: two channels in the first trial, one in the second.
    np.testing.assert_allclose(share, [[0.625, 0.375, 0.0], [1.0, 0.0, 0.0]], atol=1e-7)
    np.testing.assert_allclose(solution.value["level"], 0.5, atol=1e-9)
    np.testing.assert_allclose(solution.value["twin"], 0.25, atol=1e-6)
    np.testing.assert_allclose(solution.value["extra"], 0.5, atol=1e-6)


def test_own_starts_come_first_and_bad_trials_stay_alone() -> None:
    h = channels()
    optimum = li.solve(LEAST_POWER, {"h": h, "noise": 1.0, "sinr": 10.0, "most": 1e3}, starts=2)
    spoilt = h.copy()
    spoilt[1, 0, 0] = np.nan
    again = li.solve(
        LEAST_POWER,
        {"h": spoilt, "noise": 1.0, "sinr": 10.0, "most": 1e3},
        start={"w": optimum.value["w"][:, None]},
        starts=1,
    )
    assert again.status[1] == li.Status.NONFINITE
    np.testing.assert_allclose(again.objective[[0, 2]], optimum.objective[[0, 2]], rtol=1e-9)
    assert np.all(again.status[[0, 2]] == li.Status.CONVERGED)


@pytest.mark.further
def test_bound_of_a_target_beam_holds_beside_users() -> None:
    """Power on a target under SINR floors: feasible point and dual value meet, also where antennas carry limits."""
    a, _ = steering(ANTENNAS, 0.3)

    def aimed(v: Any, d: Any) -> Any:
        return maximise(
            li.terms.interference(d.a, v.w),
            subject_to={
                "power": at_most(li.terms.power_per_antenna(v.w), d.each),
                "quality": at_least(li.terms.sinr(d.h, v.w, noise=d.noise), 5.0),
            },
        )

    problem = li.Problem(
        aimed,
        {"w": Beams(antennas=ANTENNAS, streams=USERS)},
        data={"a": ("tx",), "h": ("user", "tx"), "each": (), "noise": ()},
    )
    solution = li.solve(problem, {"a": a, "h": channels(), "each": 1.0, "noise": 0.01})
    assert np.all(solution.status == li.Status.CONVERGED)
    assert np.all(solution.bound >= solution.objective * (1.0 - 1e-9))
    assert np.all(solution.gap <= 1e-6)


def test_many_antennas_are_solved_in_the_span_of_the_channels_where_nothing_is_lost() -> None:
    """Two users see two directions of twelve antennas; limits per antenna or group see all of them."""
    h = np.stack([gaussian(np.random.default_rng(seed), USERS, 12) for seed in range(2)])
    kinds = {"w": Beams(antennas=12, streams=USERS)}
    axes = {"h": ("user", "tx"), "noise": (), "sinr": (), "most": ()}
    data = {"h": h, "noise": 1.0, "sinr": 10.0, "most": 1e3}
    whole = li.Problem(least_power, kinds, data=axes)
    smaller = reduction_of(whole, arrange(whole, data, None))
    assert smaller is not None
    assert smaller.problem.coordinates == 2 * USERS * USERS
    solution = li.solve(whole, data, starts=2)
    np.testing.assert_allclose(solution.objective, [uplink_power(one, 10.0)[0] for one in h], rtol=1e-9)
    assert np.all(solution.kkt <= 1e-9)
    np.testing.assert_allclose(solution.gap, 0.0, atol=1e-8)

    def per_antenna(v: Any, d: Any) -> Any:
        goal = least_power(v, d)
        return minimise(goal.objective, {**goal.subject_to, "each": at_most(li.terms.power_per_antenna(v.w), d.most)})

    def per_group(v: Any, d: Any) -> Any:
        goal = least_power(v, d)
        return minimise(goal.objective, {**goal.subject_to, "each": at_most(li.terms.power(v.w, groups=2), d.most)})

    for guarded in (li.Problem(per_antenna, kinds, data=axes), li.Problem(per_group, kinds, data=axes)):
        assert reduction_of(guarded, arrange(guarded, data, None)) is None


@pytest.mark.further
def test_a_common_stream_beside_private_ones_is_not_left_to_itself() -> None:
    """Three users on two antennas: from equal proportions alone, all starts end without private power, and lower."""
    rng = np.random.default_rng(3)
    gaussian(rng, 4, 5), gaussian(rng, 3, 8)
    h = gaussian(rng, 3, 3, 2)

    def split_rates(v: Any, d: Any) -> Any:
        rates = li.terms.rsma_rates(d.h, v.common, v.private, noise=0.1)
        return maximise_least(
            rates.private + v.share * v.level,
            subject_to={
                "power": at_most(li.terms.power(v.common) + li.terms.power(v.private), 1.0),
                "common": at_least(rates.common_of_users, v.level),
            },
        )

    kinds = {
        "common": Beams(antennas=2, streams=1),
        "private": Beams(antennas=2, streams=3),
        "share": Split(3),
        "level": Real(),
    }
    problem = li.Problem(split_rates, kinds, data={"h": ("user", "tx")})
    solution = li.solve(problem, {"h": h[:1]}, certificate="none")
    assert solution.objective[0] >= 1.8639
