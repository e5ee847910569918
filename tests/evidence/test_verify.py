"""Verification: a whole run holds, and every tampering of every file is refused with the file's name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import InputError, SteelyardError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import BUNDLE_PREDICATE, seal_bundle, seal_plan
from steelyard.evidence.canonical import canonical, parse_canonical, sha256_hex
from steelyard.evidence.checkpoints import checkpoint_line
from steelyard.evidence.envelope import open_envelope, seal, statement
from steelyard.evidence.keys import CryptoSigner, load_signer
from steelyard.evidence.merkle import Tree
from steelyard.evidence.new_key import create_key
from steelyard.evidence.verify import verify_integrity
from tests.evidence.conftest import attempt_record

MakeRun = Callable[..., Path]
SEGMENT = "journal/main-0000.jsonl"
WORKER = "journal/worker-1-0000.jsonl"


# ── what holds ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_signed_run_holds(run: Path, key_path: Path, signer: CryptoSigner) -> None:
    keyid = signer.public_key.keyid
    stranger = verify_integrity(run)
    assert (stranger.signed_by, stranger.trusted, stranger.records, stranger.texts) == (keyid, False, 40, "all")
    (message,) = stranger.messages
    assert message.startswith(f"signed by key {keyid}, which you did not name as trusted (--require-key): whoever")
    friend = verify_integrity(run, key_path.with_name("key.pub.pem"), require_key=True)
    assert friend.trusted
    assert friend.messages == (f"signed by key {keyid}, which you trust",)
    tree = Tree()
    for name in (SEGMENT, WORKER):
        for line in (run / name).read_bytes().splitlines():
            tree.append(line)
    assert (friend.segments, friend.answers) == (2, 36)
    assert friend.root == tree.root().hex()


def test_an_unsigned_run_verifies_with_a_note(unsigned: Path) -> None:
    result = verify_integrity(unsigned)
    assert (result.signed_by, result.trusted, result.texts) == ("", False, "all")
    assert result.messages[0].startswith("not signed")


def test_withheld_texts_are_counted(unsigned: Path) -> None:
    text_file = unsigned / "texts" / "main-0000.jsonl"
    lines = text_file.read_bytes().splitlines(keepends=True)
    text_file.write_bytes(b"".join(lines[3:]))
    assert verify_integrity(unsigned).texts == "withheld 3"
    shutil.rmtree(unsigned / "texts")
    result = verify_integrity(unsigned)
    assert result.texts == f"withheld {len(lines)}"
    assert f"{len(lines)} texts (samples, model outputs) are withheld" in result.messages[-1]


def test_the_index_is_outside_the_seal(run: Path) -> None:
    (run / "index.db").write_bytes(b"rebuilt")
    (run / "index.db-wal").write_bytes(b"")
    verify_integrity(run)
    (run / "index.db").unlink()
    verify_integrity(run)


def test_a_seal_replaces_the_last_one(run: Path, signer: CryptoSigner) -> None:
    (run / "report.md").write_text("another\n")
    (run / layout.TEMPORARY_BUNDLE).write_bytes(b"left by a crash")
    with pytest.raises(VerificationError, match="added"):
        verify_integrity(run)
    seal_bundle(run, {}, signer)
    verify_integrity(run)
    assert not (run / layout.TEMPORARY_BUNDLE).exists()


def test_a_journal_that_is_signed_later_is_noted(unsigned: Path, signer: CryptoSigner) -> None:
    (unsigned / "checkpoints.jsonl").unlink()
    seal_bundle(unsigned, {}, signer)
    assert "the plan itself is not signed" in verify_integrity(unsigned).messages[1]


# ── who signed ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_required_key(run: Path, unsigned: Path, tmp_path: Path, key_path: Path, signer: CryptoSigner) -> None:
    other = create_key(tmp_path / "other.pem")
    with pytest.raises(
        VerificationError, match=f"signed by key {signer.public_key.keyid}; required is .* {other.keyid}"
    ):
        verify_integrity(run, other.public_path, require_key=True)
    assert not verify_integrity(run, other.public_path).trusted
    with pytest.raises(VerificationError, match="not signed; required is"):
        verify_integrity(unsigned, other.public_path, require_key=True)
    with pytest.raises(InputError, match="must be given"):
        verify_integrity(run, require_key=True)
    with pytest.raises(InputError, match="give its public half"):
        verify_integrity(run, key_path, require_key=True)


def _reseal(run: Path, signer: CryptoSigner | None, change: Callable[[dict[str, Any], dict[str, str]], None]) -> None:
    """Seal again what the seal says, changed: what someone would do who knows the format."""
    document, _ = open_envelope((run / layout.BUNDLE).read_bytes(), layout.BUNDLE)
    subjects = {subject["name"]: subject["digest"]["sha256"] for subject in document["subject"]}
    predicate = document["predicate"]
    change(predicate, subjects)
    kind = predicate.pop("kind", BUNDLE_PREDICATE)
    (run / layout.BUNDLE).write_bytes(seal(statement(subjects, kind, predicate), signer))


def test_a_signature_that_was_taken_off_is_missed(run: Path) -> None:
    _reseal(run, None, lambda predicate, subjects: None)
    with pytest.raises(VerificationError, match=r"bundle\.dsse\.json: the signature by key .* is missing"):
        verify_integrity(run)
    _reseal(run, None, lambda predicate, subjects: predicate.update(signer=""))
    with pytest.raises(VerificationError, match=r"bundle\.dsse\.json: not signed, while the plan is"):
        verify_integrity(run)
    plan = open_envelope((run / layout.PLAN).read_bytes(), "")[0]["predicate"]
    (run / layout.PLAN).write_bytes(seal_plan(plan, None))
    digest = sha256_hex((run / layout.PLAN).read_bytes())
    _reseal(run, None, lambda predicate, subjects: subjects.update({layout.PLAN: digest}))
    with pytest.raises(VerificationError, match=r"plan\.dsse\.json: its order of samples was fixed with a key"):
        verify_integrity(run)


def test_another_s_signature_is_that_of_a_stranger(run: Path, tmp_path: Path, signer: CryptoSigner) -> None:
    other = load_signer(create_key(tmp_path / "other.pem").path)
    public = other.public_key.keyval["public"]
    _reseal(run, other, lambda predicate, subjects: None)
    with pytest.raises(VerificationError, match="is missing"):
        verify_integrity(run)
    _reseal(run, other, lambda predicate, subjects: predicate.update(signer=public))
    with pytest.raises(VerificationError, match=rf"plan\.dsse\.json: the signature by key {other.public_key.keyid}"):
        verify_integrity(run)
    with pytest.raises(InputError, match=f"signed by key {signer.public_key.keyid}: seal with that key"):
        seal_bundle(run, {}, other)
    with pytest.raises(InputError, match="seal with that key"):
        seal_bundle(run, {}, None)


def test_a_second_signature_is_refused(run: Path, tmp_path: Path, signer: CryptoSigner) -> None:
    other = load_signer(create_key(tmp_path / "other.pem").path)
    _, envelope = open_envelope((run / layout.BUNDLE).read_bytes(), "")
    envelope.sign(other)
    envelope.signatures = dict(sorted(envelope.signatures.items()))
    (run / layout.BUNDLE).write_bytes(canonical(envelope.to_dict()))
    with pytest.raises(VerificationError, match="carries a signature besides"):
        verify_integrity(run)


def test_a_wrong_signature_is_refused(run: Path, signer: CryptoSigner) -> None:
    parts = parse_canonical((run / layout.BUNDLE).read_bytes())
    _reseal(run, signer, lambda predicate, subjects: predicate.update(created="later"))
    changed = parse_canonical((run / layout.BUNDLE).read_bytes())
    (run / layout.BUNDLE).write_bytes(canonical({**changed, "signatures": parts["signatures"]}))
    with pytest.raises(VerificationError, match="does not verify"):
        verify_integrity(run)


Change = Callable[[dict[str, Any], dict[str, str]], Any]


def _segments(predicate: dict[str, Any]) -> dict[str, Any]:
    segments: dict[str, Any] = predicate["journal"]["segments"]
    return segments


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda predicate, subjects: predicate.update(format="2"), "not a seal of format"),
        (lambda predicate, subjects: predicate.update(kind="urn:other"), "not a seal of format"),
        (lambda predicate, subjects: predicate.update(plan="x"), "is malformed"),
        (lambda predicate, subjects: predicate.update(scores=True), "is malformed"),
        (lambda predicate, subjects: predicate.update(signer=None), "is malformed"),
        (lambda predicate, subjects: predicate["journal"].update(more=1), "is malformed"),
        (lambda predicate, subjects: predicate.update(signer="00"), "its signer"),
        (lambda predicate, subjects: predicate.update(signer="01" + "00" * 31), "its signer: .* small order"),
        (lambda predicate, subjects: predicate.update(plan="00" * 32), "not the plan that the seal names"),
        (lambda predicate, subjects: predicate.update(scores=8), r"scores\.jsonl: holds 9 scores; the seal says 8"),
        (lambda predicate, subjects: predicate["journal"].update(records=41), "root over all 40 records is not"),
        (lambda predicate, subjects: predicate["journal"].update(root="00" * 32), "root over all 40 records is not"),
        (lambda predicate, subjects: predicate["answers"].update(root="00" * 32), "root over the 36 finished calls"),
        (lambda predicate, subjects: predicate["answers"].update(count=35), "root over the 36 finished calls"),
        (lambda predicate, subjects: predicate.pop("answers"), "is malformed"),
        (lambda predicate, subjects: _segments(predicate)[SEGMENT].update(records=21), f"{SEGMENT}: .*20 .*; 21 were"),
        (lambda predicate, subjects: _segments(predicate)[WORKER].update(records=-1), "is malformed"),
        (lambda predicate, subjects: _segments(predicate)[WORKER].update(head="00" * 32), rf"{WORKER}: .*\(19\) was"),
        (lambda predicate, subjects: _segments(predicate).pop(WORKER), "other segments"),
        (lambda predicate, subjects: predicate["journal"].update(segments=[]), "is malformed"),
        (lambda predicate, subjects: predicate.update(texts="withheld"), "names a file that does not belong"),
        (lambda predicate, subjects: subjects.pop("scores.jsonl"), r"does not name scores\.jsonl"),
        (lambda predicate, subjects: subjects.pop("report.md"), r"report\.md: was added"),
        (lambda predicate, subjects: subjects.update({"report.md": "00" * 32}), r"report\.md: was changed"),
        *(
            (
                lambda predicate, subjects, name=name: subjects.update({name: "00" * 32}),
                "names a file that does not belong",
            )
            for name in ("../x", "/etc/passwd", "journal/../x", "journal//main-0000.jsonl", "report.md\n", "index.db")
        ),
    ],
)
def test_a_seal_that_its_own_signer_got_wrong(run: Path, signer: CryptoSigner, change: Change, reason: str) -> None:
    _reseal(run, signer, change)
    with pytest.raises(VerificationError, match=reason):
        verify_integrity(run)


def test_a_seal_without_a_journal(run: Path, signer: CryptoSigner) -> None:
    def forget(predicate: dict[str, Any], subjects: dict[str, str]) -> None:
        for name in (SEGMENT, WORKER):
            if not (run / name).exists() and name in subjects:
                del subjects[name], _segments(predicate)[name]

    (run / SEGMENT).unlink()
    _reseal(run, signer, forget)
    with pytest.raises(VerificationError, match=f"does not name {SEGMENT}"):
        verify_integrity(run)
    with pytest.raises(VerificationError, match=f"{SEGMENT}: missing"):
        seal_bundle(run, {}, signer)
    shutil.rmtree(run / "journal")
    _reseal(run, signer, forget)
    with pytest.raises(VerificationError, match=f"does not name {SEGMENT}"):
        verify_integrity(run)


def test_a_signature_without_a_signer(unsigned: Path, signer: CryptoSigner) -> None:
    _reseal(unsigned, signer, lambda predicate, subjects: None)
    with pytest.raises(VerificationError, match="carries a signature and names no signer"):
        verify_integrity(unsigned)


# ── checkpoints, plan, journal: forms ───────────────────────────────────────────────────────────────────────────────


def _replace_file(run: Path, name: str, data: bytes, signer: CryptoSigner | None) -> None:
    (run / name).write_bytes(data)
    _reseal(run, signer, lambda predicate, subjects: subjects.update({name: sha256_hex(data)}))


def test_checkpoints_are_roots_of_the_same_journal(run: Path, signer: CryptoSigner) -> None:
    good = (run / "checkpoints.jsonl").read_bytes()
    assert good.count(b"\n") == 3
    nothing = Tree().root()

    def point(name: str, records: int, root: bytes, key: CryptoSigner | None = signer) -> bytes:
        return checkpoint_line({SEGMENT: (0, nothing), name: (records, root)}, 0, key)

    for line, reason in (
        (point(SEGMENT, 7, bytes(32)), f"line 4: not the Merkle root of the first 7 records of {SEGMENT}"),
        (point(WORKER, 7, bytes(32)), f"line 4: not the Merkle root of the first 7 records of {WORKER}"),
        (point(WORKER, 21, bytes(32)), "first 21 records"),
        (point(WORKER, 20, bytes(32), None), "first 20 records"),
        (point("journal/worker-2-0000.jsonl", 0, nothing), "a segment that is missing"),
        (good.splitlines(keepends=True)[1].replace(b'"at_us":', b'"at_us":1'), "line 4: its signature is not"),
        (good.splitlines(keepends=True)[1].replace(b'"records":6', b'"records":5'), "line 4: its signature is not"),
        (b"{}\n", "line 4: not a checkpoint"),
        (b"[]\n", "line 4: not a checkpoint"),
        (b'{"at_us":0,"segments":{"x":{"records":-1,"root":""}},"signature":""}\n', "line 4: not a checkpoint"),
        (b"{ }\n", "line 4: not canonical"),
        (b"{}", "line 4: cut off"),
    ):
        _replace_file(run, "checkpoints.jsonl", good + line, signer)
        with pytest.raises(VerificationError, match=reason):
            verify_integrity(run)
    _replace_file(run, "checkpoints.jsonl", good + point(WORKER, 0, nothing), signer)
    verify_integrity(run)
    _replace_file(run, "checkpoints.jsonl", b"", signer)
    verify_integrity(run)


def test_a_signed_checkpoint_in_an_unsigned_run(unsigned: Path, signer: CryptoSigner) -> None:
    line = checkpoint_line({SEGMENT: (0, Tree().root())}, 0, signer)
    _replace_file(unsigned, "checkpoints.jsonl", line, None)
    with pytest.raises(VerificationError, match="not by the key that sealed the run"):
        verify_integrity(unsigned)


def test_a_plan_that_disagrees_about_texts(unsigned: Path) -> None:
    plan = open_envelope((unsigned / layout.PLAN).read_bytes(), "")[0]["predicate"]
    changed = seal_plan({**plan, "texts": "sealed"}, None)
    payload = sha256_hex(open_envelope(changed, "")[1].payload)
    (unsigned / layout.PLAN).write_bytes(changed)
    seal_and_plan = {layout.PLAN: sha256_hex(changed)}
    _reseal(unsigned, None, lambda predicate, subjects: subjects.update(seal_and_plan))
    with pytest.raises(VerificationError, match="not the plan that the seal names"):
        verify_integrity(unsigned)
    _reseal(unsigned, None, lambda predicate, subjects: predicate.update(plan=payload))
    with pytest.raises(VerificationError, match="the plan says texts are 'sealed'"):
        verify_integrity(unsigned)
    with pytest.raises(VerificationError, match="not the plan that the journal's header names"):
        seal_bundle(unsigned, {}, None)


def test_a_journal_of_another_plan(unsigned: Path) -> None:
    plan = open_envelope((unsigned / layout.PLAN).read_bytes(), "")[0]["predicate"]
    changed = seal_plan({**plan, "alpha": 0.5}, None)
    payload = sha256_hex(open_envelope(changed, "")[1].payload)
    (unsigned / layout.PLAN).write_bytes(changed)

    def change(predicate: dict[str, Any], subjects: dict[str, str]) -> None:
        predicate["plan"] = payload
        subjects[layout.PLAN] = sha256_hex(changed)

    _reseal(unsigned, None, change)
    with pytest.raises(VerificationError, match=r"line 1 \(record 0\): names another plan"):
        verify_integrity(unsigned)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[]", r"line 21 \(record 20\): not a record"),
        (b'{"prev":"0"}', "line 21: has no number where record 20 belongs"),
        (b"", r"line 21 \(record 20\): not JSON"),
    ],
)
def test_lines_that_are_no_records(tmp_path: Path, make_run: MakeRun, line: bytes, reason: str) -> None:
    run = make_run(tmp_path / "run")
    segments = sorted((run / "journal").iterdir())
    with segments[-1].open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(VerificationError, match=reason):
        verify_integrity(run)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"item": ""}, "its item is not a SHA-256"),
        ({"item": None}, "not a well-formed attempt"),
        ({"item": "ab"}, "its item is not a SHA-256"),
        ({"answer": "zz" * 32}, "its answer is not a SHA-256"),
        ({"answer": "AB" * 32}, "its answer is not a SHA-256"),
        ({"answer": "a " * 32}, "its answer is not a SHA-256"),
        ({"position": "1"}, "not a well-formed attempt"),
        ({"position": True}, "not a well-formed attempt"),
        ({"position": -2}, "not a well-formed attempt"),
        ({"measurement": 1}, "not a well-formed attempt"),
        ({"final": None, "type": "exchange", "reply": "x"}, "its reply is not a SHA-256"),
    ],
)
def test_an_attempt_has_its_form(run: Path, change: dict[str, Any], reason: str) -> None:
    head = sha256_hex((run / WORKER).read_bytes().splitlines()[-1])
    record = {"seq": 20, "prev": head, **attempt_record("main", 99, head, ""), **change}
    with (run / WORKER).open("ab") as file:
        file.write(canonical(record) + b"\n")
    with pytest.raises(VerificationError, match=rf"line 21 \(record 20\): {reason}"):
        verify_integrity(run)


def test_an_attempt_that_lacks_a_part(run: Path) -> None:
    head = sha256_hex((run / WORKER).read_bytes().splitlines()[-1])
    record = {"seq": 20, "prev": head, **attempt_record("main", 99, head, "")}
    del record["final"]
    with (run / WORKER).open("ab") as file:
        file.write(canonical(record) + b"\n")
    with pytest.raises(VerificationError, match="not a well-formed attempt"):
        verify_integrity(run)


def test_a_call_that_was_finished_twice_is_not_sealed(run: Path, signer: CryptoSigner) -> None:
    """Whoever asks again after an answer and keeps both is told; recomputation tells whoever keeps one of them."""
    head = sha256_hex((run / WORKER).read_bytes().splitlines()[-1])
    record = {"seq": 20, "prev": head, **attempt_record("main", 7, head, "")}
    with (run / WORKER).open("ab") as file:
        file.write(canonical(record) + b"\n")
    with pytest.raises(VerificationError, match="position 7 of measurement 'main' is finished twice"):
        seal_bundle(run, {}, signer)


# ── hostile folders ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["report.md", SEGMENT, "bundle.dsse.json", "plan.dsse.json", "index.db"])
def test_links_are_refused(run: Path, tmp_path: Path, name: str) -> None:
    (run / name).rename(tmp_path / "outside")
    (run / name).symlink_to(tmp_path / "outside")
    with pytest.raises(VerificationError, match=f"^{name}: a link"):
        verify_integrity(run)


def test_a_link_to_a_folder_is_refused(run: Path, tmp_path: Path) -> None:
    (run / "journal").rename(tmp_path / "outside")
    (run / "journal").symlink_to(tmp_path / "outside")
    with pytest.raises(VerificationError, match=r"^journal: a link"):
        verify_integrity(run)


def test_pipes_and_folders_are_refused(run: Path) -> None:
    for name in ("report.md", "bundle.dsse.json"):
        original = (run / name).read_bytes()
        (run / name).unlink()
        os.mkfifo(run / name)
        with pytest.raises(VerificationError, match=f"^{name}: not a regular file"):
            verify_integrity(run)
        (run / name).unlink()
        (run / name).write_bytes(original)
    for name in ("blobs", "journal/more"):
        (run / name).mkdir()
        with pytest.raises(VerificationError, match=f"^{name}/: this folder does not belong to a run"):
            verify_integrity(run)
        (run / name).rmdir()
    (run / "report.md").unlink()
    (run / "report.md").mkdir()
    with pytest.raises(VerificationError, match=r"report\.md"):
        verify_integrity(run)


def test_lines_and_files_have_a_largest_size(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.evidence.checkpoints.MAX_CHECKPOINTS", 2)
    with pytest.raises(VerificationError, match=r"checkpoints\.jsonl: holds more than 2 checkpoints"):
        verify_integrity(run)
    monkeypatch.undo()
    monkeypatch.setattr(layout, "MAX_LINE_BYTES", 100)
    with pytest.raises(VerificationError, match=r"checkpoints\.jsonl: has a line that is longer than 100 bytes"):
        verify_integrity(run)
    monkeypatch.setattr("steelyard.evidence.bundle.MAX_ENVELOPE_BYTES", 100)
    with pytest.raises(VerificationError, match=r"bundle\.dsse\.json: larger than 100 bytes"):
        verify_integrity(run)


def test_an_unsealed_run_is_refused_without_advice_to_run_it(run: Path, tmp_path: Path) -> None:
    (run / layout.BUNDLE).unlink()
    with pytest.raises(VerificationError, match="not sealed yet, so there is nothing to verify") as refused:
        verify_integrity(run)
    assert "resume" not in str(refused.value)  # the folder may be a stranger's
    for place in (tmp_path / "absent", tmp_path, run / "report.md"):
        with pytest.raises(InputError, match="no run is here"):
            verify_integrity(place)


def test_a_stray_file_is_not_sealed(run: Path, signer: CryptoSigner) -> None:
    (run / "notes.txt").touch()
    with pytest.raises(InputError, match=r"notes\.txt: this file does not belong to a run"):
        seal_bundle(run, {}, signer)


def test_extra_may_not_replace_keys_of_the_seal(run: Path, signer: CryptoSigner) -> None:
    with pytest.raises(ValueError, match="the bundle itself says signer"):
        seal_bundle(run, {"signer": "me"}, signer)


def test_unreadable_files_are_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(VerificationError, match="cannot be read: Permission denied"):
        verify_integrity(run)
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(VerificationError, match=r"bundle\.dsse\.json: cannot be read: Permission denied"):
        verify_integrity(run)


def test_verification_needs_no_other_part_of_steelyard() -> None:
    """Of Steelyard it imports its errors and this folder only, and nothing heavy."""
    shown = "import sys, steelyard.evidence.verify; print(*sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True).stdout.split()
    ours = {name for name in modules if name == "steelyard" or name.startswith("steelyard.")}
    assert {name for name in ours if not name.startswith("steelyard.evidence")} == {"steelyard", "steelyard.errors"}
    assert not {"numpy", "msgspec", "click", "rich", "aiohttp", "yaml"} & set(modules)


def test_errors_are_steelyard_s_own() -> None:
    assert issubclass(VerificationError, SteelyardError)
    assert VerificationError.exit_code == 1
