"""What figures derive from metrics: names and units, the words of their axis labels."""

from __future__ import annotations

from leoisac.experiment.contracts import Metric

QUANTITIES: dict[str, Metric] = {
    "mean_detection_probability": Metric("mean detection probability of the targets", least=0.0, most=1.0),
    "bs_antennas": Metric("number of base station antennas"),
    "iteration": Metric("iteration", least=0.0),
    "multiplier_round": Metric("round of multipliers", least=0.0),
    "azimuth": Metric("azimuth from broadside", "deg", least=-90.0, most=90.0),
    "relative_beampattern": Metric("relative beampattern", "dB", most=0.0),
    "met_share": Metric("least rate met", least=0.0, most=1.0),
    "rate_change": Metric("change of the delivered sum rate", "%", least=-100.0),
    "lead_change": Metric("change of PA1's lead", "bit/s/Hz"),
}

__all__ = ["QUANTITIES"]
