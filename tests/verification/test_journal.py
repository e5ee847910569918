"""Journals that nobody honest writes, sealed again by someone without a key: each is refused; odd honest ones hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.auditing.finalize import finalize, read_scores
from steelyard.cli import execute as steelyard
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex, without_defaults
from steelyard.gateway.seal import seal_recording
from steelyard.storage.journal.lines import GENESIS
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.journal import AttemptNumbering
from steelyard.verification.recompute import recompute
from testkit.plans import measurement
from testkit.resealing import records_of, reseal, sealed_form
from tests.gateway.test_seal import call, record

Records = list[dict[str, Any]]


def asked(records: Records) -> int:
    """Where the sixth attempt of the committed order stands."""
    return [n for n, each in enumerate(records) if each["type"] == "attempt" and each["position"] >= 0][5]


def fault(attempt: dict[str, Any], number: int = 1, **changes: Any) -> dict[str, Any]:
    nothing = {"outcome": "server_error", "final": False, "answer": "", "finish_reason": "", "completion_tokens": 0}
    return attempt | nothing | {"attempt": number} | changes


def sealed_again(bundle: Path, records: Records) -> Path:
    reseal(bundle, records=records)
    finalize(RunFolder.open(bundle))
    return bundle


def a_fault_after_the_answer(records: Records, at: int) -> None:
    records.insert(at + 1, fault(records[at], 2))


def a_second_answer(records: Records, at: int) -> None:
    records[at + 1 : at + 1] = [records[at] | {"attempt": 2, "final": False, "outcome": "malformed", "answer": ""}]


def an_answer_called_malformed(records: Records, at: int) -> None:
    first = records[at] | {"outcome": "malformed", "final": False}
    records[at : at + 1] = [first, records[at] | {"attempt": 2}]


def an_answer_dropped_as_the_fifth_fault(records: Records, at: int) -> None:
    records[at] = fault(records[at], 5, final=True)


def an_attempt_left_out(records: Records, at: int) -> None:
    records[at : at + 1] = [fault(records[at]), fault(records[at], 3), records[at] | {"attempt": 4}]


def a_number_twice(records: Records, at: int) -> None:
    records[at : at + 1] = [fault(records[at]), fault(records[at]), records[at] | {"attempt": 2}]


def number_nought(records: Records, at: int) -> None:
    records[at]["attempt"] = 0


def counted_anew_without_a_session(records: Records, at: int) -> None:
    records.insert(at, fault(records[at]))


def a_second_header(records: Records, at: int) -> None:
    records.insert(at, records[0] | {"plan": "f" * 64})


def an_exchange(records: Records, at: int) -> None:
    records.insert(
        at,
        {
            "type": "exchange", "path": "/v1/x", "request": "", "status": 200, "outcome": "ok", "reply": "",
            "streamed": False, "prompt_tokens": 0, "completion_tokens": 0, "model": "", "detail": "", "started_us": 1,
            "first_byte_us": 0, "elapsed_us": 1,
        },
    )  # fmt: skip


def negative_tokens(records: Records, at: int) -> None:
    records[at]["prompt_tokens"] = -(10**6)


def a_negative_time(records: Records, at: int) -> None:
    records[at]["elapsed_us"] = -1


def no_session(records: Records, at: int) -> None:
    del records[1]


def no_stop(records: Records, at: int) -> None:
    del records[-1]


def another_stop(records: Records, at: int) -> None:
    records[-1]["reason"] = "interrupted"


def a_budget_that_is_none(records: Records, at: int) -> None:
    records[-1]["reason"] = "budget"


def the_rest_left_out(records: Records, at: int) -> None:
    del records[at:-1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (a_fault_after_the_answer, "after the one that ended the call"),
        (a_second_answer, "after the one that ended the call"),
        (an_answer_called_malformed, "holds an answer, and says that there was none"),
        (an_answer_dropped_as_the_fifth_fault, "not numbered"),
        (an_attempt_left_out, "not numbered"),
        (a_number_twice, "not numbered"),
        (number_nought, "no attempt number 0"),
        (counted_anew_without_a_session, "not numbered"),
        (a_second_header, "header does not belong"),
        (an_exchange, "exchange does not belong"),
        (negative_tokens, "below 0"),
        (a_negative_time, "below 0"),
        (no_session, "before any session"),
        (no_stop, "its last record is not the stop"),
        (another_stop, "its last record is not the stop"),
        (a_budget_that_is_none, "a budget that the plan does not set"),
        (the_rest_left_out, "tests are not decided"),
    ],
)
def test_a_journal_that_no_run_writes(unsigned: Path, change: Callable[[Records, int], None], said: str) -> None:
    records = records_of(unsigned)
    change(records, asked(records))
    with pytest.raises(VerificationError, match=said):
        recompute(sealed_again(unsigned, records))


def test_retries_and_a_resume_in_which_attempts_count_anew_hold(
    unsigned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = records_of(unsigned)
    at = asked(records)
    attempt, session, stop = records[at], records[1], records[-1]
    down = [fault(attempt, number) for number in range(1, 9)]  # more than are counted: the endpoint was down
    empty = fault(attempt, 2, outcome="empty", completion_tokens=7, finish_reason="stop")
    again = [dict(session), fault(attempt), empty, attempt | {"attempt": 3}]
    records[at : at + 1] = [*down, stop | {"reason": "deadline"}, *again]
    assert recompute(sealed_again(unsigned, records)).wasted == 1
    assert steelyard(["verify", str(unsigned)]) == 0
    assert "1 attempts used tokens without a readable reply" in capsys.readouterr().out


# ── several segments ────────────────────────────────────────────────────────────────────────────────────────────────


def write_segment(bundle: Path, worker: str, records: Records) -> None:
    previous, lines = GENESIS, []
    for seq, each in enumerate(records):
        lines.append(canonical(sealed_form(each | {"seq": seq, "prev": previous})))
        previous = sha256_hex(lines[-1])
    (bundle / "journal" / f"{worker}-0000.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def on_two_workers(bundle: Path, tries: Callable[[dict[str, Any]], tuple[Records, Records]]) -> Path:
    """The sixth attempt's call as it was tried on two workers."""
    records = records_of(bundle)
    attempt = records.pop(asked(records))
    for worker, made in zip(("worker-1", "worker-2"), tries(attempt), strict=True):
        write_segment(bundle, worker, [records[0] | {"segment": worker}, *made])
    return sealed_again(bundle, records)


def test_the_attempts_of_a_call_may_lie_in_several_segments(unsigned: Path) -> None:
    recompute(on_two_workers(unsigned, lambda each: ([fault(each, 2), each | {"attempt": 3}], [fault(each)])))


@pytest.mark.parametrize(
    ("tries", "said"),
    [
        (lambda each: ([each], [fault(each, 2)]), "after the one that ended the call"),
        (lambda each: ([each | {"attempt": 3}], [fault(each)]), "not numbered"),
        (lambda each: ([each], [fault(each)]), "after the one|not numbered"),
    ],
)
def test_attempts_in_several_segments_count_together(
    unsigned: Path, tries: Callable[[dict[str, Any]], tuple[Records, Records]], said: str
) -> None:
    with pytest.raises(VerificationError, match=said):
        recompute(on_two_workers(unsigned, tries))


def test_a_workers_segment_begins_no_session(unsigned: Path) -> None:
    session = records_of(unsigned)[1]
    with pytest.raises(VerificationError, match="session does not belong"):
        recompute(on_two_workers(unsigned, lambda each: ([session, each], [])))


# ── scores that somebody made up ─────────────────────────────────────────────────────────────────────────────────────


def with_recorded_scores(bundle: Path, scorer: str) -> Path:
    """The bundle as if another scorer, which executes, had given the scores that it holds."""
    plan = without_defaults(RunFolder.open(bundle).plan)
    for measured in plan["measurements"]:
        measured["scorers"] = [scorer]
    for each in (*plan["served"], *(test for test in plan["tests"] if "reads" in test)):
        for reads in [each["reads"]] if isinstance(each["reads"], dict) else each["reads"]:
            reads["scorer"] = scorer
    plan["plugins"] = {name: version for name, version in plan["plugins"].items() if not name.startswith("scorer.")}
    plan["plugins"][f"scorer.{scorer.partition('[')[0]}"] = "steelyard 0.1.0"
    values = {
        (score.measurement, score.sample, score.repeat): score.value for score in read_scores(RunFolder.open(bundle))
    }
    records: Records = []
    for each in records_of(bundle):
        records.append(each)
        if each["type"] == "attempt":
            about = {name: each[name] for name in ("measurement", "sample", "repeat")}
            value = values[each["measurement"], each["sample"], each["repeat"]]
            records.append({"type": "score", **about, "value": value, "scorer": scorer})
    reseal(bundle, plan=plan)
    return sealed_again(bundle, records)


def test_the_scores_of_another_harness_do_not_go_with_answers_that_we_asked_for(unsigned: Path) -> None:
    with pytest.raises(VerificationError, match="do not go with an origin"):
        recompute(with_recorded_scores(unsigned, "imported[lm_eval acc]@1"))


def test_scores_by_running_code_are_counted_apart_from_what_is_recomputed(
    unsigned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_recorded_scores(unsigned, "code[completion]@6")
    scores = len(list(read_scores(RunFolder.open(unsigned))))
    capsys.readouterr()
    assert steelyard(["verify", str(unsigned), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["scores_recomputed"], found["scores_from_journal"]) == (0, scores)
    assert steelyard(["verify", str(unsigned)]) == 0
    told = capsys.readouterr().out
    assert f"{scores} scores made by running code, taken from the journal" in told
    assert "\n0 scores recomputed" in told


# ── recordings ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "server_error", "status": 500, "reply": ""},
        {"outcome": "server_error"},
        {"model": "gpt-9"},
        {"prompt_tokens": 10**9},
        {"status": 500},
        {"outcome": "malformed"},
        {"outcome": "dropped"},
        {"outcome": "ok", "status": 0},
        {"prompt_tokens": -1},
    ],
)
def test_an_exchange_says_what_its_reply_says(tmp_path: Path, change: dict[str, Any]) -> None:
    run = record(tmp_path / "run", call("a"), call("b", status=429), call("c", "6"))
    seal_recording(RunFolder.open(run))
    recompute(run)
    records = records_of(run)
    records[2].update(change)
    write_segment(run, "main", records)
    seal_recording(RunFolder.open(run))
    with pytest.raises(VerificationError):
        recompute(run)


def test_an_answer_under_the_status_of_a_failure_is_told(tmp_path: Path) -> None:
    run = record(tmp_path / "run", call("a"), call("b"))
    records = records_of(run)
    records[2].update(outcome="server_error", status=500, model="")
    write_segment(run, "main", records)
    seal_recording(RunFolder.open(run))
    assert recompute(run).disowned == 1


def test_a_recording_holds_no_attempts_and_begins_with_a_session(tmp_path: Path) -> None:
    run = record(tmp_path / "run", call("a"))
    records = records_of(run)
    write_segment(run, "main", [records[0], *records[2:]])
    seal_recording(RunFolder.open(run))
    with pytest.raises(VerificationError, match="before any session"):
        recompute(run)


def test_more_calls_or_sessions_than_can_be_counted() -> None:
    """An attempt is packed into one number: a plan or journal that would not fit is refused, and nothing wraps."""
    with pytest.raises(VerificationError, match="more calls than can be counted"):
        AttemptNumbering((measurement(population=1 << 30),))
    numbering = AttemptNumbering((measurement(population=3),))
    for _ in range((1 << 16) - 1):
        numbering.begin_session()
    with pytest.raises(VerificationError, match="more sessions than can be counted"):
        numbering.begin_session()
