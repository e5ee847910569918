"""The file of a ledger: locked, appended to, and cut where a power cut left a line half-written."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.evidence import ledger_file
from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.ledger import Tags, has_other_end
from steelyard.evidence.ledger_file import LedgerBusy, LedgerFile, ledger_path, open_new_ledger, read_ledger
from steelyard.evidence.new_key import create_key

TAGS = (Tags("A" * 11, "S" * 11, "B" * 11),)


@pytest.fixture
def own(tmp_path: Path) -> KeySigner:
    return load_signer(create_key(tmp_path / "key.pem").path)


def test_the_ledger_is_beside_the_key_or_where_the_user_says(
    own: KeySigner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ledger_path(own.path) == tmp_path / "key.ledger.jsonl"
    monkeypatch.setenv("STEELYARD_LEDGER", str(tmp_path / "shared.jsonl"))
    assert ledger_path(own.path) == tmp_path / "shared.jsonl"


def test_lines_are_appended_and_an_end_is_written_once(own: KeySigner) -> None:
    path = ledger_path(own.path)
    with LedgerFile(path, own) as ledger:
        ledger.begin("audit", "a" * 64, TAGS)
        ledger.end("sealed", "a" * 64)
        ledger.end("sealed", "a" * 64)
        assert ledger.data == path.read_bytes()
    with LedgerFile(path, own) as ledger:
        assert [line.event for line in ledger.lines] == ["opened", "begun", "ended"]


def test_a_plan_has_one_end(own: KeySigner) -> None:
    """Whoever copies what has begun, and lets each copy be answered, ends one of them."""
    with LedgerFile(ledger_path(own.path), own) as ledger:
        ledger.begin("audit", "a" * 64, TAGS)
        ledger.end("sealed", "a" * 64, "1" * 64)
        ledger.end("sealed", "a" * 64, "1" * 64)
        with pytest.raises(InputError, match="a plan has one end"):
            ledger.end("finalized", "a" * 64, "2" * 64)
    with LedgerFile(ledger_path(own.path), own) as ledger:
        assert [(line.event, bool(line.answers)) for line in ledger.lines[1:]] == [("begun", False), ("ended", True)]
        assert has_other_end(ledger.lines, "a" * 64, "2" * 64)
        assert not has_other_end(ledger.lines, "a" * 64, "1" * 64)
        assert not has_other_end(ledger.lines, "b" * 64, "2" * 64)


def test_plans_of_earlier_keys_are_carried_once_and_end_nothing(own: KeySigner) -> None:
    with LedgerFile(ledger_path(own.path), own) as ledger:
        ledger.begin("audit", "a" * 64, TAGS)
        assert ledger.carry([("audit", "a" * 64, TAGS), ("run", "b" * 64, ()), ("run", "b" * 64, ())]) == 1
        assert ledger.carry([("run", "b" * 64, ())]) == 0
        with pytest.raises(InputError, match="put it back as it was"):
            ledger.end("sealed", "b" * 64)
    with LedgerFile(ledger_path(own.path), own) as ledger:
        assert [(line.event, line.word) for line in ledger.lines[1:]] == [("begun", "audit"), ("carried", "run")]


def test_a_line_that_no_reader_would_take_is_not_written(own: KeySigner) -> None:
    with LedgerFile(ledger_path(own.path), own) as ledger, pytest.raises(InputError, match="too many questions"):
        ledger.begin("audit", "a" * 64, TAGS * 1_500)
    with LedgerFile(ledger_path(own.path), own) as ledger:
        ledger.begin("audit", "a" * 64, TAGS)


def test_a_ledger_without_the_runs_beginning_ends_nothing(own: KeySigner) -> None:
    with LedgerFile(ledger_path(own.path), own) as ledger, pytest.raises(InputError, match="put it back as it was"):
        ledger.end("sealed", "a" * 64)


def test_a_half_written_line_began_nothing(own: KeySigner) -> None:
    path = ledger_path(own.path)
    whole = path.read_bytes()
    path.write_bytes(whole + b'["begun",1,"2026-')
    assert read_ledger(path) == whole
    with LedgerFile(path, own) as ledger:
        ledger.begin("audit", "a" * 64, TAGS)
    assert path.read_bytes().startswith(whole)
    with LedgerFile(path, own) as ledger:
        assert len(ledger.lines) == 2


def test_a_ledger_of_another_key_or_changed_is_refused(own: KeySigner, tmp_path: Path) -> None:
    other = load_signer(create_key(tmp_path / "other" / "key.pem").path)
    with pytest.raises(InputError, match="not the ledger of this key"), LedgerFile(ledger_path(other.path), own):
        pass
    path = ledger_path(own.path)
    path.write_bytes(path.read_bytes().replace(b"with the key", b"later"))
    with pytest.raises(InputError, match="not the ledger of this key"), LedgerFile(path, own):
        pass
    path.write_bytes(b"")
    with pytest.raises(InputError, match="this ledger is empty"), LedgerFile(path, own):
        pass


def test_no_ledger_is_an_error_that_says_what_to_do(own: KeySigner, tmp_path: Path) -> None:
    missing = tmp_path / "none.jsonl"
    with pytest.raises(InputError, match="begin one with --new-ledger"):
        read_ledger(missing)
    with pytest.raises(InputError, match="begin one with --new-ledger"), LedgerFile(missing, own):
        pass
    open_new_ledger(missing, own, with_key=False)
    with pytest.raises(InputError, match="a ledger is here already"):
        open_new_ledger(missing, own, with_key=False)
    link = tmp_path / "link.jsonl"
    link.symlink_to(missing)
    with pytest.raises(InputError, match="cannot open the ledger"), LedgerFile(link, own):
        pass


def test_a_lock_that_stays_is_named(own: KeySigner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_file, "WAIT_SECONDS", 0.1)
    path = ledger_path(own.path)
    descriptor = os.open(path, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(LedgerBusy, match="another run keeps this ledger locked"), LedgerFile(path, own):
            pass
    finally:
        os.close(descriptor)
    with LedgerFile(path, own) as ledger:
        assert len(ledger.lines) == 1


COUNTING = """
import sys
from pathlib import Path
from steelyard.evidence.keys import load_signer
from steelyard.evidence.ledger import Tags
from steelyard.evidence.ledger_file import LedgerFile, ledger_path
signer = load_signer(Path(sys.argv[1]))
for number in range(10):
    with LedgerFile(ledger_path(signer.path), signer) as ledger:
        ledger.begin("audit", f"{int(sys.argv[2]) * 100 + number:064x}", (Tags("A" * 11, "S" * 11, "B" * 11),))
"""


def test_processes_that_write_at_once_make_one_chain(own: KeySigner) -> None:
    started = [subprocess.Popen([sys.executable, "-c", COUNTING, str(own.path), str(place)]) for place in range(4)]
    assert [each.wait() for each in started] == [0, 0, 0, 0]
    with LedgerFile(ledger_path(own.path), own) as ledger:
        assert len(ledger.lines) == 41


def test_places_that_hold_no_ledger_are_named(own: KeySigner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="cannot read the ledger"):
        read_ledger(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot write the ledger here"):
        open_new_ledger(tmp_path / "file" / "x.jsonl", own, with_key=False)
    monkeypatch.setattr(ledger_file, "MAX_LEDGER_BYTES", 10)
    with pytest.raises(InputError, match="larger than 10 bytes: make a new key"):
        read_ledger(ledger_path(own.path))


def test_a_line_that_is_not_written_to_its_end_is_taken_back(own: KeySigner, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ledger_path(own.path)
    before = path.read_bytes()
    write = os.write
    with LedgerFile(path, own) as ledger:
        monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:9]))  # as on a full disk
        with pytest.raises(InputError, match="make room there"):
            ledger.begin("audit", "a" * 64, TAGS)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert len(LedgerFile(path, own).lines) == 0
