"""Antenna patterns of two numbers: a Gaussian-type spot beam and a main lobe over a constant side-lobe level."""

from __future__ import annotations

from typing import Any

from leoisac.foundation.namespace import RealLike, array_namespace


def gaussian_beam_gain(off_axis: RealLike, half_power_angle: RealLike) -> Any:
    """Gain relative to the beam axis, ``10^(-0.3 (phi / phi_3dB)^2)``.

    The main lobe of ITU-R S.1528 and TR 38.811 in its parabolic form: half the power (10^-0.3) at ``phi_3dB``. Without
    side lobes: far from the axis it is too small.

    Args:
        off_axis: angle from the beam axis ``phi``, any shape.
        half_power_angle: one-sided 3 dB angle, in the same unit.
    """
    return 10.0 ** (-0.3 * (off_axis / half_power_angle) ** 2)


def rectangular_gain(offset: RealLike, main_gain: RealLike, side_gain: RealLike, threshold: RealLike) -> Any:
    """``main_gain`` up to ``threshold`` from the axis, ``side_gain`` beyond.

    Args:
        offset: angle from the axis, any shape; its sign does not count.
        main_gain, side_gain: power gains.
        threshold: half width of the main lobe, in the unit of ``offset``.
    """
    xp = array_namespace(offset, main_gain, side_gain, threshold)
    return xp.where(xp.abs(offset) <= threshold, main_gain, side_gain)
