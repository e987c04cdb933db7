"""Reading TLE and OMM: right values, and errors that point at the fault."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from leoisac.geometry.element_fields import ElementSetError
from leoisac.geometry.orbits import ElementSet, load_element_sets, read_element_sets
from leoisac.geometry.tle import checksum

NAME = "STARLINK-1008           "
LINE_1 = "1 44714U 19074B   25280.37724496  .00005163  00000+0  36508-3 0  9999"
LINE_2 = "2 44714  53.0493 154.8642 0001368  87.3282 272.7864 15.06415906325647"
TLE = f"{NAME}\n{LINE_1}\n{LINE_2}\n"
OMM = {
    "OBJECT_NAME": "STARLINK-1008",
    "OBJECT_ID": "2019-074B",
    "EPOCH": "2025-10-07T09:03:13.964544",
    "MEAN_MOTION": 15.06415906,
    "ECCENTRICITY": 0.0001368,
    "INCLINATION": 53.0493,
    "RA_OF_ASC_NODE": 154.8642,
    "ARG_OF_PERICENTER": 87.3282,
    "MEAN_ANOMALY": 272.7864,
    "EPHEMERIS_TYPE": 0,
    "CLASSIFICATION_TYPE": "U",
    "NORAD_CAT_ID": 44714,
    "ELEMENT_SET_NO": 999,
    "REV_AT_EPOCH": 32564,
    "BSTAR": 0.00036508,
    "MEAN_MOTION_DOT": 5.163e-05,
    "MEAN_MOTION_DDOT": 0,
}
KVN = "CCSDS_OMM_VERS = 2.0\nCOMMENT from a file\nCREATION_DATE = 2025-10-07T12:00:00\n" + "".join(
    f"{key} = {value}{' [deg]' if key == 'INCLINATION' else ''}\n" for key, value in OMM.items()
)
XML_BODY = "".join(f"<{key}>{value}</{key}>" for key, value in OMM.items())
XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ndm><omm id="CCSDS_OMM_VERS" version="2.0"><header/><body><segment>'
    f"<metadata><TIME_SYSTEM>UTC</TIME_SYSTEM></metadata><data><meanElements>{XML_BODY}</meanElements></data>"
    "</segment></body></omm></ndm>"
)
CSV = ",".join(OMM) + "\n" + ",".join(str(value) for value in OMM.values()) + "\n"


def with_checksum(line: str) -> str:
    return line[:68] + str(checksum(line))


def test_values_of_a_tle() -> None:
    elements = ElementSet.from_tle(TLE)
    assert elements.name == "STARLINK-1008"
    assert elements.catalogue_number == 44714
    assert elements.epoch == datetime(2025, 10, 7, 9, 3, 13, 964_544, tzinfo=UTC)
    assert math.degrees(elements.inclination_rad) == pytest.approx(53.0493)
    assert math.degrees(elements.raan_rad) == pytest.approx(154.8642)
    assert elements.eccentricity == 0.0001368
    assert math.degrees(elements.argument_of_perigee_rad) == pytest.approx(87.3282)
    assert math.degrees(elements.mean_anomaly_rad) == pytest.approx(272.7864)
    assert elements.period_s == pytest.approx(86_400.0 / 15.06415906)
    assert elements.bstar == pytest.approx(0.36508e-3)
    assert elements.mean_altitude_m == pytest.approx(546e3, abs=3e3)


def test_names_are_optional_and_may_carry_a_zero() -> None:
    assert ElementSet.from_tle(f"{LINE_1}\r\n{LINE_2}\r\n").name == "44714"
    assert ElementSet.from_tle(f"0 {TLE}").name == "STARLINK-1008"


def test_alpha_5_numbers_and_old_years() -> None:
    lines = [with_checksum(line.replace("44714", "Z9999")) for line in (LINE_1, LINE_2)]
    assert ElementSet.from_tle("\n".join(lines)).catalogue_number == 339_999
    old = with_checksum(LINE_1.replace(" 25280", " 57280"))
    assert ElementSet.from_tle(f"{old}\n{LINE_2}").epoch.year == 1957


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LINE_1, "2 lines, or 3 with the name first; line 1 has no line 2 after it"),
        (f"{LINE_1[:-2]}\n{LINE_2}", "TLE line 1: 67 columns, but a line has 69"),
        (f"{LINE_1}\n{LINE_2} 1", "TLE line 2: 71 columns"),
        (f"{LINE_2}\n{LINE_1}", "line 2 stands before line 1; exchange them"),
        (f"{LINE_1}\n{LINE_1}", "TLE line 2, column 1: line number is '1', expected '2'"),
        (f"{LINE_1}\n{LINE_2.replace('53.0493', '53.0593')}", "TLE line 2, column 69: checksum is '7'.*adds up to 8"),
        (f"{LINE_1}\n{with_checksum(LINE_2.replace('44714', '44715'))}", "TLE line 2, columns 3-7: .*'44715' differs"),
        (f"{LINE_1}\n{with_checksum(LINE_2.replace('53.0493', '53.O493'))}", r"line 2, columns 9-16 \(inclination\)"),
        (f"{LINE_1}\n{with_checksum(LINE_2.replace(' 53.0493', '530.0493'))}", "530.0493' is outside 0 to 180"),
        (f"{LINE_1}\n{with_checksum(LINE_2.replace(' 0001368', ' 000.368'))}", r"columns 27-33 \(eccentricity\)"),
        (f"{LINE_1}\n{with_checksum(LINE_2.replace('15.06415906', '00.00000000'))}", "mean motion.*above 0"),
        (f"{with_checksum(LINE_1.replace('36508-3', '365O8-3'))}\n{LINE_2}", r"line 1, columns 54-61 \(B\*\)"),
        (f"{with_checksum(LINE_1.replace('25280.3', '25480.3'))}\n{LINE_2}", r"columns 21-32 \(epoch day\)"),
        (f"{with_checksum(LINE_1.replace('25280.3', '25000.3'))}\n{LINE_2}", "below 1; January 1st is day 1"),
        (
            f"{with_checksum(LINE_1.replace('44714U', 'I4714U'))}\n{with_checksum(LINE_2.replace('44714', 'I4714'))}",
            "not I, O",
        ),
        (f"{with_checksum(LINE_1.replace('-3 0', '-3 4'))}\n{LINE_2}", "ephemeris type 4 is SGP4-XP"),
        (f"{with_checksum(LINE_1[:17] + 'X' + LINE_1[18:])}\n{LINE_2}", "line 1, column 18: 'X', expected a blank"),
        (f"{LINE_1.replace('U', 'Ü')}\n{LINE_2}", "line 1, column 8: 'Ü' is not an ASCII character"),
    ],
)
def test_damaged_tles_are_pointed_at(text: str, message: str) -> None:
    with pytest.raises(ElementSetError, match=message):
        ElementSet.from_tle(text)


@pytest.mark.parametrize("source", [OMM, json.dumps(OMM), json.dumps([OMM]), KVN, XML, CSV])
def test_every_form_of_omm_gives_the_elements_of_the_tle(source: dict | str) -> None:
    found, expected = ElementSet.from_omm(source), ElementSet.from_tle(TLE)
    assert found == expected


def test_omm_against_the_sgp4_package() -> None:
    from sgp4 import omm
    from sgp4.api import Satrec

    satellite = Satrec()
    omm.initialize(satellite, {key: str(value) for key, value in OMM.items()})
    code, position_km, _ = satellite.sgp4(satellite.jdsatepoch, satellite.jdsatepochF)
    found = ElementSet.from_omm(OMM)
    assert code == 0
    np.testing.assert_allclose(found.propagate(found.epoch).position_teme_m, np.array(position_km) * 1e3, atol=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"EPOCH": None}, r"OMM field EPOCH: there is no value \(None\), and SGP4 needs one"),
        ({"BSTAR": "", "MEAN_MOTION": None}, "OMM field MEAN_MOTION, BSTAR: there is no value"),
        ({"INCLINATION": "fifty"}, "OMM field INCLINATION: 'fifty' is not a finite number"),
        ({"BSTAR": "nan"}, "OMM field BSTAR"),
        ({"MEAN_MOTION": 0}, "MEAN_MOTION: 0 must be above 0"),
        ({"EPOCH": "yesterday"}, "OMM field EPOCH: 'yesterday' is not of the form"),
        ({"TIME_SYSTEM": "TAI"}, "TIME_SYSTEM: 'TAI', but SGP4 needs UTC"),
        ({"MEAN_ELEMENT_THEORY": "SGP4-XP"}, "MEAN_ELEMENT_THEORY"),
        ({"EPHEMERIS_TYPE": 4}, "SGP4-XP"),
        ({"NORAD_CAT_ID": "A"}, "NORAD_CAT_ID: 'A' is not a whole number"),
        ({"ECCENTRICITY": 1.5}, "eccentricity of 'STARLINK-1008' is 1.5"),
    ],
)
def test_damaged_omms_are_pointed_at(change: dict, message: str) -> None:
    with pytest.raises(ElementSetError, match=message):
        ElementSet.from_omm({**OMM, **change})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "entry 0 is 1, expected an object"),
        ('{"EPOCH": ', "OMM JSON, line 1, column"),
        ("<omm><segment></omm>", "OMM XML, line 1, column"),
        ("<omm/>", "no <segment>"),
        ("CCSDS_OMM_VERS = 2.0\nEPOCH 2025", "OMM KVN, line 2"),
        ("hello", "neither two-line elements nor an OMM"),
        (json.dumps([OMM, OMM]), "holds 2 messages"),
        (json.dumps({key.lower(): value for key, value in OMM.items()}), "keywords are upper-case"),
    ],
)
def test_text_that_is_no_single_omm(text: str, message: str) -> None:
    with pytest.raises(ElementSetError, match=message):
        ElementSet.from_omm(text)


def test_what_an_omm_lacks_is_told_from_what_is_empty() -> None:
    rest = {key: value for key, value in OMM.items() if key != "BSTAR"}
    with pytest.raises(ElementSetError, match=r"OMM lacks BSTAR\.$"):
        ElementSet.from_omm(rest)
    with pytest.raises(ElementSetError, match=r"OMM lacks BSTAR\. Without a value: EPOCH\."):
        ElementSet.from_omm({**rest, "EPOCH": None})


def test_a_line_without_its_fellow_is_called_that() -> None:
    with pytest.raises(ElementSetError, match="line 2 has no line 1 before it"):
        read_element_sets(f"{LINE_2}\n{LINE_1}\n")


@pytest.mark.parametrize("epoch", ["2025-280T09:03:13.964544", "2025-10-07T09:03:13.964544Z"])
def test_other_forms_of_the_epoch(epoch: str) -> None:
    assert ElementSet.from_omm({**OMM, "EPOCH": epoch}).epoch == ElementSet.from_tle(TLE).epoch


def test_files_with_many(tmp_path: Path) -> None:
    expected = ElementSet.from_tle(TLE)
    assert read_element_sets(f"# a comment\n{TLE}\n{LINE_1}\n{LINE_2}\n{TLE}")[::2] == (expected, expected)
    assert read_element_sets(json.dumps([OMM, OMM])) == (expected, expected)
    assert read_element_sets(KVN + KVN) == (expected, expected)
    path = tmp_path / "two.tle"
    path.write_text(TLE + TLE.replace("53.0493", "53.0494"))
    with pytest.raises(ElementSetError, match=r"two\.tle: element set at line 4: TLE line 2, column 69"):
        load_element_sets(path)
    with pytest.raises(ElementSetError, match="entry 1: OMM field EPOCH: there is no value"):
        read_element_sets(json.dumps([OMM, {**OMM, "EPOCH": ""}]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": datetime(2025, 10, 7)}, "has no time zone"),
        ({"inclination_rad": 53.0}, "Were these degrees"),
        ({"raan_rad": math.nan}, "raan_rad of 'S' is nan"),
        ({"mean_motion_rad_s": 0.0}, "must exceed 0"),
        ({"eccentricity": -0.1}, "eccentricity"),
    ],
)
def test_plain_numbers_are_checked(change: dict, message: str) -> None:
    fields = {
        "name": "S",
        "epoch": datetime(2025, 10, 7, tzinfo=UTC),
        "inclination_rad": 0.9,
        "raan_rad": 0.0,
        "eccentricity": 0.0,
        "argument_of_perigee_rad": 0.0,
        "mean_anomaly_rad": 0.0,
        "mean_motion_rad_s": 0.0011,
    }
    ElementSet(**fields)
    with pytest.raises(ElementSetError, match=message):
        ElementSet(**{**fields, **change})
