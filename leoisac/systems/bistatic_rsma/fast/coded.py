"""The coded route: the fast design of every scheme, then code words through its streams and the users' receivers.

One symbol of every stream per sample, over a channel of one tap that holds its fade for a code word. Users know their
own channels, and what they feed back chooses modulation and code rate: their faded SINR, or (``link_adaptation =
"mean"``) only the channels and mean gains that designs are made for. A radar sequence that is not cancelled is a signal
of random samples.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from leoisac.experiment.errors import ChannelError
from leoisac.foundation.status import Solution
from leoisac.link.settings import link_settings
from leoisac.link.transmission import Arriving, transmit
from leoisac.systems.bistatic_rsma.model import Channels, Design, Parameters, of_every_mode


def solve(scheme: str, parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Designs of a batch, each with the outcome of its trial's code words.

    Raises:
        ChannelError: for channels from plain arrays, which have no seed for bits and noise.
    """
    if channels.echo is None or parameters.coding is None:
        raise ChannelError(
            "coded: channels from plain arrays have no seed; the coded route needs leoisac.draw(config)."
        )
    fast = importlib.import_module("leoisac.systems.bistatic_rsma.fast.max_min")
    solution = getattr(fast, f"solve_{scheme.replace('-', '_')}")(parameters, channels)
    design: Design = solution.value
    steering, precoder = np.asarray(channels.user_steering), np.asarray(design.precoder)
    users = steering.shape[1]
    precoder = np.where(np.isfinite(precoder), precoder, 0.0)
    noise = np.asarray(channels.user_noise_ratio)
    faded = np.asarray(channels.user_fading)[:, :, None, None]
    heard = np.zeros(len(noise)) if design.radar_interference is None else np.asarray(design.radar_interference)

    def streams(steering: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The common stream and the private ones, and the radar sequence as far as it is not cancelled."""
        amplitudes = np.einsum("tkn,tns->tks", steering.conj(), precoder)[..., None]
        words = amplitudes[:, :, [users, *range(users)]]
        return words, np.sqrt(heard)[:, None, None, None] * amplitudes[:, :, users + 1 :]

    mean, radar = streams(steering)
    planned, planned_radar = streams(np.asarray(channels.design_steering))

    def disturbed(signal: np.ndarray) -> np.ndarray:
        return noise + np.sum(np.abs(signal) ** 2, axis=(2, 3))

    arriving = Arriving(
        known=faded * mean,
        true=faded * mean,
        noise=noise,
        assumed_noise=disturbed(faded * radar),
        sic_residual=0.0,
        others=faded * radar,
    )
    by_mean = bool(np.asarray(parameters.coding["by_mean"]) > 0.5)
    plan = arriving._replace(known=planned, assumed_noise=disturbed(planned_radar)) if by_mean else None
    outcome = transmit(
        arriving,
        np.asarray(design.common_rate),
        np.asarray(channels.echo.seed),
        link_settings(parameters.coding),
        plan=plan,
    )
    value = Design(design.precoder, design.common_rate, design.radar_interference, words=outcome)
    return Solution(**{**vars(solution), "value": value})


globals().update(of_every_mode(solve))
