"""Plan → calls, tokens, time and cost of each claim, and what could be decided, without sending any request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from steelyard.planning.identity_checks import why_no_next_tokens
from steelyard.planning.order import order_of
from steelyard.planning.rules import reads_calls
from steelyard.planning.samples import Prepared
from steelyard.plugins import ComparingMonitor, Monitor, Progress, detector_of
from steelyard.records import (
    SECOND_PASS,
    GenerateRequest,
    LoglikelihoodRequest,
    NextTokenRequest,
    Plan,
    PlannedModel,
    PlannedTest,
    Request,
)
from steelyard.records.images import USUAL_TOKENS
from steelyard.util.batch_ends import batch_ends, growth_of

__all__ = ["ClaimForecast", "Forecast", "forecast"]

# Assumptions, printed with the numbers: English text has about four characters a token; the embedded model reads 155
# and writes 78 tokens a second on one thread (2026-11-24); an endpoint answers in a second; a world model of 0.6
# million parameters plays an episode in about two.
CHARACTERS_PER_TOKEN = 4.0
READ_TOKENS_PER_SECOND = 155.0
WRITE_TOKENS_PER_SECOND = 78.0
REMOTE_SECONDS = 1.0
EPISODE_SECONDS = 2.0
BATCH_SECONDS = 3600.0  # "most batches finishing in less than 1 hour" (Anthropic's guide, November 2026)
LOOKED_AT = 25


@dataclass(frozen=True)
class ClaimForecast:
    """One claim: the maximum of calls, tokens, seconds and cost, and the samples until a decision.

    ``claimed`` is what the test's interval closes on, in percent; empty where a test has no such value.
    ``if_true``: on the expected path if the claim is exactly true. ``if_false``: if the true score is ten points lower.
    ``seconds`` and ``cost`` are for all calls; a decision usually comes much earlier. ``affordable`` is the number of
    samples that the budget allows. ``cannot``: where no answer can confirm the claim, what would; ``if_true`` is then
    None. A gate has a ``sign`` before its bar (``≥``), and its decisions are forecast at ``shortfalls`` of its own, as
    proportions: 5 points above the bar, and 5 points below it. ``outlook``: how probably a gate ends undecided.
    ``confirms_only``: why a claim can be confirmed here, and not rejected. ``arms``: the ways in which it is asked.
    """

    task: str
    claimed: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cost: float | None
    if_true: int | None
    if_false: int
    affordable: int
    cannot: str = ""
    sign: str = ""
    shortfalls: tuple[float, float] = (0.0, 0.10)
    outlook: str = ""
    confirms_only: str = ""
    arms: tuple[str, ...] = ()


@runtime_checkable
class Foresees(Protocol):
    """A detector that says beforehand how probably a test ends undecided."""

    def outlook(self, test: PlannedTest, plan: Plan, expected: float | None) -> str:
        """One sentence, empty where nothing can be said; ``expected`` is the user's guess of the rate."""
        ...


@dataclass(frozen=True)
class Forecast:
    """All claims, what is skipped and why, and the assumptions in one sentence.

    ``is_identity_check``: nothing is claimed, and the rows are what is held against a reference. ``is_priced``: the
    price of every model is known.
    """

    model: str
    rows: tuple[ClaimForecast, ...]
    skipped: tuple[tuple[str, str, str], ...]
    assumptions: str
    is_identity_check: bool = False
    is_priced: bool = True


def forecast(plan: Plan, prepared: Mapping[str, Prepared], expected: float | None = None) -> Forecast:
    """Forecast a plan's cost and decisions from the plan and its samples alone.

    ``expected``: the rate of right answers that the user expects of a gate.
    """
    model = plan.subject
    local = _is_file(model)
    speed = (
        f"{EPISODE_SECONDS:g} s an episode, which has no tokens"
        if _is_world(model)
        else f"{READ_TOKENS_PER_SECOND:g} tokens/s read and {WRITE_TOKENS_PER_SECOND:g} written"
        if local
        else f"batches that end at {_ends(plan, model)}, each in {BATCH_SECONDS / 3600:g} h (24 h at most)"
        if model.batch_growth
        else f"{REMOTE_SECONDS:g} s a call, {model.concurrency} at a time"
    )
    return Forecast(
        model=model.identity.uri,
        rows=(
            *(
                row
                for test in plan.tests
                if test.reads and not _asks_again(plan, test) and not reads_calls(test.rule)
                for row in _forecasts(plan, test, prepared, expected)
            ),
            *(
                _measured_forecast(plan, each)
                for each in prepared.values()
                if all(reads_calls(test.rule) for test in plan.readers_of(each.measurement.id))
            ),
        ),
        skipped=(
            *((each.task, each.verdict, each.reason) for each in plan.not_planned if not each.format),
            *(("next tokens", "not_tested", reason) for reason in filter(None, (why_no_next_tokens(plan),))),
        ),
        assumptions=f"assumed: {CHARACTERS_PER_TOKEN:g} characters a token, {speed}",
        is_identity_check=plan.is_identity_check,
        is_priced=all(each.limits.cost_of(0, 0) is not None for each in plan.models.values()),
    )


def _asks_again(plan: Plan, test: PlannedTest) -> bool:
    """Whether a test only asks again what fails: where nothing does, it costs nothing."""
    read = (plan.by_id[reads.measurement] for reads in test.reads)
    return any(each.again and each.arm != SECOND_PASS for each in read)


def _forecasts(
    plan: Plan, test: PlannedTest, prepared: Mapping[str, Prepared], expected: float | None
) -> Iterator[ClaimForecast]:
    """The rows of one test: one, or one for each model that it decides on."""
    detector = detector_of(test.rule)
    assert detector is not None  # it planned the test
    finder = detector.open(test, plan)
    shown = finder.progress() if isinstance(finder, Monitor) else Progress()
    decided = tuple(detector.forecast(test, plan, shortfall) for shortfall in shown.shortfalls)
    names = tuple(dict.fromkeys(reads.measurement for reads in test.reads))
    if drawn := tuple(name for name in names if plan.by_id[name].drawn):
        # What stands beside it has a row of its own.
        row = _forecast_of(plan, drawn, prepared, shown, decided)
        yield replace(row, task=plan.by_id[drawn[0]].label)
        return
    if not isinstance(finder, ComparingMonitor):
        row = _forecast_of(plan, names, prepared, shown, decided)
        row = replace(row, outlook=detector.outlook(test, plan, expected)) if isinstance(detector, Foresees) else row
        yield _with_budgets(plan, names[0], row)
        return
    for name in names:
        row = _forecast_of(plan, (name,), prepared, shown, decided)
        identity = plan.models[plan.by_id[name].role].identity
        yield replace(row, task=f"{row.task} by {identity.name or identity.uri}")


def _with_budgets(plan: Plan, measurement: str, row: ClaimForecast) -> ClaimForecast:
    """A gate's row; where budgets of time or cost read its answers, all are asked, whenever the score is decided."""
    if not any(reads_calls(test.rule) for test in plan.readers_of(measurement)):
        return row
    asked = plan.by_id[measurement].planned
    said = "the gates on time and cost ask all, whenever the score is decided"
    return replace(row, if_true=asked, if_false=asked, outlook=f"{row.outlook}; {said}" if row.outlook else said)


def _forecast_of(
    plan: Plan,
    names: Sequence[str],
    prepared: Mapping[str, Prepared],
    shown: Progress,
    decided: Sequence[int | None],
) -> ClaimForecast:
    """What all of some measurements would cost, and after how many samples their test would decide."""
    costs = [_cost(plan, prepared[name]) for name in names]
    calls, asked = sum(cost.calls for cost in costs), sum(cost.asked for cost in costs)
    seconds = sum(cost.seconds for cost in costs)
    first = plan.by_id[names[0]]
    budget = None if plan.budget_us is None else plan.budget_us / 1e6 * sum(cost.share for cost in costs)
    if_true, if_false = decided
    return ClaimForecast(
        task=first.task,
        claimed=shown.target,
        calls=calls,
        prompt_tokens=round(sum(cost.prompt for cost in costs)),
        completion_tokens=round(sum(cost.completion for cost in costs)),
        seconds=seconds,
        cost=None if any(cost.cost is None for cost in costs) else sum(cost.cost or 0.0 for cost in costs),
        if_true=None if shown.cannot else asked if if_true is None else if_true,
        if_false=asked if if_false is None else if_false,
        affordable=asked if budget is None else min(asked, int(budget / seconds * calls) if seconds else asked),
        cannot=shown.cannot,
        sign=shown.sign,
        shortfalls=shown.shortfalls,
        confirms_only=shown.confirms_only,
        arms=shown.arms,
    )


def _measured_forecast(plan: Plan, prepared: Prepared) -> ClaimForecast:
    """What no test reads: all of it is asked, as far as the budget allows."""
    cost = _cost(plan, prepared)
    budget = None if plan.budget_us is None else plan.budget_us / 1e6 * cost.share
    asked = cost.asked
    return ClaimForecast(
        task=prepared.measurement.task,
        claimed="",
        calls=cost.calls,
        prompt_tokens=round(cost.prompt),
        completion_tokens=round(cost.completion),
        seconds=cost.seconds,
        cost=cost.cost,
        if_true=asked,
        if_false=asked,
        affordable=asked if budget is None else min(asked, int(budget / cost.seconds * cost.calls)),
    )


@dataclass(frozen=True)
class _Cost:
    calls: int
    asked: int
    prompt: float
    completion: float
    seconds: float
    cost: float | None
    share: float


def _cost(plan: Plan, prepared: Prepared) -> _Cost:
    """The cost of a measurement if every planned sample is asked."""
    measurement = prepared.measurement
    model = plan.models[measurement.role]
    local = _is_file(model)
    prompt, completion = (0.0, 0.0) if _is_world(model) else _tokens(prepared, local)
    calls = measurement.planned + measurement.extra_calls
    each = REMOTE_SECONDS / model.concurrency
    if model.batch_growth:
        each = len(batch_ends(measurement.planned, growth_of(model.batch_growth))) * BATCH_SECONDS / max(1, calls)
    if _is_world(model):
        each = EPISODE_SECONDS
    elif local:
        each = prompt / READ_TOKENS_PER_SECOND + completion / WRITE_TOKENS_PER_SECOND
    cost = model.limits.highest_cost_of(calls * prompt, calls * completion)
    return _Cost(calls, measurement.planned, calls * prompt, calls * completion, calls * each, cost, measurement.share)


def _ends(plan: Plan, model: PlannedModel) -> str:
    """Where the batches of the largest measurement end, the first three and the last."""
    most = max((each.planned for each in plan.measurements), default=0)
    ends = [f"{end:,}" for end in batch_ends(most, growth_of(model.batch_growth))]
    return ", ".join(ends if len(ends) <= 4 else [*ends[:3], "…", ends[-1]]) + " answers"


def _is_file(model: PlannedModel) -> bool:
    """Whether a model's weights are in this process; a function of the user's own takes as long as a call may."""
    return bool(model.identity.sha256) and not model.identity.uri.startswith("python:")


def _is_world(model: PlannedModel) -> bool:
    return model.identity.uri.startswith("world:")


def _tokens(prepared: Prepared, local: bool) -> tuple[float, float]:
    """Mean tokens of a prompt, and at most of an answer, over the first samples of the order."""
    measurement = prepared.measurement
    first = order_of(measurement)[:LOOKED_AT]
    looked = [prepared.samples[trial // measurement.repeats].request for trial in first]
    prompt = sum(_prompt_tokens(request, local) for request in looked) / len(looked)
    completion = sum(_answer_tokens(request) for request in looked) / len(looked)
    return prompt, completion


def _answer_tokens(request: Request) -> int:
    if isinstance(request, GenerateRequest):
        return request.max_tokens
    return 1 if isinstance(request, NextTokenRequest) else 0


def _prompt_tokens(request: Request, local: bool) -> float:
    """Tokens read for one call; in-process, shots are read once and cached, so they are not counted again."""
    prefix = 0 if local else len(request.prefix)
    if isinstance(request, LoglikelihoodRequest):
        options = sum(len(text) for text in request.continuations)
        context = (prefix + len(request.context)) * (1 if local else len(request.continuations))
        return (context + options) / CHARACTERS_PER_TOKEN
    asked = request.prompt if isinstance(request, GenerateRequest) else request.context
    shown = len(request.images) * USUAL_TOKENS if isinstance(request, GenerateRequest) else 0
    return (prefix + len(asked)) / CHARACTERS_PER_TOKEN + shown
