"""Builds sdist and wheel into ``dist``, checks both, and uses the wheel where there is nothing else.

The environment of the last check is new; the repository is not on its path, and the working folder is empty. There
leoisac designs, runs a campaign and draws a figure, lists what it brings, and is found to be typed: pyright, in its
strict mode, knows what a user's file calls, and finds what is wrong in one that is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"

USE = """
import importlib.resources
import leoisac as li

root = importlib.resources.files("leoisac")
assert str(root).startswith(PREFIX), root
assert root.joinpath("py.typed").is_file()
assert li.__version__ == VERSION, li.__version__
assert len(li.systems()) >= 4, li.systems()
config = li.config("self-backhaul", num_users=2, bs_array=(1, 3), num_feeds=3, target_angles_deg=(-30.0, 20.0))
data = li.run(config, ["pa1", "das"], {"satellite_power_dbw": [20.0, 25.0]}, trials=4, store="runs/x")
li.plot(data, "delivered_sum_rate", width="ieee", file="rate.pdf")
li.config("self-backhaul", satellite={"name": "STARLINK-1423", "time": "best-pass", "latitude_deg": 43.6,
          "longitude_deg": 1.4})
print("the wheel works:", li.__version__, ", ".join(li.systems()))
"""


USER = """from pathlib import Path
from typing import Any

import leoisac as li

config: li.Config = li.config("self-backhaul", num_users=2)
channels = li.draw(config, seed=0, trials=2)
solution = li.design(config, channels, scheme="pa1")
outcome: li.Solution[Any] = solution
dataset = li.run(config, ["pa1", "das"], {"satellite_power_dbw": [20.0, 25.0]}, trials=4, store=Path("runs/x"))
names: list[str] = [scheme.name for scheme in li.schemes("self-backhaul")]
version: str = li.__version__
"""
"""A user's file in which a type checker has nothing to say."""

WRONG = """import leoisac as li

number: int = li.__version__
config = li.config(3)
missing = li.dessign
li.run(li.config("self-backhaul"), trials="many")
"""
"""One in which it has something to say about every line after the first."""


def type_problems(python: str, folder: str) -> list[str]:
    """What pyright, with what an environment has installed, gets wrong about the two files."""
    problems: list[str] = []
    for name, text in (("user.py", USER), ("wrong.py", WRONG)):
        Path(folder, name).write_text(text, "utf-8")
    Path(folder, "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', "utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", python, "user.py", "wrong.py"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    found = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, env=environment).stdout
    said = json.loads(found)["generalDiagnostics"]
    lines: dict[str, set[int]] = {"user.py": set(), "wrong.py": set()}
    for item in said:
        name, line = Path(item["file"]).name, item["range"]["start"]["line"]
        lines[name].add(line)
        if name == "user.py":
            problems.append(f"user.py:{line + 1}: {item['message']}")
    lacking = {2, 3, 4, 5} - lines["wrong.py"]
    problems += [f"wrong.py:{line + 1}: nothing was said about it" for line in sorted(lacking)]
    return problems


def needed() -> set[str]:
    """Files of the package that are kept in version control: all of them belong into a wheel."""
    listed = subprocess.run(
        ["git", "ls-files", "leoisac"], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE
    ).stdout
    return set(listed.split())


def main() -> int:
    """Build, check, use."""
    import tomllib

    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    shutil.rmtree(DIST, ignore_errors=True)
    _run(sys.executable, "-m", "build", "--outdir", str(DIST), str(ROOT))
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    _run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
    with zipfile.ZipFile(wheel) as archive:
        missing = needed() - set(archive.namelist())
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    missing |= {
        name for name in (*needed(), "CHANGELOG.md", "CITATION.cff", "LICENSE", "README.md") if name not in inside
    }
    if missing:
        print(f"missing in wheel or sdist: {', '.join(sorted(missing))}")
        return 1
    for file in (wheel, sdist):
        print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB")
    with tempfile.TemporaryDirectory() as folder:
        _run(sys.executable, "-m", "venv", f"{folder}/bare")
        python = f"{folder}/bare/bin/python"
        _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
        program = f"PREFIX, VERSION = {folder!r}, {version!r}\n{USE}"
        clean = {"PATH": f"{folder}/bare/bin:/usr/bin:/bin", "HOME": folder, "LEOISAC_COMPILE": "quick"}
        subprocess.run([python, "-I", "-c", program], cwd=folder, env=clean, check=True)
        subprocess.run([f"{folder}/bare/bin/leoisac", "list"], cwd=folder, env=clean, check=True)
        problems = type_problems(python, folder)
        print("\n".join(problems) or "pyright knows the wheel's types")
    return 1 if problems else 0


def _run(*command: str) -> None:
    subprocess.run(command, check=True, cwd=tempfile.gettempdir())


if __name__ == "__main__":
    sys.exit(main())
