"""Along a pass, one instant after the other: every design goes on from where that of the instant before ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from leoisac.experiment.contracts import System
from leoisac.experiment.reading.dataset import assemble
from leoisac.experiment.running.campaign import python_warning
from leoisac.experiment.running.portions import BlockTask
from leoisac.experiment.running.runner import Executor, compute, compute_block
from leoisac.experiment.scenario.scenarios import Scenario, most_trials, scenario_warnings
from leoisac.experiment.store.units import MemoryStore, Unit
from leoisac.experiment.trials.provenance import versions
from leoisac.foundation.backend import identity, using
from leoisac.foundation.config import ConfigError
from leoisac.foundation.last_solutions import REFRESH, LastSolutions

if TYPE_CHECKING:
    import xarray as xr

    from leoisac.experiment.running.runner import Progress


def run_following(
    system: System,
    study: Scenario,
    progress: Callable[[Progress], None] | None = None,
    backend: str | None = None,
    refresh: int = REFRESH,
) -> xr.Dataset:
    """The dataset of a scenario along a pass, in memory; designs depend on those before, in the order of time.

    All starts are tried again after every ``refresh`` instants.

    Raises:
        ConfigError: for a scenario without a ``[time]`` axis, with others, or whose number of trials is left open.
    """
    field = system.over_time.field if system.over_time else ""
    if [axis.name for axis in study.axes()] != [field]:
        raise ConfigError(
            "warm: goes along one pass and needs a [time] part and no sweep beside it; run it without warm."
        )
    if most_trials(study) != study.trials:
        raise ConfigError("warm: designs go on from those before, all trials together; leave out `until` and `count`.")
    store, noticed = MemoryStore(), scenario_warnings(system, study)
    for text in noticed:
        python_warning(text)
    with using(backend or "auto"):
        compute(system, [study], store, progress, study.trials, _following(refresh))
        return assemble(system, "run", study, store, [{**versions(), **identity()}], noticed)


def _following(refresh: int) -> Executor:
    """Computes tasks in the order in which they come, a chain of designs for every scheme."""
    chains: defaultdict[str, LastSolutions] = defaultdict(lambda: LastSolutions(refresh))

    def execute(tasks: Iterable[BlockTask]) -> Iterator[tuple[BlockTask, Unit]]:
        for task in tasks:
            for choice in task.choices:
                with chains[choice.label].used():
                    units = list(compute_block(replace(task, choices=(choice,))))
                for unit in units:
                    yield task, unit

    return execute


__all__ = ["run_following"]
