"""Errors that a person can mend; the messages say how. Light, so that the command line can know them all."""

from __future__ import annotations

from pathlib import Path


class StoreError(RuntimeError):
    """A result store that cannot be used as asked; the message names the file and what to do."""


class DamageError(StoreError):
    """A file of a store that is not what was written there.

    Attributes:
        file: which.
        reason: what is wrong with it.
        kind: ``"damaged"``, or ``"foreign"`` for a sound file that belongs elsewhere.
    """

    def __init__(self, message: str, file: Path, reason: str, kind: str = "damaged") -> None:
        super().__init__(message)
        self.file = file
        self.reason = reason
        self.kind = kind


class ChannelError(ValueError):
    """Channel arrays that do not fit the configuration; the message says which, what it is and what is expected."""


class RenamedWarning(DeprecationWarning):
    """A name of the version before, which still works in this one; the message has the new name."""


class ClusterError(RuntimeError):
    """Workers that cannot be had or cannot be used; what they finished before is kept."""
