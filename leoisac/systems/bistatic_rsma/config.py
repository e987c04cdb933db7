"""Configuration of the bistatic rate-splitting system.

Defaults are the setting of the paper's main figure at 20 dBW. Where the paper is silent or contradicts itself, the
alternatives are options; the system's README says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from leoisac.foundation.config import Config
from leoisac.geometry.satellite_config import SatelliteConfig
from leoisac.geometry.time_config import TimeConfig

ArraySide = Annotated[int, Field(ge=1, le=128)]
ReceiverSide = Annotated[int, Field(ge=2, le=128)]
"""A line of elements cannot tell two angles."""
Kilometres = Annotated[float, Field(ge=-50_000, le=50_000)]
Angle = Annotated[float, Field(ge=-180, le=180)]
Variance = Annotated[float, Field(ge=1e-18, le=10)]
_LEAST_SLOPE = math.tan(math.radians(0.01))
Ground = tuple[Kilometres, Kilometres]
Position = tuple[Kilometres, Kilometres, Kilometres]


class BistaticRsmaConfig(Config):
    """A satellite serves users by rate splitting and lights up a target whose echo a ground receiver collects.

    Frame: the radar receiver is the origin, z is up, users are on the ground. With a ``[satellite]`` part x is east and
    y is north of its site, where the receiver stands.
    """

    system: ClassVar[str] = "bistatic-rsma"

    # Band and noise
    carrier_hz: float = Field(default=2e9, ge=1e8, le=3e11, description="carrier frequency")
    bandwidth_hz: float = Field(default=10e6, ge=1e3, le=1e11, description="signal bandwidth and sampling rate")
    noise_temperature_k: float = Field(
        default=150.0, ge=0.01, le=1e5, description="noise temperature of every receiver"
    )
    boltzmann_j_k: float = Field(default=1.38e-23, gt=1e-24, lt=1e-22, description="Boltzmann constant as published")
    speed_of_light_m_s: float = Field(default=3e8, gt=2.9e8, lt=3.1e8, description="speed of light as published")

    # Satellite
    satellite_position_km: Position = Field(
        default=(30.0, -30.0, 340.0), description="satellite position (without a [satellite] part)"
    )
    satellite_array: tuple[ArraySide, ArraySide] = Field(
        default=(8, 8), description="satellite's horizontal half-wavelength panel, along x and y"
    )
    satellite_gain_dbi: float = Field(default=6.0, ge=-30, le=80, description="gain of a satellite element")
    transmit_power_dbw: float = Field(default=20.0, ge=-100, le=100, description="satellite transmit power budget")

    # Users
    num_users: int = Field(default=4, ge=1, le=64, description="users")
    user_gain_dbi: float = Field(default=0.0, ge=-30, le=60, description="receive gain of a user")
    rician_factor_db: float = Field(default=10.0, ge=-100, le=100, description="Rician factor of the users' fading")
    user_positions_km: tuple[Ground | Position, ...] | None = Field(
        default=None, description="users at fixed places, (x, y) or (x, y, z) each; drawn at random when absent"
    )
    user_distribution: Literal["uniform-radius", "uniform-area"] = Field(
        default="uniform-radius", description="users uniform in radius (dense centre), or uniform in area"
    )
    coverage_diameter_km: float = Field(default=100.0, ge=1e-3, le=5000, description="diameter of the disc of users")
    coverage_centre: Literal["sub-satellite", "receiver"] | Ground = Field(
        default="sub-satellite", description="centre of the disc: below the satellite, at the receiver, or (x, y) in km"
    )

    # Target and radar receiver
    target_position_km: Position = Field(default=(3.0, 3.0, 5.0), description="target position")
    rcs_m2: float = Field(default=100.0, ge=1e-9, le=1e7, description="monostatic radar cross-section of the target")
    rcs_model: Literal["constant", "cos-half-beta", "sin-half-beta"] = Field(
        default="constant", description="law of the bistatic cross-section over the bistatic angle"
    )
    receiver_array: tuple[ReceiverSide, ReceiverSide] = Field(
        default=(32, 32), description="radar receiver's horizontal half-wavelength panel, along x and y"
    )
    receiver_gain_dbi: float = Field(default=3.0, ge=-30, le=80, description="gain of a radar receiver element")
    num_samples: int = Field(default=4096, ge=2, le=2**22, description="transmitted samples per coherent interval")
    crb_threshold_rad2: Variance | tuple[Variance, Variance] = Field(
        default=8e-7, description="largest bound on the variance of the arrival angles (one, or azimuth and zenith)"
    )
    target_amplitude: Literal["known", "unknown"] = Field(
        default="known", description="whether the requirement's bound takes the echo's complex amplitude as known"
    )

    # Echo processing
    max_delay_samples: int = Field(default=256, ge=1, le=2**20, description="delays searched beyond the direct path's")
    max_doppler_hz: float = Field(default=30e3, ge=0, le=1e7, description="target Doppler is uniform up to this, +-")
    doppler_search_hz: float = Field(default=40e3, ge=1, le=1e7, description="Doppler shifts searched, +-")

    aoa_offset_deg: tuple[Angle, Angle] = Field(
        default=(0.0, 0.0), description="deliberate error added to the estimated arrival angles (azimuth, zenith)"
    )

    # Output
    pattern_points: int = Field(
        default=0, ge=0, le=401, description="points per side of stored beampatterns and echo maps; 0 stores none"
    )

    satellite: SatelliteConfig | None = Field(
        default=None, description="a real satellite pass over the receiver's site instead of a fixed position"
    )
    time: TimeConfig | None = Field(default=None, description="the pass as an axis of time instead of one instant")

    @model_validator(mode="after")
    def _consistent(self) -> BistaticRsmaConfig:
        if self.user_positions_km is not None and len(self.user_positions_km) != self.num_users:
            raise ValueError(
                f"user_positions_km has {len(self.user_positions_km)} places for num_users = {self.num_users}; "
                "give one per user"
            )
        if self.satellite is None and self.satellite_position_km[2] <= self.target_position_km[2]:
            raise ValueError(
                f"satellite_position_km = {self.satellite_position_km} is not above the target's height of "
                f"{self.target_position_km[2]:g} km"
            )
        if self.target_position_km[2] < 0 or math.hypot(*self.target_position_km) < 1e-3:
            raise ValueError(
                f"target_position_km = {self.target_position_km} must be above ground and at least a metre from "
                "the receiver in the origin"
            )
        if self.target_position_km[2] < _LEAST_SLOPE * math.hypot(*self.target_position_km[:2]):
            raise ValueError(
                f"target_position_km = {self.target_position_km} stands on the receiver's horizon, where a horizontal "
                "panel measures no zenith angle; lift the target to an elevation of at least 0.01 deg"
            )
        if self.time is not None and self.coverage_centre == "sub-satellite" and self.user_positions_km is None:
            raise ValueError(
                'coverage_centre = "sub-satellite" takes the users along with the satellite; over a pass they stay on '
                'Earth: write "receiver" or a place (x, y) in km'
            )
        if self.pattern_points == 1:
            raise ValueError("pattern_points = 1 is no map; give 0 for none, or 2 or more")
        return self

    @property
    def num_tx(self) -> int:
        """Elements of the satellite's array."""
        return math.prod(self.satellite_array)

    @property
    def num_rx(self) -> int:
        """Elements of the radar receiver's array."""
        return math.prod(self.receiver_array)

    def resolve_files(self, folder: Path) -> BistaticRsmaConfig:
        """Copy with element-set files taken into the configuration."""
        if self.satellite is None:
            return self
        return self.replace(satellite=self.satellite.resolve_files(folder))


def axis_sizes(config: BistaticRsmaConfig) -> Mapping[str, int]:
    """Length of every named axis."""
    return {
        "user": config.num_users,
        "tx": config.num_tx,
        "stream": config.num_users + 2,
        "group": 3,
        "pattern_y": config.pattern_points,
        "pattern_x": config.pattern_points,
    }


__all__ = ["BistaticRsmaConfig", "axis_sizes"]
