"""Instants as configurations take them: text, or a time with its zone."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def instant_from_text(time: Any) -> Any:
    """The instant of an ISO text; all else, and other text, as it is.

    Instants as text stay welcome in a system that looks at its fields before they are checked (as Python).
    """
    try:
        return datetime.fromisoformat(time) if isinstance(time, str) else time
    except ValueError:
        return time


def with_zone(time: Any) -> Any:
    """What was given, if it is no instant without a zone.

    Raises:
        ValueError: for one.
    """
    if isinstance(time, datetime) and time.tzinfo is None:
        raise ValueError(f"an instant needs its zone: write {time.isoformat()}Z for UTC")
    return time
