"""The Monte-Carlo studies behind figures, table and claims (quick: a few trials; paper: the full statistics)."""

from __future__ import annotations

from leoisac.experiment.contracts import Study
from leoisac.foundation.units import NOTHING_DB
from leoisac.link.studies import TINY_LINK, margin_study
from leoisac.systems.otfs_rsma import SYSTEM
from leoisac.systems.otfs_rsma.evidence.front import FRONT
from leoisac.systems.otfs_rsma.evidence.full_load import FULL_LOAD
from leoisac.systems.otfs_rsma.evidence.results import FRACTIONS, INNER, OTHER_ROUTES
from leoisac.systems.otfs_rsma.evidence.sensitivity import SENSITIVITY

_FEW = {"common_power_fraction": [0.1, 0.8]}
_SMALL = dict(SYSTEM.small)
_TINY = {"overrides": _SMALL, "trials": 4}
_TINY_SWEEP = {**_TINY, "sweep": _FEW}
_CODED = ("rsma:coded", "sdma:coded", "random:coded")
_TINY_LINK = {
    "overrides": {**_SMALL, "comm_snr_db": 5.0, **TINY_LINK},
    "trials": 4,
    "schemes": ("rsma:coded", "random:coded"),
}
_GENETIC = ("published", "ga-sensing")
_LEAST = ("least-delay", "least-doppler")

STUDIES = (
    Study(
        "fractions",
        schemes=("rsma",),
        sweep={"common_power_fraction": list(INNER)},
        trials=3000,
        quick={"trials": 24},
        tiny=_TINY_SWEEP,
    ),
    Study(
        "ends",
        schemes=("sdma", "sdma-paper", "common-only"),
        trials=3000,
        quick={"trials": 24},
        tiny=_TINY,
    ),
    Study(
        "least-bounds",
        schemes=tuple(f"rsma:{route}" for route in _LEAST),
        sweep={"common_power_fraction": list(INNER)},
        trials=300,
        headline="crb_delay",
        quick={"trials": 16},
        tiny=_TINY_SWEEP,
    ),
    Study(
        "least-bounds-ends",
        schemes=tuple(f"{scheme}:{route}" for scheme in ("sdma", "common-only") for route in _LEAST),
        trials=300,
        headline="crb_delay",
        quick={"trials": 16},
        tiny=_TINY,
    ),
    Study(
        "random",
        schemes=("random", "interference-free"),
        sweep={"common_power_fraction": list(FRACTIONS)},
        trials=3000,
        quick={"trials": 24},
        tiny=_TINY_SWEEP,
    ),
    Study(
        "common-draws-fractions",
        schemes=tuple(f"rsma:{route}" for route in OTHER_ROUTES),
        sweep={"common_power_fraction": list(INNER)},
        trials=30,
        # A draw costs the genetic algorithm a second of a core.
        quick={
            "trials": 4,
            "schemes": ("rsma:published", "rsma:ga-sensing"),
            "sweep": {"common_power_fraction": [0.1, 0.3, 0.8]},
        },
        # One of the routes: each is programs of its own, which tests of the routes compile.
        tiny={**_TINY, "trials": 2, "schemes": ("rsma:published",), "sweep": {"common_power_fraction": [0.3]}},
    ),
    Study(
        "common-draws-ends",
        schemes=("sdma:reference", *(f"{scheme}:{route}" for scheme in ("sdma", "common-only") for route in _GENETIC)),
        trials=30,
        quick={
            "trials": 4,
            "schemes": tuple(f"{scheme}:{route}" for scheme in ("sdma", "common-only") for route in _GENETIC),
        },
        tiny={**_TINY, "trials": 2, "schemes": ("sdma:published",)},
    ),
    Study(
        "schemes",
        schemes=("rsma", "sdma", "no-crb", "no-common-floor", "random", "interference-free", "bound"),
        trials=1000,
        quick={"trials": 24},
        tiny=_TINY,
    ),
    Study(
        "free-split",
        schemes=("rsma", "sdma", "bound"),
        overrides={"common_power_fraction": None},
        trials=3000,
        quick={"trials": 24},
        tiny=_TINY,
    ),
    Study(
        "delay-ceiling",
        schemes=("rsma",),
        sweep={"crb_delay_max": [2e-11, 1e-11, 8e-12, 6e-12, 5e-12, 4e-12, 3.5e-12]},
        trials=300,
        quick={"trials": 24, "sweep": {"crb_delay_max": [2e-11, 8e-12, 5e-12, 4e-12, 3.5e-12]}},
        tiny={
            "overrides": {k: v for k, v in _SMALL.items() if k != "crb_delay_max"},
            "sweep": {"crb_delay_max": [1e-10, 4e-12]},
            "trials": 4,
        },
    ),
    Study(
        "readings",
        schemes=("rsma", "sdma"),
        overrides={"common_power_fraction": None},
        sweep={"precoder_mode+target_amplitude": [["dd", "known"], ["dd", "unknown"], ["space-dd", "known"]]},
        trials=64,
        quick={"trials": 4},
        tiny={**_TINY, "sweep": {"precoder_mode+target_amplitude": [["dd", "known"], ["dd", "unknown"]]}},
    ),
    Study(
        "total-rate",
        schemes=("rsma", "sdma"),
        overrides={"common_power_fraction": None, "objective": "total"},
        trials=200,
        headline="total_min_rate",
        quick={"trials": 8},
        # The other objective is another program: tests of the engine's programs compile it, not this.
        tiny={"overrides": {**_SMALL, "objective": "private"}},
    ),
    Study(
        "fading",
        schemes=("rsma",),
        sweep={"rician_factor_db": [-100.0, 0.0, 10.0]},
        trials=500,
        quick={"trials": 48},
        tiny={**_TINY, "sweep": {"rician_factor_db": [-100.0, 10.0]}},
    ),
    Study(
        "bit-errors",
        schemes=("data-link",),
        # A cell has one of n_delay * n_doppler parts of the frame: 15 dB less than the frame.
        overrides={"csi_error_db": NOTHING_DB},
        sweep={"comm_snr_db": [15.0, 20.0, 25.0, 30.0, 35.0, 40.0]},
        trials=2000,
        headline="bit_error_rate",
        quick={"trials": 128},
        tiny={"overrides": _SMALL, "trials": 16, "sweep": {"comm_snr_db": [15.0, 25.0]}},
    ),
    Study(
        "bit-errors-16",
        schemes=("data-link",),
        overrides={"csi_error_db": NOTHING_DB, "n_delay": 16, "n_doppler": 16},
        sweep={"comm_snr_db": [24.0, 29.0, 34.0, 39.0, 44.0, 49.0]},
        trials=100,
        headline="bit_error_rate",
        quick={"trials": 8, "sweep": {"comm_snr_db": [24.0, 34.0, 44.0]}},
        tiny={"overrides": _SMALL, "trials": 16, "sweep": {"comm_snr_db": [15.0, 25.0]}},
    ),
    Study(
        "estimation",
        schemes=("random:echo",),
        # Bounds of the frame that the radar knows.
        overrides={"frame_model": "realisation"},
        sweep={
            "target_amplitude": ["known", "unknown"],
            "echo_snr_db": [-5.0, 0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0],
        },
        trials=1000,
        headline="delay_error",
        quick={"trials": 32},
        tiny={
            "overrides": _SMALL,
            "trials": 8,
            "sweep": {"target_amplitude": ["known", "unknown"], "echo_snr_db": [10.0, 30.0]},
        },
    ),
    Study(
        "several-targets",
        schemes=("random:echo",),
        overrides={
            "frame_model": "realisation",
            "n_rx": 4,
            "other_targets": [[7e-5, 2500.0, 25.0, -3.0], [1.4e-4, 6500.0, -35.0, -6.0]],
        },
        sweep={"echo_snr_db": [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0]},
        trials=300,
        headline="delay_error",
        quick={"trials": 24},
        tiny={
            "overrides": {**_SMALL, "n_rx": 2, "other_targets": [[7e-5, 2500.0, 25.0, -3.0]]},
            "trials": 4,
            "sweep": {"echo_snr_db": [10.0, 30.0]},
        },
    ),
    margin_study(_CODED, _TINY_LINK, overrides={"csi_error_db": NOTHING_DB}),
    Study(
        "coded-rates",
        schemes=_CODED,
        overrides={"csi_error_db": NOTHING_DB},
        sweep={"comm_snr_db": [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]},
        trials=200,
        headline="sum_goodput",
        quick={"trials": 16, "sweep": {"comm_snr_db": [0.0, 10.0, 20.0]}},
        tiny={**_TINY_LINK, "sweep": {"comm_snr_db": [2.0, 5.0]}},
    ),
    Study(
        "coded-csi",
        schemes=_CODED,
        overrides={"csi_error_model": "total"},
        sweep={"csi_error_db": [-45.0, -40.0, -35.0, -30.0, -25.0, -20.0, -15.0]},
        trials=200,
        headline="sum_goodput",
        quick={"trials": 16, "sweep": {"csi_error_db": [-45.0, -30.0, -20.0]}},
        tiny={**_TINY_LINK, "sweep": {"csi_error_db": [-45.0, -15.0]}},
    ),
    Study(
        "pilot-error",
        schemes=("pilots",),
        sweep={"pilot_db": [-20.0, -10.0, 0.0, 10.0, 20.0]},
        trials=500,
        headline="csi_error",
        quick={"trials": 64},
        tiny={"overrides": _SMALL, "trials": 4, "sweep": {"pilot_db": [-10.0, 10.0]}},
    ),
    Study(
        "coded-pilots",
        schemes=_CODED,
        overrides={"csi_source": "pilots"},
        sweep={"pilot_db": [-10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0]},
        trials=200,
        headline="sum_goodput",
        quick={"trials": 16, "sweep": {"pilot_db": [-10.0, 0.0, 10.0, 20.0]}},
        tiny={**_TINY_LINK, "sweep": {"pilot_db": [-10.0, 10.0]}},
    ),
    SENSITIVITY,
    *FULL_LOAD,
    *FRONT,
)

__all__ = ["STUDIES"]
