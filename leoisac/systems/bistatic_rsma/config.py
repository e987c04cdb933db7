"""Configuration of the bistatic rate-splitting system.

Defaults are the setting of the paper's main figure at 20 dBW. Where the paper is silent or contradicts itself, the
alternatives are options; the system's README says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from leoisac.foundation.config import Config
from leoisac.foundation.units import NOTHING_DB, is_nothing
from leoisac.geometry.satellite_config import SatelliteConfig
from leoisac.geometry.time_config import TimeConfig
from leoisac.link.settings import LinkDecoder, LinkIterations, LinkMarginDb, LinkSymbols, LinkWords
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
from leoisac.systems.bistatic_rsma.config_checks import check_sensing, check_several
from leoisac.waveforms.blocks import BlockKind

ArraySide = Annotated[int, Field(ge=1, le=128)]
ReceiverSide = Annotated[int, Field(ge=2, le=128)]
"""A line of elements cannot tell two angles."""
Kilometres = Annotated[float, Field(ge=-50_000, le=50_000)]
Angle = Annotated[float, Field(ge=-180, le=180)]
Variance = Annotated[float, Field(ge=1e-18, le=10)]
_STEADY_DB = 100.0
_LEAST_SLOPE = math.tan(math.radians(0.01))
Ground = tuple[Kilometres, Kilometres]
Position = tuple[Kilometres, Kilometres, Kilometres]
KilometresPerSecond = Annotated[float, Field(ge=-20, le=20)]
Velocity = tuple[KilometresPerSecond, KilometresPerSecond, KilometresPerSecond]
Speed = Annotated[float, Field(ge=-1e4, le=1e4)]
Canceller = Literal["projection", "eca", "null-beams"]
CANCELLERS: tuple[Canceller, ...] = get_args(Canceller)
"""Cancellers of what the receiver hears besides the echo."""
Estimator = Literal["ml", "beamscan", "music"]
ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)
"""Receivers of the echo."""


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

    per_antenna_power_w: float | None = Field(
        default=None, ge=1e-6, le=1e6, description="power limit of every satellite element; none without"
    )

    # Users
    num_users: int = Field(default=4, ge=1, le=64, description="users")
    user_gain_dbi: float = Field(default=0.0, ge=-30, le=60, description="receive gain of a user")
    rician_factor_db: float = Field(default=10.0, ge=-100, le=100, description="Rician factor of the users' fading")
    user_environment: UserEnvironment = Field(default="none", description=ENVIRONMENT_TEXT)
    flat_fading: FlatFading = Field(default="none", description=FADING_TEXT)
    allow_extrapolation: bool = Field(default=False, description=EXTRAPOLATION_TEXT)
    scintillation: Scintillation = Field(default="none", description=SCINTILLATION_TEXT)
    atmosphere: AtmosphereConfig | None = Field(default=None, description=ATMOSPHERE_TEXT)
    csi_error_db: float = Field(
        default=NOTHING_DB,
        ge=NOTHING_DB,
        le=20,
        description="error of the satellite's channel estimates",  # at -100 dB there is none
    )
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
    sensing: Literal["bistatic", "monostatic"] = Field(
        default="bistatic",
        description="who listens for the echo: the receiver on the ground, or one such on the satellite that does not "
        "hear it transmit (a baseline for rates)",
    )
    direct_null: bool = Field(
        default=False, description="designs send nothing towards the radar receiver, so that it has no direct path"
    )
    sensing_requirement: Literal["crb", "scnr"] = Field(
        default="crb",
        description="what designs promise of the target: the bounds of crb_threshold_rad2, or least_scnr_db over noise "
        "and ground clutter",
    )
    least_scnr_db: float = Field(
        default=30.0, ge=-50, le=150, description="least echo over noise and clutter after beam and integration"
    )
    target_amplitude: Literal["known", "unknown"] = Field(
        default="known", description="whether the requirement's bound takes the echo's complex amplitude as known"
    )

    # More of them
    num_targets: int = Field(default=1, ge=1, le=4, description="targets, of which designs know the first")
    further_targets_km: tuple[Position, ...] | None = Field(
        default=None, description="where the further targets are; around the first when absent"
    )
    target_spacing_km: float = Field(
        default=1.0, ge=1e-3, le=100, description="horizontal distance of further targets from the first"
    )
    gospa_cutoff_m: float = Field(
        default=500.0,
        ge=1e-3,
        le=1e6,
        description="distance at which a detection of a target is worth as little as none",
    )
    num_receivers: int = Field(default=1, ge=1, le=8, description="radar receivers, of which designs know the first")
    further_receivers_km: tuple[Ground, ...] | None = Field(
        default=None, description="where the further receivers are, (x, y); around the first when absent"
    )
    receiver_spacing_km: float = Field(
        default=5.0, ge=1e-3, le=100, description="distance of further receivers from the first"
    )

    # Echo processing
    estimator: Estimator = Field(
        default="ml",
        description="receiver: joint maximum likelihood with the transmitted block, or the angle of arrival from "
        "samples alone by beam scan or MUSIC and then matched filters",
    )
    receiver_amplitude: Literal["known", "unknown"] = Field(
        default="unknown", description="whether the ml receiver knows the echo's complex amplitude"
    )
    search_beams: int = Field(
        default=8,
        ge=1,
        le=2**14,
        description="strongest beams in which the ml receiver looks for the block; all from its elements on",
    )
    false_alarm_rate: float = Field(
        default=1e-3, ge=1e-9, le=0.5, description="probability that noise alone counts as a detected echo"
    )
    whole_sample_delay: bool = Field(
        default=False, description="simulate the echo's delay rounded to samples, as published"
    )

    # What the satellite knows when it designs
    position_std_m: float = Field(
        default=0.0, ge=0, le=1e5, description="standard deviation of every coordinate of the predicted target position"
    )
    robustness: Literal["none", "ellipsoid"] = Field(
        default="none", description="meet the sensing requirement at the prediction, or all over its ellipsoid"
    )
    position_confidence: float = Field(
        default=0.95, gt=0.1, lt=1, description="probability that the ellipsoid holds the target"
    )
    user_position_std_m: float = Field(
        default=0.0, ge=0, le=1e6, description="standard deviation of both ground coordinates of the users' positions"
    )
    user_robustness: Literal["none", "statistical"] = Field(
        default="none", description="design for the users' reported places, or for received powers averaged around them"
    )

    # The block
    echo_waveform: BlockKind = Field(
        default="gaussian",
        description="symbols of the block: complex normal samples as published, or 4-QAM in OFDM or OTFS frames",
    )
    echo_subcarriers: int = Field(default=64, ge=1, le=2**16, description="subcarriers of OFDM and OTFS frames")

    # Motion
    doppler_model: Literal["auto", "uniform", "motion"] = Field(
        default="auto",
        description="Doppler shift of the echo: drawn uniformly as published, or from the motion of satellite and "
        "target; auto is motion with a [satellite] part",
    )
    satellite_velocity_km_s: Velocity = Field(
        default=(0.0, 0.0, 0.0), description="velocity of the satellite (without a [satellite] part)"
    )
    target_velocity_m_s: tuple[Speed, Speed, Speed] = Field(
        default=(0.0, 0.0, 0.0), description="velocity of the target"
    )

    # What else the radar receiver hears
    direct_path: bool = Field(
        default=False, description="the satellite's direct signal is in the receive window; the paper has none"
    )
    direct_suppression_db: float = Field(
        default=0.0, ge=0, le=300, description="ideal suppression of the direct path before the window is taken"
    )
    clutter: bool = Field(default=False, description="echoes of the ground around the receiver; the paper has none")
    clutter_radius_km: float = Field(default=10.0, ge=0.1, le=100, description="radius of the ground that echoes")
    clutter_cell_m: float = Field(default=200.0, ge=10, le=5e3, description="side of a surface cell")
    clutter_gamma_db: float = Field(
        default=-15.0, ge=-60, le=20, description="reflectivity gamma of the ground, sigma0 = gamma sqrt(sin sin)"
    )
    clutter_texture_shape: float | None = Field(
        default=None, ge=0.05, le=1e3, description="shape of a gamma-distributed texture of the cells; none without"
    )
    receiver_height_m: float = Field(
        default=10.0, ge=0.1, le=1e4, description="height of the receiver over the ground, for grazing angles"
    )
    reference_snr_db: float | None = Field(
        default=None, ge=-20, le=200, description="SNR of the reference channel; without, the block is known exactly"
    )
    calibration_error_deg: float = Field(
        default=0.0, ge=0, le=90, description="standard deviation of the phase errors of the receiver's elements"
    )
    cancellation: tuple[Canceller, ...] = Field(
        default=(), description="what is done against the direct path and clutter, in this order"
    )
    cancellation_taps: int = Field(
        default=8, ge=1, le=512, description="delays that are cancelled, from the direct one"
    )
    cancellation_dopplers: int = Field(
        default=0, ge=0, le=16, description="Doppler cells cancelled on either side of the direct path's, by eca"
    )
    cancellation_batches: int = Field(default=1, ge=1, le=64, description="parts of the window that eca cancels apart")
    max_delay_samples: int = Field(default=256, ge=1, le=2**20, description="delays searched beyond the direct path's")
    max_doppler_hz: float = Field(default=30e3, ge=0, le=1e7, description="target Doppler is uniform up to this, +-")
    doppler_search_hz: float = Field(default=40e3, ge=1, le=1e7, description="Doppler shifts searched, +-")

    aoa_offset_deg: tuple[Angle, Angle] = Field(
        default=(0.0, 0.0),
        description="deliberate error added to the arrival angles of beamscan and music (azimuth, zenith)",
    )

    # Coded link (route coded)
    link_symbols: LinkSymbols = 256
    link_words: LinkWords = 4
    link_margin_db: LinkMarginDb = 2.0
    link_decoder: LinkDecoder = "min-sum"
    link_iterations: LinkIterations = 20
    link_adaptation: Literal["fade", "mean"] = Field(
        default="fade", description="whether modulation and code rate follow a user's fade, or its mean gain"
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
        if self.estimator == "ml" and self.aoa_offset_deg != (0.0, 0.0):
            raise ValueError(
                f"aoa_offset_deg = {self.aoa_offset_deg} disturbs what follows the angle of arrival, and estimator = "
                "'ml' finds all at once; choose estimator = 'beamscan' or 'music', or leave the offset out"
            )
        if len(set(self.cancellation)) < len(self.cancellation):
            raise ValueError(f"cancellation = {self.cancellation} names a canceller twice; name each at most once")
        least = 8 * self.cancellation_batches * self.cancellation_columns
        if self.cancellation_batches > 1 and self.num_samples < least:
            raise ValueError(
                f"cancellation_batches = {self.cancellation_batches} leave fewer than 8 samples for each of "
                f"{self.cancellation_columns} taps; take fewer batches, taps or Doppler cells"
            )
        if self.cancellation_columns > self.num_samples // 8:
            raise ValueError(
                f"cancellation_taps = {self.cancellation_taps}, cancellation_dopplers = {self.cancellation_dopplers}: "
                f"{self.cancellation_columns} columns; at most an eighth of num_samples = {self.num_samples}"
            )
        if self.satellite is not None and any(self.satellite_velocity_km_s):
            raise ValueError(
                f"satellite_velocity_km_s = {self.satellite_velocity_km_s}: a [satellite] part has its own; omit it"
            )
        if self.robustness == "ellipsoid" and self.position_std_m == 0.0:
            raise ValueError(
                "robustness = 'ellipsoid' with position_std_m = 0: there is no ellipsoid; give the prediction an error"
            )
        if self.user_robustness == "statistical" and self.user_position_std_m == 0.0:
            raise ValueError(
                "user_robustness = 'statistical' with user_position_std_m = 0: nothing is uncertain; give an error"
            )
        check_sensing(self)
        if not is_nothing(self.csi_error_db) and (self.user_position_std_m > 0.0 or self.position_std_m > 0.0):
            raise ValueError(
                f"csi_error_db = {self.csi_error_db}: designs know channel estimates or places, not both; leave out "
                "csi_error_db, or user_position_std_m and position_std_m"
            )
        if self.echo_waveform != "gaussian" and self.num_samples % self.echo_subcarriers:
            raise ValueError(
                f"echo_subcarriers = {self.echo_subcarriers}: num_samples = {self.num_samples} is no whole number of "
                "slots of as many samples"
            )
        if self.time is not None and self.coverage_centre == "sub-satellite" and self.user_positions_km is None:
            raise ValueError(
                'coverage_centre = "sub-satellite" takes the users along with the satellite; over a pass they stay on '
                'Earth: write "receiver" or a place (x, y) in km'
            )
        check_several(self)
        check_sky(self)
        if self.flat_fading != "none" and self.rician_factor_db != type(self).model_fields["rician_factor_db"].default:
            raise ValueError(f"rician_factor_db = {self.rician_factor_db:g}: flat_fading takes its place; leave it out")
        if self.pattern_points == 1:
            raise ValueError("pattern_points = 1 is no map; give 0 for none, or 2 or more")
        return self

    @property
    def num_tx(self) -> int:
        """Elements of the satellite's array."""
        return math.prod(self.satellite_array)

    @property
    def fading_factor_db(self) -> float:
        """Rician factor of what fades about a user's gain; states of flat fading are part of that gain."""
        return self.rician_factor_db if self.flat_fading == "none" else _STEADY_DB

    @property
    def by_motion(self) -> bool:
        """Whether the echo's Doppler shift is that of the motion."""
        return self.doppler_model == "motion" or (self.doppler_model == "auto" and self.satellite is not None)

    @property
    def cancellation_columns(self) -> int:
        """Waveforms that the canceller over delays and Doppler shifts fits."""
        return self.cancellation_taps * (2 * self.cancellation_dopplers + 1)

    @property
    def num_rx(self) -> int:
        """Elements of the radar receiver's array."""
        return math.prod(self.receiver_array)

    def resolve_files(self, folder: Path) -> BistaticRsmaConfig:
        """Copy with files of element sets and of rain rates taken into the configuration."""
        return with_files(self, folder)


def axis_sizes(config: BistaticRsmaConfig) -> Mapping[str, int]:
    """Length of every named axis."""
    return {
        "user": config.num_users,
        "tx": config.num_tx,
        "stream": config.num_users + 2,
        "group": 3,
        "layer": 2,
        "target": config.num_targets,
        "pattern_y": config.pattern_points,
        "pattern_x": config.pattern_points,
    }


__all__ = ["CANCELLERS", "ESTIMATORS", "BistaticRsmaConfig", "axis_sizes"]
