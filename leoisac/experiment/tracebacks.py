"""What a stored traceback comes to in a line, and which trials it is of. Light."""

from __future__ import annotations


def span_text(first: int, stop: int) -> str:
    """``trial 3``, or ``trials 3 to 7``, for the trials ``first`` to ``stop - 1``."""
    return f"trial {first}" if stop - first == 1 else f"trials {first} to {stop - 1}"


def last_words(trace: str) -> str:
    """The line of a traceback that names the exception.

    What follows it is left out: further lines of its text, and what libraries add of themselves (JAX says that it has
    removed frames of its own, which tells a reader nothing of what went wrong).
    """
    lines = [line for line in trace.splitlines() if line.strip()]
    frames = [number for number, line in enumerate(lines) if line.startswith('  File "')]
    after = (line for line in lines[frames[-1] if frames else len(lines) :] if not line.startswith((" ", "|")))
    return next(after, lines[-1] if lines else "")
