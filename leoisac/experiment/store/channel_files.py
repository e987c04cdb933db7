"""Given channels in a store: a copy beside the units, by their digest, so that a store needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from leoisac.experiment.contracts import System
from leoisac.experiment.errors import ChannelError, StoreError
from leoisac.experiment.scenario.channel_source import IN_MEMORY, ChannelSource, held_source
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.experiment.store.publishing import make_inside, published
from leoisac.experiment.trials.given_channels import GivenChannels, given_channels
from leoisac.foundation.config import Config, ConfigError

CHANNELS = "channels"
"""Folder of the copies."""
_DIGEST_DIGITS = 16


def kept(source: ChannelSource) -> ChannelSource:
    """The source as a store's scenario names it: its copy there, and of what that was made."""
    name = f"{CHANNELS}/{source.sha256[:_DIGEST_DIGITS]}.npz"
    if source.file == name:
        return source
    mapping = ", ".join(f"{name} = {expression}" for name, expression in source.arrays.items())
    origin = source.origin or "; ".join(part for part in (Path(source.file).name, mapping) if part)
    return replace(source, file=name, arrays={}, single=False, origin=origin or IN_MEMORY)


def keep(folder: Path, source: ChannelSource | None) -> None:
    """Write the copy of a source's numbers into a store, if it is not there (StoreError if it cannot be written)."""
    if source is None or source.held is None:
        return
    file = folder / source.file
    if not file.exists():
        make_inside(folder, file.parent)
        with published(file) as stream:
            members: dict[str, Any] = dict(source.held)
            np.savez(stream, **members)


def with_channels(
    system: System, studies: Mapping[str, Scenario], folder: str | Path | None
) -> tuple[dict[str, Scenario], dict[str, GivenChannels]]:
    """The studies with the numbers of their given channels, and those by digest.

    Args:
        system: the system.
        studies: by name.
        folder: the store, whose copies are read where a study was resumed from it, and which the studies then name.

    Raises:
        StoreError: for a copy that is gone or damaged.
        ConfigError, ChannelError: for a file that cannot be used.
    """
    made: dict[str, Scenario] = {}
    given: dict[str, GivenChannels] = {}
    for name, study in studies.items():
        source, config = study.channels, study.points()[0].config
        if source is not None:
            if source.held is None:
                is_copy = folder is not None and kept(source) == source
                source = (
                    found_in(Path(folder or "").expanduser(), system, config, source)
                    if is_copy
                    else held_source(system, config, source)
                )
            assert source.held is not None
            if source.sha256 not in given:
                given[source.sha256] = given_channels(system, config, source.sha256, source.held)
            source = source if folder is None else kept(source)
        made[name] = replace(study, channels=source)
    return made, given


def found_in(folder: Path, system: System, config: Config, source: ChannelSource) -> ChannelSource:
    """The source with its numbers from the store's copy.

    Raises:
        StoreError: if the copy is gone or is not as it was written.
    """
    try:
        made = held_source(system, config, source, folder)
    except (ConfigError, ChannelError) as error:
        reason = str(error).partition("\n")[0]
        raise StoreError(
            f"{folder / source.file}: the given channels of this store cannot be used: {reason} Bring the file back; "
            "or remove it and run again into this store with the channels that it was made with "
            f"({source.origin})."
        ) from None
    return replace(made, file=source.file)
