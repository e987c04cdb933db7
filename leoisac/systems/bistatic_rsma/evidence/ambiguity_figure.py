"""Ambiguity functions of the blocks that the receiver of the echo may listen to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.foundation.figure_notes import add_note
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma.evidence.beam_figures import draw_map
from leoisac.systems.bistatic_rsma.evidence.quantities import QUANTITIES
from leoisac.waveforms.blocks import BLOCKS, ambiguity, symbol_block
from leoisac.waveforms.echo import complex_noise

_NAMES = {"gaussian": "complex normal", "ofdm": "OFDM, 4-QAM", "otfs": "OTFS, 4-QAM"}
_SAMPLES, _SUBCARRIERS, _AVERAGED = 1024, 64, 40
_DELAYS = np.arange(-80, 81)
_CELLS = np.linspace(-6.0, 6.0, 97)
_RANGE_DB = 50.0


def draw_ambiguity(datasets: Mapping[str, xr.Dataset]) -> Any:
    """One block of each kind over delay and Doppler shift, and the means of many at no shift and at no delay."""
    rng = np.random.default_rng(0)
    surfaces = {kind: np.array([_one(kind, rng) for _ in range(_AVERAGED)]) for kind in BLOCKS}
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.6 * COLUMN_WIDTH_IN, 5.6), layout="constrained")
        grid = figure.subplots(2, 3)
        image = None
        for axes, (kind, surface) in zip(grid[0], surfaces.items(), strict=True):
            shown = 10.0 * np.log10(np.maximum(surface[0], 1e-9))
            image = draw_map(axes, _CELLS, _DELAYS, shown, vmin=-_RANGE_DB, vmax=0.0)
            axes.set_title(_NAMES[kind], fontsize=9)
            axes.set_xlabel(QUANTITIES["doppler_cells"].label, fontsize=8)
        grid[0, 0].set_ylabel(QUANTITIES["delay_offset"].label, fontsize=8)
        figure.colorbar(image, ax=grid[0], label=QUANTITIES["ambiguity"].label)
        styles = series_styles(BLOCKS)
        still, here = int(np.argmin(np.abs(_CELLS))), int(np.argmin(np.abs(_DELAYS)))
        for kind, surface in surfaces.items():
            mean, style = 10.0 * np.log10(surface.mean(axis=0)), styles[kind]
            grid[1, 0].plot(_DELAYS, mean[:, still], ls=style.line, color=style.colour)
            grid[1, 1].plot(_CELLS, mean[here], ls=style.line, color=style.colour)
            aside = mean[:, np.argmin(np.abs(_CELLS - 4.5))]
            grid[1, 2].plot(_DELAYS, aside, ls=style.line, color=style.colour, label=_NAMES[kind])
        labels = ("delay_offset", "doppler_cells", "delay_offset")
        titles = ("no Doppler shift", "no delay", "4.5 cells of Doppler shift")
        for axes, label, title in zip(grid[1], labels, titles, strict=True):
            axes.set_xlabel(QUANTITIES[label].label, fontsize=8)
            axes.set_ylabel(QUANTITIES["ambiguity"].label, fontsize=8)
            axes.set_title(title, fontsize=9)
            axes.set_ylim(-_RANGE_DB, 2.0)
        grid[1, 2].legend(fontsize=7.5, loc="upper right")  # the one panel without a peak up there
        add_note(
            figure,
            f"{_SAMPLES} samples, {_SUBCARRIERS} subcarriers, no prefixes; above one block, below {_AVERAGED} of them.",
        )
    return figure


def _one(kind: Any, rng: np.random.Generator) -> np.ndarray:
    if kind == "gaussian":
        block = complex_noise(rng, (1, _SAMPLES), dtype=np.complex128)[0]
    else:
        block = symbol_block(kind, rng, 1, _SAMPLES, _SUBCARRIERS)[0]
    return ambiguity(block, _DELAYS, _CELLS)
