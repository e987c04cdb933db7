"""OTFS downlink with rate splitting: one delay-Doppler frame serves users and measures a target's delay and Doppler.

B. F. Costa, T. Abrão, "Refined Metrics, Sensing Limits, and Resource Allocation in OTFS-RSMA LEO ISAC",
arXiv:2506.02624, 2025.
"""

from __future__ import annotations

from leoisac.experiment.channel_table import ChannelArray
from leoisac.experiment.contracts import Metric, OverTime, Scheme, System, parts_of
from leoisac.link.outcome import LAYERS, LINK_METRICS
from leoisac.propagation.sky_config import SKY_PROCESSES
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig, axis_sizes

_HERE = "leoisac.systems.otfs_rsma"
_SENSING = ("crb_delay", "crb_doppler")
_ALL = ("common_rate", *_SENSING, "power")
_PARAMETERS = ("delay", "Doppler shift")
_BIT, _SPECTRAL = "bit per stream symbol", "bit/s/Hz"


_LEAST_BOUNDS = ("least-delay", "least-doppler")
_GENETIC = ("published", "ga", "ga-sensing")
"""``published`` is the genetic algorithm that the paper names, whose operators and weights are ours; so is ``ga``."""


def _scheme(name: str, label: str, summary: str, enforces: tuple[str, ...], *more: str) -> Scheme:
    name_ = name.replace("-", "_")
    function = f"solve_{name_}"
    routes = {"fast": f"{_HERE}.fast.max_min:{function}"}
    named = {
        "reference": f"{_HERE}.published.sca:{function}",
        "published": f"{_HERE}.published.genetic:{function}",
        "ga": f"{_HERE}.published.genetic:{function}",
        "ga-sensing": f"{_HERE}.published.genetic:solve_sensing_{name_}",
        "least-delay": f"{_HERE}.fast.least_bound:solve_delay_{name_}",
        "least-doppler": f"{_HERE}.fast.least_bound:solve_doppler_{name_}",
        "echo": f"{_HERE}.fast.echo:{function}",
        "coded": f"{_HERE}.fast.coded:{function}",
    }
    routes |= {route: named[route] for route in more}
    return Scheme(
        name, summary, routes, enforces, label, requires={"reference": "reference"} if "reference" in more else {}
    )


def _full_load(name: str, label: str, summary: str) -> Scheme:
    """A scheme whose streams carry a symbol in every cell."""
    return Scheme(
        f"full-load-{name}",
        f"full load, {summary}",
        {
            "fast": f"{_HERE}.fast.full_load:solve_{name.replace('-', '_')}",
            "coded": f"{_HERE}.fast.coded_load:solve_{name.replace('-', '_')}",
        },
        (*_SENSING, "power"),
        f"{label}, full load",
    )


SCHEMES = (
    _scheme(
        "rsma",
        "RSMA",
        "problem (17) with the configured power split, or a free one",
        _ALL,
        *("reference", *_GENETIC, *_LEAST_BOUNDS, "echo", "coded"),
    ),
    _scheme(
        "sdma",
        "SDMA",
        "no common stream, and no floor on its rate",
        (*_SENSING, "power"),
        *("reference", *_GENETIC, *_LEAST_BOUNDS, "coded"),
    ),
    _scheme("sdma-paper", "SDMA, floor kept", "no common stream, but the floor on its rate: infeasible", _ALL),
    _scheme(
        "common-only", "common stream only", "all power in the common stream", _ALL, *_GENETIC, *_LEAST_BOUNDS, "coded"
    ),
    Scheme(
        "random",
        "Gaussian streams at the configured split, not optimised",
        {
            "fast": f"{_HERE}.fast.baselines:solve_random",
            "echo": f"{_HERE}.fast.echo:solve_random",
            "coded": f"{_HERE}.fast.coded:solve_random",
        },
        ("power",),
        "random streams",
    ),
    _scheme("no-crb", "no ceilings", "as rsma without the ceilings of the bounds", ("common_rate", "power"), "coded"),
    _scheme(
        "no-common-floor", "no floor", "as rsma without the floor on the common rate", (*_SENSING, "power"), "coded"
    ),
    Scheme(
        "interference-free",
        "every user alone on its strongest eigen-beam, with the private power of the configured split",
        {"fast": f"{_HERE}.problem.bounds:solve_interference_free"},
        (),
        "no interference, this split",
    ),
    Scheme(
        "bound",
        "every user alone on its strongest eigen-beam, all power private: no least private rate is larger",
        {"fast": f"{_HERE}.problem.bounds:solve_bound"},
        (),
        "bound, any split",
        bound=True,
    ),
    _full_load("rsma", "RSMA", "rate splitting: the common stream and one for every user"),
    _full_load("sdma", "SDMA", "no common stream: one user gets a second one of its own, the best choice of a trial"),
    _full_load("sdma-k", "SDMA, a stream fewer", "no common stream, one stream for every user: a stream fewer"),
    _full_load(
        "noma", "NOMA", "two users: the strong one decodes the weak one's stream first, then two layers of its own"
    ),
    _full_load("oma", "OMA", "users take turns, each with as many layers as rsma has streams"),
    Scheme(
        "data-link",
        "uncoded 4-QAM over one antenna's link, received by OTFS and OFDM receivers; no precoding",
        {"fast": f"{_HERE}.fast.reception:solve_reception"},
        (),
        "uncoded data",
    ),
    Scheme(
        "pilots",
        "path gains from pilots, embedded or in frames of their own; no precoding",
        {"fast": f"{_HERE}.fast.pilots:solve_pilots"},
        (),
        "pilots",
    ),
)

METRICS = {
    "min_rate": Metric("least private rate", _BIT, least=0.0),
    "total_min_rate": Metric("least rate, common rate shared", _BIT, least=0.0),
    "private_rate": Metric("rate of a user's private stream", _BIT, ("user",), least=0.0),
    "common_rate": Metric("rate at which a user decodes the common stream", _BIT, ("user",), least=0.0),
    "rate": Metric("spectral efficiency of a user, common rate shared", _SPECTRAL, ("user",), least=0.0),
    "sum_rate": Metric("sum of spectral efficiencies", _SPECTRAL, least=0.0),
    "load_min_rate": Metric("least rate of a user at full load", _SPECTRAL, least=0.0),
    "load_min_rate_joint": Metric("least rate of a user at full load, joint decoding", _SPECTRAL, least=0.0),
    "load": Metric("data symbols per cell", least=0.0),
    "sinr_common": Metric("SINR of the common stream", "1", ("user",), least=0.0),
    "sinr_private": Metric("SINR of a user's private stream", "1", ("user",), least=0.0),
    "crb_delay": Metric("delay bound, known amplitude", "s²", least=0.0),
    "crb_doppler": Metric("Doppler bound, known amplitude", "Hz²", least=0.0),
    "crb_delay_unknown": Metric("delay bound, unknown amplitude", "s²", least=0.0),
    "crb_doppler_unknown": Metric("Doppler bound, unknown amplitude", "Hz²", least=0.0),
    "crb_delay_sampled": Metric("delay bound of the sampled echo, known amplitude", "s²", least=0.0),
    "crb_doppler_sampled": Metric("Doppler bound of the sampled echo, known amplitude", "Hz²", least=0.0),
    "crb_delay_sampled_unknown": Metric("delay bound of the sampled echo, unknown amplitude", "s²", least=0.0),
    "crb_doppler_sampled_unknown": Metric("Doppler bound of the sampled echo, unknown amplitude", "Hz²", least=0.0),
    "fim": Metric("Fisher information on delay and Doppler shift, known amplitude", "1", ("parameter", "parameter_2")),
    "target_crb_delay": Metric("delay bound of a target, all amplitudes unknown", "s²", ("target",), least=0.0),
    "target_crb_doppler": Metric("Doppler bound of a target, all amplitudes unknown", "Hz²", ("target",), least=0.0),
    "target_crb_angle": Metric("angle bound of a target, all amplitudes unknown", "rad²", ("target",), least=0.0),
    "total_power": Metric("total transmit power", "W", least=0.0),
    "common_power_share": Metric("share of the common stream in the power", least=0.0, most=1.0),
    "delay_error": Metric("error of the delay", "s"),
    "doppler_error": Metric("error of the Doppler shift", "Hz"),
    "target_delay_error": Metric("error of a target's delay", "s", ("target",)),
    "target_doppler_error": Metric("error of a target's Doppler shift", "Hz", ("target",)),
    "target_angle_error": Metric("error of a target's angle", "rad", ("target",)),
    "csi_error": Metric("squared error of the channel estimate", "1", ("estimator",), least=0.0),
    "csi_error_predicted": Metric("expected squared error of the channel estimate", "1", ("estimator",), least=0.0),
    "paths_found": Metric("share of the paths above the noise", "1", least=0.0, most=1.0),
    "bit_error_rate": Metric("bit-error rate", "1", ("receiver",), least=0.0, most=1.0),
    **LINK_METRICS,
    "margin_common_rate": Metric("relative margin of the common rate"),
    "margin_crb_delay": Metric("relative margin of the delay bound"),
    "margin_crb_doppler": Metric("relative margin of the Doppler bound"),
    "margin_power": Metric("relative margin of the transmit power"),
}

RECEIVERS = ("OTFS, LMMSE", "OTFS, message passing", "OFDM, one tap", "OFDM, LMMSE")
"""In the order of ``leoisac.estimation.bit_errors.RECEIVERS``."""

ESTIMATORS = ("least squares", "LMMSE")
"""Of path gains from pilots."""

DESIGN_FIELDS = {
    "streams": Metric(
        "precoders, the common stream first: cells of the grid (mode dd), or antenna by antenna of it (space-dd)",
        "sqrt(W)",
        ("stream", "entry"),
    ),
    "precoders": Metric(
        "precoders at full load, a column a stream: that of all, or the second of a user, first; oma: user by user",
        "sqrt(W)",
        ("tx", "loaded_stream"),
    ),
}

SYSTEM = System(
    name="otfs-rsma",
    title="OTFS downlink with rate splitting",
    citation="""@misc{costa2025refined,
  author        = {Costa, B. F. and Abr{\\~a}o, T.},
  title         = {Refined Metrics, Sensing Limits, and Resource Allocation in {OTFS-RSMA LEO ISAC}},
  year          = {2025},
  eprint        = {2506.02624},
  archivePrefix = {arXiv},
}""",
    config=OtfsRsmaConfig,
    schemes=SCHEMES,
    metrics=METRICS,
    channel_axes={
        "path_gains": ChannelArray(
            ("user", "tx", "path"),
            meaning="gain of every path; mean power of a link 1",
            convention="r = sum_tx h s: no conjugate",
        )
    },
    design_fields=DESIGN_FIELDS,
    axis_sizes=axis_sizes,
    axis_labels={
        "receiver": RECEIVERS,
        "estimator": ESTIMATORS,
        "layer": LAYERS,
        "parameter": _PARAMETERS,
        "parameter_2": _PARAMETERS,
    },
    alive=("total_min_rate",),
    warnings="leoisac.geometry.scenario_view:scenario_warnings",
    levels=f"{_HERE}.world.levels:levels",
    places="Links have no places: their mean power is 1, and comm_snr_db is the energy of a frame over the noise of a "
    'cell. With link = "budget" the satellite is user_range_km from the users, or where a [satellite] part has it.',
    **parts_of(__name__),
    over_time=OverTime(
        # Phases of constant parts turn by many cycles between blocks; symbols and noise are new in each.
        {"gain": "satellite-fading", "other": "fresh", **SKY_PROCESSES},
        metrics=("crb_delay", "crb_doppler"),
    ),
    small={
        "n_tx": 2,
        "n_delay": 3,
        "n_doppler": 4,
        "path_delays": (0, 1),
        "path_dopplers": (0.0, 1.0),
        "crb_delay_max": 1e-10,
        "crb_doppler_max": 6e4,
    },
    headline="min_rate",
)

__all__ = ["SYSTEM"]
