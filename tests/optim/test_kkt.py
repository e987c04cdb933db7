"""Polished multipliers: closed forms, equations as pairs of rows, rows off their limit, and what is not finite."""

import functools

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import compiler_options
from leoisac.optim.batched.kkt import polish as traceable_polish
from leoisac.optim.problem import kkt_residual


@functools.cache
def program(fc, **options):
    single = functools.partial(traceable_polish, fc, **options)
    return jax.jit(jax.vmap(single), compiler_options=compiler_options(0))


def polish(fc, x, data, guess, **options):
    """One instance, by the same programs as a batch of five."""
    batch = jax.tree.map(lambda leaf: np.stack(5 * [leaf]), (x, data, guess))
    return jax.tree.map(lambda leaf: np.asarray(leaf)[0], program(fc, **options)(*batch))


def eigenvalue(x, data):
    """Smallest ``x^T A x`` outside the unit sphere: the optimum and its multiplier are the least eigenvalue."""
    return x @ data["A"] @ x, jnp.stack([x @ x - 1.0, data["outer"] - x @ x])


def eigenvalue_with_equation(x, data):
    on_sphere = x @ x - 1.0
    return x @ data["A"] @ x, jnp.stack([on_sphere, -on_sphere])


def minimum_power(x, data):
    """Beams of least power for SINRs of 10, ``x`` holding real and imaginary parts; rows as logarithms."""
    users, antennas = data["h"].shape
    real, imaginary = x.reshape(2, users, antennas)
    received = (real + 1j * imaginary) @ data["h"].conj().T  # (beam, user)
    powers = jnp.real(received) ** 2 + jnp.imag(received) ** 2
    signal = jnp.diag(powers)
    interference = jnp.sum(jnp.where(jnp.eye(users, dtype=bool), 0.0, powers), axis=0)
    return x @ x, jnp.log(signal / (10.0 * (interference + data["noise"])))


def matrix(seed, size=6):
    root = np.random.default_rng(seed).normal(size=(size, size))
    return root @ root.T / size + np.eye(size)


def rayleigh(seed, outer=4.0):
    values, vectors = np.linalg.eigh(matrix(seed))
    return vectors[:, 0], values[0], {"A": matrix(seed), "outer": outer}


def many_beams(seed, users=2, antennas=4):
    """Beams and multipliers by the uplink's fixed point (M. Schubert, H. Boche, IEEE Trans. Veh. Technol. 53(1), 2004),
    the multipliers of logarithmic rows being the uplink's powers times the noise of 1."""
    rng = np.random.default_rng(seed)
    h = (rng.standard_normal((users, antennas)) + 1j * rng.standard_normal((users, antennas))) / np.sqrt(2.0)
    uplink = np.ones(users)
    for _ in range(2000):
        whole = np.eye(antennas) + (h.T * uplink) @ h.conj()
        inside = np.real(np.einsum("ka,ka->k", h.conj(), np.linalg.solve(whole, h.T).T))
        uplink = 1.0 / (1.1 * inside)
    direction = np.linalg.solve(whole, h.T).T
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    gains = np.abs(direction @ h.conj().T) ** 2  # (beam, user)
    coupling = np.diag(np.diag(gains)) / 10.0 - (gains - np.diag(np.diag(gains))).T
    beams = np.sqrt(np.linalg.solve(coupling, np.ones(users)))[:, None] * direction
    x = np.concatenate([beams.real.ravel(), beams.imag.ravel()])
    # A row log(s / (10 (i + 1))) has the multiplier uplink * (i + 1): d(least power) by relative signal.
    received = np.abs(beams @ h.conj().T) ** 2
    return x, uplink * (received.sum(axis=0) - np.diag(received) + 1.0), uplink.sum(), {"h": h, "noise": 1.0}


def test_multipliers_of_an_eigenvalue_from_a_rough_point():
    vector, value, data = rayleigh(0)
    rough = vector + 1e-3 * np.random.default_rng(1).normal(size=6)
    polished = polish(eigenvalue, rough, data, np.array([0.9 * value, 0.0]))
    np.testing.assert_allclose(polished.multipliers, [value, 0.0], rtol=1e-11)
    np.testing.assert_allclose(np.abs(polished.x @ vector), 1.0, rtol=1e-12)
    assert polished.stationarity < 1e-11
    assert polished.violation < 1e-11


def test_least_squares_alone_where_the_hessian_would_be_too_large():
    vector, value, data = rayleigh(0)
    rough = vector * (1.0 + 1e-5)
    polished = polish(eigenvalue, rough, data, np.zeros(2), hessian_limit=5)
    np.testing.assert_array_equal(polished.x, rough)
    np.testing.assert_allclose(polished.multipliers, [value, 0.0], rtol=1e-4)


@pytest.mark.parametrize("largest", [False, True])
def test_an_equation_as_two_opposite_rows(largest):
    """The multiplier of an equation has either sign: the difference of the two."""
    values, vectors = np.linalg.eigh(matrix(2))
    sign, index = (-1.0, -1) if largest else (1.0, 0)
    rough = vectors[:, index] + 1e-3 * np.random.default_rng(1).normal(size=6)
    polished = polish(eigenvalue_with_equation, rough, {"A": sign * matrix(2)}, np.array([1.0, 1.0]))
    np.testing.assert_allclose(polished.multipliers[0] - polished.multipliers[1], sign * values[index], rtol=1e-10)
    assert np.all(polished.multipliers >= 0.0)
    assert polished.stationarity < 1e-10


@pytest.mark.parametrize("seed", [0, 2])
def test_minimum_power_has_the_uplinks_multipliers(seed):
    """Phases of the beams are free: the Hessian is singular along them."""
    x, multipliers, power, data = many_beams(seed)
    rough = x * (1.0 + 1e-4 * np.random.default_rng(3).normal(size=x.size))
    polished = polish(minimum_power, rough, data, multipliers * 1.01)
    np.testing.assert_allclose(polished.multipliers, multipliers, rtol=1e-9)
    np.testing.assert_allclose(polished.x @ polished.x, power, rtol=1e-11)
    assert polished.stationarity < 1e-9


def test_the_measures_do_not_depend_on_units():
    """Gains times 1e-7 with noise by the square leave all relative measures and the multipliers as they were."""
    x, multipliers, _, data = many_beams(0)
    small = {"h": 1e-7 * data["h"], "noise": 1e-14 * data["noise"]}
    polished = [polish(minimum_power, 1.0001 * x, each, multipliers) for each in (data, small)]
    np.testing.assert_allclose(polished[0].multipliers, polished[1].multipliers, rtol=1e-9)
    assert max(each.stationarity for each in polished) < 1e-9


def smooth(x, data):
    return x @ data["A"] @ x + jnp.sum(jnp.cosh(x - 1.0)), jnp.zeros(0)


def inside(x, data):
    return x @ data["A"] @ x, jnp.stack([1.0 - x @ x])


def test_without_constraints_it_is_newtons_method():
    data = {"A": matrix(3)}
    polished = polish(smooth, 0.3 * np.ones(6), data, np.zeros(0), steps=8)
    gradient = 2.0 * data["A"] @ polished.x + np.sinh(polished.x - 1.0)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-12)
    assert polished.multipliers.shape == (0,)


def test_what_is_no_optimum_is_not_called_one():
    """A row at its limit that pulls the wrong way has no multiplier, and the gradient stays as it is."""
    polished = polish(inside, np.array([1.0, 0.0, 0.0]), {"A": np.eye(3)}, np.zeros(1), steps=0)
    assert polished.multipliers[0] == 0.0
    assert polished.stationarity == 1.0


@pytest.mark.parametrize("place", ["x", "data"])
def test_what_is_not_finite_stays_so(place):
    vector, value, data = rayleigh(0)
    broken = np.where(np.arange(6) == 2, np.nan, vector) if place == "x" else vector
    data = {**data, "A": np.full((6, 6), np.nan)} if place == "data" else data
    polished = polish(eigenvalue, broken, data, np.array([value, 0.0]))
    assert not polished.stationarity < 1.0


def test_side_by_side_as_one_by_one():
    """Neighbours change nothing but rounding, and the engine's own certificate says the same."""
    solved = [many_beams(seed) for seed in range(5)]
    data = jax.tree.map(lambda *leaves: np.stack(leaves), *[each[3] for each in solved])
    xs, guesses = (np.stack([each[place] for each in solved]) for place in (0, 1))
    together = jax.tree.map(np.asarray, program(minimum_power)(1.0001 * xs, data, 0.99 * guesses))
    alone = polish(minimum_power, 1.0001 * xs[0], jax.tree.map(lambda leaf: leaf[0], data), 0.99 * guesses[0])
    residual = jax.jit(jax.vmap(functools.partial(kkt_residual, minimum_power)), compiler_options=compiler_options(0))
    certificate = jax.tree.map(np.asarray, residual(together.x, data, together.multipliers))
    np.testing.assert_allclose(together.multipliers, guesses, rtol=1e-9)
    np.testing.assert_allclose(together.multipliers[0], alone.multipliers, rtol=1e-12)
    assert certificate.stationarity.max() < 1e-9
    np.testing.assert_allclose(certificate.violation, together.violation, atol=1e-15)
