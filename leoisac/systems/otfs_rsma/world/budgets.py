"""What a configuration means in numbers: frame, target on its grid, noise, echo. No JAX: `show` must be quick."""

from __future__ import annotations

import math

from leoisac.foundation.units import from_db, to_db
from leoisac.propagation.link_budget import BudgetRow, LinkBudget
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig

_LIGHT_M_S = 299_792_458.0


def link_budgets(config: OtfsRsmaConfig) -> list[LinkBudget]:
    """Tables of the frame, of what the noise is made of, and of the echo."""
    return [_frame_table(config), _noise_table(config), _echo_table(config)]


def _frame_table(config: OtfsRsmaConfig) -> LinkBudget:
    spacing, slot = config.subcarrier_spacing, config.symbol_duration
    delay_bin, doppler_bin = 1.0 / (config.n_delay * spacing), 1.0 / (config.n_doppler * slot)
    return LinkBudget(
        "Frame",
        (
            BudgetRow("Bandwidth", config.n_delay * spacing / 1e3, "kHz", f"{config.n_delay} subcarriers"),
            BudgetRow("Duration", config.n_doppler * slot * 1e3, "ms", f"{config.n_doppler} slots, no prefix"),
            BudgetRow("Delay bin", delay_bin * 1e6, "µs"),
            BudgetRow("Doppler bin", doppler_bin, "Hz"),
            BudgetRow("Target's delay", config.target_delay / delay_bin, "bins", f"unambiguous to {config.n_delay}"),
            BudgetRow("Target's Doppler", config.target_doppler / doppler_bin, "bins", f"to {config.n_doppler}"),
            BudgetRow("Target's range", 0.5e-3 * _LIGHT_M_S * config.target_delay, "km", "two-way delay"),
            BudgetRow("Bit per stream symbol to bit/s/Hz", 1.0 / config.n_dd, "1", "one symbol per frame"),
        ),
    )


def _noise_table(config: OtfsRsmaConfig) -> LinkBudget:
    power = config.total_power
    receiver = power / float(from_db(config.comm_snr_db))
    error = power * float(from_db(config.csi_error_db)) / (1 if config.csi_error_model == "entry" else config.n_dd)
    cells = config.n_dd if config.csi_error_model == "entry" else 1
    return LinkBudget(
        "Noise per cell",
        (
            BudgetRow("Transmit power", float(to_db(power)), "dBW"),
            BudgetRow("Receiver noise", float(to_db(receiver)), "dBW"),
            BudgetRow("Errors of the channel estimate", float(to_db(error)), "dBW", config.csi_error_model),
            BudgetRow("Effective noise", float(to_db(receiver + error)), "dBW"),
            BudgetRow("Error of the whole channel matrix", config.csi_error_db + float(to_db(cells)), "dB"),
        ),
    )


def _echo_table(config: OtfsRsmaConfig) -> LinkBudget:
    """Bounds of a frame whose energy lies evenly over all cells, known echo amplitude."""
    information = 2.0 * float(from_db(config.echo_snr_db))
    turn_delay, turn_doppler = 2.0 * math.pi * config.subcarrier_spacing, 2.0 * math.pi * config.symbol_duration
    slots, carriers = range(config.n_doppler), range(config.n_delay)
    mean_n, mean_i = sum(slots) / config.n_doppler, sum(carriers) / config.n_delay
    delay = sum(i * i for i in carriers) / config.n_delay + (2.0 / (config.target_delay * turn_delay)) ** 2
    doppler = sum(n * n for n in slots) / config.n_doppler
    determinant = delay * doppler - (mean_n * mean_i) ** 2
    crb_delay = doppler / determinant / information / turn_delay**2
    crb_doppler = delay / determinant / information / turn_doppler**2
    return LinkBudget(
        "Echo, energy even over the frame",
        (
            BudgetRow("Echo amplitude", float(to_db((config.echo_gain * config.target_reflectivity) ** 2)), "dB"),
            BudgetRow("Echo SNR, whole frame", config.echo_snr_db, "dB"),
            BudgetRow("Root delay bound", math.sqrt(crb_delay) * 1e6, "µs"),
            BudgetRow("Largest allowed delay bound, root", math.sqrt(config.crb_delay_max) * 1e6, "µs"),
            BudgetRow("Root Doppler bound", math.sqrt(crb_doppler), "Hz"),
            BudgetRow("Largest allowed Doppler bound, root", math.sqrt(config.crb_doppler_max), "Hz"),
        ),
    )
