"""Every tampering of every file of a sealed run is refused, with the file's name and, in the journal, the record's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import seal_bundle
from steelyard.evidence.canonical import canonical, parse_canonical, sha256_hex
from steelyard.evidence.envelope import open_envelope
from steelyard.evidence.keys import CryptoSigner
from steelyard.evidence.verify import verify_integrity
from testkit.tamperings import TAMPERINGS

SEGMENT = "journal/main-0000.jsonl"
WORKER = "journal/worker-1-0000.jsonl"


def _sealed_files(run: Path) -> list[str]:
    return sorted(name for name in layout.run_files(run) if not layout.is_derived(name))


def _tampered(run: Path, dice: random.Random, rounds: int) -> Iterator[tuple[str, str]]:
    """Tamper with every file in every way, ``rounds`` times; yield file and way while the change is in place."""
    for name in _sealed_files(run):
        path = run / name
        original = path.read_bytes()
        for way, change in TAMPERINGS.items():
            for _ in range(rounds):
                changed = change(original, dice)
                if changed != original:
                    path.write_bytes(changed)
                    yield name, way
        path.unlink()
        yield name, "delete"
        path.write_bytes(original)
    for name in (
        "notes.txt",
        ".hidden",
        "journal/main-0001.jsonl",
        "journal/worker-2-0000.jsonl",
        "texts/main-0001.jsonl",
        "report.pdf",
        "index.dbx",
    ):
        (run / name).write_bytes(b"")
        yield name, "add"
        (run / name).unlink()


@pytest.mark.parametrize("seed", range(2))
def test_every_tampering_of_a_signed_run_names_the_file(run: Path, seed: int) -> None:
    count = 0
    for name, way in _tampered(run, random.Random(seed), rounds=4):
        with pytest.raises(VerificationError) as caught:
            verify_integrity(run)
        assert name in str(caught.value), (way, name, str(caught.value))
        count += 1
    assert count >= 200
    verify_integrity(run)


def test_every_tampering_of_an_unsigned_run_is_refused(unsigned: Path) -> None:
    """Its seal can be replaced by anyone; but a changed seal that still holds together would need other files."""
    for name, way in _tampered(unsigned, random.Random(2), rounds=3):
        if name.startswith("texts/"):
            continue
        with pytest.raises(VerificationError) as caught:
            verify_integrity(unsigned)
        assert name == layout.BUNDLE or name in str(caught.value), (way, name, str(caught.value))


def test_no_byte_of_an_unsigned_seal_is_free(unsigned: Path) -> None:
    path = unsigned / layout.BUNDLE
    data = path.read_bytes()
    dice = random.Random(3)
    for place in range(0, len(data), 2):
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << dice.randrange(8))]) + data[place + 1 :])
        with pytest.raises(VerificationError):
            verify_integrity(unsigned)


def test_sealed_texts_that_are_gone_are_missed_and_who_has_them_is_named(run: Path) -> None:
    (run / layout.TEXT_SEGMENT).unlink()
    with pytest.raises(VerificationError, match="missing: this run was sealed with its texts, so only who has them"):
        verify_integrity(run)


def test_withheld_texts_that_are_wrong_are_named(unsigned: Path) -> None:
    path = unsigned / "texts" / "main-0000.jsonl"
    data = path.read_bytes()
    for changed in (data.replace(b"sample main 3", b"sample main 4"), data + b"{}\n", data + b"x\n", data[:-1]):
        path.write_bytes(changed)
        with pytest.raises(VerificationError, match=r"texts/main-0000\.jsonl line \d+"):
            verify_integrity(unsigned)


def _edit(run: Path, name: str, line: int, old: bytes, new: bytes) -> None:
    path = run / name
    lines = path.read_bytes().splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize("name", [SEGMENT, WORKER])
@pytest.mark.parametrize("record", [0, 7, 18])
def test_the_record_that_was_changed_is_named(run: Path, name: str, record: int) -> None:
    _edit(run, name, record + 1, b'"type"', b'"typo"')
    with pytest.raises(VerificationError) as caught:
        verify_integrity(run)
    if record == 0:
        assert f"{name} line 1 (record 0): not the header" in str(caught.value)
    else:
        expected = f"{name} line {record + 1} (record {record}): was changed: the prev of record {record + 1} "
        assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("name", [SEGMENT, WORKER])
@pytest.mark.parametrize("record", [5, 18, 19])
def test_the_link_that_was_changed_is_named(run: Path, name: str, record: int) -> None:
    prev = parse_canonical((run / name).read_bytes().splitlines()[record])["prev"].encode()
    _edit(run, name, record + 1, prev, b"0" * 64)
    place = rf"{name} line {record + 1} \(record {record}\)"
    with pytest.raises(VerificationError, match=rf"{place}: was changed: its prev does not match"):
        verify_integrity(run)


@pytest.mark.parametrize("name", [SEGMENT, WORKER])
def test_the_last_records_are_named(run: Path, name: str) -> None:
    original = (run / name).read_bytes()
    _edit(run, name, 19, b'"outcome":"ok"', b'"outcome":"ko"')
    with pytest.raises(VerificationError, match=rf"{name} line 19 \(record 18\): was changed: the prev of record 19"):
        verify_integrity(run)
    (run / name).write_bytes(original)
    _edit(run, name, 20, b'"outcome":"ok"', b'"outcome":"ko"')
    with pytest.raises(VerificationError, match=rf"{name}: its last record \(19\) was changed"):
        verify_integrity(run)


@pytest.mark.parametrize("name", [SEGMENT, WORKER])
def test_records_that_are_gone_are_named(run: Path, name: str) -> None:
    path = run / name
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:7] + lines[8:]))
    with pytest.raises(
        VerificationError, match=rf"{name} line 8: is numbered 8 where record 7 belongs, after {name} line 7:"
    ):
        verify_integrity(run)
    path.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(VerificationError, match=f"{name}: the journal ends after 19 records; 20 were sealed"):
        verify_integrity(run)
    path.write_bytes(b"")
    with pytest.raises(VerificationError, match=f"{name}: empty"):
        verify_integrity(run)


# ── segments ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _seal_again(run: Path, signer: CryptoSigner) -> None:
    """What an auditor does who has the key: everything that the seal says is true of the files as they are now."""
    (run / layout.BUNDLE).unlink()
    seal_bundle(run, {}, signer)


def test_segments_that_were_swapped_are_refused(run: Path, signer: CryptoSigner) -> None:
    one, other = run / SEGMENT, run / WORKER
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    for check in (lambda: verify_integrity(run), lambda: _seal_again(run, signer)):
        with pytest.raises(
            VerificationError, match=rf"{SEGMENT} line 1 \(record 0\): the header of segment 'worker-1'"
        ):
            check()


def test_a_segment_under_another_name_is_refused(run: Path, signer: CryptoSigner) -> None:
    renamed = "journal/worker-2-0000.jsonl"
    (run / WORKER).rename(run / renamed)
    with pytest.raises(VerificationError, match=f"{renamed}: was added"):
        verify_integrity(run)
    with pytest.raises(VerificationError, match=rf"{renamed} line 1 \(record 0\): the header of segment 'worker-1'"):
        _seal_again(run, signer)


@pytest.mark.parametrize("again", [False, True])
def test_a_segment_that_was_removed_is_missed(run: Path, signer: CryptoSigner, again: bool) -> None:
    """Even by who seals again: a checkpoint, signed at a stop, names the segment."""
    (run / WORKER).unlink()
    if again:
        _seal_again(run, signer)
    expected = (
        rf"checkpoints\.jsonl line 2: names '{WORKER}', a segment that is missing" if again else f"{WORKER}: missing"
    )
    with pytest.raises(VerificationError, match=expected):
        verify_integrity(run)


def test_a_record_that_was_moved_to_another_segment_is_refused(run: Path, signer: CryptoSigner) -> None:
    lines = (run / SEGMENT).read_bytes().splitlines(keepends=True)
    (run / SEGMENT).write_bytes(b"".join(lines[:-1]))
    (run / WORKER).write_bytes((run / WORKER).read_bytes() + lines[-1])
    for check in (lambda: verify_integrity(run), lambda: _seal_again(run, signer)):
        with pytest.raises(VerificationError, match=f"{WORKER} line 21: is numbered 19 where record 20 belongs"):
            check()


def test_a_record_that_was_moved_and_chained_anew_shows_at_a_checkpoint(run: Path, signer: CryptoSigner) -> None:
    lines = (run / SEGMENT).read_bytes().splitlines()
    moved = parse_canonical(lines.pop())
    (run / SEGMENT).write_bytes(b"".join(line + b"\n" for line in lines))
    data = (run / WORKER).read_bytes()
    head = sha256_hex(data.splitlines()[-1])
    (run / WORKER).write_bytes(data + canonical({**moved, "seq": 20, "prev": head}) + b"\n")
    before = open_envelope((run / layout.BUNDLE).read_bytes(), "")[0]["predicate"]
    _seal_again(run, signer)
    after = open_envelope((run / layout.BUNDLE).read_bytes(), "")[0]["predicate"]
    assert before["answers"] == after["answers"], "the same answers, wherever they lie"
    assert before["journal"]["root"] != after["journal"]["root"]
    with pytest.raises(
        VerificationError, match=rf"checkpoints\.jsonl line 3: not the Merkle root of the first 20 records of {SEGMENT}"
    ):
        verify_integrity(run)


def test_a_changed_score_or_report_is_named(run: Path) -> None:
    for name in ("scores.jsonl", "report.json", "report.md", "report.html"):
        original = (run / name).read_bytes()
        (run / name).write_bytes(original.replace(b"1", b"0").replace(b"consistent", b"inconsistent"))
        with pytest.raises(VerificationError, match=f"^{name}: was changed"):
            verify_integrity(run)
        (run / name).write_bytes(original)
