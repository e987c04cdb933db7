"""PA1 by the convex step as the paper prints it, to compare with the form with free rates."""

from __future__ import annotations

from leoisac.foundation.status import Solution
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters
from leoisac.systems.self_backhaul.published import pa1


def solve_pa1(parameters: Parameters, channels: Channels) -> Solution[JointDesign]:
    """``pa1.solve_pa1`` with the paper's tangents in the backhaul constraint."""
    return pa1.solve_pa1(parameters, channels, form="paper")


__all__ = ["solve_pa1"]
