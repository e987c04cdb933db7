"""No status lies, whatever the channels: for every system and scheme, hostile trials among ordinary ones.

The whole matrix, with sizes of one antenna, one user or one target and the published routes, is
``benchmarks/statuses.py``.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.channel_table import COSINE, NOT_NEGATIVE, POSITIVE, UNIT_MODULUS, domain_of
from leoisac.experiment.contracts import Scheme, System
from leoisac.experiment.trials.channel_arrays import checked_channels
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Solution, Status

sys.path.insert(0, str(Path(__file__).parent))

import hostile_channels as hostile

SYSTEMS = [catalogue.find(name) for name in catalogue.systems()]
PRODUCT = [system for system in SYSTEMS if not system.config.__module__.startswith("leoisac_plugin")]
SCHEMES = [
    pytest.param(system, scheme, id=f"{system.name}:{scheme.name}") for system in SYSTEMS for scheme in system.schemes
]
every_system = pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
every_scheme = pytest.mark.parametrize(("system", "scheme"), SCHEMES)


def config_of(system: System) -> Any:
    return system.config().replace(**system.small)


@cache
def drawn(name: str) -> Any:
    system = catalogue.find(name)
    return li.draw(config_of(system), seed=0, trials=hostile.batch_trials(system))


@cache
def designs(name: str, scheme: str) -> tuple[list[Any], Any, Solution[Any], Solution[Any]]:
    """What was done to each trial, the hostile channels, their solution, and that of the batch as drawn.

    The batch as drawn comes in another byte order and layout: the numbers are what counts.
    """
    system = catalogue.find(name)
    config = config_of(system)
    channels, plan = hostile.hostile_batch(system, drawn(name))
    solution = li.design(config, channels, scheme)
    undisturbed = li.design(config, hostile.oddly_laid_out(system, drawn(name)), scheme)
    return plan, channels, solution, undisturbed


class TestHostileTrials:
    @every_scheme
    def test_no_status_lies(self, system: System, scheme: Scheme) -> None:
        plan, channels, solution, undisturbed = designs(system.name, scheme.name)
        metrics = li.evaluate(config_of(system), channels, solution)
        assert not list(hostile.false_statuses(system, scheme, plan, solution, metrics, undisturbed))
        assert hostile.usable(system, undisturbed).any() or scheme.name == "sdma-paper"

    @every_scheme
    def test_neighbours_do_not_notice(self, system: System, scheme: Scheme) -> None:
        plan, _, solution, undisturbed = designs(system.name, scheme.name)
        assert not hostile.changed_neighbours(plan, solution, undisturbed)

    @every_system
    def test_a_batch_without_any_number(self, system: System) -> None:
        channels = take(drawn(system.name), slice(0, 2))
        broken = replace(channels, **{name: getattr(channels, name) * np.nan for name in system.channel_axes})
        solution = li.design(config_of(system), broken, system.schemes[-1].name)
        assert (solution.status == Status.NONFINITE).all()
        assert np.isnan(solution.objective).all()
        with pytest.raises(li.DesignError, match=r"NONFINITE \(trials 0, 1\)"):
            li.design(config_of(system), broken, system.schemes[-1].name, throw=True)


@pytest.mark.parametrize("system", PRODUCT, ids=lambda system: system.name)
class TestDomains:
    def test_declared_for_every_array(self, system: System) -> None:
        channels = drawn(system.name)
        for name, axes in system.channel_axes.items():
            values = np.asarray(getattr(channels, name))
            assert domain_of(axes).is_real == (values.dtype.kind == "f"), name
            assert not domain_of(axes).outside(values).any(), name

    def test_what_lies_outside_is_named(self, system: System) -> None:
        """Array, place, value and what is allowed, at both doors; a level in dB or dBm is recognised."""
        wrong = {POSITIVE: [0.0, -1.0, -100.8, 1e-310], NOT_NEGATIVE: [-84.0], UNIT_MODULUS: [2.0, 0.0], COSINE: [1.5]}
        config, channels = config_of(system), take(drawn(system.name), slice(0, 2))
        arrays = {name: np.array(getattr(channels, name)) for name in system.channel_axes}
        for name, axes in system.channel_axes.items():
            for value in wrong.get(domain_of(axes), []):
                changed = np.array(arrays[name])
                changed[1].flat[...] = arrays[name][1]
                place = (1, *(0 for _ in axes))
                changed[place] = value
                message = rf"{name}\[{', '.join(map(str, place))}\] = {value:.6g}.*: must be {domain_of(axes).allowed}"
                if domain_of(axes) in (POSITIVE, NOT_NEGATIVE) and value < 0.0:
                    message += r".* looks like a (level in dBm|value in dB): "
                with pytest.raises(li.ChannelError, match=message):
                    li.channels(config, **{**arrays, name: changed})
                with pytest.raises(li.ChannelError, match=message):
                    li.design(config, replace(channels, **{name: changed}), system.schemes[0].name)


@every_system
class TestDoors:
    def test_other_layouts_are_the_same_numbers(self, system: System) -> None:
        config, channels = config_of(system), take(drawn(system.name), slice(0, 2))
        plain = {name: np.asarray(getattr(channels, name)) for name in system.channel_axes}
        kinds = {
            "lists": np.ndarray.tolist,
            "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
            "extended": lambda array: array.astype(np.clongdouble if array.dtype.kind == "c" else np.longdouble),
            "strided": lambda array: np.repeat(array, 2, axis=0)[::2],
            "objects of JAX": _as_jax,
        }
        for kind, convert in kinds.items():
            arrays = {name: convert(array) for name, array in plain.items()}
            for made in (li.channels(config, **arrays), checked_channels(system, config, replace(channels, **arrays))):
                for name, array in plain.items():
                    found = getattr(made, name)
                    assert isinstance(found, np.ndarray), (kind, name)
                    assert (found.dtype, found.tobytes()) == (array.dtype, array.tobytes()), (kind, name)

    def test_channels_that_are_none(self, system: System) -> None:
        config, channels = config_of(system), take(drawn(system.name), slice(0, 2))
        scheme, name = system.schemes[-1].name, next(iter(system.channel_axes))
        wrong: list[tuple[Any, str]] = [
            (take(channels, slice(0, 0)), f"{name}: has no trials"),
            (None, "NoneType are not channels"),
            (type("Foreign", (), {})(), "Foreign are not channels"),
            (replace(channels, **{name: None}), f"{name}: must hold numbers"),
            (replace(channels, **{name: "abc"}), f"{name}: must hold numbers"),
            (replace(channels, **{name: [[1.0], [1.0, 2.0]]}), f"{name}: is not an array"),
            (replace(channels, **{name: np.asarray(getattr(channels, name))[0]}), f"{name}: has no trial axis"),
        ]
        if len(system.channel_axes) > 1:
            short = replace(channels, **{name: np.asarray(getattr(channels, name))[:1]})
            wrong.append((short, "the arrays disagree on the number of trials"))
        for given, message in wrong:
            with pytest.raises(li.ChannelError, match=message):
                li.design(config, given, scheme)
            with pytest.raises(li.ChannelError, match=message):
                li.evaluate(config, given, None)

    def test_channels_and_designs_of_another_system(self, system: System) -> None:
        other = next(item for item in SYSTEMS if item is not system)
        channels = take(drawn(system.name), slice(0, 2))
        foreign = take(drawn(other.name), slice(0, 2))
        with pytest.raises(li.ChannelError, match=f"are not channels of `{system.name}`"):
            li.design(config_of(system), foreign, system.schemes[0].name)
        for design in (foreign, None, {"streams": 1}, 3.0):
            with pytest.raises(li.DesignError, match=f"is no design of `{system.name}`"):
                li.evaluate(config_of(system), channels, design)

    def test_designs_of_other_sizes(self, system: System) -> None:
        for scheme in reversed(system.schemes):
            design = designs(system.name, scheme.name)[3].value
            declared = [name for name in system.design_fields if len(np.shape(getattr(design, name, 0.0))) > 1]
            if declared:
                larger = replace(
                    design, **{declared[0]: np.repeat(np.asarray(getattr(design, declared[0])), 2, axis=1)}
                )
                with pytest.raises(li.DesignError, match=rf"design\.{declared[0]}: has shape .* configuration says"):
                    li.evaluate(config_of(system), drawn(system.name), larger)
                return
        assert not system.design_fields

    def test_designs_of_other_trials(self, system: System) -> None:
        scheme = system.schemes[-1].name
        channels = take(drawn(system.name), slice(0, 2))
        solution = li.design(config_of(system), channels, scheme)
        with pytest.raises(li.DesignError, match="the channels have 1 trials"):
            li.evaluate(config_of(system), take(channels, slice(0, 1)), solution)


def _as_jax(array: np.ndarray) -> Any:
    from leoisac.foundation.jax_setup import double_precision, jnp

    with double_precision():
        return jnp.asarray(array)
