"""Published claims with numeric criteria. Rates are compared over the drops that the proposed scheme can use."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Claim, Verdict
from leoisac.experiment.reading.statistics import mean_interval
from leoisac.systems.coexistence.evidence import sensing_claims as of_sensing
from leoisac.systems.coexistence.evidence.drops import common_drops, mean_over_drops, scnr_db, usable_trials

Data = Mapping[str, xr.Dataset]

_IDEALS = ("interference-free", "interference-free-wmmse")
_DEFAULT_DBM = 35.0


def graded(best: bool, fair: bool, measured: str, trials: int) -> Verdict:
    """Verdict by a strict and a lenient criterion."""
    outcome = "reproduced" if best else "partly" if fair else "not reproduced"
    return Verdict(outcome if trials > 0 else "insufficient", measured, trials)


def _paired(dataset: xr.Dataset, metric: str, scheme: str, low: float, high: float) -> xr.Dataset:
    """Mean change of a metric when the least satellite rate rises from one value to another."""
    values = dataset[metric].where(dataset["usable"]).sel(scheme=scheme)
    return mean_interval(values.sel(min_sut_rate=high) - values.sel(min_sut_rate=low))


def _at_default(dataset: xr.Dataset) -> xr.Dataset:
    powers = dataset["bs_power_dbm"].values
    return dataset.sel(bs_power_dbm=_DEFAULT_DBM if _DEFAULT_DBM in powers else powers[len(powers) // 2])


def _ordering(data: Data) -> Verdict:
    dataset = common_drops(data["bs-power"])
    means = mean_over_drops(dataset, "sum_rate")
    order = ("interference-free", "proposed", "zf-eps", "greedy", "uniform")
    steps = [means.sel(scheme=a) - means.sel(scheme=b) for a, b in itertools.pairwise(order)]
    held = [bool((step > 0.0).all()) for step in steps[:3]] + [bool((steps[3] > -0.2).all())]
    least = [float(step.min()) for step in steps]
    measured = f"least steps down the order {', '.join(f'{value:.2f}' for value in least)} bit/s/Hz"
    return graded(
        all(held), bool(np.mean([float((step > 0).mean()) for step in steps]) > 0.75), measured, usable_trials(dataset)
    )


def _greedy_loss(data: Data) -> Verdict:
    dataset = common_drops(data["bs-power"])
    means = mean_over_drops(dataset, "sum_rate")
    loss = 1.0 - means.sel(scheme="greedy") / means.sel(scheme="interference-free")
    friis = mean_over_drops(data["free-space-law"], "sum_rate").sel(fspl_denominator="4pi")
    with_friis = 1.0 - float(friis.sel(scheme="greedy") / friis.sel(scheme="interference-free"))
    measured = f"{float(loss.min()):.0%} to {float(loss.max()):.0%} of the ideal; {with_friis:.0%} after Friis"
    middle = float(loss.mean())
    return graded(0.42 <= middle <= 0.62, 0.3 <= middle <= 0.75, measured, usable_trials(dataset))


def _floor_costs(data: Data) -> Verdict:
    """The satellite's floor lowers the rate; the printed setting and a gain of 15 dBi are both looked at."""
    dataset = common_drops(data["tut-gain"])
    low, high = float(dataset["min_sut_rate"].min()), float(dataset["min_sut_rate"].max())
    gains = (float(dataset["tut_gain_dbi"].min()), float(dataset["tut_gain_dbi"].max()))
    changes = {
        (scheme, gain): _paired(dataset.sel(tut_gain_dbi=gain), "sum_rate", scheme, low, high)
        for scheme in ("proposed", "zf-eps")
        for gain in gains
    }
    falls = {key: float(change["high"]) < 0.0 for key, change in changes.items()}
    measured = "; ".join(
        f"{scheme} {float(change['mean']):+.2f} at {gain:g} dBi" for (scheme, gain), change in changes.items()
    )
    here = all(falls[scheme, gains[0]] for scheme in ("proposed", "zf-eps"))
    return graded(here, falls["proposed", gains[1]], measured, usable_trials(dataset))


def _never_below(data: Data) -> Verdict:
    dataset = common_drops(data["bs-power"])
    proposed = scnr_db(dataset).sel(scheme="proposed")
    least, mean = float(proposed.min()), float(proposed.mean())
    measured = f"least {least:.3f} dB, mean {mean:.2f} dB over all targets, drops and powers"
    return graded(least >= -10.01, least >= -10.1, measured, usable_trials(dataset))


def _blind_fall_below(data: Data) -> Verdict:
    dataset = common_drops(data["bs-power"])
    values = scnr_db(dataset)
    blind = values.sel(scheme=["greedy", "uniform"])
    own = values.sel(scheme="interference-free")
    measured = (
        f"mean {float(blind.mean()):.1f} dB, least {float(blind.min()):.1f} dB; "
        f"in their own design mean {float(own.mean()):.1f} dB"
    )
    below = float(blind.mean()) < -10.5
    return graded(below and float(own.mean()) > -10.5, below, measured, usable_trials(dataset))


def _parts(data: Data, floor: float) -> tuple[float, float, float, int]:
    """Terrestrial loss and satellite loss against the optimised ideal, and the satellite rate, at 35 dBm."""
    dataset = _at_default(common_drops(data["bs-power"])).sel(min_sut_rate=floor)
    means = {name: mean_over_drops(dataset, name) for name in ("terrestrial_rate", "satellite_rate")}
    losses = [
        float(values.sel(scheme="interference-free-wmmse") - values.sel(scheme="proposed")) for values in means.values()
    ]
    return losses[0], losses[1], float(means["satellite_rate"].sel(scheme="proposed")), usable_trials(dataset)


def _satellite_pays(data: Data) -> Verdict:
    terrestrial, satellite, _, trials = _parts(data, 3.0)
    measured = f"loss {satellite:.1f} bit/s/Hz of the satellite, {terrestrial:.1f} of the terrestrial users"
    return graded(satellite > 1.5 * terrestrial, satellite > terrestrial, measured, trials)


def _beyond_the_floor(data: Data) -> Verdict:
    _, _, rate, trials = _parts(data, 3.0)
    return graded(rate > 3.3, rate > 3.0, f"mean rate of the satellite user {rate:.1f} bit/s/Hz", trials)


def _pinned_at_seven(data: Data) -> Verdict:
    """Looked at with the printed gain of 0 dBi and with the largest one of the study."""
    terrestrial, satellite, rate, trials = _parts(data, 7.0)
    gains = common_drops(data["tut-gain"])
    gain = float(gains["tut_gain_dbi"].max())
    high = mean_over_drops(gains.sel(tut_gain_dbi=gain, min_sut_rate=7.0), "satellite_rate")
    lost = mean_over_drops(gains.sel(tut_gain_dbi=gain, min_sut_rate=7.0), "terrestrial_rate")
    loss = float(lost.sel(scheme="interference-free-wmmse") - lost.sel(scheme="proposed"))
    with_gain = float(high.sel(scheme="proposed"))
    measured = (
        f"satellite rate {rate:.1f}, terrestrial loss {terrestrial:.1f} against {satellite:.1f}; "
        f"at {gain:g} dBi {with_gain:.1f}, terrestrial loss {loss:.1f}"
    )
    here = abs(rate - 7.0) < 0.5 and terrestrial > satellite
    there = with_gain < 8.5 and loss > float(high.sel(scheme="interference-free-wmmse")) - with_gain
    return graded(here, there, measured, trials)


def _more_satellite_harms(data: Data) -> Verdict:
    dataset = common_drops(data["tut-gain"])
    low, high = float(dataset["min_sut_rate"].min()), float(dataset["min_sut_rate"].max())
    changes = {
        float(gain): _paired(dataset.sel(tut_gain_dbi=gain), "sum_rate", "proposed", low, high)
        for gain in dataset["tut_gain_dbi"].values
    }
    harms = [float(change["high"]) < 0.0 for change in changes.values()]
    measured = ", ".join(f"{float(change['mean']):+.2f} at {gain:g} dBi" for gain, change in changes.items())
    return graded(all(harms), any(harms), f"floor from {low:g} to {high:g}: {measured}", usable_trials(dataset))


def _several_cells_order(data: Data) -> Verdict:
    dataset = common_drops(data["cells-bs-power"])
    means = mean_over_drops(dataset, "sum_rate")
    others = means.sel(scheme=["zf-eps", "coop-uniform", "greedy"]).max("scheme")
    ahead = means.sel(scheme="proposed") - others
    behind = means.sel(scheme="interference-free-wmmse") - means.sel(scheme="proposed")
    measured = f"ahead of the others by {float(ahead.min()):.1f} to {float(ahead.max()):.1f} bit/s/Hz"
    best = bool((ahead > 0).all() and (behind > 0).all())
    return graded(best, bool((ahead > -1.0).all()), measured, usable_trials(dataset))


def _ratios(dataset: xr.Dataset, ideal: str) -> xr.DataArray:
    means = mean_over_drops(common_drops(dataset), "sum_rate")
    return means.sel(scheme="proposed") / means.sel(scheme=ideal)


def _gap_shrinks(data: Data) -> Verdict:
    cells = {ideal: _ratios(data["cells"], ideal) for ideal in _IDEALS}
    counts = data["cells"]["num_cells"].values
    many = 4 if 4 in counts else counts[-1]
    better = [bool(ratio.sel(num_cells=many) > ratio.sel(num_cells=1)) for ratio in cells.values()]
    measured = "; ".join(
        f"{float(ratio.sel(num_cells=1)):.3f} at 1, {float(ratio.sel(num_cells=many)):.3f} at {many} ({ideal})"
        for ideal, ratio in cells.items()
    )
    return graded(all(better), any(better), measured, usable_trials(common_drops(data["cells"])))


def _budget_is_used(data: Data) -> Verdict:
    dataset = common_drops(data["cells-bs-power"])
    spent = 1.0 - mean_over_drops(dataset, "margin_satellite_power").sel(scheme="proposed")
    measured = ", ".join(
        f"{float(share):.0%} at {power:g} dBm"
        for share, power in zip(spent.values, dataset["bs_power_dbm"].values, strict=True)
    )
    return graded(bool((spent > 0.99).all()), bool((spent > 0.9).any()), measured, usable_trials(dataset))


def _above_ninety(data: Data) -> Verdict:
    dataset = data["cells"]
    most = int(dataset["num_cells"].max())
    shares = [float(_ratios(dataset, ideal).sel(num_cells=most)) for ideal in _IDEALS]
    measured = f"{shares[0]:.1%} of the zero-forcing ideal, {shares[1]:.1%} of the optimised one at {most} cells"
    return graded(min(shares) > 0.9, max(shares) > 0.9, measured, usable_trials(common_drops(dataset)))


def _ratio_grows(data: Data) -> Verdict:
    ratios = [_ratios(data["cells"], ideal).values for ideal in _IDEALS]
    monotone = [bool(np.all(np.diff(ratio) > 0)) for ratio in ratios]
    larger = [bool(ratio[-1] > ratio[0]) for ratio in ratios]
    measured = "; ".join(" ".join(f"{value:.3f}" for value in ratio) for ratio in ratios)
    return graded(all(monotone), any(larger), measured, usable_trials(common_drops(data["cells"])))


def _small_scale_hardly_matters(data: Data) -> Verdict:
    dataset = common_drops(data["refinement"])
    means = mean_over_drops(dataset, "sum_rate").sel(ageing_rho=0.0)
    share = float(means.sel(scheme="proposed") / means.sel(scheme="proposed-genie"))
    kept = float(means.sel(scheme="proposed-unrefined") / means.sel(scheme="proposed"))
    measured = f"{share:.1%} of P1 on fresh channels; without refinement {kept:.0%} of the proposed scheme"
    return graded(share > 0.95, share > 0.9, measured, usable_trials(dataset))


def _keeps_and_climbs(data: Data) -> Verdict:
    dataset = data["convergence"].sel(scheme="proposed:reference")
    history = dataset["history"].where(dataset["usable"])
    falls = float((-history.diff("iteration")).max() / np.maximum(float(abs(history).max()), 1e-9))
    worst = float(dataset["violation"].where(dataset["usable"]).max())
    measured = f"largest fall of the sum rate {max(falls, 0.0):.1e} of it, largest violation {worst:.1e}"
    return graded(falls <= 1e-4 and worst <= 2e-3, worst <= 2e-3, measured, int(dataset["usable"].sum()))


def _claim(
    name: str,
    statement: str,
    published: str,
    studies: tuple[str, ...],
    check: Callable[[Data], Verdict],
    least: int = 60,
) -> Claim:
    return Claim(name, statement, published, studies, check, least)


_POWER, _GAIN, _CELLS, _SENSING = ("bs-power",), ("tut-gain",), ("cells",), ("sensing-failure",)

CLAIMS = (
    _claim("F4-1", "Ideal above proposed above ZF-EPS above greedy, uniform last", "at all powers", _POWER, _ordering),
    _claim("F4-2", "Greedy loses half of the ideal's rate", "about 50 %", ("bs-power", "free-space-law"), _greedy_loss),
    _claim("F4-3", "A higher floor of the satellite rate lowers the sum rate", "falls", _GAIN, _floor_costs),
    _claim("F5-1", "The proposed scheme is never below -10 dB", "never", _POWER, _never_below),
    _claim("F5-2", "Greedy and uniform fall below it", "below", _POWER, _blind_fall_below),
    _claim("F6-1", "At a floor of 3 the satellite bears most of the loss", "most", _POWER, _satellite_pays),
    _claim("F6-2", "The satellite rate exceeds its floor of 3", "exceeds", _POWER, _beyond_the_floor),
    _claim(
        "F6-3",
        "At a floor of 7 the satellite rate is almost 7 and the terrestrial loss dominates",
        "almost exactly 7",
        ("bs-power", "tut-gain"),
        _pinned_at_seven,
    ),
    _claim("F6-4", "More satellite rate harms the sum", "harms", _GAIN, _more_satellite_harms),
    _claim("F7-1", "The rate falls with satellite power", "falls", ("association",), of_sensing.falls_with_power),
    _claim("F7-2", "The proposed association is best", "best", ("association",), of_sensing.proposed_is_best),
    _claim("F7-3", "Gaps grow as receivers have fewer antennas", "grow", ("association",), of_sensing.gaps_grow),
    _claim(
        "F8-1", "Failure grows with radius; free below proposed below random", "yes", _SENSING, of_sensing.failure_order
    ),
    _claim(
        "F8-2",
        "Radius of proposed against free, 4 x 4",
        "44 % smaller",
        _SENSING,
        of_sensing.radius_loss("proposed", 0.44),
    ),
    _claim(
        "F8-3", "Radius of random against free, 4 x 4", "67 % smaller", _SENSING, of_sensing.radius_loss("random", 0.67)
    ),
    _claim(
        "F8-4", "With 32 x 32 proposed nearly equals free, random does not", "yes", _SENSING, of_sensing.many_antennas
    ),
    _claim(
        "F8-5",
        "Monostatic with all antennas does not beat proposed",
        "no better",
        ("sensing-failure", "sensing-monostatic"),
        of_sensing.monostatic_no_better,
    ),
    _claim(
        "F9-1", "Ideal above proposed above coop-uniform and others", "yes", ("cells-bs-power",), _several_cells_order
    ),
    _claim("F9-2", "The gap to the ideal is smaller than for one cell", "smaller", _CELLS, _gap_shrinks),
    _claim("F9-3", "The satellite uses its whole budget", "whole", ("cells-bs-power",), _budget_is_used),
    _claim("F10-1", "Above 90 % of the ideal at five cells", "above 90 %", _CELLS, _above_ninety),
    _claim("F10-2", "The ratio grows with the number of cells", "grows", _CELLS, _ratio_grows),
    _claim(
        "X-1",
        "P1's power hardly depends on small-scale terrestrial state",
        "hardly",
        ("refinement",),
        _small_scale_hardly_matters,
    ),
    _claim("X-2", "WMMSE keeps all constraints and is monotone", "yes", ("convergence",), _keeps_and_climbs, 10),
)

__all__ = ["CLAIMS", "graded"]
