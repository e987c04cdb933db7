"""Element sets as people have them: every form of file gives the same satellite, and what is refused is pointed at."""

from __future__ import annotations

import gzip
import json
import lzma
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leoisac.foundation.config import ConfigError, build
from leoisac.geometry.element_fields import ElementSetError
from leoisac.geometry.element_files import choose, entries, read_text
from leoisac.geometry.orbits import ElementSet, load_element_sets, read_element_sets
from leoisac.geometry.satellite_config import SatelliteConfig
from leoisac.geometry.scenario_view import scenario_view
from leoisac.geometry.tle import checksum

NAME = "STARLINK-1008"
LINE_1 = "1 44714U 19074B   25280.37724496  .00005163  00000+0  36508-3 0  9999"
LINE_2 = "2 44714  53.0493 154.8642 0001368  87.3282 272.7864 15.06415906325647"
TLE = f"{NAME}\n{LINE_1}\n{LINE_2}\n"
SATELLITE = ElementSet.from_tle(TLE)
OMM = {
    "OBJECT_NAME": NAME,
    "EPOCH": "2025-10-07T09:03:13.964544",
    "MEAN_MOTION": "15.06415906",
    "ECCENTRICITY": "0.0001368",
    "INCLINATION": "53.0493",
    "RA_OF_ASC_NODE": "154.8642",
    "ARG_OF_PERICENTER": "87.3282",
    "MEAN_ANOMALY": "272.7864",
    "NORAD_CAT_ID": "44714",
    "BSTAR": "0.00036508",
}
TLE_FIELDS = {"TLE_LINE0": f"0 {NAME}", "TLE_LINE1": LINE_1, "TLE_LINE2": LINE_2}
SPACE_TRACK = {**OMM, **TLE_FIELDS, "DECAY_DATE": None, "SEMIMAJOR_AXIS": "6923.8"}
AMSAT = f"""SB KEPS @ AMSAT $ORB25280.N
2Line Orbital Elements 25280.AMSAT

DECODE 2-LINE ELSETS WITH THE FOLLOWING KEY:
1 AAAAAU 00  0  0 BBBBB.BBBBBBBB  .CCCCCCCC  00000-0  00000-0 0  DDDZ
2 AAAAA EEE.EEEE FFF.FFFF GGGGGGG HHH.HHHH III.IIII JJ.JJJJJJJJKKKKKZ
KEY: A-CATALOGNUM B-EPOCHTIME C-DECAY D-ELSETNUM E-INCLINATION F-RAAN

TO ALL RADIO AMATEURS BT

{TLE}
/EX
"""


def other(text: str = TLE) -> str:
    """Another satellite, by its number, name and inclination."""
    lines = text.replace("44714", "44715").replace(NAME, "STARLINK-1009").replace(" 53.0493", " 53.0593").splitlines()
    return "\n".join(line[:68] + str(checksum(line)) if line[0] in "12" else line for line in lines) + "\n"


def kvn(message: dict) -> str:
    return "CCSDS_OMM_VERS = 3.0\n" + "".join(f"{key:<20} = {value}\n" for key, value in message.items())


def xml(*messages: dict) -> str:
    leaves = ["".join(f"<{key}>{value}</{key}>" for key, value in one.items()) for one in messages]
    body = "".join(f"<omm><body><segment><data>{one}</data></segment></body></omm>" for one in leaves)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<ndm>{body}</ndm>'


def table(delimiter: str, *messages: dict) -> str:
    return "\n".join([delimiter.join(OMM), *(delimiter.join(one.values()) for one in messages)]) + "\n"


FORMS = {
    "plain": TLE,
    "zero": f"0 {TLE}",
    "without name": f"{LINE_1}\n{LINE_2}",
    "byte-order mark": f"\ufeff{TLE}",
    "indented": "".join(f"\t  {line}\n" for line in TLE.splitlines()),
    "blank lines": TLE.replace("\n", "\n\n"),
    "trailing blanks": TLE.replace("\n", "   \n\n  \n"),
    "Windows": TLE.replace("\n", "\r\n"),
    "old Macintosh": TLE.replace("\n", "\r"),
    "comments": f"# from a friend\n{TLE}# the end\n",
    "bulletin": AMSAT,
    "page": f"<html><body><pre>\n{TLE}</pre></body></html>",
    "JSON": json.dumps([OMM]),
    "Space-Track": json.dumps([SPACE_TRACK], indent=2),
    "Space-Track with metadata": json.dumps({"request_metadata": {"Total": "1"}, "data": [SPACE_TRACK]}),
    "JSON with nothing but a TLE": json.dumps(TLE_FIELDS),
    "comma": table(",", OMM),
    "semicolon": table(";", OMM),
    "decimal comma": table(";", {k: v if k == "EPOCH" else v.replace(".", ",") for k, v in OMM.items()}),
    "tab": table("\t", OMM),
    "comma, quoted, marked": "\ufeff" + table(",", OMM).replace(NAME, f'"{NAME}"').replace("\n", "\r\n") + "\r\n",
    "KVN": kvn(OMM),
    "KVN, indented": "\n" + kvn({**OMM, "INCLINATION": "53.0493 [deg]"}).replace("\n", "\r\n  "),
    "XML": xml(OMM),
    "XML, user's": xml({}).replace(
        "</data>",
        "".join(f'<USER_DEFINED parameter="{key}">{value}</USER_DEFINED>' for key, value in TLE_FIELDS.items())
        + "</data>",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_satellite(form: str) -> None:
    (found,) = read_element_sets(FORMS[form])
    assert found == (SATELLITE if form != "without name" else ElementSet.from_tle(FORMS[form]))
    assert found.warnings == ()
    # What is kept of a file reads back to the same.
    (entry,) = entries(FORMS[form])
    assert read_element_sets(entry.text) == (found,)


@pytest.mark.parametrize(
    "text",
    [
        TLE + other(),
        f"{other()}\n\n0 {TLE}",
        f"a header of many words that nobody would call a satellite\n\n{other()}{TLE}-- end --\n",
        json.dumps([SPACE_TRACK, {**OMM, "OBJECT_NAME": "STARLINK-1009", "NORAD_CAT_ID": 44715}]),
        table(";", OMM, {**OMM, "OBJECT_NAME": "STARLINK-1009", "NORAD_CAT_ID": "44715"}),
        kvn({**OMM, "OBJECT_NAME": "STARLINK-1009", "NORAD_CAT_ID": "44715"}) + kvn(OMM),
        xml(OMM, {**OMM, "OBJECT_NAME": "STARLINK-1009", "NORAD_CAT_ID": "44715"}),
    ],
)
def test_one_of_many_in_a_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "sets"
    for packed in (gzip.compress, lzma.compress, bytes):
        file.write_bytes(packed(text.encode()))
        assert {one.name for one in load_element_sets(file)} == {NAME, "STARLINK-1009"}
    for part in ({"name": " starlink-1008"}, {"norad_id": 44714}, {"name": NAME, "norad_id": "44714"}):
        taken = _part(tle="sets", **part).resolve_files(tmp_path)
        assert read_element_sets(taken.tle or "") == (SATELLITE,)
    with pytest.raises(ConfigError, match=r"there are 2 satellites \(.*STARLINK-1009 = 44715.*name or norad_id"):
        _part(omm="sets").resolve_files(tmp_path)
    with pytest.raises(ConfigError, match=r"no name 'STARLINK-10' among 2 element sets\. Did you mean"):
        _part(tle="sets", name="STARLINK-10").resolve_files(tmp_path)


def _part(**fields: Any) -> SatelliteConfig:
    return build(SatelliteConfig, {"latitude_deg": 43.6, "longitude_deg": 1.44, **fields})


def test_utf_16_and_what_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "sets"
    file.write_text(TLE, encoding="utf-16")
    assert load_element_sets(file) == (SATELLITE,)
    for content, message in (
        (gzip.compress(TLE.encode())[:-9], "it is packed, and damaged"),
        (b"PK\x03\x04....", "a ZIP archive"),
        (TLE.encode() + b"\xff", "byte 155 is not text"),
    ):
        file.write_bytes(content)
        with pytest.raises(ElementSetError, match=message):
            read_text(file)


def test_several_sets_of_one_satellite() -> None:
    """The nearest to the instant that is wanted, or the newest."""
    epochs = [datetime(2025, 10, day, tzinfo=UTC) for day in (1, 9, 5)]
    found = entries(json.dumps([{**OMM, "EPOCH": epoch.isoformat()} for epoch in epochs]))
    for near, expected in ((None, 9), (epochs[0] - timedelta(days=9), 1), (epochs[2] + timedelta(days=1), 5)):
        fields = choose(found, near=near).fields
        assert fields is not None
        assert fields["epoch"].day == expected


def test_a_damaged_neighbour_does_no_harm() -> None:
    text = TLE + other().replace("53.0593", "53.0594")
    assert choose(entries(text), NAME).text == TLE.strip()
    with pytest.raises(ElementSetError, match="1 could not be read, the first at element set at line 4: TLE line"):
        choose(entries(text), "STARLINK-1009")
    with pytest.raises(ElementSetError, match=r"line 1: a TLE has 2 lines.*; line 1 has no line 2 after it"):
        read_element_sets(f"{LINE_1}\n{LINE_1}\n{LINE_2}\n")


def test_missing_checksums_are_said() -> None:
    found = ElementSet.from_tle(f"{NAME}\n{LINE_1[:68]}\n{LINE_2[:68]}   \n")
    assert found == SATELLITE
    assert found.warnings == (
        "STARLINK-1008: line 1 and line 2 of its TLE without a checksum (column 69): a damaged digit would not be "
        "noticed.",
    )
    assert found.propagate(found.epoch).warnings == found.warnings
    assert ElementSet.from_tle(f"{LINE_1}\n{LINE_2[:68]}").warnings[0].startswith("44714: line 2 of its TLE")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{LINE_1[:40]}{LINE_1[42:]}\n{LINE_2}", "67 columns.*does not fit is column 44, '0' where a blank"),
        (f"{LINE_1[:20]}{LINE_1[22:]}\n{LINE_2}", "67 columns.*column 24, '7' where a decimal point"),
        (f"{LINE_1}\n{LINE_2[:55]}", "TLE line 2: 55 columns, but a line has 69"),
        (f"{LINE_1}\n{LINE_2[:50]}\u00a0{LINE_2[51:]}", r"TLE line 2, column 51: '\\xa0' is not an ASCII"),
        (f"{LINE_1[:17]}{LINE_1[18:68]}\n{LINE_2}", "TLE line 1: 67 columns"),
        ("1 2 3\n", "a TLE has 2 lines, or 3 with the name first; this text has 1"),
        (table(",", OMM) + "a,b\n", "OMM CSV, line 3: 2 values below 10 keywords"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><omm><segment></segment></omm>", "declares entities"),
        ("[" * 100_000, "nested too deep"),
        (table(",", {**OMM, "OBJECT_NAME": "x" * 200_000}), "OMM CSV: field larger"),
        (json.dumps({**OMM, "EPOCH": "9999-12-31T23:59:60"}), "OMM field EPOCH: '9999-12-31T23:59:60' is not"),
        (
            json.dumps({**OMM, "EPOCH": "0025-10-07T09:03:13"}),
            "epoch of 'STARLINK-1008' is of the year 25; allowed",
        ),
    ],
)
def test_what_is_refused_is_pointed_at(text: str, message: str) -> None:
    with pytest.raises(ElementSetError, match=message) as caught:
        read_element_sets(text)
    assert "read_element_sets" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"NORAD_CAT_ID": "Z9999"}, "catalogue_number", 339_999),
        ({"NORAD_CAT_ID": 44714.0}, "catalogue_number", 44_714),
        ({"NORAD_CAT_ID": 799_500_001}, "catalogue_number", 799_500_001),
        ({"EPOCH": "2016-12-31T23:59:60.250000"}, "epoch", datetime(2017, 1, 1, 0, 0, 0, 250_000, UTC)),
        ({"EPOCH": "2016-12-31T23:59:60Z"}, "epoch", datetime(2017, 1, 1, tzinfo=UTC)),
        ({"EPOCH": "2016-366T23:59:60.5"}, "epoch", datetime(2017, 1, 1, 0, 0, 0, 500_000, UTC)),
        ({"EPOCH": "2025-280T09:03:13.964544123"}, "epoch", SATELLITE.epoch),
        ({"EPOCH": "2025-10-07 09:03:13.964544"}, "epoch", SATELLITE.epoch),
        ({"DECAY_DATE": "2025-11-02"}, "warnings", (f"{NAME}: its message says that it decayed on 2025-11-02.",)),
    ],
)
def test_fields_of_messages(change: dict, field: str, expected: Any) -> None:
    assert getattr(ElementSet.from_omm({**OMM, **change}), field) == expected


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "give name or norad_id"),
        ({"tle": TLE, "omm": "{}"}, "give one of tle and omm"),
        ({"norad_id": "I0001"}, "norad_id = 'I0001': must be a catalogue number"),
        ({"norad_id": 0}, "must be a catalogue number: 1 or more"),
        ({"norad_id": 2.5}, "norad_id = 2.5: must be a whole number"),
        ({"name": NAME, "time": "2025-10-08T00:00:00Z", "from": "2025-10-08T00:00:00Z"}, "search_from has no meaning"),
        ({"name": NAME, "from": "2025-10-08T00:00:00"}, "an instant needs its zone"),
        ({"name": NAME, "from": "tomorrow"}, "from = 'tomorrow'"),
    ],
)
def test_parts_that_cannot_be_meant(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _part(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "NOBODY"}, "not among the 302 satellites of the packaged extract"),
        ({"norad_id": 1}, "1 is not among the 302 satellites of the packaged extract"),
        ({"name": "STARLINK-1423", "norad_id": 1}, "STARLINK-1423 has the catalogue number"),
        ({"tle": "sets.tle"}, "looks like the name of a file"),
        ({"tle": TLE, "name": "ISS"}, "no name 'ISS' among 1 element set. There is: STARLINK-1008 = 44714"),
    ],
)
def test_satellites_that_are_not_there(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        scenario_view(_part(**fields))
    assert "()" not in str(caught.value)
    assert "read_text" not in str(caught.value)


def test_both_ways_to_write_the_start_of_a_search() -> None:
    written = _part(name="STARLINK-1423", **{"from": "2025-10-09T00:00:00Z"})
    assert written == _part(name="STARLINK-1423", search_from="2025-10-09T00:00:00Z")
    later = written.replace(**{"from": "2025-10-10T00:00:00Z"})
    assert later.search_from == datetime(2025, 10, 10, tzinfo=UTC)
    assert (
        scenario_view(_part(norad_id=scenario_view(written).elements.catalogue_number)).elements.name == "STARLINK-1423"
    )
