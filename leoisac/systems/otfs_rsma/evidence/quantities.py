"""What figures derive from metrics: names and units, the words of their axis labels."""

from __future__ import annotations

from leoisac.experiment.contracts import Metric

_DELAY, _DOPPLER = "bound of the delay, known echo amplitude", "bound of the Doppler shift, known echo amplitude"

QUANTITIES: dict[str, Metric] = {
    "draws_below": Metric("share of the draws that are at most that", least=0.0, most=1.0),
    "crb_delay_us2": Metric(_DELAY, "µs²", least=0.0),
    "least_crb_delay": Metric(f"least {_DELAY}", "µs²", least=0.0),
    "least_crb_doppler": Metric(f"least {_DOPPLER}", "Hz²", least=0.0),
    "crb_delay_ceiling": Metric("largest bound of the delay", "µs²", least=0.0),
    "delay_rms_error": Metric("root mean square error of the delay", "µs", least=0.0),
    "doppler_rms_error": Metric("root mean square error of the Doppler shift", "Hz", least=0.0),
    "rate_change": Metric("change of the least private rate", "%"),
    "delay_change": Metric("change of the least bound of the delay", "%"),
}
"""1 µs² is 10⁻¹² s²."""

__all__ = ["QUANTITIES"]
