"""Scenarios as careless, unlucky and malicious people write them, and what the loader must make of them.

Used by the test suite with a few hundred cases and by ``benchmarks/fuzz_scenarios.py`` with as many as one likes.
"""

from __future__ import annotations

import json
import math
import typing
import warnings
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from leoisac import catalogue
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.scenario.files import (
    init_text,
    load_scenario,
    part_class,
    scenario_data,
    scenario_from_data,
    scenario_from_toml,
    scenario_toml,
)
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.experiment.trials import blocks
from leoisac.foundation.config import Config, ConfigError

MOST_BYTES = 4 * 2**30
"""No block of 64 trials of an accepted scenario may take more than this for its channels."""
MOST_POINTS = 1_000_000
LEAST = 1e-9
"""Distance from an open bound that gentle cases keep; harsh ones go to the next number that there is."""
harsh = False
VANISHING = (5e-324, 1e-320, 1e-30)
TLE = (
    "STARLINK-TEST\n"
    "1 44713U 19074A   25280.50000000  .00001000  00000-0  80000-4 0  9990\n"
    "2 44713  53.0500 100.0000 0001400  90.0000 270.0000 15.06400000    10"
)

NASTY_NUMBERS = st.sampled_from(
    [
        *(0, -1, 1, 2, 3, 10**9, 10**30, -(10**30), 2**31, 2**63, 2**64, 0.0, -0.0, -1.0, 0.5, 1e30),
        *(1e308, -1e308, math.nan, math.inf, -math.inf, 1.0000000000000002, 99, 129, 1e9, True, False),
    ]
)
NASTY_TEXTS = st.sampled_from(
    [
        *("", " ", "20", "20 dBm", "none", "nan", "None", "null", "true", "\x00", "é" * 300, "../../etc/passwd", "{}"),
        *("pa1", "fast", "fast:fast", ":", "a+b", "[1]", "\n", "next-pass", "2025-10-07T00:00:00Z", "\u202e", "${x}"),
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ANY_FLOAT = st.floats().filter(lambda value: harsh or not 0 < abs(value) < LEAST)
TINY = st.sampled_from(VANISHING).map(lambda value: value if harsh else 0.0)
SCALARS = NASTY_NUMBERS | TINY | NASTY_TEXTS | ANY_FLOAT | st.integers()
VALUES = st.recursive(
    SCALARS
    | st.sampled_from([[], {}, [[]], date(2025, 10, 7), datetime(2025, 10, 7, tzinfo=UTC), datetime(2025, 10, 7)]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NASTY_TEXTS, inner, max_size=2),
    max_leaves=6,
)


def bounds(metadata: Any) -> tuple[float, float]:
    """Least and largest value that a field's metadata allow, or wide ones."""
    low, high = -1e3, 1e3
    for item in metadata:
        if getattr(item, "ge", None) is not None:
            low = float(item.ge)
        if getattr(item, "gt", None) is not None:
            low = math.nextafter(float(item.gt), math.inf) if harsh else max(float(item.gt), 0.0) + LEAST
        if getattr(item, "le", None) is not None:
            high = float(item.le)
        if getattr(item, "lt", None) is not None:
            high = math.nextafter(float(item.lt), -math.inf)
    return low, max(low, high)


def plausible(annotation: Any, metadata: Any = ()) -> st.SearchStrategy[Any]:
    """Values of the right type near and between the bounds of a field."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        inner = [part for item in annotation.__metadata__ for part in getattr(item, "metadata", [item])]
        return plausible(annotation.__origin__, inner)
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return st.lists(plausible(arguments[0], ()), max_size=8)
        return st.tuples(*(plausible(item) for item in arguments)).map(list)
    if arguments:
        return st.one_of(*(plausible(item, metadata) for item in arguments))
    low, high = bounds(metadata)
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        edges = st.sampled_from([int(low), int(high), int(low) + 1, int(high) - 1])
        return edges | st.integers(int(low), min(int(high), int(low) + 12))
    if annotation is float:
        return st.sampled_from([low, high, (low + high) / 2]) | st.floats(low, high)
    if annotation is type(None):
        return st.just("none")
    if annotation is datetime:
        return st.just(datetime(2025, 10, 7, 12, tzinfo=UTC))
    if annotation is str:
        return NASTY_TEXTS
    return VALUES


def fields_of(model: type[Config], prefix: str = "") -> list[tuple[str, Any]]:
    """``(path, field)`` of every field and of the fields of parts."""
    found: list[tuple[str, Any]] = []
    for name, field in model.model_fields.items():
        part = part_class(field.annotation)
        if part is not None:
            found += fields_of(part, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", field))
    return found


@st.composite
def scenarios(draw: Any, system: System) -> dict[str, Any]:
    """Data of a scenario file: a sound one with a few things changed for plausible, odd or absurd ones."""
    data: dict[str, Any] = {"system": system.name}
    fields = fields_of(system.config)
    careful = draw(st.booleans())
    for _ in range(draw(st.integers(0, 4))):
        path, field = draw(st.sampled_from(fields))
        value = draw(
            st.one_of(plausible(field.annotation, field.metadata), plausible(field.annotation, field.metadata), VALUES)
        )
        _place(data, path, value)
    if "satellite" in data and draw(st.booleans()):
        site = {"tle": TLE, "latitude_deg": draw(st.floats(-90, 90)), "longitude_deg": draw(st.floats(-180, 180))}
        data["satellite"] = {**site, **(data["satellite"] if isinstance(data["satellite"], dict) else {})}
    for _ in range(max(0, draw(st.integers(-2, 2)))):
        path, field = draw(st.sampled_from(fields))
        one = plausible(field.annotation, field.metadata)
        several = st.lists(one, min_size=1, max_size=4)
        values = draw(several if careful else st.one_of(several, VALUES))
        if draw(st.booleans()):
            other, second = draw(st.sampled_from(fields))
            path = f"{path}+{other}"
            values = draw(st.lists(st.tuples(one, plausible(second.annotation, second.metadata)).map(list), max_size=3))
        data.setdefault("sweep", {})[path] = values
    if careful:
        return data
    if draw(st.integers(0, 3)) == 0:
        key = draw(st.sampled_from(["schemes", "trials", "seed", "route", "system", "config", "sweep", "satellite"]))
        data[key] = draw(VALUES)
    if draw(st.integers(0, 5)) == 0:
        data[draw(NASTY_TEXTS)] = draw(VALUES)
    if draw(st.integers(0, 5)) == 0:
        _place(data, draw(NASTY_TEXTS | st.sampled_from(["num_user", "power_dbm", "transmit_power"])), draw(VALUES))
    return data


def _place(data: dict[str, Any], path: str, value: Any) -> None:
    *parts, name = path.split(".")
    table = data
    for part in parts or ["config"]:
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        table = inner
    table[name] = value


def texts(system: System) -> st.SearchStrategy[str]:
    """A sound scenario file with some characters and lines lost, doubled, swapped or garbled."""
    return _garbled(init_text(system).splitlines())  # read here: checked types look at random elements of lists


@st.composite
def _garbled(draw: Any, sound: list[str]) -> str:
    lines = list(sound)
    for _ in range(draw(st.integers(1, 6))):
        position = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["drop", "double", "uncomment", "value", "splice", "swap", "garbage"]))
        line = lines[position]
        if kind == "drop" and len(lines) > 1:
            del lines[position]
        elif kind == "double":
            lines.insert(position, line)
        elif kind == "uncomment":
            lines[position] = line.removeprefix("# ")
        elif kind == "value":
            name, _, _ = line.partition("=")
            lines[position] = f"{name}= {toml(draw(VALUES))}"
        elif kind == "splice":
            cut = draw(st.integers(0, len(line)))
            lines[position] = line[:cut] + draw(NASTY_TEXTS) + line[cut:]
        elif kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[position], lines[other] = lines[other], lines[position]
        else:
            lines.insert(position, draw(NASTY_TEXTS))
    return "\n".join(lines)


def toml(value: Any) -> str:
    """Any value as TOML, faithful also for what JSON does not know."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return {"nan": "nan", "inf": "inf", "-inf": "-inf"}.get(repr(value), repr(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=True)


def file_text(data: Mapping[str, Any]) -> str:
    """Data as a file: tables below the plain keys."""
    lines = [f"{json.dumps(key)} = {toml(value)}" for key, value in data.items() if not isinstance(value, dict)]
    for key, value in data.items():
        if isinstance(value, dict):
            lines += [f"[{json.dumps(key)}]", *(f"{json.dumps(name)} = {toml(item)}" for name, item in value.items())]
    return "\n".join(lines) + "\n"


def load(text: str, file: Path) -> Scenario | None:
    """What the loader makes of a text: a scenario, or a message that a person can use; anything else is a finding."""
    file.write_text(text, encoding="utf-8", newline="\n")
    try:
        return load_scenario(file, catalogue.find)
    except ConfigError as error:
        message = str(error)
    check_message(message)
    assert all(line.startswith(f"{file}: ") for line in message.splitlines()), message
    return None


def load_data(data: Mapping[str, Any]) -> Scenario | None:
    """The same for plain data."""
    try:
        return scenario_from_data(data, catalogue.find)
    except ConfigError as error:
        check_message(str(error))
        return None


def check_message(text: str) -> None:
    """A message names something, says something, and is of a length that a person reads."""
    assert text.strip()
    for line in text.splitlines():
        assert ":" in line, text
    assert "Traceback" not in text
    assert "pydantic" not in text
    assert "object at 0x" not in text
    assert len(text) < 20_000, f"{len(text)} characters"


def check_accepted(item: Scenario) -> None:
    """An accepted scenario means what it says, can be written down, and can be run without nonsense or exhaustion."""
    system = catalogue.find(item.system)
    assert scenario_from_toml(scenario_toml(item), catalogue.find) == item
    assert scenario_from_data(json.loads(json.dumps(scenario_data(item))), catalogue.find) == item
    points = item.points()
    assert 1 <= len(points) <= MOST_POINTS
    assert item.choices(system)
    for point in (points[0], points[-1]):
        check_config(system, point.config)


def check_config(system: System, config: Config) -> None:
    """Sizes that fit into memory, and finite numbers in all that is computed before a run."""
    _all_finite(config.model_dump(mode="json"), "config")
    sizes = system.axis_sizes(config)
    assert all(size >= 0 for size in sizes.values()), sizes
    for name, axes in system.channel_axes.items():
        taken = 64 * 16 * math.prod(sizes[axis] for axis in axes)
        assert taken <= MOST_BYTES, f"{name} {axes} takes {taken / 2**30:.0f} GiB for 64 trials: {sizes}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about the age of element sets
        warnings.simplefilter("error", RuntimeWarning)  # an overflow is no number to design with
        try:
            budgets = resolve(system.link_budgets)(config)
            geometry = blocks.geometry_of(system, config)
        except ConfigError as error:  # no pass of this satellite over this site
            check_message(str(error))
            return
    for budget in budgets:
        assert all(math.isfinite(value) for _, value, _, _ in budget.rows), budget
    _finite_leaves(geometry, "geometry")
    _finite_leaves(blocks.parameters_of(system, config), "parameters")


def _all_finite(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _all_finite(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            _all_finite(inner, path)
    elif isinstance(value, float):
        assert math.isfinite(value), path


def _finite_leaves(tree: Any, what: str) -> None:
    from leoisac.foundation.jax_setup import jax

    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        values = np.asarray(leaf)
        if values.dtype.kind in "fc":
            assert np.isfinite(values).all(), f"{what}{jax.tree_util.keystr(path)} is not finite"
