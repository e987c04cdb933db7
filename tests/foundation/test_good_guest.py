"""A good guest: whoever imports and calls leoisac finds Python, its environment and JAX as they were."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leoisac.estimation.delay_doppler_ml import wrapped_error
from leoisac.foundation.exact_arithmetic import contracts, rounding_as_written
from leoisac.foundation.jax_setup import double_precision, in_double, jax, jnp
from leoisac.foundation.keys import entity_keys, trial_key, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.metrics.detection import detection_probability
from leoisac.optim.conic.pool import map_trials

TOY_FILE = Path(__file__).parents[1] / "experiment" / "toy_system.py"
LINUX = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted by their names in /proc")
X86 = pytest.mark.skipif(
    not rounding_as_written(""), reason="only processors whose programs can do without contraction"
)

STRANGER = """
import json, os, signal, sys, warnings, logging, random, multiprocessing, subprocess, threading, locale
import numpy as np, scipy.sparse, scipy.stats, jax, jax.numpy as jnp, matplotlib, xarray  # what they change is theirs
from pathlib import Path

def state():
    own = ("jax_persistent_cache_min_compile_time_secs",)  # programs of the user are not kept all the same
    return {
        "environment": dict(os.environ), "folder": os.getcwd(), "path": list(sys.path), "locale": locale.setlocale(0),
        "jax": {name: repr(value) for name, value in jax.config.values.items() if name not in own},
        "warnings": repr(warnings.filters), "numpy": [np.geterr(), np.get_printoptions()],
        "random": repr([random.getstate(), np.random.get_state()]), "figures": repr(dict(matplotlib.rcParams)),
        "signals": [repr(signal.getsignal(number)) for number in signal.valid_signals()],
        "logging": repr([logging.root.handlers, logging.root.level]), "hooks": repr([sys.excepthook, sys.displayhook]),
        "start": multiprocessing.get_start_method(allow_none=True), "recursion": sys.getrecursionlimit(),
        "threads": repr(threading.enumerate()),
    }

users = jax.jit(lambda x: x * x + 1.0)
before = state()
import leoisac as li
from leoisac import catalogue
catalogue.load_plugin(sys.argv[1])
config = li.config("toy-downlink")
channels = li.draw(config, trials=4)
first = users(jnp.ones(3))
solution = li.design(config, channels, "fill")
second = users(jnp.ones(3))
metrics = li.evaluate(config, channels, solution)
data = li.run(config, ["fill", "equal"], {"transmit_power_dbw": [0.0, 10.0]}, trials=3)
third = users(second)
after = state()
ask = [sys.executable, "-c", "import os; print(os.environ.get('NPROC'), os.environ.get('PJRT_NPROC'))"]
child = subprocess.run(ask, capture_output=True, text=True)
print(json.dumps({
    "changed": [name for name in before if before[name] != after[name]],
    "users": [str(value.dtype) for value in (first, second, third, jnp.ones(3), jnp.arange(3))],
    "programs": users._cache_size(),
    "child": child.stdout.strip(),
    "ours": sorted({str(np.asarray(leaf).dtype) for leaf in jax.tree.leaves([channels, metrics])}),
    "types": sorted({type(leaf).__module__ for leaf in jax.tree.leaves([channels, solution, metrics])}),
    "pool": sum(task.read_text().startswith("tf_XLAEigen") for task in Path("/proc/self/task").glob("*/comm")),
}))
"""

LATE = """
import warnings, jax, jax.numpy as jnp
jnp.ones(3)
import leoisac.foundation.jax_setup as setup
from leoisac.metrics.detection import detection_probability
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    detection_probability(1.0, 1e-6)
    detection_probability(1.0, 1e-6)
    with setup.double_precision(): pass
print([f"{warning.category.__name__}: {warning.message}" for warning in caught])
"""


@pytest.fixture(autouse=True)
def nothing_is_computed_in_single_precision() -> None:
    """Not here, where users compute for themselves between our calls."""


def _told(program: str, **environment: str) -> str:
    """What a fresh process prints. Two processors, or more, are feigned by the thread count that XLA would take."""
    variables = {name: value for name, value in os.environ.items() if name not in ("NPROC", "PJRT_NPROC", "XLA_FLAGS")}
    command = [sys.executable, "-W", "error", "-c", program, str(TOY_FILE)]
    done = subprocess.run(command, env={**variables, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestProcess:
    def test_it_is_left_as_it_was_found(self) -> None:
        told = json.loads(_told(STRANGER, NPROC="3"))
        assert told["changed"] == []
        assert told["users"] == ["float32"] * 4 + ["int32"]
        assert told["programs"] == 1, "the user's program was compiled again"
        assert told["child"] == "3 None"
        assert told["ours"] == ["complex128", "float64"]
        assert told["types"] == ["numpy"]
        assert told["pool"] in (0, 1), "XLA's client has one thread, whatever NPROC says, where threads can be counted"

    @LINUX
    def test_a_client_that_was_there_before_is_named_once(self) -> None:
        told = _told(LATE, NPROC="2")
        assert told.count("UserWarning") == 1
        assert "2 threads" in told
        assert "PJRT_NPROC=1" in told

    @X86
    def test_a_client_that_contracts_is_named(self) -> None:
        told = _told(LATE, PJRT_NPROC="1")
        assert told.count("UserWarning") == 1
        assert "its CPU client contracts products and sums" in told

    @LINUX
    def test_the_remedy_helps(self) -> None:
        assert _told(LATE, PJRT_NPROC="1", XLA_FLAGS="--xla_cpu_max_isa=AVX").strip() == "[]"

    def test_the_client_rounds_as_written(self) -> None:
        if rounding_as_written(""):
            with double_precision():
                assert not contracts(jax)

    def test_flags_of_the_user_are_kept(self) -> None:
        assert rounding_as_written("--xla_dump_to=x").startswith("--xla_dump_to=x")
        assert rounding_as_written("--xla_cpu_max_isa=SSE4_2") == "--xla_cpu_max_isa=SSE4_2"


class TestScope:
    def test_callers_get_numpy_and_keep_their_precision(self) -> None:
        snr = np.array([0.5, 4.0, 9.0])
        found = detection_probability(snr, 1e-6)
        assert type(found) is np.ndarray
        assert found.dtype == np.float64
        assert found.flags.writeable
        assert jnp.ones(3).dtype == np.float32

    def test_within_the_scope_it_is_jax(self) -> None:
        with double_precision():
            inside = detection_probability(np.array([4.0]), 1e-6)
            assert isinstance(inside, jax.Array)
            assert inside.dtype == np.float64
        np.testing.assert_array_equal(np.asarray(inside), detection_probability(np.array([4.0]), 1e-6))

    def test_inside_the_users_program_it_follows_that(self) -> None:
        program = jax.jit(lambda snr: 2.0 * detection_probability(snr, 1e-3))
        single = program(np.array([1.0, 4.0]))
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, 2.0 * detection_probability(np.array([1.0, 4.0]), 1e-3), rtol=1e-4)
        slope = jax.grad(lambda snr: detection_probability(snr, 1e-3))(4.0)
        assert slope.dtype == np.float32
        with jax.enable_x64(True):
            assert program(np.array([1.0, 4.0])).dtype == np.float64

    def test_constants_of_the_users_program_are_computed_at_once(self) -> None:
        drawn = by_lanes(_draw)

        def program(x: Any) -> Any:
            known = detection_probability(4.0, 1e-3)
            assert type(known) is np.ndarray
            return x * known + drawn(0, np.arange(2))["a"].sum()

        assert jax.jit(program)(1.0).dtype == np.float32

    def test_keys_stay_keys(self) -> None:
        keys = entity_keys(trial_key(3, 5), 4)
        assert jnp.issubdtype(keys.dtype, jax.dtypes.prng_key)
        assert uniforms(keys[0], {"a": (3,)})["a"].dtype == np.float64

    def test_an_error_leaves_the_scope(self) -> None:
        with pytest.raises(ZeroDivisionError):
            in_double(lambda: 1 // 0)()
        assert jnp.ones(3).dtype == np.float32

    def test_a_generator_is_refused(self) -> None:
        with pytest.raises(TypeError, match="decorate what it calls"):

            @in_double
            def numbers() -> Any:
                yield 1

    def test_every_thread_has_its_own(self) -> None:
        inside, checked = threading.Event(), threading.Event()
        seen: dict[str, Any] = {}

        def ours() -> None:
            with double_precision():
                inside.set()
                checked.wait(20)
                seen["ours"] = jnp.ones(3).dtype

        thread = threading.Thread(target=ours)
        thread.start()
        inside.wait(20)
        seen["users"] = jnp.ones(3).dtype
        seen["second"] = wrapped_error(np.float64(0.9), 0.1, 1.0).dtype
        checked.set()
        thread.join()
        assert seen == {"ours": np.float64, "users": np.float32, "second": np.float64}

    @pytest.mark.parametrize("workers", [1, 2])
    def test_trials_in_worker_processes(self, workers: int) -> None:
        """A function that computes with JAX by itself does so in 64 bits, in whatever process."""
        names = [outcome.result for outcome in map_trials(_precision, [1.0, 2.0], workers)]
        assert names == ["float64", "float64"]


def _draw(_: Any, trial: Any) -> dict[str, Any]:
    return uniforms(trial_key(0, trial), {"a": (2,)})


def _precision(value: float) -> str:
    return str(jnp.asarray(value).dtype)
