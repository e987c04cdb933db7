"""Physical constants, each in one place and in SI (exact values of the 2019 SI where they exist)."""

SPEED_OF_LIGHT_M_S = 299_792_458.0
BOLTZMANN_J_K = 1.380_649e-23

EARTH_MEAN_RADIUS_M = 6_371_000.0
"""Radius of the spherical Earth that TR 38.811 and TR 38.821 use."""

WGS84_SEMI_MAJOR_M = 6_378_137.0
WGS84_FLATTENING = 1.0 / 298.257_223_563
EARTH_GM_M3_S2 = 3.986_004_418e14
EARTH_ROTATION_RAD_S = 7.292_115_146_7e-5
"""Mean rotation rate of the Earth with respect to the stars."""
