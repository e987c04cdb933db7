# pyright: reportMissingTypeStubs=false, reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownParameterType=false
"""Variables of files that other programs wrote: NumPy's NPZ, MATLAB's MAT of every version, HDF5.

What a file is decides its content, not its name. Axes come as the program that wrote the file counts them: those of
MATLAB arrays stand in MATLAB's order, although version 7.3 lays them down in the reverse one. Nothing is unpickled.
"""

from __future__ import annotations

import difflib
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from leoisac.experiment.channel_checks import as_numpy
from leoisac.experiment.errors import ChannelError
from leoisac.foundation.config import ConfigError, shown

_HDF5 = b"\x89HDF\r\n\x1a\n"
_HDF5_PLACES = (0, 512, 1024, 2048)
_MATLAB = b"MATLAB "
"""Begins the text before both kinds of MAT-file, HDF5 (from version 7.3 on) and MATLAB's own."""
_LISTED = 12
INSTALL_HDF5 = 'pip install "leoisac[hdf5]"'


@dataclass(frozen=True)
class Variable:
    """One array of a file.

    Attributes:
        values: its numbers, axes as its writer counts them.
        pads_axes: written by MATLAB, which knows no array of fewer than two axes and forgets last ones of length 1.
    """

    values: np.ndarray
    pads_axes: bool = False


class Variables(Protocol):
    """Arrays by name."""

    label: str
    """What to call the file in a message."""

    def names(self) -> list[str]:
        """Names of all arrays."""
        ...

    def read(self, name: str) -> Variable:
        """One of them (ConfigError if there is none, or it is no array of numbers)."""
        ...


@contextmanager
def opened(file: str | Path | Mapping[str, Any]) -> Generator[Variables]:
    """The variables of a file, or of a mapping of arrays in memory.

    Raises:
        ConfigError: if it cannot be read, naming the file and what to do.
    """
    if isinstance(file, Mapping):
        yield _InMemory(file)
        return
    path = Path(file).expanduser()
    head = _head(path)
    try:
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
                yield _Npz(path.name, archive)
        elif any(head[place : place + len(_HDF5)] == _HDF5 for place in _HDF5_PLACES):
            with _h5py(path).File(path, "r") as tree:
                yield _Hdf5(path.name, tree, head.startswith(_MATLAB))
        elif head.startswith(_MATLAB) or path.suffix.lower() == ".mat":
            yield _Mat(path)
        else:
            raise ConfigError(
                f"channels.file = {shown(str(path))}: is neither NPZ, MAT nor HDF5. Save it by numpy.savez, MATLAB's "
                "save, or h5py."
            )
    except (ConfigError, ChannelError):
        raise
    except (OSError, ValueError, KeyError, EOFError, NotImplementedError, TypeError, zipfile.BadZipFile) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ConfigError(
            f"channels.file = {shown(str(path))}: cannot be read ({shown(reason, 200)[1:-1]}). Write it again."
        ) from None


class _InMemory:
    label = "the mapping"

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._arrays = arrays

    def names(self) -> list[str]:
        return [str(name) for name in self._arrays]

    def read(self, name: str) -> Variable:
        if name not in self._arrays:
            raise _missing(self, name, {})
        return Variable(_numbers(self, name, as_numpy(name, self._arrays[name])))


class _Npz:
    def __init__(self, label: str, archive: Any) -> None:
        self.label, self._archive = label, archive

    def names(self) -> list[str]:
        return list(self._archive.files)

    def read(self, name: str) -> Variable:
        if name not in self._archive.files:
            raise _missing(self, name, {})
        return Variable(_numbers(self, name, self._archive[name]))


class _Mat:
    """Versions 4 to 7, by SciPy. Fields of structures are written ``structure.field``."""

    def __init__(self, path: Path) -> None:
        from scipy import io

        self.label, self._path, self._load = path.name, path, io.loadmat
        self._shapes = {name: shape for name, shape, _ in io.whosmat(path)}

    def names(self) -> list[str]:
        return list(self._shapes)

    def read(self, name: str) -> Variable:
        first, *fields = _steps(name)
        if first not in self._shapes:
            raise _missing(self, name, self._shapes)
        value: Any = self._load(self._path, variable_names=[first])[first]
        for field in fields:
            known = getattr(value, "dtype", np.dtype(float)).names or ()
            if field not in known or value.size != 1:
                raise ConfigError(
                    f"{self.label}: `{name}`: there is no field `{field}`. There are: {_list(known) or 'none'}."
                )
            value = value.reshape(-1)[0][field]
        return Variable(_numbers(self, name, value), pads_axes=True)


class _Hdf5:
    """HDF5, and MAT version 7.3, which is HDF5 with every array's axes in reverse order."""

    def __init__(self, label: str, tree: Any, is_matlab: bool) -> None:
        self.label, self._tree, self._is_matlab = label, tree, is_matlab
        found: dict[str, tuple[int, ...]] = {}

        def note(name: str, item: Any) -> None:
            if hasattr(item, "shape") and not name.startswith("#"):  # MATLAB's own "#refs#" and "#subsystem#"
                shape = tuple(item.shape or ())
                found[name] = shape[::-1] if is_matlab else shape

        tree.visititems(note)
        self._shapes = found

    def names(self) -> list[str]:
        return list(self._shapes)

    def read(self, name: str) -> Variable:
        place = name if name in self._shapes else "/".join(_steps(name))
        if place not in self._shapes:
            raise _missing(self, name, self._shapes)
        item = self._tree[place]
        values = np.asarray(item[()])
        if item.attrs.get("MATLAB_empty", 0):  # what stands in the file are the lengths of the axes
            values = np.zeros(tuple(int(length) for length in values.reshape(-1)))
        elif self._is_matlab:
            values = values.T
        return Variable(_numbers(self, name, _complex(values)), pads_axes=self._is_matlab)


def _complex(values: np.ndarray) -> np.ndarray:
    """Complex numbers of a compound of two parts, as MATLAB (``real``, ``imag``) and others (``r``, ``i``) write it."""
    for real, imaginary in (("real", "imag"), ("r", "i"), ("re", "im")):
        if values.dtype.names == (real, imaginary):
            parts = values[real], values[imaginary]
            made = np.empty(values.shape, np.result_type(parts[0].dtype, np.complex64))
            made.real, made.imag = parts
            return made
    return values


def _numbers(source: Variables, name: str, values: Any) -> np.ndarray:
    values = np.asarray(values)
    if values.dtype.kind not in "iufc":
        kind = "a structure" if values.dtype.names else f"of type {values.dtype}"
        raise ConfigError(
            f"{source.label}: `{name}` is no array of numbers, but {kind}. Save a plain numeric array (full, not "
            "sparse; no cell array), or name a field of the structure: `structure.field`."
        )
    return values


def _missing(source: Variables, name: str, shapes: Mapping[str, tuple[int, ...]]) -> ConfigError:
    names = source.names()
    listed = [f"{item} {'x'.join(map(str, shapes[item]))}" if shapes.get(item) else item for item in names[:_LISTED]]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    near = difflib.get_close_matches(name, names, 1)
    meant = f" Did you mean `{near[0]}`?" if near else ""
    there = f"There are: {', '.join(listed)}{more}." if names else "It holds none."
    return ConfigError(f"{source.label}: there is no variable `{shown(name)[1:-1]}`.{meant} {there}")


def _list(names: Any) -> str:
    return ", ".join(map(str, names))


def _steps(name: str) -> list[str]:
    return [step for step in name.replace("/", ".").split(".") if step]


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_HDF5_PLACES[-1] + len(_HDF5))
    except FileNotFoundError:
        raise ConfigError(
            f"channels.file = {shown(str(path))}: there is no such file. A path in a scenario file is relative to the "
            "scenario's folder."
        ) from None
    except IsADirectoryError:
        raise ConfigError(f"channels.file = {shown(str(path))}: is a folder; name the file.") from None
    except OSError as error:
        raise ConfigError(f"channels.file = {shown(str(path))}: cannot be read: {error.strerror}.") from None
    except ValueError:
        raise ConfigError(f"channels.file = {shown(str(path))}: is no name of a file.") from None


def _h5py(path: Path) -> Any:
    try:
        import h5py
    except ModuleNotFoundError:
        raise ConfigError(
            f"channels.file = {shown(str(path))}: is HDF5 (MATLAB's version 7.3 is), which needs h5py, not installed "
            f"here. Install with: {INSTALL_HDF5}; or save it in MATLAB with the option '-v7', in Python by numpy.savez."
        ) from None
    return h5py
