"""What studies want of every scheme at every point, and how many trials that is, given what a store holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from leoisac.experiment.contracts import System
from leoisac.experiment.errors import StoreError
from leoisac.experiment.scenario.conditions import USABLE, Condition, conditions
from leoisac.experiment.scenario.routes import SchemeRoute
from leoisac.experiment.scenario.scenarios import Scenario, most_trials
from leoisac.experiment.scenario.stopping import Column, trials_needed
from leoisac.experiment.store.units import METRIC_PREFIX, UnitKey, UnitStore
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.config import Config


@dataclass(frozen=True)
class Want:
    """Trials of one scheme at one configuration that some study asks for.

    ``channels`` is the digest of given channels. ``settled`` is False where the rules ask for more than the store holds
    before they can tell the last word.
    """

    key: UnitKey
    config: Config
    seed: int
    choice: SchemeRoute
    trials: int
    settled: bool = True
    channels: str = ""


def targets(system: System, studies: Iterable[Scenario], store: UnitStore) -> list[Want]:
    """The union of what the studies ask for, in the order of the studies and their sweeps."""
    wants: dict[UnitKey, Want] = {}
    for study in studies:
        ruled = Rules(system, study)
        choices = study.choices(system)
        for point in study.points():
            mark = point.fingerprint
            for choice in choices:
                key = UnitKey(mark, choice.scheme.name, choice.route)
                trials, settled = ruled.trials(store, key)
                known = wants.get(key)
                if known is not None:
                    trials, settled = max(trials, known.trials), settled and known.settled
                wants[key] = Want(key, point.config, study.seed, choice, trials, settled, point.channels)
    return list(wants.values())


def unit_keys(system: System, studies: Iterable[Scenario]) -> list[UnitKey]:
    """Every scheme at every point of the studies, once."""
    keys = {
        UnitKey(point.fingerprint, choice.scheme.name, choice.route): None
        for study in studies
        for point in study.points()
        for choice in study.choices(system)
    }
    return list(keys)


class Rules:
    """How many trials each scheme gets at each point of one study."""

    def __init__(self, system: System, study: Scenario) -> None:
        self._study = study
        self._conditions = conditions(study.until, system.metrics)
        self._plain = study.count != USABLE and not self._conditions

    def trials(self, store: UnitStore, key: UnitKey) -> tuple[int, bool]:
        """Trials, and whether the store holds enough to say that it is the last word."""
        if self._plain:
            return self._study.trials, True
        column = read_column(store, key, most_trials(self._study), self._conditions)
        return trials_needed(self._study, self._conditions, column)


def read_column(store: UnitStore, key: UnitKey, most: int, wanted: Sequence[Condition]) -> Column:
    """Results of the first trials without a gap, as far as there are any."""
    stored = {item.metric: _stored_name(item.metric) for item in wanted if item.metric != USABLE}
    units = list(store.read(key, ["status", "usable", *stored.values()], most))
    rows = max((unit.stop for unit in units), default=0)
    status = np.full(rows, NOT_RUN, dtype=np.int8)
    usable = np.zeros(rows, dtype=bool)
    values: dict[str, np.ndarray] = {}
    for unit in units:
        window = slice(unit.first, unit.stop)
        status[window] = unit.arrays["status"]
        usable[window] = unit.arrays["usable"]
        for metric, name in stored.items():
            if name in unit.arrays:
                array = unit.arrays[name]
                column = values.setdefault(metric, np.full((rows, *array.shape[1:]), np.nan))
                if column.shape[1:] != array.shape[1:]:
                    raise StoreError(f"units of {key.scheme}.{key.route} disagree on the shape of `{metric}`.")
                column[window] = array
    gaps = np.flatnonzero(status == NOT_RUN)
    present = min(int(gaps[0]) if len(gaps) else rows, most)
    return Column(usable[:present], {name: array[:present] for name, array in values.items()})


def _stored_name(metric: str) -> str:
    return metric if metric == "objective" else f"{METRIC_PREFIX}{metric}"
