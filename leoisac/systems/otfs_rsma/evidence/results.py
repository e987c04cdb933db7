"""Stored results by power fraction, beside what the paper reports: what figures, table and claims have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

Data = Mapping[str, xr.Dataset]

FRACTIONS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0)
"""The common stream's share of the power in every figure of the paper."""
INNER = FRACTIONS[1:-1]
MET = 1e-3
"""A requirement counts as met down to this relative margin."""


class Published(NamedTuple):
    """A row of the paper's Table II: means of the least private rate (bit) and of both bounds, share of draws in which
    the common rate meets its floor."""

    min_rate: float
    crb_delay: float
    crb_doppler: float
    floor_met: float


TABLE_II = {
    0.0: Published(4.884, 5.631e-12, 4970.0, 0.0),
    0.1: Published(4.982, 3.99e-12, 4960.0, 1.0),
    0.2: Published(4.886, 3.68e-12, 4950.0, 1.0),
    0.3: Published(4.724, 3.558e-12, 4950.0, 1.0),
    0.5: Published(4.278, 3.70e-12, 4950.0, 1.0),
    0.8: Published(2.976, 4.93e-12, 4960.0, 1.0),
    1.0: Published(0.0, 1.873e-11, 6320.0, 1.0),
}


OTHER_ROUTES = ("reference", "ga", "ga-sensing")
"""Those that are compared on a few common draws."""


def at_fraction(datasets: Data, metric: str, fraction: float, route: str = "") -> xr.DataArray | None:
    """A metric of all trials at a power fraction, unusable ones missing; ``None`` where the studies have no such run.

    Without common power this is ``sdma``, with nothing else ``common-only``, between them ``rsma``.

    Args:
        datasets: by study name.
        metric: name of a metric.
        fraction: one of ``FRACTIONS``.
        route: ``""`` for the default one, else ``reference``, ``ga`` or ``ga-sensing``; ``random`` for the scheme of
            that name; ``common`` for the default one on the draws that all of those routes have used.
    """
    if route == "common":
        values, used = at_fraction(datasets, metric, fraction), _used_by_others(datasets, metric, fraction)
        if values is None or not len(used):
            return None
        shared = min(values.sizes["trial"], len(used))
        return values.isel(trial=slice(0, shared)).where(used[:shared])
    if route == "random":
        return _select(datasets.get("random"), metric, ("random",), fraction)
    prefix = "common-draws-" if route else ""
    name = {0.0: "sdma", 1.0: "common-only"}.get(fraction, "rsma")
    labels = (f"{name}:{route}",) if route else (name, f"{name}:fast")
    study = f"{prefix}ends" if fraction in (0.0, 1.0) else f"{prefix}fractions"
    return _select(datasets.get(study), metric, labels, fraction)


def _used_by_others(datasets: Data, metric: str, fraction: float) -> np.ndarray:
    """Whether all other routes that there are have used a draw; empty without such a route."""
    found = (at_fraction(datasets, metric, fraction, route) for route in OTHER_ROUTES)
    used = [values.notnull().values for values in found if values is not None and bool(values.notnull().any())]
    return np.logical_and.reduce(used) if used else np.zeros(0, dtype=bool)


def _select(dataset: xr.Dataset | None, metric: str, labels: tuple[str, ...], fraction: float) -> xr.DataArray | None:
    if dataset is None or metric not in dataset:
        return None
    present = [label for label in labels if label in dataset["scheme"].values]
    if not present:
        return None
    values = dataset[metric].where(dataset["usable"]).sel(scheme=present[0], drop=True)
    axis = "common_power_fraction"
    if axis in values.dims:
        near = np.flatnonzero(np.isclose(values[axis].values.astype(float), fraction))
        if not len(near):
            return None
        values = values.isel({axis: int(near[0])}, drop=True)
    return values


def means(datasets: Data, metric: str, route: str = "") -> dict[float, float]:
    """Mean over usable trials by power fraction, of the fractions that there are."""
    found: dict[float, float] = {}
    for fraction in FRACTIONS:
        values = at_fraction(datasets, metric, fraction, route)
        if values is not None and bool(values.notnull().any()):
            found[fraction] = float(values.mean())
    return found


def met_share(datasets: Data, margin: str, fraction: float, route: str = "") -> float:
    """Share of usable trials whose margin is met; NaN without a trial."""
    values = at_fraction(datasets, f"margin_{margin}", fraction, route)
    if values is None or not bool(values.notnull().any()):
        return float("nan")
    return float((values.where(values.notnull(), drop=True) >= -MET).mean())


def trials(datasets: Data) -> int:
    """Least number of usable trials over the power fractions that there are."""
    counts = [at_fraction(datasets, "min_rate", fraction) for fraction in FRACTIONS]
    return min((int(values.notnull().sum()) for values in counts if values is not None), default=0)
