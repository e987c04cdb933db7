"""A scheme of every system with an engine behind it, for what is measured of all of them."""

from __future__ import annotations

CASES = (
    ("PA1, M = 8", "self-backhaul", "pa1"),
    ("PA2, noise-normalised", "self-backhaul", "pa2"),
    ("coexistence, proposed", "coexistence", "proposed"),
    ("bistatic RSMA", "bistatic-rsma", "rsma-noradar"),
    ("OTFS RSMA", "otfs-rsma", "rsma"),
)
"""Name, system, scheme; at the system's own configuration."""
