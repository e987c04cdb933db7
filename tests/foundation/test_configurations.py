"""Strict configurations: every slip is refused with field, value and what is allowed."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field

from leoisac.foundation.config import Config, ConfigError, build, fingerprint, replace_fields, to_toml
from leoisac.geometry.satellite_config import SatelliteConfig


class Part(Config):
    latitude_deg: float = Field(default=3.0, ge=-90, le=90, description="latitude")


class Example(Config):
    antennas: int = Field(default=3, ge=1, le=64, description="number of antennas")
    mode: Literal["near", "far"] = "near"
    shape: tuple[int, int] = (3, 3)
    level_w: float | tuple[float, ...] = 1.0
    site: Part | None = None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"antennas": -1}, r"antennas = -1: must be at least 1 \(number of antennas\)"),
        ({"antennas": 10**9}, "antennas = 1000000000: must be at most 64"),
        ({"antennas": "3"}, "antennas = '3': must be a whole number"),
        ({"antennas": 2.5}, "must be a whole number"),
        ({"antennas": True}, "must be a whole number"),
        ({"antena": 3}, r"antena: no such field\. Did you mean `antennas`\?"),
        ({"mode": "fra"}, "mode = 'fra': must be one of 'near' or 'far'"),
        ({"shape": [1, 2, 3]}, "takes at most 2 entries, has 3"),
        ({"level_w": float("nan")}, "must be a finite number"),
        ({"level_w": "1 W"}, "must be a number. Or: must be a list"),
        ({"site": {"latitude_deg": 100}}, r"site\.latitude_deg = 100: must be at most 90"),
        ({"site": {"latitude": 1}}, r"site\.latitude: no such field\. Did you mean `latitude_deg`\?"),
        ({"site": 5}, "site = 5: must be a table of fields"),
    ],
)
def test_refusals(data, message):
    with pytest.raises(ConfigError, match=message):
        build(Example, data)


def test_all_errors_at_once():
    with pytest.raises(ConfigError) as refused:
        build(Example, {"antennas": 0, "mod": "near"}, "config.")
    assert str(refused.value).splitlines() == [
        "config.antennas = 0: must be at least 1 (number of antennas).",
        "config.mod: no such field. Did you mean `mode`?",
    ]


def test_replacing_checks_and_reaches_into_parts():
    config = Example(site=Part())
    assert replace_fields(config, {"site.latitude_deg": 7.0}).site == Part(latitude_deg=7.0)
    assert Example().replace(**{"site.latitude_deg": 7.0}).site == Part(latitude_deg=7.0)
    with pytest.raises(ConfigError, match="`antennas` is a value, not a part"):
        replace_fields(config, {"antennas.x": 1})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"level_w": 1j}, r"^level_w: 1j is not a number"),
        ({"site": {"latitude_deg": 1j}}, r"^site\.latitude_deg: 1j is not a number"),
        ({"antennas": 4, "mode": {1, 2}}, r"^mode: \{1, 2\} is not a number"),
    ],
)
def test_what_has_no_plain_form_is_named(data, message):
    with pytest.raises(ConfigError, match=message):
        build(Example, data)
    with pytest.raises(ConfigError, match=message):
        Example().replace(**data)


def test_instants_have_an_example():
    site = {"norad_id": 25544, "latitude_deg": 1.0, "longitude_deg": 2.0}
    for field in ("time", "search_from"):
        with pytest.raises(ConfigError, match=rf'{field} = .tomorrow.: must be a UTC instant such as "2025-10-07T09'):
            build(SatelliteConfig, {**site, field: "tomorrow"})


def test_equal_configurations_equal_fingerprints():
    assert fingerprint(Example()) == fingerprint(Example(antennas=3))
    assert hash(Example()) == hash(Example(antennas=3))
    assert fingerprint(Example()) != fingerprint(Example(antennas=4))


def test_toml_names_meanings():
    text = to_toml(Example(site=Part()))
    assert "antennas = 3  # number of antennas" in text
    assert "[site]" in text
