"""Cells as numbers without units: the association applied, noise 1, both power budgets 1 (``cell_program``)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Array, Complex, Float, Int

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status, nonfinite_where
from leoisac.systems.coexistence.judge.evaluate import TOLERANCE, evaluate
from leoisac.systems.coexistence.judge.protection import largest_beam_power, radar_power
from leoisac.systems.coexistence.judge.satellites import at_satellite_users_alone, from_satellites
from leoisac.systems.coexistence.model import Channels, Design, Parameters, SatelliteLinks
from leoisac.systems.coexistence.problem.beam_program import BeamProblem
from leoisac.systems.coexistence.problem.cell_program import CellProblem
from leoisac.systems.coexistence.problem.known_noise import assumed_power, known_noise

_TINY = 1e-30


def predicted_problem(
    parameters: Parameters, channels: Channels, association: Int[Array, "cell target"]
) -> CellProblem:
    """All cells of one trial as P1 knows them: terrestrial channels of its instant, the satellite as predicted."""
    links = true_links(channels) if channels.predicted is None else channels.predicted
    return _normalise(parameters, channels, association, (channels.h_tut, channels.h_sut), links)


def fresh_problem(parameters: Parameters, channels: Channels, association: Int[Array, "cell target"]) -> CellProblem:
    """All cells of one trial as P3 knows them: at its instant, with terrestrial channels as they are estimated."""
    rows = (channels.h_tut_fresh, channels.h_sut_fresh)
    if channels.estimates is not None:
        rows = (channels.estimates.h_tut, channels.estimates.h_sut)
    return _normalise(parameters, channels, association, rows, true_links(channels))


def true_links(channels: Channels) -> SatelliteLinks:
    """The satellite's links as they are."""
    return SatelliteLinks(channels.g_tut, channels.g_sut, channels.g_rad, channels.u_satellite)


def without_coupling(problem: CellProblem) -> CellProblem:
    """The ideal in which satellite and base station do not disturb each other's receivers."""
    return replace(
        problem,
        h_sut=jnp.zeros_like(problem.h_sut),
        g_tut=jnp.zeros_like(problem.g_tut),
        g_rad=jnp.zeros_like(problem.g_rad),
    )


def ideal_problem(parameters: Parameters, channels: Channels, association: Any) -> CellProblem:
    """The fresh problem without coupling between the networks."""
    return without_coupling(fresh_problem(parameters, at_satellite_users_alone(channels), association))


def predicted_beams(parameters: Parameters, channels: Channels, association: Int[Array, "cell target"]) -> BeamProblem:
    """All beams of one trial as P1 knows them, a leading beam axis on every array."""
    return _beams(parameters, channels, association, predicted_problem(parameters, channels, association), fresh=False)


def fresh_beams(parameters: Parameters, channels: Channels, association: Int[Array, "cell target"]) -> BeamProblem:
    """All beams of one trial at the instant of P3."""
    return _beams(parameters, channels, association, fresh_problem(parameters, channels, association), fresh=True)


def ideal_beams(parameters: Parameters, channels: Channels, association: Int[Array, "cell target"]) -> BeamProblem:
    """The fresh beams without coupling between the networks; cells still hear each other."""
    alone = at_satellite_users_alone(channels)
    return _beams(parameters, alone, association, ideal_problem(parameters, channels, association), fresh=True)


def flatten(tree: Any) -> Any:
    """Trials and cells on one axis, for what works cell by cell."""

    def joined(leaf: Any) -> np.ndarray:
        trials, cells, *rest = np.shape(leaf)
        return np.reshape(leaf, (trials * cells, *rest))  # no -1: without users or targets there is nothing to divide

    return jax.tree_util.tree_map(joined, tree)


def unflatten(tree: Any, cells: int) -> Any:
    """Inverse of ``flatten``."""

    def parted(leaf: Any) -> np.ndarray:
        count, *rest = np.shape(leaf)
        return np.reshape(leaf, (count // cells, cells, *rest))

    return jax.tree_util.tree_map(parted, tree)


def physical_design(
    parameters: Parameters,
    beamformer: Complex[np.ndarray, "trial cell tx stream"],
    beam_power: Float[np.ndarray, "trial cell"],
    power_cap: Float[np.ndarray, "trial cell"],
    association: Int[np.ndarray, "trial cell target"],
    coupling: float = 1.0,
) -> Design:
    """Designs from normalised beamformers and powers (shares of the satellite's budget)."""
    bs_power, satellite_power = float(parameters.bs_power), float(parameters.satellite_power)
    return Design(
        beamformer=np.asarray(beamformer) * np.sqrt(bs_power),
        beam_power=np.asarray(beam_power) * satellite_power,
        power_cap=np.asarray(power_cap) * satellite_power,
        association=np.asarray(association),
        coupling=np.full(len(association), coupling),
    )


def judged(
    parameters: Parameters,
    channels: Channels,
    design: Design,
    enforces: tuple[str, ...],
    *,
    status: np.ndarray,
    iterations: np.ndarray,
    history: np.ndarray | None = None,
) -> Solution[Design]:
    """Solution of a batch whose objective and violation are the judge's, from the physical designs.

    ``enforces`` names the constraints that the scheme promises; the violation is the largest relative one of them.
    """
    metrics = by_lanes(evaluate)(parameters, channels, design)
    worst = np.min([metrics[f"margin_{name}"] for name in enforces], axis=0) if enforces else np.zeros(len(status))
    violation = np.maximum(-worst, 0.0)
    missed = (status == int(Status.CONVERGED)) & (violation > TOLERANCE)
    return Solution(
        value=design,
        status=nonfinite_where(np.where(missed, int(Status.INACCURATE), status), metrics["sum_rate"], violation).astype(
            np.int32
        ),
        objective=metrics["weighted_rate"],
        violation=violation,
        iterations=iterations,
        history=np.empty((len(status), 0)) if history is None else history,
    )


def _beams(
    parameters: Parameters,
    channels: Channels,
    association: Int[Array, "cell target"],
    cells: CellProblem,
    *,
    fresh: bool,
) -> BeamProblem:
    count, share = association.shape[0], parameters.cells_per_beam
    users, tx = channels.h_tut.shape[1:]
    rx = channels.g_rad.shape[2]
    by_beam = jax.tree.map(lambda leaf: leaf.reshape(count // share, share, *leaf.shape[1:]), cells)
    if channels.neighbours is None:
        beams = count // share
        tut = jnp.zeros((beams, share, share, users, tx), dtype=complex)
        return BeamProblem(by_beam, tut, jnp.zeros((beams, share, share, association.shape[1], rx, tx), dtype=complex))
    scale = jnp.sqrt(parameters.bs_power / channels.noise_power)
    between = channels.neighbours
    rows = between.h_cross_tut_fresh if fresh else between.h_cross_tut
    # The receiver that listens to a target hears the neighbours.
    radar = jnp.moveaxis(between.d_cross_radar, 2, 1)[jnp.arange(count)[:, None], association]
    radar = jnp.moveaxis(radar, 1, 2)

    known = known_noise(parameters, channels, association)
    if known is not None:
        rows = rows / jnp.sqrt(known.tut)[:, None, :, None]
        radar = known.whitened_matrices(radar)

    def own_beam(links: Array) -> Array:
        scaled = links * scale.reshape(-1, *[1] * (links.ndim - 1))
        return jnp.stack([scaled[first : first + share, first : first + share] for first in range(0, count, share)])

    return BeamProblem(by_beam, own_beam(rows), own_beam(radar))


def _normalise(
    parameters: Parameters,
    channels: Channels,
    association: Int[Array, "cell target"],
    rows: tuple[Leaf, Leaf],
    links: SatelliteLinks,
) -> CellProblem:
    bs_scale = jnp.sqrt(parameters.bs_power / channels.noise_power)
    power_scale = parameters.satellite_power / channels.noise_power
    cells = jnp.arange(association.shape[0])[:, None]

    def echo(amplitude: Leaf, rx: Leaf) -> Any:
        """Echo columns of all scatterers at the receiver of every target: (cell, target, scatterer, rx)."""
        columns = jnp.swapaxes(amplitude[..., None] * rx, 1, 2)
        return bs_scale[:, None, None, None] * columns[cells, association]

    # Other base stations, beams and satellites are noise; in units of it, noise is 1 everywhere.
    known = known_noise(parameters, channels, association)
    others = 0.0 if channels.background is None else bs_scale**2 * channels.background.sut_gain
    quiet = 1.0 / (1.0 + others) if known is None else 1.0 / (known.sut + others)
    problem = CellProblem(
        h_tut=bs_scale[:, None, None] * rows[0],
        h_sut=(bs_scale * jnp.sqrt(quiet))[:, None] * rows[1],
        g_tut=power_scale[:, None] * links.g_tut,
        g_sut=power_scale * quiet * links.g_sut,
        target_tx=channels.target_tx,
        clutter_tx=channels.clutter_tx,
        target_echo=echo(channels.target_amplitude, channels.target_rx),
        clutter_echo=echo(channels.clutter_amplitude, channels.clutter_rx),
        g_rad=jnp.sqrt(power_scale)[:, None, None] * links.g_rad[cells, association],
        min_sut_rate=jnp.broadcast_to(parameters.min_sut_rate, power_scale.shape),
        # What the residual Doppler shift takes away, the filtered echo must have more of.
        min_scnr=jnp.broadcast_to(parameters.min_scnr / parameters.doppler_loss, power_scale.shape),
        max_q=_largest_amplitude(parameters, channels, links, power_scale),
        rate_weights=None
        if parameters.rate_weights is None
        else jnp.broadcast_to(parameters.rate_weights, (*power_scale.shape, len(parameters.rate_weights))),
        max_sut_leakage=None
        if parameters.max_inr is None
        else jnp.broadcast_to(jnp.maximum((parameters.max_inr - others) * quiet, _TINY), power_scale.shape),
    )
    if known is None:
        return problem
    return replace(
        problem,
        h_tut=problem.h_tut / jnp.sqrt(known.tut)[..., None],
        g_tut=problem.g_tut / known.tut,
        target_echo=known.whitened(problem.target_echo),
        clutter_echo=known.whitened(problem.clutter_echo),
        g_rad=known.whitened(problem.g_rad[:, :, None])[:, :, 0],
    )


def _largest_amplitude(
    parameters: Parameters, channels: Channels, links: SatelliteLinks, power_scale: Leaf
) -> Leaf | None:
    """Of every cell's beam under the limits of interference and power flux density; ``None`` without any."""
    limits: list[Any] = []
    if parameters.max_inr is not None:
        at_radar = jnp.max(jnp.mean(jnp.abs(links.g_rad) ** 2, axis=-1), axis=-1)
        loudest = power_scale * jnp.maximum(jnp.max(links.g_tut, axis=-1, initial=0.0), at_radar)
        # What other beams and satellites leave of the limit, at the receiver that hears most of them.
        room = parameters.max_inr
        further = from_satellites(channels, assumed_power(parameters, channels))
        if further is not None:
            noise = channels.noise_power[:, None]
            loud = jnp.maximum(
                jnp.max(further.at_tut / noise, axis=-1, initial=0.0), jnp.max(radar_power(further) / noise, axis=-1)
            )
            room = jnp.maximum(room - loud, _TINY)
        limits.append(room / jnp.maximum(loudest, _TINY))
    if parameters.pfd_limits is not None:
        limits.append(jnp.broadcast_to(largest_beam_power(parameters, channels), power_scale.shape))
        limits[-1] = limits[-1] / parameters.satellite_power
    if not limits:
        return None
    share = parameters.cells_per_beam
    least = jnp.min(jnp.stack(limits), axis=0).reshape(-1, share)
    return jnp.repeat(jnp.sqrt(jnp.clip(jnp.min(least, axis=1), _TINY, 1.0)), share)
