"""Two-line element sets: strict reading, with errors that point at line and columns.

The format is fixed by columns (counted from 1 in every message): a shifted or damaged line still holds numbers, only
wrong ones. So length, line number, checksum, blank columns and each field are checked before anything is believed.
The derivatives of mean motion (line 1, columns 34-52) are checked and dropped: SGP4 does not use them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from leoisac.geometry.element_fields import REVOLUTION_PER_DAY_RAD_S, ElementFields, ElementSetError

_LENGTH = 69
_BLANKS = {1: (2, 9, 18, 33, 44, 53, 62, 64), 2: (2, 8, 17, 26, 34, 43, 52)}
_ALPHA5 = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O
_DECIMAL = re.compile(r"[+-]?\d*\.?\d*")
_EXPONENT = re.compile(r"([+ -])?(\d+)([+ -]\d)")
_CENTURY_TURN = 57  # years 57...99 are of the twentieth century


def read_tle(text: str) -> ElementFields:
    """Fields of the one element set in ``text``: two lines, or three with the name first.

    Raises:
        ElementSetError: naming the line and columns at fault.
    """
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if len(lines) not in (2, 3):
        raise ElementSetError(
            f"a TLE has 2 lines, or 3 with the name first; this text has {len(lines)}. "
            "Use read_element_sets(text) for text with several element sets."
        )
    name = lines[0].strip().removeprefix("0 ").strip() if len(lines) == 3 else ""
    first, second = lines[-2], lines[-1]
    _check_line(first, 1)
    _check_line(second, 2)
    if first[2:7] != second[2:7]:
        raise ElementSetError(
            f"TLE line 2, columns 3-7: catalogue number {second[2:7]!r} differs from {first[2:7]!r} in line 1; "
            "the lines belong to two satellites."
        )
    if first[62] == "4":
        raise ElementSetError(
            "TLE line 1, column 63: ephemeris type 4 is SGP4-XP, which public SGP4 cannot propagate. "
            "Use a general-perturbations (SGP4) element set."
        )
    _decimal(first, 1, 34, 43, "derivative of mean motion")
    _exponential(first, 1, 45, 52, "second derivative of mean motion")
    number = _catalogue_number(first)
    return ElementFields(
        name=name or str(number),
        epoch=_epoch(first),
        inclination_rad=math.radians(_decimal(second, 2, 9, 16, "inclination", 180.0)),
        raan_rad=math.radians(_decimal(second, 2, 18, 25, "right ascension of the ascending node", 360.0)),
        eccentricity=_eccentricity(second),
        argument_of_perigee_rad=math.radians(_decimal(second, 2, 35, 42, "argument of perigee", 360.0)),
        mean_anomaly_rad=math.radians(_decimal(second, 2, 44, 51, "mean anomaly", 360.0)),
        mean_motion_rad_s=_mean_motion(second),
        bstar=_exponential(first, 1, 54, 61, "B*"),
        catalogue_number=number,
    )


def split_tles(text: str) -> Iterator[tuple[int, str]]:
    """Each element set of a file with its first line's number (from 1); blank lines and ``#`` comments are skipped."""
    lines = [
        (number, line.rstrip())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    position = 0
    while position < len(lines):
        count = 2 if lines[position][1].startswith("1 ") else 3
        group = lines[position : position + count]
        yield group[0][0], "\n".join(line for _, line in group)
        position += count


def checksum(line: str) -> int:
    """Checksum of a TLE line: digits plus one for each minus sign over columns 1-68, modulo 10."""
    return sum(int(character) if character.isdecimal() else character == "-" for character in line[:68]) % 10


def _check_line(line: str, number: int) -> None:
    where = f"TLE line {number}"
    if len(line) != _LENGTH:
        raise ElementSetError(f"{where}: {len(line)} columns, but a line has {_LENGTH}: {line!r}")
    if not line.isascii():
        column = next(i for i, character in enumerate(line, start=1) if not character.isascii())
        raise ElementSetError(f"{where}, column {column}: {line[column - 1]!r} is not an ASCII character.")
    if line[0] != str(number):
        raise ElementSetError(f"{where}, column 1: line number is {line[0]!r}, expected {str(number)!r}.")
    if line[68] != str(checksum(line)):
        raise ElementSetError(
            f"{where}, column 69: checksum is {line[68]!r}, but the line adds up to {checksum(line)}. "
            "A character is damaged: fetch the element set again."
        )
    for column in _BLANKS[number]:
        if line[column - 1] != " ":
            raise ElementSetError(f"{where}, column {column}: {line[column - 1]!r}, expected a blank; is it shifted?")


def _field(line: str, number: int, first: int, last: int, what: str, problem: str) -> ElementSetError:
    return ElementSetError(f"TLE line {number}, columns {first}-{last} ({what}): {line[first - 1 : last]!r} {problem}")


def _decimal(line: str, number: int, first: int, last: int, what: str, highest: float = math.inf) -> float:
    text = line[first - 1 : last].strip()
    if not _DECIMAL.fullmatch(text) or not any(character.isdecimal() for character in text):
        raise _field(line, number, first, last, what, "is not a decimal number.")
    value = float(text)
    if abs(value) > highest or (value < 0.0 and highest < math.inf):
        raise _field(line, number, first, last, what, f"is outside 0 to {highest:g}.")
    return value


def _exponential(line: str, number: int, first: int, last: int, what: str) -> float:
    """Fields such as ``-11606-4``, which means -0.11606e-4."""
    text = line[first - 1 : last]
    match = _EXPONENT.fullmatch(text)
    if text.strip() and not match:
        raise _field(line, number, first, last, what, "is not of the form ' 12345-6' (0.12345e-6).")
    if not match:
        return 0.0
    sign, digits, exponent = match.groups()
    return float(f"{(sign or '').strip()}.{digits}e{exponent.strip()}")


def _eccentricity(line: str) -> float:
    text = line[26:33].replace(" ", "0")
    if not text.isdecimal():
        raise _field(line, 2, 27, 33, "eccentricity", "is not seven digits (the decimal point is understood).")
    return float(f"0.{text}")


def _mean_motion(line: str) -> float:
    revolutions = _decimal(line, 2, 53, 63, "mean motion", 20.0)
    if revolutions <= 0.0:
        raise _field(line, 2, 53, 63, "mean motion", "must be above 0 revolutions a day.")
    return revolutions * REVOLUTION_PER_DAY_RAD_S


def _catalogue_number(line: str) -> int:
    """Five digits, or a letter and four ("Alpha-5"): A0000 is 100000."""
    text = line[2:7].replace(" ", "0")
    if text.isdecimal():
        return int(text)
    if text[0] in _ALPHA5 and text[1:].isdecimal():
        return (10 + _ALPHA5.index(text[0])) * 10_000 + int(text[1:])
    raise _field(line, 1, 3, 7, "catalogue number", "is neither five digits nor a letter (not I, O) and four digits.")


def _epoch(line: str) -> datetime:
    year_text, day_text = line[18:20].replace(" ", "0"), line[20:32].strip()
    if not year_text.isdecimal():
        raise _field(line, 1, 19, 20, "epoch year", "is not two digits.")
    year = int(year_text) + (1900 if int(year_text) >= _CENTURY_TURN else 2000)
    day = _decimal(line, 1, 21, 32, "epoch day", 367.0)
    if day < 1.0:
        raise _field(line, 1, 21, 32, "epoch day", "is below 1; January 1st is day 1.")
    # In integers: 1e-8 day is 864 microseconds exactly, so the epoch of a TLE is a datetime without rounding.
    whole, _, decimals = day_text.partition(".")
    microseconds = round(int((decimals + "0" * 8)[:8] or "0") * 864)
    return datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=int(whole) - 1, microseconds=microseconds)
