"""A task as plain values (names, the configuration as JSON, numbers), and what a worker makes of it.

A worker finds the system by its name. Tasks have no side effects, so that one whose worker died is computed again.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from leoisac.experiment.running.placement import FindWith, Placement
from leoisac.experiment.running.portions import BlockTask
from leoisac.experiment.running.runner import compute_block
from leoisac.experiment.scenario.routes import scheme_route
from leoisac.experiment.scenario.scenarios import point_fingerprint
from leoisac.experiment.store.units import Unit
from leoisac.experiment.trials.devices import use_device
from leoisac.experiment.trials.given_channels import given_channels
from leoisac.experiment.trials.provenance import versions
from leoisac.foundation.backend import identity, using
from leoisac.foundation.config import ConfigError, build


@dataclass(frozen=True)
class Parcel:
    """A task as plain values; ``given`` channels of its trials alone, under the names of their arrays."""

    find: FindWith
    plugins: tuple[str, ...]
    device: str
    engine: Mapping[str, str]
    versions: Mapping[str, str]
    system: str
    config: Mapping[str, Any]
    fingerprint: str
    seed: int
    first: int
    stop: int
    choices: tuple[tuple[str, str], ...]
    programs: tuple[str, ...]
    channels: str = ""
    given: Mapping[str, np.ndarray] | None = None


def parcel_of(placement: Placement, task: BlockTask) -> Parcel:
    """The task as it travels."""
    assert placement.find is not None
    return Parcel(
        find=placement.find,
        plugins=placement.plugins,
        device=placement.device,
        engine=own_engine(placement.backend),
        versions=own_versions(),
        system=task.system.name,
        config=task.config.model_dump(mode="json"),
        fingerprint=task.fingerprint,
        seed=task.seed,
        first=task.first,
        stop=task.stop,
        choices=tuple((choice.scheme.name, choice.route) for choice in task.choices),
        programs=tuple(task.system.program(choice.scheme.name) for choice in task.choices),
        channels=task.given.sha256 if task.given else "",
        given=task.given.arrays(task.first, task.stop) if task.given else None,
    )


def compute_parcel(parcel: Parcel) -> list[Unit]:
    """What a worker does.

    Raises:
        ConfigError: if this worker cannot give the same numbers: other versions, or no such system.
    """
    own = versions()
    different = [
        f"{name} {own.get(name)}, not {version}"
        for name, version in parcel.versions.items()
        if own.get(name) != version and name != "platform"
    ]
    if different:
        raise ConfigError(f"a worker has {'; '.join(different)}: results would not be the same. Install the same ones.")
    use_device(parcel.device)
    with using(parcel.engine["backend"]):
        own = own_engine(parcel.engine["backend"])
        if own != parcel.engine:
            raise ConfigError(
                f"a worker's engine is {own}, not {dict(parcel.engine)}: results would not be the same. Install the "
                "same compiler, or run with backend = 'jax'."
            )
        return _computed(parcel)


def _computed(parcel: Parcel) -> list[Unit]:
    system = parcel.find(parcel.system, parcel.plugins)
    config = build(system.config, parcel.config)
    if point_fingerprint(config, parcel.channels) != parcel.fingerprint:
        raise ConfigError(f"a worker's `{parcel.system}` has another configuration class: install the same leoisac.")
    choices = tuple(scheme_route(system, scheme, route) for scheme, route in parcel.choices)
    for choice, program in zip(choices, parcel.programs, strict=True):
        if system.program(choice.scheme.name) != program:
            raise ConfigError(
                f"a worker has other code of `{choice.scheme.name}` than this process: its file was changed. Load it "
                "again, or start anew."
            )
    given = None
    if parcel.given is not None:
        given = given_channels(system, config, parcel.channels, parcel.given, parcel.first)
    task = BlockTask(system, config, parcel.fingerprint, parcel.seed, parcel.first, parcel.stop, choices, given)
    return list(compute_block(task))


@functools.cache
def own_engine(backend: str) -> dict[str, str]:
    """What solves batches in this process, where this backend is asked for."""
    with using(backend):
        return identity()


@functools.cache
def own_versions() -> dict[str, str]:
    """``versions`` of this process, looked up once."""
    return versions()
