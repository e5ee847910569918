"""Making a key: what lies beside it, and what is never overwritten."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.evidence.keys import load_public
from steelyard.evidence.ledger import check_chain, parse_lines
from steelyard.evidence.new_key import create_key


def test_a_new_key_has_a_ledger_that_began_with_it(tmp_path: Path) -> None:
    info = create_key(tmp_path / "key.pem")
    ledger = tmp_path / "key.ledger.jsonl"
    assert stat.S_IMODE(ledger.stat().st_mode) == 0o600
    lines = parse_lines(ledger.read_bytes(), "ledger")
    check_chain(lines, load_public(info.public_path), "ledger")
    assert [(line.event, line.word) for line in lines] == [("opened", "with the key")]


def test_no_key_is_made_beside_another_ones_ledger(tmp_path: Path) -> None:
    (tmp_path / "key.ledger.jsonl").write_bytes(b"[]\n")
    with pytest.raises(InputError, match="another key's ledger is here"):
        create_key(tmp_path / "key.pem")
    assert not (tmp_path / "key.pem").exists()
