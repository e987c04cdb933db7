"""Orbit mean-elements messages (CCSDS 502.0-B): JSON, KVN, XML and CSV, as CelesTrak and Space-Track publish them."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any, cast

from leoisac.geometry import element_fields
from leoisac.geometry.element_fields import REVOLUTION_PER_DAY_RAD_S, ElementFields, ElementSetError
from leoisac.geometry.tle import read_tle

_NUMBERS = (
    "INCLINATION",
    "RA_OF_ASC_NODE",
    "ECCENTRICITY",
    "ARG_OF_PERICENTER",
    "MEAN_ANOMALY",
    "MEAN_MOTION",
    "BSTAR",
)
_REQUIRED = ("EPOCH", *_NUMBERS)
_FIXED = {"TIME_SYSTEM": ("UTC",), "REF_FRAME": ("TEME",), "MEAN_ELEMENT_THEORY": ("SGP4", "SGP/SGP4", "SGP")}
_TLE_LINES = ("TLE_LINE1", "TLE_LINE2")
_MESSAGE_START = "CCSDS_OMM_VERS"
_DELIMITERS = ",;\t"
_LEAP_SECOND = re.compile(r":60(?=$|[.Zz+-])")


def read_omm(message: Mapping[str, Any]) -> ElementFields:
    """Fields of one message, given by its CCSDS keywords (degrees, revolutions a day; numbers or text).

    A message without elements of its own that carries a TLE (``TLE_LINE1``, ``TLE_LINE2``) is read from that.

    Raises:
        ElementSetError: naming the keyword that is missing, no number, or asks for what SGP4 cannot do.
    """
    if all(message.get(keyword) in (None, "") for keyword in _NUMBERS) and all(map(message.get, _TLE_LINES)):
        name = str(message.get("OBJECT_NAME") or message.get("TLE_LINE0") or "").strip()
        return read_tle("\n".join([name, *(str(message[keyword]) for keyword in _TLE_LINES)]))
    _check_keywords(message)
    number = {keyword: _number(message, keyword) for keyword in _NUMBERS}
    if number["MEAN_MOTION"] <= 0.0:
        raise ElementSetError(f"OMM field MEAN_MOTION: {number['MEAN_MOTION']:g} must be above 0 revolutions a day.")
    catalogue_number = _catalogue_number(message)
    name = str(message.get("OBJECT_NAME") or catalogue_number).strip()
    decayed = str(message.get("DECAY_DATE") or "").strip()
    return ElementFields(
        name=name,
        epoch=_epoch(str(message["EPOCH"])),
        inclination_rad=math.radians(number["INCLINATION"]),
        raan_rad=math.radians(number["RA_OF_ASC_NODE"]),
        eccentricity=number["ECCENTRICITY"],
        argument_of_perigee_rad=math.radians(number["ARG_OF_PERICENTER"]),
        mean_anomaly_rad=math.radians(number["MEAN_ANOMALY"]),
        mean_motion_rad_s=number["MEAN_MOTION"] * REVOLUTION_PER_DAY_RAD_S,
        bstar=number["BSTAR"],
        catalogue_number=catalogue_number,
        warnings=(f"{name}: its message says that it decayed on {decayed}.",) if decayed else (),
    )


def split_omms(text: str) -> Sequence[Mapping[str, Any]]:
    """The messages of a text, whichever of the four forms it is in.

    Raises:
        ElementSetError: where the text is in none of the forms, or is damaged.
    """
    body = text.lstrip("\ufeff \t\r\n")
    if body.startswith(("{", "[")):
        return _from_json(body)
    if body.startswith("<"):
        return _from_xml(body)
    first = next((line for line in body.splitlines() if line.strip() and not line.startswith(("COMMENT", "#"))), "")
    if "=" in first:
        return _from_kvn(body)
    delimiter = max(_DELIMITERS, key=first.count)
    if delimiter in first:
        return _from_csv(body, delimiter)
    raise ElementSetError(
        f"the text begins with {body[:40]!r}: neither two-line elements nor an OMM in JSON, KVN, XML or CSV."
    )


def _from_json(text: str) -> Sequence[Mapping[str, Any]]:
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise ElementSetError(f"OMM JSON, line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except (RecursionError, ValueError):
        raise ElementSetError("OMM JSON: nested too deep, or a number too long, for an element set.") from None
    if isinstance(parsed, dict) and isinstance(cast(dict[str, Any], parsed).get("data"), list):
        parsed = cast(dict[str, Any], parsed)["data"]  # Space-Track's answer with metadata
    messages: list[Any] = cast("list[Any]", parsed) if isinstance(parsed, list) else [parsed]
    for position, message in enumerate(messages):
        if not isinstance(message, dict):
            raise ElementSetError(f"OMM JSON: entry {position} is {message!r}, expected an object of OMM keywords.")
    return messages


def _from_csv(text: str, delimiter: str) -> Sequence[Mapping[str, Any]]:
    """Rows below a line of keywords; a semicolon between values leaves the comma for decimals."""
    lines = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip() and line[0] != "#"]
    try:
        rows = list(csv.reader(io.StringIO("\n".join(line for _, line in lines)), delimiter=delimiter))
    except csv.Error as error:
        raise ElementSetError(f"OMM CSV: {error}.") from None
    keywords = [keyword.strip() for keyword in rows[0]]
    messages: list[Mapping[str, Any]] = []
    for (number, _), row in zip(lines[1:], rows[1:]):
        if len(row) != len(keywords):
            raise ElementSetError(f"OMM CSV, line {number}: {len(row)} values below {len(keywords)} keywords.")
        values = [value.strip() for value in row]
        if delimiter == ";":
            values = [
                value.replace(",", ".") if keyword in _NUMBERS else value for keyword, value in zip(keywords, values)
            ]
        messages.append(dict(zip(keywords, values)))
    return messages


def _from_xml(text: str) -> Sequence[Mapping[str, Any]]:
    if "<!ENTITY" in text:
        raise ElementSetError("OMM XML: it declares entities of its own, which no element set needs.")
    try:
        root = ElementTree.fromstring(text.rstrip("\0"))
    except ElementTree.ParseError as error:
        line, column = error.position
        raise ElementSetError(f"OMM XML, line {line}, column {column + 1}: {error}.") from error
    segments = [element for element in root.iter() if _tag(element) == "segment"]
    if not segments:
        raise ElementSetError("OMM XML: no <segment> element; an OMM has one for each satellite.")
    return [
        {leaf.get("parameter") or _tag(leaf): (leaf.text or "").strip() for leaf in segment.iter() if len(leaf) == 0}
        for segment in segments
    ]


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _from_kvn(text: str) -> Sequence[Mapping[str, Any]]:
    messages: list[dict[str, Any]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith(("COMMENT", "#")):
            continue
        keyword, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            raise ElementSetError(f"OMM KVN, line {number}: {line!r} is not of the form KEYWORD = value.")
        if keyword == _MESSAGE_START or not messages or (keyword == "OBJECT_NAME" and keyword in messages[-1]):
            messages.append({})
        # Units may follow in brackets: "INCLINATION = 53.05 [deg]".
        messages[-1][keyword] = value.partition("[")[0].strip() if value.endswith("]") else value
    return messages


def _check_keywords(message: Mapping[str, Any]) -> None:
    missing = [keyword for keyword in _REQUIRED if message.get(keyword) in (None, "")]
    if missing:
        empty = [keyword for keyword in missing if keyword in message]
        if empty == missing:
            raise ElementSetError(
                f"OMM field {', '.join(empty)}: there is no value ({message[empty[0]]!r}), and SGP4 needs one."
            )
        lacking = [keyword for keyword in missing if keyword not in empty]
        near = get_close_matches(lacking[0], [str(key).upper() for key in message], n=1)
        hint = f" It has {near[0]!r}: keywords are upper-case CCSDS names." if near else ""
        without = f" Without a value: {', '.join(empty)}." if empty else ""
        raise ElementSetError(f"OMM lacks {', '.join(lacking)}.{hint}{without}")
    for keyword, allowed in _FIXED.items():
        value = str(message.get(keyword) or allowed[0]).strip().upper()
        if value not in allowed:
            raise ElementSetError(f"OMM field {keyword}: {value!r}, but SGP4 needs {' or '.join(allowed)}.")
    if str(message.get("EPHEMERIS_TYPE") or "0").strip() == "4":
        raise ElementSetError("OMM field EPHEMERIS_TYPE: 4 is SGP4-XP, which public SGP4 cannot propagate.")


def _number(message: Mapping[str, Any], keyword: str) -> float:
    try:
        value = float(message[keyword])
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise ElementSetError(f"OMM field {keyword}: {message[keyword]!r} is not a finite number.")
    return value


def _catalogue_number(message: Mapping[str, Any]) -> int:
    """NORAD number, as digits or Alpha-5; 0 where there is none."""
    written = str(message.get("NORAD_CAT_ID") or 0).strip().removesuffix(".0")  # tables of numbers make it a float
    number = element_fields.catalogue_number(written)
    if number is None:
        raise ElementSetError(
            f"OMM field NORAD_CAT_ID: {message['NORAD_CAT_ID']!r} is not a whole number, "
            "nor a letter (not I, O) and four digits."
        )
    return number


def _epoch(text: str) -> datetime:
    """A leap second (``:60``) is the first second of the next minute: SGP4 counts days of 86 400 s."""
    cleaned, leaps = _LEAP_SECOND.subn(":59", text.strip())
    try:
        if len(cleaned.partition("T")[0]) == len("2025-280"):  # year and day of the year
            day, _, time = cleaned.partition("T")
            cleaned = f"{datetime.strptime(day, '%Y-%j'):%Y-%m-%d}T{time}"
        epoch = datetime.fromisoformat(cleaned) + timedelta(seconds=leaps)
        return epoch.replace(tzinfo=UTC) if epoch.tzinfo is None else epoch.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ElementSetError(f"OMM field EPOCH: {text!r} is not of the form 2025-10-07T09:03:14.000544.") from None
