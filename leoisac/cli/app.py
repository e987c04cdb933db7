"""The command line: a thin face over the catalogue and the experiment engine. A verb is a file.

``list``, ``show``, ``schemes``, ``init`` and ``cite`` import neither JAX nor CVXPY; what computes is imported by the
verbs that compute.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from leoisac.cli.bench import bench
from leoisac.cli.cache import cache
from leoisac.cli.check import check
from leoisac.cli.coverage import coverage
from leoisac.cli.doctor import doctor
from leoisac.cli.export import export
from leoisac.cli.new import new
from leoisac.cli.output import never_fail_to_print, say
from leoisac.cli.passes import satellite_pass
from leoisac.cli.plot import plot
from leoisac.cli.report import report
from leoisac.cli.resume import resume
from leoisac.cli.run import run
from leoisac.cli.show import cite, init, list_systems, schemes, show
from leoisac.cli.status import status
from leoisac.cli.verify import verify
from leoisac.experiment.errors import ChannelError, ClusterError, RenamedWarning, StoreError
from leoisac.experiment.running.interruption import prompt_stop
from leoisac.foundation.config import ConfigError
from leoisac.foundation.status import DesignError


class _Group(TyperGroup):
    """Errors that a person can mend are one message on stderr and exit code 2, not a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ConfigError, StoreError, ChannelError, ClusterError, DesignError) as error:
            say(f"Error: {error}", err=True)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            say("Interrupted.", err=True)
            raise typer.Exit(130) from None
        except OSError as error:
            if error.filename is None:
                raise
            say(f"Error: {error.filename}: {error.strerror}.", err=True)
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Design and evaluation of integrated sensing and communication with LEO satellites.\n\n"
    "Begin with: leoisac list; leoisac show SYSTEM; leoisac init SYSTEM > my.toml; leoisac run my.toml\n\n"
    "A system of your own: leoisac new my_isac.py; leoisac check my_isac.py",
)


def main() -> None:
    """Entry point of the ``leoisac`` command."""
    never_fail_to_print()
    _say_renamed()
    with prompt_stop(lambda number: say("Interrupted.", err=True)):
        app()


def _say_renamed() -> None:
    """Names of the version before are told to a person as well, whatever Python does with such warnings."""
    import warnings

    usual = warnings.showwarning

    def show(message: Any, category: Any, *rest: Any, **more: Any) -> None:
        if issubclass(category, RenamedWarning):
            say(f"Warning: {message}", err=True)
        else:
            usual(message, category, *rest, **more)

    warnings.showwarning = show
    warnings.simplefilter("once", RenamedWarning)


def _show_version(wanted: bool) -> None:
    if wanted:
        import leoisac

        say(f"leoisac {leoisac.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    del version


for _name, _verb in (
    ("list", list_systems),
    ("show", show),
    ("schemes", schemes),
    ("init", init),
    ("cite", cite),
    ("new", new),
    ("pass", satellite_pass),
    ("coverage", coverage),
    ("run", run),
    ("resume", resume),
    ("status", status),
    ("check", check),
    ("plot", plot),
    ("report", report),
    ("export", export),
    ("verify", verify),
    ("bench", bench),
    ("cache", cache),
    ("doctor", doctor),
):
    app.command(_name)(_verb)
