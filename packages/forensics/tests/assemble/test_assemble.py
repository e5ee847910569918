"""One table, several candidates: the size where one of them gave it, the words, and what cannot be held together."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from steelyard.errors import InputError
from steelyard.records import (
    PLAN_FORMAT,
    Claim,
    ClaimSheet,
    ClaimVerdict,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    PlannedTest,
    Question,
    Reads,
    Verdict,
    VerdictWord,
)
from steelyard_forensics.assemble.assemble import Audited, assemble
from steelyard_forensics.assemble.pages import headline, machine, sentences

ALPHA = 0.05
REACHED, FAILED, OPEN = VerdictWord.CONSISTENT, VerdictWord.INCONSISTENT, VerdictWord.INSUFFICIENT_POWER


def audited(
    name: str,
    p_values: Sequence[float | None],
    words: Sequence[VerdictWord],
    values: Sequence[str] = (),
    **plan: object,
) -> Audited:
    numbers = range(len(p_values))
    values = values or ["80"] * len(p_values)
    measurements = tuple(
        Measurement(id=f"{at:02d}", task=f"t{at}", prompt="p", kind="generate", scorers=("s@1",), population=9,
                    samples_root="", order_seed="")
        for at in numbers
    )  # fmt: skip
    tests = tuple(
        PlannedTest(id=f"c{at}", rule="claim_retest@5", weight=1 / len(p_values),
                    reads=(Reads(measurement=f"{at:02d}", scorer="s@1"),))
        for at in numbers
    )  # fmt: skip
    claims = tuple(
        ClaimVerdict(task=f"t{at}", claimed_text=values[at], unit="percent", claimed=0.8, tolerance=0.02, measured=0.7,
                     verdict=words[at], p=p_values[at], line=at + 1, measurement=f"{at:02d}")
        for at in numbers
    )  # fmt: skip
    given: dict[str, object] = {
        "format": PLAN_FORMAT, "software": "s", "created": "c", "alpha": ALPHA, "tolerance": "2",
        "sheet": ClaimSheet(model="vendor", claims=tuple(
            Claim(task=f"t{at}", value=values[at], line=at + 1) for at in numbers)),
        "models": {"subject": PlannedModel(identity=ModelIdentity(uri=f"openai:{name}@http://h/v1", name=name))},
        "measurements": measurements, "tests": tests,
    }  # fmt: skip
    made = Plan(**(given | plan))  # type: ignore[arg-type]
    verdict = Verdict(verdict=words[0], exit=0, model="vendor", served="", alpha=ALPHA, claims=claims)
    return Audited(name, made, verdict)


def test_a_table_of_two_models_is_assembled() -> None:
    found = assemble(
        [
            audited("a", [0.001, 1.0, 0.001], [FAILED, REACHED, FAILED]),
            audited("b", [1.0, 0.001, 0.001], [REACHED, FAILED, FAILED]),
        ]
    )
    assert (found.word, found.assembled, found.nobody) == (FAILED, True, (2,))
    assert "taking each row from another of them" in headline(found)
    said = list(sentences(found))
    assert said[0].startswith("a reaches t1, fails t0 and t2")
    assert any(sentence.startswith("Nobody reaches t2") for sentence in said)
    assert "a: Not signed: whoever ran this could have chosen the order of the samples" in said[2]
    assert int(machine(found)["exit"]) == 1


def test_rows_that_nobody_reaches_do_not_carry_it() -> None:
    """All rows are inflated: no model gave the table, and it is not the others' table either."""
    found = assemble([audited(name, [0.001, 0.001], [FAILED, FAILED]) for name in "ab"])
    assert (found.word, found.assembled, found.by_nobody) == (FAILED, False, True)
    assert "taking each row" not in headline(found)
    assert headline(found).startswith("Inconsistent: none of these 2 models reaches t0 and t1")


def test_one_model_that_reaches_all_is_consistent_whatever_the_others_do() -> None:
    found = assemble([audited("a", [0.001, 1.0], [FAILED, REACHED]), audited("b", [1.0, 1.0], [REACHED, REACHED])])
    assert (found.word, found.whole, found.p) == (REACHED, (1,), 1.0)
    assert headline(found) == "Consistent: b reaches every row of the table."


def test_one_model_that_is_not_excluded_leaves_it_open() -> None:
    found = assemble([audited("a", [0.001, 1.0], [FAILED, REACHED]), audited("b", [1.0, 0.2], [REACHED, OPEN])])
    assert found.word is OPEN
    assert headline(found).startswith("Insufficient power: that b gave the whole table is not excluded")


def test_a_row_is_corrected_for_all_rows_of_its_candidate() -> None:
    found = assemble([audited(name, [0.02, 1.0, 1.0, 1.0], [OPEN, OPEN, OPEN, OPEN]) for name in "ab"])
    # .02 · π²/6, the share of a first audit, times four rows
    assert found.candidates[0].p == pytest.approx(0.02 * 1.644934 * 4, rel=1e-5)
    assert found.word is OPEN


def test_what_was_not_tested_counts_for_the_candidate() -> None:
    found = assemble([audited("a", [None, 0.001], [OPEN, FAILED]), audited("b", [None, None], [OPEN, OPEN])])
    assert (found.candidates[1].p, found.word) == (1.0, OPEN)
    assert "2 of 2 rows were not tested" in list(sentences(found))[1]


def test_where_one_candidate_is_the_vendor_it_is_accused_no_more_often_than_the_level_says() -> None:
    """The p-values of its rows are uniform and hang together; the other candidates fail all of theirs."""
    source, accused, runs = random.Random(7), 0, 2000
    share = 6 / 3.141592653589793**2
    for _ in range(runs):
        one = source.random()
        p_values = [one if source.random() < 0.5 else source.random() for _ in range(5)]
        vendor = audited("a", p_values, [OPEN] * 5)
        others = [audited(name, [1e-6] * 5, [FAILED] * 5) for name in "bc"]
        accused += assemble([vendor, *others]).word is FAILED
    assert accused / runs <= ALPHA * share + 2.6 * (ALPHA * (1 - ALPHA) / runs) ** 0.5


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5), st.integers(0, 1000))
def test_one_more_candidate_never_adds_to_the_evidence(p_values: list[float], seed: int) -> None:
    rows = len(p_values)
    first = [audited("a", p_values, [OPEN] * rows), audited("b", p_values[::-1], [OPEN] * rows)]
    source = random.Random(seed)
    third = audited("c", [source.random() for _ in range(rows)], [OPEN] * rows)
    assert assemble([*first, third]).p >= assemble(first).p


@pytest.mark.parametrize(
    ("audits", "said"),
    [
        ([audited("a", [1.0], [OPEN])], "two candidates or more"),
        ([audited("a", [1.0], [OPEN]), audited("a", [1.0], [OPEN])], "about the same model"),
        ([audited("a", [1.0], [OPEN]), audited("b", [1.0], [OPEN], ["81"])], "row 1 of its sheet"),
        ([audited("a", [1.0], [OPEN]), audited("b", [1.0, 1.0], [OPEN, OPEN])], "other rows"),
        ([audited("a", [1.0], [OPEN]), audited("b", [1.0], [OPEN], tolerance="3")], "another tolerance"),
        ([audited("a", [1.0], [OPEN]), audited("b", [1.0], [OPEN], sheet=None)], "no audit of a claim sheet"),
        ([audited("a", [1.0], [OPEN], sheet=None), audited("b", [1.0], [OPEN])], "no audit of a claim sheet"),
    ],
)
def test_what_is_no_one_table_is_refused(audits: list[Audited], said: str) -> None:
    with pytest.raises(InputError, match=said):
        assemble(audits)


@pytest.mark.parametrize("stated", [{"samples": 200}, {"repeats": 4}, {"shots": 3}, {"average": "macro"}])
def test_what_the_vendor_says_of_its_number_is_the_same_for_all(stated: dict[str, object]) -> None:
    """Without the samples that were scored, the margin is narrower, and the true candidate may be accused."""
    sheet = ClaimSheet(model="vendor", claims=(Claim(task="t0", value="80", line=1, **stated),))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="row 1 of its sheet"):
        assemble([audited("a", [1.0], [OPEN]), audited("b", [1.0], [OPEN], sheet=sheet)])


def test_files_of_one_name_with_other_questions_are_refused() -> None:
    def asked(name: str, items: str) -> Audited:
        audit = audited(name, [1.0], [OPEN])
        question = Question(benchmark=f"items:{items}", subject=name)
        measurements = tuple(replace(each, question="q") for each in audit.plan.measurements)
        return audit._replace(plan=replace(audit.plan, measurements=measurements, questions={"q": question}))

    assert assemble([asked("a", "1"), asked("b", "1")]).word is OPEN
    with pytest.raises(InputError, match="its questions of t0 are others"):
        assemble([asked("a", "1"), asked("b", "2")])
