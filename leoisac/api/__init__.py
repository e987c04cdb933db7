"""The verbs of ``import leoisac as li``: configure, draw, design, evaluate, run, look.

Everything that computes is imported on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

from leoisac.api.beam_maps import beam_map, beam_movie, pass_beams
from leoisac.api.campaigns import check_store, export, figure, open_run, resume, run, verify
from leoisac.api.coverage import coverage
from leoisac.api.passes import run_pass
from leoisac.api.pictures import plot
from leoisac.api.session import Session, session
from leoisac.api.trials import (
    channels,
    config,
    design,
    draw,
    evaluate,
    export_design,
    load,
    read_channels,
    schemes,
    systems,
)

__all__ = [
    "Session",
    "beam_map",
    "beam_movie",
    "channels",
    "check_store",
    "config",
    "coverage",
    "design",
    "draw",
    "evaluate",
    "export",
    "export_design",
    "figure",
    "load",
    "open_run",
    "pass_beams",
    "plot",
    "read_channels",
    "resume",
    "run",
    "run_pass",
    "schemes",
    "session",
    "systems",
    "verify",
]
