"""The planner of a verifier: the planner of an audit, with the facts that need data taken from the sealed plan."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.planning.absent_task import AbsentTask, RefusedTask
from steelyard.planning.options import Detect, Options
from steelyard.planning.planner import TaskPlanner
from steelyard.planning.sealed_source import SealedSource
from steelyard.planning.testable import Skip
from steelyard.plugins import Formats, MeasurementRequest
from steelyard.records import SPLIT, SUBJECT, Claim, Measurement, Plan, Reads, Served

if TYPE_CHECKING:
    from steelyard.tasks.protocol import ChosenProtocol
    from steelyard.tasks.task import Task

__all__ = ["BY_WORDS", "SealedPlanner"]

_OF_REMARKS: Final = re.compile(r"claim_retest@(?![1-4]$).*")
# How the reasons begin that a former rule gave: lists of words, and a number of samples that it took for unknown.
BY_WORDS: Final = (
    "what is said of its measure is not known here (",
    "its note or a footnote says ",
    "the vendor's number is over ",
)


class SealedPlanner(TaskPlanner):
    """Serves each request as an audit with the plan's options does. What the plan has not, or says otherwise, shows.

    Raises VerificationError for a request that the plan neither serves nor refuses, and for one that it refuses for a
    reason that does not follow.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        served = {
            each.request: each for each in (plan.served if plan.has_tests else map(_as_served, plan.measurements))
        }
        options = Options(
            alpha=plan.alpha,
            tolerance=plan.tolerance,
            limit=plan.limit,
            accept_model=plan.accept_model,
            allow_part=plan.allow_part,
            scorer=plan.scorer,
            output_tokens=plan.output_tokens,
            reasoning_effort=plan.reasoning_effort,
            detect=Detect(named=plan.named),
        )
        self.source = SealedSource(plan, served)
        self.of_words = not any(_OF_REMARKS.fullmatch(rule) for rule in plan.detectors)
        self._sealed = served
        super().__init__(plan.sheet, plan.models, options, self.source, plan.requested)

    def formats(self, request: str, claim: Claim) -> Formats:
        """The formats that a claim may mean: of a task that is not here, those of the plan."""
        try:
            task = self._task(request, claim.task, claim)
        except Skip:
            return Formats()
        if not isinstance(task, AbsentTask | RefusedTask):
            return super().formats(request, claim)
        begin = f"{request}/format/"
        refused = {each.request: each for each in self.plan.not_planned if _is_format(each.request, begin)}
        not_asked = [name for name, each in refused.items() if self._needs_likelihoods(each.reason)]
        for name in not_asked:
            self.not_planned.append(replace(refused[name], task=claim.task, verdict="not_testable"))
        if isinstance(task, RefusedTask):
            instead = "".join(self._shown(f"{request}/{SPLIT}/")[:1])
            return Formats((), tuple(name.removeprefix(begin) for name in not_asked), instead=instead)
        served = [each.request for each in self.plan.served if _is_format(each.request, begin)]
        others = [name.removeprefix(begin) for name in (*served, *refused) if name not in not_asked]
        usual = tuple(_with_shots(name) for name in others if "@" in name)
        to_ask = (task.served.prompt, *(name for name in others if "@" not in name))
        if len(to_ask) + len(not_asked) > 1:
            return Formats(to_ask, tuple(name.removeprefix(begin) for name in not_asked), usual=usual)
        return Formats(to_ask if usual else (), others=self._shown(f"{request}/spread/"), usual=usual)

    def _scorer(self, request: MeasurementRequest, task: Task, protocol: ChosenProtocol) -> str:
        """As planned, or as sealed where that is a former version of the same rule."""
        scorer = super()._scorer(request, task, protocol)
        served = self.source.served.get(request.name)
        is_same = served is not None and served.reads.scorer.rpartition("@")[0] == scorer.rpartition("@")[0]
        return served.reads.scorer if served is not None and is_same else scorer

    def _served_by(self, measurement: Measurement, request: MeasurementRequest, task: Task, *of_task: Any) -> Served:
        """As the planner does; by a former rule, lists of words said which remark accuses nobody: that is as sealed."""
        served = super()._served_by(measurement, request, task, *of_task)
        sealed = self._sealed.get(request.name)
        if isinstance(task, AbsentTask):
            return replace(served, unverifiable=sealed.unverifiable if sealed else "")
        if not self.of_words:
            return served
        if sealed and sealed.confirms_only.startswith(BY_WORDS) and _others(sealed) == _others(served):
            served = replace(served, confirms_only=sealed.confirms_only, differences=sealed.differences)
        return replace(served, unverifiable="")

    def _shown(self, begin: str) -> tuple[str, ...]:
        """The formats beside a stated one that the plan asks, or could not ask."""
        requests = [*(each.request for each in self.plan.served), *(each.request for each in self.plan.not_planned)]
        return tuple(each.removeprefix(begin) for each in requests if _is_format(each, begin))

    def _needs_likelihoods(self, reason: str) -> bool:
        """Whether a format is refused because the model cannot be asked in it, before it was to be asked."""
        capabilities = self.models[SUBJECT].capabilities
        why = capabilities.loglikelihood_reason or "this model gives no log-likelihoods"
        return not capabilities.loglikelihood and reason.startswith(why)


def _others(served: Served) -> list[str]:
    return [
        said for said in served.differences if not said.startswith("This may confirm the claim, and accuses nobody")
    ]


def _is_format(request: str, begin: str) -> bool:
    return request.startswith(begin) and "/" not in request.removeprefix(begin)


def _with_shots(name: str) -> tuple[str, int]:
    """The format and the number of worked examples in the name of a request, as ``letter@5``."""
    prompt, _, number = name.rpartition("@")
    if not (number.isascii() and number.isdecimal() and len(number) < 4):
        raise VerificationError(f"{layout.PLAN}: {name[:80]!r} names no number of worked examples")
    return prompt, int(number)


def _as_served(measurement: Measurement) -> Served:
    """A run's request, which no plan seals: it is what was measured."""
    reads = Reads(measurement=measurement.id, scorer=next(iter(measurement.scorers), ""))
    return Served(request=measurement.id, reads=reads, prompt=measurement.prompt, differences=measurement.differences)
