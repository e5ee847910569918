"""Which checkpoint answered which question, of a model that names its checkpoints: the one that the plan assigns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.planning.samples import Prepared
from steelyard.planning.turns import RECORDING, Turns, assigned_trainings, turns_of
from steelyard.records import Attempt, Measurement, Plan
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder
from steelyard.util.text import one_line

__all__ = ["check_answered_by", "check_turns"]


class _Named(msgspec.Struct):
    """What an answer says of who gave it: by need, the SHA-256 of the weights."""

    answered_by: dict[str, str]


def check_turns(plan: Plan, drafts: Iterable[Prepared]) -> None:
    """Raise VerificationError where the turns of trainings do not follow from the committed order.

    ``drafts`` hold the samples. Where these are not here, only the form of the turns is checked.
    """
    samples = {draft.measurement.id: draft.samples for draft in drafts}
    for each in plan.measurements:
        trainings, asked = assigned_trainings(each, plan.models[each.role]), samples.get(each.id, ())
        if trainings < 2 or len(asked) == each.population:
            follows = each.turns == turns_of(each, asked, trainings)
        else:
            follows = len(each.turns) == each.trials and set(each.turns) <= set(range(trainings))
        if not follows:
            raise VerificationError(
                f"{layout.PLAN}: {each.id}: turns do not follow from its order, by which trainings answer in turn"
            )


def check_answered_by(run: RunFolder) -> None:
    """Raise VerificationError where an answer does not name the checkpoints that the plan assigns to its question.

    Of recorded answers each names some checkpoint of the model. Answers whose texts are withheld are left out.
    """
    plan = run.plan
    asked = {each.id: _Asked(run, plan, each) for each in plan.measurements if each.needs}
    if not asked:
        return
    texts = open_index(run.path)
    for record, _ in read_lines(run.path):
        if not isinstance(record, Attempt) or record.measurement not in asked or not record.outcome.answered:
            continue
        text = texts.get(record.answer)
        if text is not None:
            asked[record.measurement].check(record, text)


class _Asked:
    """What a measurement's answers may name."""

    def __init__(self, run: RunFolder, plan: Plan, measurement: Measurement) -> None:
        self._needs = measurement.needs
        self._checkpoints = plan.checkpoints_of(measurement)
        self._is_assigned = plan.models[measurement.role].identity.backend != RECORDING
        self._turns = Turns(plan, measurement)
        self._samples = _numbers(run, measurement)

    def check(self, record: Attempt, text: str) -> None:
        """Raise VerificationError where the answer names others."""
        named, place = _named_in(text), f"record {record.seq}"
        if named is None or set(named) != set(self._needs):
            raise VerificationError(f"{place}: the answer does not name what answered for {', '.join(self._needs)}")
        expected = self._turns.of(self._samples[record.item]) if self._is_assigned else ()
        for number, need in enumerate(self._needs):
            known = [each.sha256 for each in self._checkpoints[number]]
            if named[need] not in known:
                raise VerificationError(
                    f"{place}: {need}: answered by {one_line(named[need], 12)}, which the model does not have"
                )
            if expected and named[need] != expected[number]:
                which = known.index(named[need]) + 1, known.index(expected[number]) + 1
                raise VerificationError(
                    f"{place}: {need}: answered by training {which[0]} ({named[need][:12]}), and the plan has "
                    f"training {which[1]} ({expected[number][:12]}) answer this question"
                )


def _named_in(text: str) -> Mapping[str, str] | None:
    try:
        return msgspec.json.decode(text, type=_Named).answered_by
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _numbers(run: RunFolder, measurement: Measurement) -> dict[str, int]:
    """The number of each sample, by its digest."""
    name = layout.samples_of(measurement.beside if measurement.again else measurement.id)
    with layout.open_regular(run.path, name) as file:
        return {line[:-1].decode("ascii"): number for number, line in enumerate(layout.lines(file, name))}
