"""What a design achieves: SINR and rates, detection, beampatterns. Pure functions of physical quantities."""
