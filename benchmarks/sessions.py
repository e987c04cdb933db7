"""One design after the other for channels that move: ``li.session``, cold and warm.

``python benchmarks/sessions.py [--updates 100] [--case TEXT]``; figures are kept in ``history/sessions.json``. Every
update's channels are those of the update before, moved by a share of their size towards fresh ones (a first-order
Gauss-Markov process, which keeps their statistics). Milliseconds of processor time of one core, Python included; the
objective of the warm designs is set against the cold ones' on the same channels.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from one_case_each import CASES

import leoisac as li
from leoisac.experiment.trials.provenance import machine, versions
from leoisac.foundation.jax_setup import jax

HISTORY = Path(__file__).parent / "history/sessions.json"
MOVES = (0.01, 0.05, 0.2)


def moved(channels: Any, fresh: Any, share: float) -> Any:
    """Complex arrays a share of the way towards independent ones; all else as it was.

    Amplitudes keep their mean power, and steering vectors their modulus: their phases move.
    """

    def mix(old: np.ndarray, new: np.ndarray) -> np.ndarray:
        if not np.iscomplexobj(old):
            return old
        both = np.sqrt(1.0 - share**2) * old + share * new
        return both / np.abs(both) if np.allclose(np.abs(old), 1.0, atol=1e-9) else both

    return jax.tree.map(mix, channels, fresh)


def measured(system: str, scheme: str, share: float, updates: int) -> dict[str, Any]:
    """Times and designs of a cold and a warm session over the same channels."""
    config = li.config(system)
    sessions = {name: li.session(config, scheme, warm=name == "warm") for name in ("cold", "warm")}
    channels = li.draw(config, trials=[0])
    times: dict[str, list[float]] = {name: [] for name in sessions}
    ends: dict[str, list[Any]] = {name: [] for name in sessions}
    for k in range(1, updates + 1):
        channels = moved(channels, li.draw(config, trials=[k]), share)
        for name, session in sessions.items():
            began = time.process_time()
            solution = session.update(channels)
            times[name].append(1e3 * (time.process_time() - began))
            ends[name].append(
                (solution.status[0], solution.objective[0], solution.violation[0], solution.iterations[0])
            )
    cold, warm = (np.array(ends[name], dtype=float).T for name in ("cold", "warm"))
    both = (cold[2] <= 1e-6) & (warm[2] <= 1e-6) & (cold[0] != 1) & (warm[0] != 1)
    gain = warm[1][both] / cold[1][both] - 1.0
    return {
        **{f"{name}_ms": [round(float(np.quantile(t, q)), 3) for q in (0.5, 0.9, 0.99)] for name, t in times.items()},
        "ticks": [float(cold[3].mean()), float(warm[3].mean())],
        "usable": [float(np.mean(end[2] <= 1e-6)) for end in (cold, warm)],
        "mean_gain": float(np.mean(warm[1][both]) / np.mean(cold[1][both]) - 1.0),
        "p01_gain": float(np.quantile(gain, 0.01)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--updates", type=int, default=100)
    parser.add_argument("--case", default="")
    given = parser.parse_args()
    record = json.loads(HISTORY.read_text(encoding="utf-8")) if HISTORY.exists() else {"cases": {}}
    for name, system, scheme in CASES:
        if given.case in name:
            found = {f"{share:.0%}": measured(system, scheme, share, given.updates) for share in MOVES}
            record["cases"][name] = found
            for share, row in found.items():
                print(name, share, json.dumps(row), flush=True)
    record |= {"versions": versions(), "machine": machine(), "leoisac": li.__version__}
    HISTORY.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
