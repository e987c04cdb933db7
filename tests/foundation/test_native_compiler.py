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
    """GCC 12.2 left the call of this loop out, and so designs for three users at their starts."""
    monkeypatch.delenv(COMPILE_VARIABLE, raising=False)
    try:
        library = compiler.library_of(TRANSPOSE, effort=effort)
    except compiler.NoCompilerError as error:
        pytest.skip(str(error))
    given, found = np.arange(192.0).reshape(3, 8, 8), np.zeros((3, 8, 8))
    library.transposed(given.ctypes.data_as(ctypes.c_void_p), found.ctypes.data_as(ctypes.c_void_p))
    np.testing.assert_array_equal(found, given.transpose(0, 2, 1))


ORDERS = [
    ((3, 8, 8), (0, 2, 1)),
    ((8, 3), (1, 0)),
    ((16, 4, 8), (2, 1, 0)),
    ((4, 16, 3), (1, 2, 0)),
    ((2, 8, 3, 4), (3, 1, 0, 2)),
    ((5, 4, 2, 8), (0, 3, 2, 1)),
    ((8, 2, 16), (1, 0, 2)),
]


def _reordering(number: int, shape: tuple[int, ...], order: tuple[int, ...]) -> str:
    """Reorders axes as generated programs do, then adds to what was read: an array that is read and written."""
    size, axes = int(np.prod(shape)), range(len(shape))
    strides = [int(np.prod(shape[axis + 1 :])) for axis in axes]
    moved = [shape[axis] for axis in order]
    loops = "".join(f"for (int i{k} = 0; i{k} < {moved[k]}; ++i{k}) " for k in axes)
    to = "+".join(f"{int(np.prod(moved[k + 1 :]))}*i{k}" for k in axes)
    from_ = "+".join(f"{strides[order[k]]}*i{k}" for k in axes)
    return f"""
struct Arrays{number} {{
  alignas(32) double from[{size + 4}], to[{size + 4}];
  __attribute__((noinline)) void reorder() {{ {loops} to[{to}] = from[{from_}]; }}
  __attribute__((noinline)) void add() {{ {loops} from[{from_}] += 2.0 * to[{to}]; }}
}};
extern "C" __attribute__((visibility("default"))) void reordered{number}(double* from, double* to) {{
  static Arrays{number} arrays;
  for (int i = 0; i < {size}; ++i) arrays.from[i] = from[i];
  arrays.reorder();
  arrays.add();
  for (int i = 0; i < {size}; ++i) to[i] = arrays.to[i], from[i] = arrays.from[i];
}}
"""


@pytest.mark.parametrize("effort", [1, None])
def test_axes_of_any_order_are_read_and_written(effort: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against NumPy, for shapes some of which GCC 12.2 failed on."""
    monkeypatch.delenv(COMPILE_VARIABLE, raising=False)
    source = "".join(_reordering(number, *each) for number, each in enumerate(ORDERS))
    try:
        library = compiler.library_of(source, effort=effort)
    except compiler.NoCompilerError as error:
        pytest.skip(str(error))
    for number, (shape, order) in enumerate(ORDERS):
        given = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
        kept, found = given.copy(), np.zeros([shape[axis] for axis in order])
        library[f"reordered{number}"](kept.ctypes.data_as(ctypes.c_void_p), found.ctypes.data_as(ctypes.c_void_p))
        np.testing.assert_array_equal(found, given.transpose(order))
        np.testing.assert_array_equal(kept, 3.0 * given)
