"""Studies of coded links that systems have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leoisac.experiment.contracts import Study

TINY_LINK = {"link_symbols": 96, "link_words": 2}
"""Overrides of the smallest studies. They also keep to few rates: every one is a code with a program of its own."""


def margin_study(
    schemes: Sequence[str], tiny: Mapping[str, Any], *, overrides: Mapping[str, Any] | None = None
) -> Study:
    """``coded-margin``: words on either side of what their modes need, which ``draw_errors_by_excess`` shows.

    Args:
        schemes: with their routes.
        tiny: of the study, without its sweep.
        overrides: of the system's configuration.
    """
    return Study(
        "coded-margin",
        schemes=tuple(schemes),
        overrides=dict(overrides or {}),
        sweep={"link_margin_db": [-1.5, -0.5, 0.5, 1.5, 2.5, 3.5]},
        trials=200,
        headline="sum_goodput",
        quick={"trials": 16},
        tiny={**tiny, "sweep": {"link_margin_db": [-0.5, 2.5]}},
    )
