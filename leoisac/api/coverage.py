"""The verb for constellations: who serves which site when."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoisac.experiment.running.placement import Placement, placement
from leoisac.experiment.running.spreading import spread
from leoisac.foundation.config import ConfigError, build
from leoisac.geometry.coverage_config import CoverageConfig

if TYPE_CHECKING:
    import xarray as xr


CLUSTER_PARTS = 64
"""Into which the sites are cut for a cluster, whose size may change."""


def coverage(
    config: CoverageConfig | str | Path | None = None,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    security: Any = None,
    **changes: Any,
) -> xr.Dataset:
    """Service of sites by a constellation over some hours: availability, handovers, gaps.

    Args:
        config: a TOML file, or what ``CoverageConfig`` holds; None for ``changes`` alone.
        changes: its fields: ``walker={"total": 1584, "planes": 72, ...}`` or ``elements="starlink"`` (a file, a text),
            ``sites_deg=[(43.6, 1.44)]`` or ``latitudes_deg=[0, 20, 40]`` with ``sites_per_latitude``, ``hours``,
            ``step_s``, ``min_elevation_deg``, ``rule`` (``highest``, ``longest-stay``, ``hysteresis``),
            ``hysteresis_deg``.
        workers: processes of this machine; sites are shared out among them, the numbers stay the same.
        cluster, security: of a Dask cluster instead, as for ``li.run``.

    Returns:
        Over ``site`` and ``time`` (UTC): ``satellite`` (its number, -1 in a gap), ``elevation_deg``, ``range_m``,
        ``visible``, ``handover``; over ``site``: ``availability``, ``handovers``, ``gaps``, ``longest_gap_s``,
        ``mean_stay_s``. With a part ``link`` also ``cn_db`` and ``rate`` of the serving satellite (0 in a gap), and
        ``mean_rate`` and ``rate_5_percent`` over ``site``. See docs/passes-over-time.md.

    Raises:
        ConfigError: before any work, naming what is wrong.
    """
    from leoisac.geometry.coverage_rates import with_rates

    place = placement(workers, cluster, security=security)
    folder = Path.cwd()
    if isinstance(config, str | Path):
        folder = Path(config).parent
        config = load_coverage(config)
    if config is None:
        config = build(CoverageConfig, changes)
    elif changes:
        config = config.replace(**changes)
    return with_rates(_shared_out(config.resolve_files(folder), place), config)


def _shared_out(config: CoverageConfig, place: Placement) -> xr.Dataset:
    """Service of all sites, computed by parts of them where there are several workers."""
    from leoisac.geometry.coverage import coverage

    count = CLUSTER_PARTS if place.cluster else place.workers
    if count == 1:
        return coverage(config)
    if config.capacity is not None:
        raise ConfigError(
            f"capacity = {config.capacity}: sites share satellites, so that their service is not computed by parts; "
            "leave out workers and cluster, or capacity."
        )
    import xarray as xr

    places = config.places_deg
    share = -(-len(places) // count)
    parts = [
        config.replace(sites_deg=places[first : first + share], latitudes_deg=())
        for first in range(0, len(places), share)
    ]
    found: list[xr.Dataset] = spread("leoisac.geometry.coverage:coverage", parts, place)
    joined = xr.concat(found, "site", data_vars="minimal", coords="minimal", compat="override")
    warnings = dict.fromkeys(line for one in found for line in str(one.attrs.get("warnings", "")).splitlines())
    about = {**found[0].attrs, "config": json.dumps(config.model_dump(mode="json"))}
    return joined.assign_attrs(about | ({"warnings": "\n".join(warnings)} if warnings else {}))


def load_coverage(path: str | Path) -> CoverageConfig:
    """The configuration of a TOML file (ConfigError for what is none)."""
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}).") from None
    try:
        return build(CoverageConfig, data)
    except ConfigError as error:
        raise ConfigError("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from None


__all__ = ["coverage", "load_coverage"]
