"""What figures derive from metrics: names and units, the words of their axis labels."""

from __future__ import annotations

from leoisac.experiment.contracts import Metric
from leoisac.link.figures import LINK_QUANTITIES
from leoisac.systems.bistatic_rsma import COORDINATES

QUANTITIES: dict[str, Metric] = {
    **LINK_QUANTITIES,
    **{name: Metric(place.long_name, place.units) for name, place in COORDINATES.items()},
    "doppler_khz": Metric("Doppler shift", "kHz"),
    "target_altitude": Metric("target altitude", "km", least=0.0),
    "echo_path_loss": Metric("echo path loss", "dB"),
    "beampattern_db": Metric("beampattern of the stream groups", "dB"),
    "spectrum_range": Metric("MUSIC spectrum, from its least to its largest value", least=0.0, most=1.0),
    "map_db": Metric("delay-Doppler map over its largest value", "dB", most=0.0),
    "signal_eigenvalue": Metric("signal over noise eigenvalue", "dB"),
    "rms_aoa_azimuth": Metric("RMS error of the azimuth of arrival", "°", least=0.0),
    "rms_aoa_zenith": Metric("RMS error of the zenith angle of arrival", "°", least=0.0),
    "rms_delay": Metric("RMS error of the delay", "µs", least=0.0),
    "echo_energy": Metric("energy of the echo over noise, array and block together", "dB"),
    "rms_doppler": Metric("RMS error of the Doppler shift", "Hz", least=0.0),
    "rms_aod_azimuth": Metric("RMS error of the azimuth of departure", "°", least=0.0),
    "rms_position": Metric("RMS error of the position", "m", least=0.0),
    "direct_suppression": Metric("suppression of the direct path", "dB", least=0.0),
    "reference_snr": Metric("SNR of the reference channel", "dB"),
    "residual_db": Metric("residual over noise, one element and sample", "dB"),
    "met_share": Metric("share of designs that meet the bound at the true target", least=0.0, most=1.0),
    "position_std": Metric("standard deviation of a coordinate of the target", "m", least=0.0),
    "user_std": Metric("standard deviation of a coordinate of the users", "km", least=0.0),
    "delay_offset": Metric("delay against the block", "samples"),
    "doppler_cells": Metric("Doppler shift", "cells"),
    "ambiguity": Metric("ambiguity function", "dB", most=0.0),
    "track_time": Metric("time", "s", least=0.0),
    "rms_velocity": Metric("RMS error of the velocity", "m/s", least=0.0),
    "detected_share": Metric("share of echoes detected", least=0.0, most=1.0),
    "found_share": Metric("share of echoes with the arrival found", least=0.0, most=1.0),
    "threshold": Metric("largest bound allowed of the arrival angles", "rad²", least=0.0),
    "separation_cells": Metric("distance of the two targets", "cells", least=0.0),
    "both_found": Metric("share of trials with both targets found", least=0.0, most=1.0),
    "mean_ghosts": Metric("mean number of ghosts", least=0.0),
    "receivers": Metric("receivers", least=0.0),
    "rate_change": Metric("change of the least rate of RSMA", "%", least=-100.0),
    "gain_over_sdma": Metric("gain of RSMA over SDMA", "%", least=-100.0),
}

__all__ = ["QUANTITIES"]
