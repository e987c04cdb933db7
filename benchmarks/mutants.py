"""Would the tests notice? Mutants of the code that judges, and the share of them that its tests kill.

``python benchmarks/mutants.py [--count 300] [--seed 0] [--only FOLDER ...] [--minutes 60]`` takes that many places by
seed, as many from every folder in proportion to what it holds; changes one operator, comparison or number at each
(operators of the package ``cosmic-ray``, which must be installed: ``pip install cosmic-ray``); and runs the tests of
that folder. Works on a copy of the checkout. A mutant that lives says that no test looks there; what lived, with its
difference, is written to ``benchmarks/history/mutants.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "metrics": (("leoisac/metrics",), ("tests/metrics",)),
    "estimation": (("leoisac/estimation",), ("tests/estimation",)),
    "statistics": (
        (
            "leoisac/experiment/reading/statistics.py",
            "leoisac/experiment/reading/comparison.py",
            "leoisac/experiment/reading/verdicts.py",
            "leoisac/experiment/trials/judge.py",
        ),
        (
            "tests/experiment/test_comparison.py",
            "tests/experiment/test_statistical_intervals.py",
            "tests/experiment/test_judging.py",
            "tests/experiment/test_stopping_rules.py",
        ),
    ),
    "association": (
        ("leoisac/systems/coexistence/problem/association.py", "leoisac/systems/coexistence/problem/merging.py"),
        ("tests/coexistence/test_coexistence_allocation.py", "tests/coexistence/test_coexistence_schemes.py"),
    ),
    "self-backhaul": (
        ("leoisac/systems/self_backhaul/judge",),
        (
            "tests/self_backhaul/test_evaluate.py",
            "tests/self_backhaul/test_worst_case.py",
            "tests/self_backhaul/test_sensing.py",
            "tests/self_backhaul/test_adversary.py",
        ),
    ),
    "coexistence": (
        ("leoisac/systems/coexistence/judge",),
        ("tests/coexistence/test_coexistence_schemes.py", "tests/coexistence/test_places_and_protection.py"),
    ),
    "bistatic-rsma": (
        ("leoisac/systems/bistatic_rsma/judge",),
        ("tests/bistatic_rsma/test_bistatic_evaluate.py", "tests/bistatic_rsma/test_bistatic_sensing.py"),
    ),
    "otfs-rsma": (("leoisac/systems/otfs_rsma/judge",), ("tests/otfs_rsma/test_otfs_evaluate.py",)),
}
"""Name -> sources, and the tests that look at them, the quickest first."""

OPERATORS = (
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_Pow_Mul",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_Lt_Gt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_Gt_Lt",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "AddNot",
    "NumberReplacer",
)


def places(folder: Path, sources: tuple[str, ...]) -> list[tuple[str, str, int]]:
    """File, operator and occurrence of every mutant."""
    from cosmic_ray.ast import ast_nodes, get_ast  # pyright: ignore[reportMissingImports]
    from cosmic_ray.plugins import get_operator  # pyright: ignore[reportMissingImports]

    found: list[tuple[str, str, int]] = []
    for source in sources:
        files = sorted((folder / source).rglob("*.py")) if (folder / source).is_dir() else [folder / source]
        for file in files:
            tree = get_ast(file.read_text(encoding="utf-8"))
            nodes = list(ast_nodes(tree))
            for name in OPERATORS:
                operator = get_operator(f"core/{name}")()
                count = sum(len(list(operator.mutation_positions(node))) for node in nodes)
                found += [(str(file.relative_to(folder)), name, index) for index in range(count)]
    return found


def mutated(code: str, name: str, occurrence: int) -> str | None:
    from cosmic_ray.mutating import mutate_code  # pyright: ignore[reportMissingImports]
    from cosmic_ray.plugins import get_operator  # pyright: ignore[reportMissingImports]

    return mutate_code(code, get_operator(f"core/{name}")(), occurrence)


def lives(folder: Path, tests: tuple[str, ...], python: str, timeout_s: float) -> bool:
    """Whether the tests pass."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [python, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def difference(before: str, after: str) -> list[str]:
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return [f"{number}: {old.strip()} -> {new.strip()}" for number, (old, new) in enumerate(pairs, 1) if old != new]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=list(FOLDERS))
    parser.add_argument("--minutes", type=float, default=240.0, help="stop after this time; what was tried is kept")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds after which a mutant counts as killed")
    parser.add_argument("--python", default=sys.executable, help="the Python that runs the tests")
    parser.add_argument("--label", default="now", help="name of the record, such as before or after")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/history/mutants.json")
    options = parser.parse_args()
    end = time.monotonic() + 60.0 * options.minutes
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "copy"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", ".venv", "runs", "__pycache__", ".*_cache"))
        everything = {name: places(folder, FOLDERS[name][0]) for name in options.only}
        total = sum(map(len, everything.values()))
        chance = random.Random(options.seed)
        chosen = [
            (name, place)
            for name, found in everything.items()
            for place in chance.sample(found, min(len(found), round(options.count * len(found) / total)))
        ]
        chance.shuffle(chosen)  # whenever it is stopped, it is a sample
        tried, killed, living = Counter[str](), Counter[str](), list[dict[str, Any]]()
        for name, (file, operator, occurrence) in chosen:
            if time.monotonic() > end:
                break
            before = (folder / file).read_text(encoding="utf-8")
            after = mutated(before, operator, occurrence)
            if after is None or after == before:
                continue
            (folder / file).write_text(after, encoding="utf-8")
            survived = lives(folder, FOLDERS[name][1], options.python, options.timeout)
            (folder / file).write_text(before, encoding="utf-8")
            tried[name] += 1
            killed[name] += not survived
            changed = difference(before, after)
            print("lives " if survived else "killed", file, *changed[:1], flush=True)
            if survived:
                living.append({"file": file, "operator": operator, "change": changed})
            record = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {}
            record[options.label] = {
                "seed": options.seed,
                "mutants": dict(sorted(tried.items())),
                "killed": {item: killed[item] for item in sorted(tried)},
                "places": {item: len(found) for item, found in everything.items()},
                "living": living,
            }
            options.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
