"""Heads and several bundles; how a bundle carries its ledger is tested by the real commands (test_series_of_audits)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.bundle import Bundle, seal_plan
from steelyard.evidence.keys import KeySigner
from steelyard.evidence.ledger import Tags, begun_line, opened_line, parse_lines
from steelyard.evidence.ledger_place import Chain, Head, check_head, check_ledger, check_one_ledger, read_head

AT = "2026-11-26T12:00:00Z"
HERE = Path("run")


def chain(signer: KeySigner, *plans: int) -> Chain:
    data = opened_line(signer, AT, with_key=True)
    for number in plans:
        tags = [Tags("A" * 11, "S" * 11, "B" * 11)]
        data += begun_line(signer, parse_lines(data, "l"), AT, "audit", f"{number:064x}", tags)
    return Chain(signer.public_key.keyid, tuple(parse_lines(data, "l")), 1)


def head_of(of: Chain) -> Head:
    return Head(of.keyid, len(of.lines), of.lines[-1].digest)


def test_a_chain_goes_on_from_its_earlier_heads(signer: KeySigner) -> None:
    assert check_head(HERE, chain(signer, 1, 2, 3), head_of(chain(signer, 1, 2)))
    assert not check_head(HERE, chain(signer, 1), head_of(chain(signer, 1, 2)))
    with pytest.raises(VerificationError, match=r"does not go on from the head \(line 3\)"):
        check_head(HERE, chain(signer, 1, 9, 3), head_of(chain(signer, 1, 2)))
    with pytest.raises(InputError, match="the head is of key"):
        check_head(HERE, chain(signer, 1), Head("b" * 64, 1, "x"))


def test_bundles_of_one_key_carry_one_ledger(signer: KeySigner) -> None:
    runs = [(Path(f"r{n}"), chain(signer, *range(1, n + 1))) for n in (2, 1, 4, 3)]
    check_one_ledger(runs)
    with pytest.raises(VerificationError, match="forked: its ledger differs from that of r4 from line 4 on"):
        check_one_ledger([*runs, (Path("forked"), chain(signer, 1, 2, 9))])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keyid": "a", "lines": 1, "digest": "x"}', "[" * 5000])
def test_what_is_no_head_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(text)
    with pytest.raises(InputError, match="not the head of a ledger"):
        read_head(path)


def test_a_head_is_read(tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    path.write_text(json.dumps({"keyid": "a" * 64, "lines": 3, "digest": "x"}))
    assert read_head(path) == Head("a" * 64, 3, "x")
    with pytest.raises(InputError, match="cannot read the head"):
        read_head(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("place", "carries", "said"),
    [
        (None, True, "the plan is in no ledger, and the seal names one"),
        ({"line": -1, "previous": "x"}, True, "its place in the ledger is malformed"),
        ({"line": 1}, True, "its place in the ledger is malformed"),
        ("1", True, "its place in the ledger is malformed"),
        ({"line": 1, "previous": "x"}, False, "the plan began in a ledger, and the seal names none"),
        ({"line": 1, "previous": "x"}, True, "does not begin this plan"),
        ({"line": 9, "previous": "x"}, True, "rolled back to before the plan"),
    ],
)
def test_a_place_that_does_not_go_with_what_the_bundle_carries(
    signer: KeySigner, tmp_path: Path, place: object, carries: bool, said: str
) -> None:
    sheet = {"model": "M", "digest": "a" * 64}
    plan: dict[str, object] = {"format": "steelyard-plan/2", "sheet": sheet, "texts": "withheld"}
    if place is not None:
        plan["ledger"] = place
    (tmp_path / "plan.dsse.json").write_bytes(seal_plan(plan, signer))
    data = opened_line(signer, AT, with_key=True)
    data += begun_line(signer, parse_lines(data, "l"), AT, "audit", "b" * 64, [Tags("A" * 11, "S" * 11, "B" * 11)])
    (tmp_path / "ledger.jsonl").write_bytes(data)
    subjects = {"plan.dsse.json": "", **({"ledger.jsonl": ""} if carries else {})}
    bundle = Bundle(tmp_path, subjects, {}, signer.public_key, "")
    with pytest.raises(VerificationError, match=said):
        check_ledger(bundle)
