"""What figures and claims make of results, on made-up results with known answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from leoisac.systems.coexistence.evidence.claims import CLAIMS
from leoisac.systems.coexistence.evidence.drops import (
    common_drops,
    failure_share,
    mean_over_drops,
    radius_at,
    rate_with_association,
)

BY_NAME = {claim.name: claim for claim in CLAIMS}
TRIALS = 100


def results(coordinates: dict[str, Any], **metrics: Callable[..., Any]) -> xr.Dataset:
    """Results over the coordinates and trials, metrics as functions of one point; every drop usable."""
    names = list(coordinates)
    shape = tuple(len(values) for values in coordinates.values())
    noise = 0.01 * np.sin(np.arange(TRIALS))
    data: dict[str, Any] = {"usable": ((*names, "trial"), np.ones((*shape, TRIALS), dtype=bool))}
    data["status"] = ((*names, "trial"), np.zeros((*shape, TRIALS), dtype=np.int8))
    for metric, value in metrics.items():
        array = np.empty((*shape, TRIALS))
        for index in np.ndindex(*shape):
            point = {name: coordinates[name][step] for name, step in zip(names, index, strict=True)}
            array[index] = value(**point) + noise
        data[metric] = ((*names, "trial"), array)
    return xr.Dataset(data, coords={name: list(values) for name, values in coordinates.items()})


RATES = {"proposed": 38.0, "zf-eps": 35.0, "greedy": 19.0, "uniform": 18.5, "interference-free": 42.0}


def test_drops_that_the_proposed_scheme_cannot_use_go_for_all() -> None:
    dataset = results({"scheme": ["proposed", "greedy"]}, sum_rate=lambda scheme: RATES[scheme])
    usable = dataset["usable"].values.copy()
    usable[0, :40] = False
    common = common_drops(dataset.assign(usable=(dataset["usable"].dims, usable)))
    assert int(common["usable"].sel(scheme="greedy").sum()) == TRIALS - 40
    assert float(mean_over_drops(common, "sum_rate").sel(scheme="greedy")) == pytest.approx(19.0, abs=0.01)


def test_the_order_of_the_schemes() -> None:
    def study(rates: dict[str, float]) -> dict[str, xr.Dataset]:
        coordinates = {"scheme": list(rates), "bs_power_dbm": [25.0, 35.0], "min_sut_rate": [3.0, 7.0]}
        return {"bs-power": results(coordinates, sum_rate=lambda scheme, **_: rates[scheme])}

    assert BY_NAME["F4-1"].check(study(RATES)).outcome == "reproduced"
    swapped = {**RATES, "proposed": 35.0, "zf-eps": 38.0}
    assert BY_NAME["F4-1"].check(study(swapped)).outcome != "reproduced"


def test_a_floor_that_costs_only_with_a_high_gain_is_partly_reproduced() -> None:
    def rate(scheme: str, tut_gain_dbi: float, min_sut_rate: float) -> float:
        return RATES[scheme] - (3.0 if tut_gain_dbi > 10 and min_sut_rate > 5 else 0.0)

    coordinates = {"scheme": ["proposed", "zf-eps"], "tut_gain_dbi": [0.0, 15.0], "min_sut_rate": [3.0, 7.0]}
    study = {"tut-gain": results(coordinates, sum_rate=rate)}
    assert BY_NAME["F4-3"].check(study).outcome == "partly"
    assert BY_NAME["F6-4"].check(study).outcome == "partly"


def test_a_drop_that_cannot_be_sensed_has_no_terrestrial_rate() -> None:
    coordinates = {"scheme": ["coop-uniform", "interference-free"], "association": ["proposed"]}
    dataset = results(coordinates, sum_rate=lambda **_: 30.0, satellite_rate=lambda **_: 12.0)
    usable = dataset["usable"].values.copy()
    usable[0, 0, :50] = False
    rates = rate_with_association(dataset.assign(usable=(dataset["usable"].dims, usable)))
    assert float(rates.mean()) == pytest.approx(21.0, abs=0.01)


def test_radius_of_equal_failure() -> None:
    share = xr.DataArray(
        [0.0, 0.2, 0.15, 0.4], dims="sensing_radius_m", coords={"sensing_radius_m": [50, 80, 100, 120]}
    )
    assert radius_at(share) == pytest.approx(110.0)
    assert np.isnan(radius_at(share, 0.9))
    assert radius_at(share + 0.5) == 50.0


def test_failure_claims() -> None:
    rng = np.random.default_rng(0)
    middles = {"sensing-only-free": 148.0, "proposed": 132.0, "nearest": 117.0, "random": 73.0}
    radii = [50.0, 80.0, 100.0, 115.0, 130.0, 150.0, 175.0, 200.0]
    shape = (2, 1, len(radii), 3, 400)
    failures = np.empty(shape)
    for s, scheme in enumerate(("sensing-only", "sensing-only-free")):
        for r, radius in enumerate(radii):
            for a, rule in enumerate(("proposed", "nearest", "random")):
                middle = middles[scheme if scheme != "sensing-only" else rule]
                # A logistic law that passes 0.3 at the middle.
                chance = 1 / (1 + np.exp(-(radius - middle) / 10.0) * 7 / 3)
                failures[s, 0, r, a] = rng.uniform(size=400) < chance
    dims = ("scheme", "num_rx+num_receivers", "sensing_radius_m", "association", "trial")
    dataset = xr.Dataset(
        {"sensing_failure": (dims, failures), "usable": (dims, np.ones(shape, dtype=bool))},
        coords={
            "scheme": ["sensing-only", "sensing-only-free"],
            "sensing_radius_m": radii,
            "association": ["proposed", "nearest", "random"],
        },
    )
    assert failure_share(dataset)["share"].max() <= 1.0
    study = {"sensing-failure": dataset}
    assert BY_NAME["F8-1"].check(study).outcome == "reproduced"
    loss = BY_NAME["F8-2"].check(study)
    assert loss.outcome == "not reproduced"
    assert "11%" in loss.measured or "10%" in loss.measured or "12%" in loss.measured
    assert BY_NAME["F8-3"].check(study).outcome == "partly"


def test_shares_of_the_ideal() -> None:
    shares = {1: 0.94, 2: 0.91, 5: 0.927}

    def rate(scheme: str, num_cells: int) -> float:
        ideal = 40.0 * num_cells
        return {"interference-free": ideal, "interference-free-wmmse": 1.09 * ideal}.get(
            scheme, shares[num_cells] * ideal
        )

    schemes = ["proposed", "interference-free", "interference-free-wmmse"]
    study = {"cells": results({"scheme": schemes, "num_cells": [1, 2, 5]}, sum_rate=rate)}
    assert BY_NAME["F10-1"].check(study).outcome == "partly"
    assert BY_NAME["F10-2"].check(study).outcome == "not reproduced"


def test_every_claim_of_the_paper_is_there() -> None:
    names = "F4-1 F4-2 F4-3 F5-1 F5-2 F6-1 F6-2 F6-3 F6-4 F7-1 F7-2 F7-3 F8-1 F8-2 F8-3 F8-4 F8-5 F9-1 F9-2 F9-3"
    assert list(BY_NAME) == [*names.split(), "F10-1", "F10-2", "X-1", "X-2"]
