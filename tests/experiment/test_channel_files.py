"""Channels from files: every format gives the same numbers, and what is no channel is refused with the remedy."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matlab_73 import save_73
from scipy import io

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.channel_checks import HOW_TO_TEST
from leoisac.experiment.contracts import System
from leoisac.experiment.scenario.channel_files import opened
from leoisac.experiment.scenario.channel_source import ChannelSource, read_source
from leoisac.experiment.trials import given_channels

SYSTEM = catalogue.find("self-backhaul")
CONFIG = SYSTEM.config().replace(num_users=3, bs_array=(2, 2), num_feeds=5)
TRIALS = 6


def numbers(*shape: int) -> np.ndarray:
    generator = np.random.default_rng(len(shape))
    return generator.normal(size=shape) + 1j * generator.normal(size=shape)


ARRAYS = {
    "h_users": numbers(TRIALS, 3, 4),
    "h_es": numbers(TRIALS, 4),
    "g_users": numbers(TRIALS, 3, 5),
    "g_es": numbers(5),
    "noise_power": np.array(0.2),
}
MAPPING: dict[str, Any] = {
    "h_users": "H(bs_antenna, user, trial)",
    "h_es": "h(trial, :)",
    "g_users": "conj(G(trial, feed, user))",
    "g_es": "complex(ge_re(feed), ge_im(feed))",
    "noise_power": "s2",
}
STORED = {
    "H": ARRAYS["h_users"].transpose(2, 1, 0),
    "h": ARRAYS["h_es"],
    "G": ARRAYS["g_users"].transpose(0, 2, 1).conj(),
    "ge_re": ARRAYS["g_es"].real,
    "ge_im": ARRAYS["g_es"].imag,
    "s2": ARRAYS["noise_power"],
}


def as_npz(path: Path, arrays: Any) -> Path:
    np.savez(path.with_suffix(".npz"), **arrays)
    return path.with_suffix(".npz")


def as_mat(path: Path, arrays: Any) -> Path:
    io.savemat(path.with_suffix(".mat"), arrays)
    return path.with_suffix(".mat")


def as_mat_73(path: Path, arrays: Any) -> Path:
    pytest.importorskip("h5py")
    save_73(path.with_suffix(".mat"), arrays)
    return path.with_suffix(".mat")


def as_hdf5(path: Path, arrays: Any) -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return path.with_suffix(".h5")


def read(file: Any, **changes: Any) -> ChannelSource:
    return read_source(SYSTEM, CONFIG, file, {**MAPPING, **changes})


FORMATS = pytest.mark.parametrize("save", [as_npz, as_mat, as_mat_73, as_hdf5])


class TestFormats:
    @FORMATS
    def test_every_format_gives_the_same_numbers_and_digest(self, save: Callable[..., Path], tmp_path: Path) -> None:
        source = read(save(tmp_path / "meas", STORED))
        assert source.sha256 == read_source(SYSTEM, CONFIG, ARRAYS, {}).sha256
        assert source.trials == TRIALS
        assert source.held is not None
        for name, values in ARRAYS.items():
            np.testing.assert_array_equal(source.held[name], np.broadcast_to(values, source.held[name].shape))

    @FORMATS
    def test_one_trial_whose_axis_matlab_forgets(self, save: Callable[..., Path], tmp_path: Path) -> None:
        stored = {**STORED, "H": STORED["H"][..., :1], "h": STORED["h"][:1], "G": STORED["G"][:1]}
        assert read(save(tmp_path / "one", stored)).trials == 1

    @FORMATS
    def test_single_precision_is_taken_only_when_told(self, save: Callable[..., Path], tmp_path: Path) -> None:
        if save is as_mat_73:
            pytest.skip("written in double precision by the helper")
        file = save(tmp_path / "single", {**STORED, "H": STORED["H"].astype(np.complex64)})
        with pytest.raises(li.ChannelError, match=r"h_users \(`H` of single.*complex64 is too coarse.*single = true"):
            read(file)
        assert read_source(SYSTEM, CONFIG, file, MAPPING, single=True).trials == TRIALS

    def test_a_file_of_matlab_in_both_versions(self) -> None:
        pytest.importorskip("h5py")
        folder = resources.files("scipy.io.matlab.tests") / "data"
        if not folder.is_dir():
            pytest.skip("this SciPy came without its tests")
        with resources.as_file(folder) as data:
            with opened(data / "testhdf5_7.4_GLNX86.mat") as new, opened(data / "testdouble_7.4_GLNX86.mat") as old:
                assert new.names() == old.names() == ["testdouble"]
                np.testing.assert_array_equal(new.read("testdouble").values, old.read("testdouble").values)
            with opened(data / "teststructnest_7.4_GLNX86.mat") as nested:
                np.testing.assert_array_equal(nested.read("teststructnest.one").values, [[1.0]])
            with opened(data / "testcomplex_7.4_GLNX86.mat") as made:
                assert made.read("testcomplex").values.dtype == np.complex128

    def test_a_file_of_octave(self) -> None:
        """``data/octave-v7.m`` wrote it: columns first, structures, complex zeros; numbers say their place."""
        mapping = {
            "h_users": "conj(H(user, bs_antenna, trial))",
            "h_es": "meas.h(:, trial)",
            "g_users": "G(user, feed, trial)",
            "g_es": "ge(feed)",
            "noise_power": "s2",
        }
        file = Path(__file__).parent / "data" / "octave-v7.mat"
        held = read_source(SYSTEM, CONFIG, file, mapping).held
        assert held is not None
        t, u, a = np.meshgrid(np.arange(1, 7), np.arange(1, 4), np.arange(1, 5), indexing="ij")
        place = u + 10.0 * a + 100.0 * t
        np.testing.assert_array_equal(held["h_users"], place - 1j * np.sqrt(place))
        np.testing.assert_array_equal(held["h_es"], a[:, 0] - 1j * t[:, 0])
        t, u, f = np.meshgrid(np.arange(1, 7), np.arange(1, 4), np.arange(1, 6), indexing="ij")
        np.testing.assert_array_equal(held["g_users"], f + 1j * (u + t))
        np.testing.assert_array_equal(held["g_es"], np.broadcast_to(np.arange(1.0, 6.0) + 0j, (6, 5)))

    def test_structures_and_groups(self, tmp_path: Path) -> None:
        h5py = pytest.importorskip("h5py")
        io.savemat(tmp_path / "s.mat", {"meas": {"H": STORED["H"]}})
        with h5py.File(tmp_path / "s.h5", "w") as file:
            file["meas/H"] = STORED["H"]
        for name in ("s.mat", "s.h5"):
            with opened(tmp_path / name) as variables:
                np.testing.assert_array_equal(variables.read("meas.H").values, STORED["H"])

    def test_hdf5_without_h5py_says_what_to_install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "m.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n")
        monkeypatch.setitem(__import__("sys").modules, "h5py", None)
        with pytest.raises(li.ConfigError, match=r"leoisac\[hdf5\].*-v7"):
            read(tmp_path / "m.mat")


class Tensor:
    """An array that has nothing but DLPack's interface."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def __dlpack__(self, **options: Any) -> Any:
        return self._values.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._values.__dlpack_device__()


class OnDevice(Tensor):
    def __dlpack__(self, **options: Any) -> Any:
        raise BufferError("memory of the device is not accessible")


class TestInMemory:
    def test_dlpack_and_entries_of_axes(self) -> None:
        """As Sionna's channels lie: (batch, receiver, receiver antenna, transmitter, its antenna, symbol, carrier)."""
        response = numbers(TRIALS, 3, 1, 2, 4, 5, 7)
        wanted = np.conj(response[:, :, 0, 1, :, 0, 6])
        file = {**{name: STORED[name] for name in STORED if name != "H"}, "h_freq": Tensor(response)}
        source = read(file, h_users="conj(h_freq(trial, user, _, 1, bs_antenna, 0, 6))")
        assert source.held is not None
        np.testing.assert_array_equal(source.held["h_users"], wanted)

    def test_what_lies_on_a_device_is_refused(self) -> None:
        with pytest.raises(li.ChannelError, match=r"h_users: is not an array: memory of the device.*\.cpu\(\)"):
            li.read_channels(CONFIG, {**ARRAYS, "h_users": OnDevice(ARRAYS["h_users"])})

    def test_they_are_the_channels_of_the_system(self) -> None:
        made = li.read_channels(CONFIG, {"file": STORED, **MAPPING})
        expected = li.channels(CONFIG, **ARRAYS)
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(made, name), getattr(expected, name))


def changed(name: str, value: Any) -> dict[str, Any]:
    return {**STORED, name: value}


def with_nan() -> np.ndarray:
    values = STORED["H"].copy()
    values[1, 2, 3] = np.nan
    return values


REFUSED: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    (
        STORED,
        {"h_users": "Hx(user, bs_antenna, trial)"},
        li.ConfigError,
        r"no variable `Hx`.*mean `H`.*There are: H, h",
    ),
    (
        STORED,
        {"h_users": "H(user, antenna, trial)"},
        li.ConfigError,
        "no axis 'antenna'; it has user, bs_antenna, trial",
    ),
    (STORED, {"h_users": "H(user, trial)"}, li.ConfigError, "the axis `bs_antenna` is missing"),
    (STORED, {"h_users": "H(user, user, trial)"}, li.ConfigError, "`user` stands twice"),
    (STORED, {"h_users": "H(user, bs_antenna)"}, li.ConfigError, r"names 2 axes, and the mapping has 3 there"),
    (
        STORED,
        {"h_users": "H(user, bs_antenna, _)"},
        li.ConfigError,
        "axis 3 has 6 entries.*_ is for an axis of length 1",
    ),
    (STORED, {"h_users": "H(user, bs_antenna, 9)"}, li.ConfigError, "axis 3 has 6 entries.*9 is none of them"),
    (STORED, {"h_users": "H(:, user, :, trial)"}, li.ConfigError, "2 colons for 1 axes that are not named"),
    (STORED, {"h_users": "H(user"}, li.ConfigError, r'cannot be read.*"H\(user, bs_antenna, trial\)"'),
    (STORED, {"h_users": "complex(H(bs_antenna, user, trial))"}, li.ConfigError, "`complex` takes 2"),
    (STORED, {"h_users": 3.0}, li.ConfigError, "a number stands for an array without axes alone"),
    (STORED, {"h_users": "ge_re"}, li.ConfigError, r"has 1 axes there.*ge_re\(user, bs_antenna, trial\)"),
    (
        STORED,
        {"h_users": "H(user, bs_antenna, trial)"},
        li.ChannelError,
        r"axis `user` has 4 entries, the configuration says 3 \(num_users=3\).*looks transposed.*\(bs_antenna, user\)"
        r".*cannot be told from a right one.*li\.evaluate",
    ),
    (
        changed("H", with_nan()),
        {},
        li.ChannelError,
        r"h_users \(`H` of the mapping\): 1 of 72 entries are NaN.*Leave such trials out",
    ),
    (changed("h", STORED["h"][:4]), {}, li.ChannelError, "disagree on the number of trials.*h_users 6, h_es 4"),
    (
        changed("H", STORED["H"]),
        {"h_users": "H(trial, user, bs_antenna)"},
        li.ChannelError,
        r"disagree.*h_users 4.*h_users: The names of its axes look permuted: .* trial 4, user 3, bs_antenna 6, and "
        r"user 3, bs_antenna 4 are wanted, which leaves 6 for trial\. Name the axes in the order",
    ),
    (
        {"H": STORED["H"], "h": STORED["h"][0], "G": STORED["G"][0], "g_es": numbers(5), "s2": 1e-13},
        {"h_users": "H(trial, user, bs_antenna)", "h_es": "h", "g_users": "G(feed, user)", "g_es": "g_es"},
        li.ChannelError,
        r"axis `bs_antenna` has 6 entries.*names of its axes look permuted.*leaves 6 for trial",
    ),
    (changed("H", abs(STORED["H"])), {}, li.ChannelError, r"real numbers \(float64\), and complex ones are expected"),
    (changed("s2", -100.8), {}, li.ChannelError, "noise_power.*must be a positive number.*, in W.*dBm"),
    (changed("s2", 1e-13 + 0j), {}, li.ChannelError, "holds complex numbers.*real ones are expected"),
    (changed("H", np.array(["a"])), {}, li.ConfigError, "`H` is no array of numbers"),
    (
        {"H": STORED["H"]},
        dict.fromkeys(("h_es",), "h_es"),
        li.ConfigError,
        "channels.h_es: is needed, and the mapping has no variable of this name.*leoisac show self-backhaul --channels",
    ),
]


class TestRefusals:
    @pytest.mark.parametrize(("file", "mapping", "error", "text"), REFUSED, ids=[text[:40] for *_, text in REFUSED])
    def test_what_cannot_be_is_refused_with_the_remedy(
        self, file: Any, mapping: dict[str, Any], error: type[Exception], text: str
    ) -> None:
        with pytest.raises(error, match=text):
            read(file, **mapping)

    def test_files(self, tmp_path: Path) -> None:
        (tmp_path / "text.npz").write_text("no archive")
        (tmp_path / "cut.npz").write_bytes(as_npz(tmp_path / "whole", STORED).read_bytes()[:300])
        (tmp_path / "cut.mat").write_bytes(as_mat(tmp_path / "whole", STORED).read_bytes()[:200])
        for name, text in {
            "none.npz": "there is no such file",
            "text.npz": "is neither NPZ, MAT nor HDF5",
            "cut.npz": "cannot be read",
            "cut.mat": "cannot be read|no variable",
            ".": "is a folder",
        }.items():
            with pytest.raises(li.ConfigError, match=text):
                read(tmp_path / name)

    def test_nothing_is_unpickled(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "objects.npz", H=np.array([{"a": 1}], dtype=object), allow_pickle=True)
        with pytest.raises(li.ConfigError, match="cannot be read"):
            read(tmp_path / "objects.npz")


class TestAlikeAxes:
    def test_a_transpose_that_nothing_would_show_is_warned_of(self, tmp_path: Path) -> None:
        config = CONFIG.replace(num_users=4)
        arrays = {**ARRAYS, "h_users": numbers(TRIALS, 4, 4), "g_users": numbers(TRIALS, 4, 5)}
        study = li.load(scenario_file(tmp_path, SYSTEM, config, as_mat(tmp_path / "alike", arrays), ""))
        (text,) = given_channels.alike_axes(SYSTEM, study)
        assert text.startswith("channels.h_users: user and bs_antenna have the same length")
        named = 'h_users = "h_users(trial, user, bs_antenna)"'
        study = li.load(scenario_file(tmp_path, SYSTEM, config, as_mat(tmp_path / "alike", arrays), named))
        assert not given_channels.alike_axes(SYSTEM, study)


def scenario_file(folder: Path, system: System, config: Any, file: Path, lines: str, head: str = "") -> Path:
    path = folder / "my.toml"
    fields = "\n".join(f"{name} = {list(v) if isinstance(v, tuple) else v}" for name, v in config_changes(config))
    path.write_text(
        f'system = "{system.name}"\n{head}\n[channels]\nfile = "{file.name}"\n{lines}\n[config]\n{fields}\n'
    )
    return path


def config_changes(config: Any) -> list[tuple[str, Any]]:
    default = type(config)()
    return [(name, value) for name, value in config if value != getattr(default, name)]


def test_the_page_shows_how_to_find_a_conjugate_and_a_transpose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "channels.md").read_text(encoding="utf-8")
    program, printed = re.findall(r"```python\n(import numpy.*?)```\n\n```\n(.*?)```", page, re.DOTALL)[0]
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    rows = [
        [line.rpartition(" ")[0].strip() for line in text.splitlines()] for text in (capsys.readouterr().out, printed)
    ]
    assert rows[0] == rows[1]
    right, *wrong = (float(line.split()[-1]) for line in printed.splitlines())
    assert right < 1e-12
    assert min(wrong) > 1.0


def test_the_error_names_a_page_that_there_is() -> None:
    assert (Path(__file__).parents[2] / re.findall(r"docs/\w+\.md", HOW_TO_TEST)[0]).exists()
