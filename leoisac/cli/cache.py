"""The verb ``cache``: compiled programs that are kept from process to process."""

from __future__ import annotations

from typing import Annotated

import typer

from leoisac.cli.output import say


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all of them; the next runs compile anew.")] = False,
) -> None:
    """Show or clear the compiled programs that are kept.

    They make a second process start in a fraction of the time, and change no number. The environment variable
    LEOISAC_CACHE_DIR names another folder, or is `off`.
    """
    from leoisac.foundation.compile_cache import cache_state, clear_cache

    state = clear_cache() if clear else cache_state()
    if state.folder is None:
        say(f"No compiled programs are kept: {state.reason}.")
        return
    what = f"{state.entries} compiled programs, {state.size / 1e6:.1f} MB"
    say(f"Removed {what}, from {state.folder}" if clear else f"{what} in {state.folder}")
