"""What became of the words of a coded link, and the metrics that systems report of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from leoisac.experiment.contracts import Metric
from leoisac.foundation.namespace import RealLike, array_namespace

LAYERS = ("common", "private")
"""Words that a user decodes, in this order."""


class LinkOutcome(NamedTuple):
    """What became of the words of a trial (a batch has a leading ``trial`` axis on every array).

    A layer that sends nothing has no blocks, and zeros elsewhere.

    Attributes:
        blocks: words that a user was to decode, shape ``(user, layer)``.
        errors: of these, those with a wrong bit, or refused by their check bits, shape ``(user, layer)``.
        undetected: of these, those that the check bits let pass, shape ``(user, layer)``.
        efficiency: information bits per symbol that the modes promise (the common layer's for all users together),
            shape ``(user, layer)``.
        excess_db: predicted SINR over the least that the mode could work with, dB, shape ``(user, layer)``.
        goodput: information bits per symbol that reached a user, its share of the common words among them, shape
            ``(user,)``.
    """

    blocks: Any
    errors: Any
    undetected: Any
    efficiency: Any
    excess_db: Any
    goodput: Any


LINK_METRICS = {
    "blocks": Metric("code words that a user was to decode", "1", ("user", "layer"), least=0.0),
    "block_error_rate": Metric("block-error rate", "1", ("user", "layer"), least=0.0, most=1.0),
    "undetected_blocks": Metric("wrong code words that passed their check", "1", ("user", "layer"), least=0.0),
    "code_efficiency": Metric("information bits per symbol of the chosen mode", "bit", ("user", "layer"), least=0.0),
    "sinr_excess_db": Metric("predicted SINR over the least of the chosen mode", "dB", ("user", "layer")),
    "goodput": Metric("delivered bits of a user", "bit/s/Hz", ("user",), least=0.0),
    "min_goodput": Metric("delivered bits of the worst user", "bit/s/Hz", least=0.0),
    "sum_goodput": Metric("delivered bits of all users", "bit/s/Hz", least=0.0),
    "promised_rate": Metric("information bits of all chosen modes", "bit/s/Hz", least=0.0),
    "throughput_mbit_s": Metric("delivered bits of all users", "Mbit/s", least=0.0),
    "bits_per_joule": Metric("delivered bits per transmitted energy", "bit/J", least=0.0),
}
"""Metrics of the coded link, for the systems that have one; axes ``user`` and ``layer`` (``LAYERS``)."""


def link_metrics(
    outcome: LinkOutcome, total_power_w: RealLike, bandwidth_hz: RealLike, symbol_rate: RealLike = 1.0
) -> dict[str, Any]:
    """``LINK_METRICS`` of one trial. Traceable.

    Args:
        outcome: of the trial.
        total_power_w: transmit power.
        bandwidth_hz: occupied bandwidth.
        symbol_rate: symbols of a stream per second and hertz: 1 for one symbol per sample.
    """
    xp = array_namespace(*outcome)
    goodput = xp.asarray(outcome.goodput) * symbol_rate
    total = xp.sum(goodput)
    promised = xp.sum(outcome.efficiency[..., 1]) + xp.max(outcome.efficiency[..., 0])
    power = xp.asarray(total_power_w)
    return {
        "blocks": 1.0 * outcome.blocks,
        "block_error_rate": outcome.errors / xp.maximum(outcome.blocks, 1),
        "undetected_blocks": 1.0 * outcome.undetected,
        "code_efficiency": outcome.efficiency,
        "sinr_excess_db": outcome.excess_db,
        "goodput": goodput,
        "min_goodput": xp.min(goodput),
        "sum_goodput": total,
        "promised_rate": promised * symbol_rate,
        "throughput_mbit_s": 1e-6 * bandwidth_hz * total,
        "bits_per_joule": xp.where(power > 0.0, bandwidth_hz * total / xp.where(power > 0.0, power, 1.0), 0.0),
    }
