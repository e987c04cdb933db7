"""Published claims with numeric criteria."""

from __future__ import annotations

from leoisac.experiment.contracts import Claim

CLAIMS: tuple[Claim, ...] = ()
