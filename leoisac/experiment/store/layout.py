"""What the arrays of a unit must look like; whatever else is in a unit does not count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from leoisac.experiment.contracts import System
from leoisac.experiment.store.units import METRIC_PREFIX
from leoisac.foundation.config import Config
from leoisac.foundation.status import Status

_TYPES = {"status": np.int8, "usable": np.bool_, "iterations": np.int32}
"""All others are float64."""
_OUTCOME_AXES: Mapping[str, int] = {
    **dict.fromkeys(("status", "usable", "violation", "objective", "iterations"), 0),
    "history": 1,
}
_COUNTING = (Status.CONVERGED, Status.INACCURATE, Status.MAX_STEPS)


@dataclass(frozen=True)
class Layout:
    """Names, types and shapes that units of one configuration have.

    Attributes:
        metrics: name -> axes after ``trial``, for the metrics that the system declares.
        sizes: length of the axes that the configuration decides.
    """

    metrics: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, int]

    def problem(self, arrays: Mapping[str, np.ndarray], trials: int) -> str:
        """What is wrong with the arrays of a unit, or with some of them; empty if nothing."""
        for name, array in arrays.items():
            if not self._fits(name, array, trials):
                return f"`{name}` is {array.dtype} of shape {array.shape}, not {self._described(name, trials)}"
        status, usable = arrays.get("status"), arrays.get("usable")
        if status is not None:
            unknown = sorted({*status.tolist()} - {int(code) for code in Status})
            if unknown:
                return f"`status` holds unknown codes: {unknown[:5]}"
        if status is None or usable is None:
            return ""
        if (usable & ~np.isin(status, [int(code) for code in _COUNTING])).any():
            return "trials whose status says that there is no design count as usable"
        for name in ("objective", *(f"{METRIC_PREFIX}{name}" for name in self.metrics)):
            if name in arrays and not np.isfinite(arrays[name][usable]).all():
                return f"`{name}` is not finite in trials that count as usable"
        return ""

    def _fits(self, name: str, array: np.ndarray, trials: int) -> bool:
        if name in _OUTCOME_AXES:
            axes: tuple[str, ...] = ("iteration",) * _OUTCOME_AXES[name]
        elif name.startswith(METRIC_PREFIX) and name.removeprefix(METRIC_PREFIX) in self.metrics:
            axes = self.metrics[name.removeprefix(METRIC_PREFIX)]
        else:
            return True  # of a metric that the system had once
        sizes = [self.sizes.get(axis) for axis in axes]
        return (
            array.dtype.newbyteorder("=") == _TYPES.get(name, np.float64)
            and array.ndim == 1 + len(axes)
            and array.shape[0] == trials
            and all(size in (None, length) for size, length in zip(sizes, array.shape[1:]))
        )

    def _described(self, name: str, trials: int) -> str:
        axes = ("iteration",) if name == "history" else self.metrics.get(name.removeprefix(METRIC_PREFIX), ())
        lengths = [f"{axis} {self.sizes[axis]}" if axis in self.sizes else axis for axis in axes]
        return (
            f"{np.dtype(_TYPES.get(name, np.float64))} over (trial {trials}{''.join(f', {text}' for text in lengths)})"
        )


def layout_of(system: System, config: Config | None) -> Layout:
    """The layout of units of a configuration; of any configuration of the system when None."""
    sizes = {} if config is None else dict(system.axis_sizes(config))
    return Layout({name: metric.axes for name, metric in system.metrics.items()}, sizes)
