"""What the numbers that the paper does not give are worth: each moved alone, below and above its default."""

from __future__ import annotations

from typing import Any, NamedTuple

from leoisac.experiment.contracts import Study
from leoisac.experiment.reading.one_at_a_time import one_at_a_time
from leoisac.systems.coexistence import SYSTEM


class Declared(NamedTuple):
    """A number that is ours."""

    field: str
    default: Any
    moved: tuple[Any, ...]
    label: str


DECLARED = (
    Declared("tut_gain_dbi", 0.0, (-10.0, 10.0), "gain of a terrestrial user [dBi]"),
    Declared("radar_gain_dbi", 0.0, (-10.0, 10.0), "gain of a radar element [dBi]"),
    Declared("target_rcs_m2", 1.0, (0.1, 10.0), "target's cross-section [m²]"),
    Declared("clutter_rcs_m2", 0.1, (0.01, 1.0), "clutter's cross-section [m²]"),
    Declared("clutter_radius_m", 10.0, (5.0, 20.0), "clutter's distance [m]"),
    Declared("min_distance_m", 10.0, (5.0, 35.0), "least user distance [m]"),
    Declared("cluster_spread_deg", 23.0, (10.0, 40.0), "spread of clusters [deg]"),
    Declared("association_satellite_deg", 10.0, (0.0, 20.0), "association: off the satellite [deg]"),
    Declared("association_target_deg", 5.0, (0.0, 10.0), "association: between targets [deg]"),
    Declared("ageing_rho", 0.0, (0.9,), "correlation from P1 to P3"),
    Declared("fspl_denominator", "4pi", ("2pi",), "free-space law"),
    Declared("los_mode", "weighted", ("bernoulli",), "line of sight"),
)
"""Values ours, or a choice between readings; names as fields of the configuration."""

AXIS = "+".join(item.field for item in DECLARED)
"""The sweep axis: points at which one of the fields has moved; the first is the default."""


def moved(declared: tuple[Declared, ...] = DECLARED) -> dict[str, list[list[Any]]]:
    """The sweep: the defaults, then each field of ``declared`` moved alone."""
    defaults = {item.field: item.default for item in DECLARED}
    return one_at_a_time(defaults, [(item.field, value) for item in declared for value in item.moved])


SENSITIVITY = Study(
    "sensitivity",
    schemes=("proposed", "rzf-eps"),
    sweep=moved(),
    trials=60,
    quick={"trials": 4},
    tiny={
        "trials": 6,
        "overrides": dict(SYSTEM.small),
        "sweep": moved(DECLARED[:2]),
    },
)

__all__ = ["AXIS", "DECLARED", "SENSITIVITY", "Declared", "moved"]
