"""Runs campaigns in child processes that may be killed. Started by tests as a program of its own.

Reads lines of JSON (a list: a folder, and arguments of ``leoisac``) from standard input; for each it forks a child that
runs the command in the folder, prints the child's process number, and, when the child has ended, its wait status. What
the child prints as an error goes to the file ``errors`` of the folder. The packages are imported once, before any fork;
the JAX backend starts in the children.
"""

from __future__ import annotations

import json
import os
import signal
import sys

import xarray as xr

import leoisac.cli.running
import leoisac.experiment.running.resuming
import leoisac.experiment.running.runner  # noqa: F401
from leoisac import cli


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started the tests with it ignored
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    xr.Dataset({"any": 1})  # loads what xarray loads late
    for line in sys.stdin:
        folder, *arguments = json.loads(line)
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(os.open("errors", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
            sys.argv = ["leoisac", *arguments]
            code = 1
            try:
                code = int(cli.app(arguments, standalone_mode=False) or 0)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
            os._exit(code)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


main()
