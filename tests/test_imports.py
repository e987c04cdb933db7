"""Imports go one way: the sources are walked and every ``leoisac`` import is held against the order of the layers."""

from __future__ import annotations

import ast
import functools
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import leoisac

ROOT = Path(leoisac.__file__).parent

BELOW = {
    "foundation": set(),
    "geometry": {"foundation"},
    "antennas": {"foundation"},
    "waveforms": {"foundation"},
    "optim": {"foundation"},
    "plots": {"foundation"},
    "experiment": {"foundation"},
    "propagation": {"foundation", "geometry", "antennas", "waveforms"},
    "metrics": {"foundation", "geometry", "antennas", "waveforms", "propagation"},
    "estimation": {"foundation", "geometry", "antennas", "waveforms", "propagation", "metrics"},
    "link": {"foundation", "waveforms", "metrics", "experiment", "plots"},
    "problems": {"foundation", "geometry", "antennas", "waveforms", "propagation", "metrics", "estimation", "optim"},
    "systems": {
        *("foundation", "geometry", "antennas", "waveforms", "propagation", "metrics", "estimation"),
        *("optim", "problems", "plots", "experiment", "link"),
    },
    "own": {"foundation", "experiment", "problems"},
    "catalogue": {"foundation", "experiment", "systems"},
    "api": {"foundation", "geometry", "experiment", "own", "plots", "catalogue"},
    "cli": {"foundation", "geometry", "experiment", "plots", "catalogue", "api", "leoisac"},
    "__main__": {"cli", "experiment"},
    # The front door names everything that it hands out, and the folder of systems that it makes callable.
    "leoisac": {"foundation", "experiment", "api", "problems", "systems", "catalogue"},
}
"""Layer -> the layers that it may import (besides itself)."""


def _layer(module: str) -> str:
    """``leoisac.optim.batched`` -> ``optim``; the package itself is a layer of its own."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "leoisac"


@functools.cache
def _module(file: Path) -> str:
    parts = ["leoisac", *file.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@functools.cache
def _imports(file: Path) -> set[str]:
    """Absolute names of all leoisac modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "leoisac"}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports hide where they lead; write the whole name."
            module = node.module or ""
            if module == "leoisac":
                found |= {f"leoisac.{alias.name}" for alias in node.names}
            elif module.startswith("leoisac."):
                found |= {module, *(f"{module}.{alias.name}" for alias in node.names if _is_module(module, alias.name))}
    return found


@functools.cache
def _is_module(package: str, name: str) -> bool:
    return ROOT.parent.joinpath(*package.split("."), f"{name}.py").exists()


@functools.cache
def _sources() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("file", _sources(), ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_go_downwards(file: Path) -> None:
    layer = _layer(_module(file))
    upward = {name for name in _imports(file) if _layer(name) != layer and _layer(name) not in BELOW[layer]}
    assert not upward, f"{file.relative_to(ROOT)} ({layer}) must not import {sorted(upward)}"


def test_systems_never_import_siblings() -> None:
    for file in _sources():
        own = _module(file).split(".")
        if own[1:2] != ["systems"] or len(own) < 3:
            continue
        for name in _imports(file):
            target = name.split(".")
            assert target[1:2] != ["systems"] or target[2:3] == own[2:3], f"{file} imports its sibling {name}"


ROOMS = {
    "root": set(),  # configuration, channel and design classes, the registration
    "world": {"root"},
    "judge": {"root", "world"},
    "problem": {"root", "judge"},
    "fast": {"root", "world", "judge", "problem"},
    "published": {"root", "world", "judge", "problem"},
    "evidence": {"root", "world", "judge"},
}
"""Room of a system -> the rooms of the same system that it may import (besides itself)."""

CONIC = "leoisac.optim.conic"
"""What stands on CVXPY; imported in a system's room ``published`` alone."""


def _rooms() -> list[tuple[Path, str, str]]:
    """File, system and room of every file of a system."""
    found: list[tuple[Path, str, str]] = []
    for file in sorted((ROOT / "systems").glob("*/**/*.py")):
        system, *inside = file.relative_to(ROOT / "systems").parts
        found.append((file, system, inside[0] if len(inside) > 1 else "root"))
    return found


@pytest.mark.parametrize(
    ("file", "system", "room"), _rooms(), ids=lambda value: value.stem if isinstance(value, Path) else value
)
def test_rooms_of_a_system(file: Path, system: str, room: str) -> None:
    """Every system is cut alike, and its rooms know only those below them."""
    assert room in ROOMS, f"{file}: a system's rooms are {', '.join(ROOMS)}."
    own = f"leoisac.systems.{system}"
    for name in _imports(file):
        if name == own or name.startswith(f"{own}."):
            inside = name.removeprefix(own).strip(".").split(".")
            other = inside[0] if inside[0] in ROOMS else "root"
            is_front_door = room == "root" and file.name == "__init__.py"  # it hands out functions of its rooms
            assert other == room or other in ROOMS[room] or is_front_door, f"{file} ({room}) must not import {name}"
        assert room == "published" or not name.startswith(CONIC), f"{file}: only published/ may import {name}"
    assert room == "published" or "cvxpy" not in file.read_text(encoding="utf-8").split(), file


EXPERIMENT = ("root", "scenario", "trials", "store", "reading", "running", "reporting")
"""Rooms of ``experiment``, from the ground floor up: each imports from those below it only."""


def test_rooms_of_the_experiment() -> None:
    """What computes stands above what reads, and nothing below knows of what leaves the house."""
    for file in sorted((ROOT / "experiment").rglob("*.py")):
        inside = file.relative_to(ROOT / "experiment").parts
        floor = EXPERIMENT.index(inside[0] if len(inside) > 1 else "root")
        for name in _imports(file):
            parts = name.split(".")[1:]
            if parts[0] == "experiment" and len(parts) > 1:
                other = EXPERIMENT.index(parts[1] if parts[1] in EXPERIMENT else "root")
                assert other <= floor, f"{file} (room {EXPERIMENT[floor]}) must not import {name}"


def test_no_file_imports_itself_through_others() -> None:
    """No circles, late imports inside functions included."""
    modules = {_module(file): file for file in _sources()}
    graph = {
        module: {name for name in _imports(file) if name in modules and not module.startswith(name)}
        for module, file in modules.items()
        if file.name != "__init__.py"
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the files


def test_only_the_catalogue_knows_systems() -> None:
    for file in _sources():
        if _layer(_module(file)) not in ("systems", "catalogue"):
            known = {name for name in _imports(file) if name.startswith("leoisac.systems.")}
            assert not known, f"{file} imports {sorted(known)}"


def test_every_layer_is_in_the_order() -> None:
    assert {_layer(_module(file)) for file in _sources()} <= set(BELOW)


def test_jax_is_configured_wherever_it_is_imported() -> None:
    """Whoever imports JAX imports ``foundation.jax_setup``, too, where its contexts are."""
    for file in _sources():
        names: set[str] = set()
        for node in ast.walk(_tree(file)):
            names |= {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            names |= {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
        below = file.name in ("jax_setup.py", "compile_cache.py")  # what jax_setup is made of
        if not below and any(name.split(".")[0] == "jax" for name in names):
            assert "leoisac.foundation.jax_setup" in names, f"{file.relative_to(ROOT)}"


def _uses_jax(file: Path) -> bool:
    """Told by the text: every process of the tests collects them, and none should parse the whole package for it."""
    return "from leoisac.foundation.jax_setup import" in file.read_text(encoding="utf-8")


LIBRARY = ("antennas", "estimation", "geometry", "link", "metrics", "optim", "propagation", "waveforms")
"""Layers whose functions users call by themselves."""
ENGINE_ROOM = ("augmented_lagrangian", "lanes", "lbfgs", "rank_one_blocks", "restoration")
"""Modules of ``optim.batched`` whose functions only other modules of it call, inside their programs."""
WITHOUT_ARITHMETIC = {
    "best_start",
    "compilations",
    "key_of",
    "stages_of",
    "at_stage",
    "largest_violation",
    "transmitter_program",
}
"""Public functions beside JAX that compute nothing with it, or only inside the engine's programs."""


@pytest.mark.parametrize("file", [file for file in _sources() if _uses_jax(file)], ids=lambda file: file.stem)
def test_what_users_call_computes_in_double_precision(file: Path) -> None:
    """Every public function of a library module that uses JAX is decorated; and so is what draws random numbers, and
    what stands in a system beside programs that do not run by lanes."""
    has_own_programs = _layer(_module(file)) == "systems" and "jax.jit" in file.read_text(encoding="utf-8")
    if _layer(_module(file)) not in LIBRARY and file.name != "keys.py" and not has_own_programs:
        return
    if file.parent.name == "batched" and file.stem in ENGINE_ROOM:
        return
    if file.parent.name == "native":  # called by the engine, within its programs
        return
    for node in _tree(file).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.name not in WITHOUT_ARITHMETIC:
            first = node.decorator_list[0] if node.decorator_list else None
            assert isinstance(first, ast.Name), f"{file}: {node.name} lacks @in_double"
            assert first.id == "in_double", f"{file}: @in_double must stand first above {node.name}"


def test_the_engine_room_is_entered_by_the_engine_alone() -> None:
    """Others import its types (whose names are capitalised), and no function."""
    room = {f"leoisac.optim.batched.{name}" for name in ENGINE_ROOM}
    for file in _sources():
        for node in ast.walk(_tree(file)):
            if file.parent.name != "batched" and isinstance(node, ast.ImportFrom) and node.module in room:
                functions = [alias.name for alias in node.names if not alias.name[0].isupper()]
                assert not functions, f"{file} imports {functions} of {node.module}"


def test_nothing_is_computed_by_importing() -> None:
    """No array of JAX is made outside functions: it would have 32 bits, and would make JAX's clients."""
    for file in _sources():
        for call in _calls_at_import(_tree(file)):
            name = ast.unparse(call.func)
            root = name.split(".")[:2]
            computes = root[0] == "jnp" or (root[0] == "jax" and root[1] in ("lax", "nn", "numpy", "random", "scipy"))
            assert not computes, f"{file.relative_to(ROOT)}:{call.lineno} calls {name} when it is imported"


def _calls_at_import(node: ast.AST) -> Iterator[ast.Call]:
    """Calls outside the bodies of functions (their decorators and defaults are evaluated at once)."""
    if isinstance(node, ast.Call):
        yield node
    skipped = {id(part) for part in node.body} if isinstance(node, ast.FunctionDef) else set()
    for child in () if isinstance(node, ast.Lambda) else ast.iter_child_nodes(node):
        if id(child) not in skipped:
            yield from _calls_at_import(child)
