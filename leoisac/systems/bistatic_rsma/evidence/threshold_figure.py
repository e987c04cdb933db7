"""The threshold region: errors of the three receivers over the energy of the echo, their bounds, a prediction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.experiment.reading.statistics import share_interval
from leoisac.foundation.figure_notes import add_note
from leoisac.metrics.threshold_bounds import barankin_bound, interval_error_mse, interval_error_probability
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma.config import ESTIMATORS, BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.bistatic_rsma.evidence.reading import configuration, root_mean_square
from leoisac.systems.bistatic_rsma.evidence.sensing_figures import echo_snr
from leoisac.systems.bistatic_rsma.world.link import link_budget

NAMES = {"ml": "maximum likelihood, block known", "beamscan": "beam scan", "music": "MUSIC"}


def predicted_azimuth_mse(config: BistaticRsmaConfig, energy: float, local: float) -> float:
    """Mean squared error of the azimuth that maximum likelihood should have, by the method of interval errors.

    Wrong places are the side lobes of the array at the true delay and Doppler shift, and every cell of all others,
    whose noise is independent of the echo.

    Args:
        config: array, block and spans of the search.
        energy: of the echo over noise after integration, linear.
        local: Cramer-Rao bound, rad^2.
    """
    link = link_budget(config)
    u, w = (math.sin(link.aoa_zenith) * turn(link.aoa_azimuth) for turn in (math.cos, math.sin))
    places, correlations = list[tuple[float, float]](), list[float]()
    for axis, size in enumerate(config.receiver_array):
        for lobe in [*np.arange(1.5, size), *-np.arange(1.5, size)]:
            shift = 2.0 * lobe / size
            places.append((u + shift * (axis == 0), w + shift * (axis == 1)))
            correlations.append(1.0 / (size * abs(math.sin(math.pi * lobe / size))))
    side = interval_error_probability(energy, np.minimum(correlations, 1.0))
    cells = 2.0 * config.doppler_search_hz * config.num_samples / config.bandwidth_hz
    beams = np.stack(np.meshgrid(*(2.0 * np.fft.fftfreq(size) for size in config.receiver_array), indexing="ij"), -1)
    # A row of delay is continuous in Doppler shift: more than its cells, the higher the level (level crossings).
    others = config.max_delay_samples * (1.0 + cells * math.sqrt(math.pi * 0.5 * energy / 3.0))
    places = np.concatenate([np.array(places), beams.reshape(-1, 2)])
    probability = np.concatenate([side, np.full(beams[..., 0].size, others * interval_error_probability(energy, 0.0))])
    visible = np.hypot(*places.T) <= 1.0
    errors = np.angle(np.exp(1j * (np.arctan2(places[:, 1], places[:, 0]) - link.aoa_azimuth)))
    return interval_error_mse(local, probability[visible], errors[visible] ** 2)


def barankin_azimuth(config: BistaticRsmaConfig, energy: float) -> float:
    """Barankin-type bound of the azimuth with zenith angle and complex amplitude unknown, the rest known, rad^2.

    Test points: one close to the truth along every parameter, and the side lobes of the array along both its axes, each
    with the amplitude that looks most like the true echo.
    """
    link = link_budget(config)
    truth = np.array([link.aoa_azimuth, link.aoa_zenith, math.sqrt(energy / config.num_rx), 0.0])
    positions = upa(*config.receiver_array).positions

    def mean(point: np.ndarray) -> np.ndarray:
        steering = steering_vector(positions, point[0], 0.5 * math.pi - point[1])
        return (point[2] + 1j * point[3]) * steering

    center = mean(truth)
    width = 0.02 / math.sqrt(energy)
    points = [truth + step for step in np.diag([width, width, width * truth[2], width * truth[2]])]
    u, w = math.sin(truth[1]) * math.cos(truth[0]), math.sin(truth[1]) * math.sin(truth[0])
    for axis, size in enumerate(config.receiver_array):
        for lobe in [*np.arange(1.0, size, 0.5), *-np.arange(1.0, size, 0.5)]:
            shift = 2.0 * lobe / size
            x, y = u + shift * (axis == 0), w + shift * (axis == 1)
            if math.hypot(x, y) < 1.0:
                place = np.array([math.atan2(y, x), math.asin(math.hypot(x, y)), 1.0, 0.0])
                fitted = np.vdot(mean(place), center) / config.num_rx
                place[2:] = fitted.real, fitted.imag
                points.append(place)
    offsets = np.array(points) - truth
    offsets[:, 0] = np.angle(np.exp(1j * offsets[:, 0]))
    means = np.array([mean(point) for point in points]) - center
    return float(barankin_bound(offsets, means)[0, 0])


def draw_threshold(datasets: Mapping[str, xr.Dataset]) -> Any:
    """RMS errors of azimuth and delay, and shares of echoes detected, over the energy of the echo."""
    dataset = datasets["threshold"].isel(scheme=0)
    config = configuration(datasets["threshold"])
    usable = dataset["usable"]
    gain = dataset["target_gain"].where(usable).mean(["trial", "estimator"]).values
    energies = echo_snr(config, gain)
    x, degree = 10.0 * np.log10(energies), 180.0 / math.pi
    styles = series_styles(ESTIMATORS)
    bounds = {name: dataset[name].where(usable).mean("trial") ** 0.5 for name in ("aoa_azimuth_bound", "delay_bound")}
    known = bounds["aoa_azimuth_bound"].sel(estimator="ml").values
    predicted = [
        math.sqrt(predicted_azimuth_mse(config, energy, local**2))
        for energy, local in zip(energies, known, strict=True)
    ]
    barankin = [math.sqrt(barankin_azimuth(config, float(energy))) for energy in energies]
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.75 * COLUMN_WIDTH_IN, 4.2), layout="constrained")
        angle, delay, share = figure.subplots(1, 3)
        for name in ESTIMATORS:
            one = dataset.sel(estimator=name)
            label = NAMES[name]
            draw_curve(angle, x, _rms(one, "aoa_azimuth_error", degree), styles[name], label)
            draw_curve(delay, x, _rms(one, "delay_error", 1e6), styles[name])
            seen = share_interval(
                ((one["echo_detected"] > 0.5) & one["usable"]).sum("trial"), one["usable"].sum("trial")
            ).rename({"share": "mean"})
            draw_curve(share, x, seen, styles[name], least=0.0, most=1.0)
        angle.plot(x, degree * known, "k-", linewidth=1.0, label="root bound, block known")
        blind = bounds["aoa_azimuth_bound"].sel(estimator="music").values
        angle.plot(x, degree * blind, "k--", linewidth=1.0, label="root bound, block unknown")
        angle.plot(x, degree * np.array(barankin), "k-.", linewidth=1.0, label="Barankin-type bound, block known")
        angle.plot(x, degree * np.array(predicted), "k:", linewidth=1.4, label="interval errors, block known")
        delay.plot(x, 1e6 * bounds["delay_bound"].sel(estimator="ml").values, "k-", linewidth=1.0)
        for axes, quantity in ((angle, QUANTITIES["rms_aoa_azimuth"]), (delay, QUANTITIES["rms_delay"])):
            axes.set_yscale("log")
            axes.set_ylabel(quantity.label, fontsize=9)
        share.set_ylabel(QUANTITIES["detected_share"].label, fontsize=9)
        for axes in (angle, delay, share):
            axes.set_xlabel(QUANTITIES["echo_energy"].label, fontsize=7.5)
        figure.legend(*angle.get_legend_handles_labels(), ncols=3, loc="outside upper center", fontsize=7.5)
        rows, columns = config.receiver_array
        add_note(
            figure,
            f"{rows} x {columns} elements, {config.num_samples} samples, {config.max_delay_samples} delays; all of "
            f"{int(usable.sum('trial').min())} or more usable trials a point, with 95 % intervals. Beam scan and MUSIC "
            "estimate delays in whole samples. Detected: at a false-alarm rate of "
            f"{config.false_alarm_rate:g}, on the map of the beam that was found.",
        )
    return figure


def _rms(one: xr.Dataset, metric: str, scale: float) -> xr.Dataset:
    return root_mean_square(one[metric].where(one["usable"]) * scale)
