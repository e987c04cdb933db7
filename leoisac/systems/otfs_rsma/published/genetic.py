"""Route ``published``, also called ``ga``: a genetic algorithm over all samples; and one that puts sensing first.

The paper names the algorithm, its population and its generations; operators and weights are ours, so that nothing here
is the paper's algorithm as printed. A trial that ends outside its constraints is NO_FEASIBLE_POINT. ``ga-sensing`` is
not an algorithm for problem (17): it shows what fitness the published table looks like.
"""

from __future__ import annotations

import functools
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.axes import Leaf
from leoisac.foundation.environment import compiles_quickly
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.lanes import batch_size, by_lanes, compiler_options, concatenate, take, to_numpy
from leoisac.foundation.status import Solution, Status, nonfinite_where
from leoisac.metrics.rsma import allocate_common_rate
from leoisac.optim.search.genetic import Evolved, GeneticOptions, evolve
from leoisac.systems.otfs_rsma.model import Channels, Design, Parameters
from leoisac.systems.otfs_rsma.problem.certificate import certified
from leoisac.systems.otfs_rsma.problem.normalised import (
    FEASIBILITY,
    VARIANTS,
    Variant,
    as_numbers,
    formulate,
    judged,
    partial_of,
    physical_streams,
    refuse_weights,
    shape_of,
)
from leoisac.systems.otfs_rsma.problem.program import Program, Shape, amplitudes, log_margins, stream_rates
from leoisac.systems.otfs_rsma.world.channels import channel_key

_LANES = 4
"""Trials side by side: a population is a batch of its own."""


class Fitness(NamedTuple):
    """Weights of the fitness.

    Attributes:
        floor: of the shortfall of the common rate, relative to its floor.
        delay, doppler: of the excess of the bounds, relative to their ceilings.
        delay_reward: of the delay bound itself, relative to its ceiling.
    """

    floor: float = 10.0
    delay: float = 10.0
    doppler: float = 10.0
    delay_reward: float = 0.0


RATE_FITNESS = Fitness()
SENSING_FITNESS = Fitness(doppler=5000.0, delay_reward=200.0)


@in_double
def solve(
    scheme: str,
    weights: Fitness,
    parameters: Parameters,
    channels: Channels,
    *,
    population: int = 100,
    generations: int = 125,
) -> Solution[Design]:
    """The genetic algorithm for a batch of trials.

    Args:
        scheme: a key of ``problem.normalised.VARIANTS``.
        weights: of the fitness.
        parameters, channels: as everywhere; channels with a leading trial axis.
        population, generations: sizes; the paper's by default.

    Returns:
        Physical streams of the fittest individual. Penalties only discourage violations: a design that misses an
        enforced constraint is NO_FEASIBLE_POINT, or INFEASIBLE where ``certified`` has a proof. ``history`` holds the
        best fitness of each generation.
    """
    refuse_weights(parameters, "published")
    shape, variant = shape_of(parameters, channels), as_numbers(VARIANTS[scheme])
    options = GeneticOptions(population=population, generations=generations)
    setting = (parameters, variant)
    ready: _Ready = by_lanes(partial_of(_formulate, shape))(setting, channels)
    evolved = _evolved(shape, weights, options, ready)
    found = by_lanes(partial_of(_finish, shape))(setting, channels, ready.program, evolved)
    missed = np.asarray(found.violation) > FEASIBILITY
    status = np.where(missed, int(Status.NO_FEASIBLE_POINT), int(Status.CONVERGED))
    status = nonfinite_where(status, found.objective, found.violation).astype(np.int32)
    iterations = np.full(len(status), generations, dtype=np.int32)
    solution = Solution(**{**vars(found), "status": status, "iterations": iterations})
    return certified(solution, parameters, channels, VARIANTS[scheme])


class _Ready(NamedTuple):
    program: Program
    seed: Leaf


def _formulate(shape: Shape, setting: tuple[Parameters, Variant], channels: Channels) -> _Ready:
    return _Ready(formulate(setting[0], channels, setting[1]), jax.random.key_data(channel_key(channels)))


def _evolved(shape: Shape, weights: Fitness, options: GeneticOptions, ready: _Ready) -> Evolved:
    count, blocks = batch_size(ready), list[Any]()
    for start in range(0, count, _LANES):
        block = take(ready, np.minimum(np.arange(start, start + _LANES), count - 1))
        blocks.append(to_numpy(_compiled(shape, weights, options, compiles_quickly())(block)))
    return take(concatenate(blocks), slice(0, count))


@functools.lru_cache(maxsize=16)
def _compiled(shape: Shape, weights: Fitness, options: GeneticOptions, _quickly: bool) -> Any:
    def run(ready: _Ready) -> Evolved:
        fitness = partial(fitness_of, weights, ready.program, shape)
        return evolve(fitness, jax.random.wrap_key_data(ready.seed), shape.n_samples, options)

    return jax.jit(jax.vmap(run), compiler_options=compiler_options(None))


@in_double
def fitness_of(weights: Fitness, program: Program, shape: Shape, genes: Any) -> Any:
    """Least rate in bit less penalties (one individual)."""
    samples = genes.reshape(shape.stream_shape)
    amplitude = amplitudes(samples, program)
    private, common = stream_rates(samples, amplitude, program, shape)
    least = allocate_common_rate(common, private).min_rate if shape.is_total else jnp.min(private)
    floor = program.common_floor
    shortfall = jnp.where(floor > 0.0, 1.0 - jnp.min(common) / jnp.where(floor > 0.0, floor, 1.0), 0.0)
    excess = jnp.exp(-log_margins(samples, amplitude, program, shape))
    over = jnp.maximum(excess - 1.0, 0.0)
    sensing = weights.delay * over[0] + weights.doppler * over[1] + weights.delay_reward * excess[0]
    return least - weights.floor * jnp.maximum(shortfall, 0.0) - jnp.where(program.is_sensing > 0.5, sensing, 0.0)


def _finish(
    shape: Shape, setting: tuple[Parameters, Variant], channels: Channels, program: Program, evolved: Evolved
) -> Solution[Design]:
    parameters, variant = setting
    streams = physical_streams(parameters, program, jnp.asarray(evolved.best).reshape(shape.stream_shape))
    zero = jnp.zeros((), dtype=jnp.int32)
    return judged(
        parameters, channels, variant, streams, status=zero, iterations=zero, history=jnp.asarray(evolved.history)
    )


solve_rsma = partial(solve, "rsma", RATE_FITNESS)
solve_sdma = partial(solve, "sdma", RATE_FITNESS)
solve_common_only = partial(solve, "common-only", RATE_FITNESS)
solve_sensing_rsma = partial(solve, "rsma", SENSING_FITNESS)
solve_sensing_sdma = partial(solve, "sdma", SENSING_FITNESS)
solve_sensing_common_only = partial(solve, "common-only", SENSING_FITNESS)
