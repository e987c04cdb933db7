"""What figures derive from metrics: names and units, the words of their axis labels."""

from __future__ import annotations

from leoisac.experiment.contracts import Metric

_RATE = "bit/s/Hz"

QUANTITIES: dict[str, Metric] = {
    "scnr_db": Metric("signal-to-clutter-plus-noise ratio of a target", "dB"),
    "mean_scnr_db": Metric("mean SCNR of the targets", "dB"),
    "least_scnr_db": Metric("least SCNR of any target", "dB"),
    "part_of_rate": Metric("sum rate of one network's users", _RATE, least=0.0),
    "rate_or_silence": Metric("sum rate with silent cells", _RATE, least=0.0),
    "share_of_ideal": Metric("sum rate over that without interference", least=0.0),
    "rate_change": Metric("change of the sum rate of all users", "%"),
    "protected_share": Metric("share of drops within the criterion", least=0.0, most=1.0),
    "easting": Metric("x from the footprint's centre", "km"),
    "northing": Metric("y from the footprint's centre", "km"),
    "near_easting": Metric("x from the mast", "m"),
    "near_northing": Metric("y from the mast", "m"),
    "lead": Metric("lead over RZF-EPS", _RATE),
}

__all__ = ["QUANTITIES"]
