"""Every fast scheme with its trials in every lane: ``python benchmarks/same_bits.py [--system NAME] [--trials 8]``.

As ``tests/contracts/test_same_bits.py``, at the default sizes beside the small ones, with more trials. A batch holds
the trials in turn until each has been in every lane, once more in reversed order; all bits of designs, metrics and
judgements are compared with those of the trials in a batch of their own. What differs is written to
``benchmarks/history/same-bits.json``, of each system anew.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "contracts"))

import test_same_bits as same  # pyright: ignore[reportMissingImports]

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import System
from leoisac.experiment.trials.provenance import machine, versions
from leoisac.foundation.jax_setup import LANES
from leoisac.foundation.lanes import take

HISTORY = Path(__file__).parent / "history/same-bits.json"


def places(trials: int) -> np.ndarray:
    """Every trial in every lane and a last block that is filled up; the length makes no block a multiple of the trials.

    A number of trials that has a divisor in common with the number of lanes would see the same lanes again and again.
    """
    turns = np.arange(trials * LANES + 5) + np.arange(trials * LANES + 5) // LANES * (trials % 2 == 0)
    return turns % trials


def system_outcome(system: System, trials: int) -> dict[str, Any]:
    """Differences by size and scheme."""
    found: dict[str, Any] = {}
    for size, changes in (("small", system.small), ("default", {})):
        config = system.config().replace(**changes)
        channels, place = li.draw(config, seed=0, trials=trials), places(trials)
        for scheme in system.schemes:
            began = time.process_time()
            together = same.outcomes(system, scheme, config, channels)
            differences = []
            for order in (place, place[::-1]):
                try:
                    same.assert_same_bits(
                        same.outcomes(system, scheme, config, take(channels, order)), take(together, order)
                    )
                except AssertionError as error:
                    differences.append(str(error))
            row = {"designs": 2 * len(place), "differences": differences, "seconds": time.process_time() - began}
            found.setdefault(size, {})[scheme.name] = row
            print(f"{system.name} {size} {scheme.name}: {len(differences)} differences", flush=True)
    return found


def main() -> int:
    """1 where a bit differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--system", choices=catalogue.systems())
    parser.add_argument("--trials", type=int, default=8)
    wanted = parser.parse_args()
    record = json.loads(HISTORY.read_text()) if HISTORY.exists() else {}
    lost = 0
    for name in [wanted.system] if wanted.system else catalogue.systems():
        found = system_outcome(catalogue.find(name), wanted.trials)
        record[name] = {"trials": wanted.trials, "machine": machine(), "versions": versions(), "sizes": found}
        HISTORY.write_text(json.dumps(record, indent=1, default=str) + "\n")
        lost += sum(len(row["differences"]) for rows in found.values() for row in rows.values())
    return int(lost > 0)


if __name__ == "__main__":
    raise SystemExit(main())
