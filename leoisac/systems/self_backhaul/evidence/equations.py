"""Where the paper's equations are implemented; the system's README shows the same table."""

from __future__ import annotations

from collections.abc import Mapping

HIGHEST = 76
"""Number of the paper's last equation, as far as it is known here."""

_HERE = "leoisac.systems.self_backhaul"

EQUATIONS: Mapping[str, tuple[str, ...]] = {
    "(2)": (f"{_HERE}.judge.evaluate:evaluate", f"{_HERE}.judge.sensing:pattern_over_angles"),
    "(7)": (f"{_HERE}.judge.evaluate:evaluate", f"{_HERE}.published.lifted:received_powers"),
    "(8)": (f"{_HERE}.world.channels:draw",),
    "(11)": (f"{_HERE}.world.channels:draw",),
    "(15), (16)": (f"{_HERE}.world.channels:draw",),
    "(17)": (f"{_HERE}.problem.normalised:normalise", f"{_HERE}.fast.joint_program:joint_beamforming"),
    "(21), (22)": (f"{_HERE}.published.lifted_problems:paper_problem",),
    "(27)": (f"{_HERE}.published.lifted_problems:paper_problem", f"{_HERE}.fast.feasibility:start_power"),
    "(29)-(31)": (f"{_HERE}.published.lifted_problems:paper_problem", f"{_HERE}.fast.feasibility:start_power"),
    "(33), (34)": (f"{_HERE}.published.lifted:received_powers",),
    "(35)-(38)": (f"{_HERE}.published.lifted_core:tangent_values",),
    "(39), (40)": (f"{_HERE}.published.lifted_problems:paper_problem",),
    "(49), (52)-(57)": (f"{_HERE}.published.printed_robust_problem:printed_step",),
    "(58), (59)": (f"{_HERE}.published.as_printed_robust:step",),
    "(60), (64)": (f"{_HERE}.published.printed_robust_problem:printed_values",),
    "(66)-(70)": (f"{_HERE}.published.printed_robust_problem:printed_step",),
    "(73), (74), (76)": (f"{_HERE}.published.printed_robust_problem:printed_step",),
}

__all__ = ["EQUATIONS", "HIGHEST"]
