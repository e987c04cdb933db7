"""``leoisac`` and ``python -m leoisac``: signals are heard before the verbs are imported, which takes a moment."""

from __future__ import annotations

import sys

from leoisac.experiment.running.interruption import prompt_stop


def main() -> None:
    """Entry point of the ``leoisac`` command."""
    with prompt_stop(_last_words):
        from leoisac.cli.app import main as run

        run()


def _last_words(number: int) -> None:
    del number
    print("Interrupted.", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
