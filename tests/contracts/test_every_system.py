"""Contracts that hold for every system that the catalogue finds."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from every_system import (
    SYSTEMS,
    TRIALS,
    WITNESSES,
    compiled_quickly,
    designed,
    drawn,
    every_scheme,
    every_system,
    small,
    tiny_figure,
    tiny_studies,
)

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import Figure, Scheme, System, resolve
from leoisac.experiment.reading.statistics import summary
from leoisac.experiment.running.campaign import run_studies
from leoisac.experiment.scenario.files import init_text, scenario_from_toml, scenario_toml
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE, missing_packages
from leoisac.experiment.scenario.scenarios import scenario, study_scenario
from leoisac.experiment.trials import blocks
from leoisac.experiment.trials.design_arrays import check_shapes
from leoisac.experiment.trials.judge import judge
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.status import DesignError, Status


@cache
def imported() -> dict[str, dict[str, list[str]]]:
    """Heavy modules in one fresh process after all systems so far were described, and after those so far were read."""
    program = (
        "import sys, json; from leoisac import catalogue; from leoisac.experiment.contracts import resolve\n"
        "names, told = catalogue.systems(), {}\n"
        "heavy = lambda: sorted({'jax', 'cvxpy', 'xarray', 'pandas', 'matplotlib'} & set(sys.modules))\n"
        "for name in names:\n"
        "    system = catalogue.find(name); config = system.config(); system.axis_sizes(config)\n"
        "    resolve(system.link_budgets)(config); told[name] = {'describing': heavy()}\n"
        "import leoisac.cli.running, leoisac.experiment.reporting.claims, leoisac.experiment.reporting.export\n"
        "for name in names:\n"
        "    system = catalogue.find(name); parts = system.studies, system.figures, system.claims, system.quantities\n"
        "    list(map(resolve, filter(None, parts))); told[name]['reading'] = heavy()\n"
        "print(json.dumps(told))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@every_system
class TestDescription:
    def test_the_configuration_names_its_system(self, system: System) -> None:
        assert system.config.system == system.name
        assert system.name == system.name.lower().replace("_", "-")
        assert catalogue.system_of(system.config()) is system

    def test_every_field_has_a_meaning(self, system: System) -> None:
        bare = [name for name, field in system.config.model_fields.items() if not field.description]
        assert not bare, f"fields without a description: {bare}"

    def test_the_headline_is_one_number_per_trial(self, system: System) -> None:
        assert not system.metrics[system.headline].axes
        assert {system.headline_of(study.name) for study in resolve(system.studies)} <= set(system.metrics)
        assert not any(system.metrics[system.sweep_headline(study.name)].axes for study in resolve(system.studies))

    def test_scenarios_survive_toml(self, system: System) -> None:
        item = scenario(system, system.config(), trials=3)
        assert scenario_from_toml(scenario_toml(item), catalogue.find) == item
        assert scenario_from_toml(init_text(system), catalogue.find).config == system.config()

    def test_the_citation_is_bibtex(self, system: System) -> None:
        assert system.citation.strip().startswith("@")

    def test_describing_is_light(self, system: System) -> None:
        if system.config.__module__.startswith("leoisac_plugin"):
            pytest.skip("loaded as a plugin file")
        assert imported()[system.name]["describing"] == []

    def test_reading_computes_nothing(self, system: System) -> None:
        """What draws, judges claims and reports imports no JAX: the verbs that read are quick."""
        if system.config.__module__.startswith("leoisac_plugin"):
            pytest.skip("loaded as a plugin file")
        assert not {"jax", "cvxpy"} & set(imported()[system.name]["reading"])

    def test_studies_figures_and_claims_refer_to_each_other(self, system: System) -> None:
        studies = [study.name for study in resolve(system.studies)]
        assert len(set(studies)) == len(studies)
        for item in (*resolve(system.figures), *resolve(system.claims)):
            assert set(item.studies) <= set(studies), item.name
        claims = {claim.name: claim for claim in resolve(system.claims)}
        for figure in resolve(system.figures):
            assert all(figure.shows(claims[name]) for name in figure.claims), figure.name
        for study in resolve(system.studies):
            for preset in ("paper", "quick", "tiny"):
                assert study_scenario(system, study.preset(preset)).points()

    def test_link_budgets_are_tables(self, system: System) -> None:
        for budget in resolve(system.link_budgets)(system.config()):
            assert budget.title
            assert all(np.isfinite(value) for _, value, _, _ in budget.rows)


@every_system
class TestChannels:
    def test_arrays_have_their_axes(self, system: System) -> None:
        sizes = system.axis_sizes(small(system.name))
        for name, axes in system.channel_axes.items():
            value = getattr(drawn(system.name), name)
            assert value.shape == (TRIALS, *(sizes[axis] for axis in axes)), name
            assert value.dtype in (np.float64, np.complex128), name
            assert np.isfinite(value).all(), name

    def test_a_trial_does_not_depend_on_its_company(self, system: System) -> None:
        config, order = small(system.name), np.random.default_rng(1).permutation(64)
        batch = li.draw(config, seed=0, trials=64)
        shuffled = li.draw(config, seed=0, trials=order)
        for name in system.channel_axes:
            np.testing.assert_array_equal(getattr(shuffled, name), getattr(batch, name)[order], err_msg=name)
            np.testing.assert_array_equal(
                getattr(drawn(system.name), name), getattr(batch, name)[:TRIALS], err_msg=name
            )
            single = getattr(li.draw(config, seed=0, trials=[5]), name)
            np.testing.assert_array_equal(single, getattr(batch, name)[5:6], err_msg=name)

    def test_from_plain_arrays(self, system: System) -> None:
        channels = drawn(system.name)
        arrays = {name: getattr(channels, name) for name in system.channel_axes}
        made = li.channels(small(system.name), **arrays)
        assert type(made) is type(channels)
        one = li.channels(small(system.name), **{name: value[3] for name, value in arrays.items()})
        for name, value in arrays.items():
            np.testing.assert_array_equal(getattr(made, name), value, err_msg=name)
            np.testing.assert_array_equal(getattr(one, name), value[3:4], err_msg=name)


class TestSchemes:
    @every_scheme
    def test_routes_resolve(self, system: System, scheme: Scheme) -> None:
        assert next(iter(scheme.routes)) == DEFAULT_ROUTE
        assert scheme.summary
        for route in scheme.routes:
            extra = scheme.requires.get(route, "")
            if not (extra and missing_packages(extra)):
                assert callable(scheme.solver(route))

    @every_scheme
    def test_metrics_are_declared(self, system: System, scheme: Scheme) -> None:
        _, metrics = designed(system.name, scheme.name)
        sizes = system.axis_sizes(small(system.name))
        for name, values in metrics.items():
            assert name in system.metrics, name
            declared = (
                TRIALS,
                *(sizes.get(axis, size) for axis, size in zip(system.metrics[name].axes, values.shape[1:])),
            )
            assert values.shape == declared, name
        for name in scheme.enforces:
            assert f"margin_{name}" in metrics

    @every_scheme
    def test_usable_designs_meet_what_is_enforced(self, system: System, scheme: Scheme) -> None:
        solution, metrics = designed(system.name, scheme.name)
        outcome = judge(scheme, solution, metrics, system.tolerance)
        for name in scheme.enforces:
            margins = np.asarray(metrics[f"margin_{name}"]).reshape(TRIALS, -1)[outcome.usable]
            assert margins.min(initial=np.inf) >= -system.tolerance, name
        if not system.config.__module__.startswith("leoisac_plugin"):
            np.testing.assert_array_equal(outcome.status, solution.status, err_msg="a status that the judge corrects")

    @every_scheme
    def test_a_design_does_not_depend_on_its_company(self, system: System, scheme: Scheme) -> None:
        config, (solution, _) = small(system.name), designed(system.name, scheme.name)
        order = np.asarray([5, 2, 7])
        some = li.design(config, blocks_of(drawn(system.name), order), scheme.name)
        for part, all_of_it in zip(jax.tree_util.tree_leaves(some), jax.tree_util.tree_leaves(solution), strict=True):
            np.testing.assert_array_equal(np.asarray(part), np.asarray(all_of_it)[order])

    @every_scheme
    def test_exchanged_axes_of_a_design_are_recognised(self, system: System, scheme: Scheme) -> None:
        config, design = small(system.name), designed(system.name, scheme.name)[0].value
        check_shapes(system, config, design)
        sizes = system.axis_sizes(config)
        for name, declared in system.design_fields.items():
            for first, second in itertools.combinations(range(len(declared.axes)), 2):
                lengths = [sizes.get(declared.axes[place]) for place in (first, second)]
                if not hasattr(design, name) or None in lengths or lengths[0] == lengths[1]:
                    continue
                turned = np.swapaxes(np.asarray(getattr(design, name)), first + 1, second + 1)
                with pytest.raises(DesignError, match=rf"design\.{name}: has shape .* It looks transposed: "):
                    check_shapes(system, config, replace(design, **{name: turned}))


def blocks_of(channels: Any, index: np.ndarray) -> Any:
    from leoisac.foundation.lanes import take

    return take(channels, index)


def _contents(channels: Any) -> list[bytes]:
    """What the trials of a batch hold, to know them again."""
    leaves = [np.asarray(leaf) for leaf in jax.tree_util.tree_leaves(channels)]
    return [b"".join(leaf[trial].tobytes() for leaf in leaves) for trial in range(len(leaves[0]))]


BOTH_ROUTES = [
    pytest.param(system, scheme, id=f"{system.name}:{scheme.name}")
    for system in SYSTEMS
    for scheme in system.schemes
    if "reference" in scheme.routes
]


@pytest.mark.parametrize(("system", "scheme"), BOTH_ROUTES)
def test_the_fast_route_is_no_worse_than_the_published_algorithm(system: System, scheme: Scheme) -> None:
    """At equal constraints: mean objective not lower by more than 0.1 %, no trial by more than 1 %."""
    extra = scheme.requires.get("reference")
    if extra and missing_packages(extra):
        pytest.skip("the reference route is not installed")
    config = small(system.name)
    channels = li.draw(config, seed=0, trials=3)
    outcomes = []
    for route in ("fast", "reference"):
        with compiled_quickly() if route in WITNESSES else nullcontext():
            solution = li.design(config, channels, scheme.name, route=route)
        outcomes.append(judge(scheme, solution, li.evaluate(config, channels, solution.value), system.tolerance))
    fast, reference = outcomes
    assert np.all(fast.usable[reference.usable]), "the fast route lost a trial that the reference can use"
    both = fast.usable & reference.usable
    assert both.any()
    assert np.all(fast.objective[both] >= 0.99 * reference.objective[both])
    assert np.mean(fast.objective[both]) >= 0.999 * np.mean(reference.objective[both])


@every_system
class TestResults:
    def test_a_trial_that_raises_takes_no_other_with_it(self, system: System) -> None:
        """Of what works trial by trial, whatever the portions; the designs are those of a scheme of the system."""
        scheme = system.schemes[0]
        config, solution = small(system.name), designed(system.name, scheme.name)[0]
        known = {content: trial for trial, content in enumerate(_contents(drawn(system.name)))}
        bad = {1, 2, 6}
        died: set[int] = set()

        def solve(_: Any, channels: Any) -> Any:
            trials = [known[content] for content in _contents(channels)]
            if died & set(trials):
                raise ArithmeticError("this trial")
            return blocks_of(solution, np.asarray(trials))

        solve.by_trial = True  # type: ignore[attr-defined]
        own = replace(system, schemes=(Scheme("own", "stored designs", {"fast": solve}, scheme.enforces),))
        study = {"run": scenario(own, config, ("own",), trials=TRIALS)}
        sound = run_studies(own, study)["run"]
        died |= bad
        whole = run_studies(own, study)["run"]
        assert set(np.flatnonzero(whole["status"].values[0] == Status.FAILED)) == bad
        others = [trial for trial in range(TRIALS) if trial not in bad]
        for name in sound.data_vars:
            if "trial" in sound[name].dims:
                parts = (data[name].isel(trial=others) for data in (sound, whole))
                one, other = xr.align(*parts, join="outer")  # the longest history may be that of a failed trial
                assert one.values.tobytes() == other.values.tobytes(), name
        failures = json.loads(whole.attrs["failures"])
        assert [(item["first"], item["stop"]) for item in failures] == [(1, 3), (6, 7)]
        for size in (1, 3):
            again = run_studies(own, study, unit_trials=size)["run"]
            assert again.attrs["failures"] == whole.attrs["failures"]
            for name in whole.data_vars:
                assert again[name].values.tobytes() == whole[name].values.tobytes(), name

    @pytest.mark.slow
    def test_every_figure_draws_from_tiny_studies(self, system: System, tmp_path: Path) -> None:
        figures: tuple[Figure, ...] = resolve(system.figures)
        for figure in figures:
            drawn = tiny_figure(system.name, figure.name)
            assert any(axes.has_data() or axes.tables for axes in drawn.axes), figure.name
            drawn.savefig(tmp_path / f"{figure.name}.png", dpi=50)
            assert (tmp_path / f"{figure.name}.png").stat().st_size > 1000

    @pytest.mark.slow
    def test_datasets_are_whole(self, system: System) -> None:
        for name, data in tiny_studies(system.name).items():
            assert (data["status"] >= 0).all(), name
            assert "failures" not in data.attrs, data.attrs["failures"]
            assert (data["status"] != 4).all(), f"{name}: NONFINITE"
            scalar = next(metric for metric, declared in system.metrics.items() if not declared.axes)
            assert summary(data, scalar)["usable_share"].notnull().all()

    def test_rerun_from_the_stored_scenario(self, system: System, tmp_path: Path) -> None:
        schemes = [scheme.name for scheme in system.schemes][:2]
        first = li.run(small(system.name), schemes, trials=TRIALS, store=tmp_path / "store")
        again = li.run(li.load(tmp_path / "store" / "run.toml"))
        for name in first.variables:
            np.testing.assert_array_equal(first[name].values, again[name].values, err_msg=str(name))
        for kind in ("nc", "mat", "csv", "summary.csv", "latex"):
            li.export(tmp_path / "store", tmp_path / f"data.{kind}", to=kind)

    def test_a_power_sweep_compiles_nothing_new(self, system: System) -> None:
        base = small(system.name)
        powers = [n for n, v in base if isinstance(v, float) and n.endswith(("_power_dbw", "_power_dbm"))]
        if not powers:
            pytest.skip("no power among the fields")
        scheme = system.schemes[0].name
        designed(system.name, scheme)
        counters = [blocks.drawing(system), blocks.evaluation(system), system.schemes[0].solver(DEFAULT_ROUTE)]
        counters = [counter for counter in counters if hasattr(counter, "compilations")]
        before = [counter.compilations() for counter in counters]
        config = base.replace(**{name: getattr(base, name) + 1.0 for name in powers})
        channels = li.draw(config, seed=0, trials=TRIALS)
        li.evaluate(config, channels, li.design(config, channels, scheme))
        assert [counter.compilations() for counter in counters] == before
