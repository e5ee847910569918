"""How a run ends, and what makes it pause: outages, deadlines, budgets, limits, full disks, heads that stall."""

from __future__ import annotations

import errno
import itertools
import time
from pathlib import Path

import pytest

from steelyard.records import Attempt, Limits, ModelOutput, Outcome
from steelyard.runner.breaker import CircuitBreaker
from steelyard.runner.budget import Budget
from steelyard.runner.limits import RateLimiter
from steelyard.runner.retry import RetryPolicy
from steelyard.runner.schedule import MAX_AHEAD, Call, Schedule, TaskQueue
from steelyard.storage.journal.lines import Stop, new_header
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.writer import Journal
from tests.runner.test_runner import ScriptedModel, carry_out, good

REFUSED = ModelOutput(outcome=Outcome.DROPPED, detail="connection refused")


class Endpoint:
    """Answers, but refuses connections for a while."""

    def __init__(self, down_from: float, down_to: float) -> None:
        self.began = time.monotonic()
        self.down_from, self.down_to = down_from, down_to

    def __call__(self, prompt: str, times: int) -> ModelOutput:
        down = self.down_from <= time.monotonic() - self.began < self.down_to
        return REFUSED if down else good(prompt, times)


def test_an_outage_is_waited_for_and_costs_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.runner.breaker.FIRST_CHECK_SECONDS", 0.05)
    printed: list[str] = []
    endpoint = Endpoint(0.1, 0.6)
    end, attempts, finals = carry_out(
        tmp_path,
        ScriptedModel(endpoint, 0.005, is_there=lambda: endpoint("", 0)),
        200,
        concurrency=4,
        breaker=CircuitBreaker(patience=30),
        notify=printed.append,
    )
    assert end == "complete"
    assert len(finals) == 200
    assert {attempt.outcome for attempt in attempts if attempt.final} == {Outcome.OK}
    assert len(printed) == 2
    assert "paused" in printed[0]
    assert "connection refused" in printed[0]
    assert "again" in printed[1]
    refused = [attempt for attempt in attempts if attempt.outcome is Outcome.DROPPED]
    # What was in flight, at most 3 where an answer crossed with the refusals; on its strength 4 more were sent and
    # none after those: while it is down, no sample is asked.
    assert 1 <= len(refused) <= 3 + 4


def test_patience_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.runner.breaker.FIRST_CHECK_SECONDS", 0.02)
    end, attempts, finals = carry_out(
        tmp_path,
        ScriptedModel(lambda p, n: REFUSED, is_there=lambda: REFUSED),
        50,
        concurrency=8,
        breaker=CircuitBreaker(patience=0.3),
    )
    assert end == "endpoint_down"
    assert not finals
    assert len(attempts) == 8


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.RATE_LIMITED,
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in (Outcome.CLIENT_ERROR, Outcome.SERVER_ERROR, Outcome.EMPTY)
        ),
    ],
)
def test_a_window_in_which_everything_fails_costs_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: Outcome
) -> None:
    """A minute's quota, a model that is loaded again, a maintenance page: not one sample's fault."""
    monkeypatch.setattr("steelyard.runner.breaker.FIRST_CHECK_SECONDS", 0.05)
    began = time.monotonic()

    def script(prompt: str, times: int) -> ModelOutput:
        bad = 0.05 <= time.monotonic() - began < 0.6
        return ModelOutput(outcome=outcome, detail="not now") if bad else good(prompt, times)

    def is_there() -> ModelOutput:
        failed = script("", 0).outcome is not Outcome.OK
        return (
            ModelOutput(outcome=Outcome.SERVER_ERROR if outcome is Outcome.EMPTY else outcome)
            if failed
            else good("", 0)
        )

    model = ScriptedModel(script, 0.002, is_there)
    end, attempts, finals = carry_out(tmp_path, model, 300, concurrency=2, breaker=CircuitBreaker(patience=30))
    assert (end, len(finals)) == ("complete", 300)
    assert {attempt.outcome for attempt in attempts if attempt.final} == {Outcome.OK}


def test_a_measurement_without_any_answer_is_skipped_and_the_others_continue(tmp_path: Path) -> None:
    def script(prompt: str, times: int) -> ModelOutput:
        if prompt.startswith("bad"):
            return ModelOutput(outcome=Outcome.SERVER_ERROR, detail="HTTP 500")
        return good(prompt, times)

    printed: list[str] = []
    end, attempts, finals = carry_out(
        tmp_path, ScriptedModel(script), 200, measurements=("bad", "good"), concurrency=4, notify=printed.append
    )
    assert end == "endpoint_down"  # what of it is not asked is asked by a resume
    assert sum(attempt.measurement == "good" for attempt in attempts) == 200
    assert sum(attempt.measurement == "bad" for attempt in attempts) < 150
    assert len(finals) < 200 + 25 + 2 * 4  # and those that were in flight together
    assert len(printed) == 1
    assert "25 different samples of bad failed in turn (HTTP 500)" in printed[0]


def test_what_is_chosen_because_it_failed_is_asked_to_its_end(tmp_path: Path) -> None:
    def fails(prompt: str, times: int) -> ModelOutput:
        return ModelOutput(outcome=Outcome.SERVER_ERROR, detail="HTTP 500")

    calls = [Call("r", n, n, 0) for n in range(1, 31)]
    model, once = ScriptedModel(fails, 0.05), RetryPolicy(max_attempts=1)
    end, attempts, _ = carry_out(
        tmp_path, model, 1, retry=once, during=lambda runner: runner.schedule.renew("r", calls)
    )
    assert (end, sum(attempt.final for attempt in attempts)) == ("complete", 31)


def test_many_that_were_in_flight_when_a_server_restarted_are_one_event(tmp_path: Path) -> None:
    def script(prompt: str, times: int) -> ModelOutput:
        return REFUSED if times == 1 and int(prompt[2:]) < 64 else good(prompt, times)

    end, _, finals = carry_out(tmp_path, ScriptedModel(script, 0.01), 300, concurrency=64)
    assert (end, len(finals)) == ("complete", 300)


def test_one_prompt_that_is_forbidden_ends_its_call_and_not_the_run(tmp_path: Path) -> None:
    def script(prompt: str, times: int) -> ModelOutput:
        if prompt == "r/3":
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, fatal=True, detail="HTTP 403")
        return good(prompt, times)

    end, _, finals = carry_out(tmp_path, ScriptedModel(script), 20)
    assert (end, len(finals)) == ("complete", 20)


def test_a_refused_key_ends_the_run_at_once_and_costs_no_answer(tmp_path: Path) -> None:
    refused = ModelOutput(outcome=Outcome.CLIENT_ERROR, fatal=True, detail="HTTP 401")
    model = ScriptedModel(lambda p, n: refused, is_there=lambda: refused)
    end, attempts, finals = carry_out(tmp_path, model, 20, concurrency=4, breaker=CircuitBreaker(patience=600))
    assert (end, finals) == ("endpoint_down", [])
    assert not any(attempt.final for attempt in attempts)


def test_patience_ends_on_time_whatever_hangs(tmp_path: Path) -> None:
    def script(prompt: str, times: int) -> ModelOutput:
        return REFUSED

    model = ScriptedModel(script, 1e6, is_there=lambda: REFUSED)
    end, attempts, finals = carry_out(
        tmp_path, model, 10, concurrency=3, attempt_timeout=0.2, breaker=CircuitBreaker(patience=0.3)
    )
    assert (end, finals) == ("endpoint_down", [])
    assert len(attempts) == 3


def test_prompts_that_fail_for_good_end_their_calls_and_not_the_run(tmp_path: Path) -> None:
    def script(prompt: str, times: int) -> ModelOutput:
        return ModelOutput(outcome=Outcome.SERVER_ERROR) if int(prompt[2:]) % 10 == 3 else good(prompt, times)

    patient = RetryPolicy(max_attempts=3, base_seconds=0.5)  # so that all that fail are left for the end
    end, attempts, finals = carry_out(
        tmp_path, ScriptedModel(script), 600, concurrency=16, breaker=CircuitBreaker(patience=0.0), retry=patient
    )
    assert end == "complete"
    assert len(finals) == 600
    assert sum(attempt.final and attempt.outcome is Outcome.SERVER_ERROR for attempt in attempts) == 60


def test_a_deadline_cuts_off_what_hangs_on_record(tmp_path: Path) -> None:
    end, attempts, finals = carry_out(tmp_path, ScriptedModel(good, 60.0), 10, concurrency=3, deadline_seconds=0.1)
    assert (end, finals) == ("deadline", [])
    assert [(a.outcome, a.final, a.attempt) for a in attempts] == [(Outcome.TIMEOUT, False, 1)] * 3
    assert {attempt.detail for attempt in attempts} == {"cut off at the run's deadline"}
    assert [record.reason for record, _ in read_lines(tmp_path) if isinstance(record, Stop)] == ["deadline"]


def usage(prompt: str, times: int) -> ModelOutput:
    return ModelOutput(outcome=Outcome.OK, text="x", prompt_tokens=10, completion_tokens=5)


def test_a_budget_of_tokens_stops_short_of_it(tmp_path: Path) -> None:
    budget = Budget(Limits(tokens=2000))
    end, attempts, finals = carry_out(tmp_path, ScriptedModel(usage, 0.002), 500, concurrency=6, budget=budget)
    assert end == "budget"
    assert budget.tokens == sum(a.prompt_tokens + a.completion_tokens for a in attempts) == 15 * len(finals)
    assert 1500 < budget.tokens <= 2000  # what is left is less than one call can use (its bytes, 64, 256)


def test_requests_a_minute_pace_a_run(tmp_path: Path) -> None:
    end, attempts, _ = carry_out(
        tmp_path, ScriptedModel(good), 500, concurrency=50, limiter=RateLimiter(6000, None), deadline_seconds=0.5
    )
    assert end == "deadline"
    seconds = (attempts[-1].started_us - attempts[0].started_us) / 1e6
    assert 2 <= len(attempts) <= 100 * seconds + 20


def test_retry_after_holds_the_whole_endpoint(tmp_path: Path) -> None:
    moments: list[float] = []

    def script(prompt: str, times: int) -> ModelOutput:
        moments.append(time.monotonic())
        return ModelOutput(outcome=Outcome.RATE_LIMITED, retry_after=0.3) if len(moments) == 5 else good(prompt, times)

    end, _, finals = carry_out(tmp_path, ScriptedModel(script), 20, retry=RetryPolicy(max_attempts=3))
    assert (end, len(finals)) == ("complete", 20)
    gaps = [after - before for before, after in itertools.pairwise(moments)]
    assert gaps[4] >= 0.29


@pytest.mark.parametrize("place", ["journal", "texts"])
def test_a_full_disk_stops_cleanly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    whole = __import__("steelyard.storage.journal.lines", fromlist=["write_whole"]).write_whole
    written = 0

    def full(descriptor: int, data: bytes) -> None:
        nonlocal written
        written += 1
        if written > 40:
            whole(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(descriptor, data)

    target = (
        "steelyard.storage.journal.writer.write_whole"
        if place == "journal"
        else "steelyard.storage.journal.texts.write_whole"
    )
    monkeypatch.setattr(target, full)
    with pytest.raises(OSError, match="No space left"):
        carry_out(tmp_path, ScriptedModel(good, 0.001), 200, concurrency=4)
    monkeypatch.setattr(target, whole)
    raw = next((tmp_path / "journal").glob("*.jsonl")).read_bytes()
    assert raw.endswith(b"\n")  # nothing torn
    assert sum(isinstance(record, Attempt) for record, _ in read_lines(tmp_path)) > 5


def test_a_stalled_head_lets_its_row_run_only_so_far_ahead() -> None:
    schedule = Schedule([TaskQueue("r", 1.0, (Call("r", n, n, 0) for n in range(10**9)), head=0)], 10.0)
    taken = sum(1 for _ in iter(schedule.next_call, None))
    assert taken == MAX_AHEAD + 1
    schedule.advance("r", 10)
    assert sum(1 for _ in iter(schedule.next_call, None)) == 10


def test_a_measurement_without_a_test_waits_for_no_head() -> None:
    schedule = Schedule([TaskQueue("r", 1.0, (Call("r", n, n, 0) for n in range(3 * MAX_AHEAD)))], 10.0)
    assert sum(1 for _ in iter(schedule.next_call, None)) == 3 * MAX_AHEAD


def test_scoring_counts_as_in_flight(tmp_path: Path) -> None:
    """See carry_out's listener: here it takes time, and the run waits for it before it is over."""
    import asyncio

    from steelyard.runner.concurrency import AdaptiveConcurrency
    from steelyard.runner.loop import Runner
    from steelyard.storage.journal.texts import Texts
    from tests.runner.test_runner import sample_of

    marked = 0

    async def mark() -> None:
        nonlocal marked
        await asyncio.sleep(0.02)
        marked += 1

    journal, texts = Journal.create(tmp_path, new_header(plan="0" * 64, software="0")), Texts(tmp_path)

    async def main() -> str:
        runner = Runner(
            model=ScriptedModel(good),
            schedule=Schedule([TaskQueue("r", 1.0, (Call("r", n, n, 0) for n in range(10)))]),
            sample_of=sample_of,
            journal=journal,
            texts=texts,
            on_final=lambda sample, attempt, answer: mark(),
            concurrency=AdaptiveConcurrency(4, 4),
        )
        return await runner.run()

    try:
        assert asyncio.run(main()) == "complete"
    finally:
        journal.close()
        texts.close()
    assert marked == 10


def test_work_that_was_left_comes_first_on_record_and_under_the_deadline(tmp_path: Path) -> None:
    import asyncio

    from steelyard.storage.journal.lines import Session

    seen: list[str] = []

    async def quick() -> None:
        seen.append("quick")

    async def slow() -> None:
        assert any(isinstance(record, Session) for record, _ in read_lines(tmp_path))
        await asyncio.sleep(60)

    first = (quick, slow)
    end, attempts, _ = carry_out(tmp_path, ScriptedModel(good), 5, concurrency=1, first=first, deadline_seconds=0.2)
    assert (end, attempts, seen) == ("deadline", [], ["quick"])  # the slow one kept the only place
    assert [record.reason for record, _ in read_lines(tmp_path) if isinstance(record, Stop)] == ["deadline"]


def test_an_error_in_what_was_left_ends_the_run(tmp_path: Path) -> None:
    async def breaks() -> None:
        raise ValueError("of ours")

    with pytest.raises(ValueError, match="of ours"):
        carry_out(tmp_path, ScriptedModel(good, 0.01), 500, first=(breaks,))
