"""Rivals that keep the rules: their parts against closed forms and a convex solver, their promises, their proofs."""

import numpy as np
import pytest
from cases import deterministic

import leoisac as li
from leoisac.foundation.jax_setup import double_precision, jnp
from leoisac.foundation.status import Status
from leoisac.optim.batched.sinr_duality import balanced_beams, most_sum_rate
from leoisac.systems.self_backhaul.fast.links import best_link
from leoisac.systems.self_backhaul.fast.time_shares import best_time_shares


def random_channels(users, antennas, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((users, antennas)) + 1j * rng.standard_normal((users, antennas))


class TestParts:
    @pytest.mark.parametrize("strength", [1.0, 30.0])
    def test_the_best_link_beside_sensing_is_that_of_a_convex_solver(self, strength):
        """Charnes and Cooper's change of variables makes the ratio a semidefinite program."""
        cp = pytest.importorskip("cvxpy")
        _, _, instance = deterministic("R1")
        g, targets, demands = strength * instance.g_users[0], instance.targets, 4.0 * instance.pattern_min
        with double_precision():
            link = best_link(*map(jnp.asarray, (g, targets, demands)))
        size = float(np.sum(np.abs(g) ** 2))
        Y, s = cp.Variable((3, 3), hermitian=True), cp.Variable()
        quadratic = [cp.real(cp.trace(np.outer(a, a.conj()) @ Y)) for a in (*targets, g)]
        limits = [Y >> 0, s + quadratic[-1] == 1.0]
        limits += [at >= demand * s for at, demand in zip(quadratic, demands)]
        problem = cp.Problem(cp.Maximize(size * (s - cp.real(cp.trace(Y)))), limits)
        problem.solve(solver="CLARABEL")
        assert float(link.snr) == pytest.approx(problem.value, rel=1e-6)
        assert float(link.snr) <= float(link.most) <= float(link.snr) * (1.0 + 1e-6)
        assert np.linalg.norm(link.beam) ** 2 + np.trace(link.sensing).real <= 1.0 + 1e-12

    @pytest.mark.parametrize(("users", "antennas"), [(3, 4), (4, 3)])
    def test_balanced_beams_close_their_own_proof(self, users, antennas):
        h = random_channels(users, antennas)
        with double_precision():
            found = balanced_beams(jnp.asarray(h))
        power = np.abs(h.conj() @ np.asarray(found.beams).T) ** 2
        sinr = np.diag(power) / (power.sum(axis=1) - np.diag(power) + 1.0)
        assert np.sum(np.abs(found.beams) ** 2) == pytest.approx(1.0)
        np.testing.assert_allclose(sinr, float(found.most_sinr), rtol=1e-6)

    def test_the_bound_on_any_coding_is_the_sum_capacity(self):
        cp = pytest.importorskip("cvxpy")
        h = random_channels(3, 2)
        q = cp.Variable(3, nonneg=True)
        outer = [np.outer(x, x.conj()) for x in h]
        real = [np.block([[X.real, -X.imag], [X.imag, X.real]]) for X in outer]
        total = np.eye(4) + sum(q[m] * real[m] for m in range(3))
        problem = cp.Problem(cp.Maximize(cp.log_det(total) / 2.0), [cp.sum(q) <= 1.0])
        problem.solve(solver="CLARABEL")
        with double_precision():
            bound = float(most_sum_rate(jnp.asarray(h)))
        assert bound == pytest.approx(problem.value / np.log(2.0), rel=1e-5)
        assert bound >= problem.value / np.log(2.0) - 1e-7

    def test_time_shares_are_the_best_of_a_fine_grid(self):
        rates = np.array([[4.0, 0.0], [0.0, 2.0], [2.5, 0.8]])
        cost = np.array([1.4, 1.2, 1.33])
        share = best_time_shares(rates, 0.5, cost)
        assert share @ cost == pytest.approx(1.0)
        assert np.all(share @ rates >= 0.5)
        grid = np.linspace(0.0, 1.0, 401)
        a, b = (part.ravel() for part in np.meshgrid(grid, grid))
        tried = np.stack([a, b, 1.0 - a - b], axis=1)[a + b <= 1.0] / cost
        tried = tried[np.all(tried @ rates >= 0.5, axis=1)]
        assert np.sum(share @ rates) == pytest.approx(np.max(np.sum(tried @ rates, axis=1)), abs=5e-3)
        assert np.sum(share @ rates) >= np.max(np.sum(tried @ rates, axis=1)) - 1e-9

    def test_out_of_reach_the_least_rate_is_as_large_as_it_can_be(self):
        share = best_time_shares(np.diag([4.0, 2.0]), 9.0, np.ones(2))
        np.testing.assert_allclose(share @ np.diag([4.0, 2.0]), 4.0 / 3.0)

    def test_what_is_not_finite_gets_no_time(self):
        assert not best_time_shares(np.full((2, 2), np.nan), 1.0, np.ones(2)).any()


class TestFair:
    @pytest.mark.parametrize(("fair", "published"), [("das-fair", "das"), ("tdma-fair", "tdma")])
    def test_without_a_floor_nothing_is_lost_and_with_one_it_holds(self, fair, published):
        config, channels, _ = deterministic("R1")
        free = config.replace(min_sinr_db=-60.0)
        lead = li.design(free, channels, fair).objective - li.design(free, channels, published).objective
        assert lead[0] >= -1e-6
        held = config.replace(min_sinr_db=-5.0)
        solution = li.design(held, channels, fair)
        metrics = li.evaluate(held, channels, solution)
        assert solution.status[0] == Status.CONVERGED
        assert metrics["min_rate_met"][0] == metrics["users_met"][0] == 1.0
        if fair == "tdma-fair":
            assert metrics["margin_backhaul"][0] == pytest.approx(0.0, abs=1e-9)

    @pytest.mark.parametrize("scheme", ["das-fair", "tdma-fair"])
    def test_infeasible_where_no_coding_reaches_the_least_rates(self, scheme):
        config, channels, _ = deterministic("R1")
        proven = li.design(config.replace(min_sinr_db=40.0), channels, scheme)
        assert proven.status[0] == Status.INFEASIBLE
        assert proven.violation[0] > 0.1

    def test_rates_in_phases_add_up(self):
        config, channels, instance = deterministic("R1")
        design = li.design(config.replace(min_sinr_db=-5.0), channels, "das-fair").value
        rate = np.zeros(3)
        for beams, V0, share in zip(design.satellite_phase_beams[0], design.phase_sensing[0], design.phase_share[0]):
            g = instance.g_users
            power = np.abs(g.conj() @ beams.T) ** 2
            noise = 1.0 + np.real(np.einsum("mi,ij,mj->m", g.conj(), V0, g))
            rate += share * np.log2(1.0 + np.diag(power) / (power.sum(axis=1) - np.diag(power) + noise))
        np.testing.assert_allclose(li.evaluate(config, channels, design)["rate"][0], rate, rtol=1e-9)


class TestAware:
    def test_each_side_keeps_its_own_limit(self):
        config = li.config("self-backhaul", num_users=3)
        channels = li.draw(config, seed=0, trials=8)
        design = li.design(config, channels, "ibs-aware").value
        noise = channels.noise_power[:, None]
        at_users = np.abs(np.einsum("tmi,ti->tm", channels.g_users.conj(), design.satellite_beam)) ** 2 / noise
        at_es = np.abs(np.einsum("ti,tmi->tm", channels.h_es.conj(), design.bs_beams)) ** 2 / noise
        assert np.all(at_users.mean(axis=1) <= 1.0 + 1e-9)
        assert np.all(at_es.sum(axis=1) <= 0.1 + 1e-9)
        for scheme, floor in (("ibs", 0.0), ("ibs-matched", 0.0)):
            other = li.design(config, channels, scheme)
            assert li.design(config, channels, "ibs-aware").objective.mean() > other.objective.mean() + 5.0 + floor

    def test_weights_can_be_given(self):
        """No weight on the users: the feeder beam is matched to the Earth Station."""
        config, channels, instance = deterministic("R1", ibs_bs_weight=0.0, ibs_satellite_weight=0.0)
        design = li.design(config, channels, "ibs-aware").value
        v, g = design.satellite_beam[0], instance.g_es
        assert abs(np.vdot(v, g)) == pytest.approx(np.linalg.norm(v) * np.linalg.norm(g))
        h = instance.h_users
        expected = np.linalg.solve(h.T @ h.conj() + 3.0 * np.eye(4), h.T).T
        expected /= np.sqrt(3.0) * np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(design.bs_beams[0], expected, rtol=1e-9)
