"""Configuration of the coexistence system.

Defaults are the setting of the paper's sum-rate figures at 35 dBm. Where the paper is silent or contradicts itself, the
alternatives are options; the system's README says why.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from leoisac.foundation.config import Config
from leoisac.foundation.units import NOTHING_DB
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
from leoisac.systems.coexistence.association_rules import known_rules
from leoisac.systems.coexistence.other_satellites import OtherSatellitesConfig
from leoisac.systems.coexistence.pfd_limits import bands_text, rr21_limits
from leoisac.systems.coexistence.place_checks import check_places

AssociationRule = Annotated[str, Field(min_length=1, max_length=100)]
Height = Annotated[float, Field(ge=0.01, le=1000)]
Distance = Annotated[float, Field(ge=0.01, le=100_000)]
GainDbi = Annotated[float, Field(ge=-60, le=80)]
Positions = tuple[tuple[float, float], ...] | None
Weight = Annotated[float, Field(ge=0, le=1e6)]
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
    num_users: int = Field(default=5, ge=0, le=64, description="terrestrial users of a cell")
    num_tx: int = Field(default=30, ge=1, le=256, description="antennas of a base station")
    num_targets: int = Field(default=4, ge=0, le=32, description="targets of a cell")
    num_receivers: int = Field(default=4, ge=1, le=256, description="radar receivers of a cell")
    num_rx: int = Field(default=4, ge=1, le=256, description="antennas of a radar receiver")
    clutter_per_target: int = Field(default=3, ge=0, le=64, description="clutter points around every target")

    # Budgets and requirements
    bs_power_dbm: float = Field(default=35.0, ge=-60, le=90, description="transmit power budget of a base station")
    satellite_power_w: float = Field(default=200.0, ge=1e-9, le=1e6, description="satellite power for all spot beams")
    min_sut_rate: float = Field(default=5.0, ge=0, le=30, description="least rate of a satellite user, bit/s/Hz")
    min_scnr_db: float = Field(default=-10.0, ge=-60, le=60, description="least SCNR of every target")

    tut_weights: tuple[Weight, ...] | None = Field(
        default=None, description="weights of the users' rates in what designs maximise, one per user (default: 1)"
    )
    sut_weight: Weight = Field(default=1.0, description="weight of a satellite user's rate there")

    # Who is served, and what is known
    num_candidates: int | None = Field(
        default=None, ge=1, le=200, description="users of a cell that want to be served (default: num_users)"
    )
    scheduling: Literal["first", "strongest", "semi-orthogonal"] = Field(
        default="first", description="which num_users of the candidates are served"
    )
    csi_error_db: float = Field(
        default=NOTHING_DB,
        ge=NOTHING_DB,
        le=20,
        description="power of the errors of P3's channel estimates, over the channels'",  # at -100 dB there is none
    )

    # Layout of a cell
    cell_radius_m: Distance = Field(default=200.0, description="users are within this distance of the base station")
    min_distance_m: Distance = Field(default=10.0, description="least distance of a user from the base station")
    sensing_radius_m: Distance = Field(default=50.0, description="sensing radius; receivers at half of it")
    cell_spacing_m: Distance = Field(
        default=1000.0, description="distance between neighbouring cells of one spot beam; the least one where drawn"
    )
    clutter_radius_m: Distance = Field(default=10.0, description="clutter is within this distance of its target")
    bs_height_m: Height = Field(default=10.0, description="height of the base station's array")
    user_height_m: Height = Field(default=1.5, description="height of terrestrial and satellite users")
    target_height_m: Height = Field(default=1.5, description="height of targets, clutter and radar receivers")

    # Places, metres; those of a beam from the centre of its footprint, those of a cell from its mast
    footprint_radius_m: Distance = Field(default=10_000.0, description="radius of a spot beam's footprint")
    bs_placement: Literal["line", "drawn"] = Field(
        default="line",
        description="masts of a beam in a line along x from the footprint's centre, or drawn in the footprint",
    )
    sut_placement: Literal["cell", "footprint"] = Field(
        default="cell",
        description="satellite user drawn in the first cell of its beam like a user there, or in the footprint",
    )
    sut_min_distance_m: Distance | None = Field(
        default=None, description="least distance of a drawn satellite user (default: min_distance_m)"
    )
    sut_distance_m: Distance | None = Field(default=None, description="distance from mast to satellite user")
    target_min_distance_m: float = Field(
        default=0.0, ge=0, le=100_000, description="least distance of a drawn target from the base station"
    )
    bs_positions_m: Positions = Field(default=None, description="masts of a beam, (x, y) from the footprint's centre")
    sut_positions_m: Positions = Field(
        default=None, description="satellite user of every beam, (x, y) from the footprint's centre"
    )
    tut_positions_m: Positions = Field(default=None, description="users of every cell, (x, y) from its mast")
    receiver_positions_m: Positions = Field(
        default=None, description="radar receivers of every cell, (x, y) from its mast"
    )
    target_positions_m: Positions = Field(default=None, description="targets of every cell, (x, y) from its mast")
    background_cells: int = Field(
        default=0, ge=0, le=2000, description="base stations in the footprint that are not designed and transmit"
    )
    background_activity: float = Field(
        default=0.5, ge=0, le=1, description="share of the base stations in the background that transmit, at full power"
    )
    background_positions_m: Positions = Field(
        default=None, description="base stations in the background, (x, y) from the footprint's centre"
    )

    # Spot beams among each other, and their pattern
    frequency_reuse: Literal[0, 1, 3, 4] = Field(
        default=0,
        description="colours that the spot beams share, each a band of bandwidth_hz; 0: no beam hears another",
    )
    beam_spacing_m: Distance | None = Field(
        default=None,
        description="distance of neighbouring beams, which form a hexagonal lattice (default: footprint_radius_m √3)",
    )
    beam_positions_m: Positions = Field(
        default=None, description="centres of the beams' footprints, (x, y), instead of the lattice"
    )
    beam_pattern: Literal["gaussian", "s1528"] = Field(
        default="gaussian",
        description="pattern of a spot beam: its main lobe alone (as printed), or with side lobes after ITU-R S.1528",
    )

    # Protection
    max_inr_db: float | None = Field(
        default=None,
        ge=-60,
        le=100,
        description="largest interference over noise at any receiver of the other network (default: no limit)",
    )
    max_pfd: Literal["none", "rr21"] | tuple[tuple[float, float], ...] = Field(
        default="none",
        description="largest power flux density on the ground: none, rr21 (Radio Regulations, Table 21-4), or a table "
        "of (elevation in degrees, dB(W/m2/MHz)), linear in between",
    )
    pfd_satellites: int = Field(
        default=1, ge=1, le=100_000, description="satellites of the system, by which rr21 tightens 17.7 to 19.3 GHz"
    )

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
    user_environment: UserEnvironment = Field(default="none", description=ENVIRONMENT_TEXT)
    flat_fading: FlatFading = Field(default="none", description=FADING_TEXT)
    allow_extrapolation: bool = Field(default=False, description=EXTRAPOLATION_TEXT)
    scintillation: Scintillation = Field(default="none", description=SCINTILLATION_TEXT)
    atmosphere: AtmosphereConfig | None = Field(default=None, description=ATMOSPHERE_TEXT)
    fspl_denominator: Literal["2pi", "4pi"] = Field(
        default="4pi",
        description="free space after Friis (4pi), or as printed in the paper (2pi, 6 dB more)",
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
    residual_doppler_hz: float = Field(
        default=0.0, ge=0, le=1e9, description="Doppler shift of an echo that its filter does not know"
    )
    integration_time_s: float = Field(
        default=1e-3, gt=0, le=100, description="coherent integration of an echo, over which that shift turns its phase"
    )
    integrated_samples: int = Field(
        default=1, ge=1, le=10**9, description="samples that are integrated for a detection: gain over the SCNR"
    )
    false_alarm_probability: float = Field(
        default=1e-6, gt=0, lt=1, description="probability of a false alarm of a detection"
    )
    monostatic: bool = Field(
        default=False, description="one receiver at the base station with the antennas of all of them"
    )
    association: AssociationRule = Field(
        default="proposed",
        description="which radar receiver listens to which target: proposed, nearest, greedy, random, local-search, or "
        "a rule of a plugin",
    )
    association_satellite_deg: float = Field(
        default=10.0, ge=0, le=180, description="least angle between a target and the satellite at its receiver"
    )
    association_target_deg: float = Field(
        default=5.0, ge=0, le=180, description="least angle between two targets at a receiver"
    )

    # Other satellites
    other_satellites: OtherSatellitesConfig | None = Field(
        default=None, description="a constellation whose other visible satellites transmit in the same band"
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
        if self.association not in known_rules():
            raise ValueError(
                f"association = {self.association!r}: must be one of {', '.join(known_rules())}; a plugin that brings "
                "a rule must be loaded first"
            )
        if self.residual_doppler_hz * self.integration_time_s > 0.95:
            raise ValueError(
                f"residual_doppler_hz = {self.residual_doppler_hz:g} turns an echo by more than 0.95 of a cycle within "
                f"integration_time_s = {self.integration_time_s:g}, which leaves nothing of it; integrate for less time"
            )
        if self.candidates < self.num_users:
            raise ValueError(
                f"num_candidates = {self.num_candidates} must be at least num_users = {self.num_users}, who are served"
            )
        if self.tut_weights is not None and len(self.tut_weights) != self.num_users:
            raise ValueError(
                f"tut_weights: has {len(self.tut_weights)} weights, and num_users = {self.num_users}; give one for each"
            )
        check_places(self)
        check_sky(self)
        self.pfd_table()
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

    def pfd_table(self) -> tuple[tuple[float, float], ...] | None:
        """Elevations (degrees) and largest power flux densities (dB(W/m2/MHz)); ``None`` without a limit."""
        if self.max_pfd == "none":
            return None
        if self.max_pfd == "rr21":
            found = rr21_limits(self.carrier_hz, self.pfd_satellites)
            if found is None:
                raise ValueError(
                    f"max_pfd = 'rr21': Table 21-4 has no limit at carrier_hz = {self.carrier_hz:g}, only in "
                    f'{bands_text()}; choose a carrier there, give a table, or leave it "none"'
                )
            return found
        table = self.max_pfd
        if not table or any(high[0] <= low[0] for low, high in itertools.pairwise(table)):
            raise ValueError("max_pfd: the table needs at least one pair (elevation, value), elevations rising")
        return table

    @property
    def num_beams(self) -> int:
        """Spot beams, each with one satellite user."""
        return self.num_cells // self.cells_per_beam

    @property
    def candidates(self) -> int:
        """Users of a cell that want to be served."""
        return self.num_users if self.num_candidates is None else self.num_candidates

    @property
    def num_streams(self) -> int:
        """Streams of a base station: users, then targets."""
        return self.num_users + self.num_targets

    @property
    def receiver_shape(self) -> tuple[int, int]:
        """Radar receivers of a cell and antennas of each, also where one monostatic receiver has them all."""
        return (1, self.num_receivers * self.num_rx) if self.monostatic else (self.num_receivers, self.num_rx)

    def resolve_files(self, folder: Path) -> CoexistenceConfig:
        """Copy with files of element sets and of rain rates taken into the configuration."""
        return with_files(self, folder)


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
        "xy": 2,
    }


__all__ = ["AssociationRule", "CoexistenceConfig", "axis_sizes"]
