"""The verb for constellations: who serves which site when."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoisac.foundation.config import ConfigError, build
from leoisac.geometry.coverage_config import CoverageConfig

if TYPE_CHECKING:
    import xarray as xr


def coverage(config: CoverageConfig | str | Path | None = None, **changes: Any) -> xr.Dataset:
    """Service of sites by a constellation over some hours: availability, handovers, gaps.

    Args:
        config: a TOML file, or what ``CoverageConfig`` holds; None for ``changes`` alone.
        changes: its fields: ``walker={"total": 1584, "planes": 72, ...}`` or ``elements="starlink"`` (a file, a text),
            ``sites_deg=[(43.6, 1.44)]`` or ``latitudes_deg=[0, 20, 40]`` with ``sites_per_latitude``, ``hours``,
            ``step_s``, ``min_elevation_deg``, ``rule`` (``highest``, ``longest-stay``, ``hysteresis``),
            ``hysteresis_deg``.

    Returns:
        Over ``site`` and ``time`` (UTC): ``satellite`` (its number, -1 in a gap), ``elevation_deg``, ``range_m``,
        ``visible``, ``handover``; over ``site``: ``availability``, ``handovers``, ``gaps``, ``longest_gap_s``,
        ``mean_stay_s``. With a part ``link`` also ``cn_db`` and ``rate`` of the serving satellite (0 in a gap), and
        ``mean_rate`` and ``rate_5_percent`` over ``site``. See docs/passes-over-time.md.

    Raises:
        ConfigError: before any work, naming what is wrong.
    """
    from leoisac.geometry.coverage import coverage
    from leoisac.geometry.coverage_rates import with_rates

    folder = Path.cwd()
    if isinstance(config, str | Path):
        folder = Path(config).parent
        config = load_coverage(config)
    if config is None:
        config = build(CoverageConfig, changes)
    elif changes:
        config = config.replace(**changes)
    return with_rates(coverage(config.resolve_files(folder)), config)


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
