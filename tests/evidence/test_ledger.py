"""The lines of a ledger: parsed strictly, chained and signed, and what they count."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import VerificationError
from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.ledger import (
    Counts,
    Line,
    Tags,
    begun_line,
    carried_line,
    carried_plans,
    check_chain,
    counts_of,
    ended_line,
    opened_line,
    parse_lines,
)
from steelyard.evidence.new_key import create_key

AT = "2026-11-26T12:00:00Z"
ONE = Tags("A" * 11, "S" * 11, "B" * 11)
OTHER_MODEL = Tags("C" * 11, "T" * 11, "B" * 11)
OTHER_BENCHMARK = Tags("D" * 11, "S" * 11, "E" * 11)
UNRELATED = Tags("F" * 11, "U" * 11, "G" * 11)


def plan(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture(scope="module")
def chain(signer: KeySigner) -> bytes:
    """A ledger of four plans, of which the second never ended."""
    data = opened_line(signer, AT, with_key=True)
    for number, (kind, tags) in enumerate(
        [("audit", ONE), ("audit", OTHER_MODEL), ("run", ONE), ("audit", OTHER_BENCHMARK)]
    ):
        data += begun_line(signer, parse_lines(data, "l"), AT, kind, plan(number), [tags])  # type: ignore[arg-type]
        if number != 1:
            data += ended_line(signer, parse_lines(data, "l"), AT, "sealed", plan(number))
    return data


def test_a_chain_holds(chain: bytes, signer: KeySigner) -> None:
    lines = parse_lines(chain, "ledger")
    check_chain(lines, signer.public_key, "ledger")
    assert [line.event for line in lines] == ["opened", "begun", "ended", "begun", "begun", "ended", "begun", "ended"]
    assert all(len(line) <= 300 for line in chain.splitlines())


def test_plans_of_earlier_keys_are_counted_on(signer: KeySigner) -> None:
    data = opened_line(signer, AT, with_key=True)
    for number, (kind, tags) in enumerate([("audit", ONE), ("run", ONE), ("audit", OTHER_MODEL)]):
        data += carried_line(signer, parse_lines(data, "l"), AT, kind, plan(number), [tags])  # type: ignore[arg-type]
    lines = parse_lines(data, "ledger")
    check_chain(lines, signer.public_key, "ledger")
    assert carried_plans(lines) == 3
    assert counts_of(lines, "audit", ONE) == Counts(2, 3, of_subject=2, of_benchmark=1, never_ended=0)
    assert counts_of(lines, "run", ONE).number == 2
    for line in (
        begun_line(signer, lines, AT, "audit", plan(1), [ONE]),
        carried_line(signer, lines, AT, "audit", plan(1), [ONE]),
    ):
        with pytest.raises(VerificationError, match="line 5: begins a plan a second time"):
            check_chain(parse_lines(data + line, "ledger"), signer.public_key, "ledger")
    ended = ended_line(signer, lines, AT, "sealed", plan(1))
    with pytest.raises(VerificationError, match="line 5: ends a plan that has not begun"):
        check_chain(parse_lines(data + ended, "ledger"), signer.public_key, "ledger")
    with pytest.raises(VerificationError, match="line 5: not a line of a ledger"):
        parse_lines(data + carried_line(signer, lines, AT, "suite", plan(9), []), "ledger")


def test_another_key_did_not_sign_it(chain: bytes, tmp_path: Path) -> None:
    other = load_signer(create_key(tmp_path / "key.pem").path)
    with pytest.raises(VerificationError, match="line 1: not signed by key"):
        check_chain(parse_lines(chain, "ledger"), other.public_key, "ledger")


@given(data=st.data())
def test_no_byte_of_a_chain_can_change(chain: bytes, signer: KeySigner, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    changed = bytearray(chain)
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(VerificationError, match="ledger"):
        check_chain(parse_lines(bytes(changed), "ledger"), signer.public_key, "ledger")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:1] + lines[3:], "line 2: a line is missing before it"),
        (lambda lines: [lines[0], lines[3], *lines[1:3], *lines[4:]], "line 2: a line is missing before it"),
        (lambda lines: lines[1:], "line 1: a line is missing before it"),
    ],
)
def test_lines_that_are_dropped_or_moved(
    chain: bytes, signer: KeySigner, change: Callable[[list[Line]], list[Line]], said: str
) -> None:
    with pytest.raises(VerificationError, match=said):
        check_chain(change(parse_lines(chain, "ledger")), signer.public_key, "ledger")


def test_a_fork_is_not_a_chain(chain: bytes, signer: KeySigner) -> None:
    lines = chain.splitlines(keepends=True)
    forked = begun_line(signer, parse_lines(b"".join(lines[:3]), "l"), AT, "audit", plan(9), [ONE])
    with pytest.raises(VerificationError, match="line 5: does not follow the line before it"):
        check_chain(parse_lines(b"".join([*lines[:3], forked, *lines[4:]]), "ledger"), signer.public_key, "ledger")


def test_a_plan_begins_once_and_ends_after_that(chain: bytes, signer: KeySigner) -> None:
    before = parse_lines(chain, "l")
    again = chain + begun_line(signer, before, AT, "audit", plan(0), [ONE])
    with pytest.raises(VerificationError, match="begins a plan a second time"):
        check_chain(parse_lines(again, "ledger"), signer.public_key, "ledger")
    odd = chain + ended_line(signer, before, AT, "sealed", plan(7))
    with pytest.raises(VerificationError, match="ends a plan that has not begun"):
        check_chain(parse_lines(odd, "ledger"), signer.public_key, "ledger")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n", b"[]\n", b"{}\n", b"[1,2]", b'["begun"]\n', b"\xff\n", b"[" * 100_000 + b"\n",
        b'["opened",0,"2026-11-26T12:00:00Z","with the key","","",[],"' + b"A" * 85 + b'"]\n',
        b'["opened",0,"now","with the key","","",[],"' + b"A" * 86 + b'"]\n',
        b'["opened",true,"2026-11-26T12:00:00Z","with the key","","",[],"' + b"A" * 86 + b'"]\n',
        b'["opened",0,"2026-11-26T12:00:00Z","because","","",[],"' + b"A" * 86 + b'"]\n',
        b'["opened",0,"2026-11-26T12:00:00Z","later","","",[["A","B","C"]],"' + b"A" * 86 + b'"]\n',
        b'[["opened"],0,"2026-11-26T12:00:00Z","later","","",[],"' + b"A" * 86 + b'"]\n',
    ],
)  # fmt: skip
def test_what_is_no_line_is_refused(data: bytes) -> None:
    with pytest.raises(VerificationError, match="ledger"):
        parse_lines(data, "ledger")


def test_counts_are_of_the_question_and_beside_it_of_subject_and_benchmark(chain: bytes) -> None:
    lines = parse_lines(chain, "ledger")
    assert counts_of(lines, "audit", ONE) == Counts(
        number=2, order_number=3, of_subject=3, of_benchmark=1, never_ended=1
    )
    assert counts_of(lines, "run", ONE) == Counts(number=2, order_number=2, of_subject=3, of_benchmark=1, never_ended=1)
    assert counts_of(lines, "audit", OTHER_MODEL) == Counts(
        number=2, order_number=3, of_subject=1, of_benchmark=2, never_ended=1
    )
    assert counts_of(lines, "run", OTHER_MODEL).number == 1
    assert counts_of(lines, "audit", UNRELATED) == Counts()
    assert counts_of(lines[:1], "audit", ONE) == Counts()
