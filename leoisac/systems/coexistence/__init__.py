"""Coexistence: a multi-beam LEO satellite and terrestrial multistatic ISAC cells that share one band.

J. Jee, J. G. Andrews, "Integrated Coexistence for Satellite and Terrestrial Networks with Multistatic ISAC",
arXiv:2511.15947, 2025.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leoisac.experiment.channel_table import COSINE, NOT_NEGATIVE, POSITIVE, ROW, UNIT_MODULUS, ChannelArray
from leoisac.experiment.contracts import Metric, OverTime, Scheme, System, parts_of, resolve
from leoisac.propagation.sky_config import SKY_PROCESSES
from leoisac.systems.coexistence.association_rules import association_rule
from leoisac.systems.coexistence.config import CoexistenceConfig, axis_sizes

if TYPE_CHECKING:
    from leoisac.systems.coexistence.problem.association import associate
    from leoisac.systems.coexistence.problem.least_power import least_sensing_power
    from leoisac.systems.coexistence.problem.merging import merge_powers

_HERE = "leoisac.systems.coexistence"
_BUDGETS = ("bs_power", "satellite_power")
_ALL = ("sut_rate", "scnr", *_BUDGETS, "inr", "pfd")


def _optimised(name: str, label: str, summary: str, enforces: tuple[str, ...], as_published: bool = False) -> Scheme:
    """A scheme made of the optimisers of P1 and P3."""
    function = f"solve_{name.replace('-', '_')}"
    routes = {"fast": f"{_HERE}.fast.schemes:{function}", "reference": f"{_HERE}.published.schemes:{function}"}
    if as_published:
        routes["published"] = f"{_HERE}.published.schemes:{function}_as_published"
    requires = {route: "reference" for route in routes if route != "fast"}
    return Scheme(name, summary, routes, enforces, label, requires=requires)


def _fast(name: str, label: str, summary: str, enforces: tuple[str, ...]) -> Scheme:
    """As ``_optimised``, by the fast route only."""
    routes = {"fast": f"{_HERE}.fast.schemes:solve_{name.replace('-', '_')}"}
    return Scheme(name, summary, routes, enforces, label)


def _plain(module: str, name: str, label: str, summary: str) -> Scheme:
    """A scheme in closed form, or nearly, that designs blindly: it promises the budgets alone."""
    return Scheme(name, summary, {"fast": f"{_HERE}.fast.{module}:solve_{name.replace('-', '_')}"}, _BUDGETS, label)


def _searching(name: str, label: str, summary: str) -> Scheme:
    """A zero-forcing scheme that searches among designs which keep the floors, and promises them."""
    return Scheme(name, summary, {"fast": f"{_HERE}.fast.baselines:solve_{name.replace('-', '_')}"}, _ALL, label)


SCHEMES = (
    _optimised(
        "proposed", "proposed", "three stages: P1 in the cells, P2 at the satellite, P3 in the cells", _ALL, True
    ),
    _searching(
        "rzf-eps",
        "RZF-EPS",
        "regularised zero forcing, least-power sensing streams, exhaustive search of the satellite power",
    ),
    _searching("zf-eps", "ZF-EPS", "zero forcing that spares the satellite user, exhaustive power search"),
    _plain("baselines", "greedy", "greedy", "each network designs as if the other did not exist"),
    _plain("baselines", "uniform", "uniform", "as greedy, with equal powers"),
    _optimised("coop-uniform", "coop-uniform", "equal powers of the spot beams, beams by P3", _ALL),
    _plain(
        "baselines",
        "interference-free",
        "interference-free, ZF",
        "networks that do not disturb each other, zero forcing: called ideal, and exceeded by good designs",
    ),
    _optimised(
        "interference-free-wmmse",
        "interference-free, optimised",
        "the same with beams by P3: a local optimum of the ideal",
        ("scnr", *_BUDGETS),
    ),
    _fast("proposed-genie", "P1 with fresh channels", "as proposed, with P1 at the instant of P3", _ALL),
    _fast("proposed-unrefined", "without P3", "as proposed, with the beams of P1 kept", _BUDGETS),
    _plain("sensing_schemes", "sensing-only", "sensing only", "least power found that senses all targets, no users"),
    _plain(
        "sensing_schemes",
        "sensing-only-free",
        "sensing only, no satellite",
        "the same without the satellite, nearest association",
    ),
)
"""None is a bound: zero forcing without coupling can be worse than the proposed scheme with it, and the optimised ideal
is a local optimum with the nearest association."""

_RATE = "bit/s/Hz"

METRICS = {
    "sum_rate": Metric("sum rate of all users", _RATE, least=0.0),
    "weighted_rate": Metric("weighted sum rate of all users", _RATE, least=0.0),
    "terrestrial_rate": Metric("sum rate of the terrestrial users", _RATE, least=0.0),
    "satellite_rate": Metric("sum rate of the satellite users", _RATE, least=0.0),
    "whole_band_rate": Metric("sum rate of all users over the bands of all colours", _RATE, least=0.0),
    "least_cell_rate": Metric("least sum rate of a cell's terrestrial users", _RATE, least=0.0),
    "min_rate": Metric("least rate of a user", _RATE, least=0.0),
    "tut_rate": Metric("rate of a terrestrial user", _RATE, ("cell", "user"), least=0.0),
    "sut_rate": Metric("rate of a satellite user", _RATE, ("cell",), least=0.0),
    "scnr": Metric("signal-to-clutter-plus-noise ratio of a target", "1", ("cell", "target"), least=0.0),
    "detection_probability": Metric("detection probability of a target", "1", ("cell", "target"), least=0.0, most=1.0),
    "min_scnr": Metric("least signal-to-clutter-plus-noise ratio", least=0.0),
    "sensing_failure": Metric("sensing failure probability", least=0.0, most=1.0),
    "bs_power": Metric("transmit power of a base station", "W", ("cell",), least=0.0),
    "beam_power": Metric("power of the spot beam over a cell", "W", ("cell",), least=0.0),
    "total_power": Metric("transmit power of base stations and satellite", "W", least=0.0),
    "sut_flux_dbw_m2_mhz": Metric("power flux density at the satellite user", "dBW/m²/MHz", ("cell",)),
    "tut_flux_dbw_m2_mhz": Metric("largest power flux density at a terrestrial user", "dBW/m²/MHz", ("cell",)),
    "pfd_dbw_m2_mhz": Metric("power flux density on the beam's axis, free space", "dBW/m²/MHz", ("cell",)),
    "inr_db": Metric("largest interference over noise at a receiver of the other network", "dB"),
    "inr_sut_db": Metric("interference over noise at the satellite user", "dB", ("cell",)),
    "inr_tut_db": Metric("interference over noise at a terrestrial user", "dB", ("cell", "user")),
    "inr_radar_db": Metric("interference over noise at a radar receiver", "dB", ("cell", "receiver")),
    "inr_sut_beams_db": Metric(
        "interference of the other spot beams over noise at the satellite user", "dB", ("cell",)
    ),
    "inr_sut_others_db": Metric("interference of other satellites over noise at the satellite user", "dB", ("cell",)),
    "inr_tut_others_db": Metric(
        "interference of other satellites over noise at a terrestrial user", "dB", ("cell", "user")
    ),
    "inr_radar_others_db": Metric(
        "interference of other satellites over noise at a radar receiver", "dB", ("cell", "receiver")
    ),
    "satellites_in_sight": Metric("other satellites in sight", least=0.0),
    "inr_satellite_db": Metric("interference over noise at the satellite's receive beam", "dB", ("cell",)),
    "satellite_elevation_deg": Metric("elevation of the satellite", "deg"),
    "satellite_azimuth_deg": Metric("azimuth of the satellite from the x axis", "deg"),
    "beam_position_m": Metric("centre of the footprint of a cell's beam", "m", ("cell", "xy")),
    "bs_position_m": Metric("place of a base station in the footprint", "m", ("cell", "xy")),
    "sut_position_m": Metric("place of the satellite user of a cell's beam", "m", ("cell", "xy")),
    "tut_position_m": Metric("place of a terrestrial user", "m", ("cell", "user", "xy")),
    "receiver_position_m": Metric("place of a radar receiver", "m", ("cell", "receiver", "xy")),
    "target_position_m": Metric("place of a target", "m", ("cell", "target", "xy")),
    "margin_sut_rate": Metric("relative margin of the satellite users' rate", least=-1.0),
    "margin_scnr": Metric("relative margin of the SCNR", least=-1.0),
    "margin_bs_power": Metric("relative margin of the base stations' power", most=1.0),
    "margin_satellite_power": Metric("relative margin of the satellite's power", most=1.0),
    "margin_inr": Metric("relative margin of the interference over noise, 1 without a limit", most=1.0),
    "margin_pfd": Metric("relative margin of the power flux density, 1 without a limit", most=1.0),
}

CHANNEL_AXES = {
    "h_tut": ChannelArray(
        ("cell", "user", "tx"), meaning="base station to users, when designs are made", convention=ROW
    ),
    "h_sut": ChannelArray(
        ("cell", "tx"), meaning="base station to its beam's satellite user, when designs are made", convention=ROW
    ),
    "h_tut_fresh": ChannelArray(
        ("cell", "user", "tx"), meaning="base station to users, when designs are judged", convention=ROW
    ),
    "h_sut_fresh": ChannelArray(
        ("cell", "tx"),
        meaning="base station to its beam's satellite user, when designs are judged",
        convention=ROW,
    ),
    "g_tut": ChannelArray(("cell", "user"), NOT_NEGATIVE, meaning="power gain of the satellite's beam to users"),
    "g_sut": ChannelArray(("cell",), NOT_NEGATIVE, meaning="power gain of the satellite's beam to its user"),
    "g_rad": ChannelArray(
        ("cell", "receiver", "rx"),
        meaning="amplitude gain of the satellite's beam to the radar receivers",
        convention="as received, no conjugate",
    ),
    "target_amplitude": ChannelArray(
        ("cell", "target", "receiver"), meaning="echo amplitude of targets", convention="alpha a_r (a_t^H F)"
    ),
    "target_tx": ChannelArray(
        ("cell", "target", "tx"), UNIT_MODULUS, meaning="steering of the base station, a_t^H", convention=ROW
    ),
    "target_rx": ChannelArray(
        ("cell", "target", "receiver", "rx"),
        UNIT_MODULUS,
        meaning="steering of the radar receivers, a_r",
        convention="as received, no conjugate",
    ),
    "clutter_amplitude": ChannelArray(
        ("cell", "clutter", "receiver"), meaning="echo amplitude of clutter", convention="alpha a_r (a_t^H F)"
    ),
    "clutter_tx": ChannelArray(
        ("cell", "clutter", "tx"), UNIT_MODULUS, meaning="steering of the base station, a_t^H", convention=ROW
    ),
    "clutter_rx": ChannelArray(
        ("cell", "clutter", "receiver", "rx"),
        UNIT_MODULUS,
        meaning="steering of the radar receivers, a_r",
        convention="as received, no conjugate",
    ),
    "u_target": ChannelArray(
        ("cell", "target", "receiver"), COSINE, meaning="directional cosine of targets at the radar receivers"
    ),
    "u_satellite": ChannelArray(
        ("cell", "receiver"), COSINE, meaning="directional cosine of the satellite at the radar receivers"
    ),
    "noise_power": ChannelArray(("cell",), POSITIVE, "W", meaning="noise of every receiver"),
}

DESIGN_FIELDS = {
    "beamformer": Metric(
        "weights of every antenna for users, then targets; received amplitude h w, channels are rows",
        "sqrt(W)",
        ("cell", "tx", "stream"),
    ),
    "beam_power": Metric("power of the spot beam over a cell; cells of one beam have the same", "W", ("cell",)),
    "power_cap": Metric("largest beam power for which the cell's beamformer was made", "W", ("cell",)),
    "association": Metric("radar receiver that listens to a target, from 0", "1", ("cell", "target")),
}

SYSTEM = System(
    name="coexistence",
    title="Coexistence of LEO satellite and terrestrial multistatic ISAC",
    citation="""@misc{jee2025coexistence,
  author        = {Jee, Jeongju and Andrews, Jeffrey G.},
  title         = {Integrated Coexistence for Satellite and Terrestrial Networks with Multistatic {ISAC}},
  year          = {2025},
  eprint        = {2511.15947},
  archivePrefix = {arXiv},
}""",
    config=CoexistenceConfig,
    schemes=SCHEMES,
    metrics=METRICS,
    channel_axes=CHANNEL_AXES,
    design_fields=DESIGN_FIELDS,
    axis_sizes=axis_sizes,
    **parts_of(__name__),
    warnings="leoisac.geometry.scenario_view:scenario_warnings",
    levels=f"{_HERE}.world.levels:levels",
    places="In every cell users and radar targets are drawn around the base station, within cell_radius_m and "
    "sensing_radius_m; radar receivers stand on a circle of half sensing_radius_m. The satellite user of a spot beam "
    "is in its first cell; the satellite is above min_elevation_deg, or where a [satellite] part has it.",
    over_time=OverTime(
        {
            "shadowing": ("terrestrial-shadowing", "terrestrial-shadowing", "satellite-shadowing"),
            "sight": ("", "terrestrial-fading", "terrestrial-fading"),
            "gain": "terrestrial-fading",
            "innovation": "terrestrial-fading",
            **SKY_PROCESSES,
        },
        metrics=("min_scnr",),
    ),
    small={
        "num_users": 2,
        "num_tx": 8,
        "num_targets": 2,
        "num_receivers": 3,
        "num_rx": 2,
        "clutter_per_target": 2,
        "num_clusters": 4,
        "num_rays": 4,
    },
    tolerance=1e-3,
    axis_labels={"xy": ("x", "y")},
    # Zero forcing with targets in nearly one direction spends all power on them: the cell's users get nothing.
    alive=("least_cell_rate",),
    beam_map=f"{_HERE}.world.beams:beam_map",
)

_FUNCTIONS = {
    "associate": f"{_HERE}.problem.association:associate",
    "merge_powers": f"{_HERE}.problem.merging:merge_powers",
    "least_sensing_power": f"{_HERE}.problem.least_power:least_sensing_power",
}


def __getattr__(name: str) -> Any:
    """The plain functions of the system, imported on first use."""
    if name in _FUNCTIONS:
        return resolve(_FUNCTIONS[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["SYSTEM", "associate", "association_rule", "least_sensing_power", "merge_powers"]
