"""Datasets of the system's studies from chosen rates, without any design: what figures and claims read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac import catalogue
from leoisac.experiment.contracts import System, Verdict
from leoisac.experiment.reading.dataset import assemble
from leoisac.experiment.reading.studies import with_plain_schemes
from leoisac.experiment.scenario.scenarios import Scenario, study_scenario
from leoisac.experiment.store.units import MemoryStore, Unit, UnitKey, unit_arrays
from leoisac.experiment.trials.judge import Outcome
from leoisac.foundation.config import fingerprint
from leoisac.systems.self_backhaul.evidence.claims import CLAIMS

Rates = Callable[[str, Mapping[str, Any], np.ndarray], Any]
"""``rate(scheme, changes of the sweep point, one number per trial) -> delivered sum rate per trial``, NaN: unusable."""

SYSTEM = catalogue.find("self-backhaul")
LEVEL = {"pa1": 10.0, "pa2": 9.8, "das": 5.0, "tdma": 7.0, "tdma-half": 6.0, "ibs": 2.0, "ibs-matched": 3.0}
LEVEL |= {"das-fair": 5.5, "tdma-fair": 7.5, "ibs-aware": 8.5}


def step_of(study: Any, changes: Mapping[str, Any]) -> int:
    """Which point of the sweep it is."""
    if not study.sweep:
        return 0
    (values,) = study.sweep.values()
    chosen = tuple(changes.values())
    chosen = chosen[0] if len(chosen) == 1 else chosen
    return [list(value) if isinstance(value, tuple) else value for value in values].index(
        list(chosen) if isinstance(chosen, tuple) else chosen
    )


def saturating(study_name: str, slope: Mapping[str, float] | None = None) -> Rates:
    """Rates that rise by 2, 1, 0.1, 0.1, ... per step, benchmarks by ``slope[scheme]`` of it."""
    study = SYSTEM.study(study_name)
    slope = slope or {}
    rise = np.concatenate([[0.0], np.cumsum([2.0, 1.0, *([0.1] * 27)])])

    def rate(scheme, changes, luck):
        scheme = scheme.partition(":")[0]
        return LEVEL[scheme] + slope.get(scheme, 1.0) * rise[step_of(study, changes)] + luck

    return rate


def verdict(name: str, **datasets: xr.Dataset) -> Verdict:
    """What a claim says of datasets, named by their studies with underscores."""
    claim = next(claim for claim in CLAIMS if claim.name == name)
    return claim.check({study.replace("_", "-"): data for study, data in datasets.items()})


def made(
    system: System, name: str, rate: Rates, trials: int = 40, *, spread: float = 1.0, **metrics: Callable[..., Any]
) -> xr.Dataset:
    """A study's dataset with these rates.

    The drops differ by ``spread``, the same for all schemes and points. ``metrics`` replace or add a metric, or
    ``history``, ``iterations`` and ``status``, with the arguments of ``rate`` and the rates themselves.
    """
    item = study_scenario(system, system.study(name), trials=trials)
    luck = spread * np.random.default_rng(0).standard_normal(trials)
    store = MemoryStore()
    for point in item.points():
        for choice in item.choices(system):
            label = choice.label.removesuffix(":fast")
            store.write(
                _unit(point.config, choice, _outcome(system, item, point, label, rate, luck, metrics)), point.config
            )
    return with_plain_schemes(assemble(system, name, item, store))


def _outcome(
    system: System, item: Scenario, point: Any, label: str, rate: Rates, luck: np.ndarray, metrics: Mapping[str, Any]
) -> Outcome:
    trials, changes = len(luck), dict(point.changes)
    rates = np.broadcast_to(np.asarray(rate(label, changes, luck), dtype=float), (trials,))
    usable = np.isfinite(rates)
    sizes = system.axis_sizes(point.config)
    stored: dict[str, np.ndarray] = {}
    for metric, declared in system.metrics.items():
        value = metrics[metric](label, changes, luck, rates) if metric in metrics else rates
        shape = tuple(sizes[axis] for axis in declared.axes)
        value = np.broadcast_to(np.reshape(value, np.shape(value) + (1,) * len(shape)), (trials, *shape))
        stored[metric] = np.where(usable.reshape(-1, *([1] * len(shape))), value, np.nan)

    def part(key: str, default: Any) -> np.ndarray:
        return np.asarray(metrics[key](label, changes, luck, rates) if key in metrics else default)

    return Outcome(
        status=part("status", np.where(usable, 0, 3)).astype(np.int8),
        usable=usable,
        violation=np.where(usable, 0.0, np.nan),
        objective=rates,
        iterations=part("iterations", np.full(trials, 10)).astype(np.int32),
        history=part("history", np.stack([rates - 1.0, rates - 0.1, rates], axis=1)),
        metrics=stored,
    )


def _unit(config: Any, choice: Any, outcome: Outcome) -> Unit:
    key = UnitKey(fingerprint(config), choice.scheme.name, choice.route)
    return Unit(key, 0, len(outcome.status), unit_arrays(outcome), 0.0)
