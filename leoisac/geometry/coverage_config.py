"""Which constellation, which sites and which hours: what ``leoisac coverage`` and ``li.coverage`` compute."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from leoisac.foundation.config import Config, ConfigError, replace_fields
from leoisac.geometry.instant_fields import instant_from_text

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=360)]
MOST_TIMES = 100_000


class WalkerConfig(Config):
    """A Walker shell of circular orbits; defaults are those of a shell of 1584 satellites at 550 km."""

    total: int = Field(default=1584, ge=1, le=50_000, description="number of satellites")
    planes: int = Field(default=72, ge=1, le=50_000, description="number of planes; divides the total")
    phasing: int = Field(default=17, ge=0, description="phasing F, below the number of planes")
    inclination_deg: float = Field(default=53.0, ge=0, le=180, description="inclination")
    altitude_km: float = Field(
        default=550.0, ge=160, le=60_000, description="mean altitude above the equatorial radius"
    )
    pattern: Literal["delta", "star"] = Field(default="delta", description="planes all around, or over half a turn")


class CoverageLink(Config):
    """The downlink of the serving satellite, by which rates are told: free space and a fixed loss."""

    carrier_hz: float = Field(default=20e9, ge=1e8, le=3e11, description="carrier frequency")
    bandwidth_hz: float = Field(default=400e6, ge=1e3, le=1e11, description="bandwidth, noise and signal")
    eirp_dbw: float = Field(default=30.0, ge=-100, le=120, description="EIRP towards the site, in the bandwidth")
    figure_of_merit_db_per_k: float = Field(default=15.9, ge=-60, le=60, description="G/T of the receiver")
    losses_db: float = Field(default=0.8, ge=0, le=200, description="gases, scintillation and other losses")


class CoverageConfig(Config):
    """Service of sites by a constellation over some hours."""

    walker: WalkerConfig | None = Field(default=None, description="a Walker shell")
    elements: str | None = Field(
        default=None, description='element sets or a file with them; "starlink" for the packaged extract'
    )
    sites_deg: tuple[tuple[Latitude, Longitude], ...] = Field(
        default=(), max_length=10_000, description="latitude and longitude of sites"
    )
    latitudes_deg: tuple[Latitude, ...] = Field(
        default=(), max_length=1000, description="latitudes along which more sites are spread"
    )
    sites_per_latitude: int = Field(
        default=10, ge=1, le=10_000, description="sites at each latitude, in longitude by the golden ratio"
    )
    begin: datetime | None = Field(
        default=None,
        validation_alias=AliasChoices("begin", "from"),
        description="first UTC instant, also written from; the newest epoch of the elements if left out",
    )
    hours: float = Field(default=24.0, gt=0, le=24 * 31, description="how long")
    step_s: float = Field(default=30.0, ge=0.1, le=3600, description="time between instants")
    min_elevation_deg: float = Field(default=25.0, ge=0, lt=90, description="a satellite serves above this elevation")
    rule: Literal["highest", "longest-stay", "hysteresis"] = Field(
        default="hysteresis", description="which of the visible satellites serves"
    )
    hysteresis_deg: float = Field(
        default=5.0, ge=0, le=90, description="how much higher another satellite must be (rule hysteresis)"
    )
    capacity: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="most sites that a satellite serves at a time; all if left out",
    )

    link: CoverageLink | None = Field(default=None, description="the downlink, for rates on the serving satellite")

    @field_validator("begin", mode="before")
    @classmethod
    def _from_text(cls, time: Any) -> Any:
        return instant_from_text(time)

    @model_validator(mode="after")
    def _whole(self) -> CoverageConfig:
        if self.begin is not None and self.begin.tzinfo is None:
            raise ValueError(f"from: an instant needs its zone: write {self.begin.isoformat()}Z for UTC")
        if (self.walker is None) == (self.elements is None):
            raise ValueError("give one constellation: a table [walker], or elements")
        if not self.sites_deg and not self.latitudes_deg:
            raise ValueError("give sites_deg, latitudes_deg, or both; found: no site")
        if self.hours * 3600.0 / self.step_s > MOST_TIMES:
            raise ValueError(f"step_s = {self.step_s:g} gives more than {MOST_TIMES} instants; make it longer")
        return self

    @property
    def places_deg(self) -> tuple[tuple[float, float], ...]:
        """Latitude and longitude of all sites. Those along a latitude are the same first ones whatever their number."""
        golden = 0.5 * (math.sqrt(5.0) - 1.0)
        spread = [
            (latitude, 360.0 * ((index * golden) % 1.0) - 180.0)
            for latitude in self.latitudes_deg
            for index in range(self.sites_per_latitude)
        ]
        return (*self.sites_deg, *spread)

    def resolve_files(self, folder: Path) -> CoverageConfig:
        """Copy with the text of a file of element sets in its place (ConfigError where it cannot be read)."""
        from leoisac.geometry.element_files import is_file_name, read_text

        if self.elements is None or self.elements == "starlink" or not is_file_name(self.elements):
            return self
        try:
            return replace_fields(self, {"elements": read_text(folder / self.elements)})
        except (OSError, ValueError) as error:
            raise ConfigError(f"elements = {self.elements!r}: cannot read it ({error}).") from None
