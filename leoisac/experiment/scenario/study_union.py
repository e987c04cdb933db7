"""Adding to a study that a store already holds: more schemes, more sweep points, more trials; the same base."""

from __future__ import annotations

import itertools
from typing import Any

from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.experiment.scenario.scenarios import Scenario, read_field
from leoisac.foundation.config import Config


def union(old: Scenario, new: Scenario) -> Scenario:
    """The scenario that holds both.

    Raises:
        ValueError: if they differ in what cannot be united, as the end of a sentence about the stored study.
    """
    if tuple(old.sweep) != tuple(new.sweep):
        raise ValueError(f"sweeps {_listed(old.sweep)}, asked for {_listed(new.sweep)}.")
    first_point = old.points()[0].changes
    differences = _differences(old.config.replace(**first_point), new.config.replace(**first_point))
    if differences:
        raise ValueError(f"was made with another configuration: {'; '.join(differences)}.")
    before, after = (item.channels.sha256 if item.channels else "" for item in (old, new))
    if before != after:
        texts = [f"given ones (sha256 {mark[:12]}…)" if mark else "drawn ones" for mark in (before, after)]
        raise ValueError(f"is over other channels: {texts[0]}, asked for {texts[1]}.")
    trials = max(old.trials, new.trials)
    ruled = new.until or new.count != "trials"
    ceiling = new.most_trials if ruled else old.most_trials
    return Scenario(
        system=old.system,
        config=old.config,
        schemes=tuple(dict.fromkeys([*_explicit(old), *_explicit(new)])),
        sweep={name: merged(values, new.sweep[name]) for name, values in old.sweep.items()},
        trials=trials,
        seed=old.seed,
        route=DEFAULT_ROUTE,
        count="usable" if "usable" in (old.count, new.count) else old.count,
        until=new.until or old.until,
        most_trials=max(ceiling, trials) if ceiling else 0,
        channels=old.channels,
    )


def _explicit(item: Scenario) -> list[str]:
    """Scheme entries that mean the same under the default route."""
    if item.route == DEFAULT_ROUTE:
        return list(item.schemes)
    return [entry if ":" in entry else f"{entry}:{item.route}" for entry in item.schemes]


def merged(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    """All values, ascending where both lists ascend."""
    values = [*old, *(value for value in new if value not in old)]
    ascending = all(_ascends(part) for part in (old, new))
    return tuple(sorted(values) if ascending else values)


def _ascends(values: tuple[Any, ...]) -> bool:
    if not all(isinstance(value, int | float) for value in values):
        return False
    return all(low <= high for low, high in itertools.pairwise(values))


def _differences(old: Config, new: Config, prefix: str = "") -> list[str]:
    """``transmit_power_dbw is 20.0, asked for 22.0`` for every field that differs."""
    lines: list[str] = []
    for name in type(old).model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if isinstance(before, Config) and isinstance(after, Config) and type(before) is type(after):
            lines += _differences(before, after, f"{prefix}{name}.")
        elif read_field(old, name) != read_field(new, name):
            lines.append(f"{prefix}{name} is {_short(before)}, asked for {_short(after)}")
    return lines


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _listed(sweep: Any) -> str:
    return ", ".join(sweep) or "nothing"
