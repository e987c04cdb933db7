"""Stated problems whose optima are known: are they reached, by which rules, and how fast?

``python benchmarks/stated_problems.py [--rules] [--starts] [--times] [--family NAME]``; figures are kept in
``benchmarks/history/stated_problems.json``. Without a flag every instance of ``stated_problem_values.json`` is solved
with default settings, in the recipe's units and with all gains multiplied by 1e-7 and 1e7, and infeasible ones beside
feasible controls; the process ends with 1, and says where, if a value, a bound or a proof is missed. ``--rules`` and
``--starts`` are those of ``stated_rules``. Times are processor time per design, compiled, at a batch of 64.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import stated_rules
from stated_families import FAMILIES, Drawn, Family, selected, sizes, stacked

import leoisac as li
from leoisac.experiment.running.bench import timed
from leoisac.experiment.trials.provenance import machine, versions
from leoisac.foundation.backend import identity
from leoisac.foundation.status import Status
from leoisac.problems.certificates import MOST_COORDINATES
from leoisac.problems.problem import Problem

HISTORY = Path(__file__).parent / "history/stated_problems.json"
VALUES = Path(__file__).parent / "stated_problem_values.json"
GAIN_FACTORS = (1.0, 1e-7, 1e7)
BATCH = 64
TIMED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "P1, 8 antennas, 4 users": ("P1", {}),
    "P2 total, 8 antennas, 4 users": ("P2 total", {}),
    "P2 per antenna, 8 antennas, 4 users": ("P2 per antenna", {}),
    "P3, 8 antennas, 4 users": ("P3", {}),
    "P4 unknown, 8 antennas, 3 users": ("P4 unknown", {}),
    "P5 unknown, 8 antennas, 3 users": ("P5 unknown", {"crb": 6e-7}),
    "P6 users, 8 antennas, 2 users": ("P6 users", {}),
    "P7 single, 16 elements": ("P7 single", {}),
    "P7 multicast, 16 elements, 4 users": ("P7 multicast", {}),
    "P8 secrecy, 4 antennas": ("P8 secrecy", {}),
    "P8 mask, 4 antennas, 3 users": ("P8 mask", {}),
    "P10, 4 antennas, 3 users": ("P10", {}),
    "P10h, 2 antennas, 3 users": ("P10h", {}),
}


def known_values() -> list[dict[str, Any]]:
    """Family, recipe and optimum of every instance."""
    return json.loads(VALUES.read_text(encoding="utf-8"))["values"]


def groups(wanted: str) -> Iterable[tuple[str, list[dict[str, Any]], list[Drawn]]]:
    """Instances that can be solved in one call, of the families that are wanted."""
    found: dict[Any, tuple[str, list[dict[str, Any]], list[Drawn]]] = {}
    for value in known_values():
        family = value["family"]
        if selected(family, wanted):
            drawn = FAMILIES[family].draw(**value["recipe"])
            _, values, instances = found.setdefault((family, sizes(drawn)), (family, [], []))
            values.append(value)
            instances.append(drawn)
    return found.values()


def name_of(value: Mapping[str, Any]) -> str:
    """A value's place in tables."""
    return ", ".join([value["family"], *(f"{key} {item:g}" for key, item in value["recipe"].items())])


def relative_error(family: Family, objective: np.ndarray, optimum: np.ndarray, gain: float) -> np.ndarray:
    """Of the quantity whose optimum is known, in the units of its recipe."""
    return family.reported(objective) / gain**family.gains_in_objective / optimum - 1.0


def values_part(record: dict[str, Any], wanted: str) -> list[str]:
    """Every known value in every unit; returns what is missed."""
    missed: list[str] = []
    for name, values, drawn in groups(wanted):
        family, optimum = FAMILIES[name], np.array([value["optimum"] for value in values])
        for gain in GAIN_FACTORS:
            problem, data = stacked(name, drawn, gain)
            solution = li.solve(problem, data)
            error = relative_error(family, solution.objective, optimum, gain)
            for number, value in enumerate(values):
                row = {
                    "error": float(error[number]),
                    "violation": float(solution.violation[number]),
                    "kkt": float(solution.kkt[number]),
                    "status": Status(int(solution.status[number])).name,
                    "gap": float(solution.gap[number]) if np.isfinite(solution.gap[number]) else None,
                    "agreeing_starts": int(solution.agreeing_starts[number]),
                    "ticks": int(solution.iterations[number]),
                }
                where = f"{name_of(value)}, gains {gain:g}"
                record["values"][where] = row
                faults = _faults(row, family, bool(value.get("best_known")), problem.coordinates)
                missed += [f"{where}: {fault}" for fault in faults]
                told = ", ".join(f"{k} {v:.1e}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items())
                print(f"{where}: {told}{'   MISSED' if faults else ''}", flush=True)
    return missed


def _faults(row: Mapping[str, Any], family: Family, best_known: bool, coordinates: int) -> list[str]:
    faults: list[str] = []
    # A best known value may be passed; all that are not certain are maximised.
    off = -row["error"] if best_known else abs(row["error"])
    if not off <= stated_rules.ACCURACY:
        faults.append(f"relative error {row['error']:.1e}")
    if not row["violation"] <= stated_rules.FEASIBILITY:
        faults.append(f"violation {row['violation']:.1e}")
    if family.certified and coordinates <= MOST_COORDINATES and not (row["gap"] or np.inf) <= 1e-6 and row["gap"] != 0:
        faults.append(f"gap {row['gap']}")
    return faults


def infeasible_cases() -> Iterable[tuple[str, str, str, list[Drawn]]]:
    """Name, what must be said, family and instances: beyond reach by 10, 1, 2 or 0.2 %, and controls within it."""
    optima = {name_of(value): value["optimum"] for value in known_values()}
    for share in (0.9, 0.99, 1.01):
        limits = {seed: share * optima[f"P1, antennas 4, users 4, seed {seed}"] for seed in (0, 2)}
        drawn = [FAMILIES["P9 power"].draw(4, 4, seed, limit) for seed, limit in limits.items()]
        yield f"power x {share}", "INFEASIBLE" if share < 1.0 else "feasible", "P9 power", drawn
    yield "any power", "INFEASIBLE", "P9 any power", [FAMILIES["P9 any power"].draw(2, 4, seed) for seed in (0, 2)]
    for share in (1.02, 1.002, 0.98):
        floors = [share * optima[f"P3, antennas 8, index {index}"] for index in (0, 1)]
        drawn = [FAMILIES["P9 gain"].draw(8, index, floor) for index, floor in enumerate(floors)]
        yield f"gain x {share}", "INFEASIBLE" if share > 1.0 else "feasible", "P9 gain", drawn


def infeasible_part(record: dict[str, Any], wanted: str) -> list[str]:
    """Proofs for what is out of reach, and none for what is not; returns what is missed."""
    missed: list[str] = []
    for name, expected, family, drawn in infeasible_cases():
        for gain in GAIN_FACTORS if selected(family, wanted) else ():
            solution = li.solve(*stacked(family, drawn, gain))
            statuses = [Status(int(code)).name for code in solution.status]
            where = f"{family}, {name}, gains {gain:g}"
            record["infeasible"][where] = {"expected": expected, "statuses": ", ".join(statuses)}
            wrong = [status for status in statuses if (status == "INFEASIBLE") != (expected == "INFEASIBLE")]
            missed += [f"{where}: {status} where {expected} is true" for status in wrong]
            lost = [status for status in statuses if status != "CONVERGED" and expected == "feasible"]
            note = "   MISSED" if wrong else "   not solved" if lost else ""
            print(f"{where}: {', '.join(statuses)}{note}", flush=True)
    return missed


def times_part(record: dict[str, Any], wanted: str) -> None:
    """Milliseconds of processor time per design, with and without the search for bounds."""
    for name, (family, recipe) in TIMED.items():
        if not selected(family, wanted):
            continue
        place = "index" if family == "P3" else "seed"
        drawn = [FAMILIES[family].draw(**{**recipe, place: number}) for number in range(BATCH)]
        problem, data = stacked(family, drawn)
        row = times_of(problem, data)
        record["times"][name] = row
        print(f"{name}: " + ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()))


def times_of(problem: Problem, data: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Figures of one problem; the first call compiles."""
    cold, _ = timed(lambda: li.solve(problem, data))
    plain = min(timed(lambda: li.solve(problem, data, certificate="none"))[0] for _ in range(2))
    bounded, solution = timed(lambda: li.solve(problem, data))
    counts = Counter(Status(int(code)).name for code in solution.status)
    return {
        "ms": 1e3 * bounded / BATCH,
        "ms_without_bounds": 1e3 * plain / BATCH,
        "ticks": float(np.mean(solution.iterations)),
        "compiling_s": cold - bounded,
        "statuses": ", ".join(f"{count} {name}" for name, count in counts.items()),
    }


def summary(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The worst of every family, over instances and units."""
    families: dict[str, list[Mapping[str, Any]]] = {}
    for where, row in rows.items():
        families.setdefault(where.split(",")[0], []).append(row)
    lines: list[str] = []
    for name, found in families.items():
        worst = {key: max(abs(row[key]) for row in found) for key in ("error", "violation", "kkt")}
        gaps = [row["gap"] for row in found if row["gap"] is not None]
        told = f"{max(gaps):.0e}" if gaps else "-"
        lines.append(
            f"{name:14s} {len(found):3d} solves, worst error {worst['error']:.0e}, violation {worst['violation']:.0e}, "
            f"kkt {worst['kkt']:.0e}, gap {told} ({len(found) - len(gaps)} without), fewest agreeing starts "
            f"{min(row['agreeing_starts'] for row in found)}, ticks {np.mean([row['ticks'] for row in found]):.0f}, "
            f"CONVERGED {sum(row['status'] == 'CONVERGED' for row in found)}"
        )
    return lines


def written(record: Mapping[str, Any]) -> str:
    """JSON with a line for every innermost mapping or list."""
    text = json.dumps(record, indent=1)
    return re.sub(r"[\[{][^\[\]{}]*[\]}]", lambda found: " ".join(found.group().split()), text) + "\n"


def main() -> int:
    """1 where something known is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rules", action="store_true", help="which rule of scaling and form does what")
    parser.add_argument("--starts", action="store_true", help="what more starts gain")
    parser.add_argument("--times", action="store_true", help="milliseconds per design")
    parser.add_argument("--family", default="", help="only this one, P4, or P4 known")
    given = parser.parse_args()
    record: dict[str, Any] = {"values": {}, "infeasible": {}, "rules": {}, "starts": {}, "times": {}}
    missed: list[str] = []
    if given.rules:
        stated_rules.rules_part(record, groups(given.family))
    elif given.starts:
        stated_rules.starts_part(record, given.family)
    elif given.times:
        times_part(record, given.family)
    else:
        missed = values_part(record, given.family) + infeasible_part(record, given.family)
    kept = json.loads(HISTORY.read_text(encoding="utf-8")) if HISTORY.exists() else {}
    merged = {part: _merged(kept.get(part, {}), rows) for part, rows in record.items()}
    made_by = {"versions": versions(), "machine": machine(), "engine": identity()}
    HISTORY.write_text(written(merged | made_by), encoding="utf-8")
    for line in [*summary(merged["values"]), *stated_rules.tables(merged["rules"])]:
        print(line)
    for line in missed:
        print(f"missed: {line}")
    return int(bool(missed))


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """New rows in the place of old ones, two levels deep."""
    deep = {key: {**old.get(key, {}), **rows} if isinstance(rows, dict) else rows for key, rows in new.items()}
    return {**old, **deep}


if __name__ == "__main__":
    raise SystemExit(main())
