"""The judge against plain sums, limits and Monte-Carlo twins."""

import numpy as np
import pytest
from bistatic_cases import CASE_A, configured, draw, evaluate

from leoisac.systems.bistatic_rsma.model import Design
from leoisac.systems.bistatic_rsma.world.link import link_budget

K = 4


def _case(seed=0, **changes):
    config = configured(user_positions_km=CASE_A, **changes)
    rng = np.random.default_rng(seed)
    precoder = rng.standard_normal((64, K + 2)) + 1j * rng.standard_normal((64, K + 2))
    precoder *= np.sqrt(100.0) / np.linalg.norm(precoder)
    return config, draw(config), precoder


def _plain_rates(drawn, precoder, sic, fade=None):
    """Rates written as the paper writes them, one user and one stream at a time."""
    a, noise = drawn.user_steering[0], drawn.user_noise_ratio[0]
    common, private = np.zeros(K), np.zeros(K)
    for k in range(K):
        power = [abs(np.vdot(a[k], precoder[:, j])) ** 2 for j in range(K + 2)]
        rho = noise[k] / (1.0 if fade is None else fade[k])
        radar = 0.0 if sic else power[K + 1]
        common[k] = np.log2(1 + power[K] / (sum(power[:K]) + radar + rho))
        private[k] = np.log2(1 + power[k] / (sum(power[:K]) - power[k] + radar + rho))
    return common, private


@pytest.mark.parametrize("sic", [True, False])
def test_rates_are_the_papers(sic):
    config, drawn, precoder = _case()
    split = np.array([[0.01, 0.02, 0.0, 0.03]])
    flag = None if sic else np.ones(1)
    metrics = evaluate(config, drawn, Design(precoder[None], split, flag))
    common, private = _plain_rates(drawn, precoder, sic)
    np.testing.assert_allclose(metrics["private_rate"][0], private, rtol=1e-10)
    np.testing.assert_allclose(metrics["rate"][0], private + split[0], rtol=1e-10)
    np.testing.assert_allclose(metrics["common_rate_bound"][0], common.min(), rtol=1e-10)
    np.testing.assert_allclose(metrics["min_rate"][0], (private + split[0]).min(), rtol=1e-10)
    np.testing.assert_allclose(
        metrics["margin_common_rate"][0], min((common.min() - 0.06) / common.min(), 0.0), atol=1e-9
    )


def test_powers_bounds_and_margins():
    config, drawn, precoder = _case()
    metrics = evaluate(config, drawn, Design(precoder[None], np.zeros((1, K))))
    per_stream = np.linalg.norm(precoder, axis=0) ** 2
    np.testing.assert_allclose(metrics["total_power"], 100.0)
    np.testing.assert_allclose(metrics["power_share"][0], [per_stream[:K].sum() / 100, *per_stream[K:] / 100])
    np.testing.assert_allclose(metrics["margin_power"], 0.0, atol=1e-12)
    gain = np.linalg.norm(precoder.conj().T @ drawn.target_steering[0]) ** 2
    link = link_budget(config)
    np.testing.assert_allclose(metrics["target_gain"], gain, rtol=1e-12)
    np.testing.assert_allclose(metrics["target_gain_group"][0].sum(), gain, rtol=1e-12)
    np.testing.assert_allclose(metrics["crb_azimuth"], link.kappa_azimuth / gain, rtol=1e-12)
    np.testing.assert_allclose(metrics["crb_zenith_unknown"], link.kappa_zenith_unknown / gain, rtol=1e-12)
    np.testing.assert_allclose(metrics["margin_crb"], gain / 4768.4413 - 1, rtol=1e-6)
    # The bound constraint and the gain floor are the same requirement.
    np.testing.assert_allclose(metrics["margin_crb"], 8e-7 / metrics["crb_azimuth"] - 1, rtol=1e-9)
    assert evaluate(config, drawn, Design(precoder[None], np.full((1, K), -0.1)))["margin_common_rate"] < 0


def test_all_power_towards_the_target_reaches_the_reference_bounds():
    config, drawn, _ = _case()
    precoder = np.zeros((1, 64, K + 2), dtype=complex)
    precoder[0, :, K + 1] = drawn.target_steering[0] * np.sqrt(100.0 / 64)
    metrics = evaluate(config, drawn, Design(precoder, np.zeros((1, K))))
    np.testing.assert_allclose(metrics["crb_azimuth"], 5.960552e-7, rtol=1e-6)
    np.testing.assert_allclose(metrics["crb_zenith"], 6.466790e-8, rtol=1e-6)
    np.testing.assert_allclose(metrics["min_rate"], 0.0, atol=1e-15)
    assert metrics["margin_common_rate"] == 0.0


def test_ergodic_rate_is_the_mean_over_fades_and_below_its_bound():
    config, drawn, precoder = _case()
    metrics = evaluate(config, drawn, Design(precoder[None], np.zeros((1, K))))
    rng = np.random.default_rng(1)
    parts = np.sqrt(10 / 22) + rng.standard_normal((20000, K, 2)) * np.sqrt(1 / 22)
    fades = np.sum(parts**2, axis=-1)
    means = np.mean([np.stack(_plain_rates(drawn, precoder, True, fade)) for fade in fades[:4000]], axis=0)
    ordered = np.sort(means[1])
    level = min((means[0].min() + ordered[: m + 1].sum()) / (m + 1) for m in range(K))
    assert metrics["ergodic_min_rate"][0] == pytest.approx(level, rel=5e-3)
    common, private = _plain_rates(drawn, precoder, True)
    bound = min((common.min() + np.sort(private)[: m + 1].sum()) / (m + 1) for m in range(K))
    assert metrics["ergodic_min_rate"][0] < bound
    # Without fading the ergodic rate is the bound.
    steady = evaluate(config.replace(rician_factor_db=90.0), drawn, Design(precoder[None], np.zeros((1, K))))
    assert steady["ergodic_min_rate"][0] == pytest.approx(bound, rel=1e-6)
    common, private = _plain_rates(drawn, precoder, True, np.abs(drawn.user_fading[0]) ** 2)
    level = min((common.min() + np.sort(private)[: m + 1].sum()) / (m + 1) for m in range(K))
    assert metrics["faded_min_rate"][0] == pytest.approx(level, rel=1e-9)


def test_phases_of_the_streams_do_not_matter():
    config, drawn, precoder = _case()
    turned = precoder * np.exp(1j * np.arange(K + 2))
    one, other = (evaluate(config, drawn, Design(p[None], np.zeros((1, K)))) for p in (precoder, turned))
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-12)


def test_beampattern_map_peaks_where_the_beam_points():
    config, drawn, _ = _case(pattern_points=41)
    precoder = np.zeros((1, 64, K + 2), dtype=complex)
    precoder[0, :, K] = drawn.target_steering[0]
    pattern = evaluate(config, drawn, Design(precoder, np.zeros((1, K))))["beampattern"][0]
    assert pattern.shape == (3, 41, 41)
    link = link_budget(config)
    y, x = np.unravel_index(np.argmax(pattern[1]), (41, 41))
    cosine = np.linspace(-1, 1, 41)
    radius = np.sin(link.aod_off_nadir)
    assert abs(cosine[x] - radius * np.cos(link.aod_azimuth)) <= 0.05
    assert abs(cosine[y] - radius * np.sin(link.aod_azimuth)) <= 0.05
    assert 60 < pattern[1].max() <= 64.0 + 1e-9
    assert pattern[0].max() == pattern[2].max() == 0.0
