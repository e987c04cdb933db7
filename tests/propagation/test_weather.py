"""Weather against rows of the Recommendations, limits, sample statistics; files of rain rates."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import leoisac as li
from leoisac.propagation.atmosphere_config import AtmosphereConfig
from leoisac.propagation.p681 import FadingNumbers, fading_states, flat_fading
from leoisac.propagation.rain_rate import (
    rain_coefficients,
    slant_rain_loss_db,
    specific_attenuation,
    zonal_rain_height_m,
)
from leoisac.propagation.sky import sky_of

ELEVATION = math.radians(31.07699124)
SITE: dict[str, Any] = {
    "rain_height_m": 2452.7333,
    "site_height_m": 31.382984,
    "latitude": math.radians(51.5),
    "polarization_tilt": 0.0,
}
SATELLITE = {"name": "STARLINK-1423", "time": "2025-10-08T07:45:00Z", "latitude_deg": 43.6047, "longitude_deg": 1.4442}


@pytest.fixture(scope="module")
def itu() -> Any:
    pytest.importorskip("itur")
    from leoisac.propagation import itu

    return itu


@pytest.fixture(scope="module")
def receiver(itu: Any) -> Any:
    return itu.Receiver(51.5, -0.14, 31.382984, 14.25e9, tilt_deg=0.0)


class TestRain:
    def test_specific_attenuation_of_the_validation_row(self) -> None:
        """P.838-3, CG-3M3J-13: k, alpha, gamma_R."""
        k, alpha = rain_coefficients(14.25e9, ELEVATION, 0.0)
        assert k == pytest.approx(0.03975488, abs=5e-9)
        assert alpha == pytest.approx(1.12418043, abs=5e-9)
        assert specific_attenuation(26.48052, 14.25e9, ELEVATION, 0.0) == pytest.approx(1.58130839, abs=5e-9)

    def test_slant_loss_of_the_validation_site(self) -> None:
        """P.618-13 at the rate that 0.01 % of the time exceed; scaled to 1 % by step 10 it is the row's A_rain."""
        loss = float(slant_rain_loss_db(26.48052, 14.25e9, ELEVATION, **SITE))
        # Step 10 at 1 % and |latitude| above 36 degrees: beta = 0.
        exponent = -(0.655 + 0.033 * math.log(1.0) - 0.045 * math.log(loss))
        assert loss * (1.0 / 0.01) ** exponent == pytest.approx(0.495317069, rel=1e-6)

    def test_limits(self) -> None:
        elevation = np.radians([5.0, 20.0, 60.0, 90.0])
        loss = slant_rain_loss_db(30.0, 20e9, elevation, **SITE)
        assert np.all(np.diff(loss) < 0.0)
        np.testing.assert_array_equal(slant_rain_loss_db(0.0, 20e9, elevation, **SITE), 0.0)
        high = {**SITE, "site_height_m": 3000.0}
        np.testing.assert_array_equal(slant_rain_loss_db(30.0, 20e9, elevation, **high), 0.0)
        assert float(slant_rain_loss_db(1.0, 1e9, 1.0, **SITE)) < 1e-3
        heights = [zonal_rain_height_m(math.radians(each)) for each in (-80, -71, -21, 0, 23, 43)]
        assert heights == pytest.approx([0.0, 0.0, 5000.0, 5000.0, 5000.0, 3500.0])

    @pytest.mark.parametrize(("carrier_hz", "elevation_deg"), [(0.5e9, 40.0), (60e9, 40.0), (20e9, 4.0)])
    def test_refused_outside(self, carrier_hz: float, elevation_deg: float) -> None:
        with pytest.raises(ValueError, match=r"P\.618 is used from"):
            slant_rain_loss_db(1.0, carrier_hz, math.radians(elevation_deg), **SITE)


class TestItu:
    def test_the_validation_row(self, itu: Any, receiver: Any) -> None:
        found = itu.slant_losses_db(receiver, ELEVATION, 1.0)
        assert float(found.rain) == pytest.approx(0.495317069, rel=1e-6)
        assert float(found.gas) == pytest.approx(0.226874038, rel=1e-6)
        assert float(found.cloud) == pytest.approx(0.455169824, rel=1e-6)
        assert float(found.scintillation) == pytest.approx(0.261931889, rel=1e-6)
        assert float(found.total) == pytest.approx(1.212790721, abs=0.015)

    def test_our_rain_is_its_rain(self, itu: Any, receiver: Any) -> None:
        found = itu.slant_losses_db(receiver, ELEVATION, 0.01, rain_rate_001=40.0)
        height = 2452.733333333334
        ours = slant_rain_loss_db(40.0, 14.25e9, ELEVATION, **{**SITE, "rain_height_m": height})
        assert float(found.rain) == pytest.approx(float(ours), rel=1e-6)

    def test_gases_of_the_validation_row(self, itu: Any) -> None:
        itu676 = pytest.importorskip("itur.models.itu676")
        at = (12.0, 1013.25, 7.5, 288.15)
        assert float(itu676.gamma0_exact(*at).value) == pytest.approx(0.008698264, rel=1e-6)
        assert float(itu676.gammaw_exact(*at).value) == pytest.approx(0.009535388, rel=1e-6)

    def test_the_table_is_the_formula_between_its_rows(self, itu: Any, receiver: Any) -> None:
        table = itu.loss_table(receiver)
        for degrees, percent in [(7.0, 0.02), (33.0, 0.5), (61.0, 7.0), (80.0, 20.0)]:
            exact = float(itu.slant_losses_db(receiver, math.radians(degrees), percent).total)
            losses = table.at(math.radians(degrees))
            assert np.interp(math.log(percent), table.log_percents, losses) == pytest.approx(exact, rel=0.01)
        assert np.all(np.diff(table.loss_db, axis=0) > 0.0)
        assert np.all(np.diff(table.loss_db, axis=1) < 0.0)

    def test_losses_of_trials_are_exceeded_as_stated(self, itu: Any) -> None:
        """In a campaign: the share of the trials that lose more than the loss of 10 % of the time is 10 %."""
        options = {"link": "budget", "carrier_hz": 20e9, "satellite": SATELLITE, "n_tx": 1, "n_users": 1}
        config = li.config("otfs-rsma", **options)
        fixed, drawn = (
            li.draw(config.replace(atmosphere={"model": "itu", **more}), trials=400).path_gains
            for more in ({"exceeded_percent": 10.0}, {})
        )
        share = np.mean(np.sum(np.abs(drawn) ** 2, (1, 2, 3)) < np.sum(np.abs(fixed) ** 2, (1, 2, 3)))
        assert abs(share - 0.1) < 4.0 * math.sqrt(0.09 / 400)


def test_without_itur_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from leoisac.propagation import itu

    def missing(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(itu, "import_module", missing)
    with pytest.raises(li.ConfigError, match=r"leoisac\[itu\]"):
        itu.slant_losses_db(itu.Receiver(43.6, 1.4, 0.0, 20e9), 0.5, 1.0)


class TestFlatFading:
    def _draw(self, states: Any, count: int = 200_000) -> np.ndarray:
        rng = np.random.default_rng(5)
        scatter = (rng.standard_normal(count) + 1j * rng.standard_normal(count)) / math.sqrt(2.0)
        return np.asarray(flat_fading(states, FadingNumbers(*rng.random((4, count)), scatter), stats.norm.ppf))

    def test_mean_power_is_that_of_both_states(self) -> None:
        """Each state's by quadrature over M_A, of the log-normal direct part and the scatter."""
        states = fading_states("urban", 2e9, math.radians(45.0))
        power = 0.0
        for index, share in enumerate((float(states.good), 1.0 - float(states.good))):
            level = (np.arange(4000) + 0.5) / 4000
            level = states.least[index] + (states.most[index] - states.least[index]) * level
            mean_db = states.mean_db[index] + states.std_db[index] * stats.norm.ppf(level)
            sigma_db = np.maximum(states.spread[0, index] * mean_db + states.spread[1, index], 0.0)
            neper = math.log(10.0) / 10.0
            direct = np.exp(neper * mean_db + 0.5 * (neper * sigma_db) ** 2)
            scatter = 10.0 ** (0.1 * (states.scatter[0, index] * mean_db + states.scatter[1, index]))
            power += share * float(np.mean(direct + scatter))
        amplitude = self._draw(states)
        assert np.mean(np.abs(amplitude) ** 2) == pytest.approx(power, rel=0.01)
        assert abs(np.mean(amplitude)) < 0.01  # phases are uniform

    def test_states_are_as_likely_as_their_durations_are_long(self) -> None:
        states = fading_states("urban", 2e9, math.radians(30.0))
        good, bad = math.exp(2.7332 + 0.5 * 1.103**2), math.exp(2.7582 + 0.5 * 1.221**2)
        assert float(states.good) == pytest.approx(good / (good + bad))
        nearest = fading_states("urban", 2e9, math.radians(36.0))
        assert float(nearest.good) == float(states.good)

    @pytest.mark.parametrize(
        ("place", "carrier_hz", "degrees", "says"),
        [
            ("urban", 5e9, 40.0, "1.5 to 3 GHz"),
            ("urban", 2e9, 15.0, "from 20 to 70"),
            ("urban", 2e9, 75.0, "from 20 to 70"),
            ("urban", 12e9, 40.0, "suburban, rural"),
        ],
    )
    def test_refused_outside(self, place: str, carrier_hz: float, degrees: float, says: str) -> None:
        with pytest.raises(ValueError, match=says):
            fading_states(place, carrier_hz, math.radians(degrees))
        if place == "urban" and carrier_hz < 6e9:
            fading_states(place, carrier_hz, math.radians(degrees), allow_extrapolation=True)


class TestRainFile:
    def _config(self, **atmosphere: Any) -> Any:
        return li.config("otfs-rsma", link="budget", carrier_hz=20e9, satellite=SATELLITE, atmosphere=atmosphere)

    def test_a_series_is_read_at_the_instant(self, tmp_path: Path) -> None:
        lines = ["time,rain rate", "2025-10-08T07:40:00Z,0", "2025-10-08T07:50:00Z,40.0"]
        (tmp_path / "rain.csv").write_text("\n".join(lines))
        config = self._config(model="rain-file", rain_file="rain.csv").resolve_files(tmp_path)
        assert config.atmosphere.rain_file is None
        one, half = (sky_of(each, 0.8) for each in (config, self._config(model="rain-rate", rain_rate_mm_h=20.0)))
        assert one is not None
        assert half is not None
        assert float(one.loss_db) == pytest.approx(float(half.loss_db))
        with pytest.raises(li.ConfigError, match="outside the series"):
            sky_of(config.replace(**{"satellite.time": "2025-10-08T07:39:00Z"}), 0.8)

    @pytest.mark.parametrize("line", ["2025-10-08T07:41:00Z", "noon,3", "2025-10-08T07:41:00Z,much"])
    def test_lines_that_cannot_be_read_are_named(self, tmp_path: Path, line: str) -> None:
        (tmp_path / "rain.csv").write_text(f"2025-10-08T07:40:00Z,0\n{line}\n")
        with pytest.raises(li.ConfigError, match="line 2"):
            self._config(model="rain-file", rain_file="rain.csv").resolve_files(tmp_path)

    def test_instants_rise(self) -> None:
        series = [("2025-10-08T07:40:00Z", 1.0), ("2025-10-08T07:40:00Z", 2.0)]
        with pytest.raises(li.ConfigError, match="must rise"):
            self._config(model="rain-file", rain_series=series)


def test_editions_are_part_of_the_configuration() -> None:
    assert AtmosphereConfig(model="itu").edition.startswith("P.618-13")
