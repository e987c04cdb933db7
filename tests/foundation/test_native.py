"""Native programs give what JAX gives: every rule of the translation, values and derivatives, in one compilation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from leoisac.foundation import backend
from leoisac.foundation.config import ConfigError
from leoisac.foundation.environment import COMPILE_VARIABLE, environment
from leoisac.foundation.jax_setup import double_precision, jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.native import compiler
from leoisac.foundation.native.compiler import NoCompilerError
from leoisac.foundation.native.functions import native_function
from leoisac.foundation.native.steps import UnsupportedError

pytestmark = pytest.mark.skipif(bool(backend.why_not_native()), reason=backend.why_not_native())
TRIALS = 3
PLACES = np.array([3, 0, 2, 2])
MASK = np.array([1.0, 0.0, 1.0, 0.0, 1.0])


def inputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)

    def gaussian(*shape: int) -> np.ndarray:
        return rng.normal(size=(TRIALS, *shape))

    square = gaussian(4, 4) + 1j * gaussian(4, 4)
    return {
        "v": gaussian(5),
        "A": gaussian(4, 5),
        "B": gaussian(5, 6),
        "T": gaussian(2, 4, 5),
        "c": gaussian(5) + 1j * gaussian(5),
        "C": square,
        "P": square @ np.conj(np.swapaxes(square, 1, 2)) + np.eye(4),
        "W": gaussian(4, 6) + 1j * gaussian(4, 6),
        "n": rng.integers(0, 5, size=(TRIALS, 3)),
        "s": np.abs(gaussian()) + 0.5,
    }


def wandering(d: Any) -> Any:
    """A loop whose length depends on the numbers, with a branch in it."""

    def more(state: Any) -> Any:
        return (state[0] < 20) & (jnp.sum(state[1] ** 2) > 0.1)

    def step(state: Any) -> Any:
        turned = jax.lax.cond(state[0] % 2 == 0, lambda x: 0.7 * x, lambda x: 0.9 * x[::-1], state[1])
        return state[0] + 1, turned, state[1]

    return jax.lax.while_loop(more, step, (0, d["v"], jnp.zeros(5)))


def side_by_side(d: Any) -> Any:
    """Loops of several lengths in one; the shorter ones wait."""

    def one(x: Any) -> Any:
        return jax.lax.while_loop(
            lambda s: (s[0] > 0.1) & (s[1] < 50), lambda s: (0.5 * s[0], s[1] + 1, s[2] * x), (x, 0, d["c"])
        )

    return jax.vmap(one)(jnp.abs(d["v"]) * jnp.array([9.0, 1.0, 0.01, 3.0, 0.0]))


def recursion(d: Any) -> Any:
    return jax.lax.scan(lambda s, row: (0.5 * s + row, s * row), jnp.zeros(5), d["A"], reverse=True)


VALUES: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda d: (d["v"] + 2.0) * d["v"] - d["v"] / (1.0 + d["s"]) + (-d["v"]) ** 3,
    "functions": lambda d: jnp.exp(d["v"]) + jnp.log1p(d["v"] ** 2) + jnp.sin(d["v"]) * jnp.tanh(d["v"]),
    "powers": lambda d: d["s"] ** 1.5 + jnp.sqrt(d["s"]) + 1.0 / d["s"] ** 2 + jax.lax.rsqrt(d["s"]),
    "bessel": lambda d: jnp.stack([jax.scipy.special.i0e(30.0 * d["s"]), jax.scipy.special.i1e(d["v"][0])]),
    "choices": lambda d: jnp.where(d["v"] > 0.0, d["v"], -2.0 * d["v"]) + jnp.clip(d["v"], -0.5, 0.5),
    "extremes": lambda d: (jnp.max(d["A"], axis=0), jnp.min(d["A"]), jnp.maximum(d["v"], 0.1), jnp.argmax(d["A"], 1)),
    "logic": lambda d: (jnp.any(d["A"] > 2.0, axis=1), jnp.all(d["n"] < 5), ~(d["v"] > 0.0), jnp.isfinite(d["v"])),
    "mask": lambda d: d["A"] * MASK * jnp.eye(4, 5),
    "sums": lambda d: (jnp.sum(d["T"], axis=(0, 2)), jnp.sum(d["A"], axis=0), jnp.prod(d["A"], axis=1)),
    "running": lambda d: jnp.cumsum(d["A"], axis=0),
    "products": lambda d: (d["A"] @ d["B"], d["A"] @ d["v"], jnp.einsum("tij,jk->tik", d["T"], d["B"])),
    "batch": lambda d: jnp.einsum("tij,tkj->tik", d["T"], 2.0 * d["T"]),
    "blend": lambda d: jnp.einsum("tij,tij->ti", d["T"], jnp.sin(d["T"])),
    "moved": lambda d: (d["A"].T[::2], d["A"][1:3, ::-1], jnp.tile(d["v"], 3), jnp.pad(d["v"], (2, 1))),
    "shapes": lambda d: (d["T"].reshape(8, 5), d["T"].transpose(2, 0, 1).reshape(-1), d["A"].reshape(2, 2, 5)[1]),
    "together": lambda d: (jnp.concatenate([d["v"], d["v"] ** 2]), jnp.stack([d["v"], d["v"]], axis=1)),
    "parts": lambda d: jnp.split(d["B"], [2, 4], axis=1),
    "chosen": lambda d: (d["A"][PLACES[:2]], d["v"][PLACES], jnp.diagonal(d["A"])),
    "chosen then": lambda d: (d["v"][d["n"]], jnp.take_along_axis(d["A"], jnp.argsort(d["A"], axis=1), axis=1)),
    "put": lambda d: (d["v"].at[PLACES[:2]].add(1.0), d["v"].at[1].set(d["s"])),
    "put then": lambda d: d["v"].at[d["n"]].add(d["s"]),
    "window": lambda d: jax.lax.dynamic_slice(d["A"], (d["n"][0], 1), (2, 3)),
    "window put": lambda d: jax.lax.dynamic_update_slice(d["A"], d["B"][:2, :2], (d["n"][1], 0)),
    "sorted": lambda d: (jnp.sort(d["A"], axis=0), jnp.argsort(d["v"])),
    "whole numbers": lambda d: (d["n"] + 1, d["n"] % 3, jnp.arange(3) * d["n"], d["n"].astype(float) / 2.0),
    "complex": lambda d: (d["c"] * jnp.conj(d["c"]), jnp.abs(d["c"]), d["c"] / (1.0 + 2j), d["c"] ** 2, -d["c"]),
    "tiny": lambda d: ((1e-300 * d["c"]) / jnp.maximum(0.0 * d["s"], 1e-300), d["c"] / (1e-200 * d["c"][::-1])),
    "complex quotient": lambda d: d["v"] / d["c"] + d["c"] / d["c"][::-1],
    "complex products": lambda d: (d["C"] @ d["W"], jnp.conj(d["W"]).T @ d["C"], jnp.exp(1j * d["v"]), d["W"].real),
    "positive": lambda d: jnp.linalg.cholesky(d["P"]),
    "system": lambda d: (jnp.linalg.solve(d["C"], d["W"]), jnp.linalg.inv(d["P"]), jnp.linalg.det(d["C"])),
    "triangle": lambda d: jax.scipy.linalg.solve_triangular(d["C"], d["W"], lower=True, trans="C"),
    "right": lambda d: jax.lax.linalg.triangular_solve(d["C"], d["W"].T, left_side=False, lower=False),
    "positive system": lambda d: jax.scipy.linalg.solve(d["P"], d["W"], assume_a="pos"),
    "spectrum": lambda d: (jnp.linalg.eigvalsh(d["P"]), jnp.linalg.svd(d["W"], compute_uv=False)),
    "loop": wandering,
    "loops": side_by_side,
    "branches": lambda d: jax.vmap(lambda x: jax.lax.cond(x > 0.0, jnp.sin, jnp.cos, x))(d["v"]),
    "recursion": recursion,
}

SCALARS: dict[str, Callable[[Any, Any], Any]] = {
    "rates": lambda v, d: jnp.sum(jnp.log2(1.0 + (d["A"] @ v) ** 2 / (1.0 + jnp.sum((d["A"] @ v) ** 2)))),
    "slices": lambda v, d: jnp.sum(v[1:] * v[:-1]) + jnp.sum(v[::2] ** 3) + v[PLACES] @ v[PLACES],
    "complex": lambda v, d: jnp.sum(jnp.abs(d["W"][:, :5] @ (v + 1j * v[::-1])) ** 2),
    "determinant": lambda v, d: jnp.linalg.slogdet(d["P"] + jnp.eye(4) * jnp.sum(v**2))[1],
    "solve": lambda v, d: jnp.real(jnp.trace(jnp.linalg.inv(d["P"] + 1j * 0.0 + v[0] ** 2 * jnp.eye(4)))),
    "eigenvalues": lambda v, d: jnp.sum(jnp.linalg.eigvalsh(d["P"] + v[1] * jnp.eye(4)) ** 2),
    "least": lambda v, d: jnp.min(v**2 + d["s"]),
    "scan": lambda v, d: jnp.sum(jax.lax.scan(lambda s, a: (s * a, s + a), 1.0, v)[1]),
}


def everything(_: None, d: Any) -> Any:
    slopes = {name: jax.value_and_grad(f)(d["v"], d) for name, f in SCALARS.items()}
    return {name: f(d) for name, f in VALUES.items()}, slopes, invariant(d)


def invariant(d: Any) -> Any:
    """What does not depend on the phases and signs that a decomposition may choose."""
    values, vectors = jnp.linalg.eigh(d["P"])
    q, r = jnp.linalg.qr(d["W"].T)
    u, s, v = jnp.linalg.svd(d["W"], full_matrices=False)
    return (vectors * values) @ jnp.conj(vectors).T, q @ r, jnp.conj(q).T @ q, (u * s) @ v, jnp.conj(u).T @ u


@functools.cache
def results() -> tuple[Any, Any]:
    """By native code as users have it, fully optimised, and by JAX, operation by operation."""
    data = inputs()
    with double_precision(), environment({COMPILE_VARIABLE: "full"}):
        native = native_function(everything, None, (data,), None)(None, (data,))
        trials = [{name: jnp.asarray(array[t]) for name, array in data.items()} for t in range(TRIALS)]
        each = [jax.tree.map(np.asarray, everything(None, trial)) for trial in trials]
    return native, jax.tree.map(lambda *parts: np.stack(parts), *each)


@pytest.mark.parametrize("part", [0, 1, 2], ids=["values", "slopes", "decompositions"])
def test_native_programs_give_what_jax_gives(part: int) -> None:
    native, expected = (result[part] for result in results())
    assert jax.tree.structure(native) == jax.tree.structure(expected)
    for (path, a), b in zip(jax.tree_util.tree_leaves_with_path(native), jax.tree.leaves(expected), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype), jax.tree_util.keystr(path)
        assert np.allclose(a, b, rtol=1e-11, atol=1e-11), jax.tree_util.keystr(path)


def test_a_trial_has_its_bits_in_any_company() -> None:
    native, _ = results()
    data = inputs()
    order = np.array([2, 0, 1, 1, 2])
    with double_precision(), environment({COMPILE_VARIABLE: "full"}):
        again = native_function(everything, None, (data,), None)(None, ({k: v[order] for k, v in data.items()},))
    for a, b in zip(jax.tree.leaves(native), jax.tree.leaves(again), strict=True):
        assert a[order].tobytes() == b.tobytes()


def test_nan_goes_through_maxima_and_ordering() -> None:
    def extremes(_: None, x: Any) -> Any:
        return jnp.max(x), jnp.maximum(x, 0.0), jnp.sort(x), jnp.argmax(x)

    x = np.array([[1.0, np.nan, -1.0], [3.0, 2.0, 4.0]])
    with double_precision():
        found = native_function(extremes, None, (x,), 0)(None, (x,))
        for k, row in enumerate(x):
            for a, b in zip(found, extremes(None, jnp.asarray(row)), strict=True):
                assert np.array_equal(a[k], np.asarray(b), equal_nan=True)


def noisy(seed: Any, x: Any) -> Any:
    return x + jax.random.normal(jax.random.key(0), x.shape)


def test_what_has_no_translation_runs_on_jax() -> None:
    with double_precision(), pytest.raises(UnsupportedError):
        native_function(noisy, None, (np.ones((2, 3)),), 0)
    found = by_lanes(noisy)(np.zeros(()), np.ones((2, 3)))
    with double_precision():
        assert np.array_equal(found[1], np.asarray(noisy(None, np.ones(3))))


def test_single_precision_is_not_taken() -> None:
    with double_precision(), pytest.raises(UnsupportedError, match="float32"):
        native_function(lambda _, x: x + 1, None, (np.ones((2, 3), np.float32),), 0)


class TestBackend:
    def test_names_are_checked(self) -> None:
        with (
            pytest.raises(ConfigError, match="backend = 'gpu': must be one of auto, jax, native"),
            backend.using("gpu"),
        ):
            pass
        with pytest.raises(ConfigError, match="threads = 0: must be a whole number"), backend.using(threads=0):
            pass

    def test_the_environment_chooses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(backend.VARIABLE, "jax")
        assert backend.chosen() == "jax"
        with backend.using("native"):
            assert backend.chosen() == "native"
        monkeypatch.setenv(backend.VARIABLE, "fortran")
        with pytest.raises(ConfigError, match="fortran"):
            backend.chosen()

    def test_without_a_compiler_jax_runs_and_native_is_refused_in_words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def none(*_: Any) -> Any:
            raise NoCompilerError("there is no C++ compiler: install g++")

        monkeypatch.setattr(backend, "find", none)
        assert backend.chosen() == "jax"
        with pytest.raises(ConfigError, match="no C\\+\\+ compiler: install g\\+\\+"), backend.using("native"):
            pass

    def test_a_named_compiler_must_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for named, said in (("off", "switched off"), ("/nowhere/c++", "does not run")):
            with pytest.raises(NoCompilerError, match=said):
                compiler.find(named)
        monkeypatch.setenv(compiler.VARIABLE, "false")
        with pytest.raises(NoCompilerError, match="does not run"):
            compiler.find()

    def test_a_damaged_library_is_made_anew(self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LEOISAC_CACHE_DIR", str(tmp_path))
        source = 'extern "C" int answer() { return 42; }'
        compiler._library.cache_clear()
        assert compiler.library_of(source, effort=0).answer() == 42
        (kept,) = tmp_path.rglob("*.so")
        whole = kept.read_bytes()
        for damaged in (b"not a library", whole[: len(whole) // 2], whole[:5000] + b"x" + whole[5001:]):
            kept.unlink()  # another file: the old one is in use
            kept.write_bytes(damaged)
            compiler._library.cache_clear()
            assert compiler.library_of(source, effort=0).answer() == 42
            assert compiler.is_sound(kept.read_bytes())


def test_large_arrays_do_not_lie_on_the_stack() -> None:
    """12 MB of one stage: more than the stack of any thread."""

    def total(_: None, x: Any) -> Any:
        ordered = jnp.sort(jnp.outer(x, x), axis=1)
        return jnp.sum(ordered[:, ::2]) - jnp.sum(ordered[::2])

    x = np.sin(np.arange(1200.0))[None]
    with double_precision():
        found = native_function(total, None, (x,), 0)(None, (x,))
    ordered = np.sort(np.outer(x[0], x[0]), axis=1)
    assert found[0] == pytest.approx(np.sum(ordered[:, ::2]) - np.sum(ordered[::2]), rel=1e-9)
