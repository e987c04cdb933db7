"""What every system with a satellite may ask of the sky over its receivers: types of fields, and what goes together.

The fields are ``user_environment``, ``scintillation``, ``flat_fading``, ``allow_extrapolation`` and ``atmosphere``.
Users are those on the ground who hear the satellite; dishes that look at it stand free.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from leoisac.foundation.config import Config
from leoisac.propagation.atmosphere_config import AtmosphereConfig

UserEnvironment = Literal["none", "dense-urban", "urban", "suburban-rural"]
Scintillation = Literal["none", "tr38811"]
FlatFading = Literal["none", "urban", "suburban", "rural-wooded", "rural"]

ENVIRONMENT_TEXT = "around users: line of sight, shadowing and clutter loss of their satellite links (TR 38.811)"
SCINTILLATION_TEXT = "fade by scintillation of every satellite path, by elevation (TR 38.811)"
FADING_TEXT = "two-state fading of the users' satellite links (ITU-R P.681) instead of the system's own"
EXTRAPOLATION_TEXT = "flat_fading outside its bands and elevations, too, by the nearest row"
ATMOSPHERE_TEXT = "weather of the satellite's links: ITU-R statistics, a rain rate, a series of them, a law"

SKY_PROCESSES: Mapping[str, str] = {
    "sky-sight": "satellite-shadowing",
    "sky-shadowing": "satellite-shadowing",
    "sky-state": "satellite-shadowing",
    "sky-mean": "satellite-shadowing",
    "sky-direct": "satellite-shadowing",
    "sky-phase": "fresh",  # many cycles of the carrier lie between two blocks
    "sky-scatter": "satellite-fading",
    "sky-weather": "weather",
}
"""How the sky's random numbers move along a pass (``contracts.OverTime.processes``)."""


_C = TypeVar("_C", bound=Config)


@runtime_checkable
class SkyFields(Protocol):
    """The fields in a system's configuration, and those that they are read with."""

    @property
    def user_environment(self) -> str: ...
    @property
    def scintillation(self) -> str: ...
    @property
    def flat_fading(self) -> str: ...
    @property
    def allow_extrapolation(self) -> bool: ...
    @property
    def atmosphere(self) -> AtmosphereConfig | None: ...
    @property
    def carrier_hz(self) -> float: ...
    @property
    def satellite(self) -> Any: ...


def check_sky(config: SkyFields) -> None:
    """ValueError for fields that count one thing twice, or need a real satellite that is not there."""
    if config.flat_fading != "none" and config.user_environment != "none":
        raise ValueError(
            f"flat_fading = {config.flat_fading!r} beside user_environment = {config.user_environment!r}: states of "
            "fading hold the shadowing that the environment has, too; leave one at none"
        )
    if config.allow_extrapolation and config.flat_fading == "none":
        raise ValueError("allow_extrapolation: has no effect without flat_fading; leave it out")
    weather = config.atmosphere
    if weather is None:
        return
    if weather.model == "itu" and config.scintillation != "none":
        raise ValueError(
            f'scintillation = {config.scintillation!r} beside atmosphere.model = "itu", which has scintillation of its '
            "own; leave one out"
        )
    if weather.model != "statistical" and config.satellite is None:
        raise ValueError(
            f"atmosphere.model = {weather.model!r}: is weather over a site; give a [satellite] part, or take the model "
            '"statistical"'
        )


def with_files(config: _C, folder: Path) -> _C:
    """Copy of a system's configuration with files of element sets and of rain rates taken into it."""
    parts = {name: getattr(config, name, None) for name in ("satellite", "other_satellites", "atmosphere")}
    changes = {name: part.resolve_files(folder) for name, part in parts.items() if part is not None}
    return config.replace(**changes) if changes else config


def has_sky(config: SkyFields) -> bool:
    """Whether any of the fields is set."""
    chosen = (config.user_environment, config.scintillation, config.flat_fading)
    return config.atmosphere is not None or any(value != "none" for value in chosen)


__all__ = [
    "ATMOSPHERE_TEXT",
    "ENVIRONMENT_TEXT",
    "EXTRAPOLATION_TEXT",
    "FADING_TEXT",
    "SCINTILLATION_TEXT",
    "SKY_PROCESSES",
    "FlatFading",
    "Scintillation",
    "SkyFields",
    "UserEnvironment",
    "check_sky",
    "has_sky",
    "with_files",
]
