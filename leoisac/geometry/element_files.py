"""Element sets of a text or a file, in whichever form they come, and the one among them that is meant."""

from __future__ import annotations

import gzip
import json
import lzma
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from leoisac.geometry.element_fields import ElementFields, ElementSetError
from leoisac.geometry.omm import read_omm, split_omms
from leoisac.geometry.tle import read_tle, split_tles

MOST_BYTES = 64 * 2**20
"""Largest text of a file, unpacked: the whole public catalogue has half of it."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MOST_LISTED = 5


@dataclass(frozen=True)
class Entry:
    """One element set of a text.

    Attributes:
        where: its place, for messages.
        text: that reads back to it: its TLE, or its message as JSON.
        fields: what it says; ``None`` where it cannot be read.
        error: why not.
    """

    where: str
    text: str
    fields: ElementFields | None
    error: str = ""


def read_text(path: Path) -> str:
    """Text of a file: UTF-8 or (with its mark) UTF-16, as it is or packed by gzip or xz.

    Raises:
        OSError: if it cannot be read.
        ElementSetError: if it is no such text, or too long.
    """
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    try:
        if content.startswith(b"\x1f\x8b"):
            with gzip.open(path) as unpacked:
                content = unpacked.read(MOST_BYTES + 1)
        elif content.startswith(b"\xfd7zXZ\0"):
            with lzma.open(path) as unpacked:
                content = unpacked.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ElementSetError(f"it is packed, and damaged: {error}.") from None
    if content.startswith(b"PK\x03\x04"):
        raise ElementSetError("it is a ZIP archive. Unpack it, or pack the file by gzip or xz instead.")
    if len(content) > MOST_BYTES:
        raise ElementSetError(f"it holds more than {MOST_BYTES // 2**20} MiB of text. Give a part of it.")
    try:
        return content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ElementSetError(f"byte {error.start + 1} is not text (UTF-8). Is it a file of element sets?") from None


def entries(text: str) -> tuple[Entry, ...]:
    """All element sets of a text: TLEs with or without names, or OMM as JSON, KVN, XML or CSV.

    Raises:
        ElementSetError: where the text as a whole is neither.
    """
    body = text.lstrip("\ufeff \t\r\n")
    # A page of the web may hold TLEs; JSON and XML of messages may hold them too, but beside better numbers.
    is_message = body.startswith(("{", "[")) or (body.startswith("<") and "segment>" in body)
    tles = [] if is_message else list(split_tles(text))
    if tles:
        return tuple(_entry(f"element set at line {line}", one, read_tle, one) for line, one in tles)
    try:
        messages = split_omms(text)
    except ElementSetError:
        if any(line.lstrip().startswith(("1 ", "2 ")) for line in text.splitlines()):
            read_tle(text)  # says which of its lines and columns are at fault
        raise
    return tuple(
        _entry(f"entry {position}", json.dumps(one, ensure_ascii=False), read_omm, one)
        for position, one in enumerate(messages)
    )


def is_file_name(value: str) -> bool:
    """Whether a text is the name of a file, not element sets themselves."""
    return "\n" not in value.strip() and not value.lstrip("\ufeff \t").startswith(("{", "[", "<"))


def choose(
    found: Sequence[Entry], name: str | None = None, norad_id: int | None = None, near: datetime | None = None
) -> Entry:
    """The element set of one satellite.

    Args:
        found: the entries of a text.
        name: of the satellite, in any case; needed (or ``norad_id``) where there are several.
        norad_id: its catalogue number.
        near: of several sets of the satellite, the one with the nearest epoch is meant; the newest when None.

    Raises:
        ElementSetError: if there is none, or it is not clear which one is meant; where the text holds a single entry
            that cannot be read, why not.
    """
    readable = [(one, one.fields) for one in found if one.fields is not None]
    damaged = [one for one in found if one.fields is None]
    if damaged and not readable:
        raise ElementSetError(damaged[0].error if len(found) == 1 else f"{damaged[0].where}: {damaged[0].error}")
    wanted = " ".join((name or "").split()).upper()
    fitting = [
        (one, fields)
        for one, fields in readable
        if (name is None or _same_name(fields, wanted)) and norad_id in (None, fields["catalogue_number"])
    ]
    if not fitting:
        raise ElementSetError(_no_such(name, norad_id, [fields for _, fields in readable], damaged))
    satellites = {
        (fields["catalogue_number"], fields["name"] if not fields["catalogue_number"] else ""): fields
        for _, fields in fitting
    }
    if len(satellites) > 1:
        listed = ", ".join(_listed(fields) for fields in list(satellites.values())[:_MOST_LISTED])
        more = ", …" if len(satellites) > _MOST_LISTED else ""
        meant = f"{len(satellites)} satellites called {name!r}" if name is not None else f"{len(satellites)} satellites"
        by = "norad_id" if name is not None else "name or norad_id"
        raise ElementSetError(f"there are {meant} ({listed}{more}). Say by {by} which one is meant.")
    if near is None:
        return max(fitting, key=lambda pair: pair[1]["epoch"])[0]
    return min(fitting, key=lambda pair: abs(pair[1]["epoch"] - near))[0]


def _entry(where: str, text: str, read: Any, source: str | Mapping[str, Any]) -> Entry:
    try:
        return Entry(where, text, read(source))
    except ElementSetError as error:
        return Entry(where, text, None, str(error))


def _same_name(fields: ElementFields, wanted: str) -> bool:
    return " ".join(fields["name"].split()).upper() == wanted


def _listed(fields: ElementFields) -> str:
    number = fields["catalogue_number"]
    return fields["name"] if fields["name"] == str(number) else f"{fields['name']} = {number}"


def _no_such(
    name: str | None, norad_id: int | None, readable: Iterable[ElementFields], damaged: Sequence[Entry]
) -> str:
    there = list(readable)
    asked = " with ".join([f"name {name!r}"] * (name is not None) + [f"norad_id {norad_id}"] * (norad_id is not None))
    near = get_close_matches((name or "").upper(), [one["name"].upper() for one in there], n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    some = ", ".join(_listed(one) for one in there[:_MOST_LISTED])
    listed = (
        ""
        if near or not there
        else f" There {'is' if len(there) == 1 else 'are'}: {some}" + (", …." if len(there) > _MOST_LISTED else ".")
    )
    unread = (
        f" {len(damaged)} could not be read, the first at {damaged[0].where}: {damaged[0].error}" if damaged else ""
    )
    return f"no {asked} among {len(there)} element set{'s' if len(there) != 1 else ''}.{hint}{listed}{unread}"
