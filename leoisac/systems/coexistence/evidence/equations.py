"""Where the code has the paper's equations, after their numbers in J. Jee, J. G. Andrews, arXiv:2511.15947."""

from __future__ import annotations

_HERE = "leoisac.systems.coexistence"

HIGHEST = 44

EQUATIONS: dict[str, tuple[str, ...]] = {
    "(1)": (f"{_HERE}.world.satellite_links:satellite_links",),
    "(3)": (f"{_HERE}.world.satellite_links:satellite_links",),
    "(5)-(7)": (f"{_HERE}.world.terrestrial_links:terrestrial_rows",),
    "(8)-(10)": (f"{_HERE}.world.sensing_channels:scattering",),
    "(15)": (f"{_HERE}.judge.evaluate:evaluate", f"{_HERE}.problem.cell_program:tut_sinrs"),
    "(19)-(21)": (f"{_HERE}.problem.cell_program:echo_covariances", f"{_HERE}.problem.cell_program:scnrs"),
    "(25)": (f"{_HERE}.problem.coordination:coordinate",),
    "(34)": (f"{_HERE}.problem.cell_program:filter_errors",),
    "(35)-(38)": (
        f"{_HERE}.published.printed_filters:filters_by",
        f"{_HERE}.problem.cell_program:best_filters",
    ),
    "(39)": (f"{_HERE}.published.printed_filters:coherent_covariances",),
    "(40)-(43)": (f"{_HERE}.published.transmitter:update_transmitter",),
    "(44)": (f"{_HERE}.problem.merging:merge_powers",),
}

__all__ = ["EQUATIONS", "HIGHEST"]
