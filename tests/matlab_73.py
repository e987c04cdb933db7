"""MAT-files of version 7.3 as MATLAB writes them: HDF5 behind a text of 512 bytes, axes reversed, complex numbers as
compounds. MATLAB is not needed; h5py is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def save_73(path: Path, arrays: Mapping[str, Any]) -> None:
    import h5py

    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            # MATLAB knows no array of fewer than two axes.
            plain = np.atleast_2d(np.asarray(values)).T
            if plain.dtype.kind == "c":
                made = np.empty(plain.shape, [("real", "<f8"), ("imag", "<f8")])
                made["real"], made["imag"] = plain.real, plain.imag
                plain = made
            file.create_dataset(name, data=plain).attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 .".ljust(116) + bytes(8) + b"\0\2IM")
