"""The command line as a user meets it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import leoisac as li
from leoisac import cli
from leoisac.experiment.running import campaign

TOY = "toy-downlink"
SCENARIO = f"""
system = "{TOY}"
schemes = ["fill", "equal"]
trials = 6

[sweep]
transmit_power_dbw = [0, 10]

[config]
num_users = 3
"""


TLS = ["--tls-ca-file", "a.pem", "--tls-cert", "c.pem", "--tls-key", "k.pem"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with a scenario in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo.toml").write_text(SCENARIO)
    return tmp_path


def call(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(cli.app, list(arguments))
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result


def light(*arguments: str) -> tuple[str, set[str]]:
    """Standard output and heavy modules of a command in a process of its own."""
    program = (
        "import sys, json, atexit\n"
        "from leoisac.cli import main\n"
        "heavy = {'jax', 'cvxpy', 'xarray', 'pandas', 'scipy', 'matplotlib'}\n"
        "def report():\n"
        "    print('REPORT', json.dumps(sorted(heavy & set(sys.modules))), file=sys.stderr)\n"
        "atexit.register(report)\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, set(json.loads(done.stderr.rpartition("REPORT ")[2]))


class TestLightVerbs:
    def test_list_is_light(self) -> None:
        text, heavy = light("list")
        assert not heavy
        assert all(name in text for name in li.systems() if name != TOY)

    @pytest.mark.parametrize("verb", ["show", "schemes", "init", "cite"])
    def test_nothing_that_computes_is_imported(self, verb: str) -> None:
        real = [name for name in li.systems() if name != TOY]
        if not real:
            pytest.skip("no system is installed")
        text, heavy = light(verb, real[0])
        assert text.strip()
        assert not heavy & {"jax", "cvxpy", "xarray", "pandas", "matplotlib"}

    def test_help_of_every_verb(self) -> None:
        text = call("--help").output
        verbs = re.findall(r"^  ([a-z]+)  +[A-Z]", text, re.MULTILINE)
        assert {"list", "show", "schemes", "init", "run", "plot", "pass", "cite"} <= set(verbs)
        assert "..." not in text.replace("[ARGS]...", "")  # no summary is cut off
        for verb in verbs:
            assert "Usage" in call(verb, "--help").output

    def test_import_of_the_package_is_light(self) -> None:
        program = (
            "import sys, leoisac as li; li.systems(); print(sorted({'jax', 'numpy', 'pydantic'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert "jax" not in done.stdout
        assert "numpy" not in done.stdout

    def test_version(self) -> None:
        assert call("--version").output.strip() == f"leoisac {li.__version__}"


class TestDescriptions:
    def test_list_names_the_system(self) -> None:
        assert "A toy downlink" in call("list").output

    def test_show_system(self) -> None:
        text = call("show", TOY).output
        assert "transmit_power_dbw" in text
        assert "power budget of the transmitter" in text
        assert "satellite.altitude_km" in text

    def test_show_scenario(self, folder: Path) -> None:
        text = call("show", "demo.toml").output
        assert "6 at each of 2 points" in text
        assert "transmit_power_dbw = [0.0, 10.0]" in text

    def test_init_is_a_scenario(self, folder: Path) -> None:
        text = call("init", TOY).stdout
        tomllib.loads(text)
        (folder / "new.toml").write_text(text)
        loaded = li.load(folder / "new.toml")
        assert loaded.config == li.config(TOY)
        assert loaded.schemes == ("fill", "equal", "odd")

    def test_schemes_and_cite(self) -> None:
        text = call("schemes", TOY).output
        assert "water-filling" in text
        assert "reference" in text
        assert call("cite", TOY).stdout.startswith("@misc")


class TestRun:
    def test_run_prints_results_and_draws(self, folder: Path) -> None:
        text = call("run", "demo.toml").output
        assert "Sum rate (bit/s/Hz)" in text
        assert "±" in text
        assert (folder / "runs/demo/sweep.png").stat().st_size > 1000
        assert li.open_run(folder / "runs/demo").sizes["trial"] == 6

    def test_statuses_come_with_advice(self, folder: Path) -> None:
        text = call("run", "demo.toml", "--schemes", "odd", "--trials", "16", "--no-plot").output
        assert "NONFINITE" in text
        assert "check the channels" in text
        assert not (folder / "runs/demo/sweep.png").exists()

    def test_options_change_the_scenario(self, folder: Path) -> None:
        arguments = ["--trials", "2", "--seed", "5", "--set", "loss_db=none", "--set", "mode=other", "--store", "here"]
        call("run", "demo.toml", "--no-plot", *arguments)
        data = li.open_run("here")
        config = json.loads(data.attrs["config"])
        assert (data.attrs["seed"], data.sizes["trial"], config["loss_db"], config["mode"]) == (5, 2, None, "other")

    def test_figure_of_a_system(self, folder: Path) -> None:
        text = call("run", f"{TOY}/fig-1", "--out", "fig.pdf").output
        assert "Figure: fig.pdf" in text
        assert (folder / "fig.pdf").exists()
        assert (folder / f"runs/{TOY}-fig-1-quick/power.toml").exists()

    def test_route_is_drawn_under_the_name_of_the_scheme(self, folder: Path) -> None:
        call("run", f"{TOY}/fig-1", "--schemes", "fill", "--route", "reference", "--trials", "2")
        assert list(li.open_run(f"runs/{TOY}-fig-1-quick")["scheme"].values) == ["fill:reference"]

    def test_plot_stored_results(self, folder: Path) -> None:
        call("run", "demo.toml", "--no-plot", "--trials", "2")
        assert (
            "total_power.svg" in call("plot", "runs/demo", "--metric", "total_power", "--out", "total_power.svg").output
        )
        assert "sum_rate" in call("plot", "runs/demo", "--metric", "rate", code=2).stderr

    def test_several_axes_give_several_pictures(self, folder: Path) -> None:
        config = li.config(TOY)
        sweep = {"transmit_power_dbw": [0, 3, 6], "min_rate": [0.01, 0.02]}
        li.run(config, ["fill"], sweep, trials=2, store="grid")
        text = call("plot", "grid").output
        assert re.findall(r"sweep-min_rate-0\.0[12]\.png", text) == [
            "sweep-min_rate-0.01.png",
            "sweep-min_rate-0.02.png",
        ]

    def test_interruption_says_how_to_continue(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = campaign.run_studies

        def interrupted(system: Any, studies: Any, store: Any, progress: Any, **place: Any) -> Any:
            def stop(state: Any) -> None:
                if state.computed:
                    raise KeyboardInterrupt

            return whole(system, studies, store, stop)

        monkeypatch.setattr(campaign, "run_studies", interrupted)
        monkeypatch.setattr(sys, "argv", ["/usr/bin/leoisac", "run", "demo.toml", "--no-plot"])
        stopped = call("run", "demo.toml", "--no-plot", code=130)
        assert "continue with:\n  leoisac run demo.toml --no-plot" in stopped.stderr
        monkeypatch.undo()
        os.chdir(folder)
        assert (li.open_run("runs/demo")["status"] == -1).any()
        call("run", "demo.toml", "--no-plot")
        assert (li.open_run("runs/demo")["status"] != -1).all()

    def test_out_of_memory(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def exhausted(*arguments: Any, **options: Any) -> Any:
            raise MemoryError

        monkeypatch.setattr(campaign, "run_studies", exhausted)
        assert "Error: out of memory. Finished units are kept in" in call("run", "demo.toml", code=2).stderr


class TestResume:
    def test_as_it_was(self, folder: Path) -> None:
        call("run", "demo.toml", "--no-plot")
        files = sorted((folder / "runs/demo/units").rglob("*.npz"))
        files[0].unlink()
        before = li.open_run("runs/demo")
        assert (before["status"] == -1).any()
        assert "Sum rate" in call("resume", "runs/demo").output
        assert sorted((folder / "runs/demo/units").rglob("*.npz")) == files

    def test_with_more(self, folder: Path) -> None:
        call("run", "demo.toml", "--no-plot", "--trials", "2")
        call("resume", "runs/demo", "--trials", "4", "--schemes", "odd", "--add", "transmit_power_dbw=[5]")
        data = li.open_run("runs/demo")
        assert (data["status"] != -1).all()
        assert data["scheme"].values.tolist() == ["fill", "equal", "odd"]
        assert data["transmit_power_dbw"].values.tolist() == [0, 5, 10]
        assert data.sizes["trial"] == 4

    def test_until(self, folder: Path) -> None:
        call("run", "demo.toml", "--no-plot", "--schemes", "fill", "--until", "ci(sum_rate) < 20%")
        data = li.open_run("runs/demo")
        assert data.attrs["until"] == "ci(sum_rate) < 20%"
        assert data.sizes["trial"] > 6

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["nowhere"], "there is no result store here"),
            (["runs/demo", "--trials", "1"], "the store was asked for 2 already"),
            (["runs/demo", "--add", "num_users=[2]"], "the stored study has no such axis"),
            (["runs/demo", "--schemes", "fil"], "Did you mean `fill`?"),
            (["runs/demo", "--until", "narrow"], "cannot be read; write for example"),
            (["runs/demo", "--workers", "0"], "workers = 0: must be from 1"),
            (["runs/demo", "--workers", "2", "--cluster", "tcp://a:1"], "has no meaning with a cluster"),
            (["runs/demo", "--cluster", "a:1"], "must be the address of a scheduler"),
            (["runs/demo", "--device", "tpu"], "must be cpu or gpu"),
            (["runs/demo", "--wait-workers", "0"], "wait_workers = 0.0: must be a number of seconds above 0"),
            (["runs/demo", "--tls-key", "k.pem"], "--tls-ca-file, --tls-cert and --tls-key: give all three, or none"),
            (["runs/demo", *TLS, "--cluster", "tcp://a:1"], "a cluster whose address begins with tls://"),
            (["runs/demo", *TLS, "--cluster", "tls://a:1"], "there is no file 'a.pem'"),
        ],
    )
    def test_refusals(self, folder: Path, arguments: list[str], message: str) -> None:
        call("run", "demo.toml", "--no-plot", "--trials", "2")
        result = call("resume", *arguments, code=2)
        assert message in result.stderr
        assert "Traceback" not in result.output

    def test_a_gpu_that_is_not_there(self, folder: Path) -> None:
        from leoisac.foundation.jax_setup import jax

        if jax.default_backend() == "gpu":
            pytest.skip("there is one")
        assert "device = 'gpu': " in call("run", "demo.toml", "--device", "gpu", code=2).stderr


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["show", "toy-downlnk"], "Did you mean `toy-downlink`?"),
            (["run", "absent.toml"], "absent.toml: there is no such file."),
            (["run", "demo.tml"], "is neither a scenario file nor SYSTEM/FIGURE."),
            (["run", TOY], "There are: fig-1, fig-2, power, users."),
            (["run", f"{TOY}/fig-11"], "Did you mean `fig-1`?"),
            (["run", f"{TOY}/fig-1", "--preset", "slow"], "must be `paper` or `quick`"),
            (["run", f"{TOY}/fig-1", "--set", "transmit_power_dbw=3"], "sweeps this field"),
            (["run", "demo.toml", "--schemes", "fil"], "Did you mean `fill`?"),
            (["run", "demo.toml", "--set", "num_users"], "write KEY=VALUE"),
            (["run", "demo.toml", "--set", "num_users=-1"], "num_users = -1: must be at least 1"),
            (["run", "demo.toml", "--set", "transmit_power_dbw=3"], "the scenario sweeps this field"),
            (["run", "demo.toml", "--out", "x.jpeg"], "must end in .png, .pdf, .svg or .pgf"),
            (["run", "demo.toml", "--trials", "0"], "trials = 0: must be from 1 to 10000000"),
            (["run", "demo.toml", "--store", "demo.toml"], "is a file; a result store is a folder"),
            (["run", "demo.toml", "--plugin", "absent.py"], "a plugin is a Python file"),
            (["plot", "nowhere"], "there is no result store here"),
            (["pass", "demo.toml"], "has no [satellite] table"),
        ],
    )
    def test_one_clean_message(self, folder: Path, arguments: list[str], message: str) -> None:
        result = call(*arguments, code=2)
        assert message in result.stderr
        assert result.stderr.startswith("Error: ")
        assert "Traceback" not in result.output
