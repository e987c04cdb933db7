"""Orbit mean-elements messages (CCSDS 502.0-B): JSON, KVN, XML and CSV, as CelesTrak and Space-Track publish them."""

from __future__ import annotations

import csv
import io
import json
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from leoisac.geometry.element_fields import REVOLUTION_PER_DAY_RAD_S, ElementFields, ElementSetError

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
_MESSAGE_START = "CCSDS_OMM_VERS"


def read_omm(message: Mapping[str, Any]) -> ElementFields:
    """Fields of one message, given by its CCSDS keywords (degrees, revolutions a day; numbers or text).

    Raises:
        ElementSetError: naming the keyword that is missing, no number, or asks for what SGP4 cannot do.
    """
    _check_keywords(message)
    number = {keyword: _number(message, keyword) for keyword in _NUMBERS}
    if number["MEAN_MOTION"] <= 0.0:
        raise ElementSetError(f"OMM field MEAN_MOTION: {number['MEAN_MOTION']:g} must be above 0 revolutions a day.")
    catalogue_number = _whole(message, "NORAD_CAT_ID")
    return ElementFields(
        name=str(message.get("OBJECT_NAME") or catalogue_number).strip(),
        epoch=_epoch(str(message["EPOCH"])),
        inclination_rad=math.radians(number["INCLINATION"]),
        raan_rad=math.radians(number["RA_OF_ASC_NODE"]),
        eccentricity=number["ECCENTRICITY"],
        argument_of_perigee_rad=math.radians(number["ARG_OF_PERICENTER"]),
        mean_anomaly_rad=math.radians(number["MEAN_ANOMALY"]),
        mean_motion_rad_s=number["MEAN_MOTION"] * REVOLUTION_PER_DAY_RAD_S,
        bstar=number["BSTAR"],
        catalogue_number=catalogue_number,
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
    first = next((line for line in body.splitlines() if not line.startswith("COMMENT")), "")
    if "=" in first:
        return _from_kvn(body)
    if "," in first:
        return list(csv.DictReader(io.StringIO(body)))
    raise ElementSetError(
        f"the text begins with {body[:40]!r}: neither two-line elements nor an OMM in JSON, KVN, XML or CSV."
    )


def _from_json(text: str) -> Sequence[Mapping[str, Any]]:
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise ElementSetError(f"OMM JSON, line {error.lineno}, column {error.colno}: {error.msg}.") from error
    messages = parsed if isinstance(parsed, list) else [parsed]
    for position, message in enumerate(messages):
        if not isinstance(message, dict):
            raise ElementSetError(f"OMM JSON: entry {position} is {message!r}, expected an object of OMM keywords.")
    return messages


def _from_xml(text: str) -> Sequence[Mapping[str, Any]]:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        line, column = error.position
        raise ElementSetError(f"OMM XML, line {line}, column {column + 1}: {error}.") from error
    segments = [element for element in root.iter() if _tag(element) == "segment"]
    if not segments:
        raise ElementSetError("OMM XML: no <segment> element; an OMM has one for each satellite.")
    return [
        {_tag(leaf): (leaf.text or "").strip() for leaf in segment.iter() if len(leaf) == 0} for segment in segments
    ]


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _from_kvn(text: str) -> Sequence[Mapping[str, Any]]:
    messages: list[dict[str, Any]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("COMMENT"):
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
        near = get_close_matches(missing[0], [str(key).upper() for key in message], n=1)
        hint = f" It has {near[0]!r}: keywords are upper-case CCSDS names." if near else ""
        raise ElementSetError(f"OMM lacks {', '.join(missing)}.{hint}")
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


def _whole(message: Mapping[str, Any], keyword: str) -> int:
    try:
        return int(message.get(keyword) or 0)
    except (TypeError, ValueError):
        raise ElementSetError(f"OMM field {keyword}: {message[keyword]!r} is not a whole number.") from None


def _epoch(text: str) -> datetime:
    cleaned = text.strip()
    try:
        if len(cleaned.partition("T")[0]) == len("2025-280"):  # year and day of the year
            pattern = "%Y-%jT%H:%M:%S.%f" if "." in cleaned else "%Y-%jT%H:%M:%S"
            epoch = datetime.strptime(cleaned.removesuffix("Z"), pattern)
        else:
            epoch = datetime.fromisoformat(cleaned)
    except ValueError:
        raise ElementSetError(f"OMM field EPOCH: {text!r} is not of the form 2025-10-07T09:03:14.000544.") from None
    return epoch.replace(tzinfo=UTC) if epoch.tzinfo is None else epoch.astimezone(UTC)
