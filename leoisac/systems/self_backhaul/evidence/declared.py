"""Values that are ours and not the paper's, each with the values that a reader might take instead.

Only those that enter the rates: radar cross-section, integration and false alarms move the detection probability alone.
A point of ``POINTS`` changes one of them; the first point changes none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leoisac.experiment.reading.one_at_a_time import one_at_a_time
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig

ALTERNATIVES: Mapping[str, tuple[Any, ...]] = {
    "pattern_min_w": (0.1, 10.0),
    "gas_loss_db": (0.0, 2.0),
    "rain_model": ("lognormal_db",),
    "half_power_angle_deg": (1.6,),
    "far_lobe_dbi": (-10.0,),
    "feed_phase": ("uniform",),
    "path_loss_intercept_db": (29.4, 35.4),
    "path_loss_exponent": (2.0, 2.2),
    "shadowing_std_db": (0.0, 8.0),
    "num_paths": (2, 20),
    "error_radius": (0.04, 0.16),
}
FIELDS = tuple(ALTERNATIVES)
DEFAULTS: Mapping[str, Any] = {field: getattr(SelfBackhaulConfig(), field) for field in FIELDS}


SWEEP = one_at_a_time(DEFAULTS, [(field, value) for field, values in ALTERNATIVES.items() for value in values])
((AXIS, POINTS),) = SWEEP.items()
TINY_SWEEP = one_at_a_time(DEFAULTS, [("pattern_min_w", value) for value in ALTERNATIVES["pattern_min_w"]])

__all__ = ["ALTERNATIVES", "AXIS", "DEFAULTS", "FIELDS", "POINTS", "SWEEP", "TINY_SWEEP"]
