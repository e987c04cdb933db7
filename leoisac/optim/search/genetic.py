# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Real-coded genetic algorithm: tournaments, blend crossover, Gaussian mutation, elites. Traceable; batch by ``vmap``.

Blend crossover: L. J. Eshelman, J. D. Schaffer, "Real-Coded Genetic Algorithms and Interval-Schemata", Foundations of
Genetic Algorithms 2, 1993. A benchmark for problems that have been published with it; where gradients exist, use them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import in_double, jax, jnp


@dataclass(frozen=True)
class GeneticOptions:
    """Settings; hashable, for they are compiled in.

    Attributes:
        population, generations: sizes.
        elites: best individuals that survive unchanged.
        crossover_rate: share of children with two parents.
        blend: by how much of their distance a gene may lie outside the parents' interval.
        mutation_rate: share of genes that mutate.
        first_deviation, last_deviation: of mutations, falling linearly over the generations.
    """

    population: int = 100
    generations: int = 125
    elites: int = 2
    crossover_rate: float = 0.9
    blend: float = 0.25
    mutation_rate: float = 0.1
    first_deviation: float = 0.3
    last_deviation: float = 0.05

    def __post_init__(self) -> None:
        if self.generations < 1 or not 0 <= self.elites < self.population:
            raise ValueError(
                f"population = {self.population}, generations = {self.generations}, elites = {self.elites}: needs one "
                "generation and fewer elites than individuals."
            )


class Evolved(NamedTuple):
    """Outcome of one run.

    Attributes:
        best: the fittest individual met.
        fitness: its fitness.
        history: best fitness after each generation.
    """

    best: Any  # (gene,)
    fitness: Any
    history: Any  # (generation,)


@in_double
def evolve(
    fitness: Callable[[Float[Array, " gene"]], Float[Array, ""]], key: Any, genes: int, options: GeneticOptions
) -> Evolved:
    """Maximise ``fitness`` from a standard normal population.

    Args:
        fitness: of one individual; traceable. Values that are no numbers count as the worst.
        key: JAX key of the run; a run depends on it alone.
        genes: genes of an individual.
        options: settings.
    """
    judge = jax.vmap(lambda individual: _no_nan(fitness(individual)))
    first_key, key = jax.random.split(key)
    population = jax.random.normal(first_key, (options.population, genes), dtype=jnp.float64)
    deviations = jnp.linspace(options.first_deviation, options.last_deviation, options.generations)

    def generation(state: tuple[Array, Array], step: tuple[Any, Array]) -> tuple[tuple[Array, Array], Array]:
        individuals, values = state
        order = jnp.argsort(-values)[: options.elites]
        children = _children(individuals, values, *step, options)
        individuals = jnp.concatenate([individuals[order], children])
        values = jnp.concatenate([values[order], judge(children)])
        return (individuals, values), jnp.max(values)

    steps = (jax.random.split(key, options.generations), deviations)
    (population, values), history = jax.lax.scan(generation, (population, judge(population)), steps)
    winner = jnp.argmax(values)
    return Evolved(population[winner], values[winner], history)


def _children(individuals: Array, values: Array, key: Any, deviation: Array, options: GeneticOptions) -> Array:
    count, genes = options.population - options.elites, individuals.shape[1]
    keys = jax.random.split(key, 5)
    rivals = jax.random.randint(keys[0], (2, 2, count), 0, options.population)
    winners = jnp.where(values[rivals[:, 0]] >= values[rivals[:, 1]], rivals[:, 0], rivals[:, 1])
    mother, father = individuals[winners[0]], individuals[winners[1]]
    place = jax.random.uniform(keys[1], (count, genes), jnp.float64, -options.blend, 1.0 + options.blend)
    has_two = jax.random.uniform(keys[2], (count, 1)) < options.crossover_rate
    children = jnp.where(has_two, mother + place * (father - mother), mother)
    mutates = jax.random.uniform(keys[3], (count, genes)) < options.mutation_rate
    return children + jnp.where(mutates, deviation * jax.random.normal(keys[4], (count, genes), jnp.float64), 0.0)


def _no_nan(value: Array) -> Array:
    return jnp.where(jnp.isnan(value), -jnp.inf, value)
