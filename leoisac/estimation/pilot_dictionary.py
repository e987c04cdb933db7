"""Channel estimation from pilots on the delay-Doppler grid where Doppler shifts are not whole bins.

A path of fractional Doppler leaves its delay (whole) exactly and spreads over all Doppler bins. For every delay the
received column is fitted by a dictionary of Doppler shifts ``STEP`` bins apart, which are more than a column settles: a
ridge holds their gains small. Ridge least squares allows each of them the power ``1 / P`` of a path; the LMMSE estimate
allows the A atoms of a delay this power together. What is estimated is the channel, not the gain of a path: errors are
``||H' - H||_F^2 / (M N)``, which for whole bins is the sum of the gains' squared errors.

Source: the setting of P. Raviteja, K. T. Phan, Y. Hong, IEEE Trans. Veh. Technol. 68(5), 2019, section III; ridge as in
S. M. Kay, Estimation Theory, 1993, section 11.4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from leoisac.estimation.pilots import PilotLayout
from leoisac.foundation.namespace import RealLike, array_namespace

STEP = 0.25
"""Distance of the dictionary's Doppler shifts, bins."""
_ROUNDING = 1e-12
"""Added to every ridge, that fits stay solvable without noise."""


class DopplerFit(NamedTuple):
    """The fit of one antenna's columns.

    Attributes:
        dopplers: of the atoms, bins.
        responses: of the atoms to the pilot, shape ``(atom, doppler)``.
        overlaps: mean over a frame of one atom's phase against another's, shape ``(atom, atom)``.
    """

    dopplers: Float[np.ndarray, " atom"]
    responses: Complex[np.ndarray, "atom doppler"]
    overlaps: Complex[np.ndarray, "atom atom"]


def doppler_fit(layout: PilotLayout, antenna: int = 0) -> DopplerFit:
    """Atoms up to the largest Doppler shift of the layout, and what they do to an antenna's pilot."""
    dopplers = np.arange(-layout.max_doppler, layout.max_doppler + STEP / 2, STEP)
    return DopplerFit(dopplers, pilot_responses(layout, antenna, dopplers), _overlaps(layout, dopplers, dopplers))


def pilot_responses(
    layout: PilotLayout, antenna: int, dopplers: Sequence[float] | np.ndarray
) -> Complex[np.ndarray, "path doppler"]:
    """Column of Doppler bins that a path of unit gain and any whole delay makes of a pilot of amplitude 1."""
    delay, doppler = layout.places[antenna]
    slot, bins = np.arange(layout.n_doppler), np.arange(layout.n_doppler)
    shifts = np.asarray(dopplers, dtype=float)[:, None]
    turning = (slot + delay / layout.n_delay) * shifts + slot * doppler
    spectrum = np.exp(-2j * np.pi * np.outer(slot, bins) / layout.n_doppler)
    return np.exp(2j * np.pi * turning / layout.n_doppler) @ spectrum / layout.n_doppler


def read_columns(
    layout: PilotLayout, received: Complex[Any, "*batch tx cell"], amplitude: RealLike
) -> Complex[Any, "*batch tx delay doppler"]:
    """Columns of Doppler bins at every delay after an antenna's pilot, over the pilot's amplitude."""
    rows = np.array([[place[0] + delay for delay in range(layout.max_delay + 1)] for place in layout.places])
    cells = np.arange(layout.n_doppler) * layout.n_delay + rows[..., None] % layout.n_delay
    return received[..., np.arange(layout.n_tx)[:, None, None], cells] / amplitude


def ridge(fit: DopplerFit, variance: RealLike, n_paths: int, estimator: str) -> Any:
    """Ridge of an estimator, ``least-squares`` or ``lmmse``: noise over the power that an atom is allowed.

    Raises:
        ValueError: for another estimator.
    """
    if estimator not in ("least-squares", "lmmse"):
        raise ValueError(f'estimator="{estimator}": must be "least-squares" or "lmmse".')
    return variance * n_paths * (1 if estimator == "least-squares" else len(fit.dopplers))


def fitted_gains(
    fit: DopplerFit, columns: Complex[Any, "*batch doppler"], level: RealLike
) -> Complex[Any, "*batch atom"]:
    """Gains of the atoms: ``D^H (D D^H + ridge I)^-1 y``, with the atoms' responses as columns of D."""
    xp = array_namespace(columns, level)
    return xp.einsum("ak,...k->...a", _weights(xp, fit, level), columns)


def channel_errors(
    layout: PilotLayout,
    fit: DopplerFit,
    gains: Complex[Any, "*batch delay atom"],
    true_gains: Complex[Any, "*batch path"],
    delays: Sequence[int],
    dopplers: Sequence[float | int],
) -> Any:
    """``||H' - H||_F^2 / (M N)`` of estimates on the dictionary, over true paths; shape ``(...)``."""
    xp = array_namespace(gains, true_gains)
    total = 0.0
    for delay in range(layout.max_delay + 1):
        mine = [path for path, own in enumerate(delays) if own == delay]
        shifts = np.array([dopplers[path] for path in mine], dtype=float)
        estimate, truth = gains[..., delay, :], true_gains[..., mine]
        cross, own = _overlaps(layout, fit.dopplers, shifts), _overlaps(layout, shifts, shifts)
        estimate = estimate * _turns(layout, fit.dopplers, delay)
        truth = truth * _turns(layout, shifts, delay)
        total = total + xp.real(
            xp.einsum("...a,ab,...b->...", xp.conj(estimate), fit.overlaps, estimate)
            - 2.0 * xp.einsum("...a,ap,...p->...", xp.conj(estimate), cross, truth)
            + xp.einsum("...p,pq,...q->...", xp.conj(truth), own, truth)
        )
    return total


def expected_error(
    layout: PilotLayout,
    fit: DopplerFit,
    delays: Sequence[int],
    dopplers: Sequence[float | int],
    variance: RealLike,
    level: RealLike,
) -> Any:
    """Mean of ``channel_errors`` over independent gains of power ``1 / P``, and over noise.

    Args:
        layout, fit: of the pilots.
        delays, dopplers: of the paths.
        variance: of the noise over the pilot's energy.
        level: of the ridge.
    """
    xp = array_namespace(variance, level)
    weights = _weights(xp, fit, level)
    shifts, lags = np.asarray(dopplers, dtype=float), np.asarray(delays)
    found = (weights @ pilot_responses(layout, 0, shifts).T) * _turns(layout, fit.dopplers[:, None], lags)
    cross = _overlaps(layout, fit.dopplers, shifts) * _turns(layout, shifts, lags)
    missed = (
        1.0
        - 2.0 * xp.real(xp.sum(xp.conj(found) * cross, axis=0))
        + xp.real(xp.einsum("ap,ab,bp->p", xp.conj(found), fit.overlaps, found))
    )
    turned = _turns(layout, fit.dopplers, np.arange(layout.max_delay + 1)[:, None])[..., None] * weights
    noise = xp.real(xp.einsum("lak,ab,lbk->", xp.conj(turned), fit.overlaps, turned))
    return xp.mean(missed) + variance * noise


def _turns(layout: PilotLayout, dopplers: np.ndarray, delay: Any) -> np.ndarray:
    """Phases by which a path's turning is late at sample 0: it counts from the path's delay on."""
    return np.exp(-2j * np.pi * delay * dopplers / (layout.n_delay * layout.n_doppler))


def _weights(xp: Any, fit: DopplerFit, level: RealLike) -> Any:
    """``D^H (D D^H + ridge I)^-1``, shape ``(atom, doppler)``."""
    matrix = fit.responses.T @ fit.responses.conj()
    return xp.linalg.solve((matrix + (level + _ROUNDING) * np.eye(len(matrix))).T, fit.responses.conj().T).T


def _overlaps(layout: PilotLayout, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean over the samples of a frame of ``exp(j 2 pi (other - one) q / (M N))``, a Dirichlet kernel."""
    cells = layout.n_delay * layout.n_doppler
    turns = (other[None, :] - one[:, None]) / cells
    below = cells * np.sin(math.pi * turns)
    ratio = np.where(np.abs(turns) < 1e-12, 1.0, np.sin(math.pi * cells * turns) / np.where(below == 0.0, 1.0, below))
    return ratio * np.exp(1j * math.pi * turns * (cells - 1))
