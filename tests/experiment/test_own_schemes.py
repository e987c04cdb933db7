"""Schemes of a user's own beside those of a system, plugins that change, and results that belong to their program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac import catalogue
from leoisac.api.plugin_checks import check_plugin
from leoisac.experiment.contracts import System
from leoisac.experiment.origins import file_digest
from leoisac.experiment.plugin_modules import PREFIX
from leoisac.foundation.config import ConfigError

EXAMPLE = Path(__file__).parents[2] / "examples" / "rzf_scheme.py"
HALF = '''
import jax.numpy as jnp
import leoisac as li

SHARE = 0.5  # of the budget

@li.scheme(system="toy-downlink", name="half", label="Half")
def half(d):
    """Equal powers, half of the budget. Nothing else."""
    users = d.h_users.shape[0]
    return {"powers": jnp.full(users, SHARE * d.power / users)}
'''


pytestmark = pytest.mark.usefixtures("forgotten_plugins")


def written(folder: Path, name: str, text: str = HALF) -> Path:
    file = folder / f"{name}.py"
    file.write_text(text, encoding="utf-8")
    return file


class TestScheme:
    def test_it_is_judged_stored_and_drawn_beside_the_others(self, tmp_path: Path) -> None:
        assert li.load_plugin(written(tmp_path, "beside")) == ("toy-downlink",)
        config = li.config("toy-downlink")
        data = li.run(
            config, ["equal", "half"], {"transmit_power_dbw": [0.0, 10.0]}, trials=3, store=tmp_path / "store"
        )
        np.testing.assert_allclose(data["total_power"].sel(scheme="half", transmit_power_dbw=10.0), 5.0)
        np.testing.assert_array_equal(data["objective"].sel(scheme="half"), data["sum_rate"].sel(scheme="half"))
        assert list(data["scheme_label"].values) == ["equal", "Half"]
        assert (data["status"].sel(scheme="half") == 0).all()
        found = catalogue.find("toy-downlink").scheme("half")
        assert found.summary == "equal powers, half of the budget"
        assert found.enforces == ("power",)  # what all schemes of the system promise

    def test_a_cell_is_as_good_as_a_file(self, tmp_path: Path) -> None:
        cell: dict[str, Any] = {}
        exec(compile(HALF, "<cell 1>", "exec"), cell)
        config = li.config("toy-downlink")
        first = li.design(config, li.draw(config, trials=2), "half")
        np.testing.assert_allclose(np.sum(first.value.powers, axis=1), 5.0)
        exec(compile(HALF.replace("0.5", "0.25"), "<cell 2>", "exec"), cell)  # the cell again, changed
        again = li.design(config, li.draw(config, trials=2), "half")
        np.testing.assert_allclose(np.sum(again.value.powers, axis=1), 2.5)
        with pytest.raises(ConfigError, match=r"workers: the scheme `half` was defined in no file.*load_plugin"):
            li.run(config, ["half"], trials=2, workers=2)
        with pytest.raises(ConfigError, match=r"already a scheme called `half` \(a cell:7\)"):
            li.load_plugin(written(tmp_path, "other_half"))

    def test_forms_of_a_scheme(self) -> None:
        config = li.config("toy-downlink")
        channels = li.draw(config, trials=2)
        parameters_seen: list[Any] = []

        @li.scheme(system="toy-downlink", name="apart", enforces=(), traced=False)
        def apart(parameters: Any, channels: Any) -> Any:
            parameters_seen.append(parameters)
            powers = np.full(3, 2.0 * parameters.power)  # boasts, and promises nothing
            return li.Solution({"powers": powers}, li.Status.MAX_STEPS, 1.5, 0.0, 7, np.zeros(0))

        solution = li.design(config, channels, "apart")
        assert len(parameters_seen) == 2
        np.testing.assert_array_equal(solution.iterations, [7, 7])
        np.testing.assert_array_equal(solution.status, [2, 2])
        np.testing.assert_array_equal(solution.objective, [1.5, 1.5])

        @li.scheme(system="toy-downlink", name="boasts")
        def boasts(d: Any) -> Any:
            return {"powers": np.full(3, 2.0) * d.power}

        assert (li.design(config, channels, "boasts").status == li.Status.INACCURATE).all()

    @pytest.mark.slow
    def test_it_keeps_the_contracts(self, tmp_path: Path) -> None:
        """Two worker processes among them, which have nothing but the file."""
        found = check_plugin(written(tmp_path, "checked"))
        assert [(finding.subject, finding.what, finding.kept) for finding in found] == [
            ("checked.py", "loads", True),
            ("toy-downlink:half", "design", True),
            ("toy-downlink", "workers", True),
        ]

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ('@li.scheme(system="toy-downlnk", name="a")\ndef a(d): ...', r"3: system = 'toy-downlnk'.*Did you mean"),
            ('@li.scheme(system="toy-downlink", name="fill")\ndef a(d): ...', "has already a scheme called `fill`"),
            ('@li.scheme(system="toy-downlink", name="A b")\ndef a(d): ...', "lower-case words joined by hyphens"),
            ('@li.scheme(system="toy-downlink", name="a")\ndef a(): ...', "takes 0 arguments; it must take d, or"),
            ('@li.scheme(system="toy-downlink", name="a", enforces="sinr")\ndef a(d): ...', "does not measure"),
        ],
    )
    def test_what_cannot_be_a_scheme(self, text: str, sentence: str, tmp_path: Path) -> None:
        file = written(tmp_path, f"bad_{abs(hash(text))}", f"import leoisac as li\n\n{text}\n")
        with pytest.raises(ConfigError, match=sentence) as caught:
            li.load_plugin(file)
        assert str(caught.value).startswith(f"{file.name}:3: ")

    def test_a_design_of_other_arrays_is_refused_in_words(self) -> None:
        @li.scheme(system="toy-downlink", name="odd-arrays")
        def odd_arrays(d: Any) -> Any:
            return {"power": d.power}

        config = li.config("toy-downlink")
        with pytest.raises(TypeError, match=r"odd-arrays returns arrays \['power'\]; .* the arrays \['powers'\]"):
            li.design(config, li.draw(config, trials=1), "odd-arrays")

    def test_regularised_zero_forcing_of_the_example(self) -> None:
        """It spends the station's budget, just meets the pattern, and the feeder carries about what the users get."""
        li.load_plugin(EXAMPLE)
        small = catalogue.find("self-backhaul").small
        config = li.config("self-backhaul", **small)
        channels = li.draw(config, trials=3)
        solution = li.design(config, channels, "rzf")
        metrics = li.evaluate(config, channels, solution)
        assert (solution.status == li.Status.CONVERGED).all()
        np.testing.assert_allclose(metrics["margin_bs_power"], 0.0, atol=1e-12)
        np.testing.assert_allclose(metrics["margin_pattern"], 0.0, atol=1e-12)
        np.testing.assert_allclose(metrics["backhaul_rate"], metrics["access_rate"], atol=0.5)
        np.testing.assert_allclose(solution.objective, metrics["sum_rate"], rtol=1e-12)


class TestProgram:
    def test_results_belong_to_the_code_that_made_them(self, tmp_path: Path) -> None:
        file, folder = written(tmp_path, "changing"), tmp_path / "store"
        config = li.config("toy-downlink")

        def run(**more: Any) -> Any:
            li.load_plugin(file)
            return li.run(config, ["equal", "half"], trials=2, store=folder, **more)

        run()
        file.write_text(HALF.replace("# of the budget", "# half of it") + "\n# said again\n", encoding="utf-8")
        run()  # comments decide no number
        file.write_text(HALF.replace("SHARE = 0.5", "SHARE = 0.25"), encoding="utf-8")
        with pytest.raises(
            li.StoreError, match=r"computed by other code of `half` than there is now \(.*changing\.py:7\)"
        ):
            run()
        assert "half: computed by other code than is loaded now." in li.open_run(folder).attrs["warnings"]
        (bad,) = li.check_store(folder).bad
        assert (bad.kind, bad.group) == ("foreign", "half.fast")
        data: Any = li.resume(folder, repair=True)
        np.testing.assert_allclose(data["total_power"].sel(scheme="half"), 2.5)
        assert "warnings" not in data.attrs

    def test_an_author_may_name_a_version_instead(self, tmp_path: Path) -> None:
        text = HALF.replace('label="Half"', 'version="1"')
        file = written(tmp_path, "versioned", text)
        config = li.config("toy-downlink")
        for change in ("Nothing else", "Whatever else"):
            file.write_text(text.replace("Nothing else", change), encoding="utf-8")
            li.load_plugin(file)
            li.run(config, ["half"], trials=2, store=tmp_path / "store")

    def test_results_can_be_read_without_the_code_and_not_continued(self, tmp_path: Path) -> None:
        file, folder, config = written(tmp_path, "needed"), tmp_path / "store", li.config("toy-downlink")
        li.load_plugin(file)
        whole = li.run(config, ["equal", "half"], trials=2, store=folder)
        catalogue._schemes.clear()
        read = li.open_run(folder)
        np.testing.assert_array_equal(read["sum_rate"].values, whole["sum_rate"].values)
        assert read.attrs["warnings"] == "half: a scheme of a user's own, whose code is not loaded."
        assert li.check_store(folder).sound
        with pytest.raises(ConfigError, match=r"`half` \(fast\): is none of leoisac's, and its code is not loaded"):
            li.resume(folder)
        with pytest.raises(ConfigError, match="has no such scheme"):
            li.run(config, ["half"], trials=4, store=folder)
        li.run(config, ["equal"], trials=3, store=folder)  # beside it others go on

    def test_digests_see_code_and_nothing_else(self, tmp_path: Path) -> None:
        first = file_digest(written(tmp_path, "a", "x = 1  # one\n\n\ny = '# no comment'\n"))
        assert first == file_digest(written(tmp_path, "b", "# title\nx = 1\ny = '# no comment'   \n"))
        assert first != file_digest(written(tmp_path, "c", "x = 1\ny = '# another'\n"))


class TestTraps:
    def test_importing_a_system_defines_none(self, tmp_path: Path) -> None:
        text = (
            f"from {PREFIX}toy_system import SYSTEM\nfrom leoisac.systems.self_backhaul import SYSTEM as OTHER\n" + HALF
        )
        assert li.load_plugin(written(tmp_path, "importing", text)) == ("toy-downlink",)
        with pytest.raises(ConfigError, match="defines neither a system nor a scheme"):
            li.load_plugin(written(tmp_path, "only_importing", f"from {PREFIX}toy_system import SYSTEM\n"))

    def test_a_file_is_one_module(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(tmp_path))
        file = written(tmp_path, "one_module")
        li.load_plugin(file)
        import importlib

        assert importlib.import_module("one_module") is importlib.import_module(f"{PREFIX}one_module")
        first = written(tmp_path, "imported_first", HALF.replace('"half"', '"first"'))
        module = importlib.import_module("imported_first")
        assert li.load_plugin(first) == ("toy-downlink",)
        assert f"{PREFIX}imported_first" not in __import__("sys").modules
        assert catalogue.find("toy-downlink").scheme("first").origin is not None
        assert module.SHARE == 0.5

    def test_a_changed_file_is_loaded_anew(self, tmp_path: Path) -> None:
        file = written(tmp_path, "anew")
        li.load_plugin(file)
        file.write_text(HALF.replace('"half"', '"quarter"').replace("0.5", "0.25"), encoding="utf-8")
        li.load_plugin(file)
        names = [scheme.name for scheme in li.schemes("toy-downlink")]
        assert "quarter" in names
        assert "half" not in names
        file.write_text("raise KeyError\n", encoding="utf-8")
        with pytest.raises(ConfigError, match=r"anew\.py:1: KeyError"):
            li.load_plugin(file)
        assert "quarter" in [scheme.name for scheme in li.schemes("toy-downlink")]  # as it was

    def test_a_configuration_belongs_to_one_system(self, toy: System, tmp_path: Path) -> None:
        class Derived(toy.config):  # type: ignore[name-defined,misc]
            more: float = 1.0

        with pytest.raises(
            ConfigError, match=r"Derived derives from the configuration of `toy-downlink` and is not it"
        ):
            li.draw(Derived())
        text = f"from dataclasses import replace\nfrom {PREFIX}toy_system import SYSTEM as S\n"
        text += "NEW = replace(S, name='new')\n"
        with pytest.raises(ConfigError, match="configuration class ToyConfig of `new` names the system `toy-downlink`"):
            li.load_plugin(written(tmp_path, "silent", text))
        with pytest.raises(ConfigError, match=r"ToyConfig is the configuration of `toy-downlink` already"):
            li.system("mine", config=toy.config, draw=print, problems={"a": print})

    def test_a_plugin_runs_nothing_while_it_is_loaded(self, tmp_path: Path) -> None:
        text = HALF + "\nli.run(li.config('toy-downlink'), ['half'], trials=1)\n"
        with pytest.raises(ConfigError, match=r"calls run while it is being loaded.*__main__"):
            li.load_plugin(written(tmp_path, "eager", text))
