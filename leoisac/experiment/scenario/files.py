"""Scenario files: strict TOML in, the same TOML out.

Layout: top-level keys ``system``, ``schemes``, ``trials``, ``seed``, ``route``, and ``count``, ``until``,
``most_trials`` where a point may get more trials; tables ``[config]`` and ``[sweep]``;
``[channels]`` where they are given and not drawn (see ``channel_source``);
every other table (``[satellite]``, ``[atmosphere]``) is the part of that name of the configuration. TOML has no null:
a field that may be absent takes the text ``"none"``.
"""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic.fields import FieldInfo

from leoisac.experiment.contracts import System
from leoisac.experiment.scenario.channel_source import source_from_table
from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.experiment.scenario.scenarios import DEFAULT_TRIALS, Scenario, default_trials, scenario
from leoisac.foundation.config import Config, ConfigError, build, shown, suggest, toml_value

Find = Callable[[str], System]
_ALWAYS = ("system", "schemes", "trials", "seed", "route")
_RULES = {"count": "trials", "until": "", "most_trials": 0}
"""Keys that decide how many trials a point gets, with their defaults; written where they differ."""
RUN_KEYS = (*_ALWAYS, *_RULES)
_TABLES = ("sweep", "config", "channels")
NONE = "none"
MOST_BYTES = 16 * 2**20
"""Largest scenario file."""
_MOST_DEPTH = 12
_HUGE = "a whole number has more than 63 bits"


def load_scenario(path: str | Path, find: Find) -> Scenario:
    """The scenario of a TOML file, checked whole.

    Args:
        path: the file; files that the configuration names (element sets) are read relative to its folder.
        find: system by name.

    Raises:
        ConfigError: with the file's name, and one line per thing that is wrong.
    """
    try:
        file = _expanded(path)
        return scenario_from_data(_parse(_read(file)), find, file.parent)
    except ConfigError as error:
        name = shown(str(path), 400)[1:-1] if len(str(path)) > 400 else path
        raise ConfigError("\n".join(f"{name}: {line}" for line in str(error).splitlines())) from None


def scenario_from_toml(text: str, find: Find, folder: Path | None = None, runnable: bool = True) -> Scenario:
    """As ``load_scenario``, from text; ``runnable`` as for ``scenario``."""
    return scenario_from_data(_parse(text), find, folder, runnable)


def scenario_from_data(
    data: Mapping[str, Any], find: Find, folder: Path | None = None, runnable: bool = True
) -> Scenario:
    """A checked scenario from plain data in the layout of the files (ConfigError otherwise)."""
    _check_plain(data)
    if "system" not in data:
        raise ConfigError('system: is needed, the name of the system (system = "…").')
    if not isinstance(data["system"], str):
        raise ConfigError(f"system = {shown(data['system'])}: must be text.")
    system = find(data["system"])
    config = _config(system.config, data)
    resolve_files = getattr(config, "resolve_files", None)
    if resolve_files is not None and folder is not None:
        try:
            config = resolve_files(folder)
        except OSError as error:
            raise ConfigError(f"config: {error.filename or folder}: {error.strerror or error}") from None
    channels = None
    if "channels" in data:
        channels = source_from_table(system, config, _table(data, "channels"), folder, read=runnable)
    schemes = data.get("schemes")
    if schemes is not None and not isinstance(schemes, list | tuple):
        raise ConfigError(f"schemes = {shown(schemes)}: must be a list of scheme names.")
    return scenario(
        system,
        config,
        schemes=cast("list[str] | None", schemes),
        sweep=_table(data, "sweep"),
        trials=data.get("trials", default_trials(channels)),
        seed=data.get("seed", 0),
        route=data.get("route", DEFAULT_ROUTE),
        runnable=runnable,
        channels=channels,
        **{name: data[name] for name in _RULES if name in data},
    )


def scenario_data(item: Scenario) -> dict[str, Any]:
    """The scenario as plain (JSON) data that ``scenario_from_data`` reads."""
    return {
        "system": item.system,
        "schemes": list(item.schemes),
        "trials": item.trials,
        "seed": item.seed,
        "route": item.route,
        **{name: getattr(item, name) for name, default in _RULES.items() if getattr(item, name) != default},
        "sweep": {name: list(values) for name, values in item.sweep.items()},
        "config": item.config.model_dump(mode="json"),
        **({"channels": item.channels.table()} if item.channels else {}),
    }


def scenario_toml(item: Scenario, comments: bool = False) -> str:
    """The scenario as the text of a file that ``load_scenario`` reads back to an equal one."""
    data = scenario_data(item)
    lines = [f"{key} = {toml_value(data[key])}" for key in RUN_KEYS if key in data]
    if item.sweep:
        lines += ["", "[sweep]", *(f"{_key(name)} = {toml_value(list(v))}" for name, v in item.sweep.items())]
    if item.channels:
        lines += ["", "[channels]", *(f"{key} = {toml_value(value)}" for key, value in item.channels.table().items())]
    lines += ["", "[config]", *_config_lines(item.config, "", comments)]
    return "\n".join(lines) + "\n"


def init_text(system: System) -> str:
    """A scenario file to start from: the system's defaults, each field with its meaning."""
    names = [scheme.name for scheme in system.schemes]
    width = max(len(name) for name in names)
    lines = [
        f"# {system.title}",
        f"system = {toml_value(system.name)}",
        "",
        '# Schemes to compare; write "name:route" for a route other than `route`. There are:',
        *(f"#   {scheme.name:<{width}}  {_one_line(scheme.summary)}" for scheme in system.schemes),
        f"schemes = {toml_value(names)}",
        f"trials = {DEFAULT_TRIALS}  # channel realisations per point; the same ones for every scheme and point",
        "seed = 0",
        f"route = {toml_value(DEFAULT_ROUTE)}",
        "",
        '# Values to compare. Several axes give every combination; fields that change together: "a+b" = [[a0, b0], …]',
        "[sweep]",
        f"# {_example_sweep(system.config())}",
        "",
        "[config]",
        *_config_lines(system.config(), "", comments=True),
    ]
    return "\n".join(lines) + "\n"


def part_class(annotation: Any) -> type[Config] | None:
    """The configuration class in a field's annotation (``Part`` or ``Part | None``), if it is a part."""
    for candidate in (annotation, *typing.get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Config):
            return candidate
    return None


def value_text(value: Any) -> str:
    """A value as TOML; large numbers as 20.0e9 where that is exact."""
    if isinstance(value, float) and abs(value) >= 1e5:
        for exponent in (9, 6, 3):
            text = f"{value / 10**exponent!r}e{exponent}"
            if abs(value) >= 10**exponent and "e" not in repr(value / 10**exponent) and float(text) == value:
                return text
    return toml_value(value)


def _expanded(path: str | Path) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ConfigError("there is no such user on this machine.") from None


def _read(file: Path) -> str:
    try:
        if file.is_dir():
            raise ConfigError("is a folder, not a scenario file.")
        with file.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ConfigError(f"is larger than {MOST_BYTES // 2**20} MiB; that is no scenario file.")
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError("there is no such file.") from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"is not UTF-8 text (byte {error.start}); a scenario is a TOML file.") from None
    except ConfigError:
        raise
    except ValueError:
        raise ConfigError("is no name of a file.") from None


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"is not valid TOML: {error}.") from None
    except RecursionError:
        raise ConfigError("is not a scenario: lists or tables are nested too deep.") from None
    except ValueError:
        raise ConfigError(f"is not valid TOML: {_HUGE}.") from None


def _check_plain(data: Mapping[str, Any]) -> None:
    """Refuse what no scenario holds and what would exhaust those that look closer: deep nesting, enormous numbers."""
    level: list[tuple[str, Any]] = list(data.items())
    for _ in range(_MOST_DEPTH):
        inner: list[tuple[str, Any]] = []
        for name, value in level:
            if isinstance(value, int) and abs(value) >= 2**63:
                raise ConfigError(f"{name}: {_HUGE}.")
            if isinstance(value, Mapping):
                inner += [(f"{name}.{key}", item) for key, item in cast(Mapping[str, Any], value).items()]
            elif isinstance(value, list | tuple):
                inner += [(name, item) for item in cast("list[Any]", value)]
        level = inner
        if not level:
            return
    raise ConfigError(f"{shown(level[0][0])}: lists or tables are nested too deep.")


def _table(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{name} = {shown(table)}: must be a table, [{name}].")
    return cast(dict[str, Any], table)


def _config(model: type[Config], data: Mapping[str, Any]) -> Config:
    """The configuration from ``[config]`` and the tables of its parts."""
    parts = [name for name, field in model.model_fields.items() if part_class(field.annotation) is not None]
    fields = dict(_table(data, "config"))
    for name, value in data.items():
        if name in (*RUN_KEYS, *_TABLES):
            continue
        if name in model.model_fields and name not in parts:
            raise ConfigError(f"{name}: is a field of the configuration; write it below [config].")
        if name not in parts:
            kind = f"[{name}]: no such table." if isinstance(value, dict) else f"{name}: no such key."
            known = [*RUN_KEYS, *_TABLES, *parts]
            raise ConfigError(f"{kind if len(kind) <= 200 else kind[:200] + '…'}{suggest(name, known)}")
        if name in fields:
            raise ConfigError(f"[{name}]: stands twice, as a table and in [config].")
        fields[name] = value
    try:
        return build(model, _without_none(model, fields), "config.")
    except ConfigError as error:
        lines = str(error).splitlines()
        raise ConfigError("\n".join(_as_written(line, parts, data) for line in lines)) from None


def _as_written(line: str, parts: Iterable[str], data: Mapping[str, Any]) -> str:
    """``config.satellite.altitude_km`` is called ``satellite.altitude_km`` where the file has a table [satellite]."""
    for name in parts:
        if name in data and line.startswith((f"config.{name}.", f"config.{name}:", f"config.{name} ")):
            return line.removeprefix("config.")
    return line


def _without_none(model: type[Config], data: Mapping[str, Any]) -> dict[str, Any]:
    """``"none"`` becomes null in fields that may be absent (and for which it is not a value of its own)."""
    plain: dict[str, Any] = {}
    for name, value in data.items():
        field = model.model_fields.get(name)
        plain[name] = value
        if field is None:
            continue
        part = part_class(field.annotation)
        if isinstance(value, dict) and part is not None:
            plain[name] = _without_none(part, cast(dict[str, Any], value))
        elif value == NONE and type(None) in typing.get_args(field.annotation):
            literals = [typing.get_args(item) for item in typing.get_args(field.annotation)]
            plain[name] = value if any(NONE in values for values in literals) else None
    return plain


def _config_lines(config: Config, table: str, comments: bool) -> list[str]:
    lines: list[str] = []
    parts: list[tuple[str, Config]] = []
    absent: list[tuple[str, FieldInfo]] = []
    plain = config.model_dump(mode="json")
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        comment = _comment(field) if comments else ""
        if isinstance(value, Config):
            parts.append((f"{table}{name}", value))
        elif value is None and part_class(field.annotation) is not None:
            absent.append((f"{table}{name}", field))
            lines += [f"{name} = {toml_value(NONE)}"] if field.default is not None else []
        elif value is None:
            unset = comments and field.default is None
            lines.append(f"{'# ' if unset else ''}{name} = {toml_value(NONE)}{comment}")
        else:
            lines.append(f"{name} = {value_text(plain[name])}{comment}")
    for name, part in parts:
        lines += ["", f"[{name}]", *_config_lines(part, f"{name}.", comments)]
    for name, field in absent if comments else ():
        lines += ["", f"# [{name}]{_comment(field)}", *_absent_part_lines(field)]
    return lines


def _absent_part_lines(field: FieldInfo) -> list[str]:
    """The fields of a part that is not there, to uncomment: defaults where there are any."""
    lines: list[str] = []
    part = part_class(field.annotation)
    for name, inner in part.model_fields.items() if part else ():
        value = "…" if inner.is_required() or inner.default is None else toml_value(inner.get_default())
        lines.append(f"# {name} = {value}{_comment(inner)}")
    return lines


def _comment(field: FieldInfo) -> str:
    return f"  # {_one_line(field.description)}" if field.description else ""


def _example_sweep(config: Config) -> str:
    """A sweep line to uncomment: a transmit power of the configuration, or else its first number."""
    numbers = {name: value for name, value in config if isinstance(value, float)}
    powers = [name for name in numbers if name.endswith(("_dbw", "_dbm")) and "noise" not in name]
    for name in [*powers, *numbers]:
        value = numbers[name]
        step = 3.0 if name in powers else value / 4 or 1.0
        return f"{name} = {toml_value([value - step, value, value + step])}"
    return "field = [value, value]"


def _key(name: str) -> str:
    """A sweep axis as a TOML key: quoted when it holds ``+`` or ``.``."""
    return name if name.replace("_", "").isalnum() and name.isascii() else toml_value(name)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
