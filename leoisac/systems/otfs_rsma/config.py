"""Configuration of the OTFS rate-splitting system.

Defaults are the paper's Table I. Where the paper is silent or contradicts itself, the alternatives are options; the
system's README says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from leoisac.estimation.pilots import pilot_layout
from leoisac.foundation.config import Config
from leoisac.foundation.units import NOTHING_DB
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

Delay = Annotated[int, Field(ge=0, le=4096)]
Doppler = Annotated[float, Field(ge=-2048, le=2048)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Decibel = Annotated[float, Field(ge=NOTHING_DB, le=100)]
OtherTarget = tuple[
    Annotated[float, Field(ge=1e-12, le=1)],
    Annotated[float, Field(ge=-1e7, le=1e7)],
    Annotated[float, Field(ge=-90, le=90)],
    Decibel,
]
"""Delay in s, Doppler shift in Hz, angle in degrees, echo power over the first target's in dB."""

_MOST_SAMPLED_CELLS = 1024
_OF_BUDGET = (
    "carrier_hz",
    "user_range_km",
    "antenna_gain_dbi",
    "user_gain_dbi",
    "user_noise_figure_db",
    "radar_noise_figure_db",
    "rcs_m2",
    "losses_db",
    "user_spread_km",
    "satellite",
    "user_environment",
    "flat_fading",
    "scintillation",
    "atmosphere",
)
"""Fields without effect where SNRs define noise and echo."""
_OF_SNR = ("comm_snr_db", "echo_snr_db", "echo_gain", "target_reflectivity")
"""Fields without effect where a link budget does."""
_SCALES = ("total_power", "echo_gain", "target_reflectivity")
"""Table I's scales, which noise and echo that are defined by SNRs follow: rates and errors do not change with them."""


class OtfsRsmaConfig(Config):
    """A satellite serves users by rate splitting on OTFS frames, whose echo from one target it also measures.

    Rates are bits per stream symbol: one symbol of each stream is spread over a whole frame.
    """

    system: ClassVar[str] = "otfs-rsma"

    # Sizes
    n_tx: int = Field(default=4, ge=1, le=64, description="transmit antennas")
    n_users: int = Field(default=2, ge=1, le=8, description="single-antenna users")
    n_delay: int = Field(default=4, ge=2, le=128, description="delay bins M of the frame: its subcarriers")
    n_doppler: int = Field(default=8, ge=2, le=128, description="Doppler bins N of the frame: its time slots")

    # Channel
    path_delays: tuple[Delay, ...] = Field(
        default=(0, 1, 2, 3), min_length=1, max_length=64, description="delay of every path, samples"
    )
    path_dopplers: tuple[Doppler, ...] = Field(
        default=(0.0, 2.0, -1.0, 3.0),
        min_length=1,
        max_length=64,
        description="Doppler shift of every path, bins of 1 / (N T); need not be whole",
    )
    rician_factor_db: float = Field(
        default=NOTHING_DB,
        ge=NOTHING_DB,
        le=100,
        description="Rician factor of the first path; at -100 dB all paths are Rayleigh",
    )
    user_correlation: float = Field(
        default=0.0, ge=0, le=0.9999, description="correlation of every user's path gains with the first user's"
    )
    comm_snr_db: Decibel = Field(default=25.0, description="power budget over receiver noise per cell")
    csi_error_db: Decibel = Field(default=-25.0, description="variance of the error of the channel estimate")
    csi_error_model: Literal["entry", "total"] = Field(
        default="entry", description="whether that is the variance per matrix entry or of the whole matrix"
    )
    csi_source: Literal["stated", "pilots"] = Field(
        default="stated", description="whether the error of the channel estimate is csi_error_db, or that of pilots"
    )
    pilot_db: Decibel = Field(default=0.0, description="energy of a pilot over a frame's power budget")
    pilot_estimator: Literal["least-squares", "lmmse"] = Field(
        default="lmmse", description="estimator of the path gains from pilots"
    )
    sic_residual: float = Field(
        default=0.03, ge=0, le=1, description="share of the common stream's power that cancellation leaves"
    )

    # Link budget
    link: Literal["snr", "budget"] = Field(
        default="snr",
        description="noise and echo as comm_snr_db and echo_snr_db say (the paper's), or by a link budget",
    )
    carrier_hz: float = Field(default=2e9, ge=1e6, le=1e12, description="carrier frequency, Hz (link budget)")
    user_range_km: float = Field(default=600.0, ge=0.1, le=1e6, description="slant range of the users (link budget)")
    antenna_gain_dbi: Decibel = Field(default=12.0, description="gain of a satellite antenna, both ways (link budget)")
    user_gain_dbi: Decibel = Field(default=0.0, description="gain of a user's antenna (link budget)")
    user_noise_figure_db: float = Field(
        default=7.0, ge=0, le=50, description="noise figure of a user's receiver, 290 K antenna (link budget)"
    )
    radar_noise_figure_db: float = Field(
        default=3.0, ge=0, le=50, description="noise figure of the radar receiver, 290 K antenna (link budget)"
    )
    rcs_m2: float = Field(default=300.0, ge=1e-9, le=1e9, description="radar cross-section, m^2 (link budget)")
    losses_db: float = Field(default=0.0, ge=0, le=100, description="further losses of every way (link budget)")
    user_spread_km: float = Field(
        default=20.0, ge=0, le=500, description="radius of the users' circle around the site (link budget, satellite)"
    )
    user_environment: UserEnvironment = Field(default="none", description=ENVIRONMENT_TEXT)
    flat_fading: FlatFading = Field(default="none", description=FADING_TEXT)
    allow_extrapolation: bool = Field(default=False, description=EXTRAPOLATION_TEXT)
    scintillation: Scintillation = Field(default="none", description=SCINTILLATION_TEXT)
    atmosphere: AtmosphereConfig | None = Field(default=None, description=ATMOSPHERE_TEXT)
    satellite: SatelliteConfig | None = Field(
        default=None, description="a real satellite pass over the site of the users (link budget)"
    )
    time: TimeConfig | None = Field(default=None, description="the pass as an axis of time instead of one instant")

    # Frame and target
    subcarrier_spacing: float = Field(default=7500.0, ge=1, le=1e9, description="subcarrier spacing, Hz")
    target_delay: float = Field(default=1e-4, ge=1e-12, le=1, description="delay of the target's echo, s")
    target_doppler: float = Field(default=4687.5, ge=-1e7, le=1e7, description="Doppler shift of the echo, Hz")
    target_reflectivity: float = Field(default=1.0, ge=1e-9, le=1e6, description="reflectivity of the target")
    echo_gain: float = Field(default=0.1, ge=1e-9, le=1e6, description="echo gain at the true delay")
    target_angle_deg: float = Field(
        default=0.0, ge=-90, le=90, description="target off the broadside of the half-wavelength line array (space-dd)"
    )
    echo_snr_db: Decibel = Field(default=10.0, description="echo power per unit of frame energy over noise per cell")
    pulse: Literal["sampled", "ideal"] = Field(
        default="sampled",
        description="the echo and its estimator: of the frame's own rectangular pulses, or of ideal ones (the paper's)",
    )
    ceiling_pulse: Literal["ideal", "sampled"] = Field(
        default="ideal", description="pulses of the bounds that designs meet: ideal ones (the paper's), or the frame's"
    )
    n_rx: int = Field(
        default=1,
        ge=1,
        le=64,
        description="antennas of the radar's half-wavelength receive array (bounds of all targets)",
    )
    other_targets: tuple[OtherTarget, ...] = Field(
        default=(),
        max_length=8,
        description="further targets: delay in s, Doppler shift in Hz, angle in degrees, echo over the first's in dB",
    )
    frame_model: Literal["expected", "realisation"] = Field(
        default="expected", description="reported bounds: of the expected frame, or of the trial's random symbols"
    )
    target_amplitude: Literal["known", "unknown"] = Field(
        default="known", description="whether the bounds that designs meet take the echo's complex amplitude as known"
    )

    # Full load
    waveform: Literal["otfs", "ofdm"] = Field(
        default="otfs",
        description="grid that data symbols at full load lie on: delay-Doppler or time-frequency (one prefix a frame)",
    )
    load_objective: Literal["equalised", "gaussian"] = Field(
        default="equalised",
        description="designs at full load count rates behind LMMSE equalisers, or of joint decoding (their bound)",
    )
    equaliser: Literal["lmmse", "mp"] = Field(
        default="lmmse",
        description="receivers of code words at full load: LMMSE equalisers, which designs assume, or message passing",
    )

    # Design
    total_power: float = Field(default=1.0, ge=1e-9, le=1e6, description="transmit power budget, W")
    precoder_mode: Literal["dd", "space-dd"] = Field(
        default="dd", description="precode the delay-Doppler grid alone, or antennas and grid"
    )
    common_power_fraction: Fraction | Literal["free"] = Field(
        default=0.1, description='share of the common stream in the power; "free" (or None) leaves it to the design'
    )
    equal_private: bool = Field(
        default=False, description="equal powers of the private streams (with a fixed common_power_fraction)"
    )
    common_rate_req: float = Field(
        default=0.1, ge=0, le=100, description="least rate of the common stream, bits per stream symbol"
    )
    crb_delay_max: float = Field(default=2e-11, ge=1e-30, le=1, description="largest delay bound, s^2")
    crb_doppler_max: float = Field(default=5e3, ge=1e-15, le=1e12, description="largest Doppler bound, Hz^2")
    kept_rate_share: float = Field(
        default=0.999,
        gt=0,
        le=0.9999,
        description="share of the largest rate found that routes least-delay and least-doppler keep",
    )
    delay_weight: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="bits of the least rate that a fall of the delay bound by the factor e is worth to designs",
    )
    objective: Literal["private", "total"] = Field(
        default="private", description="maximise the least private rate, or the least one with the common rate shared"
    )

    # Coded link (route coded)
    link_symbols: LinkSymbols = 256
    link_words: LinkWords = 4
    link_margin_db: LinkMarginDb = 2.0
    link_decoder: LinkDecoder = "min-sum"
    link_iterations: LinkIterations = 20

    @field_validator("common_power_fraction", mode="before")
    @classmethod
    def _free_split(cls, value: Any) -> Any:
        # TOML has no word for nothing.
        return "free" if value is None else value

    @model_validator(mode="after")
    def _consistent(self) -> OtfsRsmaConfig:
        if len(self.path_delays) != len(self.path_dopplers):
            raise ValueError(
                f"path_delays has {len(self.path_delays)} entries, path_dopplers {len(self.path_dopplers)}: one path "
                "has one of each"
            )
        if max(self.path_delays) >= self.n_dd:
            raise ValueError(
                f"path_delays = {self.path_delays}: must be shorter than the frame of {self.n_dd} samples "
                "(n_delay * n_doppler)"
            )
        self._refuse_without_effect()
        check_sky(self)
        if self.csi_source == "pilots":
            pilot_layout(self.n_delay, self.n_doppler, 1, self.path_delays, self.path_dopplers)  # may refuse
        if self.equal_private and self.common_power_fraction == "free":
            raise ValueError("equal_private needs a common_power_fraction: a free split is free for all streams")
        return self

    def _refuse_without_effect(self) -> None:
        """No field may be changed that changes nothing, and none ask for what is not there."""
        fields = type(self).model_fields
        is_snr = self.link == "snr"
        for name in (*_OF_BUDGET, *_SCALES) if is_snr else _OF_SNR:
            value = getattr(self, name)
            if value == fields[name].default:
                continue
            if name in _OF_BUDGET:
                raise ValueError(f'{name} = {value}: has no effect with link = "snr"; set link = "budget".')
            if is_snr:
                raise ValueError(
                    f'{name} = {value}: has no effect with link = "snr", where comm_snr_db and echo_snr_db define '
                    f'noise and echo relative to it; leave it at {fields[name].default} or set link = "budget".'
                )
            raise ValueError(
                f'{name} = {value}: has no effect with link = "budget", where power, ranges, gains and noise figures '
                'define noise and echo; leave it out or set link = "snr".'
            )
        if self.time is not None and (is_snr or self.satellite is None):
            raise ValueError(
                'time: goes along a real pass; give a [satellite] part and link = "budget", or leave [time] out'
            )
        if self.time is not None and self.time.travel_speed_m_s > 0.0 and self.time.travel_heading_deg is None:
            raise ValueError(
                "time.travel_speed_m_s: users stand on a circle that is not drawn, and travel together; give "
                "travel_heading_deg"
            )
        idle, why = ("user_spread_km", "without") if self.satellite is None else ("user_range_km", "with")
        if self.link == "budget" and getattr(self, idle) != fields[idle].default:
            raise ValueError(f"{idle} = {getattr(self, idle)}: has no effect {why} a [satellite] part; leave it out.")
        if self.ceiling_pulse == "sampled" and self.n_dd > _MOST_SAMPLED_CELLS:
            raise ValueError(
                f'ceiling_pulse = "sampled": designs hold matrices of the frame for it; {self.n_dd} cells are more '
                f"than {_MOST_SAMPLED_CELLS}, so shorten the frame or take ceilings of ideal pulses."
            )
        is_ideal = self.pulse == self.ceiling_pulse == "ideal"
        if is_ideal and self.target_doppler != fields["target_doppler"].default:
            raise ValueError(
                f"target_doppler = {self.target_doppler}: the echo of ideal pulses and its bounds do not depend on it; "
                'set pulse = "sampled".'
            )

    def resolve_files(self, folder: Path) -> OtfsRsmaConfig:
        """Copy with files of element sets and of rain rates taken into the configuration."""
        return with_files(self, folder)

    @property
    def n_dd(self) -> int:
        """Cells of a frame."""
        return self.n_delay * self.n_doppler

    @property
    def symbol_duration(self) -> float:
        """Slot length ``T = 1 / subcarrier_spacing``, s."""
        return 1.0 / self.subcarrier_spacing

    @property
    def n_stream_cells(self) -> int:
        """Entries of a stream's precoder: cells of the frame, for every antenna in mode ``space-dd``."""
        return self.n_dd * (1 if self.precoder_mode == "dd" else self.n_tx)


def axis_sizes(config: OtfsRsmaConfig) -> Mapping[str, int]:
    """Length of every named axis."""
    return {
        "user": config.n_users,
        "tx": config.n_tx,
        "path": len(config.path_delays),
        "stream": config.n_users + 1,
        "target": 1 + len(config.other_targets),
        "layer": 2,
    }


__all__ = ["OtfsRsmaConfig", "axis_sizes"]
