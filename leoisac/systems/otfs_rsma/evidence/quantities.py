"""What figures derive from metrics: names and units, the words of their axis labels."""

from __future__ import annotations

from leoisac.experiment.contracts import Metric
from leoisac.link.figures import LINK_QUANTITIES

_DELAY, _DOPPLER = "delay bound, known amplitude", "Doppler bound, known amplitude"

QUANTITIES: dict[str, Metric] = {
    **LINK_QUANTITIES,
    "draws_below": Metric("share of the draws at or below", least=0.0, most=1.0),
    "crb_delay_us2": Metric(_DELAY, "µs²", least=0.0),
    "least_crb_delay": Metric(f"least {_DELAY}", "µs²", least=0.0),
    "least_crb_doppler": Metric(f"least {_DOPPLER}", "Hz²", least=0.0),
    "crb_delay_ceiling": Metric("largest delay bound", "µs²", least=0.0),
    "delay_rms_error": Metric("RMS error of the delay", "µs", least=0.0),
    "doppler_rms_error": Metric("RMS error of the Doppler shift", "Hz", least=0.0),
    "angle_rms_error": Metric("RMS error of the angle", "°", least=0.0),
    "rate_change": Metric("change of the least private rate", "%"),
    "load_gain": Metric("gain by rate splitting, full load", "%"),
    "delay_change": Metric("change of the least delay bound", "%"),
}
"""1 µs² is 10⁻¹² s²."""

__all__ = ["QUANTITIES"]
