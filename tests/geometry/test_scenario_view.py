"""What a scenario uses and what ``leoisac pass`` lists come from one search; orbits and sites of every kind."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from leoisac import cli
from leoisac.foundation.config import ConfigError, build
from leoisac.geometry.instants import seconds_between
from leoisac.geometry.satellite_config import SatelliteConfig
from leoisac.geometry.scenario_view import scenario_passes, scenario_view, search_window
from leoisac.geometry.sites import ecef_to_enu, ground_points
from leoisac.geometry.tle import checksum

TOULOUSE = {"latitude_deg": 43.6047, "longitude_deg": 1.4442}


def tle(
    name: str, motion: str, inclination: str = " 63.4000", eccentricity: str = "0001000", node: str = " 90.0000"
) -> str:
    lines = [
        "1 90001U 25001A   25280.50000000  .00000000  00000+0  00000+0 0  999",
        f"2 90001 {inclination} {node} {eccentricity} 270.0000  10.0000 {motion}00010",
    ]
    return "\n".join([name, *(line + str(checksum(line)) for line in lines)])


GEO = tle("GEO", " 1.00270000", "  0.0300", node=" 10.0000")
MOLNIYA = tle("MOLNIYA", " 2.00600000", eccentricity="7200000")
POLAR = tle("POLAR", "14.50000000", " 98.7000")
EQUATORIAL = tle("EQUATORIAL", "14.50000000", "  5.0000")


def part(**fields: Any) -> SatelliteConfig:
    return build(SatelliteConfig, {**TOULOUSE, **({} if "tle" in fields else {"name": "STARLINK-1423"}), **fields})


def geo_longitude_deg() -> float:
    seen = scenario_view(part(tle=GEO, longitude_deg=_LONGITUDE_DEG, time="2025-10-07T12:00:00Z"))
    return math.degrees(float(seen.view.sub_satellite_longitude_rad))


_LONGITUDE_DEG = 94.0  # below GEO, to ten degrees; tested below


@pytest.mark.parametrize("time", ["next-pass", "best-pass"])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"from": "2025-10-09T00:00:00Z"},
        {"from": "2025-10-09T00:00:00Z", "search_hours": 30.0},
        {"search_hours": 12.0, "min_elevation_deg": 30.0},
        {"tle": MOLNIYA},
        {"tle": POLAR, "search_hours": 6.0},
        {"tle": GEO, "longitude_deg": _LONGITUDE_DEG},
    ],
)
def test_the_list_holds_what_the_scenario_uses(time: str, fields: dict) -> None:
    one = part(time=time, **fields)
    used, listed = scenario_view(one).satellite_pass, scenario_passes(one)
    assert used in listed
    start, length_s = search_window(one)
    if time == "best-pass":
        assert used == max(listed, key=lambda other: other.max_elevation_rad)
    else:
        whole = [other for other in listed if not other.cut_at_start]
        assert used == (whole or listed)[0]
    for before, after in itertools.pairwise(listed):
        assert before.set_time < after.rise_time
    for other in listed:
        rise_s = float(seconds_between(other.rise_time, start))
        assert 0.0 <= rise_s <= length_s
        seen = scenario_view(one).elements.propagate(np.array([other.rise_time, other.set_time]))
        up = ecef_to_enu(scenario_view(one).site, seen.position_ecef_m)
        elevation_deg = np.degrees(np.arcsin(up[:, 2] / np.linalg.norm(up, axis=-1)))
        for cut, reached in zip((other.cut_at_start, other.cut_at_end), elevation_deg, strict=True):
            assert reached > one.min_elevation_deg if cut else abs(reached - one.min_elevation_deg) < 1e-6


def test_a_long_search_lists_all_of_it() -> None:
    short = scenario_passes(part(time="best-pass", search_hours=26.0))
    upcoming = scenario_passes(part(time="next-pass", search_hours=26.0))
    inside = [one for one in upcoming if not one.cut_at_end and not one.cut_at_start]
    assert len(inside) == len([one for one in short if not one.cut_at_start])
    for one, other in zip(inside, short, strict=True):
        assert abs(seconds_between(one.culmination_time, other.culmination_time)) < 1e-5


def test_a_pass_cut_by_the_search_is_said() -> None:
    middle = scenario_view(part(time="best-pass")).satellite_pass
    assert middle is not None
    start = str(middle.culmination_time + np.timedelta64(60, "s"))[:19] + "Z"
    cut = scenario_view(part(time="best-pass", search_hours=0.05, **{"from": start}))
    assert cut.satellite_pass is not None
    assert cut.satellite_pass.cut_at_start
    assert "in the middle of the pass that is used" in cut.warnings[-1]
    assert scenario_view(part(tle=GEO, longitude_deg=_LONGITUDE_DEG)).warnings == ()


def test_an_instant_stands_in_the_middle_of_its_list() -> None:
    one = part(time="2025-10-08T07:46:00Z")
    start, length_s = search_window(one)
    assert (str(start)[:19], length_s) == ("2025-10-07T19:46:00", 86_400.0)
    assert any(other.rise_time <= scenario_view(one).view.times <= other.set_time for other in scenario_passes(one))


def test_geostationary_satellites_in_plain_words() -> None:
    assert abs(geo_longitude_deg() - _LONGITUDE_DEG) < 10.0
    with pytest.raises(ConfigError, match=r"It turns with the Earth, near longitude .* hardly moves in this sky"):
        scenario_view(part(tle=GEO, longitude_deg=-80.0))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"latitude_deg": -89.0}, r"never rises higher than -\d+ deg over this latitude: its orbit is inclined by 53"),
        ({"tle": EQUATORIAL, "latitude_deg": 60.0}, "its orbit is inclined by 5.0 deg. Take another satellite or site"),
        ({"search_hours": 1.0}, "Search longer, lower the minimum elevation, or take another satellite"),
        ({"tle": MOLNIYA, "latitude_deg": -80.0, "min_elevation_deg": 50.0}, "Search longer"),
    ],
)
def test_satellites_that_do_not_rise(fields: dict, words: str) -> None:
    for time in ("next-pass", "best-pass"):
        with pytest.raises(ConfigError, match=words):
            scenario_view(part(time=time, **fields))


@pytest.mark.parametrize("latitude_deg", [90.0, -90.0, 51.0])
def test_poles_and_the_date_line(latitude_deg: float) -> None:
    """180 and -180 degrees, and 0 and 360, are one place; at a pole, all longitudes are."""
    pairs = [(180.0, -180.0), (0.0, 77.0) if abs(latitude_deg) == 90.0 else (0.0, 360.0)]
    for pair in pairs:
        place = {"tle": POLAR, "latitude_deg": latitude_deg, "search_hours": 3.0 if abs(latitude_deg) == 90.0 else 12.0}
        views = [scenario_view(part(longitude_deg=one, **place)) for one in pair]
        assert abs(seconds_between(views[0].view.times, views[1].view.times)) < 1e-6
        assert views[0].view.range_m == pytest.approx(float(views[1].view.range_m), abs=1e-3)
        turn = math.degrees(float(views[1].view.azimuth_rad) - float(views[0].view.azimuth_rad))
        expected = 0.0 if abs(latitude_deg) != 90.0 else math.copysign(pair[1] - pair[0], latitude_deg)
        assert math.remainder(turn - expected, 360.0) == pytest.approx(0.0, abs=1e-6)
        for one in views:
            east, north = np.array([0.0, 2e3, -3e5]), np.array([0.0, -1e3, 0.0])
            around = ecef_to_enu(one.site, ground_points(one.site, east, north))
            np.testing.assert_allclose(around[:, 0], east, rtol=1e-3, atol=1e-3)
            np.testing.assert_allclose(around[:, 1], north, rtol=1e-3, atol=1.0)


def test_the_verb_pass(tmp_path: Path) -> None:
    """What is used has an arrow, what is cut a mark, and a date may be looked from."""

    def listed(*fields: str, code: int = 0) -> Any:
        lines = ['system = "self-backhaul"', "[satellite]", "latitude_deg = 43.6047", *fields]
        (tmp_path / "one.toml").write_text("\n".join(lines) + "\n")
        result = CliRunner().invoke(cli.app, ["pass", str(tmp_path / "one.toml")])
        assert result.exit_code == code, result.output
        return result

    (tmp_path / "geo.tle").write_text(GEO[:-1])
    text = listed('name = "STARLINK-1423"', "longitude_deg = 1.4442", "from = 2025-10-09T00:00:00Z").output
    assert "that rise in 24 h after 2025-10-09 00:00:00" in text
    assert [line[:24] for line in text.splitlines() if line.startswith("→")] == ["→  2025-10-09T00:55:30  "]
    text = listed('tle = "geo.tle"', f"longitude_deg = {_LONGITUDE_DEG}").output
    assert re.search(r"→  < 2025-10-07T12:00:00 +\S+ +> 2025-10-09T\S+ +> \d+", text)
    assert "under way when the search began or ended" in text
    assert "Warning: GEO: line 2 of its TLE without a checksum" in text
    wrong = listed('tle = "geo.tle"', "longitude_deg = 1", 'name = "GEOO"', code=2)
    assert "no name 'GEOO' among 1 element set. Did you mean 'GEO'?" in wrong.stderr
