"""In which settings audits of one table differ: named where each still tests its row, refused where it would not.

Each audit is valid by itself, whatever its prompt format or its limits are. But a row that one candidate fails and
another one reaches may then be a matter of how they were asked, so that every such difference is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from steelyard.comparison.settings import HOW_ASKED, HOW_MUCH, differing, differing_settings, shown_setting
from steelyard.errors import InputError
from steelyard.records import ClaimVerdict, Plan
from steelyard.records.record import Record

__all__ = ["SettingDifference", "check_rows", "setting_differences"]

_LIMITS: Final = {"tokens": "budget of tokens", "cost": "budget of cost"}


class SettingDifference(Record, frozen=True, kw_only=True):
    """A setting in which audits differ: its ``values``, one for each candidate in their order.

    ``rows`` are the tasks of the rows that it is about; empty where it is about all.
    """

    setting: str
    rows: tuple[str, ...] = ()
    values: tuple[str, ...]


def check_rows(runs: Sequence[str], plans: Sequence[Plan], columns: Sequence[Sequence[ClaimVerdict]]) -> None:
    """Raise InputError for a row that two audits asked other samples for, or scored by other rules.

    ``columns`` holds each candidate's claims, all in the order of the sheet.
    """
    for claims in zip(*columns, strict=True):
        asked = [
            (run, found)
            for run, plan, claim in zip(runs, plans, claims, strict=True)
            if (found := plan.by_id.get(claim.measurement)) is not None
        ]
        for run, other in asked[1:]:
            first, one = asked[0]
            if one.items and other.items and one.items != other.items:
                raise InputError(
                    f"its samples of {one.task} are others than in {first}: audit each candidate on the same items",
                    where=run,
                )
            if one.scorers != other.scorers:
                raise InputError(
                    f"scores {one.task} by {', '.join(other.scorers)}, and {first} by {', '.join(one.scorers)}: audit "
                    "each candidate with the same scorer",
                    where=run,
                )


def setting_differences(
    plans: Sequence[Plan], columns: Sequence[Sequence[ClaimVerdict]]
) -> tuple[SettingDifference, ...]:
    """What differs between audits of one table: of all their rows first, then row by row, alike ones together."""
    by_row: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for claims in zip(*columns, strict=True):
        for difference in _of_row(plans, claims):
            by_row.setdefault(difference, []).append(claims[0].task)
    whole = [SettingDifference(setting=words, values=values) for words, values in _of_plans(plans)]
    return (
        *whole,
        *(
            SettingDifference(setting=words, values=values, rows=tuple(dict.fromkeys(rows)))
            for (words, values), rows in by_row.items()
        ),
    )


def _of_plans(plans: Sequence[Plan]) -> Iterator[tuple[str, tuple[str, ...]]]:
    models = [each.subject for each in plans]
    yield from differing_settings(plans, {"software": "version of Steelyard"})
    yield from differing("budget of time", [_seconds(each.budget_us) for each in plans])
    yield from differing_settings([each.limits for each in models], _LIMITS)
    yield from differing_settings(models, {"max_attempts": "attempts of a call, at most"})
    yield from differing("time limit of a call", [_seconds(each.attempt_timeout_us) for each in models])


def _of_row(plans: Sequence[Plan], claims: Sequence[ClaimVerdict]) -> Iterator[tuple[str, tuple[str, ...]]]:
    asked = [plan.by_id.get(claim.measurement) for plan, claim in zip(plans, claims, strict=True)]
    worded = list(differing_settings(asked, HOW_ASKED))
    yield from worded
    yield from differing_settings(asked, HOW_MUCH)
    if any(claim.formats for claim in claims):
        tried = [
            None if each is None else ", ".join(claim.formats or (each.prompt,))
            for each, claim in zip(asked, claims, strict=True)
        ]
        yield from differing("prompt formats tried", tried)
    versions = [
        None if each is None else shown_setting(plan.tasks.get(each.task))
        for each, plan in zip(asked, plans, strict=True)
    ]
    yield from differing("where the task comes from", versions)
    if not worded:  # what is asked is under the root: with these settings the same, its texts are others
        roots = [None if each is None else f"digest {each.samples_root[:12]}…" for each in asked]
        yield from differing("text of the prompts", roots)


def _seconds(microseconds: int | None) -> str:
    return "not set" if microseconds is None else f"{microseconds / 1e6:g} s"
