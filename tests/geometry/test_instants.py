"""Instants, Julian dates and the rotation of the Earth."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from leoisac.geometry.earth_rotation import gmst_rad, gmst_rate_rad_s, teme_to_ecef
from leoisac.geometry.instants import add_seconds, as_instant, as_instants, julian_date, seconds_between, to_datetime

NOON = datetime(2025, 10, 7, 12, 0, 0, 250_000, tzinfo=UTC)


def test_every_kind_of_time_is_the_same_instant() -> None:
    expected = np.datetime64("2025-10-07T12:00:00.25", "ns")
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    for time in (NOON, elsewhere, np.datetime64("2025-10-07T12:00:00.250"), np.asarray(expected)):
        assert as_instants(time).dtype == np.dtype("datetime64[ns]")
        assert as_instant(time) == expected
    for times in ([NOON, elsewhere], np.array([NOON, elsewhere]), np.array([expected, expected])):
        assert as_instants(times).tolist() == [expected.astype(np.int64)] * 2
    assert to_datetime(expected) == NOON
    assert as_instants([]).shape == (0,)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (datetime(2025, 10, 7, 12), r"datetime\.fromisoformat\('2025-10-07T12:00:00\+00:00'\) if you mean UTC"),
        ([NOON, datetime(2025, 10, 7)], "has no time zone"),
        (np.datetime64("NaT"), "not a time"),
        (np.array([1.0, 2.0]), "type float64, which is no time"),
        (datetime(2500, 1, 1, tzinfo=UTC), "year 2500; allowed are 1700 to 2250"),
    ],
)
def test_ambiguous_times_are_refused(times: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_instants(times)


def test_one_instant_is_not_several() -> None:
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        as_instant([NOON, NOON])


def test_julian_date() -> None:
    noon, fraction = julian_date(np.datetime64("1992-08-20T12:14:00", "ns"))
    assert noon + fraction == pytest.approx(2_448_855.009722222, abs=1e-9)
    assert fraction == pytest.approx(14.0 / 1440.0, abs=1e-16)
    noon, fraction = julian_date(np.datetime64("1992-08-20T11:59:00", "ns"))
    assert (noon, fraction) == (2_448_854.0, pytest.approx(1439.0 / 1440.0))


def test_adding_seconds_is_exact() -> None:
    start = np.datetime64("2025-01-01", "ns")
    assert seconds_between(add_seconds(start, np.array([0.1, -86_400.0])), start).tolist() == [0.1, -86_400.0]


def test_gmst_textbook_value() -> None:
    # Vallado, Fundamentals of Astrodynamics and Applications, example 3-5: 1992 August 20, 12:14 UT1;
    # its Julian date is rounded to one double (1e-7 deg).
    assert math.degrees(gmst_rad(np.datetime64("1992-08-20T12:14", "ns"))) == pytest.approx(152.578_787_886, abs=1e-7)


def test_gmst_agrees_with_the_sidereal_time_of_sgp4() -> None:
    from sgp4.api import WGS72, Satrec

    satellite = Satrec()
    satellite.sgp4init(WGS72, "i", 5, 27_673.5, 0.0, 0.0, 0.0, 0.001, 0.0, 0.9, 0.0, 0.06, 0.0)
    epoch = np.datetime64("1949-12-31", "ns") + np.timedelta64(int(27_673.5 * 86_400), "s")
    assert gmst_rad(epoch) == pytest.approx(satellite.gsto, abs=1e-9)


def test_gmst_rate_is_its_derivative() -> None:
    time = np.datetime64("2025-10-07T05:00", "ns")
    turned = gmst_rad(add_seconds(time, 1000.0)) - gmst_rad(time)
    assert turned / 1000.0 == pytest.approx(float(gmst_rate_rad_s(time)), rel=1e-10)


def test_teme_to_ecef_published_vector() -> None:
    # Vallado et al., AIAA 2006-6753, appendix C: 2004 April 6, 07:51:28.386009 UTC (pseudo Earth-fixed frame).
    position, velocity = teme_to_ecef(
        np.array([5_094_180.16210, 6_127_644.65950, 6_380_344.53270]),
        np.array([-4_746.131487, 785.818041, 5_531.931288]),
        np.asarray(np.datetime64("2004-04-06T07:51:28.386009", "ns")),
        ut1_minus_utc_s=-0.439_961_9,
    )
    np.testing.assert_allclose(position, [-1_033_475.0313, 7_901_305.5856, 6_380_344.5327], atol=2e-3)
    np.testing.assert_allclose(velocity, [-3_225.632747, -2_872.442511, 5_531.931288], atol=2e-6)


def test_a_geostationary_point_stands_still() -> None:
    time = np.asarray(np.datetime64("2025-10-07T05:00", "ns"))
    angle, rate = float(gmst_rad(time)) + 0.3, float(gmst_rate_rad_s(time))
    position = 42_164e3 * np.array([math.cos(angle), math.sin(angle), 0.0])
    fixed, velocity = teme_to_ecef(position, rate * np.array([-position[1], position[0], 0.0]), time)
    np.testing.assert_allclose(fixed, 42_164e3 * np.array([math.cos(0.3), math.sin(0.3), 0.0]), atol=1e-6)
    np.testing.assert_allclose(velocity, 0.0, atol=1e-9)
