# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""The structure of a statement, read from the operations that JAX traces: an interpreter of ``forms``.

Operations that are not known here give an array of no known structure, never a wrong one: nothing follows from it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.problems import form_rules as rules
from leoisac.problems.forms import NONNEGATIVE, Facts, Form, constant, rearranged
from leoisac.problems.matrix_rules import contract, inverse, solve

_MOVING = {
    *("reshape", "squeeze", "broadcast_in_dim", "expand_dims", "slice", "transpose", "rev", "copy", "copy_p"),
    *("stop_gradient", "concatenate", "stack", "pad", "optimization_barrier"),
}
"""Operations that move, repeat or join the entries of all their arguments."""
_LINEAR = {"real": jnp.real, "imag": jnp.imag, "conj": jnp.conj}
_INDEXED = {"gather": 1, "dynamic_slice": 1, "scatter": 2}
"""Operations with numbers that say where, and how many arguments are moved (the others say where)."""


def interpret(facts: Facts, raw: Callable[..., Any], variables: Form, data: Any) -> Any:
    """Forms of the outputs of ``raw(x, data)``.

    Args:
        facts: collects what the result stands on.
        raw: traceable, of a real vector and a pytree of arrays.
        variables: the vector ``x`` as a form of degree one.
        data: of one trial, or traced.
    """
    leaves, tree = jax.tree.flatten(data)
    leaves = [jnp.asarray(leaf) for leaf in leaves]
    closed, shape = jax.make_jaxpr(lambda x, *rest: raw(x, jax.tree.unflatten(tree, rest)), return_shape=True)(
        variables.ref, *leaves
    )
    known = [constant(leaf, False) for leaf in leaves]
    outputs = _run(facts, closed.jaxpr, closed.consts, [variables, *known])
    return jax.tree.unflatten(jax.tree.structure(shape), outputs)


def variables_of(ref: Any, left: Any, right: Any, nonnegative: Sequence[int] = ()) -> Form:
    """The variables themselves at a reference and a pair of points, real and of shape ``(n,)``.

    Those at the places ``nonnegative`` are at least zero wherever the statement is looked at.
    """
    count = np.shape(ref)
    sign = np.zeros(count, np.int8)
    sign[list(nonnegative)] = NONNEGATIVE
    degree, curve = np.ones(count, np.int8), np.full(count, 3, np.int8)
    none = np.zeros(count, np.int8)
    return Form(ref, jnp.zeros_like(ref), left, right, degree, curve, sign, none.astype(bool))


def _run(facts: Facts, jaxpr: Any, constants: Any, arguments: list[Form]) -> list[Form]:
    known: dict[Any, Form] = dict(zip(jaxpr.constvars, (constant(value, True) for value in constants)))
    known.update(zip(jaxpr.invars, arguments))

    def read(atom: Any) -> Form:
        return constant(np.asarray(atom.val), True) if hasattr(atom, "val") else known[atom]

    for equation in jaxpr.eqns:
        known.update(zip(equation.outvars, _apply(facts, equation, [read(atom) for atom in equation.invars])))
    return [read(atom) for atom in jaxpr.outvars]


def _apply(facts: Facts, equation: Any, inputs: list[Form]) -> list[Form]:
    name, parameters = equation.primitive.name, equation.params
    if name == "platform_index":
        return [constant(np.zeros((), np.int32), True)]
    if name == "cond" and parameters.get("branches_platforms"):
        # One function in several wordings: the one for no platform in particular.
        index = parameters["branches_platforms"].index(None)
        branch = parameters["branches"][index]
        return _run(facts, branch.jaxpr, branch.consts, inputs[1:])
    if all(form.known for form in inputs):
        return _known(equation, inputs)
    inner = parameters.get("jaxpr", parameters.get("call_jaxpr"))
    if name in ("jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call", "remat", "checkpoint"):
        if name in ("jit", "pjit"):
            named = _linear_algebra(facts, parameters.get("name"), inner, inputs)
            if named is not None:
                return [named]
        if inner is not None:
            consts = getattr(inner, "consts", ())
            return _run(facts, getattr(inner, "jaxpr", inner), consts, inputs)
    single = _single(facts, name, parameters, inputs, functools.partial(_bind, equation))
    return [_unknown(variable, inputs) for variable in equation.outvars] if single is None else [single]


def _known(equation: Any, inputs: list[Form]) -> list[Form]:
    """Numbers from numbers, at once where the data have no part in them."""
    fixed = all(form.fixed for form in inputs)
    values = [form.ref for form in inputs]
    if fixed:
        with jax.ensure_compile_time_eval():
            found = _bind(equation, *values)
            outputs = [np.asarray(each) for each in (found if equation.primitive.multiple_results else [found])]
    else:
        found = _bind(equation, *values)
        outputs = found if equation.primitive.multiple_results else [found]
    return [constant(each, fixed) for each in outputs]


def _bind(equation: Any, *values: Any) -> Any:
    bound = equation.primitive.get_bind_params(equation.params)
    functions, parameters = bound if isinstance(bound, tuple) else ((), bound)  # JAX before 0.10 gives both
    return equation.primitive.bind(*functions, *map(jnp.asarray, values), **parameters)


def _unknown(variable: Any, inputs: list[Form]) -> Form:
    """An array of no known structure; its numbers are never used."""
    value = jnp.full(variable.aval.shape, jnp.nan if jnp.issubdtype(variable.aval.dtype, jnp.inexact) else 0)
    whole = constant(value.astype(variable.aval.dtype), False)
    nothing = np.zeros(value.shape, np.int8)
    return replace(whole, degree=nothing + 3, curve=nothing, sign=nothing, square=nothing > 0)


def _single(
    facts: Facts, name: str, parameters: dict[str, Any], inputs: list[Form], bind: Callable[..., Any]
) -> Form | None:
    """The form of an operation with one result; None where no rule is known."""
    one, two = {"add", "sub", "mul", "div"}, {"add_any": "add"}
    name = two.get(name, name)
    if name in one:
        rule = {"add": rules.add, "sub": rules.subtract, "mul": rules.multiply, "div": rules.divide}[name]
        return rule(facts, *inputs)
    if name == "neg":
        return rules.negative(inputs[0])
    if name in _LINEAR:
        return rules.linear(_LINEAR[name], inputs[0]) if inputs[0].is_complex else inputs[0]
    if name == "convert_element_type":
        return _converted(inputs[0], parameters["new_dtype"])
    if name == "complex":
        imaginary = rules.multiply(facts, inputs[1], constant(np.asarray(1j), True))
        real = rules.linear(lambda array: jnp.asarray(array).astype(np.complex128), inputs[0])
        return rules.add(facts, real, imaginary)
    if name == "reduce_sum":
        return rules.reduce_sum(facts, inputs[0], tuple(parameters["axes"]))
    if name == "dot_general":
        dimensions = tuple(tuple(tuple(map(int, axes)) for axes in pair) for pair in parameters["dimension_numbers"])
        return contract(facts, inputs[0], inputs[1], dimensions)
    if name in ("square", "integer_pow", "abs", "sqrt", "log", "log1p"):
        return _function(facts, name, parameters, inputs[0])
    if name in _MOVING:
        return rearranged(_by_numpy(name, parameters, bind), *inputs)
    if name == "select_n" and inputs[0].fixed and len(inputs) == 3:
        which = np.asarray(inputs[0].ref, bool)
        return rearranged(lambda no, yes: _selected(which, no, yes), *inputs[1:])
    if name in _INDEXED:
        return _indexed(name, inputs, bind)
    return None


def _selected(which: np.ndarray, no: Any, yes: Any) -> Any:
    at_once = isinstance(no, np.ndarray) and isinstance(yes, np.ndarray)
    return np.where(which, yes, no) if at_once else jnp.where(which, yes, no)


def _by_numpy(name: str, parameters: dict[str, Any], bind: Callable[..., Any]) -> Callable[..., Any]:
    """The operation, by NumPy for its arrays: JAX would compile a program for each shape of tags."""

    def moved(*arrays: Any) -> Any:
        if not all(isinstance(array, np.ndarray) for array in arrays):
            return bind(*arrays)
        first = arrays[0]
        if name == "reshape" and parameters.get("dimensions") is None:
            return first.reshape(parameters["new_sizes"])
        if name == "squeeze":
            return first.squeeze(tuple(parameters["dimensions"]))
        if name == "transpose":
            return first.transpose(parameters["permutation"])
        if name == "concatenate":
            return np.concatenate(arrays, parameters["dimension"])
        if name == "stack" and "axis" in parameters:
            return np.stack(arrays, parameters["axis"])
        if name == "slice":
            steps = parameters["strides"] or [None] * first.ndim
            return first[tuple(map(slice, parameters["start_indices"], parameters["limit_indices"], steps))]
        if name == "broadcast_in_dim" and len(arrays) == 1:
            spread = [1] * len(parameters["shape"])
            for size, place in zip(first.shape, parameters["broadcast_dimensions"]):
                spread[place] = size
            return np.broadcast_to(first.reshape(spread), parameters["shape"])
        return bind(*arrays)

    return moved


def _indexed(name: str, inputs: list[Form], bind: Callable[..., Any]) -> Form | None:
    if name == "scatter":
        operand, places, update = inputs
        return rearranged(lambda a, b: bind(a, places.ref, b), operand, update) if places.fixed else None
    places = inputs[1:]
    if not all(form.fixed for form in places):
        return None
    return rearranged(lambda array: bind(array, *(form.ref for form in places)), inputs[0])


def _function(facts: Facts, name: str, parameters: dict[str, Any], form: Form) -> Form | None:
    one = constant(np.ones(form.shape), True)
    power = parameters.get("y") if name == "integer_pow" else None
    if name == "abs":
        return rules.absolute(facts, form)
    if form.is_complex:
        return rules.multiply(facts, form, form) if name == "square" or power == 2 else None
    if name == "square" or power == 2:
        return rules.squared(facts, form)
    if power == -1:
        return rules.divide(facts, one, form)
    if name == "sqrt":
        return rules.root(facts, form)
    if name == "log":
        return rules.logarithm(facts, form)
    if name == "log1p":
        return rules.logarithm(facts, rules.add(facts, one, form), jnp.log1p(form.ref))
    return None


def _converted(form: Form, dtype: Any) -> Form | None:
    """A real array as one of another precision stays what it is; as a complex one it has no sign."""
    if not jnp.issubdtype(dtype, jnp.inexact):
        return None
    if jnp.issubdtype(dtype, jnp.complexfloating) == form.is_complex:
        return form if jnp.finfo(dtype).bits == 64 else None
    return rules.linear(lambda array: jnp.asarray(array).astype(dtype), form)


_NAMED = {"inv": (jnp.linalg.inv, inverse), "solve": (jnp.linalg.solve, solve)}


def _linear_algebra(facts: Facts, name: Any, inner: Any, inputs: list[Form]) -> Form | None:
    """A function of JAX's linear algebra by its name, if its operations are those of that function indeed."""
    if name not in _NAMED or any(form.is_complex for form in inputs):
        return None
    function, rule = _NAMED[name]
    traced = jax.make_jaxpr(function)(*(jnp.asarray(form.ref) for form in inputs)).jaxpr.eqns
    same = len(traced) == 1 and str(traced[0].params["jaxpr"]) == str(inner)
    return rule(facts, *inputs) if same else None
