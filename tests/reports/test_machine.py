"""The form for machines: the keys of DESIGN.md, numbers in the claim's unit, JSON to every reader."""

from __future__ import annotations

import json
import math

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import ClaimVerdict, Finding, Verdict, VerdictWord
from steelyard.reports import machine
from tests.reports import report_fixtures as make

CLAIM_KEYS = ["task", "claimed", "tolerance", "measured", "ci", "asked", "of", "missing", "open", "verdict", "needs"]
FINDING_KEYS = ["detector", "check", "task", "null", "p", "e", "effect", "ci", "n", "mde", "message", "records"]


def test_the_documented_keys_come_first() -> None:
    document = machine.render(make.verdict())
    assert document["format"] == "steelyard-report/2"
    assert list(document)[:6] == ["format", "verdict", "exit", "findings", "notes", "claims"]
    assert list(document["claims"][0])[:12] == [*CLAIM_KEYS, "implied_reruns"]
    assert list(document["findings"][0])[:12] == FINDING_KEYS
    assert list(document["notes"][0]) == ["detector", "check", "task", "message"]


def test_numbers_are_in_the_claims_own_unit() -> None:
    document = machine.render(make.verdict())
    first, inflated, undecided, elo = (document["claims"][index] for index in (0, 1, 2, -1))
    assert (first["claimed"], first["tolerance"], first["unit"]) == (40.9, 2.0, "percent")
    assert first["ci"][0] < first["measured"] < first["ci"][1]
    assert inflated["implied_reruns"] == {}
    assert undecided["needs"] == {"samples": 1187, "seconds": 1260.0}
    assert (elo["claimed"], elo["measured"], elo["ci"], elo["needs"]) == (1417.0, None, None, None)
    fraction = msgspec.structs.replace(make.verdict().claims[0], unit="fraction", measured=0.4, tolerance=0.02)
    one = machine.render(msgspec.structs.replace(make.verdict(), claims=(fraction,)))["claims"][0]
    assert (one["claimed"], one["measured"], one["tolerance"]) == (0.409, 0.4, 0.02)


def test_a_measurement_is_in_percent() -> None:
    (one,) = machine.render(make.measured_verdict())["measurements"]
    assert (one["task"], one["prompt"], one["scorer"], one["asked"]) == ("HumanEval", "chat", "code[program]@2", 820)
    assert (one["measured"], one["ci"], one["standard_error"]) == (41.3, [36.1, 46.7], 3.12)
    assert one["pass_at_k"][1] == {"k": 5, "least": 62.0, "most": 62.0, "low": 54.39, "high": 69.05}
    assert machine.render(make.measured_verdict())["claims"] == []


def test_a_value_that_is_no_number_is_null() -> None:
    odd = msgspec.structs.replace(make.verdict().claims[-1], claimed_text="first")
    assert machine.render(msgspec.structs.replace(make.verdict(), claims=(odd,)))["claims"][0]["claimed"] is None


anything = st.floats() | st.none()


@given(anything, anything, st.floats(), st.lists(st.floats(), min_size=2, max_size=2), st.text())
def test_it_is_always_json(
    claimed: float | None, p: float | None, tolerance: float, ci: list[float], text: str
) -> None:
    claim = ClaimVerdict(
        task=text,
        claimed_text=text,
        unit="percent",
        claimed=claimed,
        tolerance=tolerance,
        measured=p,
        ci=(ci[0], ci[1]),
        verdict=VerdictWord.INCONSISTENT,
        p=p,
        log_e=math.inf,
    )
    finding = Finding(detector="d", check="c", message=text, p=p, e=math.inf, ci=(ci[0], ci[1]))
    verdict = Verdict(
        verdict=VerdictWord.INCONSISTENT,
        exit=1,
        model=text,
        served=text,
        alpha=0.05,
        claims=(claim,),
        findings=(finding,),
    )
    document = machine.render(verdict)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["claims"][0]["log_e"] is None
