"""Which trials a mean is over; see ``reading.comparison``. Light: the command line names them."""

from __future__ import annotations

COMMON, ALL, USABLE = VIEWS = ("common", "all", "usable")
