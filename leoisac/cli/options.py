"""Options and arguments that several verbs of the command line share."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from leoisac import catalogue
from leoisac.experiment.names import shell_command
from leoisac.experiment.running.placement import Certificates, Placement, placement
from leoisac.experiment.scenario.files import NONE
from leoisac.foundation.config import ConfigError, shown


def _load_plugins(paths: list[Path] | None) -> list[Path] | None:
    for path in paths or []:
        catalogue.load_plugin(path)
    return paths


Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        help="Python file that defines further systems or schemes; may be repeated.",
        callback=_load_plugins,
        is_eager=True,
    ),
]


def command_of(verb: str, folder: Path, made_with: Iterable[str] = ()) -> str:
    """``leoisac VERB DIR``, with the plugin files that a store needs: those loaded here, or else those of its runs."""
    needed = tuple(made_with)
    command = f"leoisac {verb.replace('DIR', shlex.quote(str(folder)))}"
    return shell_command(command, (catalogue.plugin_files() or needed) if needed else ())


StoreFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a result store.")]


Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", help="Compute in N processes of this machine, one thread each."),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="tls://HOST:PORT", help="Compute on an existing Dask cluster (tcp:// without encryption)."
    ),
]
WaitWorkers = Annotated[
    float | None,
    typer.Option(
        "--wait-workers",
        metavar="SECONDS",
        help="End when there was no worker for so long (default 600, with --cluster 60).",
    ),
]
TlsCa = Annotated[
    Path | None,
    typer.Option("--tls-ca-file", metavar="FILE", help="Certificate of the authority that a cluster trusts."),
]
TlsCert = Annotated[
    Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate of this process, for a cluster with TLS.")
]
TlsKey = Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key.")]
Device = Annotated[
    str | None, typer.Option("--device", metavar="cpu|gpu", help="Device that JAX uses (default: what it finds).")
]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="auto|jax|native",
        help="Engine of the designs: JAX, or machine code by this machine's C++ compiler (default: the store's own, "
        "else native where there is a compiler; see leoisac doctor).",
    ),
]
Footnote = Annotated[
    bool, typer.Option("--footnote/--no-footnote", help="Write system, settings, trials and seed below the picture.")
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="CONDITION",
        help='Go on from --trials until intervals are this narrow: "ci(sum_rate) < 0.5%", joined by "and".',
    ),
]
MostTrials = Annotated[
    int | None, typer.Option("--most-trials", help="Ceiling for --until (default 100 times the trials).")
]


def place_of(
    workers: int | None,
    cluster: str | None,
    device: str | None,
    wait_workers: float | None,
    tls: tuple[Path | None, Path | None, Path | None],
    backend: str | None = None,
) -> Placement:
    """Where the options say to compute."""
    security = None
    if any(tls):
        if not all(tls):
            raise ConfigError("--tls-ca-file, --tls-cert and --tls-key: give all three, or none.")
        security = Certificates(*map(str, tls))
    plugins = catalogue.plugin_files()
    return placement(workers, cluster, catalogue.find_with, plugins, device, wait_workers, security, backend)


def assignments(texts: Iterable[str] | None) -> dict[str, Any]:
    """Field -> value from texts ``key=value``."""
    return dict(_assignment(text) for text in texts or [])


def _assignment(text: str) -> tuple[str, Any]:
    """``key=value`` with the value in TOML; a bare word is text, ``none`` no value."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(
            f"--set {text if text.isprintable() else shown(text)}: write KEY=VALUE, for example --set num_users=4."
        )
    try:
        parsed = tomllib.loads(f"value = {value.strip()}")["value"]
    except RecursionError:
        raise ConfigError(f"--set {key.strip()}: lists or tables are nested too deep.") from None
    except ValueError:
        parsed = None if value.strip() == NONE else value.strip()
    return key.strip(), parsed
