"""Exact small searches: allocations that need no solver."""
