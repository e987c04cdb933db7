"""The examples at small size: what they find is held against closed forms, limits and each other."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def _example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _is_picture(file: Path) -> bool:
    return file.read_bytes().startswith(b"\x89PNG") and file.stat().st_size > 10_000


def test_rate_is_paid_for_in_bounds(tmp_path: Path) -> None:
    example = _example("crb_rate")
    weights = (0.03, 1.5)
    found = example.main(2, users=2, sensing_streams=2, rows=2, weights=weights, folder=tmp_path)
    assert np.all(found["violation"] <= 1e-6)
    assert np.all(np.diff(found["rate"], axis=0) > 0.0)
    assert np.all(np.diff(found["crb"], axis=0) > 0.0)
    for own, weight in enumerate(weights):
        worth = weight * np.log(2.0) * found["rate"] - found["crb"]
        np.testing.assert_allclose(found["objective"][own], worth[own], rtol=1e-9)
        assert np.all(worth[own] >= worth), "another weight's beams are better for this one"
    assert _is_picture(tmp_path / "crb_rate.png")


FEW_AND_ALL = pytest.mark.parametrize("further", [False, pytest.param(True, marks=pytest.mark.further)])
"""Every problem of an example costs its compilation: without the baselines by default."""


@FEW_AND_ALL
def test_a_surface_that_is_seen_in_one_direction_reaches_the_square_of_its_size(tmp_path: Path, further: bool) -> None:
    """With next to nothing asked of the user: all power, all antennas and all elements in phase on the target."""
    example = _example("ris_isac")
    sizes, kinds = ((4, 8), ("optimised", "random")) if further else ((4,), ("optimised",))
    given: dict[str, Any] = {"antennas": 4, "users": 1, "rice": 1e12}
    found = example.main(2, sizes=sizes, sinr_min=1e-3, kinds=kinds, folder=tmp_path, **given)
    most = example.POWER * 4 * np.array(sizes) ** 2 * example.TO_SURFACE * example.TO_TARGET
    np.testing.assert_allclose(found["optimised"], np.repeat(most[:, None], 2, axis=1), rtol=1e-4)
    for reached, size in zip(found.get("random", ()), sizes):
        data = example.draw(2, size, **given)
        rows = np.einsum("tn,tn,tnm->tm", data["to_target"], data["phases"], data["to_surface"])
        np.testing.assert_allclose(reached, example.POWER * np.linalg.norm(rows, axis=1) ** 2, rtol=1e-4)
    np.testing.assert_allclose(found["modulus"], 1.0, rtol=1e-12)
    assert np.all(found["violation"] <= 1e-6)
    assert _is_picture(tmp_path / "ris_isac.png")


@FEW_AND_ALL
def test_one_user_of_many_access_points_gets_what_paper_says(tmp_path: Path, further: bool) -> None:
    """Maximum ratio with every access point's own power; in proportion to their channels where power is pooled."""
    example = _example("cell_free_isac")
    kinds = ("own", "pooled") if further else ("own",)
    found = example.main(2, users=1, shares=(0.0, 0.9), kinds=kinds, folder=tmp_path)
    channels = example.draw(2, 1)["h"].reshape(2, example.POINTS, example.ANTENNAS)
    strength = np.linalg.norm(channels, axis=-1)
    own = np.sum(np.sqrt(example.POWER) * strength, axis=-1) ** 2 / example.NOISE
    pooled = example.POINTS * example.POWER * np.sum(strength**2, axis=-1) / example.NOISE
    np.testing.assert_allclose(found["own"][0], own, rtol=1e-4)
    assert np.all(found["powers"] <= example.POWER * (1.0 + 1e-6))
    assert np.all(found["own"][1] < found["own"][0])
    if further:
        np.testing.assert_allclose(found["pooled"][0], pooled, rtol=1e-4)
        assert np.all(found["own"] <= found["pooled"] * (1.0 + 1e-6))
    assert np.all(found["violation"] <= 1e-6)
    assert _is_picture(tmp_path / "cell_free_isac.png")
