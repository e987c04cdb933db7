"""SHA-256 over arrays and over notes about them. It guards against accidents: whoever changes a file on purpose can
compute it anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

SEAL = "sha256"
"""Key of a note under which the digest of all its other keys stands."""


def array_digest(array: np.ndarray) -> str:
    """Digest of type, shape and bytes (in C order)."""
    head = f"{array.dtype.str} {array.shape} ".encode()
    digest = hashlib.sha256(head)
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def sealed(note: Mapping[str, Any]) -> dict[str, Any]:
    """The note with its seal."""
    return {**note, SEAL: _digest(note)}


def is_sealed(note: Mapping[str, Any]) -> bool:
    """Whether the note carries a seal, and says what it said when that was put on."""
    return note.get(SEAL) == _digest(note)


def _digest(note: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in note.items() if name != SEAL}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
