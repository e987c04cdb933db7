"""Choose the packaged extract from a full file of Starlink element sets.

    python select_extract.py FULL.tle[.xz] starlink-2025-10-07.tle

Kept are near-circular orbits (eccentricity below 0.002) whose mean altitude exceeds 400 km, sorted into shells by
inclination (to a degree) and altitude (to 20 km). The places of a shell grow with the square root of its size, so that
small shells are not lost. Within a shell, satellites are taken at even steps along the order of right ascension (in
bins of 10 degrees) and then argument of latitude: all planes, all phases.
"""

from __future__ import annotations

import argparse
import lzma
import math
from collections import defaultdict
from pathlib import Path

import numpy as np

from leoisac.geometry.orbits import ElementSet

PLACES = 300
LOWEST_ALTITUDE_M = 400e3
LARGEST_ECCENTRICITY = 0.002
FEWEST_IN_SHELL = 20


def main() -> None:
    """Read the full file, choose, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    raw = arguments.source.read_bytes()
    text = (lzma.decompress(raw) if arguments.source.suffix == ".xz" else raw).decode("ascii")
    chosen = choose(text)
    arguments.target.write_text("".join(chosen), encoding="ascii", newline="\n")


def choose(text: str) -> list[str]:
    """The chosen element sets, three lines each, in the order of the source."""
    lines = text.splitlines()
    shells: dict[tuple[int, int], list[tuple[int, float, int]]] = defaultdict(list)
    for first in range(0, len(lines), 3):
        elements = ElementSet.from_tle("\n".join(lines[first : first + 3]))
        if elements.mean_altitude_m <= LOWEST_ALTITUDE_M or elements.eccentricity >= LARGEST_ECCENTRICITY:
            continue
        shell = round(math.degrees(elements.inclination_rad)), round(elements.mean_altitude_m / 20e3)
        argument = (elements.argument_of_perigee_rad + elements.mean_anomaly_rad) % (2.0 * math.pi)
        shells[shell].append((int(math.degrees(elements.raan_rad) // 10.0), argument, first))
    kept = {shell: sorted(members) for shell, members in shells.items() if len(members) >= FEWEST_IN_SHELL}
    weight = {shell: math.sqrt(len(members)) for shell, members in kept.items()}
    rows: list[int] = []
    for shell, members in kept.items():
        share = min(len(members), round(PLACES * weight[shell] / sum(weight.values())))
        positions = np.floor((np.arange(share) + 0.5) * len(members) / share).astype(int)
        rows += [members[position][2] for position in positions]
    return ["\n".join(line.rstrip() for line in lines[row : row + 3]) + "\n" for row in sorted(rows)]


if __name__ == "__main__":
    main()
