"""Recordings as evidence: summary, seal, verification in both layers, tampering, and a recorder that was killed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.new_key import create_key
from steelyard.evidence.verify import verify_integrity
from steelyard.gateway.recorder import ProxiedCall, Recorder, recording_plan
from steelyard.gateway.seal import seal_killed, seal_recording
from steelyard.gateway.secrets import Secrets
from steelyard.gateway.summary import MAX_NAMES, OTHERS, RecordingSummary, summarise
from steelyard.records import Exchange, Outcome
from steelyard.storage.journal.lines import Session, Stop, new_header
from steelyard.storage.journal.writer import Journal
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute

URL = "https://api.example/v1"


def call(content: str, reply: str = "5", *, status: int = 200, path: str = "/v1/chat/completions") -> ProxiedCall:
    made = ProxiedCall(path=path, secrets=Secrets({}))
    made.request.take(json.dumps({"messages": [{"role": "user", "content": content}]}).encode())
    payload = {"model": "m", "choices": [{"message": {"content": reply}, "finish_reason": "stop"}]}
    made.reply.take(json.dumps(payload if status == 200 else {"error": {"message": "no"}}).encode())
    made.status, made.headers = status, {"Content-Type": "application/json"}
    made.first_byte, made.ended = made.began + 0.001, made.began + 0.002
    return made


def record(
    run: Path,
    *calls: ProxiedCall,
    with_texts: bool = False,
    signer: KeySigner | None = None,
    stop: bool = True,
) -> Path:
    recorder = Recorder(run, recording_plan(URL, with_texts=with_texts), signer)
    for each in calls:
        recorder.record(each)
    if stop:
        recorder.close("stopped")
    else:  # as a kill leaves it: no stop, and the lock is gone with the process
        recorder._texts.close()
        recorder._journal.close()
    return run


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    run = record(tmp_path / "run", call("a"), call("b", status=429), call("b"), call("b", "6"), call("b", "7"))
    seal_recording(RunFolder.open(run))
    return run


def test_a_recording_is_sealed_and_holds_in_both_layers(sealed: Path) -> None:
    assert verify_integrity(sealed).records == 8
    found = recompute(sealed)
    assert found.pages
    assert found.scores == 0
    report = json.loads((sealed / "report.json").read_bytes())
    assert (report["calls"], report["answered"], report["outcomes"]) == (5, 4, {"ok": 4, "rate_limited": 1})
    assert (report["requests"], report["repeated"], report["again_after_answer"]) == (2, 3, 2)
    assert report["models"] == {"m": 4}
    for page in ("report.md", "report.html"):
        assert "after a valid answer" in (sealed / page).read_text()


@pytest.mark.parametrize(
    "reply",
    ['"' * (10 << 20), json.dumps({"recorded_body": "omitted", "bytes": 1, "sha256": "0" * 64})],
    ids=["quotation marks, too long for a line", "text that looks like our own note"],
)
def test_an_honest_recording_of_an_odd_reply_verifies(tmp_path: Path, reply: str) -> None:
    run = record(tmp_path / "run", call("a", reply))
    seal_recording(RunFolder.open(run))
    assert recompute(run).pages
    odd = ProxiedCall(path="/v1/chat/completions", secrets=Secrets({}))
    odd.request.take(b"{}")
    odd.reply.take(reply.encode())
    odd.status, odd.headers = 200, {"Content-Type": "application/json"}
    odd.first_byte, odd.ended = odd.began + 0.001, odd.began + 0.002
    raw = record(tmp_path / "raw", odd)
    seal_recording(RunFolder.open(raw))
    assert recompute(raw).pages


def test_it_holds_without_its_texts(sealed: Path) -> None:
    shutil.rmtree(sealed / "texts")
    assert verify_integrity(sealed).texts == "withheld 6"
    assert recompute(sealed).pages


def test_sealed_texts_must_all_be_there(tmp_path: Path) -> None:
    run = record(tmp_path / "run", call("a"), with_texts=True)
    seal_recording(RunFolder.open(run))
    assert verify_integrity(run).texts == "all"
    path = run / "texts" / "main-0000.jsonl"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(VerificationError):
        verify_integrity(run)


def test_an_empty_recording(tmp_path: Path) -> None:
    run = record(tmp_path / "run")
    assert seal_recording(RunFolder.open(run)).calls == 0
    verify_integrity(run)
    recompute(run)


@pytest.mark.parametrize(
    "name", ["journal/main-0000.jsonl", "report.json", "report.html", "plan.dsse.json", "texts/main-0000.jsonl"]
)
def test_a_changed_byte_is_found(sealed: Path, name: str) -> None:
    data = bytearray((sealed / name).read_bytes())
    data[len(data) // 2] ^= 1
    (sealed / name).write_bytes(data)
    with pytest.raises(VerificationError):
        verify_integrity(sealed)


def test_a_forged_report_that_is_sealed_again_is_found(sealed: Path) -> None:
    from steelyard.evidence.bundle import seal_bundle

    report = json.loads((sealed / "report.json").read_bytes())
    report["again_after_answer"] = 0
    (sealed / "report.json").write_bytes(canonical(report) + b"\n")
    seal_bundle(sealed, {}, None)
    verify_integrity(sealed)
    with pytest.raises(VerificationError, match="again_after_answer does not follow"):
        recompute(sealed)


def test_a_page_that_is_edited_and_sealed_again_is_found(sealed: Path) -> None:
    from steelyard.evidence.bundle import seal_bundle
    from steelyard.gateway.seal import renderer

    (sealed / "report.md").write_text("all is well\n")
    seal_bundle(sealed, {"renderer": renderer()}, None)
    with pytest.raises(VerificationError, match=r"report\.md"):
        recompute(sealed)


def test_scores_do_not_belong_into_a_recording(sealed: Path) -> None:
    from steelyard.evidence.bundle import seal_bundle

    (sealed / "scores.jsonl").write_bytes(b"{}\n")
    seal_bundle(sealed, {}, None)
    with pytest.raises(VerificationError, match=r"scores\.jsonl"):
        recompute(sealed)


def test_a_signed_recording(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    create_key(key)
    run = record(tmp_path / "run", call("a"), signer=load_signer(key))
    seal_recording(RunFolder.open(run), load_signer(key))
    assert verify_integrity(run).signed_by


# ── after a kill ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_killed_gateway_left_is_sealed(tmp_path: Path) -> None:
    run = record(tmp_path / "run", call("a"), call("b"), stop=False)
    with (run / "journal" / "main-0000.jsonl").open("ab") as file:
        file.write(b'{"torn')
    with (run / "texts" / "main-0000.jsonl").open("ab") as file:
        file.write(b'{"torn')
    summary = seal_killed(RunFolder.open(run))
    assert summary.calls == 2
    assert not summary.whole
    assert "The recorder was killed" in (run / "report.md").read_text()
    verify_integrity(run)
    recompute(run)
    with pytest.raises(InputError, match="sealed already"):
        seal_killed(RunFolder.open(run))


def test_a_running_gateways_folder_is_not_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.storage.journal.writer.RELEASE_SECONDS", 0.1)
    recorder = Recorder(tmp_path / "run", recording_plan(URL, with_texts=False))
    with pytest.raises(InputError, match="another process"):
        seal_killed(RunFolder.open(tmp_path / "run"))
    recorder.close("stopped")


def test_only_the_key_of_the_plan_seals(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    create_key(key)
    run = record(tmp_path / "run", call("a"), signer=load_signer(key), stop=False)
    with pytest.raises(InputError, match="signed by key"):
        seal_killed(RunFolder.open(run))
    seal_killed(RunFolder.open(run), load_signer(key))
    assert verify_integrity(run).signed_by


# ── the summary ─────────────────────────────────────────────────────────────────────────────────────────────────────


def exchanges(count: int, **changes: object) -> Iterator[Exchange]:
    for number in range(count):
        about = {"path": "/v1/x", "request": sha256_hex(str(number).encode()), "elapsed_us": number + 1}
        yield Exchange(**{"status": 200, "outcome": Outcome.OK, "started_us": 10, **about, **changes})  # type: ignore[arg-type]


def summary(*records: object) -> RecordingSummary:
    return summarise([new_header(plan="", software=""), Session(started_us=0, active_us=0, machine=""), *records])  # type: ignore[list-item]


def test_quantiles_are_nearest_ranks() -> None:
    found = summary(*exchanges(100)).paths[0].elapsed
    assert (found.n, found.median, found.p90, found.p99, found.longest) == (100, 50, 90, 99, 100)
    one = summary(*exchanges(1)).paths[0].elapsed
    assert (one.n, one.median, one.p90, one.p99, one.longest) == (1, 1, 1, 1, 1)


def test_retries_and_repeats_are_counted_apart() -> None:
    body = sha256_hex(b"x")
    failed = next(exchanges(1, request=body, outcome=Outcome.SERVER_ERROR, status=500))
    answered = next(exchanges(1, request=body))
    found = summary(failed, failed, answered)
    assert (found.repeated, found.again_after_answer) == (2, 0)
    found = summary(failed, answered, answered, failed)
    assert (found.repeated, found.again_after_answer) == (3, 2)


def test_hostile_names_are_counted_together() -> None:
    found = summary(*(next(exchanges(1, path=f"/v1/{n}", model=f"m{n}")) for n in range(MAX_NAMES + 30)))
    assert len(found.paths) == MAX_NAMES + 1
    assert {path.path: path.calls for path in found.paths}[OTHERS] == 30
    assert found.models[OTHERS] == 30


def test_a_killed_recording_is_reported_as_such() -> None:
    assert not summary(*exchanges(1)).whole
    assert summary(*exchanges(1), Stop(reason="stopped", active_us=0, at_us=0)).whole


def test_a_recording_is_locked_until_its_seal_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from steelyard.evidence import bundle

    monkeypatch.setattr("steelyard.storage.journal.writer.RELEASE_SECONDS", 0.1)
    run = record(tmp_path / "run", call("a"), stop=False)
    sealing = bundle.seal_bundle
    refused: list[str] = []

    def seal_while_another_tries(*arguments: Any) -> Any:
        with pytest.raises(InputError, match="another process"):
            Journal.resume(run, new_header(plan="0" * 64, software="0"))
        refused.append("once")
        return sealing(*arguments)

    monkeypatch.setattr(bundle, "seal_bundle", seal_while_another_tries)
    seal_killed(RunFolder.open(run))
    assert refused == ["once"]
    Journal.resume(run, new_header(plan="0" * 64, software="0"))[0].close()
