"""JUnit XML of gates: what GitLab and Jenkins read, and hostile names."""

from __future__ import annotations

from xml.etree import ElementTree

import msgspec
import pytest

from steelyard.records import VerdictWord
from steelyard.reports.junit import Undecided, render
from tests.reports.gate_fixtures import gate_result, gates_verdict


def test_one_case_for_each_gate() -> None:
    failing = {"gate-00-refunds_and_returns": ["  s7: wrong", "  s9: open"]}
    root = ElementTree.fromstring(render(gates_verdict(), failing, "fail", "runs/r"))
    (suite,) = root
    assert suite.attrib == root.attrib | {"name": "steelyard gate"}
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("4", "2", "0", "0")
    green, red, undecided, _ = suite
    assert green.get("name") == "tickets ≥ 85 %"
    assert [child.tag for child in green] == ["system-out"]
    failure = red.find("failure")
    assert failure is not None
    assert failure.get("type") == "red"
    assert "interval 62.0–77.0 %" in (failure.get("message") or "")
    assert (failure.text or "").endswith("s7: wrong\ns9: open")
    assert undecided.find("failure").get("type") == "undecided"  # type: ignore[union-attr]


@pytest.mark.parametrize(("choice", "tag"), [("fail", "failure"), ("skip", "skipped")])
def test_undecided_is_what_was_chosen(choice: Undecided, tag: str) -> None:
    verdict = gates_verdict(gate_result("t", VerdictWord.INSUFFICIENT_POWER))
    (case,) = ElementTree.fromstring(render(verdict, {}, choice)).iter("testcase")
    assert case.find(tag) is not None


def test_missing_answers_are_an_error() -> None:
    verdict = msgspec.structs.replace(gates_verdict(gate_result("t", VerdictWord.CONSISTENT)), exit=4)
    root = ElementTree.fromstring(render(verdict, {}))
    assert root.get("errors") == "1"


def test_hostile_text_stays_text() -> None:
    name = 'a"><script>&]]>\x00\x1b'
    verdict = gates_verdict(gate_result(name, VerdictWord.INCONSISTENT))
    document = render(verdict, {f"gate-00-{name}": ["]]> <x>\x07"]})
    (case,) = ElementTree.fromstring(document).iter("testcase")
    assert (case.get("name") or "").startswith('a"><script>&]]>')
    assert "\x00" not in document
    assert "\x07" not in document
