"""Attacks on the processes of a campaign: who can reach them, signals, deaths, limits. Run by ``chaos.py``."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import numpy as np

import leoisac as li

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/experiment"))

import open_sockets  # pyright: ignore[reportMissingImports]

TOY = Path(str(open_sockets.__file__)).with_name("toy_system.py")
POWERS = [value / 10 for value in range(-200, -50)]
TRIALS = 200
SCENARIO = f"""
system = "toy-downlink"
schemes = ["equal", "odd"]
trials = {TRIALS}

[sweep]
transmit_power_dbw = {POWERS}
"""
RUN = ("run", "toy.toml", "--store", "store", "--no-plot", "--plugin", str(TOY))
NOBODY = 65534
INTRUDER = """
import json, os, socket, sys
got, tried = [], 0
for process, descriptors in json.load(sys.stdin).items():
    for number in descriptors:
        tried += 1
        try:
            os.open(f"/proc/{process}/fd/{number}", os.O_RDONLY | os.O_NONBLOCK)
            got.append(f"opened descriptor {number} of {process}")
        except OSError:
            pass
for line in open("/proc/net/unix"):
    fields = line.split()
    if len(fields) > 7 and fields[6] in sys.argv[1:]:
        tried += 1
        try:
            socket.socket(socket.AF_UNIX).connect(fields[7].replace("@", chr(0)))
            got.append(f"connected to {fields[7]}")
        except OSError:
            pass
print(json.dumps({"user": os.geteuid(), "tried": tried, "got": got}))
"""


def attacks(count: int, seed: int) -> dict[str, Callable[[Path], dict[str, Any]]]:
    """Name -> attack, in a folder of its own.

    Args:
        count: random moments of those that have any.
        seed: of the moments.
    """
    return {
        "nobody_listens": nobody_listens,
        "foreign_user": foreign_user,
        "signals": lambda place: signals(place, count, seed),
        "dead_workers": lambda place: dead_workers(place, count, seed),
        "dead_campaign": dead_campaign,
        "stopped_and_continued": lambda place: stopped_and_continued(place, count, seed),
        "no_workers": no_workers,
        "workers_leave": workers_leave,
        "descriptor_limit": lambda place: under_limits(place, [f"ulimit -n {number}" for number in (64, 20, 12)], 8),
        "memory_limit": lambda place: under_limits(place, [f"ulimit -v {2**20 * size}" for size in (3, 2, 1)], 2),
    }


def nobody_listens(place: Path) -> dict[str, Any]:
    """All processes of a campaign, looked at all the time: on which sockets do they listen?"""
    with campaign(place, *RUN, "--workers", "2") as process:
        looks, processes, heard = 0, set[int](), set[str]()
        while process.poll() is None:
            tree = open_sockets.process_tree(process.pid)
            processes.update(tree)
            heard |= open_sockets.listening_sockets(tree)
            looks += 1
            time.sleep(0.02)
    return {"looks": looks, "processes": len(processes), "listening": sorted(heard), "same_bits": same_bits(place)}


def foreign_user(place: Path) -> dict[str, Any]:
    """Another user of the machine tries to open every descriptor and to connect to every socket of a campaign."""
    if os.geteuid() != 0:
        return {"skipped": "needs root, to become another user"}
    with campaign(place, *RUN, "--workers", "2") as process:
        wait_until(lambda: published(place / "store") > 3)
        tree = open_sockets.process_tree(process.pid)
        descriptors = {one: os.listdir(f"/proc/{one}/fd") for one in tree}
        links = [
            os.readlink(f"/proc/{one}/fd/{n}") for one, all_ in descriptors.items() for n in all_ if _is_open(one, n)
        ]
        sockets = sorted({link[8:-1] for link in links if link.startswith("socket:")})
        found = subprocess.run(
            ["/usr/bin/env", "python3", "-c", INTRUDER, *sockets],
            input=json.dumps(descriptors),
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd="/",
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )
    return {"processes": len(tree), "sockets": len(sockets), **json.loads(found.stdout), "same_bits": same_bits(place)}


def signals(place: Path, count: int, seed: int) -> dict[str, Any]:
    """SIGINT, SIGTERM and SIGHUP at random moments, the start and the end included; resumed each time."""
    chance, ends, told, orphans, sent = random.Random(seed), Counter[str](), 0, 0, 0
    while sent < count:
        number = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[sent % 3]
        with campaign(place, *RUN, *chance.choice([[], ["--workers", "2"]])) as process:
            late = chance.random() < 0.7  # in the middle of computing, else at any time from the first instruction on
            before = published(place / "store")
            while late and published(place / "store") == before and process.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.random() * (0.3 if late else 4.0))
            if process.poll() is not None:
                break
            workers = open_sockets.workers_of(process.pid)
            process.send_signal(number)
            code = process.wait(120)
        sent += 1
        ends[f"{number.name} {'computing' if late else 'at any time'}: {code if code >= 0 else 128 - code}"] += 1
        told += "continue with:" in errors(place)
        orphans += sum(_still_there(worker) for worker in workers)
    again = leoisac(place, *RUN)
    return {
        "signals": sent,
        "exit_codes": dict(sorted(ends.items())),
        "said_how_to_continue": told,
        "workers_left_behind": orphans,
        "exit_code_of_the_last_run": again,
        "temporary_files_left": sum(1 for _ in (place / "store").rglob("*.tmp")),
        "same_bits": same_bits(place),
    }


def dead_workers(place: Path, count: int, seed: int) -> dict[str, Any]:
    """Workers are killed at random moments: in the middle of a task, at work on nothing, while they start.

    Two of three only after something was stored since the last one: a campaign whose workers are all killed while they
    start gives up after twelve in a row, as it should, and a busy machine is slow to start them.
    """
    chance, killed, before = random.Random(seed), 0, 0
    with campaign(place, *RUN, "--workers", "2") as process:
        while killed < count and process.poll() is None:
            if killed % 3:
                wait_until(lambda: published(place / "store") > before or process.poll() is not None)  # noqa: B023
            before = published(place / "store")
            time.sleep(chance.random() * 3)
            workers = open_sockets.workers_of(process.pid)
            if workers:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(workers), signal.SIGKILL)
                    killed += 1
        code = process.wait(600)
    return {"killed": killed, "exit_code": code, "same_bits": same_bits(place)}


def dead_campaign(place: Path) -> dict[str, Any]:
    """The campaign is killed without a word: how long do its workers live?"""
    with campaign(place, *RUN, "--workers", "2") as process:
        wait_until(lambda: published(place / "store") > 3)
        workers = open_sockets.workers_of(process.pid)
        process.kill()
        start = time.monotonic()
        wait_until(lambda: not any(_still_there(worker) for worker in workers))
        seconds = time.monotonic() - start
    return {"workers": len(workers), "gone_after_s": round(seconds, 2), "resumed": leoisac(place, *RUN), **_same(place)}


def stopped_and_continued(place: Path, count: int, seed: int) -> dict[str, Any]:
    """SIGSTOP and SIGCONT of any process of the campaign, at random moments, for up to half a second."""
    chance, stopped = random.Random(seed), 0
    with campaign(place, *RUN, "--workers", "2", "--wait-workers", "20") as process:
        while stopped < count and process.poll() is None:
            victim = chance.choice(open_sockets.process_tree(process.pid))
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGSTOP)
                time.sleep(chance.random() * 0.5)
                os.kill(victim, signal.SIGCONT)
                stopped += 1
            time.sleep(chance.random() * 0.1)
        code = process.wait(600)
    return {"stopped": stopped, "exit_code": code, "same_bits": same_bits(place)}


def no_workers(place: Path) -> dict[str, Any]:
    """A cluster that has a scheduler and nothing else."""
    with scheduler() as address:
        start = time.monotonic()
        code = leoisac(place, *RUN, "--cluster", address, "--wait-workers", "3")
        seconds = time.monotonic() - start
    return {"exit_code": code, "message": errors(place).replace(address, "tcp://…"), "ended_after_s": round(seconds, 1)}


def workers_leave(place: Path) -> dict[str, Any]:
    """All workers of a cluster die in the middle of the run; the run ends, and is continued with new ones."""
    with scheduler() as address:
        with (
            dask_workers(address) as workers,
            campaign(place, *RUN, "--cluster", address, "--wait-workers", "3") as run,
        ):
            wait_until(lambda: published(place / "store") > 3)
            for worker in workers:
                worker.kill()
            code = run.wait(120)
        message = errors(place).replace(address, "tcp://…")
        with dask_workers(address):
            again = leoisac(place, *RUN, "--cluster", address)
    return {"exit_codes": [code, again], "message": message, "same_bits": same_bits(place)}


def under_limits(place: Path, limits: list[str], workers: int) -> dict[str, Any]:
    """Less and less of something: the run is finished, or ends with a message; without a limit it is finished."""
    ends: dict[str, Any] = {}
    for limit in limits:
        start = time.monotonic()
        code = leoisac(place, *RUN, "--workers", str(workers), before=limit)
        ends[limit] = {
            "exit_code": code,
            "units": published(place / "store"),
            "message": " ".join(errors(place).splitlines()[-2:])[:300],
            "seconds": round(time.monotonic() - start, 1),
        }
        if code == 0 and same_bits(place):
            ends[limit]["same_bits"] = True
            subprocess.run(["rm", "-r", str(place / "store")], check=True)
    return {
        "workers": workers,
        "limits": ends,
        "exit_code_without": leoisac(place, *RUN, "--workers", "2"),
        "same_bits": same_bits(place),
    }


@contextmanager
def campaign(place: Path, *arguments: str, before: str = "true") -> Iterator[subprocess.Popen[bytes]]:
    """The command in a process of its own, whose errors go to a file; killed at the end if it is still there."""
    (place / "toy.toml").write_text(SCENARIO)
    command = f"{before}; exec {sys.executable} -m leoisac {' '.join(arguments)}"
    with (place / "errors").open("wb") as errors_file:
        process = subprocess.Popen(
            ["sh", "-c", command], cwd=place, stdout=subprocess.DEVNULL, stderr=errors_file, stdin=subprocess.DEVNULL
        )
    try:
        yield process
    finally:
        with suppress(subprocess.TimeoutExpired):
            process.wait(600 if process.poll() is None and sys.exc_info()[0] is None else 0)
        process.kill()
        process.wait()


def leoisac(place: Path, *arguments: str, before: str = "true") -> int:
    """Exit status of the command."""
    with campaign(place, *arguments, before=before) as process:
        return process.wait(900)


def errors(place: Path) -> str:
    """What the last command said, without a traceback's machine paths."""
    text = re.sub(r"/\S*/", "…/", (place / "errors").read_text(errors="replace"))
    return text.replace(str(place), "…").strip()


@contextmanager
def scheduler() -> Iterator[str]:
    """Address of a Dask scheduler without workers, in a thread of this process."""
    from distributed import LocalCluster

    web: Any = {"dashboard_address": None, "scheduler_kwargs": {"dashboard_address": "localhost:0"}}
    with LocalCluster(n_workers=0, processes=False, protocol="tcp", **web) as cluster:
        yield str(cast(Any, cluster).scheduler_address)


@contextmanager
def dask_workers(address: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two worker processes of a cluster."""
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started: list[Any] = [subprocess.Popen([*command, "--no-dashboard"], **quiet) for _ in range(2)]
    try:
        yield started
    finally:
        for worker in started:
            worker.kill()
            worker.wait()


def same_bits(place: Path) -> bool:
    """The store holds what an undisturbed run gives."""
    found = li.open_run(place / "store")
    whole = li.run(li.config("toy-downlink"), ["equal", "odd"], {"transmit_power_dbw": POWERS}, trials=TRIALS)
    return found.attrs == whole.attrs and all(
        np.asarray(found[name]).tobytes() == np.asarray(whole[name]).tobytes()
        for name in map(str, whole.variables)
        if whole[name].values.dtype != object
    )


def published(folder: Path) -> int:
    """Units in a store."""
    return sum(1 for _ in folder.glob("units/*/*/[0-9]*.npz"))


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """TimeoutError if it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.005)


def _same(place: Path) -> dict[str, bool]:
    return {"same_bits": same_bits(place)}


def _is_open(process: int, number: str) -> bool:
    return os.path.lexists(f"/proc/{process}/fd/{number}")


def _still_there(process: int) -> bool:
    """It runs; what has ended and is not yet collected does not count."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
