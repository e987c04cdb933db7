# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""A problem as a C++ program: what is known with the data, at a point, and of the slope, as three functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax
from leoisac.foundation.native.emission import body, finish, given, leaf_of, members, passed_type, shape_of, tables
from leoisac.foundation.native.lowering import Translator
from leoisac.foundation.native.steps import Stage, set_stages, traced
from leoisac.foundation.native.writing import Writer
from leoisac.optim.problem import Path, Problem


@dataclass(frozen=True)
class ProblemSource:
    """A program, and what it expects of its caller."""

    source: str
    n: int
    m: int
    data: tuple[np.dtype[Any], ...]
    """Types of the leaves of data, as they are passed."""
    path: tuple[np.dtype[Any], ...]


def problem_source(fc: Problem, n: int, data: Any, path: Path, memory: int) -> ProblemSource:
    """The program of one instance.

    Args:
        fc: the problem.
        n: its number of variables.
        data: of one instance; only shapes and types matter.
        path: parameters of one stage likewise, or None.
        memory: curvature pairs of the engine.

    Raises:
        UnsupportedError: something in it has no translation.
    """
    leaves, tree = jax.tree.flatten(data)
    parameters, path_tree = jax.tree.flatten(path)
    count = len(leaves)

    def problem(x: Any, rest: Sequence[Any]) -> tuple[Any, Any]:
        own = tree.unflatten(rest[:count])
        return fc(x, own) if path is None else fc(x, own, path_tree.unflatten(rest[count:]))

    shapes = [shape_of(leaf) for leaf in (*leaves, *parameters)]
    point = jax.ShapeDtypeStruct((n,), np.float64)
    m = jax.eval_shape(problem, point, shapes)[1].size

    def everything(x: Any, weight: Any, weights: Any, *rest: Any) -> tuple[Any, ...]:
        (objective, c), pull = jax.vjp(lambda x: problem(x, rest), x)
        return objective, c.reshape(-1), pull((weight, weights.reshape(c.shape)))[0]

    one, many = jax.ShapeDtypeStruct((), np.float64), jax.ShapeDtypeStruct((m,), np.float64)
    program = traced(everything, (point, one, many, *shapes))
    set_stages(program, [Stage.POINT, Stage.SLOPE, Stage.SLOPE, *[Stage.DATA] * len(shapes)], program.results[:2])

    writer = Writer()
    first = [given("x", (n,), Stage.POINT), given("weight", (), Stage.SLOPE), given("c", (m,), Stage.SLOPE)]
    fields = [leaf_of(writer, name, Stage.DATA) for name in program.inputs[3:]]
    results = Translator(writer).run(program, [*first, *(field.value for field in fields)])
    goals = ("objective", Stage.POINT), ("c", Stage.POINT), ("g", Stage.SLOPE)
    for value, (goal, stage) in zip(results, goals, strict=True):
        finish(writer, value, goal, stage)
    source = _TEMPLATE.format(
        n=n,
        m=m,
        memory=memory,
        tables=tables(writer),
        members=members(writer),
        loads="\n    ".join(field.load("data", k, "instance") for k, field in enumerate(fields[:count])),
        stage_loads="\n    ".join(field.load("path", k, "stage") for k, field in enumerate(fields[count:])),
        prepare=body(writer, Stage.DATA),
        forward=body(writer, Stage.POINT),
        backward=body(writer, Stage.SLOPE),
    )
    types = tuple(passed_type(name.dtype) for name in program.inputs[3:])
    return ProblemSource(source, n, m, types[:count], types[count:])


_TEMPLATE = """#include "engine.hpp"
#include "linalg.hpp"
#include "interface.hpp"
{tables}
struct Problem {{
  static constexpr int N = {n}, M = {m};
  const void* const* path = nullptr;
  {members}
  void load(const void* const* data, long instance) {{
    {loads}
  }}
  void enter(long stage) {{
    {stage_loads}
    prepare();
  }}
  __attribute__((noinline)) void prepare() {{
    {prepare}
  }}
  __attribute__((noinline)) void forward(const double* __restrict x, double& value, double* __restrict c) {{
    double objective[1];
    {forward}
    value = objective[0];
  }}
  __attribute__((noinline)) void backward(
      const double* __restrict x, double given, const double* __restrict c, double* __restrict g) {{
    const double weight[1] = {{given}};
    {backward}
  }}
}};
INTERFACE(Problem, {memory})
"""
