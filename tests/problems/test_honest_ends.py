"""What is called a local optimum is one: limits that saturate or are missing, stationary points of other kinds."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import leoisac as li
from leoisac.problems import Beams, Real, at_least, at_most, equals, maximise, minimise
from tests.problems.instances import gaussian

LEVEL_OF_SECOND = 1.6783469900166605
"""Root of ``exp(-p) (1 + p) = 1/2``."""


def received_under_a_saturating_limit(v: Any, d: Any) -> Any:
    """``max |h^H w|^2`` where ``1 - exp(-p) (1 + second p) <= 1/2`` of the power ``p``, which misses by 1/2 at most.

    The left side grows with ``p``, so that ``p`` is at the root, and the best beam is matched: ``p ||h||^2``.
    """
    p = li.terms.power(v.w)
    return maximise(
        li.terms.beampattern(d.h, v.w),
        {
            "saturates": at_most(1.0 - jnp.exp(-p) * (1.0 + d.second * p), 0.5),
            "power": at_most(p, d.most, where=d.limited),
        },
    )


SATURATING = li.Problem(
    received_under_a_saturating_limit,
    {"w": Beams(antennas=3, streams=2)},
    data={"h": ("tx",), "second": (), "most": (), "limited": ()},
)
H = gaussian(np.random.default_rng(3), 6, 3)
KINDS = {
    "h": H,
    "second": np.array([0.0, 0.0, 0.0, 1.0, 1.0, 0.0]),
    "most": np.array([10.0, 100.0, 1.0, 10.0, 1.0, 0.5]),
    "limited": np.array([1, 1, 0, 1, 0, 1]),
}
BEST_POWER = np.array([np.log(2.0), np.log(2.0), np.log(2.0), LEVEL_OF_SECOND, LEVEL_OF_SECOND, 0.5])
BEST = BEST_POWER * np.sum(np.abs(H) ** 2, axis=1)


@pytest.mark.parametrize("backend", ["auto", "jax"])
def test_a_limit_that_saturates_is_kept_beside_looser_ones_and_alone(backend: Any) -> None:
    solution = li.solve(SATURATING, KINDS, starts=3, backend=backend)
    assert (solution.status == li.Status.CONVERGED).all(), solution.certificate
    np.testing.assert_allclose(solution.objective, BEST, rtol=1e-9)
    assert (solution.violation <= 1e-9).all()
    assert (solution.agreeing_starts >= 1).all()
    binds = np.array([True] * 5 + [False])
    np.testing.assert_array_equal(solution.margin["saturates"] < 1e-9, binds)
    # d objective / d bound = ||h||^2 dp / dbound, with d(1 - exp(-p) (1 + c p)) = exp(-p) (1 - c + c p) dp.
    c, p = KINDS["second"], BEST_POWER
    price = np.where(binds, np.sum(np.abs(H) ** 2, axis=1) * np.exp(p) / (1.0 - c + c * p), 0.0)
    np.testing.assert_allclose(solution.multipliers["saturates"], price, rtol=1e-6)


def test_own_starts_where_nothing_moves_or_nothing_is_met() -> None:
    """No power at all and a beam past the channel, stationary and worst of all; powers at which the limit is flat."""
    h = KINDS["h"]
    past = np.cross(h, np.array([1.0, 2.0, 3.0j])).conj()  # conj(h) @ w = 0
    past *= 0.5 / np.linalg.norm(past, axis=1, keepdims=True)
    assert np.abs(np.sum(np.conj(h) * past, axis=1)).max() < 1e-12
    start = np.zeros((6, 3, 2), complex)
    start[1], start[4] = past[1, :, None], past[4, :, None]
    start[2], start[3] = 30.0, 1e6
    solution = li.solve(SATURATING, KINDS, starts=0, start={"w": start})
    assert (solution.status == li.Status.CONVERGED).all(), solution.certificate
    np.testing.assert_allclose(solution.objective, BEST, rtol=1e-9)


def rates_that_may_be_limited(v: Any, d: Any) -> Any:
    return maximise(
        jnp.sum(li.terms.rate(li.terms.sinr(d.h, v.w, noise=1.0))),
        {"power": at_most(li.terms.power(v.w), 10.0, where=d.limited)},
    )


def test_without_a_limit_there_is_no_optimum_in_any_company() -> None:
    """Two users on four antennas: beams that null their interference gain for ever, and numbers end before that."""
    rng = np.random.default_rng(3)
    h = (rng.standard_normal((4, 2, 4)) + 1j * rng.standard_normal((4, 2, 4))) / np.sqrt(2.0)
    problem = li.Problem(
        rates_that_may_be_limited, {"w": Beams(antennas=4, streams=2)}, data={"h": ("user", "tx"), "limited": ()}
    )
    with pytest.raises(li.ProblemError, match=r"has no limit: it still gains when w grow"):
        li.solve(problem, {"h": h, "limited": np.zeros(4)}, certificate="none")
    mixed = li.solve(problem, {"h": h, "limited": np.array([1, 0, 0, 1])}, certificate="none")
    assert mixed.status.tolist() == [0, *[int(li.Status.MAX_STEPS)] * 2, 0]
    assert all("gain" in mixed.certificate[number] for number in (1, 2))
    unfinished = [int(li.Status.MAX_STEPS)]
    try:  # the trial that ends where rounding hides what is still to gain: refused or not finished, never an optimum
        alone = li.solve(problem, {"h": h[1:2], "limited": np.zeros(1)}, certificate="none").status.tolist()
    except li.ProblemError:
        alone = unfinished
    assert alone == unfinished


def test_an_objective_of_zero_at_its_best_is_an_optimum() -> None:
    """Digits of a vanishing distance are no gains; what is flat for ever is not without end."""

    def distance(v: Any, d: Any) -> Any:
        return minimise(jnp.sum((v.x - d.z) ** 2) + jnp.maximum(0.0, d.floor - v.y[0]) ** 2)

    problem = li.Problem(distance, {"x": Real(2), "y": Real(1)}, data={"z": (), "floor": ()})
    data = {"z": np.array([1.0, 1e-6, 1e6]), "floor": np.array([1.0, 1e-6, 1e6])}
    near = data["z"][:, None] * (1.0 + np.array([0.0, 1e-9]))
    for options in ({"starts": 2}, {"starts": 0, "start": {"x": near, "y": 2.0 * near[:, :1]}}):
        solution = li.solve(problem, data, certificate="none", **options)
        assert (solution.status == li.Status.CONVERGED).all(), solution.certificate
        np.testing.assert_allclose(solution.value["x"], data["z"][:, None] * np.ones(2), rtol=1e-6)


def test_equations_that_contradict_each_other_are_proven_to() -> None:
    def tied(v: Any, d: Any) -> Any:
        return minimise(jnp.sum(v.x**2), {"a": equals(v.x[0], 1.0), "b": equals(v.x[0] + 0.0 * v.x[1], d.other)})

    solution = li.solve(li.Problem(tied, {"x": Real(2)}, data={"other": ()}), {"other": np.array([2.0, 1.0])}, starts=1)
    assert solution.status.tolist() == [int(li.Status.INFEASIBLE), int(li.Status.CONVERGED)]
    assert solution.certificate[0].startswith("infeasible: proven")


@pytest.mark.further
def test_outage_of_another_receiver_is_kept() -> None:
    """``1 - exp(-|g^H w|^2) <= 0.1`` is ``|g^H w|^2 <= ln(1/0.9)``: the same problem, which does not saturate."""
    h = gaussian(np.random.default_rng(5), 4, 2, 4)
    found = []
    for outage in (True, False):

        def statement(v: Any, d: Any, outage: bool = outage) -> Any:
            leak = li.terms.beampattern(d.h[1], v.w)
            kept = at_least(jnp.log(1.0 / 0.9), leak) if not outage else at_most(1.0 - jnp.exp(-leak), 0.1)
            power = at_most(li.terms.power(v.w), 100.0)
            return maximise(li.terms.beampattern(d.h[0], v.w), {"leak": kept, "power": power})

        found.append(li.solve(li.Problem(statement, {"w": Beams(antennas=4, streams=1)}), {"h": h}))
    assert all((solution.status == li.Status.CONVERGED).all() for solution in found)
    np.testing.assert_allclose(found[0].objective, found[1].objective, rtol=1e-6)
