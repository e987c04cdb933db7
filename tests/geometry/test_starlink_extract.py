"""The packaged extract: complete, healthy, spread out, and found by name; and geometry imports neither JAX nor sgp4."""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from leoisac.geometry.orbits import propagate_many
from leoisac.geometry.passes import best_pass
from leoisac.geometry.sites import Site
from leoisac.geometry.starlink import starlink, starlink_element_sets, starlink_names


def test_all_are_in_healthy_orbits() -> None:
    sets = tuple(starlink_element_sets().values())
    assert 280 <= len(sets) <= 320
    assert min(one.mean_altitude_m for one in sets) > 400e3
    times = np.datetime64("2025-10-07T00:00") + np.arange(0, 48, 6) * np.timedelta64(1, "h")
    states = propagate_many(sets, times)
    assert not states.error_code.any()
    assert states.warnings == ()


def test_planes_and_shells_are_spread() -> None:
    sets = tuple(starlink_element_sets().values())
    inclinations = Counter(round(math.degrees(one.inclination_rad)) for one in sets)
    assert min(inclinations[key] for key in (43, 53, 70, 98)) >= 30
    for inclination in (43, 53):
        raan = sorted(
            math.degrees(one.raan_rad) for one in sets if round(math.degrees(one.inclination_rad)) == inclination
        )
        assert max(np.diff([*raan, raan[0] + 360.0])) < 20.0


@pytest.mark.parametrize(
    ("name", "latitude_deg", "longitude_deg", "height_m"),
    [
        ("STARLINK-1423", 43.6047, 1.4442, 150.0),
        ("STARLINK-30784", 43.6047, 1.4442, 150.0),
        ("STARLINK-32511", 47.9022, 11.1103, 0.0),
        ("STARLINK-4302", 47.9022, 11.1103, 0.0),
    ],
)
def test_overhead_passes(name: str, latitude_deg: float, longitude_deg: float, height_m: float) -> None:
    one = best_pass(starlink(name), Site.from_degrees(latitude_deg, longitude_deg, height_m))
    assert math.degrees(one.max_elevation_rad) > 89.5


def test_names() -> None:
    names = starlink_names()
    assert len(set(names)) == len(names)
    assert starlink(f" {names[0].lower()} ").name == names[0]
    with pytest.raises(KeyError, match=r"'STARLINK-1424' is not among the \d+ satellites.*Did you mean 'STARLINK-14"):
        starlink("STARLINK-1424")
    with pytest.raises(KeyError, match="starlink_names"):
        starlink("Hubble")


def test_import_is_light() -> None:
    program = (
        "import sys; import leoisac.geometry.passes, leoisac.geometry.walker, leoisac.geometry.starlink; "
        "print([name for name in ('jax', 'sgp4', 'scipy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
