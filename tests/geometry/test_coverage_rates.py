"""Rates on the serving satellite: the budget's C/N at every instant, nothing in gaps; datasets kept and drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import leoisac as li
from leoisac.cli.app import app
from leoisac.propagation.link_budget import satellite_downlink_budget

LINK = {"carrier_hz": 20e9, "bandwidth_hz": 400e6, "eirp_dbw": 30.0, "figure_of_merit_db_per_k": 15.9}


@pytest.fixture(scope="module")
def dataset():
    walker = {"total": 200, "planes": 10, "phasing": 1, "inclination_deg": 53.0, "altitude_km": 600.0}
    return li.coverage(
        walker=walker, sites_deg=[(43.6, 1.44), (80.0, 0.0)], hours=1.0, step_s=60.0, link={**LINK, "losses_db": 0.8}
    )


def test_rates_are_those_of_the_budget(dataset) -> None:
    one = dataset.isel(site=0)
    served = np.flatnonzero(one["satellite"].values >= 0)
    for index in served[:: max(len(served) // 5, 1)]:
        budget = satellite_downlink_budget(
            "serving", distance_m=float(one["range_m"][index]), gas_loss_db=0.5, scintillation_loss_db=0.3, **LINK
        )
        assert float(one["cn_db"][index]) == pytest.approx(budget["C/N"], abs=1e-9)
        assert float(one["rate"][index]) == pytest.approx(np.log2(1.0 + 10.0 ** (0.1 * budget["C/N"])))
    assert float(one["mean_rate"]) == pytest.approx(float(one["rate"].mean()))
    # 80 degrees north sees nothing of a shell of 53 degrees.
    assert float(dataset["mean_rate"][1]) == 0.0


def test_kept_and_drawn(tmp_path: Path) -> None:
    file = tmp_path / "shell.toml"
    file.write_text(
        "sites_deg = [[43.6, 1.44]]\nhours = 0.5\nstep_s = 60.0\n"
        "[walker]\ntotal = 200\nplanes = 10\nphasing = 1\n[link]\n"
    )
    kept = tmp_path / "day.nc"
    done = CliRunner().invoke(app, ["coverage", str(file), "--save", str(kept)])
    assert done.exit_code == 0, done.output
    assert "mean rate" in done.output.replace("\n", " ")
    drawn = CliRunner().invoke(app, ["plot", str(kept)])
    assert drawn.exit_code == 0, drawn.output
    assert kept.with_suffix(".png").stat().st_size > 20_000
    other = CliRunner().invoke(app, ["plot", str(tmp_path / "none.nc")])
    assert other.exit_code == 2
