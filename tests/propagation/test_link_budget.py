import pytest

from leoisac.propagation.link_budget import satellite_downlink_budget, satellite_uplink_budget

LINK = {"carrier_hz": 20e9, "bandwidth_hz": 400e6, "distance_m": 1_075_088.0}


def test_study_case_6_of_tr_38_821():
    budget = satellite_downlink_budget(
        "SC6", **LINK, eirp_dbw=30.0, figure_of_merit_db_per_k=15.9, gas_loss_db=0.5, scintillation_loss_db=0.3
    )
    assert budget["Free-space path loss"] == pytest.approx(179.1, abs=0.01)
    assert budget["C/N"] == pytest.approx(8.5, abs=0.1)


def test_study_case_9_of_tr_38_821():
    budget = satellite_downlink_budget(
        "SC9",
        carrier_hz=2e9,
        bandwidth_hz=30e6,
        distance_m=1_075_088.0,
        eirp_dbw=48.8,
        figure_of_merit_db_per_k=-31.6,
        gas_loss_db=0.1,
        scintillation_loss_db=2.2,
        shadowing_loss_db=3.0,
    )
    assert budget["C/N"] == pytest.approx(6.6, abs=0.1)


@pytest.mark.parametrize(
    ("changes", "carrier_to_noise_db"),
    [
        # VSAT of 2 W and 43.2 dBi at 30 GHz; handheld of 0.2 W and 0 dBi in two resource blocks at 2 GHz.
        (
            {"carrier_hz": 30e9, "transmit_power_dbw": 3.0, "transmit_gain_dbi": 43.2, "figure_of_merit_db_per_k": 13.0,
             "bandwidth_hz": 400e6, "gas_loss_db": 0.5, "scintillation_loss_db": 0.3},
            18.4,
        ),
        (
            {"carrier_hz": 2e9, "transmit_power_dbw": -7.0, "transmit_gain_dbi": 0.0, "figure_of_merit_db_per_k": 1.1,
             "bandwidth_hz": 360e3, "gas_loss_db": 0.1, "scintillation_loss_db": 2.2, "shadowing_loss_db": 3.0},
            2.8,
        ),
    ],
)  # fmt: skip
def test_uplinks_of_study_cases_6_and_9(changes, carrier_to_noise_db):
    budget = satellite_uplink_budget("uplink", distance_m=1_075_088.0, **changes)
    assert budget["C/N"] == pytest.approx(carrier_to_noise_db, abs=0.1)
    assert next(row.note for row in budget.rows if row.label == "G/T") == "of the satellite"


def test_up_and_down_are_one_formula():
    same = {**LINK, "eirp_dbw": 30.0, "figure_of_merit_db_per_k": 15.9, "gas_loss_db": 0.5}
    up, down = satellite_uplink_budget("up", **same), satellite_downlink_budget("down", **same)
    assert [row.value for row in up.rows] == [row.value for row in down.rows]


def test_power_gain_and_noise_are_the_same_link_as_eirp_and_figure_of_merit():
    losses = {"gas_loss_db": 0.5, "rain_loss_db": 3.1}
    parts = satellite_downlink_budget(
        "feeder",
        **LINK,
        transmit_power_dbw=30.0,
        transmit_gain_dbi=52.0,
        receive_gain_dbi=37.7,
        noise_power_dbw=-130.8,
        **losses,
    )
    assert parts["EIRP"] == 82.0
    assert parts["C/N"] == pytest.approx(parts["Received carrier power"] + 130.8)
    whole = satellite_downlink_budget("feeder", **LINK, eirp_dbw=82.0, figure_of_merit_db_per_k=parts["G/T"], **losses)
    assert whole["C/N"] == pytest.approx(parts["C/N"])
    assert whole["Total loss"] == pytest.approx(whole["Free-space path loss"] + 3.6)


def test_noise_temperature_is_that_of_the_noise_power():
    budget = satellite_downlink_budget(
        "x", carrier_hz=2e9, bandwidth_hz=20e6, distance_m=1e6, eirp_dbw=0.0, receive_gain_dbi=0.0,
        noise_power_dbw=-130.818,
    )  # fmt: skip
    assert budget["Noise temperature"] == pytest.approx(300.0, rel=1e-3)


def test_rows_are_plain_and_end_with_the_result():
    budget = satellite_downlink_budget("SC6", **LINK, eirp_dbw=30.0, figure_of_merit_db_per_k=15.9)
    assert budget.rows[-1].label == "C/N"
    for label, value, unit, note in budget.rows:
        assert isinstance(label, str)
        assert isinstance(value, float)
        assert isinstance(unit, str)
        assert isinstance(note, str)
    with pytest.raises(KeyError, match="its rows are"):
        budget["CN"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"eirp_dbw": None}, "give either eirp_dbw alone"),
        ({"transmit_power_dbw": 1.0}, "give either eirp_dbw alone"),
        ({"figure_of_merit_db_per_k": None, "receive_gain_dbi": 1.0}, "both receive_gain_dbi and noise_power_dbw"),
        ({"rain_loss_db": -3.0}, "rain_loss_db=-3.0 must not be negative"),
        ({"distance_m": 0.0}, "distance_m=0.0 must be positive"),
    ],
)
def test_contradictory_budgets_are_refused(changes, message):
    arguments = {**LINK, "eirp_dbw": 30.0, "figure_of_merit_db_per_k": 15.9, **changes}
    with pytest.raises(ValueError, match=message):
        satellite_downlink_budget("x", **arguments)
