"""Self-backhauled satellite-terrestrial ISAC: joint beamforming of satellite and base station in one band.

T. Wang, Q. Wang, "Joint Beamforming for Integrated Satellite-Terrestrial ISAC Systems", Sensors 2026, 26(7):2273.
"""

from __future__ import annotations

from leoisac.experiment.channel_table import COLUMN, POSITIVE, ChannelArray
from leoisac.experiment.contracts import Coordinate, Metric, OverTime, Scheme, System, parts_of
from leoisac.propagation.sky_config import SKY_PROCESSES
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig, axis_sizes, consistent_set, published_text_set

_HERE = "leoisac.systems.self_backhaul"
_JOINT = ("min_rate", "backhaul", "pattern", "satellite_power", "bs_power")
_GUARANTEED = ("guaranteed_min_rate", "guaranteed_backhaul", "pattern", "satellite_power", "bs_power")
_BASELINE = ("pattern", "satellite_power", "bs_power")
_DIRECT_FAIR = ("min_rate", *_BASELINE)

SCHEMES = (
    Scheme(
        name="pa1",
        label="PA1 (proposed)",
        summary="joint beamforming of satellite and base station, perfect channel knowledge",
        routes={
            "fast": f"{_HERE}.fast.pa1:solve_pa1",
            "reference": f"{_HERE}.published.pa1:solve_pa1",
            "published": f"{_HERE}.published.as_printed:solve_pa1",
        },
        requires={"reference": "reference", "published": "reference"},
        enforces=_JOINT,
    ),
    Scheme(
        name="pa2",
        label="PA2 (proposed, robust)",
        summary="joint beamforming that guarantees its rates for all channel errors within the radius",
        routes={
            "fast": f"{_HERE}.fast.pa2:solve_pa2",
            "reference": f"{_HERE}.published.pa2:solve_pa2",
            "published": f"{_HERE}.published.as_printed_robust:solve_pa2",
            "attacked": f"{_HERE}.fast.attacked:solve_pa2",
        },
        requires={"reference": "reference", "published": "reference"},
        enforces=_GUARANTEED,
    ),
    Scheme(
        name="das",
        label="DAS",
        summary="satellite-direct: the satellite serves the users itself, the base station is off",
        routes={"fast": f"{_HERE}.fast.baselines:solve_das"},
        enforces=_BASELINE,
    ),
    Scheme(
        name="tdma",
        label="TDMA, optimal",
        summary="feeder link and access link take turns, time split optimally",
        routes={"fast": f"{_HERE}.fast.baselines:solve_tdma"},
        enforces=_BASELINE,
    ),
    Scheme(
        name="tdma-half",
        label="TDMA, half",
        summary="feeder link and access link take turns, half of the time each",
        routes={"fast": f"{_HERE}.fast.baselines:solve_tdma_half"},
        enforces=_BASELINE,
    ),
    Scheme(
        name="ibs",
        label="IBS, full power",
        summary="satellite and base station design independently; the satellite spends its whole budget",
        routes={"fast": f"{_HERE}.fast.baselines:solve_ibs"},
        enforces=_BASELINE,
    ),
    Scheme(
        name="ibs-matched",
        label="IBS, matched power",
        summary="as ibs, but the feeder beam carries just the base station's interference-free rate",
        routes={"fast": f"{_HERE}.fast.baselines:solve_ibs_matched"},
        enforces=_BASELINE,
    ),
    Scheme(
        name="das-fair",
        label="DAS, fair",
        summary="as das, with the users' least rate: time shared among serving them alone and together",
        routes={"fast": f"{_HERE}.fast.fair:solve_das_fair"},
        enforces=_DIRECT_FAIR,
    ),
    Scheme(
        name="tdma-fair",
        label="TDMA, fair",
        summary="as tdma, with the users' least rate: time shared among feeder link and ways to serve them",
        routes={"fast": f"{_HERE}.fast.fair:solve_tdma_fair"},
        enforces=_JOINT,
    ),
    Scheme(
        name="ibs-aware",
        label="IBS, aware",
        summary="satellite and base station design independently, but each spares the other's receivers",
        routes={"fast": f"{_HERE}.fast.aware:solve_ibs_aware"},
        enforces=_BASELINE,
    ),
)

METRICS = {
    "delivered_sum_rate": Metric("delivered sum rate", "bit/s/Hz", least=0.0),
    "sum_rate": Metric("sum rate over the channels as known", "bit/s/Hz", least=0.0),
    "rate": Metric("rate of a user", "bit/s/Hz", ("user",), least=0.0),
    "min_rate": Metric("least rate of a user", "bit/s/Hz", least=0.0),
    "access_rate": Metric("sum rate of the access links", "bit/s/Hz", least=0.0),
    "backhaul_rate": Metric("rate of the feeder link", "bit/s/Hz", least=0.0),
    "guaranteed_rate": Metric("guaranteed rate of a user", "bit/s/Hz", ("user",), least=0.0),
    "guaranteed_backhaul_rate": Metric("guaranteed rate of the feeder link", "bit/s/Hz", least=0.0),
    "guaranteed_sum_rate": Metric("guaranteed sum rate", "bit/s/Hz", least=0.0),
    "exact_worst_rate": Metric("least rate of a user under any error", "bit/s/Hz", ("user",), least=0.0),
    "exact_worst_sum_rate": Metric("least sum rate under any error", "bit/s/Hz", least=0.0),
    "users_met": Metric("share of users that get the least rate", least=0.0, most=1.0),
    "min_rate_met": Metric("share of trials in which all users get the least rate", least=0.0, most=1.0),
    "target_power": Metric("beampattern towards a target", "W", ("target",), least=0.0),
    "detection_probability": Metric("detection probability of a target", "1", ("target",), least=0.0, most=1.0),
    "satellite_power": Metric("satellite transmit power", "W", least=0.0),
    "bs_power": Metric("base station transmit power", "W", least=0.0),
    "total_power": Metric("total transmit power", "W", least=0.0),
    "margin_min_rate": Metric("relative margin of the least rate"),
    "margin_backhaul": Metric("relative margin of the backhaul, over the channels as known"),
    "margin_guaranteed_min_rate": Metric("relative margin of the least guaranteed rate"),
    "margin_guaranteed_backhaul": Metric("relative margin of the guaranteed backhaul"),
    "margin_pattern": Metric("relative margin of the beampattern"),
    "margin_satellite_power": Metric("relative margin of the satellite power"),
    "margin_bs_power": Metric("relative margin of the base station power"),
}
"""``delivered_sum_rate`` is what counts: of the robust design what it guarantees, of all others ``sum_rate``."""

CHANNEL_AXES = {
    "h_users": ChannelArray(("user", "bs_antenna"), meaning="base station to users", convention=COLUMN),
    "h_es": ChannelArray(("bs_antenna",), meaning="base station to the Earth Station", convention=COLUMN),
    "g_users": ChannelArray(("user", "feed"), meaning="satellite to users", convention=COLUMN),
    "g_es": ChannelArray(("feed",), meaning="satellite to the Earth Station", convention=COLUMN),
    "noise_power": ChannelArray((), POSITIVE, "W", meaning="noise of every receiver"),
}

DESIGN_FIELDS = {
    "bs_beams": Metric(
        "weights of the base station's antennas, a beam per user; received amplitude h^H w",
        "sqrt(W)",
        ("user", "bs_antenna"),
    ),
    "satellite_beam": Metric(
        "weights of the satellite's feeds in the beam towards the Earth Station; received amplitude g^H w",
        "sqrt(W)",
        ("feed",),
    ),
    "satellite_beams": Metric(
        "weights of the satellite's feeds, a beam per user; received amplitude g^H w", "sqrt(W)", ("user", "feed")
    ),
    "sensing_covariance": Metric("covariance of the sensing waveform over the feeds", "W", ("feed", "feed")),
    "time_share": Metric("share of the time in which the satellite transmits"),
    "satellite_phase_beams": Metric(
        "weights of the satellite's feeds, a beam per user in every phase; received amplitude g^H w",
        "sqrt(W)",
        ("phase", "user", "feed"),
    ),
    "phase_sensing": Metric("covariance of the sensing waveform in every phase", "W", ("phase", "feed", "feed")),
    "bs_phase_beams": Metric(
        "weights of the base station's antennas, a beam per user in every phase; received amplitude h^H w",
        "sqrt(W)",
        ("phase", "user", "bs_antenna"),
    ),
    "phase_share": Metric("share of the time of every phase", axes=("phase",)),
}

SYSTEM = System(
    name="self-backhaul",
    title="Self-backhauled satellite-terrestrial ISAC",
    citation="""@article{wang2026joint,
  author  = {Wang, T. and Wang, Q.},
  title   = {Joint Beamforming for Integrated Satellite-Terrestrial {ISAC} Systems},
  journal = {Sensors},
  volume  = {26},
  number  = {7},
  pages   = {2273},
  year    = {2026},
  doi     = {10.3390/s26072273},
}""",
    config=SelfBackhaulConfig,
    schemes=SCHEMES,
    metrics=METRICS,
    channel_axes=CHANNEL_AXES,
    design_fields=DESIGN_FIELDS,
    axis_sizes=axis_sizes,
    **parts_of(__name__),
    coordinates={
        "target": Coordinate(
            "direction of a target from broadside", "deg", lambda config: tuple(config.target_angles_deg)
        )
    },
    headline="delivered_sum_rate",
    beam_map=f"{_HERE}.world.beams:beam_map",
    alive=("delivered_sum_rate",),
    beside=("min_rate_met", "users_met"),
    warnings="leoisac.geometry.scenario_view:scenario_warnings",
    levels=f"{_HERE}.world.levels:levels",
    places="The base station stands in the middle of the square of area_side_m, the Earth Station in its corner "
    "(0, 0), users anywhere in it but min_distance_m from the base station. The satellite is altitude_km above the "
    "Earth Station, or where a [satellite] part has it.",
    over_time=OverTime(
        {
            "shadowing": "terrestrial-shadowing",
            "path-gain": "terrestrial-fading",
            "rain": "weather",
            "feed-phase": "weather",
            **SKY_PROCESSES,
            "direction": "fresh",
            "length": "fresh",
        },
        metrics=("detection_probability",),
    ),
    small={"num_users": 2, "bs_array": (1, 3), "num_feeds": 3, "target_angles_deg": (-30.0, 20.0)},
)

__all__ = ["SYSTEM", "consistent_set", "published_text_set"]
