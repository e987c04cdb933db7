"""Maps stand on their own axes: stored and drawn peaks lie at the true delay, Doppler shift and direction."""

import numpy as np
import pytest
from bistatic_cases import configured
from closed_form_designs import STAND_IN

from leoisac.estimation.delay_doppler import delay_doppler_map
from leoisac.experiment.running.campaign import run_studies
from leoisac.experiment.scenario.scenarios import scenario
from leoisac.geometry.bistatic import departure_angles
from leoisac.systems.bistatic_rsma.evidence.beam_figures import draw_beampatterns
from leoisac.systems.bistatic_rsma.evidence.sensing_figures import draw_delay_doppler, draw_spectra
from leoisac.systems.bistatic_rsma.judge.grids import MOST_DOPPLERS, doppler_columns, pooled
from leoisac.systems.bistatic_rsma.world.ground import place
from leoisac.systems.bistatic_rsma.world.link import echo_delay, link_budget

LOUD = {
    "receiver_array": (8, 8),
    "rcs_m2": 5e6,
    "transmit_power_dbw": 23.0,
    "pattern_points": 41,
    "estimator": "music",
    "whole_sample_delay": True,
}
SIZES = {
    "three columns": {"num_samples": 64, "max_delay_samples": 60},
    "a bin a column": {"num_samples": 1024, "max_delay_samples": 64},
    "three bins a column": {"num_samples": 4096, "max_delay_samples": 57},
    "seven bins a column": {"num_samples": 4096, "max_delay_samples": 64, "doppler_search_hz": 120e3},
}


@pytest.mark.parametrize(("samples", "span_hz"), [(16, 40e3), (100, 40e3), (1024, 40e3), (4096, 40e3), (4097, 301e3)])
def test_columns_are_whole_groups_around_zero(samples, span_hz):
    columns = doppler_columns(samples, 1e-7, span_hz)
    reference = np.ones((1, samples), dtype=complex)
    search = delay_doppler_map(reference[0], reference, np.array([0]), max_doppler_hz=span_hz, sample_time_s=1e-7)
    count = len(columns.centres_hz)
    assert count <= MOST_DOPPLERS
    assert len(search.dopplers_hz) == 2 * columns.searched + 1
    np.testing.assert_allclose(columns.centres_hz, -columns.centres_hz[::-1], atol=1e-9)
    # Whatever bin holds the peak: its column is not empty, and the column's centre is the nearest of all.
    for index, shift in enumerate(search.dopplers_hz):
        magnitude = np.zeros((1, len(search.dopplers_hz)))
        magnitude[0, index] = 1.0
        column = int(np.argmax(pooled(magnitude, columns)[0]))
        assert column == int(np.argmin(np.abs(columns.centres_hz - shift)))
    assert np.all(pooled(np.ones((1, len(search.dopplers_hz))), columns) == 1.0)


@pytest.fixture(scope="module", params=SIZES)
def sensed(request):
    """One study with maps of the stand-in designs, and its configuration."""
    config = configured(**LOUD, **SIZES[request.param])
    study = scenario(STAND_IN, config, ("sdma-radar-sic:echo",), {"crb_threshold_rad2": [8e-7]}, trials=2)
    data = run_studies(STAND_IN, {"run": study})["run"]
    return config, data.assign_coords(scheme=["sdma-radar-sic"])


def test_stored_peaks_stand_at_the_truth(sensed):
    config, data = sensed
    maps = data["delay_doppler_map"].isel(scheme=0, crb_threshold_rad2=0)
    step = float(data["doppler"][1] - data["doppler"][0])
    for trial in range(2):
        peak = maps.isel(trial=trial).argmax(("delay", "doppler"))
        assert float(data["delay"][peak["delay"]]) == echo_delay(link_budget(config), whole=True)
        shift = float(data["doppler_shift"].isel(scheme=0, crb_threshold_rad2=0, trial=trial))
        # Half a column, and what a weak echo leaves of error within its resolution.
        resolution = config.bandwidth_hz / config.num_samples
        assert abs(float(data["doppler"][peak["doppler"]]) - shift) <= 0.5 * step + 0.1 * resolution


def drawn_peak(axes):
    """Where the largest cell of the map of a panel is drawn."""
    mesh = axes.collections[0]
    values = np.ma.filled(mesh.get_array(), -np.inf)
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    corners = mesh.get_coordinates()
    return corners[row : row + 2, column : column + 2].mean(axis=(0, 1))


def as_studies(data):
    return {"wrong-arrival": data.isel(crb_threshold_rad2=0), "spectra": data}


def test_drawn_peaks_stand_at_the_truth(sensed):
    config, data = sensed
    figure = draw_delay_doppler(as_studies(data))
    shift = float(data["doppler_shift"].isel(scheme=0, crb_threshold_rad2=0, trial=0)) / 1e3
    step = float(data["doppler"][1] - data["doppler"][0]) / 1e3
    for axes in figure.axes[:2]:
        doppler, delay = drawn_peak(axes)
        assert delay == pytest.approx(echo_delay(link_budget(config), whole=True))
        assert abs(doppler - shift) <= 0.5 * step + 1e-4 * config.bandwidth_hz / config.num_samples
        (circle,) = (line for line in axes.lines if line.get_marker() == "o")
        assert circle.get_xdata()[0] == pytest.approx(shift)
    link = link_budget(config)
    spectra = draw_spectra({"spectra": data, "arrival": data})
    truth = np.sin(link.aoa_zenith) * np.array([np.cos(link.aoa_azimuth), np.sin(link.aoa_azimuth)])
    np.testing.assert_allclose(drawn_peak(spectra.axes[0]), truth, atol=0.5 * 2.0 / 40 + 0.01)


def test_beams_are_drawn_where_they_point():
    """The stand-in's radar beam is matched to the target; half a cell is what the map can be off."""
    users = ((55.0, -20.0), (5.0, -25.0), (40.0, -65.0), (25.0, 5.0))
    config = configured(pattern_points=81, user_positions_km=users)
    study = scenario(STAND_IN, config, ("sdma-radar-sic",), {"transmit_power_dbw": [20.0]}, trials=1)
    data = run_studies(STAND_IN, {"run": study})["run"]
    radar = draw_beampatterns({"beampattern": data}).axes[1]
    placement = place(config)
    azimuth, off_nadir = departure_angles(placement.satellite_m, placement.target_m, placement.satellite_axes)
    truth = np.sin(off_nadir) * np.array([np.cos(azimuth), np.sin(azimuth)])
    np.testing.assert_allclose(drawn_peak(radar), truth, atol=0.5 * 2.0 / 80 + 1e-9)


def test_a_figure_of_other_data_does_not_borrow_axes(sensed):
    """Axes are the dataset's: shifted coordinates shift what is drawn."""
    _, data = sensed
    moved = data.assign_coords(doppler=data["doppler"] + 5e3)
    here, there = (drawn_peak(draw_delay_doppler(as_studies(d)).axes[0]) for d in (data, moved))
    np.testing.assert_allclose(there - here, [5.0, 0.0], atol=1e-9)
