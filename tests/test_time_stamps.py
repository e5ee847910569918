"""Time stamps by the real commands, from an authority that the tests run: OpenSSL behind a server on loopback."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import steelyard
from steelyard.auditing import timestamps
from steelyard.auditing.finalize import renderer
from steelyard.cli import execute
from steelyard.evidence import layout, ledger_file, timestamp_signature
from steelyard.evidence.bundle import seal_bundle
from steelyard.evidence.canonical import without_defaults
from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.timestamp_signature import new_request
from steelyard.runner import timestamp_client
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer
from testkit.resealing import records_of, reseal
from testkit.timestamp_authority import TimestampAuthority

QUESTIONS = [(number, number * 7 % 91) for number in range(12)]
Said = pytest.CaptureFixture[str]
Run = Callable[..., Path]


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimestampAuthority]:
    with TimestampAuthority(tmp_path / "authority") as running:
        yield running


@pytest.fixture
def signer(key: Path) -> KeySigner:
    return load_signer(key)


@pytest.fixture
def run(tmp_path: Path, key: Path, sums_server: SumsServer) -> Run:
    """``run(name, *options)``: ask twelve sums, to the folder of that name."""
    questions = written(tmp_path, QUESTIONS)

    def ask(name: str, *options: str, code: int = 0) -> Path:
        given = ["--model", f"openai:sums@{sums_server.url}", "--out", str(tmp_path / name)]
        assert execute(["run", str(questions), *given, *options]) == code
        return tmp_path / name

    return ask


def written(folder: Path, sums: list[tuple[int, int]]) -> Path:
    """A file of questions."""
    lines = [json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) for a, b in sums]
    (folder / "sums.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "sums.jsonl"


def sums_asked(server: SumsServer) -> int:
    return sum(number for prompt, number in server.asked.items() if prompt.startswith("What is"))


def resealed(folder: Path, signer: KeySigner) -> Path:
    """Sealed again by the owner of the key."""
    seal_bundle(folder, {"renderer": renderer()}, signer)
    return folder


def verify(*given: str | Path) -> int:
    return execute(["verify", *map(str, given)])


# ── a stamp that is right ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_audit_is_stamped_before_its_first_attempt(
    tmp_path: Path, key: Path, sums_server: SumsServer, authority: TimestampAuthority, capsys: Said
) -> None:
    questions = written(tmp_path, [(number, number * 7 % 91) for number in range(60)])
    sheet, out = tmp_path / "sheet.yaml", tmp_path / "run"
    sheet.write_text("model: sums\nclaims:\n  - {task: sums, value: 75}\n")
    asked_before = []

    def reply(request: bytes) -> tuple[int, dict[str, str], bytes]:
        asked_before.append(sums_asked(sums_server))
        return 200, {}, authority.stamp(request)

    authority.reply = reply
    options = ["--task", str(questions), "--tolerance", "30", "--out", str(out)]
    code = execute(["audit", str(sheet), "--model", f"openai:sums@{sums_server.url}", "--timestamp", authority.url,
                    *options])  # fmt: skip
    assert code == 0
    assert (asked_before, authority.paths) == ([0], ["/tsr?of=tests"])
    assert authority.headers[0]["Content-Type"] == "application/timestamp-query"
    capsys.readouterr()

    assert verify(out) == 0
    typed, first, own, second, new, third, *_ = capsys.readouterr().out.splitlines()
    assert typed == "The claims were typed by hand: no source page is sealed with them."
    assert first == "The first audit of these questions with this key."
    assert new.startswith("Its ledger holds few other plans or none")
    assert own.startswith("The questions of sums are the auditor's own")
    assert second.startswith("Time stamp: 20")
    assert second.endswith("by 'Test <b>authority</b> of the tests'; steelyard verify --timestamp-root checks it.")
    assert third.startswith("time stamp: its signature was NOT checked")

    assert verify(out, "--timestamp-root", authority.root, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["timestamp"]["signature_checked"] is True
    assert facts["timestamp"]["authority"] == "Test <b>authority</b> of the tests"

    page = (out / "report.html").read_text()
    assert "Test &lt;b&gt;authority&lt;/b&gt; of the tests" in page
    assert "<b>authority" not in page + (out / "report.md").read_text()


def test_certificates_in_another_order_than_ders(run: Run, authority: TimestampAuthority, capsys: Said) -> None:
    """Many authorities send their chain so."""
    authority.chained = True
    folder = run("run", "--timestamp", authority.url)
    capsys.readouterr()
    assert verify(folder, "--timestamp-root", authority.root) == 0
    said = capsys.readouterr().out
    assert "time stamp: signed under a root that you named: this plan and the line before it existed at 20" in said


def test_from_python(
    tmp_path: Path, run: Run, sums_server: SumsServer, authority: TimestampAuthority
) -> None:  # fmt: skip
    model = f"openai:sums@{sums_server.url}"
    done = steelyard.run(tmp_path / "sums.jsonl", model=model, out=tmp_path / "run", timestamp=authority.url)
    assert "signature NOT checked" in repr(steelyard.verify(done.folder))
    found = steelyard.verify(done.folder, timestamp_root=authority.root)
    assert (found.integrity.stamp_checked, found.exit_code) == (True, 0)
    plain = steelyard.run(tmp_path / "sums.jsonl", model=model, out=tmp_path / "plain")
    assert steelyard.verify(plain.folder, timestamp_root=[authority.root]).exit_code == 3
    with pytest.raises(steelyard.TimestampUnavailable, match="connection refused"):
        steelyard.run(tmp_path / "sums.jsonl", model=model, out=tmp_path / "none", timestamp=closed_address())


# ── an authority that gives none ────────────────────────────────────────────────────────────────────────────────────


def closed_address() -> str:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}/tsr"


def with_other_imprint(request: bytes) -> bytes:
    """The request with its nonce, for other bytes."""
    start = request.index(b"\x04\x20") + 2
    return request[:start] + bytes(32) + request[start + 32 :]


def slowly(body: bytes) -> bytes:
    time.sleep(0.4)
    return body


Answer = Callable[[TimestampAuthority, bytes], tuple[int, dict[str, str], bytes]]
ANSWERS: dict[str, tuple[Answer, str]] = {
    "wrong imprint": (
        lambda tsa, asked: (200, {}, tsa.stamp(with_other_imprint(asked))),
        "is not of the ledger's line",
    ),
    "wrong nonce": (lambda tsa, _: (200, {}, tsa.stamp(new_request(b"x").body)), "its nonce is not ours"),
    "not granted": (lambda tsa, _: (200, {}, tsa.stamp(b"?")), "did not grant it (status 2; Bad request format"),
    "garbage": (lambda *_: (200, {}, b"<html>welcome</html>"), "no time stamp from http://127.0.0.1"),
    "nothing": (lambda *_: (200, {}, b""), "no time stamp from http://127.0.0.1"),
    "endless": (lambda *_: (200, {}, b"0" * 10_000_000), "its reply is larger than 64 kB"),
    "an error": (lambda *_: (500, {}, b"oops"), "HTTP 500"),
    "a redirect": (lambda *_: (302, {"Location": "http://127.0.0.1:1/x"}, b""), "redirects to http://127.0.0.1:1/x"),
    "slow": (lambda tsa, asked: (200, {}, slowly(tsa.stamp(asked))), "no reply within 0.2 s"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_without_a_stamp_nothing_is_asked_and_the_run_can_go_on(
    kind: str, run: Run, authority: TimestampAuthority, sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch,
    capsys: Said,
) -> None:  # fmt: skip
    answer, said = ANSWERS[kind]
    authority.reply = lambda request: answer(authority, request)
    monkeypatch.setattr(timestamp_client, "REPLY_SECONDS", 0.2 if kind == "slow" else 30.0)
    folder = run("run", "--timestamp", authority.url, code=4)
    (line,) = [each for each in capsys.readouterr().err.splitlines() if "no time stamp" in each]
    assert said in line
    assert f"Nothing was asked yet; when that is fixed, go on with: steelyard resume {folder}" in line
    assert (sums_asked(sums_server), len(authority.asked)) == (0, 1)
    assert execute(["ledger", "verify"]) == 0
    assert "1 plan began, 1 of them never ended" in capsys.readouterr().out

    authority.reply = lambda request: (200, {}, authority.stamp(request))
    monkeypatch.setattr(timestamp_client, "REPLY_SECONDS", 30.0)
    assert execute(["resume", str(folder)]) == 0
    assert verify(folder, "--timestamp-root", authority.root) == 0
    assert sums_asked(sums_server) == len(QUESTIONS)


def test_another_authority_may_be_named_at_the_resume(run: Run, authority: TimestampAuthority, capsys: Said) -> None:
    folder = run("run", "--timestamp", closed_address(), code=4)
    assert "connection refused" in capsys.readouterr().err
    assert execute(["resume", str(folder), "--finalize"]) == 2
    assert "its time stamp (timestamp.tsr) is not there" in capsys.readouterr().err
    assert execute(["resume", str(folder), "--timestamp", authority.url]) == 0
    assert verify(folder, "--timestamp-root", authority.root) == 0


def test_a_clock_that_is_wrong_shows_before_anything_is_asked(
    run: Run, authority: TimestampAuthority, sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    slow_clock = SimpleNamespace(time_ns=lambda: time.time_ns() - 3600 * 10**9)
    monkeypatch.setattr(timestamps, "time", slow_clock)
    run("run", "--timestamp", authority.url, code=4)
    assert "s ahead of this machine's: set the clock that is wrong" in capsys.readouterr().err
    monkeypatch.setattr(ledger_file, "_now", lambda: "2999-01-01T00:00:00Z")
    run("other", "--timestamp", authority.url, code=4)
    assert "the line that it is of says 2999-01-01T00:00:00Z" in capsys.readouterr().err
    assert sums_asked(sums_server) == 0


def test_a_stamp_that_is_lost_in_the_middle_of_a_run_is_not_made_again(
    run: Run, authority: TimestampAuthority, sums_server: SumsServer, capsys: Said
) -> None:
    sums_server.status = lambda prompt, times: 401 if sums_asked(sums_server) > 4 else 200
    folder = run("run", "--timestamp", authority.url, "--concurrency", "1", code=4)
    (folder / layout.TIMESTAMP).rename(folder.parent / "kept.tsr")
    sums_server.status = lambda prompt, times: 200
    capsys.readouterr()
    assert execute(["resume", str(folder)]) == 2
    assert "a new one would be younger than the first attempt: put it back" in capsys.readouterr().err
    (folder.parent / "kept.tsr").rename(folder / layout.TIMESTAMP)
    assert execute(["resume", str(folder)]) == 0
    assert verify(folder, "--timestamp-root", authority.root) == 0
    assert len(authority.asked) == 1


# ── what a user may get wrong ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--timestamp", "ftp://x/y"], "--timestamp takes the address of a time stamp authority"),
        (["--timestamp", "http://user:secret@x/y"], "takes no user, no password"),
        (["--timestamp", "http://127.0.0.1:1/", "--no-ledger"], "--no-ledger does without: leave one out"),
    ],
)
def test_bad_options_are_one_line(
    run: Run, sums_server: SumsServer, options: list[str], said: str, capsys: Said
) -> None:  # fmt: skip
    run("run", *options, code=2)
    captured = capsys.readouterr().err
    assert said in captured
    assert "secret" not in captured
    assert not sums_server.asked


def test_without_a_key_there_is_nothing_to_stamp(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Said
) -> None:
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path / "none.pem"))
    run("run", "--timestamp", "http://127.0.0.1:1/", code=2)
    assert "nothing signs here: add --key" in capsys.readouterr().err


def test_without_the_extra(
    run: Run, authority: TimestampAuthority, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:  # fmt: skip
    folder = run("run", "--timestamp", authority.url)
    monkeypatch.setattr(timestamp_signature, "find_spec", lambda name: None)
    run("other", "--timestamp", authority.url, code=2)
    assert "--timestamp needs the extra timestamp: pip install 'steelyard[timestamp]'" in capsys.readouterr().err
    assert verify(folder, "--timestamp-root", authority.root) == 2
    assert "--timestamp-root needs the extra timestamp" in capsys.readouterr().err
    assert verify(folder) == 0  # what the stamp is about needs no extra
    assert "signature was NOT checked" in capsys.readouterr().out


def test_a_run_without_a_stamp_gets_none_at_a_resume(
    run: Run, authority: TimestampAuthority, sums_server: SumsServer, capsys: Said
) -> None:
    sums_server.status = lambda prompt, times: 401 if sums_asked(sums_server) > 4 else 200
    folder = run("run", "--concurrency", "1", code=4)
    assert execute(["resume", str(folder), "--timestamp", authority.url]) == 2
    assert "this run began without --timestamp" in capsys.readouterr().err


def test_roots_that_are_none(run: Run, authority: TimestampAuthority, tmp_path: Path, capsys: Said) -> None:
    folder = run("run", "--timestamp", authority.url)
    (tmp_path / "no.pem").write_text("not a certificate")
    for name, said in (("no.pem", "not a certificate in PEM"), ("absent.pem", "cannot read the root")):
        assert verify(folder, "--timestamp-root", tmp_path / name) == 2
        assert said in capsys.readouterr().err
    with TimestampAuthority(tmp_path / "other") as other:
        assert verify(folder, "--timestamp-root", other.root) == 1
        assert "timestamp.tsr: not signed by a time stamp authority under a given root" in capsys.readouterr().err
        assert verify(folder, "--timestamp-root", other.root, "--timestamp-root", authority.root) == 0
    plain = run("plain")
    capsys.readouterr()
    assert verify(plain, "--timestamp-root", authority.root) == 3
    assert "time stamp: none, so nothing but its own word dates this plan" in capsys.readouterr().out


# ── stamps that were tampered with ──────────────────────────────────────────────────────────────────────────────────


def test_a_stamp_that_was_dropped_replaced_or_copied(
    run: Run, authority: TimestampAuthority, signer: KeySigner, capsys: Said
) -> None:
    folder, other = run("run", "--timestamp", authority.url), run("other", "--timestamp", authority.url)
    right = (folder / layout.TIMESTAMP).read_bytes()
    line = (folder / layout.LEDGER).read_bytes().splitlines()[1]
    copied, again = (other / layout.TIMESTAMP).read_bytes(), authority.stamp(new_request(line).body)
    for changed, plain, sealed in (
        (None, "timestamp.tsr: missing", "the plan has a time stamp, and the seal names none"),
        (copied, "is not of the ledger's line", "is not of the ledger's line"),
        (again, "timestamp.tsr: was changed", ""),
        (right[:-1], "not a time stamp that was granted", "not a time stamp that was granted"),
        (b"0" * 70_000, "larger than", "larger than"),
    ):
        changed_folder = folder.with_name("changed")
        shutil.copytree(folder, changed_folder)
        (changed_folder / layout.TIMESTAMP).unlink()
        if changed is not None:
            (changed_folder / layout.TIMESTAMP).write_bytes(changed)
        capsys.readouterr()
        assert verify(changed_folder) == 1
        assert plain in capsys.readouterr().err
        if len(changed or b"") < 65_536:
            code = verify(resealed(changed_folder, signer))
            assert (code == 1) == bool(sealed) or "report" in capsys.readouterr().err
            assert sealed in capsys.readouterr().err
        shutil.rmtree(changed_folder)


def changed_plan(folder: Path, change: Callable[[dict[str, Any]], None], signer: KeySigner) -> Path:
    plan = without_defaults(RunFolder.open(folder).plan)
    change(plan)
    return reseal(folder, plan=plan, signer=signer)


def test_a_plan_that_denies_its_stamp_is_not_the_one_in_the_ledger(
    run: Run, authority: TimestampAuthority, signer: KeySigner, capsys: Said
) -> None:
    folder = run("run", "--timestamp", authority.url)
    (folder / layout.TIMESTAMP).unlink()
    assert verify(changed_plan(folder, lambda plan: plan["ledger"].pop("timestamped"), signer)) == 1
    assert "does not begin this plan" in capsys.readouterr().err
    plain = run("plain")
    shutil.copy(run("third", "--timestamp", authority.url) / layout.TIMESTAMP, plain)
    assert verify(resealed(plain, signer)) == 1
    assert "asked for no time stamp, and the seal names one" in capsys.readouterr().err


def test_a_stamp_that_is_younger_than_the_first_attempt(
    run: Run, authority: TimestampAuthority, signer: KeySigner, capsys: Said
) -> None:
    folder = run("run", "--timestamp", authority.url)
    records = records_of(folder)
    for record in records:
        if record["type"] == "attempt":
            record["started_us"] -= 100_000_000
    assert verify(reseal(folder, records=records, signer=signer)) == 1
    assert "s younger than the first attempt: it was made after answers had come" in capsys.readouterr().err


# ── ledgers beside stamps ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_stamp_on_a_later_line_dates_the_lines_before_it(
    run: Run, authority: TimestampAuthority, capsys: Said
) -> None:  # fmt: skip
    first, second = run("first"), run("second", "--timestamp", authority.url)
    capsys.readouterr()
    assert verify(first, second, "--timestamp-root", authority.root) == 0
    said = capsys.readouterr().out
    assert f"time stamp: {second} has one on a later line: this plan and the line before it existed at 20" in said
    third = run("third")
    capsys.readouterr()
    assert verify(second, third, "--timestamp-root", authority.root) == 3
    assert "time stamp: none" in capsys.readouterr().out


def test_a_ledger_that_was_rolled_back_lacks_the_line_of_a_stamp_that_was_kept(
    run: Run, authority: TimestampAuthority, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    ledger = key.with_name("key.ledger.jsonl")
    before = ledger.read_bytes()
    stamped = run("stamped", "--timestamp", authority.url)
    kept = Path(shutil.copy(stamped / layout.TIMESTAMP, tmp_path / "kept.tsr"))
    honest = run("honest")
    root = ("--timestamp-root", authority.root)
    capsys.readouterr()
    assert verify(honest, "--ledger", kept, *root) == 3  # the stamp dates a line before this one's
    assert "ledger: has the line that was stamped at 20" in capsys.readouterr().out
    assert verify(honest, "--ledger", kept) == 2
    assert "a time stamp shows nothing until it is checked: add --timestamp-root" in capsys.readouterr().err

    ledger.write_bytes(before)
    in_an_hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    monkeypatch.setattr(ledger_file, "_now", lambda: in_an_hour)
    hidden = run("hidden")
    capsys.readouterr()
    assert verify(hidden, "--ledger", kept, *root) == 1
    said = capsys.readouterr().err
    assert "by its own times its ledger goes on after 20" in said
    assert "lacks the line that the stamp in" in said
    assert verify(hidden, stamped, *root) == 1
    said = capsys.readouterr().err
    assert "the ledger was forked or rolled back; line 2 of" in said
    assert f"{stamped} existed at 20" in said
