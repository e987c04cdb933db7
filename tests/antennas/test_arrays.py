import numpy as np
import pytest

from leoisac.antennas.arrays import ArrayLayout, ula, upa


def test_ula_lies_along_x_from_the_origin():
    layout = ula(4)
    assert layout.count == 4
    assert layout.shape == (4,)
    np.testing.assert_array_equal(layout.positions, [[0, 0, 0], [0.5, 0, 0], [1, 0, 0], [1.5, 0, 0]])


@pytest.mark.parametrize(("plane", "axes"), [("xy", (0, 1)), ("yz", (1, 2)), ("zx", (2, 0))])
def test_upa_stores_row_major(plane, axes):
    layout = upa(2, 3, spacing=0.7, plane=plane)
    for r in range(2):
        for c in range(3):
            expected = np.zeros(3)
            expected[axes[0]], expected[axes[1]] = 0.7 * r, 0.7 * c
            np.testing.assert_allclose(layout.positions[r * 3 + c], expected)


def test_layouts_compare_and_hash_by_content_and_are_read_only():
    assert upa(2, 3) == upa(2, 3)
    assert hash(upa(2, 3)) == hash(upa(2, 3))
    assert upa(2, 3) != upa(3, 2)
    assert ula(3) != "ula"
    with pytest.raises(ValueError, match="read-only"):
        ula(2).positions[0, 0] = 1.0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ula(0), "count=0"),
        (lambda: ula(3, spacing=0.0), "spacing=0.0"),
        (lambda: upa(2, 0), "columns=0"),
        (lambda: upa(2, 2, plane="xx"), "plane='xx'"),
        (lambda: upa(2, 2, plane="xyz"), "plane='xyz'"),
        (lambda: ArrayLayout(np.zeros((3, 3)), (2, 2)), "holds 4 elements"),
    ],
)
def test_impossible_arrays_are_refused_by_name(build, message):
    with pytest.raises(ValueError, match=message):
        build()
