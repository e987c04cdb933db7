"""The ``[satellite]`` part of a scenario: which satellite, seen from which site, at which instant."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from leoisac.foundation.config import Config, ConfigError, replace_fields

_MOST_CHARACTERS = 1_000_000


class SatelliteConfig(Config):
    """A real satellite over a real site.

    Exactly one of ``name`` (of the packaged Starlink extract), ``tle`` and ``omm`` says which satellite. ``tle`` and
    ``omm`` hold the element set itself or, in a scenario file, the name of a file that does; the file's text is then
    taken into the configuration, so that results never depend on a file that may change.
    """

    name: str | None = Field(default=None, description="satellite of the packaged Starlink extract, e.g. STARLINK-1423")
    tle: str | None = Field(default=None, description="two-line element set (2 or 3 lines), or a file with one")
    omm: str | None = Field(
        default=None, description="orbit mean-elements message (JSON, KVN or XML), or a file with one"
    )
    time: datetime | Literal["next-pass", "best-pass"] = Field(
        default="next-pass",
        description="UTC instant; or the culmination of the next or the highest pass after the element epoch",
    )
    latitude_deg: float = Field(ge=-90, le=90, description="geodetic latitude of the site (WGS84)")
    longitude_deg: float = Field(ge=-180, le=360, description="geodetic longitude of the site (WGS84), east positive")
    height_m: float = Field(default=0.0, ge=-500, le=9000, description="height of the site above the ellipsoid")
    min_elevation_deg: float = Field(default=10.0, ge=0, lt=90, description="a pass counts above this elevation")
    search_hours: float = Field(default=24.0, gt=0, le=240, description="how long after the epoch a pass is looked for")

    @field_validator("time", mode="after")
    @classmethod
    def _has_zone(cls, time: datetime | str) -> datetime | str:
        if isinstance(time, datetime) and time.tzinfo is None:
            raise ValueError(f"an instant needs its zone: write {time.isoformat()}Z for UTC")
        return time

    @model_validator(mode="after")
    def _one_source(self) -> SatelliteConfig:
        given = [field for field in ("name", "tle", "omm") if getattr(self, field) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            raise ValueError(f"give exactly one of name, tle, omm (found: {found})")
        return self

    def resolve_files(self, folder: Path) -> SatelliteConfig:
        """Copy in which a ``tle`` or ``omm`` that names a file is replaced by the file's text.

        Raises:
            ConfigError: if the file cannot be read.
        """
        for field in ("tle", "omm"):
            value = getattr(self, field)
            if value is None or "\n" in value or value.lstrip().startswith(("{", "[", "<")):
                continue
            path = folder / value
            try:
                with path.open(encoding="utf-8") as stream:
                    text = stream.read(_MOST_CHARACTERS + 1)
                if len(text) > _MOST_CHARACTERS:
                    raise ValueError(f"it has more than {_MOST_CHARACTERS} characters; give one element set")
                return replace_fields(self, {field: text})
            except ConfigError:
                raise
            except (OSError, ValueError) as error:
                raise ConfigError(f"satellite.{field} = {value!r}: cannot read {path} ({error}).") from None
        return self
