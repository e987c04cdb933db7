"""Criteria for the claims about the algorithms and about sensing (Figs. 2 and 4), and for our own checks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Verdict
from leoisac.foundation.status import Status
from leoisac.systems.self_backhaul.evidence.convergence_figures import carried_forward
from leoisac.systems.self_backhaul.evidence.rates import delivered, difference, estimate
from leoisac.systems.self_backhaul.evidence.sensing_figures import detection
from leoisac.systems.self_backhaul.evidence.sweep_claims import graded

Data = Mapping[str, xr.Dataset]

_DIP = 1e-3
"""Relative fall of a sum rate from one iteration to the next that the accuracy of the solver explains."""
_NEAR_END = 0.999
_SAME = 0.02
"""Rates in bit/s/Hz that count as the same."""


def procedure(dataset: xr.Dataset, scheme: str) -> xr.Dataset:
    """The published procedure among the routes of a scheme; its name is plain where it is the only route."""
    labels = [str(name) for name in dataset["scheme"].values if str(name).partition(":")[0] == scheme]
    return dataset.sel(scheme=f"{scheme}:reference" if f"{scheme}:reference" in labels else labels[0])


def monotone(data: Data) -> Verdict:
    """No step of any trial falls by more than a thousandth, and at least 90 % of the trials end by their tolerance."""
    dataset = procedure(data["convergence"], "pa1")
    usable = int(dataset["usable"].sum())
    if not usable:
        return graded(False, False, "no usable trial", 0)
    history = carried_forward(dataset["history"].where(dataset["usable"])).values
    before, after = history[..., :-1], history[..., 1:]
    fall = float(np.nanmax(1.0 - after / before))
    ended = float(((dataset["status"] == Status.CONVERGED) & dataset["usable"]).sum()) / max(usable, 1)
    rise = estimate(xr.DataArray((after[..., -1] - history[..., 0]).ravel(), dims="trial"))
    measured = f"largest fall of a step {max(fall, 0.0):.0e}; {ended:.0%} of {usable} trials ended by tolerance; {rise}"
    return graded(fall <= _DIP and ended >= 0.9, fall <= _DIP, f"{measured} bit/s/Hz", usable)


def pa1_iterations(data: Data) -> Verdict:
    """Mean iterations of PA1 at 30 dBW round to 20 in fives; partly when they are within a half of it."""
    dataset = procedure(data["convergence"], "pa1").sel(satellite_power_dbw=30.0)
    found = estimate(dataset["iterations"].where(dataset["usable"]))
    near = estimate(_until_near_end(dataset))
    by_power = procedure(data["convergence"], "pa1")
    means = by_power["iterations"].where(by_power["usable"]).mean("trial").values
    measured = (
        f"{found.mean:.1f} ± {found.high - found.mean:.1f} iterations at 30 dBW "
        f"({', '.join(f'{mean:.1f}' for mean in means)} over the powers), {near.mean:.1f} to 99.9 % of the end"
    )
    return graded(17.5 <= found.mean < 22.5, 10.0 <= found.mean <= 30.0, measured, found.trials)


def pa2_iterations(data: Data) -> Verdict:
    """Mean iterations of PA2 round to 10 in fives and are surely fewer than those of PA1; partly either of the two.

    Under the reading of the error radius that suits the claim more.
    """
    both = data["robust-convergence"]
    robust, known = procedure(both, "pa2"), procedure(both, "pa1")
    outcomes, parts, trials = list[int](), list[str](), list[int]()
    for model in (str(name) for name in both["error_model"].values):
        one = robust.sel(error_model=model)
        count = one["iterations"].where(one["usable"])
        reference = known["iterations"].where(known["usable"]).sel(error_model=model)
        found, fewer = estimate(count), difference(count, reference)
        outcomes.append((7.5 <= found.mean < 12.5) + (fewer.high < 0.0))
        parts.append(f"{model}: {found.mean:.1f}, {fewer} against PA1")
        trials.append(fewer.trials)
    return graded(max(outcomes) == 2, max(outcomes) == 1, "iterations " + "; ".join(parts), min(trials))


def trade_off(data: Data) -> Verdict:
    """At every step of the threshold the mean sum rate surely falls and the detection probability does not."""
    dataset = data["pattern-threshold"].sel(scheme="pa1")
    rate, detected = delivered(data["pattern-threshold"]).sel(scheme="pa1"), detection(dataset)
    steps = range(rate.sizes["pattern_min_w"] - 1)
    falls = [difference(rate.isel(pattern_min_w=k + 1), rate.isel(pattern_min_w=k)) for k in steps]
    rises = [difference(detected.isel(pattern_min_w=k + 1), detected.isel(pattern_min_w=k)) for k in steps]
    ends = difference(rate.isel(pattern_min_w=-1), rate.isel(pattern_min_w=0))
    first, last = (estimate(detected.isel(pattern_min_w=index)) for index in (0, -1))
    strict = [fall.high < 0.0 for fall in falls]
    measured = (
        f"sum rate {ends} bit/s/Hz ({ends.mean / float(rate.isel(pattern_min_w=0).mean()):.1%}) while the detection "
        f"probability goes from {first.mean:.3f} to {last.mean:.3f}; {sum(strict)} of {len(strict)} steps fall surely"
    )
    never_back = all(rise.mean >= -1e-6 for rise in rises) and last.mean > first.mean
    trials = min(fall.trials for fall in falls)
    return graded(all(strict) and never_back, ends.high < 0.0 and never_back, measured, trials)


def promises_kept(data: Data) -> Verdict:
    """No error that was tried breaks what a robust design promises."""
    dataset = data["attacked"].sel(scheme="pa2")
    usable = dataset["usable"]
    tried = (dataset["history"].notnull().all("iteration")).sum()
    broken = int(tried) - int(usable.sum())
    left = (dataset["history"].isel(iteration=1) - dataset["history"].isel(iteration=0)).where(usable)
    parts = [
        f"{model}: {float(left.sel(error_model=model).min()):+.1e}"
        for model in (str(name) for name in dataset["error_model"].values)
    ]
    measured = f"{broken} of {int(tried)} designs broken; least margin of the sum rate [bit/s/Hz]: {', '.join(parts)}"
    return graded(broken == 0 and int(tried) > 0, False, measured, int(usable.sum("trial").min()))


def recovery_keeps(data: Data) -> Verdict:
    """Beams recovered from covariances keep the sum rate within a thousandth for PA1, within a hundredth for PA2.

    The published rule, principal eigenvectors, relies on rank one; the recovery here does not.
    """
    losses: dict[str, np.ndarray] = {}
    for name, scheme in (("convergence", "pa1"), ("robust-convergence", "pa2")):
        dataset = procedure(data[name], scheme)
        best = dataset["history"].max("iteration")
        rate = delivered(dataset.expand_dims("scheme")).isel(scheme=0)
        loss = (1.0 - rate / best).values
        losses[scheme] = loss[np.isfinite(loss)]
    if min(len(loss) for loss in losses.values()) == 0:
        return graded(False, False, "no usable trial", 0)
    worst = {scheme: float(np.max(loss)) for scheme, loss in losses.items()}
    measured = ", ".join(f"{scheme} loses at most {max(loss, 0.0):.1e}" for scheme, loss in worst.items())
    lossless = worst["pa1"] <= 1e-3
    return graded(lossless and worst["pa2"] <= 1e-2, lossless, measured, min(len(loss) for loss in losses.values()))


def same_optimum(data: Data) -> Verdict:
    """Both forms of the convex step end within 0.02 bit/s/Hz on average; partly when the printed one ends lower."""
    dataset = data["procedure-forms"]
    rate = delivered(dataset)
    gap = difference(rate.sel(scheme="pa1:printed"), rate.sel(scheme="pa1:reference"))
    steps = dataset["iterations"].where(dataset["usable"]).mean("trial")
    counts = [float(steps.sel(scheme=f"pa1:{route}")) for route in ("reference", "printed")]
    measured = (
        f"printed form {gap.mean:+.3f} ± {gap.high - gap.mean:.3f} bit/s/Hz; "
        f"iterations {counts[0]:.1f} with free rates, {counts[1]:.1f} as printed (at most 30)"
    )
    return graded(abs(gap.mean) <= _SAME, gap.mean < 0.0, measured, gap.trials)


def mode_hardly_matters(data: Data) -> Verdict:
    """Joint and satellite pattern give the same sum rate within 0.02 bit/s/Hz, at 50 W and three users."""
    rate = delivered(data["pattern-mode"]).sel(scheme="pa1")
    gap = difference(rate.sel(pattern_mode="joint"), rate.sel(pattern_mode="satellite"))
    measured = f"joint over satellite {gap.mean:+.4f} ± {gap.high - gap.mean:.4f} bit/s/Hz"
    same = gap.high <= _SAME and gap.low >= -_SAME
    return graded(same, abs(gap.mean) <= _SAME, measured, gap.trials)


def _until_near_end(dataset: xr.Dataset) -> xr.DataArray:
    """Iterations until 99.9 % of the last sum rate."""
    history = carried_forward(dataset["history"].where(dataset["usable"]))
    if not history.sizes["iteration"]:
        return dataset["iterations"].where(False)
    near = history >= _NEAR_END * history.isel(iteration=-1)
    return near.argmax("iteration").where(dataset["usable"])
