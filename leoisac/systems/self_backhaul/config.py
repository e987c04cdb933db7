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
from leoisac.foundation.units import NOTHING_DB, is_nothing
from leoisac.geometry.satellite_config import SatelliteConfig
from leoisac.geometry.time_config import TimeConfig
from leoisac.propagation.atmosphere_config import AtmosphereConfig
from leoisac.propagation.sky_config import (
    ATMOSPHERE_TEXT,
    ENVIRONMENT_TEXT,
    EXTRAPOLATION_TEXT,
    FADING_TEXT,
    SCINTILLATION_TEXT,
    FlatFading,
    Scintillation,
    UserEnvironment,
    check_sky,
    with_files,
)

EARTH_RADIUS_M = 6371e3
"""Of the sphere on which targets lie."""

ArraySide = Annotated[int, Field(ge=1, le=32)]
Angle = Annotated[float, Field(ge=-90, le=90)]
Threshold = Annotated[float, Field(ge=1e-12, le=1e9)]
Radius = Annotated[float, Field(ge=0, le=1e9)]
ErrorModel = Literal["noise-normalised", "relative", "absolute"]


class LinkErrors(Config):
    """Radius of the error ball of each kind of channel, each a number; see ``error_model`` for their units."""

    es: Radius = Field(default=0.08, description="base station to Earth Station")
    users: Radius = Field(default=0.08, description="base station to users")
    feeder: Radius = Field(default=0.08, description="satellite to Earth Station")
    satellite: Radius = Field(default=0.08, description="satellite to users")


class LinkErrorModels(Config):
    """Unit of the radius of each kind of channel."""

    es: ErrorModel = Field(default="noise-normalised", description="base station to Earth Station")
    users: ErrorModel = Field(default="noise-normalised", description="base station to users")
    feeder: ErrorModel = Field(default="noise-normalised", description="satellite to Earth Station")
    satellite: ErrorModel = Field(default="noise-normalised", description="satellite to users")


class SelfBackhaulConfig(Config):
    """A satellite feeds an Earth Station that backhauls a terrestrial base station, all in one band, and senses."""

    system: ClassVar[str] = "self-backhaul"

    # Band
    carrier_hz: float = Field(default=20e9, ge=1e8, le=3e11, description="carrier frequency")
    bandwidth_hz: float = Field(default=20e6, ge=1e3, le=1e11, description="signal bandwidth")
    noise_power_dbm: float = Field(
        default=-100.8, ge=-250, le=50, description="receiver noise, the same at all receivers unless stated"
    )
    noise_power_es_dbm: float | None = Field(
        default=None, ge=-250, le=50, description="receiver noise at the Earth Station, if another"
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

    min_detection_probability: float | None = Field(
        default=None, gt=0, lt=1, description="least detection probability of every target"
    )

    # Channel knowledge
    error_radius: Radius | LinkErrors = Field(
        default=0.08, description="radius of the channel error balls, of all or {es, users, feeder, satellite}"
    )
    error_model: ErrorModel | LinkErrorModels = Field(
        default="noise-normalised",
        description="radius in noise-normalised units, relative to each channel's norm, or absolute (amplitude gain)",
    )
    estimate: Literal["true", "noisy"] = Field(
        default="true",
        description="what designs know: the true channels, or an estimate that is off by an error within the radius",
    )
    csi_error_db: float = Field(
        default=NOTHING_DB,
        ge=NOTHING_DB,
        le=20,
        description="power of normal errors of the estimates that designs know, over each channel's",  # -100 dB: none
    )

    # Independent beamforming that knows whom it disturbs (scheme ibs-aware)
    ibs_bs_weight: float | None = Field(
        default=None,
        ge=0,
        le=1e9,
        description="weight of the Earth Station in its zero forcing; by itself if not given",
    )
    ibs_satellite_weight: float | None = Field(
        default=None, ge=0, le=1e9, description="weight of the users in its null; by itself if not given"
    )

    # Satellite link
    altitude_km: float = Field(
        default=1000.0, ge=100, le=40_000, description="orbit altitude (without a [satellite] part)"
    )
    max_gain_dbi: float = Field(default=52.0, ge=0, le=80, description="peak gain of a satellite feed")
    half_power_angle_deg: float = Field(
        default=3.2, ge=0.01, le=60, description="one-sided half-power angle of a satellite feed"
    )
    far_lobe_dbi: float = Field(
        default=0.0, ge=-60, le=30, description="gain of a satellite feed far from its axis; the pattern's floor"
    )
    feed_pattern: Literal["s1528", "aperture"] = Field(
        default="s1528",
        description="pattern of a satellite feed: ITU-R S.1528 of the fields above, or that of an aperture (TR 38.811)",
    )
    aperture_diameter_m: float = Field(
        default=0.5, ge=0.001, le=100, description="diameter of a feed's aperture; sets its gain and beamwidth"
    )
    aperture_efficiency: float = Field(default=1.0, gt=0, le=1, description="efficiency of that aperture")
    beam_diameter_km: float = Field(
        default=250.0, ge=0.01, le=3000, description="beam diameter on the ground; sets the feed ring"
    )
    es_gain_dbi: float = Field(default=37.7, ge=-20, le=80, description="receive gain of the Earth Station")
    user_gain_dbi: float = Field(default=0.0, ge=-30, le=60, description="receive gain of a user towards the satellite")
    gas_loss_db: float = Field(default=0.5, ge=0, le=100, description="gaseous loss of every satellite path")
    gas_path: Literal["constant", "slant"] = Field(
        default="constant", description="gaseous loss as stated, or stated for the zenith and divided by sin(elevation)"
    )
    scintillation: Scintillation = Field(default="none", description=SCINTILLATION_TEXT)
    user_environment: UserEnvironment = Field(default="none", description=ENVIRONMENT_TEXT)
    flat_fading: FlatFading = Field(default="none", description=FADING_TEXT)
    allow_extrapolation: bool = Field(default=False, description=EXTRAPOLATION_TEXT)
    rain_model: Literal["gaussian_db", "lognormal_db"] = Field(
        default="gaussian_db", description="rain gain in dB: capped Gaussian, or minus a log-normal"
    )
    rain_mean_db: float = Field(default=-3.125, ge=-50, le=50, description="location parameter of the rain model")
    rain_std_db: float = Field(default=1.591, ge=0, le=20, description="scale parameter of the rain model")
    feed_phase: Literal["mild", "uniform"] = Field(
        default="mild", description="feed phases: small Gaussian, or uniform"
    )
    feed_phase_std_deg: float = Field(default=10.0, ge=0, le=180, description="standard deviation of mild feed phases")

    residual_doppler_hz: float = Field(
        default=0.0, ge=0, le=1e7, description="Doppler shift of the satellite's links that compensation leaves"
    )
    block_samples: int = Field(
        default=1024, ge=1, le=2**30, description="samples over which a receiver takes the phase as constant"
    )

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
    sensing_geometry: Literal["published", "consistent"] = Field(
        default="published",
        description="targets seen by a separate line array at the Earth Station's range, or by the feeds at their true "
        "range (always so with a [satellite] part)",
    )
    rcs_m2: float = Field(default=10.0, ge=1e-9, le=1e7, description="radar cross-section of a target")
    num_integrated: int = Field(default=2**20, ge=1, le=2**40, description="samples integrated coherently")
    false_alarm: float = Field(default=1e-6, ge=1e-30, lt=1, description="false-alarm probability")

    satellite: SatelliteConfig | None = Field(
        default=None, description="a real satellite pass instead of a fixed altitude"
    )
    atmosphere: AtmosphereConfig | None = Field(default=None, description=ATMOSPHERE_TEXT)
    time: TimeConfig | None = Field(default=None, description="the pass as an axis of time instead of one instant")

    @model_validator(mode="after")
    def _consistent(self) -> SelfBackhaulConfig:
        if isinstance(self.pattern_min_w, tuple) and len(self.pattern_min_w) != len(self.target_angles_deg):
            raise ValueError(
                f"pattern_min_w has {len(self.pattern_min_w)} values for {len(self.target_angles_deg)} target angles; "
                "give one value, or one per target"
            )
        self._check_errors()
        if not is_nothing(self.csi_error_db) and self.estimate == "noisy":
            raise ValueError(
                f'csi_error_db = {self.csi_error_db:g} beside estimate = "noisy": designs know one estimate; leave out '
                "csi_error_db for errors within the radius, or estimate for normal ones"
            )
        self._check_sensing()
        check_sky(self)
        self._check_weather()
        self._check_feeds()
        if 2 * self.min_distance_m >= self.area_side_m:
            raise ValueError(
                f"min_distance_m = {self.min_distance_m:g} leaves hardly a place in a square of "
                f"area_side_m = {self.area_side_m:g}; it must be below half the side"
            )
        return self

    def _check_weather(self) -> None:
        """Weather takes the place of the rain fields, and with ITU-R's statistics of the gas fields, too."""
        if self.atmosphere is None:
            return
        if self.atmosphere.gas_zenith_db > 0.0:
            raise ValueError('atmosphere.gas_zenith_db: write it as gas_loss_db with gas_path = "slant"')
        gone = ["rain_model", "rain_mean_db", "rain_std_db"]
        gone += ["gas_loss_db", "gas_path"] if self.atmosphere.model == "itu" else []
        for name in gone:
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name} = {getattr(self, name)}: has no effect beside [atmosphere]; leave it out")

    def _check_feeds(self) -> None:
        idle = ("aperture_diameter_m", "aperture_efficiency")
        if self.feed_pattern == "aperture":
            idle = ("max_gain_dbi", "half_power_angle_deg", "far_lobe_dbi")
        for name in idle:
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(
                    f"{name} = {getattr(self, name)}: has no effect with feed_pattern = {self.feed_pattern!r}; leave "
                    "it out"
                )

    def _check_errors(self) -> None:
        for link, (radius, model) in self.link_errors.items():
            if model == "relative" and not radius < 1.0:
                raise ValueError(
                    f"error_radius = {radius:g} ({link}): a relative radius must be below 1, or the ball of errors "
                    "holds the zero channel and nothing can be guaranteed"
                )

    def _check_sensing(self) -> None:
        least = self.min_detection_probability
        if least is not None and least <= self.false_alarm:
            raise ValueError(
                f"min_detection_probability = {least:g} must be above false_alarm = {self.false_alarm:g}, which costs "
                "nothing"
            )
        if self.sensing_geometry == "consistent" and self.satellite is None:
            horizon_deg = math.degrees(math.asin(EARTH_RADIUS_M / (EARTH_RADIUS_M + self.altitude_km * 1e3)))
            beyond = [angle for angle in self.target_angles_deg if abs(angle) >= horizon_deg]
            if beyond:
                raise ValueError(
                    f"target_angles_deg = {beyond[0]:g} looks past the Earth from {self.altitude_km:g} km: with "
                    f'sensing_geometry = "consistent" angles must be below {horizon_deg:.1f} degrees'
                )

    @property
    def link_errors(self) -> dict[str, tuple[float, str]]:
        """Radius and model of the errors of each kind of channel: ``es``, ``users``, ``feeder``, ``satellite``."""
        names = tuple(LinkErrors.model_fields)
        radii = (
            self.error_radius if isinstance(self.error_radius, LinkErrors) else dict.fromkeys(names, self.error_radius)
        )
        models = (
            self.error_model
            if isinstance(self.error_model, LinkErrorModels)
            else dict.fromkeys(names, self.error_model)
        )
        return {name: (float(dict(radii)[name]), str(dict(models)[name])) for name in names}

    @property
    def doppler_gain(self) -> float:
        """Power that a receiver keeps whose phase turns over a block: ``sinc^2(f T)``, coherent over the block."""
        turns = math.pi * self.residual_doppler_hz * self.block_samples / self.bandwidth_hz
        return 1.0 if turns == 0.0 else (math.sin(turns) / turns) ** 2

    @property
    def has_consistent_sensing(self) -> bool:
        """Whether targets are seen by the feeds at their true range."""
        return self.sensing_geometry == "consistent" or self.satellite is not None

    @property
    def num_bs_antennas(self) -> int:
        """Antennas of the base station's panel."""
        return math.prod(self.bs_array)

    @property
    def num_targets(self) -> int:
        """Sensed directions."""
        return len(self.target_angles_deg)

    def resolve_files(self, folder: Path) -> SelfBackhaulConfig:
        """Copy with files of element sets and of rain rates taken into the configuration."""
        return with_files(self, folder)


def published_text_set() -> SelfBackhaulConfig:
    """The parameter set of the paper's text: 30 GHz, 100 MHz, -94 dBm. Eight users are infeasible under it."""
    return SelfBackhaulConfig(carrier_hz=30e9, bandwidth_hz=100e6, noise_power_dbm=-94.0)


def consistent_set() -> SelfBackhaulConfig:
    """Feeds that radiate no more than they receive, and targets where they are.

    The paper's 3.2 degrees read as the full width, the largest gain whose pattern then has a mean of 1 over the
    sphere, and targets at their true ranges seen by the feeds.
    """
    return SelfBackhaulConfig(
        half_power_angle_deg=1.6, max_gain_dbi=32.5, far_lobe_dbi=-10.0, sensing_geometry="consistent"
    )


def axis_sizes(config: SelfBackhaulConfig) -> Mapping[str, int]:
    """Length of every named axis."""
    return {
        "user": config.num_users,
        "bs_antenna": config.num_bs_antennas,
        "feed": config.num_feeds,
        "target": config.num_targets,
        "phase": config.num_users + 2,
    }


__all__ = [
    "EARTH_RADIUS_M",
    "LinkErrorModels",
    "LinkErrors",
    "SelfBackhaulConfig",
    "axis_sizes",
    "consistent_set",
    "published_text_set",
]
