"""Limits of the power flux density of non-geostationary satellites: Radio Regulations, Article 21, Table 21-4.

Values per MHz after a public transcription, for 10.7 to 11.7 GHz after 47 CFR 25.208 (b), where transcriptions of
Table 21-4 differ (-129 and -114): check the edition in force. NumPy only: configurations read it.
"""

from __future__ import annotations

from typing import NamedTuple

ANGLES_DEG = (0.0, 5.0, 25.0, 90.0)
"""The first value holds up to 5 degrees, the last from 25 on, linear in between."""


class Band(NamedTuple):
    """A band, GHz, and its limits near the horizon and overhead, dB(W/m2) per MHz."""

    low: float
    high: float
    horizon: float
    overhead: float


BANDS = (
    Band(10.7, 11.7, -126.0, -116.0),
    Band(17.7, 19.3, -115.0, -105.0),
    Band(19.3, 19.7, -115.0, -105.0),
    Band(22.55, 23.55, -115.0, -105.0),
    Band(24.45, 24.75, -115.0, -105.0),
    Band(25.25, 27.5, -115.0, -105.0),
    Band(31.8, 32.3, -120.0, -105.0),
    Band(37.5, 40.0, -120.0, -105.0),
    Band(40.0, 40.5, -115.0, -105.0),
    Band(40.5, 42.0, -115.0, -105.0),
    Band(42.0, 42.5, -120.0, -105.0),
)


def rr21_limits(carrier_hz: float, satellites: int = 1) -> tuple[tuple[float, float], ...] | None:
    """Elevations in degrees and limits in dB(W/m2/MHz) at a carrier; ``None`` outside all bands.

    ``satellites``: of the system; more than 50 tighten the band from 17.7 to 19.3 GHz near the horizon.
    """
    for band in BANDS:
        if band.low * 1e9 <= carrier_hz <= band.high * 1e9:
            horizon = band.horizon - (_excess(satellites) if band.low == 17.7 else 0.0)
            values = (horizon, horizon, band.overhead, band.overhead)
            return tuple(zip(ANGLES_DEG, values, strict=True))
    return None


def bands_text() -> str:
    """The bands for a message: ``10.7-11.7, 17.7-19.3 GHz``."""
    return ", ".join(f"{band.low:g}-{band.high:g}" for band in BANDS) + " GHz"


def _excess(satellites: int) -> float:
    """``X`` of the table, dB."""
    if satellites <= 50:
        return 0.0
    return 5.0 / 119.0 * (satellites - 50) if satellites <= 288 else (satellites + 402) / 69.0


__all__ = ["BANDS", "bands_text", "rr21_limits"]
