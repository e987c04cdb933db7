"""Attacks on stores for ``benchmarks/chaos.py``: accidents to files, a store removed or shared, clocks that jump."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from chaos import POWERS, SCENARIO, TESTS, TOY, TRIALS, leoisac, published, same_bits, undisturbed

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.store.folders import open_store
from leoisac.experiment.store.targets import unit_keys

_CLOCK_SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long jump(void) { return random() % 600000000 - 300000000; }  /* up to ten years either way */
int clock_gettime(clockid_t clock, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(clock, t);
    if (clock == CLOCK_REALTIME && code == 0) t->tv_sec += jump();
    return code;
}
time_t time(time_t *out) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out) *out = t.tv_sec;
    return t.tv_sec;
}
int gettimeofday(struct timeval *t, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"""


def accidents(place: Path, count: int, seed: int) -> dict[str, Any]:
    """Flips, cuts, overwrites, insertions, swaps, copies, renames; forged manifests; every single bit of one unit."""
    sys.path.insert(0, str(TESTS))
    from store_attacks import Attacker, make_store  # pyright: ignore[reportMissingImports]

    make_store(place / "store")
    attacker = Attacker(place / "store", seed)
    for _ in range(count):
        attacker.accident()
    found: dict[str, Any] = {"accidents": count, "outcomes": dict(attacker.outcomes)}
    attacker.outcomes.clear()
    for number in range(count // 5):
        attacker.forgery(*(("status", "verify", "export", "check", "plot", "report") if number % 100 == 0 else ()))
    found |= {"forged_manifests": count // 5, "outcomes_of_forgeries": dict(attacker.outcomes)}
    found["single_bits_of_a_unit"] = _every_bit(place / "store", attacker.faults)
    return found | {"faults": attacker.faults[:20], "number_of_faults": len(attacker.faults)}


def _every_bit(folder: Path, faults: list[str]) -> dict[str, int]:
    store = open_store(folder, catalogue.find)
    key = unit_keys(store.system, store.manifest.studies.values())[0]
    file = store.files(key)[0]
    content, whole = file.read_bytes(), store.read_file(key, file)
    outcomes: Counter[str] = Counter()
    for position in range(8 * len(content)):
        changed = bytearray(content)
        changed[position // 8] ^= 1 << position % 8
        file.write_bytes(bytes(changed))
        try:
            unit = store.read_file(key, file)
        except li.StoreError:
            outcomes["refused"] += 1
            continue
        except Exception as error:
            outcomes["traceback"] += 1
            faults.append(f"bit {position}: {type(error).__name__}: {error}")
            continue
        same = set(unit.arrays) == set(whole.arrays) and all(
            unit.arrays[name].tobytes() == array.tobytes() for name, array in whole.arrays.items()
        )
        outcomes["same bits" if same else "other numbers"] += 1
        if not same:
            faults.append(f"bit {position}: other numbers")
    file.write_bytes(content)
    return dict(outcomes)


def removed(place: Path) -> dict[str, Any]:
    """The store is removed, or moved away, under a campaign: it stops and says so, and no half store is left."""
    powers = POWERS[::4]
    (place / "toy.toml").write_text(SCENARIO.replace(str(POWERS), str(powers)))
    found: dict[str, Any] = {}
    for how in ("removed", "moved"):
        running = _start(place, "run", "toy.toml", "--store", how, "--no-plot")
        _wait_for_units(place / how, 30)
        (place / how).rename(place / "away")
        if how == "removed":
            shutil.rmtree(place / "away")
        message = running.communicate()[1].strip().splitlines()[-1]
        left = (place / how).exists()
        if how == "moved":
            (place / "away").rename(place / how)
        again = leoisac("run", "toy.toml", "--store", how, "--no-plot", "--plugin", str(TOY), cwd=place)
        found[how] = {
            "message": message,
            "exit_codes": [running.returncode, again.returncode],
            "half_store_left": left,
            "same_bits": same_bits(place / how, undisturbed(powers, TRIALS)),
        }
    return found


def read_only_verbs(place: Path) -> dict[str, Any]:
    """Every verb that reads works on a store that may not be written, as a user who is refused."""
    (place / "toy.toml").write_text(SCENARIO.replace(str(POWERS), str(POWERS[:5])))
    made = leoisac("run", "toy.toml", "--store", "store", "--no-plot", "--plugin", str(TOY), cwd=place)
    assert made.returncode == 0, made.stderr
    folder, out = place / "store", place / "out"
    out.mkdir()
    out.chmod(0o777)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    place.chmod(0o755)
    root = os.geteuid() == 0
    nobody = f"{shutil.which('setpriv')} --reuid 65534 --regid 65534 --clear-groups" if root else ""
    home = f"HOME={out} MPLCONFIGDIR={out} XDG_CACHE_HOME={out}"
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    verbs = {
        "status": ("status", "store"),
        "check": ("check", "store"),
        "verify": ("verify", "store"),
        "plot": ("plot", "store", "--out", "out/a.png"),
        "export": ("export", "store", "--out", "out/a.csv"),
        "report": ("report", "store", "--out", "out/a.html"),
        "report without --out": ("report", "store"),
        "check --repair": ("check", "store", "--repair"),
        "resume": ("resume", "store", "--trials", "500"),
    }
    results: dict[str, Any] = {}
    for name, verb in verbs.items():
        done = leoisac(*verb, "--plugin", str(TOY), cwd=place, before=f"env {home} {nobody}")
        message = done.stderr.strip().splitlines()[-1:] if done.returncode else []
        results[name] = {"exit_code": done.returncode, **({"message": message[0]} if message else {})}
    unchanged = all(file.read_bytes() == content for file, content in before.items())
    return {"how": "no write permission" + (", as the user nobody" if root else ""), "verbs": results} | {
        "unchanged": unchanged
    }


def two_runs_at_once(place: Path) -> dict[str, Any]:
    """Two campaigns with other trials and schemes write to one store; both get theirs, the store holds the union."""
    powers = POWERS[::4]
    (place / "toy.toml").write_text(SCENARIO.replace(str(POWERS), str(powers)))
    asked = (("--trials", "150", "--schemes", "equal"), ("--trials", "300", "--schemes", "fill,equal"))
    runs = [_start(place, "run", "toy.toml", "--store", "store", "--no-plot", *options) for options in asked]
    errors = [run.communicate()[1].strip() for run in runs]
    found: Any = li.open_run(place / "store")
    schemes = [str(name) for name in found["scheme"].values]
    whole: Any = li.run(li.config("toy-downlink"), schemes, {"transmit_power_dbw": powers}, trials=300)
    return {
        "exit_codes": [run.returncode for run in runs],
        "messages": [error for error in errors if error],
        "schemes": sorted(schemes),
        "units": published(place / "store"),
        "sound": li.check_store(place / "store").sound,
        "same_bits": all(
            np.asarray(found[name]).tobytes() == np.asarray(whole[name]).tobytes()
            for name in whole.variables
            if whole[name].values.dtype != object
        ),
    }


def system_clock_jump(place: Path) -> dict[str, Any]:
    """Every look of the process at the wall clock, from C code too, jumps by up to ten years."""
    if not (compiler := shutil.which("cc") or shutil.which("gcc")):
        return {"skipped": "neither faketime nor a C compiler is installed here"}
    (place / "clock.c").write_text(_CLOCK_SHIM)
    shim = place / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(shim), str(place / "clock.c"), "-ldl"], check=True)
    powers = POWERS[:5]
    (place / "toy.toml").write_text(SCENARIO.replace(str(POWERS), str(powers)))
    arguments = ("toy.toml", "--store", "store", "--no-plot", "--plugin", str(TOY))
    jumping = f"env LD_PRELOAD={shim}"
    codes = [
        leoisac("run", *arguments, "--trials", "60", cwd=place, before=jumping).returncode,
        leoisac("run", *arguments, cwd=place, before=jumping).returncode,
        leoisac("status", "store", "--plugin", str(TOY), cwd=place, before=jumping).returncode,
        leoisac("check", "store", "--plugin", str(TOY), cwd=place, before=jumping).returncode,
    ]
    return {
        "how": "a preloaded library jumps CLOCK_REALTIME (faketime is not installed here)",
        "exit_codes": codes,
        "same_bits": same_bits(place / "store", undisturbed(powers, TRIALS)),
    }


def _start(place: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "leoisac", *arguments, "--plugin", str(TOY)]
    return subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _wait_for_units(folder: Path, count: int) -> None:
    late = time.monotonic() + 300
    while published(folder) < count and time.monotonic() < late:
        time.sleep(0.002)


def store_attacks_of(count: int, seed: int) -> dict[str, Callable[[Path], dict[str, Any]]]:
    """Name in the record -> attack; ``count`` accidents."""
    return {
        "store_accidents": lambda place: accidents(place, count, seed),
        "store_removed": removed,
        "store_read_only_verbs": read_only_verbs,
        "store_two_runs_at_once": two_runs_at_once,
        "store_system_clock_jump": system_clock_jump,
    }
