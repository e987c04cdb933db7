"""Campaigns under attack: kills, full disks, read-only stores, cut chunks, clocks that jump; ``chaos_processes``.

``python benchmarks/chaos.py [--kills 200] [--out benchmarks/history/chaos.json]`` runs the toy downlink of the tests
through the command line, attacks it, resumes it, and compares the final dataset with an undisturbed one, bit by bit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import chaos_processes
import numpy as np

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.trials.provenance import machine, versions

TESTS = Path(__file__).parents[1] / "tests/experiment"
TOY, FORKED = TESTS / "toy_system.py", TESTS / "forked_runs.py"
POWERS = [value / 10 for value in range(-200, 200)]
TRIALS = 100
SCENARIO = f"""
system = "toy-downlink"
schemes = ["equal"]
trials = {TRIALS}

[sweep]
transmit_power_dbw = {POWERS}
"""
CLOCK = """
import random, time
from leoisac import catalogue
SYSTEM = None
_real = {name: getattr(time, name) for name in ("time", "monotonic", "perf_counter")}
_chance = random.Random(5)
for _name, _function in _real.items():
    setattr(time, _name, lambda _function=_function: _function() + _chance.uniform(-3e8, 3e8))
(SYSTEM,) = catalogue.load_plugin(%r)
"""


def undisturbed(powers: list[float], trials: int) -> Any:
    return li.run(li.config("toy-downlink"), ["equal"], {"transmit_power_dbw": powers}, trials=trials)


def same_bits(folder: Path, whole: Any) -> bool:
    found = li.open_run(folder)
    return found.attrs == whole.attrs and all(
        np.asarray(found[name]).tobytes() == np.asarray(whole[name]).tobytes()
        for name in whole.variables
        if whole[name].values.dtype != object
    )


def leoisac(*arguments: str, cwd: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    command = " ".join([before, sys.executable, "-m", "leoisac", *arguments])
    return subprocess.run(["sh", "-c", command], cwd=cwd, capture_output=True, text=True, check=False)


def published(folder: Path) -> int:
    return sum(1 for _ in folder.glob("units/*/*/[0-9]*.npz"))


def kills(place: Path, count: int, minutes: float, seed: int, points: int) -> dict[str, Any]:
    """Kill -9 at random moments, resume each time: before the first unit, between units, within a write."""
    end = time.monotonic() + 60 * minutes
    powers = POWERS[:points]
    (place / "toy.toml").write_text(SCENARIO.replace(str(POWERS), str(powers)))
    chance, folder = random.Random(seed), place / "store"
    runner = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(FORKED)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=place,
    )
    assert runner.stdin is not None
    assert runner.stdout is not None

    def start(*arguments: str) -> int:
        assert runner.stdin is not None
        assert runner.stdout is not None
        runner.stdin.write(json.dumps([*arguments, "--plugin", str(TOY)]) + "\n")
        runner.stdin.flush()
        return int(runner.stdout.readline())

    done = scraps = 0
    while done < count and time.monotonic() < end:
        verb = ["resume", "store"] if (folder / "manifest.json").exists() else ["run", "toy.toml", "--store", "store"]
        child = start(*verb, *([] if verb[0] == "resume" else ["--no-plot"]))
        goal = published(folder) + chance.choice([0, 1, 1, 2, 4])
        late = time.monotonic() + 120
        while published(folder) < goal and time.monotonic() < late:
            time.sleep(0.001)
        time.sleep(chance.random() * (0.5 if goal == 0 else 0.02))
        with suppress(ProcessLookupError):  # the campaign was finished first
            os.kill(child, signal.SIGKILL)
        if int(runner.stdout.readline()) != signal.SIGKILL:
            break
        done += 1
        scraps += any(True for _ in folder.rglob("*.tmp"))
    left = len(powers) * TRIALS
    left -= sum(stop - first for first, stop in _intervals(folder))
    start("resume", "store")
    code = int(runner.stdout.readline())
    runner.stdin.close()
    runner.wait()
    return {
        "kills": done,
        "units": published(folder),
        "kills_within_a_write": scraps,
        "trials_left_after_the_last_kill": left,
        "resumed": code == 0,
        "same_bits": same_bits(folder, undisturbed(powers, TRIALS)),
        "temporary_files_left": sum(1 for _ in folder.rglob("*.tmp")),
    }


def disk_full(place: Path) -> dict[str, Any]:
    """A file system of 500 KiB fills; the message names a file; with more room the run goes on."""
    (place / "toy.toml").write_text(SCENARIO)
    with small_disk(place / "disk") as (disk, kind, grow, before):
        arguments = ("run", "toy.toml", "--store", str(disk / "s"), "--no-plot", "--plugin", str(TOY))
        stopped = leoisac(*arguments, cwd=place, before=before)
        kept = {file: file.read_bytes() for file in disk.rglob("*.npz")}
        grow()
        continued = leoisac(*arguments, cwd=place)
        return {
            "how": kind,
            "message": stopped.stderr.strip().splitlines()[-1].replace(str(place), "…") if stopped.stderr else "",
            "exit_codes": [stopped.returncode, continued.returncode],
            "units_before": len(kept),
            "units_kept": all(file.exists() and file.read_bytes() == content for file, content in kept.items()),
            "same_bits": same_bits(disk / "s", undisturbed(POWERS, TRIALS)),
        }


@contextmanager
def small_disk(disk: Path) -> Iterator[tuple[Path, str, Callable[[], None], str]]:
    """A folder with little room, how it was made, how to give it more, and what to put before a command."""
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=500k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:  # mounting is not allowed here: no file may be larger than 8 KiB
        yield disk, "RLIMIT_FSIZE of 8 KiB", lambda: None, "ulimit -f 16;"
        return
    try:
        more = ["mount", "-o", "remount,size=200m", str(disk)]
        yield disk, "tmpfs of 500 KiB", lambda: subprocess.run(more, check=True) and None, ""
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def read_only(place: Path) -> dict[str, Any]:
    """A store that may not be written is refused by ``run``, and read by everything else."""
    folder, whole = _short_run(place)
    content = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    place.chmod(0o755)
    nobody = f"{shutil.which('setpriv') or 'setpriv'} --reuid 65534 --regid 65534 --clear-groups" if _is_root() else ""
    refused = leoisac("resume", "store", "--trials", "500", "--plugin", str(TOY), cwd=place, before=nobody)
    return {
        "how": "files and folders without write permission" + (", as the user nobody" if nobody else ""),
        "message": refused.stderr.strip().splitlines()[-1] if refused.stderr else "",
        "exit_code": refused.returncode,
        "unchanged": all(file.read_bytes() == before for file, before in content.items()),
        "same_bits": same_bits(folder, whole),
    }


def cut_chunk(place: Path) -> dict[str, Any]:
    """A unit is cut short: refused by name, set aside by ``--repair``, computed anew."""
    folder, whole = _short_run(place)
    file = sorted(folder.rglob("*.npz"))[1]
    file.write_bytes(file.read_bytes()[:-137])
    refused = leoisac("resume", "store", "--plugin", str(TOY), cwd=place)
    repaired = leoisac("resume", "store", "--repair", "--plugin", str(TOY), cwd=place)
    return {
        "message": refused.stderr.strip().splitlines()[-1],
        "named": file.name in refused.stderr,
        "exit_codes": [refused.returncode, repaired.returncode],
        "same_bits": same_bits(folder, whole),
    }


def clock_jump(place: Path) -> dict[str, Any]:
    """Every look at a clock jumps by up to ten years; times of files lie before 1980 and after 2100."""
    (place / "clock.py").write_text(CLOCK % str(TOY))
    (place / "toy.toml").write_text(_short_scenario())
    arguments = ("toy.toml", "--store", "store", "--no-plot", "--plugin", "clock.py")
    first = leoisac("run", *arguments, "--trials", "150", cwd=place)
    for position, file in enumerate(sorted((place / "store").rglob("*"))):
        os.utime(file, (1e8, 1e8) if position % 2 else (4.2e9, 4.2e9))
    second = leoisac("run", *arguments, cwd=place)
    return {
        "exit_codes": [first.returncode, second.returncode],
        "same_bits": same_bits(place / "store", undisturbed(POWERS[:5], 300)),
    }


def _short_scenario() -> str:
    return SCENARIO.replace(str(POWERS), str(POWERS[:5])).replace(f"trials = {TRIALS}", "trials = 300")


def _short_run(place: Path) -> tuple[Path, Any]:
    (place / "toy.toml").write_text(_short_scenario())
    done = leoisac("run", "toy.toml", "--store", "store", "--no-plot", "--plugin", str(TOY), cwd=place)
    assert done.returncode == 0, done.stderr
    return place / "store", undisturbed(POWERS[:5], 300)


def _intervals(folder: Path) -> list[tuple[int, int]]:
    names = [file.name.split(".")[0].split("-") for file in folder.glob("units/*/*/[0-9]*.npz")]
    return [(int(first), int(stop)) for first, stop in names]


def _is_root() -> bool:
    return os.geteuid() == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=60.0, help="end the kills after this time")
    parser.add_argument("--seed", type=int, default=7, help="of the moments of the kills")
    parser.add_argument("--points", type=int, default=400, help="sweep points of the campaign that is killed")
    parser.add_argument("--accidents", type=int, default=10_000, help="accidents to files of a store")
    parser.add_argument("--moments", type=int, default=20, help="of signals, stops and deaths of workers")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "history/chaos.json")
    options = parser.parse_args()
    catalogue.load_plugin(TOY)
    from chaos_store import store_attacks_of  # it uses what stands above

    for name in ("SIGINT", "SIGHUP"):  # a shell may have started this with them ignored, and so would be its children
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    attacks: dict[str, Callable[[Path], dict[str, Any]]] = {
        "disk_full": disk_full,
        "read_only": read_only,
        "cut_chunk": cut_chunk,
        "clock_jump": clock_jump,
        "kills": lambda place: kills(place, options.kills, options.minutes, options.seed, options.points),
        **store_attacks_of(options.accidents, options.seed),
        **chaos_processes.attacks(options.moments, options.seed),
    }
    record = json.loads(options.out.read_text()) if options.out.exists() else {}
    record |= {"machine": machine(), "versions": versions()}
    for name, attack in attacks.items():
        if options.only and name not in options.only:
            continue
        with tempfile.TemporaryDirectory() as place:
            start = time.monotonic()
            found = attack(Path(place)) | {"seconds": round(time.monotonic() - start, 1)}
        if name == "kills":  # at other moments with every seed: they add up
            record[name] = [*record.get(name, []), {"seed": options.seed, **found}]
        else:
            record[name] = found
        print(name, json.dumps(found, indent=1), flush=True)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
