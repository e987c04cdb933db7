"""Associations of whole batches by the configuration's rule, by an option, or by computed power."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from leoisac.foundation.config import ConfigError
from leoisac.foundation.lanes import by_lanes
from leoisac.systems.coexistence.model import Channels, Parameters
from leoisac.systems.coexistence.problem.association import associate_all, improve_by_reassignment
from leoisac.systems.coexistence.problem.least_power import least_sensing_power
from leoisac.systems.coexistence.problem.normalised import flatten, predicted_problem, true_links


def select_association(
    parameters: Parameters, channels: Channels, association: object = None, rule: str | None = None
) -> Int[np.ndarray, "trial cell target"]:
    """Association of every cell: as given, or by a rule (default: the configuration's) at the instant of P1.

    ``local-search`` starts from ``proposed`` and keeps each single reassignment that lowers the least sensing power
    under the satellite's whole power.

    Raises:
        ConfigError: for an association of the wrong shape or with receivers that there are not.
    """
    shape, receivers = channels.target_amplitude.shape[:-1], channels.target_amplitude.shape[-1]
    if association is not None:
        return _checked(association, shape, receivers)
    rule = parameters.association if rule is None else rule
    links = true_links(channels) if channels.predicted is None else channels.predicted
    chosen = associate_all(
        np.asarray(channels.target_amplitude),
        np.asarray(channels.u_target),
        np.asarray(links.u_satellite),
        "proposed" if rule == "local-search" else rule,
        float(parameters.satellite_separation),
        float(parameters.target_separation),
    )
    return _searched(parameters, channels, chosen) if rule == "local-search" else chosen


def _searched(
    parameters: Parameters, channels: Channels, start: Int[np.ndarray, "trial cell target"]
) -> Int[np.ndarray, "trial cell target"]:
    def power(cells: np.ndarray) -> np.ndarray:
        problem = by_lanes(predicted_problem)(parameters, channels, np.reshape(cells, start.shape))
        return np.asarray(least_sensing_power(flatten(problem), np.ones(len(cells))).power)

    flat = np.reshape(start, (-1, start.shape[-1]))
    found = improve_by_reassignment(flat, channels.target_amplitude.shape[-1], power)
    return np.reshape(found, start.shape)


def _checked(association: object, shape: tuple[int, ...], receivers: int) -> Int[np.ndarray, "trial cell target"]:
    given = np.asarray(association)
    if given.ndim == len(shape) - 1:
        given = np.broadcast_to(given, shape)
    if given.shape != shape or given.dtype.kind not in "iu":
        raise ConfigError(
            f"association: has shape {given.shape} of {given.dtype}; must be whole numbers (trial, cell, target) of "
            f"shape {shape}."
        )
    if given.size and (given.min() < 0 or given.max() >= receivers):
        raise ConfigError(
            f"association: names receivers {given.min()} to {given.max()}; there are 0 to {receivers - 1}."
        )
    return given.astype(np.int64)
