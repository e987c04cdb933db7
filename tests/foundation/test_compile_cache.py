"""Compiled programs on disk: found again, never half read, never from a stranger."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leoisac.foundation import compile_cache as cc

PROGRAM = """
import leoisac.foundation.jax_setup as setup
from jax._src import monitoring
hits = []
setup.jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
monitoring.register_event_listener(lambda event, **_: hits.append(event) if event.endswith("cache_hits") else None)
program = setup.jax.jit(lambda x: setup.jnp.linalg.eigh(x + x.T)[0])
with setup.double_precision():
    out = program(setup.jnp.arange(9.0).reshape(3, 3))
ours = len(hits)
program(setup.jnp.arange(9.0).reshape(3, 3))  # the same in the user's precision: never ours to keep
assert len(hits) == ours
print(ours, [float(value).hex() for value in out])
"""


def _start(folder: Path | str) -> subprocess.Popen[str]:
    environment = {**os.environ, cc.VARIABLE: str(folder), "JAX_COMPILATION_CACHE_DIR": ""}
    return subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, text=True)


def test_processes_share_programs_and_numbers(tmp_path: Path) -> None:
    first, second = _start(tmp_path), _start(tmp_path)  # at once: neither may read what the other has half written
    texts = [process.communicate()[0].split(maxsplit=1) for process in (first, second)]
    hits, numbers = _start(tmp_path).communicate()[0].split(maxsplit=1)
    assert int(hits) > 0
    assert {text[1] for text in texts} == {numbers}
    assert not list(tmp_path.rglob(".*")), "temporary files are left"


class TestEntries:
    def test_round_trip(self, tmp_path: Path) -> None:
        cc.write_entry(tmp_path / "program", b"code")
        assert cc.read_entry(tmp_path / "program") == b"code"
        assert cc.read_entry(tmp_path / "other") is None

    @pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:10], lambda b: b"", lambda b: b[:-1] + b"x"])
    def test_damaged_ones_are_removed(self, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
        file = tmp_path / "program"
        cc.write_entry(file, b"code")
        file.write_bytes(damage(file.read_bytes()))
        assert cc.read_entry(file) is None
        assert not file.exists()

    def test_a_folder_that_has_gone_costs_the_entry_only(self, tmp_path: Path) -> None:
        cc.write_entry(tmp_path / "gone" / "program", b"code")
        assert cc.read_entry(tmp_path / "gone" / "program") is None

    def test_the_longest_unused_go_first(self, tmp_path: Path) -> None:
        (tmp_path / "machine").mkdir()
        for age in range(4):
            file = tmp_path / "machine" / str(age)
            file.write_bytes(bytes(100))
            os.utime(file, (1e9 - age, 1e9 - age))
        cc.shrink(tmp_path, 400)
        assert len(list(tmp_path.glob("*/*"))) == 4
        cc.shrink(tmp_path, 300)
        assert sorted(file.name for file in tmp_path.glob("*/*")) == ["0", "1"]


class TestFolder:
    def test_switched_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(cc.VARIABLE, "off")
        assert cc.cache_folder() is None
        assert cc.VARIABLE in cc.cache_state().reason

    def test_clearing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(cc.VARIABLE, str(tmp_path))
        (tmp_path / "programs" / "machine").mkdir(parents=True)
        cc.write_entry(tmp_path / "programs" / "machine" / "program", b"code")
        assert cc.clear_cache().entries == 1
        assert cc.cache_state().entries == 0

    def test_one_that_others_may_write_to_is_not_used(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(cc.VARIABLE, str(tmp_path))
        (tmp_path / "programs").mkdir()
        (tmp_path / "programs").chmod(0o777)
        assert "others" in cc.cache_state().reason
        assert cc.cache_state().folder is None
