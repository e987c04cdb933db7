"""Hostile channels through every scheme: ``python benchmarks/statuses.py [--system NAME] [--route ROUTE]``.

Every system at several sizes, down to one antenna, one user and one target; every scheme; every kind of hostile trial
of ``tests/contracts/hostile_channels.py`` among trials as they are drawn. Found are statuses that lie: designs that
count though a number is not finite or a constraint is missed, certificates from numbers that are none, neighbours with
other bits, exceptions. What is found, and how trials ended, is written to ``benchmarks/history/statuses.json``;
routes ``reference`` are examined at the small size alone. A scheme that refuses a size in words has nothing to examine
there.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "contracts"))

import hostile_channels as hostile  # pyright: ignore[reportMissingImports]

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import Scheme, System
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.experiment.trials.provenance import versions
from leoisac.foundation.status import Status

ROUTES = (DEFAULT_ROUTE, "reference")
SIZES: dict[str, dict[str, dict[str, Any]]] = {
    "self-backhaul": {
        "one antenna": {"bs_array": (1, 1), "num_feeds": 2},
        "one user": {"num_users": 1},
        "one target": {"target_angles_deg": (-30.0,)},
        "users over antennas": {"num_users": 4, "bs_array": (1, 2), "num_feeds": 2},
    },
    "coexistence": {
        "one antenna": {"num_tx": 1, "num_rx": 1},
        "one user": {"num_users": 1},
        "one target": {"num_targets": 1},
        "users over antennas": {"num_users": 4, "num_tx": 2},
    },
    "bistatic-rsma": {
        "one antenna": {"satellite_array": (1, 1)},
        "one user": {"num_users": 1},
        "users over antennas": {"num_users": 4, "satellite_array": (1, 2)},
    },
    "otfs-rsma": {
        "one antenna": {"n_tx": 1},
        "one user": {"n_users": 1},
        "users over antennas": {"n_users": 3, "n_tx": 2, "precoder_mode": "space-dd"},
    },
}
"""Changes to the small case of a system; none stands for the small case itself."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--system", action="append", help="default: all")
    parser.add_argument("--route", choices=ROUTES, action="append", help="default: both")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "history" / "statuses.json")
    chosen = parser.parse_args()
    jobs = [
        (name, size, changes, route)
        for name in chosen.system or SIZES
        for route in chosen.route or ROUTES
        for size, changes in {"small": dict[str, Any](), **(SIZES[name] if route == DEFAULT_ROUTE else {})}.items()
    ]
    book = dict[str, Any]()
    for name, size, changes, route in jobs:
        for scheme in catalogue.find(name).schemes:
            if route in scheme.routes:
                start = time.process_time()
                record = examine(catalogue.find(name), scheme, route, changes)
                record["processor_s"] = round(time.process_time() - start, 1)
                book[f"{name}, {size}, {scheme.name}:{route}"] = record
                print(f"{name}, {size}, {scheme.name}:{route}: {record}", flush=True)
                _write(chosen.out, book)
    return 1 if any(record["findings"] for record in book.values()) else 0


def _write(path: Path, book: dict[str, Any]) -> None:
    """What is known so far: an interrupted run leaves its part."""
    result = {
        "machine": {"system": platform.platform(), "python": platform.python_version()},
        "versions": versions(("fast", "reference")),
        "processor_s": round(sum(record["processor_s"] for record in book.values()), 1),
        "examined": len(book),
        "findings": sum(len(record["findings"]) for record in book.values()),
        "records": book,
    }
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def examine(system: System, scheme: Scheme, route: str, changes: dict[str, Any]) -> dict[str, Any]:
    """How the hostile trials of one scheme ended, and what of that is wrong."""
    config = system.config().replace(**{**system.small, **changes})
    channels = li.draw(config, seed=0, trials=hostile.batch_trials(system))
    bad, plan = hostile.hostile_batch(system, channels)
    try:
        undisturbed = li.design(config, hostile.oddly_laid_out(system, channels), scheme.name)
    except li.ConfigError as error:
        return {"ended": {}, "refused": str(error), "findings": [] if changes else [f"the small case: {error}"]}
    except Exception:
        return {"ended": {}, "findings": [traceback.format_exc()[-2000:]]}
    try:
        solution = li.design(config, bad, scheme.name, route)
        metrics = li.evaluate(config, bad, solution)
    except Exception:
        return {"ended": {}, "findings": [traceback.format_exc()[-2000:]]}
    findings = list(hostile.false_statuses(system, scheme, plan, solution, metrics, undisturbed))
    # The published routes solve trial by trial: there a neighbour has nothing to notice.
    changed = hostile.changed_neighbours(plan, solution, undisturbed) if route == DEFAULT_ROUTE else []
    if changed:
        findings.append(f"neighbours changed: {changed}")
    ended = Counter(Status(int(code)).name for code in np.asarray(solution.status))
    return {"ended": dict(sorted(ended.items())), "findings": findings}


if __name__ == "__main__":
    sys.exit(main())
