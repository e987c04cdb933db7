"""The ``[atmosphere]`` part of a scenario: what weather does to a satellite's links."""

from __future__ import annotations

import csv
import itertools
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from leoisac.foundation.config import Config, ConfigError, replace_fields
from leoisac.geometry.instant_fields import instant_from_text, with_zone

EDITION = "P.618-13, P.676-12, P.837-7, P.838-3, P.839-4, P.840-7"
"""Recommendations whose formulas and maps ``model = "itu"`` stands for."""
RainRate = Annotated[float, Field(ge=0, le=500)]
_RAIN_MODELS = ("rain-rate", "rain-file")
_MOST_SAMPLES = 100_000
_OF_MODEL: dict[str, tuple[str, ...]] = {
    "itu": ("exceeded_percent", "antenna_diameter_m", "antenna_efficiency", "edition", "polarization_tilt_deg"),
    "statistical": ("rain_law", "rain_mean_db", "rain_std_db", "gas_zenith_db"),
    "rain-rate": ("rain_rate_mm_h", "rain_height_km", "gas_zenith_db", "polarization_tilt_deg"),
    "rain-file": ("rain_file", "rain_series", "rain_height_km", "gas_zenith_db", "polarization_tilt_deg"),
}
"""Fields that a model reads."""


class AtmosphereConfig(Config):
    """One weather over the site: it is the same for all of its satellite links, and moves with time.

    Echoes and links on the ground know no weather.
    """

    model: Literal["itu", "statistical", "rain-rate", "rain-file"] = Field(
        description="where the loss comes from: ITU-R statistics of the site, a law, a rain rate, a series of them"
    )

    # itu
    exceeded_percent: float | None = Field(
        default=None,
        ge=0.001,
        le=50,
        description="share of the time in which the loss is larger (itu); drawn anew for every trial if left out",
    )
    antenna_diameter_m: float = Field(
        default=1.0, ge=0.01, le=100, description="aperture over which scintillation averages (itu)"
    )
    antenna_efficiency: float = Field(default=0.65, gt=0, le=1, description="efficiency of that aperture (itu)")
    edition: Literal["P.618-13, P.676-12, P.837-7, P.838-3, P.839-4, P.840-7"] = Field(
        default=EDITION, description="editions of the recommendations (itu)"
    )

    # Rain at a rate
    rain_rate_mm_h: RainRate | None = Field(default=None, description="rain rate (rain-rate)")
    rain_file: str | None = Field(
        default=None, description="file of lines `UTC instant,rain rate in mm/h` (rain-file); taken into rain_series"
    )
    rain_series: tuple[tuple[datetime, RainRate], ...] | None = Field(
        default=None, min_length=1, max_length=_MOST_SAMPLES, description="instants and rain rates in mm/h (rain-file)"
    )
    rain_height_km: float | None = Field(
        default=None, ge=0, le=10, description="height of rain above the sea; by latitude if left out (ITU-R P.618-5)"
    )
    polarization_tilt_deg: float = Field(
        default=45.0, ge=-90, le=90, description="tilt of the polarization to the horizontal; 45 for a circular one"
    )

    # Statistical
    rain_law: Literal["gaussian_db", "lognormal_db"] = Field(
        default="gaussian_db", description="rain gain in dB: capped Gaussian, or minus a log-normal (statistical)"
    )
    rain_mean_db: float = Field(default=-3.125, ge=-50, le=50, description="location parameter of that law")
    rain_std_db: float = Field(default=1.591, ge=0, le=20, description="scale parameter of that law")
    gas_zenith_db: float = Field(
        default=0.0, ge=0, le=50, description="gaseous loss towards the zenith, divided by sin(elevation) (not itu)"
    )

    @field_validator("rain_series", mode="before")
    @classmethod
    def _from_text(cls, series: Any) -> Any:
        if not isinstance(series, (list, tuple)):
            return series
        return tuple(
            (instant_from_text(row[0]), *row[1:]) if isinstance(row, (list, tuple)) and row else row for row in series
        )

    @model_validator(mode="after")
    def _consistent(self) -> AtmosphereConfig:
        own = _OF_MODEL[self.model]
        for name, field in type(self).model_fields.items():
            if name != "model" and name not in own and getattr(self, name) != field.default:
                raise ValueError(
                    f'{name} = {getattr(self, name)}: has no effect with model = "{self.model}"; leave it out'
                )
        if self.model == "rain-rate" and self.rain_rate_mm_h is None:
            raise ValueError('rain_rate_mm_h: model = "rain-rate" needs it')
        if self.model == "rain-file" and (self.rain_file is None) == (self.rain_series is None):
            raise ValueError('model = "rain-file" needs one of rain_file (a file) and rain_series (its lines)')
        times = [with_zone(time) for time, _ in self.rain_series or ()]
        if any(later <= earlier for earlier, later in itertools.pairwise(times)):
            raise ValueError("rain_series: instants must rise from line to line")
        return self

    @property
    def is_rain(self) -> bool:
        """Whether a rain rate makes the loss."""
        return self.model in _RAIN_MODELS

    def resolve_files(self, folder: Path) -> AtmosphereConfig:
        """Copy in which the lines of ``rain_file`` are ``rain_series``.

        Raises:
            ConfigError: if the file cannot be read or a line is not an instant and a number.
        """
        if self.rain_file is None:
            return self
        return replace_fields(self, {"rain_series": read_rain(folder / self.rain_file), "rain_file": None})


def read_rain(path: Path) -> list[tuple[str, float]]:
    """Instants and rain rates in mm/h of a file of lines ``UTC instant,rate``; a first line of names is passed over.

    Raises:
        ConfigError: as ``AtmosphereConfig.resolve_files``.
    """
    where = f"atmosphere.rain_file = {path.name!r}"
    try:
        rows = [row for row in csv.reader(path.read_text(encoding="utf-8").splitlines()) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise ConfigError(f"{where}: cannot read {path} ({error}).") from None
    found: list[tuple[str, float]] = []
    for number, row in enumerate(rows, start=1):
        try:
            instant, rate = row[0].strip(), float(row[1])
            datetime.fromisoformat(instant)
        except (ValueError, IndexError):
            if number == 1 and not any(character.isdigit() for character in "".join(row)):
                continue  # names of the columns
            raise ConfigError(
                f"{where}: line {number} is {','.join(row)[:60]!r}; every line must be an instant with its zone and a "
                "rain rate in mm/h, such as 2025-10-08T07:45:00Z,12.5."
            ) from None
        found.append((instant, rate))
    return found


__all__ = ["EDITION", "AtmosphereConfig", "read_rain"]
