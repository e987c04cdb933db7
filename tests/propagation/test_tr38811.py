"""TR 38.811: rows of its tables, bands and elevations that it does not have, and what systems make of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

import leoisac as li
from leoisac.propagation.tr38811 import (
    ELEVATIONS_DEG,
    ENVIRONMENTS,
    band,
    scintillation_loss_db,
    slant_loss_db,
    surroundings,
)

S_HZ, KA_HZ = 2e9, 20e9


@pytest.mark.parametrize(
    ("environment", "carrier_hz", "elevation_deg", "row"),
    [
        # Tables 6.6.1-1 and 6.6.2-1 to 6.6.2-3: probability, both deviations, clutter loss.
        ("dense-urban", S_HZ, 10, (0.282, 3.5, 15.5, 34.3)),
        ("dense-urban", KA_HZ, 90, (0.981, 0.6, 12.3, 32.9)),
        ("urban", S_HZ, 50, (0.726, 4.0, 6.0, 26.8)),
        ("urban", KA_HZ, 30, (0.493, 4.0, 6.0, 37.5)),
        ("suburban-rural", S_HZ, 80, (0.952, 0.72, 11.52, 16.3)),
        ("suburban-rural", KA_HZ, 40, (0.929, 2.3, 11.6, 20.0)),
    ],
)
def test_rows(environment: str, carrier_hz: float, elevation_deg: float, row: tuple[float, ...]) -> None:
    assert tuple(map(float, surroundings(environment, carrier_hz, math.radians(elevation_deg)))) == row


def test_the_nearest_elevation_counts() -> None:
    at = np.radians([5.0, 14.9, 15.1, 44.0, 46.0, 84.9, 85.1, 90.0])
    nearest = np.array([10, 10, 20, 40, 50, 80, 90, 90])
    rows = np.searchsorted(ELEVATIONS_DEG, nearest)
    for environment in ENVIRONMENTS:
        found = surroundings(environment, KA_HZ, at)
        tabulated = surroundings(environment, KA_HZ, np.radians(ELEVATIONS_DEG))
        for values, table in zip(found, tabulated):
            np.testing.assert_array_equal(values, table[rows])


def test_more_is_in_sight_higher_up_and_clutter_falls() -> None:
    for environment in ENVIRONMENTS:
        for carrier_hz in (S_HZ, KA_HZ):
            found = surroundings(environment, carrier_hz, np.radians(ELEVATIONS_DEG))
            assert np.all(np.diff(found.line_of_sight) > 0.0)
            assert found.clutter_loss_db[-1] < found.clutter_loss_db[0]


def test_scintillation_and_slant_path() -> None:
    assert float(scintillation_loss_db(2e9, 0.5)) == pytest.approx(2.2)
    assert float(scintillation_loss_db(4e9, 1.0)) == pytest.approx(1.1 / math.sqrt(2.0))
    np.testing.assert_allclose(scintillation_loss_db(20e9, np.radians([10.0, 30.0, 88.0])), [1.08, 0.30, 0.12])
    np.testing.assert_allclose(slant_loss_db(0.5, np.radians([30.0, 90.0])), [1.0, 0.5])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: surroundings("forest", S_HZ, 1.0), "dense-urban"),
        (lambda: surroundings("urban", 10e9, 1.0), "carrier_hz is 1e\\+10"),
        (lambda: surroundings("urban", S_HZ, math.radians(4.0)), "4 degrees"),
        (lambda: scintillation_loss_db(30e9, 1.0), "18 to 22 GHz"),
        (lambda: slant_loss_db(0.5, np.array([1.0, 0.01])), "0.573 degrees"),
        (lambda: band(7e9), "S band"),
    ],
)
def test_what_the_tables_do_not_have_is_refused(call, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


SMALL = {"num_users": 2, "bs_array": (1, 3), "num_feeds": 3, "target_angles_deg": (-30.0, 20.0)}


def test_users_are_in_sight_as_often_as_the_table_says() -> None:
    """Overhead, dense urban: 98.1 % see the satellite; those who do not lose some 33 dB. Nothing else changes."""
    config = li.config("self-backhaul", **SMALL, user_environment="dense-urban")
    plain, around = (li.draw(one, trials=512) for one in (config.replace(user_environment="none"), config))
    np.testing.assert_array_equal(plain.h_users, around.h_users)
    np.testing.assert_array_equal(plain.g_es, around.g_es)
    gain_db = 20.0 * np.log10(np.abs(around.g_users[..., 0] / plain.g_users[..., 0])).ravel()
    lost = gain_db < -6.0
    assert abs(lost.mean() - 0.019) < 4.0 * math.sqrt(0.019 * 0.981 / lost.size)
    assert np.std(gain_db[~lost]) == pytest.approx(0.6, rel=0.15)
    assert np.mean(gain_db[lost]) == pytest.approx(-32.9, abs=4.0 * 12.3 / math.sqrt(lost.sum()))


def test_losses_reach_channels_and_budgets_alike() -> None:
    satellite = {
        "name": "STARLINK-1423",
        "time": "2025-10-08T07:43:00Z",
        "latitude_deg": 43.6047,
        "longitude_deg": 1.4442,
    }
    config = li.config("self-backhaul", **SMALL, satellite=satellite)
    changed = config.replace(gas_path="slant", scintillation="tr38811")
    plain, lossy = (li.draw(one) for one in (config, changed))
    loss_db = -20.0 * np.log10(np.abs(lossy.g_es / plain.g_es))

    from leoisac.systems.self_backhaul.world.budgets import link_budgets

    def total(one: object) -> float:
        (feeder,) = [item for item in link_budgets(one) if item.title.startswith("Feeder")]  # pyright: ignore
        return next(row.value for row in feeder.rows if row.label == "Total loss")

    np.testing.assert_allclose(loss_db, total(changed) - total(config), rtol=1e-9)
    assert float(loss_db.min()) > 1.0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"user_environment": "urban", "carrier_hz": 10e9}, "user_environment = 'urban': carrier_hz"),
        ({"scintillation": "tr38811", "carrier_hz": 30e9}, "scintillation = 'tr38811'"),
        ({"user_environment": "forest"}, "must be one of"),
    ],
)
def test_configurations_outside_the_tables_are_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(li.ConfigError, match=says):
        li.draw(li.config("self-backhaul", **SMALL, **changes))
