"""Where the paper's numbered equations and algorithms are, as far as the system implements them."""

from __future__ import annotations

_HERE = "leoisac.systems.bistatic_rsma"
_PRINTED = f"{_HERE}.published.printed:slack_subproblem"
_LIFTED = f"{_HERE}.published.lifted:subproblem"

HIGHEST = 41
"""Highest equation number that is known to us; those of the model before (27) are not."""
EQUATIONS: dict[str, tuple[str, ...]] = {
    "(27)": (_PRINTED, _LIFTED, f"{_HERE}.world.link:link_budget"),
    "(32)": (_PRINTED, _LIFTED),
    "(33)": (_PRINTED, _LIFTED),
    "(35)": (_PRINTED, _LIFTED),
    "(38)": (_PRINTED,),
    "(39)": (_PRINTED,),
    "(40)": (_PRINTED,),
    "(41)": (_PRINTED,),
    "Algorithm 1": (
        f"{_HERE}.published.printed:printed_algorithm_1",
        f"{_HERE}.published.max_min:algorithm_1",
    ),
    "Algorithm 2": ("leoisac.estimation.delay_doppler:delay_doppler_aod", f"{_HERE}.judge.sensing:estimate_target"),
}

__all__ = ["EQUATIONS", "HIGHEST"]
