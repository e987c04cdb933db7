"""The verbs for beams over the ground: a map at an instant, maps and a moving picture along a pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leoisac.api.meaning import system_of
from leoisac.experiment.contracts import System, resolve
from leoisac.foundation.config import Config, ConfigError
from leoisac.foundation.output_paths import checked_output

if TYPE_CHECKING:
    import xarray as xr

_POINTS = 121
_FEW = 5
_MOST_FRAMES = 240
QUANTITIES = {"gain_dbi": ("gain", "dBi"), "cn_db": ("carrier-to-noise ratio", "dB")}


def beam_map(
    config: Config, design: Any = None, *, trial: int = 0, half_width_km: float | None = None, points: int = _POINTS
) -> xr.Dataset:
    """Beams of a configuration's satellite over the ground around its site.

    Args:
        config: at an instant (a ``time`` part is no matter).
        design: what ``li.design`` returned as ``value``; the antennas themselves without: the strongest feed, the beam
            matched to the target, a spot beam.
        trial: of the design.
        half_width_km: how far the map reaches; by the beams when None.
        points: along each side, 3 to 1001.

    Returns:
        Over ``north_km`` and ``east_km``: ``gain_dbi``, over an isotropic antenna of the same power, and ``cn_db``, of
        a user there in free space; ``nan`` where the satellite is below the horizon.

    Raises:
        ConfigError: for systems without such beams and numbers out of range.
    """
    system = system_of(config)
    width = _half_width_m(system, config, half_width_km)
    one = None if design is None else _trial(design, trial)
    return _map(system, config, one, width, points)


def pass_beams(
    config: Config,
    instants: Sequence[Any] | None = None,
    *,
    scheme: str | None = None,
    half_width_km: float | None = None,
    points: int = _POINTS,
) -> xr.Dataset:
    """Beams over the ground along a pass, with a dimension ``time``.

    Args:
        config: with a ``time`` part.
        instants: UTC; five of the pass when None.
        scheme: designs of trial 0 at every instant instead of the antennas themselves.
        half_width_km, points: as for ``beam_map``.

    Raises:
        ConfigError: as for ``beam_map``; without a ``time`` part; where a design has no satellite beam.
    """
    import xarray as xr

    from leoisac.api.trials import design, draw

    system = system_of(config)
    if system.over_time is None:
        raise ConfigError(f"`{system.name}` does not go over time.")
    stated, along = resolve(system.over_time.axis)(config)
    chosen = list(along) if instants is None else list(instants)
    if instants is None and len(chosen) > _FEW:
        chosen = [chosen[round(index)] for index in np.linspace(0, len(chosen) - 1, _FEW)]
    culmination = stated.replace(**{system.over_time.field: chosen[len(chosen) // 2]})
    width = _half_width_m(system, culmination, half_width_km)
    maps: list[Any] = []
    for instant in chosen:
        at = stated.replace(**{system.over_time.field: instant})
        made = None
        if scheme is not None:
            made = _trial(design(at, draw(at, trials=1), scheme).value, 0)
        maps.append(_map(system, at, made, width, points))
    texts = [str(instant).removesuffix("+00:00").removesuffix("Z").replace(" ", "T") for instant in chosen]
    times = np.array(texts, "datetime64[ns]")
    joined = xr.concat(maps, dim=xr.DataArray(times, dims="time", name="time", attrs={"long_name": "time (UTC)"}))
    for name, (values, meaning, unit) in resolve(system.over_time.geometry)(stated, list(times)).items():
        joined = joined.assign_coords({name: ("time", values, {"long_name": meaning, "units": unit})})
    site: Any = getattr(config, "satellite")  # noqa: B009
    return joined.assign_attrs(
        title=str(site.name or site.norad_id or "The satellite"),
        site_deg=(float(site.latitude_deg), float(site.longitude_deg)),
        shows=scheme or "antennas",
    )


def beam_movie(
    config: Config,
    path: str | Path,
    *,
    scheme: str | None = None,
    quantity: str = "gain_dbi",
    frames: int = 40,
    frames_per_s: float = 8.0,
    half_width_km: float | None = None,
) -> Path:
    """A moving picture of the beams along a pass, as GIF or, where ``ffmpeg`` is installed, MP4.

    Args:
        config: with a ``time`` part.
        path: ends in ``.gif`` or ``.mp4``.
        scheme: designs of trial 0 instead of the antennas themselves.
        quantity: ``gain_dbi`` or ``cn_db``.
        frames: instants, evenly over those of the pass, 2 to 240.
        frames_per_s: how fast they follow each other, 0.5 to 60.
        half_width_km: as for ``beam_map``.

    Raises:
        ConfigError: as for ``pass_beams``; for other endings and numbers out of range.
    """
    from leoisac.plots.beams import beam_frames
    from leoisac.plots.movies import check_movie, save_movie

    target = check_movie(checked_output(path, "path"))
    if not 2 <= frames <= _MOST_FRAMES:
        raise ConfigError(f"frames = {frames}: must be from 2 to {_MOST_FRAMES}.")
    if not 0.5 <= frames_per_s <= 60.0:
        raise ConfigError(f"frames_per_s = {frames_per_s:g}: must be from 0.5 to 60.")
    _check_quantity(quantity)
    system = system_of(config)
    if system.over_time is None:
        raise ConfigError(f"`{system.name}` does not go over time.")
    _, along = resolve(system.over_time.axis)(config)
    picked = sorted({round(index) for index in np.linspace(0, len(along) - 1, min(frames, len(along)))})
    beams = pass_beams(
        config, [along[index] for index in picked], scheme=scheme, half_width_km=half_width_km, points=81
    )
    save_movie(beam_frames(beams, quantity), target, frames_per_s)
    return target


def _check_quantity(quantity: str) -> None:
    if quantity not in QUANTITIES:
        raise ConfigError(f"quantity = {quantity!r}: must be one of {', '.join(QUANTITIES)}.")


def _half_width_m(system: System, config: Config, half_width_km: float | None) -> float:
    if not system.beam_map:
        raise ConfigError(f"beam map: `{system.name}` has no beams over the ground.")
    if half_width_km is None:
        return float(resolve(f"{system.beam_map.partition(':')[0]}:half_width_m")(config))
    if not 0.01 <= half_width_km <= 3000.0:
        raise ConfigError(f"half_width_km = {half_width_km:g}: must be from 0.01 to 3000.")
    return 1e3 * half_width_km


def _map(system: System, config: Config, design: Any, half_width_m: float, points: int) -> xr.Dataset:
    import xarray as xr

    if not 3 <= points <= 1001:
        raise ConfigError(f"points = {points}: must be from 3 to 1001.")
    across = np.linspace(-half_width_m, half_width_m, points)
    east, north = np.meshgrid(across, across)
    try:
        found = resolve(system.beam_map)(config, east, north, design)
    except AttributeError as error:
        raise ConfigError(f"beam map: such designs have no satellite beam ({error}).") from None
    with np.errstate(divide="ignore", invalid="ignore"):
        values = {"gain_dbi": 10.0 * np.log10(found.gain), "cn_db": 10.0 * np.log10(found.carrier_to_noise)}
    variables = {
        name: (("north_km", "east_km"), values[name], {"long_name": meaning, "units": unit})
        for name, (meaning, unit) in QUANTITIES.items()
    }
    axis = {"north_km": ("north_km", 1e-3 * across, {"long_name": "north of the site", "units": "km"})}
    axis["east_km"] = ("east_km", 1e-3 * across, {"long_name": "east of the site", "units": "km"})
    return xr.Dataset(variables, axis)


def _trial(design: Any, trial: int) -> Any:
    from leoisac.foundation.lanes import take

    return take(design, trial)


__all__ = ["QUANTITIES", "beam_map", "beam_movie", "pass_beams"]
