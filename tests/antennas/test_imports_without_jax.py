import subprocess
import sys


def test_tables_can_be_computed_without_importing_jax():
    """Help, lists and link budgets must come up at once; importing JAX takes a second."""
    program = """
import sys
from leoisac.antennas.arrays import upa
from leoisac.antennas.satellite_patterns import s1528_gain_dbi, s1528_leo_gain_dbi
from leoisac.antennas.steering import steering_vector
from leoisac.propagation import feed_phase, rain, terrestrial
from leoisac.propagation.free_space import free_space_gain, wavelength
from leoisac.propagation.link_budget import satellite_downlink_budget
from leoisac.propagation.noise import thermal_noise_power
s1528_leo_gain_dbi(0.1, 40.0, 0.05)
s1528_gain_dbi(0.1, 40.0, 0.05, side_lobe_level_db=-20.0)
steering_vector(upa(2, 2).positions, 0.1, 0.2)
free_space_gain(1e6, wavelength(2e10))
thermal_noise_power(290.0, 1e6)
satellite_downlink_budget("x", carrier_hz=2e10, bandwidth_hz=1e6, distance_m=1e6, eirp_dbw=30.0,
                          figure_of_merit_db_per_k=10.0)
print("jax" in sys.modules)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
