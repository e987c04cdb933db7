"""Claims on numbers made for them: every outcome is forced, and no interval counts for more than it says."""

import numpy as np
import pytest
import xarray as xr

from leoisac.systems.bistatic_rsma import SCHEMES
from leoisac.systems.bistatic_rsma.evidence.claims import CLAIMS, gain

POWERS = [20.0, 22.5, 25.0, 27.5, 30.0]
NAMES = [scheme.name for scheme in SCHEMES]
TRIALS = 40
CHECKS = {claim.name: claim.check for claim in CLAIMS}
SENSING = [name for name in NAMES if not name.endswith("comm")]


def power_study(rates, shares=None, noise=0.02, trials=TRIALS, seed=0):
    """The power study with mean rates (scheme -> five values), relative noise per drop, shares of groups."""
    rng = np.random.default_rng(seed)
    drop = rng.normal(1.0, 0.2, trials)
    shape = (len(NAMES), len(POWERS), trials)
    rate = np.array([rates[name] for name in NAMES], dtype=float)[:, :, None] * drop
    rate = rate * (1.0 + noise * rng.standard_normal(shape))
    share = np.zeros((*shape, 3))
    for (name, group), values in (shares or {}).items():
        wave = noise * rng.standard_normal((len(POWERS), trials))
        share[NAMES.index(name), :, :, group] = np.array(values, dtype=float)[:, None] + wave
    axes = ("scheme", "transmit_power_dbw", "trial")
    return xr.Dataset(
        {
            "min_rate": (axes, rate),
            "power_share": ((*axes, "group"), share),
            "target_gain_group": ((*axes, "group"), np.ones((*shape, 3))),
            "user_gain_group": ((*axes, "group", "user"), np.ones((*shape, 3, 2))),
            "status": (axes, np.zeros(shape, dtype=int)),
            "usable": (axes, np.ones(shape, dtype=bool)),
        },
        coords={
            "scheme": NAMES,
            "transmit_power_dbw": POWERS,
            "trial": np.arange(trials),
            "group": ["private", "common", "radar"],
        },
    )


def rates_with(**changes):
    """RSMA at 4 to 8, SDMA with SIC below by the published gains; other rows by name with underscores."""
    rsma, sdma = np.linspace(4.0, 8.0, 5), np.array([4.0 / 1.76, 3.4, 4.4, 5.5, 8.0 / 1.23])
    rows = {name: rsma if name.startswith("rsma") else sdma for name in NAMES}
    rows["rsma-comm"] = rsma + np.array([1.0, 0.5, 0.2, 0.1, 0.05])
    rows["sdma-comm"] = sdma + np.array([1.5, 0.9, 0.5, 0.2, 0.05])
    rows["sdma-noradar"] = rows["sdma-radar-nosic"] = sdma / np.array([1.9, 1.5, 1.3, 1.1, 1.02])
    return rows | {name.replace("_", "-"): np.asarray(row, dtype=float) for name, row in changes.items()}


def outcome(name, **data):
    verdict = CHECKS[name](data)
    assert verdict.criterion
    return verdict.outcome


def test_gain_is_that_of_means_over_the_same_drops():
    data = power_study(rates_with(), noise=0.05)
    found = gain(data, "rsma-radar-sic", "sdma-radar-sic", 20.0)
    rates = data["min_rate"].sel(transmit_power_dbw=20.0)
    expected = float(rates.sel(scheme="rsma-radar-sic").mean() / rates.sel(scheme="sdma-radar-sic").mean()) - 1.0
    assert found.mean == pytest.approx(expected)
    # Drops differ by 20 %, of which the pair knows nothing.
    assert found.high - found.low < 0.12
    assert gain(data, "rsma-comm", "rsma-comm", 20.0)[:3] == (0.0, 0.0, 0.0)


def test_published_gains():
    assert outcome("F5-2", power=power_study(rates_with())) == "reproduced"
    near = rates_with(sdma_radar_sic=np.array([4.0 / 1.62, 3.4, 4.4, 5.5, 8.0 / 1.2]))
    assert outcome("F5-2", power=power_study(near, noise=0.005)) == "reproduced within 25 %"
    # Outside both, but a gain for sure.
    far = rates_with(sdma_radar_sic=np.array([4.0 / 1.2, 3.4, 4.4, 5.5, 8.0 / 1.05]))
    assert outcome("F5-2", power=power_study(far)) == "partly"
    loss = rates_with(sdma_radar_sic=np.array([4.4, 5.2, 6.2, 7.3, 8.5]))
    assert outcome("F5-2", power=power_study(loss)) == "not reproduced"
    assert outcome("F5-2", power=power_study(rates_with(), trials=1)) == "insufficient"


def test_the_same_with_and_without_radar():
    assert outcome("F5-1", power=power_study(rates_with(), noise=1e-4)) == "reproduced"
    # The means agree, but the drops do not say so: an interval wider than the tolerance is no equality.
    assert outcome("F5-1", power=power_study(rates_with(), noise=0.05)) == "partly"
    other = rates_with(rsma_radar_sic=1.1 * np.linspace(4.0, 8.0, 5))
    assert outcome("F5-1", power=power_study(other, noise=1e-4)) == "not reproduced"


def test_below_communication():
    assert outcome("F5-4", power=power_study(rates_with(), noise=1e-3)) == "reproduced"
    # One mode a percent above its ceiling at one power.
    ceiling = rates_with()["rsma-comm"]
    above = rates_with(rsma_noradar=np.array([4.0, 5.0, 6.0, 7.0, 1.01 * ceiling[-1]]))
    assert outcome("F5-4", power=power_study(above, noise=1e-3)) == "partly"
    over = rates_with(rsma_noradar=1.2 * ceiling)
    assert outcome("F5-4", power=power_study(over, noise=1e-3)) == "not reproduced"
    # A gap that stays.
    constant = {"rsma_comm": np.linspace(5.0, 9.0, 5), "sdma_comm": rates_with()["sdma-radar-sic"] + 1.5}
    assert outcome("F5-4", power=power_study(rates_with(**constant), noise=1e-3)) == "partly"


def test_shares():
    falling = {("rsma-noradar", 1): [0.76, 0.52, 0.4, 0.33, 0.18], ("sdma-radar-sic", 2): [0.7, 0.3, 0.1, 0.05, 0.04]}
    data = power_study(rates_with(), falling)
    assert outcome("R4", power=data) == "reproduced"
    assert outcome("F6-1", power=data) == "reproduced"
    assert outcome("F6-2", power=data) == "reproduced"
    assert outcome("F6-3", power=data) == "reproduced"
    # A rise after a fall is no fall; a half is not most.
    bent = {("rsma-noradar", 1): [0.76, 0.52, 0.4, 0.3, 0.35], ("sdma-radar-sic", 2): [0.5, 0.3, 0.1, 0.05, 0.04]}
    data = power_study(rates_with(), bent)
    assert outcome("R4", power=data) == "partly"
    assert outcome("F6-1", power=data) == "partly"
    assert outcome("F6-3", power=data) == "not reproduced"
    rising = {("rsma-noradar", 1): [0.2, 0.3, 0.4, 0.5, 0.21], ("rsma-radar-sic", 2): [0.1, 0.0, 0.0, 0.0, 0.0]}
    data = power_study(rates_with(), rising)
    assert outcome("R4", power=data) == "not reproduced"
    assert outcome("F6-1", power=data) == "not reproduced"
    assert outcome("F6-2", power=data) == "not reproduced"
    assert outcome("F6-3", power=data) == "reproduced within 25 %"


def test_where_beams_point():
    shares = {("sdma-radar-sic", 2): [0.7, 0.3, 0.1, 0.05, 0.04]}
    data = power_study(rates_with(), shares, noise=1e-3)
    radar = data["user_gain_group"].copy()
    radar.loc[{"scheme": "sdma-radar-sic", "group": "radar"}] = 0.1
    assert outcome("F6-5", power=data.assign(user_gain_group=radar)) == "reproduced"
    assert outcome("F6-5", power=data) == "partly"
    aside = data["user_gain_group"] * 10.0
    assert outcome("F6-5", power=data.assign(user_gain_group=aside)) == "not reproduced"


def arrival_study(found_shares, exact=1.0, spread=(1.0, 1.0), trials=60):
    """The arrival study: share found by threshold (loosest first) of both modes, delay errors, RMS errors' ratio."""
    thresholds = [1.2e-6, 8e-7, 6e-7, 4e-7]
    rng = np.random.default_rng(0)
    shape = (2, len(thresholds), trials)
    seen = np.arange(trials) < np.round(np.array(found_shares) * trials)[:, :, None]
    azimuth = 1e-3 * rng.standard_normal(trials) * np.ones(shape) * np.array(spread)[:, None, None]
    axes = ("scheme", "crb_threshold_rad2", "trial")
    return xr.Dataset(
        {
            "aoa_error": (axes, np.where(seen, 1e-3, 0.5)),
            "aoa_azimuth_error": (axes, azimuth),
            "aod_azimuth_error": (axes, np.full(shape, 1e-3)),
            "delay_error": (axes, np.where(np.arange(trials) < exact * trials, 0.0, 1e-7) * np.ones(shape)),
            "echo_detected": (axes, np.ones(shape)),
            "prominence": (axes, np.full(shape, 20.0)),
            "status": (axes, np.zeros(shape, dtype=int)),
            "usable": (axes, np.ones(shape, dtype=bool)),
        },
        coords={"scheme": ["a", "b"], "crb_threshold_rad2": thresholds, "trial": np.arange(trials)},
    )


def test_arrival():
    clear = arrival_study([[0.4, 0.8, 0.98, 1.0], [0.3, 0.8, 0.98, 1.0]])
    assert {name: outcome(name, arrival=clear) for name in ("F7-1", "F7-2", "F8-2")} == dict.fromkeys(
        ("F7-1", "F7-2", "F8-2"), "reproduced"
    )
    weak = arrival_study([[0.1, 0.2, 0.4, 0.6], [0.1, 0.2, 0.4, 0.6]], exact=0.55)
    assert outcome("F7-1", arrival=weak) == "partly"
    assert outcome("F8-2", arrival=weak) == "partly"
    worse = arrival_study([[1.0, 0.8, 0.7, 0.5], [0.3, 0.8, 0.98, 1.0]], exact=0.4, spread=(1.0, 2.0))
    for name in ("F7-1", "F7-2", "F8-2"):
        assert outcome(name, arrival=worse) == "not reproduced", name
    assert outcome("F7-1", arrival=arrival_study([[0.0] * 4, [1.0] * 4], trials=1)) == "insufficient"


@pytest.mark.parametrize(("right", "expected"), [(0, "reproduced"), (5, "partly"), (20, "not reproduced")])
def test_wrong_arrival(right, expected):
    axes, trials = ("scheme", "trial"), 48
    delay = np.where(np.arange(trials) < right, 0.0, 1e-6)[None]
    data = xr.Dataset(
        {
            "delay_error": (axes, delay),
            "echo_detected": (axes, np.zeros((1, trials))),
            "prominence": (axes, np.full((1, trials), 4.0)),
            "usable": (axes, np.ones((1, trials), dtype=bool)),
        },
        coords={"scheme": ["a"], "trial": np.arange(trials)},
    )
    assert CHECKS["F8-1"]({"wrong-arrival": data}).outcome == expected
    assert CHECKS["F8-1"]({"wrong-arrival": data.isel(trial=[0])}).outcome == "insufficient"
