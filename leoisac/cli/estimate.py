"""What ``leoisac run --estimate`` prints: time by scheme, programs apart, and memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from leoisac import catalogue
from leoisac.cli.output import say
from leoisac.experiment.contracts import System
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.foundation.number_text import counted, duration_text, short_time_text

if TYPE_CHECKING:
    from leoisac.experiment.running.estimating import Estimate


def print_estimate(
    system: System, studies: Mapping[str, Scenario], folder: Path, workers: int, backend: str | None
) -> None:
    """Measure, and say what is to be expected of what a store lacks; the store is not touched."""
    from leoisac.cli.tables import PlainTable, console
    from leoisac.experiment.running.campaign import engine_of_store
    from leoisac.experiment.running.estimating import estimate
    from leoisac.experiment.store.channel_files import with_channels
    from leoisac.experiment.store.folders import is_store, open_store
    from leoisac.foundation.backend import AUTO, using

    if not studies:
        say("In closed form: no trials.")
        return
    store = open_store(folder, catalogue.find) if is_store(folder) else None
    with using(engine_of_store(folder, backend or AUTO)):
        wanted, given = with_channels(system, studies, folder)
        found = estimate(system, list(wanted.values()), store, given, lambda label: say(f"measuring {label}", err=True))
    if not found.trials:
        say(f"Nothing is left to compute: {folder} has it all.")
        return
    made = PlainTable(f"{counted(found.trials, 'trial')} to compute", "scheme")
    for heading in ("trials", "per trial", "in all"):
        made.add_column(heading, justify="right")
    for item in found.schemes:
        made.add_row(item.label, str(item.trials), short_time_text(item.per_trial_s), duration_text(item.seconds))
    console().print(made, "")
    for line in estimate_lines(found, workers):
        say(line)


def estimate_lines(found: Estimate, workers: int) -> list[str]:
    """Time and memory in words."""
    return [
        f"About {duration_text(found.seconds(workers))} by {counted(workers, 'process', 'processes')}"
        f"{' or more, for the rule for trials may ask for more' if found.is_floor else ''}; programs took "
        f"{short_time_text(found.compile_s)} and are kept. Drawing channels: {duration_text(found.draw_s)} in all.",
        f"Of one processor's time it had {found.busy:.0%} while it measured.",
        f"Memory: about {found.peak_bytes / 1e6:.0f} MB in the process that holds the results.",
        f"Measured at {found.measured} of {counted(found.points, 'point')} in {short_time_text(found.spent_s)}.",
    ]
