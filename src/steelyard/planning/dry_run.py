"""Plan → what it would take: calls, tokens, minutes and cost per claim, and what could be decided. Nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.planning.order import order_of
from steelyard.planning.samples import Prepared
from steelyard.records import GenerateRequest, LoglikelihoodRequest, Plan, PlanRow, Request

__all__ = ["Forecast", "RowForecast", "forecast"]

# Assumptions, printed with the numbers: English text has about four characters a token; the embedded model reads 155
# and writes 78 tokens a second on one thread (2026-11-24); an endpoint answers in a second; a world model of 0.6
# million parameters plays an episode in about two.
CHARACTERS_PER_TOKEN = 4.0
READ_TOKENS_PER_SECOND = 155.0
WRITE_TOKENS_PER_SECOND = 78.0
REMOTE_SECONDS = 1.0
EPISODE_SECONDS = 2.0
LOOKED_AT = 25
WRONG_BY = 0.10


@dataclass(frozen=True)
class RowForecast:
    """One claim: the most calls that can be made, per-call means, and after how many samples a decision comes.

    ``if_true``: the expected path when the claim holds exactly. ``if_false``: when the truth is ten points lower.
    ``seconds`` and ``cost`` are for every call of the row; a decision usually comes much earlier.
    """

    task: str
    claimed: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cost: float | None
    if_true: int
    if_false: int
    affordable: int


@dataclass(frozen=True)
class Forecast:
    """All rows, what is skipped and why, and the assumptions in one sentence."""

    model: str
    rows: tuple[RowForecast, ...]
    skipped: tuple[tuple[str, str, str], ...]
    assumptions: str


def forecast(plan: Plan, prepared: Mapping[str, Prepared]) -> Forecast:
    """Estimate from the plan alone."""
    limits = plan.limits
    prices = None
    if limits.price_prompt is not None and limits.price_completion is not None:
        prices = limits.price_prompt, limits.price_completion
    local = bool(plan.model.sha256)
    speed = (
        f"{EPISODE_SECONDS:g} s an episode, which has no tokens"
        if _is_world(plan)
        else f"{READ_TOKENS_PER_SECOND:g} tokens/s read and {WRITE_TOKENS_PER_SECOND:g} written"
        if local
        else f"{REMOTE_SECONDS:g} s a call, {plan.concurrency} at a time"
    )
    return Forecast(
        model=plan.model.uri,
        rows=tuple(_row(plan, row, prepared[row.id], prices, local) for row in plan.rows),
        skipped=tuple((skipped.task, skipped.verdict, skipped.reason) for skipped in plan.skipped),
        assumptions=f"assumed: {CHARACTERS_PER_TOKEN:g} characters a token, {speed}"
        + ("" if prices else "; no cost without --price IN,OUT or --prices FILE"),
    )


def _row(plan: Plan, row: PlanRow, prepared: Prepared, prices: tuple[float, float] | None, local: bool) -> RowForecast:
    claim = plan.sheet.claims[row.claim]
    prompt, completion = (0.0, 0.0) if _is_world(plan) else _tokens(row, prepared, local)
    asked = row.cells if row.limit is None else min(row.cells, row.limit * row.repeats)
    calls = asked + row.probe.samples * len(row.probe_repeats)
    each = REMOTE_SECONDS / plan.concurrency
    if _is_world(plan):
        each = EPISODE_SECONDS
    elif local:
        each = prompt / READ_TOKENS_PER_SECOND + completion / WRITE_TOKENS_PER_SECOND
    budget = None if plan.budget_us is None else plan.budget_us / 1e6 * row.share
    value = float(claim.number / claim.scale)
    return RowForecast(
        task=row.task,
        claimed=claim.value,
        calls=calls,
        prompt_tokens=round(calls * prompt),
        completion_tokens=round(calls * completion),
        seconds=calls * each,
        cost=None if prices is None else calls * (prompt * prices[0] + completion * prices[1]) / 1e6,
        if_true=_decided_after(row, value),
        if_false=_decided_after(row, max(0.0, value - WRONG_BY)),
        affordable=asked if budget is None else min(asked, int(budget / each)),
    )


def _is_world(plan: Plan) -> bool:
    return plan.model.uri.startswith("world:")


def _tokens(row: PlanRow, prepared: Prepared, local: bool) -> tuple[float, float]:
    """Tokens of a prompt, and at most of an answer, as the first samples of the order have them in the mean."""
    looked = [prepared.samples[cell // row.repeats].request for cell in order_of(row)[:LOOKED_AT]]
    prompt = sum(_prompt_tokens(request, local) for request in looked) / len(looked)
    completion = sum(request.max_tokens for request in looked if isinstance(request, GenerateRequest)) / len(looked)
    return prompt, completion


def _prompt_tokens(request: Request, local: bool) -> float:
    """Tokens to be read for one call; in-process, shots are read once and kept, so they do not count again."""
    prefix = 0 if local else len(request.prefix)
    if isinstance(request, LoglikelihoodRequest):
        options = sum(len(text) for text in request.continuations)
        context = (prefix + len(request.context)) * (1 if local else len(request.continuations))
        return (context + options) / CHARACTERS_PER_TOKEN
    return (prefix + len(request.prompt)) / CHARACTERS_PER_TOKEN


def _decided_after(row: PlanRow, rate: float) -> int:
    from steelyard.stats.sequential import StopTable, samples_needed

    if not row.stop_consistent:  # a sampled row: its table follows from the variance that its probe will measure
        return row.cells
    table = StopTable(inconsistent=row.stop_inconsistent, consistent=row.stop_consistent)
    return samples_needed(table, 0, 0, row.cells, rate) or row.cells
