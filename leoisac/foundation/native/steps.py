# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""What JAX traces, as a flat list of steps: calls inlined, constants evaluated, nothing twice, nothing unused.

Steps know when they can be taken: some need the data of an instance only, some the point, and some the weights with
which the derivative is asked for. The first are taken once per instance, the second at every trial point, the last only
where a trial point was accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jax.core import eval_context
from jax.extend import core

from leoisac.foundation.jax_setup import jax, jnp

MOST_CONSTANT = 65536
"""Constants of more entries are not evaluated while translating: a program with such tables is not ours to make."""


class UnsupportedError(Exception):
    """Something in a problem that the translation does not know."""


class Stage(IntEnum):
    """When a number is known."""

    CONSTANT = 0
    DATA = 1
    POINT = 2
    SLOPE = 3


@dataclass(eq=False)
class Name:
    """An array that a step makes, or an input."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    stage: Stage = Stage.POINT
    uses: list[Step] = field(default_factory=list["Step"])


Atom: TypeAlias = "Name | np.ndarray"


@dataclass(eq=False)
class Step:
    """One operation."""

    primitive: Any
    params: dict[str, Any]
    inputs: list[Atom]
    outputs: list[Name]

    @property
    def name(self) -> str:
        return self.primitive.name


class Traced(NamedTuple):
    """A flat program: its inputs, its steps in order, and its results."""

    inputs: list[Name]
    steps: list[Step]
    results: list[Atom]


_CALLS = {
    *("jit", "pjit", "closed_call", "core_call", "remat", "remat2", "checkpoint", "custom_jvp_call"),
    *("custom_vjp_call", "custom_vjp_call_jaxpr", "custom_lin"),
}


def traced(function: Callable[..., Any], arguments: Sequence[Any]) -> Traced:
    """Steps of ``function(*arguments)``, whose arguments and results are flat arrays."""
    return flat(jax.make_jaxpr(function)(*arguments))


def flat(closed: Any) -> Traced:
    """Steps of a closed jaxpr."""
    jaxpr = closed.jaxpr
    inputs = [_name(v) for v in jaxpr.invars]
    reader = _Reader()
    results = reader.read(jaxpr, closed.consts, inputs)
    return Traced(inputs, _needed(reader.steps, results), results)


def branches_of(step: Step) -> list[Any]:
    """Closed jaxprs of a conditional."""
    return list(step.params["branches"])


def _name(variable: Any) -> Name:
    if not isinstance(variable.aval.dtype, np.dtype):
        raise UnsupportedError(f"arrays of {variable.aval.dtype}")
    return Name(tuple(variable.aval.shape), np.dtype(variable.aval.dtype))


class _Reader:
    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._seen: dict[Any, list[Name]] = {}

    def read(self, jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Atom]) -> list[Atom]:
        known: dict[Any, Atom] = {
            v: np.asarray(c, dtype=_name(v).dtype) for v, c in zip(jaxpr.constvars, consts, strict=True)
        }
        known |= dict(zip(jaxpr.invars, arguments, strict=True))

        def atom(a: Any) -> Atom:
            return np.asarray(a.val, dtype=_name(a).dtype) if isinstance(a, core.Literal) else known[a]

        for equation in jaxpr.eqns:
            known |= dict(
                zip(equation.outvars, self._outputs(equation, [atom(a) for a in equation.invars]), strict=True)
            )
        return [atom(a) for a in jaxpr.outvars]

    def _outputs(self, equation: Any, inputs: list[Atom]) -> Sequence[Atom]:
        name, params = equation.primitive.name, equation.params
        outputs = [_name(v) for v in equation.outvars]
        inner = params.get("jaxpr") or params.get("call_jaxpr") or params.get("fun_jaxpr")
        if name in _CALLS and inner is not None:
            return self.read(getattr(inner, "jaxpr", inner), getattr(inner, "consts", ()), inputs)
        if name == "platform_index":
            return [np.zeros((), np.int32)]
        if name == "cond":
            chosen = _chosen_branch(params, inputs[0])
            if chosen is not None:
                return self.read(chosen.jaxpr, chosen.consts, inputs[1:])
        if name == "custom_linear_solve":
            return self._solved(params, inputs)
        if name in ("copy", "copy_p", "stop_gradient", "optimization_barrier", "pvary"):
            return inputs
        if name in ("empty", "empty2"):
            aval = equation.outvars[0].aval
            return [np.zeros(aval.shape, aval.dtype)]
        if all(isinstance(a, np.ndarray) for a in inputs) and name not in ("while", "scan", "cond"):
            return _evaluated(equation, inputs)
        key = (name, tuple(_identity(a) for a in inputs), repr(sorted(params.items(), key=lambda item: item[0])))
        if key in self._seen and "jaxpr" not in key[2]:
            return self._seen[key]
        self.steps.append(Step(equation.primitive, dict(params), inputs, outputs))
        self._seen[key] = outputs
        return outputs

    def _solved(self, params: dict[str, Any], inputs: list[Atom]) -> Sequence[Atom]:
        """Of a linear system whose derivative has a rule of its own, the solution."""
        lengths, solve = params["const_lengths"], params["jaxprs"].solve
        first = lengths.matvec + lengths.vecmat
        known = first + lengths.solve + lengths.transpose_solve
        return self.read(solve.jaxpr, solve.consts, [*inputs[first : first + lengths.solve], *inputs[known:]])


def _chosen_branch(params: dict[str, Any], index: Atom) -> Any:
    """The branch of a conditional that is known beforehand."""
    branches, platforms = params["branches"], params.get("branches_platforms")
    if platforms:
        fitting = [b for b, p in zip(branches, platforms, strict=True) if p is None or "cpu" in p]
        return fitting[0]
    if isinstance(index, np.ndarray):
        return branches[int(np.clip(int(index), 0, len(branches) - 1))]
    return None


def _evaluated(equation: Any, inputs: Sequence[Any]) -> list[np.ndarray]:
    if sum(int(np.prod(v.aval.shape)) for v in equation.outvars) > MOST_CONSTANT:
        raise UnsupportedError(f"a constant of shape {equation.outvars[0].aval.shape}")
    quick = _QUICK.get(equation.primitive.name)
    if quick is not None:
        aval = equation.outvars[0].aval
        with np.errstate(all="ignore"):
            return [np.asarray(quick(equation.params, aval, *inputs), dtype=aval.dtype).reshape(aval.shape)]
    with eval_context():
        found = equation.primitive.bind(*map(jnp.asarray, inputs), **equation.params)
        return [np.asarray(part) for part in (found if equation.primitive.multiple_results else [found])]


def _broadcast(params: dict[str, Any], aval: Any, array: np.ndarray, *_: Any) -> np.ndarray:
    shape = [1] * len(aval.shape)
    for axis, size in zip(params["broadcast_dimensions"], array.shape, strict=True):
        shape[axis] = size
    return np.broadcast_to(array.reshape(shape), aval.shape)


def _iota(params: dict[str, Any], aval: Any, *_: Any) -> np.ndarray:
    shape = [1] * len(aval.shape)
    shape[params["dimension"]] = -1
    return np.broadcast_to(np.arange(aval.shape[params["dimension"]]).reshape(shape), aval.shape)


def _pad(params: dict[str, Any], aval: Any, array: np.ndarray, filler: np.ndarray) -> np.ndarray:
    whole = np.full(aval.shape, filler)
    config = params["padding_config"]
    if min((low for pair in config for low in pair[:2]), default=0) < 0:
        raise UnsupportedError("a negative padding")
    places = zip(config, array.shape, strict=True)
    whole[tuple(slice(low, low + size * (gap + 1) - gap, gap + 1) for (low, _, gap), size in places)] = array
    return whole


def _slice(params: dict[str, Any], aval: Any, array: np.ndarray) -> np.ndarray:
    steps = params["strides"] or (1,) * array.ndim
    return array[tuple(map(slice, params["start_indices"], params["limit_indices"], steps))]


def _reduced(join: Callable[..., Any]) -> Callable[..., Any]:
    return lambda p, a, x: join(x, axis=tuple(p["axes"]))


def _least(array: np.ndarray) -> float | int:
    """What is below every number of an array's type."""
    return -np.inf if array.dtype.kind == "f" else -np.iinfo(np.int64).max


_QUICK: dict[str, Callable[..., Any]] = {
    "broadcast_in_dim": _broadcast,
    "iota": _iota,
    "add": lambda p, a, x, y: x + y,
    "sub": lambda p, a, x, y: x - y,
    "mul": lambda p, a, x, y: x * y,
    "neg": lambda p, a, x: -x,
    "div": lambda p, a, x, y: x / y if a.dtype.kind in "fc" else x // y,
    "max": lambda p, a, x, y: np.maximum(x, y),
    "min": lambda p, a, x, y: np.minimum(x, y),
    "and": lambda p, a, x, y: x & y,
    "or": lambda p, a, x, y: x | y,
    "not": lambda p, a, x: ~x,
    "sqrt": lambda p, a, x: np.sqrt(x),
    "integer_pow": lambda p, a, x: x ** p["y"],
    "square": lambda p, a, x: x * x,
    "select_n": lambda p, a, which, *cases: np.choose(which.astype(int), cases),
    "concatenate": lambda p, a, *parts: np.concatenate(parts, axis=p["dimension"]),
    "pad": _pad,
    "slice": _slice,
    "reduce_sum": _reduced(np.sum),
    "reduce_max": _reduced(lambda x, axis: np.max(x, axis=axis, initial=_least(x))),
    "reduce_min": _reduced(lambda x, axis: np.min(x, axis=axis, initial=-_least(x))),
    "reduce_and": _reduced(np.all),
    "reduce_or": _reduced(np.any),
    "real": lambda p, a, x: x.real,
    "imag": lambda p, a, x: x.imag,
    "conj": lambda p, a, x: np.conj(x),
    "eq": lambda p, a, x, y: x == y,
    "ne": lambda p, a, x, y: x != y,
    "lt": lambda p, a, x, y: x < y,
    "gt": lambda p, a, x, y: x > y,
    "le": lambda p, a, x, y: x <= y,
    "ge": lambda p, a, x, y: x >= y,
    "convert_element_type": lambda p, a, x: x.astype(a.dtype),
    "reshape": lambda p, a, x: x.reshape(a.shape),
    "squeeze": lambda p, a, x: x.reshape(a.shape),
    "expand_dims": lambda p, a, x: x.reshape(a.shape),
    "transpose": lambda p, a, x: x.transpose(p["permutation"]),
}
"""What constants are mostly made of, without a compilation each."""


def _identity(atom: Atom) -> Any:
    if isinstance(atom, Name):
        return id(atom)
    return atom.shape, atom.dtype.str, atom.tobytes()


def _needed(steps: list[Step], results: Sequence[Atom]) -> list[Step]:
    """The steps that the results rest on."""
    wanted = {id(a) for a in results if isinstance(a, Name)}
    kept: list[Step] = []
    for step in reversed(steps):
        if any(id(out) in wanted for out in step.outputs):
            kept.append(step)
            wanted |= {id(a) for a in step.inputs if isinstance(a, Name)}
    kept.reverse()
    for step in kept:
        for a in step.inputs:
            if isinstance(a, Name):
                a.uses.append(step)
    return kept


def set_stages(program: Traced, inputs: Sequence[Stage], forward: Sequence[Atom]) -> None:
    """Say of every name when it is known; what is known at the point but serves the slope alone waits for it.

    Args:
        program: the steps.
        inputs: when each input is known.
        forward: the results that every trial point needs.
    """
    for name, stage in zip(program.inputs, inputs, strict=True):
        name.stage = stage
    needed = {id(a) for a in forward if isinstance(a, Name)}
    for step in reversed(program.steps):
        if any(id(out) in needed for out in step.outputs):
            needed |= {id(a) for a in step.inputs if isinstance(a, Name)}
    for step in program.steps:
        stage = max((a.stage for a in step.inputs if isinstance(a, Name)), default=Stage.CONSTANT)
        if stage == Stage.POINT and not any(id(out) in needed for out in step.outputs):
            stage = Stage.SLOPE
        for out in step.outputs:
            out.stage = max(stage, Stage.DATA)
