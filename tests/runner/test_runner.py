"""The runner: order, turns, retries, budgets, stops; with a scripted model in-process and the journal on disk."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import (
    Attempt,
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    Outcome,
    Sample,
)
from steelyard.runner.concurrency import AdaptiveConcurrency
from steelyard.runner.group import RunnerGroup
from steelyard.runner.loop import RunEnd, Runner
from steelyard.runner.retry import RetryPolicy
from steelyard.runner.schedule import Call, Schedule, TaskQueue
from steelyard.storage.journal.lines import Stop, new_header
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal
from steelyard.util.committed_order import committed_order

QUICK = RetryPolicy(max_attempts=3, base_seconds=0.001)


class ScriptedModel:
    """Answers each prompt with the next outcome of its script; counts how often each was asked."""

    def __init__(
        self,
        script: Callable[[str, int], ModelOutput],
        seconds: float = 0.0,
        is_there: Callable[[], ModelOutput] | None = None,
    ) -> None:
        self.script, self.seconds = script, seconds
        self.is_there = is_there or (lambda: ModelOutput(outcome=Outcome.OK))
        self.asked: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        return ModelIdentity(uri="scripted:"), Capabilities()

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        self.asked[request.prompt] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.seconds)
            return self.script(request.prompt, self.asked[request.prompt])
        finally:
            self.in_flight -= 1

    async def ping(self) -> ModelOutput:
        """The health check."""
        return self.is_there()

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        return ModelOutput(outcome=Outcome.OK, logprobs=tuple(-float(len(text)) for text in request.continuations))

    async def close(self) -> None: ...


def good(prompt: str, _: int) -> ModelOutput:
    return ModelOutput(outcome=Outcome.OK, text=f"answer to {prompt}")


def sample_of(call: Call) -> Sample:
    return Sample(
        id=f"t/{call.sample}", request=GenerateRequest(prompt=f"{call.measurement}/{call.sample}"), target="x"
    )


def carry_out(
    run: Path,
    model: ScriptedModel,
    calls: int,
    measurements: tuple[str, ...] = ("r",),
    during: Callable[[Runner], None] = lambda _: None,
    outputs: list[ModelOutput] | None = None,
    concurrency: int = 1,
    retry: RetryPolicy = QUICK,
    **settings: object,
) -> tuple[RunEnd, list[Attempt], list[str]]:
    run.mkdir(exist_ok=True)
    journal, texts = Journal.create(run, new_header(plan="0" * 64, software="0")), Texts(run)
    schedule = Schedule(
        [TaskQueue(name, 1.0, deque(Call(name, n, n, 0) for n in range(calls))) for name in measurements], 0.05
    )
    finals: list[str] = []

    def on_final(sample: Sample, attempt: Attempt, answer: ModelOutput) -> None:
        finals.append(sample.id)
        if outputs is not None:
            outputs.append(answer)

    async def main() -> RunEnd:
        runner = Runner(
            model=model,
            schedule=schedule,
            sample_of=sample_of,
            journal=journal,
            texts=texts,
            on_final=on_final,
            retry=retry,
            concurrency=AdaptiveConcurrency(concurrency, concurrency),
            **settings,  # type: ignore[arg-type]
        )
        asyncio.get_running_loop().call_later(0.03, during, runner)
        before = int(settings.get("active_before_us", 0))  # type: ignore[call-overload]
        return await RunnerGroup({"subject": runner}, journal, runner.texts).run(before)

    try:
        end = asyncio.run(main())
    finally:
        journal.close()
        texts.close()
    return end, [record for record, _ in read_lines(run) if isinstance(record, Attempt)], finals


@given(st.text(max_size=10), st.integers(0, 200))
def test_the_committed_order_is_a_permutation_that_its_seed_fixes(seed: str, cells: int) -> None:
    order = committed_order(seed, cells)
    assert sorted(order) == list(range(cells))
    assert order == committed_order(seed, cells)


def test_the_committed_order_is_what_the_docs_say() -> None:
    expected = sorted(range(8), key=lambda n: hashlib.sha256(f"seed:{n}".encode()).hexdigest())
    assert list(committed_order("seed", 8)) == expected


def test_every_call_is_made_once_and_recorded(tmp_path: Path) -> None:
    model = ScriptedModel(good, 0.001)
    end, attempts, finals = carry_out(tmp_path, model, 20, concurrency=4)
    assert end == "complete"
    assert len(finals) == len(attempts) == 20
    assert set(model.asked.values()) == {1}
    assert model.most_in_flight == 4
    assert all(attempt.final and attempt.outcome is Outcome.OK for attempt in attempts)


@pytest.mark.parametrize("outcome", [o for o in Outcome if o.retryable])
def test_a_fault_is_tried_again_and_then_missing(tmp_path: Path, outcome: Outcome) -> None:
    end, attempts, finals = carry_out(
        tmp_path, ScriptedModel(lambda p, n: ModelOutput(outcome=outcome, retry_after=0.001)), 2
    )
    assert end == "complete"
    assert [attempt.attempt for attempt in attempts if attempt.sample == "t/0"] == [1, 2, 3]
    assert sum(attempt.final for attempt in attempts) == len(finals) == 2


@pytest.mark.parametrize("outcome", [o for o in Outcome if not o.retryable])
def test_an_answer_or_a_client_error_is_never_retried(tmp_path: Path, outcome: Outcome) -> None:
    model = ScriptedModel(lambda p, n: ModelOutput(outcome=outcome))
    carry_out(tmp_path, model, 3)
    assert set(model.asked.values()) == {1}


def test_what_json_cannot_hold_is_cleaned_or_refused(tmp_path: Path) -> None:
    hostile = ModelOutput(outcome=Outcome.OK, text="a\ud800b", detail="\udfff", model="m\ud800")
    outputs: list[ModelOutput] = []
    _, attempts, _ = carry_out(tmp_path / "a", ScriptedModel(lambda p, n: hostile), 1, outputs=outputs)
    assert (outputs[0].text, attempts[0].detail, attempts[0].model) == ("a?b", "?", "m?")
    disliked = ModelOutput(outcome=Outcome.MALFORMED, text="an answer", logprobs=(-1.0,), prompt_tokens=-5)
    _, attempts, _ = carry_out(tmp_path / "c", ScriptedModel(lambda p, n: disliked), 1)
    assert {(attempt.answer, attempt.logprobs, attempt.prompt_tokens) for attempt in attempts} == {("", (), 0)}
    endless = ModelOutput(outcome=Outcome.OK, logprobs=(float("-inf"),))
    _, attempts, _ = carry_out(tmp_path / "b", ScriptedModel(lambda p, n: endless), 1)
    assert {attempt.outcome for attempt in attempts} == {Outcome.MALFORMED}


def test_a_model_whose_own_code_fails_ends_no_run(tmp_path: Path) -> None:
    def script(prompt: str, times: int) -> ModelOutput:
        if prompt == "r/1":
            raise KeyError("sk-secret")
        return good(prompt, times)

    end, attempts, finals = carry_out(tmp_path, ScriptedModel(script), 3)
    assert (end, len(finals)) == ("complete", 3)
    failed = [attempt for attempt in attempts if attempt.outcome is Outcome.MALFORMED]
    assert {attempt.detail for attempt in failed} == {"the model's own code failed: KeyError"}


def test_an_internal_error_is_not_recorded_as_a_complete_run(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        carry_out(tmp_path, ScriptedModel(good), 3, outputs=FailingList())
    stops = [record for record, _ in read_lines(tmp_path) if isinstance(record, Stop)]
    assert [stop.reason for stop in stops] == ["failed"]


class FailingList(list[ModelOutput]):
    def append(self, answer: ModelOutput) -> None:
        raise ZeroDivisionError


def test_a_transient_fault_heals(tmp_path: Path) -> None:
    def script(prompt: str, times: int) -> ModelOutput:
        return ModelOutput(outcome=Outcome.SERVER_ERROR) if times == 1 else good(prompt, times)

    _, attempts, _ = carry_out(tmp_path, ScriptedModel(script), 3, concurrency=3)
    assert Counter(attempt.outcome for attempt in attempts) == {Outcome.SERVER_ERROR: 3, Outcome.OK: 3}


def test_a_slow_reply_is_a_timeout(tmp_path: Path) -> None:
    _, attempts, _ = carry_out(tmp_path, ScriptedModel(good, 5.0), 1, attempt_timeout=0.01)
    assert {attempt.outcome for attempt in attempts} == {Outcome.TIMEOUT}


def test_an_endpoint_that_is_gone_stops_the_run_and_leaves_calls_unfinished(tmp_path: Path) -> None:
    reset = ModelOutput(outcome=Outcome.DROPPED, detail="reset")
    model = ScriptedModel(lambda p, n: reset, is_there=lambda: reset)
    end, attempts, finals = carry_out(tmp_path, model, 100, concurrency=2)
    assert end == "endpoint_down"
    assert len(attempts) == 2
    assert not finals


def test_a_budget_ends_the_run_between_calls(tmp_path: Path) -> None:
    end, attempts, _ = carry_out(tmp_path, ScriptedModel(good, 0.01), 1000, budget_seconds=0.1)
    assert end == "budget"
    assert 1 <= len(attempts) < 100


def test_a_budget_that_earlier_sessions_spent_asks_nothing(tmp_path: Path) -> None:
    end, attempts, _ = carry_out(tmp_path, ScriptedModel(good), 5, budget_seconds=1.0, active_before_us=2_000_000)
    assert (end, attempts) == ("budget", [])


def test_a_stop_finishes_what_is_in_flight(tmp_path: Path) -> None:
    end, attempts, finals = carry_out(
        tmp_path, ScriptedModel(good, 0.02), 1000, concurrency=3, during=lambda runner: runner.stop()
    )
    assert end == "interrupted"
    assert len(attempts) == len(finals) < 50
    stops = [record for record, _ in read_lines(tmp_path) if isinstance(record, Stop)]
    assert [stop.reason for stop in stops] == ["interrupted"]


def test_an_interrupt_before_the_first_call_counts_no_time(tmp_path: Path) -> None:
    runner = Runner(
        model=ScriptedModel(good),
        schedule=Schedule([], 0.05),
        sample_of=sample_of,
        journal=Journal.create(tmp_path, new_header(plan="0" * 64, software="0")),
        texts=Texts(tmp_path),
        on_final=lambda *_: None,
        active_before_us=7,
    )
    runner.journal.close()
    runner.texts.close()
    assert runner.active_us == 7


def test_a_stop_does_not_wait_for_a_retry(tmp_path: Path) -> None:
    model = ScriptedModel(lambda p, n: ModelOutput(outcome=Outcome.RATE_LIMITED, retry_after=20))
    end, attempts, finals = carry_out(tmp_path, model, 2, concurrency=2, during=lambda runner: runner.stop())
    assert end == "interrupted"
    assert not finals
    assert not any(attempt.final for attempt in attempts)


def test_measurements_share_the_time(tmp_path: Path) -> None:
    _, attempts, _ = carry_out(
        tmp_path, ScriptedModel(good, 0.01), 1000, measurements=("a", "b", "c"), budget_seconds=0.9, concurrency=2
    )
    asked = Counter(attempt.measurement for attempt in attempts)
    assert set(asked) == {"a", "b", "c"}
    assert max(asked.values()) < 3 * min(asked.values())


def test_a_closed_measurement_makes_no_more_calls() -> None:
    schedule = Schedule(
        [TaskQueue(name, 1.0, deque(Call(name, n, n, 0) for n in range(3))) for name in ("a", "b")], 100.0
    )
    assert schedule.next_call() == Call("a", 0, 0, 0)
    schedule.close("a")
    assert [call.measurement for call in iter(schedule.next_call, None)] == ["b", "b", "b"]


def test_a_held_measurement_waits_until_it_is_needed() -> None:
    schedule = Schedule(
        [TaskQueue(name, 1.0, deque(Call(name, n, n, 0) for n in range(2))) for name in ("a", "b")], 100.0
    )
    schedule.hold("a", True)
    assert [call.measurement for call in iter(schedule.next_call, None)] == ["b", "b"]
    schedule.hold("a", False)
    assert [call.measurement for call in iter(schedule.next_call, None)] == ["a", "a"]


def test_a_frugal_measurement_runs_little_ahead() -> None:
    queue = TaskQueue("a", 1.0, (Call("a", n, n, 0) for n in range(1000)), head=0)
    queue.frugal = True
    schedule = Schedule([queue], 100.0)
    assert len(list(iter(schedule.next_call, None))) == 32
    schedule.advance("a", 200)
    assert [call.position for call in iter(schedule.next_call, None)][-1] == 299


def test_measurements_of_one_lot_are_asked_in_one_drawn_order() -> None:
    def order(lot: str) -> list[str]:
        sizes = {"a": 300, "b": 100}
        queues = [
            TaskQueue(name, 1.0, deque(Call(name, n, n, 0) for n in range(size)), lot=lot, left=size)
            for name, size in sizes.items()
        ]
        return [call.measurement for call in iter(Schedule(queues, 100.0).next_call, None)]

    asked = order("seed")
    assert (asked.count("a"), asked.count("b")) == (300, 100)
    halves = asked[:200].count("b"), asked[200:].count("b")
    assert min(halves) >= 35  # of 50: less has a probability of about .0003
    assert asked == order("seed") != order("another seed")


def test_time_slices_follow_shares() -> None:
    queues = [
        TaskQueue(name, share, deque(Call(name, n, n, 0) for n in range(400)))
        for name, share in (("a", 0.75), ("b", 0.25))
    ]
    schedule = Schedule(queues, 2.0)
    asked: Counter[str] = Counter()
    for _ in range(200):
        call = schedule.next_call()
        assert call is not None
        asked[call.measurement] += 1
        schedule.charge(call.measurement, 1.0)
    assert 140 <= asked["a"] <= 160


def test_backoff_is_bounded_and_honours_the_server() -> None:
    policy = RetryPolicy()
    assert policy.pause(ModelOutput(outcome=Outcome.RATE_LIMITED, retry_after=7), 1) == 7
    assert policy.pause(ModelOutput(outcome=Outcome.RATE_LIMITED, retry_after=9999), 1) == policy.max_seconds
    assert policy.pause(ModelOutput(outcome=Outcome.RATE_LIMITED, retry_after=-3), 1) == 0
    overloaded = ModelOutput(outcome=Outcome.RATE_LIMITED, overloaded=True)
    assert sum(policy.pause(overloaded, n) for n in range(1, 5)) >= 0.75 * 58  # five attempts span a minute's quota
    assert all(0 <= policy.pause(ModelOutput(outcome=Outcome.TIMEOUT), n) <= policy.max_seconds for n in range(1, 12))
