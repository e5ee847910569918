"""How often a plan's questions were asked, in sentences."""

from __future__ import annotations

import pytest

from steelyard.evidence.timestamp import Stamp
from steelyard.planning.series import new_key_sentence, order_sentences, stamp_sentence, was_order_free
from steelyard.records import Difficulties, LedgerPlace, Origin, Plan, PlannedTest, Question, Reads
from testkit.plans import claim_plan, measurement, plan

PROVED = {"order_proof": "00", "tag_proofs": ("00", "00", "00")}
PLACE = LedgerPlace(line=3, previous="x" * 43)


def audited(*numbers: int, ledger: LedgerPlace | None = PLACE, test: bool = True, **changes: object) -> Plan:
    measurements = [
        measurement(id=f"{place:02d}-t", task=f"t{place}", question=f"q{place}") for place in range(len(numbers))
    ]
    questions = {
        f"q{place}": Question(benchmark="b", subject="s", number=number, **PROVED, **changes)  # type: ignore[arg-type]
        for place, number in enumerate(numbers)
    }
    tests = (PlannedTest(id="x", rule="r@1", reads=(Reads(measurement="00-t", scorer="exact@5"),)),) if test else ()
    return plan(*measurements, questions=questions, ledger=ledger, tests=tests)


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "first"), (3, "third"), (10, "tenth"), (11, "11th"), (12, "12th"), (21, "21st"), (102, "102nd"),
     (113, "113th"), (1023, "1,023rd")],
)  # fmt: skip
def test_the_number_of_an_audit(number: int, said: str) -> None:
    assert order_sentences(audited(number)) == (f"The {said} audit of these questions with this key.",)


def test_questions_with_numbers_of_their_own_are_named() -> None:
    (said,) = order_sentences(audited(1, 4, 4))
    assert said == "With this key it is the first of t0; the fourth of t1, t2."


def test_other_plans_are_counted_beside() -> None:
    found = order_sentences(audited(2, of_subject=1, of_benchmark=7, never_ended=4))
    assert found[1] == (
        "The key began 1 other plan about this model and 7 of the same benchmark under other addresses or for other "
        "models; 4 of these never ended."
    )


def test_who_could_have_chosen_is_said_first() -> None:
    unsigned = plan(measurement(limit=10), questions={"q": Question(benchmark="b", subject="s")})
    assert order_sentences(unsigned)[0].startswith("Not signed: whoever ran this could have chosen the order")
    assert "how often this was asked with this key is unknown" in order_sentences(audited(1, ledger=None))[0]
    later = LedgerPlace(line=3, previous="x" * 43, opened_later=True)
    assert "begun later than the key" in order_sentences(audited(1, ledger=later))[1]


def test_what_a_ledger_counts_on_is_not_said_of_its_key() -> None:
    place = LedgerPlace(line=40, previous="x" * 43, carried=30)
    assert order_sentences(audited(3, of_subject=2, ledger=place)) == (
        "The third audit of these questions with the keys of its platform.",
        "The key, or its ledger, is newer than 30 earlier plans of the platform that ran this, and counts them as the "
        "database there has them.",
        "The keys of its platform began 2 other plans about this model.",
    )
    one = order_sentences(audited(1, 2, ledger=LedgerPlace(line=2, previous="x" * 43, carried=1)))
    assert one[0] == "With the keys of its platform it is the first of t0; the second of t1."
    assert "newer than 1 earlier plan of" in one[1]
    assert new_key_sentence(audited(3, ledger=place)), "lines that were carried show no use of the key"


@pytest.mark.parametrize(
    ("ledger", "said"),
    [(LedgerPlace(line=1, previous="x" * 43), "Its ledger holds few other plans or none"),
     (LedgerPlace(line=21, previous="x" * 43), "Its ledger holds few other plans or none"),
     (None, "No ledger shows other plans")],
)  # fmt: skip
def test_a_key_that_was_hardly_used_may_be_one_of_many(ledger: LedgerPlace | None, said: str) -> None:
    found = new_key_sentence(audited(1, ledger=ledger))
    assert found.startswith(said)
    assert "may have made many keys and shown this one" in found
    assert "--require-key" in found


def test_a_key_with_a_long_ledger_and_an_order_without_a_key_are_not_taken_for_new_keys() -> None:
    assert new_key_sentence(audited(1, ledger=LedgerPlace(line=22, previous="x" * 43))) == ""
    assert new_key_sentence(audited(1, test=False)) == ""  # all is asked, and nothing is tested
    assert new_key_sentence(claim_plan()) == ""


def test_nothing_is_said_where_no_order_counts() -> None:
    assert order_sentences(plan(measurement())) == ()  # all is asked, and nothing is tested
    assert order_sentences(plan(measurement(limit=3), origin=Origin(kind="imported"))) == ()
    assert order_sentences(plan()) == ()


def test_the_name_in_a_stamp_is_made_safe_to_show() -> None:
    stamp = Stamp(bytes(32), 0, 0, None, "Bad\x1b[31m\n\u202ename " + "x" * 500)
    said = stamp_sentence(stamp)
    assert said.startswith("Time stamp: 1970-01-01 00:00:00 UTC, by 'Bad")
    assert said.isprintable()
    assert len(said) < 200


def test_difficulties_that_whoever_ran_this_gave_are_named() -> None:
    known = Difficulties(
        format="steelyard-difficulty/1", task="t", items="a" * 64, odds=(1000,) * 50, made="2026-11-27", panel="p",
        panel_sha256="b" * 64, models=5, families=3, software="steelyard 0",
    )  # fmt: skip
    said = (
        "The difficulties of t are the auditor's (--difficulty): whoever ran this could have tried any number of "
        "files, and so chosen the order of the samples; no key or ledger shows that it did not."
    )
    assert said in order_sentences(claim_plan(difficulties=known))
    assert was_order_free(claim_plan(difficulties=known))
    assert not any("difficulties" in each for each in order_sentences(claim_plan()))
