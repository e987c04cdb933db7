"""Beams over the ground: against the antennas' own numbers, judges and budgets; pictures and moving pictures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac.catalogue import find
from leoisac.foundation.lanes import take

SATELLITE = {"name": "STARLINK-1423", "time": "best-pass", "latitude_deg": 43.6047, "longitude_deg": 1.4442}
OWN: dict[str, dict[str, Any]] = {
    "self-backhaul": {},
    "bistatic-rsma": {"coverage_centre": "receiver"},
    "coexistence": {},
}


def _config(name: str, **changes: Any) -> Any:
    return li.config(name, **{**find(name).small, **OWN[name], "satellite": SATELLITE, **changes})


def _at_site(beams: Any, quantity: str) -> float:
    return float(beams[quantity].sel(north_km=0.0, east_km=0.0, method="nearest"))


def test_feeds_point_where_they_should() -> None:
    config = _config("self-backhaul", beam_diameter_km=62.0)
    beams = li.beam_map(config, points=101)
    assert _at_site(beams, "gain_dbi") == pytest.approx(config.max_gain_dbi, abs=1e-6)
    ring_km = math.sqrt(3.0) / 2.0 * 62.0
    towards = beams["gain_dbi"].sel(north_km=0.0, east_km=ring_km, method="nearest")
    assert float(towards) == pytest.approx(config.max_gain_dbi, abs=0.2)
    assert float(beams["gain_dbi"].min()) < config.max_gain_dbi - 3.0


def test_a_spot_is_that_of_the_budget() -> None:
    """On the beam's axis C/N is the budget's INR of a terrestrial user; 3 dB less at the half-power angle."""
    from leoisac.systems.coexistence.world.budgets import link_budgets

    config = _config("coexistence")
    beams = li.beam_map(config, points=201)
    budget = next(table for table in link_budgets(config) if table.title.startswith("Spot beam"))
    assert _at_site(beams, "cn_db") == pytest.approx(budget["INR of a terrestrial user"], abs=1e-6)
    assert float(beams["gain_dbi"].max()) == pytest.approx(config.satellite_gain_dbi, abs=1e-9)


def test_a_spot_has_the_side_lobes_that_channels_have() -> None:
    """Outside its main lobe a spot after S.1528 is far above the Gaussian one."""
    from leoisac.antennas.satellite_patterns import s1528_leo_gain_dbi
    from leoisac.systems.coexistence.world.beams import beam_map

    places = np.array([0.0, 40e3, 80e3])
    plain, lobes = (
        beam_map(_config("coexistence", beam_pattern=pattern), places, np.zeros(3)) for pattern in ("gaussian", "s1528")
    )
    assert lobes.gain[0] == pytest.approx(plain.gain[0], rel=1e-9)
    assert lobes.gain[2] > 100.0 * plain.gain[2]
    least_dbi = float(s1528_leo_gain_dbi(math.radians(60.0), 38.0, math.radians(1.0)))
    assert np.all(lobes.gain >= 10.0 ** (0.1 * least_dbi))


@pytest.mark.parametrize("name", ["self-backhaul", pytest.param("bistatic-rsma", marks=pytest.mark.further)])
def test_designs_radiate_what_the_judge_counts(name: str) -> None:
    """Gain times total power is the radiated power: checked where the judge has a channel of its own."""
    if name == "self-backhaul":
        still = {"rain_mean_db": 0.0, "rain_std_db": 0.0, "gas_loss_db": 0.0, "feed_phase_std_deg": 0.0}
        config = _config(name, **still)
        channels = li.draw(config, trials=1)
        design = li.design(config, channels, "ibs-matched").value
        g, one = np.asarray(channels.g_es)[0], take(design, 0)
        received = np.abs(np.vdot(g, one.satellite_beam)) ** 2 + np.vdot(g, one.sensing_covariance @ g).real
        noise = 10.0 ** (0.1 * (config.noise_power_dbm - 30.0))
        expected = 10.0 * np.log10(received / noise) - config.es_gain_dbi
    else:
        # A user in the receiver's place: the power of all streams at it, over noise.
        config = _config(name, user_positions_km=((0.0, 0.0), (1.0, 1.0)))
        channels = li.draw(config, trials=1)
        design = li.design(config, channels, "sdma-comm").value
        steering, ratio = np.asarray(channels.user_steering)[0, 0], float(np.asarray(channels.user_noise_ratio)[0, 0])
        power = np.sum(np.abs(np.conj(steering) @ np.asarray(design.precoder)[0]) ** 2)
        expected = 10.0 * np.log10(power / ratio)
    beams = li.beam_map(config, design, points=3)
    # The map's ground falls as a sphere, the site's as the ellipsoid: nothing at the site itself.
    assert _at_site(beams, "cn_db") == pytest.approx(float(expected), abs=2e-3)


def test_maps_along_a_pass_and_moving_pictures(tmp_path: Path) -> None:
    from leoisac.plots.beams import draw_beam_maps

    config = _config("self-backhaul", beam_diameter_km=62.0, time={"step_s": 120.0})
    beams = li.pass_beams(config, points=31)
    assert beams["gain_dbi"].dims == ("time", "north_km", "east_km")
    assert beams.sizes["time"] == 5
    figure = draw_beam_maps(beams, "cn_db")
    assert sum(axes.get_title() != "" for axes in figure.axes) == 5
    target = li.beam_movie(config, tmp_path / "beams.gif", frames=3)
    from PIL import Image

    with Image.open(target) as movie:
        assert movie.n_frames == 3  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(li.ConfigError, match=r"\.gif or \.mp4"):
        li.beam_movie(config, tmp_path / "beams.avi")
    with pytest.raises(li.ConfigError, match="quantity"):
        li.beam_movie(config, tmp_path / "beams.gif", quantity="gain")


def test_mp4_needs_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from leoisac.plots import movies

    monkeypatch.setattr(movies.shutil, "which", lambda name: None)
    with pytest.raises(li.ConfigError, match="not installed"):
        movies.check_movie(tmp_path / "beams.mp4")


def test_systems_without_beams_say_so() -> None:
    with pytest.raises(li.ConfigError, match="no beams over the ground"):
        li.beam_map(li.config("otfs-rsma"))
    with pytest.raises(li.ConfigError, match=r"needs a \[satellite\] part"):
        li.beam_map(li.config("coexistence"))
