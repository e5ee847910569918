"""Every record of a journal is one that the plan allows there, about the sample at its place in the committed order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from steelyard.errors import VerificationError
from steelyard.evidence.merkle import Tree
from steelyard.planning.order import order_of, probed_samples
from steelyard.records import Attempt, Plan, PlanRow, RecordedScore
from steelyard.storage.journal import Session, Stop
from steelyard.util.compact import Digests
from steelyard.verification.journal import AttemptNumbering, checked_records

__all__ = ["PROBE", "JournalFound", "check_journal"]
PROBE = -1  # the position of a probe's repeats


@dataclass
class JournalFound:
    """What the journal was found to hold: marks made by acts, wasted attempts, and rows not asked to their end."""

    executed: int = 0
    wasted: int = 0
    unfinished: frozenset[str] = frozenset()


def check_journal(run: Path, plan: Plan) -> JournalFound:
    """Every record is one that the plan allows there, about the sample that the committed order has at its place."""
    rows = {row.id: _SealedRow(run, row) for row in plan.rows}
    found, numbering, is_complete = JournalFound(), AttemptNumbering(plan.rows), True
    for record, worker in checked_records(run, plan):
        if isinstance(record, Attempt):
            place = f"record {record.seq}"
            _check_outcome(record, plan, place)
            if record.row not in rows:
                raise VerificationError(f"{place}: the plan has no row {record.row}")
            numbering.add(record, rows[record.row].check(record, place), worker)
            found.wasted += record.completion_tokens > 0 and not record.outcome.answered
        elif isinstance(record, RecordedScore):
            found.executed += 1
        elif isinstance(record, Session):
            numbering.begin_session()
        elif isinstance(record, Stop):
            is_complete = record.reason == "complete"
    numbering.finish()
    if is_complete:
        found.unfinished = frozenset(row for row, sealed in rows.items() if numbering.ended(row) < sealed.planned)
    if found.unfinished and plan.origin.kind == "imported":
        raise VerificationError(f"journal/: row {min(found.unfinished)}: a call of the imported log is not there")
    return found


def _check_outcome(record: Attempt, plan: Plan, place: str) -> None:
    if record.outcome.answered != record.final and not _given_up(record, plan):
        raise VerificationError(
            f"{place}: an answer is asked for once, and a fault {plan.max_attempts} times, not as here"
        )
    if not record.outcome.answered and plan.origin.kind == "asked" and (record.answer or record.logprobs):
        raise VerificationError(f"{place}: holds an answer, and says that there was none: {record.outcome.value}")


class _SealedRow:
    """The samples of a row in the order that its seed commits to: 36 bytes each."""

    def __init__(self, run: Path, row: PlanRow) -> None:
        self._row = row
        self._digests = _digests(run, row)
        self._order = order_of(row)
        probed = probed_samples(row, self._order)
        self._probed = {self._digests[number]: place for place, number in enumerate(probed)}

    @property
    def planned(self) -> int:
        """How many calls the plan makes at most, the probe's repeats among them."""
        return self._row.planned + len(self._probed) * len(self._row.probe_repeats)

    def check(self, record: Attempt, place: str) -> int:
        """The number of a record's call among the row's, the probe's repeats last.

        Raises Broken where the record is not about the sample that belongs to its position.
        """
        row = self._row
        if record.position < 0:
            probed = self._probed.get(record.item)
            if record.position != PROBE or record.repeat not in row.probe_repeats or probed is None:
                raise VerificationError(
                    f"{place}: not a repeat of the plan's probe: a first sample of the committed order"
                )
            return row.cells + probed * len(row.probe_repeats) + record.repeat - row.repeats
        if record.position >= row.planned:
            raise VerificationError(f"{place}: position {record.position} is outside the committed order")
        sample, repeat = divmod(self._order[record.position], row.repeats)
        if (self._digests[sample], repeat) != (record.item, record.repeat):
            raise VerificationError(
                f"{place}: not the sample that the committed order has at position {record.position}"
            )
        return record.position


def _given_up(record: Attempt, plan: Plan) -> bool:
    """Whether a fault may end its call: the client's own error does at once, any other after the last attempt."""
    if record.outcome.answered or not record.final:
        return False
    return not record.outcome.retryable or record.attempt >= plan.max_attempts


def _digests(run: Path, row: PlanRow) -> Digests:
    """The digests of a row's samples; Broken where they are not those that the plan sealed."""
    found, tree = Digests(), Tree()
    try:
        with (run / "samples" / f"{row.id}.txt").open("rb") as lines:
            for line in lines:
                digest = line.rstrip()
                found.append(digest.decode("ascii"))
                tree.append(digest)
    except (OSError, ValueError):
        raise VerificationError(f"samples/{row.id}.txt: missing or not a list of digests") from None
    if len(found) != row.population or tree.root().hex() != row.samples_root:
        raise VerificationError(f"samples/{row.id}.txt: not the samples that the plan sealed")
    return found
