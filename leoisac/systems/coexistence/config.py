"""Configuration of the coexistence system.

Defaults are the setting of the paper's sum-rate figures at 35 dBm. Where the paper is silent or contradicts itself, the
alternatives are options; the system's README says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import Field, model_validator

from leoisac.foundation.config import Config
from leoisac.geometry.satellite_config import SatelliteConfig
from leoisac.geometry.time_config import TimeConfig

AssociationRule = Literal["proposed", "nearest", "greedy", "random", "local-search"]
Height = Annotated[float, Field(ge=0.01, le=1000)]
Distance = Annotated[float, Field(ge=0.01, le=100_000)]
GainDbi = Annotated[float, Field(ge=-60, le=80)]
SpreadDeg = Annotated[float, Field(ge=0, le=360)]


class CoexistenceConfig(Config):
    """A multi-beam satellite and terrestrial multistatic ISAC cells that share one band.

    Frame of a cell: its base station's mast is the origin, z is up. With a ``[satellite]`` part x is east and y is
    north of its site, where the cells stand.
    """

    system: ClassVar[str] = "coexistence"

    # Band and noise
    carrier_hz: float = Field(default=15e9, ge=5e8, le=1e11, description="carrier frequency")
    bandwidth_hz: float = Field(default=100e6, ge=1e3, le=1e11, description="signal bandwidth")
    noise_density_dbm_hz: float = Field(default=-174.0, ge=-250, le=0, description="noise density, dBm per Hz")
    noise_figure_db: float = Field(default=8.0, ge=0, le=60, description="noise figure of every receiver")

    # Sizes
    num_cells: int = Field(default=1, ge=1, le=64, description="terrestrial cells")
    cells_per_beam: int = Field(default=1, ge=1, le=64, description="cells in one spot beam, which they share")
    num_users: int = Field(default=5, ge=1, le=64, description="terrestrial users of a cell")
    num_tx: int = Field(default=30, ge=1, le=256, description="antennas of a base station")
    num_targets: int = Field(default=4, ge=1, le=32, description="targets of a cell")
    num_receivers: int = Field(default=4, ge=1, le=256, description="radar receivers of a cell")
    num_rx: int = Field(default=4, ge=1, le=256, description="antennas of a radar receiver")
    clutter_per_target: int = Field(default=3, ge=0, le=64, description="clutter points around every target")

    # Budgets and requirements
    bs_power_dbm: float = Field(default=35.0, ge=-60, le=90, description="transmit power budget of a base station")
    satellite_power_w: float = Field(default=200.0, ge=1e-9, le=1e6, description="satellite power for all spot beams")
    min_sut_rate: float = Field(default=5.0, ge=0, le=30, description="least rate of a satellite user, bit/s/Hz")
    min_scnr_db: float = Field(default=-10.0, ge=-60, le=60, description="least SCNR of every target")

    # Layout of a cell
    cell_radius_m: Distance = Field(default=200.0, description="users are within this distance of the base station")
    min_distance_m: Distance = Field(default=10.0, description="least distance of a user from the base station")
    sensing_radius_m: Distance = Field(default=50.0, description="sensing radius; receivers at half of it")
    cell_spacing_m: Distance = Field(default=1000.0, description="distance between the cells of one spot beam")
    clutter_radius_m: Distance = Field(default=10.0, description="clutter is within this distance of its target")
    bs_height_m: Height = Field(default=10.0, description="height of the base station's array")
    user_height_m: Height = Field(default=1.5, description="height of terrestrial and satellite users")
    target_height_m: Height = Field(default=1.5, description="height of targets, clutter and radar receivers")

    # Satellite links
    altitude_km: float = Field(default=500.0, ge=100, le=40_000, description="altitude (without a [satellite] part)")
    min_elevation_deg: float = Field(
        default=30.0, ge=0, lt=90, description="the elevation is uniform between this and 90 degrees"
    )
    satellite_gain_dbi: GainDbi = Field(default=38.0, description="peak gain of a spot beam")
    half_power_angle_deg: float = Field(
        default=1.0, ge=0.01, le=90, description="angle off the beam axis at which a spot beam has lost 3 dB"
    )
    satellite_shadowing_db: float = Field(
        default=4.0, ge=0, le=20, description="standard deviation of the satellite links' shadowing"
    )
    fspl_denominator: Literal["2pi", "4pi"] = Field(
        default="2pi",
        description="free space as printed in the paper (2pi) or after Friis (4pi, default for a real satellite)",
    )
    sut_gain_dbi: GainDbi = Field(default=34.2, description="main-lobe gain of a satellite user")
    sut_side_gain_dbi: GainDbi = Field(
        default=21.2, description="its side-lobe gain, through which base stations enter"
    )
    sut_threshold_deg: float = Field(default=3.0, ge=0.01, le=180, description="half width of its main lobe")
    tut_gain_dbi: GainDbi = Field(default=0.0, description="gain of a terrestrial user towards the satellite")
    radar_gain_dbi: GainDbi = Field(default=0.0, description="gain of a radar receiver element towards the satellite")

    # Terrestrial links
    los_mode: Literal["weighted", "bernoulli"] = Field(
        default="weighted",
        description="line of sight weighted with its probability (as printed), or drawn: one of both components",
    )
    num_clusters: int = Field(default=20, ge=1, le=100, description="clusters of scatterers of a terrestrial link")
    num_rays: int = Field(default=20, ge=1, le=100, description="rays of a cluster")
    cluster_spread_deg: SpreadDeg = Field(default=23.0, description="standard deviation of cluster azimuths (normal)")
    ray_spread_deg: SpreadDeg = Field(default=2.0, description="standard deviation of ray azimuths (Laplace)")
    ageing_model: Literal["fixed", "doppler"] = Field(
        default="fixed", description="correlation of the fading between P1 and P3: `ageing_rho`, or Jakes' law"
    )
    ageing_rho: float = Field(default=0.0, ge=0, le=1, description="correlation of the fading between P1 and P3")
    ageing_delay_s: float = Field(default=0.02, ge=0, le=10, description="time from P1 to P3 (for Jakes' law)")
    user_speed_m_s: float = Field(default=3.0 / 3.6, ge=0, le=1000, description="speed of the users (for Jakes' law)")

    # Sensing
    target_rcs_m2: float = Field(default=1.0, ge=1e-9, le=1e7, description="radar cross-section of a target")
    clutter_rcs_m2: float = Field(default=0.1, ge=1e-9, le=1e7, description="radar cross-section of a clutter point")
    rcs_model: Literal["constant", "swerling1"] = Field(
        default="constant", description="constant cross-sections, or exponential ones (Swerling 1)"
    )
    monostatic: bool = Field(
        default=False, description="one receiver at the base station with the antennas of all of them"
    )
    association: AssociationRule = Field(default="proposed", description="which radar receiver listens to which target")
    association_satellite_deg: float = Field(
        default=10.0, ge=0, le=180, description="least angle between a target and the satellite at its receiver"
    )
    association_target_deg: float = Field(
        default=5.0, ge=0, le=180, description="least angle between two targets at a receiver"
    )

    # Real satellite
    timing_offset_s: float = Field(
        default=0.0, ge=-600, le=600, description="how far P1's prediction is ahead of the real satellite"
    )
    element_age_days: float = Field(
        default=0.0, ge=0, le=60, description="age of the elements behind P1's prediction of the real satellite"
    )
    along_track_error_km_per_day: float = Field(
        default=1.5, ge=0, le=1000, description="along-track error that the prediction gathers per day of age"
    )
    satellite: SatelliteConfig | None = Field(
        default=None, description="a real satellite pass instead of a random direction"
    )
    time: TimeConfig | None = Field(default=None, description="the pass as an axis of time instead of one instant")

    @model_validator(mode="before")
    @classmethod
    def _real_satellites_obey_friis(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        given = cast(Mapping[str, Any], data)
        if given.get("satellite") is None or "fspl_denominator" in given:
            return given
        return {**given, "fspl_denominator": "4pi"}

    @model_validator(mode="after")
    def _consistent(self) -> CoexistenceConfig:
        if self.num_cells % self.cells_per_beam:
            raise ValueError(
                f"num_cells = {self.num_cells} does not fill spot beams of cells_per_beam = {self.cells_per_beam}; "
                "give a multiple"
            )
        if self.min_distance_m >= self.cell_radius_m:
            raise ValueError(
                f"min_distance_m = {self.min_distance_m:g} must be below cell_radius_m = {self.cell_radius_m:g}"
            )
        if min(self.bs_height_m, self.user_height_m) <= 1.0:
            raise ValueError(
                f"bs_height_m = {self.bs_height_m:g} and user_height_m = {self.user_height_m:g} must exceed the "
                "environment height of 1 m of the path-loss model"
            )
        if self.satellite is None and (self.timing_offset_s or self.element_age_days):
            raise ValueError(
                "timing_offset_s and element_age_days are errors of a real satellite's prediction; give a [satellite] "
                "part, or leave them 0"
            )
        return self

    def replace(self, **changes: Any) -> CoexistenceConfig:
        """Copy with some fields changed; one that gets a real satellite gets Friis' law, unless told otherwise."""
        gets_satellite = any(name.partition(".")[0] == "satellite" for name in changes)
        if self.satellite is None and gets_satellite and changes.get("satellite", True) is not None:
            changes = {"fspl_denominator": "4pi", **changes}
        return super().replace(**changes)

    @property
    def num_beams(self) -> int:
        """Spot beams, each with one satellite user."""
        return self.num_cells // self.cells_per_beam

    @property
    def num_streams(self) -> int:
        """Streams of a base station: users, then targets."""
        return self.num_users + self.num_targets

    @property
    def receiver_shape(self) -> tuple[int, int]:
        """Radar receivers of a cell and antennas of each, also where one monostatic receiver has them all."""
        return (1, self.num_receivers * self.num_rx) if self.monostatic else (self.num_receivers, self.num_rx)

    def resolve_files(self, folder: Path) -> CoexistenceConfig:
        """Copy with element-set files taken into the configuration."""
        if self.satellite is None:
            return self
        return self.replace(satellite=self.satellite.resolve_files(folder))


def axis_sizes(config: CoexistenceConfig) -> Mapping[str, int]:
    """Length of every named axis."""
    receivers, rx = config.receiver_shape
    return {
        "cell": config.num_cells,
        "user": config.num_users,
        "tx": config.num_tx,
        "target": config.num_targets,
        "clutter": config.num_targets * config.clutter_per_target,
        "receiver": receivers,
        "rx": rx,
        "stream": config.num_streams,
    }


__all__ = ["AssociationRule", "CoexistenceConfig", "axis_sizes"]
