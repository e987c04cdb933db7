"""Who serves whom: against the definition of each rule, at sites where the answer is known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import leoisac as li
from leoisac.geometry.passes import find_passes
from leoisac.geometry.satellite_view import view_many
from leoisac.geometry.serving import NONE, serve
from leoisac.geometry.sites import Site
from leoisac.geometry.starlink import starlink
from leoisac.geometry.walker import walker_shell

SHELL = walker_shell(60, 6, 1, 53.0, 1200.0)
TIMES = np.datetime64("2025-01-01T00:00:00", "ns") + np.arange(240) * np.timedelta64(30, "s")
SITES = (Site.from_degrees(43.6, 1.44), Site.from_degrees(-20.0, 130.0))
LEAST = math.radians(20.0)


@pytest.fixture(scope="module")
def elevation() -> np.ndarray:
    return np.stack([view_many(SHELL, site, TIMES).elevation_rad for site in SITES])


def test_the_highest_serves(elevation: np.ndarray) -> None:
    services, _ = serve(SHELL, SITES, TIMES, 20.0, "highest")
    for one, here in zip(services, elevation):
        highest = here.max(axis=0)
        up = highest >= LEAST
        np.testing.assert_array_equal(one.satellite, np.where(up, here.argmax(axis=0), NONE))
        np.testing.assert_allclose(one.elevation_rad[up], highest[up], rtol=1e-12)
        np.testing.assert_array_equal(one.visible, (here >= LEAST).sum(axis=0))
        assert np.all(np.isnan(one.range_m[~up]))


@pytest.mark.parametrize("rule", ["hysteresis", "longest-stay"])
def test_rules_by_their_definition(rule: str, elevation: np.ndarray) -> None:
    """A slow twin of the rules; hysteresis 0 is the highest, a very large one stays until the satellite sets."""
    services, _ = serve(SHELL, SITES, TIMES, 20.0, rule, 8.0)
    for one, here in zip(services, elevation):
        now = NONE
        for time in range(len(TIMES)):
            up = np.flatnonzero(here[:, time] >= LEAST)
            if not up.size:
                now = NONE
            elif rule == "hysteresis":
                best = here[:, time].argmax()
                if now not in up or here[now, time] < here[best, time] - math.radians(8.0):
                    now = best
            elif now not in up:
                stay = [np.argmin(np.append(here[number, time:] >= LEAST, False)) for number in up]
                assert one.satellite[time] in up[np.array(stay) == max(stay)]
                now = int(one.satellite[time])
            assert one.satellite[time] == now


def test_longer_stays_mean_fewer_handovers_and_the_same_gaps() -> None:
    rules = {
        rule: serve(SHELL, SITES[:1], TIMES, 20.0, rule)[0][0] for rule in ("highest", "hysteresis", "longest-stay")
    }
    counts = [int(rules[rule].handover.sum()) for rule in rules]
    assert counts[0] >= counts[1] >= counts[2]
    assert rules["highest"].gaps == rules["longest-stay"].gaps == rules["hysteresis"].gaps
    for one in rules.values():
        stays = sum(stop - start for start, stop in one.stays)
        gaps = sum(stop - start for start, stop in one.gaps)
        assert stays + gaps == len(TIMES)
        assert len(one.stays) >= int(one.handover.sum())


def test_a_single_satellite_serves_during_its_passes() -> None:
    one = starlink("STARLINK-1423")
    begin = np.datetime64("2025-10-08T00:00:00", "ns")
    times = begin + np.arange(2880) * np.timedelta64(30, "s")
    passes = find_passes(one, SITES[0], begin, 86_400.0, 25.0)
    (service,), _ = serve([one], SITES[:1], times, 25.0)
    inside = np.zeros(len(times), dtype=bool)
    for found in passes:
        inside |= (times >= found.rise_time) & (times <= found.set_time)
    np.testing.assert_array_equal(service.satellite == 0, inside)
    assert not service.handover.any()


def test_a_polar_site_has_no_service_from_a_low_inclination() -> None:
    (service,), _ = serve(walker_shell(24, 4, 1, 30.0, 550.0), [Site.from_degrees(85.0, 0.0)], TIMES, 10.0)
    assert service.gaps == ((0, len(TIMES)),)
    assert service.stays == ()


def test_coverage_is_a_dataset_and_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = 'latitudes_deg = [0, 40]\nsites_per_latitude = 2\nhours = 2\nstep_s = 60\nrule = "longest-stay"\n'
    file = tmp_path / "shell.toml"
    file.write_text(text + "[walker]\ntotal = 60\nplanes = 6\nphasing = 1\naltitude_km = 1200.0\n")
    dataset = li.coverage(file)
    assert dict(dataset["satellite"].sizes) == {"site": 4, "time": 120}
    np.testing.assert_allclose(dataset["availability"], (dataset["satellite"] >= 0).mean("time"))
    np.testing.assert_array_equal(dataset["handovers"], dataset["handover"].sum("time"))
    more = li.coverage(file, sites_per_latitude=3)
    np.testing.assert_array_equal(more["satellite"].values[[0, 1, 3, 4]], dataset["satellite"].values)

    from leoisac.cli.coverage import coverage

    coverage(file, tmp_path / "picture.png", tmp_path / "all.csv")
    assert "availability" in capsys.readouterr().out
    assert (tmp_path / "picture.png").stat().st_size > 10_000
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 481


def test_workers_change_nothing() -> None:
    """Processes and a cluster; the sites of a capacity are one task."""
    changes: dict[str, Any] = {"latitudes_deg": [0, 40], "sites_per_latitude": 2, "hours": 1, "step_s": 60}
    changes |= {"walker": {"total": 60, "planes": 6, "phasing": 1, "altitude_km": 1200.0}, "link": {}}
    alone = li.coverage(**changes)
    xr.testing.assert_identical(alone, li.coverage(workers=2, **changes))
    distributed = pytest.importorskip("distributed")
    options = {"processes": False, "dashboard_address": None, "scheduler_kwargs": {"dashboard_address": ":0"}}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, protocol="tcp", **options) as cluster:
        xr.testing.assert_identical(alone, li.coverage(cluster=cluster.scheduler_address, **changes))
    with pytest.raises(li.ConfigError, match="not computed by parts"):
        li.coverage(workers=2, capacity=1, **changes)
    with pytest.raises(li.ConfigError, match="must divide"):
        li.coverage(workers=2, **{**changes, "walker": {"total": 10, "planes": 3}})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"latitudes_deg": [0]}, "one constellation"),
        ({"elements": "starlink"}, "no site"),
        ({"walker": {"total": 10, "planes": 3}, "latitudes_deg": [0]}, "must divide"),
        ({"elements": "starlink", "sites_deg": [(91, 0)]}, "at most 90"),
        ({"elements": "nowhere.tle", "latitudes_deg": [0]}, "cannot read"),
        ({"elements": "starlink", "latitudes_deg": [0], "begin": "2025-10-08T00:00:00"}, "needs its zone"),
        ({"elements": "starlink", "latitudes_deg": [0], "rule": "lowest"}, "must be one of"),
        ({"elements": "starlink", "latitudes_deg": [0], "step_s": 0.1}, "more than 100000"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(li.ConfigError, match=says):
        li.coverage(**changes)


def test_full_satellites_send_sites_to_the_next_one(elevation: np.ndarray) -> None:
    """Three sites at one place, one each: together they have the three highest, and gaps where fewer are up."""
    services, _ = serve(SHELL, [SITES[0]] * 3, TIMES, 20.0, "highest", capacity=1)
    for time, here in enumerate(elevation[0].T):
        up = [int(number) for number in np.argsort(-here)[:3] if here[number] >= LEAST]
        found = [int(one.satellite[time]) for one in services if one.satellite[time] != NONE]
        assert sorted(found) == sorted(up)
    for rule in ("highest", "hysteresis", "longest-stay"):
        bounded, _ = serve(SHELL, SITES, TIMES, 20.0, rule, capacity=2)
        alone, _ = serve(SHELL, SITES, TIMES, 20.0, rule)
        for one, other in zip(bounded, alone):
            np.testing.assert_array_equal(one.satellite, other.satellite)
    with pytest.raises(ValueError, match="capacity is 0"):
        serve(SHELL, SITES, TIMES, capacity=0)
