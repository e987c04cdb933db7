"""Published claims against stored results. Nothing is computed here: what is missing is named, with its command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import xarray as xr

from leoisac.experiment.campaign import with_plain_schemes
from leoisac.experiment.contracts import Claim, Figure, System, Verdict, resolve
from leoisac.experiment.judge import NOT_RUN

INSUFFICIENT = "insufficient"


@dataclass(frozen=True)
class ClaimResult:
    """A claim with its verdict.

    Attributes:
        claim: what was published.
        verdict: what became of it; ``insufficient`` without enough results.
        missing: studies that the data lack.
        command: what to run for a sufficient answer; empty when the verdict stands.
    """

    claim: Claim
    verdict: Verdict
    missing: tuple[str, ...] = ()
    command: str = ""


def check_claims(system: System, studies: Mapping[str, xr.Dataset]) -> tuple[ClaimResult, ...]:
    """A verdict for every claim of the system, from datasets by study name."""
    figures: Sequence[Figure] = resolve(system.figures)
    claims: Sequence[Claim] = resolve(system.claims)
    return tuple(_check(system, figures, claim, studies) for claim in claims)


def _check(system: System, figures: Sequence[Figure], claim: Claim, studies: Mapping[str, xr.Dataset]) -> ClaimResult:
    missing = tuple(name for name in claim.studies if name not in studies)
    if missing:
        measured = f"needs the {'study' if len(missing) == 1 else 'studies'} {', '.join(missing)}"
        command = "; ".join(dict.fromkeys(_command(system, figures, name) for name in missing))
        return ClaimResult(claim, Verdict(INSUFFICIENT, measured, 0), missing, command)
    trials = min((_trials(studies[name]) for name in claim.studies), default=0)
    verdict = claim.check({name: with_plain_schemes(studies[name]) for name in claim.studies})
    if trials < claim.least_trials:
        measured = f"{verdict.measured} ({trials} of {claim.least_trials} trials)"
        command = "; ".join(
            f"{_command(system, figures, name)} --trials {claim.least_trials}"
            for name in claim.studies
            if _trials(studies[name]) < claim.least_trials
        )
        return ClaimResult(claim, Verdict(INSUFFICIENT, measured, trials), (), command)
    return ClaimResult(claim, verdict)


def _trials(dataset: xr.Dataset) -> int:
    """Trials that every scheme and sweep point of a study has run."""
    run = (dataset["status"] != NOT_RUN).sum("trial")
    return int(run.min()) if run.size else 0


def _command(system: System, figures: Sequence[Figure], study: str) -> str:
    """The command that computes a study: by the smallest figure that reads it, or by its own name."""
    reading = sorted((figure for figure in figures if study in figure.studies), key=lambda f: len(f.studies))
    return f"leoisac run {system.name}/{reading[0].name if reading else study} --preset paper"
