"""Access points without cells that serve and sense together: ``python cell_free_isac.py [trials]``.

Four access points of four antennas serve five users coherently, and light a target whose echo four more receive.
Every access point has its own power. The least SINR of all users is maximised while the SNR of the echo, summed over
all pairs of transmitters and receivers with reflections that fluctuate independently, reaches a floor. Around this
problem: U. Demirhan and A. Alkhateeb, arXiv:2301.11328 (powers per access point, joint beams with a sensing stream).
The figure shows the least SINR against the floor, which is given as a share of the most that is possible: all power in
the direction of the target. A network that could shift power between its access points is the upper curve.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

import leoisac as li
from leoisac.antennas.steering import ula_steering_vector
from leoisac.plots.style import house_style
from leoisac.problems import Beams, at_least, at_most, maximise_least

SHARES = (0.0, 0.4, 0.6, 0.8, 0.9, 0.97)
POINTS, ANTENNAS = 4, 4
POWER, NOISE = 0.2, 1e-13  # W, per access point and per receiver
AXES = {
    "h": ("user", "antenna"),
    "target": ("point", "antenna"),
    "echo_gain": ("point",),
    "echo_snr": (),
    "power": (),
    "noise": (),
}
"""Of the data of one trial, so that no list of numbers per trial is taken for a list per user, or the reverse."""


def statement(v: Any, d: Any) -> Any:
    """Every access point keeps its own power."""
    return served_and_sensed(v, d, {"power": at_most(li.terms.power(v.w, groups=POINTS), d.power)})


def statement_of_pooled_power(v: Any, d: Any) -> Any:
    """The same power in all, wherever it is sent."""
    return served_and_sensed(v, d, {"power": at_most(li.terms.power(v.w), POINTS * d.power)})


def served_and_sensed(v: Any, d: Any, power: dict[str, Any]) -> Any:
    """The least SINR, with enough echo: each access point's power on the target counts with the gain of its echoes."""
    on_target = li.terms.beampattern(d.target, v.w)
    return maximise_least(
        li.terms.sinr(d.h, v.w, noise=d.noise),
        subject_to={**power, "echo": at_least(jnp.sum(d.echo_gain * on_target) / d.noise, d.echo_snr)},
    )


def draw(trials: int, users: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Places in a square of 400 m, and what follows from them.

    ``h`` (trial, user, antennas of all); ``target`` (trial, access point, antennas of all): steering vector towards the
    target, zero for the antennas of the others; ``echo_gain`` (trial, access point): gain of power from there over the
    target to all receivers; ``most_echo`` (trial): the largest SNR of the echo.
    """
    rng = np.random.default_rng(seed)
    points = np.array([[50.0, 50.0], [350.0, 50.0], [50.0, 350.0], [350.0, 350.0]])
    receivers = np.array([[200.0, 0.0], [400.0, 200.0], [200.0, 400.0], [0.0, 200.0]])
    places, target = rng.uniform(0.0, 400.0, (trials, users, 2)), rng.uniform(100.0, 300.0, (trials, 1, 2))
    far = np.linalg.norm(places[:, :, None] - points, axis=-1)
    gain = 10.0**-4.5 * np.maximum(far, 10.0) ** -3.0
    fading = rng.standard_normal((2, trials, users, POINTS, ANTENNAS)) / np.sqrt(2.0)
    h = np.sqrt(gain)[..., None] * (fading[0] + 1j * fading[1])
    towards = target - points
    steering = ula_steering_vector(np.arctan(towards[..., 1] / towards[..., 0]), ANTENNAS)
    blocks = np.eye(POINTS)[None, :, :, None] * steering[:, :, None, :]
    back = np.sum(1.0 / np.linalg.norm(target - receivers, axis=-1) ** 2, axis=-1, keepdims=True)
    echo_gain = 3e-8 * ANTENNAS * back / np.linalg.norm(towards, axis=-1) ** 2
    most = POWER * ANTENNAS * np.sum(echo_gain, axis=-1) / NOISE
    flat = (trials, -1, POINTS * ANTENNAS)
    return {"h": h.reshape(flat), "target": blocks.reshape(flat), "echo_gain": echo_gain, "most_echo": most}


def main(
    trials: int = 8,
    *,
    users: int = 5,
    shares: tuple[float, ...] = SHARES,
    kinds: tuple[str, ...] = ("own", "pooled"),
    folder: Path = Path(),
) -> dict[str, np.ndarray]:
    """Least SINR (share, trial) by kind of powers; where ``own``, ``powers`` (share, trial, access point) in W."""
    data = draw(trials, users)
    most = data.pop("most_echo")
    variables = {"w": Beams(antennas=POINTS * ANTENNAS, streams=users + 1)}
    problems = {
        "own": li.Problem(statement, variables, data=AXES),
        "pooled": li.Problem(statement_of_pooled_power, variables, data=AXES),
    }
    found: dict[str, list[Any]] = {**{kind: [] for kind in kinds}, "powers": [], "violation": []}
    print(f"{'echo':>5} {'powers':>7} {'least SINR, dB':>15} {'violation':>10}  status")
    for share in shares:
        given = {**data, "power": POWER, "noise": NOISE, "echo_snr": share * most}
        for kind in kinds:
            solution = li.solve(problems[kind], given, starts=2)
            found[kind].append(solution.objective)
            found["violation"].append(solution.violation)
            if kind == "own":
                found["powers"].append([li.terms.power(w, groups=POINTS) for w in solution.value["w"]])
            ended = ", ".join(sorted({li.Status(int(code)).name for code in solution.status}))
            level = np.mean(10.0 * np.log10(solution.objective))
            print(f"{share:5.2f} {kind:>7} {level:15.2f} {np.max(solution.violation):10.1e}  {ended}")
    result = {name: np.array(values) for name, values in found.items()}
    draw_figure(result, shares, folder / "cell_free_isac.png")
    return result


def draw_figure(result: dict[str, np.ndarray], shares: tuple[float, ...], file: Path) -> None:
    """Means in dB over the trials."""
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(5.4, 3.6), layout="constrained")
        axes = figure.subplots()
        for kind, marker, colour in (("pooled", "s--", "#D55E00"), ("own", "o-", "#0072B2")):
            if kind not in result:
                continue
            axes.plot(
                shares, np.mean(10.0 * np.log10(result[kind]), axis=1), marker, color=colour, label=f"{kind} powers"
            )
        axes.set_xlabel("echo's SNR at least this share of the largest")
        axes.set_ylabel("least SINR of the users, dB")
        axes.legend()
        figure.savefig(file)
    print(f"{file} is written.")


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:2]))
