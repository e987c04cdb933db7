"""Maps: the coastline where it is known to be, ways over the antimeridian whole."""

from __future__ import annotations

import numpy as np
import pytest

from leoisac.plots.ground import coastline, draw_ground_track
from leoisac.plots.style import house_style


@pytest.mark.parametrize(("latitude", "longitude"), [(36.0, -5.6), (-34.8, 20.0), (-54.9, -68.0), (60.0, 25.0)])
def test_the_coast_runs_where_it_should(latitude: float, longitude: float) -> None:
    """Tarifa, Cape Agulhas, the Beagle Channel, the Gulf of Finland, to the roughness of the map."""
    nearest = min(np.hypot(y - latitude, (x - longitude) * np.cos(np.radians(latitude))).min() for x, y in coastline())
    assert nearest < 1.0


def test_no_line_jumps_across_the_map() -> None:
    for x, y in coastline():
        assert np.abs(np.diff(x)).max() < 20.0
        assert np.abs(y).max() <= 90.0


def test_a_way_over_the_antimeridian_is_whole() -> None:
    with house_style() as mpl:
        axes = mpl.Figure().subplots()
        draw_ground_track(axes, np.array([10.0, 12.0, 14.0]), np.array([178.0, -179.0, -176.0]), (12.0, 179.0))
        ways = [line.get_xdata() for line in axes.lines if line.get_color() == "#0072B2"]
    np.testing.assert_allclose(ways[0], [178.0, 181.0, 184.0])
    left, right = axes.get_xlim()
    assert left < 178.0
    assert 184.0 < right < 200.0
