"""The ``[other_satellites]`` part: a constellation whose visible satellites transmit in the same band."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from leoisac.foundation.config import Config
from leoisac.geometry.coverage_config import CoverageConfig, WalkerConfig

_ANYWHERE = ((0.0, 0.0),)


class OtherSatellitesConfig(Config):
    """Satellites of a Walker shell or of element sets, besides the one that serves.

    Each has one spot beam in the band, which points at a place on the ground drawn around the footprints. With a
    ``[satellite]`` part they are seen from its site at its instant; without one from ``latitude_deg`` at instants that
    are drawn. Of the satellites in sight the one nearest in angle to the serving one is taken to be that one.
    """

    walker: WalkerConfig | None = Field(default=None, description="a Walker shell")
    elements: str | None = Field(
        default=None, description='element sets or a file with them; "starlink" for the packaged extract'
    )
    min_elevation_deg: float = Field(default=10.0, ge=0, lt=90, description="lower ones are not looked at")
    power_w: float = Field(
        default=200.0, ge=0, le=1e6, description="power of each one's spot beam; its pattern is that of the serving one"
    )
    least_aim_m: float = Field(
        default=0.0, ge=0, le=5e6, description="least distance of where their beams point from the footprints' centre"
    )
    most_aim_m: float = Field(default=100_000.0, gt=0, le=5e6, description="largest one")
    latitude_deg: float = Field(
        default=43.6, ge=-90, le=90, description="geodetic latitude of the cells (without a [satellite] part)"
    )
    snapshots: int = Field(
        default=64, ge=1, le=10_000, description="instants among which a trial's is drawn (without a [satellite] part)"
    )

    @model_validator(mode="after")
    def _consistent(self) -> OtherSatellitesConfig:
        if (self.walker is None) == (self.elements is None):
            raise ValueError("give one constellation: a table [other_satellites.walker], or elements")
        if self.least_aim_m >= self.most_aim_m:
            raise ValueError(f"least_aim_m = {self.least_aim_m:g} must be below most_aim_m = {self.most_aim_m:g}")
        return self

    def as_coverage(self) -> CoverageConfig:
        """The constellation in the words of ``geometry.coverage``."""
        return CoverageConfig(walker=self.walker, elements=self.elements, sites_deg=_ANYWHERE)

    def resolve_files(self, folder: Path) -> OtherSatellitesConfig:
        """Copy with the text of a file of element sets in its place."""
        return self.replace(elements=self.as_coverage().resolve_files(folder).elements)


__all__ = ["OtherSatellitesConfig"]
