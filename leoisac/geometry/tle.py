"""Two-line element sets: strict reading, with errors that point at line and columns.

The format is fixed by columns (counted from 1 in every message): a shifted or damaged line still holds numbers, only
wrong ones. So length, line number, checksum, blank columns and each field are checked before anything is believed.
A line without its checksum is read with a warning. The derivatives of mean motion (line 1, columns 34-52) are checked
and dropped: SGP4 does not use them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from leoisac.geometry.element_fields import (
    REVOLUTION_PER_DAY_RAD_S,
    ElementFields,
    ElementSetError,
    catalogue_number,
)

_LENGTH = 69
_BLANKS = {1: (2, 9, 18, 33, 44, 53, 62, 64), 2: (2, 8, 17, 26, 34, 43, 52)}
_POINTS = {1: (24, 35), 2: (12, 21, 38, 47, 55)}
_DECIMAL = re.compile(r"[+-]?\d*\.?\d*")
_EXPONENT = re.compile(r"([+ -])?(\d+)([+ -]\d)")
_CENTURY_TURN = 57  # years 57...99 are of the twentieth century
_LEAST_DIGITS = 25  # of a line of elements; the keys that bulletins print ("1 AAAAAU 00  0  0 BBBBB.BB…") have fewer
_LEAST_COLUMNS = 50
_NAME_COLUMNS = 24


def read_tle(text: str) -> ElementFields:
    """Fields of the one element set in ``text``: two lines, or three with the name first.

    Raises:
        ElementSetError: naming the line and columns at fault.
    """
    lines = [line for _, line, _ in _written_lines(text)]
    if len(lines) not in (2, 3):
        found = [group.splitlines() for _, group in split_tles(text)]
        whole = [group for group in found if len(group) > 1]
        if len(whole) > 1:
            raise ElementSetError(
                f"this text holds {len(whole)} TLEs. Say by name or catalogue number which one is meant."
            )
        if not whole:
            raise ElementSetError(f"a TLE has 2 lines, or 3 with the name first; {_what_lacks(lines)}")
        lines = whole[0]
    first, second = lines[-2], lines[-1]
    if (_kind(first), _kind(second)) == (2, 1):
        raise ElementSetError("TLE: line 2 stands before line 1; exchange them.")
    unchecked = [number for number, line in ((1, first), (2, second)) if not _check_line(line, number)]
    if first[2:7].replace(" ", "0") != second[2:7].replace(" ", "0"):
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
    name = (lines[0].removeprefix("0 ").strip() if len(lines) == 3 else "") or str(number)
    return ElementFields(
        name=name,
        epoch=_epoch(first),
        inclination_rad=math.radians(_decimal(second, 2, 9, 16, "inclination", 180.0)),
        raan_rad=math.radians(_decimal(second, 2, 18, 25, "right ascension of the ascending node", 360.0)),
        eccentricity=_eccentricity(second),
        argument_of_perigee_rad=math.radians(_decimal(second, 2, 35, 42, "argument of perigee", 360.0)),
        mean_anomaly_rad=math.radians(_decimal(second, 2, 44, 51, "mean anomaly", 360.0)),
        mean_motion_rad_s=_mean_motion(second),
        bstar=_exponential(first, 1, 54, 61, "B*"),
        catalogue_number=number,
        warnings=_checksum_warning(name, unchecked),
    )


def split_tles(text: str) -> Iterator[tuple[int, str]]:
    """Each element set of a text with its first line's number (from 1).

    Blank lines, comments (``#``), indentation, headers and footers are passed over. A line of text before the two lines
    is the satellite's name; across blank lines only if it is not longer than a name can be, since headers stand there.
    A line of elements without its fellow comes alone: reading it says what is missing.
    """
    name: tuple[int, str] | None = None
    first: tuple[int, str] | None = None
    for number, line, after_blank in _written_lines(text):
        kind = _kind(line)
        if first is not None:
            if kind == 2:
                yield _group(name, first, line)
                name = first = None
                continue
            yield first
            name = first = None
        if kind == 2:
            yield number, line
            name = None
        elif kind == 1:
            if name is not None and after_blank and len(name[1].removeprefix("0 ")) > _NAME_COLUMNS:
                name = None
            first = (number, line)
        else:
            named = any(character.isalnum() for character in line) and not line.startswith(("<", "/", ";"))
            name = (number, line) if named else None
    if first is not None:
        yield first


def _what_lacks(lines: list[str]) -> str:
    """Which of the two lines of elements a text is without."""
    kinds = [_kind(line) for line in lines]
    if kinds.count(1) + kinds.count(2) != 1:
        return f"this text has {len(lines)}."
    here, other = (1, 2) if 1 in kinds else (2, 1)
    side = "after" if other == 2 else "before"
    return f"line {here} has no line {other} {side} it. Is that missing, damaged, or on the other side?"


def _group(name: tuple[int, str] | None, first: tuple[int, str], second: str) -> tuple[int, str]:
    lines = [first, (0, second)] if name is None else [name, first, (0, second)]
    return lines[0][0], "\n".join(line for _, line in lines)


def _written_lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Number (from 1), content and "a blank line stands before it" of every line that is neither blank nor comment."""
    after_blank = False
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = raw.strip()
        if line and not line.startswith("#"):
            yield number, line, after_blank
        after_blank = not line


def _kind(line: str) -> int:
    """1 or 2 for what looks like that line of elements, sound or damaged; 0 for anything else."""
    if line[0] not in "12" or len(line) < _LEAST_COLUMNS or line.count(",") + line.count(";") > 3:
        return 0
    return int(line[0]) if sum(character.isdecimal() for character in line) >= _LEAST_DIGITS else 0


def _checksum_warning(name: str, unchecked: list[int]) -> tuple[str, ...]:
    if not unchecked:
        return ()
    lines = " and ".join(f"line {number}" for number in unchecked)
    return (f"{name}: {lines} of its TLE without a checksum (column 69): a damaged digit would not be noticed.",)


def checksum(line: str) -> int:
    """Checksum of a TLE line: digits plus one for each minus sign over columns 1-68, modulo 10."""
    return sum(int(character) if character.isdecimal() else character == "-" for character in line[:68]) % 10


def _check_line(line: str, number: int) -> bool:
    """Refuse a line that cannot be right; whether it had a checksum to tell by."""
    where = f"TLE line {number}"
    if not line.isascii():
        column = next(i for i, character in enumerate(line, start=1) if not character.isascii())
        raise ElementSetError(f"{where}, column {column}: {line[column - 1]!r} is not an ASCII character.")
    if line[0] != str(number):
        raise ElementSetError(f"{where}, column 1: line number is {line[0]!r}, expected {str(number)!r}.")
    if len(line) not in (_LENGTH - 1, _LENGTH):
        raise ElementSetError(
            f"{where}: {len(line)} columns, but a line has {_LENGTH} ({_LENGTH - 1} without its checksum)"
            f"{_first_misfit(line, number)}: {line!r}"
        )
    if len(line) == _LENGTH and line[68] != str(checksum(line)):
        raise ElementSetError(
            f"{where}, column 69: checksum is {line[68]!r}, but the line adds up to {checksum(line)}. "
            "A character is damaged: fetch the element set again."
        )
    for column in _BLANKS[number]:
        if line[column - 1] != " ":
            raise ElementSetError(f"{where}, column {column}: {line[column - 1]!r}, expected a blank; is it shifted?")
    return len(line) == _LENGTH


def _first_misfit(line: str, number: int) -> str:
    """Where a line of the wrong length first leaves the format."""
    expected = {**dict.fromkeys(_BLANKS[number], " "), **dict.fromkeys(_POINTS[number], ".")}
    for column in sorted(expected):
        if line[column - 1 : column] != expected[column]:
            found = repr(line[column - 1]) if len(line) >= column else "the line's end"
            wanted = "a blank" if expected[column] == " " else "a decimal point"
            return f"; the first that does not fit is column {column}, {found} where {wanted} belongs"
    return ""


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
    number = catalogue_number(line[2:7].replace(" ", "0"))
    if number is None:
        raise _field(
            line, 1, 3, 7, "catalogue number", "is neither five digits nor a letter (not I, O) and four digits."
        )
    return number


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
