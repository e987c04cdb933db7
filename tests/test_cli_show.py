"""What `show` says of a changed configuration and of given channels; ticks that stand beside each other."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from leoisac import catalogue, cli


def call(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, [str(item) for item in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.output


def test_changes_reach_sizes_and_channels() -> None:
    assert "user 3," in call("show", "self-backhaul", "--channels", "--set", "num_users=3")
    assert "satellite_power_dbw" in call("show", "self-backhaul", "--set", "satellite_power_dbw=17.5")
    assert "17.5" in call("show", "self-backhaul", "--set", "satellite_power_dbw=17.5")
    assert "Did you mean `num_users`?" in call("show", "self-backhaul", "--set", "num_user=3", code=2)


@pytest.mark.parametrize("name", catalogue.systems())
def test_arrays_of_designs_stand_beside_those_of_channels(name: str) -> None:
    system, text = catalogue.find(name), call("show", name, "--channels")
    sizes = system.axis_sizes(system.config())
    rows = {line.split()[0]: line for line in text.partition("Designs")[2].splitlines() if line[:1].strip()}
    for field, declared in system.design_fields.items():
        axes = ", ".join(f"{axis} {sizes.get(axis, 'any')}" for axis in declared.axes) or "a number"
        assert axes in rows[field]


def test_budgets_beside_given_channels_say_what_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shapes = {"h_users": (2, 2, 3), "h_es": (2, 3), "g_users": (2, 2, 3), "g_es": (2, 3)}
    arrays = {name: rng.normal(size=size) + 1j * rng.normal(size=size) for name, size in shapes.items()}
    np.savez(tmp_path / "meas.npz", **arrays)
    text = """system = "self-backhaul"
schemes = ["das"]
trials = 2
[config]
num_users = 2
bs_array = [1, 3]
num_feeds = 3
target_angles_deg = [-30.0, 20.0]
[channels]
file = "meas.npz"
"""
    (tmp_path / "a.toml").write_text(text)
    said = call("show", tmp_path / "a.toml", code=2)
    assert "One number for all trials will do: noise_power = 1.0e-13, in W." in said
    (tmp_path / "a.toml").write_text(text + "noise_power = 1.0\n")
    assert "channels are given: budgets below" in call("show", tmp_path / "a.toml")


INSTANTS = [f"2025-10-08T07:41:{second:02d}.000000000" for second in range(5, 60, 5)]
NAMES = ["proposed association", "nearest", "greedy with a name", "random"]


@pytest.mark.parametrize(
    ("x", "texts"),
    [
        (np.arange(11.0), INSTANTS),
        (np.arange(4.0), NAMES),
        (np.array([1000.0, 1200.0, 1250.0, 20000.0]), None),
        (np.array([1.0, 2.0, 3.0, 4.0]), None),
    ],
    ids=["instants", "names", "crowded", "few"],
)
@pytest.mark.parametrize("width", [2.4, 3.5, 7.16])
def test_ticks_do_not_overprint(x: np.ndarray, texts: list[str] | None, width: float) -> None:
    from leoisac.plots.paper import paper_style
    from leoisac.plots.sweep import scale_x

    with paper_style() as mpl:
        figure = mpl.Figure(figsize=(width, 2.0), layout="constrained")
        axes = figure.subplots()
        axes.plot(x, x)
        axes.set_ylabel("sum rate [bit/s/Hz]")
        scale_x(axes, x, texts)
        figure.draw_without_rendering()
        labels = [label for label in axes.get_xticklabels() if label.get_text()]
        slanted = labels[0].get_rotation() != 0.0
        assert len(labels) >= (len(x) if texts == NAMES or (len(x) == 4 and x[1] == 2.0) else 2)
        boxes = [label.get_window_extent() for label in labels]
        inside = [box for box, tick in zip(boxes, axes.get_xticks()) if x.min() <= tick <= x.max()]
    ends = [(box.x1, box.x1) if slanted else (box.x0, box.x1) for box in inside]
    assert all(left[1] < right[0] for left, right in itertools.pairwise(ends))
