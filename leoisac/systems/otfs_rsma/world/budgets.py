"""What a configuration means in numbers: frame, target on its grid, noise, echo. No JAX: `show` must be quick."""

from __future__ import annotations

import math

from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.units import from_db, to_db
from leoisac.propagation.link_budget import BudgetRow, LinkBudget, pass_table
from leoisac.propagation.sky import sky_rows, typical_site_loss_db, typical_user_loss_db
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig
from leoisac.systems.otfs_rsma.world.link import elevation, link_of, sight_of, site_range_m, sky_over_users, user_places


def link_budgets(config: OtfsRsmaConfig) -> list[LinkBudget]:
    """Tables of the frame, of the absolute link where it has one, of what noise is made of, and of the echo."""
    return [_frame_table(config), *_absolute_tables(config), _noise_table(config), _echo_table(config)]


def _absolute_tables(config: OtfsRsmaConfig) -> list[LinkBudget]:
    """The downlink and where a real satellite stands."""
    if config.link == "snr":
        return []
    link, tables = link_of(config), list[LinkBudget]()
    sight, places = sight_of(config), user_places(config)
    if sight is not None and places is not None:
        doppler_hz = [each / (config.n_doppler * config.symbol_duration) for each in places.dopplers]
        tables.append(
            pass_table(
                sight,
                BudgetRow("Largest residual delay", float(max(places.delays)), "samples", "users, site compensated"),
                BudgetRow("Largest residual Doppler shift", max(map(abs, doppler_hz)), "Hz", "users, site compensated"),
            )
        )
    above, overhead = sky_over_users(config), elevation(config)
    lost_db = typical_site_loss_db(above, overhead) + typical_user_loss_db(above, overhead)
    snr_db = float(to_db(config.total_power / link.receiver_noise))
    rows = (
        BudgetRow("Carrier frequency", config.carrier_hz / 1e9, "GHz"),
        BudgetRow("Slant range", site_range_m(config) / 1e3, "km"),
        BudgetRow("Gain of the link", float(to_db(link.user_gain)), "dB", "antennas, free space, losses"),
        *sky_rows(above, overhead),
        BudgetRow("Transmit power", float(to_db(config.total_power)), "dBW"),
        BudgetRow("Frame energy over noise per cell", snr_db - lost_db, "dB", "typical weather and surroundings"),
        BudgetRow("Target's range", 0.5e-3 * SPEED_OF_LIGHT_M_S * config.target_delay, "km"),
        BudgetRow("Gain of the echo", float(to_db(link.echo_amplitude**2)), "dB", "array towards the target included"),
    )
    return [*tables, LinkBudget("Absolute link", rows)]


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
            BudgetRow("Target's range", 0.5e-3 * SPEED_OF_LIGHT_M_S * config.target_delay, "km", "two-way delay"),
            BudgetRow("Bit per stream symbol to bit/s/Hz", 1.0 / config.n_dd, "1", "one symbol per frame"),
        ),
        _idle_antennas(config),
    )


def _idle_antennas(config: OtfsRsmaConfig) -> tuple[str, ...]:
    """What to say of a number of antennas that problem (17) does not notice."""
    is_default = config.n_tx == OtfsRsmaConfig.model_fields["n_tx"].default
    if config.precoder_mode != "dd" or config.link == "budget" or is_default:
        return ()
    return (
        f"n_tx = {config.n_tx}: in mode dd all antennas radiate the same, so that their number changes the draws of "
        "path gains but no statistics of the streams over the grid.",
    )


def _noise_table(config: OtfsRsmaConfig) -> LinkBudget:
    power = config.total_power
    receiver = link_of(config).receiver_noise
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
    link = link_of(config)
    echo_snr = link.echo_to_noise * config.total_power
    information = 2.0 * echo_snr
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
            BudgetRow("Echo amplitude", float(to_db(link.echo_amplitude**2)), "dB"),
            BudgetRow("Echo SNR, whole frame", float(to_db(echo_snr)), "dB"),
            BudgetRow("Root delay bound", math.sqrt(crb_delay) * 1e6, "µs"),
            BudgetRow("Largest allowed delay bound, root", math.sqrt(config.crb_delay_max) * 1e6, "µs"),
            BudgetRow("Root Doppler bound", math.sqrt(crb_doppler), "Hz"),
            BudgetRow("Largest allowed Doppler bound, root", math.sqrt(config.crb_doppler_max), "Hz"),
        ),
    )
