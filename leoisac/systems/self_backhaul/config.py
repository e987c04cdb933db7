"""Configuration of the self-backhauled satellite-terrestrial system.

Defaults are the paper's Table 1 (the set under which eight users are feasible); ``published_text_set`` is the set of
its text. Where the paper is silent or contradicts itself, the alternatives are options; the system's README says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from leoisac.foundation.config import Config
from leoisac.geometry.satellite_config import SatelliteConfig

ArraySide = Annotated[int, Field(ge=1, le=32)]
Angle = Annotated[float, Field(ge=-90, le=90)]
Threshold = Annotated[float, Field(ge=1e-12, le=1e9)]


class SelfBackhaulConfig(Config):
    """A satellite feeds an Earth Station that backhauls a terrestrial base station, all in one band, and senses."""

    system: ClassVar[str] = "self-backhaul"

    # Band
    carrier_hz: float = Field(default=20e9, ge=1e8, le=3e11, description="carrier frequency")
    bandwidth_hz: float = Field(default=20e6, ge=1e3, le=1e11, description="signal bandwidth")
    noise_power_dbm: float = Field(
        default=-100.8, ge=-250, le=50, description="receiver noise, the same at all receivers"
    )

    # Sizes
    num_users: int = Field(default=8, ge=1, le=64, description="users of the base station")
    bs_array: tuple[ArraySide, ArraySide] = Field(
        default=(3, 3), description="base station's horizontal panel, rows x columns"
    )
    num_feeds: int = Field(
        default=7, ge=2, le=64, description="satellite feeds: one at the Earth Station, a ring of others"
    )

    # Budgets and requirements
    satellite_power_dbw: float = Field(default=30.0, ge=-100, le=100, description="satellite transmit power budget")
    bs_power_dbw: float = Field(default=0.0, ge=-100, le=100, description="base station transmit power budget")
    min_sinr_db: float = Field(default=2.85, ge=-60, le=60, description="least SINR of every user; sets the least rate")
    pattern_min_w: Threshold | tuple[Threshold, ...] = Field(
        default=1.0, description="least beampattern towards each target"
    )
    target_angles_deg: tuple[Angle, ...] = Field(
        default=(-54.0, -18.0, 18.0, 54.0), min_length=1, max_length=64, description="target directions from broadside"
    )
    pattern_mode: Literal["satellite", "joint"] = Field(
        default="satellite",
        description="who forms the beampattern: the sensing waveform, or base station and satellite",
    )

    # Channel knowledge
    error_radius: float = Field(default=0.08, ge=0, lt=1, description="radius of the channel error balls")
    error_model: Literal["noise-normalised", "relative"] = Field(
        default="noise-normalised", description="radius in noise-normalised units, or relative to each channel's norm"
    )

    # Satellite link
    altitude_km: float = Field(
        default=1000.0, ge=100, le=40_000, description="orbit altitude (without a [satellite] part)"
    )
    max_gain_dbi: float = Field(default=52.0, ge=0, le=80, description="peak gain of a satellite feed")
    half_power_angle_deg: float = Field(
        default=3.2, ge=0.01, le=60, description="one-sided half-power angle of a satellite feed"
    )
    beam_diameter_km: float = Field(
        default=250.0, ge=0.01, le=3000, description="beam diameter on the ground; sets the feed ring"
    )
    es_gain_dbi: float = Field(default=37.7, ge=-20, le=80, description="receive gain of the Earth Station")
    user_gain_dbi: float = Field(default=0.0, ge=-30, le=60, description="receive gain of a user towards the satellite")
    gas_loss_db: float = Field(default=0.5, ge=0, le=100, description="gaseous loss of every satellite path")
    rain_model: Literal["gaussian_db", "lognormal_db"] = Field(
        default="gaussian_db", description="rain gain in dB: capped Gaussian, or minus a log-normal"
    )
    rain_mean_db: float = Field(default=-3.125, ge=-50, le=50, description="location parameter of the rain model")
    rain_std_db: float = Field(default=1.591, ge=0, le=20, description="scale parameter of the rain model")
    feed_phase: Literal["mild", "uniform"] = Field(
        default="mild", description="feed phases: small Gaussian, or uniform"
    )
    feed_phase_std_deg: float = Field(default=10.0, ge=0, le=180, description="standard deviation of mild feed phases")

    # Terrestrial links
    area_side_m: float = Field(
        default=1000.0, ge=100, le=50_000, description="side of the served square, base station centred"
    )
    min_distance_m: float = Field(
        default=35.0, ge=1, le=10_000, description="least distance of a user from the base station"
    )
    path_loss_intercept_db: float = Field(default=32.4, ge=0, le=200, description="path loss at 1 m and 1 GHz")
    path_loss_exponent: float = Field(default=2.1, ge=1, le=6, description="distance exponent of the path loss")
    shadowing_std_db: float = Field(default=4.0, ge=0, le=20, description="standard deviation of log-normal shadowing")
    num_paths: int = Field(default=5, ge=1, le=64, description="paths of a terrestrial channel; the first is geometric")
    array_gain: bool = Field(default=True, description="channel power grows with the antennas (false: paper's eq. 16)")

    # Sensing
    rcs_m2: float = Field(default=10.0, ge=1e-9, le=1e7, description="radar cross-section of a target")
    num_integrated: int = Field(default=2**20, ge=1, le=2**40, description="samples integrated coherently")
    false_alarm: float = Field(default=1e-6, ge=1e-30, lt=1, description="false-alarm probability")

    satellite: SatelliteConfig | None = Field(
        default=None, description="a real satellite pass instead of a fixed altitude"
    )

    @model_validator(mode="after")
    def _consistent(self) -> SelfBackhaulConfig:
        if isinstance(self.pattern_min_w, tuple) and len(self.pattern_min_w) != len(self.target_angles_deg):
            raise ValueError(
                f"pattern_min_w has {len(self.pattern_min_w)} values for {len(self.target_angles_deg)} target angles; "
                "give one value, or one per target"
            )
        if 2 * self.min_distance_m >= self.area_side_m:
            raise ValueError(
                f"min_distance_m = {self.min_distance_m:g} leaves hardly a place in a square of "
                f"area_side_m = {self.area_side_m:g}; it must be below half the side"
            )
        return self

    @property
    def num_bs_antennas(self) -> int:
        """Antennas of the base station's panel."""
        return math.prod(self.bs_array)

    @property
    def num_targets(self) -> int:
        """Sensed directions."""
        return len(self.target_angles_deg)

    def resolve_files(self, folder: Path) -> SelfBackhaulConfig:
        """Copy with element-set files taken into the configuration."""
        if self.satellite is None:
            return self
        return self.replace(satellite=self.satellite.resolve_files(folder))


def published_text_set() -> SelfBackhaulConfig:
    """The parameter set of the paper's text: 30 GHz, 100 MHz, -94 dBm. Eight users are infeasible under it."""
    return SelfBackhaulConfig(carrier_hz=30e9, bandwidth_hz=100e6, noise_power_dbm=-94.0)


def axis_sizes(config: SelfBackhaulConfig) -> Mapping[str, int]:
    """Length of every named axis."""
    return {
        "user": config.num_users,
        "bs_antenna": config.num_bs_antennas,
        "feed": config.num_feeds,
        "target": config.num_targets,
    }


__all__ = ["SelfBackhaulConfig", "axis_sizes", "published_text_set"]
