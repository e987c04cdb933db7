"""Bounds by duality equal known optima, proofs of infeasibility where there is none and only there.

Optima: SINR targets by the uplink's fixed point (M. Schubert, H. Boche, IEEE Trans. Veh. Technol. 53(1), 2004), the
others by a feasible point and a Lagrangian dual bound that agree in eleven digits.
"""

import functools

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jnp
from leoisac.problems.bounds import dual_bound, infeasibility_proof, linear_contradiction
from tests.problems import instances
from tests.problems.instances import downlink, radar

P9C_GAIN = 55.951359989080345


@functools.cache
def uplink(users, antennas, seed, gain=1.0):
    """Beams of least power, their power, and the multipliers of SINR rows ``sinr >= 10``."""
    data = downlink(antennas, users, seed, gain)
    h, noise = data["h"], data["noise"]
    powers = np.full(users, noise / gain**2) / gain**2
    for _ in range(3000):
        whole = np.eye(antennas) + (h.T * powers) @ h.conj()
        solved = np.linalg.solve(whole, h.T).T
        powers = 1.0 / (1.1 * np.real(np.sum(h.conj() * solved, axis=1)))
    direction = solved / np.linalg.norm(solved, axis=1, keepdims=True)
    gains = np.abs(h.conj() @ direction.T) ** 2
    coupling = np.diag(np.diag(gains)) / 10.0 - gains + np.diag(np.diag(gains))
    beams = (direction * np.sqrt(np.linalg.solve(coupling, np.full(users, noise)))[:, None]).T
    received = np.abs(h.conj() @ beams) ** 2
    interference = received.sum(axis=1) - np.diag(received) + noise
    x = np.concatenate([beams.real.ravel(), beams.imag.ravel()])
    return x, powers.sum() * noise, powers * interference / 10.0, data


@pytest.mark.parametrize("gain", [1.0, 1e-7, 1e7])
@pytest.mark.parametrize("raw", [instances.minimum_power, instances.minimum_power_as_rates])
def test_minimum_power(gain, raw):
    x, power, multipliers, data = uplink(2, 4, 0, gain)
    np.testing.assert_allclose(power, 13.780068732520213, rtol=1e-9)
    if raw is instances.minimum_power_as_rates:
        multipliers = multipliers * np.log(2.0) * 11.0  # d sinr / d rate
    bound = dual_bound(raw, "minimise", x, {"quality": multipliers}, data)
    assert bound.kind == "dual"
    assert power * (1.0 - 1e-9) <= bound.value <= power * (1.0 + 1e-12)


@pytest.mark.parametrize("error", [1e-6, 1e-2, np.inf])
def test_bounds_hold_with_any_multipliers(error):
    """Rough multipliers are repaired; where nothing is left of them, better ones are looked for."""
    x, power, multipliers, data = uplink(2, 4, 0)
    rough = multipliers * (1.0 + error * np.array([1.0, -0.5])) if np.isfinite(error) else 0.0 * multipliers
    bound = dual_bound(instances.minimum_power, "minimise", x, {"quality": rough}, data)
    assert power * (1.0 - 1e-5) <= bound.value <= power * (1.0 + 1e-12)


def test_fairness():
    """The beams of least power for SINRs of 10 are those of the largest least SINR with that power."""
    x, power, multipliers, data = uplink(2, 4, 0)
    share = {"power": 1.0 / np.sum(multipliers)}
    data = {**data, "power": power}
    bound = dual_bound(instances.fair, "least", x, share, data, weights=multipliers / np.sum(multipliers))
    np.testing.assert_allclose(bound.value, 10.0, rtol=1e-7)
    assert bound.value >= 10.0 * (1.0 - 1e-11)


def test_beampattern_gain():
    """All is quadratic: neither the best beams nor their multipliers need be known."""
    data = p3()
    bound = dual_bound(instances.gain, "maximise", instances.zero_forcing(data, 10.0), {}, data)
    np.testing.assert_allclose(bound.value, P9C_GAIN, rtol=1e-7)
    assert bound.value >= P9C_GAIN * (1.0 - 1e-11)


def p3(share=None):
    h = instances.gaussian(np.random.default_rng(0), 4, 8)
    a = np.exp(-1j * np.pi * np.arange(8) * np.sin(0.3))
    data = {"h": h, "noise": 0.1, "power": 10.0, "sinr": 10.0, "a": a}
    return data if share is None else {**data, "gain": share * P9C_GAIN}


def worded(kind, crb):
    """The same statement, always as the same function."""
    return _worded(kind, crb)


@functools.cache
def _worded(kind, crb):
    return functools.partial(kind, crb=crb)


@functools.cache
def radar_solution():
    data = radar(0)
    return instances.solved(worded(instances.least_error, instances.by_formula), "minimise", data), data


@pytest.mark.parametrize("crb", [instances.by_formula])
def test_cramer_rao_bound(crb):
    """Amplitude unknown: the tangent of the concave information at the best beams is tight."""
    (found, multipliers, _, _), data = radar_solution()
    true = 4.024573248387396e-07
    bound = dual_bound(worded(instances.least_error, crb), "minimise", found.x, multipliers, data)
    assert true * (1.0 - 1e-8) <= bound.value <= true * (1.0 + 1e-10)


@pytest.mark.parametrize(
    ("crb", "true"), [(instances.known_amplitude, 15.025841927734197), (instances.by_formula, 15.040762167751632)]
)
def test_power_for_a_cramer_rao_bound(crb, true):
    """Without good multipliers: from beams of another problem, the tangent of what is concave being theirs. With the
    amplitude known the row is quadratic, and any point will do."""
    (found, _, _, _), data = radar_solution()
    bound = dual_bound(worded(instances.power_for_error, crb), "minimise", found.x, {}, {**data, "crb": 6e-7})
    exact = crb is instances.known_amplitude
    assert true * (1.0 - (1e-7 if exact else 1e-3)) <= bound.value <= true * (1.0 + 1e-10)


def test_interference_free_rate():
    data = downlink(4, 3, 0, power=10.0)
    x = instances.zero_forcing(data, 10.0)
    bound = dual_bound(instances.sum_rate, "maximise", x, {}, data)
    assert bound.kind == "interference-free"
    assert 9.260114761606902 <= bound.value <= 13.0


def phase_gain(x, data):
    z = x[: x.size // 2] + 1j * x[x.size // 2 :]
    return jnp.abs(data["c"].conj() @ z) ** 2, {"modulus": (jnp.abs(z), 1.0)}


def test_phases():
    """Unit moduli are equations; the best is ``(sum |c|)^2``, and its multipliers need not be known."""
    c = instances.gaussian(np.random.default_rng(0), 6)
    z = np.exp(1j * np.angle(c))
    x, best = np.concatenate([z.real, z.imag]), np.abs(c).sum() ** 2
    bound = dual_bound(phase_gain, "maximise", x, {}, {"c": c}, equalities=frozenset({"modulus"}))
    assert best * (1.0 - 1e-12) <= bound.value <= best * (1.0 + 1e-6)


def least_phase_gain(x, data):
    gain, rows = phase_gain(x, data)
    return jnp.stack([gain, 2.0 * gain]), rows


def test_the_least_of_several_by_its_levels():
    """With no multipliers but those that are looked for: within the nearest level that is tried."""
    c = instances.gaussian(np.random.default_rng(0), 6)
    z = np.exp(1j * np.angle(c))
    x, best = np.concatenate([z.real, z.imag]), np.abs(c).sum() ** 2
    bound = dual_bound(least_phase_gain, "least", x, {}, {"c": c}, equalities=frozenset({"modulus"}))
    assert best * (1.0 - 1e-12) <= bound.value <= best * (1.0 + 1.1e-4)


def unknown(x, data):
    return jnp.sum(jnp.sin(x) ** 2), {"power": (data, x @ x)}


def test_unknown_structures_have_no_bound():
    bound = dual_bound(unknown, "minimise", np.ones(4), {"power": 1.0}, np.array(2.0))
    assert np.isnan(bound.value)
    assert bound.kind == "none"
    assert bound.reason


def limited(x, data):
    w = instances.beams_of(x, data)
    power = instances.power_of(w)
    return power, {"quality": (instances.sinr_of(w, data), data["sinr"]), "power": (data["power"], power)}


@pytest.mark.parametrize("gain", [1.0, 1e-7])
@pytest.mark.parametrize(
    ("share", "infeasible"), [(0.9, True), (0.99, True), (0.9999, True), (1.0001, False), (1.01, False)]
)
def test_power_limits(share, infeasible, gain):
    """Near the limit the multipliers of the common share are those of least power, relative."""
    x, power, multipliers, data = uplink(2, 4, 0, gain)
    relative = {"quality": multipliers}
    proof = infeasibility_proof(limited, x, relative, {**data, "power": share * power})
    assert (proof is not None) is infeasible
    if proof is not None:
        assert proof.margin > 0.0
        assert proof.multipliers["quality"].shape == (2,)


@pytest.mark.parametrize(("share", "infeasible"), [(1.02, True), (1.002, True), (0.98, False)])
def test_gain_out_of_reach(share, infeasible):
    """From beams that are not even the best ones: the rows are quadratic, and multipliers are looked for."""
    data = p3(share)
    x = instances.zero_forcing(data, 10.0)
    proof = infeasibility_proof(instances.gain_wanted, x, {"quality": np.ones(4), "gain": 1.0}, data)
    assert (proof is not None) is infeasible


@pytest.mark.parametrize(("sinr", "infeasible"), [(10.0, True), (1.01, True), (0.9, False)])
def test_sinr_out_of_reach_of_any_power(sinr, infeasible):
    """Four users on two antennas cannot all have an SINR above 1."""
    data = downlink(2, 4, 0, sinr=sinr)
    x = instances.zero_forcing(data, 100.0)
    proof = infeasibility_proof(instances.minimum_power, x, {"quality": np.ones(4)}, data)
    assert (proof is not None) is infeasible


@pytest.mark.parametrize("unit", [1.0, 1e-9])
@pytest.mark.parametrize(
    ("first", "second", "total", "infeasible"),
    [
        (1.0, 2.0, 9.0, True),  # x = 1 and x = 2
        (1.0, 1.0, 9.0, False),
        (1.0, 1.0, 1.5, True),  # x = 1, y >= 1, x + y <= 1.5
        (1.0, 1.0, 2.0, False),
        (0.0, 1e-17, 9.0, False),  # beside terms of the size of y no contradiction
    ],
)
def test_linear_rows_that_contradict_each_other(first, second, total, infeasible, unit):
    """Over all of the plane nothing is definite: multipliers must cancel every slope, and leave less than nothing."""
    x, y = np.eye(3)[1:]
    one = np.eye(3)[0] * unit

    def row(slope):
        return 0.5 * (np.outer(np.eye(3)[0], slope) + np.outer(slope, np.eye(3)[0]))

    rows = np.stack([row(x - first * one), row(x - second * one), row(y - one), row(total * one - x - y)])
    free = np.array([True, True, False, False])
    found = linear_contradiction(rows, free, unit * np.ones(2))
    assert (found is not None) is infeasible
    if found is not None:
        combined = np.einsum("k,kij->ij", found[0], rows)
        assert combined[0, 0] < 0.0
        assert (found[0][~free] >= 0.0).all()
        np.testing.assert_allclose(combined[0, 1:], 0.0, atol=1e-15 * np.abs(found[0]).max())
