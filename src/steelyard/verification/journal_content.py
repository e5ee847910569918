"""Every record of a journal is one that the plan allows there, about the sample at its place in the committed order."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.auditing.usage import Usage
from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.merkle import Tree
from steelyard.planning.order import checked_samples, order_of
from steelyard.records import SECOND_PASS, Attempt, Measurement, Outcome, Plan, PlannedModel, RecordedScore
from steelyard.runner.giving_up import FAILURES_TO_SKIP
from steelyard.storage.journal.lines import Session, Stop
from steelyard.storage.run_folder import RunFolder
from steelyard.util.compact import Digests
from steelyard.verification.batches import BatchCheck
from steelyard.verification.journal import AttemptNumbering, checked_records

__all__ = ["REPEAT_CHECK", "JournalFound", "check_journal"]
REPEAT_CHECK = -1  # the position of what the repeat check asks


@dataclass
class JournalFound:
    """What the journal holds: executed scores, wasted attempts, and measurements that were not asked to their end.

    ``refused``: those of the latter whose limit of tokens the endpoint refuses; the others' end does not wait for them.
    ``first_us`` is the time at which the first attempt began, in µs since 1970; None where nothing was asked.
    """

    executed: int = 0
    wasted: int = 0
    first_us: int | None = None
    unfinished: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


def check_journal(run: RunFolder) -> JournalFound:
    """Every record is one that the plan allows there, about the sample that the committed order has at its place."""
    plan = run.plan
    sealed_samples: dict[str, _SealedSamples | _AskedAgain] = {}
    for each in plan.measurements:
        first = sealed_samples.get(each.beside) if each.again else None
        sealed_samples[each.id] = _SealedSamples(run, each) if first is None else _AskedAgain(each, first)
    models = {each.id: plan.models[each.role] for each in plan.measurements}
    found, numbering, is_complete = JournalFound(), AttemptNumbering(plan.measurements), True
    usage = {each.id: Usage() for each in plan.measurements}
    batches = BatchCheck(plan, run.plan_sha256, {name: each.digests for name, each in sealed_samples.items()})
    for record, worker in checked_records(run):
        batches.read(record)
        if isinstance(record, Attempt):
            place = f"record {record.seq}"
            if record.measurement not in sealed_samples:
                raise VerificationError(f"{place}: the plan has no measurement {record.measurement}")
            _check_outcome(record, plan, models[record.measurement], place)
            numbering.add(record, sealed_samples[record.measurement].check(record, place), worker)
            found.first_us = min(record.started_us, found.first_us or record.started_us)
            found.wasted += record.completion_tokens > 0 and not record.outcome.answered
            usage[record.measurement].add(record)
        elif isinstance(record, RecordedScore):
            found.executed += 1
        elif isinstance(record, Session):
            numbering.begin_session()
        elif isinstance(record, Stop):
            is_complete = record.reason == "complete"
    numbering.finish()
    batches.finish(is_complete=is_complete)
    if is_complete:
        found.unfinished = frozenset(
            name for name, sealed in sealed_samples.items() if numbering.ended(name) < sealed.planned
        )
        found.refused = frozenset(name for name in found.unfinished if _is_refused(usage[name]))
    if found.unfinished and plan.origin.kind == "imported":
        raise VerificationError(f"{layout.JOURNAL}: {min(found.unfinished)}: a call of the imported log is not there")
    return found


def _check_outcome(record: Attempt, plan: Plan, model: PlannedModel, place: str) -> None:
    if record.outcome.answered != record.final and not _given_up(record, model):
        raise VerificationError(
            f"{place}: an answer is asked for once, and a fault {model.max_attempts} times, not as here"
        )
    if (
        not record.outcome.answered
        and plan.origin.kind == "asked"
        and (record.answer or record.reasoning or record.logprobs)
    ):
        raise VerificationError(f"{place}: holds an answer, and says that there was none: {record.outcome.value}")


def _is_refused(usage: Usage) -> bool:
    """Whether a measurement was skipped since the endpoint refuses its limit of tokens, call after call."""
    return usage.calls >= FAILURES_TO_SKIP and bool(usage.why_unanswered)


class _SealedSamples:
    """The samples of a measurement in the order that its seed commits to: 36 bytes each."""

    def __init__(self, run: RunFolder, measurement: Measurement) -> None:
        self._measurement = measurement
        self._digests = self.digests = _digests(run, measurement)
        self._order = order_of(measurement)
        checked = checked_samples(measurement, self._order)
        self._checked = {self._digests[number]: place for place, number in enumerate(checked)}

    @property
    def planned(self) -> int:
        """How many calls the plan makes at most, the repeat check's among them."""
        return self._measurement.planned + len(self._checked) * len(self._measurement.extra_repeats)

    def sample_at(self, position: int) -> tuple[int, str] | None:
        """The number and the digest of the sample at a place of the committed order; None where there is none."""
        if not 0 <= position < self._measurement.planned:
            return None
        sample = self._order[position] // self._measurement.repeats
        return sample, self._digests[sample]

    def check(self, record: Attempt, place: str) -> int:
        """The number of a record's call among the measurement's, the repeat check's last.

        Raises VerificationError where the record is not about the sample that belongs to its position.
        """
        measurement = self._measurement
        if record.position < 0:
            checked = self._checked.get(record.item)
            if record.position != REPEAT_CHECK or record.repeat not in measurement.extra_repeats or checked is None:
                raise VerificationError(f"{place}: not a repeat of a first sample of the committed order")
            return measurement.trials + checked * len(measurement.extra_repeats) + record.repeat - measurement.repeats
        if record.position >= measurement.planned:
            raise VerificationError(f"{place}: position {record.position} is outside the committed order")
        sample, repeat = divmod(self._order[record.position], measurement.repeats)
        if (self._digests[sample], repeat) != (record.item, record.repeat):
            raise VerificationError(
                f"{place}: not the sample that the committed order has at position {record.position}"
            )
        return record.position


class _AskedAgain:
    """Samples of another measurement that are asked again: which ones, their test says (OpenMeasurements)."""

    def __init__(self, measurement: Measurement, first: _SealedSamples | _AskedAgain) -> None:
        if not isinstance(first, _SealedSamples):
            raise VerificationError(f"{layout.PLAN}: {measurement.id} asks again what is asked again")
        self._measurement = measurement
        self._first = first
        self.digests = first.digests

    @property
    def planned(self) -> int:
        """How many calls the plan makes at most."""
        return self._measurement.planned

    def check(self, record: Attempt, place: str) -> int:
        """The number of a record's call; raises VerificationError where its sample is not the one of its position."""
        if self._measurement.arm == SECOND_PASS:
            return self._first.check(record, place)
        at, repeat = divmod(record.position, self._measurement.repeats)
        found = self._first.sample_at(at)
        if found is None or (found[1], repeat) != (record.item, record.repeat):
            raise VerificationError(f"{place}: not the sample whose first answer was at position {at}, asked again")
        return found[0] * self._measurement.repeats + repeat


def _given_up(record: Attempt, model: PlannedModel) -> bool:
    """Whether a fault may end its call: the client's own error does at once, any other after the last attempt.

    What a batch did not come to in its day is over at once, too.
    """
    if record.outcome.answered or not record.final:
        return False
    if record.batch and record.outcome is Outcome.TIMEOUT:
        return True
    return not record.outcome.retryable or record.attempt >= model.max_attempts


def _digests(run: RunFolder, measurement: Measurement) -> Digests:
    """The digests of a measurement's samples; VerificationError where they are not those that the plan sealed."""
    found, tree = Digests(), Tree()
    name = layout.samples_of(measurement.id)
    try:
        with layout.open_regular(run.path, name) as file:
            for line in layout.lines(file, name):
                digest = line[:-1]
                found.append(digest.decode("ascii"))
                tree.append(digest)
    except (OSError, ValueError):
        raise VerificationError(f"{name}: missing or not a list of digests") from None
    if len(found) != measurement.population or tree.root().hex() != measurement.samples_root:
        raise VerificationError(f"{name}: not the samples that the plan sealed")
    return found
