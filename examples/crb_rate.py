"""Trade-off between the sum rate of users and the Cramer-Rao bounds of two targets: ``python crb_rate.py [trials]``.

A base station with a planar array of 16 antennas serves four users, and estimates azimuth, elevation and complex
amplitude of two targets from the echoes of the same signals at a planar array of 20 antennas. The weighted sum
``weight * sum rate - trace of the CRBs`` is maximised over the beams of all streams, for several weights. The setting
is that of arXiv:2503.09489 (0.25 as weight, nats, power 0.01, noise 1e-3, 30 snapshots); channels and targets are drawn
here. Prints a table, and draws the curve of the trade-off.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

import leoisac as li
from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_derivatives, steering_vector
from leoisac.metrics.fisher import point_target_derivatives
from leoisac.plots.style import house_style
from leoisac.problems import Beams, at_most, maximise

WEIGHTS = (0.03, 0.1, 0.25, 0.6, 1.5)
POWER, NOISE, SNAPSHOTS = 0.01, 1e-3, 30


def statement(v: Any, d: Any) -> Any:
    """Sum rate (nats) against the bounds of all eight parameters; streams beyond the users only sense."""
    sinr = li.terms.sinr(d.h, v.w, noise=d.noise)
    crb = li.terms.crb(d.derivatives, v.w, noise=d.noise, snapshots=SNAPSHOTS)
    return maximise(
        d.weight * jnp.sum(jnp.log1p(sinr)) - jnp.sum(crb),
        subject_to={"power": at_most(li.terms.power(v.w), d.power)},
    )


def draw(trials: int, users: int, rows: int = 4, seed: int = 0) -> dict[str, np.ndarray]:
    """Rayleigh channels (trial, user, antenna), and the echo's derivatives (trial, parameter, rx, tx), in radians and
    amplitudes. Steering vectors have unit norm: the arrays' gains belong to the amplitudes of 0.1."""
    rng = np.random.default_rng(seed)
    transmit, receive = upa(rows, 4), upa(rows, 5)
    azimuth = np.deg2rad([-40.0, 50.0]) + rng.uniform(-0.2, 0.2, (trials, 2))
    elevation = np.deg2rad([35.0, 45.0]) + rng.uniform(-0.1, 0.1, (trials, 2))
    alpha = 0.1 * np.exp(2j * np.pi * rng.uniform(size=(trials, 2)))
    vectors, slopes = [], []
    for array in (receive, transmit):
        scale = np.sqrt(len(array.positions))
        vectors.append(steering_vector(array.positions, azimuth, elevation) / scale)
        slopes.append(np.stack(steering_derivatives(array.positions, azimuth, elevation), axis=1) / scale)
    shape = (trials, users, len(transmit.positions))
    h = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)
    return {"h": h, "derivatives": point_target_derivatives(alpha, *vectors, *slopes)}


def main(
    trials: int = 8,
    *,
    users: int = 4,
    sensing_streams: int = 4,
    rows: int = 4,
    weights: tuple[float, ...] = WEIGHTS,
    folder: Path = Path(),
) -> dict[str, np.ndarray]:
    """Rates (bit/s/Hz) and traces of the CRBs, both (weight, trial), in ascending order of the weights."""
    data = draw(trials, users, rows)
    antennas = data["h"].shape[-1]
    problem = li.Problem(statement, variables={"w": Beams(antennas=antennas, streams=users + sensing_streams)})
    found: dict[str, list[Any]] = {"rate": [], "crb": [], "objective": [], "violation": []}
    print(f"{'weight':>7} {'sum rate, bit/s/Hz':>19} {'trace of CRBs':>14} {'violation':>10}  status")
    for weight in weights:
        given = {**data, "weight": weight, "power": POWER, "noise": NOISE}
        solution = li.solve(problem, given, starts=4)
        beams = solution.value["w"]
        rates = [np.sum(li.terms.rate(li.terms.sinr(h, w, noise=NOISE))) for h, w in zip(data["h"], beams)]
        traces = [
            np.sum(li.terms.crb(g, w, noise=NOISE, snapshots=SNAPSHOTS)) for g, w in zip(data["derivatives"], beams)
        ]
        for name, values in zip(found, (rates, traces, solution.objective, solution.violation)):
            found[name].append(values)
        ended = ", ".join(sorted({li.Status(int(code)).name for code in solution.status}))
        print(
            f"{weight:7.3g} {np.mean(rates):19.3f} {np.mean(traces):14.4f} {np.max(solution.violation):10.1e}  {ended}"
        )
    result = {name: np.array(values) for name, values in found.items()}
    draw_figure(result, weights, folder / "crb_rate.png")
    return result


def draw_figure(result: dict[str, np.ndarray], weights: tuple[float, ...], file: Path) -> None:
    """Means over the trials: what a unit of rate costs in the bounds."""
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(5.4, 3.6), layout="constrained")
        axes = figure.subplots()
        rate, crb = result["rate"].mean(axis=1), result["crb"].mean(axis=1)
        axes.plot(result["rate"], result["crb"], color="#bbbbbb", linewidth=0.8)
        axes.plot(rate, crb, "o-", color="#0072B2")
        for weight, x, y in zip(weights, rate, crb):
            axes.annotate(f"{weight:g}", (x, y), textcoords="offset points", xytext=(6, -8))
        axes.set_xlabel("sum rate, bit/s/Hz")
        axes.set_ylabel("trace of the CRBs (rad², amplitude²)")
        axes.set_title("Each point maximises weight × sum rate (nats) − trace; grey: single trials")
        figure.savefig(file)
    print(f"{file} is written.")


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:2]))
