"""The ``[satellite]`` part of a scenario: which satellite, seen from which site, at which instant."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from leoisac.foundation.config import Config, ConfigError, replace_fields
from leoisac.geometry.element_fields import catalogue_number
from leoisac.geometry.instant_fields import instant_from_text, with_zone


class SatelliteConfig(Config):
    """A real satellite over a real site.

    ``name`` or ``norad_id`` says which satellite: of the packaged Starlink extract, or of the element sets in ``tle``
    or ``omm``, where a single one needs no name. ``tle`` and ``omm`` hold element sets or, in a scenario file, the name
    of a file that does. The text of the one that is meant is then taken into the configuration, so that results never
    depend on a file that may change.
    """

    name: str | None = Field(
        default=None, description="satellite, e.g. STARLINK-1423: of tle or omm, else of the packaged Starlink extract"
    )
    norad_id: int | str | None = Field(
        default=None, description="its catalogue number (25544, or Alpha-5 text such as A0001), instead of a name"
    )
    tle: str | None = Field(default=None, description="two-line element sets, or a file with them")
    omm: str | None = Field(
        default=None, description="orbit mean-elements messages (JSON, KVN, XML or CSV), or a file with them"
    )
    time: datetime | Literal["next-pass", "best-pass"] = Field(
        default="next-pass",
        description="UTC instant; or the culmination of the next or the highest pass after search_from",
    )
    search_from: datetime | None = Field(
        default=None,
        validation_alias=AliasChoices("search_from", "from"),
        description="UTC instant from which a pass is looked for, also written from; the element epoch if left out",
    )
    latitude_deg: float = Field(ge=-90, le=90, description="geodetic latitude of the site (WGS84)")
    longitude_deg: float = Field(ge=-180, le=360, description="geodetic longitude of the site (WGS84), east positive")
    height_m: float = Field(default=0.0, ge=-500, le=9000, description="height of the site above the ellipsoid")
    min_elevation_deg: float = Field(default=10.0, ge=0, lt=90, description="a pass counts above this elevation")
    search_hours: float = Field(default=24.0, gt=0, le=240, description="how long a pass is looked for")

    @field_validator("time", "search_from", mode="before")
    @classmethod
    def _from_text(cls, time: Any) -> Any:
        return instant_from_text(time)

    @field_validator("time", "search_from", mode="after")
    @classmethod
    def _has_zone(cls, time: datetime | str | None) -> datetime | str | None:
        return with_zone(time)

    @field_validator("norad_id", mode="after")
    @classmethod
    def _is_catalogue_number(cls, number: int | str | None) -> int | None:
        plain = None if number is None else catalogue_number(str(number))
        if number is not None and not plain:
            raise ValueError("must be a catalogue number: 1 or more, or a letter (not I, O) and four digits")
        return plain

    @model_validator(mode="after")
    def _one_source(self) -> SatelliteConfig:
        given = [field for field in ("tle", "omm") if getattr(self, field) is not None]
        if len(given) > 1:
            raise ValueError("give one of tle and omm, not both")
        if not given and self.name is None and self.norad_id is None:
            raise ValueError("give name or norad_id (of the packaged extract), or tle or omm; found: none of them")
        if isinstance(self.time, datetime) and self.search_from is not None:
            raise ValueError('search_from has no meaning where time states the instant; write time = "next-pass"')
        return self

    @property
    def reference(self) -> datetime | None:
        """The instant that the scenario states, if any: of several sets of the satellite, the nearest to it counts."""
        return self.time if isinstance(self.time, datetime) else self.search_from

    def resolve_files(self, folder: Path) -> SatelliteConfig:
        """Copy in which a ``tle`` or ``omm`` that names a file is replaced by the element set that is meant.

        Raises:
            ConfigError: if the file cannot be read, holds no such satellite, or several.
        """
        # Here, because listing systems reads this module, and needs no readers of JSON, XML and archives.
        from leoisac.geometry.element_files import choose, entries, is_file_name, read_text

        for field in ("tle", "omm"):
            value = getattr(self, field)
            if value is None or not is_file_name(value):
                continue
            path = folder / value
            try:
                found = entries(read_text(path))
            except (OSError, ValueError) as error:
                raise ConfigError(f"satellite.{field} = {value!r}: cannot read {path} ({error}).") from None
            assert self.norad_id is None or isinstance(self.norad_id, int)  # as validated
            try:
                meant = choose(found, self.name, self.norad_id, self.reference)
            except ValueError as error:
                raise ConfigError(f"satellite.{field} = {value!r}: {error}") from None
            return replace_fields(self, {field: meant.text})
        return self
