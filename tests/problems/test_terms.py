"""Terms of stated problems against plain NumPy, their limits, slopes at zero, and their words for wrong shapes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.metrics.beampattern import beampattern
from leoisac.metrics.fisher import point_target_derivatives
from leoisac.metrics.scnr import best_scnr


class _Compiled:
    """The terms, each call one program, as problems have them: operation by operation, every one is compiled alone."""

    def __getattr__(self, name: str) -> Any:
        term = getattr(li.terms, name)
        return lambda *args, **kwargs: jax.jit(lambda: term(*args, **kwargs))()


terms: Any = _Compiled()


def _complex(seed: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)


def _covariance(seed: int, n: int) -> np.ndarray:
    factor = _complex(seed, n, n)
    return factor @ factor.conj().T


H, W, V = _complex(0, 3, 6), _complex(1, 6, 5), _covariance(2, 6)
"""Three users, six antennas, two sensing streams, and a sensing covariance."""


def test_powers_in_total_by_antenna_stream_and_group() -> None:
    np.testing.assert_allclose(terms.power(W), np.linalg.norm(W) ** 2)
    np.testing.assert_allclose(terms.power(W[:, 0]), np.linalg.norm(W[:, 0]) ** 2)
    np.testing.assert_allclose(terms.power(covariance=V), np.trace(V).real)
    np.testing.assert_allclose(terms.power(W, covariance=V), np.trace(W @ W.conj().T + V).real)
    antennas = np.diag(W @ W.conj().T + V).real
    np.testing.assert_allclose(terms.power_per_antenna(W, covariance=V), antennas)
    np.testing.assert_allclose(terms.power_per_stream(W), np.linalg.norm(W, axis=0) ** 2)
    np.testing.assert_allclose(terms.power(W, covariance=V, groups=3), antennas.reshape(3, 2).sum(axis=1))
    uneven = terms.power(W, covariance=V, groups=[0, 1, 1, 0, 1, 1])
    np.testing.assert_allclose(uneven, [antennas[[0, 3]].sum(), antennas[[1, 2, 4, 5]].sum()])


@pytest.mark.parametrize("groups", [4, 0, [0, 1], [0, 0, 0, 2, 2, 2], 0.5])
def test_groups_that_are_none(groups: Any) -> None:
    with pytest.raises(ValueError, match=r"li\.terms\.power: groups"):
        terms.power(W, groups=groups)


def _sinr(k: int, noise: float, extra: float = 0.0) -> float:
    others = [s for s in range(W.shape[1]) if s != k]
    disturbed = sum(abs(np.vdot(H[k], W[:, s])) ** 2 for s in others) + extra + noise
    return abs(np.vdot(H[k], W[:, k])) ** 2 / disturbed


def test_sinr_with_sensing_streams_covariance_and_interference() -> None:
    noise, external = np.array([0.1, 0.2, 0.3]), np.array([1.0, 0.0, 2.0])
    np.testing.assert_allclose(terms.sinr(H, W, noise=0.1), [_sinr(k, 0.1) for k in range(3)])
    extra = [(H[k].conj() @ V @ H[k]).real + external[k] for k in range(3)]
    expected = [_sinr(k, noise[k], extra[k]) for k in range(3)]
    np.testing.assert_allclose(terms.sinr(H, W, noise=noise, covariance=V, interference=external), expected)
    np.testing.assert_allclose(terms.rate(np.array(expected)), np.log2(1.0 + np.array(expected)))
    single = terms.sinr(H[0], W[:, :1], noise=0.1)
    assert np.shape(single) == ()
    np.testing.assert_allclose(single, abs(np.vdot(H[0], W[:, 0])) ** 2 / 0.1)


def test_a_strong_user_keeps_its_interference() -> None:
    h, w = np.array([[1e9, 1.0], [0.0, 1.0]]), np.eye(2)
    np.testing.assert_allclose(terms.sinr(h, w, noise=1e-3), [1e18 / (1.0 + 1e-3), 1e3], rtol=1e-12)
    np.testing.assert_allclose(terms.rate(1e-15), 1e-15 / np.log(2.0), rtol=1e-12)


def test_rate_splitting() -> None:
    common = _complex(3, 6)
    rates = terms.rsma_rates(H, common, W, noise=0.3, covariance=V)
    own = np.abs(H.conj() @ W) ** 2
    extra = np.real(np.einsum("ka,ab,kb->k", H.conj(), V, H)) + 0.3
    of_users = np.log2(1.0 + np.abs(H.conj() @ common) ** 2 / (own.sum(axis=1) + extra))
    np.testing.assert_allclose(rates.common_of_users, of_users)
    np.testing.assert_allclose(rates.common, of_users.min())
    np.testing.assert_allclose(rates.private, terms.rate(terms.sinr(H, W, noise=0.3, covariance=V)))
    split = terms.rsma_split(rates)
    np.testing.assert_allclose(np.sum(split.common_rate), rates.common, rtol=1e-12)
    np.testing.assert_allclose(np.min(split.common_rate + rates.private), split.min_rate, rtol=1e-12)
    silent = terms.rsma_rates(H, 0.0 * common, W, noise=0.3)
    assert silent.common == 0.0
    np.testing.assert_allclose(silent.private, terms.rate(terms.sinr(H, W, noise=0.3)))


def test_multicast_serves_the_weakest() -> None:
    each = terms.multicast_rate(H, W[:, 0], noise=0.5, per_user=True)
    np.testing.assert_allclose(each, np.log2(1.0 + np.abs(H.conj() @ W[:, 0]) ** 2 / 0.5))
    assert terms.multicast_rate(H, W[:, 0], noise=0.5) == each.min()
    both = terms.multicast_rate(H, W[:, :2], noise=0.5, covariance=V, per_user=True)
    flux = np.real(np.einsum("ka,ab,kb->k", H.conj(), V, H))
    np.testing.assert_allclose(both, np.log2(1.0 + (np.abs(H.conj() @ W[:, :2]) ** 2).sum(axis=1) / (flux + 0.5)))


def test_secrecy_is_what_the_best_eavesdropper_leaves() -> None:
    g = _complex(4, 2, 6)
    received = np.abs(g.conj() @ W) ** 2
    expected = np.empty((3, 2))
    for k in range(3):
        for e in range(2):
            heard = received[e, k] / (np.delete(received[e], k).sum() + 0.2)
            expected[k, e] = np.log2(1.0 + _sinr(k, 0.2)) - np.log2(1.0 + heard)
    pairs = terms.secrecy_rate(H, W, g, noise=0.2, per_eavesdropper=True)
    np.testing.assert_allclose(pairs, expected)
    np.testing.assert_allclose(terms.secrecy_rate(H, W, g, noise=0.2), expected.min(axis=1))
    np.testing.assert_allclose(terms.secrecy_rate(H, W, g[1], noise=0.2), expected[:, 1])
    assert np.any(expected < 0.0), "the case must show that nothing is clipped"
    # One user, one eavesdropper: log of the largest generalised eigenvalue (Khisti and Wornell), at its eigenvector.
    own, other = (np.eye(6) + 5.0 * np.outer(x, x.conj()) for x in (H[0], g[0]))
    values, vectors = np.linalg.eig(np.linalg.solve(other, own))
    best = vectors[:, np.argmax(values.real)]
    best = np.sqrt(5.0) * best / np.linalg.norm(best)
    np.testing.assert_allclose(terms.secrecy_rate(H[0], best, g[0], noise=1.0), np.log2(values.real.max()), rtol=1e-10)
    aided = terms.secrecy_rate(H, W, g, noise=0.2, covariance=1e9 * _nullspace_noise(H))
    np.testing.assert_allclose(aided, terms.rate(terms.sinr(H, W, noise=0.2)), atol=1e-6)


def _nullspace_noise(h: np.ndarray) -> np.ndarray:
    """Artificial noise that no user hears."""
    return np.eye(h.shape[1]) - np.linalg.pinv(h.conj()) @ h.conj()


def test_flux_and_beampattern() -> None:
    np.testing.assert_allclose(terms.interference(H, W), (np.abs(H.conj() @ W) ** 2).sum(axis=1))
    np.testing.assert_allclose(terms.interference(H[0], W), terms.interference(H, W)[0])
    np.testing.assert_allclose(terms.beampattern(H, W, covariance=V), beampattern(W @ W.conj().T + V, H))
    assert np.shape(terms.beampattern(H[0], covariance=V)) == ()


def test_scnr_of_a_point_target_is_what_the_best_filter_attains() -> None:
    b, a, clutter = _complex(5, 4), _complex(6, 6), _complex(7, 2, 4, 6)
    target, q = 0.7 * np.outer(b, a.conj()), _covariance(8, 4)
    sent = W @ W.conj().T + V
    disturbed = 0.3 * np.eye(4) + q + sum(g @ sent @ g.conj().T for g in clutter)
    echo = target @ sent @ target.conj().T
    given = {"noise": 0.3, "covariance": V, "clutter": clutter, "disturbance": q}
    best = terms.scnr(target, W, **given)
    np.testing.assert_allclose(best, np.linalg.eigvals(np.linalg.solve(disturbed, echo)).real.max(), rtol=1e-9)
    capon = np.linalg.solve(disturbed, b)
    np.testing.assert_allclose(terms.scnr(target, W, receive=capon, **given), best, rtol=1e-9)
    some = _complex(9, 4)
    ratio = (some.conj() @ echo @ some).real / (some.conj() @ disturbed @ some).real
    np.testing.assert_allclose(terms.scnr(target, W, receive=some, **given), ratio, rtol=1e-9)
    np.testing.assert_allclose(
        terms.scnr(target, W[:, 0], noise=0.3, clutter=clutter[0]),
        best_scnr(
            target @ W[:, 0], 0.3 * np.eye(4) + clutter[0] @ np.outer(W[:, 0], W[:, 0].conj()) @ clutter[0].conj().T
        ),
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        terms.scnr(target, covariance=V, noise=0.3), np.trace(target @ V @ target.conj().T).real / 0.3
    )
    uneven = np.array([0.1, 0.2, 0.3, 0.4])
    direct = np.trace(np.diag(1.0 / uneven) @ echo).real
    np.testing.assert_allclose(terms.scnr(target, W, covariance=V, noise=uneven), direct)
    np.testing.assert_allclose(terms.scnr(target, W, covariance=V, noise=uneven, disturbance=0.0 * q), direct)


def _single_target() -> tuple[np.ndarray, np.ndarray]:
    """Response of a unit amplitude and its derivative with respect to the angle, monostatic linear array."""
    n = np.arange(6) - 2.5
    a = np.exp(-1j * np.pi * n * np.sin(0.3))
    slope = -1j * np.pi * n * np.cos(0.3) * a
    return np.outer(a, a), np.outer(slope, a) + np.outer(a, slope)


@pytest.mark.parametrize("by_covariance", [False, True])
def test_crb_of_one_angle_with_known_and_unknown_amplitude(by_covariance: bool) -> None:
    A, D = _single_target()
    sent = W @ W.conj().T
    given: dict[str, Any] = {"covariance": sent} if by_covariance else {"w": W}
    alpha, snapshots, noise = 0.2 - 0.1j, 30, 0.01
    kappa = 2.0 * snapshots * abs(alpha) ** 2 / noise
    known = kappa * np.trace(D @ sent @ D.conj().T).real
    lost = abs(np.trace(A @ sent @ D.conj().T)) ** 2 / np.trace(A @ sent @ A.conj().T).real
    bound = terms.crb([alpha * D], noise=noise, snapshots=snapshots, **given)
    np.testing.assert_allclose(bound, [1.0 / known], rtol=1e-10)
    bound = terms.crb([alpha * D, A, 1j * A], noise=noise, snapshots=snapshots, wanted=1, **given)
    np.testing.assert_allclose(bound, [1.0 / (known - kappa * lost)], rtol=1e-10)


def test_fisher_of_several_targets_and_any_units() -> None:
    rng = np.random.default_rng(10)
    positions = rng.uniform(-1.0, 1.0, (2, 6))

    def response(x: np.ndarray) -> np.ndarray:
        """Two targets: angles and amplitudes as eight real numbers."""
        G = np.zeros((5, 6), complex)
        for t in range(2):
            b = np.exp(1j * np.arange(5) * x[t]) * np.exp(0.3j * x[2 + t])
            a = np.exp(1j * positions[0] * x[t] + 1j * positions[1] * x[2 + t])
            G += (x[4 + t] + 1j * x[6 + t]) * np.outer(b, a.conj())
        return G

    x = rng.uniform(0.2, 1.0, 8)
    slopes = [(response(x + e) - response(x - e)) / 2e-6 for e in 1e-6 * np.eye(8)]
    b = np.exp(1j * np.arange(5) * x[:2, None]) * np.exp(0.3j * x[2:4, None])
    a = np.exp(1j * positions[0] * x[:2, None] + 1j * positions[1] * x[2:4, None])
    by_angle = np.stack([1j * np.arange(5) * b, 0.3j * b]), np.stack([1j * positions[0] * a, 1j * positions[1] * a])
    derivatives = point_target_derivatives(x[4:6] + 1j * x[6:], b, a, *by_angle)
    np.testing.assert_allclose(derivatives, slopes, atol=1e-8)

    sent = W @ W.conj().T + V
    expected = [[200.0 * np.trace(p @ sent @ q.conj().T).real for q in derivatives] for p in derivatives]
    information = terms.fisher(derivatives, W, covariance=V, noise=0.1, snapshots=10)
    np.testing.assert_allclose(information, expected, rtol=1e-10, atol=1e-9)
    uneven = np.linspace(0.1, 0.5, 5)
    white = derivatives / np.sqrt(uneven)[:, None]
    np.testing.assert_allclose(
        terms.fisher(derivatives, W, noise=uneven), terms.fisher(white, W, noise=1.0), rtol=1e-12
    )

    bounds = terms.crb(derivatives, W, covariance=V, noise=0.1, snapshots=10)
    np.testing.assert_allclose(bounds, np.diag(np.linalg.inv(np.array(expected))), rtol=1e-6)
    np.testing.assert_allclose(
        terms.crb(derivatives, W, covariance=V, noise=0.1, snapshots=10, wanted=[3, 0]), bounds[np.array([3, 0])]
    )
    units = 10.0 ** np.arange(-12, 12, 3)
    mixed = terms.crb(derivatives * units[:, None, None], W, covariance=V, noise=0.1, snapshots=10)
    np.testing.assert_allclose(mixed * units**2, bounds, rtol=1e-6)


def test_backhaul_rate() -> None:
    channel, q = _complex(11, 4, 6), _covariance(12, 4)
    sent = W @ W.conj().T + V
    expected = np.linalg.slogdet(np.eye(4) + np.linalg.solve(0.2 * np.eye(4) + q, channel @ sent @ channel.conj().T))[1]
    rate = terms.backhaul_rate(channel, W, covariance=V, noise=0.2, interference_covariance=q)
    np.testing.assert_allclose(rate, expected / np.log(2.0), rtol=1e-10)
    one = terms.backhaul_rate(channel, W[:, 0], noise=0.2)
    np.testing.assert_allclose(one, np.log2(1.0 + np.linalg.norm(channel @ W[:, 0]) ** 2 / 0.2), rtol=1e-10)
    tiny = terms.backhaul_rate(1e-7 * channel, W, noise=0.2e-14)
    np.testing.assert_allclose(tiny, terms.backhaul_rate(channel, W, noise=0.2), rtol=1e-10)


def test_energy_per_bit() -> None:
    np.testing.assert_allclose(terms.energy_per_bit(8.0, 3.0, circuit_power=4.0, efficiency=0.4, bandwidth=2.0), 4.0)


SMOOTH: dict[str, Callable[[Any], Any]] = {
    "power": lambda w: terms.power(w, groups=2),
    "power_per_antenna": terms.power_per_antenna,
    "sinr": lambda w: terms.sinr(H, w, noise=0.1),
    "rate": lambda w: terms.rate(terms.sinr(H, w, noise=0.1)),
    "rsma_rates": lambda w: terms.rsma_rates(H, w[:, 0], w[:, 1:], noise=0.1).common_of_users,
    "multicast_rate": lambda w: terms.multicast_rate(H, w, noise=0.1, per_user=True),
    "secrecy_rate": lambda w: terms.secrecy_rate(H, w, H[:2], noise=0.1, per_eavesdropper=True),
    "interference": lambda w: terms.interference(H, w),
    "scnr": lambda w: terms.scnr(H, w, noise=0.1, clutter=H[None]),
    "fisher": lambda w: terms.fisher(H[:, None], w, noise=0.1),
    "beampattern": lambda w: terms.beampattern(H, w),
    "backhaul_rate": lambda w: terms.backhaul_rate(H, w, noise=0.1),
}


@pytest.mark.parametrize("name", list(SMOOTH))
def test_slopes_at_zero_beams_are_numbers_and_elsewhere_those_of_differences(name: str) -> None:
    def weighted(re: Any, im: Any) -> Any:
        values = SMOOTH[name](re + 1j * im)
        return jnp.sum(values * jnp.cos(jnp.arange(values.size)).reshape(values.shape))

    at_zero = jax.jit(jax.grad(weighted, argnums=(0, 1)))(jnp.zeros(W.shape), jnp.zeros(W.shape))
    assert all(np.all(np.isfinite(slope)) for slope in at_zero)
    slopes = jax.jit(jax.grad(weighted, argnums=(0, 1)))(W.real, W.imag)
    step = 1e-6 * np.random.default_rng(13).standard_normal((2, *W.shape))
    change = weighted(W.real + step[0], W.imag + step[1]) - weighted(W.real - step[0], W.imag - step[1])
    np.testing.assert_allclose(2.0 * sum(np.sum(s * d) for s, d in zip(slopes, step)), change, rtol=1e-6, atol=1e-11)


def test_slopes_of_the_bound_pass_by_its_units() -> None:
    A, D = _single_target()

    def bound(x: Any) -> Any:
        return terms.crb([D, A, 1j * A], W + x * _complex(14, 6, 5), noise=1.0, wanted=1)[0]

    difference = (bound(1e-6) - bound(-1e-6)) / 2e-6
    np.testing.assert_allclose(jax.jit(jax.grad(bound))(0.0), difference, rtol=1e-6)


def test_what_a_structure_reads_is_there() -> None:
    """Amplitudes are one product of matrices, the ratio one division, the bound one solve."""
    sinr = str(jax.make_jaxpr(lambda w: li.terms.sinr(H, w, noise=0.1))(W))
    assert len(re.findall(r"= div ", sinr)) == len(re.findall(r"= dot_general\[", sinr)) == 1
    crb = str(jax.make_jaxpr(lambda w: li.terms.crb(H[:, None], w, noise=0.1))(W))
    assert len(re.findall(r"= custom_linear_solve\[", crb)) == 1


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "trial axis": (lambda: terms.sinr(H[None], W, noise=1.0), r"sinr: h has shape \(1, 3, 6\).*trial axis in front"),
    "user axis lost": (lambda: terms.sinr(H[0], W, noise=1.0), r"sinr: h has shape \(6,\).*h\[None, :\] for one user"),
    "antennas": (lambda: terms.sinr(H, W[:4], noise=1.0), r"w has shape \(4, 5\).*4 along antenna, where h has 6"),
    "transposed": (
        lambda: terms.sinr(H, W.T, noise=1.0),
        r"w has shape \(5, 6\), read as .* axes seem to be exchanged",
    ),
    "few streams": (lambda: terms.sinr(H, W[:, :2], noise=1.0), "w has 2 streams for 3 users"),
    "noise": (
        lambda: terms.sinr(H, W, noise=np.ones(64)),
        r"noise has shape \(64,\).*one number or \(user,\) = \(3,\)",
    ),
    "complex noise": (lambda: terms.sinr(H, W, noise=1j), "noise is complex"),
    "covariance": (lambda: terms.sinr(H, W, noise=1.0, covariance=V[:4, :4]), r"covariance has shape \(4, 4\)"),
    "square": (lambda: terms.power(covariance=V[:, :4]), "4 along antenna, where covariance has 6"),
    "nothing": (lambda: terms.power(), "power: give beams w"),
    "text": (lambda: terms.power("w"), "w is a str"),
    "power with trials": (
        lambda: terms.power(W[None]),
        r"w has shape \(1, 6, 5\), but \(antenna, stream\) or \(antenna,\)",
    ),
    "multicast": (lambda: terms.multicast_rate(H[0], W[:, 0], noise=1.0), r"multicast_rate: h has shape \(6,\)"),
    "rsma": (lambda: terms.rsma_rates(H, W[:4, 0], W, noise=1.0), r"w_common has shape \(4,\)"),
    "eavesdropper": (lambda: terms.secrecy_rate(H, W, H[None], noise=1.0), r"h_eavesdropper has shape \(1, 3, 6\)"),
    "eavesdropper's noise": (lambda: terms.secrecy_rate(H, W, H, noise=np.ones(3)), "noise_eavesdropper= is needed"),
    "victim": (lambda: terms.interference(H[:, :5], W), "w has shape .*, where h has 5"),
    "steering": (lambda: terms.beampattern(H[None], W), r"beampattern: steering has shape \(1, 3, 6\)"),
    "derivatives": (
        lambda: terms.crb(H, W, noise=1.0),
        r"derivatives has shape \(3, 6\), but \(parameter, rx, antenna\)",
    ),
    "wanted": (lambda: terms.crb(H[:, None], W, noise=1.0, wanted=4), "wanted=4 chooses none, or more, of 3"),
    "signal": (lambda: terms.scnr(H[0], W, noise=1.0), r"signal has shape \(6,\), but \(rx, antenna\)"),
    "clutter": (lambda: terms.scnr(H, W, noise=1.0, clutter=H[:2]), "2 along rx, where signal has 3"),
    "filter": (lambda: terms.scnr(H, W, noise=1.0, receive=H), r"receive has shape \(3, 6\), but \(rx,\)"),
    "link": (lambda: terms.backhaul_rate(H, noise=1.0), "backhaul_rate: give beams w"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_wrong_shapes_are_refused_in_words(case: str) -> None:
    call, words = WRONG[case]
    with pytest.raises(ValueError, match=words):
        call()


def test_users_call_terms_without_knowing_of_precision() -> None:
    assert terms.power(np.full(3, 1e-9)).dtype == np.float64
