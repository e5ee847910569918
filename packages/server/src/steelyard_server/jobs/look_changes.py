"""What came out otherwise at a look of a schedule than at the one before: an alert, in words and as an event.

It compares two verdicts, and is no test: each of them has its own level, which many looks use up again and again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.records import VerdictWord
from steelyard.util.text import one_line
from steelyard_server.events import note_event

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.jobs.leases import Lease
    from steelyard_server.runs.summary import RunSummary

__all__ = ["Change", "Claim", "Found", "change_since", "changed", "newly_accused", "note_change"]

MAX_ALERT: Final = 1000  # characters
_NAMED: Final = 5
# A later look has less of the level, so that what was confirmed at the first one may not be at the next, of a model
# that has not changed: between these two there is no alert, and the page shows the verdicts.
_NOT_AGAINST: Final = tuple(
    word.value for word in (VerdictWord.CONSISTENT, VerdictWord.INSUFFICIENT_POWER, VerdictWord.UNVERIFIABLE)
)
_BEFORE: Final = (
    "SELECT s.name, p.verdict, p.exit, p.summary FROM steelyard.job l "
    "JOIN steelyard.schedule s ON s.id = l.schedule_id LEFT JOIN LATERAL "
    "(SELECT r.verdict, r.exit, r.summary FROM steelyard.job b JOIN steelyard.job f "
    "ON (f.id = b.id OR f.resumes = b.id) AND f.state = 'finished' JOIN steelyard.run r ON r.id = f.run_id "
    "WHERE b.schedule_id = l.schedule_id AND b.scheduled_at < l.scheduled_at ORDER BY b.scheduled_at DESC LIMIT 1) p "
    "ON true WHERE l.id = %s"
)


class Claim(msgspec.Struct, frozen=True):
    """Of a row of a run's summary, what tells one claim from another, and its verdict's word."""

    task: str
    claimed: str = ""
    word: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a look came to; ``rows_left`` claims are not among ``rows``. As a run's summary has it."""

    verdict: str
    exit: int
    rows: tuple[Claim, ...] = ()
    rows_left: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What is told of a look of ``schedule``: ``words`` for the page, and names and counts for an event.

    ``accused`` is how many claims are inconsistent that were not; ``before`` is None where it is the first look.
    """

    schedule: str
    words: str
    accused: int
    before: Found | None


def change_since(connection: psycopg.Connection[Any], lease: Lease, run: RunSummary) -> Change | None:
    """What this run of a job changes against the last look before it that made a run.

    None where nothing does, and where the job, or the one that it goes on with, is no look.
    """
    row = connection.execute(_BEFORE, (lease.folder,)).fetchone()
    if row is None:
        return None
    schedule, verdict, _, summary = row
    before = None if verdict is None else msgspec.json.decode(summary, type=Found)
    rows = tuple(Claim(each.task, each.claimed, each.word) for each in run.rows)
    now = Found(verdict=run.verdict, exit=run.exit, rows=rows, rows_left=run.rows_left)
    accused = newly_accused(before, now)
    words = one_line("; ".join(changed(before, now, accused)), MAX_ALERT)
    return Change(schedule, words, len(accused), before) if words else None


def note_change(connection: psycopg.Connection[Any], lease: Lease, run: RunSummary, change: Change) -> None:
    """Write the event, in the caller's transaction."""
    before = change.before
    data = {
        "accused": change.accused, "exit": run.exit, "job": lease.job, "model": run.subject,
        "path": f"/p/{lease.project}/watch", "project": lease.project, "schedule": change.schedule, "seal": run.seal,
        "verdict": run.verdict or "measured", "was": (before.verdict or "measured") if before else "first look",
    }  # fmt: skip
    note_event(connection, "watch.alert", data, project_id=lease.project_id, once=f"watch.alert {lease.job}")


def newly_accused(before: Found | None, now: Found) -> list[Claim]:
    """The claims that are inconsistent now and were not before; of a summary that was cut, those that it has."""
    known = {} if before is None else dict(_numbered(before.rows))
    cut = before is not None and before.rows_left > 0
    inconsistent = VerdictWord.INCONSISTENT.value
    return [
        each
        for key, each in _numbered(now.rows)
        if each.word == inconsistent and (known[key].word != inconsistent if key in known else not cut)
    ]


def changed(before: Found | None, now: Found, accused: Sequence[Claim]) -> Iterator[str]:
    """What is to be said, in words; nothing of a first look that accuses nobody."""
    if accused:
        names = [" ".join(filter(None, (one_line(each.task, 60), one_line(each.claimed, 30)))) for each in accused]
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        since = "at the first look" if before is None else "and not at the look before"
        yield f"inconsistent {since}: {', '.join(names[:_NAMED])}{more}"
    if before is None or (before.verdict in _NOT_AGAINST and now.verdict in _NOT_AGAINST):
        return
    if before.verdict != now.verdict:
        yield f"the verdict is {_words(now.verdict)}, and was {_words(before.verdict)} at the look before"
    if before.exit != now.exit:
        yield f"the exit code is {now.exit}, and was {before.exit}"


def _numbered(rows: Sequence[Claim]) -> Iterator[tuple[tuple[str, str, int], Claim]]:
    """Each claim with a key of its own, also where a sheet has the same one twice."""
    seen: Counter[tuple[str, str]] = Counter()
    for each in rows:
        name = (each.task, each.claimed)
        yield (*name, seen[name]), each
        seen[name] += 1


def _words(verdict: str) -> str:
    return VerdictWord(verdict).words if verdict in set(VerdictWord) else "measured"
