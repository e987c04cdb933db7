"""Published claims against stored results. Nothing is computed here: what is missing is named, with its command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from leoisac.experiment.contracts import Claim, Figure, System, Verdict, resolve
from leoisac.experiment.errors import StoreError
from leoisac.experiment.reading.settings import another_setting
from leoisac.experiment.reading.statistics import trials_run
from leoisac.experiment.reading.studies import open_studies, with_plain_schemes

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

    @property
    def measured(self) -> str:
        """What was found, and by what proxy."""
        return f"{self.verdict.measured} (proxy: {self.claim.proxy})" if self.claim.proxy else self.verdict.measured


def check_claims(
    system: System, studies: Mapping[str, xr.Dataset], stored_only: bool = False
) -> tuple[ClaimResult, ...]:
    """A verdict for every claim of the system, from datasets by study name.

    Args:
        system: the system.
        studies: what is stored.
        stored_only: leave claims that read no study without a verdict: they are about a closed problem, not about
            what is stored, and may have to be computed.
    """
    figures: Sequence[Figure] = resolve(system.figures)
    claims: Sequence[Claim] = resolve(system.claims)
    unread = Verdict(INSUFFICIENT, "reads no study", 0)
    return tuple(
        ClaimResult(claim, unread) if stored_only and not claim.studies else _check(system, figures, claim, studies)
        for claim in claims
    )


def collect_studies(
    system: System,
    folders: Iterable[str | Path],
    find: Callable[[str], System],
    passed_over: Callable[[str | Path, StoreError], None] | None = None,
) -> dict[str, xr.Dataset]:
    """Studies of a system from several stores: study name -> dataset.

    Where stores hold the same study, the one of the claim's setting comes before others, then the one with most trials.

    Args:
        system: the system; stores of others are passed over.
        folders: of the stores.
        find: system by name.
        passed_over: told of a store that cannot be read, without which the others then stand.

    Raises:
        StoreError: if a folder holds no store, or a unit is damaged: the first such, or with ``passed_over`` all of
            them where none is sound.
    """
    best: dict[str, tuple[tuple[bool, int], xr.Dataset]] = {}
    problems: list[StoreError] = []
    sound = 0
    for folder in folders:
        try:
            studies = open_studies(folder, find)
        except StoreError as error:
            if passed_over is None:
                raise
            passed_over(folder, error)
            problems.append(error)
            continue
        sound += 1
        for name, dataset in studies.items():
            if dataset.attrs["system"] != system.name:
                continue
            rank = (not another_setting(system, name, dataset), _trials(dataset))
            if name not in best or rank > best[name][0]:
                best[name] = rank, dataset
    if problems and not sound:
        raise StoreError("\n".join(map(str, problems)))
    return {name: dataset for name, (_, dataset) in best.items()}


def _check(system: System, figures: Sequence[Figure], claim: Claim, studies: Mapping[str, xr.Dataset]) -> ClaimResult:
    missing = tuple(name for name in claim.studies if name not in studies)
    if missing:
        measured = f"needs the {'study' if len(missing) == 1 else 'studies'} {', '.join(missing)}"
        command = "; ".join(dict.fromkeys(_command(system, figures, claim, name) for name in missing))
        return ClaimResult(claim, Verdict(INSUFFICIENT, measured, 0), missing, command)
    trials = min((_trials(studies[name]) for name in claim.studies), default=0)
    others = {name: another_setting(system, name, studies[name]) for name in claim.studies}
    others = {name: reason for name, reason in others.items() if reason}
    if others:
        measured = "; ".join(f"the stored study `{name}` {reason}" for name, reason in others.items())
        command = "; ".join(dict.fromkeys(_command(system, figures, claim, name) for name in others))
        return ClaimResult(claim, Verdict(INSUFFICIENT, measured, trials), (), command)
    few = [name for name in claim.studies if _trials(studies[name]) < claim.least_trials]
    if any(_trials(studies[name]) == 0 for name in few):
        verdict = Verdict(INSUFFICIENT, "some schemes or sweep points have not been run", 0)
    else:
        verdict = claim.check({name: with_plain_schemes(studies[name]) for name in claim.studies})
    if few:
        measured = f"{verdict.measured} ({trials} of {claim.least_trials} trials)"
        command = "; ".join(f"{_command(system, figures, claim, name)} --trials {claim.least_trials}" for name in few)
        return ClaimResult(claim, Verdict(INSUFFICIENT, measured, trials), (), command)
    return ClaimResult(claim, verdict)


def _trials(dataset: xr.Dataset) -> int:
    """Trials that every scheme and sweep point of a study has run."""
    run = trials_run(dataset)
    return int(run.min()) if run.size else 0


def _command(system: System, figures: Sequence[Figure], claim: Claim, study: str) -> str:
    """The command that computes a study of a claim: by a figure that reads nothing else, or by the study's own name.

    A figure may read much more, by routes that take hours.
    """
    wanted = [figure for figure in figures if study in figure.studies and set(figure.studies) <= set(claim.studies)]
    reading = sorted(wanted, key=lambda figure: len(figure.studies))
    return f"leoisac run {system.name}/{reading[0].name if reading else study} --preset paper"
