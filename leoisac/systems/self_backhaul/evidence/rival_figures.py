"""Figures 5 to 8: rates over a sweep against the paper's rivals and against fair ones, and who gets the least rate."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.statistics import summary
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import quantity_label
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, SeriesStyle, house_style, series_styles
from leoisac.systems.self_backhaul import METRICS
from leoisac.systems.self_backhaul.evidence.quantities import QUANTITIES
from leoisac.systems.self_backhaul.evidence.rates import RATE, chosen, met_share, present
from leoisac.systems.self_backhaul.evidence.studies import FAIR_RIVALS, LABELS, PROPOSED, PUBLISHED_RIVALS

_HEIGHTS = (3.3, 0.9, 0.9)
_COUNTERPART = {"das-fair": "das", "tdma-fair": "tdma", "ibs-aware": "ibs"}
"""A fair rival looks like the one that it improves on: they stand in different panels."""


def draw_rivals(
    dataset: xr.Dataset,
    title: str,
    prepare: Callable[[xr.Dataset], xr.Dataset] | None = None,
    further: tuple[str, ...] = (),
    labels: Mapping[str, str] | None = None,
) -> Any:
    """Left the paper's rivals, right fair ones, each side over the trials that all of its schemes can use.

    Claims about these rivals are judged over the same trials (``sweep_claims.panel_of``). Below the rates: the share of
    all trials in which every user gets the least rate, whoever promises it, and the share of usable trials. Who cannot
    be compared has its shares alone; legend and caption say so.

    Args:
        dataset: of a study that sweeps one axis.
        title: of what is swept.
        prepare: changes numbers before they are drawn, such as the coordinate of the axis.
        further: schemes of other studies that stand with the published ones only, over the trials that these can use,
            too: they take nothing from the trials of the others.
        labels: of those.
    """
    styles = _styles(further)
    names = {**LABELS, **(labels or {})}
    sides = [
        ("Rivals as published", (*PROPOSED, *PUBLISHED_RIVALS)),
        ("Fair rivals", (*PROPOSED, *FAIR_RIVALS)),
    ]
    rivals = (set(PUBLISHED_RIVALS), set(FAIR_RIVALS))
    shown = [
        (heading, chosen(dataset, schemes))
        for (heading, schemes), its in zip(sides, rivals, strict=True)
        if its & set(present(dataset, schemes))
    ] or [("", dataset)]
    with house_style() as mpl:
        size = (1.15 * COLUMN_WIDTH_IN * len(shown), sum(_HEIGHTS) + 1.2)
        figure = mpl.Figure(figsize=size, layout="constrained")
        panels = figure.subplots(3, len(shown), sharex=True, sharey="row", squeeze=False, height_ratios=_HEIGHTS)
        captions = list[str]()
        for column, (heading, part) in enumerate(shown):
            numbers = _numbers(part)
            captions.append(f"{heading or 'All'}: {numbers.attrs['caption']}")
            if heading == sides[0][0] and further:
                more = _numbers(chosen(dataset, (*sides[0][1], *further)))
                captions.append(f"{', '.join(names[name] for name in further)}: {more.attrs['caption']}")
                numbers = xr.concat([numbers, chosen(more, further)], "scheme", combine_attrs="override")
            _draw_side(panels[:, column], prepare(numbers) if prepare else numbers, styles, names)
            panels[0, column].set_title(
                f"{title}: {heading[:1].lower()}{heading[1:]}" if heading else title, loc="left"
            )
        panels[0, 0].set_ylabel(METRICS[RATE].label)
        panels[1, 0].set_ylabel(QUANTITIES["met_share"].label, fontsize=9)
        panels[2, 0].set_ylabel("usable share", fontsize=9)
        add_note(figure, ". ".join(captions) + ".")
        _note_setting(figure, dataset)
    return figure


def _numbers(part: xr.Dataset) -> xr.Dataset:
    """Means over what the schemes of a panel have in common, and the shares of all trials."""
    numbers = summary(part, RATE)
    return numbers.assign(met=met_share(part).transpose(*numbers["usable_share"].dims))


def _note_setting(figure: Any, dataset: xr.Dataset) -> None:
    """Says so where a study has another number of users than the paper's eight."""
    users = users_of(dataset)
    if users is not None and users != 8:
        add_note(figure, f"{users} users (published: 8).")


def users_of(dataset: xr.Dataset) -> int | None:
    """Users of a study's configuration; None where it sweeps them or does not say."""
    if "num_users" in dataset.dims or "config" not in dataset.attrs:
        return None
    users = json.loads(dataset.attrs["config"]).get("num_users")
    return None if users is None else int(users)


def _draw_side(panels: Any, numbers: xr.Dataset, styles: Mapping[str, SeriesStyle], names: Mapping[str, str]) -> None:
    rates, met, usable = panels
    axis = _axis_of(numbers)
    values = np.asarray(numbers[axis].values)
    x = values.astype(float) if np.issubdtype(values.dtype, np.number) else np.arange(len(values), dtype=float)
    for scheme in (str(name) for name in numbers["scheme"].values):
        one, style = numbers.sel(scheme=scheme), styles[scheme]
        draw_curve(rates, x, one, style, names.get(scheme, scheme))
        for panel, share in ((met, one["met"]), (usable, one["usable_share"])):
            panel.plot(x, share.values, ls=style.line, color=style.colour, marker=style.marker)
    for panel in (met, usable):
        panel.set_ylim(-0.08, 1.08)
        panel.set_yticks([0.0, 0.5, 1.0])
    usable.set_xticks(x)
    attributes = numbers[axis].attrs
    usable.set_xlabel(quantity_label(str(attributes.get("long_name", axis)), str(attributes.get("units", "1"))))
    rates.legend(ncols=2, loc="lower left", bbox_to_anchor=(0.0, 1.07), borderaxespad=0.0, fontsize=8)


def _axis_of(numbers: xr.Dataset) -> str:
    """The one axis of summarised numbers."""
    (axis,) = (str(dim) for dim in numbers["mean"].dims if dim != "scheme")
    return axis


def _styles(further: tuple[str, ...]) -> dict[str, SeriesStyle]:
    styles = series_styles((*PROPOSED, *PUBLISHED_RIVALS, *further))
    return {**styles, **{fair: styles[name] for fair, name in _COUNTERPART.items()}}


__all__ = ["draw_rivals", "users_of"]
