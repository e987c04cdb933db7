"""Given channels: every system's arrays come back from files with other axes, and a campaign over them has the bits of
one over the same channels drawn."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from every_system import TRIALS, drawn, every_system, small
from matlab_73 import save_73
from scipy import io

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.channel_table import COMPLEX, ChannelArray
from leoisac.experiment.contracts import System
from leoisac.experiment.trials.given_channels import given_channels, source_of_channels
from leoisac.foundation.jax_setup import jax

CAMPAIGN: dict[str, Any] = {"schemes": ["das"], "sweep": {"satellite_power_dbw": [20.0, 30.0]}}
FORMATS = ("npz", "mat", "mat-7.3")


def written(system: System, folder: Path, form: str) -> dict[str, Any]:
    """The drawn channels as a file with every array's axes in another order, and the table that puts them right."""
    arrays: dict[str, Any] = {}
    table: dict[str, Any] = {"file": str(folder / f"meas.{form[:3]}")}
    for name, axes in system.channel_axes.items():
        steps = ("trial", *axes)
        order = list(itertools.permutations(range(len(steps))))[-1]
        arrays[f"X_{name}"] = np.asarray(getattr(drawn(system.name), name)).transpose(order)
        table[name] = f"X_{name}({', '.join(steps[place] for place in order)})"
    if form == "npz":
        np.savez(table["file"], **arrays)
    elif form == "mat":
        io.savemat(table["file"], arrays, do_compression=True)
    else:
        pytest.importorskip("h5py")
        save_73(Path(table["file"]), arrays)
    return table


@every_system
@pytest.mark.parametrize("form", FORMATS)
def test_arrays_come_back_from_files_with_their_bits(system: System, form: str, tmp_path: Path) -> None:
    made = li.read_channels(small(system.name), written(system, tmp_path, form))
    for name in system.channel_axes:
        there, expected = getattr(made, name), np.asarray(getattr(drawn(system.name), name))
        assert there.dtype == expected.dtype
        assert there.tobytes() == expected.tobytes(), name


@every_system
def test_drawn_channels_can_be_given_whole(system: System) -> None:
    """What is no plain array (echoes, symbols) goes along: to workers, and to the copy in a store."""
    config = small(system.name)
    source = source_of_channels(system, config, drawn(system.name))
    given = given_channels(system, config, source.sha256, source.held or {})
    again = given_channels(system, config, source.sha256, given.arrays(2, 5), first=2)
    expected = jax.tree_util.tree_map(lambda leaf: np.asarray(leaf)[3:5], drawn(system.name))
    part = again.part(3, 5)
    assert jax.tree_util.tree_structure(part) == jax.tree_util.tree_structure(expected)
    for one, other in zip(*(jax.tree_util.tree_leaves(tree) for tree in (part, expected)), strict=True):
        assert one.tobytes() == np.ascontiguousarray(other).tobytes()


@every_system
def test_every_array_says_what_it_is(system: System) -> None:
    for name, axes in system.channel_axes.items():
        if isinstance(axes, ChannelArray):  # a plugin may name axes alone
            assert axes.meaning, name
            assert axes.convention or axes.domain is not COMPLEX, f"{name}: complex, and no convention"


@pytest.mark.parametrize("form", [*FORMATS, "memory"])
def test_a_campaign_has_the_bits_of_one_over_drawn_channels(form: str, tmp_path: Path) -> None:
    system = catalogue.find("self-backhaul")
    channels = drawn(system.name) if form == "memory" else written(system, tmp_path, form)
    given = li.run(small(system.name), channels=channels, **CAMPAIGN)
    expected = campaign_over_draws(system.name)
    assert set(given.data_vars) == set(expected.data_vars)
    for name in expected.data_vars:
        assert given[name].values.tobytes() == expected[name].values.tobytes(), name


@cache
def campaign_over_draws(name: str) -> Any:
    return li.run(small(name), trials=TRIALS, **CAMPAIGN)
