# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""One instance of the augmented-Lagrangian method as a machine that advances by one evaluation per tick.

``start`` makes the state, ``tick`` moves it by one evaluation of value and gradient, ``finished`` reads its status;
``engine`` runs many of them side by side. A tick evaluates the trial point ``x + step * direction`` and then either
accepts it (new curvature pair, new direction, step 1), or rejects it (shorter step), or ends a round (new multipliers;
the next tick evaluates the same point anew). Each decision belongs to the instance alone.

The function that a round minimises is, with multipliers ``lambda`` and penalty ``rho`` (Nocedal and Wright, Numerical
Optimization, 2nd ed., section 17.4)::

    objective(x) + sum_i [max(0, lambda_i - rho c_i(x))^2 - lambda_i^2] / (2 rho)

On a path of problems (see ``problem``) a stage before the last is left at the end of its first round with little
violation; the next one starts with its point, multipliers and penalty, and without its curvature pairs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Array, Bool, Float, Int

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.status import Status
from leoisac.optim.batched.lbfgs import Memory, descent_direction, empty_memory, forget, push
from leoisac.optim.options import EngineOptions
from leoisac.optim.problem import Path, Problem, at_stage, largest_violation, stages_of

RUNNING = -1
"""Status of an instance that is still being solved."""


_STALLED_SHARE = 0.9
"""A round that leaves more than this share of the violation has not moved it."""


class Evaluation(NamedTuple):
    """Everything known about the function at one point."""

    value: Float[Array, ""]
    gradient: Float[Array, " n"]
    objective: Float[Array, ""]
    c: Float[Array, " m"]


class Search(NamedTuple):
    """Line search: the next trial point is ``x + step * direction``."""

    direction: Float[Array, " n"]
    slope: Float[Array, ""]
    step: Float[Array, ""]
    rejections: Int[Array, ""]


class Outer(NamedTuple):
    """What changes only at the end of a round."""

    multipliers: Float[Array, " m"]
    penalty: Float[Array, ""]
    gradient_tolerance: Float[Array, ""]
    value: Float[Array, ""]
    """Augmented Lagrangian at the end of the last round: a bound in the making, it settles before the objective."""
    violation: Float[Array, ""]
    merit: Float[Array, ""]
    """Violation with complementarity: largest ``|min(c, multiplier / penalty)|``."""
    stalled: Int[Array, ""]
    """Rounds in a row that left the violation where it was."""
    rounds: Int[Array, ""]
    stage: Int[Array, ""]
    stage_began: Int[Array, ""]
    """Ticks that all stages before took."""
    objective_history: Float[Array, " round"]
    violation_history: Float[Array, " round"]


class Instance(NamedTuple):
    """State of one instance."""

    x: Float[Array, " n"]
    at_x: Evaluation
    unevaluated: Bool[Array, ""]
    """``at_x`` belongs to the round before: take the next evaluation as it comes."""
    search: Search
    memory: Memory
    outer: Outer
    inner_steps: Int[Array, ""]
    ticks: Int[Array, ""]
    status: Int[Array, ""]


def start(x: Float[Array, " n"], multipliers: Float[Array, " m"], options: EngineOptions) -> Instance:
    """State before the first tick; the multipliers are those of the first round."""
    zero, count, history = jnp.zeros(()), jnp.zeros((), jnp.int32), jnp.full(options.max_rounds, jnp.nan)
    outer = Outer(
        multipliers=multipliers,
        penalty=jnp.full((), options.penalty),
        gradient_tolerance=jnp.full((), options.gradient_tolerance),
        value=jnp.full((), jnp.inf),
        violation=jnp.full((), jnp.inf),
        merit=jnp.full((), jnp.inf),
        stalled=count,
        rounds=count,
        stage=count,
        stage_began=count,
        objective_history=history,
        violation_history=history,
    )
    return Instance(
        x=x,
        at_x=Evaluation(zero, jnp.zeros_like(x), zero, jnp.zeros_like(multipliers)),
        unevaluated=jnp.ones((), bool),
        search=Search(jnp.zeros_like(x), zero, zero, count),
        memory=empty_memory(options.memory, x.size),
        outer=outer,
        inner_steps=count,
        ticks=count,
        status=jnp.full((), RUNNING, jnp.int32),
    )


def tick(
    fc: Problem, options: EngineOptions, before: Instance, data: Any, path: Path, slot: Int[Array, ""]
) -> Instance:
    """Advance by one evaluation; ``slot`` is the ring position that this tick may fill with a curvature pair."""
    running = before.status == RUNNING
    trial = before.x + before.search.step * before.search.direction
    at_trial = _evaluate(at_stage(fc, path, before.outer.stage), trial, data, before.outer)

    finite = jnp.isfinite(at_trial.value) & jnp.isfinite(at_trial.gradient @ at_trial.gradient)
    accepted = running & finite & (before.unevaluated | _decreases_enough(options, before, at_trial))
    stepped = accepted & ~before.unevaluated
    x = jnp.where(accepted, trial, before.x)
    at_x = _select(accepted, at_trial, before.at_x)

    memory = _remember(before, slot, trial, at_trial, stepped)
    memory, search = _next_search(options, before, memory, at_trial, accepted)
    search_failed = search.rejections >= options.max_backtracks
    memory = forget(memory, search_failed)

    inner_steps = before.inner_steps + stepped
    ticks = before.ticks + running
    flat = jnp.linalg.norm(at_x.gradient) <= before.outer.gradient_tolerance
    last_stage = before.outer.stage == stages_of(path) - 1
    spent = (ticks >= options.max_ticks) | (~last_stage & (ticks - before.outer.stage_began >= options.approach_ticks))
    step_limit = (inner_steps >= options.inner_steps) | spent
    rounds_end = running & (jnp.where(accepted, flat, search_failed) | step_limit)
    outer = _select(rounds_end, _next_round(options, before.outer, at_x), before.outer)
    coarse = flat & (jnp.linalg.norm(at_x.gradient) > options.gradient_floor)
    status = jnp.where(
        running & before.unevaluated & ~finite,
        int(Status.NONFINITE),
        jnp.where(rounds_end, _verdict(options, before.outer, outer, ticks, coarse | ~last_stage), before.status),
    )
    reached = spent | (outer.violation <= options.approach_violation)
    stage_ends = rounds_end & (status == RUNNING) & ~last_stage & reached
    outer = _select(stage_ends, _next_stage(options, outer, ticks), outer)
    memory = forget(memory, stage_ends)
    return Instance(
        x=x,
        at_x=at_x,
        unevaluated=rounds_end | (before.unevaluated & ~accepted),
        search=search._replace(
            step=jnp.where(rounds_end, 0.0, search.step),
            rejections=jnp.where(rounds_end, 0, search.rejections),
        ),
        memory=memory,
        outer=outer,
        inner_steps=jnp.where(rounds_end, 0, inner_steps),
        ticks=ticks,
        status=status.astype(jnp.int32),
    )


def _evaluate(fc: Problem, x: Float[Array, " n"], data: Any, outer: Outer) -> Evaluation:
    """Value and gradient of the augmented Lagrangian, with the objective and the constraints that went into it."""

    def augmented(point: Array) -> tuple[Array, tuple[Array, Array]]:
        objective, c = fc(point, data)
        shifted = jnp.maximum(0.0, outer.multipliers - outer.penalty * c)
        penalty = jnp.sum(shifted**2 - outer.multipliers**2) / (2.0 * outer.penalty)
        return objective + penalty, (objective, c)

    (value, (objective, c)), gradient = jax.value_and_grad(augmented, has_aux=True)(x)
    return Evaluation(value, gradient, objective, c)


def _decreases_enough(options: EngineOptions, before: Instance, at_trial: Evaluation) -> Bool[Array, ""]:
    """Armijo's condition, with room for the rounding of the two values."""
    rounding = 1e-15 * (1.0 + jnp.abs(before.at_x.value))
    predicted = before.search.step * before.search.slope
    return at_trial.value <= before.at_x.value + options.armijo * predicted + rounding


def _remember(
    before: Instance, slot: Int[Array, ""], trial: Float[Array, " n"], at_trial: Evaluation, stepped: Bool[Array, ""]
) -> Memory:
    """Memory with the pair of this tick, unless the trial was rejected or the curvature along it is not positive."""
    step, change = trial - before.x, at_trial.gradient - before.at_x.gradient
    positive = step @ change > 1e-10 * jnp.sqrt((step @ step) * (change @ change))
    return push(before.memory, slot, step, change, stepped & positive)


def _next_search(
    options: EngineOptions, before: Instance, memory: Memory, at_trial: Evaluation, accepted: Bool[Array, ""]
) -> tuple[Memory, Search]:
    """New direction after an accepted trial; after a rejected one a shorter step along the old direction."""
    gradient = at_trial.gradient
    norm = jnp.linalg.norm(gradient)
    none_yet = ~jnp.any(memory.inverse)
    memory = memory._replace(
        scale=jnp.where(accepted & none_yet, options.first_step / jnp.maximum(norm, 1e-300), memory.scale)
    )
    direction = descent_direction(memory, gradient)
    slope = direction @ gradient
    uphill = ~(slope < 0.0)
    memory = forget(memory, accepted & uphill)
    direction = jnp.where(uphill, -memory.scale * gradient, direction)
    slope = jnp.where(uphill, -memory.scale * norm**2, slope)
    return memory, Search(
        direction=jnp.where(accepted, direction, before.search.direction),
        slope=jnp.where(accepted, slope, before.search.slope),
        step=jnp.where(accepted, 1.0, _shorter_step(before, at_trial)),
        rejections=jnp.where(accepted, 0, before.search.rejections + 1),
    )


def _shorter_step(before: Instance, at_trial: Evaluation) -> Float[Array, ""]:
    """Minimiser of the parabola through both values and the slope, between a tenth and a half of the rejected step."""
    step, slope = before.search.step, before.search.slope
    excess = at_trial.value - before.at_x.value - step * slope
    share = -0.5 * step * slope / jnp.where(excess > 0.0, excess, 1.0)
    usable = jnp.isfinite(excess) & (excess > 0.0)
    return step * jnp.where(usable, jnp.clip(share, 0.1, 0.5), 0.1)


def _next_round(options: EngineOptions, before: Outer, at_x: Evaluation) -> Outer:
    """First-order multiplier update; the penalty grows where violation and complementarity improved too little."""
    c, multipliers, penalty = at_x.c, before.multipliers, before.penalty
    merit = jnp.max(jnp.abs(jnp.minimum(c, multipliers / penalty)), initial=0.0)
    violation = largest_violation(c)
    too_slow = (merit > options.required_reduction * before.merit) & (merit > options.violation_tolerance)
    stuck = (violation > options.violation_tolerance) & (violation > _STALLED_SHARE * before.violation)
    grown = jnp.minimum(penalty * options.penalty_growth, options.penalty_limit)
    here = jnp.arange(options.max_rounds) == before.rounds
    return Outer(
        multipliers=jnp.maximum(0.0, multipliers - penalty * c),
        penalty=jnp.where(too_slow, grown, penalty),
        gradient_tolerance=jnp.maximum(before.gradient_tolerance * options.gradient_factor, options.gradient_floor),
        value=at_x.value,
        violation=violation,
        merit=merit,
        stalled=jnp.where(stuck, before.stalled + 1, 0),
        rounds=before.rounds + 1,
        stage=before.stage,
        stage_began=before.stage_began,
        objective_history=jnp.where(here, at_x.objective, before.objective_history),
        violation_history=jnp.where(here, violation, before.violation_history),
    )


def _next_stage(options: EngineOptions, outer: Outer, ticks: Int[Array, ""]) -> Outer:
    """What the next stage of a path takes over: the multipliers, and the penalty up to a limit."""
    return outer._replace(
        penalty=jnp.minimum(outer.penalty, options.approach_penalty),
        gradient_tolerance=jnp.full((), options.gradient_tolerance),
        value=jnp.full((), jnp.inf),
        violation=jnp.full((), jnp.inf),
        merit=jnp.full((), jnp.inf),
        stalled=jnp.zeros((), jnp.int32),
        stage=outer.stage + 1,
        stage_began=ticks,
    )


def _verdict(
    options: EngineOptions, before: Outer, after: Outer, ticks: Int[Array, ""], early: Bool[Array, ""]
) -> Int[Array, ""]:
    """Status after a round; one that is ``early`` has a finer tolerance, or another stage, still to come."""
    change = jnp.abs(after.value - before.value)
    settled = change <= options.value_tolerance * jnp.maximum(1.0, jnp.abs(after.value))
    enough = (after.rounds >= options.min_rounds) & (after.violation <= options.violation_tolerance)
    exhausted = (ticks >= options.max_ticks) | (after.rounds >= options.max_rounds)
    exhausted |= after.stalled >= options.stalled_rounds
    ended = jnp.where(exhausted, int(Status.MAX_STEPS), RUNNING)
    return jnp.where(settled & enough & ~early, int(Status.CONVERGED), ended)


def _select(condition: Bool[Array, ""], new: Any, old: Any) -> Any:
    """``new`` where the condition holds, leaf by leaf."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)
