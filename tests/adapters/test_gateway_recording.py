"""Recordings as scored runs: the first valid answer of each sample counts, everything else is counted and told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from steelyard.adapters.gateway_recording import RecordingImport, import_recording
from steelyard.errors import InputError, VerificationError
from steelyard.evidence.verify import verify_integrity
from steelyard.gateway.recorder import ProxiedCall, Recorder, recording_plan
from steelyard.gateway.seal import seal_recording
from steelyard.gateway.secrets import Secrets
from steelyard.storage.run_folder import RunFolder
from steelyard.tasks.from_file import task_from_file
from steelyard.verification.recompute import recompute

QUESTIONS = [f"What is {number} + {number}?" for number in range(10, 20)]


def asked(
    question: str, answer: str | None = None, *, model: str = "m", path: str = "/v1/chat/completions", **body: Any
) -> ProxiedCall:
    """One call; without an answer it failed."""
    call = ProxiedCall(path=path, secrets=Secrets({}))
    prompt = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": question}]}
    if path.endswith("/v1/completions"):
        prompt = {"prompt": question}  # type: ignore[dict-item]
    call.request.take(json.dumps({"model": model, "temperature": 0, "max_tokens": 8, **prompt, **body}).encode())
    call.status = 200 if answer is not None else 500
    choice = {"message": {"content": answer}, "text": answer, "finish_reason": "stop"}
    call.reply.take(json.dumps({"model": model, "choices": [choice]} if answer is not None else {}).encode())
    call.headers = {"Content-Type": "application/json"}
    call.first_byte = call.ended = call.began + 0.01
    return call


def recording(folder: Path, *calls: ProxiedCall) -> Path:
    run = folder / "recording"
    recorder = Recorder(run, recording_plan("http://x/v1", with_texts=False))
    for call in calls:
        recorder.record(call)
    recorder.close("stopped")
    seal_recording(RunFolder.open(run))
    return run


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "qa.jsonl"
    rows = [{"question": question, "answer": str(2 * number)} for number, question in enumerate(QUESTIONS, 10)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def imported(tmp_path: Path, questions: Path, *calls: ProxiedCall, **options: Any) -> RecordingImport:
    run = recording(tmp_path, *calls)
    return import_recording(RunFolder.open(run), task_from_file(questions), tmp_path / "scored", **options)


def right(question: str) -> str:
    return str(2 * int(question.split()[2]))


def test_every_answer_is_scored_and_the_run_verifies(tmp_path: Path, questions: Path) -> None:
    calls = [asked(f"Question: {each}\nAnswer:", right(each) if n < 8 else "0") for n, each in enumerate(QUESTIONS)]
    found = imported(tmp_path, questions, *calls)
    (result,) = found.verdict.measurements
    assert (result.measured, result.asked, result.missing) == (0.8, 10, 0)
    assert found.matched.calls == 10
    plan = RunFolder.open(tmp_path / "scored").plan
    assert (plan.origin.kind, plan.origin.harness, plan.origin.file) == ("imported", "steelyard gateway", "recording")
    assert plan.subject.identity.name == "m"
    verify_integrity(tmp_path / "scored")
    recompute(tmp_path / "scored")


def test_the_first_valid_answer_counts(tmp_path: Path, questions: Path) -> None:
    first, second = QUESTIONS[:2]
    found = imported(
        tmp_path,
        questions,
        asked(first),
        asked(first),
        asked(first, "0"),
        asked(first, right(first)),
        asked(first),
        asked(second, right(second)),
        asked("Tell me a joke", "Knock, knock"),
        asked(f"{first} {second}", "1"),
        asked("x", "1", path="/v1/embeddings"),
        asked(first, "1", path="/v1/completions", prompt=["a", "b"]),
    )
    matched = found.matched
    assert (matched.calls, matched.asked, matched.samples) == (9, 2, 10)
    assert (matched.retries, matched.asked_again) == (2, 2)
    assert (matched.unmatched, matched.ambiguous, matched.unreadable) == (1, 1, 1)
    (result,) = found.verdict.measurements
    assert result.measured == 0.5
    note = " ".join(result.differences)
    assert "Of the task's 10 samples, 2 occur in the recording" in note
    assert "2 of 9 recorded calls repeated a sample after a valid answer; the first answer counts." in note
    assert "2 of 9 recorded calls were retries after a failure." in note


def test_a_sample_that_only_failed_is_missing(tmp_path: Path, questions: Path) -> None:
    found = imported(tmp_path, questions, asked(QUESTIONS[0], "20"), asked(QUESTIONS[1]), asked(QUESTIONS[1]))
    (result,) = found.verdict.measurements
    assert (result.asked, result.missing) == (2, 1)
    assert found.verdict.exit == 4


def test_completions_and_streams(tmp_path: Path, questions: Path) -> None:
    streamed = asked(QUESTIONS[1])
    streamed.status, streamed.headers = 200, {"Content-Type": "text/event-stream"}
    streamed.reply = type(streamed.reply)()
    for part in ("2", "2"):
        event = {"choices": [{"index": 0, "delta": {"content": part}, "finish_reason": "stop"}]}
        streamed.reply.take(b"data: " + json.dumps(event).encode() + b"\n\n")
    streamed.reply.take(b"data: [DONE]\n\n")
    found = imported(tmp_path, questions, asked(QUESTIONS[0], "20", path="/v1/completions"), streamed)
    assert found.verdict.measurements[0].measured == 1.0


def test_several_models_are_not_mixed(tmp_path: Path, questions: Path) -> None:
    calls = [asked(QUESTIONS[0], "20", model="a"), asked(QUESTIONS[0], "0", model="b")]
    with pytest.raises(InputError, match=r"calls for several models: a \(1 calls\), b"):
        imported(tmp_path, questions, *calls)
    shutil.rmtree(tmp_path / "recording")
    found = imported(tmp_path, questions, *calls, model="b")
    assert found.verdict.measurements[0].measured == 0.0
    with pytest.raises(InputError, match="no call is for the model 'c'"):
        import_recording(
            RunFolder.open(tmp_path / "recording"), task_from_file(questions), tmp_path / "other", model="c"
        )


def test_an_unscorable_recording_is_refused_with_the_reason(tmp_path: Path, questions: Path) -> None:
    task = task_from_file(questions)
    run = recording(tmp_path, asked("Tell me a joke", "Knock"))
    with pytest.raises(InputError, match="none of the 1 recorded calls"):
        import_recording(RunFolder.open(run), task, tmp_path / "scored")
    with pytest.raises(InputError, match="not a recording"):
        import_recording(RunFolder.open(_imported_run(tmp_path, questions)), task, tmp_path / "scored")
    shutil.rmtree(run / "texts")
    with pytest.raises(InputError, match="withheld"):
        import_recording(RunFolder.open(run), task, tmp_path / "scored")
    assert not (tmp_path / "scored").exists()


def _imported_run(tmp_path: Path, questions: Path) -> Path:
    (tmp_path / "x").mkdir()
    run = recording(tmp_path / "x", asked(QUESTIONS[0], "20"))
    import_recording(RunFolder.open(run), task_from_file(questions), tmp_path / "x" / "scored")
    return tmp_path / "x" / "scored"


def test_a_recording_that_was_changed_is_not_scored(tmp_path: Path, questions: Path) -> None:
    run = recording(tmp_path, asked(QUESTIONS[0], "0"))
    texts = run / "texts" / "main-0000.jsonl"
    texts.write_bytes(texts.read_bytes().replace(b'\\"0\\"', b'\\"20\\"'))
    with pytest.raises(VerificationError):
        import_recording(RunFolder.open(run), task_from_file(questions), tmp_path / "scored")


def test_the_run_holds_the_harness_own_requests(tmp_path: Path, questions: Path) -> None:
    from steelyard.storage.journal.texts import read_texts

    imported(tmp_path, questions, asked(QUESTIONS[0], "20", stop=["\n"], seed=7), with_texts=True)
    samples = [json.loads(text) for _, text in read_texts(tmp_path / "scored") if '"request"' in text]
    (request,) = (sample["request"] for sample in samples)
    assert request["prompt"] == QUESTIONS[0]
    assert (request["system"], request["stop"], request["seed"]) == ("Be brief.", ["\n"], 7)
