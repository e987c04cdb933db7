"""A reconfigurable surface that serves users and lights a target at once: ``python ris_isac.py [trials]``.

A base station with 8 antennas reaches a target only by a surface of N elements, and two users by the surface and a
weak direct path. Beams and phases are designed jointly: as much power as possible on the target, every user's SINR at
least 20 dB. Around this problem: Z.-M. Jiang et al., IEEE Systems Journal 16(1), 2022 (radar SNR under SINR). The
figure shows the power on the target against N for optimised and for random phases. Where the base station sees the
surface in one direction only, the most without users is ``P M N^2`` times the gains of the paths, and about
``P M N`` with random phases.
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
from leoisac.problems import Beams, Phases, at_least, at_most, maximise

SIZES = (8, 16, 32)
POWER, NOISE = 1.0, 1e-14  # W
TO_SURFACE, TO_USER, TO_TARGET, DIRECT = 1e-6, 1e-6, 1e-6, 1e-12  # gains of power
RICE = 10.0


def statement(v: Any, d: Any) -> Any:
    """Beams and phases together."""
    return lit_target(v.w, v.phases, d)


def statement_of_beams(v: Any, d: Any) -> Any:
    """The phases are given."""
    return lit_target(v.w, d.phases, d)


def lit_target(w: Any, phases: Any, d: Any) -> Any:
    """What leaves the array x arrives as ``f^T diag(phases) G x``: rows are its conjugates, so that it is ``h^H x``."""
    users = d.direct + jnp.conj((d.to_users * phases) @ d.to_surface)
    target = jnp.conj((d.to_target * phases) @ d.to_surface)
    # The logarithm, because the power spans decades, and its slope vanishes where the target is dark.
    return maximise(
        jnp.log(li.terms.interference(target, w)),
        subject_to={
            "power": at_most(li.terms.power(w), d.power),
            "quality": at_least(li.terms.sinr(users, w, noise=d.noise), d.sinr_min),
        },
    )


def draw(trials: int, elements: int, antennas: int = 8, users: int = 2, rice: float = RICE) -> dict[str, np.ndarray]:
    """Amplitudes of all paths: Rician from array to surface, Rayleigh to the users, a line of sight to the target.

    The first elements, directions and users are the same for every N.
    """
    rng = np.random.default_rng(0)
    angles = rng.uniform(-1.0, 1.0, (3, trials))
    surface = ula_steering_vector(angles[0], elements)
    sight = surface[:, :, None] * ula_steering_vector(angles[1], antennas)[:, None, :]
    scattered = _rayleigh(rng, trials, 64, antennas)[:, :elements]
    to_users = np.sqrt(TO_USER) * _rayleigh(rng, trials, users, 64)[:, :, :elements]
    direct = np.sqrt(DIRECT) * _rayleigh(rng, trials, users, antennas)
    phases = np.exp(2j * np.pi * rng.uniform(size=(trials, 64)))[:, :elements]
    return {
        "to_surface": np.sqrt(TO_SURFACE / (rice + 1.0)) * (np.sqrt(rice) * sight + scattered),
        "to_users": to_users,
        "to_target": np.sqrt(TO_TARGET) * ula_steering_vector(angles[2], elements),
        "direct": direct,
        "phases": phases,
    }


def _rayleigh(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)


def main(
    trials: int = 8,
    *,
    sizes: tuple[int, ...] = SIZES,
    antennas: int = 8,
    users: int = 2,
    sinr_min: float = 100.0,
    rice: float = RICE,
    kinds: tuple[str, ...] = ("optimised", "random"),
    folder: Path = Path(),
) -> dict[str, np.ndarray]:
    """Power on the target in W, (size, trial), by kind of phases; largest violations, and all moduli of phases."""
    found: dict[str, list[Any]] = {**{kind: [] for kind in kinds}, "violation": [], "modulus": []}
    print(f"{'N':>4} {'phases':>10} {'on target, dBm':>15} {'violation':>10}  status")
    for elements in sizes:
        data = draw(trials, elements, antennas, users, rice)
        given = {**data, "power": POWER, "noise": NOISE, "sinr_min": sinr_min}
        beams = {"w": Beams(antennas=antennas, streams=users + 1)}
        problems = {
            "optimised": li.Problem(statement, variables={**beams, "phases": Phases(elements)}),
            "random": li.Problem(statement_of_beams, variables=beams),
        }
        for kind in kinds:
            solution = li.solve(problems[kind], given)
            lit = np.exp(solution.objective)
            found[kind].append(lit)
            found["violation"].append(solution.violation)
            found["modulus"].append(np.abs(solution.value.get("phases", data["phases"])))
            ended = ", ".join(sorted({li.Status(int(code)).name for code in solution.status}))
            level = 30.0 + 10.0 * np.log10(np.mean(lit))
            print(f"{elements:4d} {kind:>10} {level:15.2f} {np.max(solution.violation):10.1e}  {ended}")
    result = {name: np.concatenate(x, axis=None) if name == "modulus" else np.array(x) for name, x in found.items()}
    draw_figure(result, sizes, antennas, folder / "ris_isac.png")
    return result


def draw_figure(result: dict[str, np.ndarray], sizes: tuple[int, ...], antennas: int, file: Path) -> None:
    """Means over the trials, and the laws of growth."""
    count = np.array(sizes, dtype=float)
    law = POWER * antennas * TO_SURFACE * TO_TARGET
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(5.4, 3.6), layout="constrained")
        axes = figure.subplots()
        for kind, marker, colour in (("optimised", "o-", "#0072B2"), ("random", "s-", "#D55E00")):
            if kind in result:
                axes.loglog(count, result[kind].mean(axis=1), marker, color=colour, label=f"{kind} phases")
        axes.loglog(count, law * count**2, "--", color="#000000", label="$P M N^2$")
        axes.loglog(count, law * count, ":", color="#000000", label="$P M N$")
        axes.set_xticks(count, [str(size) for size in sizes])
        axes.minorticks_off()
        axes.set_xlabel("elements of the surface")
        axes.set_ylabel("power on the target, W")
        axes.legend()
        figure.savefig(file)
    print(f"{file} is written.")


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:2]))
