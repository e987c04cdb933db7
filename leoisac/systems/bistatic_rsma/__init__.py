"""Bistatic LEO ISAC with rate splitting: a satellite serves users while a ground receiver listens to the target's echo.

J. Park, J. Seong, J. Ryu, Y. Mao, W. Shin, "A Bistatic ISAC Framework for LEO Satellite Systems: A Rate-Splitting
Approach", arXiv:2407.08923, 2024.
"""

from __future__ import annotations

from leoisac.experiment.channel_table import POSITIVE, UNIT_MODULUS, ChannelArray
from leoisac.experiment.contracts import Metric, Scheme, System, parts_of
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig, axis_sizes

_HERE = "leoisac.systems.bistatic_rsma"
_COMMUNICATION = ("power", "common_rate")
_SENSING = ("crb", *_COMMUNICATION)

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
    places = {"fast": "fast.max_min", "reference": "published.max_min", "echo": "fast.echo"}
    routes = {route: f"{_HERE}.{place}:{function}" for route, place in places.items()}
    enforces = _COMMUNICATION if name.endswith("comm") else _SENSING
    return Scheme(name, summary, routes, enforces, label, requires={"reference": "reference"})


SCHEMES = tuple(_scheme(*row) for row in _SCHEMES)

METRICS = {
    "min_rate": Metric("least rate of a user", "bit/s/Hz"),
    "rate": Metric("rate of a user", "bit/s/Hz", ("user",)),
    "sum_rate": Metric("sum rate", "bit/s/Hz"),
    "private_rate": Metric("rate of a user's private stream", "bit/s/Hz", ("user",)),
    "common_rate": Metric("share of the common rate of a user", "bit/s/Hz", ("user",)),
    "common_rate_bound": Metric("rate at which all users decode the common stream", "bit/s/Hz"),
    "ergodic_min_rate": Metric("least ergodic rate of a user", "bit/s/Hz"),
    "faded_min_rate": Metric("least rate at the trial's fades", "bit/s/Hz"),
    "crb_azimuth": Metric("bound of the azimuth of arrival, known echo amplitude", "rad²"),
    "crb_zenith": Metric("bound of the zenith angle of arrival, known echo amplitude", "rad²"),
    "crb_azimuth_unknown": Metric("bound of the azimuth of arrival, unknown echo amplitude", "rad²"),
    "crb_zenith_unknown": Metric("bound of the zenith angle of arrival, unknown echo amplitude", "rad²"),
    "target_gain": Metric("transmit power times array gain towards the target", "W"),
    "target_gain_group": Metric("target gain of private, common and radar streams", "W", ("group",)),
    "user_gain_group": Metric("gain of the stream groups towards a user", "W", ("group", "user")),
    "power_share": Metric("share of private, common and radar streams in the power", "1", ("group",)),
    "total_power": Metric("total transmit power", "W"),
    "beampattern": Metric("beampattern of the stream groups", "1", ("group", "pattern_y", "pattern_x")),
    "aoa_azimuth_error": Metric("error of the azimuth of arrival", "rad"),
    "aoa_zenith_error": Metric("error of the zenith angle of arrival", "rad"),
    "aoa_error": Metric("angle between estimated and true direction of arrival", "rad"),
    "delay_error": Metric("error of the delay", "s"),
    "doppler_error": Metric("error of the Doppler shift", "Hz"),
    "aod_azimuth_error": Metric("error of the azimuth of departure", "rad"),
    "aod_off_nadir_error": Metric("error of the off-nadir angle of departure", "rad"),
    "position_error": Metric("distance of the estimated from the true target position", "m"),
    "eigenvalue_ratio": Metric("principal eigenvalue of the sample covariance over the mean of the others"),
    "prominence": Metric("peak of the delay-Doppler map over its median"),
    "echo_detected": Metric("the peak is more than noise alone has"),
    "music_spectrum": Metric("MUSIC spectrum", "1", ("pattern_y", "pattern_x")),
    "delay_doppler_map": Metric("delay-Doppler map", "1", ("delay", "doppler")),
    "margin_crb": Metric("relative margin of the bound"),
    "margin_power": Metric("relative margin of the transmit power"),
    "margin_common_rate": Metric("relative margin of the common rate"),
}

CHANNEL_AXES = {
    "user_steering": ChannelArray(("user", "tx"), UNIT_MODULUS),
    "user_noise_ratio": ChannelArray(("user",), POSITIVE, "W"),
    "user_fading": ChannelArray(("user",)),
    "target_steering": ChannelArray(("tx",), UNIT_MODULUS),
    "gain_floor": ChannelArray((), POSITIVE, "W"),
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
    **parts_of(__name__),
    small={"num_users": 2, "satellite_array": (3, 3), "crb_threshold_rad2": 2e-5},
    warnings="leoisac.geometry.scenario_view:scenario_warnings",
    headline="min_rate",
)

__all__ = ["SYSTEM"]
