"""Nonsense at every door: files, data, Python values, options of the command line. Never an error from inside."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leoisac as li
from leoisac import catalogue
from leoisac.cli.options import assignments
from leoisac.experiment.scenario.files import scenario_from_toml
from leoisac.experiment.scenario.scenarios import scenario
from leoisac.experiment.sweeps import MOST_POINTS
from leoisac.foundation.config import shown

sys.path.insert(0, str(Path(__file__).parent))

import scenario_fuzz as fuzz

TOY = "toy-downlink"
HEAD = f'system = "{TOY}"\n'
SITE = 'system = "bistatic-rsma"\n[satellite]\nlatitude_deg = 48\nlongitude_deg = 11\n'
many = settings(max_examples=60, suppress_health_check=list(HealthCheck))
each_system = pytest.mark.parametrize("name", catalogue.systems())


class TestGenerated:
    @each_system
    def test_files(self, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
        file = tmp_path_factory.mktemp("fuzz") / "case.toml"
        system = catalogue.find(name)

        @many
        @given(st.one_of(fuzz.scenarios(system).map(fuzz.file_text), fuzz.texts(system)))
        def check(text: str) -> None:
            item = fuzz.load(text, file)
            if item is not None:
                fuzz.check_accepted(item)

        check()

    @many
    @given(st.data())
    def test_data(self, data: Any) -> None:
        item = fuzz.load_data(data.draw(fuzz.scenarios(catalogue.find(TOY))))
        if item is not None:
            fuzz.check_accepted(item)

    @many
    @given(field=st.sampled_from(["num_users", "weights", "satellite.altitude_km", "", "x"]), value=fuzz.VALUES)
    def test_python_values(self, field: str, value: Any) -> None:
        try:
            config = li.config(TOY, **{field: value})
        except li.ConfigError as error:
            fuzz.check_message(str(error))
        else:
            fuzz.check_config(catalogue.find(TOY), config)

    @many
    @given(st.text(max_size=20), st.text(max_size=20))
    def test_options(self, name: str, value: str) -> None:
        try:
            made = assignments([f"{name}={value}"])
        except li.ConfigError as error:
            fuzz.check_message(str(error))
        else:
            assert list(made) == [name.partition("=")[0].strip()]


def from_text(text: str, head: str = HEAD) -> Callable[[], Any]:
    return lambda: scenario_from_toml(head + text, catalogue.find, Path())


def deep(levels: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(levels):
        made = [made]
    return made


HEX = "0x" + "f" * 5000
EXPLOSION = "\n".join(f"{field} = {list(range(1, 17))}" for field in ("num_users", "transmit_power_dbw", "min_rate"))
REFUSED: list[tuple[Callable[[], Any], str]] = [
    (from_text(f"schemes = {'[' * 50000}{']' * 50000}"), "nested too deep"),
    (from_text(f"[config]\nweights = {'[' * 100}{']' * 100}"), "nested too deep"),
    (from_text(f"[config]\nx = {'{a=' * 5000}1{'}' * 5000}"), "nested too deep"),
    (from_text(f"[config]\n{'.'.join(['a'] * 500)} = 1"), "nested too deep"),
    (from_text(f"[sweep]\n{'.'.join(['a'] * 500)} = [1]"), "nested too deep"),
    (from_text(f"trials = {'9' * 5000}"), "more than 63 bits"),
    *((from_text(text), "more than 63 bits") for text in (f"trials = {HEX}", f"schemes = [{HEX}]")),
    *((from_text(text), "more than 63 bits") for text in (f"[config]\nx = {HEX}", f"[sweep]\nnum_users = [{HEX}]")),
    (
        from_text(f"[sweep]\ntransmit_power_dbw = {[i / 1000 for i in range(MOST_POINTS + 1)]}"),
        "more than 10000 values",
    ),
    (from_text(f'[sweep]\n{EXPLOSION}\n"satellite.altitude_km" = [1, 2, 3]'), "has 12288 points"),
    (from_text("\n".join(["[config]", *(f"x{i} = 1" for i in range(300))])), "270 more things are wrong"),
    (from_text("trials = 12:00:00"), "must be a whole number"),
    (from_text("[config]\nnum_users = 2025-10-07"), "is not a number, text, flag, list or table"),
    (from_text('tle = "a\\u0000b"', SITE), "null"),
    (from_text(f'tle = "{"a" * 5000}"', SITE), "cannot read"),
    (from_text('tle = "/dev/zero"', SITE), "more than 64 MiB of text"),
    (from_text("search_hours = 1e300", SITE), "must be at most 240"),
    *(
        (lambda path=path: li.load(path), "no name of a file|there is no such|too long")
        for path in ("a\0b", "a" * 5000)
    ),
    (lambda: li.load("~nosuchuser/x.toml"), "no such user"),
    (lambda: li.load("/dev/zero"), "larger than 16 MiB"),
    (lambda: li.config(TOY, weights=deep(100_000)), "nested too deep"),
    (lambda: li.config(TOY, num_users=10**5000), r"\(a|digits"),
    (lambda: li.config(TOY, **{".".join(["a"] * 5000): 1}), "not nested that deep"),
    (lambda: assignments([f"a={'[' * 50000}"]), "nested too deep"),
]


@pytest.mark.parametrize(("attempt", "message"), REFUSED)
def test_what_would_exhaust_the_reader_is_refused(attempt: Callable[[], Any], message: str) -> None:
    with pytest.raises(li.ConfigError, match=message) as error:
        attempt()
    fuzz.check_message(str(error.value))


@pytest.mark.parametrize(
    "value",
    [
        *(object(), {1}, b"x", 1 + 2j, Decimal(3), Fraction(1, 3), np.array([1, 2]), np.float32(3), np.array(np.nan)),
        *(range(3), len, int, np.array(["a"]), float("nan"), 10**400, -1, 0, 10**9, True, None, "3", [], {}),
    ],  # no readable ids: the text of an object names its address, and parallel runs need the same ids
)
def test_python_values_that_are_no_number_of_users(value: Any) -> None:
    for attempt in (
        lambda: li.config(TOY, num_users=value),
        lambda: scenario(catalogue.find(TOY), li.config(TOY), sweep={"num_users": [value]}),
        lambda: (
            scenario(catalogue.find(TOY), li.config(TOY), trials=0 if value in (True, 10**9) else value)
            if not isinstance(value, np.ndarray)
            else li.config(TOY, num_users=value)
        ),
    ):
        with pytest.raises(li.ConfigError) as error:
            attempt()
        assert str(error.value).strip()


@pytest.mark.parametrize(
    "changes",
    [
        *({"sweep": value} for value in (3, "x", [1], {"num_users": 3}, {3: [1]}, {"num_users": np.float64(3)})),
        *({"sweep": {name: [[1, 2]]}} for name in ("a+", "+", "num_users+num_users", "", "satellite.x.y")),
        {"sweep": {"transmit_power_dbw": itertools.count()}},
        {"sweep": {"transmit_power_dbw": [float("nan"), float("nan")]}},
        *({"schemes": value} for value in (3, "fill", [None], [[]], [b"fill"], [""], [":fast"], ["fill", "fill:fast"])),
        *({"route": value} for value in (None, 3, "", "fast ", "FAST")),
        *({"seed": value} for value in (None, -1, 2**32, 1.0, "0", True, np.array([3]), 10**5000)),
    ],
    ids=shown,
)
def test_run_parts_that_make_no_sense(changes: dict[str, Any]) -> None:
    with pytest.raises(li.ConfigError) as error:
        scenario(catalogue.find(TOY), li.config(TOY), **changes)
    fuzz.check_message(str(error.value))


def test_a_large_sweep_is_read_in_seconds() -> None:
    """Twice the same value is looked for in linear time."""
    item = from_text(f"[sweep]\ntransmit_power_dbw = {[i / 1000 for i in range(4000)]}")()
    assert len(item.points()) == 4000


def test_equal_values_of_lists_are_found() -> None:
    with pytest.raises(li.ConfigError, match="a value stands twice"):
        from_text("[sweep]\nweights = [[1.0, 2.0], [3.0], [1, 2]]")()


def test_shown_never_fails() -> None:
    assert shown(10**5000) == "(a int too large to show)"
    assert shown("x" * 100, 10) == "'xxxxxx…"
