"""Walker shells: spacing, phase, altitude, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from leoisac.geometry.instants import add_seconds, as_instants
from leoisac.geometry.orbits import propagate_many
from leoisac.geometry.walker import walker_shell

TURN = 2.0 * math.pi


def angles(shell: tuple, planes: int) -> tuple[np.ndarray, np.ndarray]:
    raan = np.array([one.raan_rad for one in shell]).reshape(planes, -1)
    anomaly = np.array([one.mean_anomaly_rad for one in shell]).reshape(planes, -1)
    return raan, anomaly


@pytest.mark.parametrize(("pattern", "spread"), [("delta", TURN), ("star", math.pi)])
def test_planes_and_phases_are_even(pattern: str, spread: float) -> None:
    total, planes, phasing = 24, 6, 2
    raan, anomaly = angles(walker_shell(total, planes, phasing, 55.0, 1200.0, pattern=pattern), planes)
    np.testing.assert_allclose(np.ptp(raan, axis=1), 0.0)
    np.testing.assert_allclose(np.diff(raan[:, 0]), spread / planes)
    np.testing.assert_allclose(np.mod(np.diff(anomaly, axis=1), TURN), TURN * planes / total)
    np.testing.assert_allclose(np.mod(np.diff(anomaly, axis=0), TURN), TURN * phasing / total)


def test_delta_looks_the_same_from_every_plane() -> None:
    """Going once around the planes shifts the phase by F whole slots: plane P is plane 0 again."""
    total, planes, phasing = 24, 6, 5
    _, anomaly = angles(walker_shell(total, planes, phasing, 55.0, 1200.0), planes)
    after_the_last = anomaly[-1] + TURN * phasing / total
    np.testing.assert_allclose(np.sort(np.mod(after_the_last + 1e-9, TURN)), np.sort(np.mod(anomaly[0] + 1e-9, TURN)))


@pytest.mark.parametrize(("inclination_deg", "altitude_km"), [(53.0, 550.0), (87.9, 1200.0), (0.0, 8062.0)])
def test_propagated_shell(inclination_deg: float, altitude_km: float) -> None:
    shell = walker_shell(6, 3, 1, inclination_deg, altitude_km, first_raan_deg=20.0)
    period_s = shell[0].period_s
    times = add_seconds(as_instants(shell[0].epoch), np.linspace(0.0, period_s, 25))
    states = propagate_many(shell, times)
    radius = np.linalg.norm(states.position_teme_m, axis=-1)
    np.testing.assert_allclose(radius, 6_378_135.0 + altitude_km * 1e3, atol=12e3)
    assert radius.mean() == pytest.approx(6_378_135.0 + altitude_km * 1e3, abs=6e3)
    speed = np.linalg.norm(states.velocity_teme_m_s, axis=-1)
    np.testing.assert_allclose(speed, np.sqrt(3.986004418e14 / radius), rtol=3e-3)
    momentum = np.cross(states.position_teme_m[:, 0], states.velocity_teme_m_s[:, 0])
    inclination = np.arccos(momentum[:, 2] / np.linalg.norm(momentum, axis=-1))
    np.testing.assert_allclose(np.degrees(inclination), inclination_deg, atol=0.05)
    if inclination_deg > 0.0:
        node = np.degrees(np.arctan2(momentum[:, 0], -momentum[:, 1]))
        np.testing.assert_allclose(np.mod(node - 20.0 + 1.0, 360.0) - 1.0, np.repeat([0.0, 120.0, 240.0], 2), atol=0.05)


def test_names_are_distinct() -> None:
    names = [one.name for one in walker_shell(8, 4, 0, 53.0, 550.0, name="demo")]
    assert len(set(names)) == 8
    assert names[:3] == ["demo-0-0", "demo-0-1", "demo-1-0"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((10, 3, 0, 53.0, 550.0), r"total is 10 and planes is 3; .*possible: 2 or 5 planes"),
        ((0, 1, 0, 53.0, 550.0), "total is 0"),
        ((8, 0, 0, 53.0, 550.0), "planes is 0"),
        ((8, 4, 4, 53.0, 550.0), "phasing is 4; allowed are 0 to planes - 1 = 3"),
        ((8, 4, -1, 53.0, 550.0), "phasing is -1"),
        ((8, 4, 0, 181.0, 550.0), "inclination_deg is 181.0"),
        ((8, 4, 0, 53.0, 550e3), "not the orbit's radius or metres"),
        ((8, 4, 0, 53.0, 100.0), "altitude_km is 100.0; allowed are 160 to 60000"),
    ],
)
def test_impossible_shells_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        walker_shell(*arguments)
