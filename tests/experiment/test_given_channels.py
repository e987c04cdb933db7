"""Campaigns over given channels: stores, resuming, workers, sweeps, and what is refused before anything is computed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import leoisac as li
from leoisac.cli import app
from leoisac.experiment.contracts import System
from leoisac.experiment.running import runner

TRIALS = 70
"""More than a unit."""
SCHEMES = ["fill", "equal"]


@pytest.fixture(scope="module")
def config(toy: System) -> Any:
    return toy.config(min_rate=0.01)


@pytest.fixture(scope="module")
def drawn(config: Any) -> Any:
    return li.draw(config, seed=3, trials=TRIALS)


@pytest.fixture(scope="module")
def expected(config: Any) -> xr.Dataset:
    return li.run(config, schemes=SCHEMES, seed=3, trials=TRIALS)


@pytest.fixture
def file(drawn: Any, tmp_path: Path) -> Path:
    np.savez(tmp_path / "meas.npz", H=np.asarray(drawn.h_users).T, noise=drawn.noise_power[0])
    return tmp_path / "meas.npz"


@pytest.fixture
def table(file: Path) -> dict[str, Any]:
    return {"file": file, "h_users": "H(user, trial)", "noise_power": "noise"}


@pytest.fixture
def scenario(config: Any, file: Path) -> Path:
    path = file.with_name("my.toml")
    path.write_text(
        'system = "toy-downlink"\nschemes = ["fill", "equal"]\n[channels]\nfile = "meas.npz"\n'
        'h_users = "H(user, trial)"\nnoise_power = "noise"\n[config]\nmin_rate = 0.01\n'
    )
    return path


def test_a_design_of_a_scenario_is_for_its_own_channels(scenario: Path, config: Any, drawn: Any) -> None:
    def call(*options: str) -> Any:
        return CliRunner().invoke(app, ["export", str(scenario), "--scheme", "fill", "--to", "json", *options])

    out = scenario.with_name("one.json")
    result = call("--trial", "4", "--out", str(out))
    assert result.exit_code == 0, result.output
    kept = json.loads(out.read_text())
    channels = li.channels(config, h_users=drawn.h_users[4:5], noise_power=drawn.noise_power[:1])
    np.testing.assert_array_equal(
        kept["design"]["powers"]["values"], li.design(config, channels, "fill").value.powers[0]
    )
    assert (kept["given_channels"], kept["trial"]) == ("meas.npz", 4)
    assert "seed" not in kept
    assert f"--trial 70: meas.npz has {TRIALS} trials" in call("--trial", "70").output
    assert "--seed: is of drawn channels; meas.npz gives them" in call("--seed", "1").output


def assert_same_numbers(one: xr.Dataset, other: xr.Dataset) -> None:
    assert set(one.data_vars) == set(other.data_vars)
    for name in one.data_vars:
        assert one[name].values.tobytes() == other[name].values.tobytes(), name


class TestCampaigns:
    def test_a_store_is_grown_by_other_formats_of_the_same_channels(
        self, config: Any, drawn: Any, table: Any, expected: xr.Dataset, tmp_path: Path
    ) -> None:
        store = tmp_path / "store"
        li.run(config, schemes=["fill"], trials=10, channels=table, store=store)
        Path(table["file"]).unlink()  # the store has its own copy
        li.resume(store, trials=40)
        arrays = {"h_users": drawn.h_users, "noise_power": drawn.noise_power}
        found = li.run(config, schemes=SCHEMES, channels=arrays, store=store)
        assert_same_numbers(found, expected)
        assert_same_numbers(li.open_run(store), expected)
        assert found.attrs["channels"] == "arrays in memory, 70 trials"
        made_of = "meas.npz; h_users = H(user, trial), noise_power = noise, 70 trials"
        assert li.open_run(store).attrs["channels"] == made_of
        assert li.check_store(store).sound
        assert len(list((store / "channels").iterdir())) == 1

    def test_workers_get_the_channels_of_their_trials(self, config: Any, table: Any, expected: xr.Dataset) -> None:
        found = li.run(config, schemes=SCHEMES, channels=table, workers=2, unit_trials=16)
        assert_same_numbers(found, expected)

    def test_a_scenario_file(self, scenario: Path, expected: xr.Dataset) -> None:
        item = li.load(scenario)
        assert item.trials == TRIALS
        assert_same_numbers(li.run(item), expected)

    def test_the_scenario_in_a_store_runs_again(self, scenario: Path, expected: xr.Dataset, tmp_path: Path) -> None:
        result = CliRunner().invoke(app, ["run", str(scenario), "--store", str(tmp_path / "s"), "--trials", "8"])
        assert result.exit_code == 0, result.output
        again = li.load(tmp_path / "s" / "run.toml")
        found = li.run(again, trials=TRIALS, store=tmp_path / "s")
        assert_same_numbers(found, expected)
        shown = CliRunner().invoke(app, ["show", str(tmp_path / "s" / "run.toml")])
        assert "70 trials given by meas.npz" in " ".join(shown.output.split())

    def test_sweeps_over_what_leaves_channels_as_they_are(self, config: Any, drawn: Any) -> None:
        sweep = {"transmit_power_dbw": [0.0, 10.0], "min_rate": [0.01, 0.02]}
        given = li.run(config, schemes=["fill"], sweep=sweep, channels=drawn)
        assert_same_numbers(given, li.run(config, schemes=["fill"], sweep=sweep, seed=3, trials=TRIALS))

    def test_rules_that_continue_points_stop_where_the_file_ends(self, config: Any, drawn: Any) -> None:
        found = li.run(config, schemes=["fill"], trials=20, until="ci(sum_rate) < 0.001%", channels=drawn)
        assert found.sizes["trial"] == TRIALS


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"trials": 71}, "trials = 71: meas.npz has 70 of them"),
            ({"seed": 1}, "seed = 1: nothing is drawn"),
            ({"most_trials": 99, "until": "ci(sum_rate) < 1%"}, "most_trials = 99: meas.npz has 70"),
            (
                {"sweep": {"noise_power_dbw": [0.0, 3.0]}},
                r"noise_power_dbw = 3.0 would change .*\(noise_power\)",
            ),
            ({"sweep": {"num_users": [3, 4]}}, r"num_users = 4 would change the channels \(h_users\)"),
        ],
    )
    def test_what_the_file_cannot_give(self, config: Any, table: Any, options: Any, text: str, tmp_path: Path) -> None:
        with pytest.raises(li.ConfigError, match=text):
            li.run(config, schemes=["fill"], channels=table, store=tmp_path / "none", **options)
        assert not (tmp_path / "none").exists()

    def test_other_channels_in_the_same_store(self, config: Any, drawn: Any, table: Any, tmp_path: Path) -> None:
        li.run(config, schemes=["fill"], channels=table, trials=4, store=tmp_path / "s")
        other = {"h_users": 2.0 * np.asarray(drawn.h_users), "noise_power": drawn.noise_power}
        for channels in (other, None):
            with pytest.raises(li.StoreError, match="is over other channels: given ones"):
                li.run(config, schemes=["fill"], channels=channels, trials=4, store=tmp_path / "s")

    def test_a_scenario_whose_file_has_changed(self, scenario: Path, file: Path, drawn: Any, tmp_path: Path) -> None:
        lines = scenario.read_text().replace("noise_power =", f'sha256 = "{"0" * 64}"\nnoise_power =')
        scenario.write_text(lines)
        with pytest.raises(li.ConfigError, match=r"sha256: .*holds other channels"):
            li.load(scenario)

    def test_a_damaged_copy_is_found(self, config: Any, table: Any, tmp_path: Path) -> None:
        li.run(config, schemes=["fill"], channels=table, trials=4, store=tmp_path / "s")
        (copy,) = (tmp_path / "s" / "channels").iterdir()
        content = bytearray(copy.read_bytes())
        content[len(content) // 2] ^= 1
        copy.write_bytes(content)
        (bad,) = li.check_store(tmp_path / "s").bad
        assert bad.file == copy
        with pytest.raises(li.StoreError, match=r"given channels of this store cannot be used.*meas\.npz"):
            li.resume(tmp_path / "s", trials=8)
        copy.unlink()
        li.run(config, schemes=["fill"], channels=table, trials=8, store=tmp_path / "s")
        assert li.check_store(tmp_path / "s").sound

    @pytest.mark.parametrize(
        ("lines", "text"),
        [
            ("h_user = 'H(user, trial)'", "channels.h_user: `toy-downlink` has no such array. Did you mean `h_users`"),
            ("h_users = true", "channels.h_users = True: must be text that names a variable"),
            ("file = 3", "channels.file = 3: must be the path of a file"),
            ("trials = true", "channels.trials = True: must be a whole number"),
            ("single = true", "channels: `file` is needed"),
        ],
    )
    def test_the_table(self, scenario: Path, lines: str, text: str) -> None:
        scenario.write_text(f'system = "toy-downlink"\n[channels]\n{lines}\n')
        with pytest.raises(li.ConfigError, match=text):
            li.load(scenario)

    def test_a_route_that_needs_more_than_arrays_is_refused_and_not_stored_as_failed(
        self, config: Any, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def needs_an_echo(*arguments: Any) -> Any:
            raise li.ChannelError("echo: channels from plain arrays have none")

        monkeypatch.setattr(runner, "design_trials", needs_an_echo)
        with pytest.raises(li.ChannelError, match="plain arrays have none"):
            li.run(config, schemes=["fill"], channels=table)
