"""What differs between audits of one table: named where each still tests its row, refused where it would not."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from packages.forensics.tests.assemble.test_assemble import FAILED, OPEN, REACHED, audited
from steelyard.errors import InputError
from steelyard.records import Limits
from steelyard_forensics.assemble.assemble import Audited, assemble
from steelyard_forensics.assemble.settings import SettingDifference


def changed(audit: Audited, rows: tuple[int, ...] = (0, 1), **settings: Any) -> Audited:
    """The audit with its measurements of these rows asked with other settings."""
    measurements = tuple(
        replace(each, **settings) if at in rows else each for at, each in enumerate(audit.plan.measurements)
    )
    return audit._replace(plan=replace(audit.plan, measurements=measurements))


def two() -> tuple[Audited, Audited]:
    return audited("a", [0.001, 1.0], [FAILED, REACHED]), audited("b", [1.0, 0.001], [REACHED, FAILED])


def test_audits_that_were_asked_alike_have_no_difference() -> None:
    assert assemble(two()).differences == ()


def test_rows_that_differ_alike_are_named_together() -> None:
    one, other = two()
    found = assemble([one, changed(changed(other, prompt="chat", chat=True), (0,), limit=50)])
    assert found.differences == (
        SettingDifference(setting="prompt format", rows=("t0", "t1"), values=("p", "chat")),
        SettingDifference(setting="chat format", rows=("t0", "t1"), values=("no", "yes")),
        SettingDifference(setting="limit of samples", rows=("t0",), values=("not set", "50")),
    )
    # What was concluded is the same: each audit is valid by itself.
    assert (found.word, found.assembled) == (assemble(two()).word, True)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"decoding": "sampled", "temperature": 0.7}, ["temperature", "decoding"]),
        ({"repeats": 3}, ["answers to each sample"]),
        ({"output_budget": 16}, ["token limit of an answer"]),
        ({"reasoning_effort": "low"}, ["reasoning effort"]),
        ({"samples_root": "ab" * 32}, ["text of the prompts"]),
        ({"samples_root": "ab" * 32, "shots": 5}, ["worked examples"]),  # whose texts are others then, too
    ],
)
def test_every_setting_of_a_row_is_named(settings: dict[str, Any], named: list[str]) -> None:
    one, other = two()
    found = assemble([one, changed(other, (1,), **settings)]).differences
    assert [each.setting for each in found] == named
    assert {each.rows for each in found} == {("t1",)}


def test_limits_of_a_whole_audit_are_named_once() -> None:
    one, other = two()
    model = replace(other.plan.subject, limits=Limits(tokens=9000), max_attempts=2, attempt_timeout_us=5_000_000)
    plan = replace(other.plan, models={"subject": model}, budget_us=60_000_000, software="s2", tasks={"t1": "mine 2"})
    verdict = replace(
        other.verdict, claims=(replace(other.verdict.claims[0], formats=("p", "chat")), other.verdict.claims[1])
    )
    found = assemble([one, other._replace(plan=plan, verdict=verdict)]).differences
    assert [(each.setting, each.rows, each.values) for each in found] == [
        ("version of Steelyard", (), ("s", "s2")),
        ("budget of time", (), ("not set", "60 s")),
        ("budget of tokens", (), ("not set", "9000")),
        ("attempts of a call, at most", (), ("5", "2")),
        ("time limit of a call", (), ("120 s", "5 s")),
        ("prompt formats tried", ("t0",), ("p", "p, chat")),
        ("where the task comes from", ("t1",), ("not set", "mine 2")),
    ]


def test_a_row_that_was_not_measured_has_no_setting() -> None:
    one, other = two()
    claims = (replace(other.verdict.claims[0], measurement="", p=None), other.verdict.claims[1])
    without = other._replace(verdict=replace(other.verdict, claims=claims))
    assert assemble([one, without]).differences == ()
    found = assemble([one, without, changed(audited("c", [1.0, 1.0], [OPEN, OPEN]), (0,), prompt="chat")]).differences
    assert found == (SettingDifference(setting="prompt format", rows=("t0",), values=("p", "–", "chat")),)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scorers": ("s@2",)}, "scores t1 by s@2, and a by s@1"),
        ({"items": "cd" * 32}, "its samples of t1 are others than in a"),
    ],
)
def test_other_samples_and_other_rules_are_refused(settings: dict[str, Any], said: str) -> None:
    one, other = (changed(each, items="ab" * 32) for each in two())
    with pytest.raises(InputError, match=said) as failed:
        assemble([one, changed(other, (1,), **settings)])
    assert str(failed.value).startswith("b: ")
    assert "\n" not in str(failed.value)
