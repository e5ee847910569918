"""What to do next: concrete for each verdict and each reason, with commands that a shell takes as they are."""

from __future__ import annotations

import shlex

import msgspec
import pytest

from steelyard.records import DetectorResult, Verdict, VerdictWord
from steelyard.reports.summary_english import ENGLISH
from steelyard.reports.summary_german import GERMAN
from steelyard.reports.summary_steps import STEPS, Step, command, steps_of
from steelyard.reports.summary_words import Words
from tests.reports import report_fixtures as make
from tests.reports import summary_fixtures as of


def steps(verdict: Verdict, said: Words = ENGLISH) -> list[Step]:
    return steps_of(verdict, make.plan(), of.provenance(), said)[0]


def plain(step: Step) -> str:
    return step.text.replace("\N{NO-BREAK SPACE}", " ")


def test_inconsistent() -> None:
    (step,) = steps(of.of_word(VerdictWord.INCONSISTENT))
    assert plain(step) == (
        "Do not rely on this number: GSM8K (57.0 %). Ask Hugging Face for the exact model, prompt format and decoding "
        "behind it. To see the wrong answers:"
    )
    assert step.commands == ("steelyard show acme --wrong --task GSM8K",)


def test_several_inconsistent_claims_share_a_command_without_a_task() -> None:
    claims = [make.decided(task, "57.0", 0.2, 90, 1319, VerdictWord.INCONSISTENT) for task in ("GSM8K", "HellaSwag")]
    (step,) = steps(of.with_claims(*claims, word=VerdictWord.INCONSISTENT))
    assert "these numbers: GSM8K (57.0 %) and HellaSwag (57.0 %)" in plain(step)
    assert step.commands == ("steelyard show acme --wrong",)


def test_consistent() -> None:
    (step,) = steps(of.of_word(VerdictWord.CONSISTENT))
    assert plain(step) == "HellaSwag (40.9 %): may be relied on, for this endpoint and this task, to within 2.0 points."
    claims = [
        make.decided(t, "5", 0.05, 9, 10, VerdictWord.CONSISTENT, tolerance=w) for t, w in (("A", 0.02), ("B", 0.04))
    ]
    (step,) = steps(of.with_claims(*claims, word=VerdictWord.CONSISTENT), GERMAN)
    assert plain(step) == (
        "A (5 %) und B (5 %): für diesen Endpunkt und diese Aufgaben verwendbar (höchstens 4,0 Punkte unter der "
        "Angabe)."
    )


def test_more_answers() -> None:
    (step,) = steps(of.of_word(VerdictWord.INSUFFICIENT_POWER))
    assert "do not rely on this yet. Ask for about 1,200 more answers (about 21 minutes)" in plain(step)
    undecided = of.of_word(VerdictWord.INSUFFICIENT_POWER).claims[0]
    assert undecided.needs is not None
    needs = msgspec.structs.replace(undecided, needs=msgspec.structs.replace(undecided.needs, seconds=None))
    (step,) = steps(of.with_claims(needs, word=VerdictWord.INSUFFICIENT_POWER))
    assert "about 1,200 more answers;" in plain(step)


@pytest.mark.parametrize(
    ("kind", "says", "commands"),
    [
        ("unread", "cut off", ("steelyard show acme --open --task GSM8K",)),
        ("unread_and_missing", "cut off", ("steelyard show acme --open --task GSM8K",)),
        ("missing", "repair the endpoint", ("steelyard show acme --missing --task GSM8K",)),
        ("few", "Test on about 260 questions", ()),
        ("budget", "larger --limit or --budget", ()),
    ],
)
def test_the_reason_of_an_undecided_claim_says_what_helps(kind: str, says: str, commands: tuple[str, ...]) -> None:
    (step,) = steps(of.of_reason(of.REASONS[kind][0], VerdictWord.INSUFFICIENT_POWER))
    assert says in step.text
    assert step.commands == commands


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("other_model", "--accept-model"),
        ("part", "--allow-part"),
        ("few_items", "more of the benchmark’s items"),
        ("chance", "--tolerance"),
        ("sandbox", "steelyard doctor"),
        ("no_data", "--data DIR"),
        ("loglikelihoods", "prompt format"),
        ("metric", "share of right answers"),
        ("role", "--model ROLE=URI"),
        ("world", "kind of model"),
        ("other", "report.html"),
    ],
)
def test_what_is_missing_for_a_test(kind: str, says: str) -> None:
    (step,) = steps(of.of_reason(of.REASONS[kind][0]))
    assert says in step.text


def test_claims_with_the_same_advice_share_a_step() -> None:
    one = msgspec.structs.replace(make.verdict().claims[4], task="A")
    claims = [one, *(msgspec.structs.replace(one, task=task) for task in "BCDE")]
    (step,) = steps(of.with_claims(*claims, word=VerdictWord.NOT_TESTED))
    assert plain(step).startswith("A (29.9 %), B (29.9 %), C (29.9 %) and 2 more: ")


def test_findings_further_tests_and_a_run_that_only_measured() -> None:
    table = msgspec.structs.replace(make.verdict(), claims=())
    assert (
        plain(steps(table)[0])
        == "Ask Hugging Face to explain what the checks found (1 finding); report.html lists it all."
    )
    test = DetectorResult(test="tail\x1b", rule="tail@1", word=VerdictWord.INSUFFICIENT_POWER, p=0.3)
    with_test = msgspec.structs.replace(make.measured_verdict(), results=(test,))
    assert [plain(step) for step in steps(with_test)] == [
        "Look at the further tests in report.html: tail\N{REPLACEMENT CHARACTER}.",
        ENGLISH.steps.compare,
    ]


def test_an_unfinished_run_is_finished_first() -> None:
    found, _ = steps_of(make.verdict(), make.plan(), of.provenance(sealed=False), ENGLISH)
    assert found[0].commands == ("steelyard resume acme",)


def test_what_does_not_fit_is_counted() -> None:
    found, left = steps_of(of.fourteen(), make.plan(), of.provenance(), ENGLISH)
    assert len(found) == STEPS
    assert left > 0


def test_without_a_vendor() -> None:
    plan = make.plan()
    assert plan.sheet is not None
    nameless = msgspec.structs.replace(plan, sheet=msgspec.structs.replace(plan.sheet, vendor=""))
    found, _ = steps_of(of.of_word(VerdictWord.INCONSISTENT), nameless, of.provenance(), GERMAN)
    assert "Bei dem Anbieter das genaue Modell" in found[0].text


def test_a_command_is_quoted_for_a_shell() -> None:
    line = command("show", "my runs; rm -rf ~", "--task", "it's")
    assert shlex.split(line) == ["steelyard", "show", "my runs; rm -rf ~", "--task", "it's"]


@pytest.mark.parametrize("task", ["--limit", "x" * 90, "two\nlines", "\u202ebackwards"])
def test_a_task_that_could_not_be_copied_is_left_out(task: str) -> None:
    plan = make.plan()
    measurements = tuple(msgspec.structs.replace(each, task=task) for each in plan.measurements)
    found, _ = steps_of(
        of.of_word(VerdictWord.INCONSISTENT),
        msgspec.structs.replace(plan, measurements=measurements),
        of.provenance(),
        ENGLISH,
    )
    assert found[0].commands == ("steelyard show acme --wrong",)
