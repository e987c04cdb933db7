"""Reference patterns of satellite antennas in non-geostationary orbits: Recommendation ITU-R S.1528-0.

Both are envelopes over the off-axis angle for the fixed-satellite service below 30 GHz. They are traceable by JAX and
do not import it. Gains are power gains in dBi, as the recommendation gives them; channels take
``units.from_db`` of them.
"""

from __future__ import annotations

import math
from typing import Any

from leoisac.foundation.namespace import RealLike, array_namespace


def s1528_gain_dbi(
    off_axis: RealLike,
    peak_gain_dbi: RealLike,
    half_beamwidth: RealLike,
    *,
    side_lobe_level_db: RealLike,
    a: float = 2.58,
    b: float = 6.32,
    exponent: float = 1.5,
    far_out_dbi: RealLike = 0.0,
    back_lobe_dbi: RealLike | None = None,
) -> Any:
    """Gain of ITU-R S.1528 recommends 1.2, circular beam, in dBi.

    With ``psi`` the off-axis angle, ``psi_b`` the half beamwidth, ``G_m`` the peak and ``L_N`` the side-lobe level::

        G_m - 3 (psi/psi_b)^exponent                             psi <= a psi_b
        G_m + L_N                                     a psi_b <  psi <= b psi_b
        max(G_m + L_N - 25 log10(psi/(b psi_b)), L_F)  b psi_b <  psi <= 90 degrees
        L_B                                                      psi >  90 degrees

    The recommendation is **discontinuous at a psi_b**: the main lobe ends there 12.43 dB below the peak, the plateau
    lies |L_N| below it. It may also rise at 90 degrees, where the back lobe L_B can exceed L_F. Its first line starts
    at psi_b; here it is used from the axis on.

    Args:
        off_axis: angle from the beam axis in radians, 0 to pi, any shape.
        peak_gain_dbi: ``G_m``.
        half_beamwidth: ``psi_b``, half of the 3 dB beamwidth in the plane of interest, radians.
        side_lobe_level_db: ``L_N``, near-in side-lobe level relative to the peak; the recommendation tabulates
            -15, -20, -25 and -30 dB (the last for further study).
        a, b, exponent: shape of main lobe and plateau; the defaults hold for a circular beam and every tabulated L_N.
        far_out_dbi: ``L_F``, far-out side-lobe level.
        back_lobe_dbi: ``L_B``; by default max(15 + L_N + 0.25 G_m, 0) dBi as recommended.
    """
    xp = array_namespace(off_axis, peak_gain_dbi, half_beamwidth, side_lobe_level_db, far_out_dbi, back_lobe_dbi)
    plateau = peak_gain_dbi + side_lobe_level_db
    main_lobe = peak_gain_dbi - 3.0 * (off_axis / half_beamwidth) ** exponent
    plateau_end = b * half_beamwidth
    # The decay starts at the end of the plateau: before it, the logarithm is that of 1 and the gain the plateau's.
    decay = 25.0 * xp.log10(xp.maximum(off_axis, plateau_end) / plateau_end)
    side_lobes = xp.maximum(plateau - decay, far_out_dbi)
    if back_lobe_dbi is None:
        back_lobe_dbi = xp.maximum(15.0 + side_lobe_level_db + 0.25 * peak_gain_dbi, 0.0)
    forward = xp.where(off_axis <= a * half_beamwidth, main_lobe, side_lobes)
    return xp.where(off_axis <= 0.5 * math.pi, forward, back_lobe_dbi)


def s1528_leo_gain_dbi(
    off_axis: RealLike,
    peak_gain_dbi: RealLike,
    half_beamwidth: RealLike,
    *,
    side_lobe_level_db: RealLike = -6.75,
    main_lobe_ratio: RealLike = 1.5,
    far_out_dbi: RealLike = 0.0,
) -> Any:
    """Gain of ITU-R S.1528 recommends 1.3, low-earth-orbit branch, in dBi.

    With ``Y = main_lobe_ratio psi_b`` and ``Z = Y 10^(0.04 (G_m + L_s - L_F))``::

        G_m - 3 (psi/psi_b)^2                psi <= Y
        G_m + L_s - 25 log10(psi/Y)     Y <  psi <= Z
        L_F                                  psi >  Z

    and never below L_F. The defaults make it continuous at Y (3 x 1.5^2 = 6.75 dB), and it is always continuous at Z;
    another pair of L_s and Y jumps at Y unless ``L_s = -3 (Y/psi_b)^2``. L_s = -12 dB with Y = 2 psi_b is the
    recommendation's medium-earth-orbit branch. Its first line starts at psi_b; here it is used from the axis on.

    Args:
        off_axis: ``psi``, angle from the beam axis in radians, 0 to pi, any shape.
        peak_gain_dbi: ``G_m``.
        half_beamwidth: ``psi_b``, half of the 3 dB beamwidth, radians.
        side_lobe_level_db: ``L_s``, main-beam and near-in side-lobe crossing level relative to the peak.
        main_lobe_ratio: ``Y/psi_b``.
        far_out_dbi: ``L_F``, far-out side-lobe level.
    """
    xp = array_namespace(off_axis, peak_gain_dbi, half_beamwidth, side_lobe_level_db, main_lobe_ratio, far_out_dbi)
    main_lobe_end = main_lobe_ratio * half_beamwidth
    main_lobe = peak_gain_dbi - 3.0 * (off_axis / half_beamwidth) ** 2
    # Clamping at Y keeps the unused branch finite on the axis, where its logarithm would poison gradients.
    decay = 25.0 * xp.log10(xp.maximum(off_axis, main_lobe_end) / main_lobe_end)
    side_lobes = peak_gain_dbi + side_lobe_level_db - decay
    # L_F takes over exactly at Z, so the floor also stands for the third line.
    return xp.maximum(xp.where(off_axis <= main_lobe_end, main_lobe, side_lobes), far_out_dbi)
