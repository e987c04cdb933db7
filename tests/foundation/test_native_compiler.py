"""The compiler of native programs, at the effort that users have."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from leoisac.foundation.environment import COMPILE_VARIABLE
from leoisac.foundation.native import compiler

TRANSPOSE = """
struct Arrays {
  alignas(32) double from[196], to[196];
  __attribute__((noinline)) void transpose() {
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 8; ++j)
        for (int k = 0; k < 8; ++k) to[64*i+8*j+k] = from[64*i+j+8*k];
  }
};
extern "C" __attribute__((visibility("default"))) void transposed(const double* from, double* to) {
  static Arrays arrays;
  for (int i = 0; i < 192; ++i) arrays.from[i] = from[i];
  arrays.transpose();
  for (int i = 0; i < 192; ++i) to[i] = arrays.to[i];
}
"""


@pytest.mark.parametrize("effort", [1, None])
def test_matrices_are_transposed_at_every_effort(effort: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """GCC 12.2 made wrong code of this loop, and so of designs for three users."""
    monkeypatch.delenv(COMPILE_VARIABLE, raising=False)
    try:
        library = compiler.library_of(TRANSPOSE, effort=effort)
    except compiler.NoCompilerError as error:
        pytest.skip(str(error))
    given, found = np.arange(192.0).reshape(3, 8, 8), np.zeros((3, 8, 8))
    library.transposed(given.ctypes.data_as(ctypes.c_void_p), found.ctypes.data_as(ctypes.c_void_p))
    np.testing.assert_array_equal(found, given.transpose(0, 2, 1))
