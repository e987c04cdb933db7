"""Bistatic LEO ISAC with rate splitting: a satellite serves users while a ground receiver listens to the target's echo.

J. Park, J. Seong, J. Ryu, Y. Mao, W. Shin, "A Bistatic ISAC Framework for LEO Satellite Systems: A Rate-Splitting
Approach", arXiv:2407.08923, 2024.
"""

from __future__ import annotations

from leoisac.experiment.channel_table import COLUMN, POSITIVE, UNIT_MODULUS, ChannelArray
from leoisac.experiment.contracts import Coordinate, Metric, OverTime, Scheme, System, parts_of
from leoisac.link.outcome import LAYERS, LINK_METRICS
from leoisac.propagation.sky_config import SKY_PROCESSES
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig, axis_sizes
from leoisac.systems.bistatic_rsma.judge.grids import delay_coordinate, doppler_coordinate, pattern_coordinate

_HERE = "leoisac.systems.bistatic_rsma"
_COMMUNICATION = ("power", "common_rate")
_SENSING = ("crb", *_COMMUNICATION)
_CONIC = {"published": "reference", "reference": "reference"}

_SCHEMES = (
    ("rsma-radar-sic", "RSMA, radar, SIC", "rate splitting with a radar sequence that the users cancel"),
    ("rsma-radar-nosic", "RSMA, radar, no SIC", "rate splitting with a radar sequence that disturbs the users"),
    ("rsma-noradar", "RSMA, no radar", "rate splitting whose streams alone light up the target"),
    ("rsma-comm", "RSMA, no sensing", "rate splitting without the sensing requirement"),
    ("sdma-radar-sic", "SDMA, radar, SIC", "private streams and a radar sequence that the users cancel"),
    ("sdma-radar-nosic", "SDMA, radar, no SIC", "private streams and a radar sequence that disturbs the users"),
    ("sdma-noradar", "SDMA, no radar", "private streams that alone light up the target"),
    ("sdma-comm", "SDMA, no sensing", "private streams without the sensing requirement"),
)


def _scheme(name: str, label: str, summary: str) -> Scheme:
    function = f"solve_{name.replace('-', '_')}"
    places = {
        "fast": "fast.max_min",
        "published": "published.printed",
        "reference": "published.max_min",
        "echo": "fast.echo",
        "coded": "fast.coded",
    }
    routes = {route: f"{_HERE}.{place}:{function}" for route, place in places.items()}
    enforces = _COMMUNICATION if name.endswith("comm") else _SENSING
    return Scheme(name, summary, routes, enforces, label, requires=_CONIC)


SCHEMES = tuple(_scheme(*row) for row in _SCHEMES)

_MAP = ("pattern_y", "pattern_x")

METRICS = {
    "min_rate": Metric("least rate of a user", "bit/s/Hz", least=0.0),
    "rate": Metric("rate of a user", "bit/s/Hz", ("user",), least=0.0),
    "sum_rate": Metric("sum rate", "bit/s/Hz", least=0.0),
    "private_rate": Metric("rate of a user's private stream", "bit/s/Hz", ("user",), least=0.0),
    "common_rate": Metric("share of the common rate of a user", "bit/s/Hz", ("user",)),
    "common_rate_bound": Metric("rate at which all users decode the common stream", "bit/s/Hz", least=0.0),
    "ergodic_min_rate": Metric("least ergodic rate of a user", "bit/s/Hz", least=0.0),
    "faded_min_rate": Metric("least rate at the trial's fades", "bit/s/Hz", least=0.0),
    "crb_azimuth": Metric("Cramér-Rao bound of the azimuth of arrival, known echo amplitude", "rad²", least=0.0),
    "crb_zenith": Metric("Cramér-Rao bound of the zenith angle of arrival, known echo amplitude", "rad²", least=0.0),
    "crb_azimuth_unknown": Metric(
        "Cramér-Rao bound of the azimuth of arrival, unknown echo amplitude", "rad²", least=0.0
    ),
    "crb_zenith_unknown": Metric(
        "Cramér-Rao bound of the zenith angle of arrival, unknown echo amplitude", "rad²", least=0.0
    ),
    "target_gain": Metric("transmit power times array gain towards the target", "W", least=0.0),
    "clutter_to_noise": Metric("ground clutter over noise in the receiver's beam on the target", least=0.0),
    "direct_gain": Metric("transmit power times array gain towards the radar receiver", "W", least=0.0),
    "target_gain_group": Metric("target gain of private, common and radar streams", "W", ("group",), least=0.0),
    "user_gain_group": Metric("gain of the stream groups towards a user", "W", ("group", "user"), least=0.0),
    "power_share": Metric("share in the transmit power", "1", ("group",), least=0.0, most=1.0),
    "total_power": Metric("total transmit power", "W", least=0.0),
    "beampattern": Metric("beampattern of the stream groups", "1", ("group", *_MAP), least=0.0),
    "aoa_azimuth_error": Metric("error of the azimuth of arrival", "rad"),
    "aoa_zenith_error": Metric("error of the zenith angle of arrival", "rad"),
    "aoa_error": Metric("angle between estimated and true direction of arrival", "rad", least=0.0),
    "delay_error": Metric("error of the delay", "s"),
    "doppler_shift": Metric("true Doppler shift of the echo", "Hz"),
    "doppler_error": Metric("error of the Doppler shift", "Hz"),
    "aod_azimuth_error": Metric("error of the azimuth of departure", "rad"),
    "aod_off_nadir_error": Metric("error of the off-nadir angle of departure", "rad"),
    "position_error": Metric("distance of the estimated from the true target position", "m", least=0.0),
    "aoa_azimuth_bound": Metric("bound of the azimuth of arrival for the receiver's knowledge", "rad²", least=0.0),
    "aoa_zenith_bound": Metric("bound of the zenith angle of arrival for the receiver's knowledge", "rad²", least=0.0),
    "delay_bound": Metric("bound of the delay for the receiver's knowledge", "s²", least=0.0),
    "doppler_bound": Metric("bound of the Doppler shift for the receiver's knowledge", "Hz²", least=0.0),
    "aod_azimuth_bound": Metric("bound of the azimuth of departure for the receiver's knowledge", "rad²", least=0.0),
    "aod_off_nadir_bound": Metric(
        "bound of the off-nadir angle of departure for the receiver's knowledge", "rad²", least=0.0
    ),
    "position_bound": Metric("bound of the squared position error for the receiver's knowledge", "m²", least=0.0),
    "eigenvalue_ratio": Metric("power from the direction found over the mean from the others", least=0.0),
    "prominence": Metric("peak of the delay-Doppler map over its median", least=0.0),
    "echo_false_alarm": Metric("probability that noise alone has such a peak", least=0.0, most=1.0),
    "echo_detected": Metric("the peak is more than noise alone has", least=0.0, most=1.0),
    "interference_to_noise": Metric("direct path and ground over noise, per element and sample", least=0.0),
    "residual_to_noise": Metric("what cancellation leaves of them over noise, per element and sample", least=0.0),
    "echo_kept": Metric("share of the echo's energy that cancellation leaves", least=0.0),
    "music_spectrum": Metric("angular spectrum over its largest value", "1", _MAP, least=0.0, most=1.0),
    "delay_doppler_map": Metric(
        "delay-Doppler map over its largest value", "1", ("delay", "doppler"), least=0.0, most=1.0
    ),
    "target_found": Metric(
        "whether a detection is within a resolution cell of a target", "1", ("target",), least=0.0, most=1.0
    ),
    "targets_found": Metric("targets with a detection within a resolution cell", least=0.0),
    "ghosts": Metric("detections that are no target's", least=0.0),
    "gospa": Metric("GOSPA distance of detected from true targets", "m", least=0.0),
    "multistatic_error": Metric("distance of the position by all receivers from the true one", "m", least=0.0),
    "multistatic_bound": Metric("bound of the squared error of the position by all receivers", "m²", least=0.0),
    "receivers_used": Metric("receivers that the position rests on", least=0.0),
    **LINK_METRICS,
    "margin_crb": Metric("relative margin of the Cramér-Rao bound"),
    "margin_scnr": Metric("relative margin of the echo over noise and clutter"),
    "margin_power": Metric("relative margin of the transmit power"),
    "margin_common_rate": Metric("relative margin of the common rate"),
}

COORDINATES = {
    "pattern_x": Coordinate("direction cosine along x", "1", pattern_coordinate),
    "pattern_y": Coordinate("direction cosine along y", "1", pattern_coordinate),
    "delay": Coordinate("delay after the start of the receive window", "samples", delay_coordinate),
    "doppler": Coordinate("Doppler shift", "Hz", doppler_coordinate),
}

CHANNEL_AXES = {
    "user_steering": ChannelArray(("user", "tx"), UNIT_MODULUS, meaning="steering towards users", convention=COLUMN),
    "user_noise_ratio": ChannelArray(("user",), POSITIVE, "W", meaning="noise power over mean path gain of users"),
    "user_fading": ChannelArray(
        ("user",), meaning="fading amplitude of users, mean power 1", convention="its modulus alone counts"
    ),
    "target_steering": ChannelArray(("tx",), UNIT_MODULUS, meaning="steering towards the target", convention=COLUMN),
    "gain_floor": ChannelArray((), POSITIVE, "W", meaning="least target gain that meets the bound's threshold"),
}

DESIGN_FIELDS = {
    "precoder": Metric(
        "weights of every antenna in every stream (users, common stream, radar sequence); received amplitude h^H w",
        "sqrt(W)",
        ("tx", "stream"),
    ),
    "common_rate": Metric("share of the common rate of every user", "bit/s/Hz", ("user",)),
}

SYSTEM = System(
    name="bistatic-rsma",
    title="Bistatic LEO ISAC with rate splitting",
    citation="""@misc{park2024bistatic,
  author        = {Park, J. and Seong, J. and Ryu, J. and Mao, Y. and Shin, W.},
  title         = {A Bistatic {ISAC} Framework for {LEO} Satellite Systems: A Rate-Splitting Approach},
  year          = {2024},
  eprint        = {2407.08923},
  archivePrefix = {arXiv},
}""",
    config=BistaticRsmaConfig,
    schemes=SCHEMES,
    metrics=METRICS,
    channel_axes=CHANNEL_AXES,
    design_fields=DESIGN_FIELDS,
    axis_sizes=axis_sizes,
    axis_labels={"group": ("private", "common", "radar"), "layer": LAYERS},
    coordinates=COORDINATES,
    alive=("min_rate",),
    **parts_of(__name__),
    small={"num_users": 2, "satellite_array": (3, 3), "crb_threshold_rad2": 2e-5},
    warnings="leoisac.geometry.scenario_view:scenario_warnings",
    levels=f"{_HERE}.world.levels:levels",
    places="The radar receiver is the origin, the target at target_position_km, the satellite at satellite_position_km "
    "or where a [satellite] part has it. Users are on the ground, in a disc of coverage_diameter_km around "
    "coverage_centre.",
    over_time=OverTime(
        {"fading": "satellite-fading", "echo": ("", "fresh", "fresh"), **SKY_PROCESSES}, metrics=("crb_azimuth",)
    ),
    headline="min_rate",
    beam_map=f"{__name__}.world.beams:beam_map",
)

__all__ = ["SYSTEM"]
