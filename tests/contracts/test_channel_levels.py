"""Magnitudes of given channels: every system computes C/N at its budgets, draws raise no doubt, wrong units do."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import leoisac as li
from leoisac import catalogue, cli
from leoisac.experiment.channel_levels import level_doubts, levels_of
from leoisac.experiment.contracts import System, resolve
from leoisac.foundation.status import Status

ALL = ("bistatic-rsma", "coexistence", "otfs-rsma", "self-backhaul")
BACKHAUL = catalogue.find("self-backhaul")


def drawn(system: System, config: Any, trials: int = 8) -> dict[str, np.ndarray]:
    channels = li.draw(config, 0, trials)
    return {name: np.asarray(getattr(channels, name)) for name in system.channel_axes}


def said(system: System, config: Any, **arrays: np.ndarray) -> str:
    return "\n".join(level_doubts(system, [config], drawn(system, config) | arrays))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("size", ["default", "small"])
def test_draws_raise_no_doubt(name: str, size: str) -> None:
    system = catalogue.find(name)
    config = system.config().replace(**(system.small if size == "small" else {}))
    arrays = drawn(system, config)
    levels = levels_of(system, config, arrays).of
    assert levels
    assert all(len(level.values_db) in (1, 8) for level in levels.values())
    assert level_doubts(system, [config], arrays) == ()


def test_a_ratio_is_the_power_of_the_matched_beam_over_noise() -> None:
    config = BACKHAUL.config()
    arrays = drawn(BACKHAUL, config)
    found = levels_of(BACKHAUL, config.replace(bs_power_dbw=3.0), arrays).of["h_users"]
    h, noise = arrays["h_users"][2, 5], arrays["noise_power"][2]
    beam = h / np.linalg.norm(h) * np.sqrt(10**0.3)
    assert found.values_db[2, 5] == pytest.approx(10 * np.log10(np.abs(np.vdot(h, beam)) ** 2 / noise))
    at_es = levels_of(BACKHAUL, config.replace(noise_power_es_dbm=-90.8), arrays).of["g_es"]
    assert at_es.median_db == pytest.approx(levels_of(BACKHAUL, config, arrays).of["g_es"].median_db - 10.0)


def test_wrong_units_are_doubted() -> None:
    config = BACKHAUL.config()
    good = drawn(BACKHAUL, config)
    milliwatt = said(BACKHAUL, config, noise_power=1e3 * good["noise_power"])
    assert "a thousand times the 8.32e-14 W of this configuration. Is it in mW? Then it is 8.32e-14 W." in milliwatt
    assert milliwatt.count("\n") == 0
    weaker = said(BACKHAUL, config, h_users=0.03 * good["h_users"])
    assert "channels.h_users: min_sinr_db = 2.85 needs 2.9 dB even without interference, and in 8 of 8" in weaker
    assert "takes at least 3.19 W" in said(BACKHAUL, config.replace(satellite_power_dbw=5.0))
    lost_sign = said(BACKHAUL, config, noise_power=np.full(8, 130.8))
    assert "h_users" in lost_sign
    assert "g_es" in lost_sign
    assert "mW, dB or dBm" in lost_sign
    squared = said(BACKHAUL, config, h_users=np.abs(good["h_users"]) ** 2 + 0j)
    assert squared.count("\n") == 0, "one sentence for one mistake"
    assert "at bs_power_dbw = 0), where -15 to 100 dB would be plausible" in squared
    assert "|h|² given in place of h" in squared
    normalised = {name: good[name] / np.sqrt(np.mean(np.abs(good[name]) ** 2)) for name in ("h_users", "h_es")}
    assert "h_users 136.5 dB, h_es 138.2 dB" in said(BACKHAUL, config, **normalised)
    ones = {"noise_power": np.ones(8)} | {k: v / np.sqrt(8.3e-14) for k, v in good.items() if k != "noise_power"}
    assert said(BACKHAUL, config, **ones) == "", "noise and channels normalised together"
    assert said(BACKHAUL, config, h_es=0 * good["h_es"], g_users=0 * good["g_users"]) == "", "links that are off"


def test_wrong_units_are_doubted_in_the_other_systems() -> None:
    bistatic, coexistence, otfs = (catalogue.find(name) for name in ALL[:3])
    config = coexistence.config()
    good = drawn(coexistence, config)
    assert "Is it in mW?" in said(coexistence, config, noise_power=1e3 * good["noise_power"])
    assert "h_tut -" in said(coexistence, config, h_tut=np.abs(good["h_tut"]) ** 2 + 0j)
    assert "min_sut_rate = 5 needs 14.9 dB" in said(coexistence, config, g_sut=1e-4 * good["g_sut"])
    config = bistatic.config()
    good = drawn(bistatic, config)
    assert "user_noise_ratio -28" in said(bistatic, config, user_noise_ratio=1e6 * good["user_noise_ratio"])
    assert "the least target gain needs 0.0 dB" in said(bistatic, config, gain_floor=10 * good["gain_floor"])
    config = otfs.config()
    assert "path_gains -" in said(otfs, config, path_gains=1e-5 * drawn(otfs, config)["path_gains"])


def test_what_is_plausible_at_one_point_of_a_sweep_is_in_no_doubt() -> None:
    weak, strong = (BACKHAUL.config().replace(bs_power_dbw=power) for power in (-60.0, 0.0))
    arrays = drawn(BACKHAUL, strong)
    assert level_doubts(BACKHAUL, [weak], arrays)
    assert level_doubts(BACKHAUL, [weak, strong], arrays) == ()


def test_reading_and_running_warn_and_results_remember(tmp_path: Path) -> None:
    config = BACKHAUL.config().replace(**BACKHAUL.small)
    arrays = {name: values[:2] for name, values in drawn(BACKHAUL, config).items()}
    wrong = arrays | {"noise_power": 1e3 * arrays["noise_power"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        li.read_channels(config, arrays)
        li.channels(config, **arrays)
    with pytest.warns(UserWarning, match="Is it in mW"):
        li.read_channels(config, wrong)
    with pytest.warns(UserWarning, match="Is it in mW"):
        li.channels(config, **wrong)
    with pytest.warns(UserWarning, match="mW") as caught:
        data = li.run(config, schemes=["das"], channels=wrong, store=tmp_path / "run")
    assert sum("Is it in mW" in str(item.message) for item in caught) == 1, "once, however many points"
    assert "Is it in mW" in data.attrs["warnings"]
    assert "Is it in mW" in li.open_run(tmp_path / "run").attrs["warnings"]
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert "Is it in mW" in json.dumps(manifest["sessions"][0])


def test_show_lists_given_channels_and_what_is_doubtful_in_them(tmp_path: Path) -> None:
    arrays = drawn(BACKHAUL, BACKHAUL.config().replace(num_users=4))
    np.savez(tmp_path / "meas.npz", **arrays)
    text = 'system = "self-backhaul"\nschemes = ["das"]\n[config]\nnum_users = 4\n[channels]\nfile = "meas.npz"\n'
    (tmp_path / "a.toml").write_text(text)
    (tmp_path / "b.toml").write_text(text + "noise_power = 8.3e-11\n")
    show = [CliRunner().invoke(cli.app, ["show", str(tmp_path / f"{name}.toml")]).output for name in "ab"]
    rows = {line.split()[0]: line for line in show[0].splitlines() if " dB " in line and line.split()}
    assert {"h_users", "h_es", "g_users", "g_es"} <= set(rows)
    assert "C/N" in rows["g_es"]
    assert "satellite_power_dbw = 30" in rows["g_es"]
    assert "Warning" not in show[0], "nothing of the drawn link is said of given channels"
    assert "Is it in mW?" in " ".join(show[1].split())
    assert "radiates" not in show[1]
    assert "sensing is idle" not in show[1]


@pytest.mark.parametrize("name", ALL)
def test_show_has_typical_magnitudes_of_draws(name: str) -> None:
    system = catalogue.find(name)
    changes = ["--set", "num_users=4"] if name == "self-backhaul" else []
    shown = CliRunner().invoke(cli.app, ["show", name, "--channels", *changes]).output
    assert "mean power" in shown
    assert "of 16 draws" in shown
    assert " ".join(system.places.split()[:6]) in " ".join(shown.split())
    if name == "self-backhaul":
        channels = li.draw(li.config(name, num_users=4), 0, 16)
        for array in ("h_users", "g_es"):
            mean = 10 * np.log10(np.mean(np.abs(np.asarray(getattr(channels, array))) ** 2))
            assert f"{mean:.1f} dB" in next(line for line in shown.splitlines() if line.startswith(array))


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("self-backhaul", {"satellite_power_dbw": 5.0}, "is 3.16 W, and the beampattern towards the targets alone"),
        ("self-backhaul", {"es_gain_dbi": -10.0, "num_users": 20}, "the feeder link carries 7.1 bit/s/Hz"),
        ("self-backhaul", {"bs_power_dbw": -25.0}, "the access link's C/N of 0.2 dB at half the side"),
        ("bistatic-rsma", {"transmit_power_dbw": 18.0}, "below the 18.7 dBW that the sensing requirement takes"),
        ("coexistence", {"min_sut_rate": 14.0}, "more than the 13.71 bit/s/Hz that all of satellite_power_w"),
        ("coexistence", {"min_scnr_db": 19.0}, "has 18.9 dB with all of bs_power_dbm = 35 on it"),
    ],
)
def test_budgets_say_what_a_link_cannot_carry(name: str, changes: dict[str, Any], words: str) -> None:
    system = catalogue.find(name)
    budgets = resolve(system.link_budgets)
    doubts = [text for budget in budgets(li.config(name, **changes)) for text in budget.doubts]
    assert any(words in text and "expect INFEASIBLE" in text for text in doubts), doubts
    assert not any("INFEASIBLE" in text for budget in budgets(li.config(name)) for text in budget.doubts)


def test_no_design_beats_the_least_power_of_sensing() -> None:
    """What `show` calls impossible is: one step below its bound the problem's own test finds no design in any trial."""
    config = li.config("self-backhaul")
    channels = li.draw(config.replace(satellite_power_dbw=5.0), 0, 4)
    solution = li.design(config.replace(satellite_power_dbw=5.0), channels, "pa1")
    assert set(np.asarray(solution.status).tolist()) == {int(Status.INFEASIBLE)}
