"""Would the tests notice? Mutants of the code that judges, and the share of them that its tests kill.

``python benchmarks/mutants.py [--count 300] [--seed 0] [--minutes 60]`` takes that many places by seed, as many from
every folder in proportion to what it holds; changes one operator, comparison or number at each; and runs the test
files that reach the changed line. Needs ``pip install cosmic-ray coverage``. Works on a copy of the checkout and goes
on where it was stopped. A mutant that lives says that no test looks there; all are written to
``benchmarks/history/mutants.json``. ``--living before --label after`` tries those again that lived.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypedDict

ROOT = Path(__file__).resolve().parents[1]
FOLDERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "metrics": (("leoisac/metrics",), ("tests/metrics", "tests/estimation", "tests/problems/test_terms*.py")),
    "estimation": (("leoisac/estimation",), ("tests/estimation", "tests/metrics", "tests/bistatic_rsma")),
    "statistics": (
        (
            "leoisac/experiment/reading/statistics.py",
            "leoisac/experiment/reading/comparison.py",
            "leoisac/experiment/reading/verdicts.py",
            "leoisac/experiment/trials/judge.py",
        ),
        ("tests/experiment",),
    ),
    "association": (
        ("leoisac/systems/coexistence/problem/association.py", "leoisac/systems/coexistence/problem/merging.py"),
        ("tests/coexistence",),
    ),
    "self-backhaul": (("leoisac/systems/self_backhaul/judge",), ("tests/self_backhaul",)),
    "coexistence": (("leoisac/systems/coexistence/judge",), ("tests/coexistence",)),
    "bistatic-rsma": (("leoisac/systems/bistatic_rsma/judge",), ("tests/bistatic_rsma",)),
    "otfs-rsma": (("leoisac/systems/otfs_rsma/judge",), ("tests/otfs_rsma",)),
}
"""Name -> sources, and the tests among which those that reach a changed line are found."""
MOST_SECONDS = 90.0
"""Of processor time, of tests for one mutant, as they took without it."""


class Reach(TypedDict):
    """What a test file runs."""

    seconds: float
    lines: dict[str, list[int]]


class Result(TypedDict):
    """What became of a mutant."""

    folder: str
    file: str
    operator: str
    occurrence: int
    killed: bool
    change: str


Place = tuple[str, str, int]
"""File, operator and occurrence."""

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


def places(folder: Path, sources: tuple[str, ...]) -> list[Place]:
    """File, operator and occurrence of every mutant."""
    from cosmic_ray.ast import ast_nodes, get_ast  # pyright: ignore[reportMissingImports]
    from cosmic_ray.plugins import get_operator  # pyright: ignore[reportMissingImports]

    found: list[Place] = []
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


def test_files(folder: Path, wanted: tuple[str, ...]) -> list[str]:
    """Test files of folders and patterns."""
    found = [
        path
        for one in wanted
        for path in ((folder / one).rglob("test_*.py") if (folder / one).is_dir() else folder.glob(one))
    ]
    return sorted(str(path.relative_to(folder)) for path in found)


def mutated(code: str, name: str, occurrence: int) -> str | None:
    from cosmic_ray.mutating import mutate_code  # pyright: ignore[reportMissingImports]
    from cosmic_ray.plugins import get_operator  # pyright: ignore[reportMissingImports]

    return mutate_code(code, get_operator(f"core/{name}")(), occurrence)


def environment(folder: Path) -> dict[str, str]:
    here = (str(folder), os.environ.get("PYTHONPATH", ""))
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, here)),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def processor_seconds() -> float:
    """Of the processes that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


def reached(folder: Path, names: Iterable[str], python: str, kept: Path) -> dict[str, Reach]:
    """Test file -> the time that it takes and the lines of all sources that it reaches (package ``coverage``).

    Whole files: what one test makes, another of the file may look at. Kept in ``kept``, so that it is found out once.
    """
    known: dict[str, Reach] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    sources = sorted({source for found, _ in FOLDERS.values() for source in found})
    include = ",".join(f"{source}/*" if (folder / source).is_dir() else source for source in sources)
    for name in names:
        if name in known:
            continue
        print("reach", name, flush=True)
        data, found = folder / ".coverage-one", folder / "coverage-one.json"
        data.unlink(missing_ok=True)
        begun = processor_seconds()
        run = [python, "-m", "coverage", "run", f"--data-file={data}", f"--include={include}"]
        pytest = ["-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", name]
        done = subprocess.run([*run, *pytest], cwd=folder, env=environment(folder), capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name} fails without a mutant:\n{done.stdout.decode()[-2000:]}")
        seconds = processor_seconds() - begun  # whatever else the machine does
        report = [python, "-m", "coverage", "json", f"--data-file={data}", "-q", "-o", str(found)]
        subprocess.run(report, cwd=folder, env=environment(folder), capture_output=True, check=False)
        files = json.loads(found.read_text(encoding="utf-8"))["files"] if found.exists() else {}
        found.unlink(missing_ok=True)
        known[name] = {"seconds": seconds, "lines": {file: one["executed_lines"] for file, one in files.items()}}
        kept.write_text(json.dumps(known), encoding="utf-8")
    return known


def body_lines(code: str) -> set[int]:
    """Lines inside functions: the others are run by whoever imports."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    found: set[int] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, functions):
            body = node.body if isinstance(node.body, list) else [node.body]
            found |= set(range(body[0].lineno, (body[-1].end_lineno or 0) + 1))
    return found


def statement_of(code: str, line: int) -> set[int]:
    """Lines of the innermost statement that holds ``line``: a statement of several lines is reached at its first."""
    spans = [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    first, last = min(spans, key=lambda span: span[1] - span[0], default=(line, line))
    return set(range(first, last + 1))


def looking(reach: dict[str, Reach], file: str, code: str, line: int) -> list[str]:
    """Test files that reach the line, the quickest first; for lines run at import those that use the file most."""
    body = body_lines(code)
    wanted = statement_of(code, line)
    hit = {name: set(one["lines"].get(file, ())) for name, one in reach.items()}
    if wanted & body:
        names = sorted((name for name in reach if hit[name] & wanted), key=lambda name: reach[name]["seconds"])
    else:
        names = sorted((name for name in reach if hit[name] & body), key=lambda name: -len(hit[name] & body))
    found, spent = list[str](), 0.0
    for name in names:
        if found and spent + reach[name]["seconds"] > MOST_SECONDS:
            break
        found.append(name)
        spent += reach[name]["seconds"]
    return found


def lives(folder: Path, tests: list[str], python: str, timeout_s: float) -> bool:
    """Whether the tests pass."""
    if not tests:
        return True
    command = [python, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment(folder), capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def difference(before: str, after: str) -> list[str]:
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return [f"{number}: {old.strip()} -> {new.strip()}" for number, (old, new) in enumerate(pairs, 1) if old != new]


def sample(folder: Path, count: int, seed: int) -> tuple[list[tuple[str, Place]], dict[str, int]]:
    """Mutants by seed, as many from every folder in proportion to what it holds, shuffled; and what each folder holds.

    Whenever the list is left, what was tried is a sample.
    """
    everything = {name: places(folder, sources) for name, (sources, _) in FOLDERS.items()}
    total = sum(map(len, everything.values()))
    chance = random.Random(seed)
    chosen = [
        (name, place)
        for name, found in everything.items()
        for place in chance.sample(found, min(len(found), round(count * len(found) / total)))
    ]
    chance.shuffle(chosen)
    return chosen, {name: len(found) for name, found in everything.items()}


def again(folder: Path, one: Result) -> Place | None:
    """Where a mutant of a record is now: its file may have changed since; None where its line has."""
    before = (folder / one["file"]).read_text(encoding="utf-8")
    line = one["change"].partition(": ")[2]
    for occurrence in sorted(range(2000), key=lambda index: abs(index - one["occurrence"])):
        after = mutated(before, one["operator"], occurrence)
        if after is None or after == before:
            if occurrence > one["occurrence"]:
                return None
        elif difference(before, after)[0].partition(": ")[2] == line:
            return one["file"], one["operator"], occurrence
    return None


def summary(results: list[Result]) -> dict[str, str]:
    """Killed of tried, by folder."""
    tried, killed = (
        Counter(one["folder"] for one in results),
        Counter(one["folder"] for one in results if one["killed"]),
    )
    return {name: f"{killed[name]} of {tried[name]}" for name in sorted(tried)} | {
        "all": f"{killed.total()} of {tried.total()}"
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=240.0, help="stop after this time; started again, it goes on")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds after which a mutant counts as killed")
    parser.add_argument("--python", default=sys.executable, help="the Python that runs the tests")
    parser.add_argument("--label", default="now", help="name of the record, such as before or after")
    parser.add_argument("--living", help="label of a record: only those that lived there")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/history/mutants.json")
    parser.add_argument(
        "--reach", type=Path, default=ROOT / "runs/reach.json", help="what test files reach is kept here"
    )
    options = parser.parse_args()
    end = time.monotonic() + 60.0 * options.minutes
    options.reach.parent.mkdir(parents=True, exist_ok=True)
    record: dict[str, Any] = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {}
    results: list[Result] = record.get(options.label, {}).get("results", [])
    tried = {(one["file"], one["operator"], one["occurrence"]) for one in results}
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name) / "copy"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", ".venv", "runs", "__pycache__", ".*_cache"))
        chosen, held = sample(folder, options.count, options.seed)
        if options.living:
            lived = [one for one in record[options.living]["results"] if not one["killed"]]
            chosen = [(one["folder"], place) for one in lived if (place := again(folder, one)) is not None]
        wanted = {name: test_files(folder, tests) for name, (_, tests) in FOLDERS.items()}
        reach = reached(folder, sorted(set().union(*wanted.values())), options.python, options.reach)
        for name, place in chosen:
            file, operator, occurrence = place
            before = (folder / file).read_text(encoding="utf-8")
            after = mutated(before, operator, occurrence)
            if place in tried or after is None or after == before:
                continue
            if time.monotonic() > end:
                break
            change = difference(before, after)
            tests = looking(
                {test: reach[test] for test in wanted[name]}, file, before, int(change[0].partition(":")[0])
            )
            (folder / file).write_text(after, encoding="utf-8")
            killed = not lives(folder, tests, options.python, options.timeout)
            (folder / file).write_text(before, encoding="utf-8")
            print("killed" if killed else "lives ", file, change[0], flush=True)
            results.append(
                {
                    "folder": name,
                    "file": file,
                    "operator": operator,
                    "occurrence": occurrence,
                    "killed": killed,
                    "change": change[0],
                }
            )
            record[options.label] = {
                "seed": options.seed,
                "places": held,
                "killed": summary(results),
                "results": results,
            }
            options.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
