"""Twins test the same with other values, and their answers are computed again."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import SuiteItem, Turn
from steelyard.suites.collected import item_id
from steelyard.suites.twins import NAMES, RULES, TwinRule, read_rules, rules_text, twin_of

WHERE = Path("templates/twins.yaml")
RULE = TwinRule(
    question="A parcel of {{ weight }} kg costs {{ price }} EUR a kg. What does it cost?",
    answer="{{ weight * price }}",
    values={"weight": "2..40", "price": "3..9"},
)


def item(question: str, answer: str = "x") -> SuiteItem:
    return SuiteItem(id=item_id(question, (), answer), question=question, answer=answer)


@given(st.text(max_size=10))
def test_the_answer_of_a_rule_is_computed_again(seed: str) -> None:
    twin = twin_of(item("A parcel of 5 kg costs 4 EUR a kg. What does it cost?", "20"), seed, RULE, [], WHERE)
    assert twin is not None
    weight, price = map(int, re.findall(r"\d+", twin.question)[:2])
    assert 2 <= weight <= 40
    assert 3 <= price <= 9
    assert int(twin.answer) == weight * price
    assert twin.id == item_id(twin.question, (), twin.answer)


def test_one_seed_has_one_twin_and_another_seed_another() -> None:
    original = item("A parcel of 5 kg costs 4 EUR a kg. What does it cost?", "20")
    twins = [twin_of(original, seed, RULE, [], WHERE) for seed in ("a", "a", "b", "c")]
    assert twins[0] == twins[1]
    assert len({twin.id for twin in twins if twin}) >= 2


def test_a_twin_is_new_or_there_is_none() -> None:
    rule = TwinRule(question="What is {{ n }} + 1?", answer="{{ n + 1 }}", values={"n": "1..2"})
    first = item("What is 1 + 1?", "2")
    second = twin_of(first, "s", rule, [], WHERE)
    assert second is not None
    assert second.question == "What is 2 + 1?"
    assert twin_of(first, "s", rule, [second.id], WHERE) is None


def test_names_change_alike_everywhere() -> None:
    original = SuiteItem(
        id="a", question="Anna gave Peter Anna's book. Who has it?", answer="Peter",
        context="Peter and Anna are friends.",
        choices=("Anna", "Peter"), history=(Turn(role="user", text="Anna?"),), canary="c",
    )  # fmt: skip
    twin = twin_of(original, "s", None, [], WHERE)
    assert twin is not None
    found = re.fullmatch(r"(\w+) gave (\w+) (\w+)'s book. Who has it\?", twin.question)
    assert found is not None
    she, he, again = found.groups()
    assert she == again
    assert she in NAMES[0]
    assert he in NAMES[1]
    assert {she, he}.isdisjoint({"Anna", "Peter"})
    assert (twin.answer, twin.context, twin.choices) == (he, f"{he} and {she} are friends.", (she, he))
    assert twin.history[0].text == f"{she}?"
    assert twin.canary == ""


def test_what_has_no_name_and_no_rule_has_no_twin() -> None:
    assert twin_of(item("What is the fee?"), "s", None, [], WHERE) is None
    assert twin_of(item("Annabelle is Petersen's"), "s", None, [], WHERE) is None


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (TwinRule(question="{{ x }}", answer="y"), "items.q"),
        (TwinRule(question="{% for", answer="y"), "items.q"),
        (TwinRule(question="q {{ x }}", answer="y", values={"x": "9..2"}), "no range such as 2..40"),
        (TwinRule(question="q {{ x }}", answer="y", values={"x": "many"}), "no range such as 2..40"),
        (TwinRule(question="q {{ x }}", answer="y", values={"x": ()}), "an empty list"),
        (TwinRule(question="q", answer="y", choices=("a", "b")), "is not one of its choices"),
        (TwinRule(question="{{ 'x' * 999999999 }}", answer="y"), "items.q"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(rule: TwinRule, words: str) -> None:
    with pytest.raises(InputError, match=words):
        twin_of(SuiteItem(id="q", question="q", answer="y"), "s", rule, [], WHERE)


def test_rules_are_read_strictly(tmp_path: Path) -> None:
    assert read_rules(tmp_path) == {}
    (tmp_path / "templates").mkdir()
    path = tmp_path / "templates" / "twins.yaml"
    path.write_text("items:\n  q:\n    question: 'What is {{ a }}?'\n    answer: '{{ a }}'\n    values: {a: 1..3}\n")
    assert read_rules(tmp_path)["q"].values == {"a": "1..3"}
    path.write_text("items:\n  q:\n    question: x\n    answr: y\n")
    with pytest.raises(InputError, match=r"twins.yaml:4: unknown key 'answr': did you mean 'answer'\?"):
        read_rules(tmp_path)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.just({"a": "2..40", "b": ("x", "y")})


@given(
    st.dictionaries(
        TEXTS.filter(bool), st.builds(TwinRule, question=TEXTS, answer=TEXTS, context=TEXTS, values=VALUES), max_size=3
    )
)
def test_rules_are_read_as_they_were_written(rules: dict[str, TwinRule]) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / RULES).parent.mkdir()
        if rules:
            (Path(folder) / RULES).write_bytes(rules_text(rules))
        assert read_rules(Path(folder)) == rules
