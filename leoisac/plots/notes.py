"""Small print below a figure."""

from __future__ import annotations

from leoisac.foundation.figure_notes import add_note

__all__ = ["add_note"]
