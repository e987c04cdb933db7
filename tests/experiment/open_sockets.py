"""Which processes belong to a campaign, and on what they listen: read from /proc (Linux), without other packages."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")
_LISTENS, _UDP_OPEN, _ACCEPTS = "0A", "07", 0x10000
"""States in /proc/net: a TCP socket that listens, a UDP socket that is bound; flag of a Unix socket that listens."""


def process_tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            # pid (name) state parent …: the name may hold anything but the last bracket.
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for one in found:
        found += parents.get(one, [])
    return found


def workers_of(root: int) -> list[int]:
    """The worker processes below a process."""
    found: list[int] = []
    for process in process_tree(root)[1:]:
        try:
            if b"worker_process" in (PROC / str(process) / "cmdline").read_bytes():
                found.append(process)
        except OSError:
            continue
    return found


def listening_sockets(processes: list[int]) -> set[str]:
    """Sockets of these processes that somebody could connect to: TCP, UDP, Unix with a name or without."""
    open_ones = _connectable()
    return {open_ones[inode] for process in processes for inode in _inodes(process) if inode in open_ones}


def _inodes(process: int) -> set[str]:
    found: set[str] = set()
    try:
        for descriptor in os.scandir(PROC / str(process) / "fd"):
            try:
                target = os.readlink(descriptor.path)
            except OSError:
                continue
            if target.startswith("socket:["):
                found.add(target[len("socket:[") : -1])
    except OSError:
        pass
    return found


def _connectable() -> dict[str, str]:
    """Inode -> what it is and where it listens, of every socket of this machine."""
    found: dict[str, str] = {}
    for name in ("tcp", "tcp6", "udp", "udp6"):
        for fields in _rows(name):
            if fields[3] == (_LISTENS if name.startswith("tcp") else _UDP_OPEN):
                found[fields[9]] = f"{name} {fields[1]}"
    for fields in _rows("unix"):
        if int(fields[3], 16) & _ACCEPTS or len(fields) > 7:
            found[fields[6]] = f"unix {fields[7] if len(fields) > 7 else 'without a name'}"
    return found


def _rows(name: str) -> list[list[str]]:
    try:
        return [line.split() for line in (PROC / "net" / name).read_text().splitlines()[1:]]
    except OSError:
        return []
