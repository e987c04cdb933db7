import pytest

from leoisac.foundation.units import w_to_dbm
from leoisac.propagation.noise import figure_of_merit_db_per_k, system_noise_temperature, thermal_noise_power


def test_thermal_noise_reference_levels():
    assert w_to_dbm(thermal_noise_power(290.0, 1.0)) == pytest.approx(-173.975, abs=1e-3)
    assert w_to_dbm(thermal_noise_power(300.0, 20e6)) == pytest.approx(-100.8, abs=0.02)
    assert thermal_noise_power(150.0, 10e6, boltzmann_j_k=1.38e-23) == pytest.approx(2.07e-14)


@pytest.mark.parametrize(
    ("gain_dbi", "noise_figure_db", "antenna_temperature_k", "figure_of_merit"),
    [(39.7, 1.2, 150.0, 15.9), (0.0, 7.0, 290.0, -31.6)],
)
def test_terminals_of_tr_38_821(gain_dbi, noise_figure_db, antenna_temperature_k, figure_of_merit):
    temperature = system_noise_temperature(noise_figure_db, antenna_temperature_k)
    assert figure_of_merit_db_per_k(gain_dbi, temperature) == pytest.approx(figure_of_merit, abs=0.05)


def test_a_noiseless_receiver_has_the_temperature_of_its_antenna():
    assert system_noise_temperature(0.0, 77.0) == 77.0
