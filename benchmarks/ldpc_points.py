"""5G LDPC codes against published error rates, with the published statistics, and the decoder's throughput.

``python benchmarks/ldpc_points.py [--share 0.1] [--sides 0.25] [--points 3,5] [--words 640]``; figures are kept in
``history/ldpc-points.json``. Every point is measured as published (flooding sum-product) where it stands and, with a
part of the words, 0.2 dB to either side, from which its distance in dB follows; the link's own decoder (layered,
normalised min-sum, early stop) is measured where it stands. ``z`` is the difference of the error rates over its
standard error. With the published statistics this takes a core some 20 minutes. Every point is recorded when it is
done; those not chosen stay as they were.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from leoisac.experiment.trials.provenance import machine, versions
from leoisac.link.decoding import decode
from leoisac.link.ldpc import ldpc_code
from tests.link.ldpc_points import POINTS, Point, block_errors, noisy_words

HISTORY = Path(__file__).parent / "history/ldpc-points.json"
OWN = {"rule": "min-sum", "schedule": "layered", "early_stop": True}
STEP_DB = 0.2


def measured(point: Point, share: float, sides_share: float) -> dict[str, Any]:
    """One point: error rates, distance from the published one. Beside it a part of the words is enough for a slope."""
    words = max(64, round(point.blocks * share))
    beside = max(64, round(words * sides_share))
    seconds = time.process_time()
    errors = block_errors(point, words)
    rate = errors / words
    pooled = (errors + point.block_errors) / (words + point.blocks)
    z = (rate - point.rate) / math.sqrt(pooled * (1 - pooled) * (1 / words + 1 / point.blocks))
    sides = [block_errors(point, beside, shift_db=shift) / beside for shift in (-STEP_DB, STEP_DB)]
    slope = (math.log(max(sides[1], 0.5 / beside)) - math.log(max(sides[0], 0.5 / beside))) / (2 * STEP_DB)
    away = (math.log(max(rate, 0.5 / words)) - math.log(point.rate)) / -slope if slope else math.nan
    own = block_errors(point, words, **OWN)
    return {
        "k": point.k,
        "n": point.n,
        "ebno_db": point.ebno_db,
        "published": point.rate,
        "words": words,
        "share": share,
        "errors": errors,
        "rate": rate,
        "z": round(z, 2),
        "words_beside": beside,
        "away_db": round(away, 3),
        "rates_at_minus_and_plus_0.2_db": sides,
        "layered_min_sum": own / words,
        "seconds": round(time.process_time() - seconds, 1),
    }


def throughput(k: int, n: int, ebno_db: float, words: int, **options: Any) -> dict[str, Any]:
    """Information bits per second of one core, compiled."""
    code = ldpc_code(k, n)
    bits, llrs = noisy_words(code, ebno_db, words, np.random.default_rng(0))
    decode(code, llrs[:1], **options)
    seconds = time.process_time()
    found = decode(code, llrs, **options)
    seconds = time.process_time() - seconds
    return {
        "k": k,
        "n": n,
        "ebno_db": ebno_db,
        **options,
        "block_error_rate": float(np.mean(np.any(found.bits != bits, axis=-1))),
        "mean_iterations": round(float(np.mean(found.iterations)), 2),
        "mbit_s": round(1e-6 * words * k / seconds, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the published numbers of words")
    parser.add_argument("--sides", type=float, default=0.25, help="of these 0.2 dB to either side")
    parser.add_argument("--points", default="", help="indices of points, by default all")
    parser.add_argument("--words", type=int, default=640, help="words of the throughputs, 0 for none")
    given = parser.parse_args()
    chosen = [int(index) for index in given.points.split(",") if index] or range(len(POINTS))
    record: dict[str, Any] = json.loads(HISTORY.read_text(encoding="utf-8"))
    for index in chosen:
        row = measured(POINTS[index], given.share, given.sides)
        print(json.dumps(row), flush=True)
        known = {(one["k"], one["n"], one["ebno_db"]): one for one in (*record["points"], row)}
        places = [(point.k, point.n, point.ebno_db) for point in POINTS]
        record["points"] = [known[place] for place in places if place in known]
        _write(record)
    speeds = list[dict[str, Any]]()
    for k, n, ebno_db in ((500, 1000, 2.5), (4000, 8000, 2.0)) if given.words else ():
        for rule in ("min-sum", "sum-product"):
            for stops in (True, False):
                speeds.append(throughput(k, n, ebno_db, given.words, rule=rule, iterations=20, early_stop=stops))
                print(json.dumps(speeds[-1]), flush=True)
    if speeds:
        _write({**record, "throughput": speeds})


def _write(record: dict[str, Any]) -> None:
    entry = {**record, "machine": machine(), "versions": versions()}
    HISTORY.write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
