"""What the receivers of the bistatic system are worth: errors against bounds, and false alarms of noise alone.

python benchmarks/bistatic_receivers.py [--trials 500] [--maps 100000]

Errors: real designs that just meet the default bound of 8e-7 rad^2, over three laws of the cross-section and five
places of the target; maximum likelihood in every trial, beam scan and MUSIC in every tenth. False alarms: maps of noise
alone with the references of real designs, in a window an eighth as long, by the statistic that the receivers test.
"""

from __future__ import annotations

import argparse
import itertools
import time
from typing import Any

import numpy as np

import leoisac as li
from leoisac.estimation.detection import false_alarm_probability
from leoisac.estimation.echo_maps import coarse_map
from leoisac.estimation.echo_model import Block, EchoSearch, Transmitter
from leoisac.experiment.trials.blocks import draw_trials, evaluate_trials, parameters_of
from leoisac.foundation.jax_setup import double_precision, jax, jnp
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.fast.echo import with_estimates
from leoisac.systems.bistatic_rsma.fast.max_min import solve
from leoisac.systems.bistatic_rsma.judge.bounds import transmitter_of
from leoisac.systems.bistatic_rsma.world.link import link_budget

_TARGETS = ((3.0, 3.0, 5.0), (-4.0, 2.0, 6.0), (6.0, -3.0, 4.0), (2.0, -5.0, 8.0), (-6.0, -7.0, 5.0))
_LAWS = ("constant", "sin-half-beta", "cos-half-beta")
_FOUND_RAD = np.deg2rad(2.0)
_NAMES = ("aoa_azimuth", "aoa_zenith", "delay", "doppler", "aod_azimuth", "aod_off_nadir", "position")


def settings() -> list[BistaticRsmaConfig]:
    """Configurations at the default threshold, each with a decibel more power than it needs."""
    base, found = BistaticRsmaConfig(), []
    for law, target in itertools.product(_LAWS, _TARGETS):
        config = base.replace(rcs_model=law, target_position_km=target)
        found.append(config.replace(transmit_power_dbw=link_budget(config).least_power_dbw + 1.0))
    return found


def errors(trials: int) -> None:
    """RMS errors over roots of bounds, share found, and time of every receiver."""
    configs = settings()
    each = -(-trials // len(configs))
    sums: dict[str, list[dict[str, np.ndarray]]] = {"ml": [], "beamscan": [], "music": []}
    seconds = dict.fromkeys(sums, 0.0)
    for seed, config in enumerate(configs):
        channels = draw_trials(SYSTEM, config, seed, each)
        solution = solve(("rsma-noradar", "sdma-radar-sic")[seed % 2], parameters_of(SYSTEM, config), channels)
        for name in sums:
            here = config.replace(estimator=name)
            count = each if name == "ml" else max(each // 10, 1)
            part = jax.tree_util.tree_map(lambda leaf, count=count: np.asarray(leaf)[:count], (channels, solution))
            start = time.process_time()
            estimated = with_estimates(parameters_of(SYSTEM, here), *part)
            seconds[name] += (time.process_time() - start) / count
            sums[name].append(evaluate_trials(SYSTEM, here, part[0], estimated.value))
    for name, parts in sums.items():
        together = {key: np.concatenate([part[key] for part in parts]) for key in parts[0] if parts[0][key].ndim == 1}
        seen = together["aoa_error"] < _FOUND_RAD
        print(
            f"{name}: {len(seen)} trials, found within 2 deg {np.mean(seen):.4f}, detected "
            f"{np.mean(together['echo_detected']):.4f}, {1e3 * seconds[name] / len(configs):.0f} ms with synthesis"
        )
        for quantity in _NAMES:
            squared = together[f"{quantity}_error"] ** 2 / together[f"{quantity}_bound"]
            whole, local = (10.0 * np.log10(np.mean(squared[mask])) for mask in (np.ones_like(seen), seen))
            print(f"  {quantity:14s} mean squared error over bound {whole:+6.2f} dB, of those found {local:+6.2f} dB")


def false_alarms(maps: int) -> None:
    """Share of maps of noise alone below each stated rate, with references of real designs."""
    config = BistaticRsmaConfig().replace(num_samples=512, max_delay_samples=64, doppler_search_hz=80e3)
    config = config.replace(transmit_power_dbw=23.0, crb_threshold_rad2=8e-7 * 8.0)
    precoders = [
        np.asarray(solve(scheme, parameters_of(SYSTEM, config), draw_trials(SYSTEM, config, 0, 16)).value.precoder)
        for scheme in ("rsma-noradar", "sdma-radar-sic")
    ]
    scene = parameters_of(SYSTEM, config).scene
    search = EchoSearch((32, 32), 512, 64, 80e3, 1e-7)
    designs = np.concatenate(precoders)
    with double_precision():
        place = Transmitter(*(jnp.asarray(value) for value in transmitter_of(scene, config.num_tx)))

        def one(key: Any, precoder: Any) -> Any:
            keys = jax.random.split(key, 3)
            streams, noise = (
                (jax.random.normal(at, (*shape, 2)) @ jnp.array([1.0, 1j]) / np.sqrt(2.0)).astype(jnp.complex64)
                for at, shape in ((keys[0], (precoder.shape[1], 512)), (keys[1], (576,)))
            )
            # Any direction above the horizon.
            azimuth, height = jax.random.uniform(keys[2], (2,)) * jnp.array([2.0 * jnp.pi, 1.0])
            radius = jnp.sqrt(1.0 - height**2)
            gram = (streams @ jnp.conj(streams).T).astype(complex)
            block = Block(search, precoder, streams, gram, place)
            return coarse_map(block, noise, radius * jnp.cos(azimuth), radius * jnp.sin(azimuth))[0]

        program = jax.jit(
            lambda keys, precoders: jax.lax.map(lambda pair: one(*pair), (keys, precoders), batch_size=16)
        )
        values: list[np.ndarray] = []
        while sum(map(len, values)) < maps:
            keys = jax.random.split(jax.random.key(len(values)), 4096)
            values.append(np.asarray(program(keys, jnp.asarray(designs[np.arange(4096) % len(designs)]))))
    cells = 2.0 * 80e3 * 512 * 1e-7
    rates = [
        false_alarm_probability(value, samples=576, delays=64, doppler_cells=cells) for value in np.concatenate(values)
    ]
    for rate in (0.1, 0.01, 1e-3):
        share = np.mean(np.array(rates) < rate)
        print(
            f"stated {rate:g}: {share:.5f} of {len(rates)} maps, {share / rate:.2f} times "
            f"(+- {1.0 / np.sqrt(rate * len(rates)):.2f})"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--maps", type=int, default=100_000)
    chosen = parser.parse_args()
    print("leoisac", li.__version__)
    if chosen.trials:
        errors(chosen.trials)
    if chosen.maps:
        false_alarms(chosen.maps)
