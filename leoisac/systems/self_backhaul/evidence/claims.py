"""Published claims with numeric criteria; the checks read stored results."""

from __future__ import annotations

from leoisac.experiment.contracts import Claim
from leoisac.systems.self_backhaul.evidence import design_claims as of_designs
from leoisac.systems.self_backhaul.evidence import sensing_claims as of_sensing
from leoisac.systems.self_backhaul.evidence import sweep_claims as of_sweeps
from leoisac.systems.self_backhaul.evidence.common_aperture_figures import check_lobes, check_sidelobes
from leoisac.systems.self_backhaul.evidence.studies import FAIR_RIVALS

_PROCEDURE_TRIALS = 8
_ROBUST_TRIALS = 4
_FAIR = "fair rivals, which the paper does not have: they promise the least rate, or spare each other's receivers"
_APERTURE = (
    "PA1 on one common array, with a budget of ten times the threshold: the paper gives neither array, noise nor budget"
)

CLAIMS = (
    Claim(
        "F2-1",
        "PA1 rises monotonically and converges",
        "monotone, convergent",
        ("convergence",),
        of_designs.monotone,
        _PROCEDURE_TRIALS,
    ),
    Claim(
        "F2-2",
        "Iterations of PA1",
        "about 20",
        ("convergence",),
        of_designs.pa1_iterations,
        _PROCEDURE_TRIALS,
    ),
    Claim(
        "F2-3",
        "PA2 needs fewer iterations than PA1",
        "about 10, fewer",
        ("robust-convergence",),
        of_designs.pa2_iterations,
        _ROBUST_TRIALS,
    ),
    Claim("F3-1", "Lobes at users and targets, threshold met", "all six", (), check_lobes, 0, _APERTURE),
    Claim("F3-2", "Sidelobes are suppressed", "suppressed", (), check_sidelobes, 0, _APERTURE),
    Claim(
        "F4-1",
        "As the threshold rises, detection probability rises and sum rate falls",
        "both monotone",
        ("pattern-threshold",),
        of_designs.trade_off,
    ),
    Claim(
        "F4-2",
        "The joint design's rates and detection probabilities are a Pareto front that no benchmark reaches",
        "superior trade-off",
        ("threshold-rivals",),
        of_sensing.pareto_front,
        60,
    ),
    Claim(
        "ABS-1",
        "The joint design senses better than the benchmarks",
        "superior sensing",
        ("threshold-rivals",),
        of_sensing.senses_better,
        60,
        "the abstract names no quantity: detection probability at equal thresholds of the beampattern",
    ),
    Claim(
        "F5-1",
        "PA1 and PA2 have the highest sum rate at every satellite power",
        "highest",
        ("satellite-power",),
        of_sweeps.proposed_highest("satellite-power"),
    ),
    Claim(
        "F5-1-FAIR",
        "PA1 and PA2 lead fair rivals at every satellite power",
        "highest",
        ("satellite-power",),
        of_sweeps.proposed_highest("satellite-power", FAIR_RIVALS),
        100,
        _FAIR,
    ),
    Claim(
        "F5-2",
        "PA2 is comparable to PA1",
        "comparable",
        ("satellite-power", "absolute-errors", "users", "relative-errors"),
        of_sweeps.comparable,
        60,
    ),
    Claim(
        "F5-3",
        "All schemes gain from satellite power",
        "all increase",
        ("satellite-power",),
        of_sweeps.all_increase("satellite-power"),
    ),
    Claim(
        "F5-3-FAIR",
        "Fair rivals gain from satellite power, too",
        "all increase",
        ("satellite-power",),
        of_sweeps.all_increase("satellite-power", FAIR_RIVALS),
        100,
        _FAIR,
    ),
    Claim(
        "F5-4",
        "The lead over the benchmarks widens with satellite power",
        "widens",
        ("satellite-power",),
        of_sweeps.lead_widens("satellite-power"),
    ),
    Claim(
        "F5-4-FAIR",
        "The lead over fair rivals widens with satellite power",
        "widens",
        ("satellite-power",),
        of_sweeps.lead_widens("satellite-power", FAIR_RIVALS),
        100,
        _FAIR,
    ),
    Claim(
        "F5-5",
        "The sum rate saturates at high satellite power",
        "saturates, by the backhaul",
        ("satellite-power",),
        of_sweeps.saturates("satellite-power", of_sweeps.satellite_share),
    ),
    Claim(
        "F6-1",
        "The sum rate rises with base station power, then saturates at the backhaul",
        "saturates",
        ("bs-power",),
        of_sweeps.saturates("bs-power", of_sweeps.feeder_ceiling),
    ),
    Claim(
        "F6-2",
        "PA1 and PA2 lead at every base station power",
        "always",
        ("bs-power",),
        of_sweeps.proposed_highest("bs-power"),
    ),
    Claim(
        "F6-2-FAIR",
        "PA1 and PA2 lead fair rivals at every base station power",
        "always",
        ("bs-power",),
        of_sweeps.proposed_highest("bs-power", FAIR_RIVALS),
        100,
        _FAIR,
    ),
    Claim(
        "F7-1",
        "PA1 rises with antennas, then levels off",
        "plateau",
        ("bs-antennas",),
        of_sweeps.saturates("bs-antennas"),
    ),
    Claim(
        "F7-2",
        "Independent beamforming deteriorates with antennas",
        "falls",
        ("bs-antennas",),
        of_sweeps.deteriorates("bs-antennas", ("ibs", "ibs-matched")),
    ),
    Claim(
        "F7-2-FAIR",
        "Independent beamforming that knows whom it disturbs deteriorates with antennas, too",
        "falls",
        ("bs-antennas",),
        of_sweeps.deteriorates("bs-antennas", ("ibs-aware",)),
        100,
        _FAIR,
    ),
    Claim(
        "F7-3",
        "Time sharing gains moderately from antennas",
        "moderate gain",
        ("bs-antennas",),
        of_sweeps.gains_moderately,
    ),
    Claim(
        "F8-1",
        "PA1 rises with the number of users, then saturates",
        "saturates",
        ("users",),
        of_sweeps.saturates("users"),
    ),
    Claim(
        "F8-2",
        "PA1 and PA2 lead at every number of users",
        "highest",
        ("users",),
        of_sweeps.proposed_highest("users"),
    ),
    Claim(
        "F8-2-FAIR",
        "PA1 and PA2 lead fair rivals at every number of users",
        "highest",
        ("users",),
        of_sweeps.proposed_highest("users", FAIR_RIVALS),
        100,
        _FAIR,
    ),
    Claim(
        "F8-3",
        "The lead over the benchmarks widens with users",
        "widens",
        ("users",),
        of_sweeps.lead_widens("users"),
    ),
    Claim(
        "F8-3-FAIR",
        "The lead over fair rivals widens with users",
        "widens",
        ("users",),
        of_sweeps.lead_widens("users", FAIR_RIVALS),
        100,
        _FAIR,
    ),
    Claim(
        "EXTRA-1",
        "What PA2 guarantees holds under every error within the radius that was tried",
        "worst-case guarantee",
        ("attacked",),
        of_designs.promises_kept,
        20,
    ),
    Claim(
        "EXTRA-2",
        "Recovering beams from covariances costs nothing",
        "principal eigenvectors suffice",
        ("convergence", "robust-convergence"),
        of_designs.recovery_keeps,
        _ROBUST_TRIALS,
        "for PA2 the recovery of the route reference, matched to the channel, stands for principal eigenvectors",
    ),
    Claim(
        "EXTRA-3",
        "Free rates and the printed form of the convex step reach the same optimum",
        "not published",
        ("procedure-forms",),
        of_designs.same_optimum,
        8,
    ),
    Claim(
        "EXTRA-4",
        "Counting the base station in the beampattern makes no practical difference",
        "not published",
        ("pattern-mode",),
        of_designs.mode_hardly_matters,
    ),
)

__all__ = ["CLAIMS"]
