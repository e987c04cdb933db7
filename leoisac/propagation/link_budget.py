"""Link budgets as plain tables, in the manner of 3GPP TR 38.821, Table 6.1.3.3. NumPy only: `show` must be quick."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leoisac.foundation.constants import BOLTZMANN_J_K
from leoisac.foundation.units import from_db, to_db
from leoisac.propagation.free_space import free_space_loss_db, wavelength

if TYPE_CHECKING:
    from leoisac.geometry.scenario_view import ScenarioView

BOLTZMANN_DBW_PER_K_HZ = float(to_db(BOLTZMANN_J_K))


class BudgetRow(NamedTuple):
    """One line of a link budget: ``value`` in ``unit``; losses are positive."""

    label: str
    value: float
    unit: str
    note: str = ""


@dataclass(frozen=True)
class LinkBudget:
    """A titled link budget. ``budget["C/N"]`` is the value of the row with that label.

    ``doubts`` are sentences about what in it cannot be so, or does not do what it is there for.
    """

    title: str
    rows: tuple[BudgetRow, ...]
    doubts: tuple[str, ...] = ()

    def __getitem__(self, label: str) -> float:
        for row in self.rows:
            if row.label == label:
                return row.value
        raise KeyError(f"{label!r} is not a row of {self.title!r}; its rows are {[row.label for row in self.rows]}.")


def pass_table(sight: ScenarioView, *more: BudgetRow) -> LinkBudget:
    """Where a real satellite stands as its scenario sees it, with further rows of a system."""
    view = sight.view
    return LinkBudget(
        f"Satellite: {sight.title}",
        (
            BudgetRow("Elevation", float(np.degrees(view.elevation_rad)), "°"),
            BudgetRow("Azimuth", float(np.degrees(view.azimuth_rad)), "°"),
            BudgetRow("Slant range", float(view.range_m) / 1e3, "km"),
            BudgetRow("Altitude", float(view.altitude_m) / 1e3, "km"),
            BudgetRow("Off-nadir angle", float(np.degrees(view.off_nadir_rad)), "°"),
            BudgetRow("Range rate", float(view.range_rate_m_s) / 1e3, "km/s"),
            *more,
        ),
    )


def satellite_downlink_budget(
    title: str,
    *,
    carrier_hz: float,
    bandwidth_hz: float,
    distance_m: float,
    eirp_dbw: float | None = None,
    transmit_power_dbw: float | None = None,
    transmit_gain_dbi: float | None = None,
    figure_of_merit_db_per_k: float | None = None,
    receive_gain_dbi: float | None = None,
    noise_power_dbw: float | None = None,
    gas_loss_db: float = 0.0,
    rain_loss_db: float = 0.0,
    scintillation_loss_db: float = 0.0,
    shadowing_loss_db: float = 0.0,
) -> LinkBudget:
    """Link budget of a satellite downlink, TR 38.821, section 6.1.3.

    ``C/N = EIRP + G/T - k - FSPL - gas - rain - scintillation - shadowing - 10 log10 B`` in dB, with Boltzmann's
    constant ``k`` = -228.6 dBW/(K Hz) and the free-space loss FSPL of the distance.

    Args:
        title: name of the link.
        carrier_hz: carrier frequency.
        bandwidth_hz: noise bandwidth ``B``, over which the EIRP is radiated.
        distance_m: slant range.
        eirp_dbw: EIRP in the band; or give ``transmit_power_dbw`` and ``transmit_gain_dbi`` instead.
        transmit_power_dbw: transmit power at the antenna.
        transmit_gain_dbi: transmit antenna gain towards the receiver.
        figure_of_merit_db_per_k: receiver G/T; or give ``receive_gain_dbi`` and ``noise_power_dbw`` instead, which
            imply it.
        receive_gain_dbi: receive antenna gain towards the satellite.
        noise_power_dbw: receiver noise power in the band.
        gas_loss_db, rain_loss_db, scintillation_loss_db, shadowing_loss_db: further losses, not negative.

    Returns:
        Rows in the order of the computation, C/N last.

    Raises:
        ValueError: a quantity is not positive, a loss is negative, or EIRP or G/T is given twice or not at all.
    """
    _check_positive(carrier_hz=carrier_hz, bandwidth_hz=bandwidth_hz, distance_m=distance_m)
    losses = (
        BudgetRow("Free-space path loss", float(free_space_loss_db(distance_m, wavelength(carrier_hz))), "dB"),
        BudgetRow("Gaseous loss", _loss("gas_loss_db", gas_loss_db), "dB"),
        BudgetRow("Rain loss", _loss("rain_loss_db", rain_loss_db), "dB"),
        BudgetRow("Scintillation loss", _loss("scintillation_loss_db", scintillation_loss_db), "dB"),
        BudgetRow("Shadowing loss", _loss("shadowing_loss_db", shadowing_loss_db), "dB"),
    )
    bandwidth_dbhz = float(to_db(bandwidth_hz))
    transmitter = _transmitter_rows(eirp_dbw, transmit_power_dbw, transmit_gain_dbi)
    receiver = _receiver_rows(figure_of_merit_db_per_k, receive_gain_dbi, noise_power_dbw, bandwidth_dbhz)
    total_loss = sum(row.value for row in losses)
    eirp, figure_of_merit = transmitter[-1].value, receiver[-1].value
    carrier_to_density = eirp - total_loss + figure_of_merit - BOLTZMANN_DBW_PER_K_HZ
    outcome = [
        BudgetRow("C/N0", carrier_to_density, "dBHz", "EIRP + G/T + 228.6 - losses"),
        BudgetRow("C/N", carrier_to_density - bandwidth_dbhz, "dB", "C/N0 - 10 log10(bandwidth)"),
    ]
    if receive_gain_dbi is not None:
        carrier = eirp - total_loss + receive_gain_dbi
        outcome.insert(0, BudgetRow("Received carrier power", carrier, "dBW", "EIRP - losses + receive gain"))
    link = (
        BudgetRow("Carrier frequency", carrier_hz / 1e9, "GHz"),
        BudgetRow("Bandwidth", bandwidth_hz / 1e6, "MHz"),
        BudgetRow("Distance", distance_m / 1e3, "km", "slant range"),
    )
    total = BudgetRow("Total loss", total_loss, "dB")
    return LinkBudget(title, (*link, *transmitter, *losses, total, *receiver, *outcome))


def satellite_uplink_budget(
    title: str,
    *,
    carrier_hz: float,
    bandwidth_hz: float,
    distance_m: float,
    eirp_dbw: float | None = None,
    transmit_power_dbw: float | None = None,
    transmit_gain_dbi: float | None = None,
    figure_of_merit_db_per_k: float | None = None,
    receive_gain_dbi: float | None = None,
    noise_power_dbw: float | None = None,
    gas_loss_db: float = 0.0,
    rain_loss_db: float = 0.0,
    scintillation_loss_db: float = 0.0,
    shadowing_loss_db: float = 0.0,
) -> LinkBudget:
    """Link budget of a satellite uplink, TR 38.821, section 6.1.3: the terminal transmits, the satellite receives.

    The formula is that of ``satellite_downlink_budget``. ``bandwidth_hz`` is what the terminal occupies (a few resource
    blocks of a handheld), EIRP the terminal's, G/T the satellite's; the other arguments, what is returned and what is
    refused are as there.
    """
    found = satellite_downlink_budget(
        title,
        carrier_hz=carrier_hz,
        bandwidth_hz=bandwidth_hz,
        distance_m=distance_m,
        eirp_dbw=eirp_dbw,
        transmit_power_dbw=transmit_power_dbw,
        transmit_gain_dbi=transmit_gain_dbi,
        figure_of_merit_db_per_k=figure_of_merit_db_per_k,
        receive_gain_dbi=receive_gain_dbi,
        noise_power_dbw=noise_power_dbw,
        gas_loss_db=gas_loss_db,
        rain_loss_db=rain_loss_db,
        scintillation_loss_db=scintillation_loss_db,
        shadowing_loss_db=shadowing_loss_db,
    )
    sides = {"EIRP": "of the terminal", "G/T": "of the satellite"}
    return replace(found, rows=tuple(row._replace(note=sides.get(row.label, row.note)) for row in found.rows))


def _transmitter_rows(eirp: float | None, power: float | None, gain: float | None) -> tuple[BudgetRow, ...]:
    if eirp is not None and power is None and gain is None:
        return (BudgetRow("EIRP", eirp, "dBW", "as given"),)
    if eirp is None and power is not None and gain is not None:
        return (
            BudgetRow("Transmit power", power, "dBW"),
            BudgetRow("Transmit antenna gain", gain, "dBi"),
            BudgetRow("EIRP", power + gain, "dBW", "transmit power + gain"),
        )
    raise ValueError(
        f"got eirp_dbw={eirp}, transmit_power_dbw={power}, transmit_gain_dbi={gain}; "
        "give either eirp_dbw alone or both transmit_power_dbw and transmit_gain_dbi."
    )


def _receiver_rows(
    figure_of_merit: float | None, gain: float | None, noise: float | None, bandwidth_dbhz: float
) -> tuple[BudgetRow, ...]:
    if figure_of_merit is not None and gain is None and noise is None:
        return (BudgetRow("G/T", figure_of_merit, "dB/K", "as given"),)
    if figure_of_merit is None and gain is not None and noise is not None:
        temperature_dbk = noise - BOLTZMANN_DBW_PER_K_HZ - bandwidth_dbhz
        return (
            BudgetRow("Receive antenna gain", gain, "dBi"),
            BudgetRow("Noise power", noise, "dBW"),
            BudgetRow("Noise temperature", from_db(temperature_dbk), "K", "noise power / (k bandwidth)"),
            BudgetRow("G/T", gain - temperature_dbk, "dB/K", "receive gain - 10 log10(noise temperature)"),
        )
    raise ValueError(
        f"got figure_of_merit_db_per_k={figure_of_merit}, receive_gain_dbi={gain}, noise_power_dbw={noise}; "
        "give either figure_of_merit_db_per_k alone or both receive_gain_dbi and noise_power_dbw."
    )


def _check_positive(**quantities: float) -> None:
    for name, value in quantities.items():
        if not value > 0:
            raise ValueError(f"{name}={value} must be positive.")


def _loss(name: str, value_db: float) -> float:
    if not value_db >= 0:
        raise ValueError(f"{name}={value_db} must not be negative: a loss is given as a positive number of dB.")
    return value_db
