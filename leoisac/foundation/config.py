"""Configurations: frozen, strict, self-describing, and refused before any work starts when something is wrong.

A configuration is the only place where dB, dBm, degrees and kilometres exist; the unit stands in the field's name.
Input is checked as strict JSON: no text becomes a number, no number becomes a flag, NaN and infinity are refused, and
an unknown field is answered with its likely meaning.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self, TypeVar, cast

from pydantic import AliasChoices, BaseModel, ConfigDict, ValidationError

Model = TypeVar("Model", bound="Config")
_NO_INSTANTS = ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "datetime_object_invalid")
"""Pydantic's kinds of errors for what is no instant."""
_MOST_PARTS = 8
_MOST_LINES = 30
_MOST_NAME = 100


class ConfigError(ValueError):
    """A configuration or scenario that cannot be used; the message names each field, its value and what is allowed."""


class Config(BaseModel):
    """Base of all configurations: immutable, so that results can be traced to the configuration that made them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    system: ClassVar[str] = ""
    """Name of the system that the configuration describes; empty for a part of one."""

    def __hash__(self) -> int:
        return hash((type(self), self.model_dump_json()))

    def replace(self, **changes: Any) -> Self:
        """Copy with some fields changed, checked anew. A field of a part is written ``{"part.field": value}``."""
        return replace_fields(self, changes)


def build(model: type[Model], data: Mapping[str, Any], where: str = "") -> Model:
    """Checked instance of ``model`` from plain data.

    Args:
        model: the configuration class.
        data: field values, nested mappings for parts; NumPy numbers and arrays are welcome.
        where: prefix of field names in messages (``"config."``).

    Raises:
        ConfigError: with one line per field that is wrong.
    """
    try:
        text = json.dumps(data, default=_plain)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{_field_at_fault(data, where)}: {error}") from None
    except RecursionError:
        raise ConfigError(f"{where.rstrip('.') or 'configuration'}: lists or tables are nested too deep.") from None
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise ConfigError("\n".join(_describe(error, model, where))) from None


def _field_at_fault(data: Mapping[str, Any], where: str) -> str:
    """Path of the field that has no plain form; what it is a part of where that cannot be told."""
    for name, value in data.items():
        try:
            json.dumps(value, default=_plain)
        except (TypeError, ValueError):
            path = f"{where}{name}"
            return _field_at_fault(cast("dict[str, Any]", value), f"{path}.") if isinstance(value, dict) else path
        except RecursionError:
            continue
    return where.rstrip(".") or "configuration"


def replace_fields(config: Model, changes: Mapping[str, Any]) -> Model:
    """Copy of ``config`` with ``{"field": value}`` or ``{"part.field": value}`` changed and everything checked anew."""
    data: dict[str, Any] = config.model_dump(mode="json")
    for path, value in changes.items():
        steps = _by_name(type(config), path.split("."))
        if len(steps) > _MOST_PARTS:
            raise ConfigError(f"{shown(path)}: no such field; parts of a configuration are not nested that deep.")
        _assign(data, path, steps, value)
    return build(type(config), data)


def _by_name(model: type[Config] | None, steps: list[str]) -> list[str]:
    """Steps of a path with fields by their names, where another way to write them was used."""
    named: list[str] = []
    for step in steps:
        fields = model.model_fields if model is not None else {}
        for name, field in fields.items():
            if isinstance(field.validation_alias, AliasChoices) and step in field.validation_alias.choices:
                step = name
        named.append(step)
        model = _part_class(fields[step].annotation) if step in fields else None
    return named


def _assign(data: dict[str, Any], path: str, steps: list[str], value: Any) -> None:
    if len(steps) == 1:
        data[steps[0]] = value
        return
    part: Any = data.setdefault(steps[0], {})
    if part is None:
        part = data[steps[0]] = {}
    if not isinstance(part, dict):
        raise ConfigError(f"{path}: `{steps[0]}` is a value, not a part with fields of its own.")
    _assign(cast(dict[str, Any], part), path, steps[1:], value)


def fingerprint(config: Config) -> str:
    """SHA-256 (hex) of the configuration's canonical JSON: equal configurations, equal fingerprints."""
    text = json.dumps(config.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def suggest(name: str, known: Iterable[str]) -> str:
    """``" Did you mean `antennas`?"`` for a slip of the pen, else the list of what there is."""
    choices = sorted(known)
    close = difflib.get_close_matches(name, choices, n=1)
    if close:
        return f" Did you mean `{close[0]}`?"
    return f" There are: {', '.join(choices)}." if choices else ""


def suggest_own(name: str, known: Iterable[str]) -> str:
    """As ``suggest``; what is like no known name may be of a user's own file, which has to be loaded."""
    hint = suggest(name, known)
    if hint.startswith(" Did you mean"):
        return hint
    return f"{hint} One of your own needs its file: --plugin FILE.py, leoisac.load_plugin(FILE)."


def to_toml(config: Config, comments: bool = True) -> str:
    """The configuration as TOML, each field with its meaning; parts follow as tables."""
    return "\n".join(_toml_lines(config, "", comments)) + "\n"


def toml_value(value: Any) -> str:
    """One value as TOML text (JSON text is TOML for strings, numbers, flags and arrays)."""
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _toml_lines(config: Config, table: str, comments: bool) -> list[str]:
    lines: list[str] = []
    parts: list[tuple[str, Config]] = []
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        if isinstance(value, Config):
            parts.append((f"{table}{name}", value))
            continue
        if value is None:
            if comments and field.description:
                lines.append(f"# {name} = …  # {field.description}")
            continue
        comment = f"  # {field.description}" if comments and field.description else ""
        lines.append(f"{name} = {toml_value(config.model_dump(mode='json')[name])}{comment}")
    for name, part in parts:
        lines += ["", f"[{name}]", *_toml_lines(part, f"{name}.", comments)]
    return lines


def _plain(value: Any) -> Any:
    """JSON form of what the standard encoder does not know: NumPy values, instants, parts."""
    if isinstance(value, Config):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "__fspath__"):
        return str(value)
    raise TypeError(f"{shown(value)} is not a number, text, flag, list or table.")


def _describe(error: ValidationError, model: type[Config], where: str) -> list[str]:
    """One line per wrong field: ``config.num_users = -1: must be at least 1 (number of users).``"""
    lines: dict[str, str] = {}
    for item in error.errors(include_url=False):
        path, field_model, description = _locate(item["loc"], model)
        name = f"{where}{path}"[:_MOST_NAME] if path else (where.rstrip(".") or "configuration")
        if item["type"] == "extra_forbidden":
            lines[name] = f"{name}: no such field.{suggest(path.rsplit('.', 1)[-1], field_model.model_fields)}"
            continue
        given = "" if item["type"] == "missing" or not path else f" = {shown(item['input'])}"
        meaning = f" ({description})" if description else ""
        # A field that accepts several types reports each of them: the alternatives belong on one line.
        if name in lines:
            lines[name] = f"{lines[name]} Or: {_allowed(item)}."
        else:
            lines[name] = f"{name}{given}: {_allowed(item)}{meaning}."
    more = len(lines) - _MOST_LINES
    return [*list(lines.values())[:_MOST_LINES], *([f"{where}…: {more} more things are wrong."] if more > 0 else [])]


def _locate(location: tuple[int | str, ...], model: type[Config]) -> tuple[str, type[Config], str]:
    """Dotted path of an error without pydantic's type tags, the class that owns the field, the field's meaning."""
    path: list[str] = []
    description = ""
    for position, step in enumerate(location):
        if isinstance(step, int):
            path[-1:] = [f"{path[-1]}[{step}]" if path else f"[{step}]"]
        elif step in model.model_fields:
            field = model.model_fields[step]
            path.append(step)
            description = field.description or ""
            inner = _part_class(field.annotation)
            model = inner if inner is not None and position + 1 < len(location) else model
        elif position + 1 == len(location) and (not path or path[-1] not in model.model_fields):
            # An unknown field, of the whole or of the part just entered; anything else is pydantic's type tag.
            path.append(step)
    return ".".join(path), model, description


def _part_class(annotation: Any) -> type[Config] | None:
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, Config):
            return candidate
    return None


def _allowed(item: Any) -> str:
    """What the field accepts, in words, from pydantic's error."""
    context = item.get("ctx", {})
    sentence = {
        "missing": "is needed",
        "greater_than": "must be greater than {gt}",
        "greater_than_equal": "must be at least {ge}",
        "less_than": "must be less than {lt}",
        "less_than_equal": "must be at most {le}",
        "finite_number": "must be a finite number",
        "float_type": "must be a number",
        "int_type": "must be a whole number",
        "int_from_float": "must be a whole number",
        "string_type": "must be text",
        "bool_type": "must be true or false",
        "tuple_type": "must be a list",
        "literal_error": "must be one of {expected}",
        "too_short": "needs at least {min_length} entries, has {actual_length}",
        "too_long": "takes at most {max_length} entries, has {actual_length}",
        "model_type": "must be a table of fields",
        **dict.fromkeys(_NO_INSTANTS, 'must be a UTC instant such as "2025-10-07T09:03:00Z"'),
    }.get(item["type"])
    if sentence is not None:
        return sentence.format(**context)
    if item["type"] == "value_error":
        return str(context.get("error", item["msg"])).rstrip(".")
    return str(item["msg"])[:1].lower() + str(item["msg"])[1:]


def shown(value: Any, most: int = 60) -> str:
    """A value for a message, whatever it is: not longer than a line, and never an error of its own."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # whole numbers of thousands of digits, lists that are nested too deep
        return f"(a {type(value).__name__} too large to show)"
    return text if len(text) <= most else text[: most - 3] + "…"
